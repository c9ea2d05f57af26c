/* SPDX-License-Identifier: ISC */
/* flood: writes numbered lines to the serial port for ever. */
#include "mini.h"

void guest_main(void)
{
    for (uint64_t line = 0;; line++) {
        put("mini: flood ");
        put_number(line);
        put("\n");
    }
}
