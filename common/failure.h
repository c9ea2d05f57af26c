/* SPDX-License-Identifier: ISC */
/*
 * failure.h: why a request was refused or failed. The names are stable: scripts match on them, and each
 * has a paragraph in paddock-protocol(5). The exit statuses are vmctl's (vmctl(8), EXIT STATUS).
 */
#ifndef PADDOCK_FAILURE_H
#define PADDOCK_FAILURE_H

enum failure {
    FAILURE_NONE = 0,
    FAILURE_BAD_REQUEST, /* not JSON-RPC, too long, too deep, wrong descriptors */
    FAILURE_NO_SUCH_METHOD,
    FAILURE_BAD_PARAMS,     /* a parameter is missing, unknown or of the wrong type */
    FAILURE_INVALID_CONFIG, /* a VM's or the host's configuration: data.diagnostics says all of it */
    FAILURE_NO_SUCH_VM,
    FAILURE_NAME_TAKEN,
    FAILURE_WRONG_STATE,  /* the VM is not in a state in which this can be done */
    FAILURE_IN_USE,       /* a writable disk that another VM has */
    FAILURE_FROM_CONFIG,  /* the VM stands in the configuration: change it there */
    FAILURE_FILES_NEEDED, /* data.files lists what the client is to open and pass */
    FAILURE_OVER_BUDGET,  /* and the queue is full or was not wanted; data has the numbers */
    FAILURE_DRAINING,     /* the host takes no more starts */
    FAILURE_BUSY,         /* too many connections or requests */
    FAILURE_DENIED,
    FAILURE_TIMED_OUT,
    FAILURE_START_FAILED,     /* data has outcome, step, code, cause */
    FAILURE_STATE_UNREADABLE, /* the database could not be read or written */
    FAILURE_UNSUPPORTED,      /* this VM, guest or host has not what it takes */
    FAILURE_UNREACHABLE,      /* vmctl's own: no daemon answers */
    FAILURE_VERSION,          /* daemon and client do not speak the same protocol */
    FAILURE_INTERNAL,
    FAILURE_COUNT
};

const char *failure_name(enum failure f);       /* "no_such_vm" */
enum failure failure_by_name(const char *name); /* FAILURE_INTERNAL if unknown */
int failure_rpc_code(enum failure f);           /* JSON-RPC's error code: -32700… or -32000 - f */
int failure_exit_status(enum failure f);        /* 1-7, 124 */

#endif
