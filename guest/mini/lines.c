/* SPDX-License-Identifier: ISC */
/* lines: writes two thousand numbered lines at once, 34,890 bytes, and powers off. */
#include "mini.h"

void guest_main(void)
{
    for (uint64_t line = 0; line < 2000; line++) {
        put("mini: a line ");
        put_number(line);
        put("\n");
    }
}
