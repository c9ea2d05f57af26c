/* SPDX-License-Identifier: ISC */
/* hello: says so and powers off. */
#include "mini.h"

void guest_main(void)
{
    put("mini: hello\n");
    guest_booted();
}
