/* SPDX-License-Identifier: ISC */
/*
 * PSCI calls from any vCPU with any registers (vmm-worker/psci.c), and vCPU threads that take up what
 * was turned on. A model keeps the table of states beside it.
 */
#include <string.h>

#include "../../vmm-worker/psci.h"
#include "fuzz-input.h"

enum {
    CPU_OFF = 2,
    CPU_ON = 3,
};

static void take_up(struct psci *p, unsigned cpu)
{
    struct psci_start start;

    /* It would wait otherwise: nobody else is here to turn it on. */
    if (p->cpu[cpu].state == PSCI_STATE_PENDING) {
        FUZZ_CHECK(psci_wait(p, cpu, &start));
        FUZZ_CHECK(p->cpu[cpu].state == PSCI_STATE_ON);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    unsigned cpus = 1 + (unsigned)fuzz_take(&in, 1) % PSCI_CPUS_MAX;
    struct psci psci;

    psci_init(&psci, cpus);
    FUZZ_CHECK(psci_turn_on(&psci, 0, &(struct psci_start){.entry = 1}) == 0);
    take_up(&psci, 0);
    while (in.left != 0) {
        uint8_t op = (uint8_t)fuzz_take(&in, 1);
        unsigned self = (unsigned)fuzz_take(&in, 1) % cpus;
        uint64_t x[4];
        struct psci before = psci;
        enum psci_outcome outcome;

        if (op % 4 == 0) {
            take_up(&psci, self);
            continue;
        }
        /* Mostly a function that exists; sometimes anything. */
        x[0] = op % 4 == 3 ? fuzz_take(&in, 8)
                           : UINT64_C(0x84000000) + fuzz_take(&in, 1) % 32 +
                                 (op % 4 == 2 ? UINT64_C(0x40000000) : 0);
        x[1] = op & 4 ? fuzz_take(&in, 8) : fuzz_take(&in, 1);
        x[2] = fuzz_take(&in, op & 8 ? 8 : 1);
        x[3] = fuzz_take(&in, op & 8 ? 8 : 0);
        outcome = psci_call(&psci, self, x);
        FUZZ_CHECK(outcome <= PSCI_SYSTEM_RESET);
        FUZZ_CHECK(outcome != PSCI_RETURN || ((int64_t)x[0] >= -9 && (int64_t)x[0] <= 0x10001));
        FUZZ_CHECK(outcome != PSCI_STOP || psci.cpu[self].state == PSCI_STATE_OFF);
        for (unsigned i = 0; i < PSCI_CPUS_MAX; i++) {
            /* CPU_ON makes one vCPU pending, CPU_OFF turns its caller off; nothing else changes. */
            FUZZ_CHECK(psci.cpu[i].state <= PSCI_STATE_ON);
            FUZZ_CHECK(i < cpus || psci.cpu[i].state == PSCI_STATE_OFF);
            FUZZ_CHECK(
                psci.cpu[i].state == before.cpu[i].state || (outcome == PSCI_STOP && i == self) ||
                (outcome == PSCI_RETURN && x[0] == 0 && before.cpu[i].state == PSCI_STATE_OFF &&
                 psci.cpu[i].state == PSCI_STATE_PENDING));
        }
    }
    psci_close(&psci);
    psci_destroy(&psci);
    return 0;
}
