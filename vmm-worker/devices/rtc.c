/* SPDX-License-Identifier: ISC */
/*
 * rtc.c: PL031. See rtc.h.
 */
#include "rtc.h"

#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../device-tree.h"
#include "primecell.h"

enum {
    RTC_DR = 0x00,
    RTC_MR = 0x04,
    RTC_LR = 0x08,
    RTC_CR = 0x0c,
    RTC_IMSC = 0x10,
    RTC_RIS = 0x14,
    RTC_MIS = 0x18,
    RTC_ICR = 0x1c,
};

struct rtc {
    pthread_mutex_t lock;
    struct irq_line irq;
    uint32_t offset; /* of the guest's time from the host's, modulo 2^32 */
    uint32_t match;
    uint32_t load;
    bool mask;    /* IMSC */
    bool pending; /* RIS */
};

static const uint8_t ids[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint32_t now(const struct rtc *rtc)
{
    return (uint32_t)time(NULL) + rtc->offset;
}

static void update(struct rtc *rtc)
{
    if (rtc->match != 0 && now(rtc) == rtc->match) {
        rtc->pending = true;
    }
    irq_set(&rtc->irq, rtc->pending && rtc->mask);
}

static uint64_t rtc_read(void *dev, uint64_t offset, unsigned size)
{
    struct rtc *rtc = dev;
    uint32_t value = 0;

    if (primecell_is_id(offset)) {
        return primecell_id(ids, offset);
    }
    if (size != 4) {
        return 0;
    }
    pthread_mutex_lock(&rtc->lock);
    update(rtc);
    switch (offset) {
    case RTC_DR: value = now(rtc); break;
    case RTC_MR: value = rtc->match; break;
    case RTC_LR: value = rtc->load; break;
    case RTC_CR: value = 1; break; /* always running */
    case RTC_IMSC: value = rtc->mask; break;
    case RTC_RIS: value = rtc->pending; break;
    case RTC_MIS: value = rtc->pending && rtc->mask; break;
    default: break;
    }
    pthread_mutex_unlock(&rtc->lock);
    return value;
}

static void rtc_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct rtc *rtc = dev;
    uint32_t v = (uint32_t)value;

    if (size != 4) {
        return;
    }
    pthread_mutex_lock(&rtc->lock);
    switch (offset) {
    case RTC_MR: rtc->match = v; break;
    case RTC_LR:
        rtc->load = v;
        rtc->offset += v - now(rtc);
        break;
    case RTC_IMSC: rtc->mask = v & 1; break;
    case RTC_ICR: rtc->pending = rtc->pending && (v & 1) == 0; break;
    default: break;
    }
    update(rtc);
    pthread_mutex_unlock(&rtc->lock);
}

static int rtc_fdt(const void *dev, void *fdt, uint64_t base, uint64_t size, uint32_t spi)
{
    (void)dev;
    return primecell_fdt(fdt, "rtc@9010000", "arm,pl031", base, size, spi, true);
}

const struct device_ops rtc_ops = {.read = rtc_read, .write = rtc_write, .fdt = rtc_fdt};

struct rtc *rtc_new(uint32_t spi, void (*set_irq)(uint32_t, bool))
{
    struct rtc *rtc = calloc(1, sizeof(*rtc));

    if (rtc != NULL) {
        rtc->irq = (struct irq_line){.spi = spi, .set = set_irq};
        pthread_mutex_init(&rtc->lock, NULL);
    }
    return rtc;
}

void rtc_free(struct rtc *rtc)
{
    if (rtc != NULL) {
        pthread_mutex_destroy(&rtc->lock);
        free(rtc);
    }
}
