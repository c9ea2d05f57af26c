/* SPDX-License-Identifier: ISC */
/*
 * cpu.h: the architectural state of one vCPU and the caches its handlers use.
 *
 * A struct cpu belongs to the thread that created the vCPU: only that thread touches it, with the
 * exception of the fields marked "any thread", which are atomics. It is embedded in struct vcpu
 * (vcpu.h), which adds identity and everything the instruction handlers do not need.
 */
#ifndef SOFTHV_CPU_H
#define SOFTHV_CPU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bits.h"
#include "fp.h"
#include "op.h"

enum {
    REG_SP = 31,
    REG_ZR = 32,
    REG_SINK = 33,
    REG_SLOTS = 34
};

#define GUEST_PAGE_BITS 12
#define GUEST_PAGE_SIZE UINT64_C(4096)
#define GUEST_PAGE_MASK (~UINT64_C(0xfff))

/* One SIMD&FP register. Lane 0 is the least significant; the host is little-endian (wide.h checks).
 */
union vreg {
    uint64_t d[2];
    int64_t sd[2];
    uint32_t s[4];
    int32_t ss[4];
    uint16_t h[8];
    int16_t sh[8];
    uint8_t b[16];
    int8_t sb[16];
};

/*
 * Soft TLB: one entry per 4 KiB of virtual address, direct-mapped. A tag is the page's address, which
 * leaves the low bits free, with the table's key in bits 10:4. TLB_NONE never matches, because bit
 * 11 of what is looked for is always zero. Lookups keep the low bits that make an access unaligned,
 * so that an unaligned access misses and is done the careful way. `host` is the host address of guest
 * virtual address 0 of this mapping, so host + va is the byte; MMIO is never entered.
 */
#define TLB_BITS      10
#define TLB_ENTRIES   (1u << TLB_BITS)
#define TLB_NONE      UINT64_C(0x800)
#define TLB_KEY_SHIFT 4
#define TLB_KEY_MASK  UINT64_C(0x7f0)
#define TLB_KEYS      128u

struct tlb_entry {
    uint64_t read;
    uint64_t write;
    uintptr_t host;
    uint64_t ipa; /* of the page */
};

/* The span of addresses that mappings larger than 4 KiB cover: TLBI by address inside it clears
 * more than one entry. */
struct tlb_span {
    uint64_t min;
    uint64_t max;
};

struct code_page;

#define ITLB_BITS    8
#define ITLB_ENTRIES (1u << ITLB_BITS)

struct itlb_entry {
    uint64_t tag;
    struct code_page *page;
};

/* Translations as one exception level sees them: index 0 for EL0 and unprivileged accesses, 1 for
 * EL1. */
struct tlb {
    struct tlb_entry entry[TLB_ENTRIES];
    struct itlb_entry code[ITLB_ENTRIES];
    uint64_t key;       /* in place; EL0's stands for the present ASID, EL1's is 0 */
    bool has_nonglobal; /* EL1's table only: nG entries, which belong to the present ASID and carry
                           no key */
    bool has_user;      /* EL1's table only: entries that PSTATE.PAN forbids */
    struct tlb_span blocks[2]; /* of the lower and the upper address range */
};

/* What a tag must be to serve an access at va whose alignment to `align` matters. */
static inline uint64_t tlb_tag(const struct tlb *t, uint64_t va, unsigned align)
{
    return (va & (GUEST_PAGE_MASK | (align - 1))) ^ t->key;
}

/*
 * Which key of EL0's table stands for which ASID. Keys are given out once; when all have been, the
 * table is emptied and it begins anew. An ASID that lost its place to another one gets a new key
 * and leaves entries behind that nothing can match.
 */
#define ASID_SLOTS 64u

struct asid_slot {
    uint16_t asid;
    uint8_t key; /* 0: free */
};

/* Why the run loop must look up from the guest. Bits of cpu.attention; any thread sets them, the
 * owner clears. */
enum {
    ATTN_KICK = 1u << 0,      /* hv_vcpus_exit */
    ATTN_SHOOTDOWN = 1u << 1, /* another vCPU or the VMM invalidates translations or code */
    ATTN_IRQ = 1u << 2,       /* irq_line or fiq_line rose */
    ATTN_TIMER = 1u << 3,     /* a timer condition may have become true */
    ATTN_STEP = 1u << 4, /* one instruction at a time: software step or breakpoints (debug.h) */
};

/* PSTATE.DAIF as kept in cpu.daif: the bits of SPSR 9:6. */
enum {
    DAIF_F = 1u << 6,
    DAIF_I = 1u << 7,
    DAIF_A = 1u << 8,
    DAIF_D = 1u << 9
};

struct cpu {
    /* General registers by slot; slot 31 is the SP in use. */
    uint64_t x[REG_SLOTS];

    /*
     * NZCV taken apart: N is the sign of nf, Z is zf == 0, C is cf (0 or 1), V is the sign of vf.
     * Arithmetic stores results here and only readers pay for the packing.
     */
    uint64_t nf;
    uint64_t zf;
    uint64_t cf;
    uint64_t vf;

    /* Where we are. pc is valid only when no handler is running; a handler's pc is cpu_op_pc(). */
    uint64_t pc;
    uint64_t page_va;
    struct code_page *page;
    const struct op *page_ops;

    struct tlb *tlb; /* &tlbs[el] */

    /* Any thread. */
    atomic_uint attention;
    atomic_bool irq_line;
    atomic_bool fiq_line;

    /* PSTATE besides NZCV. */
    uint8_t el;    /* 0 or 1 */
    uint8_t spsel; /* PSTATE.SP */
    bool pan;
    bool ss;         /* PSTATE.SS, software step */
    bool il;         /* PSTATE.IL, illegal execution state */
    bool fp_trapped; /* CPACR_EL1.FPEN denies SIMD&FP at the present level */
    bool trap_debug; /* BRK exits to the VMM (hv_vcpu_set_trap_debug_exceptions) */
    uint32_t daif;

    struct fp_env fp; /* FPCR, FPSR */
    union vreg v[32];

    uint64_t sp_el[2]; /* SP_EL0 and SP_EL1 while not in use as slot 31 */

    /* Exclusive monitor: value and address remembered by the load-exclusive, compared by the store.
     */
    bool excl_valid;
    uint8_t excl_size; /* bytes in all: 1, 2, 4, 8, 16 */
    uint64_t excl_ipa;
    uint64_t excl_lo;
    uint64_t excl_hi;

    /* EL1 system registers that are plain storage or drive the MMU. */
    uint64_t sctlr, cpacr, actlr;
    uint64_t ttbr0, ttbr1, tcr, mair, amair;
    uint64_t vbar, elr, spsr, esr, far, afsr0, afsr1, par;
    uint64_t contextidr, tpidr_el0, tpidrro_el0, tpidr_el1;
    uint64_t csselr, mdscr, cntkctl;
    uint64_t mpidr, midr;
    uint64_t apkey[10]; /* storage only: pointer authentication is not claimed */
    uint64_t dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
    uint64_t mdccint;
    uint64_t idreg[64]; /* by CRm << 3 | op2 (idreg.h) */
    unsigned pa_bits;   /* of the VM's IPA space */

    bool watching;     /* a watchpoint is enabled: pages it covers stay out of the TLBs (debug.h) */
    uint32_t step_iss; /* ISS.{ISV,EX} of the next software step exception */

    struct asid_slot asid_slot[ASID_SLOTS];
    unsigned keys_used;
    struct tlb tlbs[2];
};

/* The address of an op of the current page. */
static inline uint64_t cpu_op_pc(const struct cpu *c, const struct op *op)
{
    return c->page_va + ((uint64_t)(op - c->page_ops) << 2);
}

/* PSTATE.NZCV in bits 31:28. */
static inline uint32_t cpu_nzcv(const struct cpu *c)
{
    return (uint32_t)(c->nf >> 63) << 31 | (uint32_t)(c->zf == 0) << 30 | (uint32_t)c->cf << 29 |
           (uint32_t)(c->vf >> 63) << 28;
}

static inline void cpu_set_nzcv(struct cpu *c, uint32_t nzcv)
{
    c->nf = (uint64_t)nzcv << 32;
    c->zf = !(nzcv >> 30 & 1);
    c->cf = nzcv >> 29 & 1;
    c->vf = (uint64_t)nzcv << 35;
}

/* Whether a condition code (C1.2.4) holds. */
static inline bool cpu_cond(const struct cpu *c, unsigned cond)
{
    bool r;

    switch (cond >> 1) {
    case 0: r = c->zf == 0; break;
    case 1: r = c->cf != 0; break;
    case 2: r = (int64_t)c->nf < 0; break;
    case 3: r = (int64_t)c->vf < 0; break;
    case 4: r = c->cf != 0 && c->zf != 0; break;
    case 5: r = (int64_t)(c->nf ^ c->vf) >= 0; break;
    case 6: r = (int64_t)(c->nf ^ c->vf) >= 0 && c->zf != 0; break;
    default: return true;
    }
    return r != (cond & 1);
}

#endif
