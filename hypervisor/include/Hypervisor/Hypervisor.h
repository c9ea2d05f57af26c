/* SPDX-License-Identifier: ISC */
/*
 * The arm64 interface of Apple's Hypervisor.framework, declared in our own
 * words so that one VMM source runs on a Mac (where the SDK's own header of
 * this name is used) and everywhere else (where libhv.a implements it).
 * Names, values and layouts are Apple's; tests/hv-conformance/ checks the
 * behaviour against both implementations.
 *
 * Where a fact comes from is marked [apple] for Apple's documentation and SDK,
 * [arm] for the Arm architecture (Arm ARM DDI 0487, GIC IHI 0069), [seen] for
 * what several published VMMs rely on, [softhv] for a choice of libhv where
 * the others are silent.
 *
 * The shape of a program, in the only order that works:
 *
 *     hv_vm_config_create, hv_vm_config_set_ipa_size      optional
 *     hv_vm_create                                        one VM per process
 *     hv_vm_map                                           RAM; 16 KiB granules
 *     hv_gic_config_create, hv_gic_config_set_*           optional
 *     hv_gic_create                                       before any vCPU
 *     per vCPU, on a thread of its own:
 *         hv_vcpu_create, MPIDR_EL1, PC, CPSR = 0x3c5, X0..X3
 *         loop { hv_vcpu_run; look at *exit }
 *         hv_vcpu_destroy
 *     hv_vm_destroy                                       after every vCPU
 *
 * Threads. A vCPU belongs to the thread that created it, and a thread has at
 * most one [apple]. Every function with an hv_vcpu_t argument must be called
 * on that thread; libhv refuses others with HV_BAD_ARGUMENT. The exceptions
 * are hv_vcpus_exit() and hv_gic_get_redistributor_base(), which any thread
 * may call. Functions without a vCPU (VM, memory, GIC) may be called by any
 * thread at any time, also while vCPUs run, unless said otherwise.
 *
 * Errors. Every function returns HV_SUCCESS (0) or an error and, with an
 * error, has changed nothing. Out-parameters are written on success only.
 * A call that needs a VM answers HV_NO_DEVICE when there is none [softhv];
 * a NULL out-parameter and an unknown constant are HV_BAD_ARGUMENT. On a Mac
 * test for "not HV_SUCCESS" rather than for one code: only the codes marked
 * [apple] below are documented.
 *
 * Units. IPAs (guest physical addresses) and sizes are in bytes.
 */
#ifndef HYPERVISOR_HYPERVISOR_H
#define HYPERVISOR_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <os/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ */
/* Results                                                            */
/* ------------------------------------------------------------------ */

/* A mach_error_t: 32 bits, negative on error. */
typedef int32_t hv_return_t;

enum {
    HV_SUCCESS = 0,
    HV_ERROR = -0x0516bfff,               /* 0xfae94001  failed, no better word for it */
    HV_BUSY = -0x0516bffe,                /* 0xfae94002  the owner is in use */
    HV_BAD_ARGUMENT = -0x0516bffd,        /* 0xfae94003  argument, or not the owning thread */
    HV_ILLEGAL_GUEST_STATE = -0x0516bffc, /* 0xfae94004  the vCPU cannot be run as it is */
    HV_NO_RESOURCES = -0x0516bffb,        /* 0xfae94005  host memory, threads, vCPUs */
    HV_NO_DEVICE = -0x0516bffa,           /* 0xfae94006  no VM, no GIC */
    HV_DENIED = -0x0516bff9,              /* 0xfae94007  e.g. no entitlement */
    HV_EXISTS = -0x0516bff8,              /* 0xfae94008  there is one already */
    HV_UNSUPPORTED = -0x0516bff1          /* 0xfae9400f  this machine or VM has no such thing */
};

/* ------------------------------------------------------------------ */
/* VM configuration                                                   */
/* ------------------------------------------------------------------ */

/* A guest physical address ("intermediate", because the guest's own stage 1
 * comes before it). */
typedef uint64_t hv_ipa_t;

/* Reference-counted; released with os_release(). hv_vm_create() copies it. */
typedef struct hv_vm_config_s *hv_vm_config_t;

/* The granule of stage 2, macOS 26. */
typedef uint32_t hv_ipa_granule_t;
enum {
    HV_IPA_GRANULE_4KB = 0,
    HV_IPA_GRANULE_16KB = 1
};

/* A config with every default. NULL when out of memory. Needs no VM. */
hv_vm_config_t hv_vm_config_create(void);

/*
 * Address bits of guest physical space; 36 means IPAs below 64 GiB [apple].
 * The getters of maximum and default need no config and no VM. Default 36 and
 * maximum 40 on the Macs seen (42 on recent ones) [seen]; libhv: 36 and 40.
 * set: above the maximum is HV_BAD_ARGUMENT (libhv: also below 32).
 */
hv_return_t hv_vm_config_get_max_ipa_size(uint32_t *ipa_bit_length);
hv_return_t hv_vm_config_get_default_ipa_size(uint32_t *ipa_bit_length);
hv_return_t hv_vm_config_set_ipa_size(hv_vm_config_t config, uint32_t ipa_bit_length);
hv_return_t hv_vm_config_get_ipa_size(hv_vm_config_t config, uint32_t *ipa_bit_length);

/*
 * Guest EL2 (nested virtualisation), macOS 15 on M3 and later. libhv has none:
 * supported and enabled read false, enabling is HV_UNSUPPORTED, disabling
 * succeeds. With it go every *_EL2 register, the ICH and the ICV registers.
 */
hv_return_t hv_vm_config_get_el2_supported(bool *el2_supported);
hv_return_t hv_vm_config_get_el2_enabled(hv_vm_config_t config, bool *el2_enabled);
hv_return_t hv_vm_config_set_el2_enabled(hv_vm_config_t config, bool el2_enabled);

/* The unit of hv_vm_map(), hv_vm_unmap(), hv_vm_protect(). Default 16 KiB. */
hv_return_t hv_vm_config_get_default_ipa_granule(hv_ipa_granule_t *granule);
hv_return_t hv_vm_config_get_ipa_granule(hv_vm_config_t config, hv_ipa_granule_t *granule);
hv_return_t hv_vm_config_set_ipa_granule(hv_vm_config_t config, hv_ipa_granule_t granule);

/* ------------------------------------------------------------------ */
/* VM and its memory                                                  */
/* ------------------------------------------------------------------ */

/* A set of HV_MEMORY_*; none at all keeps the range mapped and unreachable. */
typedef uint64_t hv_memory_flags_t;
enum {
    HV_MEMORY_READ = 1 << 0,
    HV_MEMORY_WRITE = 1 << 1,
    HV_MEMORY_EXEC = 1 << 2
};

typedef uint64_t hv_allocate_flags_t;
enum {
    HV_ALLOCATE_DEFAULT = 0
};

/* The most vCPUs a VM can have. Needs no VM. */
hv_return_t hv_vm_get_max_vcpu_count(uint32_t *max_vcpu_count);

/*
 * Makes the process's VM. config may be NULL for the defaults and may be
 * released afterwards. A process has at most one VM [apple]: a second call is
 * refused (libhv: HV_BUSY). HV_DENIED without com.apple.security.hypervisor.
 */
hv_return_t hv_vm_create(hv_vm_config_t config);

/*
 * Ends the VM, its mappings and its GIC; the mapped host memory stays the
 * caller's. Every vCPU must have been destroyed [apple]; libhv answers
 * HV_BUSY while one lives. Afterwards a new VM can be created.
 */
hv_return_t hv_vm_destroy(void);

/*
 * Shows the guest `size` bytes of host memory at addr as [ipa, ipa + size).
 *
 * addr, ipa and size are multiples of the granule, 16 KiB by default, and size
 * is not 0. The range must lie inside the VM's IPA size and touch no other
 * mapping. Anything else is HV_BAD_ARGUMENT. The host memory stays the
 * caller's and must outlive the mapping; come from mmap() or
 * hv_vm_allocate(), not malloc() [apple]; and stay where it is: remapping it
 * under a live mapping is not noticed [seen].
 *
 * Whatever the guest touches outside of every mapping ends hv_vcpu_run().
 */
hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);

/* Takes [ipa, ipa + size) away. Same granules. libhv: every byte of the range
 * must be mapped, by one mapping or several; part of a mapping may go. */
hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size);

/*
 * Changes the rights of a mapped range or a part of one. A guest access that
 * the new rights forbid ends hv_vcpu_run() as a *translation* fault (DFSC 0x07)
 * although the architecture calls it permission [seen]; that is how dirty
 * pages are tracked.
 */
hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);

/*
 * Zeroed anonymous host memory fit for hv_vm_map(). size is a multiple of the
 * host's page size; flags is HV_ALLOCATE_DEFAULT. The caller owns it and gives
 * it back with hv_vm_deallocate() and the same size, after unmapping it.
 */
hv_return_t hv_vm_allocate(void **uvap, size_t size, hv_allocate_flags_t flags);
hv_return_t hv_vm_deallocate(void *uva, size_t size);

/* ------------------------------------------------------------------ */
/* vCPU configuration                                                 */
/* ------------------------------------------------------------------ */

/* Reference-counted; released with os_release(). */
typedef struct hv_vcpu_config_s *hv_vcpu_config_t;

/* The identification registers a new vCPU will show [apple]. */
typedef uint32_t hv_feature_reg_t;
enum {
    HV_FEATURE_REG_ID_AA64DFR0_EL1 = 0,
    HV_FEATURE_REG_ID_AA64DFR1_EL1 = 1,
    HV_FEATURE_REG_ID_AA64ISAR0_EL1 = 2,
    HV_FEATURE_REG_ID_AA64ISAR1_EL1 = 3,
    HV_FEATURE_REG_ID_AA64MMFR0_EL1 = 4,
    HV_FEATURE_REG_ID_AA64MMFR1_EL1 = 5,
    HV_FEATURE_REG_ID_AA64MMFR2_EL1 = 6,
    HV_FEATURE_REG_ID_AA64PFR0_EL1 = 7,
    HV_FEATURE_REG_ID_AA64PFR1_EL1 = 8,
    HV_FEATURE_REG_CTR_EL0 = 9,
    HV_FEATURE_REG_CLIDR_EL1 = 10,
    HV_FEATURE_REG_DCZID_EL0 = 11,
    HV_FEATURE_REG_ID_AA64SMFR0_EL1 = 12, /* macOS 15.2 */
    HV_FEATURE_REG_ID_AA64ZFR0_EL1 = 13   /* macOS 15.2 */
};

typedef uint32_t hv_cache_type_t;
enum {
    HV_CACHE_TYPE_DATA = 0,
    HV_CACHE_TYPE_INSTRUCTION = 1
};

/* A config with every default. NULL when out of memory. Needs no VM. */
hv_vcpu_config_t hv_vcpu_config_create(void);

hv_return_t hv_vcpu_config_get_feature_reg(hv_vcpu_config_t config, hv_feature_reg_t feature_reg,
                                           uint64_t *value);

/* CCSIDR_EL1 of the cache levels 1 to 8, in values[0] to values[7]; a level
 * that does not exist reads 0. `values` has room for 8. */
hv_return_t hv_vcpu_config_get_ccsidr_el1_sys_reg_values(hv_vcpu_config_t config,
                                                         hv_cache_type_t cache_type,
                                                         uint64_t *values);

/* ------------------------------------------------------------------ */
/* vCPU                                                               */
/* ------------------------------------------------------------------ */

/* Names a vCPU. 0 is a valid name: keep "have one" apart. */
typedef uint64_t hv_vcpu_t;

/* Why hv_vcpu_run() returned [apple]. */
typedef uint32_t hv_exit_reason_t;
enum {
    HV_EXIT_REASON_CANCELED = 0,         /* somebody called hv_vcpus_exit() */
    HV_EXIT_REASON_EXCEPTION = 1,        /* the guest took an exception to us: see below */
    HV_EXIT_REASON_VTIMER_ACTIVATED = 2, /* the virtual timer fired, and is now masked */
    HV_EXIT_REASON_UNKNOWN = 3           /* should not happen */
};

typedef uint64_t hv_exception_syndrome_t; /* as ESR_EL2 [arm] */
typedef uint64_t hv_exception_address_t;  /* as FAR_EL2 [arm] */

typedef struct {
    hv_exception_syndrome_t syndrome;
    hv_exception_address_t virtual_address;
    hv_ipa_t physical_address; /* of aborts: the full IPA, not rounded to a page */
} hv_vcpu_exit_exception_t;

/*
 * The last exit of one vCPU. `exception` means something with
 * HV_EXIT_REASON_EXCEPTION only. Its syndrome by class, EC = bits 31:26 [arm]:
 *
 *   0x01  WFI/WFE            PC on the instruction; ISS 1:0 = 0 WFI, 1 WFE
 *   0x16  HVC                PC *after* it; ISS 15:0 = the immediate
 *   0x17  SMC                PC *on* it: step over it yourself
 *   0x18  MSR, MRS, SYS      PC on it; ISS: Op0 21:20 Op2 19:17 Op1 16:14
 *                            CRn 13:10 Rt 9:5 CRm 4:1, bit 0 = read
 *   0x20  instruction abort  PC on it; ISS 5:0 = IFSC
 *   0x24  data abort         PC on it; ISS: ISV 24 SAS 23:22 SSE 21 SRT 20:16
 *                            SF 15 AR 14 CM 8 S1PTW 7 WnR 6 DFSC 5:0
 *   0x3c  BRK                PC on it; with hv_vcpu_set_trap_debug_exceptions()
 *
 * Rt and SRT 31 is the zero register; as an hv_reg_t 31 would be PC. ISV is 0
 * for pairs, write-back forms, SIMD&FP, exclusives and atomics: the syndrome
 * then doesn't say which access it was.
 */
typedef struct {
    hv_exit_reason_t reason;
    hv_vcpu_exit_exception_t exception;
} hv_vcpu_exit_t;

/*
 * Makes a vCPU that belongs to the calling thread. *exit is set to a record
 * that every hv_vcpu_run() of it overwrites; it is the library's, readable
 * until hv_vcpu_destroy(). config may be NULL.
 *
 * HV_NO_DEVICE without VM; refused when the thread has a vCPU already (libhv:
 * HV_BUSY); HV_NO_RESOURCES beyond hv_vm_get_max_vcpu_count().
 *
 * Reset state is not documented: set PC, CPSR and MPIDR_EL1 always. libhv:
 * everything 0, CPSR 0x3c5 (EL1h, DAIF masked), MPIDR_EL1 the creation index.
 */
hv_return_t hv_vcpu_create(hv_vcpu_t *vcpu, hv_vcpu_exit_t **exit, hv_vcpu_config_t config);
hv_return_t hv_vcpu_destroy(hv_vcpu_t vcpu);

/* Runs the guest until the next exit, which *exit then describes. */
hv_return_t hv_vcpu_run(hv_vcpu_t vcpu);

/*
 * Makes the next, or the current, hv_vcpu_run() of each of these vCPUs return
 * with HV_EXIT_REASON_CANCELED. A vCPU that is outside of the guest returns
 * at once from its next run, without entering [apple]. One-shot: a run that is
 * leaving for another reason may swallow it [seen], so keep a flag of your own
 * and look at it before every run. Any thread. An unknown vCPU in the list is
 * HV_BAD_ARGUMENT and then (libhv) nobody is kicked.
 */
hv_return_t hv_vcpus_exit(hv_vcpu_t *vcpus, uint32_t vcpu_count);

/*
 * Time spent running the guest since creation. Only ever grows. Apple's header
 * says mach_absolute_time() units, Apple's web page nanoseconds; libhv counts
 * nanoseconds.
 */
hv_return_t hv_vcpu_get_exec_time(hv_vcpu_t vcpu, uint64_t *time);

/* ------------------------------------------------------------------ */
/* Registers                                                          */
/* ------------------------------------------------------------------ */

/* There is no SP here: HV_SYS_REG_SP_EL0 and HV_SYS_REG_SP_EL1. */
typedef uint32_t hv_reg_t;
enum {
    HV_REG_X0 = 0,
    HV_REG_X1 = 1,
    HV_REG_X2 = 2,
    HV_REG_X3 = 3,
    HV_REG_X4 = 4,
    HV_REG_X5 = 5,
    HV_REG_X6 = 6,
    HV_REG_X7 = 7,
    HV_REG_X8 = 8,
    HV_REG_X9 = 9,
    HV_REG_X10 = 10,
    HV_REG_X11 = 11,
    HV_REG_X12 = 12,
    HV_REG_X13 = 13,
    HV_REG_X14 = 14,
    HV_REG_X15 = 15,
    HV_REG_X16 = 16,
    HV_REG_X17 = 17,
    HV_REG_X18 = 18,
    HV_REG_X19 = 19,
    HV_REG_X20 = 20,
    HV_REG_X21 = 21,
    HV_REG_X22 = 22,
    HV_REG_X23 = 23,
    HV_REG_X24 = 24,
    HV_REG_X25 = 25,
    HV_REG_X26 = 26,
    HV_REG_X27 = 27,
    HV_REG_X28 = 28,
    HV_REG_X29 = 29,
    HV_REG_FP = HV_REG_X29,
    HV_REG_X30 = 30,
    HV_REG_LR = HV_REG_X30,
    HV_REG_PC = 31,
    HV_REG_FPCR = 32,
    HV_REG_FPSR = 33,
    HV_REG_CPSR = 34 /* PSTATE in the format of SPSR_EL1 [arm] */
};

typedef uint32_t hv_simd_fp_reg_t;
enum {
    HV_SIMD_FP_REG_Q0 = 0,
    HV_SIMD_FP_REG_Q1 = 1,
    HV_SIMD_FP_REG_Q2 = 2,
    HV_SIMD_FP_REG_Q3 = 3,
    HV_SIMD_FP_REG_Q4 = 4,
    HV_SIMD_FP_REG_Q5 = 5,
    HV_SIMD_FP_REG_Q6 = 6,
    HV_SIMD_FP_REG_Q7 = 7,
    HV_SIMD_FP_REG_Q8 = 8,
    HV_SIMD_FP_REG_Q9 = 9,
    HV_SIMD_FP_REG_Q10 = 10,
    HV_SIMD_FP_REG_Q11 = 11,
    HV_SIMD_FP_REG_Q12 = 12,
    HV_SIMD_FP_REG_Q13 = 13,
    HV_SIMD_FP_REG_Q14 = 14,
    HV_SIMD_FP_REG_Q15 = 15,
    HV_SIMD_FP_REG_Q16 = 16,
    HV_SIMD_FP_REG_Q17 = 17,
    HV_SIMD_FP_REG_Q18 = 18,
    HV_SIMD_FP_REG_Q19 = 19,
    HV_SIMD_FP_REG_Q20 = 20,
    HV_SIMD_FP_REG_Q21 = 21,
    HV_SIMD_FP_REG_Q22 = 22,
    HV_SIMD_FP_REG_Q23 = 23,
    HV_SIMD_FP_REG_Q24 = 24,
    HV_SIMD_FP_REG_Q25 = 25,
    HV_SIMD_FP_REG_Q26 = 26,
    HV_SIMD_FP_REG_Q27 = 27,
    HV_SIMD_FP_REG_Q28 = 28,
    HV_SIMD_FP_REG_Q29 = 29,
    HV_SIMD_FP_REG_Q30 = 30,
    HV_SIMD_FP_REG_Q31 = 31
};

/*
 * One Q register: 16 lanes of a byte, lane 0 the least significant. Apple's is
 * a vector type, so it is passed in a vector register and copied with =; ISO C
 * has no such type, which is why this header alone uses the attribute that gcc
 * and clang share. Move bytes in and out with memcpy().
 */
typedef uint8_t hv_simd_fp_uchar16_t __attribute__((vector_size(16)));

hv_return_t hv_vcpu_get_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t value);

hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t *value);
hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t value);

/*
 * A system register is named by its encoding in MRS and MSR [arm, C5.1]:
 *
 *     op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2
 *
 * which is not the order of the fields in a syndrome of EC 0x18.
 */
typedef uint16_t hv_sys_reg_t;
enum {
    /* breakpoints and watchpoints 0 to 15, and the monitor debug registers */
    HV_SYS_REG_DBGBVR0_EL1 = 0x8004,
    HV_SYS_REG_DBGBCR0_EL1 = 0x8005,
    HV_SYS_REG_DBGWVR0_EL1 = 0x8006,
    HV_SYS_REG_DBGWCR0_EL1 = 0x8007,
    HV_SYS_REG_DBGBVR1_EL1 = 0x800c,
    HV_SYS_REG_DBGBCR1_EL1 = 0x800d,
    HV_SYS_REG_DBGWVR1_EL1 = 0x800e,
    HV_SYS_REG_DBGWCR1_EL1 = 0x800f,
    HV_SYS_REG_MDCCINT_EL1 = 0x8010,
    HV_SYS_REG_MDSCR_EL1 = 0x8012,
    HV_SYS_REG_DBGBVR2_EL1 = 0x8014,
    HV_SYS_REG_DBGBCR2_EL1 = 0x8015,
    HV_SYS_REG_DBGWVR2_EL1 = 0x8016,
    HV_SYS_REG_DBGWCR2_EL1 = 0x8017,
    HV_SYS_REG_DBGBVR3_EL1 = 0x801c,
    HV_SYS_REG_DBGBCR3_EL1 = 0x801d,
    HV_SYS_REG_DBGWVR3_EL1 = 0x801e,
    HV_SYS_REG_DBGWCR3_EL1 = 0x801f,
    HV_SYS_REG_DBGBVR4_EL1 = 0x8024,
    HV_SYS_REG_DBGBCR4_EL1 = 0x8025,
    HV_SYS_REG_DBGWVR4_EL1 = 0x8026,
    HV_SYS_REG_DBGWCR4_EL1 = 0x8027,
    HV_SYS_REG_DBGBVR5_EL1 = 0x802c,
    HV_SYS_REG_DBGBCR5_EL1 = 0x802d,
    HV_SYS_REG_DBGWVR5_EL1 = 0x802e,
    HV_SYS_REG_DBGWCR5_EL1 = 0x802f,
    HV_SYS_REG_DBGBVR6_EL1 = 0x8034,
    HV_SYS_REG_DBGBCR6_EL1 = 0x8035,
    HV_SYS_REG_DBGWVR6_EL1 = 0x8036,
    HV_SYS_REG_DBGWCR6_EL1 = 0x8037,
    HV_SYS_REG_DBGBVR7_EL1 = 0x803c,
    HV_SYS_REG_DBGBCR7_EL1 = 0x803d,
    HV_SYS_REG_DBGWVR7_EL1 = 0x803e,
    HV_SYS_REG_DBGWCR7_EL1 = 0x803f,
    HV_SYS_REG_DBGBVR8_EL1 = 0x8044,
    HV_SYS_REG_DBGBCR8_EL1 = 0x8045,
    HV_SYS_REG_DBGWVR8_EL1 = 0x8046,
    HV_SYS_REG_DBGWCR8_EL1 = 0x8047,
    HV_SYS_REG_DBGBVR9_EL1 = 0x804c,
    HV_SYS_REG_DBGBCR9_EL1 = 0x804d,
    HV_SYS_REG_DBGWVR9_EL1 = 0x804e,
    HV_SYS_REG_DBGWCR9_EL1 = 0x804f,
    HV_SYS_REG_DBGBVR10_EL1 = 0x8054,
    HV_SYS_REG_DBGBCR10_EL1 = 0x8055,
    HV_SYS_REG_DBGWVR10_EL1 = 0x8056,
    HV_SYS_REG_DBGWCR10_EL1 = 0x8057,
    HV_SYS_REG_DBGBVR11_EL1 = 0x805c,
    HV_SYS_REG_DBGBCR11_EL1 = 0x805d,
    HV_SYS_REG_DBGWVR11_EL1 = 0x805e,
    HV_SYS_REG_DBGWCR11_EL1 = 0x805f,
    HV_SYS_REG_DBGBVR12_EL1 = 0x8064,
    HV_SYS_REG_DBGBCR12_EL1 = 0x8065,
    HV_SYS_REG_DBGWVR12_EL1 = 0x8066,
    HV_SYS_REG_DBGWCR12_EL1 = 0x8067,
    HV_SYS_REG_DBGBVR13_EL1 = 0x806c,
    HV_SYS_REG_DBGBCR13_EL1 = 0x806d,
    HV_SYS_REG_DBGWVR13_EL1 = 0x806e,
    HV_SYS_REG_DBGWCR13_EL1 = 0x806f,
    HV_SYS_REG_DBGBVR14_EL1 = 0x8074,
    HV_SYS_REG_DBGBCR14_EL1 = 0x8075,
    HV_SYS_REG_DBGWVR14_EL1 = 0x8076,
    HV_SYS_REG_DBGWCR14_EL1 = 0x8077,
    HV_SYS_REG_DBGBVR15_EL1 = 0x807c,
    HV_SYS_REG_DBGBCR15_EL1 = 0x807d,
    HV_SYS_REG_DBGWVR15_EL1 = 0x807e,
    HV_SYS_REG_DBGWCR15_EL1 = 0x807f,
    /* identification; MPIDR_EL1 must hold the affinity that the GIC is to use */
    HV_SYS_REG_MIDR_EL1 = 0xc000,
    HV_SYS_REG_MPIDR_EL1 = 0xc005,
    HV_SYS_REG_ID_AA64PFR0_EL1 = 0xc020,
    HV_SYS_REG_ID_AA64PFR1_EL1 = 0xc021,
    HV_SYS_REG_ID_AA64ZFR0_EL1 = 0xc024,  /* macOS 15.2 */
    HV_SYS_REG_ID_AA64SMFR0_EL1 = 0xc025, /* macOS 15.2 */
    HV_SYS_REG_ID_AA64DFR0_EL1 = 0xc028,
    HV_SYS_REG_ID_AA64DFR1_EL1 = 0xc029,
    HV_SYS_REG_ID_AA64ISAR0_EL1 = 0xc030,
    HV_SYS_REG_ID_AA64ISAR1_EL1 = 0xc031,
    HV_SYS_REG_ID_AA64MMFR0_EL1 = 0xc038,
    HV_SYS_REG_ID_AA64MMFR1_EL1 = 0xc039,
    HV_SYS_REG_ID_AA64MMFR2_EL1 = 0xc03a,
    /* EL1 and EL0 */
    HV_SYS_REG_SCTLR_EL1 = 0xc080,
    HV_SYS_REG_ACTLR_EL1 = 0xc081, /* macOS 15; only bit 1, TSO */
    HV_SYS_REG_CPACR_EL1 = 0xc082,
    HV_SYS_REG_SMPRI_EL1 = 0xc094, /* macOS 15.2, with SME */
    HV_SYS_REG_SMCR_EL1 = 0xc096,  /* macOS 15.2, with SME */
    HV_SYS_REG_TTBR0_EL1 = 0xc100,
    HV_SYS_REG_TTBR1_EL1 = 0xc101,
    HV_SYS_REG_TCR_EL1 = 0xc102,
    HV_SYS_REG_APIAKEYLO_EL1 = 0xc108,
    HV_SYS_REG_APIAKEYHI_EL1 = 0xc109,
    HV_SYS_REG_APIBKEYLO_EL1 = 0xc10a,
    HV_SYS_REG_APIBKEYHI_EL1 = 0xc10b,
    HV_SYS_REG_APDAKEYLO_EL1 = 0xc110,
    HV_SYS_REG_APDAKEYHI_EL1 = 0xc111,
    HV_SYS_REG_APDBKEYLO_EL1 = 0xc112,
    HV_SYS_REG_APDBKEYHI_EL1 = 0xc113,
    HV_SYS_REG_APGAKEYLO_EL1 = 0xc118,
    HV_SYS_REG_APGAKEYHI_EL1 = 0xc119,
    HV_SYS_REG_SPSR_EL1 = 0xc200,
    HV_SYS_REG_ELR_EL1 = 0xc201,
    HV_SYS_REG_SP_EL0 = 0xc208,
    HV_SYS_REG_AFSR0_EL1 = 0xc288,
    HV_SYS_REG_AFSR1_EL1 = 0xc289,
    HV_SYS_REG_ESR_EL1 = 0xc290,
    HV_SYS_REG_FAR_EL1 = 0xc300,
    HV_SYS_REG_PAR_EL1 = 0xc3a0,
    HV_SYS_REG_MAIR_EL1 = 0xc510,
    HV_SYS_REG_AMAIR_EL1 = 0xc518,
    HV_SYS_REG_VBAR_EL1 = 0xc600,
    HV_SYS_REG_CONTEXTIDR_EL1 = 0xc681,
    HV_SYS_REG_TPIDR_EL1 = 0xc684,
    HV_SYS_REG_SCXTNUM_EL1 = 0xc687, /* macOS 15.2 */
    HV_SYS_REG_CNTKCTL_EL1 = 0xc708,
    HV_SYS_REG_CSSELR_EL1 = 0xd000,
    HV_SYS_REG_TPIDR_EL0 = 0xde82,
    HV_SYS_REG_TPIDRRO_EL0 = 0xde83,
    HV_SYS_REG_TPIDR2_EL0 = 0xde85,  /* macOS 15.2, with SME */
    HV_SYS_REG_SCXTNUM_EL0 = 0xde87, /* macOS 15.2 */
    HV_SYS_REG_CNTV_CTL_EL0 = 0xdf19,
    HV_SYS_REG_CNTV_CVAL_EL0 = 0xdf1a,
    HV_SYS_REG_SP_EL1 = 0xe208,
    /* the physical timer, macOS 15, only in a VM with a GIC */
    HV_SYS_REG_CNTP_TVAL_EL0 = 0xdf10,
    HV_SYS_REG_CNTP_CTL_EL0 = 0xdf11,
    HV_SYS_REG_CNTP_CVAL_EL0 = 0xdf12,
    /* only in a VM with EL2 */
    HV_SYS_REG_VPIDR_EL2 = 0xe000,
    HV_SYS_REG_VMPIDR_EL2 = 0xe005,
    HV_SYS_REG_SCTLR_EL2 = 0xe080,
    HV_SYS_REG_HCR_EL2 = 0xe088,
    HV_SYS_REG_MDCR_EL2 = 0xe089, /* 0xe019 in some SDKs, against the formula */
    HV_SYS_REG_CPTR_EL2 = 0xe08a,
    HV_SYS_REG_TTBR0_EL2 = 0xe100,
    HV_SYS_REG_TTBR1_EL2 = 0xe101,
    HV_SYS_REG_TCR_EL2 = 0xe102,
    HV_SYS_REG_VTTBR_EL2 = 0xe108,
    HV_SYS_REG_VTCR_EL2 = 0xe10a,
    HV_SYS_REG_SPSR_EL2 = 0xe200,
    HV_SYS_REG_ELR_EL2 = 0xe201,
    HV_SYS_REG_ESR_EL2 = 0xe290,
    HV_SYS_REG_FAR_EL2 = 0xe300,
    HV_SYS_REG_HPFAR_EL2 = 0xe304,
    HV_SYS_REG_MAIR_EL2 = 0xe510,
    HV_SYS_REG_VBAR_EL2 = 0xe600,
    HV_SYS_REG_TPIDR_EL2 = 0xe682,
    HV_SYS_REG_CNTVOFF_EL2 = 0xe703,
    HV_SYS_REG_CNTHCTL_EL2 = 0xe708,
    HV_SYS_REG_CNTHP_TVAL_EL2 = 0xe710,
    HV_SYS_REG_CNTHP_CTL_EL2 = 0xe711,
    HV_SYS_REG_CNTHP_CVAL_EL2 = 0xe712,
    HV_SYS_REG_SP_EL2 = 0xf208
};

/*
 * Reads and writes go to the register's stored value: nothing traps and no
 * side effect of the guest's own access happens, but the guest sees the
 * consequence on its next run (a new TTBR0_EL1 is walked, a new CNTV_CTL_EL0
 * arms the timer). RES0 and read-only bits keep their value. Identification
 * registers can be set; libhv keeps the change for MPIDR_EL1, MIDR_EL1 and the
 * ID_AA64* and does not change what the CPU can do.
 *
 * HV_BAD_ARGUMENT: no such register, here or in this VM. libhv has no SME and
 * no EL2, and the CNTP_* registers only in a VM with a GIC.
 */
hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t value);

/* ------------------------------------------------------------------ */
/* Interrupts, timer and debug of one vCPU                            */
/* ------------------------------------------------------------------ */

typedef uint32_t hv_interrupt_type_t;
enum {
    HV_INTERRUPT_TYPE_IRQ = 0,
    HV_INTERRUPT_TYPE_FIQ = 1
};

/*
 * The interrupt inputs of the vCPU, for VMMs with an interrupt controller of
 * their own. Cleared when hv_vcpu_run() returns [apple], so set before each run
 * for as long as the line is high. With hv_gic_create() the GIC drives them.
 */
hv_return_t hv_vcpu_get_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool *pending);
hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool pending);

/* Whether debug exceptions of the guest (BRK, breakpoints, single step) exit:
 * MDCR_EL2.TDE. Default false. */
hv_return_t hv_vcpu_get_trap_debug_exceptions(hv_vcpu_t vcpu, bool *value);
hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t vcpu, bool value);

/* Whether guest accesses to DBGBVR/BCR/WVR/WCR and MDSCR_EL1 exit as EC 0x18:
 * MDCR_EL2.TDA. Default false. */
hv_return_t hv_vcpu_get_trap_debug_reg_accesses(hv_vcpu_t vcpu, bool *value);
hv_return_t hv_vcpu_set_trap_debug_reg_accesses(hv_vcpu_t vcpu, bool value);

/*
 * Without a GIC, an unmasked virtual timer whose condition holds ends
 * hv_vcpu_run() with HV_EXIT_REASON_VTIMER_ACTIVATED and becomes masked. The
 * VMM makes PPI 27 pending in its own controller and unmasks when the guest
 * deactivates it. With a GIC the interrupt goes straight there and this exit
 * does not happen. A new vCPU is unmasked [softhv; undocumented].
 */
hv_return_t hv_vcpu_get_vtimer_mask(hv_vcpu_t vcpu, bool *vtimer_is_masked);
hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t vcpu, bool vtimer_is_masked);

/*
 * CNTVOFF_EL2, in ticks of the guest's counter: CNTVCT_EL0 = the host's
 * counter - offset, mach_absolute_time() on a Mac. CNTFRQ_EL0 is 24 MHz there
 * and in libhv. Give every vCPU the same offset, or their clocks disagree.
 */
hv_return_t hv_vcpu_get_vtimer_offset(hv_vcpu_t vcpu, uint64_t *vtimer_offset);
hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t vcpu, uint64_t vtimer_offset);

/* ------------------------------------------------------------------ */
/* GICv3: creation (macOS 15)                                         */
/* ------------------------------------------------------------------ */

/* Reference-counted; released with os_release(). hv_gic_create() copies it. */
typedef struct hv_gic_config_s *hv_gic_config_t;

/*
 * Where the GIC appears in guest physical space. Each base must be aligned as
 * the *_base_alignment getters say, inside the IPA range, and off the others
 * and off mapped memory; distributor and redistributor are required. libhv
 * checks alignment when it is set and the rest in hv_gic_create().
 */
hv_gic_config_t hv_gic_config_create(void);
hv_return_t hv_gic_config_set_distributor_base(hv_gic_config_t config,
                                               hv_ipa_t distributor_base_address);
/* One redistributor of hv_gic_get_redistributor_size() per vCPU the VM may
 * have, contiguous: hv_gic_get_redistributor_region_size() in all. */
hv_return_t hv_gic_config_set_redistributor_base(hv_gic_config_t config,
                                                 hv_ipa_t redistributor_base_address);

/* MSIs exist only with both a region and a range; the range lies inside
 * hv_gic_get_spi_interrupt_range(), or it is an error [apple]. */
hv_return_t hv_gic_config_set_msi_region_base(hv_gic_config_t config,
                                              hv_ipa_t msi_region_base_address);
hv_return_t hv_gic_config_set_msi_interrupt_range(hv_gic_config_t config, uint32_t msi_intid_base,
                                                  uint32_t msi_intid_count);

/*
 * Gives the VM its GIC. After hv_vm_create() and before the first
 * hv_vcpu_create(), else an error [apple] (libhv: HV_NO_DEVICE, HV_BUSY); one
 * per VM. A vCPU's place is its affinity in MPIDR_EL1, which must be final
 * before it runs.
 */
hv_return_t hv_gic_create(hv_gic_config_t gic_config);

/* Distributor, redistributors and internal state as after creation; no vCPU
 * may be running. CPU interface registers are the caller's to reset. */
hv_return_t hv_gic_reset(void);

/* Facts that don't change and need no VM. Sizes and alignments in bytes. */
hv_return_t hv_gic_get_distributor_size(size_t *distributor_size);
hv_return_t hv_gic_get_distributor_base_alignment(size_t *distributor_base_alignment);
hv_return_t hv_gic_get_redistributor_region_size(size_t *redistributor_region_size);
hv_return_t hv_gic_get_redistributor_size(size_t *redistributor_size);
hv_return_t hv_gic_get_redistributor_base_alignment(size_t *redistributor_base_alignment);
hv_return_t hv_gic_get_msi_region_size(size_t *msi_region_size);
hv_return_t hv_gic_get_msi_region_base_alignment(size_t *msi_region_base_alignment);

/* The first SPI's INTID (32) and how many there are (988 at most: INTIDs to
 * 1019). */
hv_return_t hv_gic_get_spi_interrupt_range(uint32_t *spi_intid_base, uint32_t *spi_intid_count);

/* The INTIDs that the framework itself uses. */
typedef uint16_t hv_gic_intid_t;
enum {
    HV_GIC_INT_PERFORMANCE_MONITOR = 23,
    HV_GIC_INT_MAINTENANCE = 25,
    HV_GIC_INT_EL2_PHYSICAL_TIMER = 26,
    HV_GIC_INT_EL1_VIRTUAL_TIMER = 27,
    HV_GIC_INT_EL1_PHYSICAL_TIMER = 30
};
hv_return_t hv_gic_get_intid(hv_gic_intid_t interrupt, uint32_t *intid);

/* The redistributor of this vCPU; after MPIDR_EL1 is set. Any thread. */
hv_return_t hv_gic_get_redistributor_base(hv_vcpu_t vcpu, hv_ipa_t *redistributor_base_address);

/* ------------------------------------------------------------------ */
/* GICv3: interrupts                                                  */
/* ------------------------------------------------------------------ */

/*
 * Drives an SPI's input line. intid is absolute: SPI n is 32 + n. With a level
 * interrupt the line stays as set; with an edge interrupt true is one edge and
 * false is ignored. HV_BAD_ARGUMENT outside the SPI range and inside the MSI
 * range [apple]. Any thread; wakes a parked vCPU.
 */
hv_return_t hv_gic_set_spi(uint32_t intid, bool level);

/* What a device's write to GICM_SET_SPI_NSR does. address is that register's
 * IPA: the MSI region's base + 0x40. Any thread. */
hv_return_t hv_gic_send_msi(hv_ipa_t address, uint32_t intid);

/* ------------------------------------------------------------------ */
/* GICv3: registers                                                   */
/* ------------------------------------------------------------------ */

/*
 * Distributor registers are named by their offset [arm IHI 0069, 12.9]; any
 * offset of the arrays below may be given, named or not. All are 32 bits wide
 * but IROUTER, 64. Writes act as a guest's would: ISENABLER sets, ICENABLER
 * clears, and so on. A read-only register's write is ignored.
 */
typedef uint16_t hv_gic_distributor_reg_t;

/* The arrays' 1700 names come from these three lines: NAME ## number = base +
 * step * number, ten and a hundred at a time. */
#define HV_GICD_1(name, base, step, n) HV_GIC_DISTRIBUTOR_REG_GICD_##name##n = (base) + (step) * (n)
#define HV_GICD_10(name, base, step, t)                                                            \
    HV_GICD_1(name, base, step, t##0), HV_GICD_1(name, base, step, t##1),                          \
        HV_GICD_1(name, base, step, t##2), HV_GICD_1(name, base, step, t##3),                      \
        HV_GICD_1(name, base, step, t##4), HV_GICD_1(name, base, step, t##5),                      \
        HV_GICD_1(name, base, step, t##6), HV_GICD_1(name, base, step, t##7),                      \
        HV_GICD_1(name, base, step, t##8), HV_GICD_1(name, base, step, t##9)
#define HV_GICD_100(name, base, step, h)                                                           \
    HV_GICD_10(name, base, step, h##0), HV_GICD_10(name, base, step, h##1),                        \
        HV_GICD_10(name, base, step, h##2), HV_GICD_10(name, base, step, h##3),                    \
        HV_GICD_10(name, base, step, h##4), HV_GICD_10(name, base, step, h##5),                    \
        HV_GICD_10(name, base, step, h##6), HV_GICD_10(name, base, step, h##7),                    \
        HV_GICD_10(name, base, step, h##8), HV_GICD_10(name, base, step, h##9)
/* 0 to 31: one bit per INTID. */
#define HV_GICD_32(name, base)                                                                     \
    HV_GICD_10(name, base, 4, ), HV_GICD_10(name, base, 4, 1), HV_GICD_10(name, base, 4, 2),       \
        HV_GICD_1(name, base, 4, 30), HV_GICD_1(name, base, 4, 31)

/* clang-format off */
enum {
    HV_GIC_DISTRIBUTOR_REG_GICD_CTLR = 0x0000,
    HV_GIC_DISTRIBUTOR_REG_GICD_TYPER = 0x0004,
    HV_GICD_32(IGROUPR, 0x0080),
    HV_GICD_32(ISENABLER, 0x0100),
    HV_GICD_32(ICENABLER, 0x0180),
    HV_GICD_32(ISPENDR, 0x0200),
    HV_GICD_32(ICPENDR, 0x0280),
    HV_GICD_32(ISACTIVER, 0x0300),
    HV_GICD_32(ICACTIVER, 0x0380),

    /* IPRIORITYR0 to 254: a byte per INTID */
    HV_GICD_10(IPRIORITYR, 0x0400, 4, ),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 1),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 2),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 3),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 4),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 5),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 6),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 7),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 8),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 9),
    HV_GICD_100(IPRIORITYR, 0x0400, 4, 1),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 20),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 21),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 22),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 23),
    HV_GICD_10(IPRIORITYR, 0x0400, 4, 24),
    HV_GICD_1(IPRIORITYR, 0x0400, 4, 250),
    HV_GICD_1(IPRIORITYR, 0x0400, 4, 251),
    HV_GICD_1(IPRIORITYR, 0x0400, 4, 252),
    HV_GICD_1(IPRIORITYR, 0x0400, 4, 253),
    HV_GICD_1(IPRIORITYR, 0x0400, 4, 254),

    /* ICFGR0 to 63: two bits per INTID, the upper one set for edge */
    HV_GICD_10(ICFGR, 0x0c00, 4, ),
    HV_GICD_10(ICFGR, 0x0c00, 4, 1),
    HV_GICD_10(ICFGR, 0x0c00, 4, 2),
    HV_GICD_10(ICFGR, 0x0c00, 4, 3),
    HV_GICD_10(ICFGR, 0x0c00, 4, 4),
    HV_GICD_10(ICFGR, 0x0c00, 4, 5),
    HV_GICD_1(ICFGR, 0x0c00, 4, 60),
    HV_GICD_1(ICFGR, 0x0c00, 4, 61),
    HV_GICD_1(ICFGR, 0x0c00, 4, 62),
    HV_GICD_1(ICFGR, 0x0c00, 4, 63),

    /* IROUTER32 to 1019: the affinity that an SPI goes to */
    HV_GICD_1(IROUTER, 0x6000, 8, 32),
    HV_GICD_1(IROUTER, 0x6000, 8, 33),
    HV_GICD_1(IROUTER, 0x6000, 8, 34),
    HV_GICD_1(IROUTER, 0x6000, 8, 35),
    HV_GICD_1(IROUTER, 0x6000, 8, 36),
    HV_GICD_1(IROUTER, 0x6000, 8, 37),
    HV_GICD_1(IROUTER, 0x6000, 8, 38),
    HV_GICD_1(IROUTER, 0x6000, 8, 39),
    HV_GICD_10(IROUTER, 0x6000, 8, 4),
    HV_GICD_10(IROUTER, 0x6000, 8, 5),
    HV_GICD_10(IROUTER, 0x6000, 8, 6),
    HV_GICD_10(IROUTER, 0x6000, 8, 7),
    HV_GICD_10(IROUTER, 0x6000, 8, 8),
    HV_GICD_10(IROUTER, 0x6000, 8, 9),
    HV_GICD_100(IROUTER, 0x6000, 8, 1),
    HV_GICD_100(IROUTER, 0x6000, 8, 2),
    HV_GICD_100(IROUTER, 0x6000, 8, 3),
    HV_GICD_100(IROUTER, 0x6000, 8, 4),
    HV_GICD_100(IROUTER, 0x6000, 8, 5),
    HV_GICD_100(IROUTER, 0x6000, 8, 6),
    HV_GICD_100(IROUTER, 0x6000, 8, 7),
    HV_GICD_100(IROUTER, 0x6000, 8, 8),
    HV_GICD_100(IROUTER, 0x6000, 8, 9),
    HV_GICD_10(IROUTER, 0x6000, 8, 100),
    HV_GICD_10(IROUTER, 0x6000, 8, 101),

    HV_GIC_DISTRIBUTOR_REG_GICD_PIDR2 = 0xffe8
};
/* clang-format on */
#undef HV_GICD_1
#undef HV_GICD_10
#undef HV_GICD_100
#undef HV_GICD_32

hv_return_t hv_gic_get_distributor_reg(hv_gic_distributor_reg_t reg, uint64_t *value);
hv_return_t hv_gic_set_distributor_reg(hv_gic_distributor_reg_t reg, uint64_t value);

/* Redistributor registers by their offset from RD_base; the second frame,
 * SGI_base, begins at 0x10000 [arm IHI 0069, 12.10]. Owning thread. */
typedef uint32_t hv_gic_redistributor_reg_t;
enum {
    HV_GIC_REDISTRIBUTOR_REG_GICR_TYPER = 0x0008, /* 64 bits */
    HV_GIC_REDISTRIBUTOR_REG_GICR_PIDR2 = 0xffe8,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IGROUPR0 = 0x10080,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ISENABLER0 = 0x10100,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ICENABLER0 = 0x10180,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ISPENDR0 = 0x10200,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ICPENDR0 = 0x10280,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ISACTIVER0 = 0x10300,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ICACTIVER0 = 0x10380,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR0 = 0x10400,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR1 = 0x10404,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR2 = 0x10408,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR3 = 0x1040c,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR4 = 0x10410,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR5 = 0x10414,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR6 = 0x10418,
    HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR7 = 0x1041c,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ICFGR0 = 0x10c00,
    HV_GIC_REDISTRIBUTOR_REG_GICR_ICFGR1 = 0x10c04
};
hv_return_t hv_gic_get_redistributor_reg(hv_vcpu_t vcpu, hv_gic_redistributor_reg_t reg,
                                         uint64_t *value);
hv_return_t hv_gic_set_redistributor_reg(hv_vcpu_t vcpu, hv_gic_redistributor_reg_t reg,
                                         uint64_t value);

/* CPU interface registers, named as hv_sys_reg_t are. Owning thread. These are
 * not part of hv_gic_state_t: save and restore them one by one. */
typedef uint16_t hv_gic_icc_reg_t;
enum {
    HV_GIC_ICC_REG_PMR_EL1 = 0xc230,
    HV_GIC_ICC_REG_BPR0_EL1 = 0xc643,
    HV_GIC_ICC_REG_AP0R0_EL1 = 0xc644,
    HV_GIC_ICC_REG_AP1R0_EL1 = 0xc648,
    HV_GIC_ICC_REG_RPR_EL1 = 0xc65b,
    HV_GIC_ICC_REG_BPR1_EL1 = 0xc663,
    HV_GIC_ICC_REG_CTLR_EL1 = 0xc664,
    HV_GIC_ICC_REG_SRE_EL1 = 0xc665,
    HV_GIC_ICC_REG_IGRPEN0_EL1 = 0xc666,
    HV_GIC_ICC_REG_IGRPEN1_EL1 = 0xc667,
    HV_GIC_ICC_REG_SRE_EL2 = 0xe64d /* with EL2 */
};
hv_return_t hv_gic_get_icc_reg(hv_vcpu_t vcpu, hv_gic_icc_reg_t reg, uint64_t *value);
hv_return_t hv_gic_set_icc_reg(hv_vcpu_t vcpu, hv_gic_icc_reg_t reg, uint64_t value);

/* The hypervisor control registers, and the virtual view of ICC, in a VM with
 * EL2; an error in others [apple] (libhv: HV_UNSUPPORTED). Owning thread. */
typedef uint16_t hv_gic_ich_reg_t;
enum {
    HV_GIC_ICH_REG_AP0R0_EL2 = 0xe640,
    HV_GIC_ICH_REG_AP1R0_EL2 = 0xe648,
    HV_GIC_ICH_REG_HCR_EL2 = 0xe658,
    HV_GIC_ICH_REG_VTR_EL2 = 0xe659,
    HV_GIC_ICH_REG_MISR_EL2 = 0xe65a,
    HV_GIC_ICH_REG_EISR_EL2 = 0xe65b,
    HV_GIC_ICH_REG_ELRSR_EL2 = 0xe65d,
    HV_GIC_ICH_REG_VMCR_EL2 = 0xe65f,
    HV_GIC_ICH_REG_LR0_EL2 = 0xe660,
    HV_GIC_ICH_REG_LR1_EL2 = 0xe661,
    HV_GIC_ICH_REG_LR2_EL2 = 0xe662,
    HV_GIC_ICH_REG_LR3_EL2 = 0xe663,
    HV_GIC_ICH_REG_LR4_EL2 = 0xe664,
    HV_GIC_ICH_REG_LR5_EL2 = 0xe665,
    HV_GIC_ICH_REG_LR6_EL2 = 0xe666,
    HV_GIC_ICH_REG_LR7_EL2 = 0xe667,
    HV_GIC_ICH_REG_LR8_EL2 = 0xe668,
    HV_GIC_ICH_REG_LR9_EL2 = 0xe669,
    HV_GIC_ICH_REG_LR10_EL2 = 0xe66a,
    HV_GIC_ICH_REG_LR11_EL2 = 0xe66b,
    HV_GIC_ICH_REG_LR12_EL2 = 0xe66c,
    HV_GIC_ICH_REG_LR13_EL2 = 0xe66d,
    HV_GIC_ICH_REG_LR14_EL2 = 0xe66e,
    HV_GIC_ICH_REG_LR15_EL2 = 0xe66f
};
hv_return_t hv_gic_get_ich_reg(hv_vcpu_t vcpu, hv_gic_ich_reg_t reg, uint64_t *value);
hv_return_t hv_gic_set_ich_reg(hv_vcpu_t vcpu, hv_gic_ich_reg_t reg, uint64_t value);

typedef uint16_t hv_gic_icv_reg_t;
enum {
    HV_GIC_ICV_REG_PMR_EL1 = 0xc230,
    HV_GIC_ICV_REG_BPR0_EL1 = 0xc643,
    HV_GIC_ICV_REG_AP0R0_EL1 = 0xc644,
    HV_GIC_ICV_REG_AP1R0_EL1 = 0xc648,
    HV_GIC_ICV_REG_RPR_EL1 = 0xc65b,
    HV_GIC_ICV_REG_BPR1_EL1 = 0xc663,
    HV_GIC_ICV_REG_CTLR_EL1 = 0xc664,
    HV_GIC_ICV_REG_SRE_EL1 = 0xc665,
    HV_GIC_ICV_REG_IGRPEN0_EL1 = 0xc666,
    HV_GIC_ICV_REG_IGRPEN1_EL1 = 0xc667
};
hv_return_t hv_gic_get_icv_reg(hv_vcpu_t vcpu, hv_gic_icv_reg_t reg, uint64_t *value);
hv_return_t hv_gic_set_icv_reg(hv_vcpu_t vcpu, hv_gic_icv_reg_t reg, uint64_t value);

/* The MSI frame, by offset; its layout is that of a GICv2m frame [seen]. */
typedef uint16_t hv_gic_msi_reg_t;
enum {
    HV_GIC_REG_GICM_TYPER = 0x0008, /* 25:16 first INTID, 9:0 how many */
    HV_GIC_REG_GICM_SET_SPI_NSR = 0x0040
};
hv_return_t hv_gic_get_msi_reg(hv_gic_msi_reg_t reg, uint64_t *value);
hv_return_t hv_gic_set_msi_reg(hv_gic_msi_reg_t reg, uint64_t value);

/* ------------------------------------------------------------------ */
/* GICv3: saving and restoring                                        */
/* ------------------------------------------------------------------ */

/* A copy of distributor and redistributors. Released with os_release(). */
typedef struct hv_gic_state_s *hv_gic_state_t;

/* Takes the copy; no vCPU may be running. NULL without a GIC, or when out of
 * memory. */
hv_gic_state_t hv_gic_state_create(void);

/* The copy as bytes to store: opaque, versioned, stable [apple]. `data` has
 * room for the size that get_size reports. */
hv_return_t hv_gic_state_get_size(hv_gic_state_t state, size_t *gic_state_size);
hv_return_t hv_gic_state_get_data(hv_gic_state_t state, void *gic_state_data);

/*
 * Restores such bytes, once the GIC and all vCPUs exist, their MPIDR_EL1 is
 * set, and none has run [apple]. Bytes that are short, of another version or
 * of another topology are refused, and the GIC stays as it was.
 */
hv_return_t hv_gic_set_state(const void *gic_state_data, size_t gic_state_size);

#ifdef __cplusplus
}
#endif

#endif
