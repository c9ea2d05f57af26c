/* SPDX-License-Identifier: ISC */
/* PSCI: the firmware calls that turn vCPUs on and off. See psci.h. */
#include "psci.h"

/* Function identifiers, without the bit that says "64-bit arguments" (DEN 0022, 5.1). */
#define FN_SMCCC_VERSION     UINT32_C(0x80000000)
#define FN_VERSION           UINT32_C(0x84000000)
#define FN_CPU_OFF           UINT32_C(0x84000002)
#define FN_CPU_ON            UINT32_C(0x84000003)
#define FN_AFFINITY_INFO     UINT32_C(0x84000004)
#define FN_MIGRATE_INFO_TYPE UINT32_C(0x84000006)
#define FN_SYSTEM_OFF        UINT32_C(0x84000008)
#define FN_SYSTEM_RESET      UINT32_C(0x84000009)
#define FN_FEATURES          UINT32_C(0x8400000a)
#define FN_64BIT             UINT32_C(0x40000000)

enum {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    ALREADY_ON = -4,
    ON_PENDING = -5,
};

enum {
    PSCI_1_1 = 0x10001,
    SMCCC_1_1 = 0x10001,
    AFFINITY_ON = 0,
    AFFINITY_OFF = 1,
    AFFINITY_ON_PENDING = 2,
    NO_TRUSTED_OS = 2,
};

/* Aff3 and Aff2 to Aff0 of an MPIDR; the other bits must be zero in an argument. */
#define AFFINITY_MASK UINT64_C(0xff00ffffff)

void psci_init(struct psci *psci, unsigned cpus)
{
    *psci = (struct psci){.cpus = cpus};
    pthread_mutex_init(&psci->lock, NULL);
    pthread_cond_init(&psci->changed, NULL);
}

void psci_destroy(struct psci *psci)
{
    pthread_cond_destroy(&psci->changed);
    pthread_mutex_destroy(&psci->lock);
}

int64_t psci_turn_on(struct psci *psci, uint64_t target, const struct psci_start *start)
{
    int64_t result = SUCCESS;

    if ((target & ~AFFINITY_MASK) != 0 || target >= psci->cpus)
        return INVALID_PARAMETERS;
    pthread_mutex_lock(&psci->lock);
    switch (psci->cpu[target].state) {
    case PSCI_STATE_ON: result = ALREADY_ON; break;
    case PSCI_STATE_PENDING: result = ON_PENDING; break;
    case PSCI_STATE_OFF:
        psci->cpu[target].state = PSCI_STATE_PENDING;
        psci->cpu[target].start = *start;
        pthread_cond_broadcast(&psci->changed);
        break;
    }
    pthread_mutex_unlock(&psci->lock);
    return result;
}

/* Only level 0, single vCPUs: PSCI 1.x lets an implementation refuse the others. */
static int64_t affinity_info(struct psci *psci, uint64_t target, uint64_t level)
{
    static const int answers[] = {
        [PSCI_STATE_OFF] = AFFINITY_OFF,
        [PSCI_STATE_PENDING] = AFFINITY_ON_PENDING,
        [PSCI_STATE_ON] = AFFINITY_ON,
    };
    int64_t result;

    if (level != 0 || (target & ~AFFINITY_MASK) != 0 || target >= psci->cpus)
        return INVALID_PARAMETERS;
    pthread_mutex_lock(&psci->lock);
    result = answers[psci->cpu[target].state];
    pthread_mutex_unlock(&psci->lock);
    return result;
}

/* Is there a function of this number? CPU_ON and AFFINITY_INFO alone exist with 64-bit arguments.
 */
static bool is_supported(uint32_t function)
{
    switch (function) {
    case FN_CPU_ON | FN_64BIT:
    case FN_AFFINITY_INFO | FN_64BIT:
    case FN_SMCCC_VERSION:
    case FN_VERSION:
    case FN_CPU_OFF:
    case FN_CPU_ON:
    case FN_AFFINITY_INFO:
    case FN_MIGRATE_INFO_TYPE:
    case FN_SYSTEM_OFF:
    case FN_SYSTEM_RESET:
    case FN_FEATURES: return true;
    default: return false;
    }
}

enum psci_outcome psci_call(struct psci *psci, unsigned self, uint64_t x[4])
{
    uint32_t function = (uint32_t)x[0];
    uint64_t mask = function & FN_64BIT ? UINT64_MAX : UINT32_MAX;
    struct psci_start start = {.entry = x[2] & mask, .context = x[3] & mask};
    int64_t result = NOT_SUPPORTED;

    if (is_supported(function)) {
        switch (function & ~FN_64BIT) {
        case FN_SMCCC_VERSION: result = SMCCC_1_1; break;
        case FN_VERSION: result = PSCI_1_1; break;
        case FN_CPU_ON: result = psci_turn_on(psci, x[1] & mask, &start); break;
        case FN_AFFINITY_INFO: result = affinity_info(psci, x[1] & mask, x[2] & mask); break;
        case FN_MIGRATE_INFO_TYPE: result = NO_TRUSTED_OS; break;
        case FN_FEATURES: result = is_supported((uint32_t)x[1]) ? SUCCESS : NOT_SUPPORTED; break;
        case FN_SYSTEM_OFF: return PSCI_SYSTEM_OFF;
        case FN_SYSTEM_RESET: return PSCI_SYSTEM_RESET;
        case FN_CPU_OFF:
            pthread_mutex_lock(&psci->lock);
            psci->cpu[self].state = PSCI_STATE_OFF;
            pthread_mutex_unlock(&psci->lock);
            return PSCI_STOP;
        default: break;
        }
    }
    x[0] = (uint64_t)result;
    return PSCI_RETURN;
}

bool psci_wait(struct psci *psci, unsigned self, struct psci_start *start)
{
    bool on = false;

    pthread_mutex_lock(&psci->lock);
    while (!psci->closed && psci->cpu[self].state != PSCI_STATE_PENDING)
        pthread_cond_wait(&psci->changed, &psci->lock);
    if (!psci->closed) {
        psci->cpu[self].state = PSCI_STATE_ON;
        *start = psci->cpu[self].start;
        on = true;
    }
    pthread_mutex_unlock(&psci->lock);
    return on;
}

void psci_close(struct psci *psci)
{
    pthread_mutex_lock(&psci->lock);
    psci->closed = true;
    pthread_cond_broadcast(&psci->changed);
    pthread_mutex_unlock(&psci->lock);
}
