/* SPDX-License-Identifier: ISC */
/*
 * test-rpc.c: common/rpc.c. Lines arrive whole however they were cut, descriptors with the line that announces them,
 * and whatever a peer does, nothing is lost, left open or larger than its limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "rpc.h"

#define LIMIT 10000u

struct channel {
    int peer, own;
    int open_before;
    struct rpc_reader reader;
};

static int make(void **state)
{
    struct channel *c = calloc(1, sizeof(*c));
    int pair[2];

    assert_non_null(c);
    c->open_before = descriptors_open();
    assert_int_equal(descriptors_channel(pair), 0);
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETFL, O_NONBLOCK);
    }
    c->peer = pair[0];
    c->own = pair[1];
    rpc_reader_init(&c->reader, LIMIT);
    *state = c;
    return 0;
}

/* Every test ends here: nothing may be left open. */
static int destroy(void **state)
{
    struct channel *c = *state;

    if (c->peer >= 0) {
        close(c->peer);
    }
    close(c->own);
    rpc_reader_free(&c->reader);
    assert_int_equal(descriptors_open(), c->open_before);
    free(c);
    return 0;
}

static void say(struct channel *c, const char *text, const int *fds, size_t count)
{
    assert_int_equal(rpc_send_some(c->peer, text, strlen(text), fds, count), strlen(text));
}

/* The next line, read as often as needed; NULL: there is none. */
static char *hear(struct channel *c)
{
    for (;;) {
        size_t size;
        char *line = rpc_reader_line(&c->reader, &size);
        if (line != NULL) {
            assert_int_equal(strlen(line), size);
            return line;
        }
        if (rpc_reader_fill(&c->reader, c->own) <= 0) {
            return NULL;
        }
    }
}

static void test_lines_arrive_however_they_are_cut(void **state)
{
    static const char text[] = "{\"a\":1}\n\n{\"b\":2}\n";
    struct channel *c = *state;

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        char one[2] = {text[i], '\0'};
        say(c, one, NULL, 0);
        if (i == 3) {
            assert_null(hear(c));
        }
    }
    assert_string_equal(hear(c), "{\"a\":1}");
    assert_string_equal(hear(c), "");
    assert_string_equal(hear(c), "{\"b\":2}");
    assert_null(hear(c));
    assert_int_equal(rpc_reader_fill(&c->reader, c->own), -EAGAIN);
    close(c->peer);
    c->peer = -1;
    assert_int_equal(rpc_reader_fill(&c->reader, c->own), 0);
}

static void test_a_line_may_be_as_long_as_the_limit(void **state)
{
    struct channel *c = *state;
    char *text = malloc(LIMIT + 2);

    assert_non_null(text);
    memset(text, 'x', LIMIT);
    memcpy(text + LIMIT, "\n", 2);
    for (int i = 0; i < 3; i++) {
        say(c, text, NULL, 0);
        say(c, "short\n", NULL, 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(strlen(hear(c)), LIMIT);
        assert_string_equal(hear(c), "short");
    }
    assert_true(c->reader.size <= LIMIT + 1);
    memcpy(text + LIMIT, "x", 2);
    say(c, text, NULL, 0);
    long n;
    while ((n = rpc_reader_fill(&c->reader, c->own)) > 0) {
        size_t size;
        assert_null(rpc_reader_line(&c->reader, &size));
    }
    assert_int_equal(n, -EPROTO);
    assert_true(c->reader.size <= LIMIT + 1);
    free(text);
}

static void test_a_nul_is_the_end(void **state)
{
    struct channel *c = *state;

    assert_int_equal(send(c->peer, "{\0}\n", 4, 0), 4);
    assert_int_equal(rpc_reader_fill(&c->reader, c->own), -EPROTO);
}

static void test_descriptors_come_with_their_lines(void **state)
{
    struct channel *c = *state;
    int pipes[2], out[RPC_FDS_MAX];
    char byte = 0;

    assert_int_equal(pipe(pipes), 0);
    say(c, "first\n", NULL, 0);
    say(c, "second\n", pipes, 2);
    say(c, "third\n", pipes + 1, 1);
    close(pipes[0]);
    close(pipes[1]);
    assert_string_equal(hear(c), "first");
    assert_string_equal(hear(c), "second");
    assert_int_equal(rpc_reader_take_fds(&c->reader, 2, out), 0);
    assert_int_equal(write(out[1], "x", 1), 1);
    assert_int_equal(read(out[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_true((fcntl(out[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_string_equal(hear(c), "third");
    assert_false(rpc_reader_clean(&c->reader));
    assert_int_equal(rpc_reader_take_fds(&c->reader, 2, out + 2), -EPROTO);
    assert_int_equal(rpc_reader_take_fds(&c->reader, 1, out + 2), 0);
    assert_true(rpc_reader_clean(&c->reader));
    for (int i = 0; i < 3; i++) {
        close(out[i]);
    }
}

/* What nobody takes is closed by the reader: destroy() counts. */
static void test_descriptors_that_nobody_takes_are_closed(void **state)
{
    struct channel *c = *state;
    int fds[RPC_FDS_MAX] = {0};

    say(c, "half", fds, RPC_FDS_MAX);
    assert_null(hear(c));
    assert_int_equal(c->reader.fd_count, RPC_FDS_MAX);
}

static void test_too_many_descriptors_are_the_end(void **state)
{
    struct channel *c = *state;
    int fds[RPC_FDS_MAX] = {0};
    long n = 0;

    assert_int_equal(rpc_send_some(c->peer, "x", 1, fds, RPC_FDS_MAX + 1), -EMSGSIZE);
    for (int i = 0; i < 3; i++) {
        say(c, "x", fds, RPC_FDS_MAX);
    }
    while ((n = rpc_reader_fill(&c->reader, c->own)) > 0) {
    }
    assert_int_equal(n, -EPROTO);
}

static void expect_refusal(const char *line, const char *why)
{
    char error[256] = "";

    assert_null(rpc_parse(line, strlen(line), error, sizeof(error)));
    if (strstr(error, why) == NULL) {
        fail_msg("\"%s\" was refused with \"%s\", not \"%s\"", line, error, why);
    }
}

static void test_what_is_no_request_is_refused(void **state)
{
    (void)state;
    expect_refusal("", "byte");
    expect_refusal("[]", "not an object");
    expect_refusal("17", "byte");
    expect_refusal("{\"a\":1,\"a\":2}", "duplicate");
    expect_refusal("{\"a\":9223372036854775808}", "too big integer");
    expect_refusal("{\"a\":1e999}", "overflow");
    expect_refusal("{\"a\":\"\\u0000\"}", "\\u0000");
    expect_refusal("{\"a\":\"\xff\"}", "unable to decode");
    expect_refusal("{\"a\":1} {}", "end of file");
    expect_refusal("{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "nested");
    char error[8];
    assert_null(rpc_parse("nonsense that is longer", 23, error, sizeof(error)));
    assert_true(strlen(error) < sizeof(error));
}

static void test_depth_counts_brackets_outside_of_strings(void **state)
{
    static const char deep[] = "{\"a\":[[[[[[[[[[[[[[[\"\\\"[[[[\"]]]]]]]]]]]]]]]}";
    char error[256];
    json_t *v = rpc_parse(deep, sizeof(deep) - 1, error, sizeof(error));

    (void)state;
    assert_non_null(v);
    json_decref(v);
}

/* Renders and lets go. */
static void expect_text(json_t *v, const char *expected)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, expected);
    free(text);
    json_decref(v);
}

static void test_lines_are_built(void **state)
{
    (void)state;
    expect_text(rpc_request(7, "vm.list", NULL, 0),
                "{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"vm.list\"}");
    expect_text(rpc_request(7, "a", json_object(), 2),
                "{\"fds\":2,\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":{}}");
    expect_text(rpc_notification("event", json_pack("{s:i}", "seq", 1)),
                "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":1}}");
    expect_text(rpc_result(json_string("x"), NULL, 1),
                "{\"fds\":1,\"id\":\"x\",\"jsonrpc\":\"2.0\",\"result\":{}}");
    expect_text(rpc_error(NULL, FAILURE_NO_SUCH_VM, "no VM", "look", json_pack("{s:i}", "n", 1)),
                "{\"error\":{\"code\":-32005,\"data\":{\"code\":\"no_such_vm\",\"hint\":\"look\","
                "\"n\":1},\"message\":\"no VM\"},\"id\":null,\"jsonrpc\":\"2.0\"}");
    /* More data never hides what kind of failure it is. */
    expect_text(
        rpc_error(json_integer(1), FAILURE_BUSY, "", NULL, json_pack("{s:s}", "code", "something")),
        "{\"error\":{\"code\":-32013,\"data\":{\"code\":\"busy\"},\"message\":\"busy\"},"
        "\"id\":1,\"jsonrpc\":\"2.0\"}");
}

static void test_send_waits_for_room_and_reports_the_end(void **state)
{
    struct channel *c = *state;
    json_t *v = rpc_notification("event", NULL);
    int pid_fd = 0, out;

    assert_int_equal(rpc_send(c->peer, v, &pid_fd, 1), 0);
    assert_string_equal(hear(c), "{\"jsonrpc\":\"2.0\",\"method\":\"event\"}");
    assert_int_equal(rpc_reader_take_fds(&c->reader, 1, &out), 0);
    close(out);
    close(c->own);
    c->own = dup(0);
    assert_int_equal(rpc_send(c->peer, v, NULL, 0), -EPIPE);
    assert_int_equal(rpc_send(c->peer, NULL, NULL, 0), -ENOMEM);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_arrive_however_they_are_cut, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_line_may_be_as_long_as_the_limit, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_nul_is_the_end, make, destroy),
        cmocka_unit_test_setup_teardown(test_descriptors_come_with_their_lines, make, destroy),
        cmocka_unit_test_setup_teardown(test_descriptors_that_nobody_takes_are_closed, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_too_many_descriptors_are_the_end, make, destroy),
        cmocka_unit_test(test_what_is_no_request_is_refused),
        cmocka_unit_test(test_depth_counts_brackets_outside_of_strings),
        cmocka_unit_test(test_lines_are_built),
        cmocka_unit_test_setup_teardown(test_send_waits_for_room_and_reports_the_end, make,
                                        destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
