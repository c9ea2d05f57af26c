/* SPDX-License-Identifier: ISC */
/* loop-wait.h: running a test's loop until something holds, with a deadline. */
#ifndef TEST_LOOP_WAIT_H
#define TEST_LOOP_WAIT_H

#include <poll.h>
#include <stdbool.h>

#include <uv.h>

#define LOOP_WAIT_NS (UINT64_C(30) * 1000000000)

#define loop_wait(loop, condition)                                                                 \
    do {                                                                                           \
        uint64_t loop_end_ = uv_hrtime() + LOOP_WAIT_NS;                                           \
        while (!(condition)) {                                                                     \
            assert_true(uv_hrtime() < loop_end_);                                                  \
            loop_turn(loop);                                                                       \
        }                                                                                          \
    } while (0)

/* One turn of the loop, once it has something to do, or a little later: other threads may have
 * changed something as well. */
static inline void loop_turn(uv_loop_t *loop)
{
    struct pollfd p = {.fd = uv_backend_fd(loop), .events = POLLIN};
    int timeout = uv_backend_timeout(loop);

    (void)poll(&p, 1, timeout < 0 || timeout > 2 ? 2 : timeout);
    uv_run(loop, UV_RUN_NOWAIT);
}

/* Lets everything happen that does not wait for anybody: to see that something does not. */
static inline void loop_settle(uv_loop_t *loop)
{
    for (unsigned i = 0; i < 20; i++) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
}

static inline bool fd_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

#endif
