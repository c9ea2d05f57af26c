/* SPDX-License-Identifier: ISC */
/*
 * protocol.c: payloads of the channel's messages and the permit tables. See protocol.h.
 */
#include "protocol.h"

#include <errno.h>
#include <string.h>

#include "wire.h"

/* ---- Which message when ------------------------------------------------------------------------ */

#define IN(state) (1u << (state))
#define UP        (IN(WORKER_RUNNING) | IN(WORKER_PAUSED))

static const struct permit {
    uint16_t type;
    uint16_t worker;     /* states of the worker in which it takes this message */
    uint16_t supervisor; /* states, as the supervisor knows them, in which it takes this message */
    const char *name;
} permits[] = {
    {MSG_HELLO, IN(WORKER_NEW), 0, "HELLO"},
    {MSG_START, IN(WORKER_GREETED), 0, "START"},
    {MSG_STOP, UP | IN(WORKER_STOPPING), 0, "STOP"},
    {MSG_KILL, IN(WORKER_GREETED) | UP | IN(WORKER_STOPPING), 0, "KILL"},
    /* Also while stopping, because a sender may not know of that yet. */
    {MSG_PAUSE, UP | IN(WORKER_STOPPING), 0, "PAUSE"},
    {MSG_RESUME, UP | IN(WORKER_STOPPING), 0, "RESUME"},
    {MSG_STATS, UP | IN(WORKER_STOPPING), 0, "STATS"},
    {MSG_PING, IN(WORKER_GREETED) | UP | IN(WORKER_STOPPING), 0, "PING"},
    {MSG_CONSOLE, UP | IN(WORKER_STOPPING), 0, "CONSOLE"},
    {MSG_BALLOON, UP | IN(WORKER_STOPPING), 0, "BALLOON"},
    {MSG_VSOCK_CONNECT, UP | IN(WORKER_STOPPING), 0, "VSOCK_CONNECT"},
    {MSG_VSOCK_LISTEN, UP | IN(WORKER_STOPPING), 0, "VSOCK_LISTEN"},
    {MSG_AGENT, UP | IN(WORKER_STOPPING), 0, "AGENT"},
    {MSG_HELLO_REPLY, 0, IN(WORKER_NEW), "HELLO_REPLY"},
    {MSG_READY, 0, IN(WORKER_GREETED), "READY"},
    {MSG_BOOTED, 0, UP | IN(WORKER_STOPPING), "BOOTED"},
    {MSG_STATE, 0, UP | IN(WORKER_STOPPING), "STATE"},
    {MSG_STATS_REPLY, 0, UP | IN(WORKER_STOPPING), "STATS_REPLY"},
    {MSG_PONG, 0, IN(WORKER_GREETED) | UP | IN(WORKER_STOPPING), "PONG"},
    {MSG_LOG, 0, IN(WORKER_GREETED) | UP | IN(WORKER_STOPPING), "LOG"},
    {MSG_ENDED, 0, IN(WORKER_NEW) | IN(WORKER_GREETED) | UP | IN(WORKER_STOPPING), "ENDED"},
    {MSG_RESULT, 0, UP | IN(WORKER_STOPPING), "RESULT"},
    {MSG_VSOCK_INCOMING, 0, UP | IN(WORKER_STOPPING), "VSOCK_INCOMING"},
};

static const struct permit *permit_for(uint16_t type)
{
    for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++) {
        if (permits[i].type == type) {
            return &permits[i];
        }
    }
    return NULL;
}

bool protocol_worker_accepts(enum worker_state state, uint16_t type)
{
    const struct permit *p = permit_for(type);

    return p != NULL && (p->worker & IN(state)) != 0;
}

bool protocol_supervisor_accepts(enum worker_state state, uint16_t type)
{
    const struct permit *p = permit_for(type);

    return p != NULL && (p->supervisor & IN(state)) != 0;
}

const char *protocol_message_name(uint16_t type)
{
    const struct permit *p = permit_for(type);

    return p != NULL ? p->name : "an unknown message";
}

/* ---- Payloads ------------------------------------------------------------------------------------ */

#define WRITER(buf, size) ((struct wire_writer){(buf), (size), 0, false})
#define READER(buf, size) ((struct wire_reader){(buf), (size), 0, false})

static size_t written(const struct wire_writer *w)
{
    return w->failed ? 0 : w->used;
}

static int finished(const struct wire_reader *r)
{
    return wire_complete(r) ? 0 : -EPROTO;
}

/* Texts that end up in logs and on terminals: no control characters. */
static bool printable(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e) {
            return false;
        }
    }
    return true;
}

size_t msg_hello_encode(const struct msg_hello *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u32(&w, in->version);
    wire_put_u32(&w, in->pid);
    wire_put_string(&w, in->build);
    return written(&w);
}

int msg_hello_decode(const uint8_t *buf, size_t size, struct msg_hello *out)
{
    struct wire_reader r = READER(buf, size);

    out->version = wire_get_u32(&r);
    out->pid = wire_get_u32(&r);
    wire_get_string(&r, out->build, sizeof(out->build));
    return finished(&r) == 0 && printable(out->build) ? 0 : -EPROTO;
}

size_t msg_start_encode(const struct msg_start *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_string(&w, in->id);
    wire_put_string(&w, in->name);
    wire_put_u32(&w, in->cpus);
    wire_put_u64(&w, in->memory);
    wire_put_string(&w, in->cmdline);
    wire_put_u32(&w, in->flags);
    wire_put_u32(&w, in->stop_timeout_ms);
    wire_put_u32(&w, in->grace_ms);
    wire_put_u32(&w, in->console_segment);
    wire_put_u32(&w, in->vsock_cid);
    wire_put_u32(&w, in->disk_count);
    for (uint32_t i = 0; i < in->disk_count && i < PROTOCOL_DISKS_MAX; i++) {
        wire_put_u32(&w, in->disk[i].flags);
        wire_put_string(&w, in->disk[i].serial);
    }
    wire_put_u32(&w, in->net_count);
    for (uint32_t i = 0; i < in->net_count && i < PROTOCOL_NETS_MAX; i++) {
        wire_put_u32(&w, in->net[i].flags);
        wire_put_bytes(&w, in->net[i].mac, sizeof(in->net[i].mac));
        wire_put_u16(&w, in->net[i].mtu);
    }
    return written(&w);
}

static bool valid_id(const char *id)
{
    return id[0] != '\0' && strspn(id, "abcdefghijklmnopqrstuvwxyz234567") == strlen(id);
}

static bool valid_name(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* What is wrong with a decoded description, or NULL. */
static const char *start_fault(const struct msg_start *m)
{
    const uint32_t known = START_HAS_INITRD | START_VSOCK | START_BALLOON;

    if (!valid_id(m->id)) {
        return "id: must be [a-z2-7]+";
    }
    if (!valid_name(m->name)) {
        return "name: must be [a-z][a-z0-9-]*";
    }
    if (m->cpus < 1 || m->cpus > PROTOCOL_CPUS_MAX) {
        return "cpus: must be 1 to 16";
    }
    if (m->memory < PROTOCOL_MEMORY_MIN || m->memory > PROTOCOL_MEMORY_MAX ||
        m->memory % (UINT64_C(2) << 20) != 0) {
        return "memory: must be 64 MiB to 64 GiB in steps of 2 MiB";
    }
    if (!printable(m->cmdline)) {
        return "cmdline: must be printable ASCII";
    }
    if ((m->flags & ~known) != 0) {
        return "flags: unknown bits";
    }
    if (m->console_segment < 4096 || m->console_segment > 64u << 20) {
        return "console_segment: must be 4 KiB to 64 MiB";
    }
    if ((m->flags & START_VSOCK) != 0 && (m->vsock_cid < 3 || m->vsock_cid == UINT32_MAX)) {
        return "vsock_cid: must be 3 to 4294967294";
    }
    for (uint32_t i = 0; i < m->disk_count; i++) {
        if ((m->disk[i].flags & ~(uint32_t)DISK_READ_ONLY) != 0) {
            return "disk: unknown flags";
        }
        if (!printable(m->disk[i].serial)) {
            return "disk: the serial must be printable ASCII";
        }
    }
    for (uint32_t i = 0; i < m->net_count; i++) {
        if ((m->net[i].flags & ~(uint32_t)NET_CHECKSUM_OFFLOAD) != 0) {
            return "net: unknown flags";
        }
        if ((m->net[i].mac[0] & 1) != 0) {
            return "net: the MAC is a group address";
        }
        if (m->net[i].mtu < 576 || m->net[i].mtu > 65521) {
            return "net: mtu must be 576 to 65521";
        }
    }
    return NULL;
}

int msg_start_decode(const uint8_t *buf, size_t size, struct msg_start *out, const char **why)
{
    struct wire_reader r = READER(buf, size);

    memset(out, 0, sizeof(*out));
    wire_get_string(&r, out->id, sizeof(out->id));
    wire_get_string(&r, out->name, sizeof(out->name));
    out->cpus = wire_get_u32(&r);
    out->memory = wire_get_u64(&r);
    wire_get_string(&r, out->cmdline, sizeof(out->cmdline));
    out->flags = wire_get_u32(&r);
    out->stop_timeout_ms = wire_get_u32(&r);
    out->grace_ms = wire_get_u32(&r);
    out->console_segment = wire_get_u32(&r);
    out->vsock_cid = wire_get_u32(&r);
    out->disk_count = wire_get_u32(&r);
    if (out->disk_count > PROTOCOL_DISKS_MAX) {
        *why = "disk: more than 16";
        out->disk_count = 0;
        return -EPROTO;
    }
    for (uint32_t i = 0; i < out->disk_count; i++) {
        out->disk[i].flags = wire_get_u32(&r);
        wire_get_string(&r, out->disk[i].serial, sizeof(out->disk[i].serial));
    }
    out->net_count = wire_get_u32(&r);
    if (out->net_count > PROTOCOL_NETS_MAX) {
        *why = "net: more than 8";
        out->net_count = 0;
        return -EPROTO;
    }
    for (uint32_t i = 0; i < out->net_count; i++) {
        out->net[i].flags = wire_get_u32(&r);
        wire_get_bytes(&r, out->net[i].mac, sizeof(out->net[i].mac));
        out->net[i].mtu = wire_get_u16(&r);
    }
    *why = wire_complete(&r) ? start_fault(out) : "the message is cut short or too long";
    return *why == NULL ? 0 : -EPROTO;
}

size_t msg_start_fd_count(const struct msg_start *m)
{
    size_t initrd = (m->flags & START_HAS_INITRD) != 0 ? 1 : 0;

    return 3 + initrd + m->disk_count + m->net_count;
}

size_t msg_stop_encode(const struct msg_stop *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u32(&w, in->timeout_ms);
    return written(&w);
}

int msg_stop_decode(const uint8_t *buf, size_t size, struct msg_stop *out)
{
    struct wire_reader r = READER(buf, size);

    out->timeout_ms = wire_get_u32(&r);
    return finished(&r);
}

size_t msg_number_encode(const struct msg_number *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u64(&w, in->value);
    return written(&w);
}

int msg_number_decode(const uint8_t *buf, size_t size, struct msg_number *out)
{
    struct wire_reader r = READER(buf, size);

    out->value = wire_get_u64(&r);
    return finished(&r);
}

size_t msg_ready_encode(const struct msg_ready *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u64(&w, in->kernel_size);
    wire_put_u64(&w, in->entry);
    wire_put_u64(&w, in->dtb);
    wire_put_u64(&w, in->setup_us);
    return written(&w);
}

int msg_ready_decode(const uint8_t *buf, size_t size, struct msg_ready *out)
{
    struct wire_reader r = READER(buf, size);

    out->kernel_size = wire_get_u64(&r);
    out->entry = wire_get_u64(&r);
    out->dtb = wire_get_u64(&r);
    out->setup_us = wire_get_u64(&r);
    return finished(&r);
}

size_t msg_text_encode(const struct msg_text *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u32(&w, in->level);
    wire_put_string(&w, in->text);
    return written(&w);
}

int msg_text_decode(const uint8_t *buf, size_t size, struct msg_text *out)
{
    struct wire_reader r = READER(buf, size);

    out->level = wire_get_u32(&r);
    wire_get_string(&r, out->text, sizeof(out->text));
    return finished(&r) == 0 && out->level <= 7 && printable(out->text) ? 0 : -EPROTO;
}

size_t msg_ended_encode(const struct msg_ended *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u8(&w, (uint8_t)in->outcome);
    wire_put_u8(&w, (uint8_t)in->step);
    wire_put_u32(&w, (uint32_t)in->code);
    wire_put_string(&w, in->cause);
    return written(&w);
}

int msg_ended_decode(const uint8_t *buf, size_t size, struct msg_ended *out)
{
    struct wire_reader r = READER(buf, size);
    unsigned outcome = wire_get_u8(&r);
    unsigned step = wire_get_u8(&r);

    out->code = (int32_t)wire_get_u32(&r);
    wire_get_string(&r, out->cause, sizeof(out->cause));
    out->outcome = OUTCOME_NONE;
    out->step = STEP_NONE;
    if (finished(&r) != 0 || outcome == OUTCOME_NONE || outcome >= OUTCOME_COUNT ||
        step >= STEP_COUNT || !printable(out->cause)) {
        return -EPROTO;
    }
    out->outcome = (enum outcome)outcome;
    out->step = (enum start_step)step;
    return 0;
}

size_t msg_stats_encode(const struct msg_stats *in, uint8_t *buf, size_t size)
{
    struct wire_writer w = WRITER(buf, size);

    wire_put_u32(&w, in->count);
    for (uint32_t i = 0; i < in->count && i < PROTOCOL_STATS_MAX; i++) {
        wire_put_string(&w, in->entry[i].name);
        wire_put_u64(&w, in->entry[i].value);
    }
    return written(&w);
}

int msg_stats_decode(const uint8_t *buf, size_t size, struct msg_stats *out)
{
    struct wire_reader r = READER(buf, size);
    bool clean = true;

    out->count = wire_get_u32(&r);
    if (out->count > PROTOCOL_STATS_MAX) {
        out->count = 0;
        return -EPROTO;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        wire_get_string(&r, out->entry[i].name, sizeof(out->entry[i].name));
        out->entry[i].value = wire_get_u64(&r);
        clean = clean && printable(out->entry[i].name);
    }
    return clean ? finished(&r) : -EPROTO;
}

void protocol_mac(const char *id, unsigned index, uint8_t mac[6])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const char *p = id; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (index & 0xff)) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29; /* FNV's low bits mix least: fold the rest in */
    for (unsigned i = 0; i < 6; i++) {
        mac[i] = (uint8_t)(hash >> (8 * i));
    }
    mac[0] = (uint8_t)((mac[0] & ~3u) | 2u); /* unicast, locally administered */
}
