/* SPDX-License-Identifier: ISC */
/* Makes the differential test's cases: see gen.h. */
#include "gen.h"

#include <stdio.h>
#include <string.h>

#include "filter.h"
#include "rng.h"
#include "values.h"

enum {
    MAX_ROWS = 1024,
    MAX_CLASSES = 128
};

static struct gen_row rows[MAX_ROWS];
static size_t row_count;

struct class_entry {
    const struct insn_class *class;
    size_t first_row;
    bool enabled;
};

static struct class_entry classes[MAX_CLASSES];
static size_t class_count;
static unsigned set_weight[3];
static bool restricted;

/* What the base registers of a case point to. */
enum {
    ALIGNED_0,
    ALIGNED_1,
    INSIDE_0,
    INSIDE_1,
    EDGE,
    WILD,
    INDEX_0,
    INDEX_1,
    ROLES
};

struct gen {
    struct rng rng;
    struct diff_case *c;
    struct gen_info *info;
    uint32_t slot;
    uint32_t length; /* words wanted */
    uint32_t shadow; /* > 0: what is emitted may be jumped over */
    uint8_t role[ROLES];
    bool lse;
    bool alloc;
    bool code_known; /* some register holds an address of this case's code */
    bool done;
};

/* ---- Tables ------------------------------------------------------------------------------------------------ */

static int compile_row(const struct insn *insn, struct gen_row *row)
{
    unsigned bit = 32;

    row->insn = insn;
    for (const char *p = insn->pattern; *p; p++) {
        if (*p == ' ')
            continue;
        if (bit-- == 0)
            break;
        if (*p == '0' || *p == '1') {
            row->fixed_mask |= UINT32_C(1) << bit;
            row->fixed |= (uint32_t)(*p - '0') << bit;
        }
    }
    if (bit != 0) {
        fprintf(stderr, "hv-diff: the pattern of %s is not 32 bits\n", insn->name);
        return -1;
    }
    return 0;
}

static int add_classes(const struct insn_class *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (class_count == MAX_CLASSES)
            return -1;
        classes[class_count++] = (struct class_entry){&list[i], row_count, true};
        for (size_t j = 0; j < list[i].count; j++) {
            if (row_count == MAX_ROWS || compile_row(&list[i].rows[j], &rows[row_count]))
                return -1;
            rows[row_count++].class = &list[i];
        }
        set_weight[list[i].set] += list[i].weight;
    }
    return 0;
}

int gen_open(void)
{
    if (add_classes(insn_classes_integer, insn_count_integer) ||
        add_classes(insn_classes_memory, insn_count_memory) ||
        add_classes(insn_classes_fp, insn_count_fp) ||
        add_classes(insn_classes_simd, insn_count_simd) ||
        add_classes(insn_classes_alloc, insn_count_alloc))
        return -1;
    return (int)row_count;
}

/* Does one of the comma-separated parts occur in the name? A part behind a ! must not. */
static bool name_wanted(const char *name, const char *parts)
{
    bool wanted = parts[0] == '!';

    while (*parts) {
        size_t length = strcspn(parts, ",");
        bool refuse = parts[0] == '!';
        char part[64];

        snprintf(part, sizeof part, "%.*s", (int)(length - refuse), parts + refuse);
        if (strstr(name, part))
            wanted = !refuse;
        parts += length + (parts[length] == ',');
    }
    return wanted;
}

size_t gen_restrict(const char *parts)
{
    size_t enabled = 0;

    restricted = true;
    memset(set_weight, 0, sizeof set_weight);
    for (size_t i = 0; i < class_count; i++) {
        classes[i].enabled = name_wanted(classes[i].class->name, parts);
        if (classes[i].enabled) {
            set_weight[classes[i].class->set] += classes[i].class->weight;
            enabled++;
        }
    }
    return enabled;
}

size_t gen_row_count(void)
{
    return row_count;
}

const struct gen_row *gen_row_at(size_t index)
{
    return &rows[index];
}

static unsigned bit_count(uint32_t v)
{
    unsigned n = 0;

    for (; v; v &= v - 1)
        n++;
    return n;
}

const struct gen_row *gen_describe(uint32_t word)
{
    const struct gen_row *best = NULL;

    for (size_t i = 0; i < row_count; i++)
        if (rows[i].fixed_mask && (word & rows[i].fixed_mask) == rows[i].fixed &&
            (!best || bit_count(rows[i].fixed_mask) > bit_count(best->fixed_mask)))
            best = &rows[i];
    return best;
}

/* ---- Fields ------------------------------------------------------------------------------------------------ */

static bool has_role(const struct gen *g, uint32_t reg, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (g->role[i] == reg)
            return true;
    return false;
}

static uint32_t pick_destination(struct gen *g)
{
    for (;;) {
        uint32_t reg = rng_below(&g->rng, 32);

        if (has_role(g, reg, ALIGNED_0, ALIGNED_1))
            continue;
        if (!has_role(g, reg, INSIDE_0, INDEX_1) || rng_chance(&g->rng, 2))
            return reg;
    }
}

static uint32_t pick_base(struct gen *g, enum insn_kind kind)
{
    static const uint8_t any[] = {ALIGNED_0, ALIGNED_1, INSIDE_0, INSIDE_0, INSIDE_0,
                                  INSIDE_0,  INSIDE_1,  INSIDE_1, INSIDE_1, INSIDE_1,
                                  EDGE,      EDGE,      EDGE,     WILD};
    unsigned role;

    switch (kind) {
    case INSN_MEMORY_ALIGN:
        if (rng_chance(&g->rng, 4)) {
            role = INSIDE_0 + rng_below(&g->rng, 4);
            break;
        }
        role = rng_below(&g->rng, 2);
        break;
    case INSN_ZERO_BLOCK:
    case INSN_MEMORY_MAPPED: /* here 31 is XZR */
        role = g->role[ALIGNED_0] == 31 ? ALIGNED_1 : ALIGNED_0;
        break;
    case INSN_EXCLUSIVE:
    case INSN_EXCLUSIVE_2:
    case INSN_STORE_ALONE:
    case INSN_CAS:
    case INSN_CASP: role = rng_below(&g->rng, 2); break;
    case INSN_MEMORY_WB: role = any[2 + rng_below(&g->rng, sizeof any - 2)]; break;
    default: role = any[rng_below(&g->rng, sizeof any)]; break;
    }
    return g->role[role];
}

static uint32_t pick_register(struct gen *g, char letter, enum insn_kind kind)
{
    struct rng *r = &g->rng;

    switch (letter) {
    case 'd':
    case 't':
    case 'u':
    case 's': return pick_destination(g);
    case 'b': return pick_base(g, kind);
    case 'x': return rng_chance(r, 80) ? g->role[INDEX_0 + rng_below(r, 2)] : rng_below(r, 32);
    /* Sources of vector operations stay in the lower half, so that chains do not end in one NaN. */
    case 'D': return rng_chance(r, 75) ? 16 + rng_below(r, 16) : rng_below(r, 32);
    case 'N':
    case 'M':
    case 'A': return rng_chance(r, 75) ? rng_below(r, 16) : rng_below(r, 32);
    default: return rng_below(r, 32);
    }
}

static uint32_t small_offset(struct gen *g, unsigned bits)
{
    uint32_t random = (uint32_t)rng_next(&g->rng) & ((UINT32_C(1) << bits) - 1);

    switch (rng_below(&g->rng, 10)) {
    case 0: return random;
    case 1: return random & 0xff & ((UINT32_C(1) << bits) - 1);
    default: return random & 0x0f;
    }
}

/* A pattern's letters replaced by registers and random bits. */
static uint32_t fill(struct gen *g, const struct gen_row *row)
{
    uint32_t word = row->fixed, value;
    const char *p = row->insn->pattern;
    unsigned bit = 32, run;

    while (*p) {
        char letter = *p;

        for (run = 0; *p == letter; p++)
            run++;
        if (letter == ' ')
            continue;
        bit -= run;
        if (letter == '0' || letter == '1')
            continue;
        if (strchr("dnmatusbxDNMATU", letter))
            value = pick_register(g, letter, row->insn->kind);
        else if (letter == 'o')
            value = small_offset(g, run);
        else
            value = (uint32_t)rng_next(&g->rng);
        word |= (value & (uint32_t)((UINT64_C(1) << run) - 1)) << bit;
    }
    return word;
}

/* N:immr:imms of a valid bitmask (Arm ARM, DecodeBitMasks), sometimes of any. */
static uint32_t logical_immediate(struct gen *g, uint32_t word)
{
    struct rng *r = &g->rng;
    uint32_t size = UINT32_C(2) << rng_below(r, word >> 31 ? 6 : 5);
    uint32_t ones = 1 + rng_below(r, size - 1), rotate = rng_below(r, size);
    uint32_t imms = (~(2 * size - 1) & 0x3f) | (ones - 1);

    if (rng_chance(r, 8))
        return word;
    return (word & ~UINT32_C(0x007ffc00)) | (uint32_t)(size == 64) << 22 | rotate << 16 |
           imms << 10;
}

static uint32_t literal_target(struct gen *g, uint32_t word)
{
    struct rng *r = &g->rng;
    uint32_t target;

    if (rng_chance(r, 15))
        return word;
    target = rng_chance(r, 75) ? DIFF_POOL_WORD + rng_below(r, DIFF_SLOT_WORDS - DIFF_POOL_WORD - 3)
                               : rng_below(r, DIFF_POOL_WORD);
    return (word & ~UINT32_C(0x00ffffe0)) | ((target - g->info->words) & 0x7ffff) << 5;
}

/* ---- Emission ---------------------------------------------------------------------------------------------- */

static void emit_template(struct gen *g);

static bool room(const struct gen *g, uint32_t words)
{
    return g->info->words + words <= g->length;
}

static void emit(struct gen *g, uint32_t word, size_t row)
{
    uint32_t at = g->info->words++;

    g->c->code[at] = word;
    g->info->row[at] = (uint16_t)row;
    g->info->sure[at] = g->shadow == 0;
}

/* The words that a branch may jump over. */
static void emit_shadow(struct gen *g)
{
    uint32_t count = rng_below(&g->rng, 4);

    if (g->shadow == 2)
        return;
    g->shadow++;
    while (count-- && room(g, 1) && !g->done)
        emit_template(g);
    g->shadow--;
}

static void emit_branch(struct gen *g, uint32_t word, size_t row)
{
    uint32_t at = g->info->words, distance;

    if ((word & 0xfc000000) == 0x94000000) { /* BL */
        if (has_role(g, 30, ALIGNED_0, INDEX_1))
            return;
        g->code_known = true;
    }
    emit(g, word, row);
    emit_shadow(g);
    distance = g->info->words - at;
    switch (rows[row].insn->kind) {
    case INSN_BRANCH: word |= distance; break;
    case INSN_BRANCH19: word |= distance << 5; break;
    default: word |= distance << 5; break; /* INSN_BRANCH14; the field is wide enough */
    }
    g->c->code[at] = word;
}

/* ADR Xn, target; perhaps a tag into Xn 63:56, which branches ignore; BR, BLR or RET Xn. */
static void emit_branch_register(struct gen *g, uint32_t word, size_t row)
{
    bool tag = rng_chance(&g->rng, 20);
    bool call = (word & 0x00600000) == 0x00200000;
    uint32_t reg = rng_chance(&g->rng, 25) ? 30 : rng_below(&g->rng, 31);
    uint32_t at = g->info->words, distance;

    if (!room(g, 3) || has_role(g, reg, ALIGNED_0, INDEX_1) ||
        (call && has_role(g, 30, ALIGNED_0, INDEX_1)))
        return;
    g->code_known = true;
    emit(g, 0, GEN_HELPER);
    if (tag)
        emit(g, 0xf2e00000 | rng_below(&g->rng, 256) << 13 | reg, GEN_HELPER);
    emit(g, word | reg << 5, row);
    emit_shadow(g);
    distance = g->info->words - at;
    g->c->code[at] = 0x10000000 | distance << 5 | reg;
}

/* What stands between the two halves of an exclusive pair: nothing, or what must not disturb the monitor, or what
 * must clear it. Other accesses may do either. */
static void emit_between(struct gen *g, uint32_t load, size_t row)
{
    struct rng *r = &g->rng;
    uint32_t other = load;

    switch (rng_below(r, 8)) {
    case 0: /* ADD of any registers to one that is not the base */
        emit(g, 0x8b000000 | rng_below(r, 32) << 16 | rng_below(r, 32) << 5 | pick_destination(g),
             GEN_HELPER);
        break;
    case 1: emit(g, 0xd4200000 | rng_below(r, 256) << 5, GEN_HELPER); break; /* BRK, and so ERET */
    case 2: emit(g, 0xd503305f | rng_below(r, 16) << 8, GEN_HELPER); break;  /* CLREX */
    case 3: emit(g, 0xd50330bf | (rng_below(r, 4) * 4 + 3) << 8, GEN_HELPER); break; /* DMB */
    case 4: /* the monitor moves to another place and back */
        other = (load & ~UINT32_C(0x3e0)) | pick_base(g, INSN_EXCLUSIVE) << 5;
        if (!filter_is_unpredictable(other))
            emit(g, other, row);
        emit(g, load, row);
        break;
    default: break;
    }
}

static void emit_exclusive(struct gen *g, uint32_t load, size_t row)
{
    struct rng *r = &g->rng;
    uint32_t store;

    if (!room(g, 5))
        return;
    do {
        store = (load & ~UINT32_C(0x0050801f)) & ~UINT32_C(0x001f0000);
        store |= pick_destination(g) << 16 | rng_below(r, 2) << 15 | rng_below(r, 32);
        if (rows[row].insn->kind == INSN_EXCLUSIVE_2)
            store = (store & ~UINT32_C(0x7c00)) | rng_below(r, 32) << 10;
    } while (filter_is_unpredictable(store));
    emit(g, load, row);
    emit_between(g, load, row);
    emit(g, store, row);
    if (rng_chance(r, 20)) /* the first has cleared the monitor */
        emit(g, store, row);
}

static void emit_compare_and_swap(struct gen *g, uint32_t word, size_t row)
{
    uint32_t base = word & 0x3e0, s, size = word >> 30;
    bool pair = rows[row].insn->kind == INSN_CASP;

    if (pair && rng_chance(&g->rng, 90))
        word &= ~UINT32_C(0x00010001);
    s = word >> 16 & 31;
    if (filter_is_oracle_fault(word) || (pair && (s == 31 || has_role(g, s, ALIGNED_0, ALIGNED_1) ||
                                                  has_role(g, s + 1, ALIGNED_0, ALIGNED_1))))
        return;
    if (room(g, 2) && rng_chance(&g->rng, 50)) {
        if (pair) /* LDP */
            emit(g, (size ? 0xa9400000 : 0x29400000) | (s + 1) << 10 | base | s, GEN_HELPER);
        else /* LDR */
            emit(g, 0x39400000 | size << 30 | base | s, GEN_HELPER);
    }
    emit(g, word, row);
}

/* The read-only page and the hole behind it are one to three pages up. Where DC ZVA faults the oracle reports the PC
 * at which it began to translate, so one that may fault stands behind an ISB, which begins a new translation. */
static void emit_zero_block(struct gen *g, uint32_t word, size_t row)
{
    uint32_t base = word & 31, reg = pick_destination(g);

    if (room(g, 3) && rng_chance(&g->rng, 40) && reg != 31) { /* ADD Xreg, Xbase, #pages, LSL #12 */
        emit(g, 0x91400000 | (1 + rng_below(&g->rng, 3)) << 10 | base << 5 | reg, GEN_HELPER);
        emit(g, 0xd5033fdf, GEN_HELPER); /* ISB */
        word = (word & ~31u) | reg;
    }
    emit(g, word, row);
}

/* MOVZ, MOVK, MSR: FPCR and FPSR have reserved bits that need not read as written. */
static void emit_set_fp(struct gen *g, uint32_t word, size_t row)
{
    uint32_t reg = pick_destination(g), value = (uint32_t)rng_next(&g->rng);

    if (!room(g, 3) || reg == 31)
        return;
    value &= rows[row].insn->kind == INSN_SET_FPCR ? DIFF_FPCR_MASK : DIFF_FPSR_MASK;
    emit(g, 0xd2800000 | (value & 0xffff) << 5 | reg, GEN_HELPER);
    emit(g, 0xf2a00000 | (value >> 16) << 5 | reg, GEN_HELPER);
    emit(g, word | reg, row);
}

static uint32_t mutant(struct gen *g)
{
    const struct gen_row *row;
    uint32_t word;

    do {
        row = &rows[rng_below(&g->rng, (uint32_t)row_count)];
    } while (row->class->set != INSN_SET_BASE);
    word = fill(g, row);
    for (uint32_t n = 1 + rng_below(&g->rng, 3); n; n--)
        word ^= UINT32_C(1) << rng_below(&g->rng, 32);
    return word;
}

static void emit_row(struct gen *g, size_t row)
{
    enum insn_kind kind = rows[row].insn->kind;
    uint32_t word;

    for (int tries = 0; tries < 50; tries++) {
        word = kind == INSN_MUTANT ? mutant(g) : fill(g, &rows[row]);
        if (kind == INSN_LOGICAL_IMM)
            word = logical_immediate(g, word);
        else if (kind == INSN_LITERAL)
            word = literal_target(g, word);
        if (filter_is_unpredictable(word) || filter_is_oracle_fault(word) ||
            !filter_allows_target(word, g->slot, g->info->words))
            continue;
        if ((kind == INSN_CHECKED || rows[row].class->set == INSN_SET_ALLOC) &&
            !filter_allows_random(word))
            continue;
        switch (kind) {
        case INSN_BRANCH:
        case INSN_BRANCH19:
        case INSN_BRANCH14: emit_branch(g, word, row); return;
        case INSN_BRANCH_REG: emit_branch_register(g, word, row); return;
        case INSN_BRANCH_WILD:
            if (g->code_known || g->shadow || !rng_chance(&g->rng, 20))
                return;
            g->done = true;
            break;
        case INSN_EXCLUSIVE:
        case INSN_EXCLUSIVE_2: emit_exclusive(g, word, row); return;
        case INSN_STORE_ALONE:
            if (!room(g, 2))
                return;
            emit(g, 0xd5033f5f, GEN_HELPER); /* CLREX */
            break;
        case INSN_ZERO_BLOCK: emit_zero_block(g, word, row); return;
        case INSN_CAS:
        case INSN_CASP: emit_compare_and_swap(g, word, row); return;
        case INSN_SET_FPCR:
        case INSN_SET_FPSR: emit_set_fp(g, word, row); return;
        case INSN_ADR: g->code_known = true; break;
        default: break;
        }
        emit(g, word, row);
        return;
    }
}

/* One instruction, or a few that belong together, of a class drawn by weight. May emit nothing. */
static void emit_template(struct gen *g)
{
    unsigned total = g->alloc ? set_weight[INSN_SET_ALLOC]
                              : set_weight[INSN_SET_BASE] + (g->lse ? set_weight[INSN_SET_LSE] : 0);
    unsigned pick = total ? rng_below(&g->rng, total) : 0;

    for (size_t i = 0; i < class_count; i++) {
        const struct insn_class *class = classes[i].class;

        if (!classes[i].enabled || (class->set == INSN_SET_ALLOC) != g->alloc ||
            (class->set == INSN_SET_LSE && !g->lse))
            continue;
        if (pick < class->weight) {
            emit_row(g, classes[i].first_row + rng_below(&g->rng, (uint32_t) class->count));
            return;
        }
        pick -= class->weight;
    }
}

/* ---- State ------------------------------------------------------------------------------------------------- */

static uint64_t role_value(struct gen *g, unsigned role)
{
    struct rng *r = &g->rng;
    uint64_t a = diff_data_va(g->slot), value;
    static const uint16_t edges[] = {0x0000, 0x1000, 0x1000, 0x1000, 0x2000, 0x3000};

    switch (role) {
    case ALIGNED_0:
    case ALIGNED_1: value = a + 0x400 + (rng_below(r, 0x1800) & ~15u); break;
    case INSIDE_0:
    case INSIDE_1:
        value = a + 0x200 + rng_below(r, 0x1c00);
        if (rng_chance(r, 50))
            value &= ~UINT64_C(15);
        break;
    case EDGE:
        value = a + edges[rng_below(r, 6)] + rng_below(r, 48) - 24;
        if (rng_chance(r, 20))
            value = a + 0x2200 + rng_below(r, 0xc00);
        break;
    case WILD:
        switch (rng_below(r, 5)) {
        case 0: return rng_below(r, 4096);
        case 1: value = a + 0x3000 + rng_below(r, 0x1000); break;
        case 2: value = a - 0x1000 + rng_below(r, 0x1000); break;
        case 3: return rng_next(r) | UINT64_C(1) << 55;
        default: return rng_next(r);
        }
        break;
    default: /* a small index, of either sign in 32 bits */
        value = rng_below(r, 64);
        if (rng_chance(r, 50))
            value = 0 - value;
        if (rng_chance(r, 30))
            value = (value & UINT32_MAX) | rng_next(r) << 32;
        return value;
    }
    if (rng_chance(r, 15))
        value |= rng_next(r) << 56; /* a tag: TBI */
    return value;
}

static void make_roles(struct gen *g)
{
    for (unsigned i = 0; i < ROLES; i++) {
        do {
            g->role[i] = (uint8_t)rng_below(&g->rng, i >= INDEX_0 ? 31 : 32);
        } while (i > 0 && has_role(g, g->role[i], 0, i - 1));
    }
}

static void make_state(struct gen *g)
{
    struct diff_state *in = &g->c->in;
    struct rng *r = &g->rng;

    memset(in, 0, sizeof *in);
    for (unsigned i = 0; i < 31; i++)
        in->x[i] = values_general(r);
    in->sp = rng_chance(r, 50) ? rng_next(r) : values_general(r);
    for (unsigned i = 0; i < ROLES; i++) {
        uint64_t value = role_value(g, i);

        if (g->role[i] == 31)
            in->sp = value;
        else
            in->x[g->role[i]] = value;
    }
    for (unsigned i = 0; i < 32; i++) {
        values_vector(r, in->v[i]);
        if (i > 0 && rng_chance(r, 15)) { /* a near copy: cancellation, equality */
            memcpy(in->v[i], in->v[i - 1], sizeof in->v[i]);
            in->v[i][0] ^= rng_next(r) & rng_next(r) & UINT64_C(0x8000000180000001);
            in->v[i][1] ^= rng_next(r) & rng_next(r) & UINT64_C(0x8000000180000001);
        }
    }
    in->pc = diff_code_va(g->slot);
    in->nzcv = rng_next(r) & UINT64_C(0xf0000000);
    in->fpcr = rng_chance(r, 40) ? 0 : rng_next(r) & DIFF_FPCR_MASK;
    in->fpsr = rng_chance(r, 70) ? 0 : rng_next(r) & DIFF_FPSR_MASK;
    in->tpidr_el0 = rng_next(r);
}

static void make_pages(struct gen *g, uint8_t *page[DIFF_PAGES])
{
    struct rng *r = &g->rng;

    for (unsigned p = 0; p < DIFF_PAGES; p++)
        for (size_t i = 0; i < DIFF_PAGE; i += 8) {
            uint64_t random = rng_next(r);

            memcpy(page[p] + i, &random, 8);
        }
    /* Around the bases the values are interesting ones. */
    for (unsigned i = ALIGNED_0; i <= EDGE; i++) {
        uint64_t base = g->role[i] == 31 ? g->c->in.sp : g->c->in.x[g->role[i]];
        uint64_t offset = (base - diff_data_va(g->slot)) & UINT64_C(0x00fffffffffffff0);

        for (unsigned j = 0; j < 4; j++, offset += 16) {
            uint64_t v[2];

            if (offset >= DIFF_PAGES * DIFF_PAGE)
                break;
            values_vector(r, v);
            memcpy(page[offset / DIFF_PAGE] + offset % DIFF_PAGE, v, sizeof v);
        }
    }
}

bool gen_wants_lse(uint64_t number)
{
    return number / DIFF_BATCH % 8 == 7;
}

void gen_make(uint64_t seed, uint64_t number, struct diff_case *c, uint8_t *page[DIFF_PAGES],
              struct gen_info *info)
{
    struct gen g = {.c = c, .info = info, .slot = (uint32_t)(number % DIFF_SLOTS)};

    rng_seed(&g.rng, seed, number);
    memset(info, 0, sizeof *info);
    g.lse = gen_wants_lse(number);
    g.alloc = !g.lse && rng_chance(&g.rng, 15);
    if (restricted && !g.alloc &&
        set_weight[INSN_SET_BASE] + (g.lse ? set_weight[INSN_SET_LSE] : 0) == 0)
        g.alloc = !g.lse;
    if (restricted && g.alloc && set_weight[INSN_SET_ALLOC] == 0)
        g.alloc = false;
    g.length =
        rng_chance(&g.rng, 20) ? 1 + rng_below(&g.rng, 4) : 1 + rng_below(&g.rng, DIFF_CODE_WORDS);
    make_roles(&g);
    make_state(&g);
    make_pages(&g, page);
    for (int tries = 0; info->words < g.length && !g.done && tries < 4 * DIFF_CODE_WORDS; tries++)
        emit_template(&g);
    for (uint32_t i = info->words; i <= DIFF_CODE_WORDS; i++)
        c->code[i] = DIFF_END_WORD;
    for (uint32_t i = DIFF_CODE_WORDS + 1; i < DIFF_SLOT_WORDS; i++)
        c->code[i] = (uint32_t)rng_next(&g.rng);
}
