/* SPDX-License-Identifier: ISC */
/*
 * virtio-net.c: see virtio-net.h.
 *
 * Both directions go through a buffer of whole frames as they are on the stream, so that one
 * system call carries many. Buffers, descriptor and handles belong to the loop's thread; what is
 * under the device's lock is said so.
 */
#include "virtio-net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stream.h"

/* Features (5.1.3). */
#define NET_F_CSUM       (UINT64_C(1) << 0)
#define NET_F_GUEST_CSUM (UINT64_C(1) << 1)
#define NET_F_MTU        (UINT64_C(1) << 3)
#define NET_F_MAC        (UINT64_C(1) << 5)
#define NET_F_STATUS     (UINT64_C(1) << 16)

enum {
    QUEUE_RECEIVE = 0,
    QUEUE_TRANSMIT = 1,

    /* Configuration space (5.1.4), little-endian. */
    CONFIG_MAC = 0,
    CONFIG_STATUS = 6,
    CONFIG_QUEUE_PAIRS = 8,
    CONFIG_MTU = 10,
    CONFIG_SIZE = 12,
    STATUS_LINK_UP = 1,

    /* The header before each frame in a queue (5.1.6). */
    HEADER_FLAGS = 0,
    HEADER_GSO_TYPE = 1,
    HEADER_NUM_BUFFERS = 10,
    HEADER_SIZE = 12,
    FLAG_NEEDS_CSUM = 1,
    FLAG_DATA_VALID = 2,
    GSO_NONE = 0,

    /* Frames, and the length before each on the stream. */
    LENGTH_SIZE = 4,
    ETHERNET_HEADER = 14,
    VLAN_TAG = 4,
    MTU_MIN = 68,
    MTU_MAX = 65521,

    BUFFER_SIZE = 131072, /* of each direction; more than a largest frame and its length */
    CHAINS_AT_ONCE = 64,  /* under one taking of the lock */
    ROUNDS = 16,          /* before other handles of the loop get their turn */
};

/* Bytes on their way: [from, to). */
struct pipe {
    size_t from, to;
    uint8_t bytes[BUFFER_SIZE];
};

struct virtio_net {
    struct virtio virtio;
    uv_async_t async;
    uv_poll_t poll;
    unsigned handles; /* whose closing callbacks are to come */
    int fd;           /* -1: the link is down */
    int events;       /* as the socket is polled for */
    bool starved;     /* the driver has no receive buffer; it will notify */
    size_t frame_max; /* that the driver may transmit */
    uint8_t mac[6];
    uint16_t mtu;
    struct pipe tx, rx;

    /* Under the device's lock. */
    bool link_up;
    bool has_spare; /* a receive chain that was too small for its frame, for the next one */
    struct virtq_chain spare;
    uint64_t tx_frames, tx_bytes, tx_dropped, rx_frames, rx_bytes, rx_dropped;
};

static void serve(struct virtio_net *n);

/* ---- Link ---- */

static void on_closed(uv_handle_t *handle)
{
    struct virtio_net *n = handle->data;

    if (--n->handles == 0) {
        virtio_destroy(&n->virtio);
        free(n);
    }
}

static void disconnect(struct virtio_net *n)
{
    if (n->fd < 0) {
        return;
    }
    uv_close((uv_handle_t *)&n->poll, on_closed);
    close(n->fd);
    n->fd = -1;
    n->tx.from = n->tx.to = 0;
    n->rx.from = n->rx.to = 0;
}

static void link_down(struct virtio_net *n)
{
    disconnect(n);
    virtio_lock(&n->virtio);
    n->link_up = false;
    virtio_config_changed(&n->virtio);
    virtio_unlock(&n->virtio);
}

/* ---- From the driver to the peer ---- */

/* The length of the frame in a chain; 0: it is to be dropped. With the lock held. */
static size_t frame_length(const struct virtio_net *n, const struct virtq_chain *chain)
{
    uint8_t header[HEADER_SIZE];

    if (!n->link_up || chain->readable_bytes < HEADER_SIZE + ETHERNET_HEADER ||
        chain->readable_bytes - HEADER_SIZE > n->frame_max ||
        virtq_chain_read(chain, 0, header, sizeof(header)) != sizeof(header)) {
        return 0;
    }
    if (header[HEADER_GSO_TYPE] != GSO_NONE) {
        return 0;
    }
    if ((header[HEADER_FLAGS] & FLAG_NEEDS_CSUM) != 0 && (n->virtio.features & NET_F_CSUM) == 0) {
        return 0;
    }
    return (size_t)(chain->readable_bytes - HEADER_SIZE);
}

static void put_frame(struct virtio_net *n, const struct virtq_chain *chain, size_t length)
{
    uint8_t *p = n->tx.bytes + n->tx.to;

    p[0] = (uint8_t)(length >> 24);
    p[1] = (uint8_t)(length >> 16);
    p[2] = (uint8_t)(length >> 8);
    p[3] = (uint8_t)length;
    virtq_chain_read(chain, HEADER_SIZE, p + LENGTH_SIZE, length);
    n->tx.to += LENGTH_SIZE + length;
}

/* Moves frames from the queue to the buffer as far as both go. true: there may be more. */
static bool collect(struct virtio_net *n)
{
    struct virtq_chain chain;
    unsigned count = 0;
    bool more = true;

    virtio_lock(&n->virtio);
    while (count < CHAINS_AT_ONCE && BUFFER_SIZE - n->tx.to >= LENGTH_SIZE + n->frame_max) {
        size_t length;

        if (!virtio_pop_or_arm(&n->virtio, QUEUE_TRANSMIT, &chain)) {
            more = false;
            break;
        }
        length = frame_length(n, &chain);
        if (length > 0) {
            put_frame(n, &chain, length);
            n->tx_frames++;
            n->tx_bytes += length;
        } else {
            n->tx_dropped++;
        }
        virtio_push(&n->virtio, QUEUE_TRANSMIT, chain.head, 0);
        count++;
    }
    if (count > 0) {
        virtio_interrupt(&n->virtio, QUEUE_TRANSMIT);
    }
    virtio_unlock(&n->virtio);
    return more;
}

/* Sends what is in the buffer. false: the peer does not take all of it now. */
static bool send_frames(struct virtio_net *n)
{
    while (n->tx.from < n->tx.to) {
        ssize_t sent = stream_write(n->fd, n->tx.bytes + n->tx.from, n->tx.to - n->tx.from);

        if (sent == -EAGAIN) {
            return false;
        }
        if (sent <= 0) {
            link_down(n);
            return true;
        }
        n->tx.from += (size_t)sent;
    }
    n->tx.from = n->tx.to = 0;
    return true;
}

/* true: it is to be called again soon. */
static bool transmit(struct virtio_net *n)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool more;

        if (!send_frames(n)) {
            return false; /* when the socket is writable */
        }
        more = collect(n);
        if (!more && n->tx.from == n->tx.to) {
            return false; /* when the driver notifies */
        }
    }
    return true;
}

/* ---- From the peer to the driver ---- */

static size_t frame_at(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* A receive chain, if there is one; else the driver will notify. With the lock held. */
static bool next_receive(struct virtio_net *n, struct virtq_chain *chain)
{
    if (n->has_spare) {
        *chain = n->spare;
        n->has_spare = false;
        return true;
    }
    return virtio_pop_or_arm(&n->virtio, QUEUE_RECEIVE, chain);
}

static void deliver(struct virtio_net *n, const struct virtq_chain *chain, const uint8_t *frame,
                    size_t length)
{
    uint8_t header[HEADER_SIZE] = {0};

    if ((n->virtio.features & NET_F_GUEST_CSUM) != 0) {
        header[HEADER_FLAGS] = FLAG_DATA_VALID;
    }
    header[HEADER_NUM_BUFFERS] = 1;
    virtq_chain_write(chain, 0, header, sizeof(header));
    virtq_chain_write(chain, HEADER_SIZE, frame, length);
    virtio_push(&n->virtio, QUEUE_RECEIVE, chain->head, (uint32_t)(HEADER_SIZE + length));
    n->rx_frames++;
    n->rx_bytes += length;
}

enum hand_over {
    HAND_OVER_DONE,    /* no whole frame is left */
    HAND_OVER_AGAIN,   /* there may be */
    HAND_OVER_STARVED, /* one is, and the driver has no buffer */
    HAND_OVER_INVALID, /* the peer does not keep to the format */
};

/* Moves whole frames from the buffer to the queue. */
static enum hand_over hand_over(struct virtio_net *n)
{
    enum hand_over result = HAND_OVER_AGAIN;
    struct virtq_chain chain;

    virtio_lock(&n->virtio);
    for (unsigned i = 0; i < CHAINS_AT_ONCE; i++) {
        const uint8_t *p = n->rx.bytes + n->rx.from;
        size_t have = n->rx.to - n->rx.from, length;

        length = have >= LENGTH_SIZE ? frame_at(p) : 0;
        if (length > VIRTIO_NET_FRAME_MAX) {
            result = HAND_OVER_INVALID;
            break;
        }
        if (have < LENGTH_SIZE || have - LENGTH_SIZE < length) {
            result = HAND_OVER_DONE;
            break;
        }
        if (length < ETHERNET_HEADER) {
            n->rx_dropped++;
        } else if (!next_receive(n, &chain)) {
            result = HAND_OVER_STARVED;
            break;
        } else if (chain.writable_bytes < HEADER_SIZE + length) {
            n->spare = chain;
            n->has_spare = true;
            n->rx_dropped++;
        } else {
            deliver(n, &chain, p + LENGTH_SIZE, length);
        }
        n->rx.from += LENGTH_SIZE + length;
    }
    virtio_interrupt(&n->virtio, QUEUE_RECEIVE);
    virtio_unlock(&n->virtio);
    return result;
}

/* Reads from the socket. false: nothing more for now. */
static bool fill(struct virtio_net *n)
{
    ssize_t got;

    memmove(n->rx.bytes, n->rx.bytes + n->rx.from, n->rx.to - n->rx.from);
    n->rx.to -= n->rx.from;
    n->rx.from = 0;
    got = stream_read(n->fd, n->rx.bytes + n->rx.to, BUFFER_SIZE - n->rx.to);
    if (got == -EAGAIN) {
        return false;
    }
    if (got <= 0) {
        link_down(n);
        return false;
    }
    n->rx.to += (size_t)got;
    return true;
}

static bool driver_is_up(struct virtio_net *n)
{
    bool up;

    virtio_lock(&n->virtio);
    up = virtio_running(&n->virtio);
    virtio_unlock(&n->virtio);
    return up;
}

/* true: it is to be called again soon. */
static bool receive(struct virtio_net *n)
{
    if (n->fd < 0) {
        return false;
    }
    /* Before there is a driver, frames wait in the socket. */
    n->starved = !driver_is_up(n);
    for (unsigned i = 0; i < ROUNDS && !n->starved; i++) {
        switch (hand_over(n)) {
        case HAND_OVER_AGAIN: break;
        case HAND_OVER_STARVED: n->starved = true; break;
        case HAND_OVER_INVALID: link_down(n); return false;
        case HAND_OVER_DONE:
            if (!fill(n)) {
                return false;
            }
            break;
        }
    }
    return !n->starved;
}

/* ---- The loop ---- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct virtio_net *n = poll->data;

    (void)events;
    if (status < 0) {
        link_down(n);
    }
    serve(n);
}

static void update_poll(struct virtio_net *n)
{
    int events = 0;

    if (n->fd < 0) {
        return;
    }
    if (!n->starved) {
        events |= UV_READABLE;
    }
    if (n->tx.from < n->tx.to) {
        events |= UV_WRITABLE;
    }
    if (events != n->events) {
        int rc = events != 0 ? uv_poll_start(&n->poll, events, on_socket) : uv_poll_stop(&n->poll);

        if (rc < 0) {
            link_down(n);
            return;
        }
        n->events = events;
    }
}

static void serve(struct virtio_net *n)
{
    bool again = transmit(n);

    again = receive(n) || again;
    update_poll(n);
    if (again) {
        uv_async_send(&n->async);
    }
}

static void on_async(uv_async_t *async)
{
    serve(async->data);
}

/* ---- What the transport calls ---- */

static void net_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    const struct virtio_net *n = dev;
    uint8_t config[CONFIG_SIZE] = {0};

    if (offset >= CONFIG_SIZE) {
        return;
    }
    memcpy(config + CONFIG_MAC, n->mac, sizeof(n->mac));
    config[CONFIG_STATUS] = n->link_up ? STATUS_LINK_UP : 0;
    config[CONFIG_QUEUE_PAIRS] = 1;
    config[CONFIG_MTU] = (uint8_t)n->mtu;
    config[CONFIG_MTU + 1] = (uint8_t)(n->mtu >> 8);
    memcpy(buf, config + offset, size < CONFIG_SIZE - offset ? size : CONFIG_SIZE - offset);
}

static void net_activate(void *dev)
{
    uv_async_send(&((struct virtio_net *)dev)->async);
}

static void net_notify(void *dev, unsigned queue)
{
    (void)queue;
    uv_async_send(&((struct virtio_net *)dev)->async);
}

static void net_reset(void *dev)
{
    ((struct virtio_net *)dev)->has_spare = false;
}

static void net_stats(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_net *n = dev;

    stats_add(out, name, "tx_frames", n->tx_frames);
    stats_add(out, name, "tx_bytes", n->tx_bytes);
    stats_add(out, name, "tx_dropped", n->tx_dropped);
    stats_add(out, name, "rx_frames", n->rx_frames);
    stats_add(out, name, "rx_bytes", n->rx_bytes);
    stats_add(out, name, "rx_dropped", n->rx_dropped);
    stats_add(out, name, "link_up", n->link_up);
}

static const struct virtio_ops net_ops = {
    .id = VIRTIO_NET,
    .queues = 2,
    .queue_max = VIRTQ_SIZE_MAX,
    .features = NET_F_MAC | NET_F_MTU | NET_F_STATUS,
    .config_read = net_config_read,
    .activate = net_activate,
    .notify = net_notify,
    .reset = net_reset,
    .stats = net_stats,
};

/* ---- Creation ---- */

static const char *invalid(const struct virtio_net_config *config, int *err)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    *err = -EINVAL;
    if (config->mtu < MTU_MIN || config->mtu > MTU_MAX) {
        return "the MTU is out of range";
    }
    if ((config->mac[0] & 1) != 0) {
        return "the MAC address is a multicast one";
    }
    *err = stream_prepare(config->fd);
    if (*err < 0) {
        return "the descriptor is not a stream socket";
    }
    /* A peer that has gone already is another matter: the link is down then. */
    if (getpeername(config->fd, (struct sockaddr *)&peer, &size) < 0 && errno == ENOTCONN) {
        *err = -ENOTCONN;
        return "the socket is not connected";
    }
    return NULL;
}

int virtio_net_new(struct virtio_net **out, const struct virtio_net_config *config,
                   const char **why)
{
    struct virtio_net *n = NULL;
    int err;

    *why = invalid(config, &err);
    if (*why != NULL) {
        goto fail;
    }
    n = calloc(1, sizeof(*n));
    if (n == NULL) {
        *why = "out of memory";
        err = -ENOMEM;
        goto fail;
    }
    err = uv_poll_init(config->loop, &n->poll, config->fd);
    if (err < 0) {
        *why = "the socket cannot be polled";
        goto fail;
    }
    n->poll.data = n;
    n->handles = 1;
    n->fd = config->fd;
    virtio_init(&n->virtio, &net_ops, n, config->name, config->ram, config->spi, config->set_irq,
                config->checksum_offload ? NET_F_CSUM | NET_F_GUEST_CSUM : 0);
    err = uv_async_init(config->loop, &n->async, on_async);
    if (err < 0) {
        *why = "the loop takes no more handles";
        disconnect(n); /* frees everything when it is closed */
        return err;
    }
    n->async.data = n;
    n->handles = 2;
    n->starved = true;
    n->link_up = true;
    n->mtu = config->mtu;
    n->frame_max = (size_t)config->mtu + ETHERNET_HEADER + VLAN_TAG;
    memcpy(n->mac, config->mac, sizeof(n->mac));
    *out = n;
    return 0;

fail:
    close(config->fd);
    free(n);
    return err;
}

struct virtio *virtio_net_device(struct virtio_net *n)
{
    return &n->virtio;
}

void virtio_net_free(struct virtio_net *n)
{
    if (n == NULL) {
        return;
    }
    disconnect(n);
    uv_close((uv_handle_t *)&n->async, on_closed);
}
