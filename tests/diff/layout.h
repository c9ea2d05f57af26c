/* SPDX-License-Identifier: ISC */
/*
 * layout.h: what hv-diff and its half under qemu-aarch64 agree on.
 *
 * One shared file holds everything: the cases, the results and the pages that a case's code reads and
 * writes. hv-diff fills a batch of cases and their pages, names it in a struct diff_command on a pipe, and
 * finds results and pages changed when the answering byte comes back. So no case is copied through a
 * pipe, and neither side needs to touch a page that the case did not touch.
 *
 * Virtual addresses are the same on both sides, so that PC-relative results and fault addresses agree:
 *
 *   DIFF_CODE_VA  + slot * 4 * DIFF_SLOT_WORDS      code of a slot: read and execute
 *   diff_data_va(slot)                              page A: read and write
 *                   + 0x1000                        page B: read and write
 *                   + 0x2000                        page C: read only
 *   everything else near them                       not mapped
 *
 * Both sides are little-endian LP64; the structures are naturally aligned and need no packing.
 */
#ifndef DIFF_LAYOUT_H
#define DIFF_LAYOUT_H

#include <stdint.h>

#define DIFF_BATCH       256 /* cases in flight at once ... */
#define DIFF_SLOTS       512 /* ... and twice: one batch is made while the other runs */
#define DIFF_CODE_WORDS  64  /* instructions of a case */
#define DIFF_SLOT_WORDS  76  /* then the end marker, then words to be loaded as literals */
#define DIFF_POOL_WORD   66
#define DIFF_PAGE        4096
#define DIFF_PAGES       3
#define DIFF_FAULTS      72

/*
 * Not round, and so the stride: a power of two more than one of them, which cases often compute, is in no other; and
 * so far apart that a random number seldom leads from one slot to another, whose pages may be changing. What only
 * the oracle has mapped is further up still; so is its program's text (mk/flags.mk).
 */
#define DIFF_CODE_VA     UINT64_C(0x2b5d3f700000)
#define DIFF_DATA_VA     UINT64_C(0x1234560000)
#define DIFF_DATA_STRIDE UINT64_C(0xa76f5f000)
#define DIFF_SHARED_VA   UINT64_C(0x6a91c3500000)
#define DIFF_STACK_VA    UINT64_C(0x6ac7e2900000) /* of the oracle's signal handler */
#define DIFF_STACK_SIZE  UINT64_C(0x40000)

/* BRK #0xd1ff: the end of a case. BRK #0xd1fe: the oracle's program starts a batch. */
#define DIFF_END_WORD    UINT32_C(0xd43a3fe0)
#define DIFF_START_WORD  UINT32_C(0xd43a3fc0)

/* FPCR bits that a case may set: AHP, DN, FZ, RMode. FPSR: QC, IDC, IXC, UFC, OFC, DZC, IOC. */
#define DIFF_FPCR_MASK   UINT32_C(0x07c00000)
#define DIFF_FPSR_MASK   UINT32_C(0x0800009f)

struct diff_state {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t nzcv; /* in bits 31:28 */
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t tpidr_el0;
    uint64_t v[32][2];
};

struct diff_case {
    struct diff_state in;
    uint32_t code[DIFF_SLOT_WORDS];
};

/* An exception on the way, by the signal that Linux makes of it. */
enum diff_kind {
    DIFF_ILL = 1, /* UNDEFINED, trapped system register */
    DIFF_SEGV,    /* translation or permission fault, of data or of the instruction */
    DIFF_BUS,     /* alignment fault, of data or of the PC */
    DIFF_TRAP,    /* BRK */
    DIFF_OTHER
};

struct diff_fault {
    uint32_t kind;
    uint32_t detail; /* what only one side knows, for the report; never compared */
    uint64_t pc;
    uint64_t address; /* of SEGV and BUS */
};

/*
 * A case goes on behind an instruction that faults, so that one case shows many faults; it ends at the end
 * marker, or when the PC leaves the slot's code. Code only ever goes forward, so there are at most as many
 * faults as words.
 */
struct diff_result {
    struct diff_state out;
    uint32_t fault_count;
    uint32_t partial; /* diff_may_be_partial() of the last fault */
    struct diff_fault fault[DIFF_FAULTS];
};

struct diff_shared {
    uint8_t page[DIFF_PAGES][DIFF_SLOTS][DIFF_PAGE]; /* A, B, C; page-aligned, first in the file */
    struct diff_case cases[DIFF_SLOTS];
    struct diff_result results[DIFF_SLOTS];
};

struct diff_command {
    uint32_t first; /* slot */
    uint32_t count;
};

static inline uint64_t diff_code_va(uint32_t slot)
{
    return DIFF_CODE_VA + (uint64_t)slot * 4 * DIFF_SLOT_WORDS;
}

static inline uint64_t diff_data_va(uint32_t slot)
{
    return DIFF_DATA_VA + slot * DIFF_DATA_STRIDE;
}

/*
 * May this faulting load or store have been done in part? A pair, a structure or a Q register is several accesses,
 * and where one of them faults the architecture leaves open whether the others have happened (Arm ARM,
 * "Definition of a precise exception"). Then the case ends with this fault, and compare.c leaves out what it may
 * have changed. Only where rights change, at the page boundaries of a slot, can one access fault and another not.
 */
static inline int diff_may_be_partial(uint32_t word, uint32_t slot, uint64_t address)
{
    int several = (word & 0x3a000000) == 0x28000000 || /* pair */
                  (word & 0xbe000000) == 0x0c000000 || /* structure */
                  (word & 0x3f200000) == 0x08200000 || /* exclusive pair */
                  (word & 0xfe800000) == 0x3c800000;   /* one Q register */
    uint64_t offset = ((address - diff_data_va(slot)) & UINT64_C(0x00ffffffffffffff)) + 64;

    return several && offset < DIFF_PAGES * DIFF_PAGE + 128 && offset % DIFF_PAGE < 128;
}

#define DIFF_CODE_SIZE                                                                             \
    (((uint64_t)DIFF_SLOTS * 4 * DIFF_SLOT_WORDS + DIFF_PAGE - 1) / DIFF_PAGE * DIFF_PAGE)

#endif
