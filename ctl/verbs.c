/* SPDX-License-Identifier: ISC */
/*
 * verbs.c: the table of verbs. See verb.h.
 */
#include <string.h>

#include "verb.h"

#define DOWN "stopped failed restarting"
#define UP   "queued starting running stopping restarting"

const struct option_spec global_options[] = {
    {"H host", "unix://PATH", "the daemon's socket; else VMCTL_HOST; else the system's"},
    {"root", "DIR", "the daemon that was started with this --root"},
    {"porcelain", NULL, "errors as JSON, no notes"},
    {"h help", NULL, "this verb's help"},
    {0}};

const struct verb verbs[] = {
    {"run", NULL, "", "make a VM and start it", run_options, 0, NULL, 0, 0, verb_run},
    {"create", NULL, "", "make a VM", create_options, 0, NULL, 0, 0, verb_create},
    {"list", "ls status show", "[NAME...]", "list VMs", list_options, VERB_VMS, NULL, 0,
     OPERANDS_ANY, verb_list},
    {"ps", NULL, "[NAME...]", "list VMs that run", ps_options, VERB_VMS, UP, 0, OPERANDS_ANY,
     verb_list},
    {"start", NULL, "NAME...", "start VMs", start_options, VERB_VMS, DOWN, 0, OPERANDS_ANY,
     verb_start},
    {"stop", "kill=--force destroy=--force", "NAME...", "stop VMs, by their power button first",
     stop_options, VERB_VMS, UP, 0, OPERANDS_ANY, verb_stop},
    {"restart", "reboot", "NAME...", "stop VMs and start them again", restart_options, VERB_VMS,
     "running", 0, OPERANDS_ANY, verb_restart},
    {"rm", "delete remove undefine", "NAME...", "remove VMs", rm_options, VERB_VMS, NULL, 0,
     OPERANDS_ANY, verb_rm},
    {"console", "attach", "NAME", "a VM's console on this terminal; ^] leaves", console_options,
     VERB_VMS, "running stopping", 1, 1, verb_console},
    {"logs", NULL, "NAME", "what a VM's console has shown", logs_options, VERB_VMS, NULL, 1, 1,
     verb_logs},
    {"inspect", "info get dominfo", "NAME...", "all that is known of VMs", inspect_options,
     VERB_VMS, NULL, 1, OPERANDS_ANY, verb_inspect},
    {"stats", NULL, "[NAME]", "CPU and memory that VMs use", stats_options, VERB_VMS, "running", 0,
     1, verb_stats},
    {"top", NULL, "[NAME]", "the same, again and again", top_options, VERB_VMS, "running", 0, 1,
     verb_top},
    {"events", "watch=--follow", "[NAME]", "what has happened", events_options, VERB_VMS, NULL, 0,
     1, verb_events},
    {"wait", NULL, "NAME...", "wait for VMs and print their exit statuses", wait_options, VERB_VMS,
     NULL, 1, OPERANDS_ANY, verb_wait},
    {"autostart", NULL, "enable|disable NAME...", "whether VMs start with the daemon", NULL,
     VERB_VMS, NULL, 2, OPERANDS_ANY, verb_autostart},
    {"validate", NULL, "[FILE|FOLDER...]", "check configuration files; needs no daemon",
     validate_options, VERB_LOCAL, NULL, 0, OPERANDS_ANY, verb_validate},
    {"schema", NULL, "[NAME]", "the JSON schema of the configuration, or of what NAME prints", NULL,
     VERB_LOCAL, NULL, 0, 1, verb_schema},
    {"config", NULL, "show|check", "the daemon's configuration; check is validate", config_options,
     VERB_LOCAL, NULL, 1, OPERANDS_ANY, verb_config},
    {"reload", NULL, "", "have the daemon read its configuration again", reload_options, 0, NULL, 0,
     0, verb_reload},
    {"drain", NULL, "", "start no more VMs on this host", NULL, 0, NULL, 0, 0, verb_drain},
    {"undrain", NULL, "", "start VMs again", NULL, 0, NULL, 0, 0, verb_undrain},
    {"shutdown", NULL, "", "stop all VMs and the daemon; with names: stop", shutdown_options, 0,
     NULL, 0, 0, verb_shutdown},
    {"version", NULL, "", "versions of vmctl and the daemon", version_options, VERB_LOCAL, NULL, 0,
     0, verb_version},
    {"doctor", NULL, "", "look for what is wrong", doctor_options, VERB_LOCAL, NULL, 0, 0,
     verb_doctor},
    {"completion", NULL, "bash|zsh|fish", "print a shell's completion script", NULL, VERB_LOCAL,
     NULL, 1, 1, verb_completion},
    {"help", NULL, "[VERB...]", "this, or a verb's help", help_options, VERB_LOCAL, NULL, 0,
     OPERANDS_ANY, verb_help},
    {"__complete", NULL, "", "", NULL, VERB_LOCAL | VERB_HIDDEN, NULL, 0, OPERANDS_ANY,
     verb_complete},
    {0}};

const struct verb *verb_find(const char *name, const char **implied)
{
    size_t size = strlen(name);

    for (const struct verb *v = verbs; v->name; v++) {
        const char *at = v->aliases;

        if (implied) {
            *implied = NULL;
        }
        if (strcmp(v->name, name) == 0) {
            return v;
        }
        while (at && *at) {
            size_t n = strcspn(at, "= "), all = strcspn(at, " ");

            if (n == size && strncmp(at, name, n) == 0) {
                if (implied && n < all) {
                    *implied = at + n + 1;
                }
                return v;
            }
            at += all + strspn(at + all, " ");
        }
    }
    return NULL;
}
