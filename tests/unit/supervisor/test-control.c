/* SPDX-License-Identifier: ISC */
/*
 * test-control.c: the control socket with hostile, careless and vanishing clients. The farm is a stand-in with two VMs,
 * so that each state can be had at will; sockets, loop and methods are the real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "methods.h"
#include "worker.h"

/* ---- The stand-in ------------------------------------------------------------------------------- */

static struct vm vms[2];
static farm_watch_fn *watch;
static void *watch_ctx;
static struct host_config host;
static struct vm *made; /* what a create makes; NULL: it is refused */
static unsigned creations;

void farm_watch(struct farm *f, farm_watch_fn *fn, void *ctx)
{
    (void)f;
    watch = fn;
    watch_ctx = ctx;
}

size_t farm_count(const struct farm *f)
{
    (void)f;
    return 2;
}

struct vm *farm_at(struct farm *f, size_t index)
{
    (void)f;
    return &vms[index];
}

struct vm *farm_find(struct farm *f, const char *name)
{
    (void)f;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(name, vms[i].row.config.name) == 0 || strcmp(name, vms[i].row.id) == 0) {
            return &vms[i];
        }
    }
    return NULL;
}

const struct host_config *farm_config(const struct farm *f)
{
    (void)f;
    return &host;
}

enum failure farm_create(struct farm *f, const struct farm_create *c, struct vm **out,
                         struct refusal *r)
{
    (void)f;
    if (made != NULL) {
        vm_files_close(c->files);
        creations++;
        *out = made;
        return FAILURE_NONE;
    }
    snprintf(r->message, sizeof(r->message), "refused by the stand-in");
    return FAILURE_OVER_BUDGET;
}

enum failure farm_start(struct farm *f, struct vm *vm, struct vm_files *files, bool may_queue,
                        struct refusal *r)
{
    (void)f, (void)files, (void)may_queue, (void)r;
    vm->row.wanted = WANTED_RUNNING;
    return FAILURE_NONE;
}

void farm_stop(struct farm *f, struct vm *vm, bool force, uint64_t ms)
{
    (void)f, (void)vm, (void)force, (void)ms;
}

enum failure farm_restart(struct farm *f, struct vm *vm, bool force, uint64_t ms, struct refusal *r)
{
    (void)f, (void)vm, (void)force, (void)ms, (void)r;
    return FAILURE_NONE;
}

enum failure farm_remove(struct farm *f, struct vm *vm, bool force, struct refusal *r)
{
    return farm_restart(f, vm, force, 0, r);
}

enum failure farm_set_autostart(struct farm *f, struct vm *vm, bool on, struct refusal *r)
{
    return farm_restart(f, vm, on, 0, r);
}

void farm_drain(struct farm *f, bool on)
{
    (void)f, (void)on;
}

bool farm_draining(const struct farm *f)
{
    (void)f;
    return false;
}

void farm_get_use(const struct farm *f, struct admission_use *out)
{
    (void)f;
    memset(out, 0, sizeof(*out));
}

size_t farm_queue_position(const struct farm *f, const struct vm *vm)
{
    (void)f, (void)vm;
    return 0;
}

int farm_open_log(struct farm *f, const struct vm *vm, unsigned back, int fd[2], int *newer)
{
    (void)f, (void)vm, (void)back;
    fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fd[1] = -1;
    *newer = 0;
    return 0;
}

int farm_open_retired_log(struct farm *f, const char *name_or_id, unsigned back, int fd[2],
                          int *newer, uint64_t *boot)
{
    (void)f, (void)name_or_id, (void)back;
    fd[0] = fd[1] = -1;
    *newer = 0;
    *boot = 0;
    return -ENOENT;
}

/* A worker that says yes to everything and keeps nothing. */
void worker_attach_console(struct worker *w, int fd, worker_done_fn *done, void *ctx)
{
    (void)w;
    close(fd);
    done(ctx, 0, NULL);
}

void worker_ping(struct worker *w)
{
    (void)w;
}

void worker_get_stats(struct worker *w, worker_done_fn *done, void *ctx)
{
    (void)w;
    done(ctx, -EPIPE, NULL);
}

pid_t worker_pid(const struct worker *w)
{
    (void)w;
    return 0;
}

/* ---- Clients ------------------------------------------------------------------------------------ */

struct fixture {
    uv_loop_t loop;
    struct control *control;
    char path[64];
    int open_before;
};

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 512; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

static int make(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));
    static const struct control_daemon daemon = {.started_at = 1};
    char why[256] = "";

    assert_non_null(x);
    memset(vms, 0, sizeof(vms));
    for (int i = 0; i < 2; i++) {
        snprintf(vms[i].row.config.name, sizeof(vms[i].row.config.name), "vm-%d", i);
        snprintf(vms[i].row.id, sizeof(vms[i].row.id), "aaaaaaaaaaaaaaa%c", 'a' + i);
        vms[i].row.created_at = 1;
    }
    snprintf(x->path, sizeof(x->path), "/tmp/test-control-%ld.sock", (long)getpid());
    assert_int_equal(uv_loop_init(&x->loop), 0);
    x->control = control_new(&x->loop, NULL, NULL, x->path, -1, NULL, &daemon, why, sizeof(why));
    if (x->control == NULL) {
        fail_msg("%s", why);
    }
    uv_run(&x->loop, UV_RUN_NOWAIT);
    x->open_before = count_fds();
    *state = x;
    return 0;
}

static void turn(struct fixture *x)
{
    for (int i = 0; i < 8; i++) {
        uv_run(&x->loop, UV_RUN_NOWAIT);
    }
}

/* Every test ends here: all clients are gone and nothing is left open. */
static int destroy(void **state)
{
    struct fixture *x = *state;

    turn(x);
    for (int i = 0; i < 1000 && x->control->client_count != 0; i++) {
        poll(NULL, 0, 1); /* one that has used up its rate is looked at when it has more */
        turn(x);
    }
    assert_int_equal(x->control->client_count, 0);
    assert_null(x->control->waits);
    assert_int_equal(count_fds(), x->open_before);
    control_free(x->control);
    assert_int_equal(uv_run(&x->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&x->loop), 0);
    assert_int_not_equal(access(x->path, F_OK), 0);
    for (int i = 0; i < 2; i++) {
        free(vms[i].summary);
    }
    free(x);
    return 0;
}

static int dial(struct fixture *x)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", x->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    turn(x);
    return fd;
}

static void say(struct fixture *x, int fd, const char *text)
{
    assert_int_equal(rpc_send_some(fd, text, strlen(text), NULL, 0), strlen(text));
    turn(x);
}

/* What came, all of it. */
static const char *hear(struct fixture *x, int fd)
{
    static char buf[65536];
    ssize_t n;

    turn(x);
    n = recv(fd, buf, sizeof(buf) - 1, 0);
    buf[n > 0 ? n : 0] = '\0';
    return buf;
}

static void expect(struct fixture *x, int fd, const char *request, const char *part)
{
    const char *answer;

    say(x, fd, request);
    answer = hear(x, fd);
    if (strstr(answer, part) == NULL) {
        fail_msg("%s was answered with %s, without %s", request, answer, part);
    }
}

#define CALL(method, params)                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}\n"

static void test_requests_are_checked(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x);

    expect(x, fd, "nonsense\n", "\"bad_request\"");
    expect(x, fd, "[]\n", "not an object");
    expect(x, fd, "{\"jsonrpc\":\"2.0\",\"method\":\"vm.list\"}\n", "needs an id");
    expect(x, fd, "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"vm.list\"}\n", "bad_request");
    expect(x, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.list\",\"more\":1}\n",
           "no member \\\"more\\\"");
    expect(x, fd, CALL("vm.fly", ""), "\"no_such_method\"");
    expect(x, fd, CALL("vm.list", "\"stat\":1"), "no parameter \\\"stat\\\"");
    expect(x, fd, CALL("vm.list", "\"state\":1"), "\"bad_params\"");
    expect(x, fd, CALL("vm.inspect", ""), "needs \\\"name\\\"");
    expect(x, fd, CALL("vm.inspect", "\"name\":\"nobody\""), "\"no_such_vm\"");
    expect(x, fd, CALL("vm.create", "\"config\":{}"), "invalid_config");
    expect(x, fd, CALL("vm.wait", "\"name\":\"vm-0\",\"until\":\"bored\""), "\"bad_params\"");
    expect(x, fd, CALL("vm.list", ""), "\"name\":\"vm-1\"");
    expect(x, fd, CALL("vm.list", "\"name\":\"vm-0\""),
           "\"uptime_ms\":null,\"queue_position\":null}]}}");
    expect(x, fd, CALL("vm.list", "\"name\":\"vm-0\",\"brief\":true"),
           "{\"vms\":[{\"name\":\"vm-0\",\"state\":\"stopped\",\"cpus\":0,\"memory\":0}]}}");
    expect(x, fd, CALL("daemon.status", ""), "\"stopped\":2");
    close(fd);
}

static void test_a_refused_create_closes_its_files(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x), file = open("/dev/null", O_RDONLY);
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.create\",\"fds\":1,"
                               "\"params\":{\"config\":{\"name\":\"Bad\"}}}\n";

    assert_int_equal(rpc_send_some(fd, text, strlen(text), &file, 1), strlen(text));
    assert_non_null(strstr(hear(x, fd), "invalid_config"));
    /* None announced: the end. */
    assert_int_equal(rpc_send_some(fd, "\n", 1, &file, 1), 1);
    assert_non_null(strstr(hear(x, fd), "that no request announced"));
    assert_int_equal(x->control->client_count, 0);
    close(file);
    close(fd);
}

/* The one that would be the console is not there: nothing before the descriptors is taken for it. */
static void test_a_console_that_did_not_come_is_missed(void **state)
{
    struct fixture *x = *state;
    int pair[2], input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 64), fd = dial(x);

    /* Descriptor 0 is a stream, as it is under some service managers. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(dup2(pair[0], STDIN_FILENO) >= 0);
    expect(x, fd, CALL("vm.create", "\"config\":{\"cpus\":1},\"console\":true"), "none came");
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    if (input >= 0) {
        dup2(input, STDIN_FILENO);
        close(input);
    } else {
        close(STDIN_FILENO);
    }
    close(pair[0]);
    close(pair[1]);
    close(fd);
}

/* A key names what was made with it last, also where what was made with it before is gone. */
static void test_a_key_makes_one_vm(void **state)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.create\",\"fds\":1,\"params\":"
        "{\"config\":{\"name\":\"new\",\"kernel\":\"/k\"},\"key\":\"k\"}}\n";
    struct fixture *x = *state;
    int fd = dial(x), file = open("/proc/self/exe", O_RDONLY);

    vm_config_init(&host.defaults);
    for (unsigned i = 0; i < 4; i++) {
        made = &vms[i / 2];
        assert_int_equal(rpc_send_some(fd, text, strlen(text), &file, 1), strlen(text));
        const char *answer = hear(x, fd);
        if (strstr(answer, made->row.id) == NULL) {
            fail_msg("vm.create was answered with %s", answer);
        }
        assert_int_equal(creations, i / 2 + 1);
        vms[0].row.id[0] = i == 1 ? 'z' : vms[0].row.id[0]; /* the first one was removed */
    }
    made = NULL;
    creations = 0;
    vm_config_free(&host.defaults);
    host = (struct host_config){0};
    close(file);
    close(fd);
}

/* A name of a file is not a file: with O_PATH anybody has one of what he may not open. */
static void test_files_have_to_be_open_for_reading(void **state)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.create\",\"fds\":1,\"params\":"
        "{\"config\":{\"name\":\"new\",\"kernel\":\"/k\"}}}\n";
    const int flags[] = {
        O_WRONLY,
#ifdef __linux__
        010000000, /* O_PATH, on most architectures: POSIX alone does not know it */
        O_ACCMODE,
#endif
    };
    struct fixture *x = *state;
    int fd = dial(x);
    char path[80];

    snprintf(path, sizeof(path), "%s.file", x->path);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    vm_config_init(&host.defaults);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int file = open(path, flags[i]);
        const char *answer;

        assert_true(file >= 0);
        assert_int_equal(rpc_send_some(fd, text, strlen(text), &file, 1), strlen(text));
        answer = hear(x, fd);
        if (strstr(answer, "kernel was ") == NULL) {
            fail_msg("flags 0%o were answered with %s", (unsigned)flags[i], answer);
        }
        close(file);
    }
    vm_config_free(&host.defaults);
    host = (struct host_config){0};
    unlink(path);
    close(fd);
}

/* What quotes a part of a request is never broken in the middle of a character. */
static void test_a_cut_name_still_has_a_sentence(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x);
    char name[2 * 40 + 1], text[256];

    for (size_t i = 0; i < sizeof(name) - 1; i += 2) {
        memcpy(name + i, "\xc3\xa9", 2);
    }
    name[sizeof(name) - 1] = '\0';
    snprintf(
        text, sizeof(text),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.inspect\",\"params\":{\"name\":\"a%s\"}}\n",
        name);
    expect(x, fd, text, "\"message\":\"there is no VM ");
    close(fd);
}

static void test_an_over_long_line_ends_the_connection_alone(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x), other = dial(x);
    char *text = malloc(RPC_REQUEST_MAX + 2);
    size_t done = 0;

    memset(text, 'x', RPC_REQUEST_MAX + 2);
    while (done < RPC_REQUEST_MAX + 2) {
        long n = rpc_send_some(fd, text + done, RPC_REQUEST_MAX + 2 - done, NULL, 0);
        if (n < 0) {
            break;
        }
        done += (size_t)n;
        turn(x);
        expect(x, other, CALL("daemon.version", ""), "\"protocol\":1");
    }
    assert_non_null(strstr(hear(x, fd), "too long"));
    free(text);
    close(fd);
    close(other);
}

static void test_waits_end_by_change_time_and_client(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x), gone = dial(x);
    json_t *event = json_pack("{s:i,s:s,s:s}", "seq", 9, "type", "vm.started", "id", vms[0].row.id);

    vms[0].row.wanted = WANTED_RUNNING;
    say(x, gone, CALL("vm.wait", "\"name\":\"vm-0\",\"until\":\"running\",\"timeout_ms\":100000"));
    say(x, fd, CALL("vm.wait", "\"name\":\"vm-0\",\"until\":\"running\""));
    assert_non_null(x->control->waits);
    close(gone);
    turn(x);
    assert_int_equal(x->control->client_count, 1);
    expect(x, fd, CALL("events.subscribe", ""), "\"seq\":0");
    vms[0].row.seen = SEEN_RUNNING;
    watch(watch_ctx, &vms[0], event);
    const char *text = hear(x, fd);
    assert_non_null(strstr(text, "\"state\":\"running\""));
    assert_non_null(strstr(text, "\"method\":\"event\""));
    assert_null(x->control->waits);
    expect(x, fd, CALL("vm.wait", "\"name\":\"vm-1\",\"until\":\"running\""), "\"start_failed\"");
    expect(x, fd, CALL("vm.wait", "\"name\":\"vm-1\",\"until\":\"stopped\""), "\"result\"");
    expect(x, fd, CALL("vm.wait", "\"name\":\"vm-0\",\"until\":\"stopped\",\"timeout_ms\":0"),
           "\"timed_out\"");
    json_decref(event);
    close(fd);
}

static void test_connections_are_bounded(void **state)
{
    struct fixture *x = *state;
    int fd[CONTROL_CLIENTS_PER_USER + 1];

    for (size_t i = 0; i <= CONTROL_CLIENTS_PER_USER; i++) {
        fd[i] = dial(x);
    }
    assert_int_equal(x->control->client_count, CONTROL_CLIENTS_PER_USER);
    assert_non_null(strstr(hear(x, fd[CONTROL_CLIENTS_PER_USER]), "\"busy\""));
    for (size_t i = 0; i <= CONTROL_CLIENTS_PER_USER; i++) {
        close(fd[i]);
    }
}

/* Values of each type of JSON, as they stand in a request. */
static const struct value {
    const char *text;
    unsigned fits; /* a bit for each param_type that takes it */
} values[] = {
    {"null", 0},
    {"true", 1u << PARAM_FLAG},
    {"7", 1u << PARAM_COUNT | 1u << PARAM_INTEGER},
    {"-7", 1u << PARAM_INTEGER},
    {"1.5", 0},
    {"\"x\"", 1u << PARAM_STRING | 1u << PARAM_STRINGS},
    {"[\"x\"]", 1u << PARAM_STRINGS},
    {"[\"x\",7]", 0},
    {"[[]]", 0},
    {"{}", 1u << PARAM_OBJECT},
};

static void test_each_parameter_has_its_type(void **state)
{
    struct fixture *x = *state;
    size_t count, tried = 0;
    const struct method *table = methods_table(&count);
    int fd = dial(x);
    char text[256];

    for (size_t m = 0; m < count; m++) {
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            if (values[v].fits != 1u << PARAM_OBJECT && v != 0) {
                snprintf(text, sizeof(text),
                         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n",
                         table[m].name, values[v].text);
                expect(x, fd, text, "is not an object");
            }
            for (size_t p = 0; p < METHODS_PARAMS_MAX && table[m].param[p].name != NULL; p++) {
                if ((values[v].fits & 1u << table[m].param[p].type) == 0) {
                    snprintf(text, sizeof(text),
                             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
                             "\"params\":{\"%s\":%s}}\n",
                             table[m].name, table[m].param[p].name, values[v].text);
                    expect(x, fd, text, "\"bad_params\"");
                    tried++;
                }
            }
        }
        close(fd); /* before its rate is used up */
        fd = dial(x);
    }
    assert_true(tried > 200);
    close(fd);
}

/* Each would be matched with each VM. */
static void test_strings_are_bounded_together(void **state)
{
    static const char head[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.list\",\"params\":{\"name\":[\"vm-1\"";
    struct fixture *x = *state;
    size_t used = sizeof(head) - 1;
    char text[8192];
    int fd = dial(x);

    memcpy(text, head, used);
    for (int i = 0; i < 1000; i++) {
        memcpy(text + used, ",\"x\"", 4);
        used += 4;
    }
    memcpy(text + used, "]}}\n", 5);
    expect(x, fd, text, "vm-1");
    used -= 4;
    memset(text + used, 'x', 3000);
    memcpy(text + used, ",\"", 2);
    memcpy(text + used + 3000, "\"]}}\n", 6);
    expect(x, fd, text, "\"bad_params\"");
    close(fd);
}

static void test_descriptors_that_nobody_wants_are_closed(void **state)
{
    struct fixture *x = *state;
    size_t count;
    const struct method *table = methods_table(&count);
    int fd = dial(x), file[2] = {open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY)};
    int before = count_fds();
    char text[256];

    for (size_t m = 0; m < count; m++) {
        if (table[m].fds_max == 0) {
            const char *params = table[m].param[0].required && table[m].right == RIGHT_VM
                                     ? "{\"name\":\"vm-0\",\"until\":\"stopped\",\"on\":true}"
                                     : "{}";
            snprintf(text, sizeof(text),
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"fds\":2,\"params\":%s}\n",
                     table[m].name, params);
            assert_int_equal(rpc_send_some(fd, text, strlen(text), file, 2), strlen(text));
            assert_non_null(strstr(hear(x, fd), "\"error\""));
            assert_int_equal(count_fds(), before);
        }
    }
    close(file[0]);
    close(file[1]);
    close(fd);
}

/* Asks for the console of vm-0; our end of the stream. */
static int attach(struct fixture *x, int fd, const char *part)
{
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vm.console\",\"fds\":1,"
                               "\"params\":{\"name\":\"vm-0\",\"read_only\":true}}\n";
    int pair[2];
    const char *answer;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(rpc_send_some(fd, text, strlen(text), &pair[1], 1), strlen(text));
    close(pair[1]);
    answer = hear(x, fd);
    if (strstr(answer, part) == NULL) {
        fail_msg("vm.console was answered with %s, without %s", answer, part);
    }
    return pair[0];
}

static void run_first(bool runs)
{
    static char worker;

    vms[0].worker = runs ? (struct worker *)(void *)&worker : NULL;
    vms[0].row.seen = runs ? SEEN_RUNNING : SEEN_NOTHING;
    vms[0].row.wanted = runs ? WANTED_RUNNING : WANTED_STOPPED;
    vms[0].console = -1;
}

/* Whatever its worker does: neither streams that were closed at the other end nor those that stay add up. */
static void test_the_consoles_of_a_client_are_bounded(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x), before = count_fds(), kept[17];

    run_first(true);
    for (int i = 0; i < 40; i++) {
        close(attach(x, fd, "\"result\""));
    }
    assert_true(count_fds() <= before + 1);
    for (int i = 0; i < 17; i++) {
        kept[i] = attach(x, fd, i < 16 ? "\"result\"" : "\"busy\"");
    }
    for (int i = 0; i < 17; i++) {
        close(kept[i]);
    }
    run_first(false);
    close(fd);
}

/* A reload that gives a VM to somebody else takes it from the former owner, also what he has begun. */
static void test_a_former_owner_keeps_nothing(void **state)
{
    struct fixture *x = *state;
    struct peer owner = {.uid = geteuid() + 77, .pid = 1};
    char why[64];
    int pair[2], stream;
    const char *text;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    run_first(true);
    vms[0].row.owner = owner.uid;
    assert_true(clients_add(x->control, pair[1], &owner, false));
    stream = attach(x, pair[0], "\"result\"");
    say(x, pair[0], CALL("vm.wait", "\"name\":\"vm-0\",\"until\":\"stopped\""));
    assert_int_equal(control_set_group(x->control, NULL, why, sizeof(why)), 0);
    assert_non_null(x->control->waits);
    assert_non_null(x->control->consoles);
    vms[0].row.owner = 0;
    assert_int_equal(control_set_group(x->control, "no-such-group-here", why, sizeof(why)),
                     -ENOENT);
    text = hear(x, pair[0]);
    assert_non_null(strstr(text, "\"reason\":\"denied\""));
    assert_non_null(strstr(text, "belongs to another user now"));
    assert_null(x->control->waits);
    assert_null(x->control->consoles);
    run_first(false);
    close(stream);
    close(pair[0]);
}

static void test_the_rate_is_bounded(void **state)
{
    enum {
        REQUESTS = CONTROL_RATE + 60
    };
    static const char text[] = CALL("daemon.version", "");
    struct fixture *x = *state;
    int fd = dial(x), other = dial(x);
    size_t answers = 0;
    uint64_t begin = uv_now(&x->loop);

    for (size_t i = 0; i < REQUESTS; i++) {
        assert_int_equal(rpc_send_some(fd, text, strlen(text), NULL, 0), strlen(text));
    }
    while (answers < REQUESTS) {
        for (const char *p = hear(x, fd); (p = strchr(p, '\n')) != NULL; p++) {
            answers++;
        }
        expect(x, other, CALL("vm.list", ""), "vm-1");
        if (answers >= CONTROL_RATE / 2) {
            close(other); /* it has a rate, too */
            other = dial(x);
        }
    }
    /* None was lost, and those beyond the bucket waited for their tokens. */
    assert_int_equal(answers, REQUESTS);
    assert_true(uv_now(&x->loop) - begin >= (REQUESTS - CONTROL_RATE) * 1000 / CONTROL_RATE - 10);
    close(fd);
    close(other);
}

static void test_who_does_not_read_events_is_dropped(void **state)
{
    struct fixture *x = *state;
    int deaf = dial(x), other = dial(x);
    size_t sent = 0, heard = 0;
    char *cause = malloc(32769);
    json_t *event;

    memset(cause, 'x', 32768);
    cause[32768] = '\0';
    event = json_pack("{s:i,s:s,s:s,s:s}", "seq", 9, "type", "vm.ended", "id", vms[0].row.id,
                      "cause", cause);
    say(x, deaf, CALL("events.subscribe", ""));
    expect(x, other, CALL("events.subscribe", ""), "\"seq\":0");
    while (x->control->client_count == 2 && sent <= CONTROL_BACKLOG + (4u << 20)) {
        watch(watch_ctx, &vms[0], event);
        sent += 32768;
        for (const char *p = hear(x, other); (p = strchr(p, '\n')) != NULL; p++) {
            heard++;
        }
    }
    assert_int_equal(x->control->client_count, 1);
    assert_true(sent >= CONTROL_BACKLOG);
    assert_int_equal(heard, sent / 32768);
    expect(x, other, CALL("daemon.version", ""), "\"protocol\":1");
    json_decref(event);
    free(cause);
    close(deaf);
    close(other);
}

static void test_logs_come_as_descriptors(void **state)
{
    struct fixture *x = *state;
    int fd = dial(x), file;
    struct rpc_reader r;
    size_t size;

    rpc_reader_init(&r, 65536);
    say(x, fd, CALL("vm.logs", "\"name\":\"vm-0\""));
    assert_true(rpc_reader_fill(&r, fd) > 0);
    assert_non_null(strstr(rpc_reader_line(&r, &size), "\"present\":[true,false]"));
    assert_int_equal(rpc_reader_take_fds(&r, 1, &file), 0);
    close(file);
    rpc_reader_free(&r);
    close(fd);
}

/* Answers are short, and the descriptors that wait with them are few: who does not read cannot hold them all. */
static void test_logs_that_are_not_read_hold_few_descriptors(void **state)
{
    static const char text[] = CALL("vm.logs", "\"name\":\"vm-0\"");
    struct fixture *x = *state;
    int fd = dial(x), before = count_fds();
    char *cause = malloc(32769);
    json_t *event;

    memset(cause, 'x', 32768);
    cause[32768] = '\0';
    event = json_pack("{s:i,s:s,s:s,s:s}", "seq", 9, "type", "vm.ended", "id", vms[0].row.id,
                      "cause", cause);
    say(x, fd, CALL("events.subscribe", ""));
    for (int i = 0; i < 24; i++) { /* the socket is full */
        watch(watch_ctx, &vms[0], event);
    }
    for (int i = 0; i < 100; i++) {
        say(x, fd, text);
    }
    assert_true(count_fds() - before <= 32);
    json_decref(event);
    free(cause);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests_are_checked, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_refused_create_closes_its_files, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_console_that_did_not_come_is_missed, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_key_makes_one_vm, make, destroy),
        cmocka_unit_test_setup_teardown(test_files_have_to_be_open_for_reading, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_cut_name_still_has_a_sentence, make, destroy),
        cmocka_unit_test_setup_teardown(test_an_over_long_line_ends_the_connection_alone, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_waits_end_by_change_time_and_client, make, destroy),
        cmocka_unit_test_setup_teardown(test_connections_are_bounded, make, destroy),
        cmocka_unit_test_setup_teardown(test_each_parameter_has_its_type, make, destroy),
        cmocka_unit_test_setup_teardown(test_strings_are_bounded_together, make, destroy),
        cmocka_unit_test_setup_teardown(test_descriptors_that_nobody_wants_are_closed, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_the_consoles_of_a_client_are_bounded, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_former_owner_keeps_nothing, make, destroy),
        cmocka_unit_test_setup_teardown(test_the_rate_is_bounded, make, destroy),
        cmocka_unit_test_setup_teardown(test_who_does_not_read_events_is_dropped, make, destroy),
        cmocka_unit_test_setup_teardown(test_logs_come_as_descriptors, make, destroy),
        cmocka_unit_test_setup_teardown(test_logs_that_are_not_read_hold_few_descriptors, make,
                                        destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
