/* SPDX-License-Identifier: ISC */
/*
 * virtio-console.h: the console device (virtio 1.2, 5.3) with multiple ports: hvc0 and a named port
 * for a guest agent.
 *
 * Port 0 is the guest's hvc0: what the driver writes goes to the VM's console (console.h). It takes
 * the console's input as CONSOLE_HVC from the guest's first byte there to the device's reset.
 * Without F_MULTIPORT it is the only port. Port 1 has a name ("/dev/virtio-ports/NAME" in the guest) and carries bytes to and
 * from a stream socket that virtio_console_attach_agent gives it. It is open on the host's side
 * (PORT_OPEN) while a socket is attached, and what the guest writes meanwhile without one is
 * dropped, as a serial line would.
 *
 * Nothing is buffered without bound: the agent's output queue rests while the socket is full, the
 * socket is read only while the guest has buffers and has the port open, and console input waits in
 * console.c. Control messages to the guest are a bounded list of what it has still to be told, not
 * a queue: a guest that never reads them costs nothing.
 *
 * Bytes of hvc0 are taken on the vCPU's thread that notifies, at most a bounded number of chains at
 * once, the rest on the loop's. Everything else is on the loop's thread.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "../console.h"
#include "virtio-mmio.h"

#define VIRTIO_CONSOLE_AGENT_PORT "org.paddock.agent.0"

struct virtio_console;

struct virtio_console_config {
    const char *name; /* "console0"; kept */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
    uv_loop_t *loop;
    struct console *console; /* must outlive the device */
    const char *agent_port;  /* port 1's name, at most 63 bytes; kept; NULL: only port 0 */
};

/* 0, or a negative errno with *why (static storage) and nothing left behind. */
int virtio_console_new(struct virtio_console **out, const struct virtio_console_config *config,
                       const char **why);

struct virtio *virtio_console_device(struct virtio_console *c);

/* Connects port 1 to a stream socket, taken over in any case. When either side closes, so does the
 * other, and another one may be attached. -EBUSY: there is one; -ENOENT: no such port. */
int virtio_console_attach_agent(struct virtio_console *c, int fd);

/* Tells the guest the size of the terminal behind hvc0. */
void virtio_console_resize(struct virtio_console *c, uint16_t columns, uint16_t rows);

/* As virtio_net_free. */
void virtio_console_free(struct virtio_console *c);

#endif
