/* SPDX-License-Identifier: ISC */
/*
 * run-options.h: vmm-run's command line.
 */
#ifndef VMM_RUN_OPTIONS_H
#define VMM_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define RUN_VSOCK_MAX 16u

enum run_vsock_direction {
    RUN_VSOCK_CONNECT, /* path is listened on; who connects there reaches the guest's port */
    RUN_VSOCK_LISTEN   /* the guest connects to the port and reaches who listens on path */
};

/* Strings point into the command line. */
struct run_options {
    const char *worker; /* NULL: beside ourselves */
    const char *kernel;
    const char *initrd; /* NULL: none */
    const char *append;
    const char *name;
    const char *log; /* NULL: a nameless temporary file */
    uint32_t cpus;
    uint64_t memory; /* bytes */
    uint32_t disk_count;
    struct {
        char path[1024];
        bool read_only;
    } disk[PROTOCOL_DISKS_MAX];
    uint32_t net_count;
    const char *net[PROTOCOL_NETS_MAX];
    uint32_t vsock_count;
    struct {
        enum run_vsock_direction direction;
        uint32_t port;
        const char *path;
    } vsock[RUN_VSOCK_MAX];
    const char *agent; /* listened on; who connects reaches the guest agent's port. NULL: nobody */
    bool has_balloon;
    uint64_t balloon; /* MiB */
    uint64_t log_segment;
    uint64_t stop_after_ms; /* 0: never */
    uint32_t stop_timeout_ms;
    uint32_t grace_ms;
    uint32_t pause_cycles;
    bool stats;
};

/* 0: run; 1: --help was asked for and printed; 2: a bad argument, and stderr says which. */
int run_options_parse(int argc, char **argv, struct run_options *out);

/*
 * A size in bytes: a number with K, M, G or T (powers of 1024, an iB or B may follow); bare numbers
 * count `unit` bytes. 0, or -1.
 */
int run_size_parse(const char *text, uint64_t unit, uint64_t *out);

#endif
