/* SPDX-License-Identifier: ISC */
/*
 * virtio-vsock.c: see virtio-vsock.h.
 *
 * Everything but the queues belongs to the loop's thread: a packet from the driver is taken out
 * under the device's lock and acted upon without it. Nothing is queued towards the driver. What a
 * connection has to say is a set of bits, and its data stay in its socket until the driver has both
 * a buffer and credit for them; only resets that belong to no connection are kept in a short list.
 */
#include "virtio-vsock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stream.h"
#include "vsock-packet.h"

#define VSOCK_F_STREAM (UINT64_C(1) << 0)

enum {
    QUEUE_RECEIVE = 0,
    QUEUE_TRANSMIT = 1,
    QUEUES = 3, /* and that of events, of which there are none */

    CONFIG_SIZE = 8, /* u64 guest_cid */

    /* What a connection has still to tell the driver, in this order. */
    OWE_REQUEST = 1 << 0,
    OWE_RESPONSE = 1 << 1,
    OWE_SHUTDOWN = 1 << 2,
    OWE_CREDIT = 1 << 3,
    OWE_CREDIT_REQUEST = 1 << 4,
    OWE_RST = 1 << 5,

    PACKET_DATA = 65536,                   /* to the driver, at most */
    CREDIT_STEP = VIRTIO_VSOCK_BUFFER / 4, /* of freed buffer that is worth a packet of its own */
    STRAYS = 64,
    PACKETS_AT_ONCE = 128, /* before other handles of the loop get their turn */
    LINGER_MS = 8000,      /* for the guest's answer to the end of a connection */
    TICK_MS = 500,
    FIRST_PORT = 49152,
};

enum connection_state {
    FREE,
    CONNECTING, /* we asked, the guest has not answered */
    OPEN,
    LINGERING, /* the socket is closed, the guest has still to say that it is done */
    DRAINING,  /* the guest is done, the socket has still to take its last bytes */
    RESETTING, /* the socket is closed, the guest has still to be told */
};

struct connection {
    struct virtio_vsock *owner;
    enum connection_state state;
    bool polled; /* poll is a handle; the entry is not reused before it is closed */
    uv_poll_t poll;
    int fd; /* -1: closed */
    int events;
    uint32_t host_port, guest_port;
    uint64_t deadline; /* of CONNECTING and LINGERING, in the loop's milliseconds */
    bool awaited;      /* who asked for it is still to be told what became of it */
    uint32_t token;
    unsigned owed;
    unsigned guest_shutdown; /* VSOCK_SHUTDOWN_ flags: what each will not do any more */
    unsigned host_shutdown;
    bool readable; /* the socket may have something */
    bool asked;    /* for credit, since it ran out */

    /* To the guest: bytes sent; room and bytes consumed as it last told. */
    uint32_t sent, guest_buffer, guest_forwarded;

    /* From the guest: a ring of bytes that the socket has not taken. */
    uint32_t forwarded, told; /* consumed; as last told */
    uint32_t first, held;
    uint8_t *ring; /* as long as there is a socket */
};

/* A packet that fits no connection. */
struct stray {
    uint64_t source_cid;
    uint32_t source_port, target_port;
    uint16_t type;
};

struct virtio_vsock {
    struct virtio virtio;
    uv_loop_t *loop;
    uv_async_t async;
    uv_timer_t timer;
    unsigned handles; /* whose closing callbacks are to come */
    uint32_t cid;
    void (*incoming)(void *ctx, uint32_t port, int fd);
    void (*connected)(void *ctx, uint32_t token, int err);
    void *ctx;
    uint64_t generation; /* that the connections belong to */
    bool serving;        /* callbacks may call back */
    uint32_t next_port;
    unsigned top;  /* entries from here on are free */
    unsigned turn; /* the connection that sends first */
    uint32_t listener[VIRTIO_VSOCK_LISTENERS];
    unsigned listeners;
    struct stray stray[STRAYS];
    unsigned strays;
    struct connection connection[VIRTIO_VSOCK_CONNECTIONS];
    uint8_t data[PACKET_DATA];
    struct virtq_chain chain; /* being worked on */

    /* Under the device's lock. */
    bool has_spare; /* a receive chain that was not used yet */
    struct virtq_chain spare;
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, resets, opened;
};

static void serve(struct virtio_vsock *s);

/* ---- Connections ---- */

static void on_closed(uv_handle_t *handle)
{
    struct virtio_vsock *s = handle->data;

    if (--s->handles == 0) {
        virtio_destroy(&s->virtio);
        free(s);
    }
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;

    c->polled = false;
    handle->data = c->owner;
    on_closed(handle);
}

/* What became of a connection that the host asked for; the first answer counts. */
static void tell(struct connection *c, int err)
{
    if (c->awaited) {
        c->awaited = false;
        c->owner->connected(c->owner->ctx, c->token, err);
    }
}

static void close_socket(struct connection *c)
{
    if (c->fd < 0) {
        return;
    }
    tell(c, -ECONNRESET);
    uv_close((uv_handle_t *)&c->poll, on_connection_closed);
    close(c->fd);
    c->fd = -1;
    c->forwarded += c->held;
    c->held = 0;
    free(c->ring);
    c->ring = NULL;
}

/* The guest knows that it is over, or need not. */
static void forget(struct connection *c)
{
    close_socket(c);
    c->state = FREE;
    c->owed = 0;
}

/* Ends a connection from our side. */
static void reset(struct connection *c)
{
    close_socket(c);
    c->state = RESETTING;
    c->owed = OWE_RST;
}

/* The socket is of no use any more, or the host closed it altogether. */
static void linger(struct connection *c)
{
    if (c->state == DRAINING) {
        forget(c);
        return;
    }
    if (c->guest_shutdown == VSOCK_SHUTDOWN_BOTH) {
        reset(c);
        return;
    }
    close_socket(c);
    c->state = LINGERING;
    c->deadline = uv_now(c->owner->loop) + LINGER_MS;
    c->host_shutdown = VSOCK_SHUTDOWN_BOTH;
    c->owed = (c->owed & OWE_RESPONSE) | OWE_SHUTDOWN;
}

/* The connection that a packet can belong to. */
static struct connection *find(struct virtio_vsock *s, uint32_t host_port, uint32_t guest_port)
{
    for (unsigned i = 0; i < s->top; i++) {
        struct connection *c = &s->connection[i];

        if (c->state != FREE && c->state != DRAINING && c->host_port == host_port &&
            c->guest_port == guest_port) {
            return c;
        }
    }
    return NULL;
}

/* A new connection for fd, which must be fit (stream_prepare) and stays the caller's on failure. */
static struct connection *open_connection(struct virtio_vsock *s, uint32_t host_port,
                                          uint32_t guest_port, int fd, int *err)
{
    struct connection *c = NULL;
    unsigned i;

    for (i = 0; i < VIRTIO_VSOCK_CONNECTIONS && c == NULL; i++) {
        if (s->connection[i].state == FREE && !s->connection[i].polled) {
            c = &s->connection[i];
        }
    }
    if (c == NULL) {
        *err = -EMFILE;
        return NULL;
    }
    memset(c, 0, sizeof(*c));
    c->owner = s;
    c->ring = malloc(VIRTIO_VSOCK_BUFFER);
    *err = c->ring != NULL ? uv_poll_init(s->loop, &c->poll, fd) : -ENOMEM;
    if (*err < 0) {
        free(c->ring);
        c->ring = NULL;
        return NULL;
    }
    s->top = s->top > i ? s->top : i;
    c->poll.data = c;
    c->polled = true;
    s->handles++;
    c->fd = fd;
    c->host_port = host_port;
    c->guest_port = guest_port;
    return c;
}

/* How many bytes the guest has room for. */
static uint32_t credit(const struct connection *c)
{
    return vsock_credit(c->sent, c->guest_buffer, c->guest_forwarded);
}

/* Writes to the socket what it takes of the guest's bytes, and then ends what is to be ended. */
static void drain(struct connection *c)
{
    while (c->fd >= 0 && c->held > 0) {
        uint32_t n = c->held;
        ssize_t taken;

        if (n > VIRTIO_VSOCK_BUFFER - c->first) {
            n = VIRTIO_VSOCK_BUFFER - c->first;
        }
        taken = stream_write(c->fd, c->ring + c->first, n);
        if (taken == -EAGAIN) {
            break;
        }
        if (taken <= 0) {
            linger(c);
            return;
        }
        c->first = (c->first + (uint32_t)taken) % VIRTIO_VSOCK_BUFFER;
        c->held -= (uint32_t)taken;
        c->forwarded += (uint32_t)taken;
    }
    if (c->held == 0 && c->state == DRAINING) {
        forget(c);
    } else if (c->held == 0 && c->state == OPEN) {
        if (c->guest_shutdown == VSOCK_SHUTDOWN_BOTH) {
            reset(c); /* the answer to a clean end (5.10.6.5) */
        } else if ((c->guest_shutdown & VSOCK_SHUTDOWN_SEND) != 0 && c->fd >= 0) {
            shutdown(c->fd, SHUT_WR);
        }
    }
    if (c->forwarded - c->told >= CREDIT_STEP && c->state == OPEN) {
        c->owed |= OWE_CREDIT;
    }
}

/* ---- Packets from the driver ---- */

/* A reset is owed for this packet. There is room: see transmit. */
static void refuse(struct virtio_vsock *s, const struct vsock_packet *p)
{
    if (p->operation == VSOCK_OP_RST || s->strays >= STRAYS) {
        return;
    }
    s->stray[s->strays++] = (struct stray){.source_cid = p->target_cid,
                                           .source_port = p->target_port,
                                           .target_port = p->source_port,
                                           .type = p->type};
}

static bool is_listening(const struct virtio_vsock *s, uint32_t port)
{
    for (unsigned i = 0; i < s->listeners; i++) {
        if (s->listener[i] == port) {
            return true;
        }
    }
    return false;
}

/* The guest connects to a port of the host. */
static void on_request(struct virtio_vsock *s, const struct vsock_packet *p)
{
    struct connection *c;
    int pair[2], err;

    if (!is_listening(s, p->target_port) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        refuse(s, p);
        return;
    }
    c = stream_prepare(pair[0]) == 0 && stream_prepare(pair[1]) == 0
            ? open_connection(s, p->target_port, p->source_port, pair[0], &err)
            : NULL;
    if (c == NULL) {
        close(pair[0]);
        close(pair[1]);
        refuse(s, p);
        return;
    }
    c->state = OPEN;
    c->owed = OWE_RESPONSE;
    c->guest_buffer = p->buffer;
    c->guest_forwarded = p->forwarded;
    s->opened++;
    s->incoming(s->ctx, p->target_port, pair[1]);
}

static void on_data(struct connection *c, const struct vsock_packet *p,
                    const struct virtq_chain *chain)
{
    uint64_t offset = VSOCK_HEADER_SIZE;
    uint32_t left = p->length;

    if ((c->guest_shutdown & VSOCK_SHUTDOWN_SEND) != 0 || c->state == CONNECTING ||
        left > VIRTIO_VSOCK_BUFFER - c->held || chain->readable_bytes - VSOCK_HEADER_SIZE < left) {
        reset(c);
        return;
    }
    if (c->fd < 0) {
        c->forwarded += left; /* nobody reads it any more */
        return;
    }
    while (left > 0) {
        uint32_t at = (c->first + c->held) % VIRTIO_VSOCK_BUFFER;
        uint32_t n = left < VIRTIO_VSOCK_BUFFER - at ? left : VIRTIO_VSOCK_BUFFER - at;

        virtq_chain_read(chain, offset, c->ring + at, n);
        offset += n;
        c->held += n;
        left -= n;
    }
    drain(c);
}

static void on_shutdown(struct connection *c, uint32_t flags)
{
    c->guest_shutdown |= flags & VSOCK_SHUTDOWN_BOTH;
    if (c->state == LINGERING && c->guest_shutdown == VSOCK_SHUTDOWN_BOTH) {
        reset(c);
        return;
    }
    if (c->fd >= 0 && (flags & VSOCK_SHUTDOWN_RECEIVE) != 0) {
        shutdown(c->fd, SHUT_RD);
    }
    drain(c);
}

/* The guest ended the connection; what it sent before still goes to the socket. */
static void on_reset(struct connection *c)
{
    if (c->held == 0) {
        forget(c);
        return;
    }
    c->state = DRAINING;
    c->owed = 0;
}

static void on_packet(struct virtio_vsock *s, const struct vsock_packet *p,
                      const struct virtq_chain *chain)
{
    struct connection *c;

    if (p->source_cid != s->cid) {
        return; /* not the guest's: there is nobody to tell */
    }
    if (p->target_cid != VIRTIO_VSOCK_HOST_CID || p->type != VSOCK_TYPE_STREAM) {
        refuse(s, p);
        return;
    }
    c = find(s, p->target_port, p->source_port);
    if (c == NULL && p->operation == VSOCK_OP_REQUEST) {
        on_request(s, p);
        return;
    }
    if (c == NULL) {
        refuse(s, p);
        return;
    }
    if (c->state == RESETTING) {
        if (p->operation == VSOCK_OP_RST) {
            forget(c);
        }
        return; /* the answer is on its way */
    }
    c->guest_buffer = p->buffer;
    c->guest_forwarded = p->forwarded;
    c->asked = c->asked && credit(c) == 0;
    switch (p->operation) {
    case VSOCK_OP_RESPONSE:
        if (c->state != CONNECTING || (c->owed & OWE_REQUEST) != 0) {
            reset(c);
            return;
        }
        c->state = OPEN;
        s->opened++;
        tell(c, 0);
        break;
    case VSOCK_OP_RST:
        tell(c, -ECONNREFUSED);
        on_reset(c);
        break;
    case VSOCK_OP_SHUTDOWN:
        if (c->state == CONNECTING) {
            reset(c);
            return;
        }
        on_shutdown(c, p->flags);
        break;
    case VSOCK_OP_RW: on_data(c, p, chain); break;
    case VSOCK_OP_CREDIT_UPDATE: break;
    case VSOCK_OP_CREDIT_REQUEST: c->owed |= c->state == OPEN ? (unsigned)OWE_CREDIT : 0u; break;
    default: reset(c); break;
    }
}

/* Takes packets until there is none (false) or no room for an answer. true: there may be more. */
static bool transmit(struct virtio_vsock *s)
{
    for (unsigned i = 0; i < PACKETS_AT_ONCE; i++) {
        uint8_t header[VSOCK_HEADER_SIZE];
        struct vsock_packet p = {.operation = 0};
        bool got;

        if (s->strays == STRAYS) {
            return true;
        }
        virtio_lock(&s->virtio);
        got = virtio_generation(&s->virtio) == s->generation &&
              virtio_pop_or_arm(&s->virtio, QUEUE_TRANSMIT, &s->chain);
        virtio_unlock(&s->virtio);
        if (!got) {
            return false;
        }

        if (virtq_chain_read(&s->chain, 0, header, sizeof(header)) == sizeof(header)) {
            vsock_packet_parse(header, &p);
            on_packet(s, &p, &s->chain);
        }

        virtio_lock(&s->virtio);
        if (virtio_generation(&s->virtio) == s->generation) {
            s->tx_packets++;
            s->tx_bytes += p.operation == VSOCK_OP_RW ? p.length : 0;
            virtio_push(&s->virtio, QUEUE_TRANSMIT, s->chain.head, 0);
            virtio_interrupt(&s->virtio, QUEUE_TRANSMIT);
        }
        virtio_unlock(&s->virtio);
    }
    return true;
}

/* ---- Packets to the driver ---- */

/* A buffer of the driver's, kept until it is used; how much data fits, or -1: there is none. */
static int64_t have_buffer(struct virtio_vsock *s)
{
    int64_t room = -1;

    virtio_lock(&s->virtio);
    while (virtio_generation(&s->virtio) == s->generation && room < 0) {
        if (!s->has_spare) {
            s->has_spare = virtio_pop_or_arm(&s->virtio, QUEUE_RECEIVE, &s->spare);
        }
        if (!s->has_spare) {
            break;
        }
        if (s->spare.writable_bytes >= VSOCK_HEADER_SIZE) {
            room = (int64_t)(s->spare.writable_bytes - VSOCK_HEADER_SIZE);
            break;
        }
        /* Too small even for a header (5.10.6.4 wants more). */
        virtio_break(&s->virtio);
        s->has_spare = false;
    }
    virtio_unlock(&s->virtio);
    return room;
}

/* Fills the spare buffer. */
static void put_packet(struct virtio_vsock *s, const struct vsock_packet *p, const uint8_t *data)
{
    uint8_t h[VSOCK_HEADER_SIZE];

    vsock_packet_format(p, h);
    virtio_lock(&s->virtio);
    if (s->has_spare) { /* else the device was reset meanwhile */
        virtq_chain_write(&s->spare, 0, h, sizeof(h));
        virtq_chain_write(&s->spare, VSOCK_HEADER_SIZE, data, p->length);
        virtio_push(&s->virtio, QUEUE_RECEIVE, s->spare.head, VSOCK_HEADER_SIZE + p->length);
        virtio_interrupt(&s->virtio, QUEUE_RECEIVE);
        s->has_spare = false;
        s->rx_packets++;
        s->rx_bytes += p->length;
        s->resets += p->operation == VSOCK_OP_RST;
    }
    virtio_unlock(&s->virtio);
}

static void put_connection(struct connection *c, uint16_t operation, uint32_t flags,
                           const uint8_t *data, uint32_t length)
{
    struct vsock_packet p = {
        .source_cid = VIRTIO_VSOCK_HOST_CID,
        .target_cid = c->owner->cid,
        .source_port = c->host_port,
        .target_port = c->guest_port,
        .length = length,
        .type = VSOCK_TYPE_STREAM,
        .operation = operation,
        .flags = flags,
        .buffer = VIRTIO_VSOCK_BUFFER,
        .forwarded = c->forwarded,
    };

    put_packet(c->owner, &p, data);
    c->told = c->forwarded;
    c->owed &= ~(unsigned)OWE_CREDIT; /* every packet carries it */
}

/* Says the first thing that is owed. */
static void put_owed(struct connection *c)
{
    unsigned what = c->owed & -c->owed;

    c->owed &= ~what;
    switch (what) {
    case OWE_REQUEST: put_connection(c, VSOCK_OP_REQUEST, 0, NULL, 0); break;
    case OWE_RESPONSE: put_connection(c, VSOCK_OP_RESPONSE, 0, NULL, 0); break;
    case OWE_SHUTDOWN: put_connection(c, VSOCK_OP_SHUTDOWN, c->host_shutdown, NULL, 0); break;
    case OWE_CREDIT: put_connection(c, VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0); break;
    case OWE_CREDIT_REQUEST: put_connection(c, VSOCK_OP_CREDIT_REQUEST, 0, NULL, 0); break;
    default:
        put_connection(c, VSOCK_OP_RST, 0, NULL, 0);
        forget(c);
        break;
    }
}

/* The socket has no more to give: neither has the host, if it closed altogether. */
static void on_end(struct connection *c)
{
    c->readable = false;
    if (c->held == 0 && stream_peer_gone(c->fd)) {
        linger(c);
        return;
    }
    c->host_shutdown |= VSOCK_SHUTDOWN_SEND;
    c->owed |= OWE_SHUTDOWN;
}

static bool wants_to_send(const struct connection *c)
{
    return c->state == OPEN && c->fd >= 0 && c->readable && c->host_shutdown == 0 &&
           (c->guest_shutdown & VSOCK_SHUTDOWN_RECEIVE) == 0;
}

/* Moves a piece of the socket's data to the spare buffer. true: it was used. */
static bool put_data(struct connection *c, size_t room)
{
    size_t size = credit(c);
    ssize_t got;

    if (size == 0) {
        if (!c->asked) {
            c->asked = true;
            c->owed |= OWE_CREDIT_REQUEST;
        }
        return false;
    }
    size = size < room ? size : room;
    size = size < PACKET_DATA ? size : PACKET_DATA;
    if (size == 0) {
        c->owed |= OWE_CREDIT; /* uses up a buffer that has only room for a header */
        return false;
    }
    got = stream_read(c->fd, c->owner->data, size);
    if (got == -EAGAIN) {
        c->readable = false;
        return false;
    }
    if (got < 0) {
        linger(c);
        return false;
    }
    if (got == 0) {
        on_end(c);
        return false;
    }
    c->sent += (uint32_t)got;
    put_connection(c, VSOCK_OP_RW, 0, c->owner->data, (uint32_t)got);
    return true;
}

/* One packet of each connection that has something to say. How many; -1: there was no buffer. */
static int receive_round(struct virtio_vsock *s)
{
    int count = 0;

    for (unsigned i = 0; i < s->top; i++) {
        struct connection *c = &s->connection[(s->turn + i) % s->top];
        int64_t room;

        if (c->owed == 0 && !wants_to_send(c)) {
            continue;
        }
        room = have_buffer(s);
        if (room < 0) {
            s->turn = (unsigned)(c - s->connection);
            return -1;
        }
        if (c->owed != 0) {
            put_owed(c);
            count++;
        } else if (put_data(c, (size_t)room) || c->owed != 0) {
            count++;
        }
    }
    return count;
}

/* true: there may be more to say. */
static bool receive(struct virtio_vsock *s)
{
    unsigned told = 0;
    int total = 0, count;

    while (told < s->strays && have_buffer(s) >= 0) {
        const struct stray *stray = &s->stray[told++];
        struct vsock_packet p = {.source_cid = stray->source_cid,
                                 .target_cid = s->cid,
                                 .source_port = stray->source_port,
                                 .target_port = stray->target_port,
                                 .type = stray->type,
                                 .operation = VSOCK_OP_RST};

        put_packet(s, &p, NULL);
    }
    s->strays -= told;
    memmove(s->stray, s->stray + told, s->strays * sizeof(s->stray[0]));

    do {
        count = receive_round(s);
        total += count;
    } while (count > 0 && total < PACKETS_AT_ONCE);
    return count > 0;
}

/* ---- The loop ---- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct connection *c = poll->data;

    if (status < 0) {
        linger(c);
    }
    if ((events & UV_READABLE) != 0) {
        c->readable = true;
    }
    if ((events & UV_WRITABLE) != 0) {
        drain(c);
    }
    serve(c->owner);
}

static void update_poll(struct connection *c)
{
    int events = 0, rc;

    if (c->fd < 0) {
        return;
    }
    if (c->state == OPEN && !c->readable && c->host_shutdown == 0 &&
        (c->guest_shutdown & VSOCK_SHUTDOWN_RECEIVE) == 0) {
        events |= UV_READABLE;
    }
    if (c->held > 0) {
        events |= UV_WRITABLE;
    }
    if (events == c->events) {
        return;
    }
    rc = events != 0 ? uv_poll_start(&c->poll, events, on_socket) : uv_poll_stop(&c->poll);
    if (rc < 0) {
        linger(c);
        return;
    }
    c->events = events;
}

/* The driver was reset: what it knew of is gone. */
static void follow_reset(struct virtio_vsock *s)
{
    uint64_t generation;

    virtio_lock(&s->virtio);
    generation = virtio_generation(&s->virtio);
    virtio_unlock(&s->virtio);
    if (generation == s->generation) {
        return;
    }
    s->generation = generation;
    s->strays = 0;
    for (unsigned i = 0; i < s->top; i++) {
        struct connection *c = &s->connection[i];

        if (c->state == OPEN && c->held > 0) {
            on_reset(c);
        } else if (c->state != FREE && c->state != DRAINING) {
            forget(c);
        }
    }
}

static void check_deadlines(struct virtio_vsock *s)
{
    uint64_t now = uv_now(s->loop);

    for (unsigned i = 0; i < s->top; i++) {
        struct connection *c = &s->connection[i];
        bool waits = c->state == CONNECTING || c->state == LINGERING;

        if (waits && now >= c->deadline) {
            tell(c, -ETIMEDOUT);
            if ((c->owed & OWE_REQUEST) != 0) {
                forget(c); /* it never heard of it */
            } else {
                reset(c);
            }
        } else if (c->state == OPEN && c->fd >= 0 && c->host_shutdown != 0 && c->held == 0 &&
                   stream_peer_gone(c->fd)) {
            linger(c);
        }
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct virtio_vsock *s = timer->data;

    check_deadlines(s);
    serve(s);
}

/* What each connection waits for. Whether one waits for the timer. */
static bool update(struct virtio_vsock *s)
{
    unsigned top = 0;
    bool tick = false;

    for (unsigned i = 0; i < s->top; i++) {
        struct connection *c = &s->connection[i];

        update_poll(c);
        if (c->state != FREE || c->polled) {
            top = i + 1;
        }
        tick = tick || c->state == CONNECTING || c->state == LINGERING ||
               (c->state == OPEN && c->host_shutdown != 0);
    }
    s->top = top;
    return tick;
}

static void serve(struct virtio_vsock *s)
{
    bool more, blocked, again;

    if (s->serving) {
        return;
    }
    s->serving = true;
    follow_reset(s);
    more = transmit(s);
    again = receive(s);
    /* While there are too many answers to give, the driver's next buffer is what brings us back. */
    blocked = s->strays == STRAYS;
    again = again || (more && !blocked);
    if (!update(s)) {
        uv_timer_stop(&s->timer);
    } else if (!uv_is_active((uv_handle_t *)&s->timer)) {
        uv_timer_start(&s->timer, on_timer, TICK_MS, TICK_MS);
    }
    s->serving = false;
    if (again) {
        uv_async_send(&s->async);
    }
}

static void on_async(uv_async_t *async)
{
    serve(async->data);
}

/* ---- What the transport calls ---- */

static void vsock_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    const struct virtio_vsock *s = dev;
    uint8_t config[CONFIG_SIZE] = {0};

    if (offset >= CONFIG_SIZE) {
        return;
    }
    guest_ram_put32(config, s->cid);
    memcpy(buf, config + offset, size < CONFIG_SIZE - offset ? size : CONFIG_SIZE - offset);
}

static void vsock_activate(void *dev)
{
    uv_async_send(&((struct virtio_vsock *)dev)->async);
}

static void vsock_notify(void *dev, unsigned queue)
{
    (void)queue;
    uv_async_send(&((struct virtio_vsock *)dev)->async);
}

static void vsock_reset(void *dev)
{
    struct virtio_vsock *s = dev;

    s->has_spare = false;
    uv_async_send(&s->async);
}

static void vsock_stats(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_vsock *s = dev;

    stats_add(out, name, "rx_packets", s->rx_packets);
    stats_add(out, name, "rx_bytes", s->rx_bytes);
    stats_add(out, name, "tx_packets", s->tx_packets);
    stats_add(out, name, "tx_bytes", s->tx_bytes);
    stats_add(out, name, "connections", s->opened);
    stats_add(out, name, "resets_sent", s->resets);
}

static const struct virtio_ops vsock_ops = {
    .id = VIRTIO_VSOCK,
    .queues = QUEUES,
    .queue_max = VIRTQ_SIZE_MAX,
    .features = VSOCK_F_STREAM,
    .config_read = vsock_config_read,
    .activate = vsock_activate,
    .notify = vsock_notify,
    .reset = vsock_reset,
    .stats = vsock_stats,
};

/* ---- Creation, and what the host does ---- */

int virtio_vsock_new(struct virtio_vsock **out, const struct virtio_vsock_config *config,
                     const char **why)
{
    struct virtio_vsock *s;
    int err;

    if (config->cid <= VIRTIO_VSOCK_HOST_CID || config->cid == UINT32_MAX) {
        *why = "the context id is a reserved one";
        return -EINVAL;
    }
    s = calloc(1, sizeof(*s));
    if (s == NULL) {
        *why = "out of memory";
        return -ENOMEM;
    }
    err = uv_async_init(config->loop, &s->async, on_async);
    if (err < 0) {
        *why = "the loop takes no more handles";
        free(s);
        return err;
    }
    uv_timer_init(config->loop, &s->timer);
    s->async.data = s;
    s->timer.data = s;
    s->handles = 2;
    s->loop = config->loop;
    s->cid = config->cid;
    s->incoming = config->incoming;
    s->connected = config->connected;
    s->ctx = config->ctx;
    s->next_port = FIRST_PORT;
    virtio_init(&s->virtio, &vsock_ops, s, config->name, config->ram, config->spi, config->set_irq,
                0);
    *out = s;
    return 0;
}

struct virtio *virtio_vsock_device(struct virtio_vsock *s)
{
    return &s->virtio;
}

int virtio_vsock_connect(struct virtio_vsock *s, uint32_t port, int fd, uint32_t token)
{
    struct connection *c;
    bool running;
    int err = stream_prepare(fd);

    if (err < 0) {
        goto fail;
    }
    virtio_lock(&s->virtio);
    running = virtio_running(&s->virtio);
    virtio_unlock(&s->virtio);
    if (!running) {
        err = -EAGAIN;
        goto fail;
    }
    follow_reset(s);
    /* As many entries in the table, so some port of these is free. */
    for (unsigned i = 0; i < VIRTIO_VSOCK_CONNECTIONS && find(s, s->next_port, port) != NULL; i++) {
        s->next_port = s->next_port == UINT32_MAX - 1 ? FIRST_PORT : s->next_port + 1;
    }
    c = open_connection(s, s->next_port, port, fd, &err);
    if (c == NULL) {
        goto fail;
    }
    s->next_port = s->next_port == UINT32_MAX - 1 ? FIRST_PORT : s->next_port + 1;
    c->state = CONNECTING;
    c->awaited = true;
    c->token = token;
    c->owed = OWE_REQUEST;
    c->deadline = uv_now(s->loop) + VIRTIO_VSOCK_CONNECT_MS;
    serve(s);
    return 0;

fail:
    close(fd);
    return err;
}

int virtio_vsock_listen(struct virtio_vsock *s, uint32_t port)
{
    if (is_listening(s, port)) {
        return 0;
    }
    if (s->listeners == VIRTIO_VSOCK_LISTENERS) {
        return -ENOSPC;
    }
    s->listener[s->listeners++] = port;
    return 0;
}

void virtio_vsock_free(struct virtio_vsock *s)
{
    if (s == NULL) {
        return;
    }
    for (unsigned i = 0; i < s->top; i++) {
        if (s->connection[i].state != FREE) {
            s->connection[i].awaited = false; /* nobody is left to be told */
            forget(&s->connection[i]);
        }
    }
    uv_close((uv_handle_t *)&s->async, on_closed);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
