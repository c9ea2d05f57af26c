/* SPDX-License-Identifier: ISC */
/* decode.c: every word becomes an op that a handler can trust. See sweep.h. */
#include <stdio.h>
#include <string.h>

#include "sweep.h"

unsigned sweep_table_of(const struct decode_rule *rule)
{
    for (unsigned t = 0; t < DECODE_TABLES; t++) {
        const struct decode_table *table = decode_tables[t];
        if (rule >= table->rule && rule < table->rule + table->count) {
            return t;
        }
    }
    return DECODE_TABLES;
}

/*
 * Whatever the class, these fields stay inside of what handlers index with them: register slots. (rm
 * and ra hold other things as well.)
 */
static bool op_is_sound(const struct op *op)
{
    return op->exec != NULL && op->rd < REG_SLOTS && op->rn < REG_SLOTS;
}

static void decode_one(struct sweep *s, uint32_t word)
{
    struct op op;
    struct op again;
    const struct decode_rule *rule;
    bool allocated;

    atomic_store_explicit(&s->word, word, memory_order_relaxed);
    /* Whatever was there before: each field is filled, and with the same. */
    memset(&op, 0, sizeof(op));
    memset(&again, 0xff, sizeof(again));
    allocated = decode_insn(word, &op);
    if (decode_insn(word, &again) != allocated || memcmp(&op, &again, sizeof(op)) != 0) {
        sweep_error(s, word, "decodes differently the second time");
    }
    if (!allocated) {
        s->decoded[DECODE_TABLES]++;
        if (op.exec != op_undefined || (uint32_t)op.imm != word) {
            sweep_error(s, word, "unallocated, but not undefined");
        }
        return;
    }
    if (op.exec == op_undefined) {
        sweep_error(s, word, "allocated, but undefined");
    }
    if (!op_is_sound(&op)) {
        sweep_error(s, word, "an operand is out of bounds");
    }
    rule = decode_rule_for(word);
    if (rule == NULL) {
        sweep_error(s, word, "no rule for what was decoded");
    }
    s->decoded[sweep_table_of(rule)]++;
}

void sweep_decode(struct sweep *s, uint64_t from, uint64_t to, uint64_t stride)
{
    for (uint64_t word = from; word < to; word += stride) {
        decode_one(s, (uint32_t)(word + (stride == 1 ? 0 : sweep_random(s) % stride)));
    }
    atomic_fetch_add_explicit(&s->progress, 1, memory_order_relaxed);
}
