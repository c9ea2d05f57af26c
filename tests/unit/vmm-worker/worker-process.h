/* SPDX-License-Identifier: ISC */
/*
 * worker-process.h: the vmm-worker program as a test's child, one at a time, and the supervisor's side of
 * its channel. What goes wrong fails the test; every wait has a deadline.
 */
#ifndef TEST_WORKER_PROCESS_H
#define TEST_WORKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frame.h"
#include "protocol.h"

#define DEADLINE_MS 60000 /* for what happens in milliseconds, unless a machine is very slow */

extern struct worker_process {
    char path[512];
    pid_t pid; /* 0: none */
    int channel;
    uint32_t seq;
    struct frame_reader reader;
} worker;

/* ---- Files ---- */

/* A nameless file of this guest behind an Image header, or of `size` zeros without one, opened as
 * `flags` say. */
int file_make(const uint32_t *code, size_t count, off_t size, int flags);
int file_of_guest(const uint32_t *code, size_t count);
int file_of_size(off_t size);

/* ---- The process ---- */

/* Whether it was built; at the beginning of main(). */
bool worker_find(void);

/* Starts it with this descriptor as its channel; -1: without. */
void worker_spawn(int channel);

/* With a socket pair. Setup and teardown of a test. */
int worker_start(void **state);
int worker_stop(void **state);

/* Closes the channel and waits for its exit status; whatever is on its way is not waited for. No process
 * of its group is left then. */
int worker_exit_status(void);

/* ---- The channel ---- */

/* The sequence number of what was sent. */
uint32_t worker_send(uint16_t type, const void *payload, size_t size, const int *fds, size_t count);
uint32_t worker_send_plain(uint16_t type);
uint32_t worker_send_number(uint16_t type, uint64_t value);
void worker_send_stop(uint32_t timeout_ms);
void worker_send_hello(uint32_t version);

/* The next frame, or NULL at the end of the channel. */
const struct frame *worker_receive(void);

/* The next frame of this type; others are passed over. */
const struct frame *worker_expect(uint16_t type);

/* The channel ends without a word of the VM's end. */
void worker_expect_hang_up(void);

/* It says how the VM ended, and that is the last word. */
struct msg_ended worker_expect_end(enum outcome outcome);

/* The number in the next message of this type; of the reply to `seq` unless that is 0. */
uint64_t worker_expect_number(uint16_t type, uint32_t seq);

/* HELLO, both ways. */
void worker_greet(void);

/* ---- START ---- */

struct start {
    struct msg_start m;
    int fd[FRAME_MAX_FDS];
    size_t count;
};

/* One that a worker accepts: a kernel and two log segments. */
struct start start_make(const uint32_t *code, size_t count);

/* These take the descriptor. */
void start_replace(struct start *s, size_t i, int fd);
void start_add_initrd(struct start *s, int fd);
void start_add_disk(struct start *s, int fd);
void start_add_net(struct start *s, int fd);

/* Closes our descriptors. */
void start_close(struct start *s);

/* Sends it and closes our descriptors. */
void start_send(struct start *s);

/* All of it, until the guest runs. */
void worker_run_guest(const uint32_t *code, size_t count);

#endif
