/* SPDX-License-Identifier: ISC */
/*
 * run-vsock.c: see run-vsock.h.
 */
#include "run-vsock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAY_BUFFER 65536u

int run_vsock_open(struct run_vsock *v, const struct run_options *o)
{
    v->options = o;
    for (size_t i = 0; i < RUN_VSOCK_MAX; i++) {
        v->listener[i] = -1;
    }
    for (size_t i = 0; i < RUN_RELAYS_MAX; i++) {
        v->relay[i].fd[0] = -1;
    }
    for (uint32_t i = 0; i < o->vsock_count; i++) {
        if (o->vsock[i].direction == RUN_VSOCK_CONNECT) {
            v->listener[i] = run_socket_listen(o->vsock[i].path);
            if (v->listener[i] < 0) {
                return -1;
            }
            fcntl(v->listener[i], F_SETFL, O_NONBLOCK);
        }
    }
    return 0;
}

static void relay_close(struct run_relay *r)
{
    for (int i = 0; i < 2; i++) {
        run_flow_close(&r->flow[i]);
        close(r->fd[i]);
        r->fd[i] = -1;
    }
}

void run_vsock_close(struct run_vsock *v)
{
    for (uint32_t i = 0; i < RUN_VSOCK_MAX; i++) {
        if (v->listener[i] >= 0) {
            close(v->listener[i]);
            unlink(v->options->vsock[i].path);
        }
    }
    for (size_t i = 0; i < RUN_RELAYS_MAX; i++) {
        if (v->relay[i].fd[0] >= 0) {
            relay_close(&v->relay[i]);
        }
    }
}

static void relay_open(struct run_relay *r, int worker, int peer)
{
    r->fd[0] = worker;
    r->fd[1] = peer;
    for (int i = 0; i < 2; i++) {
        fcntl(r->fd[i], F_SETFD, FD_CLOEXEC);
        fcntl(r->fd[i], F_SETFL, O_NONBLOCK);
    }
    bool opened = run_flow_open(&r->flow[0], worker, peer, RELAY_BUFFER);
    opened = run_flow_open(&r->flow[1], peer, worker, RELAY_BUFFER) && opened;
    if (!opened) {
        relay_close(r);
    }
}

void run_vsock_incoming(struct run_vsock *v, uint32_t port, int fd)
{
    const struct run_options *o = v->options;
    int peer = -1;

    for (uint32_t i = 0; i < o->vsock_count && peer < 0; i++) {
        if (o->vsock[i].direction == RUN_VSOCK_LISTEN && o->vsock[i].port == port) {
            peer = run_socket_connect(o->vsock[i].path);
        }
    }
    for (size_t i = 0; peer >= 0 && i < RUN_RELAYS_MAX; i++) {
        if (v->relay[i].fd[0] < 0) {
            relay_open(&v->relay[i], fd, peer);
            return;
        }
    }
    close(fd);
    if (peer >= 0) {
        close(peer);
    }
}

/* Entries in poll's list: the listeners, then each relay's two flows, reader and writer. */
nfds_t run_vsock_poll(const struct run_vsock *v, bool accepting, struct pollfd *p)
{
    nfds_t n = 0;

    for (size_t i = 0; i < RUN_VSOCK_MAX; i++) {
        p[n++] = (struct pollfd){.fd = accepting ? v->listener[i] : -1, .events = POLLIN};
    }
    for (size_t i = 0; i < RUN_RELAYS_MAX; i++) {
        const struct run_relay *r = &v->relay[i];
        for (int k = 0; k < 2; k++) {
            bool used = r->fd[0] >= 0;
            p[n++] = (struct pollfd){
                .fd = used && run_flow_wants_read(&r->flow[k]) ? r->flow[k].from : -1,
                .events = POLLIN};
            p[n++] = (struct pollfd){.fd = used && run_flow_wants_write(&r->flow[k]) ? r->flow[k].to
                                                                                     : -1,
                                     .events = POLLOUT};
        }
    }
    return n;
}

static void relay_act(struct run_relay *r, const struct pollfd *p)
{
    const uint8_t *bytes;
    size_t n;

    for (int k = 0; k < 2; k++) {
        struct run_flow *f = &r->flow[k];
        bool was_done = run_flow_done(f);

        if (p[2 * k].revents != 0) {
            run_flow_read(f, &bytes, &n);
        }
        if (p[2 * k + 1].revents != 0) {
            run_flow_write(f);
        }
        if (!was_done && run_flow_done(f)) {
            shutdown(f->to, SHUT_WR);
        }
    }
    if (run_flow_done(&r->flow[0]) && run_flow_done(&r->flow[1])) {
        relay_close(r);
    }
}

void run_vsock_act(struct run_vsock *v, const struct pollfd *p, struct run_worker *w)
{
    for (size_t i = 0; i < RUN_VSOCK_MAX; i++, p++) {
        int fd = p->revents != 0 ? accept(v->listener[i], NULL, NULL) : -1;
        if (fd >= 0) {
            run_send_number(w, MSG_VSOCK_CONNECT, v->options->vsock[i].port, fd);
            close(fd);
        }
    }
    for (size_t i = 0; i < RUN_RELAYS_MAX; i++, p += 4) {
        if (v->relay[i].fd[0] >= 0) {
            relay_act(&v->relay[i], p);
        }
    }
}
