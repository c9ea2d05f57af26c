/* SPDX-License-Identifier: ISC */
/* stubborn: waits for the power button, acknowledges it and goes on. */
#include "button.h"

void guest_main(void)
{
    button_wait();
    for (;;) {
        __asm__ volatile("wfi" ::: "memory");
    }
}
