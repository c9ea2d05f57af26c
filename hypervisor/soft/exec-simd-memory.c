/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-memory.c: loads and stores of SIMD&FP registers: single, pair, and the structure forms
 * LD1-LD4, ST1-ST4, LD1R-LD4R.
 *
 * Built like exec-memory.c. A 128-bit register moves as two 64-bit halves, which is the atomicity
 * the architecture asks for (B2.2.1); the structure forms move element by element, or by halves
 * where alignment allows.
 */
#include "exec-simd-memory.h"

#include "except.h"

/* ---- Single registers ------------------------------------------------------------------------ */

/* The low `bytes` of a register whose low half is `lo`. */
MEM_TEMPLATE uint64_t low_bytes(uint64_t lo, unsigned bytes)
{
    return lo & ones64(8 * (bytes > 8 ? 8 : bytes));
}

MEM_TEMPLATE const struct op *load(struct cpu *c, const struct op *op, uint64_t va, uint64_t base,
                                   enum mem_form form, unsigned bytes, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    const char *p;
    union vreg *v = &c->v[op->rd];

    if (!mem_base_fine(c, op, form) || !mem_hit(e->read, c->tlb, va, bytes == 16 ? 8 : bytes) ||
        (bytes == 16 && !mem_in_page(va, 16))) {
        return slow(c, op, c->tlb, va, base);
    }
    p = mem_host(e, va);
    if (bytes == 16) {
        v->d[0] = guest_load64(p);
        v->d[1] = guest_load64(p + 8);
    } else {
        v->d[0] = guest_load(p, bytes);
        v->d[1] = 0;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *load_slow(struct cpu *c, const struct op *op, uint64_t va,
                                        uint64_t base, enum mem_form form, unsigned bytes)
{
    uint64_t v[2] = {0, 0};

    if (!mem_sp_checked(c, op) || !(bytes == 16 ? mem_load_quad_slow(c, op, c->tlb, va, v)
                                                : mem_load_slow(c, op, c->tlb, va, bytes, v))) {
        return NULL;
    }
    c->v[op->rd].d[0] = v[0];
    c->v[op->rd].d[1] = v[1];
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

MEM_TEMPLATE const struct op *store(struct cpu *c, const struct op *op, uint64_t va, uint64_t base,
                                    enum mem_form form, unsigned bytes, mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    char *p;
    const union vreg *v = &c->v[op->rd];

    if (!mem_base_fine(c, op, form) || !mem_hit(e->write, c->tlb, va, bytes == 16 ? 8 : bytes) ||
        (bytes == 16 && !mem_in_page(va, 16))) {
        return slow(c, op, c->tlb, va, base);
    }
    p = mem_host(e, va);
    if (bytes == 16) {
        guest_store64(p, v->d[0]);
        guest_store64(p + 8, v->d[1]);
    } else {
        guest_store(p, bytes, v->d[0]);
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *store_slow(struct cpu *c, const struct op *op, uint64_t va,
                                         uint64_t base, enum mem_form form, unsigned bytes)
{
    const union vreg *v = &c->v[op->rd];

    if (!mem_sp_checked(c, op) ||
        !(bytes == 16 ? mem_store_quad_slow(c, op, c->tlb, va, v->d)
                      : mem_store_slow(c, op, c->tlb, va, bytes, low_bytes(v->d[0], bytes)))) {
        return NULL;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

/* The two slow roads of kind k, and k_at: the access at va. */
#define SIMD_MEM_ROADS(k, access, bytes)                                                           \
    MEM_SLOW_ROAD const struct op *k##_slow(struct cpu *c, const struct op *op, struct tlb *t,     \
                                            uint64_t va, uint64_t base)                            \
    {                                                                                              \
        (void)t;                                                                                   \
        return access##_slow(c, op, va, base, FORM_MAYBE_SP, bytes);                               \
    }                                                                                              \
    MEM_SLOW_ROAD const struct op *k##_slow_wb(struct cpu *c, const struct op *op, struct tlb *t,  \
                                               uint64_t va, uint64_t base)                         \
    {                                                                                              \
        (void)t;                                                                                   \
        return access##_slow(c, op, va, base, FORM_WRITEBACK, bytes);                              \
    }                                                                                              \
    MEM_TEMPLATE const struct op *k##_at(struct cpu *c, const struct op *op, enum mem_form form,   \
                                         uint64_t va, uint64_t base)                               \
    {                                                                                              \
        return access(c, op, va, base, form, bytes,                                                \
                      form == FORM_WRITEBACK ? k##_slow_wb : k##_slow);                            \
    }

#define SIMD_MEM_FORM(k, suffix, form, address, writeback)                                         \
    const struct op *op_##k##_##suffix(struct cpu *c, const struct op *op)                         \
    {                                                                                              \
        uint64_t base = c->x[op->rn];                                                              \
                                                                                                   \
        FP_CHECK(c, op);                                                                           \
        return k##_at(c, op, form, address, writeback);                                            \
    }

#define SIMD_MEM_BASE_FORMS(k)                                                                     \
    SIMD_MEM_FORM(k, imm, FORM_MAYBE_SP, base + mem_offset(op), base)                              \
    SIMD_MEM_FORM(k, pre, FORM_WRITEBACK, base + mem_offset(op), base + mem_offset(op))            \
    SIMD_MEM_FORM(k, post, FORM_WRITEBACK, base, base + mem_offset(op))

#define SIMD_MEM_INDEX_FORMS(k)                                                                    \
    SIMD_MEM_FORM(k, reg, FORM_MAYBE_SP, base + (c->x[op->rm] << op->imm), base)                   \
    SIMD_MEM_FORM(k, uxtw, FORM_MAYBE_SP, base + mem_index_uxtw(c, op), base)                      \
    SIMD_MEM_FORM(k, sxtw, FORM_MAYBE_SP, base + mem_index_sxtw(c, op), base)

#define SIMD_MEM_LOAD(k, bytes, log2)                                                              \
    SIMD_MEM_ROADS(k, load, bytes)                                                                 \
    SIMD_MEM_BASE_FORMS(k)                                                                         \
    SIMD_MEM_INDEX_FORMS(k)

#define SIMD_MEM_STORE(k, bytes, log2)                                                             \
    SIMD_MEM_ROADS(k, store, bytes)                                                                \
    SIMD_MEM_BASE_FORMS(k)                                                                         \
    SIMD_MEM_INDEX_FORMS(k)

SIMD_MEM_SINGLES(SIMD_MEM_LOAD, SIMD_MEM_STORE)

#define SIMD_MEM_LITERAL(k)                                                                        \
    const struct op *op_##k##_literal(struct cpu *c, const struct op *op)                          \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        return k##_at(c, op, FORM_PLAIN, cpu_op_pc(c, op) + mem_offset(op), 0);                    \
    }

SIMD_MEM_LITERAL(ldr_vs)
SIMD_MEM_LITERAL(ldr_vd)
SIMD_MEM_LITERAL(ldr_vq)

/* ---- Pairs ----------------------------------------------------------------------------------- */

MEM_TEMPLATE const struct op *load_pair(struct cpu *c, const struct op *op, uint64_t va,
                                        uint64_t base, enum mem_form form, unsigned bytes,
                                        mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    const char *p;
    union vreg *v = &c->v[op->rd];
    union vreg *w = &c->v[op->ra];

    if (!mem_base_fine(c, op, form) || !mem_hit(e->read, c->tlb, va, bytes == 16 ? 8 : bytes) ||
        !mem_in_page(va, 2 * bytes)) {
        return slow(c, op, c->tlb, va, base);
    }
    p = mem_host(e, va);
    if (bytes == 16) {
        v->d[0] = guest_load64(p);
        v->d[1] = guest_load64(p + 8);
        w->d[0] = guest_load64(p + 16);
        w->d[1] = guest_load64(p + 24);
    } else {
        v->d[0] = guest_load(p, bytes);
        v->d[1] = 0;
        w->d[0] = guest_load(p + bytes, bytes);
        w->d[1] = 0;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *load_pair_slow(struct cpu *c, const struct op *op, uint64_t va,
                                             uint64_t base, enum mem_form form, unsigned bytes)
{
    uint64_t v[4] = {0, 0, 0, 0};

    if (!mem_sp_checked(c, op)) {
        return NULL;
    }
    if (bytes == 16) {
        if (!mem_load_quad_slow(c, op, c->tlb, va, v) ||
            !mem_load_quad_slow(c, op, c->tlb, va + 16, v + 2)) {
            return NULL;
        }
    } else {
        if (!mem_load_pair(c, op, c->tlb, va, bytes, v)) {
            return NULL;
        }
        v[2] = v[1];
        v[1] = 0;
    }
    c->v[op->rd].d[0] = v[0];
    c->v[op->rd].d[1] = v[1];
    c->v[op->ra].d[0] = v[2];
    c->v[op->ra].d[1] = v[3];
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

MEM_TEMPLATE const struct op *store_pair(struct cpu *c, const struct op *op, uint64_t va,
                                         uint64_t base, enum mem_form form, unsigned bytes,
                                         mem_slow_road *slow)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    char *p;
    const union vreg *v = &c->v[op->rd];
    const union vreg *w = &c->v[op->ra];

    if (!mem_base_fine(c, op, form) || !mem_hit(e->write, c->tlb, va, bytes == 16 ? 8 : bytes) ||
        !mem_in_page(va, 2 * bytes)) {
        return slow(c, op, c->tlb, va, base);
    }
    p = mem_host(e, va);
    if (bytes == 16) {
        guest_store64(p, v->d[0]);
        guest_store64(p + 8, v->d[1]);
        guest_store64(p + 16, w->d[0]);
        guest_store64(p + 24, w->d[1]);
    } else {
        guest_store(p, bytes, v->d[0]);
        guest_store(p + bytes, bytes, w->d[0]);
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    OP_NEXT(c, op);
}

MEM_TEMPLATE const struct op *store_pair_slow(struct cpu *c, const struct op *op, uint64_t va,
                                              uint64_t base, enum mem_form form, unsigned bytes)
{
    const union vreg *v = &c->v[op->rd];
    const union vreg *w = &c->v[op->ra];
    const uint64_t low[2] = {low_bytes(v->d[0], bytes), low_bytes(w->d[0], bytes)};

    if (!mem_sp_checked(c, op)) {
        return NULL;
    }
    if (bytes == 16) {
        if (!mem_may_store(c, op, c->tlb, va, 32, 16) ||
            !mem_store_quad_slow(c, op, c->tlb, va, v->d) ||
            !mem_store_quad_slow(c, op, c->tlb, va + 16, w->d)) {
            return NULL;
        }
    } else if (!mem_store_pair(c, op, c->tlb, va, bytes, low)) {
        return NULL;
    }
    if (form == FORM_WRITEBACK) {
        c->x[op->rn] = base;
    }
    return op + 1;
}

#define SIMD_MEM_LOAD_PAIR(k, bytes)                                                               \
    SIMD_MEM_ROADS(k, load_pair, bytes)                                                            \
    SIMD_MEM_BASE_FORMS(k)

#define SIMD_MEM_STORE_PAIR(k, bytes)                                                              \
    SIMD_MEM_ROADS(k, store_pair, bytes)                                                           \
    SIMD_MEM_BASE_FORMS(k)

SIMD_MEM_PAIRS(SIMD_MEM_LOAD_PAIR, SIMD_MEM_STORE_PAIR)

/* ---- Structures ------------------------------------------------------------------------------ */

static uint64_t element(const union vreg *v, unsigned log2, unsigned i)
{
    switch (log2) {
    case 0: return v->b[i];
    case 1: return v->h[i];
    case 2: return v->s[i];
    default: return v->d[i];
    }
}

static void set_element(union vreg *v, unsigned log2, unsigned i, uint64_t val)
{
    switch (log2) {
    case 0: v->b[i] = (uint8_t)val; break;
    case 1: v->h[i] = (uint16_t)val; break;
    case 2: v->s[i] = (uint32_t)val; break;
    default: v->d[i] = val; break;
    }
}

/* `count` elements from va on, as far as all of them can be read. */
static bool load_elements(struct cpu *c, const struct op *op, uint64_t va, unsigned log2,
                          unsigned count, uint64_t *val)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    unsigned bytes = 1u << log2;

    if (mem_hit(e->read, c->tlb, va, bytes) && mem_in_page(va, count << log2)) {
        for (unsigned i = 0; i < count; i++) {
            val[i] = guest_load(mem_host(e, va) + (i << log2), bytes);
        }
        return true;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!mem_load(c, op, c->tlb, va + (i << log2), bytes, &val[i])) {
            return false;
        }
    }
    return true;
}

static bool store_elements(struct cpu *c, const struct op *op, uint64_t va, unsigned log2,
                           unsigned count, const uint64_t *val)
{
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    unsigned bytes = 1u << log2;

    if (mem_hit(e->write, c->tlb, va, bytes) && mem_in_page(va, count << log2)) {
        for (unsigned i = 0; i < count; i++) {
            guest_store(mem_host(e, va) + (i << log2), bytes, val[i]);
        }
        return true;
    }
    if (!mem_may_store(c, op, c->tlb, va, count << log2, bytes)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!mem_store(c, op, c->tlb, va + (i << log2), bytes, val[i])) {
            return false;
        }
    }
    return true;
}

/* Bit 23 tells the post-indexed forms. */
static void post_index(struct cpu *c, const struct op *op, unsigned bytes)
{
    if (bit32((uint32_t)op->imm, 23)) {
        c->x[op->rn] += op->rm == REG_ZR ? bytes : c->x[op->rm];
    }
}

/*
 * A multiple-structures access: `registers` registers of `halves` 64-bit halves, elements of 1 <<
 * log2 bytes.
 */
struct multiple {
    unsigned log2;
    unsigned halves;
    unsigned registers;
    unsigned per_register; /* elements */
};

static struct multiple multiple_of(const struct op *op)
{
    static const uint8_t registers[16] = {
        [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};
    uint32_t insn = (uint32_t)op->imm;
    struct multiple m = {.log2 = bits32(insn, 11, 10), .halves = 1 + bit32(insn, 30)};

    m.registers = registers[bits32(insn, 15, 12)];
    m.per_register = m.halves * 8 >> m.log2;
    return m;
}

static unsigned multiple_bytes(const struct multiple *m)
{
    return m->registers * m->halves * 8;
}

MEM_SLOW_ROAD bool ld1_multiple(struct cpu *c, const struct op *op)
{
    const struct multiple m = multiple_of(op);
    unsigned bytes = multiple_bytes(&m);
    uint64_t va = c->x[op->rn];
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    uint64_t val[64];

    if (!mem_sp_checked(c, op)) {
        return false;
    }
    if (mem_hit(e->read, c->tlb, va, 8) && mem_in_page(va, bytes)) {
        const char *p = mem_host(e, va);
        for (unsigned r = 0; r < m.registers; r++, p += m.halves * 8) {
            union vreg *v = &c->v[(op->rd + r) & 31];
            v->d[0] = guest_load64(p);
            v->d[1] = m.halves == 2 ? guest_load64(p + 8) : 0;
        }
    } else {
        if (!load_elements(c, op, va, m.log2, m.registers * m.per_register, val)) {
            return false;
        }
        for (unsigned r = 0; r < m.registers; r++) {
            union vreg *v = &c->v[(op->rd + r) & 31];
            v->d[1] = 0;
            for (unsigned i = 0; i < m.per_register; i++) {
                set_element(v, m.log2, i, val[r * m.per_register + i]);
            }
        }
    }
    post_index(c, op, bytes);
    return true;
}

MEM_SLOW_ROAD bool st1_multiple(struct cpu *c, const struct op *op)
{
    const struct multiple m = multiple_of(op);
    unsigned bytes = multiple_bytes(&m);
    uint64_t va = c->x[op->rn];
    const struct tlb_entry *e = mem_tlb_entry(c->tlb, va);
    uint64_t val[64];

    if (!mem_sp_checked(c, op)) {
        return false;
    }
    if (mem_hit(e->write, c->tlb, va, 8) && mem_in_page(va, bytes)) {
        char *p = mem_host(e, va);
        for (unsigned r = 0; r < m.registers; r++, p += m.halves * 8) {
            const union vreg *v = &c->v[(op->rd + r) & 31];
            guest_store64(p, v->d[0]);
            if (m.halves == 2) {
                guest_store64(p + 8, v->d[1]);
            }
        }
    } else {
        for (unsigned r = 0; r < m.registers; r++) {
            for (unsigned i = 0; i < m.per_register; i++) {
                val[r * m.per_register + i] = element(&c->v[(op->rd + r) & 31], m.log2, i);
            }
        }
        if (!store_elements(c, op, va, m.log2, m.registers * m.per_register, val)) {
            return false;
        }
    }
    post_index(c, op, bytes);
    return true;
}

MEM_SLOW_ROAD bool ldn_multiple(struct cpu *c, const struct op *op)
{
    const struct multiple m = multiple_of(op);
    uint64_t val[64];

    if (!mem_sp_checked(c, op) ||
        !load_elements(c, op, c->x[op->rn], m.log2, m.registers * m.per_register, val)) {
        return false;
    }
    for (unsigned r = 0; r < m.registers; r++) {
        union vreg *v = &c->v[(op->rd + r) & 31];
        v->d[1] = 0;
        for (unsigned i = 0; i < m.per_register; i++) {
            set_element(v, m.log2, i, val[i * m.registers + r]);
        }
    }
    post_index(c, op, multiple_bytes(&m));
    return true;
}

MEM_SLOW_ROAD bool stn_multiple(struct cpu *c, const struct op *op)
{
    const struct multiple m = multiple_of(op);
    uint64_t val[64];

    if (!mem_sp_checked(c, op)) {
        return false;
    }
    for (unsigned r = 0; r < m.registers; r++) {
        for (unsigned i = 0; i < m.per_register; i++) {
            val[i * m.registers + r] = element(&c->v[(op->rd + r) & 31], m.log2, i);
        }
    }
    if (!store_elements(c, op, c->x[op->rn], m.log2, m.registers * m.per_register, val)) {
        return false;
    }
    post_index(c, op, multiple_bytes(&m));
    return true;
}

/* A single-structure access: one element of `registers` registers. */
struct lane {
    unsigned log2;
    unsigned index;
    unsigned registers;
};

static struct lane lane_of(const struct op *op)
{
    uint32_t insn = (uint32_t)op->imm;
    unsigned size = bits32(insn, 11, 10);
    unsigned index = bits32(insn, 30, 30) << 3 | bits32(insn, 12, 12) << 2 | size; /* Q:S:size */
    struct lane l = {.log2 = bits32(insn, 15, 14),
                     .registers = 1 + (bits32(insn, 13, 13) << 1 | bits32(insn, 21, 21))};

    if (l.log2 == 3) { /* replicate */
        l.log2 = size;
        return l;
    }
    if (l.log2 == 2 && (size & 1) != 0) {
        l.log2 = 3;
    }
    l.index = index >> l.log2;
    return l;
}

MEM_SLOW_ROAD bool ldn_lane(struct cpu *c, const struct op *op)
{
    const struct lane l = lane_of(op);
    uint64_t val[4];

    if (!mem_sp_checked(c, op) || !load_elements(c, op, c->x[op->rn], l.log2, l.registers, val)) {
        return false;
    }
    for (unsigned r = 0; r < l.registers; r++) {
        set_element(&c->v[(op->rd + r) & 31], l.log2, l.index, val[r]);
    }
    post_index(c, op, l.registers << l.log2);
    return true;
}

MEM_SLOW_ROAD bool stn_lane(struct cpu *c, const struct op *op)
{
    const struct lane l = lane_of(op);
    uint64_t val[4];

    if (!mem_sp_checked(c, op)) {
        return false;
    }
    for (unsigned r = 0; r < l.registers; r++) {
        val[r] = element(&c->v[(op->rd + r) & 31], l.log2, l.index);
    }
    if (!store_elements(c, op, c->x[op->rn], l.log2, l.registers, val)) {
        return false;
    }
    post_index(c, op, l.registers << l.log2);
    return true;
}

MEM_SLOW_ROAD bool ldn_replicate(struct cpu *c, const struct op *op)
{
    const struct lane l = lane_of(op);
    unsigned count = (bit32((uint32_t)op->imm, 30) ? 16u : 8u) >> l.log2;
    uint64_t val[4];

    if (!mem_sp_checked(c, op) || !load_elements(c, op, c->x[op->rn], l.log2, l.registers, val)) {
        return false;
    }
    for (unsigned r = 0; r < l.registers; r++) {
        union vreg *v = &c->v[(op->rd + r) & 31];
        v->d[1] = 0;
        for (unsigned i = 0; i < count; i++) {
            set_element(v, l.log2, i, val[r]);
        }
    }
    post_index(c, op, l.registers << l.log2);
    return true;
}

#define SIMD_MEM_STRUCTURE(name)                                                                   \
    const struct op *op_##name(struct cpu *c, const struct op *op)                                 \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        if (!name(c, op)) {                                                                        \
            return NULL;                                                                           \
        }                                                                                          \
        OP_NEXT(c, op);                                                                            \
    }

SIMD_MEM_STRUCTURE(ld1_multiple)
SIMD_MEM_STRUCTURE(st1_multiple)
SIMD_MEM_STRUCTURE(ldn_multiple)
SIMD_MEM_STRUCTURE(stn_multiple)
SIMD_MEM_STRUCTURE(ldn_lane)
SIMD_MEM_STRUCTURE(stn_lane)
SIMD_MEM_STRUCTURE(ldn_replicate)
