/* SPDX-License-Identifier: ISC */
/*
 * main.c: paddockd: options, the order of the start, signals, reload and the orderly end.
 *
 * What others rely on comes up first, and the control socket last: who can connect is answered. Down in the
 * reverse order. Exit status: 0 after an orderly end, 1 where it could not start, 2 for a mistake in the options.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <uv.h>

#include "activation.h"
#include "clock.h"
#include "control.h"
#include "farm.h"
#include "load.h"
#include "log.h"
#include "paths.h"
#include "state.h"
#include "version.h"

#define FILES_WANTED  65536u /* each VM has some ten descriptors */
/* Beyond shutdown_timeout: to end by force those who did not stop, and to tell all. */
#define END_MARGIN_MS 30000u

struct daemon {
    uv_loop_t loop;
    uv_signal_t signal[3];
    bool signals;
    struct paths paths;
    struct state *state;
    struct farm *farm;
    struct control *control;
    bool stopping;
};

static const char losses[] =
    "not run by root: every VM runs with your own uid, one VM's worker can reach another's and your files, and "
    "descriptors that clients pass are trusted like your own";

static const char usage[] =
    "usage: paddockd [--root DIR] [--worker FILE] [--log FILE] [--check] [--foreground]\n"
    "       paddockd --version | --help\n"
    "\n"
    "  --root DIR      keep everything under DIR: DIR/etc, DIR/db, DIR/run, DIR/log\n"
    "  --worker FILE   the vmm-worker to run\n"
    "  --log FILE      log there, at most 16 MiB in FILE and FILE.1, and not to standard error\n"
    "  --check         read the configuration, say what is wrong with it, and end\n"
    "  --foreground    do not go to the background (it never does)\n";

/* ---- Configuration ------------------------------------------------------------------------------ */

static void apply_log_settings(const struct host_config *c)
{
    log_setup(c->log_level, c->log_format == LOG_FORMAT_JSON);
}

static json_t *on_reload(void *ctx, bool *applied)
{
    struct daemon *d = ctx;
    struct diagnostics *diagnostics = diagnostics_new();
    struct host_config c;
    char outcome[128], state[192], why[256];
    json_t *said;

    *applied = false;
    if (diagnostics == NULL) {
        return json_array();
    }
    /* systemd matches the READY=1 that follows to this by the time. */
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
    activation_notify(state);
    if (load_config(&d->paths, &c, diagnostics) == 0) {
        apply_log_settings(&c);
        *applied = farm_configure(d->farm, &c, diagnostics) == 0;
        if (control_set_group(d->control, farm_config(d->farm)->socket_group, why, sizeof(why)) !=
            0) {
            diagnostics_add_at(diagnostics, SEVERITY_WARNING, d->paths.config, NULL, 0, 0, 0, why);
        }
    }
    host_config_free(&c);
    snprintf(outcome, sizeof(outcome), "%s: %zu errors, %zu warnings",
             *applied ? "the configuration was read again"
                      : "the configuration was not read again; the last good one stays",
             diagnostics_errors(diagnostics), diagnostics_warnings(diagnostics));
    log_say(*applied ? LOG_NOTICE : LOG_ERR, NULL, "%s", outcome);
    diagnostics_print(diagnostics, stderr, false);
    said = diagnostics_to_json(diagnostics);
    diagnostics_free(diagnostics);
    snprintf(state, sizeof(state), "READY=1\nSTATUS=%s", outcome);
    activation_notify(state);
    return said;
}

static int check(const struct paths *p)
{
    struct diagnostics *d = diagnostics_new();
    struct host_config c;
    int err;

    if (d == NULL) {
        return 1;
    }
    err = load_config(p, &c, d);
    diagnostics_print(d, stderr, isatty(STDERR_FILENO) != 0);
    printf("%s: %zu VMs, %zu errors, %zu warnings\n", p->config, c.vm_count, diagnostics_errors(d),
           diagnostics_warnings(d));
    err = err != 0 || diagnostics_errors(d) != 0;
    host_config_free(&c);
    diagnostics_free(d);
    return err;
}

static int configure(struct daemon *d)
{
    struct diagnostics *diagnostics = diagnostics_new();
    struct host_config c;
    int err;

    if (diagnostics == NULL) {
        return -ENOMEM;
    }
    err = load_config(&d->paths, &c, diagnostics);
    if (err == 0) {
        apply_log_settings(&c);
        err = farm_configure(d->farm, &c, diagnostics);
        diagnostics_print(diagnostics, stderr, isatty(STDERR_FILENO) != 0);
    } else {
        diagnostics_print(diagnostics, stderr, isatty(STDERR_FILENO) != 0);
        fprintf(stderr, "paddockd: the configuration cannot be used\n");
    }
    host_config_free(&c);
    diagnostics_free(diagnostics);
    return err;
}

/* ---- The end ------------------------------------------------------------------------------------ */

static void on_all_down(void *ctx)
{
    struct daemon *d = ctx;

    log_say(LOG_NOTICE, NULL, "all VMs are down");
    control_free(d->control);
    d->control = NULL;
    farm_watch(d->farm, NULL, NULL);
    farm_free(d->farm);
    d->farm = NULL;
    for (size_t i = 0; i < 3; i++) {
        uv_close((uv_handle_t *)&d->signal[i], NULL);
    }
    d->signals = false;
}

static void on_shutdown(void *ctx)
{
    struct daemon *d = ctx;
    char state[128];

    if (d->farm == NULL) {
        return;
    }
    log_say(LOG_NOTICE, NULL, d->stopping ? "stopping at once" : "stopping: VMs first");
    if (!d->stopping) {
        /* However long the guests may take, systemd is not to cut it short. */
        snprintf(state, sizeof(state),
                 "STOPPING=1\nSTATUS=stopping: VMs first\nEXTEND_TIMEOUT_USEC=%" PRIu64,
                 (farm_config(d->farm)->shutdown_timeout + END_MARGIN_MS) * 1000);
        activation_notify(state);
    }
    d->stopping = true;
    farm_shutdown(d->farm, on_all_down, d);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;
    bool applied;

    if (signum == SIGHUP) {
        json_decref(on_reload(d, &applied));
    } else {
        on_shutdown(d);
    }
}

/* ---- The start ---------------------------------------------------------------------------------- */

struct options {
    const char *root, *worker, *log;
    bool check;
};

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"root", required_argument, NULL, 'r'}, {"worker", required_argument, NULL, 'w'},
        {"log", required_argument, NULL, 'l'},  {"check", no_argument, NULL, 'c'},
        {"foreground", no_argument, NULL, 'f'}, {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'r': o->root = optarg; break;
        case 'w': o->worker = optarg; break;
        case 'l': o->log = optarg; break;
        case 'c': o->check = true; break;
        case 'f': break;
        case 'V': printf("paddockd %s\n", version_text); return 0;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "paddockd: unexpected argument \"%s\"\n%s", argv[optind], usage);
        return 2;
    }
    return -1;
}

/* Whoever started us may have left descriptors open: they are not for workers. */
static void keep_descriptors(void)
{
    struct rlimit l;
    int most = 65536;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < (rlim_t)most) {
        most = (int)l.rlim_cur;
    }
    for (int fd = 3; fd < most; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static void raise_limits(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < FILES_WANTED) {
        l.rlim_cur =
            l.rlim_max == RLIM_INFINITY || l.rlim_max > FILES_WANTED ? FILES_WANTED : l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static void catch_signals(struct daemon *d)
{
    static const int numbers[3] = {SIGTERM, SIGINT, SIGHUP};

    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&d->loop, &d->signal[i]);
        d->signal[i].data = d;
        uv_signal_start(&d->signal[i], on_signal, numbers[i]);
    }
    d->signals = true;
}

/* 0, or -1 with a sentence in `why` (which is empty if all was said). */
static int start(struct daemon *d, const struct options *o, char *why, size_t size)
{
    const struct control_daemon c = {.reload = on_reload,
                                     .shutdown = on_shutdown,
                                     .ctx = d,
                                     .started_at = clock_unix_ms(),
                                     .root = o->root,
                                     .losses = geteuid() == 0 ? NULL : losses};

    if (paths_make(&d->paths, why, size) != 0) {
        return -1;
    }
    d->state = state_open(d->paths.database, why, size);
    d->farm = d->state != NULL ? farm_new(&d->loop, &d->paths, d->state, why, size) : NULL;
    if (d->farm == NULL) {
        return -1;
    }
    state_note(d->state, &(struct state_event){.type = "host.started", .detail = NULL}, NULL);
    if (configure(d) != 0) {
        why[0] = '\0';
        return -1;
    }
    if (access(d->paths.worker, X_OK) != 0) {
        log_say(LOG_ERR, NULL, "no VM can start: %s: %s", d->paths.worker, strerror(errno));
    }
    catch_signals(d);
    d->control = control_new(&d->loop, d->farm, d->state, d->paths.socket, activation_socket(),
                             farm_config(d->farm)->socket_group, &c, why, size);
    return d->control != NULL ? 0 : -1;
}

static bool may_run(const struct options *o)
{
    if (geteuid() == 0) {
        return true;
    }
    if (o->root == NULL) {
        fputs("paddockd: /etc/paddock is root's: without root, give --root DIR\n", stderr);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct daemon d;
    struct options o = {0};
    char why[1024] = "";
    int status = read_options(argc, argv, &o), err;

    if (status >= 0) {
        return status;
    }
    if (o.log != NULL && !o.check && (err = log_to_file(o.log)) != 0) {
        fprintf(stderr, "paddockd: %s: %s\n", o.log, strerror(-err));
        return 1;
    }
    if (paths_set(&d.paths, o.root, o.worker, why, sizeof(why)) != 0) {
        fprintf(stderr, "paddockd: %s\n", why);
        return 1;
    }
    if (o.check) {
        return check(&d.paths);
    }
    if (!may_run(&o)) {
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    keep_descriptors();
    raise_limits();
    log_setup(LOG_INFO, false);
    if (geteuid() != 0) {
        log_say(LOG_WARNING, NULL, "%s", losses);
    }
    err = uv_loop_init(&d.loop);
    if (err != 0) {
        fprintf(stderr, "paddockd: the event loop: %s\n", uv_strerror(err));
        return 1;
    }
    if (start(&d, &o, why, sizeof(why)) == 0) {
        log_say(LOG_NOTICE, NULL, "ready: %zu VMs, control socket %s", farm_count(d.farm),
                d.paths.socket);
        activation_notify("READY=1");
        uv_run(&d.loop, UV_RUN_DEFAULT);
        status = 0;
    } else {
        status = 1;
        if (why[0] != '\0') {
            fprintf(stderr, "paddockd: %s\n", why);
        }
        if (d.farm != NULL) {
            farm_free(d.farm); /* nothing was started yet: that needs a turn of the loop */
        }
        for (size_t i = 0; d.signals && i < 3; i++) {
            uv_close((uv_handle_t *)&d.signal[i], NULL);
        }
        uv_run(&d.loop, UV_RUN_DEFAULT);
    }
    state_close(d.state);
    uv_loop_close(&d.loop);
    return status;
}
