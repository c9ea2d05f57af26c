/* SPDX-License-Identifier: ISC */
/*
 * abi.c: values, sizes and layouts of <Hypervisor/Hypervisor.h>, checked by the
 * compiler. One case exists so that the suite lists them.
 *
 * They were compared, all of them, with published bindings made from Apple's
 * header; here are the formulas and at least both ends of every range.
 */
#include "hvt.h"

#define SAME(constant, value) _Static_assert((constant) == (value), #constant)

/* Results: err_local | err_sub(0xba5) | code. */
SAME(HV_SUCCESS, 0);
SAME((uint32_t)HV_ERROR, 0xfae94001);
SAME((uint32_t)HV_BUSY, 0xfae94002);
SAME((uint32_t)HV_BAD_ARGUMENT, 0xfae94003);
SAME((uint32_t)HV_ILLEGAL_GUEST_STATE, 0xfae94004);
SAME((uint32_t)HV_NO_RESOURCES, 0xfae94005);
SAME((uint32_t)HV_NO_DEVICE, 0xfae94006);
SAME((uint32_t)HV_DENIED, 0xfae94007);
SAME((uint32_t)HV_UNSUPPORTED, 0xfae9400f);
SAME(HV_ERROR, -85377023);
SAME(HV_UNSUPPORTED, -85377009);

/* Types. */
SAME(sizeof(hv_return_t), 4);
SAME(sizeof(hv_vcpu_t), 8);
SAME(sizeof(hv_ipa_t), 8);
SAME(sizeof(hv_memory_flags_t), 8);
SAME(sizeof(hv_allocate_flags_t), 8);
SAME(sizeof(hv_exit_reason_t), 4);
SAME(sizeof(hv_reg_t), 4);
SAME(sizeof(hv_simd_fp_reg_t), 4);
SAME(sizeof(hv_sys_reg_t), 2);
SAME(sizeof(hv_interrupt_type_t), 4);
SAME(sizeof(hv_feature_reg_t), 4);
SAME(sizeof(hv_cache_type_t), 4);
SAME(sizeof(hv_ipa_granule_t), 4);
SAME(sizeof(hv_gic_intid_t), 2);
SAME(sizeof(hv_gic_distributor_reg_t), 2);
SAME(sizeof(hv_gic_redistributor_reg_t), 4);
SAME(sizeof(hv_gic_icc_reg_t), 2);
SAME(sizeof(hv_gic_ich_reg_t), 2);
SAME(sizeof(hv_gic_icv_reg_t), 2);
SAME(sizeof(hv_gic_msi_reg_t), 2);
SAME(sizeof(hv_simd_fp_uchar16_t), 16);
SAME(_Alignof(hv_simd_fp_uchar16_t), 16);
SAME(sizeof(hv_vm_config_t), sizeof(void *));

/* The exit record. */
SAME(sizeof(hv_vcpu_exit_t), 32);
SAME(offsetof(hv_vcpu_exit_t, reason), 0);
SAME(offsetof(hv_vcpu_exit_t, exception), 8);
SAME(sizeof(hv_vcpu_exit_exception_t), 24);
SAME(offsetof(hv_vcpu_exit_exception_t, syndrome), 0);
SAME(offsetof(hv_vcpu_exit_exception_t, virtual_address), 8);
SAME(offsetof(hv_vcpu_exit_exception_t, physical_address), 16);
SAME(HV_EXIT_REASON_CANCELED, 0);
SAME(HV_EXIT_REASON_EXCEPTION, 1);
SAME(HV_EXIT_REASON_VTIMER_ACTIVATED, 2);
SAME(HV_EXIT_REASON_UNKNOWN, 3);

/* Small enumerations. */
SAME(HV_MEMORY_READ, 1);
SAME(HV_MEMORY_WRITE, 2);
SAME(HV_MEMORY_EXEC, 4);
SAME(HV_ALLOCATE_DEFAULT, 0);
SAME(HV_IPA_GRANULE_4KB, 0);
SAME(HV_IPA_GRANULE_16KB, 1);
SAME(HV_INTERRUPT_TYPE_IRQ, 0);
SAME(HV_INTERRUPT_TYPE_FIQ, 1);
SAME(HV_CACHE_TYPE_DATA, 0);
SAME(HV_CACHE_TYPE_INSTRUCTION, 1);
SAME(HV_FEATURE_REG_ID_AA64DFR0_EL1, 0);
SAME(HV_FEATURE_REG_ID_AA64DFR1_EL1, 1);
SAME(HV_FEATURE_REG_ID_AA64ISAR0_EL1, 2);
SAME(HV_FEATURE_REG_ID_AA64ISAR1_EL1, 3);
SAME(HV_FEATURE_REG_ID_AA64MMFR0_EL1, 4);
SAME(HV_FEATURE_REG_ID_AA64MMFR1_EL1, 5);
SAME(HV_FEATURE_REG_ID_AA64MMFR2_EL1, 6);
SAME(HV_FEATURE_REG_ID_AA64PFR0_EL1, 7);
SAME(HV_FEATURE_REG_ID_AA64PFR1_EL1, 8);
SAME(HV_FEATURE_REG_CTR_EL0, 9);
SAME(HV_FEATURE_REG_CLIDR_EL1, 10);
SAME(HV_FEATURE_REG_DCZID_EL0, 11);

/* Registers. */
SAME(HV_REG_X0, 0);
SAME(HV_REG_X15, 15);
SAME(HV_REG_X28, 28);
SAME(HV_REG_FP, 29);
SAME(HV_REG_X29, 29);
SAME(HV_REG_LR, 30);
SAME(HV_REG_X30, 30);
SAME(HV_REG_PC, 31);
SAME(HV_REG_FPCR, 32);
SAME(HV_REG_FPSR, 33);
SAME(HV_REG_CPSR, 34);
SAME(HV_SIMD_FP_REG_Q0, 0);
SAME(HV_SIMD_FP_REG_Q31, 31);

#define SYS(name, op0, op1, crn, crm, op2)                                                         \
    SAME(HV_SYS_REG_##name, op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2)
SYS(DBGBVR0_EL1, 2, 0, 0, 0, 4);
SYS(DBGBCR0_EL1, 2, 0, 0, 0, 5);
SYS(DBGWVR0_EL1, 2, 0, 0, 0, 6);
SYS(DBGWCR0_EL1, 2, 0, 0, 0, 7);
SYS(DBGBVR15_EL1, 2, 0, 0, 15, 4);
SYS(DBGWCR15_EL1, 2, 0, 0, 15, 7);
SYS(MDCCINT_EL1, 2, 0, 0, 2, 0);
SYS(MDSCR_EL1, 2, 0, 0, 2, 2);
SYS(MIDR_EL1, 3, 0, 0, 0, 0);
SYS(MPIDR_EL1, 3, 0, 0, 0, 5);
SYS(ID_AA64PFR0_EL1, 3, 0, 0, 4, 0);
SYS(ID_AA64PFR1_EL1, 3, 0, 0, 4, 1);
SYS(ID_AA64DFR0_EL1, 3, 0, 0, 5, 0);
SYS(ID_AA64DFR1_EL1, 3, 0, 0, 5, 1);
SYS(ID_AA64ISAR0_EL1, 3, 0, 0, 6, 0);
SYS(ID_AA64ISAR1_EL1, 3, 0, 0, 6, 1);
SYS(ID_AA64MMFR0_EL1, 3, 0, 0, 7, 0);
SYS(ID_AA64MMFR1_EL1, 3, 0, 0, 7, 1);
SYS(ID_AA64MMFR2_EL1, 3, 0, 0, 7, 2);
SYS(SCTLR_EL1, 3, 0, 1, 0, 0);
SYS(ACTLR_EL1, 3, 0, 1, 0, 1);
SYS(CPACR_EL1, 3, 0, 1, 0, 2);
SYS(TTBR0_EL1, 3, 0, 2, 0, 0);
SYS(TTBR1_EL1, 3, 0, 2, 0, 1);
SYS(TCR_EL1, 3, 0, 2, 0, 2);
SYS(APIAKEYLO_EL1, 3, 0, 2, 1, 0);
SYS(APIBKEYHI_EL1, 3, 0, 2, 1, 3);
SYS(APDAKEYLO_EL1, 3, 0, 2, 2, 0);
SYS(APDBKEYHI_EL1, 3, 0, 2, 2, 3);
SYS(APGAKEYHI_EL1, 3, 0, 2, 3, 1);
SYS(SPSR_EL1, 3, 0, 4, 0, 0);
SYS(ELR_EL1, 3, 0, 4, 0, 1);
SYS(SP_EL0, 3, 0, 4, 1, 0);
SYS(AFSR0_EL1, 3, 0, 5, 1, 0);
SYS(AFSR1_EL1, 3, 0, 5, 1, 1);
SYS(ESR_EL1, 3, 0, 5, 2, 0);
SYS(FAR_EL1, 3, 0, 6, 0, 0);
SYS(PAR_EL1, 3, 0, 7, 4, 0);
SYS(MAIR_EL1, 3, 0, 10, 2, 0);
SYS(AMAIR_EL1, 3, 0, 10, 3, 0);
SYS(VBAR_EL1, 3, 0, 12, 0, 0);
SYS(CONTEXTIDR_EL1, 3, 0, 13, 0, 1);
SYS(TPIDR_EL1, 3, 0, 13, 0, 4);
SYS(CNTKCTL_EL1, 3, 0, 14, 1, 0);
SYS(CSSELR_EL1, 3, 2, 0, 0, 0);
SYS(TPIDR_EL0, 3, 3, 13, 0, 2);
SYS(TPIDRRO_EL0, 3, 3, 13, 0, 3);
SYS(CNTP_TVAL_EL0, 3, 3, 14, 2, 0);
SYS(CNTP_CTL_EL0, 3, 3, 14, 2, 1);
SYS(CNTP_CVAL_EL0, 3, 3, 14, 2, 2);
SYS(CNTV_CTL_EL0, 3, 3, 14, 3, 1);
SYS(CNTV_CVAL_EL0, 3, 3, 14, 3, 2);
SYS(SP_EL1, 3, 4, 4, 1, 0);
SYS(HCR_EL2, 3, 4, 1, 1, 0);
SYS(VTTBR_EL2, 3, 4, 2, 1, 0);
SYS(CNTVOFF_EL2, 3, 4, 14, 0, 3);
SYS(CNTHCTL_EL2, 3, 4, 14, 1, 0);
SYS(SP_EL2, 3, 6, 4, 1, 0);
/* Values as sources list them, so that the formula itself is checked. */
SAME(HV_SYS_REG_MIDR_EL1, 0xc000);
SAME(HV_SYS_REG_CNTV_CTL_EL0, 0xdf19);
SAME(HV_SYS_REG_SP_EL1, 0xe208);
SAME(HV_SYS_REG_CNTHCTL_EL2, 0xe708);
SAME(HV_SYS_REG_DBGBVR0_EL1, 0x8004);

/* The GIC. */
SAME(HV_GIC_INT_PERFORMANCE_MONITOR, 23);
SAME(HV_GIC_INT_MAINTENANCE, 25);
SAME(HV_GIC_INT_EL2_PHYSICAL_TIMER, 26);
SAME(HV_GIC_INT_EL1_VIRTUAL_TIMER, 27);
SAME(HV_GIC_INT_EL1_PHYSICAL_TIMER, 30);

#define GICD(name, value) SAME(HV_GIC_DISTRIBUTOR_REG_GICD_##name, value)
GICD(CTLR, 0x0000);
GICD(TYPER, 0x0004);
GICD(IGROUPR0, 0x0080);
GICD(IGROUPR31, 0x00fc);
GICD(ISENABLER0, 0x0100);
GICD(ISENABLER31, 0x017c);
GICD(ICENABLER0, 0x0180);
GICD(ICENABLER31, 0x01fc);
GICD(ISPENDR0, 0x0200);
GICD(ISPENDR31, 0x027c);
GICD(ICPENDR0, 0x0280);
GICD(ICPENDR31, 0x02fc);
GICD(ISACTIVER0, 0x0300);
GICD(ISACTIVER31, 0x037c);
GICD(ICACTIVER0, 0x0380);
GICD(ICACTIVER9, 0x03a4);
GICD(ICACTIVER10, 0x03a8);
GICD(ICACTIVER31, 0x03fc);
GICD(IPRIORITYR0, 0x0400);
GICD(IPRIORITYR8, 0x0420);
GICD(IPRIORITYR99, 0x058c);
GICD(IPRIORITYR100, 0x0590);
GICD(IPRIORITYR199, 0x071c);
GICD(IPRIORITYR200, 0x0720);
GICD(IPRIORITYR254, 0x07f8);
GICD(ICFGR0, 0x0c00);
GICD(ICFGR63, 0x0cfc);
GICD(IROUTER32, 0x6100);
GICD(IROUTER99, 0x6318);
GICD(IROUTER100, 0x6320);
GICD(IROUTER708, 0x7620);
GICD(IROUTER999, 0x7f38);
GICD(IROUTER1000, 0x7f40);
GICD(IROUTER1019, 0x7fd8);
GICD(PIDR2, 0xffe8);

#define GICR(name, value) SAME(HV_GIC_REDISTRIBUTOR_REG_GICR_##name, value)
GICR(TYPER, 0x0008);
GICR(PIDR2, 0xffe8);
GICR(IGROUPR0, 0x10080);
GICR(ISENABLER0, 0x10100);
GICR(ICENABLER0, 0x10180);
GICR(ISPENDR0, 0x10200);
GICR(ICPENDR0, 0x10280);
GICR(ISACTIVER0, 0x10300);
GICR(ICACTIVER0, 0x10380);
GICR(IPRIORITYR0, 0x10400);
GICR(IPRIORITYR7, 0x1041c);
GICR(ICFGR0, 0x10c00);
GICR(ICFGR1, 0x10c04);

#define ICC(name, op1, crn, crm, op2)                                                              \
    SAME(HV_GIC_ICC_REG_##name, 3 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2)
ICC(PMR_EL1, 0, 4, 6, 0);
ICC(BPR0_EL1, 0, 12, 8, 3);
ICC(AP0R0_EL1, 0, 12, 8, 4);
ICC(AP1R0_EL1, 0, 12, 9, 0);
ICC(RPR_EL1, 0, 12, 11, 3);
ICC(BPR1_EL1, 0, 12, 12, 3);
ICC(CTLR_EL1, 0, 12, 12, 4);
ICC(SRE_EL1, 0, 12, 12, 5);
ICC(IGRPEN0_EL1, 0, 12, 12, 6);
ICC(IGRPEN1_EL1, 0, 12, 12, 7);
ICC(SRE_EL2, 4, 12, 9, 5);
SAME(HV_GIC_ICC_REG_PMR_EL1, 0xc230);
SAME(HV_GIC_ICC_REG_IGRPEN1_EL1, 0xc667);
SAME(HV_GIC_ICH_REG_AP0R0_EL2, 0xe640);
SAME(HV_GIC_ICH_REG_VMCR_EL2, 0xe65f);
SAME(HV_GIC_ICH_REG_LR15_EL2, 0xe66f);
SAME(HV_GIC_ICV_REG_PMR_EL1, 0xc230);
SAME(HV_GIC_ICV_REG_IGRPEN1_EL1, 0xc667);
SAME(HV_GIC_REG_GICM_TYPER, 0x0008);
SAME(HV_GIC_REG_GICM_SET_SPI_NSR, 0x0040);

/* The assertions above held, or this would not have been compiled. */
static void test_values_sizes_and_layouts(void **state)
{
    (void)state;
}

int hvt_group_abi(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_sizes_and_layouts),
    };
    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
