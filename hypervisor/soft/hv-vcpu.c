/* SPDX-License-Identifier: ISC */
/*
 * hv-vcpu.c: the accessors of hv_vcpu_*: registers, pending interrupts, timer, debug traps. All on
 * the owner's thread.
 */
#include <string.h>

#include "debug.h"
#include "except.h"
#include "hv-sys-reg.h"
#include "mmu.h"
#include "sysreg.h"
#include "vcpu.h"
#include "vm.h"

hv_return_t hv_vcpu_get_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t *value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    if (reg <= HV_REG_X30) {
        *value = v->cpu.x[reg];
        return HV_SUCCESS;
    }
    switch (reg) {
    case HV_REG_PC: *value = v->cpu.pc; return HV_SUCCESS;
    case HV_REG_FPCR: sysreg_get(&v->cpu, SYSREG_FPCR, value); return HV_SUCCESS;
    case HV_REG_FPSR: sysreg_get(&v->cpu, SYSREG_FPSR, value); return HV_SUCCESS;
    case HV_REG_CPSR: *value = cpu_pstate(&v->cpu); return HV_SUCCESS;
    default: return HV_BAD_ARGUMENT;
    }
}

/* AArch64 states of EL0 and EL1 are the only ones this CPU has. */
static hv_return_t set_cpsr(struct cpu *c, uint64_t value)
{
    unsigned mode = (unsigned)value & 0x1f;

    if (mode != 0 && mode != 4 && mode != 5) {
        return HV_BAD_ARGUMENT;
    }
    cpu_set_pan(c, bit64(value, 22));
    cpu_set_pstate(c, value);
    debug_update(c);
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL) {
        return ret;
    }
    if (reg <= HV_REG_X30) {
        v->cpu.x[reg] = value;
        return HV_SUCCESS;
    }
    switch (reg) {
    case HV_REG_PC: v->cpu.pc = value; return HV_SUCCESS;
    case HV_REG_FPCR: sysreg_set(&v->cpu, SYSREG_FPCR, value); return HV_SUCCESS;
    case HV_REG_FPSR: sysreg_set(&v->cpu, SYSREG_FPSR, value); return HV_SUCCESS;
    case HV_REG_CPSR: return set_cpsr(&v->cpu, value);
    default: return HV_BAD_ARGUMENT;
    }
}

hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t *value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || value == NULL || reg > HV_SIMD_FP_REG_Q31) {
        return HV_BAD_ARGUMENT;
    }
    memcpy(value, &v->cpu.v[reg], sizeof(*value));
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || reg > HV_SIMD_FP_REG_Q31) {
        return HV_BAD_ARGUMENT;
    }
    memcpy(&v->cpu.v[reg], &value, sizeof(value));
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t *value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || value == NULL || !hv_sys_reg_offered(reg, v->vm->gic != NULL) ||
        !sysreg_get(&v->cpu, reg, value)) {
        return HV_BAD_ARGUMENT;
    }
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t value)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || !hv_sys_reg_offered(reg, v->vm->gic != NULL) ||
        !sysreg_set(&v->cpu, reg, value)) {
        return HV_BAD_ARGUMENT;
    }
    return HV_SUCCESS;
}

/* The flag behind an interrupt type; NULL: no such type. */
static bool *pending_flag(struct vcpu *v, hv_interrupt_type_t type)
{
    return type == HV_INTERRUPT_TYPE_IRQ   ? &v->pending_irq
           : type == HV_INTERRUPT_TYPE_FIQ ? &v->pending_fiq
                                           : NULL;
}

hv_return_t hv_vcpu_get_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool *pending)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || pending == NULL || pending_flag(v, type) == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *pending = *pending_flag(v, type);
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool pending)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || pending_flag(v, type) == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *pending_flag(v, type) = pending;
    return HV_SUCCESS;
}

/* A flag or a number of the vCPU, read and written as it is. */
#define VCPU_ACCESSORS(name, type, field)                                                          \
    hv_return_t hv_vcpu_get_##name(hv_vcpu_t vcpu, type *value)                                    \
    {                                                                                              \
        hv_return_t ret;                                                                           \
        const struct vcpu *v = vcpu_owned(vcpu, &ret);                                             \
                                                                                                   \
        if (v == NULL || value == NULL) {                                                          \
            return HV_BAD_ARGUMENT;                                                                \
        }                                                                                          \
        *value = v->field;                                                                         \
        return HV_SUCCESS;                                                                         \
    }                                                                                              \
                                                                                                   \
    hv_return_t hv_vcpu_set_##name(hv_vcpu_t vcpu, type value)                                     \
    {                                                                                              \
        hv_return_t ret;                                                                           \
        struct vcpu *v = vcpu_owned(vcpu, &ret);                                                   \
                                                                                                   \
        if (v == NULL) {                                                                           \
            return ret;                                                                            \
        }                                                                                          \
        v->field = value;                                                                          \
        return HV_SUCCESS;                                                                         \
    }

VCPU_ACCESSORS(trap_debug_exceptions, bool, cpu.trap_debug)
VCPU_ACCESSORS(trap_debug_reg_accesses, bool, trap_debug_regs)
VCPU_ACCESSORS(vtimer_mask, bool, vtimer_masked)
VCPU_ACCESSORS(vtimer_offset, uint64_t, vtimer_offset)
