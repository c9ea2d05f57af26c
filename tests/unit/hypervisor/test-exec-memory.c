/* SPDX-License-Identifier: ISC */
/*
 * test-exec-memory.c: decoding and execution of loads and stores (exec-memory.c,
 * exec-simd-memory.c).
 *
 * The slow paths of mem.c are replaced by ones on a small RAM that can be told to refuse an
 * address, so each instruction is tried three times: on a TLB hit, on a miss, and where the access
 * fails and nothing may change. Instruction words were assembled from the text beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "except.h"
#include "exec-memory.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- The machine ----------------------------------------------------------------------------- */

#define RAM_VA   UINT64_C(0x40000)
#define RAM_SIZE 0x8000u
#define MIDDLE   (RAM_VA + 0x4000) /* where base registers point */
#define OP_INDEX 0x100u            /* the op under test; its address is MIDDLE + 4 * OP_INDEX */

enum road {
    FAST,
    SLOW,
    REFUSED
};

/*
 * RAM is shared by the vCPUs of a test; the rest of the fakes' state is set before threads start.
 */
static _Alignas(16) uint8_t ram[RAM_SIZE];
static bool refuse;
static uint64_t refuse_from; /* accesses that reach this address are refused */
static bool sp_check;        /* SCTLR_EL1.SA */
static unsigned fp_traps;

static bool refused(uint64_t va, unsigned size)
{
    return va < RAM_VA || va + size > RAM_VA + RAM_SIZE || (refuse && va + size > refuse_from);
}

bool mem_load_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   uint64_t *val)
{
    (void)c;
    (void)op;
    (void)t;
    if (refused(va, size)) {
        return false;
    }
    *val = 0;
    memcpy(val, ram + (va - RAM_VA), size);
    return true;
}

bool mem_store_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                    uint64_t val)
{
    (void)c;
    (void)op;
    (void)t;
    assert_true(size == 8 || val >> (8 * size) == 0);
    if (refused(va, size)) {
        return false;
    }
    memcpy(ram + (va - RAM_VA), &val, size);
    return true;
}

bool mem_load_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        unsigned size, uint64_t *val)
{
    return !refused(va, 2 * size) && mem_load_slow(c, op, t, va, size, val) &&
           mem_load_slow(c, op, t, va + size, size, val + 1);
}

bool mem_store_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, const uint64_t *val)
{
    return !refused(va, 2 * size) && mem_store_slow(c, op, t, va, size, val[0]) &&
           mem_store_slow(c, op, t, va + size, size, val[1]);
}

bool mem_load_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        uint64_t *val)
{
    return mem_load_pair_slow(c, op, t, va, 8, val);
}

bool mem_store_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         const uint64_t *val)
{
    return mem_store_pair_slow(c, op, t, va, 8, val);
}

bool mem_may_store(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   unsigned align)
{
    (void)c;
    (void)op;
    (void)t;
    (void)align;
    return !refused(va, size);
}

void *mem_atomic_address(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, unsigned kind, uint64_t *ipa)
{
    (void)c;
    (void)op;
    (void)t;
    (void)kind;
    if ((va & (size - 1)) != 0 || refused(va, size)) {
        return NULL;
    }
    *ipa = va;
    return ram + (va - RAM_VA);
}

bool mem_sp_aligned_slow(struct cpu *c, const struct op *op)
{
    (void)c;
    (void)op;
    return !sp_check;
}

const struct op *except_fp_access(struct cpu *c, const struct op *op)
{
    (void)c;
    (void)op;
    fp_traps++;
    return NULL;
}

static const struct op *stop(struct cpu *c, const struct op *op)
{
    (void)c;
    return op;
}

static struct op ops[OP_INDEX + 2];

static struct cpu *cpu_new(enum road road)
{
    struct cpu *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    c->tlb = &c->tlbs[0];
    c->page_va = MIDDLE;
    c->page_ops = ops;
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        c->tlb->entry[i].read = c->tlb->entry[i].write = TLB_NONE;
    }
    for (uint64_t va = RAM_VA; road == FAST && va < RAM_VA + RAM_SIZE; va += GUEST_PAGE_SIZE) {
        struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
        e->read = e->write = e->ipa = va;
        e->host = (uintptr_t)ram - (uintptr_t)RAM_VA;
    }
    for (unsigned i = 0; i < 31; i++) {
        c->x[i] = UINT64_C(0xf0e1d2c3b4a59687) * (i + 1);
    }
    c->x[1] = MIDDLE;
    c->x[REG_SP] = MIDDLE;
    for (unsigned i = 0; i < 32; i++) {
        c->v[i].d[0] = UINT64_C(0x1122334455667788) * (i + 1);
        c->v[i].d[1] = UINT64_C(0x99aabbccddeeff01) * (i + 1);
    }
    refuse = road == REFUSED;
    refuse_from = 0;
    sp_check = true;
    for (unsigned i = 0; i < RAM_SIZE; i++) {
        ram[i] = (uint8_t)(i * 0x9d + 0x83 + (i >> 8));
    }
    return c;
}

/* What RAM holds at va. */
static uint64_t peek(uint64_t va, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, ram + (va - RAM_VA), size);
    return v;
}

static bool decode(uint32_t insn, struct op *op)
{
    static const struct decode_table *const tables[] = {&decode_table_memory,
                                                        &decode_table_simd_memory};

    for (unsigned t = 0; t < COUNT(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const char *p = tables[t]->rule[i].pattern;
            unsigned bit = 32;
            for (; *p != '\0'; p++) {
                if (*p != '_' && *p != ' ' && (bit--, *p == '0' || *p == '1') &&
                    bit32(insn, bit) != (*p == '1')) {
                    break;
                }
            }
            if (*p == '\0') {
                assert_int_equal(bit, 0);
                return tables[t]->rule[i].translate(insn, op);
            }
        }
    }
    return false;
}

/* Executes one instruction. Whether it completed. */
static bool step(struct cpu *c, uint32_t insn)
{
    const struct op *next;

    memset(&ops[OP_INDEX], 0xee, sizeof(ops[0]));
    if (!decode(insn, &ops[OP_INDEX])) {
        fail_msg("%08x is not allocated", insn);
    }
    ops[OP_INDEX + 1].exec = stop;
    next = ops[OP_INDEX].exec(c, &ops[OP_INDEX]);
    assert_true(next == NULL || next == &ops[OP_INDEX + 1]);
    assert_true(c->x[REG_ZR] == 0);
    return next != NULL;
}

/* ---- Decoding -------------------------------------------------------------------------------- */

static void test_unallocated(void **state)
{
    static const uint32_t insn[] = {
        0xc8df7c20, /* ldlar x0, [x1]: FEAT_LOR */
        0xc89f7c20, /* stllr x0, [x1] */
        0xf8bfc020, /* ldapr x0, [x1]: FEAT_LRCPC */
        0x99400020, /* ldapur w0, [x1]: FEAT_LRCPC2 */
        0xf8200420, /* ldraa x0, [x1]: FEAT_PAuth */
        0xd9200820, /* stg x0, [x1]: FEAT_MTE */
        0x69000420, /* stgp */
        0x68400420, /* no-allocate pair, opc 1 */
        0xe9400420, /* pair, opc 3 */
        0xed400420, /* SIMD&FP pair, opc 3 */
        0xb8c00420, /* size 2, opc 3, post-indexed */
        0xb9c00020, /* size 2, opc 3, unsigned immediate */
        0xf9c00020, /* size 3, opc 3 */
        0xf8800420, /* prfm, post-indexed */
        0xf8800820, /* prfm, unprivileged */
        0xf8622820, /* register offset, option 1 */
        0xf8620820, /* register offset, option 0 */
        0x3c400820, /* SIMD&FP, unprivileged */
        0x7d800020, /* SIMD&FP, size 1, opc 2 */
        0xdc000000, /* SIMD&FP literal, opc 3 */
        0xf8229020, /* atomic, o3 1, opc 1 */
        0xfc220020, /* atomic, V 1 */
        0x08230c20, /* casp, Rt2 not 31 */
        0x48237c24, /* casp, Rs odd */
        0x48227c25, /* casp, Rt odd */
        0xc8a27820, /* cas, Rt2 not 31 */
        0x0c408c20, /* ld2 {v0.1d, v1.1d} */
        0x0c401020, /* multiple structures, opcode 1 */
        0x0c417020, /* multiple structures, no offset, Rm not 0 */
        0x0ca07020, /* multiple structures, post-indexed, bit 21 */
        0x0d404420, /* single structure, H with size<0> */
        0x0d408820, /* single structure, S with size<1> */
        0x0d409420, /* single structure, D with S */
        0x0d00c020, /* st1r */
        0x0d40d020, /* ld1r with S */
    };
    struct op op;

    (void)state;
    for (unsigned i = 0; i < COUNT(insn); i++) {
        if (decode(insn[i], &op)) {
            fail_msg("%08x is allocated", insn[i]);
        }
    }
}

/* ---- Loads and stores of general registers --------------------------------------------------- */

static uint64_t sign32(uint64_t v, unsigned bits)
{
    return (uint32_t)sext64(v, bits);
}

static uint64_t sign64(uint64_t v, unsigned bits)
{
    return (uint64_t)sext64(v, bits);
}

/* X2 is the index. Base X1 unless noted; MIDDLE is also SP. */
struct single_case {
    uint32_t insn;
    uint64_t x2;
    int64_t at; /* offset of the access from MIDDLE */
    unsigned size;
    int64_t writeback; /* of the base */
    unsigned sign;     /* 0, 32, 64: loads extend to so many bits */
};

static const struct single_case load_cases[] = {
    {0x39400420, 0, 1, 1, 0, 0},                   /* ldrb w0, [x1, #1] */
    {0x79400420, 0, 2, 2, 0, 0},                   /* ldrh w0, [x1, #2] */
    {0xb9400420, 0, 4, 4, 0, 0},                   /* ldr w0, [x1, #4] */
    {0xf9400420, 0, 8, 8, 0, 0},                   /* ldr x0, [x1, #8] */
    {0x39c00420, 0, 1, 1, 0, 32},                  /* ldrsb w0, [x1, #1] */
    {0x39800420, 0, 1, 1, 0, 64},                  /* ldrsb x0, [x1, #1] */
    {0x79c00420, 0, 2, 2, 0, 32},                  /* ldrsh w0, [x1, #2] */
    {0x79800420, 0, 2, 2, 0, 64},                  /* ldrsh x0, [x1, #2] */
    {0xb9800420, 0, 4, 4, 0, 64},                  /* ldrsw x0, [x1, #4] */
    {0xf85f8020, 0, -8, 8, 0, 0},                  /* ldur x0, [x1, #-8] */
    {0xf8408c20, 0, 8, 8, 8, 0},                   /* ldr x0, [x1, #8]! */
    {0xf85f0420, 0, 0, 8, -16, 0},                 /* ldr x0, [x1], #-16 */
    {0xf8626820, 0x18, 0x18, 8, 0, 0},             /* ldr x0, [x1, x2] */
    {0xf8627820, UINT64_MAX, -8, 8, 0, 0},         /* ldr x0, [x1, x2, lsl #3] */
    {0xb8624820, 0xffffffff00000010, 16, 4, 0, 0}, /* ldr w0, [x1, w2, uxtw] */
    {0xb8625820, 0xffffffff00000010, 64, 4, 0, 0}, /* ldr w0, [x1, w2, uxtw #2] */
    {0x7862d820, 0x00000000fffffffe, -4, 2, 0, 0}, /* ldrh w0, [x1, w2, sxtw #1] */
    {0x3862e820, UINT64_MAX - 4, -5, 1, 0, 0},     /* ldrb w0, [x1, x2, sxtx] */
    {0xf87f6820, 0, 0, 8, 0, 0},                   /* ldr x0, [x1, xzr] */
    {0x58000040, 0, 4 * OP_INDEX + 8, 8, 0, 0},    /* ldr x0, .+8 */
    {0x98ffffc0, 0, 4 * OP_INDEX - 8, 4, 0, 64},   /* ldrsw x0, .-8 */
    {0x18000020, 0, 4 * OP_INDEX + 4, 4, 0, 0},    /* ldr w0, .+4 */
    {0xf8408820, 0, 8, 8, 0, 0},                   /* ldtr x0, [x1, #8] */
    {0x38c01820, 0, 1, 1, 0, 32},                  /* ldtrsb w0, [x1, #1] */
    {0xf94007e0, 0, 8, 8, 0, 0},                   /* ldr x0, [sp, #8] */
    {0xf84107e0, 0, 0, 8, 16, 0},                  /* ldr x0, [sp], #16 */
    {0xf8401020, 0, 1, 8, 0, 0},                   /* ldur x0, [x1, #1] */
    {0xc8dffc20, 0, 0, 8, 0, 0},                   /* ldar x0, [x1] */
    {0x08dffc20, 0, 0, 1, 0, 0},                   /* ldarb w0, [x1] */
    {0xc85f7c20, 0, 0, 8, 0, 0},                   /* ldxr x0, [x1] */
    {0x885ffc20, 0, 0, 4, 0, 0},                   /* ldaxr w0, [x1] */
};

static const struct single_case store_cases[] = {
    {0x39000420, 0, 1, 1, 0, 0},                   /* strb w0, [x1, #1] */
    {0x79000420, 0, 2, 2, 0, 0},                   /* strh w0, [x1, #2] */
    {0xb9000420, 0, 4, 4, 0, 0},                   /* str w0, [x1, #4] */
    {0xf9000420, 0, 8, 8, 0, 0},                   /* str x0, [x1, #8] */
    {0xf81f0c20, 0, -16, 8, -16, 0},               /* str x0, [x1, #-16]! */
    {0xf8008420, 0, 0, 8, 8, 0},                   /* str x0, [x1], #8 */
    {0xf8008820, 0, 8, 8, 0, 0},                   /* sttr x0, [x1, #8] */
    {0xb822d820, 0x00000000ffffffff, -4, 4, 0, 0}, /* str w0, [x1, w2, sxtw #2] */
    {0xf8003020, 0, 3, 8, 0, 0},                   /* stur x0, [x1, #3] */
    {0xc89ffc20, 0, 0, 8, 0, 0},                   /* stlr x0, [x1] */
    {0x489ffc20, 0, 0, 2, 0, 0},                   /* stlrh w0, [x1] */
};

static uint64_t *base_of(struct cpu *c, uint32_t insn)
{
    return &c->x[bits32(insn, 9, 5) == 31 ? REG_SP : 1];
}

static void test_loads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(load_cases); i++) {
        const struct single_case *k = &load_cases[i];
        for (enum road road = FAST; road <= REFUSED; road++) {
            struct cpu *c = cpu_new(road);
            uint64_t want = peek(MIDDLE + (uint64_t)k->at, k->size);
            uint64_t x0 = c->x[0];

            c->x[2] = k->x2;
            want = k->sign == 32   ? sign32(want, 8 * k->size)
                   : k->sign == 64 ? sign64(want, 8 * k->size)
                                   : want;
            assert_int_equal(step(c, k->insn), road != REFUSED);
            if (c->x[0] != (road == REFUSED ? x0 : want)) {
                fail_msg("%08x: x0 is %016llx", k->insn, (unsigned long long)c->x[0]);
            }
            assert_int_equal(*base_of(c, k->insn),
                             MIDDLE + (uint64_t)(road == REFUSED ? 0 : k->writeback));
            free(c);
        }
    }
}

static void test_stores(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(store_cases); i++) {
        const struct single_case *k = &store_cases[i];
        for (enum road road = FAST; road <= REFUSED; road++) {
            struct cpu *c = cpu_new(road);
            uint64_t at = MIDDLE + (uint64_t)k->at;
            uint8_t want[RAM_SIZE];

            c->x[2] = k->x2;
            memcpy(want, ram, sizeof(want));
            if (road != REFUSED) {
                memcpy(want + (at - RAM_VA), &c->x[0], k->size);
            }
            assert_int_equal(step(c, k->insn), road != REFUSED);
            assert_memory_equal(ram, want, sizeof(want));
            assert_int_equal(*base_of(c, k->insn),
                             MIDDLE + (uint64_t)(road == REFUSED ? 0 : k->writeback));
            free(c);
        }
    }
}

/* Register 31 and the choices that the architecture leaves open. */
static void test_register_corners(void **state)
{
    (void)state;
    for (enum road road = FAST; road <= SLOW; road++) {
        struct cpu *c = cpu_new(road);

        assert_true(step(c, 0xf940003f)); /* ldr xzr, [x1] */
        assert_true(step(c, 0xf900003f)); /* str xzr, [x1] */
        assert_int_equal(peek(MIDDLE, 8), 0);
        assert_true(step(c, 0xf8408421)); /* ldr x1, [x1], #8 */
        assert_int_equal(c->x[1], MIDDLE + 8);
        assert_true(step(c, 0xa9400020)); /* ldp x0, x0, [x1] */
        assert_int_equal(c->x[0], peek(MIDDLE + 8, 8));
        c->x[1] = MIDDLE;
        assert_true(step(c, 0xc87f0020)); /* ldxp x0, x0, [x1] */
        assert_int_equal(c->x[0], peek(MIDDLE + 8, 8));
        c->x[1] = 1;                      /* no address at all */
        assert_true(step(c, 0xf9800020)); /* prfm pldl1keep, [x1] */
        assert_true(step(c, 0xf89ff020)); /* prfum pldl1keep, [x1, #-1] */
        assert_true(step(c, 0xd8000000)); /* prfm pldl1keep, . */
        free(c);
    }
}

static void test_sp_alignment(void **state)
{
    static const uint32_t insn[] = {
        0xf94007e0, /* ldr x0, [sp, #8] */
        0xf84107e0, /* ldr x0, [sp], #16 */
        0xf8606be0, /* ldr x0, [sp, x0] */
        0xa9be0be0, /* stp x0, x2, [sp, #-32]! */
        0x3dc003e0, /* ldr q0, [sp] */
        0x4c4073e0, /* ld1 {v0.16b}, [sp] */
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(insn); i++) {
        for (enum road road = FAST; road <= SLOW; road++) {
            struct cpu *c = cpu_new(road);
            uint64_t sp = MIDDLE + 8;

            c->x[0] = 8;
            c->x[REG_SP] = sp;
            assert_false(step(c, insn[i]));
            assert_int_equal(c->x[0], 8);
            assert_int_equal(c->x[REG_SP], sp);
            sp_check = false;
            assert_true(step(c, insn[i]));
            free(c);
        }
    }
}

static void test_pairs(void **state)
{
    struct pair_case {
        uint32_t insn;
        int64_t at;
        unsigned size;
        int64_t writeback;
        bool sign;
    };
    static const struct pair_case loads[] = {
        {0x29410820, 8, 4, 0, false},   /* ldp w0, w2, [x1, #8] */
        {0xa97f0820, -16, 8, 0, false}, /* ldp x0, x2, [x1, #-16] */
        {0x69410820, 8, 4, 0, true},    /* ldpsw x0, x2, [x1, #8] */
        {0xa9c10820, 16, 8, 16, false}, /* ldp x0, x2, [x1, #16]! */
        {0xa8c10820, 0, 8, 16, false},  /* ldp x0, x2, [x1], #16 */
        {0xa8400820, 0, 8, 0, false},   /* ldnp x0, x2, [x1] */
        {0xc87f0820, 0, 8, 0, false},   /* ldxp x0, x2, [x1] */
        {0x887f8820, 0, 4, 0, false},   /* ldaxp w0, w2, [x1] */
    };
    static const struct pair_case stores[] = {
        {0xa9bf0820, -16, 8, -16, false}, /* stp x0, x2, [x1, #-16]! */
        {0x28810820, 0, 4, 8, false},     /* stp w0, w2, [x1], #8 */
        {0xa9be0be0, -32, 8, -32, false}, /* stp x0, x2, [sp, #-32]! */
        {0xa8000820, 0, 8, 0, false},     /* stnp x0, x2, [x1] */
    };

    (void)state;
    for (enum road road = FAST; road <= REFUSED; road++) {
        for (unsigned i = 0; i < COUNT(loads); i++) {
            const struct pair_case *k = &loads[i];
            struct cpu *c = cpu_new(road);
            uint64_t at = MIDDLE + (uint64_t)k->at;
            uint64_t want[2] = {peek(at, k->size), peek(at + k->size, k->size)};
            bool done = road != REFUSED;

            for (unsigned j = 0; j < 2; j++) {
                want[j] = !done ? c->x[2 * j] : k->sign ? sign64(want[j], 8 * k->size) : want[j];
            }
            assert_int_equal(step(c, k->insn), done);
            assert_int_equal(c->x[0], want[0]);
            assert_int_equal(c->x[2], want[1]);
            assert_int_equal(*base_of(c, k->insn), MIDDLE + (uint64_t)(done ? k->writeback : 0));
            free(c);
        }
        for (unsigned i = 0; i < COUNT(stores); i++) {
            const struct pair_case *k = &stores[i];
            struct cpu *c = cpu_new(road);
            uint64_t at = MIDDLE + (uint64_t)k->at;
            uint64_t mask = ones64(8 * k->size);
            bool done = road != REFUSED;
            uint64_t want[2] = {done ? c->x[0] & mask : peek(at, k->size),
                                done ? c->x[2] & mask : peek(at + k->size, k->size)};

            assert_int_equal(step(c, k->insn), done);
            assert_int_equal(peek(at, k->size), want[0]);
            assert_int_equal(peek(at + k->size, k->size), want[1]);
            assert_int_equal(*base_of(c, k->insn), MIDDLE + (uint64_t)(done ? k->writeback : 0));
            free(c);
        }
    }
}

/* ---- Exclusives ------------------------------------------------------------------------------ */

static void test_exclusives(void **state)
{
    (void)state;
    for (enum road road = FAST; road <= SLOW; road++) {
        struct cpu *c = cpu_new(road);

        /* Success, once. */
        assert_true(step(c, 0xc85f7c20)); /* ldxr x0, [x1] */
        assert_true(step(c, 0xc8037c22)); /* stxr w3, x2, [x1] */
        assert_int_equal(c->x[3], 0);
        assert_int_equal(peek(MIDDLE, 8), c->x[2]);
        c->x[2] = 5;
        assert_true(step(c, 0xc8037c22));
        assert_int_equal(c->x[3], 1);
        assert_int_not_equal(peek(MIDDLE, 8), 5);

        /* Somebody else stored. */
        assert_true(step(c, 0x885ffc20)); /* ldaxr w0, [x1] */
        ram[MIDDLE - RAM_VA] ^= 1;
        assert_true(step(c, 0x8803fc22)); /* stlxr w3, w2, [x1] */
        assert_int_equal(c->x[3], 1);
        assert_false(c->excl_valid);

        /* Another address, another size: refused, and the monitor is open again. */
        assert_true(step(c, 0x085f7c20)); /* ldxrb w0, [x1] */
        c->x[1] += 1;
        assert_true(step(c, 0x08037c22)); /* stxrb w3, w2, [x1] */
        assert_int_equal(c->x[3], 1);
        assert_false(c->excl_valid);
        c->x[1] -= 1;
        assert_true(step(c, 0x485f7c20)); /* ldxrh w0, [x1] */
        assert_true(step(c, 0x08037c22)); /* stxrb w3, w2, [x1] */
        assert_int_equal(c->x[3], 1);
        assert_true(step(c, 0x485f7c20)); /* ldxrh w0, [x1] */
        assert_true(step(c, 0x48037c22)); /* stxrh w3, w2, [x1] */
        assert_int_equal(c->x[3], 0);
        assert_int_equal(peek(MIDDLE, 2), 5);

        /* Pairs. */
        assert_true(step(c, 0xc87f0820)); /* ldxp x0, x2, [x1] */
        assert_true(step(c, 0xc8231424)); /* stxp w3, x4, x5, [x1] */
        assert_int_equal(c->x[3], 0);
        assert_int_equal(peek(MIDDLE, 8), c->x[4]);
        assert_int_equal(peek(MIDDLE + 8, 8), c->x[5]);
        assert_true(step(c, 0xc87f0820));
        ram[MIDDLE - RAM_VA + 15] ^= 1;
        assert_true(step(c, 0xc8231424));
        assert_int_equal(c->x[3], 1);
        assert_true(step(c, 0x887f8820)); /* ldaxp w0, w2, [x1] */
        assert_true(step(c, 0x88239424)); /* stlxp w3, w4, w5, [x1] */
        assert_int_equal(c->x[3], 0);
        assert_int_equal(peek(MIDDLE, 4), (uint32_t)c->x[4]);
        assert_int_equal(peek(MIDDLE + 4, 4), (uint32_t)c->x[5]);

        /* A store that the monitor refuses cannot abort, unless it is unaligned. */
        refuse = true;
        c->x[3] = 7;
        assert_true(step(c, 0xc8037c22));
        assert_int_equal(c->x[3], 1);
        c->x[1] = MIDDLE + 1;
        c->x[3] = 7;
        assert_false(step(c, 0xc8037c22));
        assert_int_equal(c->x[3], 7);
        free(c);
    }
}

/* Ordered accesses and atomics must be aligned, even where other accesses need not. */
static void test_atomic_alignment(void **state)
{
    static const uint32_t insn[] = {
        0xc8dffc20, /* ldar x0, [x1] */
        0x489ffc20, /* stlrh w0, [x1] */
        0xc85f7c20, /* ldxr x0, [x1] */
        0x887f8820, /* ldaxp w0, w2, [x1] */
        0xf8220020, /* ldadd x2, x0, [x1] */
        0xc8a27c20, /* cas x2, x0, [x1] */
        0x0862fc24, /* caspal w2, w3, w4, w5, [x1] */
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(insn); i++) {
        struct cpu *c = cpu_new(FAST);
        c->x[1] = MIDDLE + 1;
        assert_false(step(c, insn[i]));
        free(c);
    }
}

/* ---- LSE atomics ----------------------------------------------------------------------------- */

static void test_atomics(void **state)
{
    struct atomic_case {
        uint32_t insn;
        unsigned size;
        uint64_t old, x2, now;
    };
    static const struct atomic_case cases[] = {
        {0xf8220020, 8, 5, UINT64_MAX, 4},                             /* ldadd x2, x0, [x1] */
        {0x38e20020, 1, 0xff, 0x102, 1},                               /* ldaddalb w2, w0, [x1] */
        {0xb8221020, 4, 0xffff0000, 0xf0f0f0f0, 0x0f0f0000},           /* ldclr w2, w0, [x1] */
        {0x78222020, 2, 0x8001, 0xffff, 0x7ffe},                       /* ldeorh w2, w0, [x1] */
        {0xf8223020, 8, 0x10, 0x8000000000000001, 0x8000000000000011}, /* ldset x2, x0, [x1] */
        {0x38224020, 1, 0x80, 0x01, 0x01},                             /* ldsmaxb w2, w0, [x1] */
        {0x38225020, 1, 0x80, 0x01, 0x80},                             /* ldsminb w2, w0, [x1] */
        {0x78226020, 2, 0x8000, 0x1ffff, 0xffff},                      /* ldumaxh w2, w0, [x1] */
        {0xb8227020, 4, 0x80000000, 1, 1},                             /* ldumin w2, w0, [x1] */
        {0xf8e28020, 8, 1, 2, 2},                                      /* swpal x2, x0, [x1] */
    };

    (void)state;
    for (enum road road = FAST; road <= REFUSED; road++) {
        bool done = road != REFUSED;
        for (unsigned i = 0; i < COUNT(cases); i++) {
            const struct atomic_case *k = &cases[i];
            struct cpu *c = cpu_new(road);
            uint64_t x0 = c->x[0];
            uint64_t above = peek(MIDDLE + k->size, 8);

            memcpy(ram + (MIDDLE - RAM_VA), &k->old, k->size);
            c->x[2] = k->x2;
            assert_int_equal(step(c, k->insn), done);
            assert_int_equal(peek(MIDDLE, k->size), done ? k->now : k->old);
            assert_int_equal(c->x[0], done ? k->old : x0);
            assert_int_equal(peek(MIDDLE + k->size, 8), above);
            free(c);
        }
    }
}

static void test_compare_and_swap(void **state)
{
    (void)state;
    for (enum road road = FAST; road <= SLOW; road++) {
        struct cpu *c = cpu_new(road);
        uint64_t old = peek(MIDDLE, 8);

        c->x[2] = old + 1;
        assert_true(step(c, 0xc8a27c20)); /* cas x2, x0, [x1]: differs */
        assert_int_equal(c->x[2], old);
        assert_int_equal(peek(MIDDLE, 8), old);
        assert_true(step(c, 0xc8a27c20));
        assert_int_equal(c->x[2], old);
        assert_int_equal(peek(MIDDLE, 8), c->x[0]);

        /* Only the low byte counts, and what is read comes zero-extended. */
        c->x[2] = c->x[0] ^ 0xff00;
        c->x[0] = 0x1234;
        old = peek(MIDDLE, 8);
        assert_true(step(c, 0x08e2fc20)); /* casalb w2, w0, [x1] */
        assert_int_equal(c->x[2], old & 0xff);
        assert_int_equal(peek(MIDDLE, 8), (old & ~UINT64_C(0xff)) | 0x34);

        c->x[2] = peek(MIDDLE, 8);
        c->x[3] = peek(MIDDLE + 8, 8) ^ 1;
        assert_true(step(c, 0x48227c24)); /* casp x2, x3, x4, x5, [x1]: differs */
        assert_int_equal(c->x[3], peek(MIDDLE + 8, 8));
        assert_true(step(c, 0x48227c24));
        assert_int_equal(peek(MIDDLE, 8), c->x[4]);
        assert_int_equal(peek(MIDDLE + 8, 8), c->x[5]);

        c->x[2] = peek(MIDDLE, 4);
        c->x[3] = peek(MIDDLE + 4, 4);
        c->x[4] = UINT64_MAX;
        c->x[5] = 3;
        assert_true(step(c, 0x0862fc24)); /* caspal w2, w3, w4, w5, [x1] */
        assert_int_equal(peek(MIDDLE, 8), UINT64_C(0x3ffffffff));

        /* casp x30, xzr, x30, xzr, [x1]: the second register of both is XZR. */
        memset(ram + (MIDDLE - RAM_VA) + 8, 0, 8);
        c->x[30] = peek(MIDDLE, 8);
        c->x[REG_SP] = 1;
        assert_true(step(c, 0x483e7c3e));
        assert_int_equal(peek(MIDDLE + 8, 8), 0);
        assert_int_equal(c->x[REG_SP], 1);
        free(c);
    }
}

/* ---- Atomicity between threads --------------------------------------------------------------- */

#define ROUNDS 100000u

static atomic_uint at_the_line; /* workers wait for one another before the first round */

struct worker {
    pthread_t thread;
    enum road road;
    struct cpu *cpu;
    unsigned failures; /* of store-exclusives; only to see that there was contention at all */
};

static void finish(struct cpu *c, struct op *op)
{
    if (op->exec(c, op) != op + 1) {
        abort();
    }
}

/* Counters in RAM: one by exclusives, one by LDADD, one pair by exclusives, one pair by CASP. */
static void *count_up(void *arg)
{
    static const uint32_t words[] = {
        0xc85f7c20, /* ldxr x0, [x1] */
        0xc8037c20, /* stxr w3, x0, [x1] */
        0xf8220020, /* ldadd x2, x0, [x1] */
        0xc87f1420, /* ldxp x0, x5, [x1] */
        0xc8231420, /* stxp w3, x0, x5, [x1] */
        0x48267c28, /* casp x6, x7, x8, x9, [x1] */
    };
    struct worker *w = arg;
    struct cpu *c = w->cpu;
    struct op op[2 * COUNT(words)];

    for (unsigned i = 0; i < COUNT(words); i++) {
        memset(&op[2 * i], 0, sizeof(op[0]));
        if (!decode(words[i], &op[2 * i])) {
            abort();
        }
        op[2 * i + 1].exec = stop;
    }
    c->x[6] = c->x[7] = 0;
    atomic_fetch_add(&at_the_line, 1);
    while (atomic_load(&at_the_line) < 2) {
        sched_yield();
    }
    for (unsigned n = 0; n < ROUNDS; n++) {
        c->x[1] = MIDDLE;
        do {
            finish(c, &op[0]);
            c->x[0]++;
            finish(c, &op[2]);
            w->failures += c->x[3] != 0;
        } while (c->x[3] != 0);

        c->x[1] = MIDDLE + 64;
        c->x[2] = 1;
        finish(c, &op[4]);

        c->x[1] = MIDDLE + 128;
        do {
            finish(c, &op[6]);
            c->x[0]++;
            c->x[5]--;
            finish(c, &op[8]);
        } while (c->x[3] != 0);

        c->x[1] = MIDDLE + 192;
        for (;;) {
            uint64_t lo = c->x[6];
            uint64_t hi = c->x[7];
            c->x[8] = lo + 1;
            c->x[9] = hi - 1;
            finish(c, &op[10]);
            if (c->x[6] == lo && c->x[7] == hi) {
                break;
            }
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct worker w[2] = {{.road = FAST}, {.road = SLOW}};

    (void)state;
    for (unsigned i = 0; i < COUNT(w); i++) {
        w[i].cpu = cpu_new(w[i].road);
    }
    memset(ram + (MIDDLE - RAM_VA), 0, 256);
    for (unsigned i = 0; i < COUNT(w); i++) {
        assert_int_equal(pthread_create(&w[i].thread, NULL, count_up, &w[i]), 0);
    }
    for (unsigned i = 0; i < COUNT(w); i++) {
        pthread_join(w[i].thread, NULL);
        free(w[i].cpu);
    }
    print_message("%u store-exclusives failed\n", w[0].failures + w[1].failures);
    assert_int_equal(peek(MIDDLE, 8), 2 * ROUNDS);
    assert_int_equal(peek(MIDDLE + 64, 8), 2 * ROUNDS);
    assert_int_equal(peek(MIDDLE + 128, 8), 2 * ROUNDS);
    assert_int_equal(peek(MIDDLE + 136, 8), -(uint64_t)(2 * ROUNDS));
    assert_int_equal(peek(MIDDLE + 192, 8), 2 * ROUNDS);
    assert_int_equal(peek(MIDDLE + 200, 8), -(uint64_t)(2 * ROUNDS));
}

/* ---- SIMD&FP --------------------------------------------------------------------------------- */

struct simd_case {
    uint32_t insn;
    uint64_t x2;
    int64_t at;
    unsigned size; /* bytes of each register */
    unsigned registers;
    int64_t writeback;
};

static const struct simd_case simd_loads[] = {
    {0x3d400420, 0, 1, 1, 1, 0},                  /* ldr b0, [x1, #1] */
    {0x7d400420, 0, 2, 2, 1, 0},                  /* ldr h0, [x1, #2] */
    {0xbd400420, 0, 4, 4, 1, 0},                  /* ldr s0, [x1, #4] */
    {0xfd400420, 0, 8, 8, 1, 0},                  /* ldr d0, [x1, #8] */
    {0x3dc00420, 0, 16, 16, 1, 0},                /* ldr q0, [x1, #16] */
    {0x3cc10420, 0, 0, 16, 1, 16},                /* ldr q0, [x1], #16 */
    {0x9c000080, 0, 4 * OP_INDEX + 16, 16, 1, 0}, /* ldr q0, .+16 */
    {0x2d400420, 0, 0, 4, 2, 0},                  /* ldp s0, s1, [x1] */
    {0x6d400420, 0, 0, 8, 2, 0},                  /* ldp d0, d1, [x1] */
    {0xad410420, 0, 32, 16, 2, 0},                /* ldp q0, q1, [x1, #32] */
    {0xac400420, 0, 0, 16, 2, 0},                 /* ldnp q0, q1, [x1] */
    {0x4cdf2020, 0, 0, 16, 4, 64},                /* ld1 {v0.16b-v3.16b}, [x1], #64 */
    {0x0c407020, 0, 0, 8, 1, 0},                  /* ld1 {v0.8b}, [x1] */
    {0x4c40a420, 0, 0, 16, 2, 0},                 /* ld1 {v0.8h, v1.8h}, [x1] */
};

static const struct simd_case simd_stores[] = {
    {0x3d000420, 0, 1, 1, 1, 0},          /* str b0, [x1, #1] */
    {0x3c9f0c20, 0, -16, 16, 1, -16},     /* str q0, [x1, #-16]! */
    {0xfc227820, 3, 24, 8, 1, 0},         /* str d0, [x1, x2, lsl #3] */
    {0xac810420, 0, 0, 16, 2, 32},        /* stp q0, q1, [x1], #32 */
    {0x4c82ac20, 0x100, 0, 16, 2, 0x100}, /* st1 {v0.2d, v1.2d}, [x1], x2 */
};

static void test_simd_loads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(simd_loads); i++) {
        const struct simd_case *k = &simd_loads[i];
        for (enum road road = FAST; road <= REFUSED; road++) {
            struct cpu *c = cpu_new(road);
            bool done = road != REFUSED;
            union vreg want[32];

            memcpy(want, c->v, sizeof(want));
            for (unsigned r = 0; done && r < k->registers; r++) {
                memset(&want[r], 0, sizeof(want[r]));
                memcpy(&want[r], ram + (MIDDLE - RAM_VA) + k->at + r * k->size, k->size);
            }
            c->x[2] = k->x2;
            if (road == REFUSED) { /* the last byte alone is out of reach */
                refuse_from = MIDDLE + (uint64_t)k->at + k->registers * k->size - 1;
            }
            assert_int_equal(step(c, k->insn), done);
            assert_memory_equal(c->v, want, sizeof(want));
            assert_int_equal(c->x[1], MIDDLE + (uint64_t)(done ? k->writeback : 0));
            free(c);
        }
    }
}

static void test_simd_stores(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(simd_stores); i++) {
        const struct simd_case *k = &simd_stores[i];
        for (enum road road = FAST; road <= REFUSED; road++) {
            struct cpu *c = cpu_new(road);
            bool done = road != REFUSED;
            uint8_t want[RAM_SIZE];

            memcpy(want, ram, sizeof(want));
            for (unsigned r = 0; done && r < k->registers; r++) {
                memcpy(want + (MIDDLE - RAM_VA) + k->at + r * k->size, &c->v[r], k->size);
            }
            c->x[2] = k->x2;
            assert_int_equal(step(c, k->insn), done);
            assert_memory_equal(ram, want, sizeof(want));
            assert_int_equal(c->x[1], MIDDLE + (uint64_t)(done ? k->writeback : 0));
            free(c);
        }
    }
}

static void test_structures(void **state)
{
    const uint8_t *p = ram + (MIDDLE - RAM_VA);

    (void)state;
    for (enum road road = FAST; road <= SLOW; road++) {
        struct cpu *c = cpu_new(road);
        union vreg before[32];
        union vreg v;

        /* De-interleaving, and interleaving back. */
        assert_true(step(c, 0x4cdf4020)); /* ld3 {v0.16b-v2.16b}, [x1], #48 */
        for (unsigned r = 0; r < 3; r++) {
            for (unsigned e = 0; e < 16; e++) {
                assert_int_equal(c->v[r].b[e], p[3 * e + r]);
            }
        }
        assert_int_equal(c->x[1], MIDDLE + 48);
        assert_true(step(c, 0x0c408420)); /* ld2 {v0.4h, v1.4h}, [x1] */
        for (unsigned r = 0; r < 2; r++) {
            for (unsigned e = 0; e < 4; e++) {
                assert_int_equal(c->v[r].h[e], peek(MIDDLE + 48 + 4 * e + 2 * r, 2));
            }
            assert_int_equal(c->v[r].d[1], 0);
        }
        assert_true(step(c, 0x4c400c20)); /* ld4 {v0.2d-v3.2d}, [x1] */
        assert_int_equal(c->v[3].d[1], peek(MIDDLE + 48 + 56, 8));
        assert_true(step(c, 0x4c004820)); /* st3 {v0.4s-v2.4s}, [x1] */
        for (unsigned e = 0; e < 4; e++) {
            assert_int_equal(peek(MIDDLE + 48 + 12 * e + 8, 4), c->v[2].s[e]);
        }

        /* Register numbers wrap. */
        c->x[1] = MIDDLE;
        assert_true(step(c, 0x4cdf203e)); /* ld1 {v30.16b, v31.16b, v0.16b, v1.16b}, [x1], #64 */
        assert_memory_equal(&c->v[31], p + 16, 16);
        assert_memory_equal(&c->v[1], p + 48, 16);

        /* Lanes leave the rest alone. */
        c->x[1] = MIDDLE;
        v = c->v[0];
        v.b[5] = p[0];
        assert_true(step(c, 0x0d401420)); /* ld1 {v0.b}[5], [x1] */
        assert_memory_equal(&c->v[0], &v, 16);
        v.h[7] = (uint16_t)peek(MIDDLE, 2);
        assert_true(step(c, 0x4dff5820)); /* ld2 {v0.h, v1.h}[7], [x1], #4 */
        assert_memory_equal(&c->v[0], &v, 16);
        assert_int_equal(c->v[1].h[7], peek(MIDDLE + 2, 2));
        assert_int_equal(c->x[1], MIDDLE + 4);
        c->x[1] = MIDDLE;
        v.s[3] = (uint32_t)peek(MIDDLE, 4);
        assert_true(step(c, 0x4d409020)); /* ld1 {v0.s}[3], [x1] */
        assert_memory_equal(&c->v[0], &v, 16);
        assert_true(step(c, 0x4d60a420)); /* ld4 {v0.d-v3.d}[1], [x1] */
        assert_int_equal(c->v[3].d[1], peek(MIDDLE + 24, 8));
        assert_true(step(c, 0x4d208020)); /* st2 {v0.s, v1.s}[2], [x1] */
        assert_int_equal(peek(MIDDLE + 4, 4), c->v[1].s[2]);

        /* Replication. */
        assert_true(step(c, 0x0d40c420)); /* ld1r {v0.4h}, [x1] */
        assert_int_equal(c->v[0].d[0], peek(MIDDLE, 2) * UINT64_C(0x0001000100010001));
        assert_int_equal(c->v[0].d[1], 0);
        c->x[2] = 0x40;
        assert_true(step(c, 0x4dc2ec20)); /* ld3r {v0.2d-v2.2d}, [x1], x2 */
        assert_int_equal(c->v[2].d[0], peek(MIDDLE + 16, 8));
        assert_int_equal(c->v[2].d[1], peek(MIDDLE + 16, 8));
        assert_int_equal(c->x[1], MIDDLE + 0x40);
        free(c);

        /* A failure halfway changes nothing. */
        c = cpu_new(SLOW);
        memcpy(before, c->v, sizeof(before));
        refuse = true;
        refuse_from = MIDDLE + 40;
        assert_false(step(c, 0x4cdf4020));
        assert_false(step(c, 0x4c400c20));
        assert_memory_equal(c->v, before, sizeof(before));
        assert_int_equal(c->x[1], MIDDLE);
        free(c);
    }
}

/* The trap on SIMD&FP comes before anything else, SP alignment included. */
static void test_fp_trap(void **state)
{
    static const uint32_t insn[] = {
        0x3d400420, /* ldr b0, [x1, #1] */
        0x3dc003e0, /* ldr q0, [sp] */
        0x9c000080, /* ldr q0, .+16 */
        0xac810420, /* stp q0, q1, [x1], #32 */
        0x4cdf4020, /* ld3 {v0.16b-v2.16b}, [x1], #48 */
        0x4d208020, /* st2 {v0.s, v1.s}[2], [x1] */
        0x0d40c420, /* ld1r {v0.4h}, [x1] */
    };
    struct cpu *c = cpu_new(FAST);

    (void)state;
    c->fp_trapped = true;
    c->x[REG_SP] += 8;
    for (unsigned i = 0; i < COUNT(insn); i++) {
        fp_traps = 0;
        assert_false(step(c, insn[i]));
        assert_int_equal(fp_traps, 1);
    }
    assert_true(step(c, 0xf9400420)); /* ldr x0, [x1, #8] */
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unallocated),  cmocka_unit_test(test_loads),
        cmocka_unit_test(test_stores),       cmocka_unit_test(test_register_corners),
        cmocka_unit_test(test_sp_alignment), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_exclusives),   cmocka_unit_test(test_atomic_alignment),
        cmocka_unit_test(test_atomics),      cmocka_unit_test(test_compare_and_swap),
        cmocka_unit_test(test_threads),      cmocka_unit_test(test_simd_loads),
        cmocka_unit_test(test_simd_stores),  cmocka_unit_test(test_structures),
        cmocka_unit_test(test_fp_trap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
