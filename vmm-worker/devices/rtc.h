/* SPDX-License-Identifier: ISC */
/*
 * rtc.h: an Arm PL031 real-time clock (DDI 0224), so that the guest's date is right at boot.
 *
 * Seconds since 1970 from the host's clock, plus an offset that the guest sets by writing the load
 * register.
 */
#ifndef VMM_RTC_H
#define VMM_RTC_H

#include "../device.h"

struct rtc;

extern const struct device_ops rtc_ops;

/* NULL: out of memory. The alarm interrupt is raised when the match register is reached and read,
 * not at its second. */
struct rtc *rtc_new(uint32_t spi, void (*set_irq)(uint32_t spi, bool level));
void rtc_free(struct rtc *rtc);

#endif
