/* SPDX-License-Identifier: ISC */
/*
 * virtio-console.c: see virtio-console.h.
 *
 * Three conversations: hvc0 with console.c, the agent's port with a socket, and control messages.
 * What the guest has to be told is a set of bits per port, sent lowest first as its buffers allow.
 */
#include "virtio-console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../stream.h"

#define CONSOLE_F_SIZE      (UINT64_C(1) << 0)
#define CONSOLE_F_MULTIPORT (UINT64_C(1) << 1)

enum {
    PORT_HVC = 0,
    PORT_AGENT = 1,
    PORTS = 2,

    /* Queues (5.3.2). */
    QUEUE_HVC_INPUT = 0,
    QUEUE_HVC_OUTPUT = 1,
    QUEUE_CONTROL_INPUT = 2, /* to the driver */
    QUEUE_CONTROL_OUTPUT = 3,
    QUEUE_AGENT_INPUT = 4,
    QUEUE_AGENT_OUTPUT = 5,

    /* Configuration space (5.3.4): u16 columns, u16 rows, u32 ports. */
    CONFIG_COLUMNS = 0,
    CONFIG_ROWS = 2,
    CONFIG_PORTS = 4,
    CONFIG_SIZE = 8,

    /* Control messages (5.3.6.2): u32 port, u16 event, u16 value. */
    CONTROL_SIZE = 8,
    CONTROL_DEVICE_READY = 0,
    CONTROL_PORT_ADD = 1,
    CONTROL_PORT_READY = 3,
    CONTROL_CONSOLE_PORT = 4,
    CONTROL_RESIZE = 5,
    CONTROL_PORT_OPEN = 6,
    CONTROL_PORT_NAME = 7,

    /* What a port's driver has still to be told; in this order. */
    OWE_ADD = 1 << 0,
    OWE_CONSOLE = 1 << 1,
    OWE_NAME = 1 << 2,
    OWE_RESIZE = 1 << 3,
    OWE_CLOSE = 1 << 4,
    OWE_OPEN = 1 << 5,

    NAME_MAX_SIZE = 63,
    CHUNK = 4096,
    AGENT_CHUNK = 16384,
    HVC_AT_ONCE = 65536, /* bytes under one taking of the lock */
    CHAIN_COST = 64,     /* what an empty chain counts as */
    MESSAGES_AT_ONCE = 64,
    ROUNDS = 16, /* before other handles of the loop get their turn */
};

/* The socket behind the agent's port. */
struct agent {
    uv_poll_t poll;
    struct virtio_console *owner;
    int fd;
    int events;
};

/* A chain that is being worked through. */
struct work {
    bool active;
    uint64_t offset;
    struct virtq_chain chain;
};

struct port {
    unsigned owed;
    bool ready; /* the driver has set it up */
    bool open;  /* in the guest */
};

struct virtio_console {
    struct virtio virtio;
    struct console *console;
    uv_loop_t *loop;
    uv_async_t async;
    unsigned handles; /* whose closing callbacks are to come */
    const char *agent_port;
    unsigned ports;
    struct agent *agent; /* the loop's */
    uint8_t buffer[AGENT_CHUNK];

    /* Under the device's lock. */
    uint16_t columns, rows;
    struct port port[PORTS];
    bool hang_up; /* the guest closed the agent's port: close the socket after its last bytes */
    struct work hvc_output, agent_output, agent_input;
    uint64_t hvc_out, hvc_in, agent_out, agent_in, agent_dropped;
};

/* ---- hvc0, with the lock held unless said otherwise ---- */

/* Input (console_sink_fn): on the loop's thread, without a lock. */
static size_t hvc_input(void *ctx, const uint8_t *buf, size_t size)
{
    struct virtio_console *c = ctx;
    struct virtq_chain chain;
    size_t done = 0;

    virtio_lock(&c->virtio);
    for (unsigned i = 0; i < VIRTQ_SIZE_MAX && done < size; i++) {
        size_t n;

        if (!virtio_pop_or_arm(&c->virtio, QUEUE_HVC_INPUT, &chain)) {
            break;
        }
        n = virtq_chain_write(&chain, 0, buf + done, size - done);
        virtio_push(&c->virtio, QUEUE_HVC_INPUT, chain.head, (uint32_t)n);
        done += n;
    }
    c->hvc_in += done;
    virtio_interrupt(&c->virtio, QUEUE_HVC_INPUT);
    virtio_unlock(&c->virtio);
    return done;
}

/* Takes the next chain unless one is being worked through. */
static bool take(struct virtio_console *c, unsigned queue, struct work *work)
{
    if (!work->active) {
        work->active = virtio_pop_or_arm(&c->virtio, queue, &work->chain);
        work->offset = 0;
    }
    return work->active;
}

/* Gives a readable chain back when all of it was read. */
static void give_back_read(struct virtio_console *c, unsigned queue, struct work *work)
{
    if (work->active && work->offset >= work->chain.readable_bytes) {
        virtio_push(&c->virtio, queue, work->chain.head, 0);
        work->active = false;
    }
}

/* Passes on what the guest wrote, up to a bound. true: there may be more. */
static bool hvc_output(struct virtio_console *c)
{
    struct work *work = &c->hvc_output;
    uint8_t bytes[CHUNK];
    size_t cost = 0;
    bool some = false;

    while (cost < HVC_AT_ONCE && take(c, QUEUE_HVC_OUTPUT, work)) {
        size_t n = virtq_chain_read(&work->chain, work->offset, bytes, sizeof(bytes));

        if (n > 0) {
            console_output(c->console, bytes, n);
            some = true;
        }
        c->hvc_out += n;
        work->offset += n;
        cost += n > CHAIN_COST ? n : CHAIN_COST;
        give_back_read(c, QUEUE_HVC_OUTPUT, work);
    }
    if (some) {
        console_set_sink(c->console, CONSOLE_HVC, hvc_input, c);
    }
    virtio_interrupt(&c->virtio, QUEUE_HVC_OUTPUT);
    return cost >= HVC_AT_ONCE;
}

/* ---- Control messages, with the lock held ---- */

static void on_control(struct virtio_console *c, uint32_t id, uint16_t event, uint16_t value)
{
    struct port *port;

    if (event == CONTROL_DEVICE_READY) {
        c->hang_up |= c->port[PORT_AGENT].open;
        for (unsigned i = 0; i < c->ports; i++) {
            c->port[i] = (struct port){.owed = value != 0 ? OWE_ADD : 0};
        }
        return;
    }
    if (id >= c->ports) {
        return;
    }
    port = &c->port[id];
    if (event == CONTROL_PORT_READY) {
        port->ready = value != 0;
        port->open = false;
        port->owed = 0;
        if (port->ready && id == PORT_HVC) {
            port->owed = OWE_CONSOLE | OWE_OPEN | (c->columns != 0 ? (unsigned)OWE_RESIZE : 0u);
        } else if (port->ready) {
            port->owed = OWE_NAME | (c->agent != NULL ? (unsigned)OWE_OPEN : 0u);
        }
    } else if (event == CONTROL_PORT_OPEN) {
        c->hang_up |= id == PORT_AGENT && port->open && value == 0;
        port->open = value != 0;
    }
}

/* true: there may be more. */
static bool read_control(struct virtio_console *c)
{
    struct virtq_chain chain;
    unsigned i;

    for (i = 0; i < MESSAGES_AT_ONCE; i++) {
        uint8_t m[CONTROL_SIZE];

        if (!virtio_pop_or_arm(&c->virtio, QUEUE_CONTROL_OUTPUT, &chain)) {
            break;
        }
        if (virtq_chain_read(&chain, 0, m, sizeof(m)) == sizeof(m)) {
            on_control(c, guest_ram_get32(m), guest_ram_get16(m + 4), guest_ram_get16(m + 6));
        }
        virtio_push(&c->virtio, QUEUE_CONTROL_OUTPUT, chain.head, 0);
    }
    virtio_interrupt(&c->virtio, QUEUE_CONTROL_OUTPUT);
    return i == MESSAGES_AT_ONCE;
}

/* Writes the message for one of a port's OWE bits; its size. */
static size_t control_message(const struct virtio_console *c, unsigned id, unsigned what,
                              uint8_t m[CONTROL_SIZE + NAME_MAX_SIZE])
{
    uint16_t event = CONTROL_PORT_ADD, value = 0;
    size_t size = CONTROL_SIZE;

    switch (what) {
    case OWE_ADD: break;
    case OWE_CONSOLE:
        event = CONTROL_CONSOLE_PORT;
        value = 1;
        break;
    case OWE_NAME:
        event = CONTROL_PORT_NAME;
        memcpy(m + size, c->agent_port, strlen(c->agent_port));
        size += strlen(c->agent_port);
        break;
    case OWE_RESIZE:
        /* Columns first, as in the standard. Linux before 6.15 reads them the other way round. */
        event = CONTROL_RESIZE;
        guest_ram_put16(m + size, c->columns);
        guest_ram_put16(m + size + 2, c->rows);
        size += 4;
        break;
    case OWE_CLOSE: event = CONTROL_PORT_OPEN; break;
    default:
        event = CONTROL_PORT_OPEN;
        value = 1;
        break;
    }
    guest_ram_put32(m, id);
    guest_ram_put16(m + 4, event);
    guest_ram_put16(m + 6, value);
    return size;
}

static void write_control(struct virtio_console *c)
{
    struct virtq_chain chain;

    for (unsigned id = 0; id < c->ports; id++) {
        struct port *port = &c->port[id];

        while (port->owed != 0) {
            uint8_t m[CONTROL_SIZE + NAME_MAX_SIZE];
            unsigned what = port->owed & -port->owed;
            size_t size;

            if (!virtio_pop_or_arm(&c->virtio, QUEUE_CONTROL_INPUT, &chain)) {
                goto done;
            }
            size = control_message(c, id, what, m);
            size = virtq_chain_write(&chain, 0, m, size);
            virtio_push(&c->virtio, QUEUE_CONTROL_INPUT, chain.head, (uint32_t)size);
            port->owed &= ~what;
        }
    }
done:
    virtio_interrupt(&c->virtio, QUEUE_CONTROL_INPUT);
}

/* ---- The agent's port, on the loop's thread ---- */

static void on_closed(uv_handle_t *handle)
{
    struct virtio_console *c = handle->data;

    if (--c->handles == 0) {
        virtio_destroy(&c->virtio);
        free(c);
    }
}

static void on_agent_closed(uv_handle_t *handle)
{
    struct agent *agent = handle->data;

    handle->data = agent->owner;
    on_closed(handle);
    free(agent);
}

static void close_agent(struct virtio_console *c)
{
    uv_close((uv_handle_t *)&c->agent->poll, on_agent_closed);
    close(c->agent->fd);
}

static void detach(struct virtio_console *c)
{
    struct port *port = &c->port[PORT_AGENT];

    if (c->agent == NULL) {
        return;
    }
    close_agent(c);
    virtio_lock(&c->virtio);
    c->agent = NULL;
    c->hang_up = false;
    if ((port->owed & OWE_OPEN) != 0) {
        port->owed &= ~(unsigned)OWE_OPEN; /* it never learned of it */
    } else if (port->ready) {
        port->owed |= OWE_CLOSE;
    }
    write_control(c);
    virtio_unlock(&c->virtio);
}

/* Whether data may flow: the guest knows of this connection and not of the one before. */
static bool agent_connected(const struct virtio_console *c)
{
    return c->agent != NULL && c->port[PORT_AGENT].ready && c->port[PORT_AGENT].owed == 0;
}

enum flow {
    FLOW_IDLE,   /* nothing to do until the driver notifies */
    FLOW_SOCKET, /* nothing to do until the socket is ready */
    FLOW_AGAIN,  /* there may be more */
};

/* Nobody is connected: what the guest writes is gone. */
static enum flow drop_output(struct virtio_console *c)
{
    struct work *work = &c->agent_output;
    unsigned i;

    virtio_lock(&c->virtio);
    for (i = 0; i < VIRTQ_SIZE_MAX && take(c, QUEUE_AGENT_OUTPUT, work); i++) {
        c->agent_dropped += work->chain.readable_bytes - work->offset;
        work->offset = work->chain.readable_bytes;
        give_back_read(c, QUEUE_AGENT_OUTPUT, work);
    }
    virtio_interrupt(&c->virtio, QUEUE_AGENT_OUTPUT);
    virtio_unlock(&c->virtio);
    return i == VIRTQ_SIZE_MAX ? FLOW_AGAIN : FLOW_IDLE;
}

/* A piece of the guest's output to the socket. */
static enum flow output_piece(struct virtio_console *c)
{
    struct work *work = &c->agent_output;
    size_t size = 0;
    ssize_t sent = 0;
    bool took;

    virtio_lock(&c->virtio);
    took = agent_connected(c) && take(c, QUEUE_AGENT_OUTPUT, work);
    if (took) {
        size = virtq_chain_read(&work->chain, work->offset, c->buffer, sizeof(c->buffer));
    }
    virtio_unlock(&c->virtio);
    if (!took) {
        return FLOW_IDLE;
    }

    if (size > 0) {
        sent = stream_write(c->agent->fd, c->buffer, size);
    }
    if (sent == -EAGAIN) {
        return FLOW_SOCKET;
    }
    if (sent < 0) {
        detach(c);
        return FLOW_AGAIN;
    }

    virtio_lock(&c->virtio);
    /* Not if the device was reset meanwhile: then there is no chain to give back. */
    if (work->active) {
        work->offset += (uint64_t)sent;
        c->agent_out += (uint64_t)sent;
        give_back_read(c, QUEUE_AGENT_OUTPUT, work);
        virtio_interrupt(&c->virtio, QUEUE_AGENT_OUTPUT);
    }
    virtio_unlock(&c->virtio);
    return FLOW_AGAIN;
}

/* A piece of the socket's data to the guest. */
static enum flow input_piece(struct virtio_console *c)
{
    struct work *work = &c->agent_input;
    size_t room = 0;
    ssize_t got = 0;
    bool took;

    virtio_lock(&c->virtio);
    took = agent_connected(c) && c->port[PORT_AGENT].open && !c->hang_up &&
           take(c, QUEUE_AGENT_INPUT, work);
    if (took) {
        room = work->chain.writable_bytes < sizeof(c->buffer) ? (size_t)work->chain.writable_bytes
                                                              : sizeof(c->buffer);
    }
    virtio_unlock(&c->virtio);
    if (!took) {
        return FLOW_IDLE;
    }

    if (room > 0) {
        got = stream_read(c->agent->fd, c->buffer, room);
        if (got == -EAGAIN) {
            return FLOW_SOCKET;
        }
        if (got <= 0) {
            detach(c);
            return FLOW_AGAIN;
        }
    }

    virtio_lock(&c->virtio);
    if (work->active) {
        size_t n = virtq_chain_write(&work->chain, 0, c->buffer, (size_t)got);

        virtio_push(&c->virtio, QUEUE_AGENT_INPUT, work->chain.head, (uint32_t)n);
        work->active = false;
        c->agent_in += n;
        virtio_interrupt(&c->virtio, QUEUE_AGENT_INPUT);
    }
    virtio_unlock(&c->virtio);
    return FLOW_AGAIN;
}

static enum flow repeat(struct virtio_console *c, enum flow (*piece)(struct virtio_console *c))
{
    enum flow flow = FLOW_AGAIN;

    for (unsigned i = 0; i < ROUNDS && flow == FLOW_AGAIN; i++) {
        flow = c->agent != NULL ? piece(c) : drop_output(c);
    }
    return flow;
}

/* ---- The loop ---- */

static void serve(struct virtio_console *c);

static void on_agent(uv_poll_t *poll, int status, int events)
{
    struct agent *agent = poll->data;

    (void)events;
    if (status < 0) {
        detach(agent->owner);
    }
    serve(agent->owner);
}

static void update_poll(struct virtio_console *c, enum flow output, enum flow input)
{
    struct agent *agent = c->agent;
    int events = 0, rc;

    if (agent == NULL) {
        return;
    }
    events |= output == FLOW_SOCKET ? UV_WRITABLE : 0;
    events |= input == FLOW_SOCKET ? UV_READABLE : 0;
    if (events == agent->events) {
        return;
    }
    rc = events != 0 ? uv_poll_start(&agent->poll, events, on_agent) : uv_poll_stop(&agent->poll);
    if (rc < 0) {
        detach(c);
        return;
    }
    agent->events = events;
}

static void serve(struct virtio_console *c)
{
    enum flow output, input;
    bool again, hang_up;

    virtio_lock(&c->virtio);
    again = hvc_output(c);
    again = read_control(c) || again;
    write_control(c);
    hang_up = c->hang_up;
    c->hang_up = hang_up && c->agent != NULL;
    virtio_unlock(&c->virtio);

    output = repeat(c, output_piece);
    if (hang_up && output == FLOW_IDLE) {
        detach(c);
    }
    input = repeat(c, input_piece);
    update_poll(c, output, input);
    if (again || output == FLOW_AGAIN || input == FLOW_AGAIN) {
        uv_async_send(&c->async);
    }
}

static void on_async(uv_async_t *async)
{
    serve(async->data);
}

/* ---- What the transport calls ---- */

static void console_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    const struct virtio_console *c = dev;
    uint8_t config[CONFIG_SIZE];

    if (offset >= CONFIG_SIZE) {
        return;
    }
    guest_ram_put16(config + CONFIG_COLUMNS, c->columns);
    guest_ram_put16(config + CONFIG_ROWS, c->rows);
    guest_ram_put32(config + CONFIG_PORTS, c->ports);
    memcpy(buf, config + offset, size < CONFIG_SIZE - offset ? size : CONFIG_SIZE - offset);
}

static void console_activate(void *dev)
{
    struct virtio_console *c = dev;

    console_input_ready(c->console);
    uv_async_send(&c->async);
}

static void console_notify(void *dev, unsigned queue)
{
    struct virtio_console *c = dev;

    if (queue == QUEUE_HVC_INPUT) {
        console_input_ready(c->console);
    } else if (queue != QUEUE_HVC_OUTPUT || hvc_output(c)) {
        uv_async_send(&c->async);
    }
}

static void console_reset(void *dev)
{
    struct virtio_console *c = dev;

    console_set_sink(c->console, CONSOLE_HVC, NULL, NULL);
    c->hang_up |= c->port[PORT_AGENT].open;
    memset(c->port, 0, sizeof(c->port));
    c->hvc_output.active = false;
    c->agent_output.active = false;
    c->agent_input.active = false;
    uv_async_send(&c->async);
}

static void console_stats_read(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_console *c = dev;

    stats_add(out, name, "output_bytes", c->hvc_out);
    stats_add(out, name, "input_bytes", c->hvc_in);
    stats_add(out, name, "agent_output_bytes", c->agent_out);
    stats_add(out, name, "agent_input_bytes", c->agent_in);
    stats_add(out, name, "agent_dropped_bytes", c->agent_dropped);
}

static const struct virtio_ops one_port_ops = {
    .id = VIRTIO_CONSOLE,
    .queues = 4,
    .queue_max = VIRTQ_SIZE_MAX,
    .features = CONSOLE_F_SIZE | CONSOLE_F_MULTIPORT,
    .config_read = console_config_read,
    .activate = console_activate,
    .notify = console_notify,
    .reset = console_reset,
    .stats = console_stats_read,
};

static const struct virtio_ops two_port_ops = {
    .id = VIRTIO_CONSOLE,
    .queues = 6,
    .queue_max = VIRTQ_SIZE_MAX,
    .features = CONSOLE_F_SIZE | CONSOLE_F_MULTIPORT,
    .config_read = console_config_read,
    .activate = console_activate,
    .notify = console_notify,
    .reset = console_reset,
    .stats = console_stats_read,
};

/* ---- Creation, and what the host does ---- */

int virtio_console_new(struct virtio_console **out, const struct virtio_console_config *config,
                       const char **why)
{
    struct virtio_console *c;
    int err;

    if (config->agent_port != NULL &&
        (config->agent_port[0] == '\0' || strlen(config->agent_port) > NAME_MAX_SIZE)) {
        *why = "the port's name has no or too many characters";
        return -EINVAL;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        *why = "out of memory";
        return -ENOMEM;
    }
    err = uv_async_init(config->loop, &c->async, on_async);
    if (err < 0) {
        *why = "the loop takes no more handles";
        free(c);
        return err;
    }
    c->async.data = c;
    c->handles = 1;
    c->loop = config->loop;
    c->console = config->console;
    c->agent_port = config->agent_port;
    c->ports = config->agent_port != NULL ? PORTS : 1;
    virtio_init(&c->virtio, c->ports == PORTS ? &two_port_ops : &one_port_ops, c, config->name,
                config->ram, config->spi, config->set_irq, 0);
    *out = c;
    return 0;
}

struct virtio *virtio_console_device(struct virtio_console *c)
{
    return &c->virtio;
}

int virtio_console_attach_agent(struct virtio_console *c, int fd)
{
    struct agent *agent = NULL;
    int err = stream_prepare(fd);

    if (err < 0) {
        goto fail;
    }
    if (c->agent_port == NULL) {
        err = -ENOENT;
        goto fail;
    }
    /* One that nobody reads from is not polled, and so may have gone unnoticed. */
    if (c->agent != NULL && stream_peer_gone(c->agent->fd)) {
        detach(c);
    }
    if (c->agent != NULL) {
        err = -EBUSY;
        goto fail;
    }
    agent = calloc(1, sizeof(*agent));
    if (agent == NULL) {
        err = -ENOMEM;
        goto fail;
    }
    err = uv_poll_init(c->loop, &agent->poll, fd);
    if (err < 0) {
        goto fail;
    }
    agent->poll.data = agent;
    agent->owner = c;
    agent->fd = fd;
    c->handles++;
    virtio_lock(&c->virtio);
    c->agent = agent;
    if (c->port[PORT_AGENT].ready) {
        c->port[PORT_AGENT].owed |= OWE_OPEN;
    }
    virtio_unlock(&c->virtio);
    serve(c);
    return 0;

fail:
    close(fd);
    free(agent);
    return err;
}

void virtio_console_resize(struct virtio_console *c, uint16_t columns, uint16_t rows)
{
    virtio_lock(&c->virtio);
    if (c->columns != columns || c->rows != rows) {
        c->columns = columns;
        c->rows = rows;
        virtio_config_changed(&c->virtio);
        if (c->port[PORT_HVC].ready) {
            c->port[PORT_HVC].owed |= OWE_RESIZE;
            write_control(c);
        }
    }
    virtio_unlock(&c->virtio);
}

void virtio_console_free(struct virtio_console *c)
{
    if (c == NULL) {
        return;
    }
    console_set_sink(c->console, CONSOLE_HVC, NULL, NULL);
    if (c->agent != NULL) {
        close_agent(c);
    }
    uv_close((uv_handle_t *)&c->async, on_closed);
}
