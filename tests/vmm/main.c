/* SPDX-License-Identifier: ISC */
/*
 * paddock-testvm: boots an arm64 Linux kernel on <Hypervisor/Hypervisor.h>.
 *
 * The smallest complete VMM: it tests a hypervisor with real guests, and it is meant to be read. In
 * reading order: main.c, board.h (the machine), vcpu.c (the exits), then uart.c, psci.c, image.c and
 * board-fdt.c, which know nothing of the hypervisor.
 *
 * The main thread parses, makes the board, starts a thread per vCPU and then serves the console: it
 * sleeps in poll() until there is input, the board has something to say or time is up.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

#define EXIT_USAGE         2

#define MEMORY_DEFAULT_MIB 512u
#define MEMORY_MIN_MIB     16u
#define MEMORY_MAX_MIB     (1024u * 1024u)
#define FILE_MAX           (UINT64_C(1) << 30)

#define ESCAPE_BYTE        0x1d /* Ctrl-] ends the VM, from a terminal */

/* How often, and for how long, vCPUs are asked to leave the guest before we leave without them. */
#define STOP_INTERVAL_MS   10
#define STOP_MAX_MS        5000

struct arguments {
    const char *kernel;
    const char *initrd;
    const char *bootargs;
    struct board_options board;
    unsigned timeout_s; /* 0: none */
    bool statistics;
};

static const char usage_text[] =
    "usage: paddock-testvm --kernel IMAGE [options]\n"
    "  -k, --kernel IMAGE   an uncompressed arm64 Linux Image\n"
    "  -i, --initrd FILE    the initial RAM disk\n"
    "  -a, --append ARGS    the kernel's command line\n"
    "  -c, --cpus N         vCPUs, 1 to 16 (1)\n"
    "  -m, --memory MIB     RAM (512)\n"
    "      --wfi park|exit  softhv: an idle vCPU stays in hv_vcpu_run, or leaves it\n"
    "  -t, --timeout S      end the VM after S seconds\n"
    "      --stats          count the exits by class, on stderr\n"
    "  -h, --help\n"
    "The console is stdin and stdout; from a terminal Ctrl-] ends the VM.\n"
    "Exit status: 0 powered off, 1 error, 2 bad usage or files, 10 reset, 11 timeout.\n";

static struct board the_board;
static struct termios saved_terminal;
static volatile sig_atomic_t signalled;

/* ---- Arguments -------------------------------------------------------------------------------- */

static int parse_number(const char *text, unsigned min, unsigned max, const char *option,
                        unsigned *out)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min ||
        value > max) {
        board_say("%s wants a number from %u to %u, not '%s'", option, min, max, text);
        return -1;
    }
    *out = (unsigned)value;
    return 0;
}

static int parse_wfi(const char *text, enum board_wfi *out)
{
    if (strcmp(text, "park") == 0) {
        *out = BOARD_WFI_PARK;
    } else if (strcmp(text, "exit") == 0) {
        *out = BOARD_WFI_EXIT;
    } else {
        board_say("--wfi is park or exit, not '%s'", text);
        return -1;
    }
    return 0;
}

/* 0 to go on, 1 when help was given, -1 after a message. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    enum {
        OPTION_WFI = 256,
        OPTION_STATS,
    };
    static const struct option options[] = {
        {"kernel", required_argument, NULL, 'k'},  {"initrd", required_argument, NULL, 'i'},
        {"append", required_argument, NULL, 'a'},  {"cpus", required_argument, NULL, 'c'},
        {"memory", required_argument, NULL, 'm'},  {"wfi", required_argument, NULL, OPTION_WFI},
        {"timeout", required_argument, NULL, 't'}, {"stats", no_argument, NULL, OPTION_STATS},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    unsigned memory = MEMORY_DEFAULT_MIB;
    int option, result = 0;

    *args = (struct arguments){.bootargs = "", .board = {.cpus = 1}};
    while (result == 0 &&
           (option = getopt_long(argc, argv, "k:i:a:c:m:t:h", options, NULL)) != -1) {
        switch (option) {
        case 'k': args->kernel = optarg; break;
        case 'i': args->initrd = optarg; break;
        case 'a': args->bootargs = optarg; break;
        case 'c':
            result = parse_number(optarg, 1, PSCI_CPUS_MAX, "--cpus", &args->board.cpus);
            break;
        case 'm':
            result = parse_number(optarg, MEMORY_MIN_MIB, MEMORY_MAX_MIB, "--memory", &memory);
            break;
        case 't': result = parse_number(optarg, 1, 1000000, "--timeout", &args->timeout_s); break;
        case OPTION_WFI: result = parse_wfi(optarg, &args->board.wfi); break;
        case OPTION_STATS: args->statistics = true; break;
        case 'h': fputs(usage_text, stdout); return 1;
        default: fputs(usage_text, stderr); return -1;
        }
    }
    if (result == 0 && optind < argc) {
        board_say("what is '%s' for?", argv[optind]);
        result = -1;
    }
    if (result == 0 && args->kernel == NULL) {
        board_say("no --kernel");
        fputs(usage_text, stderr);
        result = -1;
    }
    args->board.ram_size = (uint64_t)memory << 20;
    return result;
}

/* ---- Files ------------------------------------------------------------------------------------ */

struct files {
    struct image_file kernel;
    struct image_file initrd;
    bool has_initrd;
    struct image_layout layout;
};

/* Everything that can be wrong with the files is found here, before there is a VM. 0 or -1. */
static int check_files(const struct arguments *args, struct files *files)
{
    uint8_t head[IMAGE_HEAD_SIZE];
    char error[512];
    size_t head_size;
    struct image_header header;
    uint64_t needed;
    int result;

    *files = (struct files){.kernel = {.fd = -1}, .initrd = {.fd = -1}};
    if (image_open(args->kernel, FILE_MAX, &files->kernel, error, sizeof(error)) != 0) {
        board_say("%s", error);
        return -1;
    }
    head_size = files->kernel.size < sizeof(head) ? (size_t)files->kernel.size : sizeof(head);
    result = image_read(&files->kernel, head, head_size);
    if (result != 0) {
        board_say("cannot read %s: %s", args->kernel, strerror(-result));
        return -1;
    }
    if (image_parse(head, head_size, &header) != 0) {
        board_say("%s is not an arm64 Image: it is %s", args->kernel,
                  image_kind_name(image_identify(head, head_size)));
        return -1;
    }
    if (args->initrd != NULL) {
        if (image_open(args->initrd, FILE_MAX, &files->initrd, error, sizeof(error)) != 0) {
            board_say("%s", error);
            return -1;
        }
        files->has_initrd = true;
    }
    if (image_place(&header, files->kernel.size, files->initrd.size, BOARD_RAM_BASE,
                    args->board.ram_size, &files->layout, &needed) != 0) {
        if (needed == 0)
            board_say("%s: the sizes in its header make no sense", args->kernel);
        else
            board_say("too little memory: %" PRIu64 " MiB, and kernel and initial RAM disk alone "
                      "take %" PRIu64,
                      args->board.ram_size >> 20, (needed + 0xfffff) >> 20);
        return -1;
    }
    return 0;
}

static void close_files(struct files *files)
{
    if (files->kernel.fd >= 0)
        close(files->kernel.fd);
    if (files->initrd.fd >= 0)
        close(files->initrd.fd);
}

/* ---- Console ---------------------------------------------------------------------------------- */

static void restore_terminal(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
}

/* Every key goes to the guest; output keeps its newline translation, for our own messages. */
static bool make_terminal_raw(void)
{
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_terminal) != 0)
        return false;
    raw = saved_terminal;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        return false;
    atexit(restore_terminal);
    return true;
}

static void on_signal(int number)
{
    signalled = number;
    board_wake(&the_board);
}

static void install_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Hands what was typed to the guest, as much as its FIFO takes. False at the end of input. */
static bool read_input(struct board *board, bool is_terminal)
{
    uint8_t bytes[UART_FIFO_SIZE];
    size_t room = uart_room(&board->uart);
    ssize_t n;

    if (room == 0)
        return true;
    n = read(STDIN_FILENO, bytes, room);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (is_terminal && memchr(bytes, ESCAPE_BYTE, (size_t)n) != NULL) {
        board_say("ended from the terminal");
        board_stop(board, BOARD_ERROR);
    }
    uart_receive(&board->uart, bytes, (size_t)n);
    return n > 0;
}

/* Until the board has ended. */
static void serve_console(struct board *board, unsigned timeout_s)
{
    bool is_terminal = make_terminal_raw();
    bool has_input = true;
    int64_t deadline = now_ms() + (int64_t)timeout_s * 1000;
    char drain[64];

    while (board_ended(board) == BOARD_RUNNING) {
        struct pollfd fds[] = {
            {.fd = board->wake[0], .events = POLLIN},
            {.fd = has_input && uart_room(&board->uart) > 0 ? STDIN_FILENO : -1, .events = POLLIN},
        };
        int64_t left = deadline - now_ms();

        if (timeout_s != 0 && left <= 0) {
            board_say("still running after %u s", timeout_s);
            board_stop(board, BOARD_TIMEOUT);
            break;
        }
        if (signalled != 0) {
            board_say("ended by signal %d", (int)signalled);
            board_stop(board, BOARD_ERROR);
            break;
        }
        if (poll(fds, 2, timeout_s != 0 ? (int)left : -1) < 0)
            continue;
        if (fds[0].revents != 0)
            while (read(board->wake[0], drain, sizeof(drain)) > 0)
                continue;
        if (fds[1].revents != 0)
            has_input = read_input(board, is_terminal);
    }
}

/* ---- The VM's life ---------------------------------------------------------------------------- */

static void print_statistics(const struct board *board)
{
    for (unsigned i = 0; i < board->cpus; i++) {
        const struct vcpu *v = &board->vcpu[i];

        fprintf(stderr, "vCPU %u exits: canceled %" PRIu64, i, v->exits_canceled);
        for (unsigned class = 0; class < VCPU_EXIT_CLASSES; class ++)
            if (v->exits_by_class[class] != 0)
                fprintf(stderr, ", class 0x%02x %" PRIu64, class, v->exits_by_class[class]);
        fputc('\n', stderr);
    }
}

/* Gets every vCPU thread to end. A kick can be lost, so it is repeated. 0, or -1 when one stays. */
static int stop_vcpus(struct board *board)
{
    int64_t deadline = now_ms() + STOP_MAX_MS;

    psci_close(&board->psci);
    for (;;) {
        bool all_gone = true;

        for (unsigned i = 0; i < board->cpus; i++) {
            vcpu_kick(&board->vcpu[i]);
            all_gone = all_gone && vcpu_is_gone(&board->vcpu[i]);
        }
        if (all_gone)
            break;
        if (now_ms() >= deadline)
            return -1;
        poll(NULL, 0, STOP_INTERVAL_MS);
    }
    for (unsigned i = 0; i < board->cpus; i++)
        vcpu_join(&board->vcpu[i]);
    return 0;
}

static enum board_end run_board(struct board *board, const struct arguments *args,
                                struct files *files)
{
    const struct psci_start boot = {.entry = files->layout.kernel, .context = files->layout.fdt};

    if (board_load(board, &files->layout, &files->kernel, files->has_initrd ? &files->initrd : NULL,
                   args->bootargs) != 0)
        return BOARD_ERROR;
    for (unsigned i = 0; i < board->cpus; i++) {
        if (vcpu_start(&board->vcpu[i], board, i) != 0) {
            board_stop(board, BOARD_ERROR);
            break;
        }
    }
    psci_turn_on(&board->psci, 0, &boot);
    serve_console(board, args->timeout_s);
    if (stop_vcpus(board) != 0) {
        board_say("a vCPU does not leave the guest; giving up");
        exit(board_ended(board) == BOARD_TIMEOUT ? BOARD_TIMEOUT : BOARD_ERROR);
    }
    if (args->statistics)
        print_statistics(board);
    return board_ended(board);
}

int main(int argc, char **argv)
{
    struct arguments args;
    struct files files;
    enum board_end end = BOARD_ERROR;
    int result = parse_arguments(argc, argv, &args);

    if (result != 0)
        return result > 0 ? 0 : EXIT_USAGE;
    if (check_files(&args, &files) != 0) {
        close_files(&files);
        return EXIT_USAGE;
    }
    if (board_create(&the_board, &args.board) == 0) {
        install_signals();
        end = run_board(&the_board, &args, &files);
    }
    board_destroy(&the_board);
    close_files(&files);
    return end;
}
