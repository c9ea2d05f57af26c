/* SPDX-License-Identifier: ISC */
/*
 * sysreg.c: the table of system registers, MRS and MSR. See sysreg.h.
 *
 * Order of checks for a guest access: no such register or wrong direction or level: UNDEFINED;
 * denied to EL0 by an enable bit: trapped to EL1 (EC 0x18); one that the framework leaves to the
 * VMM: exit.
 */
#include "sysreg.h"

#include <stddef.h>

#include "code.h"
#include "debug.h"
#include "decode.h"
#include "except.h"
#include "gic.h"
#include "idreg.h"
#include "mmu.h"
#include "vcpu.h"
#include "vm.h"

/* What a guest access meets. */
enum verdict {
    ACCESS_OK,
    ACCESS_UNDEFINED,
    ACCESS_TRAP, /* to EL1 */
    ACCESS_EXIT, /* to the VMM */
};

typedef uint64_t read_fn(struct cpu *c, unsigned key);
typedef void write_fn(struct cpu *c, unsigned key, uint64_t val);
typedef enum verdict access_fn(const struct cpu *c, unsigned key, bool read);

enum {
    EL0_R = 1u << 0, /* EL0 may read */
    EL0_W = 1u << 1,
    RO = 1u << 2,
    WO = 1u << 3,
    HOST_W = 1u << 4, /* the VMM may write although the guest may not */
    SYNC = 1u << 5,   /* a write may change what instructions mean or unmask an interrupt: look up
                         after it */
};

struct sysreg {
    uint16_t key;
    uint16_t flags;
    uint32_t offset; /* of plain storage in struct cpu; 0: none */
    read_fn *read;
    write_fn *write;
    access_fn *access;
};

/* Registers that keep all 64 bits and do nothing. */
#define PLAIN(o0, o1, cn, cm, o2, fl, field)                                                       \
    {                                                                                              \
        SYSREG(o0, o1, cn, cm, o2), (fl), offsetof(struct cpu, field), NULL, NULL, NULL            \
    }
#define ACTIVE(o0, o1, cn, cm, o2, fl, rd, wr, acc)                                                \
    {                                                                                              \
        SYSREG(o0, o1, cn, cm, o2), (fl), 0, rd, wr, acc                                           \
    }

/* ---- Registers with side effects ------------------------------------------------------------- */

/* Bits of SCTLR_EL1 that exist here; the rest is RES0 but for RES1, which is set (D17.2.118). */
#define SCTLR_RES1 UINT64_C(0x30500980)
#define SCTLR_BITS UINT64_C(0x048dd21f)

static uint64_t read_sctlr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->sctlr;
}

static void write_sctlr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->sctlr = (val & SCTLR_BITS) | SCTLR_RES1;
    mmu_context_changed(c, true);
}

static uint64_t read_cpacr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->cpacr;
}

static void write_cpacr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->cpacr = val & (UINT64_C(3) << 20);
    cpu_update_fp_trap(c);
}

static uint64_t read_ttbr0(struct cpu *c, unsigned key)
{
    (void)key;
    return c->ttbr0;
}

static void write_ttbr0(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->ttbr0 = val;
    mmu_context_changed(c, false);
}

static uint64_t read_ttbr1(struct cpu *c, unsigned key)
{
    (void)key;
    return c->ttbr1;
}

static void write_ttbr1(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->ttbr1 = val;
    mmu_context_changed(c, false);
}

static uint64_t read_tcr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->tcr;
}

static void write_tcr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->tcr = val & UINT64_C(0x0000007fffffffbf);
    mmu_context_changed(c, true);
}

static uint64_t read_mair(struct cpu *c, unsigned key)
{
    (void)key;
    return c->mair;
}

static void write_mair(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->mair = val;
    mmu_context_changed(c, true);
}

static uint64_t read_sp_el0(struct cpu *c, unsigned key)
{
    (void)key;
    return c->spsel == 0 ? c->x[REG_SP] : c->sp_el[0];
}

static void write_sp_el0(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    *(c->spsel == 0 ? &c->x[REG_SP] : &c->sp_el[0]) = val;
}

/* SP_EL1 belongs to EL2 and above: only the VMM reaches it. */
static uint64_t read_sp_el1(struct cpu *c, unsigned key)
{
    (void)key;
    return c->spsel == 1 ? c->x[REG_SP] : c->sp_el[1];
}

static void write_sp_el1(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    *(c->spsel == 1 ? &c->x[REG_SP] : &c->sp_el[1]) = val;
}

static enum verdict access_host_only(const struct cpu *c, unsigned key, bool read)
{
    (void)c;
    (void)key;
    (void)read;
    return ACCESS_UNDEFINED;
}

static enum verdict access_sp_el0(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->spsel == 0 ? ACCESS_UNDEFINED : ACCESS_OK;
}

static uint64_t read_currentel(struct cpu *c, unsigned key)
{
    (void)key;
    return (uint64_t)c->el << 2;
}

static uint64_t read_spsel(struct cpu *c, unsigned key)
{
    (void)key;
    return c->spsel;
}

static void write_spsel(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_set_level(c, c->el, val & 1);
}

static uint64_t read_pan(struct cpu *c, unsigned key)
{
    (void)key;
    return (uint64_t)c->pan << 22;
}

static void write_pan(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_set_pan(c, bit64(val, 22));
}

static uint64_t read_daif(struct cpu *c, unsigned key)
{
    (void)key;
    return c->daif;
}

static void write_daif(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->daif = (uint32_t)val & 0x3c0;
    debug_update(c);
}

static enum verdict access_daif(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->el == 0 && !bit64(c->sctlr, 9) ? ACCESS_TRAP : ACCESS_OK;
}

static uint64_t read_nzcv(struct cpu *c, unsigned key)
{
    (void)key;
    return cpu_nzcv(c);
}

static void write_nzcv(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_set_nzcv(c, (uint32_t)val);
}

#define FPCR_BITS (FPCR_AHP | FPCR_DN | FPCR_FZ | FPCR_RMODE)
#define FPSR_BITS UINT32_C(0x0800009f)

static uint64_t read_fpcr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->fp.fpcr & FPCR_BITS;
}

static void write_fpcr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->fp.fpcr = (uint32_t)val & FPCR_BITS;
}

static uint64_t read_fpsr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->fp.fpsr;
}

static void write_fpsr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->fp.fpsr = (uint32_t)val & FPSR_BITS;
}

/* FPCR and FPSR trap like the instructions they serve, as EC 0x07; see sysreg_access. */
static enum verdict access_fp(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->fp_trapped ? ACCESS_TRAP : ACCESS_OK;
}

static uint64_t read_mpidr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->mpidr;
}

static void write_mpidr(struct cpu *c, unsigned key, uint64_t val)
{
    struct vcpu *v = cpu_vcpu(c);

    (void)key;
    c->mpidr = (val & UINT64_C(0xff00ffffff)) | UINT64_C(0x80000000);
    if (v->vm->gic != NULL) {
        gic_attach_vcpu(v->vm->gic, v->index, c->mpidr);
    }
}

static uint64_t read_zero(struct cpu *c, unsigned key)
{
    (void)c;
    (void)key;
    return 0;
}

static void write_ignored(struct cpu *c, unsigned key, uint64_t val)
{
    (void)c;
    (void)key;
    (void)val;
}

static uint64_t read_ctr(struct cpu *c, unsigned key)
{
    (void)c;
    (void)key;
    return IDREG_CTR_EL0;
}

static enum verdict access_ctr(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->el == 0 && !bit64(c->sctlr, 15) ? ACCESS_TRAP : ACCESS_OK;
}

/* DCZID_EL0.DZP says whether DC ZVA is prohibited here. */
static uint64_t read_dczid(struct cpu *c, unsigned key)
{
    (void)key;
    return IDREG_DCZID_EL0 | (c->el == 0 && !bit64(c->sctlr, 14) ? UINT64_C(1) << 4 : 0);
}

static uint64_t read_clidr(struct cpu *c, unsigned key)
{
    (void)c;
    (void)key;
    return IDREG_CLIDR_EL1;
}

static uint64_t read_ccsidr(struct cpu *c, unsigned key)
{
    (void)key;
    return idreg_ccsidr((unsigned)c->csselr);
}

static uint64_t read_csselr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->csselr;
}

static void write_csselr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->csselr = val & 0xf;
}

static uint64_t read_mdscr(struct cpu *c, unsigned key)
{
    (void)key;
    return c->mdscr;
}

static void write_mdscr(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    c->mdscr = val & UINT64_C(0xf800ffff);
    debug_registers_changed(c);
}

static uint64_t read_isr(struct cpu *c, unsigned key)
{
    (void)key;
    return (uint64_t)atomic_load(&c->irq_line) << 7 | (uint64_t)atomic_load(&c->fiq_line) << 6;
}

/* ---- Generic timer (D11) -----------------------------------------------------------------------
 */

static enum verdict timer_verdict(const struct cpu *c, unsigned el0_bit)
{
    return c->el == 0 && !bit64(c->cntkctl, el0_bit) ? ACCESS_TRAP : ACCESS_OK;
}

static enum verdict access_cntfrq(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->el == 0 && (c->cntkctl & 3) == 0 ? ACCESS_TRAP : ACCESS_OK;
}

static enum verdict access_cntvct(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return timer_verdict(c, 1);
}

static enum verdict access_cntpct(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return timer_verdict(c, 0);
}

static enum verdict access_cntv(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return timer_verdict(c, 8);
}

/* Without a GIC of the framework's nothing could deliver the physical timer: its registers exit. */
static enum verdict access_cntp(const struct cpu *c, unsigned key, bool read)
{
    enum verdict v = timer_verdict(c, 9);

    (void)key;
    (void)read;
    return v == ACCESS_OK && cpu_vcpu_const(c)->vm->gic == NULL ? ACCESS_EXIT : v;
}

static uint64_t read_cntfrq(struct cpu *c, unsigned key)
{
    (void)c;
    (void)key;
    return TIMER_FREQUENCY;
}

static uint64_t read_cntpct(struct cpu *c, unsigned key)
{
    (void)c;
    (void)key;
    return timer_counter();
}

static uint64_t read_cntvct(struct cpu *c, unsigned key)
{
    (void)key;
    return timer_counter() - cpu_vcpu(c)->vtimer_offset;
}

static uint64_t read_cntv_ctl(struct cpu *c, unsigned key)
{
    (void)key;
    return timer_virtual_ctl(cpu_vcpu(c));
}

static void write_cntv_ctl(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_vcpu(c)->vtimer.ctl = (uint32_t)val & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    timer_update(cpu_vcpu(c));
}

static uint64_t read_cntv_cval(struct cpu *c, unsigned key)
{
    (void)key;
    return cpu_vcpu(c)->vtimer.cval;
}

static void write_cntv_cval(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_vcpu(c)->vtimer.cval = val;
    timer_update(cpu_vcpu(c));
}

static uint64_t read_cntv_tval(struct cpu *c, unsigned key)
{
    return (uint32_t)(cpu_vcpu(c)->vtimer.cval - read_cntvct(c, key));
}

static void write_cntv_tval(struct cpu *c, unsigned key, uint64_t val)
{
    write_cntv_cval(c, key, read_cntvct(c, key) + (uint64_t)sext64(val, 32));
}

static uint64_t read_cntp_ctl(struct cpu *c, unsigned key)
{
    (void)key;
    return timer_physical_ctl(cpu_vcpu(c));
}

static void write_cntp_ctl(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_vcpu(c)->ptimer.ctl = (uint32_t)val & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    timer_update(cpu_vcpu(c));
}

static uint64_t read_cntp_cval(struct cpu *c, unsigned key)
{
    (void)key;
    return cpu_vcpu(c)->ptimer.cval;
}

static void write_cntp_cval(struct cpu *c, unsigned key, uint64_t val)
{
    (void)key;
    cpu_vcpu(c)->ptimer.cval = val;
    timer_update(cpu_vcpu(c));
}

static uint64_t read_cntp_tval(struct cpu *c, unsigned key)
{
    (void)key;
    return (uint32_t)(cpu_vcpu(c)->ptimer.cval - timer_counter());
}

static void write_cntp_tval(struct cpu *c, unsigned key, uint64_t val)
{
    write_cntp_cval(c, key, timer_counter() + (uint64_t)sext64(val, 32));
}

/* ---- Debug --------------------------------------------------------------------------------------
 */

static enum verdict access_debug(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return cpu_vcpu_const(c)->trap_debug_regs ? ACCESS_EXIT : ACCESS_OK;
}

/* MDSCR_EL1.TDCC keeps EL0 from the debug communications channel (D17.3.20). */
static enum verdict access_dcc(const struct cpu *c, unsigned key, bool read)
{
    (void)key;
    (void)read;
    return c->el == 0 && bit64(c->mdscr, 12) ? ACCESS_TRAP : ACCESS_OK;
}

/* Breakpoints and watchpoints that do not exist. The VMM may still keep something there. */
static enum verdict access_debug_numbered(const struct cpu *c, unsigned key, bool read)
{
    unsigned count = (key & 2) != 0 ? (unsigned)DEBUG_WATCHPOINTS : (unsigned)DEBUG_BREAKPOINTS;
    enum verdict v = access_debug(c, key, read);

    return v == ACCESS_OK && (key >> 3 & 15) >= count ? ACCESS_UNDEFINED : v;
}

static enum verdict access_exit(const struct cpu *c, unsigned key, bool read)
{
    (void)c;
    (void)key;
    (void)read;
    return ACCESS_EXIT;
}

/* DBG{B,W}{V,C}R<n>_EL1: op0 2, op1 0, CRn 0, CRm n, op2 4-7. */
static uint64_t *debug_reg(struct cpu *c, unsigned key)
{
    unsigned n = key >> 3 & 15;

    switch (key & 7) {
    case 4: return &c->dbgbvr[n];
    case 5: return &c->dbgbcr[n];
    case 6: return &c->dbgwvr[n];
    default: return &c->dbgwcr[n];
    }
}

static uint64_t read_debug(struct cpu *c, unsigned key)
{
    return *debug_reg(c, key);
}

static void write_debug(struct cpu *c, unsigned key, uint64_t val)
{
    *debug_reg(c, key) = val;
    debug_registers_changed(c);
}

/* ---- The table ----------------------------------------------------------------------------------
 */

#define TIMER_REGS(name, crm, acc)                                                                 \
    ACTIVE(3, 3, 14, crm, 0, EL0_R | EL0_W | SYNC, read_##name##_tval, write_##name##_tval, acc),  \
        ACTIVE(3, 3, 14, crm, 1, EL0_R | EL0_W | SYNC, read_##name##_ctl, write_##name##_ctl,      \
               acc),                                                                               \
        ACTIVE(3, 3, 14, crm, 2, EL0_R | EL0_W | SYNC, read_##name##_cval, write_##name##_cval,    \
               acc)

static const struct sysreg table[] = {
    /* D17.2, in the order of the Arm ARM's chapters: control and translation. */
    PLAIN(3, 0, 0, 0, 0, RO | HOST_W, midr),
    ACTIVE(3, 0, 0, 0, 5, RO | HOST_W, read_mpidr, write_mpidr, NULL),
    ACTIVE(3, 0, 0, 0, 6, RO, read_zero, NULL, NULL), /* REVIDR_EL1 */
    ACTIVE(3, 0, 1, 0, 0, SYNC, read_sctlr, write_sctlr, NULL),
    PLAIN(3, 0, 1, 0, 1, 0, actlr),
    ACTIVE(3, 0, 1, 0, 2, 0, read_cpacr, write_cpacr, NULL),
    ACTIVE(3, 0, 2, 0, 0, 0, read_ttbr0, write_ttbr0, NULL),
    ACTIVE(3, 0, 2, 0, 1, 0, read_ttbr1, write_ttbr1, NULL),
    ACTIVE(3, 0, 2, 0, 2, 0, read_tcr, write_tcr, NULL),
    PLAIN(3, 0, 4, 0, 0, 0, spsr),
    PLAIN(3, 0, 4, 0, 1, 0, elr),
    ACTIVE(3, 0, 4, 1, 0, 0, read_sp_el0, write_sp_el0, access_sp_el0),
    ACTIVE(3, 0, 4, 2, 0, 0, read_spsel, write_spsel, NULL),
    ACTIVE(3, 0, 4, 2, 2, RO, read_currentel, NULL, NULL),
    ACTIVE(3, 0, 4, 2, 3, 0, read_pan, write_pan, NULL),
    ACTIVE(3, 4, 4, 1, 0, 0, read_sp_el1, write_sp_el1, access_host_only),
    PLAIN(3, 0, 5, 1, 0, 0, afsr0),
    PLAIN(3, 0, 5, 1, 1, 0, afsr1),
    PLAIN(3, 0, 5, 2, 0, 0, esr),
    PLAIN(3, 0, 6, 0, 0, 0, far),
    PLAIN(3, 0, 7, 4, 0, 0, par),
    ACTIVE(3, 0, 10, 2, 0, 0, read_mair, write_mair, NULL),
    PLAIN(3, 0, 10, 3, 0, 0, amair),
    PLAIN(3, 0, 12, 0, 0, 0, vbar),
    ACTIVE(3, 0, 12, 1, 0, RO, read_isr, NULL, NULL),
    PLAIN(3, 0, 13, 0, 1, 0, contextidr),
    PLAIN(3, 0, 13, 0, 4, 0, tpidr_el1),
    PLAIN(3, 3, 13, 0, 2, EL0_R | EL0_W, tpidr_el0),
    PLAIN(3, 3, 13, 0, 3, EL0_R, tpidrro_el0),

    /* Caches. */
    ACTIVE(3, 1, 0, 0, 0, RO, read_ccsidr, NULL, NULL),
    ACTIVE(3, 1, 0, 0, 1, RO, read_clidr, NULL, NULL),
    ACTIVE(3, 1, 0, 0, 7, RO, read_zero, NULL, NULL), /* AIDR_EL1 */
    ACTIVE(3, 2, 0, 0, 0, 0, read_csselr, write_csselr, NULL),
    ACTIVE(3, 3, 0, 0, 1, RO | EL0_R, read_ctr, NULL, access_ctr),
    ACTIVE(3, 3, 0, 0, 7, RO | EL0_R, read_dczid, NULL, NULL),

    /* PSTATE and floating point (C5.2). */
    ACTIVE(3, 3, 4, 2, 0, EL0_R | EL0_W, read_nzcv, write_nzcv, NULL),
    ACTIVE(3, 3, 4, 2, 1, EL0_R | EL0_W | SYNC, read_daif, write_daif, access_daif),
    ACTIVE(3, 3, 4, 4, 0, EL0_R | EL0_W, read_fpcr, write_fpcr, access_fp),
    ACTIVE(3, 3, 4, 4, 1, EL0_R | EL0_W, read_fpsr, write_fpsr, access_fp),

    /* Generic timer (D11). */
    PLAIN(3, 0, 14, 1, 0, 0, cntkctl),
    ACTIVE(3, 3, 14, 0, 0, RO | EL0_R, read_cntfrq, NULL, access_cntfrq),
    ACTIVE(3, 3, 14, 0, 1, RO | EL0_R, read_cntpct, NULL, access_cntpct),
    ACTIVE(3, 3, 14, 0, 2, RO | EL0_R, read_cntvct, NULL, access_cntvct),
    TIMER_REGS(cntp, 2, access_cntp),
    TIMER_REGS(cntv, 3, access_cntv),

    /* Debug (D2). Those that the framework traps exit. */
    ACTIVE(2, 0, 0, 2, 2, SYNC, read_mdscr, write_mdscr, access_debug),
    PLAIN(2, 0, 0, 2, 0, 0, mdccint),
    ACTIVE(2, 0, 1, 0, 0, RO, read_zero, NULL, NULL), /* MDRAR_EL1: no debug ROM table */
    ACTIVE(2, 3, 0, 1, 0, RO | EL0_R, read_zero, NULL, access_dcc), /* MDCCSR_EL0: no debugger */
    ACTIVE(2, 3, 0, 4, 0, EL0_R | EL0_W, read_zero, write_ignored, access_dcc), /* DBGDTR_EL0 */
    /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
    ACTIVE(2, 3, 0, 5, 0, EL0_R | EL0_W, read_zero, write_ignored, access_dcc),
    ACTIVE(2, 0, 1, 0, 4, WO, NULL, write_ignored, access_exit),     /* OSLAR_EL1 */
    ACTIVE(2, 0, 1, 1, 4, RO, read_zero, NULL, access_exit),         /* OSLSR_EL1 */
    ACTIVE(2, 0, 1, 3, 4, 0, read_zero, write_ignored, access_exit), /* OSDLR_EL1 */
    ACTIVE(2, 0, 1, 4, 4, 0, read_zero, write_ignored, access_exit), /* DBGPRCR_EL1 */
    ACTIVE(2, 0, 7, 8, 6, 0, read_zero, write_ignored, access_exit), /* DBGCLAIMSET_EL1 */
    ACTIVE(2, 0, 7, 9, 6, 0, read_zero, write_ignored, access_exit), /* DBGCLAIMCLR_EL1 */
    ACTIVE(2, 0, 7, 14, 6, RO, read_zero, NULL, access_exit),        /* DBGAUTHSTATUS_EL1 */

    /* Limited ordering regions: not claimed, but left to the VMM as the framework does. */
    ACTIVE(3, 0, 10, 4, 3, 0, read_zero, write_ignored, access_exit), /* LORC_EL1 */

    /* Pointer authentication keys: only the VMM's to save and restore. */
    {SYSREG(3, 0, 2, 1, 0), 0, offsetof(struct cpu, apkey[0]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 1, 1), 0, offsetof(struct cpu, apkey[1]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 1, 2), 0, offsetof(struct cpu, apkey[2]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 1, 3), 0, offsetof(struct cpu, apkey[3]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 2, 0), 0, offsetof(struct cpu, apkey[4]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 2, 1), 0, offsetof(struct cpu, apkey[5]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 2, 2), 0, offsetof(struct cpu, apkey[6]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 2, 3), 0, offsetof(struct cpu, apkey[7]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 3, 0), 0, offsetof(struct cpu, apkey[8]), NULL, NULL, access_host_only},
    {SYSREG(3, 0, 2, 3, 1), 0, offsetof(struct cpu, apkey[9]), NULL, NULL, access_host_only},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

/* ---- Families that are not worth a row each -----------------------------------------------------
 */

static uint64_t read_id(struct cpu *c, unsigned key)
{
    return idreg_read(c, key);
}

static void write_id(struct cpu *c, unsigned key, uint64_t val)
{
    idreg_write(c, key, val);
}

static enum verdict access_icc(const struct cpu *c, unsigned key, bool read)
{
    if (cpu_vcpu_const(c)->vm->gic == NULL) {
        return ACCESS_EXIT;
    }
    return gic_icc_exists(key, read) ? ACCESS_OK : ACCESS_UNDEFINED;
}

static uint64_t read_icc(struct cpu *c, unsigned key)
{
    uint64_t val = 0;

    gic_icc_read(cpu_vcpu(c)->vm->gic, cpu_vcpu(c)->index, key, &val);
    return val;
}

static void write_icc(struct cpu *c, unsigned key, uint64_t val)
{
    gic_icc_write(cpu_vcpu(c)->vm->gic, cpu_vcpu(c)->index, key, val);
}

static const struct sysreg family_id = {0, RO | HOST_W, 0, read_id, write_id, NULL};
static const struct sysreg family_debug = {0,          SYNC,        0,
                                           read_debug, write_debug, access_debug_numbered};
static const struct sysreg family_icc = {0, SYNC, 0, read_icc, write_icc, access_icc};
static const struct sysreg family_exit = {0, 0, 0, read_zero, write_ignored, access_exit};

static const struct sysreg *find_family(unsigned key)
{
    unsigned op0 = key >> 14;
    unsigned op1 = key >> 11 & 7;
    unsigned crn = key >> 7 & 15;
    unsigned crm = key >> 3 & 15;
    unsigned op2 = key & 7;

    if (op0 == 3 && op1 == 0 && crn == 0 && crm >= 1 && crm <= 7) {
        return &family_id;
    }
    if (op0 == 2 && op1 == 0 && crn == 0 && op2 >= 4) {
        return &family_debug;
    }
    if (op0 == 3 && op1 == 0 &&
        ((crn == 12 && crm >= 8 && crm <= 12) || (crn == 4 && crm == 6 && op2 == 0))) {
        return &family_icc;
    }
    /* PMU (no ID register claims one), and IMPLEMENTATION DEFINED space: the VMM answers, as under
     * the framework. */
    if (op0 == 3 && (op1 == 0 || op1 == 3) && crn == 9 && crm >= 12 && crm <= 14) {
        return &family_exit;
    }
    if (op0 == 3 && op1 == 3 && crn == 14 && crm >= 8) {
        return &family_exit;
    }
    if (op0 == 3 && op1 == 0 && (crn == 11 || crn == 15)) {
        return &family_exit;
    }
    return NULL;
}

static const struct sysreg *find(unsigned key)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].key == key) {
            return &table[i];
        }
    }
    return find_family(key);
}

/* ---- Access
 * --------------------------------------------------------------------------------------- */

static uint64_t *storage(struct cpu *c, const struct sysreg *r)
{
    return (uint64_t *)(void *)((char *)c + r->offset);
}

static uint64_t load(struct cpu *c, const struct sysreg *r, unsigned key)
{
    return r->read != NULL ? r->read(c, key) : *storage(c, r);
}

static void store(struct cpu *c, const struct sysreg *r, unsigned key, uint64_t val)
{
    if (r->write != NULL) {
        r->write(c, key, val);
    } else {
        *storage(c, r) = val;
    }
}

static enum verdict verdict_for(const struct cpu *c, const struct sysreg *r, unsigned key,
                                bool read)
{
    if (r->flags & (read ? WO : RO)) {
        return ACCESS_UNDEFINED;
    }
    if (c->el == 0 && !(r->flags & (read ? EL0_R : EL0_W))) {
        return ACCESS_UNDEFINED;
    }
    return r->access != NULL ? r->access(c, key, read) : ACCESS_OK;
}

/* ISS of EC 0x18 (D17.2.37). */
static uint32_t access_iss(unsigned key, unsigned rt, bool read)
{
    unsigned op0 = key >> 14;
    unsigned op1 = key >> 11 & 7;
    unsigned crn = key >> 7 & 15;
    unsigned crm = key >> 3 & 15;
    unsigned op2 = key & 7;

    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | read;
}

static const struct op *refuse(struct cpu *c, const struct op *op, enum verdict verdict,
                               unsigned key, bool read)
{
    unsigned rt = read ? op->rd : op->rn;
    uint32_t iss = access_iss(key, rt > 30 ? 31 : rt, read);

    switch (verdict) {
    case ACCESS_TRAP:
        if (key == SYSREG_FPCR || key == SYSREG_FPSR) {
            return except_fp_access(c, op);
        }
        return except_sync(c, op, EC_SYSREG, iss);
    case ACCESS_EXIT: return except_exit(c, cpu_op_pc(c, op), esr_make(EC_SYSREG, iss), 0, 0);
    default: return except_undefined(c, op);
    }
}

/* imm of the general handlers: key in the low half, the table's row (TABLE_COUNT: a family) in the
 * high half. */
static const struct sysreg *row_of(const struct op *op, unsigned *key)
{
    unsigned row = (unsigned)op->imm >> 16;

    *key = (unsigned)op->imm & 0xffff;
    return row < TABLE_COUNT ? &table[row] : find_family(*key);
}

static const struct op *exec_mrs(struct cpu *c, const struct op *op)
{
    unsigned key;
    const struct sysreg *r = row_of(op, &key);
    enum verdict verdict = verdict_for(c, r, key, true);

    if (UNLIKELY(verdict != ACCESS_OK)) {
        return refuse(c, op, verdict, key, true);
    }
    c->x[op->rd] = load(c, r, key);
    OP_NEXT(c, op);
}

static const struct op *exec_msr(struct cpu *c, const struct op *op)
{
    unsigned key;
    const struct sysreg *r = row_of(op, &key);
    enum verdict verdict = verdict_for(c, r, key, false);

    if (UNLIKELY(verdict != ACCESS_OK)) {
        return refuse(c, op, verdict, key, false);
    }
    store(c, r, key, c->x[op->rn]);
    if (r->flags & SYNC) {
        uint64_t next = cpu_op_pc(c, op) + 4;
        return cpu_interrupt_due(c) ? code_resync(c, next) : code_branch(c, next);
    }
    OP_NEXT(c, op);
}

/* Plain storage of EL1, and what EL0 may read of it: imm is the offset. */
static const struct op *exec_mrs_plain(struct cpu *c, const struct op *op)
{
    if (UNLIKELY(c->el == 0)) {
        return except_undefined(c, op);
    }
    c->x[op->rd] = *(const uint64_t *)(const void *)((const char *)c + op->imm);
    OP_NEXT(c, op);
}

static const struct op *exec_mrs_plain_el0(struct cpu *c, const struct op *op)
{
    c->x[op->rd] = *(const uint64_t *)(const void *)((const char *)c + op->imm);
    OP_NEXT(c, op);
}

static const struct op *exec_msr_plain(struct cpu *c, const struct op *op)
{
    if (UNLIKELY(c->el == 0)) {
        return except_undefined(c, op);
    }
    *(uint64_t *)(void *)((char *)c + op->imm) = c->x[op->rn];
    OP_NEXT(c, op);
}

bool sysreg_decode_move(uint32_t insn, struct op *op)
{
    bool read = bit32(insn, 21);
    unsigned key = sysreg_key(insn);
    const struct sysreg *r = find(key);
    size_t row;

    if (r == NULL || (r->flags & (read ? WO : RO))) {
        return false;
    }
    op->rd = reg_dst(insn, 0);
    op->rn = reg_src(insn, 0);
    if (r->offset != 0 && r->access == NULL && !(r->flags & (RO | EL0_W)) &&
        !(r->flags & EL0_R && !read)) {
        op->imm = (int32_t)r->offset;
        op->exec = !read ? exec_msr_plain : r->flags & EL0_R ? exec_mrs_plain_el0 : exec_mrs_plain;
        return true;
    }
    row = r >= table && r < table + TABLE_COUNT ? (size_t)(r - table) : TABLE_COUNT;
    op->imm = (int32_t)(row << 16 | key);
    op->exec = read ? exec_mrs : exec_msr;
    return true;
}

bool sysreg_get(struct cpu *c, unsigned key, uint64_t *val)
{
    const struct sysreg *r = find(key);

    if (r == NULL || (r->flags & WO) || r == &family_exit) {
        return false;
    }
    if (r == &family_icc && (cpu_vcpu(c)->vm->gic == NULL || key == SYSREG(3, 0, 12, 12, 0) ||
                             key == SYSREG(3, 0, 12, 8, 0))) {
        return false;
    }
    *val = load(c, r, key);
    return true;
}

bool sysreg_set(struct cpu *c, unsigned key, uint64_t val)
{
    const struct sysreg *r = find(key);

    if (r == NULL || ((r->flags & RO) && !(r->flags & HOST_W)) || r == &family_exit ||
        r == &family_icc) {
        return false;
    }
    store(c, r, key, val);
    return true;
}
