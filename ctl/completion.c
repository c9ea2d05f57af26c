/* SPDX-License-Identifier: ISC */
/*
 * completion.c: what a shell may complete. The shells' scripts only ask `vmctl __complete WORD…`, so that all
 * three offer the same, and VMs come from the daemon, those in a state in which the verb makes sense.
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "verb.h"

#define DAEMON_MS 500 /* a person waits at the prompt: after this there are no names */

/* bash takes words apart at ':' and '=', which the line as it is does not. */
static const char bash_script[] =
    "# bash completion for vmctl: eval \"$(vmctl completion bash)\"\n"
    "_vmctl() {\n"
    "    local line words\n"
    "    read -r -a words <<<\"${COMP_LINE:0:COMP_POINT}\"\n"
    "    case ${COMP_LINE:0:COMP_POINT} in *[[:blank:]]) words+=('') ;; esac\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        COMPREPLY+=(\"$line\")\n"
    "    done < <(vmctl __complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -o default -F _vmctl vmctl\n";
static const char zsh_script[] =
    "#compdef vmctl\n"
    "# zsh completion for vmctl: eval \"$(vmctl completion zsh)\"\n"
    "_vmctl() {\n"
    "    local -a found\n"
    "    found=(${(f)\"$(vmctl __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
    "    if (( $#found )); then compadd -a found; else _files; fi\n"
    "}\n"
    /* Installed, this file is the function's first call. */
    "if [ \"$funcstack[1]\" = _vmctl ]; then _vmctl \"$@\"; else compdef _vmctl vmctl; fi\n";
static const char fish_script[] =
    "# fish completion for vmctl: vmctl completion fish | source\n"
    "function __vmctl\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    vmctl __complete -- $words[2..-1] 2>/dev/null\n"
    "end\n"
    "complete -c vmctl -f -a '(__vmctl)'\n"
    "complete -c vmctl -n 'string match -q -- \"*/*\" (commandline -ct)' -F\n";

int verb_completion(struct call *c)
{
    const char *shell = c->options.operands[0];

    if (strcmp(shell, "bash") == 0) {
        fputs(bash_script, stdout);
    } else if (strcmp(shell, "zsh") == 0) {
        fputs(zsh_script, stdout);
    } else if (strcmp(shell, "fish") == 0) {
        fputs(fish_script, stdout);
    } else {
        return say_usage("completion", "bash, zsh and fish are known, \"%s\" is not", shell);
    }
    return STATUS_OK;
}

static void offer(const char *word, const char *start)
{
    if (strncmp(word, start, strlen(start)) == 0) {
        puts(word);
    }
}

static void offer_options(const struct option_spec *table, const char *start)
{
    for (; table && table->names; table++) {
        char name[64], word[72];

        options_name(table, name, sizeof(name));
        snprintf(word, sizeof(word), "--%s", name);
        if (name[1]) {
            offer(word, start);
        }
    }
}

static void offer_words(const char *words, const char *start)
{
    char word[32];

    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");

        snprintf(word, sizeof(word), "%.*s", (int)n, at);
        offer(word, start);
        at += n;
    }
}

/* What may follow an option; nothing here leaves it to the shell, which knows files. */
static void offer_values(const struct option_spec *spec, const char *start)
{
    static const char *const known[][2] = {
        {"format", "table json jsonl"},
        {"state", "stopped running ready removed changed"},
        {"sort", "name state uptime memory cpus restarts created"},
        {"restart", "no on-failure always unless-stopped"},
        {"filter", "state= name= label="},
    };
    char name[64];

    options_name(spec, name, sizeof(name));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i][0], name) == 0) {
            offer_words(known[i][1], start);
        }
    }
}

static void give_up(int number)
{
    (void)number;
    _exit(STATUS_OK);
}

/* A daemon that does not answer costs half a second and these names. */
static void offer_vms(struct call *c, const char *states, const char *start)
{
    const struct itimerval bound = {.it_value = {.tv_usec = DAEMON_MS * 1000}};
    json_t *result = NULL;
    const json_t *vm;
    size_t i;

    signal(SIGALRM, give_up);
    setitimer(ITIMER_REAL, &bound, NULL);
    if (call_connect(c) || call_ask(c, "vm.list", json_object(), NULL, &result)) {
        return;
    }
    json_array_foreach(json_object_get(result, "vms"), i, vm)
    {
        if (!states || strstr(states, text_of(vm, "state"))) {
            offer(text_of(vm, "name"), start);
        }
    }
    json_decref(result);
}

/* The words before the one being typed. */
struct typed {
    const struct verb *verb;
    const struct option_spec *option; /* the one whose value is being typed */
    size_t operands;                  /* of the verb */
};

static void read_words(struct call *c, char *const *words, size_t count, struct typed *t)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_spec *o = options_find(t->verb ? t->verb->options : NULL, words[i]);

        o = o ? o : options_find(global_options, words[i]);
        if (o && o->value && o->value[0] != '[') {
            if (i + 1 == count) {
                t->option = o;
            } else if (strstr(o->names, "host")) {
                c->host = words[i + 1];
            } else if (strcmp(o->names, "root") == 0) {
                c->root = words[i + 1];
            }
            i++;
        } else if (words[i][0] != '-' && !t->verb) {
            t->verb = verb_find(words[i], NULL);
        } else if (words[i][0] != '-') {
            t->operands++;
        }
    }
}

/* Operands: the words after vmctl, the last of which is being typed. */
int verb_complete(struct call *c)
{
    size_t count = c->options.operand_count;
    const char *start = count ? c->options.operands[count - 1] : "";
    struct typed t = {0};

    read_words(c, c->options.operands, count ? count - 1 : 0, &t);
    if (t.option) {
        offer_values(t.option, start);
    } else if (*start == '-') {
        offer_options(t.verb ? t.verb->options : NULL, start);
        offer_options(global_options, start);
    } else if (!t.verb || strcmp(t.verb->name, "help") == 0) {
        for (const struct verb *v = verbs; v->name; v++) {
            if (!(v->flags & VERB_HIDDEN)) {
                offer(v->name, start);
            }
        }
    } else if (strcmp(t.verb->name, "completion") == 0) {
        offer_words("bash zsh fish", start);
    } else if (strcmp(t.verb->name, "autostart") == 0 && t.operands == 0) {
        offer_words("enable disable", start);
    } else if (strcmp(t.verb->name, "config") == 0) {
        offer_words("show check", start);
    } else if (t.verb->flags & VERB_VMS && t.operands < t.verb->operands_max) {
        offer_vms(c, t.verb->states, start);
    }
    return STATUS_OK;
}
