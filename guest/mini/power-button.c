/* SPDX-License-Identifier: ISC */
/* power-button: waits for the button's interrupt, acknowledges it and powers off. */
#include "button.h"

void guest_main(void)
{
    button_wait();
}
