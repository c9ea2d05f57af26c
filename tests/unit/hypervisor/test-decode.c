/* SPDX-License-Identifier: ISC */
/*
 * test-decode.c: hypervisor/soft/decode.c, and the integer and branch tables with their handlers.
 *
 * The rules of all tables are checked as data: every pattern is well formed, every rule decodes
 * some word, patterns overlap only where the special one comes before the general one, and the
 * index finds what a linear search finds. Results of handlers are tested at their edges; the bulk
 * of that is the differential test's (tests/diff/).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "code.h"
#include "cpu.h"
#include "decode.h"
#include "exec-branch.h"
#include "exec-integer.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t random_state;

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static int setup(void **state)
{
    (void)state;
    random_state = UINT64_C(88172645463325252);
    decode_init();
    return 0;
}

/* ---- The tables as data ---------------------------------------------------------------------- */

static void test_parse(void **state)
{
    uint32_t mask, value;

    (void)state;
    assert_true(decode_parse_pattern("1010 xxxx_nnnn dddd 0000 0000 1111 1111", &mask, &value));
    assert_int_equal(mask, 0xf000ffff);
    assert_int_equal(value, 0xa00000ff);
    assert_false(decode_parse_pattern("", &mask, &value));
    assert_false(decode_parse_pattern("1010 xxxx nnnn dddd 0000 0000 1111 111", &mask, &value));
    assert_false(decode_parse_pattern("1010 xxxx nnnn dddd 0000 0000 1111 11111", &mask, &value));
    assert_false(decode_parse_pattern("1010 xxxx nnnn dddd 0000 0000 1111 1112", &mask, &value));
    assert_false(decode_parse_pattern("1010 xxxx nnnn dddd 0000 0000 1111 111-", &mask, &value));
}

static void test_patterns_well_formed(void **state)
{
    uint32_t mask, value;

    (void)state;
    for (size_t t = 0; t < DECODE_TABLES; t++) {
        const struct decode_table *table = decode_tables[t];

        for (size_t i = 0; i < table->count; i++) {
            if (!decode_parse_pattern(table->rule[i].pattern, &mask, &value) ||
                table->rule[i].translate == NULL) {
                fail_msg("%s: \"%s\"", table->name, table->rule[i].pattern);
            }
        }
    }
}

/* A flat copy of all rules, for comparing each with each. */
struct flat {
    const char *table;
    const struct decode_rule *rule;
    uint32_t mask;
    uint32_t value;
};

static struct flat flat[4096];

static size_t flatten(void)
{
    size_t n = 0;

    for (size_t t = 0; t < DECODE_TABLES; t++) {
        for (size_t i = 0; i < decode_tables[t]->count; i++) {
            assert_true(n < COUNT(flat));
            flat[n].table = decode_tables[t]->name;
            flat[n].rule = &decode_tables[t]->rule[i];
            (void)decode_parse_pattern(flat[n].rule->pattern, &flat[n].mask, &flat[n].value);
            n++;
        }
    }
    return n;
}

static void test_overlaps(void **state)
{
    size_t n = flatten();

    (void)state;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            uint32_t both = flat[i].mask & flat[j].mask;

            if (((flat[i].value ^ flat[j].value) & both) == 0 &&
                ((flat[j].mask & ~flat[i].mask) != 0 || flat[i].mask == flat[j].mask)) {
                fail_msg("%s \"%s\" overlaps %s \"%s\" and is no special case of it", flat[i].table,
                         flat[i].rule->pattern, flat[j].table, flat[j].rule->pattern);
            }
        }
    }
}

static void test_every_rule_decodes(void **state)
{
    size_t n = flatten();

    (void)state;
    for (size_t i = 0; i < n; i++) {
        unsigned tries = 0;

        while (decode_rule_for(flat[i].value | ((uint32_t)random64() & ~flat[i].mask)) !=
               flat[i].rule) {
            if (++tries == 100000) {
                fail_msg("%s \"%s\" decodes nothing", flat[i].table, flat[i].rule->pattern);
            }
        }
    }
}

static void check_index(size_t n, uint32_t insn)
{
    const struct decode_rule *found = decode_rule_for(insn);
    const struct decode_rule *first = NULL;
    struct op op;

    for (size_t i = 0; i < n && first == NULL; i++) {
        if ((insn & flat[i].mask) == flat[i].value) {
            first = flat[i].rule;
        }
    }
    assert_int_equal(decode_insn(insn, &op), found != NULL);
    if (found != NULL) {
        assert_ptr_equal(found, first);
        assert_true(op.exec != op_undefined);
    } else {
        assert_true(op.exec == op_undefined);
        assert_int_equal((uint32_t)op.imm, insn);
        memset(&op, 0, sizeof(op));
        assert_false(first != NULL && first->translate(insn, &op));
    }
}

static void test_index(void **state)
{
    size_t n = flatten();

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        check_index(n, (uint32_t)random64());
    }
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = 0; k < 50; k++) {
            check_index(n, flat[i].value | ((uint32_t)random64() & ~flat[i].mask));
        }
    }
}

/* ---- Known words ----------------------------------------------------------------------------- */

static const struct {
    uint32_t insn;
    op_exec *exec;
    const char *text;
} known[] = {
    {0xb0000003, exec_adrp, "adrp x3, .+0x1000"},
    {0x10800004, exec_adr, "adr x4, .-0x100000"},
    {0x910043e1, exec_add_imm_x, "add x1, sp, #16"},
    {0x517ffc41, exec_add_imm_w, "sub w1, w2, #4095, lsl #12"},
    {0x9100007f, exec_mov_x, "mov sp, x3"},
    {0xf100003f, exec_cmp_imm_x, "cmp x1, #0"},
    {0x71000483, exec_subs_imm_w, "subs w3, w4, #1"},
    {0x3100141f, exec_adds_imm_w, "cmn w0, #5"},
    {0x92800000, exec_mov_imm_x, "mov x0, #-1"},
    {0xd2bfffe0, exec_mov_imm_w, "mov x0, #0xffff0000"},
    {0xd2e24681, exec_movz_x, "mov x1, #0x1234000000000000"},
    {0x92ddb961, exec_movn_x, "mov x1, #0xffff1234ffffffff"},
    {0xb200f3e2, exec_mov_bitmask, "mov x2, #0x5555555555555555"},
    {0x3200f3e2, exec_mov_imm_w, "mov w2, #0x55555555"},
    {0xf2d7dde9, exec_movk_32_x, "movk x9, #0xbeef, lsl #32"},
    {0x92401c20, exec_and_imm_x, "and x0, x1, #0xff"},
    {0x92409c20, exec_and_bitmask, "and x0, x1, #0xffffffffff"},
    {0x7200003f, exec_tst_imm_w, "tst w1, #1"},
    {0xf240ac3f, exec_ands_bitmask, "tst x1, #0xfffffffffff"},
    {0xd37df020, exec_lsl_imm_x, "lsl x0, x1, #3"},
    {0x531f7c20, exec_lsr_imm_w, "lsr w0, w1, #31"},
    {0x937ffc20, exec_asr_imm_x, "asr x0, x1, #63"},
    {0x93c10420, exec_ror_imm_x, "ror x0, x1, #1"},
    {0x93407c20, exec_sxtw, "sxtw x0, w1"},
    {0x53001c20, exec_uxtb, "uxtb w0, w1"},
    {0x93403c20, exec_sxth_x, "sxth x0, w1"},
    {0xd34c5020, exec_ubfx, "ubfx x0, x1, #12, #9"},
    {0xd34ccc20, exec_ubfm_x, "ubfx x0, x1, #12, #40"},
    {0x531d0c20, exec_ubfiz, "ubfiz w0, w1, #3, #4"},
    {0x93452820, exec_sbfm_x, "sbfx x0, x1, #5, #6"},
    {0xb37d1020, exec_bfm_x, "bfi x0, x1, #3, #5"},
    {0xb3581020, exec_bfm_wide_x, "bfi x0, x1, #40, #5"},
    {0x33031c20, exec_bfm_w, "bfxil w0, w1, #3, #5"},
    {0x93c21c20, exec_extr_x, "extr x0, x1, x2, #7"},
    {0xaa0103e0, exec_mov_x, "mov x0, x1"},
    {0x2a0003e0, exec_mov_w, "mov w0, w0"},
    {0xaa2103e0, exec_orn_x, "mvn x0, x1"},
    {0x8a020020, exec_and_x, "and x0, x1, x2"},
    {0x2a020c20, exec_orr_lsl_w, "orr w0, w1, w2, lsl #3"},
    {0xeae20c20, exec_bics_ror_x, "bics x0, x1, x2, ror #3"},
    {0xea01001f, exec_tst_x, "tst x0, x1"},
    {0x8b020020, exec_add_x, "add x0, x1, x2"},
    {0x8b020c20, exec_add_lsl_x, "add x0, x1, x2, lsl #3"},
    {0x4b0103e0, exec_sub_w, "neg w0, w1"},
    {0x6b01001f, exec_cmp_w, "cmp w0, w1"},
    {0xeb01081f, exec_subs_lsl_x, "cmp x0, x1, lsl #2"},
    {0x8b224be0, exec_add_uxtw_x, "add x0, sp, w2, uxtw #2"},
    {0x8b2263e0, exec_add_x, "add x0, sp, x2"},
    {0xeb2163ff, exec_cmp_x, "cmp sp, x1"},
    {0xeb228020, exec_subs_sxtb_x, "subs x0, x1, w2, sxtb"},
    {0xba020020, exec_adcs_x, "adcs x0, x1, x2"},
    {0x5a0103e0, exec_sbc_w, "ngc w0, w1"},
    {0xdac00c20, exec_rev_x, "rev x0, x1"},
    {0x5ac00820, exec_rev32_w, "rev w0, w1"},
    {0xdac00820, exec_rev32_x, "rev32 x0, x1"},
    {0x5ac01420, exec_cls_w, "cls w0, w1"},
    {0x9ac20820, exec_udiv_x, "udiv x0, x1, x2"},
    {0x1ac22820, exec_asrv_w, "asr w0, w1, w2"},
    {0x1ac24020, exec_crc32b, "crc32b w0, w1, w2"},
    {0x9ac25c20, exec_crc32cx, "crc32cx w0, w1, x2"},
    {0x9b027c20, exec_mul_x, "mul x0, x1, x2"},
    {0x1b020c20, exec_madd_w, "madd w0, w1, w2, w3"},
    {0x9b227c20, exec_smaddl, "smull x0, w1, w2"},
    {0x9ba28c20, exec_umsubl, "umsubl x0, w1, w2, x3"},
    {0x9b427c20, exec_smulh, "smulh x0, x1, x2"},
    {0xaa0103ff, exec_nop, "mov xzr, x1"},
    {0x8b02003f, exec_nop, "add xzr, x1, x2"},
    {0xd61f0020, exec_br, "br x1"},
    {0xd63f0040, exec_blr, "blr x2"},
    {0xd65f03c0, exec_br, "ret"},
    {0xd69f03e0, exec_eret, "eret"},
    {0xd4000021, exec_svc, "svc #1"},
    {0xd4000042, exec_hvc, "hvc #2"},
    {0xd4000063, exec_smc, "smc #3"},
    {0xd4200080, exec_brk, "brk #4"},
};

static void test_known_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        struct op op;

        if (!decode_insn(known[i].insn, &op) || op.exec != known[i].exec) {
            fail_msg("%08x: %s", (unsigned)known[i].insn, known[i].text);
        }
    }
}

/* Those whose handlers are members of tables. */
static void test_known_tables(void **state)
{
    static const struct {
        uint32_t insn;
        op_exec *const *exec;
        const char *text;
    } words[] = {
        {0xfa43a80f, &exec_ccmp_imm[1][10], "ccmp x0, #3, #15, ge"},
        {0x3a410000, &exec_ccmn[0][0], "ccmn w0, w1, #0, eq"},
        {0x1a9f17e0, &exec_csinc[0][1], "cset w0, eq"},
        {0x9a82b020, &exec_csel[1][11], "csel x0, x1, x2, lt"},
        {0x5a82e420, &exec_csneg[0][14], "csneg w0, w1, w2, al"},
        {0x14000000, &exec_b[0], "b ."},
        {0x14000001, &exec_b[1], "b .+4"},
        {0x97ffffff, &exec_bl[0], "bl .-4"},
        {0x54000041, &exec_b_cond[1][1], "b.ne .+8"},
        {0x54ffffca, &exec_b_cond[0][10], "b.ge .-8"},
        {0x34000020, &exec_cbz_w[1], "cbz w0, .+4"},
        {0xb5000000, &exec_cbnz_x[0], "cbnz x0, ."},
        {0xb6080021, &exec_tbz[1], "tbz x1, #33, .+4"},
        {0x37ffffe1, &exec_tbnz[0], "tbnz w1, #31, .-4"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct op op;

        if (!decode_insn(words[i].insn, &op) || op.exec != *words[i].exec) {
            fail_msg("%08x: %s", (unsigned)words[i].insn, words[i].text);
        }
    }
}

static void test_undefined(void **state)
{
    static const struct {
        uint32_t insn;
        const char *text;
    } words[] = {
        {0x00000001, "udf #1"},
        {0x12400000, "and w0, w0 with N set"},
        {0x9240fc00, "and x0, all ones"},
        {0x9200fc00, "and x0, element size 1"},
        {0x12c00000, "movn w0, lsl #32"},
        {0x32800000, "move wide, opc 01"},
        {0x52c00000, "movz w0, lsl #32"},
        {0x72e00000, "movk w0, lsl #48"},
        {0x13400000, "sbfm w0 with N set"},
        {0x93000000, "sbfm x0 without N"},
        {0x13200000, "sbfm w0, immr 32"},
        {0x13008000, "sbfm w0, imms 32"},
        {0x73000000, "bit field, opc 11"},
        {0x13808000, "extr w0, imms 32"},
        {0x13c00000, "extr w0 with N set"},
        {0x93e00000, "extr with o0 set"},
        {0x33800000, "extr with op21 01"},
        {0x0a008000, "and w0, lsl #32"},
        {0x0bc00000, "add w0, shift type 3"},
        {0x0b008000, "add w0, lsl #32"},
        {0x8b201400, "add x0, uxtb #5"},
        {0x8b600000, "add extended, opt 01"},
        {0x1a000400, "adc with opcode2"},
        {0x1a400000, "ccmp without S"},
        {0x7a400400, "ccmp with o2"},
        {0x7a400010, "ccmp with o3"},
        {0x1a800800, "csel with op2 10"},
        {0x3a800000, "csel with S"},
        {0x5ac00c00, "rev64 of a W register"},
        {0x5ac01800, "1 source, opcode 6"},
        {0xdac10000, "pacia"},
        {0x1ac00000, "2 source, opcode 0"},
        {0x1ac24c20, "crc32x w0"},
        {0x9ac24020, "crc32b x0"},
        {0x9ac03000, "pacga"},
        {0x1b200000, "smaddl w0"},
        {0x9b408000, "smulh with o0"},
        {0x9b600000, "3 source, op31 3"},
        {0x3b000000, "3 source, op54 01"},
        {0x54000010, "b.cond with o0"},
        {0xd61f0420, "br with op3"},
        {0xd61f0801, "braaz with op4"},
        {0xd65f0bff, "retaa"},
        {0xd63f0001, "blr with op4"},
        {0xd6bf03e0, "drps"},
        {0xd69f0000, "eret with Rn 0"},
        {0xd4000000, "exception generation, LL 0"},
        {0xd4200001, "brk with LL 1"},
        {0xd44000a0, "hlt #5"},
        {0xd4a00001, "dcps1"},
        {0xd4000025, "svc with op2"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct op op;

        if (decode_insn(words[i].insn, &op) || op.exec != op_undefined) {
            fail_msg("%08x: %s", (unsigned)words[i].insn, words[i].text);
        }
    }
}

/* ---- Results --------------------------------------------------------------------------------- */

static struct cpu cpu;
static struct code_page page;
static const struct op *stopped_at;

static const struct op *stop(struct cpu *c, const struct op *op)
{
    (void)c;
    stopped_at = op;
    return NULL;
}

static void run_from(const struct op *op)
{
    stopped_at = NULL;
    while (op != NULL) {
        op = op->exec(&cpu, op);
    }
}

/* A page in which everything but the op at `at` stops. */
static void page_setup(uint32_t insn, unsigned at)
{
    for (unsigned i = 0; i <= CODE_OPS; i++) {
        page.op[i] = (struct op){.exec = stop};
    }
    assert_true(decode_insn(insn, &page.op[at]));
    cpu.tlb = &cpu.tlbs[1];
    cpu.page = &page;
    cpu.page_ops = page.op;
    cpu.page_va = UINT64_C(0xffff800080000000);
}

enum {
    N = 8,
    Z = 4,
    C = 2,
    V = 1
};

static const struct {
    uint32_t insn; /* the result is in x0, the operands are x1, x2, x3 */
    uint64_t x1, x2, x3;
    unsigned nzcv_in;
    uint64_t x0;
    unsigned nzcv;
    const char *text;
} result[] = {
    {0x91000420, UINT64_MAX, 0, 0, 0, 0, 0, "add x0, x1, #1"},
    {0x11000420, UINT64_MAX, 0, 0, 0, 0, 0, "add w0, w1, #1"},
    {0x51000420, 0, 0, 0, 0, 0xffffffff, 0, "sub w0, w1, #1"},
    {0xab020020, INT64_MAX, 1, 0, 0, UINT64_C(1) << 63, N | V, "adds x0, x1, x2"},
    {0xab020020, UINT64_MAX, 1, 0, 0, 0, Z | C, "adds x0, x1, x2"},
    {0x2b020020, 0x80000000, 0x80000000, 0, 0, 0, Z | C | V, "adds w0, w1, w2"},
    {0xeb020020, 5, 5, 0, 0, 0, Z | C, "subs x0, x1, x2"},
    {0xeb020020, 0, 1, 0, 0, UINT64_MAX, N, "subs x0, x1, x2"},
    {0x6b020020, 0x80000000, 1, 0, 0, 0x7fffffff, C | V, "subs w0, w1, w2"},
    {0xba020020, UINT64_MAX, UINT64_MAX, 0, C, UINT64_MAX, N | C, "adcs x0, x1, x2"},
    {0xba020020, UINT64_MAX, 0, 0, C, 0, Z | C, "adcs x0, x1, x2"},
    {0x7a020020, 0, 0, 0, 0, 0xffffffff, N, "sbcs w0, w1, w2"},
    {0xfa020020, 1, 0, 0, C, 1, C, "sbcs x0, x1, x2"},
    {0xea020020, 0xf0, 0x0f, 0, C | V, 0, Z, "ands x0, x1, x2"},
    {0x6a020020, 0x80000000, UINT64_MAX, 0, C, 0x80000000, N, "ands w0, w1, w2"},
    {0xb200f3e0, 0, 0, 0, 0, UINT64_C(0x5555555555555555), 0, "mov x0, #0x5555555555555555"},
    {0x92ddb960, 0, 0, 0, 0, UINT64_C(0xffff1234ffffffff), 0, "mov x0, #0xffff1234ffffffff"},
    {0xd34ccc20, UINT64_MAX, 0, 0, 0, UINT64_C(0xffffffffff), 0, "ubfx x0, x1, #12, #40"},
    {0x531d0c20, UINT64_MAX, 0, 0, 0, 0x78, 0, "ubfiz w0, w1, #3, #4"},
    {0x93452820, 0x400, 0, 0, 0, UINT64_C(0xffffffffffffffe0), 0, "sbfx x0, x1, #5, #6"},
    {0xb3581020, UINT64_MAX, 0, 0, 0, UINT64_C(0x1f0000000000), 0, "bfi x0, x1, #40, #5"},
    {0x93c21c20, 1, 0x80, 0, 0, UINT64_C(0x0200000000000001), 0, "extr x0, x1, x2, #7"},
    {0x9ac20820, 7, 0, 0, 0, 0, 0, "udiv x0, x1, x2 by zero"},
    {0x9ac20c20, 7, 0, 0, 0, 0, 0, "sdiv x0, x1, x2 by zero"},
    {0x9ac20c20, UINT64_C(1) << 63, UINT64_MAX, 0, 0, UINT64_C(1) << 63, 0, "sdiv overflow"},
    {0x1ac20c20, 0x80000000, 0xffffffff, 0, 0, 0x80000000, 0, "sdiv w overflow"},
    {0x9ac22020, 1, 65, 0, 0, 2, 0, "lsl x0, x1, x2 by 65"},
    {0xdac01020, 0, 0, 0, 0, 64, 0, "clz x0, x1 of zero"},
    {0x5ac01020, UINT64_C(1) << 40, 0, 0, 0, 32, 0, "clz w0, w1 of zero"},
    {0xdac01420, UINT64_MAX, 0, 0, 0, 63, 0, "cls x0, x1 of -1"},
    {0x5ac01420, 0, 0, 0, 0, 31, 0, "cls w0, w1 of zero"},
    {0xdac00020, 1, 0, 0, 0, UINT64_C(1) << 63, 0, "rbit x0, x1"},
    {0x1ac24020, 0xffffffff, 0, 0, 0, 0x2dfd1072, 0, "crc32b w0, w1, w2"},
    {0x9b427c20, UINT64_MAX, UINT64_MAX, 0, 0, 0, 0, "smulh x0, x1, x2: -1 * -1"},
    {0x9b427c20, UINT64_C(1) << 63, 2, 0, 0, UINT64_MAX, 0, "smulh x0, x1, x2"},
    {0x9bc27c20, UINT64_MAX, UINT64_MAX, 0, 0, UINT64_MAX - 1, 0, "umulh x0, x1, x2"},
    {0x9b220c20, 0xffffffff, 2, 5, 0, 3, 0, "smaddl x0, w1, w2, x3"},
    {0x9ba28c20, 0xffffffff, 2, 0, 0, 0 - UINT64_C(0x1fffffffe), 0, "umsubl x0, w1, w2, x3"},
    {0x1a9f17e0, 0, 0, 0, Z, 1, Z, "cset w0, eq"},
    {0x1a9f17e0, 0, 0, 0, N, 0, N, "cset w0, eq"},
    {0x5a82a420, 1, 2, 0, N, 0xfffffffe, N, "csneg w0, w1, w2, ge"},
    {0xfa43a82f, 3, 0, 0, 0, 0, Z | C, "ccmp x1, #3, #15, ge"},
    {0xfa43a82f, 3, 0, 0, N, 0, N | Z | C | V, "ccmp x1, #3, #15, ge"},
};

static void test_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(result); i++) {
        memset(cpu.x, 0, sizeof(cpu.x));
        cpu.x[1] = result[i].x1;
        cpu.x[2] = result[i].x2;
        cpu.x[3] = result[i].x3;
        cpu_set_nzcv(&cpu, (uint32_t)result[i].nzcv_in << 28);
        page_setup(result[i].insn, 7);
        run_from(&page.op[7]);
        if (cpu.x[0] != result[i].x0 || cpu_nzcv(&cpu) >> 28 != result[i].nzcv ||
            stopped_at != &page.op[8] || cpu.x[REG_ZR] != 0) {
            fail_msg("%s: %016llx, nzcv %x", result[i].text, (unsigned long long)cpu.x[0],
                     (unsigned)(cpu_nzcv(&cpu) >> 28));
        }
    }
}

static void test_pc_relative(void **state)
{
    (void)state;
    page_setup(0xb0000000, 3); /* adrp x0, .+0x1000 */
    run_from(&page.op[3]);
    assert_int_equal(cpu.x[0], cpu.page_va + 0x1000);
    page_setup(0x10800000, 3); /* adr x0, .-0x100000 */
    run_from(&page.op[3]);
    assert_int_equal(cpu.x[0], cpu.page_va + 12 - 0x100000);
}

/* Every condition against every NZCV, by the definition in C1.2.4. */
static void test_conditions(void **state)
{
    (void)state;
    for (unsigned cond = 0; cond < 16; cond++) {
        for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
            bool n = nzcv & N, z = nzcv & Z, c = nzcv & C, v = nzcv & V;
            bool holds[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
            bool taken = holds[cond >> 1] != ((cond & 1) != 0 && cond != 15);

            page_setup(0x54000000 | 4 << 5 | cond, 9); /* b.cond .+16 */
            cpu_set_nzcv(&cpu, (uint32_t)nzcv << 28);
            run_from(&page.op[9]);
            assert_ptr_equal(stopped_at, &page.op[taken ? 13 : 10]);
            page_setup(0x54000000 | 0x7fffc << 5 | cond, 9); /* b.cond .-16 */
            run_from(&page.op[9]);
            assert_ptr_equal(stopped_at, &page.op[taken ? 5 : 10]);
            page_setup(0x9a820020 | (uint32_t)cond << 12, 9); /* csel x0, x1, x2, cond */
            cpu.x[1] = 1;
            cpu.x[2] = 2;
            run_from(&page.op[9]);
            assert_int_equal(cpu.x[0], taken ? 1 : 2);
        }
    }
}

static void test_branch_tests(void **state)
{
    static const struct {
        uint32_t insn;
        uint64_t x1;
        bool taken;
    } words[] = {
        {0x34000041, UINT64_C(1) << 32, true},  /* cbz w1, .+8 */
        {0x35000041, UINT64_C(1) << 32, false}, /* cbnz w1, .+8 */
        {0xb4000041, UINT64_C(1) << 32, false}, /* cbz x1, .+8 */
        {0xb5000041, UINT64_C(1) << 32, true},  /* cbnz x1, .+8 */
        {0xb6080041, UINT64_C(1) << 33, false}, /* tbz x1, #33, .+8 */
        {0xb7080041, UINT64_C(1) << 33, true},  /* tbnz x1, #33, .+8 */
        {0x36f80041, UINT64_C(1) << 33, true},  /* tbz w1, #31, .+8 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        page_setup(words[i].insn, 0);
        cpu.x[1] = words[i].x1;
        run_from(&page.op[0]);
        assert_ptr_equal(stopped_at, &page.op[words[i].taken ? 2 : 1]);
    }
}

/* With cpu.attention set a branch back or out of the page returns to the loop at its target. */
static void test_branch_attention(void **state)
{
    static const struct {
        uint32_t insn;
        unsigned at;
        int64_t offset;
    } words[] = {
        {0x14000000, 100, 0},                                 /* b . */
        {0x17ffffff, 100, -4},                                /* b .-4 */
        {0x17ffffff, 0, -4},                                  /* b .-4, to the page before */
        {0x14000001, CODE_OPS - 1, 4},                        /* b .+4, to the page after */
        {0x15ffffff, 5, INT64_C(0x1ffffff) * 4},              /* as far as it goes */
        {0x16000000, 5, INT64_C(0x2000000) * -4},             /* and back */
        {0xb7800021 | 0x2000 << 5, 5, (0x2001 - 0x4000) * 4}, /* tbnz x1, #48 */
    };

    (void)state;
    atomic_store(&cpu.attention, ATTN_KICK);
    for (size_t i = 0; i < COUNT(words); i++) {
        page_setup(words[i].insn, words[i].at);
        cpu.pc = 0;
        cpu.x[1] = UINT64_MAX;
        run_from(&page.op[words[i].at]);
        assert_null(stopped_at);
        assert_int_equal(cpu.pc, cpu.page_va + words[i].at * 4 + (uint64_t)words[i].offset);
    }
    page_setup(0xd63f03c0, 5); /* blr x30: the target is read before the link is written */
    cpu.x[30] = UINT64_C(0x123456789abc);
    run_from(&page.op[5]);
    assert_int_equal(cpu.pc, UINT64_C(0x123456789abc));
    assert_int_equal(cpu.x[30], cpu.page_va + 24);
    atomic_store(&cpu.attention, 0);

    page_setup(0x94000002, 5); /* bl .+8 */
    run_from(&page.op[5]);
    assert_ptr_equal(stopped_at, &page.op[7]);
    assert_int_equal(cpu.x[30], cpu.page_va + 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_parse, setup),
        cmocka_unit_test_setup(test_patterns_well_formed, setup),
        cmocka_unit_test_setup(test_overlaps, setup),
        cmocka_unit_test_setup(test_every_rule_decodes, setup),
        cmocka_unit_test_setup(test_index, setup),
        cmocka_unit_test_setup(test_known_words, setup),
        cmocka_unit_test_setup(test_known_tables, setup),
        cmocka_unit_test_setup(test_undefined, setup),
        cmocka_unit_test_setup(test_results, setup),
        cmocka_unit_test_setup(test_pc_relative, setup),
        cmocka_unit_test_setup(test_conditions, setup),
        cmocka_unit_test_setup(test_branch_tests, setup),
        cmocka_unit_test_setup(test_branch_attention, setup),
    };

    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
