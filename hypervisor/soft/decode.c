/* SPDX-License-Identifier: ISC */
/*
 * decode.c: the index over the decoding rules, and lookup.
 *
 * The rules stay as their authors wrote them, strings in tables; decode_init turns each into a
 * mask and a value and sorts them into buckets by bits 31:21, which tell most of A64 apart. A
 * bucket with many candidates (Advanced SIMD) is split by bits 15:10. Candidates keep the order of
 * the tables, so the first that matches is the rule.
 *
 * All storage is static, since failing to decode for want of memory would be one more thing for
 * callers to handle; what the present tables need is about half of it, and
 * tests/unit/hypervisor/test-decode.c fails if a rule finds no room.
 */
#include "decode.h"

#include <pthread.h>

#include "except.h"
#include "exec-integer.h"

const struct decode_table *const decode_tables[DECODE_TABLES] = {
    &decode_table_integer,     &decode_table_branch, &decode_table_memory,
    &decode_table_simd_memory, &decode_table_fp,     &decode_table_simd_scalar,
    &decode_table_crypto,      &decode_table_simd,
};

enum {
    RULES_MAX = 2048,
    CANDIDATES_MAX = 32768,
    BUCKETS = 2048,
    SPLITS_MAX = 512,
    SPLIT_WAYS = 64,
    SPLIT_ABOVE = 3, /* candidates */
    SPLIT = 0xffff   /* in bucket.count: bucket.first is the number of a split */
};

struct match {
    uint32_t mask;
    uint32_t value;
    const struct decode_rule *rule;
};

struct bucket {
    uint16_t first;
    uint16_t count;
};

static struct match matches[RULES_MAX];
static uint16_t candidates[CANDIDATES_MAX];
static struct bucket buckets[BUCKETS];
static struct bucket splits[SPLITS_MAX][SPLIT_WAYS];
static unsigned match_count;
static unsigned candidate_count;
static unsigned split_count;

bool decode_parse_pattern(const char *pattern, uint32_t *mask, uint32_t *value)
{
    unsigned n = 0;

    *mask = 0;
    *value = 0;
    for (const char *p = pattern; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');

        if (*p == ' ' || *p == '_') {
            continue;
        }
        if ((!letter && *p != '0' && *p != '1') || n == 32) {
            return false;
        }
        *mask = *mask << 1 | !letter;
        *value = *value << 1 | (*p == '1');
        n++;
    }
    return n == 32;
}

/* A set of rules, in order, while the index is built. */
struct selection {
    unsigned count;
    uint16_t match[RULES_MAX];
};

/* Those of `from` that a word with `value` in the bits of `mask` can match. */
static void selection_narrow(const struct selection *from, uint32_t mask, uint32_t value,
                             struct selection *to)
{
    to->count = 0;
    for (unsigned i = 0; i < from->count; i++) {
        const struct match *m = &matches[from->match[i]];

        if (((m->value ^ value) & m->mask & mask) == 0) {
            to->match[to->count++] = from->match[i];
        }
    }
}

static struct bucket bucket_make(const struct selection *s)
{
    struct bucket b = {.first = (uint16_t)candidate_count, .count = 0};

    for (unsigned i = 0; i < s->count && candidate_count < CANDIDATES_MAX; i++) {
        candidates[candidate_count++] = s->match[i];
        b.count++;
    }
    return b;
}

static struct bucket bucket_split(const struct selection *s)
{
    static struct selection part;
    struct bucket b = {.first = (uint16_t)split_count, .count = SPLIT};

    for (uint32_t way = 0; way < SPLIT_WAYS; way++) {
        selection_narrow(s, UINT32_C(0xfc00), way << 10, &part);
        splits[split_count][way] = bucket_make(&part);
    }
    split_count++;
    return b;
}

static void build_index(void)
{
    static struct selection all, major, minor;

    exec_integer_init();
    for (size_t t = 0; t < DECODE_TABLES; t++) {
        for (size_t i = 0; i < decode_tables[t]->count && match_count < RULES_MAX; i++) {
            struct match *m = &matches[match_count];

            m->rule = &decode_tables[t]->rule[i];
            if (decode_parse_pattern(m->rule->pattern, &m->mask, &m->value)) {
                all.match[all.count++] = (uint16_t)match_count++;
            }
        }
    }
    for (uint32_t hi = 0; hi < 128; hi++) {
        selection_narrow(&all, UINT32_C(0xfe000000), hi << 25, &major);
        for (uint32_t lo = 0; lo < 16; lo++) {
            selection_narrow(&major, UINT32_C(0x01e00000), lo << 21, &minor);
            buckets[hi << 4 | lo] = minor.count > SPLIT_ABOVE && split_count < SPLITS_MAX
                                        ? bucket_split(&minor)
                                        : bucket_make(&minor);
        }
    }
}

void decode_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, build_index);
}

static const struct decode_rule *match_rule(uint32_t insn)
{
    struct bucket b = buckets[insn >> 21];

    if (b.count == SPLIT) {
        b = splits[b.first][bits32(insn, 15, 10)];
    }
    for (unsigned i = 0; i < b.count; i++) {
        const struct match *m = &matches[candidates[b.first + i]];

        if ((insn & m->mask) == m->value) {
            return m->rule;
        }
    }
    return NULL;
}

bool decode_insn(uint32_t insn, struct op *op)
{
    const struct decode_rule *rule = match_rule(insn);

    *op = (struct op){.exec = op_undefined};
    if (rule != NULL && rule->translate(insn, op)) {
        return true;
    }
    *op = (struct op){.exec = op_undefined, .imm = (int32_t)insn};
    return false;
}

const struct decode_rule *decode_rule_for(uint32_t insn)
{
    const struct decode_rule *rule = match_rule(insn);
    struct op op = {.exec = op_undefined};

    return rule != NULL && rule->translate(insn, &op) ? rule : NULL;
}

const struct op *op_undefined(struct cpu *c, const struct op *op)
{
    return except_undefined(c, op);
}
