/* SPDX-License-Identifier: ISC */
/*
 * exec-memory.c: loads and stores of general registers, exclusives, ordered accesses and LSE
 * atomics.
 *
 * The single and pair handlers are instances of templates: what is moved comes from the lists in
 * exec-memory.h, how the address is made from MEM_FORMS. See there for the operands.
 */
#include "exec-memory.h"

#include "host-atomic.h"

MEM_TEMPLATE uint64_t extend(uint64_t v, unsigned bytes, enum mem_extend how)
{
    switch (how) {
    case EXTEND_SIGN32: return (uint32_t)sext64(v, 8 * bytes);
    case EXTEND_SIGN64: return (uint64_t)sext64(v, 8 * bytes);
    case EXTEND_ZERO: break;
    }
    return v;
}

/* ---- Single registers ------------------------------------------------------------------------ */

MEM_TEMPLATE const struct op *load(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                                   uint64_t base, enum mem_form form, unsigned bytes,
                                   enum mem_extend how, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    if (!mem_base_fine(c, op, form) || !mem_hit(e->read, t, va, bytes)) {
        return slow(c, op, t, va, base);
    }
    c->x[op->rd] = extend(guest_load(mem_host(e, va), bytes), bytes, how);
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *load_slow(struct cpu *c, const struct op *op, struct tlb *t,
                                        uint64_t va, uint64_t base, enum mem_form form,
                                        unsigned bytes, enum mem_extend how)
{
    uint64_t v;

    if (!mem_sp_checked(c, op) || !mem_load_slow(c, op, t, va, bytes, &v)) {
        return NULL;
    }
    c->x[op->rd] = extend(v, bytes, how);
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

MEM_TEMPLATE const struct op *store(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                                    uint64_t base, enum mem_form form, unsigned bytes,
                                    enum mem_extend how, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    (void)how;
    if (!mem_base_fine(c, op, form) || !mem_hit(e->write, t, va, bytes)) {
        return slow(c, op, t, va, base);
    }
    guest_store(mem_host(e, va), bytes, c->x[op->rd]);
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *store_slow(struct cpu *c, const struct op *op, struct tlb *t,
                                         uint64_t va, uint64_t base, enum mem_form form,
                                         unsigned bytes, enum mem_extend how)
{
    (void)how;
    if (!mem_sp_checked(c, op) ||
        !mem_store_slow(c, op, t, va, bytes, c->x[op->rd] & ones64(8 * bytes))) {
        return NULL;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

/* The two slow roads of kind k, and k_at: the access at va, as one of them. */
#define MEM_ROADS(k, access, bytes, how)                                                           \
    MEM_SLOW_ROAD const struct op *k##_slow(struct cpu *c, const struct op *op, struct tlb *t,     \
                                            uint64_t va, uint64_t base)                            \
    {                                                                                              \
        return access##_slow(c, op, t, va, base, FORM_MAYBE_SP, bytes, how);                       \
    }                                                                                              \
    MEM_SLOW_ROAD const struct op *k##_slow_wb(struct cpu *c, const struct op *op, struct tlb *t,  \
                                               uint64_t va, uint64_t base)                         \
    {                                                                                              \
        return access##_slow(c, op, t, va, base, FORM_WRITEBACK, bytes, how);                      \
    }                                                                                              \
    MEM_TEMPLATE const struct op *k##_at(struct cpu *c, const struct op *op, struct tlb *t,        \
                                         enum mem_form form, uint64_t va, uint64_t base)           \
    {                                                                                              \
        return access(c, op, t, va, base, form, bytes, how,                                        \
                      form == FORM_WRITEBACK ? k##_slow_wb : k##_slow);                            \
    }

#define MEM_FORM(k, suffix, form, tlb, address, writeback)                                         \
    const struct op *op_##k##_##suffix(struct cpu *c, const struct op *op)                         \
    {                                                                                              \
        uint64_t base = c->x[op->rn];                                                              \
                                                                                                   \
        return k##_at(c, op, tlb(c), form, address, writeback);                                    \
    }

/*
 * The forms that single registers and pairs have in common, and those that only single registers
 * have.
 */
#define MEM_BASE_FORMS(k)                                                                          \
    MEM_FORM(k, imm, FORM_PLAIN, mem_tlb, base + mem_offset(op), base)                             \
    MEM_FORM(k, sp, FORM_MAYBE_SP, mem_tlb, base + mem_offset(op), base)                           \
    MEM_FORM(k, pre, FORM_WRITEBACK, mem_tlb, base + mem_offset(op), base + mem_offset(op))        \
    MEM_FORM(k, post, FORM_WRITEBACK, mem_tlb, base, base + mem_offset(op))

#define MEM_INDEX_FORMS(k, log2)                                                                   \
    MEM_FORM(k, reg, FORM_MAYBE_SP, mem_tlb, base + c->x[op->rm], base)                            \
    MEM_FORM(k, scaled, FORM_MAYBE_SP, mem_tlb, base + (c->x[op->rm] << log2), base)               \
    MEM_FORM(k, uxtw, FORM_MAYBE_SP, mem_tlb, base + mem_index_uxtw(c, op), base)                  \
    MEM_FORM(k, sxtw, FORM_MAYBE_SP, mem_tlb, base + mem_index_sxtw(c, op), base)                  \
    MEM_FORM(k, unpriv, FORM_MAYBE_SP, mem_tlb_unprivileged, base + mem_offset(op), base)

#define MEM_LOAD(k, bytes, log2, how)                                                              \
    MEM_ROADS(k, load, bytes, how)                                                                 \
    MEM_BASE_FORMS(k)                                                                              \
    MEM_INDEX_FORMS(k, log2)

#define MEM_STORE(k, bytes, log2, how)                                                             \
    MEM_ROADS(k, store, bytes, how)                                                                \
    MEM_BASE_FORMS(k)                                                                              \
    MEM_INDEX_FORMS(k, log2)

MEM_LOADS(MEM_LOAD)
MEM_STORES(MEM_STORE)

#define MEM_LITERAL(k)                                                                             \
    const struct op *op_##k##_literal(struct cpu *c, const struct op *op)                          \
    {                                                                                              \
        return k##_at(c, op, c->tlb, FORM_PLAIN, cpu_op_pc(c, op) + mem_offset(op), 0);            \
    }

MEM_LITERAL(ldr_w)
MEM_LITERAL(ldr_x)
MEM_LITERAL(ldrsw)

const struct op *op_prefetch(struct cpu *c, const struct op *op)
{
    (void)c;
    OP_NEXT(c, op);
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

MEM_TEMPLATE const struct op *load_pair(struct cpu *c, const struct op *op, struct tlb *t,
                                        uint64_t va, uint64_t base, enum mem_form form,
                                        unsigned bytes, enum mem_extend how, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);
    const char *p;
    uint64_t first;

    if (!mem_base_fine(c, op, form) || !mem_hit(e->read, t, va, bytes) ||
        !mem_in_page(va, 2 * bytes)) {
        return slow(c, op, t, va, base);
    }
    p = mem_host(e, va);
    first = extend(guest_load(p, bytes), bytes, how);
    c->x[op->ra] = extend(guest_load(p + bytes, bytes), bytes, how);
    c->x[op->rd] = first;
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *load_pair_slow(struct cpu *c, const struct op *op, struct tlb *t,
                                             uint64_t va, uint64_t base, enum mem_form form,
                                             unsigned bytes, enum mem_extend how)
{
    uint64_t v[2];

    if (!mem_sp_checked(c, op) || !mem_load_pair_slow(c, op, t, va, bytes, v)) {
        return NULL;
    }
    c->x[op->ra] = extend(v[1], bytes, how);
    c->x[op->rd] = extend(v[0], bytes, how);
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

MEM_TEMPLATE const struct op *store_pair(struct cpu *c, const struct op *op, struct tlb *t,
                                         uint64_t va, uint64_t base, enum mem_form form,
                                         unsigned bytes, enum mem_extend how, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);
    char *p;

    (void)how;
    if (!mem_base_fine(c, op, form) || !mem_hit(e->write, t, va, bytes) ||
        !mem_in_page(va, 2 * bytes)) {
        return slow(c, op, t, va, base);
    }
    p = mem_host(e, va);
    guest_store(p, bytes, c->x[op->rd]);
    guest_store(p + bytes, bytes, c->x[op->ra]);
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *store_pair_slow(struct cpu *c, const struct op *op, struct tlb *t,
                                              uint64_t va, uint64_t base, enum mem_form form,
                                              unsigned bytes, enum mem_extend how)
{
    const uint64_t v[2] = {c->x[op->rd] & ones64(8 * bytes), c->x[op->ra] & ones64(8 * bytes)};

    (void)how;
    if (!mem_sp_checked(c, op) || !mem_store_pair_slow(c, op, t, va, bytes, v)) {
        return NULL;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

#define MEM_LOAD_PAIR(k, bytes, how)                                                               \
    MEM_ROADS(k, load_pair, bytes, how)                                                            \
    MEM_BASE_FORMS(k)

#define MEM_STORE_PAIR(k, bytes, how)                                                              \
    MEM_ROADS(k, store_pair, bytes, how)                                                           \
    MEM_BASE_FORMS(k)

MEM_LOAD_PAIRS(MEM_LOAD_PAIR)
MEM_STORE_PAIRS(MEM_STORE_PAIR)

/* ---- Exclusives ------------------------------------------------------------------------------ */

/*
 * The monitor (B2.9) remembers the value that was loaded, and the store is a compare-and-swap
 * against it. A change away and back between the two is not noticed; no use of exclusives as an
 * atomic update can tell. LDXP may read its halves apart: the architecture makes the pair
 * single-copy atomic only if the STXP succeeds (B2.2.1), and then it compared both.
 */

MEM_TEMPLATE uint64_t entry_ipa(const struct tlb_entry *e, uint64_t va)
{
    return (e->ipa & GUEST_PAGE_MASK) | (va & ~GUEST_PAGE_MASK);
}

MEM_TEMPLATE uint64_t load_either(const void *p, unsigned bytes, bool ordered)
{
    return ordered ? host_load_ordered(p, bytes) : guest_load(p, bytes);
}

/* `bytes`: of the whole access; `pair`: it fills two registers. */
MEM_TEMPLATE void exclusive_load_from(struct cpu *c, const struct op *op, const char *p,
                                      uint64_t ipa, unsigned bytes, bool pair)
{
    uint64_t lo = load_either(p, bytes == 16 ? 8 : bytes, op->imm != 0);
    uint64_t hi = bytes == 16 ? load_either(p + 8, 8, op->imm != 0) : 0;

    c->excl_valid = true;
    c->excl_size = (uint8_t)bytes;
    c->excl_ipa = ipa;
    c->excl_lo = lo;
    c->excl_hi = hi;
    if (!pair) {
        c->x[op->rd] = lo;
    } else if (bytes == 16) {
        c->x[op->rd] = lo;
        c->x[op->ra] = hi;
    } else {
        c->x[op->rd] = (uint32_t)lo;
        c->x[op->ra] = lo >> 32;
    }
}

MEM_TEMPLATE bool monitor_covers(const struct cpu *c, unsigned bytes)
{
    return c->excl_valid && c->excl_size == bytes;
}

/* Whether the store happened. The monitor covers this size; ipa is still to be compared. */
MEM_TEMPLATE bool exclusive_store_to(struct cpu *c, const struct op *op, void *p, uint64_t ipa,
                                     unsigned bytes, bool pair)
{
    uint64_t expected = c->excl_lo;

    if (ipa != c->excl_ipa) {
        return false;
    }
    if (bytes == 16) {
        u128 old = wide_make(c->excl_hi, c->excl_lo);
        return host_cas128(p, old, wide_make(c->x[op->ra], c->x[op->rd])) == old;
    }
    if (pair) {
        return host_cas(p, 8, &expected, (uint32_t)c->x[op->rd] | c->x[op->ra] << 32, op->imm != 0);
    }
    return host_cas(p, bytes, &expected, c->x[op->rd], op->imm != 0);
}

MEM_TEMPLATE const struct op *exclusive_load_slow(struct cpu *c, const struct op *op, uint64_t va,
                                                  unsigned bytes, bool pair)
{
    uint64_t ipa;
    const char *p;

    if (!mem_sp_checked(c, op) ||
        (p = mem_atomic_address(c, op, c->tlb, va, bytes, MMU_READ, &ipa)) == NULL) {
        return NULL;
    }
    exclusive_load_from(c, op, p, ipa, bytes, pair);
    return op + 1;
}

MEM_TEMPLATE const struct op *exclusive_store_slow(struct cpu *c, const struct op *op, uint64_t va,
                                                   unsigned bytes, bool pair)
{
    bool refused = (va & (bytes - 1)) == 0 && !monitor_covers(c, bytes);
    bool stored = false;
    uint64_t ipa;
    void *p;

    if (!mem_sp_checked(c, op)) {
        return NULL;
    }
    if (!refused) {
        p = mem_atomic_address(c, op, c->tlb, va, bytes, MMU_WRITE, &ipa);
        if (p == NULL) {
            return NULL;
        }
        stored = exclusive_store_to(c, op, p, ipa, bytes, pair);
    }
    c->excl_valid = false;
    c->x[op->rm] = !stored;
    return op + 1;
}

/*
 * A store-exclusive that the monitor already refuses makes no access and so cannot abort, but
 * alignment is checked first (AArch64.ExclusiveMonitorsPass).
 */
#define MEM_EXCLUSIVE(load_name, store_name, bytes, pair)                                          \
    MEM_SLOW_ROAD const struct op *load_name##_slow(struct cpu *c, const struct op *op,            \
                                                    uint64_t va)                                   \
    {                                                                                              \
        return exclusive_load_slow(c, op, va, bytes, pair);                                        \
    }                                                                                              \
    MEM_SLOW_ROAD const struct op *store_name##_slow(struct cpu *c, const struct op *op,           \
                                                     uint64_t va)                                  \
    {                                                                                              \
        return exclusive_store_slow(c, op, va, bytes, pair);                                       \
    }                                                                                              \
    const struct op *op_##load_name(struct cpu *c, const struct op *op)                            \
    {                                                                                              \
        uint64_t va = c->x[op->rn];                                                                \
        const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);                                     \
                                                                                                   \
        if (!mem_sp_fine(c, op) || !mem_hit(e->read, c->tlb, va, bytes)) {                         \
            return load_name##_slow(c, op, va);                                                    \
        }                                                                                          \
        exclusive_load_from(c, op, mem_host(e, va), entry_ipa(e, va), bytes, pair);                \
        OP_NEXT(c, op);                                                                            \
    }                                                                                              \
    const struct op *op_##store_name(struct cpu *c, const struct op *op)                           \
    {                                                                                              \
        uint64_t va = c->x[op->rn];                                                                \
        const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);                                     \
                                                                                                   \
        if (!mem_sp_fine(c, op) || !mem_hit(e->write, c->tlb, va, bytes) ||                        \
            !monitor_covers(c, bytes)) {                                                           \
            return store_name##_slow(c, op, va);                                                   \
        }                                                                                          \
        c->x[op->rm] = !exclusive_store_to(c, op, mem_host(e, va), entry_ipa(e, va), bytes, pair); \
        c->excl_valid = false;                                                                     \
        OP_NEXT(c, op);                                                                            \
    }

MEM_EXCLUSIVE(ldxr8, stxr8, 1u, false)
MEM_EXCLUSIVE(ldxr16, stxr16, 2u, false)
MEM_EXCLUSIVE(ldxr32, stxr32, 4u, false)
MEM_EXCLUSIVE(ldxr64, stxr64, 8u, false)
MEM_EXCLUSIVE(ldxp32, stxp32, 8u, true)
MEM_EXCLUSIVE(ldxp64, stxp64, 16u, true)

/* ---- Load-acquire, store-release ------------------------------------------------------------- */

/*
 * LDAR and STLR may reach the GIC and MMIO like any single-register access, so what misses the TLB
 * takes the ordinary slow path between fences. Unlike ordinary accesses they must be aligned
 * whatever SCTLR_EL1.A says (B2.8.2): mem_atomic_address is asked for the fault.
 */
MEM_TEMPLATE bool ordered_may_go_on(struct cpu *c, const struct op *op, uint64_t va, unsigned bytes,
                                    bool write)
{
    uint64_t ipa;

    if (!mem_sp_checked(c, op)) {
        return false;
    }
    return (va & (bytes - 1)) == 0 ||
           mem_atomic_address(c, op, c->tlb, va, bytes, write ? MMU_WRITE : MMU_READ, &ipa) != NULL;
}

#define MEM_ORDERED(bits)                                                                          \
    MEM_SLOW_ROAD const struct op *ldar##bits##_slow(struct cpu *c, const struct op *op,           \
                                                     uint64_t va)                                  \
    {                                                                                              \
        uint64_t v;                                                                                \
                                                                                                   \
        if (!ordered_may_go_on(c, op, va, bits / 8, false) ||                                      \
            !mem_load_slow(c, op, c->tlb, va, bits / 8, &v)) {                                     \
            return NULL;                                                                           \
        }                                                                                          \
        host_fence();                                                                              \
        c->x[op->rd] = v;                                                                          \
        return op + 1;                                                                             \
    }                                                                                              \
    MEM_SLOW_ROAD const struct op *stlr##bits##_slow(struct cpu *c, const struct op *op,           \
                                                     uint64_t va)                                  \
    {                                                                                              \
        host_fence();                                                                              \
        if (!ordered_may_go_on(c, op, va, bits / 8, true) ||                                       \
            !mem_store_slow(c, op, c->tlb, va, bits / 8, c->x[op->rd] & ones64(bits))) {           \
            return NULL;                                                                           \
        }                                                                                          \
        host_fence();                                                                              \
        return op + 1;                                                                             \
    }                                                                                              \
    const struct op *op_ldar##bits(struct cpu *c, const struct op *op)                             \
    {                                                                                              \
        uint64_t va = c->x[op->rn];                                                                \
        const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);                                     \
                                                                                                   \
        if (!mem_sp_fine(c, op) || !mem_hit(e->read, c->tlb, va, bits / 8)) {                      \
            return ldar##bits##_slow(c, op, va);                                                   \
        }                                                                                          \
        c->x[op->rd] = host_load_ordered(mem_host(e, va), bits / 8);                               \
        OP_NEXT(c, op);                                                                            \
    }                                                                                              \
    const struct op *op_stlr##bits(struct cpu *c, const struct op *op)                             \
    {                                                                                              \
        uint64_t va = c->x[op->rn];                                                                \
        const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);                                     \
                                                                                                   \
        if (!mem_sp_fine(c, op) || !mem_hit(e->write, c->tlb, va, bits / 8)) {                     \
            return stlr##bits##_slow(c, op, va);                                                   \
        }                                                                                          \
        host_store_ordered(mem_host(e, va), bits / 8, c->x[op->rd]);                               \
        OP_NEXT(c, op);                                                                            \
    }

MEM_ORDERED(8)
MEM_ORDERED(16)
MEM_ORDERED(32)
MEM_ORDERED(64)

/* ---- LSE atomics ----------------------------------------------------------------------------- */

MEM_SLOW_ROAD void *atomic_address_slow(struct cpu *c, const struct op *op, uint64_t va,
                                        unsigned bytes)
{
    uint64_t ipa;

    return mem_atomic_address(c, op, c->tlb, va, bytes, MMU_READ | MMU_WRITE, &ipa);
}

/* Where the atomic works, or NULL as mem.h says. The whole access needs both rights. */
MEM_TEMPLATE void *atomic_address(struct cpu *c, const struct op *op, unsigned bytes)
{
    const struct tlb_entry *e;
    uint64_t va;

    if (!mem_base(c, op, &va)) {
        return NULL;
    }
    e = mem_tlb_entry(c->tlb, va);
    if (!mem_hit(e->write, c->tlb, va, bytes) || e->read != e->write) {
        return atomic_address_slow(c, op, va, bytes);
    }
    return mem_host(e, va);
}

/*
 * fetch: C11's atomic_fetch_op or atomic_exchange; operand: an expression in v, of the type of
 * memory.
 */
#define MEM_ATOMIC(name, bits, fetch, operand)                                                     \
    const struct op *op_##name##bits(struct cpu *c, const struct op *op)                           \
    {                                                                                              \
        _Atomic uint##bits##_t *p = atomic_address(c, op, bits / 8);                               \
        uint##bits##_t v = (uint##bits##_t)c->x[op->rm];                                           \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        v = (uint##bits##_t)(operand);                                                             \
        c->x[op->rd] = op->imm != 0 ? fetch##_explicit(p, v, memory_order_seq_cst)                 \
                                    : fetch##_explicit(p, v, memory_order_relaxed);                \
        OP_NEXT(c, op);                                                                            \
    }

/*
 * C11 has no atomic minimum. Always ordered: these are rare, and a host that could tell is rarer.
 */
#define MEM_ATOMIC_CHOOSE(name, bits, type, relation)                                              \
    const struct op *op_##name##bits(struct cpu *c, const struct op *op)                           \
    {                                                                                              \
        void *p = atomic_address(c, op, bits / 8);                                                 \
        uint##bits##_t v = (uint##bits##_t)c->x[op->rm];                                           \
        uint64_t old;                                                                              \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        old = guest_load(p, bits / 8);                                                             \
        while (!host_cas(p, bits / 8, &old,                                                        \
                         (type##bits##_t)old relation(type##bits##_t) v ? old : v, true)) {        \
        }                                                                                          \
        c->x[op->rd] = old;                                                                        \
        OP_NEXT(c, op);                                                                            \
    }

#define MEM_ATOMICS(bits)                                                                          \
    MEM_ATOMIC(ldadd, bits, atomic_fetch_add, v)                                                   \
    MEM_ATOMIC(ldclr, bits, atomic_fetch_and, ~v)                                                  \
    MEM_ATOMIC(ldeor, bits, atomic_fetch_xor, v)                                                   \
    MEM_ATOMIC(ldset, bits, atomic_fetch_or, v)                                                    \
    MEM_ATOMIC(swp, bits, atomic_exchange, v)                                                      \
    MEM_ATOMIC_CHOOSE(ldsmax, bits, int, >)                                                        \
    MEM_ATOMIC_CHOOSE(ldsmin, bits, int, <)                                                        \
    MEM_ATOMIC_CHOOSE(ldumax, bits, uint, >)                                                       \
    MEM_ATOMIC_CHOOSE(ldumin, bits, uint, <)                                                       \
    const struct op *op_cas##bits(struct cpu *c, const struct op *op)                              \
    {                                                                                              \
        void *p = atomic_address(c, op, bits / 8);                                                 \
        uint64_t old = c->x[op->rm];                                                               \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        host_cas(p, bits / 8, &old, c->x[op->rd], op->imm != 0);                                   \
        c->x[op->ra] = old;                                                                        \
        OP_NEXT(c, op);                                                                            \
    }

MEM_ATOMICS(8)
MEM_ATOMICS(16)
MEM_ATOMICS(32)
MEM_ATOMICS(64)

/* The second register of a CASP pair whose first is even: after 30 comes the zero register. */
static uint64_t second_value(const struct cpu *c, unsigned first)
{
    return first == 30 ? 0 : c->x[first + 1];
}

static unsigned second_slot(unsigned first)
{
    return first == 30 ? REG_SINK : first + 1;
}

const struct op *op_casp32(struct cpu *c, const struct op *op)
{
    void *p = atomic_address(c, op, 8);
    uint64_t old = (uint32_t)c->x[op->rm] | second_value(c, op->rm) << 32;

    if (p == NULL) {
        return NULL;
    }
    host_cas(p, 8, &old, (uint32_t)c->x[op->rd] | second_value(c, op->rd) << 32, op->imm != 0);
    c->x[op->ra] = (uint32_t)old;
    c->x[second_slot(op->ra)] = old >> 32;
    OP_NEXT(c, op);
}

const struct op *op_casp64(struct cpu *c, const struct op *op)
{
    void *p = atomic_address(c, op, 16);
    u128 old = wide_make(second_value(c, op->rm), c->x[op->rm]);

    if (p == NULL) {
        return NULL;
    }
    old = host_cas128(p, old, wide_make(second_value(c, op->rd), c->x[op->rd]));
    c->x[op->ra] = wide_lo(old);
    c->x[second_slot(op->ra)] = wide_hi(old);
    OP_NEXT(c, op);
}
