/* SPDX-License-Identifier: ISC */
/*
 * mem.c: guest memory accesses that miss the fast path of mem.h.
 *
 * TLB misses, unaligned accesses and page crossings, the GIC's registers, data aborts to EL1, and
 * exits to the VMM with the syndrome the architecture gives (ISS of a data abort, D17.2.37).
 */
#include "mem.h"

#include <string.h>

#include "code.h"
#include "debug.h"
#include "except.h"
#include "gic.h"
#include "mmu.h"
#include "vcpu.h"
#include "vm.h"

enum {
    SCTLR_A = 1u << 1,
    SCTLR_SA = 1u << 3,
    SCTLR_SA0 = 1u << 4
};
enum {
    ISS_WNR = 1u << 6,
    ISS_S1PTW = 1u << 7,
    ISS_CM = 1u << 8,
    ISS_ISV = 1u << 24
};

/* One access being worked on. */
struct access {
    struct cpu *c;
    const struct op *op;
    struct tlb *t;
    uint64_t va;            /* as the guest gave it, tag included */
    unsigned kind;          /* MMU_READ and/or MMU_WRITE: rights needed */
    bool cache_op;          /* DC or IC: reported with ISS.CM */
    bool unaligned;         /* in a way that Device memory and SCTLR_EL1.A refuse */
    bool only_write_faults; /* of a read-modify-write: a plain read of the address would have worked
                             */
};

static bool access_write(struct access *a)
{
    return (a->kind & MMU_WRITE) != 0;
}

/* ISS.WnR: cache maintenance counts as a write; a read-modify-write as a read where that would
 * fault as well (D17.2.37). */
static uint32_t access_wnr(struct access *a)
{
    bool read = a->kind == (MMU_READ | MMU_WRITE) ? !a->only_write_faults
                                                  : !access_write(a) && !a->cache_op;

    return read ? 0 : ISS_WNR;
}

static bool data_abort(struct access *a, uint64_t va, unsigned fsc)
{
    uint32_t iss = fsc | access_wnr(a) | (a->cache_op ? (uint32_t)ISS_CM : 0);

    a->c->far = va;
    except_sync(a->c, a->op, a->c->el == 0 ? EC_DABORT_LOWER : EC_DABORT_SAME, iss);
    return false;
}

/*
 * ISS.{ISV,SAS,SSE,SRT,SF,AR}: valid for loads and stores of one general register without writeback
 * (D17.2.37). Zero for the rest.
 */
static uint32_t access_iss(uint32_t insn)
{
    unsigned size = bits32(insn, 31, 30);
    unsigned opc = bits32(insn, 23, 22);
    uint32_t iss = (uint32_t)ISS_ISV | size << 22 | bits32(insn, 4, 0) << 16;

    if ((insn & 0x3b000000) == 0x18000000 && !bit32(insn, 26) && size != 3) {
        /* Load register (literal). */
        return (uint32_t)ISS_ISV |
               (size == 0   ? 2u
                : size == 1 ? 3u
                            : 2u)
                   << 22 |
               (size == 2 ? 1u << 21 : 0) | bits32(insn, 4, 0) << 16 | (size == 0 ? 0 : 1u << 15);
    }
    if ((insn & 0x3f000000) == 0x08000000 && bit32(insn, 23) && !bit32(insn, 21)) {
        /* Load-acquire and store-release. */
        return iss | (size == 3 ? 1u << 15 : 0) | 1u << 14;
    }
    bool unsigned_offset = (insn & 0x3f000000) == 0x39000000;
    bool unscaled = (insn & 0x3f200c00) == 0x38000000;
    bool unprivileged = (insn & 0x3f200c00) == 0x38000800;
    bool register_offset = (insn & 0x3f200c00) == 0x38200800;
    if (!unsigned_offset && !unscaled && !unprivileged && !register_offset) {
        return 0;
    }
    bool sign_extend = opc >= 2;
    bool wide = sign_extend ? opc == 2 : size == 3;
    return iss | (sign_extend ? 1u << 21 : 0) | (wide ? 1u << 15 : 0);
}

/* va: of the byte that leads to ipa, or for which the walk was made. */
static bool exit_stage2(struct access *a, uint64_t va, uint64_t ipa, bool walking)
{
    uint32_t iss = FSC_TRANSLATION | 3;
    uint64_t pc = cpu_op_pc(a->c, a->op);

    if (walking) {
        iss |= ISS_S1PTW;
    } else {
        iss |= a->cache_op ? (uint32_t)ISS_CM : access_iss(code_word(a->c, a->op));
    }
    iss |= access_wnr(a);
    except_exit(a->c, pc, esr_make(EC_DABORT_LOWER, iss), va, ipa);
    return false;
}

/* D2.10: comes after every other fault, also those that exit. */
static bool watchpoint(struct access *a, uint64_t va, unsigned size)
{
    bool read;

    if (LIKELY(!a->c->watching) ||
        !debug_watchpoint_hit(a->c, va, size, a->kind, a->t == &a->c->tlbs[0], &read)) {
        return true;
    }
    debug_raise(a->c, cpu_op_pc(a->c, a->op), EC_WATCHPOINT_LOWER,
                FSC_DEBUG | (read ? 0 : (uint32_t)ISS_WNR) | (a->cache_op ? (uint32_t)ISS_CM : 0),
                va);
    return false;
}

/*
 * Translates and checks everything but SCTLR_EL1.A for `size` bytes of one page. page->host may be
 * NULL (then the memory map was not checked).
 */
static bool access_translate(struct access *a, uint64_t va, unsigned size, struct mmu_page *page)
{
    struct mmu_fault fault;

    if (!mmu_walk(a->c, va, a->t == &a->c->tlbs[0], page, &fault)) {
        return fault.stage2 ? exit_stage2(a, va, fault.ipa, true) : data_abort(a, va, fault.fsc);
    }
    if (a->unaligned && page->device) {
        return data_abort(a, va, FSC_ALIGNMENT);
    }
    a->only_write_faults =
        page->rights & (page->host != NULL ? page->rights_map : (unsigned)MMU_READ) & MMU_READ;
    if ((page->rights & a->kind) != a->kind) {
        return data_abort(a, va, fault.fsc);
    }
    if (page->host != NULL && (page->rights_map & a->kind) != a->kind) {
        return exit_stage2(a, va, page->ipa | (va & ~GUEST_PAGE_MASK), false);
    }
    if (page->host != NULL && !watchpoint(a, va, size)) {
        return false;
    }
    mmu_tlb_fill(a->c, a->t, mmu_untag(a->c, va), page);
    return true;
}

/* An unaligned but page-contained access to RAM. */
static uint64_t load_unaligned(const char *p, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        v |= guest_load8(p + i) << (8 * i);
    }
    return v;
}

static void store_unaligned(char *p, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++) {
        guest_store8(p + i, v >> (8 * i));
    }
}

/* Device registers that the engine itself has, or an exit. */
static bool access_mmio(struct access *a, const struct mmu_page *page, unsigned size, uint64_t *val)
{
    struct gic *gic = cpu_vcpu(a->c)->vm->gic;
    uint64_t ipa = page->ipa | (a->va & ~GUEST_PAGE_MASK);

    if (gic != NULL && gic_mmio_claims(gic, ipa)) {
        if (!watchpoint(a, a->va, size)) {
            return false;
        }
        if (access_write(a)) {
            gic_mmio_write(gic, ipa, size, *val);
        } else {
            *val = gic_mmio_read(gic, ipa, size);
        }
        return true;
    }
    return exit_stage2(a, a->va, ipa, false);
}

/* The host bytes of a page-contained access if the TLB already knows them. */
static char *tlb_hit(struct access *a)
{
    const struct tlb_entry *e = mem_tlb_entry(a->t, a->va);
    uint64_t tag = tlb_tag(a->t, a->va, 1);

    if ((a->kind & MMU_READ && e->read != tag) || (a->kind & MMU_WRITE && e->write != tag)) {
        return NULL;
    }
    return (char *)(e->host + (uintptr_t)a->va);
}

/* Across a page boundary: both pages are checked before a byte moves. */
static bool access_split(struct access *a, unsigned size, uint64_t *val)
{
    struct mmu_page page[2];
    unsigned first = (unsigned)(GUEST_PAGE_SIZE - (a->va & ~GUEST_PAGE_MASK));
    uint64_t v = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t va = i == 0 ? a->va : a->va + first;
        if (!access_translate(a, va, i == 0 ? first : size - first, &page[i])) {
            return false;
        }
        if (page[i].host == NULL) {
            return exit_stage2(a, va, page[i].ipa | (va & ~GUEST_PAGE_MASK), false);
        }
    }
    for (unsigned i = 0; i < size; i++) {
        char *p =
            i < first ? page[0].host + (GUEST_PAGE_SIZE - first) + i : page[1].host + (i - first);
        if (access_write(a)) {
            guest_store8(p, *val >> (8 * i));
        } else {
            v |= guest_load8(p) << (8 * i);
        }
    }
    if (!access_write(a)) {
        *val = v;
    }
    return true;
}

static bool access_one(struct access *a, unsigned size, uint64_t *val)
{
    bool aligned = (a->va & (size - 1)) == 0;
    char *p;

    a->unaligned |= !aligned;
    if (a->unaligned) {
        if (a->c->sctlr & SCTLR_A) {
            return data_abort(a, a->va, FSC_ALIGNMENT);
        }
        if ((a->va & ~GUEST_PAGE_MASK) + size > GUEST_PAGE_SIZE) {
            return access_split(a, size, val);
        }
    }
    p = tlb_hit(a);
    if (p == NULL) {
        struct mmu_page page;
        if (!access_translate(a, a->va, size, &page)) {
            return false;
        }
        if (page.host == NULL) {
            return access_mmio(a, &page, size, val);
        }
        p = page.host + (a->va & ~GUEST_PAGE_MASK);
    }
    if (access_write(a)) {
        aligned ? guest_store(p, size, *val) : store_unaligned(p, size, *val);
    } else {
        *val = aligned ? guest_load(p, size) : load_unaligned(p, size);
    }
    return true;
}

bool mem_load_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   uint64_t *val)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = MMU_READ};

    return access_one(&a, size, val);
}

bool mem_store_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                    uint64_t val)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = MMU_WRITE};

    return access_one(&a, size, &val);
}

bool mem_may_store(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   unsigned align)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = MMU_WRITE};
    unsigned first = (unsigned)(GUEST_PAGE_SIZE - (va & ~GUEST_PAGE_MASK));
    struct mmu_page page;

    if (size <= first) {
        return true;
    }
    a.unaligned = (va & (align - 1)) != 0;
    if (a.unaligned && (c->sctlr & SCTLR_A)) {
        return data_abort(&a, va, FSC_ALIGNMENT);
    }
    return access_translate(&a, va, first, &page) &&
           access_translate(&a, va + first, size - first, &page);
}

/* Two elements at once; `align`: of what, where alignment is checked. */
static bool load_two(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                     unsigned align, uint64_t *val)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = MMU_READ};
    uint64_t v[2];

    a.unaligned = (va & (align - 1)) != 0;
    if (!access_one(&a, size, &v[0])) {
        return false;
    }
    a.va += size;
    if (!access_one(&a, size, &v[1])) {
        return false;
    }
    val[0] = v[0];
    val[1] = v[1];
    return true;
}

static bool store_two(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                      unsigned align, const uint64_t *val)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = MMU_WRITE};
    uint64_t v[2] = {val[0], val[1]};

    a.unaligned = (va & (align - 1)) != 0;
    if (!mem_may_store(c, op, t, va, 2 * size, align) || !access_one(&a, size, &v[0])) {
        return false;
    }
    a.va += size;
    return access_one(&a, size, &v[1]);
}

bool mem_load_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        unsigned size, uint64_t *val)
{
    return load_two(c, op, t, va, size, size, val);
}

bool mem_store_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, const uint64_t *val)
{
    return store_two(c, op, t, va, size, size, val);
}

bool mem_load_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        uint64_t *val)
{
    return load_two(c, op, t, va, 8, 16, val);
}

bool mem_store_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         const uint64_t *val)
{
    return store_two(c, op, t, va, 8, 16, val);
}

void *mem_atomic_address(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, unsigned kind, uint64_t *ipa)
{
    struct access a = {.c = c, .op = op, .t = t, .va = va, .kind = kind};
    struct mmu_page page;
    char *p;

    if ((va & (size - 1)) != 0) {
        data_abort(&a, va, FSC_ALIGNMENT);
        return NULL;
    }
    p = tlb_hit(&a);
    if (p != NULL) {
        *ipa = mem_tlb_entry(t, va)->ipa | (va & ~GUEST_PAGE_MASK);
        return p;
    }
    if (!access_translate(&a, va, size, &page)) {
        return NULL;
    }
    *ipa = page.ipa | (va & ~GUEST_PAGE_MASK);
    if (page.host == NULL) {
        exit_stage2(&a, va, *ipa, false);
        return NULL;
    }
    return page.host + (va & ~GUEST_PAGE_MASK);
}

bool mem_sp_aligned_slow(struct cpu *c, const struct op *op)
{
    if (c->sctlr & (c->el == 0 ? SCTLR_SA0 : SCTLR_SA)) {
        except_sync(c, op, EC_SP_ALIGN, 0);
        return false;
    }
    return true;
}

bool mem_zero_block(struct cpu *c, const struct op *op, uint64_t va)
{
    uint64_t block = va & ~UINT64_C(63);
    struct access a = {.c = c, .op = op, .t = mem_tlb(c), .va = block, .kind = MMU_WRITE};
    char *p = tlb_hit(&a);

    if (p == NULL) {
        struct mmu_page page;
        /* On Device memory DC ZVA is an Alignment fault (C5.3.10). */
        a.unaligned = true;
        if (!access_translate(&a, block, 64, &page)) {
            return false;
        }
        if (page.host == NULL) {
            return exit_stage2(&a, block, page.ipa | (block & ~GUEST_PAGE_MASK), false);
        }
        p = page.host + (block & ~GUEST_PAGE_MASK);
    }
    for (unsigned i = 0; i < 64; i += 8) {
        guest_store64(p + i, 0);
    }
    return true;
}

/*
 * D7.5.8: at EL0 a readable page is needed; at EL1 any page but for DC IVAC, which may lose what was
 * written to it. PSTATE.PAN does not matter, so what is found is of no use to the TLB.
 */
bool mem_cache_op(struct cpu *c, const struct op *op, uint64_t va, bool write, uint64_t *ipa)
{
    struct access a = {.c = c, .op = op, .t = mem_tlb(c), .va = va, .cache_op = true};
    struct mmu_page page;
    struct mmu_fault fault;
    bool pan = c->pan;
    bool ok;

    a.kind = write ? MMU_WRITE : c->el == 0 ? MMU_READ : 0;
    c->pan = false;
    ok = mmu_walk(c, va, c->el == 0, &page, &fault);
    c->pan = pan;
    if (!ok) {
        return fault.stage2 ? exit_stage2(&a, va, fault.ipa, true) : data_abort(&a, va, fault.fsc);
    }
    if ((page.rights & a.kind) != a.kind) {
        return data_abort(&a, va, fault.fsc);
    }
    *ipa = page.ipa | (va & ~GUEST_PAGE_MASK);
    if (page.host != NULL && (page.rights_map & a.kind) != a.kind) {
        return exit_stage2(&a, va, *ipa, false);
    }
    return !write || watchpoint(&a, va & ~UINT64_C(63), 64);
}
