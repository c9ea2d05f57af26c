/* SPDX-License-Identifier: ISC */
/* hostile-loop.h: a loop and sockets for the fuzz targets of devices that are served by a loop. */
#ifndef FUZZ_HOSTILE_LOOP_H
#define FUZZ_HOSTILE_LOOP_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "hostile-driver.h"

static uv_loop_t hostile_uv;

static inline void hostile_loop_init(void)
{
    static bool done;

    if (!done) {
        HOSTILE_CHECK(uv_loop_init(&hostile_uv) == 0);
        done = true;
    }
}

static inline void hostile_loop_turn(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        uv_run(&hostile_uv, UV_RUN_NOWAIT);
    }
}

/* ours never waits */
static inline void hostile_socketpair(int *ours, int *theirs)
{
    int pair[2];

    HOSTILE_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    HOSTILE_CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
    *ours = pair[0];
    *theirs = pair[1];
}

#endif
