/* SPDX-License-Identifier: ISC */
/*
 * hv-sweep.c: decodes encodings of A64, all 2^32 of them unless told otherwise, and executes some.
 *
 *   hv-sweep [STRIDE [EXECUTE]]     every STRIDE-th word (1) is decoded; every EXECUTE-th of those
 *                                   (4096) is executed at EL0 and EL1 on random registers
 *
 * Decoding must give a handler for every word, the same twice, and one that says UNDEFINED exactly
 * for what no rule accepts. Executing goes through the public API with a little RAM: whatever the
 * word does, the vCPU must come back. Prints how many words each table takes, and closes with a
 * line of counts.
 */
#include <Hypervisor/Hypervisor.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode.h"

#define THREADS  2u
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x10000)

static uint64_t stride = 1;
static uint64_t execute_every = 4096;
static atomic_uint_least64_t failures;

struct part {
    pthread_t thread;
    uint64_t first, last; /* words [first, last) */
    uint64_t allocated, undefined;
    uint64_t by_table[DECODE_TABLES];
};

static void complain(uint32_t word, const char *what)
{
    if (atomic_fetch_add(&failures, 1) < 20) {
        printf("0x%08" PRIx32 ": %s\n", word, what);
    }
}

static void decode_one(struct part *p, uint32_t word)
{
    struct op op = {0};
    struct op again = {0};
    bool allocated = decode_insn(word, &op);
    const struct decode_rule *rule = decode_rule_for(word);

    if (op.exec == NULL) {
        complain(word, "decodes to no handler");
    }
    if (decode_insn(word, &again) != allocated || memcmp(&op, &again, sizeof(op)) != 0) {
        complain(word, "decodes differently the second time");
    }
    if (allocated == (op.exec == op_undefined)) {
        complain(word, "is allocated and undefined, or neither");
    }
    if (allocated && rule == NULL) {
        complain(word, "is allocated by no rule");
    }
    if (!allocated) {
        p->undefined++;
        return;
    }
    p->allocated++;
    for (unsigned t = 0; t < DECODE_TABLES; t++) {
        const struct decode_table *table = decode_tables[t];
        if (rule >= table->rule && rule < table->rule + table->count) {
            p->by_table[t]++;
        }
    }
}

static void *decode_part(void *arg)
{
    struct part *p = arg;

    for (uint64_t word = p->first; word < p->last; word += stride) {
        decode_one(p, (uint32_t)word);
    }
    return NULL;
}

/* ---- Execution ----------------------------------------------------------------------------------
 */

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void must(hv_return_t result, const char *what)
{
    if (result != HV_SUCCESS) {
        fprintf(stderr, "hv-sweep: %s: 0x%" PRIx32 "\n", what, (uint32_t)result);
        exit(1);
    }
}

/* A vCPU that spins or sleeps comes back by this. */
struct kicker {
    hv_vcpu_t vcpu;
    atomic_bool stop;
};

static void *kick(void *arg)
{
    struct kicker *k = arg;
    struct timespec pause = {.tv_nsec = 200000};

    while (!atomic_load(&k->stop)) {
        nanosleep(&pause, NULL);
        hv_vcpus_exit(&k->vcpu, 1);
    }
    return NULL;
}

/*
 * The word, then HVC; vectors that HVC. Level 0 or 1, MMU off. Some registers point into RAM, so
 * that accesses succeed too.
 */
static void execute_one(hv_vcpu_t vcpu, uint8_t *ram, uint32_t word, unsigned level)
{
    static const uint32_t hvc = 0xd4000002;
    const uint64_t code = 0x2000;

    memcpy(ram + code, &word, 4);
    for (unsigned i = 1; i < 8; i++) {
        memcpy(ram + code + 4 * i, &hvc, 4);
    }
    for (uint64_t at = 0; at < 0x800; at += 0x80) {
        memcpy(ram + at, &hvc, 4);
    }
    for (unsigned i = 0; i <= 30; i++) {
        uint64_t value = random64();
        hv_vcpu_set_reg(vcpu, HV_REG_X0 + i,
                        i % 2 == 0 ? value : RAM_BASE + 0x8000 + (value & 0xff0));
    }
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_SCTLR_EL1, 0);
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_MDSCR_EL1, 0);
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_VBAR_EL1, RAM_BASE);
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_CPACR_EL1, UINT64_C(3) << 20);
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_SP_EL0, RAM_BASE + 0x8000);
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_SP_EL1, RAM_BASE + 0x9000);
    hv_vcpu_set_reg(vcpu, HV_REG_CPSR, level == 0 ? 0x3c0 : 0x3c5);
    /* Decoded code is forgotten as the architecture asks: by an IC IALLU at EL1. */
    static const uint32_t flush[] = {0xd508751f, 0xd5033fdf, 0xd4000002};
    memcpy(ram + 0x3000, flush, sizeof(flush));
    hv_vcpu_set_reg(vcpu, HV_REG_CPSR, 0x3c5);
    hv_vcpu_set_reg(vcpu, HV_REG_PC, RAM_BASE + 0x3000);
    must(hv_vcpu_run(vcpu), "hv_vcpu_run");
    hv_vcpu_set_reg(vcpu, HV_REG_CPSR, level == 0 ? 0x3c0 : 0x3c5);
    hv_vcpu_set_reg(vcpu, HV_REG_PC, RAM_BASE + code);
    must(hv_vcpu_run(vcpu), "hv_vcpu_run");
}

static uint64_t execute_some(void)
{
    struct kicker kicker = {0};
    pthread_t thread;
    hv_vcpu_exit_t *exit_info;
    void *ram;
    uint64_t done = 0;

    must(hv_vm_create(NULL), "hv_vm_create");
    must(hv_vm_allocate(&ram, RAM_SIZE, HV_ALLOCATE_DEFAULT), "hv_vm_allocate");
    must(hv_vm_map(ram, RAM_BASE, RAM_SIZE, HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC),
         "hv_vm_map");
    must(hv_vcpu_create(&kicker.vcpu, &exit_info, NULL), "hv_vcpu_create");
    pthread_create(&thread, NULL, kick, &kicker);
    for (uint64_t word = random64() % (stride * execute_every); word < UINT64_C(1) << 32;
         word += stride * execute_every) {
        /* Not always the same low bits. */
        uint32_t w = (uint32_t)(word ^ (random64() & 0xfff));
        execute_one(kicker.vcpu, ram, w, 0);
        execute_one(kicker.vcpu, ram, w, 1);
        done += 2;
    }
    atomic_store(&kicker.stop, true);
    pthread_join(thread, NULL);
    must(hv_vcpu_destroy(kicker.vcpu), "hv_vcpu_destroy");
    must(hv_vm_destroy(), "hv_vm_destroy");
    hv_vm_deallocate(ram, RAM_SIZE);
    return done;
}

int main(int argc, char **argv)
{
    static struct part part[THREADS];
    struct part sum = {0};
    uint64_t executed;

    if (argc > 1) {
        stride = strtoull(argv[1], NULL, 0);
    }
    if (argc > 2) {
        execute_every = strtoull(argv[2], NULL, 0);
    }
    if (argc > 3 || stride == 0 || execute_every == 0) {
        fprintf(stderr, "usage: hv-sweep [STRIDE [EXECUTE]]\n");
        return 2;
    }
    decode_init();
    for (unsigned i = 0; i < THREADS; i++) {
        uint64_t half = (UINT64_C(1) << 32) / THREADS / stride * stride;
        part[i].first = i * half;
        part[i].last = i + 1 == THREADS ? UINT64_C(1) << 32 : (i + 1) * half;
        if (pthread_create(&part[i].thread, NULL, decode_part, &part[i]) != 0) {
            fprintf(stderr, "hv-sweep: cannot start a thread\n");
            return 1;
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(part[i].thread, NULL);
        sum.allocated += part[i].allocated;
        sum.undefined += part[i].undefined;
        for (unsigned t = 0; t < DECODE_TABLES; t++) {
            sum.by_table[t] += part[i].by_table[t];
        }
    }
    for (unsigned t = 0; t < DECODE_TABLES; t++) {
        printf("%12" PRIu64 "  %s\n", sum.by_table[t], decode_tables[t]->name);
    }
    printf("%12" PRIu64 "  undefined\n", sum.undefined);
    executed = execute_some();
    printf("hv-sweep: %" PRIu64 " encodings decoded, %" PRIu64 " executed, %" PRIu64 " faults\n",
           sum.allocated + sum.undefined, executed, (uint64_t)failures);
    return failures == 0 ? 0 : 1;
}
