/* SPDX-License-Identifier: ISC */
/* virtio-mmio.c: registers, status and features of virtio over MMIO. See virtio-mmio.h. */
#include "virtio-mmio.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

/* Registers (4.2.2): 32 bits wide, accessed as such. */
enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_VENDOR_ID = 0x00c,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_SIZE_MAX = 0x034,
    REG_QUEUE_SIZE = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC_LOW = 0x080,
    REG_QUEUE_DESC_HIGH = 0x084,
    REG_QUEUE_DRIVER_LOW = 0x090,
    REG_QUEUE_DRIVER_HIGH = 0x094,
    REG_QUEUE_DEVICE_LOW = 0x0a0,
    REG_QUEUE_DEVICE_HIGH = 0x0a4,
    REG_SHM_LEN_LOW = 0x0b0,
    REG_SHM_LEN_HIGH = 0x0b4,
    REG_SHM_BASE_LOW = 0x0b8,
    REG_SHM_BASE_HIGH = 0x0bc,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100,
};

#define MAGIC     0x74726976u /* "virt" */
#define VERSION   2u
#define VENDOR_ID 0x4b434450u /* "PDCK" */

/* Device status (2.1). */
enum {
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_NEEDS_RESET = 64,
    STATUS_FAILED = 128,
};

/* Interrupt status. */
enum {
    INTERRUPT_QUEUE = 1,
    INTERRUPT_CONFIG = 2
};

#define TRANSPORT_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)

void virtio_init(struct virtio *v, const struct virtio_ops *ops, void *dev, const char *name,
                 const struct guest_ram *ram, uint32_t spi,
                 void (*set_irq)(uint32_t spi, bool level), uint64_t extra)
{
    memset(v, 0, sizeof(*v));
    v->ops = ops;
    v->dev = dev;
    v->name = name;
    v->irq.spi = spi;
    v->irq.set = set_irq;
    v->features_offered = (TRANSPORT_FEATURES & ~(ops->withheld & ~VIRTIO_F_VERSION_1)) |
                          ((ops->features | extra) & ~VIRTIO_F_RING_RESET);
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        v->queue[i].ram = ram;
    }
    pthread_mutex_init(&v->lock, NULL);
}

void virtio_destroy(struct virtio *v)
{
    pthread_mutex_destroy(&v->lock);
}

void virtio_lock(struct virtio *v)
{
    pthread_mutex_lock(&v->lock);
}

void virtio_unlock(struct virtio *v)
{
    pthread_mutex_unlock(&v->lock);
}

bool virtio_running(const struct virtio *v)
{
    return (v->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET | STATUS_FAILED)) ==
           STATUS_DRIVER_OK;
}

uint64_t virtio_generation(const struct virtio *v)
{
    return v->generation;
}

/* The line is level-triggered: high for as long as the driver has something to acknowledge. */
static void update_irq(struct virtio *v)
{
    irq_set(&v->irq, v->interrupt_status != 0);
}

static void raise_interrupt(struct virtio *v, uint32_t what)
{
    v->interrupts++;
    v->interrupt_status |= what;
    update_irq(v);
}

void virtio_config_changed(struct virtio *v)
{
    v->config_generation++;
    if ((v->status & STATUS_DRIVER_OK) != 0) {
        raise_interrupt(v, INTERRUPT_CONFIG);
    }
}

void virtio_break(struct virtio *v)
{
    if ((v->status & STATUS_NEEDS_RESET) != 0) {
        return;
    }
    v->broken++;
    v->status |= STATUS_NEEDS_RESET;
    if ((v->status & STATUS_DRIVER_OK) != 0) {
        raise_interrupt(v, INTERRUPT_CONFIG); /* 2.1.2 */
    }
}

bool virtio_pop(struct virtio *v, unsigned queue, struct virtq_chain *out)
{
    if (!virtio_running(v) || queue >= v->ops->queues) {
        return false;
    }
    switch (virtq_pop(&v->queue[queue], out)) {
    case VIRTQ_GOT: return true;
    case VIRTQ_EMPTY: return false;
    case VIRTQ_BROKEN: break;
    }
    virtio_break(v);
    return false;
}

bool virtio_pop_or_arm(struct virtio *v, unsigned queue, struct virtq_chain *out)
{
    if (virtio_pop(v, queue, out)) {
        virtq_disable_notify(&v->queue[queue]);
        return true;
    }
    /* Once more for what came meanwhile, and not until the driver stops changing its mind. */
    return virtio_running(v) && queue < v->ops->queues && virtq_enable_notify(&v->queue[queue]) &&
           virtio_pop(v, queue, out);
}

void virtio_push(struct virtio *v, unsigned queue, uint16_t head, uint32_t written)
{
    if (virtio_running(v) && queue < v->ops->queues) {
        virtq_push(&v->queue[queue], head, written);
    }
}

void virtio_interrupt(struct virtio *v, unsigned queue)
{
    if (virtio_running(v) && queue < v->ops->queues && virtq_should_interrupt(&v->queue[queue])) {
        raise_interrupt(v, INTERRUPT_QUEUE);
    }
}

static void reset(struct virtio *v)
{
    v->generation++;
    v->status = 0;
    v->features = 0;
    v->features_select = 0;
    v->driver_features_select = 0;
    v->queue_select = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        virtq_reset(&v->queue[i]);
    }
    v->interrupt_status = 0;
    update_irq(v);
    if (v->ops->reset != NULL) {
        v->ops->reset(v->dev);
    }
}

/* The features are final: the queues learn what concerns them. */
static void fix_features(struct virtio *v)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        v->queue[i].event_idx = (v->features & VIRTIO_F_EVENT_IDX) != 0;
        v->queue[i].indirect = (v->features & VIRTIO_F_INDIRECT_DESC) != 0;
    }
}

/*
 * Bits are only ever added, in the order of 3.1.1, each on top of the one before; a bit that comes
 * too early, or FEATURES_OK without VERSION_1, is left out, which the driver sees when it reads the
 * status back.
 */
static void write_status(struct virtio *v, uint32_t value)
{
    uint32_t added = value & ~v->status;

    if (value == 0) {
        reset(v);
        return;
    }
    v->status |= added & (STATUS_ACKNOWLEDGE | STATUS_FAILED);
    if ((added & STATUS_DRIVER) != 0 && (v->status & STATUS_ACKNOWLEDGE) != 0) {
        v->status |= STATUS_DRIVER;
    }
    if ((added & STATUS_FEATURES_OK) != 0 && (v->status & STATUS_DRIVER) != 0 &&
        (v->features & VIRTIO_F_VERSION_1) != 0) {
        v->status |= STATUS_FEATURES_OK;
        fix_features(v);
    }
    if ((added & STATUS_DRIVER_OK) != 0 && (v->status & STATUS_FEATURES_OK) != 0) {
        v->status |= STATUS_DRIVER_OK;
        if ((v->status & STATUS_NEEDS_RESET) != 0) {
            raise_interrupt(v, INTERRUPT_CONFIG); /* it broke before it could be told */
        } else if (virtio_running(v) && v->ops->activate != NULL) {
            v->ops->activate(v->dev);
        }
    }
}

static void write_features(struct virtio *v, uint32_t value)
{
    unsigned shift = 32 * v->driver_features_select;
    uint64_t mask = UINT64_C(0xffffffff);

    if (v->driver_features_select > 1 || (v->status & STATUS_FEATURES_OK) != 0) {
        return;
    }
    v->features = (v->features & ~(mask << shift)) | (uint64_t)value << shift;
    v->features &= v->features_offered;
}

static struct virtq *selected(struct virtio *v)
{
    return v->queue_select < v->ops->queues ? &v->queue[v->queue_select] : NULL;
}

/* A queue takes its setting-up now. */
static bool can_set_up(const struct virtio *v, const struct virtq *q)
{
    const uint32_t phase = STATUS_FEATURES_OK | STATUS_DRIVER_OK | STATUS_NEEDS_RESET;

    return q != NULL && !q->ready && (v->status & phase) == STATUS_FEATURES_OK;
}

static void write_queue_ready(struct virtio *v, struct virtq *q, uint32_t value)
{
    if (q != NULL && (value & 1) == 0) {
        q->ready = false;
        return;
    }
    if (!can_set_up(v, q)) {
        return;
    }
    if (q->size > v->ops->queue_max || !virtq_rings_valid(q)) {
        virtio_break(v);
        return;
    }
    q->ready = true;
}

static void set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~UINT64_C(0xffffffff)) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
    *address = (*address & UINT64_C(0xffffffff)) | (uint64_t)value << 32;
}

static void write_queue(struct virtio *v, uint64_t offset, uint32_t value)
{
    struct virtq *q = selected(v);

    if (offset == REG_QUEUE_READY) {
        write_queue_ready(v, q, value);
        return;
    }
    if (!can_set_up(v, q)) {
        return;
    }
    switch (offset) {
    case REG_QUEUE_SIZE: q->size = value > UINT16_MAX ? 0 : (uint16_t)value; break;
    case REG_QUEUE_DESC_LOW: set_low(&q->desc, value); break;
    case REG_QUEUE_DESC_HIGH: set_high(&q->desc, value); break;
    case REG_QUEUE_DRIVER_LOW: set_low(&q->avail, value); break;
    case REG_QUEUE_DRIVER_HIGH: set_high(&q->avail, value); break;
    case REG_QUEUE_DEVICE_LOW: set_low(&q->used, value); break;
    case REG_QUEUE_DEVICE_HIGH: set_high(&q->used, value); break;
    default: break;
    }
}

static void notify(struct virtio *v, uint32_t queue)
{
    if (queue >= v->ops->queues || !virtio_running(v) || !v->queue[queue].ready) {
        return;
    }
    v->notifies++;
    if (v->ops->notify != NULL) {
        v->ops->notify(v->dev, queue);
    }
}

static void write_register(struct virtio *v, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case REG_DEVICE_FEATURES_SEL: v->features_select = value; break;
    case REG_DRIVER_FEATURES: write_features(v, value); break;
    case REG_DRIVER_FEATURES_SEL: v->driver_features_select = value; break;
    case REG_QUEUE_SEL: v->queue_select = value; break;
    case REG_QUEUE_NOTIFY: notify(v, value); break;
    case REG_INTERRUPT_ACK:
        v->interrupt_status &= ~value;
        update_irq(v);
        break;
    case REG_STATUS: write_status(v, value & 0xff); break;
    default: write_queue(v, offset, value); break;
    }
}

static uint32_t read_register(struct virtio *v, uint64_t offset)
{
    const struct virtq *q = selected(v);

    switch (offset) {
    case REG_MAGIC: return MAGIC;
    case REG_VERSION: return VERSION;
    case REG_DEVICE_ID: return v->ops->id;
    case REG_VENDOR_ID: return VENDOR_ID;
    case REG_DEVICE_FEATURES:
        return v->features_select > 1 ? 0
                                      : (uint32_t)(v->features_offered >> 32 * v->features_select);
    case REG_QUEUE_SIZE_MAX: return q != NULL ? v->ops->queue_max : 0;
    case REG_QUEUE_READY: return q != NULL && q->ready;
    case REG_INTERRUPT_STATUS: return v->interrupt_status;
    case REG_STATUS: return v->status;
    case REG_SHM_LEN_LOW:
    case REG_SHM_LEN_HIGH:
    case REG_SHM_BASE_LOW:
    case REG_SHM_BASE_HIGH: return UINT32_MAX; /* there are no shared regions */
    case REG_CONFIG_GENERATION: return v->config_generation;
    default: return 0;
    }
}

static bool known_size(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static uint64_t read_config(struct virtio *v, uint32_t offset, unsigned size)
{
    uint8_t bytes[8] = {0};
    uint64_t value = 0;

    if (v->ops->config_read != NULL) {
        v->ops->config_read(v->dev, offset, bytes, size);
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static void write_config(struct virtio *v, uint32_t offset, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    if (v->ops->config_write != NULL) {
        v->ops->config_write(v->dev, offset, bytes, size);
    }
}

static uint64_t mmio_read(void *dev, uint64_t offset, unsigned size)
{
    struct virtio *v = dev;
    uint64_t value = 0;

    if (!known_size(size) || offset >= VIRTIO_MMIO_SIZE) {
        return 0;
    }
    pthread_mutex_lock(&v->lock);
    if (offset >= REG_CONFIG) {
        value = read_config(v, (uint32_t)(offset - REG_CONFIG), size);
    } else if (size == 4) {
        value = read_register(v, offset);
    }
    pthread_mutex_unlock(&v->lock);
    return value;
}

static void mmio_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio *v = dev;

    if (!known_size(size) || offset >= VIRTIO_MMIO_SIZE) {
        return;
    }
    pthread_mutex_lock(&v->lock);
    if (offset >= REG_CONFIG) {
        write_config(v, (uint32_t)(offset - REG_CONFIG), size, value);
    } else if (size == 4) {
        write_register(v, offset, (uint32_t)value);
    }
    pthread_mutex_unlock(&v->lock);
}

/* Devicetree binding virtio/mmio. Addresses and sizes are two cells each, an interrupt three. */
static int mmio_fdt(const void *dev, void *fdt, uint64_t base, uint64_t size, uint32_t spi)
{
    enum {
        SPI = 0,
        LEVEL_HIGH = 4
    };
    const fdt32_t reg[] = {
        cpu_to_fdt32((uint32_t)(base >> 32)),
        cpu_to_fdt32((uint32_t)base),
        cpu_to_fdt32((uint32_t)(size >> 32)),
        cpu_to_fdt32((uint32_t)size),
    };
    const fdt32_t interrupts[] = {cpu_to_fdt32(SPI), cpu_to_fdt32(spi), cpu_to_fdt32(LEVEL_HIGH)};
    char name[40];
    int err;

    (void)dev;
    snprintf(name, sizeof(name), "virtio_mmio@%" PRIx64, base);
    if ((err = fdt_begin_node(fdt, name)) != 0 ||
        (err = fdt_property_string(fdt, "compatible", "virtio,mmio")) != 0 ||
        (err = fdt_property(fdt, "reg", reg, sizeof(reg))) != 0 ||
        (err = fdt_property(fdt, "interrupts", interrupts, sizeof(interrupts))) != 0 ||
        (err = fdt_property(fdt, "dma-coherent", NULL, 0)) != 0) {
        return err;
    }
    return fdt_end_node(fdt);
}

static void mmio_stats(const void *dev, struct stats *out)
{
    struct virtio *v = (struct virtio *)dev; /* its lock is all that changes */

    pthread_mutex_lock(&v->lock);
    stats_add(out, v->name, "notifies", v->notifies);
    stats_add(out, v->name, "interrupts", v->interrupts);
    stats_add(out, v->name, "resets", v->generation);
    stats_add(out, v->name, "broken", v->broken);
    if (v->ops->stats != NULL) {
        v->ops->stats(v->dev, v->name, out);
    }
    pthread_mutex_unlock(&v->lock);
}

const struct device_ops virtio_mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .fdt = mmio_fdt,
    .stats = mmio_stats,
};
