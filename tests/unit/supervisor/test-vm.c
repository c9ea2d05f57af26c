/* SPDX-License-Identifier: ISC */
/*
 * test-vm.c: supervisor/vm.c and log.c: identifiers, what a state is called, the objects that vmctl is shown, and lines of the
 * log that no guest can forge.
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
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "vm.h"

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, VM_ID_LENGTH + 1);
}

static void test_ids(void **state)
{
    enum {
        N = 100000
    };
    char(*ids)[VM_ID_LENGTH + 1] = calloc(N, sizeof(*ids));
    unsigned seen[256] = {0}, letters = 0;

    (void)state;
    assert_non_null(ids);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(vm_id_generate(ids[i]), 0);
        assert_true(vm_id_valid(ids[i]));
        assert_int_equal(strlen(ids[i]), VM_ID_LENGTH);
        for (size_t k = 0; k < VM_ID_LENGTH; k++) {
            seen[(unsigned char)ids[i][k]]++;
        }
    }
    for (size_t c = 0; c < 256; c++) {
        letters += seen[c] != 0;
        assert_true(seen[c] == 0 || seen[c] > N * VM_ID_LENGTH / 32 * 9 / 10); /* evenly */
    }
    assert_int_equal(letters, 32);
    qsort(ids, N, sizeof(*ids), compare);
    for (size_t i = 1; i < N; i++) {
        assert_true(compare(ids[i - 1], ids[i]) != 0);
    }
    free(ids);
}

static void test_bad_ids(void **state)
{
    static const char *const bad[] = {
        "",
        "abcdefghijklmno",
        "abcdefghijklmnopq",
        "Abcdefghijklmnop",
        "abcdefghijklmn-p",
        "abcdefghijklmno0",
        "abcdefghijklmno1",
        "abcdefghijklmno8",
        "abcdefghijklmno/",
        "../../etc/passwd",
        "abcdefghijklmno\n",
        "abcdefghijklmn\xc3\xa9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(vm_id_valid(bad[i]));
    }
    assert_true(vm_id_valid("abcdefghijklmn27"));
}

static struct vm *make_vm(void)
{
    struct vm *vm = vm_new();

    assert_non_null(vm);
    snprintf(vm->row.config.name, sizeof(vm->row.config.name), "builder-1");
    snprintf(vm->row.id, sizeof(vm->row.id), "abcdefghijklmnop");
    return vm;
}

static void test_states(void **state)
{
    struct vm *vm = make_vm();

    (void)state;
    assert_int_equal(vm_state(vm), VM_STOPPED);
    vm->row.wanted = WANTED_RUNNING;
    assert_int_equal(vm_state(vm), VM_QUEUED);
    vm->row.retry_at = 1;
    assert_int_equal(vm_state(vm), VM_RESTARTING);
    vm->queued_at = 1; /* its back-off is over, and it waits for its turn */
    assert_int_equal(vm_state(vm), VM_QUEUED);
    vm->queued_at = 0;
    vm->admitted = true;
    assert_int_equal(vm_state(vm), VM_STARTING);
    vm->admitted = false;
    vm->row.seen = SEEN_STARTING;
    assert_int_equal(vm_state(vm), VM_STARTING);
    vm->row.seen = SEEN_RUNNING;
    vm->row.failed = true; /* of an earlier life: what is seen counts */
    assert_int_equal(vm_state(vm), VM_RUNNING);
    vm->row.seen = SEEN_STOPPING;
    assert_int_equal(vm_state(vm), VM_STOPPING);
    vm->row.seen = SEEN_ENDED;
    assert_int_equal(vm_state(vm), VM_STOPPING);
    vm->row.seen = SEEN_NOTHING;
    assert_int_equal(vm_state(vm), VM_FAILED);
    vm->row.failed = false;
    vm->row.wanted = WANTED_STOPPED;
    vm->config_error = strdup("a.yaml:1:1: unknown key");
    assert_int_equal(vm_state(vm), VM_FAILED);
    vm_free(vm);
    vm_free(NULL);
    for (unsigned i = 0; i <= VM_FAILED; i++) {
        assert_string_not_equal(vm_state_name((enum vm_state)i), "unknown");
    }
    for (unsigned i = 0; i <= VM_HEALTH_UNRESPONSIVE; i++) {
        assert_string_not_equal(vm_health_name((enum vm_health)i), "unknown");
    }
    assert_string_equal(vm_state_name((enum vm_state)77), "unknown");
}

static void assert_json(json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void test_summary(void **state)
{
    struct vm *vm = make_vm();

    (void)state;
    vm->row.config.cpus = 2;
    vm->row.config.memory = UINT64_C(1) << 30;
    vm->row.created_at = 1700000000000;
    assert_json(
        vm_summary(vm, 5),
        "{\"autostart\":false,\"cause\":null,\"cpus\":2,"
        "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"ephemeral\":false,\"health\":\"none\","
        "\"id\":\"abcdefghijklmnop\",\"ip\":null,\"labels\":{},\"memory\":1073741824,"
        "\"name\":\"builder-1\",\"outcome\":null,\"owner\":0,\"pid\":null,\"queue_position\":null,\"restarts\":0,"
        "\"source\":\"config\",\"started_at\":null,\"state\":\"stopped\",\"uptime_ms\":null}");
    vm->row.seen = SEEN_RUNNING;
    vm->row.autostart = 1;
    vm->row.run.started_at = 1700000001500;
    vm->row.process.pid = 77;
    vm->row.source = VM_FROM_CLIENT;
    vm->row.owner = 1000;
    vm->row.ephemeral = true;
    vm->row.restarts = 4;
    vm->row.run.outcome = OUTCOME_PANIC;
    snprintf(vm->row.run.cause, sizeof(vm->row.run.cause), "Kernel panic");
    vm->health = VM_HEALTH_READY;
    vm->row.config.label_count = 1;
    vm->row.config.label[0].key = strdup("team");
    vm->row.config.label[0].value = strdup("a");
    assert_json(
        vm_summary(vm, 1700000004000),
        "{\"autostart\":true,\"cause\":\"Kernel panic\",\"cpus\":2,"
        "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"ephemeral\":true,\"health\":\"ready\","
        "\"id\":\"abcdefghijklmnop\",\"ip\":null,\"labels\":{\"team\":\"a\"},"
        "\"memory\":1073741824,\"name\":\"builder-1\",\"outcome\":\"guest_panic\","
        "\"owner\":1000,\"pid\":77,\"queue_position\":null,\"restarts\":4,\"source\":\"client\","
        "\"started_at\":\"2023-11-14T22:13:21.500Z\",\"state\":\"running\","
        "\"uptime_ms\":2500}");
    vm_free(vm);
}

/* inspect says all that list does, and more; and a cause that is no UTF-8 breaks nothing. */
static void test_detail(void **state)
{
    static const char *const more[] = {"config", "pending", "run",        "restart",     "boot_us",
                                       "cpu_us", "seen",    "last_error", "config_place"};
    struct vm *vm = make_vm();
    json_t *summary = NULL, *detail = NULL, *value = NULL;
    const char *key = NULL;

    (void)state;
    memset(vm->row.run.cause, 0xff, 20);
    memset(vm->last_error, 0x80, 20);
    vm->has_pending = true;
    vm_config_init(&vm->pending);
    vm->pending.cpus = vm->row.config.cpus + 1;
    summary = vm_summary(vm, 5);
    detail = vm_detail(vm, 5);
    json_object_foreach(summary, key, value)
    {
        assert_true(json_equal(json_object_get(detail, key), value));
    }
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        assert_non_null(json_object_get(detail, more[i]));
    }
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(detail, "pending"), "keys")), "cpus");
    json_decref(summary);
    json_decref(detail);
    vm_free(vm);
}

static void test_clock(void **state)
{
    char text[CLOCK_TEXT];

    (void)state;
    assert_string_equal(clock_format(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(1709210096007, text), "2024-02-29T12:34:56.007Z");
    assert_string_equal(clock_format(253402300799999, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(253402300800000, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(-1, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(INT64_MAX, text), "1970-01-01T00:00:00.000Z");
    assert_true(clock_unix_ms() > 1700000000000);
}

/* What one call writes, without its time. */
static void logged(char *out, size_t size, int level, bool json, const struct vm *vm,
                   const char *message)
{
    char path[] = "/tmp/paddock-test-log.XXXXXX";
    int fd = mkstemp(path), err = dup(STDERR_FILENO);
    ssize_t n = 0;

    assert_true(fd >= 0 && err >= 0);
    log_setup(LOG_INFO, json);
    assert_int_equal(log_to_file(path), 0); /* in place of standard error */
    log_say(level, vm, "%s", message);
    log_to_file(NULL);
    dup2(err, STDERR_FILENO);
    n = read(fd, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    close(fd);
    close(err);
    unlink(path);
}

static void test_log_text(void **state)
{
    struct vm *vm = make_vm();
    char line[8192], *big = NULL;

    (void)state;
    logged(line, sizeof(line), LOG_WARNING, false, vm, "on fire");
    assert_string_equal(line + 24, " warning builder-1 abcdefghijklmnop: on fire\n");
    logged(line, sizeof(line), LOG_ERR, false, NULL,
           "a\nb\x1b[2Jc\xff\xc2\x9b"
           "d \xc3\xa9 \xe2\x80\xa6");
    assert_string_equal(line + 24,
                        " error a\\x0ab\\x1b[2Jc\\xff\\xc2\\x9bd \xc3\xa9 \xe2\x80\xa6\n");
    logged(line, sizeof(line), LOG_DEBUG, false, NULL, "not asked for");
    assert_string_equal(line, "");
    big = calloc(1, 100000);
    memset(big, 1, 99999);
    logged(line, sizeof(line), LOG_ERR, false, NULL, big);
    assert_true(strlen(line) < 2400 && line[strlen(line) - 1] == '\n');
    free(big);
    vm_free(vm);
}

static void test_log_json(void **state)
{
    struct vm *vm = make_vm();
    char line[8192];
    json_t *o = NULL;

    (void)state;
    logged(line, sizeof(line), LOG_WARNING, true, vm, "\"q\" \n \xff");
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1); /* one line */
    o = json_loads(line, 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "message")), "\"q\" \\x0a \\xff");
    assert_string_equal(json_string_value(json_object_get(o, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(o, "vm")), "builder-1");
    assert_string_equal(json_string_value(json_object_get(o, "id")), "abcdefghijklmnop");
    json_decref(o);
    vm_free(vm);
}

static void test_log_bounded(void **state)
{
    char path[] = "/tmp/paddock-test-log.XXXXXX", before[sizeof(path) + 2], line[256] = "";
    int fd = mkstemp(path), err = dup(STDERR_FILENO);
    struct stat full, st;

    (void)state;
    assert_true(fd >= 0 && err >= 0);
    snprintf(before, sizeof(before), "%s.1", path);
    assert_int_equal(log_to_file("/nowhere/log"), -ENOENT);
    assert_int_equal(ftruncate(fd, LOG_FILE_MAX), 0);
    log_setup(LOG_INFO, false);
    assert_int_equal(log_to_file(path), 0);
    log_say(LOG_ERR, NULL, "the last of one file");
    log_say(LOG_ERR, NULL, "the first of the next");
    fputs("beside the log\n", stderr);
    log_to_file(NULL);
    dup2(err, STDERR_FILENO);
    close(err);
    assert_int_equal(stat(before, &st), 0);
    assert_int_equal(fstat(fd, &full), 0);
    assert_true(st.st_size > LOG_FILE_MAX && st.st_ino == full.st_ino); /* renamed, not copied */
    close(fd);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0);
    assert_string_equal(line + 24, " error the first of the next\nbeside the log\n");
    close(fd);
    unlink(path);
    unlink(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),         cmocka_unit_test(test_bad_ids),
        cmocka_unit_test(test_states),      cmocka_unit_test(test_summary),
        cmocka_unit_test(test_detail),      cmocka_unit_test(test_clock),
        cmocka_unit_test(test_log_text),    cmocka_unit_test(test_log_json),
        cmocka_unit_test(test_log_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
