/* SPDX-License-Identifier: ISC */
/* The entropy device against a driver that does what the input says (hostile-driver.h). */
#include "../../vmm-worker/devices/virtio-rng.h"
#include "hostile-driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct virtio_rng_config config = {
        .name = "rng", .ram = &hostile_ram, .spi = 1, .set_irq = hostile_set_irq};
    struct hostile_input in = {data, size};
    bool race = (hostile_take(&in, 1) & 1) != 0;
    struct virtio_rng *rng;

    hostile_ram_init();
    HOSTILE_CHECK(virtio_rng_new(&rng, &config) == 0);
    if (race) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_rng_device(rng), &in, NULL);
    if (race) {
        hostile_race_stop();
    }
    virtio_rng_free(rng);
    return 0;
}
