/* SPDX-License-Identifier: ISC */
/*
 * The console device between a driver that does what the input says (hostile-driver.h), a client of
 * the console and an agent that do so, too. Flag 2: without the agent's port.
 *
 * The target's own operation: the upper three bits of its operand say what, the lower ones how much.
 */
#include <stdio.h>

#include "../../vmm-worker/devices/virtio-console.h"
#include "hostile-loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct console *console; /* one for all inputs */
static struct virtio_console *device;
static int client, agent;

static void make_console(void)
{
    FILE *file[2];
    int log[2];

    if (console != NULL) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        file[i] = tmpfile();
        HOSTILE_CHECK(file[i] != NULL);
        log[i] = dup(fileno(file[i]));
        fclose(file[i]);
    }
    console = console_new(&hostile_uv, log, 8192);
    HOSTILE_CHECK(console != NULL);
}

static void send_some(int fd, size_t size)
{
    static const uint8_t bytes[40000];

    if (fd >= 0) {
        (void)!send(fd, bytes, size, MSG_NOSIGNAL);
    }
}

static void receive_some(int fd)
{
    static uint8_t bytes[65536];

    if (fd >= 0) {
        (void)!recv(fd, bytes, sizeof(bytes), 0);
    }
}

static void attach_agent(void)
{
    int theirs;

    if (agent >= 0) {
        close(agent);
    }
    hostile_socketpair(&agent, &theirs);
    virtio_console_attach_agent(device, theirs);
}

static void other(uint8_t operand)
{
    size_t size = operand & 0x1f;

    switch (operand >> 5) {
    case 0: send_some(client, size * size * size + 1); break;
    case 1: send_some(agent, size * size * size + 1); break;
    case 2: receive_some(client); break;
    case 3: receive_some(agent); break;
    case 4: attach_agent(); break;
    case 5:
        if (agent >= 0) {
            close(agent);
            agent = -1;
        }
        break;
    case 6: virtio_console_resize(device, (uint16_t)size, (uint16_t)(size * 1000)); break;
    default: break;
    }
    hostile_loop_turn(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtio_console_config config = {.name = "hvc",
                                           .ram = &hostile_ram,
                                           .spi = 1,
                                           .set_irq = hostile_set_irq,
                                           .loop = &hostile_uv};
    struct hostile_input in = {data, size};
    uint8_t flags = (uint8_t)hostile_take(&in, 1);
    const char *why;
    int theirs;

    hostile_ram_init();
    hostile_loop_init();
    make_console();
    hostile_socketpair(&client, &theirs);
    HOSTILE_CHECK(console_attach(console, theirs) == 0);
    agent = -1;
    config.console = console;
    config.agent_port = (flags & 2) == 0 ? VIRTIO_CONSOLE_AGENT_PORT : NULL;
    HOSTILE_CHECK(virtio_console_new(&device, &config, &why) == 0);
    if ((flags & 1) != 0) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_console_device(device), &in, other);
    hostile_loop_turn(2);
    if ((flags & 1) != 0) {
        hostile_race_stop();
    }
    virtio_console_free(device);
    close(client);
    if (agent >= 0) {
        close(agent);
    }
    hostile_loop_turn(3); /* the client's end is seen, and every handle is closed */
    return 0;
}
