/* SPDX-License-Identifier: ISC */
/*
 * test-protocol.c: common/protocol.c. Every message comes back as it went, cut short or made longer it
 * is refused, and so is each field of START beyond its range.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "protocol.h"

static uint8_t buf[FRAME_MAX_PAYLOAD];
static uint8_t again[FRAME_MAX_PAYLOAD];

static struct msg_start valid_start(void)
{
    struct msg_start m = {.id = "vabc234",
                          .name = "builder-1",
                          .cpus = 4,
                          .memory = UINT64_C(512) << 20,
                          .cmdline = "root=/dev/vda \"a b\"",
                          .flags = START_HAS_INITRD | START_VSOCK,
                          .stop_timeout_ms = 1000,
                          .grace_ms = 2000,
                          .console_segment = 65536,
                          .vsock_cid = 3,
                          .disk_count = 2,
                          .net_count = 1};

    m.disk[1].flags = DISK_READ_ONLY;
    memcpy(m.disk[1].serial, "12345678901234567890", 21);
    memcpy(m.net[0].mac, "\x02\x11\x22\x33\x44\x55", 6);
    m.net[0].mtu = 1500;
    return m;
}

static char why[PROTOCOL_TEXT_MAX + 1];

/* What a decoder says to this description; NULL: it takes it. */
static const char *fault_of(const struct msg_start *m)
{
    static struct msg_start out;
    size_t size = msg_start_encode(m, buf, sizeof(buf));

    assert_int_not_equal(size, 0);
    if (msg_start_decode(buf, size, &out, why) == 0) {
        assert_string_equal(why, "");
        /* Compared as bytes of the wire, because a struct has padding. */
        assert_int_equal(msg_start_encode(&out, again, sizeof(again)), size);
        assert_memory_equal(again, buf, size);
        return NULL;
    }
    assert_string_not_equal(why, "");
    return why;
}

static void test_start_comes_back_as_it_went(void **state)
{
    struct msg_start m = valid_start();

    (void)state;
    assert_null(fault_of(&m));
    assert_int_equal(msg_start_fd_count(&m), 7);
    m.flags = 0;
    m.disk_count = 0;
    m.net_count = 0;
    memset(m.disk, 0, sizeof(m.disk));
    memset(m.net, 0, sizeof(m.net));
    assert_null(fault_of(&m));
    assert_int_equal(msg_start_fd_count(&m), 3);
}

static void test_the_largest_start_fits_in_a_frame(void **state)
{
    struct msg_start m = valid_start();

    (void)state;
    memset(m.id, 'v', PROTOCOL_ID_MAX);
    memset(m.name, 'n', PROTOCOL_NAME_MAX);
    memset(m.cmdline, 'c', PROTOCOL_CMDLINE_MAX);
    m.flags |= START_CONSOLE;
    m.cpus = PROTOCOL_CPUS_MAX;
    m.memory = PROTOCOL_MEMORY_MAX;
    m.disk_count = PROTOCOL_DISKS_MAX;
    m.net_count = PROTOCOL_NETS_MAX;
    for (uint32_t i = 0; i < m.disk_count; i++) {
        memcpy(m.disk[i].serial, "12345678901234567890", 21);
    }
    for (uint32_t i = 0; i < m.net_count; i++) {
        m.net[i].mac[0] = 2;
        m.net[i].mtu = 65521;
    }
    assert_null(fault_of(&m));
    assert_true(msg_start_fd_count(&m) <= FRAME_MAX_FDS);
}

static void test_a_start_of_any_other_length_is_refused(void **state)
{
    struct msg_start m = valid_start();
    static struct msg_start out;
    size_t size = msg_start_encode(&m, buf, sizeof(buf));
    char expected[PROTOCOL_TEXT_MAX];

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        assert_true(msg_start_decode(buf, cut, &out, why) < 0);
        snprintf(expected, sizeof(expected), "the message of %zu bytes ends before its last field",
                 cut);
        assert_string_equal(why, expected);
    }
    buf[size] = 0;
    assert_true(msg_start_decode(buf, size + 1, &out, why) < 0);
    assert_string_equal(why, "the message goes on for 1 bytes behind its last field");
    for (size_t room = 0; room < size; room++) {
        assert_int_equal(msg_start_encode(&m, buf, room), 0);
    }
}

/* The encoder sends no text that is longer than its field: this one's bytes are made by hand. */
static void test_a_text_that_does_not_fit_its_field_is_named(void **state)
{
    static const struct {
        const char *field;
        size_t before; /* bytes ahead of the text's length */
        size_t most;
    } texts[] = {
        {"id", 0, PROTOCOL_ID_MAX},
        {"name", 2, PROTOCOL_NAME_MAX},
        {"cmdline", 2 + 2 + 4 + 8, PROTOCOL_CMDLINE_MAX},
        {"disk 0: serial", 2 + 2 + 4 + 8 + 2 + 6 * 4 + 4, 20},
    };
    static struct msg_start out;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char expected[PROTOCOL_TEXT_MAX];
        size_t size = texts[i].before + 2 + texts[i].most + 1;

        snprintf(expected, sizeof(expected),
                 "%s: must be at most %zu characters, none of them a zero byte", texts[i].field,
                 texts[i].most);
        memset(buf, 0, sizeof(buf));
        buf[2 + 2 + 4 + 8 + 2 + 5 * 4] = 1; /* disk_count, where the texts before are empty */
        memset(buf + texts[i].before + 2, 'a', texts[i].most + 1);
        buf[texts[i].before] = (uint8_t)(texts[i].most + 1);
        buf[texts[i].before + 1] = (uint8_t)((texts[i].most + 1) >> 8);
        assert_true(msg_start_decode(buf, size, &out, why) < 0);
        assert_string_equal(why, expected);
        /* And one with a zero byte in it, which would end it early. */
        buf[texts[i].before] = 3;
        buf[texts[i].before + 1] = 0;
        buf[texts[i].before + 3] = 0;
        assert_true(msg_start_decode(buf, size, &out, why) < 0);
        assert_string_equal(why, expected);
    }
}

/* Each line spoils one field; the sentence names it. */
#define REFUSED(word, spoil)                                                                       \
    do {                                                                                           \
        struct msg_start m = valid_start();                                                        \
        const char *fault;                                                                         \
        spoil;                                                                                     \
        fault = fault_of(&m);                                                                      \
        if (fault == NULL || strncmp(fault, word ": ", sizeof(word ": ") - 1) != 0) {              \
            fail_msg("%s: %s", #spoil, fault == NULL ? "accepted" : fault);                        \
        }                                                                                          \
    } while (0)

#define ACCEPTED(change)                                                                           \
    do {                                                                                           \
        struct msg_start m = valid_start();                                                        \
        change;                                                                                    \
        assert_null(fault_of(&m));                                                                 \
    } while (0)

static void test_each_field_has_its_range(void **state)
{
    (void)state;
    REFUSED("id", m.id[0] = '\0');
    REFUSED("id", m.id[1] = 'A');
    REFUSED("id", m.id[1] = '1');
    REFUSED("id", m.id[1] = '/');
    REFUSED("name", m.name[0] = '\0');
    REFUSED("name", m.name[0] = '-');
    REFUSED("name", m.name[0] = '9');
    REFUSED("name", m.name[2] = '_');
    REFUSED("name", m.name[2] = '\n');
    REFUSED("cpus", m.cpus = 0);
    REFUSED("cpus", m.cpus = 17);
    ACCEPTED(m.cpus = 1);
    ACCEPTED(m.cpus = 16);
    REFUSED("memory", m.memory = 0);
    REFUSED("memory", m.memory = PROTOCOL_MEMORY_MIN - (2u << 20));
    REFUSED("memory", m.memory = PROTOCOL_MEMORY_MAX + (2u << 20));
    REFUSED("memory", m.memory += 4096);
    REFUSED("memory", m.memory = UINT64_MAX);
    ACCEPTED(m.memory = PROTOCOL_MEMORY_MIN);
    ACCEPTED(m.memory = PROTOCOL_MEMORY_MAX);
    REFUSED("cmdline", m.cmdline[3] = '\n');
    REFUSED("cmdline", m.cmdline[3] = '\t');
    REFUSED("cmdline", m.cmdline[3] = '\x7f');
    REFUSED("cmdline", m.cmdline[3] = (char)0xe4);
    ACCEPTED(m.cmdline[0] = '\0'; memset(m.cmdline, 0, sizeof(m.cmdline)));
    REFUSED("flags", m.flags |= 1u << 4);
    REFUSED("flags", m.flags |= 1u << 31);
    REFUSED("console_segment", m.console_segment = 0);
    REFUSED("console_segment", m.console_segment = 4095);
    REFUSED("console_segment", m.console_segment = (64u << 20) + 1);
    ACCEPTED(m.console_segment = 4096);
    ACCEPTED(m.console_segment = 64u << 20);
    REFUSED("vsock_cid", m.vsock_cid = 2);
    REFUSED("vsock_cid", m.vsock_cid = UINT32_MAX);
    ACCEPTED(m.vsock_cid = 2; m.flags = 0); /* nobody asks for it then */
    REFUSED("disk 0: flags", m.disk[0].flags = 2);
    REFUSED("disk 1: flags", m.disk[1].flags = UINT32_MAX);
    REFUSED("disk 0: serial", memcpy(m.disk[0].serial, "a\033b", 4));
    REFUSED("net 0: flags", m.net[0].flags = 2);
    REFUSED("net 0: mac", m.net[0].mac[0] = 1);
    REFUSED("net 0: mac", memset(m.net[0].mac, 0xff, 6));
    REFUSED("net 0: mac", memset(m.net[0].mac, 0, 6));
    REFUSED("net 0: mtu", m.net[0].mtu = 575);
    REFUSED("net 0: mtu", m.net[0].mtu = 65522);
    ACCEPTED(m.net[0].mtu = 576);
    ACCEPTED(m.net[0].mtu = 65521);
}

/* Counts are read before what they count: patched into the bytes, because the encoder would not. */
static void test_counts_beyond_the_tables_are_refused(void **state)
{
    static const uint32_t counts[] = {PROTOCOL_DISKS_MAX + 1, 255, UINT32_MAX};
    static struct msg_start out;
    struct msg_start m = valid_start();

    (void)state;
    m.disk_count = 0;
    m.net_count = 0;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (size_t back = 4; back <= 8; back += 4) { /* net_count is last, disk_count before it */
            size_t size = msg_start_encode(&m, buf, sizeof(buf));
            for (size_t k = 0; k < 4; k++) {
                buf[size - back + k] = (uint8_t)(counts[i] >> (8 * k));
            }
            assert_true(msg_start_decode(buf, sizeof(buf), &out, why) < 0);
            assert_non_null(strstr(why, back == 4 ? "net_count: must be at most 8"
                                                  : "disk_count: must be at most 16"));
            assert_int_equal(out.disk_count + out.net_count, 0);
        }
    }
}

#define ROUND_TRIP(kind, value)                                                                    \
    do {                                                                                           \
        static const struct msg_##kind in = value;                                                 \
        static struct msg_##kind out;                                                              \
        size_t size = msg_##kind##_encode(&in, buf, sizeof(buf));                                  \
        assert_int_not_equal(size, 0);                                                             \
        assert_int_equal(msg_##kind##_decode(buf, size, &out), 0);                                 \
        assert_memory_equal(&in, &out, sizeof(in));                                                \
        for (size_t cut = 0; cut < size; cut++) {                                                  \
            assert_true(msg_##kind##_decode(buf, cut, &out) < 0);                                  \
            assert_int_equal(msg_##kind##_encode(&in, buf + 8192, cut), 0);                        \
        }                                                                                          \
        buf[size] = 0;                                                                             \
        assert_true(msg_##kind##_decode(buf, size + 1, &out) < 0);                                 \
    } while (0)

#define VALUE(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void test_the_other_messages_come_back(void **state)
{
    (void)state;
    ROUND_TRIP(hello, VALUE(.version = 1, .build = "abc", .pid = 42));
    ROUND_TRIP(stop, VALUE(.timeout_ms = 12345));
    ROUND_TRIP(number, VALUE(.value = UINT64_MAX));
    ROUND_TRIP(ready, VALUE(.kernel_size = 1, .entry = 2, .dtb = 3, .setup_us = UINT64_MAX));
    ROUND_TRIP(text, VALUE(.level = 7, .text = "hello there"));
    ROUND_TRIP(ended, VALUE(.outcome = OUTCOME_START_REFUSED, .step = STEP_KERNEL, .code = -17,
                            .cause = "no such kernel"));
    ROUND_TRIP(stats, VALUE(.count = 2, .entry = {{"a.b", 1}, {"c.d", UINT64_MAX}}));
}

static void test_texts_are_printable(void **state)
{
    static struct msg_text text = {.level = 8, .text = "x"};
    static struct msg_ended ended = {.outcome = OUTCOME_KILLED};
    static struct msg_hello hello = {.version = 1};
    static struct msg_stats stats = {.count = 1};
    static struct msg_text out;

    (void)state;
    assert_true(msg_text_decode(buf, msg_text_encode(&text, buf, sizeof(buf)), &out) < 0);
    text.level = 0;
    text.text[0] = '\033';
    assert_true(msg_text_decode(buf, msg_text_encode(&text, buf, sizeof(buf)), &out) < 0);
    ended.cause[0] = '\n';
    assert_true(msg_ended_decode(buf, msg_ended_encode(&ended, buf, sizeof(buf)), &ended) < 0);
    hello.build[0] = (char)0x80;
    assert_true(msg_hello_decode(buf, msg_hello_encode(&hello, buf, sizeof(buf)), &hello) < 0);
    stats.entry[0].name[0] = '\r';
    assert_true(msg_stats_decode(buf, msg_stats_encode(&stats, buf, sizeof(buf)), &stats) < 0);
}

static void test_ends_that_do_not_exist_are_refused(void **state)
{
    static const uint8_t ends[][2] = {
        {OUTCOME_NONE, 0}, {OUTCOME_COUNT, 0}, {255, 0}, {OUTCOME_KILLED, STEP_COUNT}};
    struct msg_ended m;

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const uint8_t bytes[8] = {ends[i][0], ends[i][1]};
        assert_true(msg_ended_decode(bytes, sizeof(bytes), &m) < 0);
        assert_int_equal(m.outcome, OUTCOME_NONE);
        assert_int_equal(m.step, STEP_NONE);
    }
}

static void test_a_full_table_of_statistics_fits_in_a_frame(void **state)
{
    static struct msg_stats m;
    static struct msg_stats out;
    size_t size;

    (void)state;
    m.count = PROTOCOL_STATS_MAX;
    for (uint32_t i = 0; i < m.count; i++) {
        memset(m.entry[i].name, 'n', sizeof(m.entry[i].name) - 1);
        m.entry[i].value = i;
    }
    size = msg_stats_encode(&m, buf, sizeof(buf));
    assert_int_not_equal(size, 0);
    assert_int_equal(msg_stats_decode(buf, size, &out), 0);
    assert_memory_equal(&m, &out, sizeof(m));
    buf[0] = (uint8_t)((PROTOCOL_STATS_MAX + 1) & 0xff);
    buf[1] = (uint8_t)((PROTOCOL_STATS_MAX + 1) >> 8);
    assert_true(msg_stats_decode(buf, size, &out) < 0);
    assert_int_equal(out.count, 0);
}

/* The machine of vmm-worker/main.c in a table: what may come to a worker in which state. */
static void test_the_permit_table(void **state)
{
    static const struct {
        uint16_t type;
        const char *worker; /* N(ew) G(reeted) R(unning) P(aused) S(topping) E(nded) */
        const char *supervisor;
    } rows[] = {
        {MSG_HELLO, "N", ""},
        {MSG_START, "G", ""},
        {MSG_STOP, "RPS", ""},
        {MSG_KILL, "GRPS", ""},
        {MSG_PAUSE, "RPS", ""},
        {MSG_RESUME, "RPS", ""},
        {MSG_STATS, "RPS", ""},
        {MSG_PING, "GRPS", ""},
        {MSG_CONSOLE, "RPS", ""},
        {MSG_BALLOON, "RPS", ""},
        {MSG_VSOCK_CONNECT, "RPS", ""},
        {MSG_VSOCK_LISTEN, "RPS", ""},
        {MSG_HELLO_REPLY, "", "N"},
        {MSG_READY, "", "G"},
        {MSG_BOOTED, "", "RPS"},
        {MSG_STATE, "", "RPS"},
        {MSG_STATS_REPLY, "", "RPS"},
        {MSG_PONG, "", "GRPS"},
        {MSG_LOG, "", "GRPS"},
        {MSG_ENDED, "", "NGRPS"},
        {MSG_RESULT, "", "RPS"},
        {MSG_AGENT, "RPS", ""},
        {MSG_VSOCK_INCOMING, "", "RPS"},
        {0, "", ""},
        {63, "", ""},
        {200, "", ""},
        {UINT16_MAX, "", ""},
    };
    static const char letters[] = "NGRPSE";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int s = WORKER_NEW; s <= WORKER_ENDED; s++) {
            bool worker = strchr(rows[i].worker, letters[s]) != NULL;
            bool supervisor = strchr(rows[i].supervisor, letters[s]) != NULL;
            if (protocol_worker_accepts((enum worker_state)s, rows[i].type) != worker ||
                protocol_supervisor_accepts((enum worker_state)s, rows[i].type) != supervisor) {
                fail_msg("%s in state %c", protocol_message_name(rows[i].type), letters[s]);
            }
        }
    }
    assert_string_equal(protocol_message_name(MSG_START), "START");
    assert_string_equal(protocol_message_name(0), "an unknown message");
}

static void test_macs_are_stable_and_differ(void **state)
{
    uint8_t first[6];
    uint8_t twice[6];
    uint8_t second[6];
    uint8_t other[6];

    (void)state;
    protocol_mac("vabc", 0, first);
    protocol_mac("vabc", 0, twice);
    protocol_mac("vabc", 1, second);
    protocol_mac("vabd", 0, other);
    assert_memory_equal(first, twice, 6);
    assert_memory_not_equal(first, second, 6);
    assert_memory_not_equal(first, other, 6);
    assert_int_equal(first[0] & 3, 2);
    assert_int_equal(second[0] & 3, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_comes_back_as_it_went),
        cmocka_unit_test(test_the_largest_start_fits_in_a_frame),
        cmocka_unit_test(test_a_start_of_any_other_length_is_refused),
        cmocka_unit_test(test_a_text_that_does_not_fit_its_field_is_named),
        cmocka_unit_test(test_each_field_has_its_range),
        cmocka_unit_test(test_counts_beyond_the_tables_are_refused),
        cmocka_unit_test(test_the_other_messages_come_back),
        cmocka_unit_test(test_texts_are_printable),
        cmocka_unit_test(test_ends_that_do_not_exist_are_refused),
        cmocka_unit_test(test_a_full_table_of_statistics_fits_in_a_frame),
        cmocka_unit_test(test_the_permit_table),
        cmocka_unit_test(test_macs_are_stable_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
