/* SPDX-License-Identifier: ISC */
/*
 * failure.c: names, error codes and exit statuses of failures. See failure.h.
 */
#include "failure.h"

#include <stddef.h>
#include <string.h>

/* vmctl(8), EXIT STATUS. */
enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_SUCH_VM = 3,
    EXIT_WRONG_STATE = 4,
    EXIT_LATER = 5, /* the same request may succeed later */
    EXIT_UNREACHABLE = 6,
    EXIT_DENIED = 7,
    EXIT_TIMED_OUT = 124
};

/* JSON-RPC's own codes; the others count down from this. */
#define RPC_FIRST_CODE (-32000)

static const struct {
    const char *name;
    int rpc; /* 0: RPC_FIRST_CODE - number */
    enum exit_status status;
} failures[] = {
    [FAILURE_NONE] = {"none", 0, EXIT_OK},
    [FAILURE_BAD_REQUEST] = {"bad_request", -32600, EXIT_FAILED},
    [FAILURE_NO_SUCH_METHOD] = {"no_such_method", -32601, EXIT_FAILED},
    [FAILURE_BAD_PARAMS] = {"bad_params", -32602, EXIT_USAGE},
    [FAILURE_INVALID_CONFIG] = {"invalid_config", 0, EXIT_FAILED},
    [FAILURE_NO_SUCH_VM] = {"no_such_vm", 0, EXIT_NO_SUCH_VM},
    [FAILURE_NAME_TAKEN] = {"name_taken", 0, EXIT_WRONG_STATE},
    [FAILURE_WRONG_STATE] = {"wrong_state", 0, EXIT_WRONG_STATE},
    [FAILURE_IN_USE] = {"in_use", 0, EXIT_WRONG_STATE},
    [FAILURE_FROM_CONFIG] = {"from_config", 0, EXIT_WRONG_STATE},
    [FAILURE_FILES_NEEDED] = {"files_needed", 0, EXIT_FAILED},
    [FAILURE_OVER_BUDGET] = {"over_budget", 0, EXIT_LATER},
    [FAILURE_DRAINING] = {"draining", 0, EXIT_LATER},
    [FAILURE_BUSY] = {"busy", 0, EXIT_LATER},
    [FAILURE_DENIED] = {"denied", 0, EXIT_DENIED},
    [FAILURE_TIMED_OUT] = {"timed_out", 0, EXIT_TIMED_OUT},
    [FAILURE_START_FAILED] = {"start_failed", 0, EXIT_FAILED},
    [FAILURE_STATE_UNREADABLE] = {"state_unreadable", 0, EXIT_FAILED},
    [FAILURE_UNSUPPORTED] = {"unsupported", 0, EXIT_FAILED},
    [FAILURE_UNREACHABLE] = {"unreachable", 0, EXIT_UNREACHABLE},
    [FAILURE_VERSION] = {"version", 0, EXIT_FAILED},
    [FAILURE_INTERNAL] = {"internal", -32603, EXIT_FAILED},
};

_Static_assert(sizeof(failures) / sizeof(failures[0]) == FAILURE_COUNT, "one row a failure");

const char *failure_name(enum failure f)
{
    return failures[(unsigned)f < FAILURE_COUNT ? f : FAILURE_INTERNAL].name;
}

enum failure failure_by_name(const char *name)
{
    for (unsigned f = 0; name != NULL && f < FAILURE_COUNT; f++) {
        if (strcmp(failures[f].name, name) == 0) {
            return (enum failure)f;
        }
    }
    return FAILURE_INTERNAL;
}

int failure_rpc_code(enum failure f)
{
    enum failure known = (unsigned)f < FAILURE_COUNT ? f : FAILURE_INTERNAL;

    return failures[known].rpc != 0 ? failures[known].rpc : RPC_FIRST_CODE - (int)known;
}

int failure_exit_status(enum failure f)
{
    return (int)failures[(unsigned)f < FAILURE_COUNT ? f : FAILURE_INTERNAL].status;
}
