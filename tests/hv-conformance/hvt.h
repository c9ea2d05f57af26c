/* SPDX-License-Identifier: ISC */
/*
 * hvt.h: what the conformance tests share: a VM with some RAM, a vCPU of the
 * test's own thread, guest programs, and assertions on hv_return_t.
 *
 * The suite speaks the public API only and is linked either with libhv.a or,
 * on a Mac, with Hypervisor.framework; no test knows which. A fact on which
 * sources disagree is tested as "either", and the test says so. NULL
 * pointers are never passed where Apple's header does not allow them: softhv's
 * answers to those are unit tests.
 *
 * Assertions may be used on the test's thread only. Helper threads report
 * through what they return.
 */
#ifndef HVT_HVT_H
#define HVT_HVT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <Hypervisor/Hypervisor.h>

#include "a64.h"

#define HVT_GRANULE  UINT64_C(0x4000)

/* RAM of every VM here: 2 MiB, readable, writable, executable. */
#define HVT_RAM      UINT64_C(0x40000000)
#define HVT_RAM_SIZE UINT64_C(0x200000)

/* An IPA that no test maps and no GIC occupies: "a device". */
#define HVT_DEVICE   UINT64_C(0x20000000)

/* EL1h with D, A, I and F masked: how Linux is entered. */
#define HVT_CPSR     UINT64_C(0x3c5)

/* Places in RAM, as offsets. Programs are laid out from 0 upwards. */
#define HVT_VECTORS  UINT64_C(0x8000)
#define HVT_TABLES   UINT64_C(0x10000)
#define HVT_DATA     UINT64_C(0x100000)

struct hvt {
    uint8_t *ram;
    uint64_t next_code; /* offset where the next program goes */
    bool has_vm;
    bool has_vcpu;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;

    /* With a GIC. */
    hv_ipa_t gicd;
    hv_ipa_t gicr; /* of the vCPU */
    hv_ipa_t gicr_region;
    hv_ipa_t msi;
    uint32_t msi_intid; /* first of HVT_MSIS */
};

#define HVT_MSIS 16u

/*
 * cmocka fixtures: *state is a struct hvt. Each adds to the one before: nothing
 * (a struct); a VM with RAM; a vCPU at the start of RAM, in state HVT_CPSR,
 * MPIDR_EL1 0; or all that with a GIC, or with translation on. Teardown undoes whatever there is.
 * setup also starts a deadline, which ends a hung suite with SIGALRM.
 */
int hvt_setup_nothing(void **state);
int hvt_setup_vm(void **state);
int hvt_setup_vcpu(void **state);
int hvt_setup_gic(void **state);
int hvt_setup_mmu(void **state);
int hvt_teardown(void **state);

/* The pieces, for tests that need another order. Each asserts success. */
void hvt_make_ram(struct hvt *t);
void hvt_map_ram(struct hvt *t);
void hvt_make_vcpu(struct hvt *t);
void hvt_drop_vcpu(struct hvt *t);

/* A config with aligned, disjoint bases; fills t->gicd and the like. The caller
 * releases it. */
hv_gic_config_t hvt_gic_config(struct hvt *t, bool with_msi);

/* Puts a program into fresh RAM, returns its IPA. Never twice at one address,
 * so that no test depends on instruction cache maintenance. */
uint64_t hvt_load(struct hvt *t, const uint32_t *words, size_t count);

/* hvt_load, and the vCPU's PC there. */
uint64_t hvt_enter(struct hvt *t, const uint32_t *words, size_t count);
#define HVT_ENTER(t, words) hvt_enter((t), (words), sizeof(words) / sizeof((words)[0]))

/* Installs code at vector `offset` (0x200 sync, 0x280 IRQ, 0x300 FIQ from the
 * same level) and points VBAR_EL1 there. At most 32 words. */
void hvt_vector(struct hvt *t, uint64_t offset, const uint32_t *words, size_t count);
#define HVT_VECTOR(t, offset, words)                                                               \
    hvt_vector((t), (offset), (words), sizeof(words) / sizeof((words)[0]))

/*
 * Stage 1 of the guest: one level 1 table, 4 KiB granule, 39-bit addresses, in
 * blocks of 1 GiB. Everything that is not named here faults.
 *
 *     0x0_0000_0000      -> 0x0000_0000   device memory; HVT_DEVICE lies there
 *     0x0_4000_0000      -> 0x4000_0000   RAM, as it is
 *     HVT_VA_ALIAS       -> 0x4000_0000   RAM again
 *     HVT_VA_DEVICES     -> 0x0000_0000   device memory
 *     HVT_VA_READ_ONLY   -> 0x4000_0000   RAM, read-only
 *
 * tables writes it and sets TTBR0_EL1, TCR_EL1 and MAIR_EL1; on also sets
 * SCTLR_EL1.{M,C,I}. entry changes one block, without invalidation.
 */
#define HVT_VA_ALIAS     UINT64_C(0x100000000)
#define HVT_VA_DEVICES   UINT64_C(0x140000000)
#define HVT_VA_READ_ONLY UINT64_C(0x180000000)
void hvt_mmu_tables(struct hvt *t);
void hvt_mmu_on(struct hvt *t);
void hvt_mmu_entry(struct hvt *t, uint64_t va, uint64_t ipa, bool device, bool read_only);

/* Registers of the test's vCPU. */
uint64_t hvt_reg(struct hvt *t, hv_reg_t reg);
void hvt_set_reg(struct hvt *t, hv_reg_t reg, uint64_t value);
uint64_t hvt_sys_reg(struct hvt *t, hv_sys_reg_t reg);
void hvt_set_sys_reg(struct hvt *t, hv_sys_reg_t reg, uint64_t value);
/* hv_reg_t of Xn. */
hv_reg_t hvt_x(unsigned n);

/* Steps over the instruction at PC. */
void hvt_skip_insn(struct hvt *t);

/*
 * One hv_vcpu_run(), which must succeed and end with this reason. The second
 * expects an exception of class ec and returns the syndrome; the third an HVC
 * of this immediate. hvt_run_to_hvc steps over EC 0x01 meanwhile, because a
 * WFI may exit or not.
 */
void hvt_run_reason(struct hvt *t, hv_exit_reason_t reason);
uint64_t hvt_run_exception(struct hvt *t, unsigned ec);
void hvt_run_hvc(struct hvt *t, unsigned imm);
void hvt_run_to_hvc(struct hvt *t, unsigned imm);

unsigned hvt_ec(uint64_t syndrome);
uint64_t hvt_iss(uint64_t syndrome);

/* Runs fn on another thread. join waits for its end and returns what it
 * returned; hvt_elsewhere does both. */
struct hvt_errand;
struct hvt_errand *hvt_errand_start(hv_return_t (*fn)(struct hvt *t), struct hvt *t);
hv_return_t hvt_errand_join(struct hvt_errand *e);
hv_return_t hvt_elsewhere(hv_return_t (*fn)(struct hvt *t), struct hvt *t);

/*
 * A thread that calls hv_vcpus_exit() on the test's vCPU again and again until
 * hvt_kicker_stop(). Again, because a kick may be swallowed by a run that is
 * just leaving; afterwards one may be left over, which stop takes off by
 * running the guest: it must sit in an endless loop, or in WFI.
 */
struct hvt_kicker;
struct hvt_kicker *hvt_kicker_start(struct hvt *t);
void hvt_kicker_stop(struct hvt_kicker *k);

/* ---- The guest's side of the GIC (gic-guest.c) ------------------------ */

/* HVC immediates: the GIC is set up; an interrupt came and X10 is its INTID; X12
 * was found to be non-zero. */
enum {
    HVT_GIC_READY = 0x21,
    HVT_GIC_IRQ = 0x22,
    HVT_GIC_DONE = 0x23
};

/*
 * Runs the guest through what Linux does at boot (distributor on, redistributor
 * awake, group 1 and PMR in the CPU interface), installs an interrupt handler
 * and leaves PC at a loop with interrupts unmasked that ends when X12 != 0.
 *
 * The handler acknowledges, calls HVT_GIC_IRQ, and when run again ends the
 * interrupt and returns to the loop.
 */
void hvt_gic_boot(struct hvt *t);

/* The same programs for another vCPU: IPA of the entry; it expects X20 = the
 * distributor, X21 = its redistributor. The loop follows HVT_GIC_READY. */
uint64_t hvt_gic_load(struct hvt *t);

/* Lets the loop end. */
void hvt_gic_finish(struct hvt *t);

/* Expects an interrupt, and that it is this one. Steps over WFI exits. */
void hvt_gic_expect(struct hvt *t, uint32_t intid);

/* Group 1, priority 0x80, to affinity 0, edge or level, enabled. */
void hvt_spi_setup(uint32_t intid, bool edge);

/* Distributor registers of 1, 2 or 8 bits per INTID, from the VMM's side. */
uint64_t hvt_gicd(unsigned reg);
void hvt_set_gicd(unsigned reg, uint64_t value);

/* Assertions. */
const char *hvt_error_name(hv_return_t ret);
void hvt_check(hv_return_t ret, bool want_ok, const char *what, const char *file, int line);
void hvt_check_code(hv_return_t ret, hv_return_t want, const char *what, const char *file,
                    int line);
#define HVT_OK(call)         hvt_check((call), true, #call, __FILE__, __LINE__)
/* Refused, whatever the code: most codes are not documented. */
#define HVT_REFUSED(call)    hvt_check((call), false, #call, __FILE__, __LINE__)
#define HVT_CODE(want, call) hvt_check_code((call), (want), #call, __FILE__, __LINE__)

/* The groups, one per file. Each returns the number of failed tests. */
int hvt_group_abi(void);
int hvt_group_config(void);
int hvt_group_vm(void);
int hvt_group_memory(void);
int hvt_group_vcpu(void);
int hvt_group_regs(void);
int hvt_group_exits(void);
int hvt_group_mmu(void);
int hvt_group_interrupt(void);
int hvt_group_timer(void);
int hvt_group_wfi(void);
int hvt_group_gic(void);
int hvt_group_gic_irq(void);

#endif
