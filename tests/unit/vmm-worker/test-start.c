/* SPDX-License-Identifier: ISC */
/*
 * test-start.c: what a worker refuses to start, field by field and descriptor by descriptor: at which step,
 * with which words, and that nothing is left behind.
 *
 * Each row spoils a START that is accepted otherwise. It goes to a vmm-worker of its own, which has
 * to say why, exit with 1 and leave no process; and to vm_new() in this process, where everything that was
 * opened is to be closed again: descriptors, handles of the loop, the hypervisor's VM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <Hypervisor/Hypervisor.h>
#include <uv.h>

#include "vm.h"
#include "worker-process.h"

static const uint32_t spin[] = {0x14000000u};

static uint8_t payload[FRAME_MAX_PAYLOAD];

/* ---- Descriptors of the wrong kind ---- */

static int folder(void)
{
    return open("/", O_RDONLY);
}

static int device(void)
{
    return open("/dev/null", O_RDWR);
}

static int pipe_end(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    return ends[0];
}

static int socket_end(int type)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, type, 0, pair), 0);
    close(pair[1]);
    return pair[0];
}

static int stream(void)
{
    return socket_end(SOCK_STREAM);
}

static int zeros(off_t size, int flags)
{
    return file_make(NULL, 0, size, flags);
}

/* ---- Both ways of refusing ---- */

static void refused_by_worker(struct start *s, enum start_step step, const char *sentence)
{
    struct msg_ended how;

    worker_greet();
    start_send(s);
    how = worker_expect_end(OUTCOME_START_REFUSED);
    assert_string_equal(how.cause, sentence);
    assert_string_equal(start_step_name(how.step), start_step_name(step));
    assert_int_not_equal(how.code, 0);
    assert_int_equal(worker_exit_status(), 1);
    worker_start(NULL);
}

/* As many as are open now. */
static unsigned descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

static void ignore_end(void *ctx, const struct msg_ended *how)
{
    (void)ctx;
    (void)how;
}

static void ignore_boot(void *ctx, uint64_t microseconds)
{
    (void)ctx;
    (void)microseconds;
}

static void ignore_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

static void ignore_vsock(void *ctx, uint32_t port, int fd)
{
    (void)ctx;
    (void)port;
    close(fd);
}

static const struct vm_events deaf = {
    .ended = ignore_end, .booted = ignore_boot, .log = ignore_log, .vsock_incoming = ignore_vsock};

static struct vm_description describe(const struct start *s)
{
    struct vm_description d = {.start = &s->m, .initrd = -1};
    size_t at = 0;

    d.kernel = s->fd[at++];
    if ((s->m.flags & START_HAS_INITRD) != 0) {
        d.initrd = s->fd[at++];
    }
    d.console[0] = s->fd[at++];
    d.console[1] = s->fd[at++];
    for (uint32_t i = 0; i < s->m.disk_count; i++) {
        d.disk[i] = s->fd[at++];
    }
    for (uint32_t i = 0; i < s->m.net_count; i++) {
        d.net[i] = s->fd[at++];
    }
    assert_int_equal(at, s->count);
    return d;
}

static void refused_here(const struct start *s, enum start_step step, const char *sentence)
{
    struct vm_description d = describe(s);
    struct msg_ready ready;
    struct msg_ended how;
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_null(vm_new(&loop, &d, &deaf, &ready, &how));
    assert_int_equal(how.outcome, OUTCOME_START_REFUSED);
    assert_string_equal(how.cause, sentence);
    assert_int_equal(how.step, step);
    uv_run(&loop, UV_RUN_DEFAULT); /* what is being closed */
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(hv_vm_destroy(), HV_NO_DEVICE);
}

/* What libuv opens once for all loops is not counted. */
static unsigned descriptors_before(void)
{
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    return descriptors();
}

/* A row that START's decoder refuses, or handle_start(). */
#define MALFORMED(sentence, spoil)                                                                 \
    do {                                                                                           \
        struct start s = start_make(spin, 1);                                                      \
        spoil;                                                                                     \
        refused_by_worker(&s, STEP_DESCRIPTION, sentence);                                         \
    } while (0)

/* And one that vm_new() refuses. */
#define REFUSED(step, sentence, spoil)                                                             \
    do {                                                                                           \
        unsigned before = descriptors_before();                                                    \
        struct start s = start_make(spin, 1);                                                      \
        spoil;                                                                                     \
        refused_here(&s, step, sentence);                                                          \
        assert_int_equal(descriptors(), before);                                                   \
        s = start_make(spin, 1);                                                                   \
        spoil;                                                                                     \
        refused_by_worker(&s, step, sentence);                                                     \
    } while (0)

#define ACCEPTED(change)                                                                           \
    do {                                                                                           \
        struct start s = start_make(spin, 1);                                                      \
        change;                                                                                    \
        worker_greet();                                                                            \
        start_send(&s);                                                                            \
        worker_expect(MSG_READY);                                                                  \
        worker_send_plain(MSG_KILL);                                                               \
        worker_expect_end(OUTCOME_KILLED);                                                         \
        assert_int_equal(worker_exit_status(), 0);                                                 \
        worker_start(NULL);                                                                        \
    } while (0)

/* ---- The description ---- */

#define BAD_ID      "id: must be [a-z2-7]+"
#define BAD_NAME    "name: must be [a-z][a-z0-9-]*"
#define BAD_MEMORY  "memory: must be 64 MiB to 64 GiB in steps of 2 MiB, and is "
#define BAD_SEGMENT "console_segment: must be 4096 to 67108864 bytes, and is "
#define BAD_CID     "vsock_cid: must be 3 to 4294967294, and is "
#define NEWER       ": is the supervisor newer than the worker?"
#define BAD_MAC     "mac: must be one interface's address, neither a group's nor zero"
#define BAD_MTU     "mtu: must be 576 to 65521, and is "

static void test_each_field_of_the_vm_has_its_range(void **state)
{
    (void)state;
    MALFORMED(BAD_ID, s.m.id[0] = '\0');
    MALFORMED(BAD_ID, s.m.id[0] = 'V');
    MALFORMED(BAD_ID, s.m.id[4] = '1');
    MALFORMED(BAD_NAME, s.m.name[0] = '\0');
    MALFORMED(BAD_NAME, s.m.name[0] = '/');
    MALFORMED(BAD_NAME, s.m.name[3] = '\n');
    MALFORMED("cpus: must be 1 to 16, and is 0", s.m.cpus = 0);
    MALFORMED("cpus: must be 1 to 16, and is 17", s.m.cpus = 17);
    MALFORMED("cpus: must be 1 to 16, and is 4294967295", s.m.cpus = UINT32_MAX);
    MALFORMED(BAD_MEMORY "0 bytes", s.m.memory = 0);
    MALFORMED(BAD_MEMORY "65011712 bytes", s.m.memory = UINT64_C(62) << 20);
    MALFORMED(BAD_MEMORY "67112960 bytes", s.m.memory += 4096);
    MALFORMED(BAD_MEMORY "68721573888 bytes", s.m.memory = (UINT64_C(65536) + 2) << 20);
    MALFORMED(BAD_MEMORY "18446744073709551615 bytes", s.m.memory = UINT64_MAX);
    MALFORMED("cmdline: must be printable ASCII", memcpy(s.m.cmdline, "a\nb", 4));
    MALFORMED("flags: unknown bits 0x10" NEWER, s.m.flags = 1u << 4);
    MALFORMED("flags: unknown bits 0xfffffff0" NEWER, s.m.flags = UINT32_MAX);
    MALFORMED(BAD_SEGMENT "0", s.m.console_segment = 0);
    MALFORMED(BAD_SEGMENT "4095", s.m.console_segment = 4095);
    MALFORMED(BAD_SEGMENT "67108865", s.m.console_segment = (64u << 20) + 1);
    MALFORMED(BAD_CID "2", s.m.flags = START_VSOCK; s.m.vsock_cid = 2);
    MALFORMED(BAD_CID "4294967295", s.m.flags = START_VSOCK; s.m.vsock_cid = UINT32_MAX);
}

static void test_each_field_of_a_disk_and_a_net_has_its_range(void **state)
{
    (void)state;
    MALFORMED("disk_count: must be at most 16, and is 17", s.m.disk_count = 17);
    MALFORMED("disk_count: must be at most 16, and is 4294967295", s.m.disk_count = UINT32_MAX);
    MALFORMED("disk 0: flags: unknown bits 0x2" NEWER, start_add_disk(&s, zeros(4096, O_RDWR));
              s.m.disk[0].flags = 2);
    MALFORMED("disk 1: serial: must be printable ASCII", start_add_disk(&s, zeros(4096, O_RDWR));
              start_add_disk(&s, zeros(4096, O_RDWR)); memcpy(s.m.disk[1].serial, "a\033b", 4));
    MALFORMED("net_count: must be at most 8, and is 9", s.m.net_count = 9);
    MALFORMED("net_count: must be at most 8, and is 4294967295", s.m.net_count = UINT32_MAX);
    MALFORMED("net 0: flags: unknown bits 0x80000000" NEWER, start_add_net(&s, stream());
              s.m.net[0].flags = 1u << 31);
    MALFORMED("net 0: " BAD_MAC, start_add_net(&s, stream()); s.m.net[0].mac[0] = 1);
    MALFORMED("net 0: " BAD_MAC, start_add_net(&s, stream()); memset(s.m.net[0].mac, 0, 6));
    MALFORMED("net 0: " BAD_MTU "575", start_add_net(&s, stream()); s.m.net[0].mtu = 575);
    MALFORMED("net 1: " BAD_MTU "65522", start_add_net(&s, stream()); start_add_net(&s, stream());
              s.m.net[1].mtu = 65522);
}

/* As many devices as there can be. */
static void fill(struct start *s)
{
    while (s->m.disk_count < PROTOCOL_DISKS_MAX) {
        start_add_disk(s, zeros(4096, O_RDWR));
    }
    while (s->m.net_count < PROTOCOL_NETS_MAX) {
        start_add_net(s, stream());
    }
}

/* Whatever a decoder takes a worker can do. */
static void test_the_ends_of_each_range_are_accepted(void **state)
{
    (void)state;
    ACCEPTED(s.m.cpus = 1; s.m.stop_timeout_ms = 0; s.m.grace_ms = 0; s.m.id[1] = '\0';
             s.m.name[1] = '\0');
    ACCEPTED(s.m.cpus = PROTOCOL_CPUS_MAX; s.m.stop_timeout_ms = UINT32_MAX;
             s.m.grace_ms = UINT32_MAX; s.m.console_segment = 64u << 20;
             memset(s.m.id, '7', PROTOCOL_ID_MAX); memset(s.m.name, 'z', PROTOCOL_NAME_MAX));
    ACCEPTED(s.m.flags = START_VSOCK; s.m.vsock_cid = 3);
    ACCEPTED(s.m.flags = START_VSOCK | START_BALLOON; s.m.vsock_cid = UINT32_MAX - 1);
    ACCEPTED(s.m.vsock_cid = 2); /* nobody asks for it */
    ACCEPTED(start_add_net(&s, stream()); start_add_net(&s, stream()); s.m.net[0].mtu = 576;
             s.m.net[1].mtu = 65521);
    ACCEPTED(start_add_disk(&s, zeros(512, O_RDWR)); start_add_disk(&s, zeros(512, O_RDONLY));
             s.m.disk[1].flags = DISK_READ_ONLY;
             memcpy(s.m.disk[1].serial, "12345678901234567890", 20));
    ACCEPTED(fill(&s));
}

/* The bytes of a START that cannot be written with the encoder. */
static void malformed_bytes(const uint8_t *bytes, size_t size, const char *sentence)
{
    struct start s = start_make(spin, 1);
    struct msg_ended how;

    worker_greet();
    worker_send(MSG_START, bytes, size, s.fd, s.count);
    start_close(&s);
    how = worker_expect_end(OUTCOME_START_REFUSED);
    assert_string_equal(how.cause, sentence);
    assert_int_equal(how.step, STEP_DESCRIPTION);
    assert_int_equal(worker_exit_status(), 1);
    worker_start(NULL);
}

/* test-protocol tries every length and every text. */
static void test_a_message_of_the_wrong_length_is_refused(void **state)
{
    struct start s = start_make(spin, 1);
    size_t size = msg_start_encode(&s.m, payload, sizeof(payload));
    char expected[PROTOCOL_TEXT_MAX];

    (void)state;
    start_close(&s);
    malformed_bytes(payload, 0, "the message of 0 bytes ends before its last field");
    snprintf(expected, sizeof(expected), "the message of %zu bytes ends before its last field",
             size - 1);
    malformed_bytes(payload, size - 1, expected);
    payload[size] = 0;
    malformed_bytes(payload, size + 1, "the message goes on for 1 bytes behind its last field");
    memset(payload, 'a', 64);
    payload[0] = PROTOCOL_ID_MAX + 1;
    payload[1] = 0;
    malformed_bytes(payload, 64, "id: must be at most 32 characters, none of them a zero byte");
}

static void test_the_command_line_is_composed_or_refused(void **state)
{
    (void)state;
    REFUSED(STEP_DESCRIPTION, "cmdline: a quote stays open", memcpy(s.m.cmdline, "a=\"b", 5));
    REFUSED(STEP_DESCRIPTION,
            "cmdline: with the worker's own words it is longer than 2047 characters",
            memset(s.m.cmdline, 'x', PROTOCOL_CMDLINE_MAX));
}

/* ---- Descriptors ---- */

static void test_descriptors_that_are_missing_or_too_many(void **state)
{
    (void)state;
    MALFORMED("START announces 3 descriptors and came with 4", s.fd[s.count++] = zeros(0, O_RDWR));
    MALFORMED("START announces 3 descriptors and came with 2", close(s.fd[--s.count]));
    MALFORMED("START announces 3 descriptors and came with 0", start_close(&s));
    MALFORMED("START announces 4 descriptors and came with 3", s.m.flags = START_HAS_INITRD);
    MALFORMED("START announces 4 descriptors and came with 3", s.m.flags = START_CONSOLE);
    MALFORMED("START announces 4 descriptors and came with 3", s.m.disk_count = 1);
    MALFORMED("START announces 4 descriptors and came with 3", start_add_net(&s, stream());
              close(s.fd[--s.count]));
}

/* A frame that names more descriptors than it carries is no frame: there is nobody to tell why. */
static void test_a_frame_that_lies_about_its_descriptors_ends_the_channel(void **state)
{
    static const uint16_t announced[] = {3, FRAME_MAX_FDS, FRAME_MAX_FDS + 1, UINT16_MAX};
    struct start s = start_make(spin, 1);
    size_t size = msg_start_encode(&s.m, payload, sizeof(payload));

    (void)state;
    start_close(&s);
    for (size_t i = 0; i < sizeof(announced) / sizeof(announced[0]); i++) {
        uint8_t header[FRAME_HEADER_SIZE] = {
            (uint8_t)size,         (uint8_t)(size >> 8),        0, 0, MSG_START, 0,
            (uint8_t)announced[i], (uint8_t)(announced[i] >> 8)};
        worker_greet();
        assert_int_equal(write(worker.channel, header, sizeof(header)), sizeof(header));
        (void)!write(worker.channel, payload, size); /* it may be gone already */
        worker_expect_hang_up();
        assert_int_equal(worker_exit_status(), 1);
        worker_start(NULL);
    }
}

static void test_kernels_and_initrds_of_the_wrong_kind(void **state)
{
    (void)state;
    REFUSED(STEP_KERNEL, "kernel: the descriptor is not a regular file",
            start_replace(&s, 0, stream()));
    REFUSED(STEP_KERNEL, "kernel: the descriptor is not a regular file",
            start_replace(&s, 0, folder()));
    REFUSED(STEP_KERNEL, "kernel: the descriptor is not a regular file",
            start_replace(&s, 0, pipe_end()));
    REFUSED(STEP_KERNEL, "kernel: the descriptor is not a regular file",
            start_replace(&s, 0, device()));
    REFUSED(STEP_KERNEL, "kernel: the descriptor is not open for reading",
            start_replace(&s, 0, file_make(spin, 1, 0, O_WRONLY)));
    REFUSED(STEP_KERNEL, "kernel: the file is empty", start_replace(&s, 0, zeros(0, O_RDONLY)));
    REFUSED(STEP_INITRD, "initrd: the descriptor is not a regular file",
            start_add_initrd(&s, stream()));
    REFUSED(STEP_INITRD, "initrd: the descriptor is not a regular file",
            start_add_initrd(&s, folder()));
    REFUSED(STEP_INITRD, "initrd: the descriptor is not a regular file",
            start_add_initrd(&s, pipe_end()));
    REFUSED(STEP_INITRD, "initrd: the descriptor is not open for reading",
            start_add_initrd(&s, zeros(4096, O_WRONLY)));
    REFUSED(STEP_INITRD, "initrd: the file is empty", start_add_initrd(&s, zeros(0, O_RDONLY)));
    ACCEPTED(start_add_initrd(&s, zeros(1, O_RDONLY)); start_replace(&s, 0, dup(s.fd[0])));
}

/* ---- Kernels ---- */

#define UNKNOWN                                                                                    \
    "the kernel is not a kernel image that is known here: an uncompressed arm64 Image is needed"

/* Writes this over the kernel's header. */
static void patch(const struct start *s, const char *bytes, size_t size, off_t at)
{
    assert_int_equal(pwrite(s->fd[0], bytes, size, at), (ssize_t)size);
}

/* An EFI section table, behind the header, which says that 0x11000 bytes are stored. */
static void make_stub(const struct start *s)
{
    uint8_t table[64] = {'P', 'E'};

    table[6] = 1;                    /* sections, and no optional header */
    table[24 + 16 + 2] = 0x01;       /* raw size 0x10000 */
    table[24 + 20 + 1] = 0x10;       /* raw offset 0x1000 */
    patch(s, "MZ\x00\x14", 4, 0);    /* the first instruction is harmless */
    patch(s, "\x40\x00\x00", 4, 60); /* where "PE" is */
    assert_int_equal(pwrite(s->fd[0], table, sizeof(table), 64), sizeof(table));
}

static void test_kernels_that_cannot_boot(void **state)
{
    (void)state;
    REFUSED(STEP_KERNEL, UNKNOWN, start_replace(&s, 0, zeros(4096, O_RDONLY)));
    REFUSED(STEP_KERNEL, UNKNOWN, assert_int_equal(ftruncate(s.fd[0], 1), 0));
    REFUSED(STEP_KERNEL, UNKNOWN, assert_int_equal(ftruncate(s.fd[0], 63), 0));
    REFUSED(STEP_KERNEL, "the kernel is compressed with gzip: unpack it with gunzip",
            patch(&s, "xxxx", 4, 56);
            patch(&s, "\x1f\x8b", 2, 0));
    REFUSED(STEP_KERNEL, "the kernel is a big-endian arm64 Image: build it little-endian",
            patch(&s, "\x01", 1, 24));
    REFUSED(STEP_KERNEL, "the kernel is cut short: 128 of at least 69632 bytes", make_stub(&s));
    REFUSED(STEP_KERNEL, "kernel: the sizes in its header make no sense: is the file damaged?",
            patch(&s, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 16));
    REFUSED(STEP_KERNEL, "kernel: the sizes in its header make no sense: is the file damaged?",
            patch(&s, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 8));
    REFUSED(STEP_MEMORY, "kernel, initrd and device tree need 514 MiB, and the VM has 64 MiB",
            patch(&s, "\0\0\0\x20", 4, 16));
    REFUSED(STEP_MEMORY, "kernel, initrd and device tree need 1028 MiB, and the VM has 64 MiB",
            start_add_initrd(&s, zeros(1 << 30, O_RDONLY)));
}

/* ---- The console's log ---- */

static void test_log_segments_of_the_wrong_kind(void **state)
{
    (void)state;
    REFUSED(STEP_DEVICES, "console log 0: the descriptor is not a regular file",
            start_replace(&s, 1, stream()));
    REFUSED(STEP_DEVICES, "console log 1: the descriptor is not a regular file",
            start_replace(&s, 2, stream()));
    REFUSED(STEP_DEVICES, "console log 0: the descriptor is not a regular file",
            start_replace(&s, 1, folder()));
    REFUSED(STEP_DEVICES, "console log 1: the descriptor is not a regular file",
            start_replace(&s, 2, pipe_end()));
    REFUSED(STEP_DEVICES, "console log 0: the descriptor is not a regular file",
            start_replace(&s, 1, device()));
    REFUSED(STEP_DEVICES, "console log 0: the descriptor is not open for writing",
            start_replace(&s, 1, zeros(0, O_RDONLY)));
    REFUSED(STEP_DEVICES, "console log 1: the descriptor is not open for writing",
            start_replace(&s, 2, zeros(0, O_RDONLY)));
    REFUSED(STEP_DEVICES, "console log 1: the descriptor is open for appending: open it without",
            start_replace(&s, 2, zeros(0, O_WRONLY | O_APPEND)));
    REFUSED(STEP_DEVICES, "console log 1: the file is console log 0: there have to be two",
            start_replace(&s, 2, dup(s.fd[1])));
    /* What comes behind them is closed as well. */
    REFUSED(STEP_DEVICES, "console log 0: the descriptor is not a regular file",
            start_replace(&s, 1, stream());
            start_add_disk(&s, zeros(4096, O_RDWR)); start_add_net(&s, stream()));
    ACCEPTED(start_replace(&s, 1, zeros(0, O_WRONLY)); start_replace(&s, 2, zeros(0, O_WRONLY)));
}

/* ---- Disks ---- */

static void add_reader(struct start *s, int fd)
{
    s->m.disk[s->m.disk_count].flags = DISK_READ_ONLY;
    start_add_disk(s, fd);
}

#define NO_DISK "blk0: the disk is neither a file nor a block device"
#define ODD     ": the disk's size is no multiple of 512 bytes: is it a raw image, and whole?"

static void test_disks_that_cannot_be_used(void **state)
{
    (void)state;
    REFUSED(STEP_DEVICES, NO_DISK, start_add_disk(&s, stream()));
    REFUSED(STEP_DEVICES, NO_DISK, start_add_disk(&s, folder()));
    REFUSED(STEP_DEVICES, NO_DISK, start_add_disk(&s, pipe_end()));
    REFUSED(STEP_DEVICES, NO_DISK, start_add_disk(&s, device()));
    REFUSED(STEP_DEVICES, NO_DISK, add_reader(&s, folder()));
    REFUSED(STEP_DEVICES, "blk0: the disk's descriptor is not open for reading",
            start_add_disk(&s, zeros(4096, O_WRONLY)));
    REFUSED(STEP_DEVICES, "blk0: the disk's descriptor is not open for reading",
            add_reader(&s, zeros(4096, O_WRONLY)));
    REFUSED(STEP_DEVICES,
            "blk0: the disk is to be writable, its descriptor is not open for writing: open it "
            "for both, or mark the disk read-only",
            start_add_disk(&s, zeros(4096, O_RDONLY)));
    REFUSED(STEP_DEVICES, "blk0: the disk's descriptor is open for appending: open it without",
            start_add_disk(&s, zeros(4096, O_RDWR | O_APPEND)));
    REFUSED(STEP_DEVICES, "blk0: the disk is empty: give it a size first",
            start_add_disk(&s, zeros(0, O_RDWR)));
    REFUSED(STEP_DEVICES, "blk0: the disk is empty: give it a size first",
            add_reader(&s, zeros(0, O_RDONLY)));
    REFUSED(STEP_DEVICES, "blk0" ODD, start_add_disk(&s, zeros(1, O_RDWR)));
    REFUSED(STEP_DEVICES, "blk0" ODD, start_add_disk(&s, zeros(511, O_RDWR)));
    REFUSED(STEP_DEVICES, "blk0" ODD, add_reader(&s, zeros(4097, O_RDONLY)));
    /* The ones before and behind it are closed as well. */
    REFUSED(STEP_DEVICES, "blk1" ODD, start_add_disk(&s, zeros(4096, O_RDWR));
            start_add_disk(&s, zeros(1000, O_RDWR)); add_reader(&s, zeros(4096, O_RDONLY));
            start_add_net(&s, stream()); start_add_net(&s, stream()));
}

/* ---- Networks ---- */

/* Without a peer, or waiting for one. */
static int lone_socket(bool listening)
{
    struct sockaddr_un any = {.sun_family = AF_UNIX, .sun_path = "/tmp/paddock-start-XXXXXX"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    if (listening) {
        int name = mkstemp(any.sun_path);
        assert_true(name >= 0);
        close(name);
        unlink(any.sun_path);
        assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
        assert_int_equal(listen(fd, 1), 0);
        unlink(any.sun_path);
    }
    return fd;
}

static void test_networks_that_are_none(void **state)
{
    (void)state;
    REFUSED(STEP_DEVICES, "net0: the descriptor is not a socket",
            start_add_net(&s, zeros(4096, O_RDWR)));
    REFUSED(STEP_DEVICES, "net0: the descriptor is not a socket", start_add_net(&s, folder()));
    REFUSED(STEP_DEVICES, "net0: the descriptor is not a socket", start_add_net(&s, pipe_end()));
    REFUSED(STEP_DEVICES, "net0: the descriptor is not a socket", start_add_net(&s, device()));
    REFUSED(STEP_DEVICES, "net0: the descriptor is not a stream socket",
            start_add_net(&s, socket_end(SOCK_DGRAM)));
    REFUSED(STEP_DEVICES, "net0: the socket is not connected",
            start_add_net(&s, lone_socket(false)));
    REFUSED(STEP_DEVICES, "net0: the socket is not connected",
            start_add_net(&s, lone_socket(true)));
    REFUSED(STEP_DEVICES, "net1: the descriptor is not a socket",
            start_add_disk(&s, zeros(4096, O_RDWR));
            start_add_net(&s, stream()); start_add_net(&s, zeros(4096, O_RDWR));
            start_add_net(&s, stream()));
}

/* ---- The hypervisor ---- */

/* Only here: a worker's process has no VM before START. */
static void test_a_hypervisor_that_refuses(void **state)
{
    unsigned before = descriptors_before();
    struct start s = start_make(spin, 1);
    struct vm_description d;
    struct msg_ready ready;
    struct msg_ended how;
    uv_loop_t loop;

    (void)state;
    start_add_disk(&s, zeros(4096, O_RDWR));
    start_add_net(&s, stream());
    d = describe(&s);
    assert_int_equal(hv_vm_create(NULL), HV_SUCCESS);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_null(vm_new(&loop, &d, &deaf, &ready, &how));
    assert_int_equal(how.step, STEP_HYPERVISOR);
    assert_int_equal(how.code, HV_BUSY);
    assert_string_equal(how.cause, "hv_vm_create: 0xfae94002");
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(hv_vm_destroy(), HV_SUCCESS); /* that VM is not the one to be taken down */
    assert_int_equal(descriptors(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_start, worker_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_field_of_the_vm_has_its_range),
        TEST(test_each_field_of_a_disk_and_a_net_has_its_range),
        TEST(test_the_ends_of_each_range_are_accepted),
        TEST(test_a_message_of_the_wrong_length_is_refused),
        TEST(test_the_command_line_is_composed_or_refused),
        TEST(test_descriptors_that_are_missing_or_too_many),
        TEST(test_a_frame_that_lies_about_its_descriptors_ends_the_channel),
        TEST(test_kernels_and_initrds_of_the_wrong_kind),
        TEST(test_kernels_that_cannot_boot),
        TEST(test_log_segments_of_the_wrong_kind),
        TEST(test_disks_that_cannot_be_used),
        TEST(test_networks_that_are_none),
        cmocka_unit_test(test_a_hypervisor_that_refuses),
    };

    if (!worker_find()) {
        printf("there is no %s (make)\n", worker.path);
        return 77; /* skipped, as tests/run counts it */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
