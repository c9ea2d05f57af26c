/* SPDX-License-Identifier: ISC */
/*
 * vm.c: makes the VM step by step, each refusal named; runs it; takes it down. See vm.h.
 */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "cmdline.h"
#include "device-tree.h"
#include "host-clock.h"
#include "image.h"
#include "layout.h"

/* Remarks of vCPU and device threads on their way to the log: more at once are counted, not kept.
 */
#define REMARKS 16u

struct vm {
    uv_loop_t *loop;
    struct msg_start start;
    struct vm_events events;
    struct guest_ram ram;
    bool has_hypervisor;
    struct board board;
    struct vcpu_set vcpus;
    bool has_vcpus;
    bool running;
    struct layout layout;

    /* From any thread to the loop's. */
    uv_async_t wake;
    bool has_wake;
    pthread_mutex_t lock; /* for all below */
    bool ended;
    bool ended_told;
    struct msg_ended end;
    bool booted;
    uint64_t booted_us;
    char remark[REMARKS][PROTOCOL_TEXT_MAX + 1];
    unsigned remarks;
    uint64_t remarks_lost;
};

/* ---- From other threads -------------------------------------------------------------------------
 */

void vm_end(struct vm *vm, enum outcome outcome, int32_t code, const char *cause)
{
    bool first;

    pthread_mutex_lock(&vm->lock);
    first = !vm->ended;
    if (first) {
        vm->ended = true;
        vm->end.outcome = outcome;
        vm->end.code = code;
        snprintf(vm->end.cause, sizeof(vm->end.cause), "%s", cause);
    }
    pthread_mutex_unlock(&vm->lock);
    if (first) {
        uv_async_send(&vm->wake);
        vcpus_kick(&vm->vcpus);
    }
}

static void on_vcpu_end(void *ctx, enum outcome outcome, int32_t code, const char *cause)
{
    vm_end(ctx, outcome, code, cause);
}

static void on_remark(void *ctx, const char *text)
{
    struct vm *vm = ctx;

    pthread_mutex_lock(&vm->lock);
    if (vm->remarks < REMARKS) {
        snprintf(vm->remark[vm->remarks++], sizeof(vm->remark[0]), "%s", text);
    } else {
        vm->remarks_lost++;
    }
    pthread_mutex_unlock(&vm->lock);
    uv_async_send(&vm->wake);
}

static void on_log(void *ctx, const char *text)
{
    struct vm *vm = ctx;

    vm->events.log(vm->events.ctx, 4, text);
}

static void on_booted(void *ctx, uint64_t microseconds)
{
    struct vm *vm = ctx;

    pthread_mutex_lock(&vm->lock);
    vm->booted = true;
    vm->booted_us = microseconds;
    pthread_mutex_unlock(&vm->lock);
    uv_async_send(&vm->wake);
}

static void on_vsock_incoming(void *ctx, uint32_t port, int fd)
{
    struct vm *vm = ctx;

    vm->events.vsock_incoming(vm->events.ctx, port, fd);
}

static void on_vsock_connected(void *ctx, uint32_t token, int err)
{
    struct vm *vm = ctx;

    vm->events.vsock_connected(vm->events.ctx, token, err);
}

/*
 * A reset right after the kernel said that it panics is the panic: mandatory `panic=-1` turns one
 * into the other (cmdline.h).
 */
static void refine_end(struct vm *vm, struct msg_ended *end)
{
    const char *panic = vm->board.console == NULL ? NULL : console_panic(vm->board.console);

    if (end->outcome == OUTCOME_RESET && panic != NULL) {
        end->outcome = OUTCOME_PANIC;
        snprintf(end->cause, sizeof(end->cause), "%s", panic);
    }
}

static void on_wake(uv_async_t *handle)
{
    struct vm *vm = handle->data;
    struct msg_ended end = {0};
    char text[REMARKS][PROTOCOL_TEXT_MAX + 1];
    unsigned remarks;
    uint64_t lost;
    bool booted;
    bool ended;

    pthread_mutex_lock(&vm->lock);
    booted = vm->booted;
    vm->booted = false;
    ended = vm->ended && !vm->ended_told;
    vm->ended_told = vm->ended;
    end = vm->end;
    remarks = vm->remarks;
    lost = vm->remarks_lost;
    memcpy(text, vm->remark, sizeof(text[0]) * remarks);
    vm->remarks = 0;
    vm->remarks_lost = 0;
    pthread_mutex_unlock(&vm->lock);

    for (unsigned i = 0; i < remarks; i++) {
        vm->events.log(vm->events.ctx, 4, text[i]);
    }
    if (lost != 0) {
        char more[64];
        snprintf(more, sizeof(more), "%" PRIu64 " more remarks at the same time", lost);
        vm->events.log(vm->events.ctx, 4, more);
    }
    if (booted) {
        vm->events.booted(vm->events.ctx, vm->booted_us);
    }
    if (ended) {
        refine_end(vm, &end);
        vm->events.ended(vm->events.ctx, &end);
    }
}

/* ---- Making it
 * ------------------------------------------------------------------------------------ */

static int refuse(struct msg_ended *why, enum start_step step, int32_t code, const char *format,
                  ...)
{
    va_list args;

    why->outcome = OUTCOME_START_REFUSED;
    why->step = step;
    why->code = code;
    va_start(args, format);
    vsnprintf(why->cause, sizeof(why->cause), format, args);
    va_end(args);
    return -1;
}

static int refuse_hv(struct msg_ended *why, hv_return_t result, const char *what)
{
    const char *hint = "";

    if (result == HV_DENIED || result == HV_UNSUPPORTED) {
        hint = ": is vmm-worker signed with com.apple.security.hypervisor, and does this machine "
               "allow virtualisation (sysctl kern.hv_support)?";
    }
    return refuse(why, STEP_HYPERVISOR, result, "%s: 0x%08" PRIx32 "%s", what, (uint32_t)result,
                  hint);
}

/* Reads [0, size) of fd to `to`. 0 or a negative errno; -EIO: the file is shorter than it was. */
static int read_all(int fd, void *to, uint64_t size)
{
    uint8_t *p = to;
    uint64_t done = 0;

    while (done < size) {
        uint64_t left = size - done;
        ssize_t n = pread(fd, p + done, left < 1u << 30 ? (size_t)left : 1u << 30, (off_t)done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        done += (uint64_t)n;
    }
    return 0;
}

static int file_size(int fd, const char *what, enum start_step step, uint64_t *size,
                     struct msg_ended *why)
{
    int mode = fcntl(fd, F_GETFL);
    struct stat st;

    if (mode < 0 || fstat(fd, &st) != 0) {
        return refuse(why, step, errno, "%s: %s", what, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return refuse(why, step, EINVAL, "%s: the descriptor is not a regular file", what);
    }
    if ((mode & O_ACCMODE) == O_WRONLY) {
        return refuse(why, step, EACCES, "%s: the descriptor is not open for reading", what);
    }
    if (st.st_size <= 0) {
        return refuse(why, step, EINVAL, "%s: the file is empty", what);
    }
    *size = (uint64_t)st.st_size;
    return 0;
}

/* What is to be loaded, and where. */
struct boot {
    uint64_t kernel_size;
    uint64_t initrd_size; /* 0: none */
    struct image_header header;
};

static int plan_boot(struct vm *vm, const struct vm_description *d, struct boot *b,
                     struct msg_ended *why)
{
    uint8_t head[IMAGE_HEAD_SIZE];
    size_t head_size;
    uint64_t needed;
    int err;

    b->initrd_size = 0;
    if (file_size(d->kernel, "kernel", STEP_KERNEL, &b->kernel_size, why) != 0 ||
        (d->initrd >= 0 &&
         file_size(d->initrd, "initrd", STEP_INITRD, &b->initrd_size, why) != 0)) {
        return -1;
    }
    head_size = b->kernel_size < sizeof(head) ? (size_t)b->kernel_size : sizeof(head);
    err = read_all(d->kernel, head, head_size);
    if (err != 0) {
        return refuse(why, STEP_KERNEL, -err, "kernel: cannot read it: %s", strerror(-err));
    }
    if (image_parse(head, head_size, &b->header) != 0) {
        return refuse(why, STEP_KERNEL, ENOEXEC, "the kernel is %s",
                      image_kind_name(image_identify(head, head_size)));
    }
    if (b->kernel_size < b->header.stored_size) {
        return refuse(why, STEP_KERNEL, ENOEXEC,
                      "the kernel is cut short: %" PRIu64 " of at least %" PRIu64 " bytes",
                      b->kernel_size, b->header.stored_size);
    }
    if (layout_place(&b->header, b->kernel_size, b->initrd_size, BOARD_RAM_BASE, vm->start.memory,
                     &vm->layout, &needed) != 0) {
        if (needed == 0) {
            return refuse(why, STEP_KERNEL, EINVAL,
                          "kernel: the sizes in its header make no sense: is the file damaged?");
        }
        return refuse(why, STEP_MEMORY, ENOMEM,
                      "kernel, initrd and device tree need %" PRIu64 " MiB, and the VM has %" PRIu64
                      " MiB",
                      needed >> 20, vm->start.memory >> 20);
    }
    return 0;
}

static int load_boot(struct vm *vm, const struct vm_description *d, const struct boot *b,
                     struct msg_ended *why)
{
    void *at = guest_ram_at(&vm->ram, vm->layout.kernel, b->kernel_size);
    int err = at == NULL ? -EFAULT : read_all(d->kernel, at, b->kernel_size);

    if (err != 0) {
        return refuse(why, STEP_KERNEL, -err, "kernel: cannot read it: %s", strerror(-err));
    }
    if (b->initrd_size != 0) {
        at = guest_ram_at(&vm->ram, vm->layout.initrd, b->initrd_size);
        err = at == NULL ? -EFAULT : read_all(d->initrd, at, b->initrd_size);
        if (err != 0) {
            return refuse(why, STEP_INITRD, -err, "initrd: cannot read it: %s", strerror(-err));
        }
    }
    return 0;
}

/* Enough guest-physical address space for RAM, and no more than the default where that does. */
static hv_return_t set_ipa_size(hv_vm_config_t config, uint64_t end)
{
    uint32_t bits = 0;
    hv_return_t result = hv_vm_config_get_default_ipa_size(&bits);

    while (result == HV_SUCCESS && bits < 63 && end > UINT64_C(1) << bits) {
        bits++;
        result = hv_vm_config_set_ipa_size(config, bits);
        /* Sizes between the default and the maximum may not all exist. */
        uint32_t most = 0;
        if (result != HV_SUCCESS && hv_vm_config_get_max_ipa_size(&most) == HV_SUCCESS &&
            bits < most) {
            result = HV_SUCCESS;
        }
    }
    return result;
}

static int make_hypervisor(struct vm *vm, struct msg_ended *why)
{
    hv_vm_config_t config = hv_vm_config_create();
    hv_return_t result;

    if (config == NULL) {
        return refuse_hv(why, HV_NO_RESOURCES, "hv_vm_config_create");
    }
    result = set_ipa_size(config, BOARD_RAM_BASE + vm->start.memory);
    if (result != HV_SUCCESS) {
        os_release(config);
        return refuse_hv(why, result, "this machine's guests cannot have so much memory");
    }
    result = hv_vm_create(config);
    os_release(config);
    if (result != HV_SUCCESS) {
        return refuse_hv(why, result, "hv_vm_create");
    }
    vm->has_hypervisor = true;
    result = hv_vm_map(vm->ram.host, vm->ram.base, (size_t)vm->ram.size,
                       HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC);
    if (result != HV_SUCCESS) {
        return refuse_hv(why, result, "hv_vm_map of guest RAM");
    }
    return 0;
}

static int make_memory(struct vm *vm, struct msg_ended *why)
{
    void *host = NULL;
    hv_return_t result = hv_vm_allocate(&host, (size_t)vm->start.memory, HV_ALLOCATE_DEFAULT);

    if (result != HV_SUCCESS) {
        return refuse(why, STEP_MEMORY, result, "cannot allocate %" PRIu64 " MiB of guest RAM",
                      vm->start.memory >> 20);
    }
    vm->ram = (struct guest_ram){host, BOARD_RAM_BASE, vm->start.memory};
    return 0;
}

static int write_device_tree(struct vm *vm, const struct boot *b, struct msg_ended *why)
{
    char bootargs[CMDLINE_SIZE];
    struct fdt_board tree = {
        .cpus = vm->start.cpus,
        .ram_base = vm->ram.base,
        .ram_size = vm->ram.size,
        .gicd_base = vm->board.gicd_base,
        .gicd_size = vm->board.gicd_size,
        .gicr_base = vm->board.gicr_base,
        .gicr_size = vm->board.gicr_size,
        .initrd_base = vm->layout.initrd,
        .initrd_size = b->initrd_size,
        .bootargs = bootargs,
    };
    void *at = guest_ram_at(&vm->ram, vm->layout.dtb, LAYOUT_DTB_SIZE);
    size_t used = 0;
    int err;

    err = cmdline_compose(vm->start.cmdline, bootargs);
    if (err == -E2BIG) {
        return refuse(why, STEP_DESCRIPTION, -err,
                      "cmdline: with the worker's own words it is longer than %u characters",
                      CMDLINE_SIZE - 1);
    }
    if (err != 0) {
        return refuse(why, STEP_DESCRIPTION, -err, "cmdline: a quote stays open");
    }
    err = at == NULL ? -1 : fdt_write(&tree, &vm->board.bus, at, LAYOUT_DTB_SIZE, &used);
    if (err < 0) {
        return refuse(why, STEP_DEVICE_TREE, err, "libfdt error %d", err);
    }
    return 0;
}

static int make_vcpus(struct vm *vm, struct msg_ended *why)
{
    struct vcpu_events events = {.end = on_vcpu_end, .log = on_remark, .ctx = vm};
    int32_t code;

    if (vcpus_start(&vm->vcpus, vm->start.cpus, &vm->board.bus, &vm->ram, &events, &code) != 0) {
        return refuse(why, STEP_VCPUS, code, "cannot create vCPUs: 0x%08" PRIx32, (uint32_t)code);
    }
    vm->has_vcpus = true;
    return 0;
}

static int make_board(struct vm *vm, const struct vm_description *d, struct msg_ended *why)
{
    struct board_config config = {
        .loop = vm->loop,
        .ram = &vm->ram,
        .vcpus = &vm->vcpus,
        .description = d,
        .console = cmdline_wants_hvc(vm->start.cmdline) ? CONSOLE_HVC : CONSOLE_UART,
        .booted = on_booted,
        .remark = on_remark,
        .log = on_log,
        .vsock_incoming = on_vsock_incoming,
        .vsock_connected = on_vsock_connected,
        .ctx = vm,
    };
    const char *what = "";
    int32_t code = 0;

    if (board_make_gic(&vm->board, &config, &code, &what) != 0) {
        board_close_descriptors(d);
        return refuse(why, STEP_HYPERVISOR, code, "GIC: %s: 0x%08" PRIx32, what, (uint32_t)code);
    }
    if (board_make_devices(&vm->board, &config, &code, &what) != 0) {
        return refuse(why, STEP_DEVICES, code, "%s", what);
    }
    return 0;
}

static void close_all(const struct vm_description *d)
{
    const int *lists[] = {&d->kernel, &d->initrd};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (*lists[i] >= 0) {
            close(*lists[i]);
        }
    }
}

struct vm *vm_new(uv_loop_t *loop, const struct vm_description *d, const struct vm_events *events,
                  struct msg_ready *ready, struct msg_ended *why)
{
    uint64_t began = host_ns();
    struct vm *vm = calloc(1, sizeof(*vm));
    struct boot boot;

    *why = (struct msg_ended){0};
    if (vm == NULL) {
        refuse(why, STEP_MEMORY, ENOMEM, "out of memory");
        board_close_descriptors(d);
        close_all(d);
        return NULL;
    }
    vm->loop = loop;
    vm->start = *d->start;
    vm->events = *events;
    pthread_mutex_init(&vm->lock, NULL);
    if (uv_async_init(loop, &vm->wake, on_wake) != 0) {
        refuse(why, STEP_DEVICES, ENOMEM, "the event loop takes no more handles");
        board_close_descriptors(d);
        goto fail;
    }
    vm->wake.data = vm;
    vm->has_wake = true;
    /* The board takes the descriptors of consoles, disks and networks over, whatever happens. */
    if (plan_boot(vm, d, &boot, why) != 0 || make_memory(vm, why) != 0 ||
        load_boot(vm, d, &boot, why) != 0 || make_hypervisor(vm, why) != 0) {
        board_close_descriptors(d);
        goto fail;
    }
    if (make_board(vm, d, why) != 0 || write_device_tree(vm, &boot, why) != 0 ||
        make_vcpus(vm, why) != 0) {
        goto fail;
    }
    close_all(d);
    *ready = (struct msg_ready){
        .kernel_size = boot.kernel_size,
        .entry = vm->layout.kernel,
        .dtb = vm->layout.dtb,
        .setup_us = (host_ns() - began) / 1000,
    };
    return vm;

fail:
    close_all(d);
    vm_free(vm);
    return NULL;
}

/* ---- Running it
 * ----------------------------------------------------------------------------------- */

int vm_run(struct vm *vm)
{
    vm->running = true;
    boot_timer_start(vm->board.boot_timer);
    vcpus_boot(&vm->vcpus, vm->layout.kernel, vm->layout.dtb);
    return 0;
}

int vm_pause(struct vm *vm)
{
    vcpus_pause(&vm->vcpus);
    return 0;
}

int vm_resume(struct vm *vm)
{
    vcpus_resume(&vm->vcpus);
    return 0;
}

void vm_power_button(struct vm *vm)
{
    gpio_press(vm->board.gpio);
}

bool vm_power_button_acknowledged(const struct vm *vm)
{
    return gpio_acknowledged(vm->board.gpio);
}

void vm_get_stats(struct vm *vm, struct msg_stats *out)
{
    struct stats stats = {.msg = out};

    out->count = 0;
    vcpus_stats(&vm->vcpus, &stats);
    board_stats(&vm->board, &stats);
}

int vm_console_attach(struct vm *vm, int fd)
{
    return console_attach(vm->board.console, fd);
}

int vm_agent_attach(struct vm *vm, int fd)
{
    return virtio_console_attach_agent(vm->board.hvc, fd);
}

int vm_balloon_target(struct vm *vm, uint64_t mib)
{
    return board_balloon_target(&vm->board, mib);
}

int vm_vsock_connect(struct vm *vm, uint32_t port, int fd, uint32_t token)
{
    return board_vsock_connect(&vm->board, port, fd, token);
}

int vm_vsock_listen(struct vm *vm, uint32_t port)
{
    return board_vsock_listen(&vm->board, port);
}

/* ---- Taking it down
 * --------------------------------------------------------------------------------- */

static void on_wake_closed(uv_handle_t *handle)
{
    struct vm *vm = handle->data;

    pthread_mutex_destroy(&vm->lock);
    free(vm);
}

void vm_free(struct vm *vm)
{
    /* vCPUs first: they call into devices. Then devices: their threads touch RAM. Then RAM. */
    if (vm->has_vcpus) {
        vcpus_stop(&vm->vcpus);
    }
    board_free(&vm->board);
    if (vm->has_hypervisor) {
        hv_vm_destroy();
    }
    if (vm->ram.host != NULL) {
        hv_vm_deallocate(vm->ram.host, (size_t)vm->ram.size);
    }
    if (vm->has_wake) {
        uv_close((uv_handle_t *)&vm->wake, on_wake_closed);
    } else {
        pthread_mutex_destroy(&vm->lock);
        free(vm);
    }
}
