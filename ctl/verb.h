/* SPDX-License-Identifier: ISC */
/*
 * verb.h: vmctl's verbs: what each is called, what it takes, and the function that does it.
 *
 * One table, verbs[], from which help, completion, `vmctl help --all` and the test of vmctl(8) are made.
 */
#ifndef PADDOCK_CTL_VERB_H
#define PADDOCK_CTL_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "client.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "say.h"

/* One run of vmctl. */
struct call {
    const struct verb *verb;
    const char *host, *root; /* as given; NULL */
    const char *name;        /* the word the verb was called by */
    struct options options;
    struct format format;  /* of --format, if the verb has that */
    struct client *client; /* NULL until call_connect() */
};

enum verb_flags {
    VERB_LOCAL = 1, /* needs no daemon */
    VERB_VMS = 2,   /* its operands are VMs, which completion asks the daemon for */
    VERB_HIDDEN = 4
};

struct verb {
    const char *name;
    const char *
        aliases; /* "kill=--force destroy=--force": other names, and an option each implies; NULL */
    const char *operands;
    const char *help; /* one line */
    const struct option_spec *options;
    unsigned flags;
    const char *states; /* of VMs that completion offers, blank-separated; NULL: all */
    size_t operands_min, operands_max;
    int (*run)(struct call *c); /* the exit status */
};

#define OPERANDS_ANY ((size_t)-1)

extern const struct verb verbs[]; /* ends with name NULL */
extern const struct option_spec global_options[];

/* By name or alias; *implied (may be NULL) is the alias's option or NULL. */
const struct verb *verb_find(const char *name, const char **implied);

/* 0, or the exit status of what was said. */
int call_connect(struct call *c);
/* Calls and reports a failure; *result (may be NULL) is a new reference. Takes over params. */
int call_ask(struct call *c, const char *method, json_t *params, const char *subject,
             json_t **result);
/* The VMs a multi-argument verb acts on: its operands, or with --all those of the daemon that are in one
 * of `states` (NULL: any). A new array of names. NULL: *status. */
json_t *call_targets(struct call *c, const char *states, int *status);
/* --timeout and others: a duration in milliseconds, `fallback` if it was not given; -1: *status. */
json_int_t call_duration(struct call *c, const char *option, json_int_t fallback, int *status);
/* Prints an object or array by --format. */
int call_print(struct call *c, const json_t *value);

/* Whether the reader of standard output is gone, as far as can be known without writing. */
bool call_unread(void);

/* Sends vm.wait. timeout_ms 0: none. */
enum failure call_wait(struct call *c, const char *name, const char *until, json_int_t timeout_ms,
                       struct reply *r);

const char *text_of(const json_t *object, const char *key); /* "" if there is none */
/* Of an object with "outcome" and "cause", such as a VM's summary: the outcome, NONE if it is not known; the cause, or
 * else what the outcome means; the exit status of `run --attach` and `wait`. */
enum outcome call_outcome(const json_t *vm);
const char *call_outcome_text(const json_t *vm);

#define FORMAT_OPTION                                                                              \
    {                                                                                              \
        "format", "F", "table, json, jsonl, or a template: '{{.Name}} {{.State}}'"                 \
    }

/* verb-run.c */
extern const struct option_spec run_options[], create_options[];
int verb_run(struct call *c);
int verb_create(struct call *c);
/* Opens `path` as a start needs it. The descriptor, or -1 when it was said why not. */
int run_open_file(const char *slot, const char *path, bool writable);

/* verb-list.c */
extern const struct option_spec list_options[], ps_options[], inspect_options[], stats_options[],
    top_options[];
int verb_list(struct call *c);
int verb_inspect(struct call *c);
int verb_stats(struct call *c);
int verb_top(struct call *c);

/* verb-life.c */
extern const struct option_spec start_options[], stop_options[], restart_options[], rm_options[],
    wait_options[];
int verb_start(struct call *c);
int verb_stop(struct call *c);
int verb_restart(struct call *c);
int verb_rm(struct call *c);
int verb_wait(struct call *c);
int verb_autostart(struct call *c);

/* verb-logs.c */
extern const struct option_spec logs_options[], events_options[];
int verb_logs(struct call *c);
int verb_events(struct call *c);

/* console.c */
extern const struct option_spec console_options[];
int verb_console(struct call *c);
enum console_end {
    CONSOLE_OPEN,
    CONSOLE_ENDED,    /* the run, or what else the daemon says in *why */
    CONSOLE_TAKEN,    /* by another client: said, *status */
    CONSOLE_DETACHED, /* by the user */
    CONSOLE_LOST,     /* the daemon went: said, *status */
    CONSOLE_UNREAD,   /* nobody reads standard output any more: *status is as of SIGPIPE */
    CONSOLE_SIGNALLED /* *status is 128 and the signal */
};
struct console_look {
    bool read_only;
    int escape; /* -1: none */
};
#define CONSOLE_ESCAPE 0x1d
/* Joins the terminal and `fd`, a console's stream, until one of the above. *why is a new reference or NULL. */
enum console_end console_join(struct call *c, const char *name, int fd,
                              const struct console_look *look, json_t **why, int *status);

/* verb-host.c */
extern const struct option_spec version_options[], shutdown_options[], config_options[],
    reload_options[];
int verb_version(struct call *c);
int verb_reload(struct call *c);
int verb_drain(struct call *c);
int verb_undrain(struct call *c);
int verb_shutdown(struct call *c);
int verb_config(struct call *c);

/* verb-check.c */
extern const struct option_spec validate_options[], doctor_options[];
int verb_validate(struct call *c);
int verb_schema(struct call *c);
int verb_doctor(struct call *c);

/* completion.c, help.c */
extern const struct option_spec help_options[];
int verb_completion(struct call *c);
int verb_complete(struct call *c);
int verb_help(struct call *c);
void help_verb(const struct verb *v, FILE *out);

#endif
