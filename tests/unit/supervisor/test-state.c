/* SPDX-License-Identifier: ISC */
/*
 * test-state.c: supervisor/state.c on real files: what was written is there after any end, and what cannot be relied on
 * is refused and left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "state.h"

static char folder[64], database[96], why[512];

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/paddock-test-state.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(database, sizeof(database), "%s/paddock.db", folder);
    why[0] = '\0';
    return 0;
}

static int unmake(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char path[128];

    (void)state;
    chmod(folder, 0700);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s%s", database, endings[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static struct state *open_state(void)
{
    struct state *s = state_open(database, why, sizeof(why));

    if (s == NULL) {
        fail_msg("refused: %s", why);
    }
    return s;
}

static void assert_refused(const char *because)
{
    assert_null(state_open(database, why, sizeof(why)));
    if (strstr(why, because) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why, because);
    }
    assert_non_null(strstr(why, database));
}

/* Does something to the file behind the daemon's back. */
static void tamper(const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void fill(struct vm_row *row, const char *name)
{
    memset(row, 0, sizeof(*row));
    vm_config_init(&row->config);
    snprintf(row->config.name, sizeof(row->config.name), "%s", name);
    row->config.kernel = strdup("/boot/vmlinuz");
    assert_int_equal(vm_id_generate(row->id), 0);
    row->autostart = -1;
    row->run.exit_status = -1;
}

/* Every field has a value that is not its default and not its neighbour's. */
static void fill_all(struct vm_row *row)
{
    fill(row, "builder-1");
    row->config.cpus = 3;
    row->config.memory = UINT64_C(1536) << 20;
    row->config.autostart = true;
    row->config.restart = RESTART_UNLESS_STOPPED;
    row->config.stop_timeout = 77000;
    row->config.label_count = 1;
    row->config.label[0].key = strdup("team");
    row->config.label[0].value = strdup("Gr\xc3\xbc\xc3\x9f \"e\"; DROP TABLE vms; --");
    row->source = VM_FROM_CLIENT;
    row->owner = 1001;
    row->wanted = WANTED_RUNNING;
    row->seen = SEEN_STOPPING;
    row->ephemeral = true;
    row->failed = true;
    row->stopped_by_user = true;
    row->autostart = 1;
    row->attempts = UINT32_MAX;
    row->restarts = 12;
    row->boots = UINT64_MAX;
    row->retry_at = 1700000000123;
    row->created_at = 1600000000456;
    row->uid = 4294967294u;
    for (size_t i = 0; i < VM_TOKEN_LENGTH; i++) {
        row->token[i] = (uint8_t)(i * 9); /* with NULs */
    }
    row->process = (struct vm_process){.pid = 4711, .start = UINT64_MAX - 5, .boot = "a-boot"};
    row->run = (struct vm_run){.started_at = 1,
                               .ready_at = 2,
                               .ended_at = 3,
                               .outcome = OUTCOME_PANIC,
                               .step = STEP_INITRD,
                               .code = -2147483647,
                               .exit_status = 255,
                               .signal = 9};
    memset(row->run.cause, 0xff, sizeof(row->run.cause) - 1); /* as long as may be, and no UTF-8 */
}

struct loaded {
    size_t count;
    struct vm_row row[64];
};

static void keep(void *ctx, struct vm_row *row)
{
    struct loaded *l = ctx;

    assert_true(l->count < 64);
    l->row[l->count++] = *row;
    memset(&row->config, 0, sizeof(row->config)); /* its strings are moved */
}

static void load(struct state *s, struct loaded *l)
{
    l->count = 0;
    assert_int_equal(state_load(s, keep, l), 0);
}

static void drop(struct loaded *l)
{
    for (size_t i = 0; i < l->count; i++) {
        vm_config_free(&l->row[i].config);
    }
    l->count = 0;
}

static void assert_same_row(const struct vm_row *a, const struct vm_row *b)
{
    char differences[512];

    vm_config_differences(&a->config, &b->config, differences, sizeof(differences));
    assert_string_equal(differences, "");
    assert_string_equal(a->config.name, b->config.name);
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->owner, b->owner);
    assert_int_equal(a->wanted, b->wanted);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->ephemeral, b->ephemeral);
    assert_int_equal(a->failed, b->failed);
    assert_int_equal(a->stopped_by_user, b->stopped_by_user);
    assert_int_equal(a->autostart, b->autostart);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->restarts, b->restarts);
    assert_true(a->boots == b->boots);
    assert_true(a->retry_at == b->retry_at && a->created_at == b->created_at);
    assert_int_equal(a->uid, b->uid);
    assert_memory_equal(a->token, b->token, VM_TOKEN_LENGTH);
    assert_int_equal(a->process.pid, b->process.pid);
    assert_true(a->process.start == b->process.start);
    assert_string_equal(a->process.boot, b->process.boot);
    assert_true(a->run.started_at == b->run.started_at && a->run.ready_at == b->run.ready_at &&
                a->run.ended_at == b->run.ended_at);
    assert_int_equal(a->run.outcome, b->run.outcome);
    assert_int_equal(a->run.step, b->run.step);
    assert_int_equal(a->run.code, b->run.code);
    assert_int_equal(a->run.exit_status, b->run.exit_status);
    assert_int_equal(a->run.signal, b->run.signal);
    assert_string_equal(a->run.cause, b->run.cause);
}

static void test_round_trip(void **state)
{
    static struct loaded l;
    struct state *s = open_state();
    struct vm_row plain, all;

    (void)state;
    fill(&plain, "a");
    fill_all(&all);
    assert_int_equal(state_insert(s, &plain, NULL, NULL), 0);
    assert_int_equal(state_insert(s, &all, NULL, NULL), 0);
    state_close(s);

    s = open_state();
    load(s, &l);
    assert_int_equal(l.count, 2);
    assert_same_row(&l.row[0], &plain);
    assert_same_row(&l.row[1], &all);
    drop(&l);

    /* The same through an update; only its own row changes. */
    memcpy(all.id, plain.id, sizeof(all.id));
    snprintf(all.config.name, sizeof(all.config.name), "a");
    assert_int_equal(state_update(s, &all, NULL, NULL), 0);
    load(s, &l);
    assert_int_equal(l.count, 2);
    assert_same_row(&l.row[0], &all);
    assert_string_equal(l.row[1].config.name, "builder-1");
    drop(&l);
    state_close(s);
    vm_config_free(&plain.config);
    vm_config_free(&all.config);
}

static void test_a_change_and_its_event_are_one(void **state)
{
    struct state *s = open_state();
    json_t *detail = json_pack("{si}", "n", 7), *events = NULL;
    struct state_event e = {"vm.created", "abc", "a", detail, 1700000000000};
    struct vm_row row, other;
    int64_t seq = -1;

    (void)state;
    fill(&row, "a");
    fill(&other, "a");
    assert_int_equal(state_insert(s, &row, &e, &seq), 0);
    assert_int_equal(seq, 1);
    /* A name is taken once, and the refusal leaves no event. */
    assert_int_equal(state_insert(s, &other, &e, &seq), -EEXIST);
    assert_int_equal(seq, 0);
    assert_true(strlen(state_error(s)) > 0);
    assert_int_equal(state_update(s, &other, &e, &seq), -ENOENT);
    /* An event that cannot be written takes its change with it. */
    snprintf(other.config.name, sizeof(other.config.name), "b");
    assert_int_equal(state_insert(s, &other, &(struct state_event){.type = NULL}, &seq), -EEXIST);
    assert_int_equal(state_update(s, &other, NULL, &seq), -ENOENT);
    assert_int_equal(state_delete(s, "nosuchid", &e, &seq), -ENOENT);
    assert_int_equal(state_delete(s, row.id, &e, &seq), 0);
    assert_int_equal(seq, 2);
    assert_int_equal(state_insert(s, &other, NULL, &seq), 0); /* and it is free again */
    assert_int_equal(seq, 0);

    events = state_events(s, &(struct state_query){.limit = 100});
    assert_int_equal(json_array_size(events), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(events, 0), "time")),
                        "2023-11-14T22:13:20.000Z");
    assert_true(json_equal(json_object_get(json_array_get(events, 0), "detail"), detail));
    json_decref(events);
    json_decref(detail);
    state_close(s);
    vm_config_free(&row.config);
    vm_config_free(&other.config);
}

static size_t count_events(struct state *s, int64_t since, const char *vm, size_t limit)
{
    json_t *events =
        state_events(s, &(struct state_query){.since = since, .vm = vm, .limit = limit});
    size_t n = json_array_size(events);

    assert_non_null(events);
    json_decref(events);
    return n;
}

static void test_events(void **state)
{
    struct state *s = open_state();
    int64_t seq = 0;
    json_t *events;

    (void)state;
    for (int i = 1; i <= 20; i++) {
        struct state_event e = {"t", i % 2 ? "id-odd" : NULL, i % 2 ? "odd" : NULL, NULL, 1000 * i};

        assert_int_equal(state_note(s, &e, &seq), 0);
        assert_int_equal(seq, i);
    }
    assert_int_equal(count_events(s, 0, NULL, 100), 20);
    assert_int_equal(count_events(s, 0, NULL, 3), 3);
    assert_int_equal(count_events(s, 18, NULL, 100), 2);
    assert_int_equal(count_events(s, 0, "odd", 100), 10);
    assert_int_equal(count_events(s, 0, "id-odd", 100), 10);
    assert_int_equal(count_events(s, 0, "' OR 1 --", 100), 0);
    events = state_events(
        s, &(struct state_query){.since_time = 6000, .type = "t*", .limit = 3, .latest = true});
    assert_int_equal(json_array_size(events), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "seq")), 18);
    json_decref(events);
    events = state_events(s, &(struct state_query){.since_time = 6000, .limit = 3});
    assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "seq")), 6);
    json_decref(events);
    events = state_events(s, &(struct state_query){.type = "t?", .limit = 3});
    assert_int_equal(json_array_size(events), 0);
    json_decref(events);
    assert_int_equal(state_prune_events(s, 5000, 1000), 0); /* by age: 1 to 4 go */
    assert_int_equal(count_events(s, 0, NULL, 100), 16);
    assert_int_equal(state_prune_events(s, 0, 10), 0); /* by number */
    assert_int_equal(count_events(s, 0, NULL, 100), 10);
    assert_int_equal(state_prune_events(s, INT64_MAX, 10), 0);
    assert_int_equal(count_events(s, 0, NULL, 100), 0);
    assert_int_equal(state_note(s, &(struct state_event){.type = "t"}, &seq), 0);
    assert_int_equal(seq, 21); /* numbers are not used again */
    state_close(s);
}

/* What was acknowledged is there after kill -9; at most one more may be. */
static void test_kill_between(void **state)
{
    static struct loaded l;

    (void)state;
    for (int round = 0; round < 8; round++) {
        int acks[2], status = 0;
        size_t before = 0, acknowledged = 0;
        struct state *s = open_state();
        char byte = 0;
        pid_t pid = 0;

        load(s, &l);
        before = l.count;
        drop(&l);
        state_close(s);
        assert_int_equal(pipe(acks), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct state *own = state_open(database, why, sizeof(why));

            for (int i = 0; own != NULL && i < 5; i++) {
                struct vm_row row;
                char name[32];

                snprintf(name, sizeof(name), "vm-%d-%d", round, i);
                fill(&row, name);
                if (state_insert(own, &row, NULL, NULL) != 0 || write(acks[1], "x", 1) != 1) {
                    _exit(1);
                }
            }
            for (;;) {
                pause();
            }
        }
        close(acks[1]);
        while ((int)acknowledged <= round % 5 && read(acks[0], &byte, 1) == 1) {
            acknowledged++;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(acks[0], &byte, 1) == 1) {
            acknowledged++;
        }
        close(acks[0]);
        s = open_state();
        load(s, &l);
        assert_true(l.count >= before + acknowledged && l.count <= before + acknowledged + 1);
        drop(&l);
        state_close(s);
    }
}

static void test_two_daemons(void **state)
{
    struct state *s = open_state();

    (void)state;
    assert_refused("another daemon uses it");
    state_close(s);
    s = open_state();
    state_close(s);
}

static void test_newer_schema(void **state)
{
    struct state *s = open_state();

    (void)state;
    state_close(s);
    tamper("PRAGMA user_version = 1000");
    assert_refused("newer version");
    tamper("PRAGMA user_version = 1"); /* and it was left as it was */
    state_close(open_state());
}

static void test_strangers_database(void **state)
{
    (void)state;
    tamper("CREATE TABLE vms (id)");
    assert_refused("another program's database");
}

static void write_file(const char *bytes, size_t size, off_t at)
{
    int fd = open(database, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    close(fd);
}

static void test_no_database(void **state)
{
    static const char text[] = "this was never a database, but it may be dear to somebody\n";
    char after[sizeof(text)] = "";
    int fd = -1;

    (void)state;
    write_file(text, sizeof(text), 0);
    assert_refused("not a database");
    fd = open(database, O_RDONLY);
    assert_int_equal(read(fd, after, sizeof(after)), sizeof(after));
    assert_memory_equal(after, text, sizeof(text)); /* nothing is deleted */
    close(fd);
}

static void test_corrupt(void **state)
{
    struct state *s = open_state();
    struct vm_row row;
    struct stat st;
    char *junk = NULL;

    (void)state;
    fill(&row, "a");
    for (int i = 0; i < 300; i++) {
        assert_int_equal(state_note(s, &(struct state_event){.type = "some.event"}, NULL), 0);
    }
    assert_int_equal(state_insert(s, &row, NULL, NULL), 0);
    state_close(s);
    vm_config_free(&row.config);
    assert_int_equal(stat(database, &st), 0);
    assert_true(st.st_size > 8192);
    junk = malloc((size_t)st.st_size - 4096);
    memset(junk, 0xa5, (size_t)st.st_size - 4096); /* the first page is whole, the tables are not */
    write_file(junk, (size_t)st.st_size - 4096, 4096);
    free(junk);
    assert_null(state_open(database, why, sizeof(why)));
    assert_true(strstr(why, "damaged") != NULL || strstr(why, "malformed") != NULL);
}

static void test_incomprehensible_rows(void **state)
{
    static const char *const changes[] = {
        "UPDATE vms SET wanted = 'dancing'",
        "UPDATE vms SET id = '../../etc/passwd'",
        "UPDATE vms SET name = 'Upper'",
        "UPDATE vms SET config = '{'",
        "UPDATE vms SET config = '{\"cpus\": \"many\"}'",
        "UPDATE vms SET token = x'00'",
        "UPDATE vms SET run_outcome = 9999",
        "UPDATE vms SET pid = -1",
        "UPDATE vms SET owner = 4294967296",
        "UPDATE vms SET ephemeral = 2",
    };
    static struct loaded l;

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct state *s = open_state();
        struct vm_row row;

        fill(&row, "a");
        assert_int_equal(state_insert(s, &row, NULL, NULL), 0);
        state_close(s);
        tamper(changes[i]);
        s = open_state();
        l.count = 0;
        if (state_load(s, keep, &l) != -EPROTO || l.count != 0) {
            fail_msg("%s: understood", changes[i]);
        }
        state_close(s);
        tamper("DELETE FROM vms");
        vm_config_free(&row.config);
    }
}

static void test_read_only_folder(void **state)
{
    int status = 0;
    pid_t pid = 0;

    (void)state;
    if (geteuid() == 0) {
        assert_int_equal(chmod(folder, 0755), 0);
    } else {
        assert_int_equal(chmod(folder, 0500), 0);
    }
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(2);
        }
        _exit(state_open(database, why, sizeof(why)) == NULL && strstr(why, "denied") != NULL ? 0
                                                                                              : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_links_and_folders(void **state)
{
    char target[128];

    (void)state;
    snprintf(target, sizeof(target), "%s/elsewhere", folder);
    assert_int_equal(symlink(target, database), 0);
    assert_refused("symbolic link");
    unlink(database);
    assert_int_equal(mkfifo(database, 0600), 0);
    assert_refused("regular file");
    unlink(database);
    assert_int_equal(mkdir(database, 0700), 0);
    assert_null(state_open(database, why, sizeof(why)));
    assert_int_equal(rmdir(database), 0);
}

static void test_private(void **state)
{
    struct state *s = NULL;
    struct stat st;

    (void)state;
    umask(0);
    s = open_state();
    umask(022);
    assert_int_equal(stat(database, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    state_close(s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_a_change_and_its_event_are_one),
        TEST(test_events),
        TEST(test_kill_between),
        TEST(test_two_daemons),
        TEST(test_newer_schema),
        TEST(test_strangers_database),
        TEST(test_no_database),
        TEST(test_corrupt),
        TEST(test_incomprehensible_rows),
        TEST(test_read_only_folder),
        TEST(test_links_and_folders),
        TEST(test_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
