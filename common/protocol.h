/* SPDX-License-Identifier: ISC */
/*
 * protocol.h: the channel between a supervisor and a vmm-worker: messages, their payloads, and
 * which is legal when.
 *
 * Frames are frame.h's. The supervisor speaks first (HELLO); the worker answers HELLO, and if the
 * versions differ both close. Then START, READY or ENDED. Every message from a worker has a fixed
 * layout but for one bounded text. The supervisor treats those bytes as an attack; the worker
 * checks the supervisor's as well, because a description is made from what clients sent.
 *
 * Encoders return the payload's size or 0 when it does not fit; decoders return 0 or -EPROTO and
 * then leave *out in an unspecified but initialised state.
 */
#ifndef PADDOCK_PROTOCOL_H
#define PADDOCK_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "outcome.h"

#define PROTOCOL_VERSION     1u
#define PROTOCOL_CHANNEL_FD  3 /* where a worker finds its channel */

#define PROTOCOL_TEXT_MAX    512u
#define PROTOCOL_ID_MAX      32u
#define PROTOCOL_NAME_MAX    63u
#define PROTOCOL_CMDLINE_MAX 2047u
#define PROTOCOL_DISKS_MAX   16u
#define PROTOCOL_NETS_MAX    8u
#define PROTOCOL_CPUS_MAX    16u
#define PROTOCOL_MEMORY_MIN  (UINT64_C(64) << 20)
#define PROTOCOL_MEMORY_MAX  (UINT64_C(64) << 30)
#define PROTOCOL_MTU_MIN     576u
#define PROTOCOL_MTU_MAX     65521u
#define PROTOCOL_STATS_MAX   384u /* the largest VM has some 340, and they still fit in a frame */

enum message_type {
    /* Supervisor to worker. */
    MSG_HELLO = 1,
    MSG_START = 2,
    MSG_STOP = 3, /* graceful, then force */
    MSG_KILL = 4, /* force */
    MSG_PAUSE = 5,
    MSG_RESUME = 6,
    MSG_STATS = 7,
    MSG_PING = 8,
    MSG_CONSOLE = 9,        /* with one stream socket: replay of the ring, then live, and input */
    MSG_BALLOON = 10,       /* new target */
    MSG_VSOCK_CONNECT = 11, /* with one stream socket: to a port of the guest, which answers */
    MSG_VSOCK_LISTEN = 12,  /* the guest may connect to this port of the host */
    MSG_AGENT = 13,         /* with one stream socket: to the guest agent's port */

    /* Worker to supervisor. */
    MSG_HELLO_REPLY = 64,
    MSG_READY = 65,  /* everything is set up; vCPUs run from now on */
    MSG_BOOTED = 66, /* the guest wrote the boot timer */
    MSG_STATE = 67,  /* running, paused, stopping */
    MSG_STATS_REPLY = 68,
    MSG_PONG = 69,
    MSG_LOG = 70,
    MSG_ENDED = 71,          /* last message: how it ended */
    MSG_RESULT = 72,         /* answer to CONSOLE, BALLOON, VSOCK_*, PAUSE, RESUME: 0 or an errno */
    MSG_VSOCK_INCOMING = 73, /* with one stream socket: the guest connected to a listened port */
};

enum worker_state {
    WORKER_NEW,
    WORKER_GREETED,
    WORKER_RUNNING,
    WORKER_PAUSED,
    WORKER_STOPPING,
    WORKER_ENDED
};

/* Whether a worker in this state accepts this message from its supervisor, and the reverse for the
 * supervisor's view of a worker. */
bool protocol_worker_accepts(enum worker_state state, uint16_t type);
bool protocol_supervisor_accepts(enum worker_state state, uint16_t type);
const char *protocol_message_name(uint16_t type);

struct msg_hello {
    uint32_t version;
    char build[PROTOCOL_NAME_MAX + 1]; /* build id, for logs */
    uint32_t pid;                      /* of a worker's reply */
};

enum disk_flags {
    DISK_READ_ONLY = 1u << 0
};
enum net_flags {
    NET_CHECKSUM_OFFLOAD = 1u << 0
}; /* the peer takes frames with partial checksums */
enum start_flags {
    START_HAS_INITRD = 1u << 0,
    START_VSOCK = 1u << 1,
    START_BALLOON = 1u << 2,
    START_CONSOLE = 1u << 3 /* a client is attached before the guest's first byte */
};

/*
 * Everything a worker needs to know. Descriptors of the frame, in this order: kernel, initrd (if
 * START_HAS_INITRD), the two console log segments, disks, networks, the client's stream socket (if
 * START_CONSOLE; as MSG_CONSOLE's).
 */
struct msg_start {
    char id[PROTOCOL_ID_MAX + 1];           /* [a-z2-7]+ */
    char name[PROTOCOL_NAME_MAX + 1];       /* [a-z][a-z0-9-]* */
    uint32_t cpus;                          /* 1-16 */
    uint64_t memory;                        /* bytes, a multiple of 2 MiB */
    char cmdline[PROTOCOL_CMDLINE_MAX + 1]; /* the user's part; printable ASCII */
    uint32_t flags;
    uint32_t
        stop_timeout_ms; /* of a stop that names none, and of the one after the supervisor's loss */
    uint32_t grace_ms;   /* how long to go on without a supervisor */
    uint32_t
        console_segment; /* bytes in a log segment before the other one is used; 4096 - 64 MiB */
    uint32_t vsock_cid;  /* the guest's, >= 3 */
    uint32_t disk_count;
    struct {
        uint32_t flags;
        char serial[21]; /* as the guest reads it; at most 20 characters */
    } disk[PROTOCOL_DISKS_MAX];
    uint32_t net_count;
    struct {
        uint32_t flags;
        uint8_t mac[6]; /* unicast */
        uint16_t mtu;   /* 576-65521 */
    } net[PROTOCOL_NETS_MAX];
};

struct msg_stop {
    uint32_t timeout_ms; /* 0: START's */
};

struct msg_number { /* BALLOON: MiB; VSOCK_*: port; RESULT: errno; STATE: enum worker_state; BOOTED:
                       microseconds since the first instruction */
    uint64_t value;
};

struct msg_ready {
    uint64_t kernel_size;
    uint64_t entry;
    uint64_t dtb;
    uint64_t setup_us; /* from START to here */
};

struct msg_text {   /* LOG */
    uint32_t level; /* as syslog(3) */
    char text[PROTOCOL_TEXT_MAX + 1];
};

struct msg_ended {
    enum outcome outcome;
    enum start_step step;
    int32_t code; /* errno or hv_return_t of the first cause; 0: none */
    char cause[PROTOCOL_TEXT_MAX + 1];
};

struct msg_stats {
    uint32_t count;
    struct {
        char name[32]; /* such as "blk0.read_bytes" */
        uint64_t value;
    } entry[PROTOCOL_STATS_MAX];
};

size_t msg_hello_encode(const struct msg_hello *in, uint8_t *buf, size_t size);
int msg_hello_decode(const uint8_t *buf, size_t size, struct msg_hello *out);
size_t msg_start_encode(const struct msg_start *in, uint8_t *buf, size_t size);
/* Checks every field's range, and the characters of its strings: why names the first that is wrong,
 * and is empty where none is. */
int msg_start_decode(const uint8_t *buf, size_t size, struct msg_start *out,
                     char why[PROTOCOL_TEXT_MAX + 1]);
size_t msg_stop_encode(const struct msg_stop *in, uint8_t *buf, size_t size);
int msg_stop_decode(const uint8_t *buf, size_t size, struct msg_stop *out);
size_t msg_number_encode(const struct msg_number *in, uint8_t *buf, size_t size);
int msg_number_decode(const uint8_t *buf, size_t size, struct msg_number *out);
size_t msg_ready_encode(const struct msg_ready *in, uint8_t *buf, size_t size);
int msg_ready_decode(const uint8_t *buf, size_t size, struct msg_ready *out);
size_t msg_text_encode(const struct msg_text *in, uint8_t *buf, size_t size);
int msg_text_decode(const uint8_t *buf, size_t size, struct msg_text *out);
size_t msg_ended_encode(const struct msg_ended *in, uint8_t *buf, size_t size);
int msg_ended_decode(const uint8_t *buf, size_t size, struct msg_ended *out);
size_t msg_stats_encode(const struct msg_stats *in, uint8_t *buf, size_t size);
int msg_stats_decode(const uint8_t *buf, size_t size, struct msg_stats *out);

/* How many descriptors a START with this description carries. */
size_t msg_start_fd_count(const struct msg_start *m);

/* The MAC of interface `index` of the VM with this id: locally administered, unicast, stable: the
 * FNV-1a hash of both. */
void protocol_mac(const char *id, unsigned index, uint8_t mac[6]);

/* Whether a worker is given this variable ("NAME=VALUE"): its environment is empty but for what tests and
 * sanitizers need. */
bool protocol_passes_variable(const char *variable);

#endif
