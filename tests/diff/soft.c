/* SPDX-License-Identifier: ISC */
/* The side under test, one vCPU of libhv.a: see soft.h. */
#include "soft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <Hypervisor/Hypervisor.h>

#define RAM_IPA       UINT64_C(0x40000000)
#define RAM_SIZE      UINT64_C(0x1800000)

/* One page of EL1 code; VBAR_EL1 is its upper half. */
#define STUB_VA       UINT64_C(0x3b6c1a200000)
#define STUB_SYNC     (STUB_VA + 0x00) /* IC IALLU; DSB ISH; ISB; HVC */
#define STUB_ERET     (STUB_VA + 0x20)
#define STUB_VECTORS  0x800
#define HVC_SYNCED    1
#define HVC_VECTOR    0x100 /* + number of the vector */
#define VECTOR_LOWER  8     /* synchronous, from EL0 */

#define WORD_IC_IALLU 0xd508751fu
#define WORD_DSB_ISH  0xd5033b9fu
#define WORD_ISB      0xd5033fdfu
#define WORD_ERET     0xd69f03e0u
#define WORD_HVC(imm) (0xd4000002u | (uint32_t)(imm) << 5)

/* Stage 1 descriptors (Arm ARM D5.3): table or page, AF, inner shareable, AttrIndx 0. */
#define DESC_TABLE    UINT64_C(3)
#define DESC_PAGE     (UINT64_C(3) | UINT64_C(3) << 8 | UINT64_C(1) << 10)
#define DESC_EL0      (UINT64_C(1) << 6)
#define DESC_RO       (UINT64_C(1) << 7)
#define DESC_NG       (UINT64_C(1) << 11) /* not global: belongs to the ASID */
#define DESC_PXN      (UINT64_C(1) << 53)
#define DESC_UXN      (UINT64_C(1) << 54)

/* Any but 0, which might be right by accident. */
#define ASID          UINT64_C(0x5a)

/* PSTATE: EL1h, DAIF masked; and EL0t. */
#define PSTATE_EL1H   0x3c5u
#define PSTATE_EL0T   0x0u

struct soft {
    uint8_t *ram;
    uint64_t used; /* of ram, from below */
    uint64_t root; /* offset of the first-level table */
    uint8_t *page[DIFF_PAGES];
    uint8_t *code;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
    bool have_vm;
    bool have_vcpu;
};

/* ---- Memory ------------------------------------------------------------------------------------------------ */

static uint64_t take_ram(struct soft *s, uint64_t size)
{
    uint64_t at = s->used;

    if (size > RAM_SIZE - at) {
        fprintf(stderr, "hv-diff: the test VM's RAM is too small\n");
        exit(2);
    }
    s->used += size;
    return at;
}

/* The table below entry `index` of the table at `table`, made if need be. Offsets into RAM. */
static uint64_t table_below(struct soft *s, uint64_t table, uint64_t index)
{
    uint64_t entry;

    memcpy(&entry, s->ram + table + 8 * index, 8);
    if (!entry) {
        entry = (RAM_IPA + take_ram(s, DIFF_PAGE)) | DESC_TABLE;
        memcpy(s->ram + table + 8 * index, &entry, 8);
    }
    return (entry & ~UINT64_C(0xfff)) - RAM_IPA;
}

static void map_page(struct soft *s, uint64_t va, uint64_t offset, uint64_t attributes)
{
    uint64_t entry = (RAM_IPA + offset) | DESC_PAGE | attributes, table = s->root;

    for (unsigned shift = 39; shift > 12; shift -= 9)
        table = table_below(s, table, va >> shift & 511);
    memcpy(s->ram + table + 8 * (va >> 12 & 511), &entry, 8);
}

static void write_stub(struct soft *s, uint64_t at)
{
    uint32_t *words = (uint32_t *)(void *)(s->ram + at);

    words[0] = WORD_IC_IALLU;
    words[1] = WORD_DSB_ISH;
    words[2] = WORD_ISB;
    words[3] = WORD_HVC(HVC_SYNCED);
    words[8] = WORD_ERET;
    for (unsigned i = 0; i < 16; i++)
        words[(STUB_VECTORS + 0x80 * i) / 4] = WORD_HVC(HVC_VECTOR + i);
}

/* A, B and C of one slot are neighbours in virtual memory and far apart in physical memory. */
static void lay_out(struct soft *s)
{
    static const uint64_t rights[DIFF_PAGES] = {DESC_EL0, DESC_EL0, DESC_EL0 | DESC_RO};
    uint64_t at = take_ram(s, DIFF_PAGE);

    s->root = take_ram(s, DIFF_PAGE);
    write_stub(s, at);
    map_page(s, STUB_VA, at, DESC_RO | DESC_UXN);
    for (unsigned p = 0; p < DIFF_PAGES; p++) {
        at = take_ram(s, (uint64_t)DIFF_SLOTS * DIFF_PAGE);
        s->page[p] = s->ram + at;
        for (uint32_t slot = 0; slot < DIFF_SLOTS; slot++)
            map_page(s, diff_data_va(slot) + p * DIFF_PAGE, at + (uint64_t)slot * DIFF_PAGE,
                     rights[p] | DESC_UXN | DESC_PXN | DESC_NG);
    }
    at = take_ram(s, DIFF_CODE_SIZE);
    s->code = s->ram + at;
    for (uint64_t page = 0; page < DIFF_CODE_SIZE; page += DIFF_PAGE)
        map_page(s, DIFF_CODE_VA + page, at + page, DESC_EL0 | DESC_RO | DESC_PXN);
}

uint8_t *soft_page(struct soft *s, unsigned page, uint32_t slot)
{
    return s->page[page] + (size_t)slot * DIFF_PAGE;
}

/* ---- VM ---------------------------------------------------------------------------------------------------- */

static int set_up_vcpu(struct soft *s)
{
    const struct {
        hv_sys_reg_t reg;
        uint64_t value;
    } registers[] = {
        {HV_SYS_REG_MAIR_EL1, 0xff},
        /* 48-bit TTBR0, 4 KiB granule, write-back, TBI0 as Linux has it; nothing through TTBR1; 36-bit IPAs */
        {HV_SYS_REG_TCR_EL1, 16 | UINT64_C(0x35) << 8 | UINT64_C(16) << 16 | UINT64_C(1) << 23 |
                                 UINT64_C(2) << 30 | UINT64_C(1) << 32 | UINT64_C(1) << 37},
        {HV_SYS_REG_TTBR0_EL1, ASID << 48 | (RAM_IPA + s->root)},
        {HV_SYS_REG_CPACR_EL1, UINT64_C(3) << 20},
        {HV_SYS_REG_VBAR_EL1, STUB_VA + STUB_VECTORS},
        {HV_SYS_REG_TPIDRRO_EL0, 0},
        /* M C I; DZE UCT UCI nTWI nTWE as Linux has them; no alignment checks, not even of SP, which the oracle
         * does not check; the bits that are one without later features */
        {HV_SYS_REG_SCTLR_EL1, UINT64_C(0x30d00980) | 1 << 0 | 1 << 2 | 1 << 12 | 1 << 14 |
                                   1 << 15 | 1 << 16 | 1 << 18 | 1 << 26},
    };

    if (hv_vcpu_create(&s->vcpu, &s->exit, NULL))
        return -1;
    s->have_vcpu = true;
    if (hv_vcpu_set_reg(s->vcpu, HV_REG_CPSR, PSTATE_EL1H))
        return -1;
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
        if (hv_vcpu_set_sys_reg(s->vcpu, registers[i].reg, registers[i].value))
            return -1;
    return 0;
}

struct soft *soft_open(void)
{
    struct soft *s = calloc(1, sizeof *s);
    void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!s || ram == MAP_FAILED)
        goto fail;
    s->ram = ram;
    lay_out(s);
    if (hv_vm_create(NULL))
        goto fail;
    s->have_vm = true;
    if (hv_vm_map(s->ram, RAM_IPA, RAM_SIZE, HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC) ||
        set_up_vcpu(s))
        goto fail;
    return s;

fail:
    fprintf(stderr, "hv-diff: cannot make the test VM\n");
    if (s)
        soft_close(s);
    return NULL;
}

void soft_close(struct soft *s)
{
    if (s->have_vcpu)
        hv_vcpu_destroy(s->vcpu);
    if (s->have_vm)
        hv_vm_destroy();
    if (s->ram)
        munmap(s->ram, RAM_SIZE);
    free(s);
}

void soft_kick(struct soft *s)
{
    hv_vcpus_exit(&s->vcpu, 1);
}

/* ---- Running ----------------------------------------------------------------------------------------------- */

static unsigned exception_class(uint64_t syndrome)
{
    return (unsigned)(syndrome >> 26 & 0x3f);
}

static uint64_t get_sys(struct soft *s, hv_sys_reg_t reg)
{
    uint64_t value = 0;

    hv_vcpu_get_sys_reg(s->vcpu, reg, &value);
    return value;
}

static int unexpected(const char *what, uint64_t a, uint64_t b)
{
    fprintf(stderr, "hv-diff: the test VM: %s (%#llx, %#llx)\n", what, (unsigned long long)a,
            (unsigned long long)b);
    return -1;
}

int soft_place(struct soft *s, const struct diff_case *cases, uint32_t first, uint32_t count)
{
    for (uint32_t slot = first; slot < first + count; slot++)
        memcpy(s->code + (size_t)slot * 4 * DIFF_SLOT_WORDS, cases[slot].code,
               sizeof cases[slot].code);
    hv_vcpu_set_reg(s->vcpu, HV_REG_CPSR, PSTATE_EL1H);
    hv_vcpu_set_reg(s->vcpu, HV_REG_PC, STUB_SYNC);
    if (hv_vcpu_run(s->vcpu))
        return unexpected("hv_vcpu_run failed", 0, 0);
    if (s->exit->reason != HV_EXIT_REASON_EXCEPTION ||
        exception_class(s->exit->exception.syndrome) != 0x16 ||
        (s->exit->exception.syndrome & 0xffff) != HVC_SYNCED)
        return unexpected("no HVC after IC IALLU", s->exit->reason, s->exit->exception.syndrome);
    return 0;
}

static void load_state(struct soft *s, const struct diff_state *in)
{
    for (hv_reg_t i = 0; i < 31; i++)
        hv_vcpu_set_reg(s->vcpu, HV_REG_X0 + i, in->x[i]);
    for (hv_simd_fp_reg_t i = 0; i < 32; i++) {
        hv_simd_fp_uchar16_t v;

        memcpy(&v, in->v[i], sizeof v);
        hv_vcpu_set_simd_fp_reg(s->vcpu, HV_SIMD_FP_REG_Q0 + i, v);
    }
    hv_vcpu_set_reg(s->vcpu, HV_REG_FPCR, in->fpcr);
    hv_vcpu_set_reg(s->vcpu, HV_REG_FPSR, in->fpsr);
    hv_vcpu_set_reg(s->vcpu, HV_REG_CPSR, PSTATE_EL1H);
    hv_vcpu_set_reg(s->vcpu, HV_REG_PC, STUB_ERET);
    hv_vcpu_set_sys_reg(s->vcpu, HV_SYS_REG_SP_EL0, in->sp);
    hv_vcpu_set_sys_reg(s->vcpu, HV_SYS_REG_TPIDR_EL0, in->tpidr_el0);
    hv_vcpu_set_sys_reg(s->vcpu, HV_SYS_REG_ELR_EL1, in->pc);
    hv_vcpu_set_sys_reg(s->vcpu, HV_SYS_REG_SPSR_EL1, in->nzcv | PSTATE_EL0T);
}

static void store_state(struct soft *s, struct diff_state *out)
{
    for (hv_reg_t i = 0; i < 31; i++)
        hv_vcpu_get_reg(s->vcpu, HV_REG_X0 + i, &out->x[i]);
    for (hv_simd_fp_reg_t i = 0; i < 32; i++) {
        hv_simd_fp_uchar16_t v;

        hv_vcpu_get_simd_fp_reg(s->vcpu, HV_SIMD_FP_REG_Q0 + i, &v);
        memcpy(out->v[i], &v, sizeof v);
    }
    hv_vcpu_get_reg(s->vcpu, HV_REG_FPCR, &out->fpcr);
    hv_vcpu_get_reg(s->vcpu, HV_REG_FPSR, &out->fpsr);
    out->sp = get_sys(s, HV_SYS_REG_SP_EL0);
    out->tpidr_el0 = get_sys(s, HV_SYS_REG_TPIDR_EL0);
    out->pc = get_sys(s, HV_SYS_REG_ELR_EL1);
    out->nzcv = get_sys(s, HV_SYS_REG_SPSR_EL1);
}

/* The signal that Linux makes of an exception from EL0. */
static enum diff_kind kind_of(uint64_t esr)
{
    unsigned status = (unsigned)(esr & 0x3f);

    switch (exception_class(esr)) {
    case 0x00: /* unknown reason */
    case 0x18: /* trapped MSR, MRS or SYS */ return DIFF_ILL;
    case 0x22: /* PC alignment */ return DIFF_BUS;
    case 0x20: /* instruction abort */
    case 0x24: /* data abort */
        if (status == 0x21)
            return DIFF_BUS;
        /* translation, access flag, permission */
        return status >= 0x04 && status <= 0x0f ? DIFF_SEGV : DIFF_OTHER;
    case 0x3c: return DIFF_TRAP;
    default: return DIFF_OTHER;
    }
}

static uint32_t code_word(struct soft *s, uint32_t slot, uint64_t offset)
{
    uint32_t word;

    memcpy(&word, s->code + (size_t)slot * 4 * DIFF_SLOT_WORDS + offset, sizeof word);
    return word;
}

/* Notes an exception; true if the case goes on behind it. */
static bool note_fault(struct soft *s, struct diff_result *result, uint32_t slot, uint64_t esr,
                       uint64_t pc, uint64_t far)
{
    struct diff_fault *fault = &result->fault[result->fault_count];
    uint64_t offset = pc - diff_code_va(slot);

    if (result->fault_count == DIFF_FAULTS)
        return false;
    result->fault_count++;
    fault->kind = kind_of(esr);
    fault->detail = (uint32_t)esr;
    fault->pc = pc;
    fault->address = fault->kind == DIFF_SEGV || fault->kind == DIFF_BUS ? far : 0;
    if (offset >= 4 * DIFF_CODE_WORDS || offset % 4)
        return false;
    result->partial =
        fault->kind == DIFF_SEGV && diff_may_be_partial(code_word(s, slot, offset), slot, far);
    return !result->partial;
}

static bool is_end(struct soft *s, uint32_t slot, uint64_t esr, uint64_t pc)
{
    uint64_t offset = pc - diff_code_va(slot);

    return exception_class(esr) == 0x3c && offset <= 4 * DIFF_CODE_WORDS &&
           code_word(s, slot, offset) == DIFF_END_WORD;
}

int soft_run(struct soft *s, const struct diff_case *c, uint32_t slot, struct diff_result *result)
{
    uint64_t syndrome, esr, pc;

    result->fault_count = 0;
    result->partial = 0;
    load_state(s, &c->in);
    for (;;) {
        if (hv_vcpu_run(s->vcpu))
            return unexpected("hv_vcpu_run failed", 0, 0);
        if (s->exit->reason != HV_EXIT_REASON_EXCEPTION)
            return unexpected("not an exception, but exit reason", s->exit->reason, 0);
        syndrome = s->exit->exception.syndrome;
        if (exception_class(syndrome) == 0x18) {
            /* A system register that the framework hands to us. We know none: UNDEFINED. */
            hv_vcpu_get_reg(s->vcpu, HV_REG_PC, &pc);
            if (!note_fault(s, result, slot, syndrome, pc, 0))
                return unexpected("system register exit at", pc, syndrome);
            hv_vcpu_set_reg(s->vcpu, HV_REG_PC, pc + 4);
            continue;
        }
        if (exception_class(syndrome) != 0x16)
            return unexpected("exit with syndrome, at", syndrome,
                              s->exit->exception.virtual_address);
        esr = get_sys(s, HV_SYS_REG_ESR_EL1);
        pc = get_sys(s, HV_SYS_REG_ELR_EL1);
        if ((syndrome & 0xffff) != HVC_VECTOR + VECTOR_LOWER)
            return unexpected("exception vector, syndrome", syndrome & 0xffff, esr);
        if (is_end(s, slot, esr, pc) ||
            !note_fault(s, result, slot, esr, pc, get_sys(s, HV_SYS_REG_FAR_EL1)))
            break;
        hv_vcpu_set_sys_reg(s->vcpu, HV_SYS_REG_ELR_EL1, pc + 4);
        hv_vcpu_set_reg(s->vcpu, HV_REG_PC, STUB_ERET);
    }
    store_state(s, &result->out);
    return 0;
}
