/* SPDX-License-Identifier: ISC */
/* reset: asks for a reset. */
#include "mini.h"

void guest_main(void)
{
    put("mini: reset\n");
    guest_reset();
}
