/* SPDX-License-Identifier: ISC */
/*
 * hv-gic.c: the hv_gic_* functions: what the VMM may ask, checked and handed to the GIC (gic.h).
 *
 * Functions without a vCPU argument hold the process lock, so that the VM cannot go away under them.
 * Those with one are for its own thread, whose vCPU keeps the VM alive.
 */
#include <Hypervisor/Hypervisor.h>

#include <errno.h>
#include <string.h>

#include "gic.h"
#include "object.h"
#include "vcpu.h"
#include "vm.h"

struct hv_gic_config_s {
    struct object object;
    bool has_distributor;
    bool has_redistributor;
    bool has_msi_region;
    hv_ipa_t distributor;
    hv_ipa_t redistributor;
    hv_ipa_t msi_region;
    uint32_t msi_intid_base;
    uint32_t msi_intid_count; /* 0: not set */
};

struct hv_gic_state_s {
    struct object object;
    size_t size;
    uint8_t data[];
};

_Static_assert(VM_MAX_VCPUS <= GIC_MAX_VCPUS, "every vCPU has a redistributor");
_Static_assert((int)HV_GIC_INT_PERFORMANCE_MONITOR == GIC_PPI_PMU, "INTID");
_Static_assert((int)HV_GIC_INT_MAINTENANCE == GIC_PPI_MAINTENANCE, "INTID");
_Static_assert((int)HV_GIC_INT_EL2_PHYSICAL_TIMER == GIC_PPI_HYP_TIMER, "INTID");
_Static_assert((int)HV_GIC_INT_EL1_VIRTUAL_TIMER == GIC_PPI_VIRTUAL_TIMER, "INTID");
_Static_assert((int)HV_GIC_INT_EL1_PHYSICAL_TIMER == GIC_PPI_PHYSICAL_TIMER, "INTID");
_Static_assert((int)HV_GIC_ICC_REG_IGRPEN1_EL1 == GIC_ICC_IGRPEN1, "one naming of registers");

/* ---- Configuration --------------------------------------------------------------------------- */

hv_gic_config_t hv_gic_config_create(void)
{
    return object_new(OBJECT_GIC_CONFIG, sizeof(struct hv_gic_config_s));
}

static hv_return_t set_base(bool *is_set, hv_ipa_t *base, hv_ipa_t address)
{
    if (address % GIC_ALIGNMENT != 0) {
        return HV_BAD_ARGUMENT;
    }
    *base = address;
    *is_set = true;
    return HV_SUCCESS;
}

hv_return_t hv_gic_config_set_distributor_base(hv_gic_config_t config,
                                               hv_ipa_t distributor_base_address)
{
    if (config == NULL) {
        return HV_BAD_ARGUMENT;
    }
    return set_base(&config->has_distributor, &config->distributor, distributor_base_address);
}

hv_return_t hv_gic_config_set_redistributor_base(hv_gic_config_t config,
                                                 hv_ipa_t redistributor_base_address)
{
    if (config == NULL) {
        return HV_BAD_ARGUMENT;
    }
    return set_base(&config->has_redistributor, &config->redistributor, redistributor_base_address);
}

hv_return_t hv_gic_config_set_msi_region_base(hv_gic_config_t config,
                                              hv_ipa_t msi_region_base_address)
{
    if (config == NULL) {
        return HV_BAD_ARGUMENT;
    }
    return set_base(&config->has_msi_region, &config->msi_region, msi_region_base_address);
}

hv_return_t hv_gic_config_set_msi_interrupt_range(hv_gic_config_t config, uint32_t msi_intid_base,
                                                  uint32_t msi_intid_count)
{
    uint32_t end = GIC_SPI_BASE + GIC_SPI_COUNT;

    if (config == NULL || msi_intid_count == 0 || msi_intid_base < GIC_SPI_BASE ||
        msi_intid_base >= end || msi_intid_count > end - msi_intid_base) {
        return HV_BAD_ARGUMENT;
    }
    config->msi_intid_base = msi_intid_base;
    config->msi_intid_count = msi_intid_count;
    return HV_SUCCESS;
}

/* ---- Creation -------------------------------------------------------------------------------- */

static bool fits(const struct vm *vm, uint64_t base, uint64_t size)
{
    uint64_t limit = UINT64_C(1) << vm->ipa_bits;

    return base < limit && size <= limit - base;
}

/* Inside the IPA space and off the VM's memory. gic_new checks the rest. */
static bool is_free(const struct vm *vm, const struct gic *g)
{
    const struct gic_config *c = gic_get_config(g);
    const struct vm_map *map = atomic_load(&vm->map);

    if (!fits(vm, c->dist_base, GIC_DIST_SIZE) ||
        !fits(vm, c->redist_base, GIC_REDIST_REGION_SIZE) ||
        (c->msi_intid_count != 0 && !fits(vm, c->msi_base, GIC_MSI_SIZE))) {
        return false;
    }
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        if (gic_mmio_overlaps(g, map->region[i].ipa, map->region[i].size)) {
            return false;
        }
    }
    return true;
}

static hv_return_t create(struct vm *vm, const struct hv_gic_config_s *config)
{
    struct gic_config c = {.dist_base = config->distributor,
                           .redist_base = config->redistributor,
                           .max_vcpus = GIC_MAX_VCPUS};
    struct gic *g;

    if (vm->gic != NULL || atomic_load(&vm->vcpu_count) != 0) {
        return HV_BUSY;
    }
    if (config->has_msi_region && config->msi_intid_count != 0) {
        c.msi_base = config->msi_region;
        c.msi_intid_base = config->msi_intid_base;
        c.msi_intid_count = config->msi_intid_count;
    }
    g = gic_new(&c, vcpu_signal_lines, vm);
    if (g == NULL) {
        return errno == EINVAL ? HV_BAD_ARGUMENT : HV_NO_RESOURCES;
    }
    if (!is_free(vm, g)) {
        gic_free(g);
        return HV_BAD_ARGUMENT;
    }
    vm->gic = g;
    return HV_SUCCESS;
}

hv_return_t hv_gic_create(hv_gic_config_t gic_config)
{
    struct vm *vm;
    hv_return_t ret;

    if (gic_config == NULL || !gic_config->has_distributor || !gic_config->has_redistributor) {
        return HV_BAD_ARGUMENT;
    }
    vm = vm_lock_current();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    ret = create(vm, gic_config);
    vm_unlock_current();
    return ret;
}

/* Locks the VM if it has a GIC; else NULL. */
static struct vm *lock_vm_with_gic(void)
{
    struct vm *vm = vm_lock_current();

    if (vm != NULL && vm->gic == NULL) {
        vm_unlock_current();
        vm = NULL;
    }
    return vm;
}

hv_return_t hv_gic_reset(void)
{
    struct vm *vm = lock_vm_with_gic();

    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    gic_reset(vm->gic);
    vm_unlock_current();
    return HV_SUCCESS;
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static hv_return_t answer(size_t *out, size_t value)
{
    if (out == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *out = value;
    return HV_SUCCESS;
}

hv_return_t hv_gic_get_distributor_size(size_t *distributor_size)
{
    return answer(distributor_size, GIC_DIST_SIZE);
}

hv_return_t hv_gic_get_distributor_base_alignment(size_t *distributor_base_alignment)
{
    return answer(distributor_base_alignment, GIC_ALIGNMENT);
}

hv_return_t hv_gic_get_redistributor_region_size(size_t *redistributor_region_size)
{
    return answer(redistributor_region_size, GIC_REDIST_REGION_SIZE);
}

hv_return_t hv_gic_get_redistributor_size(size_t *redistributor_size)
{
    return answer(redistributor_size, GIC_REDIST_SIZE);
}

hv_return_t hv_gic_get_redistributor_base_alignment(size_t *redistributor_base_alignment)
{
    return answer(redistributor_base_alignment, GIC_ALIGNMENT);
}

hv_return_t hv_gic_get_msi_region_size(size_t *msi_region_size)
{
    return answer(msi_region_size, GIC_MSI_SIZE);
}

hv_return_t hv_gic_get_msi_region_base_alignment(size_t *msi_region_base_alignment)
{
    return answer(msi_region_base_alignment, GIC_ALIGNMENT);
}

hv_return_t hv_gic_get_spi_interrupt_range(uint32_t *spi_intid_base, uint32_t *spi_intid_count)
{
    if (spi_intid_base == NULL || spi_intid_count == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *spi_intid_base = GIC_SPI_BASE;
    *spi_intid_count = GIC_SPI_COUNT;
    return HV_SUCCESS;
}

/* The names are the INTIDs. */
hv_return_t hv_gic_get_intid(hv_gic_intid_t interrupt, uint32_t *intid)
{
    if (intid == NULL) {
        return HV_BAD_ARGUMENT;
    }
    switch (interrupt) {
    case HV_GIC_INT_PERFORMANCE_MONITOR:
    case HV_GIC_INT_MAINTENANCE:
    case HV_GIC_INT_EL2_PHYSICAL_TIMER:
    case HV_GIC_INT_EL1_VIRTUAL_TIMER:
    case HV_GIC_INT_EL1_PHYSICAL_TIMER: *intid = interrupt; return HV_SUCCESS;
    default: return HV_BAD_ARGUMENT;
    }
}

static uint64_t redistributor_of(const struct gic *g, uint64_t vcpu)
{
    return gic_get_config(g)->redist_base + vcpu * GIC_REDIST_SIZE;
}

hv_return_t hv_gic_get_redistributor_base(hv_vcpu_t vcpu, hv_ipa_t *redistributor_base_address)
{
    struct vm *vm;
    hv_return_t ret = HV_BAD_ARGUMENT;

    if (redistributor_base_address == NULL) {
        return HV_BAD_ARGUMENT;
    }
    vm = lock_vm_with_gic();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    if (vcpu < VM_MAX_VCPUS && atomic_load(&vm->slot[vcpu].vcpu) != NULL) {
        *redistributor_base_address = redistributor_of(vm->gic, vcpu);
        ret = HV_SUCCESS;
    }
    vm_unlock_current();
    return ret;
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

hv_return_t hv_gic_set_spi(uint32_t intid, bool level)
{
    struct vm *vm = lock_vm_with_gic();
    int err;

    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    err = gic_set_spi(vm->gic, intid, level);
    vm_unlock_current();
    return err == 0 ? HV_SUCCESS : HV_BAD_ARGUMENT;
}

hv_return_t hv_gic_send_msi(hv_ipa_t address, uint32_t intid)
{
    struct vm *vm = lock_vm_with_gic();
    int err;

    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    err = gic_send_msi(vm->gic, address, intid);
    vm_unlock_current();
    return err == 0 ? HV_SUCCESS : HV_BAD_ARGUMENT;
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* reg is `name` or a later register of its array of `count`, `step` bytes apart. */
static bool in_array(uint32_t reg, uint32_t name, uint32_t count, uint32_t step)
{
    return reg >= name && reg < name + count * step && (reg - name) % step == 0;
}

/* Bytes of a distributor register that the API names, 0 for any other offset. */
static unsigned distributor_width(uint32_t reg)
{
    static const uint16_t bit_arrays[] = {
        HV_GIC_DISTRIBUTOR_REG_GICD_IGROUPR0,   HV_GIC_DISTRIBUTOR_REG_GICD_ISENABLER0,
        HV_GIC_DISTRIBUTOR_REG_GICD_ICENABLER0, HV_GIC_DISTRIBUTOR_REG_GICD_ISPENDR0,
        HV_GIC_DISTRIBUTOR_REG_GICD_ICPENDR0,   HV_GIC_DISTRIBUTOR_REG_GICD_ISACTIVER0,
        HV_GIC_DISTRIBUTOR_REG_GICD_ICACTIVER0,
    };

    for (unsigned i = 0; i < sizeof(bit_arrays) / sizeof(bit_arrays[0]); i++) {
        if (in_array(reg, bit_arrays[i], 32, 4)) {
            return 4;
        }
    }
    if (in_array(reg, HV_GIC_DISTRIBUTOR_REG_GICD_IROUTER32, GIC_SPI_COUNT, 8)) {
        return 8;
    }
    return reg == HV_GIC_DISTRIBUTOR_REG_GICD_CTLR || reg == HV_GIC_DISTRIBUTOR_REG_GICD_TYPER ||
                   reg == HV_GIC_DISTRIBUTOR_REG_GICD_PIDR2 ||
                   in_array(reg, HV_GIC_DISTRIBUTOR_REG_GICD_IPRIORITYR0, 255, 4) ||
                   in_array(reg, HV_GIC_DISTRIBUTOR_REG_GICD_ICFGR0, 64, 4)
               ? 4
               : 0;
}

hv_return_t hv_gic_get_distributor_reg(hv_gic_distributor_reg_t reg, uint64_t *value)
{
    unsigned width = distributor_width(reg);
    struct vm *vm;

    if (width == 0 || value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    vm = lock_vm_with_gic();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    *value = gic_mmio_read(vm->gic, gic_get_config(vm->gic)->dist_base + reg, width);
    vm_unlock_current();
    return HV_SUCCESS;
}

hv_return_t hv_gic_set_distributor_reg(hv_gic_distributor_reg_t reg, uint64_t value)
{
    unsigned width = distributor_width(reg);
    struct vm *vm;

    if (width == 0) {
        return HV_BAD_ARGUMENT;
    }
    vm = lock_vm_with_gic();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    gic_mmio_write(vm->gic, gic_get_config(vm->gic)->dist_base + reg, width, value);
    vm_unlock_current();
    return HV_SUCCESS;
}

static unsigned redistributor_width(uint32_t reg)
{
    switch (reg) {
    case HV_GIC_REDISTRIBUTOR_REG_GICR_TYPER: return 8;
    case HV_GIC_REDISTRIBUTOR_REG_GICR_PIDR2:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_IGROUPR0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ISENABLER0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ICENABLER0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ISPENDR0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ICPENDR0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ISACTIVER0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ICACTIVER0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ICFGR0:
    case HV_GIC_REDISTRIBUTOR_REG_GICR_ICFGR1: return 4;
    default: return in_array(reg, HV_GIC_REDISTRIBUTOR_REG_GICR_IPRIORITYR0, 8, 4) ? 4 : 0;
    }
}

/* The caller's own vCPU, whose VM has a GIC; NULL and why. */
static struct vcpu *own_vcpu(hv_vcpu_t vcpu, hv_return_t *err)
{
    struct vcpu *v = vcpu_owned(vcpu, err);

    if (v != NULL && v->vm->gic == NULL) {
        *err = HV_NO_DEVICE;
        return NULL;
    }
    return v;
}

hv_return_t hv_gic_get_redistributor_reg(hv_vcpu_t vcpu, hv_gic_redistributor_reg_t reg,
                                         uint64_t *value)
{
    unsigned width = redistributor_width(reg);
    hv_return_t err;
    struct vcpu *v;

    if (width == 0 || value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    v = own_vcpu(vcpu, &err);
    if (v == NULL) {
        return err;
    }
    *value = gic_mmio_read(v->vm->gic, redistributor_of(v->vm->gic, v->index) + reg, width);
    return HV_SUCCESS;
}

hv_return_t hv_gic_set_redistributor_reg(hv_vcpu_t vcpu, hv_gic_redistributor_reg_t reg,
                                         uint64_t value)
{
    unsigned width = redistributor_width(reg);
    hv_return_t err;
    struct vcpu *v;

    if (width == 0) {
        return HV_BAD_ARGUMENT;
    }
    v = own_vcpu(vcpu, &err);
    if (v == NULL) {
        return err;
    }
    gic_mmio_write(v->vm->gic, redistributor_of(v->vm->gic, v->index) + reg, width, value);
    return HV_SUCCESS;
}

/* The registers that ICC and ICV name alike. */
static bool is_cpu_interface_reg(unsigned reg)
{
    switch (reg) {
    case HV_GIC_ICC_REG_PMR_EL1:
    case HV_GIC_ICC_REG_BPR0_EL1:
    case HV_GIC_ICC_REG_AP0R0_EL1:
    case HV_GIC_ICC_REG_AP1R0_EL1:
    case HV_GIC_ICC_REG_RPR_EL1:
    case HV_GIC_ICC_REG_BPR1_EL1:
    case HV_GIC_ICC_REG_CTLR_EL1:
    case HV_GIC_ICC_REG_SRE_EL1:
    case HV_GIC_ICC_REG_IGRPEN0_EL1:
    case HV_GIC_ICC_REG_IGRPEN1_EL1: return true;
    default: return false;
    }
}

/* NULL and why: also HV_UNSUPPORTED for ICC_SRE_EL2, as there is no EL2. */
static struct vcpu *own_vcpu_for_icc(hv_vcpu_t vcpu, hv_gic_icc_reg_t reg, hv_return_t *err)
{
    struct vcpu *v;

    if (!is_cpu_interface_reg(reg) && reg != HV_GIC_ICC_REG_SRE_EL2) {
        *err = HV_BAD_ARGUMENT;
        return NULL;
    }
    v = own_vcpu(vcpu, err);
    if (v != NULL && reg == HV_GIC_ICC_REG_SRE_EL2) {
        *err = HV_UNSUPPORTED;
        return NULL;
    }
    return v;
}

hv_return_t hv_gic_get_icc_reg(hv_vcpu_t vcpu, hv_gic_icc_reg_t reg, uint64_t *value)
{
    hv_return_t err;
    struct vcpu *v;

    if (value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    v = own_vcpu_for_icc(vcpu, reg, &err);
    if (v == NULL) {
        return err;
    }
    return gic_icc_read(v->vm->gic, v->index, reg, value) ? HV_SUCCESS : HV_ERROR;
}

hv_return_t hv_gic_set_icc_reg(hv_vcpu_t vcpu, hv_gic_icc_reg_t reg, uint64_t value)
{
    hv_return_t err;
    struct vcpu *v = own_vcpu_for_icc(vcpu, reg, &err);

    if (v == NULL) {
        return err;
    }
    if (reg == HV_GIC_ICC_REG_RPR_EL1) {
        return HV_SUCCESS; /* read-only */
    }
    return gic_icc_write(v->vm->gic, v->index, reg, value) ? HV_SUCCESS : HV_ERROR;
}

static bool is_hypervisor_reg(unsigned reg)
{
    switch (reg) {
    case HV_GIC_ICH_REG_AP0R0_EL2:
    case HV_GIC_ICH_REG_AP1R0_EL2:
    case HV_GIC_ICH_REG_HCR_EL2:
    case HV_GIC_ICH_REG_VTR_EL2:
    case HV_GIC_ICH_REG_MISR_EL2:
    case HV_GIC_ICH_REG_EISR_EL2:
    case HV_GIC_ICH_REG_ELRSR_EL2:
    case HV_GIC_ICH_REG_VMCR_EL2: return true;
    default: return reg >= HV_GIC_ICH_REG_LR0_EL2 && reg <= HV_GIC_ICH_REG_LR15_EL2;
    }
}

/* For arguments that would be right in a VM with EL2; there are none of those here. */
static hv_return_t refuse_el2(hv_vcpu_t vcpu, bool known)
{
    hv_return_t err = HV_BAD_ARGUMENT;

    return known && own_vcpu(vcpu, &err) != NULL ? HV_UNSUPPORTED : err;
}

hv_return_t hv_gic_get_ich_reg(hv_vcpu_t vcpu, hv_gic_ich_reg_t reg, uint64_t *value)
{
    return refuse_el2(vcpu, is_hypervisor_reg(reg) && value != NULL);
}

hv_return_t hv_gic_set_ich_reg(hv_vcpu_t vcpu, hv_gic_ich_reg_t reg, uint64_t value)
{
    (void)value;
    return refuse_el2(vcpu, is_hypervisor_reg(reg));
}

hv_return_t hv_gic_get_icv_reg(hv_vcpu_t vcpu, hv_gic_icv_reg_t reg, uint64_t *value)
{
    return refuse_el2(vcpu, is_cpu_interface_reg(reg) && value != NULL);
}

hv_return_t hv_gic_set_icv_reg(hv_vcpu_t vcpu, hv_gic_icv_reg_t reg, uint64_t value)
{
    (void)value;
    return refuse_el2(vcpu, is_cpu_interface_reg(reg));
}

/* Locks a VM whose GIC has an MSI frame; NULL and why. */
static struct vm *lock_vm_with_msi(hv_gic_msi_reg_t reg, hv_return_t *err)
{
    struct vm *vm;

    if (reg != HV_GIC_REG_GICM_TYPER && reg != HV_GIC_REG_GICM_SET_SPI_NSR) {
        *err = HV_BAD_ARGUMENT;
        return NULL;
    }
    vm = lock_vm_with_gic();
    if (vm == NULL) {
        *err = HV_NO_DEVICE;
        return NULL;
    }
    if (gic_get_config(vm->gic)->msi_intid_count == 0) {
        vm_unlock_current();
        *err = HV_UNSUPPORTED;
        return NULL;
    }
    return vm;
}

hv_return_t hv_gic_get_msi_reg(hv_gic_msi_reg_t reg, uint64_t *value)
{
    hv_return_t err;
    struct vm *vm;

    if (value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    vm = lock_vm_with_msi(reg, &err);
    if (vm == NULL) {
        return err;
    }
    *value = gic_mmio_read(vm->gic, gic_get_config(vm->gic)->msi_base + reg, 4);
    vm_unlock_current();
    return HV_SUCCESS;
}

hv_return_t hv_gic_set_msi_reg(hv_gic_msi_reg_t reg, uint64_t value)
{
    hv_return_t err;
    struct vm *vm = lock_vm_with_msi(reg, &err);

    if (vm == NULL) {
        return err;
    }
    gic_mmio_write(vm->gic, gic_get_config(vm->gic)->msi_base + reg, 4, value);
    vm_unlock_current();
    return HV_SUCCESS;
}

/* ---- State ----------------------------------------------------------------------------------- */

hv_gic_state_t hv_gic_state_create(void)
{
    struct vm *vm = lock_vm_with_gic();
    struct hv_gic_state_s *state = NULL;

    if (vm != NULL) {
        size_t room = gic_state_size(vm->gic);
        state = object_new(OBJECT_GIC_STATE, sizeof(*state) + room);
        if (state != NULL) {
            state->size = (size_t)gic_state_save(vm->gic, state->data, room);
        }
        vm_unlock_current();
    }
    return state;
}

hv_return_t hv_gic_state_get_size(hv_gic_state_t state, size_t *gic_state_size)
{
    return state == NULL ? HV_BAD_ARGUMENT : answer(gic_state_size, state->size);
}

hv_return_t hv_gic_state_get_data(hv_gic_state_t state, void *gic_state_data)
{
    if (state == NULL || gic_state_data == NULL) {
        return HV_BAD_ARGUMENT;
    }
    memcpy(gic_state_data, state->data, state->size);
    return HV_SUCCESS;
}

hv_return_t hv_gic_set_state(const void *gic_state_data, size_t gic_state_size)
{
    struct vm *vm;
    int err;

    if (gic_state_data == NULL) {
        return HV_BAD_ARGUMENT;
    }
    vm = lock_vm_with_gic();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    err = gic_state_load(vm->gic, gic_state_data, gic_state_size);
    vm_unlock_current();
    return err == 0 ? HV_SUCCESS : HV_BAD_ARGUMENT;
}
