/* SPDX-License-Identifier: ISC */
/*
 * The balloon against a driver that does what the input says (hostile-driver.h). It never counts
 * more pages than there are, and never frees a page outside of RAM.
 */
#include "../../vmm-worker/devices/virtio-balloon.h"
#include "hostile-driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct virtio_balloon *balloon;

/* The VM's side: targets and questions. */
static void vm_side(uint8_t operand)
{
    if ((operand & 1) != 0) {
        virtio_balloon_ask_stats(balloon);
    } else {
        virtio_balloon_set_target(balloon, operand == 0xfe ? UINT64_MAX : operand * UINT64_C(4096));
    }
    HOSTILE_CHECK(virtio_balloon_target(balloon) <= HOSTILE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct virtio_balloon_config config = {
        .name = "balloon", .ram = &hostile_ram, .spi = 1, .set_irq = hostile_set_irq};
    struct hostile_input in = {data, size};
    bool race = (hostile_take(&in, 1) & 1) != 0;

    hostile_ram_init();
    HOSTILE_CHECK(virtio_balloon_new(&balloon, &config) == 0);
    if (race) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_balloon_device(balloon), &in, vm_side);
    if (race) {
        hostile_race_stop();
    }
    HOSTILE_CHECK(virtio_balloon_held(balloon) <= HOSTILE_SIZE);
    HOSTILE_CHECK(virtio_balloon_actual(balloon) % 4096 == 0);
    virtio_balloon_free(balloon);
    HOSTILE_CHECK(hostile_guards_intact());
    return 0;
}
