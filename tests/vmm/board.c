/* SPDX-License-Identifier: ISC */
/* The test VMM's machine. See board.h. */
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<Hypervisor/hv-soft.h>)
#include <Hypervisor/hv-soft.h>
#define HAS_WFI_CHOICE 1
#else
#define HAS_WFI_CHOICE 0
#endif

#define GIC_DISTRIBUTOR_BASE    UINT64_C(0x08000000)
#define GIC_REDISTRIBUTORS_BASE UINT64_C(0x080a0000)
#define UART_BASE               UINT64_C(0x09000000)
#define UART_SIZE               UINT64_C(0x1000)
#define UART_SPI                1u
#define FREE_BASE               UINT64_C(0x10000000) /* nothing of ours from here to RAM */

#define INTID_FIRST_PPI         16u
#define INTID_FIRST_SPI         32u

/* Granule of hv_vm_map, and what lets the host back RAM with large pages. */
#define RAM_ALIGNMENT           ((size_t)0x200000)

/* So many accesses to nowhere are reported, then we keep quiet. */
#define UNKNOWN_REPORTED        8u

void board_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    flockfile(stderr);
    fputs("paddock-testvm: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(args);
}

const char *board_hv_error(hv_return_t error)
{
    switch (error) {
    case HV_SUCCESS: return "HV_SUCCESS";
    case HV_ERROR: return "HV_ERROR";
    case HV_BUSY: return "HV_BUSY";
    case HV_BAD_ARGUMENT: return "HV_BAD_ARGUMENT";
    case HV_ILLEGAL_GUEST_STATE: return "HV_ILLEGAL_GUEST_STATE";
    case HV_NO_RESOURCES: return "HV_NO_RESOURCES";
    case HV_NO_DEVICE: return "HV_NO_DEVICE";
    case HV_DENIED: return "HV_DENIED (not signed with com.apple.security.hypervisor?)";
    case HV_UNSUPPORTED: return "HV_UNSUPPORTED";
    default: return "an unknown error";
    }
}

static int check(hv_return_t result, const char *what)
{
    if (result == HV_SUCCESS)
        return 0;
    board_say("%s: %s", what, board_hv_error(result));
    return -1;
}

/* ---- The end ---------------------------------------------------------------------------------- */

void board_wake(struct board *board)
{
    int saved = errno;
    ssize_t n = write(board->wake[1], "", 1); /* a full pipe wakes as well */

    (void)n;
    errno = saved;
}

void board_stop(struct board *board, enum board_end end)
{
    int running = BOARD_RUNNING;

    if (atomic_compare_exchange_strong(&board->end, &running, (int)end))
        board_wake(board);
}

enum board_end board_ended(struct board *board)
{
    return (enum board_end)atomic_load(&board->end);
}

/* ---- Devices ---------------------------------------------------------------------------------- */

static void uart_transmit(void *ctx, uint8_t byte)
{
    struct board *board = ctx;

    while (write(STDOUT_FILENO, &byte, 1) < 0) {
        if (errno == EINTR)
            continue;
        if (board_ended(board) == BOARD_RUNNING)
            board_say("cannot write the console: %s", strerror(errno));
        board_stop(board, BOARD_ERROR);
        return;
    }
}

static void uart_set_irq(void *ctx, bool level)
{
    struct board *board = ctx;

    if (check(hv_gic_set_spi(INTID_FIRST_SPI + UART_SPI, level), "hv_gic_set_spi") != 0)
        board_stop(board, BOARD_ERROR);
}

static void uart_receive_ready(void *ctx)
{
    board_wake(ctx);
}

static const struct uart_ops uart_ops = {
    .transmit = uart_transmit,
    .set_irq = uart_set_irq,
    .receive_ready = uart_receive_ready,
};

static void report_unknown(struct board *board, const char *what, uint64_t address, unsigned size)
{
    unsigned n = atomic_fetch_add(&board->unknown_accesses, 1);

    if (n < UNKNOWN_REPORTED)
        board_say("guest %s of %u bytes at 0x%" PRIx64 ": nothing is there%s", what, size, address,
                  n + 1 == UNKNOWN_REPORTED ? " (and no more of these messages)" : "");
}

uint64_t board_read(struct board *board, uint64_t address, unsigned size)
{
    if (address - UART_BASE < UART_SIZE)
        return uart_read(&board->uart, address - UART_BASE);
    report_unknown(board, "read", address, size);
    return 0;
}

void board_write(struct board *board, uint64_t address, unsigned size, uint64_t value)
{
    if (address - UART_BASE < UART_SIZE)
        uart_write(&board->uart, address - UART_BASE, (uint8_t)value);
    else
        report_unknown(board, "write", address, size);
}

/* ---- Making the machine ----------------------------------------------------------------------- */

static int choose_wfi(hv_vm_config_t config, enum board_wfi wfi)
{
    if (wfi == BOARD_WFI_DEFAULT)
        return 0;
#if HAS_WFI_CHOICE
    return check(hv_soft_config_set_wfi_exits(config, wfi == BOARD_WFI_EXIT),
                 "hv_soft_config_set_wfi_exits");
#else
    (void)config;
    board_say("this hypervisor has no choice of WFI behaviour");
    return -1;
#endif
}

static int create_vm(struct board *board, enum board_wfi wfi)
{
    hv_vm_config_t config = hv_vm_config_create();
    uint64_t end = board->ram.base + board->ram.size;
    uint32_t bits, max;
    int result = -1;

    if (config == NULL) {
        board_say("hv_vm_config_create: out of memory");
        return -1;
    }
    if (check(hv_vm_config_get_default_ipa_size(&bits), "hv_vm_config_get_default_ipa_size") != 0 ||
        check(hv_vm_config_get_max_ipa_size(&max), "hv_vm_config_get_max_ipa_size") != 0)
        goto done;
    while (bits < max && end > UINT64_C(1) << bits)
        bits++;
    if (end > UINT64_C(1) << bits) {
        board_say("%" PRIu64 " MiB of RAM do not fit: this hypervisor has %" PRIu32
                  " address bits, and RAM begins at 1 GiB",
                  board->ram.size >> 20, bits);
        goto done;
    }
    if (check(hv_vm_config_set_ipa_size(config, bits), "hv_vm_config_set_ipa_size") != 0 ||
        choose_wfi(config, wfi) != 0)
        goto done;
    result = check(hv_vm_create(config), "hv_vm_create");
    board->has_vm = result == 0;
done:
    os_release(config);
    return result;
}

/* RAM with an inaccessible guard on each side: a stray access faults, and tools that list the
 * process's memory show guest RAM as a mapping of its own. */
static int create_ram(struct board *board)
{
    size_t size = (size_t)board->ram.size;
    uintptr_t at;

    board->reservation_size = size + 3 * RAM_ALIGNMENT;
    board->reservation = mmap(NULL, board->reservation_size, PROT_NONE,
                              MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (board->reservation == MAP_FAILED) {
        board->reservation = NULL;
        board_say("cannot reserve %" PRIu64 " MiB of RAM: %s", board->ram.size >> 20,
                  strerror(errno));
        return -1;
    }
    at = ((uintptr_t)board->reservation + 2 * RAM_ALIGNMENT - 1) & ~(RAM_ALIGNMENT - 1);
    board->ram_host = (uint8_t *)at;
    if (mprotect(board->ram_host, size, PROT_READ | PROT_WRITE) != 0) {
        board_say("cannot make RAM accessible: %s", strerror(errno));
        return -1;
    }
#ifdef MADV_HUGEPAGE
    madvise(board->ram_host, size, MADV_HUGEPAGE); /* a hint; without it RAM works all the same */
#endif
    return check(hv_vm_map(board->ram_host, board->ram.base, size,
                           HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC),
                 "hv_vm_map");
}

int board_place(uint64_t first, uint64_t limit, uint64_t size, uint64_t alignment, uint64_t *base)
{
    uint64_t at, end;

    if (alignment == 0 || __builtin_add_overflow(first, alignment - 1, &at))
        return -1;
    at &= ~(alignment - 1);
    if (__builtin_add_overflow(at, size, &end) || end > limit)
        return -1;
    *base = at;
    return 0;
}

static int place_gic(struct board *board)
{
    struct board_region *dist = &board->gic_distributor;
    struct board_region *redist = &board->gic_redistributors;
    size_t dist_size, dist_alignment, redist_size, redist_alignment;

    if (check(hv_gic_get_distributor_size(&dist_size), "hv_gic_get_distributor_size") != 0 ||
        check(hv_gic_get_distributor_base_alignment(&dist_alignment),
              "hv_gic_get_distributor_base_alignment") != 0 ||
        check(hv_gic_get_redistributor_region_size(&redist_size),
              "hv_gic_get_redistributor_region_size") != 0 ||
        check(hv_gic_get_redistributor_base_alignment(&redist_alignment),
              "hv_gic_get_redistributor_base_alignment") != 0)
        return -1;
    dist->size = dist_size;
    redist->size = redist_size;
    if (board_place(GIC_DISTRIBUTOR_BASE, GIC_REDISTRIBUTORS_BASE, dist_size, dist_alignment,
                    &dist->base) != 0) {
        board_say("no place for a GIC distributor of 0x%zx bytes", dist_size);
        return -1;
    }
    if (board_place(GIC_REDISTRIBUTORS_BASE, UART_BASE, redist_size, redist_alignment,
                    &redist->base) != 0 &&
        board_place(FREE_BASE, BOARD_RAM_BASE, redist_size, redist_alignment, &redist->base) != 0) {
        board_say("no place for GIC redistributors of 0x%zx bytes", redist_size);
        return -1;
    }
    return 0;
}

static int create_gic(struct board *board)
{
    hv_gic_config_t config;
    int result = -1;

    if (place_gic(board) != 0)
        return -1;
    config = hv_gic_config_create();
    if (config == NULL) {
        board_say("hv_gic_config_create: out of memory");
        return -1;
    }
    if (check(hv_gic_config_set_distributor_base(config, board->gic_distributor.base),
              "hv_gic_config_set_distributor_base") == 0 &&
        check(hv_gic_config_set_redistributor_base(config, board->gic_redistributors.base),
              "hv_gic_config_set_redistributor_base") == 0)
        result = check(hv_gic_create(config), "hv_gic_create");
    os_release(config);
    return result;
}

static int create_wake_pipe(struct board *board)
{
    if (pipe(board->wake) != 0) {
        board->wake[0] = board->wake[1] = -1;
        board_say("cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    for (unsigned i = 0; i < 2; i++) {
        fcntl(board->wake[i], F_SETFD, FD_CLOEXEC);
        fcntl(board->wake[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

int board_create(struct board *board, const struct board_options *options)
{
    *board = (struct board){.cpus = options->cpus, .wake = {-1, -1}};
    board->ram = (struct board_region){BOARD_RAM_BASE, options->ram_size};
    atomic_init(&board->end, BOARD_RUNNING);
    uart_init(&board->uart, &uart_ops, board);
    psci_init(&board->psci, options->cpus);

    if (create_wake_pipe(board) != 0 || create_vm(board, options->wfi) != 0 ||
        create_ram(board) != 0 || create_gic(board) != 0)
        return -1;
    return 0;
}

void board_destroy(struct board *board)
{
    if (board->has_vm)
        check(hv_vm_destroy(), "hv_vm_destroy");
    if (board->reservation != NULL)
        munmap(board->reservation, board->reservation_size);
    psci_destroy(&board->psci);
    uart_destroy(&board->uart);
    for (unsigned i = 0; i < 2; i++)
        if (board->wake[i] >= 0)
            close(board->wake[i]);
}

/* ---- Loading ---------------------------------------------------------------------------------- */

static int load_file(struct board *board, const struct image_file *file, uint64_t address,
                     const char *what)
{
    int error = image_read(file, board->ram_host + (address - board->ram.base), (size_t)file->size);

    if (error != 0)
        board_say("cannot read the %s: %s", what, strerror(-error));
    return error;
}

static int load_fdt(struct board *board, const struct image_layout *layout, uint64_t initrd_size,
                    const char *bootargs)
{
    struct board_fdt fdt = {
        .cpus = board->cpus,
        .ram = board->ram,
        .gic_distributor = board->gic_distributor,
        .gic_redistributors = board->gic_redistributors,
        .uart = {UART_BASE, UART_SIZE},
        .uart_spi = UART_SPI,
        .initrd = {layout->initrd, initrd_size},
        .bootargs = bootargs,
    };
    uint32_t timer;

    if (check(hv_gic_get_intid(HV_GIC_INT_EL1_VIRTUAL_TIMER, &timer), "hv_gic_get_intid") != 0)
        return -1;
    fdt.timer_ppi = timer - INTID_FIRST_PPI;
    if (getentropy(fdt.seed, sizeof(fdt.seed)) != 0) {
        board_say("no random bytes for the guest: %s", strerror(errno));
        return -1;
    }
    if (board_fdt_write(&fdt, board->ram_host + (layout->fdt - board->ram.base), IMAGE_FDT_SPACE) <
        0) {
        board_say("the device tree does not fit in %u MiB", IMAGE_FDT_SPACE >> 20);
        return -1;
    }
    return 0;
}

int board_load(struct board *board, const struct image_layout *layout,
               const struct image_file *kernel, const struct image_file *initrd,
               const char *bootargs)
{
    if (load_file(board, kernel, layout->kernel, "kernel") != 0)
        return -1;
    if (initrd != NULL && load_file(board, initrd, layout->initrd, "initial RAM disk") != 0)
        return -1;
    return load_fdt(board, layout, initrd != NULL ? initrd->size : 0, bootargs);
}
