/* SPDX-License-Identifier: ISC */
/* button.h: the power button, for guests that wait for it. */
#ifndef PADDOCK_MINI_BUTTON_H
#define PADDOCK_MINI_BUTTON_H

#include "mini.h"

#define GICD_CTLR        (GICD + 0x0000)
#define GICD_IGROUPR1    (GICD + 0x0084)
#define GICD_ISENABLER1  (GICD + 0x0104)
#define GICD_IPRIORITYR9 (GICD + 0x0424) /* INTIDs 36 to 39 */
#define GICR_WAKER       (GICR + 0x0014)

#define GPIO_IS          (GPIO + 0x404)
#define GPIO_IBE         (GPIO + 0x408)
#define GPIO_IEV         (GPIO + 0x40c)
#define GPIO_IE          (GPIO + 0x410)
#define GPIO_MIS         (GPIO + 0x418)
#define GPIO_IC          (GPIO + 0x41c)

#define BUTTON           (1u << 3)
#define INTID            39u /* SPI 7 */

static inline void button_enable_interrupt(void)
{
    write32(GICR_WAKER, 0);
    write32(GICD_CTLR, 1u << 4 | 1u << 1); /* affinity routing, group 1 */
    write32(GICD_IGROUPR1, 1u << (INTID - 32));
    write32(GICD_IPRIORITYR9, 0);
    write32(GICD_ISENABLER1, 1u << (INTID - 32));
    __asm__ volatile("msr s3_0_c12_c12_5, %0\n" /* ICC_SRE_EL1 */
                     "isb\n"
                     "msr s3_0_c4_c6_0, %1\n"   /* ICC_PMR_EL1 */
                     "msr s3_0_c12_c12_7, %0\n" /* ICC_IGRPEN1_EL1 */
                     "isb" ::"r"(UINT64_C(1)),
                     "r"(UINT64_C(0xff))
                     : "memory");
}

/* Until it is pressed, and acknowledges that. Interrupts stay masked in PSTATE: a pending one ends WFI all the same. */
static inline void button_wait(void)
{
    write32(GPIO_IS, 0);
    write32(GPIO_IBE, 0);
    write32(GPIO_IEV, BUTTON);
    write32(GPIO_IC, 0xff);
    write32(GPIO_IE, BUTTON);
    button_enable_interrupt();
    put("mini: waiting for the power button\n");
    guest_booted();
    while ((read32(GPIO_MIS) & BUTTON) == 0) {
        __asm__ volatile("wfi" ::: "memory");
    }
    write32(GPIO_IC, BUTTON);
    put("mini: power button\n");
}

#endif
