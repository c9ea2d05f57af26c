/* SPDX-License-Identifier: ISC */
/*
 * completion.c: what a shell may complete. The shells' scripts only ask `vmctl __complete WORD…`, so that all
 * three offer the same, and VMs come from the daemon, those in a state in which the verb makes sense.
 */
#include <string.h>

#include "verb.h"

static const char bash_script[] =
    "# bash completion for vmctl: eval \"$(vmctl completion bash)\"\n"
    "_vmctl() {\n"
    "    local line\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        COMPREPLY+=(\"$line\")\n"
    "    done < <(vmctl __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -o default -F _vmctl vmctl\n";
static const char zsh_script[] =
    "#compdef vmctl\n"
    "# zsh completion for vmctl: eval \"$(vmctl completion zsh)\"\n"
    "_vmctl() {\n"
    "    local -a found\n"
    "    found=(${(f)\"$(vmctl __complete -- ${words[2,CURRENT]} 2>/dev/null)\"})\n"
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

static void offer_vms(struct call *c, const char *states, const char *start)
{
    json_t *result = NULL;
    const json_t *vm;
    size_t i;

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

/* Operands: the words after vmctl, the last of which is being typed. */
int verb_complete(struct call *c)
{
    size_t count = c->options.operand_count;
    const char *start = count ? c->options.operands[count - 1] : "";
    const struct verb *verb = NULL;

    for (size_t i = 0; i + 1 < count && !verb; i++) {
        const char *word = c->options.operands[i];

        if (strcmp(word, "-H") == 0 || strcmp(word, "--host") == 0 || strcmp(word, "--root") == 0) {
            const char **slot = word[2] == 'r' ? &c->root : &c->host;

            i++;
            *slot = i + 1 < count ? c->options.operands[i] : NULL;
        } else if (word[0] != '-') {
            verb = verb_find(word, NULL);
        }
    }
    if (!verb) {
        for (const struct verb *v = verbs; v->name; v++) {
            if (!(v->flags & VERB_HIDDEN) && *start != '-') {
                offer(v->name, start);
            }
        }
        offer_options(*start == '-' ? global_options : NULL, start);
    } else if (*start == '-') {
        offer_options(verb->options, start);
    } else if (strcmp(verb->name, "help") == 0) {
        for (const struct verb *v = verbs; v->name; v++) {
            if (!(v->flags & VERB_HIDDEN)) {
                offer(v->name, start);
            }
        }
    } else if (strcmp(verb->name, "completion") == 0) {
        offer("bash", start);
        offer("zsh", start);
        offer("fish", start);
    } else if (strcmp(verb->name, "autostart") == 0 && count == 2) {
        offer("enable", start);
        offer("disable", start);
    } else if (strcmp(verb->name, "config") == 0) {
        offer("show", start);
        offer("check", start);
    } else if (verb->flags & VERB_VMS) {
        offer_vms(c, verb->states, start);
    }
    return STATUS_OK;
}
