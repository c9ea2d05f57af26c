/* SPDX-License-Identifier: ISC */
/*
 * protocol.c: payloads of the channel's messages and the permit tables. See protocol.h.
 */
#include "protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
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

/* ---- START's faults ---- */

/* Where the sentence about the first fault goes: "field: what it must be". */
struct fault {
    char *why;
    bool found;
};

static void fault_found(struct fault *f, const char *format, ...)
{
    va_list args;

    if (!f->found) {
        va_start(args, format);
        vsnprintf(f->why, PROTOCOL_TEXT_MAX + 1, format, args);
        va_end(args);
        f->found = true;
    }
}

/* A string that is there as a whole and cannot be taken has a fault of its own; one that is cut
 * short is the message's. */
static void get_text(struct wire_reader *r, char *out, size_t cap, const char *field,
                     struct fault *f)
{
    struct wire_reader ahead = *r;
    size_t size = wire_get_u16(&ahead);
    bool whole = !ahead.failed && size <= ahead.size - ahead.used;

    wire_get_string(r, out, cap);
    if (r->failed && whole) {
        fault_found(f, "%s: must be at most %zu characters, none of them a zero byte", field,
                    cap - 1);
    }
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

#define NEWER "unknown bits 0x%" PRIx32 ": is the supervisor newer than the worker?"

static void check_disk(const struct msg_start *m, unsigned i, struct fault *f)
{
    uint32_t unknown = m->disk[i].flags & ~(uint32_t)DISK_READ_ONLY;

    if (unknown != 0) {
        fault_found(f, "disk %u: flags: " NEWER, i, unknown);
    }
    if (!printable(m->disk[i].serial)) {
        fault_found(f, "disk %u: serial: must be printable ASCII", i);
    }
}

static void check_net(const struct msg_start *m, unsigned i, struct fault *f)
{
    static const uint8_t none[6] = {0};
    uint32_t unknown = m->net[i].flags & ~(uint32_t)NET_CHECKSUM_OFFLOAD;

    if (unknown != 0) {
        fault_found(f, "net %u: flags: " NEWER, i, unknown);
    }
    if ((m->net[i].mac[0] & 1) != 0 || memcmp(m->net[i].mac, none, sizeof(none)) == 0) {
        fault_found(f, "net %u: mac: must be one interface's address, neither a group's nor zero",
                    i);
    }
    if (m->net[i].mtu < PROTOCOL_MTU_MIN || m->net[i].mtu > PROTOCOL_MTU_MAX) {
        fault_found(f, "net %u: mtu: must be %u to %u, and is %u", i, PROTOCOL_MTU_MIN,
                    PROTOCOL_MTU_MAX, m->net[i].mtu);
    }
}

/* What is wrong with a decoded description, in the order of its fields. */
static void check_start(const struct msg_start *m, struct fault *f)
{
    uint32_t unknown =
        m->flags & ~(uint32_t)(START_HAS_INITRD | START_VSOCK | START_BALLOON | START_CONSOLE);

    if (!valid_id(m->id)) {
        fault_found(f, "id: must be [a-z2-7]+");
    }
    if (!valid_name(m->name)) {
        fault_found(f, "name: must be [a-z][a-z0-9-]*");
    }
    if (m->cpus < 1 || m->cpus > PROTOCOL_CPUS_MAX) {
        fault_found(f, "cpus: must be 1 to %u, and is %" PRIu32, PROTOCOL_CPUS_MAX, m->cpus);
    }
    if (m->memory < PROTOCOL_MEMORY_MIN || m->memory > PROTOCOL_MEMORY_MAX ||
        m->memory % (UINT64_C(2) << 20) != 0) {
        fault_found(f,
                    "memory: must be 64 MiB to 64 GiB in steps of 2 MiB, and is %" PRIu64 " bytes",
                    m->memory);
    }
    if (!printable(m->cmdline)) {
        fault_found(f, "cmdline: must be printable ASCII");
    }
    if (unknown != 0) {
        fault_found(f, "flags: " NEWER, unknown);
    }
    if (m->console_segment < 4096 || m->console_segment > 64u << 20) {
        fault_found(f, "console_segment: must be 4096 to 67108864 bytes, and is %" PRIu32,
                    m->console_segment);
    }
    if ((m->flags & START_VSOCK) != 0 && (m->vsock_cid < 3 || m->vsock_cid == UINT32_MAX)) {
        fault_found(f, "vsock_cid: must be 3 to 4294967294, and is %" PRIu32, m->vsock_cid);
    }
    for (unsigned i = 0; i < m->disk_count; i++) {
        check_disk(m, i, f);
    }
    for (unsigned i = 0; i < m->net_count; i++) {
        check_net(m, i, f);
    }
}

/* A count of what follows it; one that is too large makes what follows unreadable. */
static uint32_t get_count(struct wire_reader *r, uint32_t most, const char *field, struct fault *f)
{
    uint32_t count = wire_get_u32(r);

    if (count <= most) {
        return count;
    }
    fault_found(f, "%s: must be at most %" PRIu32 ", and is %" PRIu32, field, most, count);
    r->failed = true;
    return 0;
}

int msg_start_decode(const uint8_t *buf, size_t size, struct msg_start *out,
                     char why[PROTOCOL_TEXT_MAX + 1])
{
    struct wire_reader r = READER(buf, size);
    struct fault f = {.why = why};

    memset(out, 0, sizeof(*out));
    why[0] = '\0';
    get_text(&r, out->id, sizeof(out->id), "id", &f);
    get_text(&r, out->name, sizeof(out->name), "name", &f);
    out->cpus = wire_get_u32(&r);
    out->memory = wire_get_u64(&r);
    get_text(&r, out->cmdline, sizeof(out->cmdline), "cmdline", &f);
    out->flags = wire_get_u32(&r);
    out->stop_timeout_ms = wire_get_u32(&r);
    out->grace_ms = wire_get_u32(&r);
    out->console_segment = wire_get_u32(&r);
    out->vsock_cid = wire_get_u32(&r);
    out->disk_count = get_count(&r, PROTOCOL_DISKS_MAX, "disk_count", &f);
    for (uint32_t i = 0; i < out->disk_count; i++) {
        char field[24];
        snprintf(field, sizeof(field), "disk %" PRIu32 ": serial", i);
        out->disk[i].flags = wire_get_u32(&r);
        get_text(&r, out->disk[i].serial, sizeof(out->disk[i].serial), field, &f);
    }
    out->net_count = get_count(&r, PROTOCOL_NETS_MAX, "net_count", &f);
    for (uint32_t i = 0; i < out->net_count; i++) {
        out->net[i].flags = wire_get_u32(&r);
        wire_get_bytes(&r, out->net[i].mac, sizeof(out->net[i].mac));
        out->net[i].mtu = wire_get_u16(&r);
    }
    if (r.failed) {
        fault_found(&f, "the message of %zu bytes ends before its last field", size);
    } else if (!wire_complete(&r)) {
        fault_found(&f, "the message goes on for %zu bytes behind its last field", size - r.used);
    } else {
        check_start(out, &f);
    }
    return f.found ? -EPROTO : 0;
}

size_t msg_start_fd_count(const struct msg_start *m)
{
    size_t initrd = (m->flags & START_HAS_INITRD) != 0 ? 1 : 0;
    size_t console = (m->flags & START_CONSOLE) != 0 ? 1 : 0;

    return 3 + initrd + m->disk_count + m->net_count + console;
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

bool protocol_passes_variable(const char *variable)
{
    static const char *const names[] = {
        "SOFTHV_WFI=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(variable, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}
