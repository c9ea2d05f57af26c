/* SPDX-License-Identifier: ISC */
/*
 * board.c: makes the devices in the order of the map. See board.h.
 */
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTID_SPI UINT32_C(32) /* the first SPI's INTID */

/* hv_gic_set_spi knows no context, and there is one VM a process: whom to tell of an interrupt. */
static struct vcpu_set *interrupted;

static void set_irq(uint32_t spi, bool level)
{
    hv_gic_set_spi(INTID_SPI + spi, level);
    if (level) {
        vcpus_interrupt(interrupted);
    }
}

/* ---- GIC
 * ------------------------------------------------------------------------------------------ */

/* Where `size` bytes at a multiple of `alignment` fit between the GIC's usual place and RAM, off
 * the devices. 0: nowhere. */
static uint64_t place_redistributors(uint64_t size, uint64_t alignment, uint64_t after)
{
    const uint64_t holes[][2] = {
        {BOARD_GICR_BASE > after ? BOARD_GICR_BASE : after, BOARD_UART_BASE},
        {BOARD_VIRTIO_BASE + (UINT64_C(1) << 20), BOARD_RAM_BASE},
    };

    for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        uint64_t base = (holes[i][0] + alignment - 1) & ~(alignment - 1);
        if (base < holes[i][1] && size <= holes[i][1] - base) {
            return base;
        }
    }
    return 0;
}

static hv_return_t gic_geometry(struct board *b, size_t *region)
{
    size_t dist_size = 0;
    size_t redist_alignment = 1;
    hv_return_t result = hv_gic_get_distributor_size(&dist_size);

    if (result == HV_SUCCESS) {
        result = hv_gic_get_redistributor_region_size(region);
    }
    if (result == HV_SUCCESS) {
        result = hv_gic_get_redistributor_base_alignment(&redist_alignment);
    }
    if (result == HV_SUCCESS) {
        b->gicd_base = BOARD_GICD_BASE;
        b->gicd_size = dist_size;
        b->gicr_base = place_redistributors(*region, redist_alignment, b->gicd_base + dist_size);
        b->gicr_size = *region;
        result = b->gicr_base == 0 ? HV_NO_RESOURCES : HV_SUCCESS;
    }
    return result;
}

int board_make_gic(struct board *b, const struct board_config *config, int32_t *code,
                   const char **what)
{
    hv_gic_config_t gic = hv_gic_config_create();
    size_t region = 0;
    hv_return_t result;

    (void)config;
    *what = "placing it";
    result = gic == NULL ? HV_NO_RESOURCES : gic_geometry(b, &region);
    if (result == HV_SUCCESS) {
        *what = "hv_gic_config_set_distributor_base";
        result = hv_gic_config_set_distributor_base(gic, b->gicd_base);
    }
    if (result == HV_SUCCESS) {
        *what = "hv_gic_config_set_redistributor_base";
        result = hv_gic_config_set_redistributor_base(gic, b->gicr_base);
    }
    if (result == HV_SUCCESS) {
        *what = "hv_gic_create";
        result = hv_gic_create(gic);
    }
    if (gic != NULL) {
        os_release(gic);
    }
    *code = result;
    return result == HV_SUCCESS ? 0 : -1;
}

/* ---- Devices
 * ---------------------------------------------------------------------------------------- */

/* Everything a make step needs, and where it reports. */
struct making {
    struct board *board;
    const struct board_config *config;
    int32_t *code;
    char *text; /* what failed */
    size_t text_size;
};

static int failed(const struct making *m, int code, const char *device, const char *why)
{
    snprintf(m->text, m->text_size, "%s: %s", device, why);
    *m->code = code;
    return -1;
}

static int place(const struct making *m, const char *name, uint64_t base, uint64_t size,
                 uint32_t spi, const struct device_ops *ops, void *dev)
{
    struct device d = {
        .name = name, .base = base, .size = size, .spi = spi, .ops = ops, .dev = dev};
    int err;

    if (dev == NULL) {
        return failed(m, ENOMEM, name, "out of memory");
    }
    err = bus_add(&m->board->bus, &d);
    return err == 0 ? 0 : failed(m, -err, name, "no room on the bus");
}

static uint32_t virtio_spi(const struct making *m)
{
    return BOARD_SPI_VIRTIO + m->board->virtio_count;
}

/* Puts a virtio device that was made with virtio_spi() into the next slot. */
static int place_virtio(const struct making *m, const char *name, struct virtio *v)
{
    unsigned slot = m->board->virtio_count++;

    return place(m, name, BOARD_VIRTIO_BASE + (uint64_t)slot * VIRTIO_MMIO_SIZE, VIRTIO_MMIO_SIZE,
                 BOARD_SPI_VIRTIO + slot, &virtio_mmio_ops, v);
}

static bool is_stream_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Why this descriptor is no segment of the log, or NULL. */
static const char *segment_fault(int fd, struct stat *st)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, st) != 0) {
        return "the descriptor is not open";
    }
    if (!S_ISREG(st->st_mode)) {
        return "the descriptor is not a regular file";
    }
    if ((flags & O_ACCMODE) == O_RDONLY) {
        return "the descriptor is not open for writing";
    }
    /* Linux would then ignore where the log is written to. */
    return (flags & O_APPEND) != 0 ? "the descriptor is open for appending: open it without" : NULL;
}

static int check_log(const struct making *m, const int fd[2])
{
    static const char *const names[2] = {"console log 0", "console log 1"};
    struct stat st[2];

    for (unsigned i = 0; i < 2; i++) {
        const char *fault = segment_fault(fd[i], &st[i]);
        if (fault != NULL) {
            return failed(m, EINVAL, names[i], fault);
        }
    }
    if (st[0].st_dev == st[1].st_dev && st[0].st_ino == st[1].st_ino) {
        return failed(m, EINVAL, names[1], "the file is console log 0: there have to be two");
    }
    return 0;
}

static int make_console(const struct making *m)
{
    const struct vm_description *d = m->config->description;
    struct board *b = m->board;

    if (check_log(m, d->console) != 0) {
        close(d->console[0]);
        close(d->console[1]);
        return -1;
    }
    b->console = console_new(m->config->loop, d->console, d->start->console_segment);
    if (b->console == NULL) {
        return failed(m, errno, "console log", "cannot be set up");
    }
    console_set_report(b->console, m->config->log, m->config->ctx);
    console_prefer(b->console, m->config->console);
    b->uart = uart_new(b->console, BOARD_SPI_UART, set_irq);
    return place(m, "uart", BOARD_UART_BASE, 0x1000, BOARD_SPI_UART, &uart_ops, b->uart);
}

static int make_platform(const struct making *m)
{
    struct board *b = m->board;

    b->rtc = rtc_new(BOARD_SPI_RTC, set_irq);
    if (place(m, "rtc", BOARD_RTC_BASE, 0x1000, BOARD_SPI_RTC, &rtc_ops, b->rtc) != 0) {
        return -1;
    }
    b->gpio = gpio_new(BOARD_SPI_GPIO, set_irq);
    if (place(m, "power_button", BOARD_GPIO_BASE, 0x1000, BOARD_SPI_GPIO, &gpio_ops, b->gpio) !=
        0) {
        return -1;
    }
    b->boot_timer = boot_timer_new(m->config->booted, m->config->ctx);
    return place(m, "boot_timer", BOARD_BOOT_TIMER_BASE, 0x1000, DEVICE_NO_SPI, &boot_timer_ops,
                 b->boot_timer);
}

static int make_disk(const struct making *m, unsigned i)
{
    static const char *const names[PROTOCOL_DISKS_MAX] = {
        "blk0", "blk1", "blk2",  "blk3",  "blk4",  "blk5",  "blk6",  "blk7",
        "blk8", "blk9", "blk10", "blk11", "blk12", "blk13", "blk14", "blk15"};
    const struct vm_description *d = m->config->description;
    struct virtio_blk_config config = {
        .name = names[i],
        .ram = m->config->ram,
        .spi = virtio_spi(m),
        .set_irq = set_irq,
        .fd = d->disk[i],
        .flags =
            (d->start->disk[i].flags & DISK_READ_ONLY) != 0 ? (unsigned)VIRTIO_BLK_READ_ONLY : 0,
        .serial = d->start->disk[i].serial,
        .log = m->config->remark,
        .log_ctx = m->config->ctx,
    };
    const char *why = "";
    int err = virtio_blk_new(&m->board->disk[i], &config, &why);

    return err != 0 ? failed(m, -err, names[i], why)
                    : place_virtio(m, names[i], virtio_blk_device(m->board->disk[i]));
}

static int make_net(const struct making *m, unsigned i)
{
    static const char *const names[PROTOCOL_NETS_MAX] = {"net0", "net1", "net2", "net3",
                                                         "net4", "net5", "net6", "net7"};
    const struct vm_description *d = m->config->description;
    struct virtio_net_config config = {
        .name = names[i],
        .ram = m->config->ram,
        .spi = virtio_spi(m),
        .set_irq = set_irq,
        .loop = m->config->loop,
        .fd = d->net[i],
        .mtu = d->start->net[i].mtu,
        .checksum_offload = (d->start->net[i].flags & NET_CHECKSUM_OFFLOAD) != 0,
    };
    const char *why = "";
    int err;

    for (unsigned k = 0; k < sizeof(config.mac); k++) {
        config.mac[k] = d->start->net[i].mac[k];
    }
    if (!is_stream_socket(config.fd)) {
        close(config.fd);
        return failed(m, ENOTSOCK, names[i], "the descriptor is not a socket");
    }
    err = virtio_net_new(&m->board->net[i], &config, &why);
    return err != 0 ? failed(m, -err, names[i], why)
                    : place_virtio(m, names[i], virtio_net_device(m->board->net[i]));
}

/* Closes what the remaining make steps would have taken over. */
static void close_from(const struct vm_description *d, unsigned disk, unsigned net)
{
    for (; disk < d->start->disk_count; disk++) {
        close(d->disk[disk]);
    }
    for (; net < d->start->net_count; net++) {
        close(d->net[net]);
    }
}

/* The slots' order is the order in which Linux names them: vda is disk 0. */
static int make_disks_and_nets(const struct making *m)
{
    const struct vm_description *d = m->config->description;

    for (unsigned i = 0; i < d->start->disk_count; i++) {
        if (make_disk(m, i) != 0) {
            close_from(d, i + 1, 0);
            return -1;
        }
    }
    for (unsigned i = 0; i < d->start->net_count; i++) {
        if (make_net(m, i) != 0) {
            close_from(d, d->start->disk_count, i + 1);
            return -1;
        }
    }
    return 0;
}

static int make_rng(const struct making *m)
{
    struct virtio_rng_config config = {
        .name = "rng", .ram = m->config->ram, .spi = virtio_spi(m), .set_irq = set_irq};
    int err = virtio_rng_new(&m->board->rng, &config);

    return err != 0 ? failed(m, -err, "rng", "out of memory")
                    : place_virtio(m, "rng", virtio_rng_device(m->board->rng));
}

static int make_hvc(const struct making *m)
{
    struct virtio_console_config config = {
        .name = "hvc",
        .ram = m->config->ram,
        .spi = virtio_spi(m),
        .set_irq = set_irq,
        .loop = m->config->loop,
        .console = m->board->console,
        .agent_port = "org.paddock.agent.0",
    };
    const char *why = "";
    int err = virtio_console_new(&m->board->hvc, &config, &why);

    return err != 0 ? failed(m, -err, "hvc", why)
                    : place_virtio(m, "hvc", virtio_console_device(m->board->hvc));
}

static int make_vsock(const struct making *m)
{
    const struct msg_start *start = m->config->description->start;
    struct virtio_vsock_config config = {
        .name = "vsock",
        .ram = m->config->ram,
        .spi = virtio_spi(m),
        .set_irq = set_irq,
        .loop = m->config->loop,
        .cid = start->vsock_cid,
        .incoming = m->config->vsock_incoming,
        .connected = m->config->vsock_connected,
        .ctx = m->config->ctx,
    };
    const char *why = "";
    int err;

    if ((start->flags & START_VSOCK) == 0) {
        return 0;
    }
    err = virtio_vsock_new(&m->board->vsock, &config, &why);
    return err != 0 ? failed(m, -err, "vsock", why)
                    : place_virtio(m, "vsock", virtio_vsock_device(m->board->vsock));
}

static int make_balloon(const struct making *m)
{
    struct virtio_balloon_config config = {
        .name = "balloon", .ram = m->config->ram, .spi = virtio_spi(m), .set_irq = set_irq};
    int err;

    if ((m->config->description->start->flags & START_BALLOON) == 0) {
        return 0;
    }
    err = virtio_balloon_new(&m->board->balloon, &config);
    return err != 0 ? failed(m, -err, "balloon", "out of memory")
                    : place_virtio(m, "balloon", virtio_balloon_device(m->board->balloon));
}

int board_make_devices(struct board *b, const struct board_config *config, int32_t *code,
                       const char **what)
{
    static char text[256]; /* there is one VM a process, and it is refused once */
    struct making m = {b, config, code, text, sizeof(text)};

    *what = text;
    interrupted = config->vcpus;
    if (make_console(&m) != 0 || make_platform(&m) != 0) {
        close_from(config->description, 0, 0);
        return -1;
    }
    if (make_disks_and_nets(&m) != 0 || make_rng(&m) != 0 || make_hvc(&m) != 0 ||
        make_vsock(&m) != 0 || make_balloon(&m) != 0) {
        return -1;
    }
    return 0;
}

void board_close_descriptors(const struct vm_description *d)
{
    close(d->console[0]);
    close(d->console[1]);
    close_from(d, 0, 0);
}

void board_free(struct board *b)
{
    for (unsigned i = 0; i < PROTOCOL_DISKS_MAX; i++) {
        virtio_blk_free(b->disk[i]);
    }
    for (unsigned i = 0; i < PROTOCOL_NETS_MAX; i++) {
        virtio_net_free(b->net[i]);
    }
    virtio_balloon_free(b->balloon);
    virtio_vsock_free(b->vsock);
    virtio_console_free(b->hvc);
    virtio_rng_free(b->rng);
    boot_timer_free(b->boot_timer);
    gpio_free(b->gpio);
    rtc_free(b->rtc);
    uart_free(b->uart);
    console_free(b->console);
}

void board_stats(const struct board *b, struct stats *out)
{
    for (size_t i = 0; i < b->bus.count; i++) {
        const struct device *d = &b->bus.device[i];
        if (d->ops->stats != NULL) {
            d->ops->stats(d->dev, out);
        }
    }
    if (b->console != NULL) {
        console_stats(b->console, out);
    }
}

int board_balloon_target(struct board *b, uint64_t mib)
{
    if (b->balloon == NULL) {
        return -ENODEV;
    }
    if (mib > UINT64_MAX >> 20) {
        return -ERANGE;
    }
    virtio_balloon_set_target(b->balloon, mib << 20);
    return 0;
}

int board_vsock_connect(struct board *b, uint32_t port, int fd, uint32_t token)
{
    if (b->vsock == NULL) {
        close(fd);
        return -ENODEV;
    }
    return virtio_vsock_connect(b->vsock, port, fd, token);
}

int board_vsock_listen(struct board *b, uint32_t port)
{
    return b->vsock == NULL ? -ENODEV : virtio_vsock_listen(b->vsock, port);
}
