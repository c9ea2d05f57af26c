/* SPDX-License-Identifier: ISC */
/*
 * mmu.h: stage 1 translation for EL1&0 (Arm ARM D8) and the soft TLB.
 *
 * 4, 16 and 64 KiB granules, 48-bit addresses, two ranges, hierarchical permissions, ASIDs, PAN.
 * Stage 2 is the VMM's memory map: what it lacks or forbids is an exit, not an exception of the
 * guest.
 */
#ifndef SOFTHV_MMU_H
#define SOFTHV_MMU_H

#include "cpu.h"

enum mmu_access {
    MMU_READ = 1,
    MMU_WRITE = 2,
    MMU_EXEC = 4
};

/* Fault status codes, ISS.DFSC/IFSC (D17.2.37). Level is added where there is one. */
enum mmu_fsc {
    FSC_ADDRESS_SIZE = 0x00,
    FSC_TRANSLATION = 0x04,
    FSC_ACCESS_FLAG = 0x08,
    FSC_PERMISSION = 0x0c,
    FSC_EXTERNAL = 0x10,
    FSC_ALIGNMENT = 0x21,
    FSC_DEBUG = 0x22,
};

/* Where a virtual page leads. */
struct mmu_page {
    uint64_t ipa;         /* of the 4 KiB page */
    char *host;           /* its bytes, or NULL: not RAM (an exit, or the GIC) */
    unsigned rights;      /* MMU_* that stage 1 grants to the asking level */
    unsigned rights_map;  /* MMU_* that the memory map grants */
    uint64_t block_size;  /* of the stage 1 entry */
    uint8_t attr;         /* MAIR byte */
    uint8_t shareability; /* SH[1:0] of the descriptor */
    bool global;
    bool user;   /* EL0 may access it: PAN's business */
    bool device; /* stage 1 type: an unaligned access faults */
};

struct mmu_fault {
    uint8_t fsc;
    bool stage2;  /* the walk itself left RAM: an exit with S1PTW */
    uint64_t ipa; /* stage2: where */
};

/* Removes an ignored tag byte from an address (TBI). */
uint64_t mmu_untag(const struct cpu *c, uint64_t va);

/* Walks the tables for va as seen by EL0 (el0) or EL1. false: *fault says why. Rights are reported,
 * not checked. */
bool mmu_walk(struct cpu *c, uint64_t va, bool el0, struct mmu_page *page, struct mmu_fault *fault);

/* The bytes of size <= 8 at ipa as a little-endian number, if that is readable RAM. */
bool mmu_read_physical(struct cpu *c, uint64_t ipa, unsigned size, uint64_t *val);

/* Enters a page into a TLB for data accesses; returns the entry, or NULL when such a page is never
 * entered. */
struct tlb_entry *mmu_tlb_fill(struct cpu *c, struct tlb *t, uint64_t va,
                               const struct mmu_page *page);

/* Notes that t now holds something derived from `page` at va (for the itlb). */
void mmu_tlb_note(struct cpu *c, struct tlb *t, uint64_t va, const struct mmu_page *page);

void mmu_tlb_flush_all(struct cpu *c);
void mmu_tlb_flush_asid(struct cpu *c, uint64_t asid);
void mmu_tlb_flush_va(struct cpu *c, uint64_t va);

/* After a change of TTBR0/1, TCR or SCTLR: new keys, stale entries out. */
void mmu_context_changed(struct cpu *c, bool everything);

#endif
