/* SPDX-License-Identifier: ISC */
/* hv-sys-reg.c: the members of hv_sys_reg_t that softhv has (hv-sys-reg.h). */
#include "hv-sys-reg.h"

bool hv_sys_reg_offered(hv_sys_reg_t reg, bool has_gic)
{
    /* DBGBVR, DBGBCR, DBGWVR, DBGWCR 0 to 15: op2 4 to 7 of CRm 0 to 15. */
    if (reg >= HV_SYS_REG_DBGBVR0_EL1 && reg <= HV_SYS_REG_DBGWCR15_EL1 && (reg & 4) != 0) {
        return true;
    }
    switch (reg) {
    case HV_SYS_REG_MDCCINT_EL1:
    case HV_SYS_REG_MDSCR_EL1:
    case HV_SYS_REG_MIDR_EL1:
    case HV_SYS_REG_MPIDR_EL1:
    case HV_SYS_REG_ID_AA64PFR0_EL1:
    case HV_SYS_REG_ID_AA64PFR1_EL1:
    case HV_SYS_REG_ID_AA64ZFR0_EL1:
    case HV_SYS_REG_ID_AA64SMFR0_EL1:
    case HV_SYS_REG_ID_AA64DFR0_EL1:
    case HV_SYS_REG_ID_AA64DFR1_EL1:
    case HV_SYS_REG_ID_AA64ISAR0_EL1:
    case HV_SYS_REG_ID_AA64ISAR1_EL1:
    case HV_SYS_REG_ID_AA64MMFR0_EL1:
    case HV_SYS_REG_ID_AA64MMFR1_EL1:
    case HV_SYS_REG_ID_AA64MMFR2_EL1:
    case HV_SYS_REG_SCTLR_EL1:
    case HV_SYS_REG_ACTLR_EL1:
    case HV_SYS_REG_CPACR_EL1:
    case HV_SYS_REG_TTBR0_EL1:
    case HV_SYS_REG_TTBR1_EL1:
    case HV_SYS_REG_TCR_EL1:
    case HV_SYS_REG_APIAKEYLO_EL1:
    case HV_SYS_REG_APIAKEYHI_EL1:
    case HV_SYS_REG_APIBKEYLO_EL1:
    case HV_SYS_REG_APIBKEYHI_EL1:
    case HV_SYS_REG_APDAKEYLO_EL1:
    case HV_SYS_REG_APDAKEYHI_EL1:
    case HV_SYS_REG_APDBKEYLO_EL1:
    case HV_SYS_REG_APDBKEYHI_EL1:
    case HV_SYS_REG_APGAKEYLO_EL1:
    case HV_SYS_REG_APGAKEYHI_EL1:
    case HV_SYS_REG_SPSR_EL1:
    case HV_SYS_REG_ELR_EL1:
    case HV_SYS_REG_SP_EL0:
    case HV_SYS_REG_SP_EL1:
    case HV_SYS_REG_AFSR0_EL1:
    case HV_SYS_REG_AFSR1_EL1:
    case HV_SYS_REG_ESR_EL1:
    case HV_SYS_REG_FAR_EL1:
    case HV_SYS_REG_PAR_EL1:
    case HV_SYS_REG_MAIR_EL1:
    case HV_SYS_REG_AMAIR_EL1:
    case HV_SYS_REG_VBAR_EL1:
    case HV_SYS_REG_CONTEXTIDR_EL1:
    case HV_SYS_REG_TPIDR_EL1:
    case HV_SYS_REG_CNTKCTL_EL1:
    case HV_SYS_REG_CSSELR_EL1:
    case HV_SYS_REG_TPIDR_EL0:
    case HV_SYS_REG_TPIDRRO_EL0:
    case HV_SYS_REG_CNTV_CTL_EL0:
    case HV_SYS_REG_CNTV_CVAL_EL0: return true;
    case HV_SYS_REG_CNTP_CTL_EL0:
    case HV_SYS_REG_CNTP_CVAL_EL0:
    case HV_SYS_REG_CNTP_TVAL_EL0: return has_gic;
    default: return false;
    }
}
