/* SPDX-License-Identifier: ISC */
/*
 * gic.h: the GICv3 of a VM: a distributor, a redistributor and a CPU interface per vCPU, and an
 * optional MSI frame.
 *
 * What the guest sees (Arm IHI 0069, GICv3 without LPIs):
 *   - one security state: GICD_CTLR.DS reads as one. Group 1 interrupts raise IRQ, group 0
 *     interrupts raise FIQ;
 *   - affinity routing always on (ARE and ICC_SRE_EL1.SRE read as one): 1020 INTIDs, of which 0-15
 *     are SGIs, 16-31 PPIs and 32-1019 SPIs; GICD_IROUTER routes an SPI to one PE or to any (IRM);
 *   - five priority bits (0x00, 0x08, .. 0xf8; lower is more urgent), 32 levels of preemption, both
 *     EOI modes;
 *   - SPIs by message (GICD_SETSPI_NSR and the MSI frame) when an MSI region is configured.
 *
 * Threads: every function may be called from any thread; one mutex per GIC is taken inside.
 * gic_icc_read and gic_icc_write act as the PE `vcpu`. `signal` runs with that mutex held: it may
 * set atomics and wake a thread, and must not call the GIC.
 * Memory: gic_new allocates everything; nothing is allocated later.
 * Guest input: every address, size, INTID and value is allowed; what is undefined reads as zero and
 * is ignored when written.
 */
#ifndef SOFTHV_GIC_H
#define SOFTHV_GIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GIC_MAX_VCPUS          64 /* redistributors in a region; inside, a set of vCPUs is a uint64_t */

#define GIC_SPI_BASE           32  /* the first SPI */
#define GIC_SPI_COUNT          988 /* INTIDs 32-1019 */

/* INTIDs of the PPIs that Hypervisor.framework reserves (Arm BSA names the same ones). */
#define GIC_PPI_PMU            23
#define GIC_PPI_MAINTENANCE    25
#define GIC_PPI_HYP_TIMER      26
#define GIC_PPI_VIRTUAL_TIMER  27
#define GIC_PPI_PHYSICAL_TIMER 30

/* Sizes in bytes; every base must be a multiple of GIC_ALIGNMENT. */
#define GIC_DIST_SIZE          0x10000
#define GIC_REDIST_SIZE        0x20000 /* RD_base and SGI_base, 64 KiB each */
#define GIC_REDIST_REGION_SIZE (GIC_MAX_VCPUS * GIC_REDIST_SIZE)
#define GIC_MSI_SIZE           0x10000
#define GIC_ALIGNMENT          0x10000

/* The MSI frame has the layout of a GICv2m frame, which is what Linux's driver expects. */
#define GIC_MSI_TYPER          0x008 /* [25:16] first INTID, [9:0] count */
#define GIC_MSI_SET_SPI_NSR    0x040 /* write an INTID of the range: that SPI becomes pending */
#define GIC_MSI_IIDR           0xfcc

struct gic_config {
    uint64_t dist_base;   /* IPA */
    uint64_t redist_base; /* IPA of vCPU 0's redistributor; vCPU n's is n * GIC_REDIST_SIZE above */
    uint64_t msi_base;    /* IPA; only looked at if msi_intid_count is not 0 */
    /* These SPIs belong to messages: gic_set_spi refuses them, and they reset to edge-triggered. */
    uint32_t msi_intid_base;
    uint32_t msi_intid_count; /* 0: no MSI frame, and GICD_TYPER.MBIS is 0 */
    unsigned max_vcpus;       /* 1 to GIC_MAX_VCPUS; so many redistributors are in the region */
};

/* The new state of the two interrupt lines into a vCPU. */
typedef void gic_signal_fn(void *ctx, unsigned vcpu, bool irq, bool fiq);

struct gic;

/*
 * A GIC in its reset state, without vCPUs. NULL with errno ENOMEM, or EINVAL for an impossible
 * configuration: max_vcpus or the MSI range out of bounds, a base misaligned, regions that overlap
 * or wrap. `signal` is called whenever a line of an attached vCPU changes; both start low.
 */
struct gic *gic_new(const struct gic_config *config, gic_signal_fn *signal, void *ctx);
void gic_free(struct gic *g);
const struct gic_config *gic_get_config(const struct gic *g);

/*
 * A vCPU exists and has this affinity (MPIDR_EL1; Aff3 to Aff0 are used): called when it is created
 * and whenever its MPIDR_EL1 changes. The first attach resets its redistributor and CPU interface,
 * a later one only moves its affinity. Two vCPUs should not share an affinity for longer than it
 * takes to set MPIDR_EL1: meanwhile an SPI goes to the lower index and an SGI to both.
 * After detach nothing is routed to the vCPU and its lines are not signalled any more.
 * -EINVAL: no such index.
 */
int gic_attach_vcpu(struct gic *g, unsigned vcpu, uint64_t mpidr);
void gic_detach_vcpu(struct gic *g, unsigned vcpu);

/*
 * Distributor and redistributors back to reset: registers, latched edges, messages and the wires of
 * SPIs, so that a level-triggered device that still asserts must set its wire again. Attached vCPUs
 * stay, with their affinities, the wires of their PPIs (timers go on) and their CPU interfaces
 * (which are the vCPUs' to reset, register by register).
 */
void gic_reset(struct gic *g);

/* A vCPU's lines as last signalled; low if it is not attached. */
void gic_get_lines(struct gic *g, unsigned vcpu, bool *irq, bool *fiq);

/* ---- Inputs ---------------------------------------------------------------------------------- */

/*
 * The wire of a shared interrupt. Level-triggered: pending while true. Edge-triggered: each call
 * with true is an edge, false does nothing. -EINVAL: not an SPI, or in the MSI range.
 */
int gic_set_spi(struct gic *g, uint32_t intid, bool level);

/*
 * The wire of a private peripheral interrupt (16-31) of one vCPU. Level-triggered: pending while
 * true. Edge-triggered: pending once it goes from false to true. -EINVAL: no such PPI or vCPU.
 */
int gic_set_ppi(struct gic *g, unsigned vcpu, uint32_t intid, bool level);

/*
 * A device's write of intid to the MSI frame's GICM_SET_SPI_NSR, whose IPA is `ipa`.
 * -EINVAL: that is not its IPA, or intid is not in the range.
 */
int gic_send_msi(struct gic *g, uint64_t ipa, uint32_t intid);

/* ---- The guest's accesses -------------------------------------------------------------------- */

/*
 * Does this IPA belong to the distributor, the redistributor region or the MSI frame? Takes no
 * lock. A naturally aligned access whose first byte is claimed lies within its region. size is 1,
 * 2, 4 or 8; any other size, a misaligned access, a width that the register does not have, and the
 * frames of vCPUs that do not exist read as zero and ignore writes.
 *
 * A walk over the redistributors ends (GICR_TYPER.Last) at the highest attached vCPU. A frame below
 * it whose vCPU does not exist says that it is a redistributor of affinity 255.255.255.255, so that
 * a walk passes over it.
 */
bool gic_mmio_claims(const struct gic *g, uint64_t ipa);
bool gic_mmio_overlaps(const struct gic *g, uint64_t ipa, uint64_t size); /* any byte of a range */
uint64_t gic_mmio_read(struct gic *g, uint64_t ipa, unsigned size);
void gic_mmio_write(struct gic *g, uint64_t ipa, unsigned size, uint64_t value);

/*
 * The CPU interface's system registers, named op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2. Reading
 * GIC_ICC_IAR0 or GIC_ICC_IAR1 acknowledges an interrupt. false: no such register or vCPU, or not
 * readable (writable); the access is UNDEFINED and *value untouched.
 */
enum gic_icc_reg {
    GIC_ICC_PMR = 0xc230,
    GIC_ICC_IAR0 = 0xc640,
    GIC_ICC_EOIR0 = 0xc641,
    GIC_ICC_HPPIR0 = 0xc642,
    GIC_ICC_BPR0 = 0xc643,
    GIC_ICC_AP0R0 = 0xc644, /* with five priority bits there are no AP0R1-3 and AP1R1-3 */
    GIC_ICC_AP1R0 = 0xc648,
    GIC_ICC_DIR = 0xc659,
    GIC_ICC_RPR = 0xc65b,
    GIC_ICC_SGI1R = 0xc65d,
    GIC_ICC_ASGI1R = 0xc65e,
    GIC_ICC_SGI0R = 0xc65f,
    GIC_ICC_IAR1 = 0xc660,
    GIC_ICC_EOIR1 = 0xc661,
    GIC_ICC_HPPIR1 = 0xc662,
    GIC_ICC_BPR1 = 0xc663,
    GIC_ICC_CTLR = 0xc664,
    GIC_ICC_SRE = 0xc665,
    GIC_ICC_IGRPEN0 = 0xc666,
    GIC_ICC_IGRPEN1 = 0xc667,
};

bool gic_icc_exists(unsigned reg, bool read); /* may it be read (written)? Pure. */
bool gic_icc_read(struct gic *g, unsigned vcpu, unsigned reg, uint64_t *value);
bool gic_icc_write(struct gic *g, unsigned vcpu, unsigned reg, uint64_t value);

/* ---- Save and restore (gic-state.c describes the format) ------------------------------------- */

/*
 * The state of the distributor and of the redistributors of all attached vCPUs, as a versioned
 * little-endian blob. As in the framework's hv_gic_state_t, the CPU interfaces are not in it (save
 * the ICC registers one by one), and neither are the wires of PPIs, which belong to who drives them.
 * gic_state_size is an upper bound that never changes; gic_state_save writes at most that much and
 * returns the length, or -ENOSPC if `size` is too small.
 *
 * gic_state_load takes a blob from outside: it checks all of it, then applies it. -EINVAL:
 * malformed, another version, another geometry (addresses, MSI range), or not for exactly the vCPUs
 * that are attached; then nothing has changed.
 */
size_t gic_state_size(const struct gic *g);
long gic_state_save(struct gic *g, uint8_t *data, size_t size);
int gic_state_load(struct gic *g, const uint8_t *data, size_t size);

#endif
