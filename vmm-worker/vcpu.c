/* SPDX-License-Identifier: ISC */
/*
 * vcpu.c: vCPU threads and the answers to their exits. See vcpu.h.
 */
#include "vcpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host-clock.h"

#define CPSR_BOOT        UINT64_C(0x3c5) /* EL1h; D, A, I and F masked (booting.rst) */
#define CPSR_PAN         (UINT64_C(1) << 22)
#define SCTLR_SPAN       (UINT64_C(1) << 23)
#define VTIMER_PPI       27u
#define INSTRUCTION_SIZE 4u
#define SMCCC_UNKNOWN    UINT64_MAX /* NOT_SUPPORTED */

/* How long a waiter for threads sleeps before it kicks again: a kick can be lost. */
#define KICK_AGAIN_NS    UINT64_C(5000000)

/* A parked vCPU without a timer of its own still looks now and then. */
#define PARK_LIMIT_NS    UINT64_C(1000000000)

/* So many remarks about accesses to nowhere reach the log. */
#define REMARKS_MAX      16u

/* ---- Registers --------------------------------------------------------------------------------
 */

/* Every accessor runs on the owning thread; a failure is the hypervisor's and ends the VM. */
static void note(struct vcpu *v, hv_return_t result, const char *what)
{
    char text[96];

    if (result == HV_SUCCESS) {
        return;
    }
    snprintf(text, sizeof(text), "vCPU %u: %s failed with 0x%" PRIx32, v->index, what,
             (uint32_t)result);
    v->set->events.end(v->set->events.ctx, OUTCOME_HYPERVISOR_ERROR, result, text);
}

static uint64_t get_reg(struct vcpu *v, hv_reg_t reg)
{
    uint64_t value = 0;

    note(v, hv_vcpu_get_reg(v->handle, reg, &value), "hv_vcpu_get_reg");
    return value;
}

static void set_reg(struct vcpu *v, hv_reg_t reg, uint64_t value)
{
    note(v, hv_vcpu_set_reg(v->handle, reg, value), "hv_vcpu_set_reg");
}

static uint64_t get_sys(struct vcpu *v, hv_sys_reg_t reg)
{
    uint64_t value = 0;

    note(v, hv_vcpu_get_sys_reg(v->handle, reg, &value), "hv_vcpu_get_sys_reg");
    return value;
}

static void set_sys(struct vcpu *v, hv_sys_reg_t reg, uint64_t value)
{
    note(v, hv_vcpu_set_sys_reg(v->handle, reg, value), "hv_vcpu_set_sys_reg");
}

static uint64_t get_x(struct vcpu *v, unsigned n)
{
    return n == EXIT_REG_ZERO ? 0 : get_reg(v, HV_REG_X0 + n);
}

static void set_x(struct vcpu *v, unsigned n, uint64_t value)
{
    if (n != EXIT_REG_ZERO) {
        set_reg(v, HV_REG_X0 + n, value);
    }
}

static void step_over(struct vcpu *v)
{
    set_reg(v, HV_REG_PC, get_reg(v, HV_REG_PC) + INSTRUCTION_SIZE);
}

/* ---- What the guest did wrong ------------------------------------------------------------------
 */

static void remark(struct vcpu *v, atomic_uint_least64_t *count, const char *format, ...)
{
    uint64_t n = atomic_fetch_add(count, 1);
    char text[160];
    va_list args;

    if (n >= REMARKS_MAX) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    v->set->events.log(v->set->events.ctx, text);
}

/* What cannot be continued ends this VM, with the reason. */
static void fail(struct vcpu *v, const char *format, ...)
{
    char what[160];
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    snprintf(text, sizeof(text), "vCPU %u at PC 0x%" PRIx64 ": %s", v->index, get_reg(v, HV_REG_PC),
             what);
    v->set->events.end(v->set->events.ctx, OUTCOME_HYPERVISOR_ERROR, 0, text);
}

/*
 * A synchronous external abort, as a machine answers an access that no device understands: taken to
 * EL1 as Arm ARM D1.10 describes.
 */
static void inject_external_abort(struct vcpu *v, uint64_t address, bool instruction)
{
    uint64_t cpsr = get_reg(v, HV_REG_CPSR);
    bool from_el0 = (cpsr & 0xf) == 0;
    unsigned class = instruction ? EXIT_IABORT : EXIT_DABORT;
    uint64_t vector = from_el0 ? 0x400 : (cpsr & 1) != 0 ? 0x200 : 0;

    class += from_el0 ? 0 : 1;
    set_sys(v, HV_SYS_REG_ESR_EL1, (uint64_t) class << 26 | UINT64_C(1) << 25 | 0x10);
    set_sys(v, HV_SYS_REG_FAR_EL1, address);
    set_sys(v, HV_SYS_REG_ELR_EL1, get_reg(v, HV_REG_PC));
    set_sys(v, HV_SYS_REG_SPSR_EL1, cpsr);
    if ((get_sys(v, HV_SYS_REG_SCTLR_EL1) & SCTLR_SPAN) == 0) {
        cpsr |= CPSR_PAN;
    }
    set_reg(v, HV_REG_CPSR, CPSR_BOOT | (cpsr & CPSR_PAN));
    set_reg(v, HV_REG_PC, get_sys(v, HV_SYS_REG_VBAR_EL1) + vector);
}

/* ---- Exits --------------------------------------------------------------------------------------
 */

static void handle_access(struct vcpu *v)
{
    const hv_vcpu_exit_exception_t *e = &v->exit->exception;
    struct exit_access a = exit_decode_access(e->syndrome);
    uint64_t address = e->physical_address;
    uint64_t value = 0;
    bool known;

    if (a.cache_op) {
        step_over(v);
        return;
    }
    if (a.walk) {
        fail(v, "a page table at 0x%" PRIx64 ", where there is no RAM", address);
        return;
    }
    if (!a.valid) {
        remark(v, &v->unknown_mmio,
               "a device access at 0x%" PRIx64
               " by an instruction that the syndrome does not describe: external abort",
               address);
        inject_external_abort(v, e->virtual_address, false);
        return;
    }
    if (a.write) {
        known = bus_write(v->set->bus, address, a.size, exit_store_value(&a, get_x(v, a.reg)));
    } else {
        known = bus_read(v->set->bus, address, a.size, &value);
        set_x(v, a.reg, exit_load_result(&a, value));
    }
    if (!known) {
        remark(v, &v->unknown_mmio, "%s of %u bytes at 0x%" PRIx64 ", where no device is",
               a.write ? "write" : "read", a.size, address);
    }
    step_over(v);
}

/* Whether to run on. */
static bool handle_call(struct vcpu *v, uint64_t immediate)
{
    uint64_t x[4];

    if (immediate != 0) {
        set_reg(v, HV_REG_X0, SMCCC_UNKNOWN);
        return true;
    }
    for (unsigned i = 0; i < 4; i++) {
        x[i] = get_reg(v, HV_REG_X0 + i);
    }
    switch (psci_call(&v->set->psci, v->index, x)) {
    case PSCI_RETURN: set_reg(v, HV_REG_X0, x[0]); return true;
    case PSCI_STOP: return false;
    case PSCI_SYSTEM_OFF:
        v->set->events.end(v->set->events.ctx, OUTCOME_POWER_OFF, 0, "the guest called SYSTEM_OFF");
        return false;
    case PSCI_SYSTEM_RESET:
        v->set->events.end(v->set->events.ctx, OUTCOME_RESET, 0, "the guest called SYSTEM_RESET");
        return false;
    }
    return false;
}

/* Registers that every kernel touches and that reading zero serves: debug (op0 2) and the PMU. */
static bool sysreg_is_usual(const struct exit_sysreg *r)
{
    bool pmu = r->op0 == 3 && ((r->crn == 9 && r->crm >= 12) || (r->crn == 14 && r->crm >= 8));

    return r->op0 == 2 || pmu;
}

/* What the hypervisor leaves to us differs between releases of macOS: reads zero, ignores writes. */
static void handle_sysreg(struct vcpu *v, uint64_t syndrome)
{
    struct exit_sysreg r = exit_decode_sysreg(syndrome);

    if (!sysreg_is_usual(&r)) {
        remark(v, &v->unknown_sysreg,
               "%s of system register S%u_%u_C%u_C%u_%u: reads zero, ignored",
               r.read ? "read" : "write", r.op0, r.op1, r.crn, r.crm, r.op2);
    }
    if (r.read) {
        set_x(v, r.reg, 0);
    }
    step_over(v);
}

/* Whether the timer's interrupt can reach the vCPU; a guest may have it disabled in the GIC. */
static bool timer_interrupt_enabled(struct vcpu *v)
{
    uint64_t enabled = 0;

    return hv_gic_get_redistributor_reg(v->handle, HV_GIC_REDISTRIBUTOR_REG_GICR_ISENABLER0,
                                        &enabled) != HV_SUCCESS ||
           (enabled >> VTIMER_PPI & 1) != 0;
}

/* Nanoseconds until the vCPU's virtual timer fires: 0 if it has, PARK_LIMIT_NS if it is off or far.
 */
static uint64_t timer_left(struct vcpu *v)
{
    uint64_t ctl = get_sys(v, HV_SYS_REG_CNTV_CTL_EL0);
    uint64_t offset = 0;
    uint64_t now;
    uint64_t left;

    if ((ctl & 3) != 1) { /* not enabled, or masked */
        return PARK_LIMIT_NS;
    }
    note(v, hv_vcpu_get_vtimer_offset(v->handle, &offset), "hv_vcpu_get_vtimer_offset");
    now = host_ticks() - offset;
    left = get_sys(v, HV_SYS_REG_CNTV_CVAL_EL0);
    if (left <= now) {
        /* It fired; nobody would come out of WFI for an interrupt that is disabled. */
        return timer_interrupt_enabled(v) ? 0 : PARK_LIMIT_NS;
    }
    left -= now;
    if (left >= host_ticks_per_second()) {
        return PARK_LIMIT_NS;
    }
    return left * UINT64_C(1000000000) / host_ticks_per_second();
}

/* An interrupt of the vCPU's own (an IPI, say) waits: no API says so, but its redistributor does.
 */
static bool private_interrupt(struct vcpu *v)
{
    uint64_t pending = 0;
    uint64_t enabled = 0;

    if (hv_gic_get_redistributor_reg(v->handle, HV_GIC_REDISTRIBUTOR_REG_GICR_ISPENDR0, &pending) !=
            HV_SUCCESS ||
        hv_gic_get_redistributor_reg(v->handle, HV_GIC_REDISTRIBUTOR_REG_GICR_ISENABLER0,
                                     &enabled) != HV_SUCCESS) {
        return true; /* cannot tell: go and see */
    }
    return (pending & enabled) != 0;
}

/* Becoming active may mean sending interrupts: who sleeps without looking is to look from now on.
 */
static void set_active_locked(struct vcpu_set *set, bool active)
{
    if (!active) {
        atomic_fetch_sub(&set->active, 1);
    } else if (atomic_fetch_add(&set->active, 1) == 0) {
        pthread_cond_broadcast(&set->wake);
    }
}

/* WFI came out to us: wait, as vcpu.h says. */
static void park(struct vcpu *v)
{
    struct vcpu_set *set = v->set;
    uint64_t until = host_ns() + timer_left(v);

    step_over(v);
    pthread_mutex_lock(&set->lock);
    set_active_locked(set, false);
    atomic_fetch_add(&set->parked, 1);
    while (atomic_load(&set->interrupts) == v->seen && !atomic_load(&set->stopping) &&
           !atomic_load(&set->pausing) && !private_interrupt(v)) {
        uint64_t now = host_ns();
        uint64_t left = until - now;
        if (now >= until) {
            break;
        }
        if (atomic_load(&set->active) != 0 && left > VCPU_IPI_POLL_NS) {
            left = VCPU_IPI_POLL_NS;
        }
        clock_cond_wait_for(&set->wake, &set->lock, left);
    }
    atomic_fetch_sub(&set->parked, 1);
    set_active_locked(set, true);
    pthread_mutex_unlock(&set->lock);
}

/* Whether to run on. */
static bool handle_exception(struct vcpu *v)
{
    uint64_t syndrome = v->exit->exception.syndrome;
    unsigned class = exit_class(syndrome);

    atomic_fetch_add_explicit(&v->exits[class], 1, memory_order_relaxed);
    switch (class) {
    case EXIT_WFX:
        if (exit_is_wfi(syndrome)) {
            park(v);
        } else {
            step_over(v);
        }
        return true;
    case EXIT_HVC: return handle_call(v, syndrome & 0xffff);
    case EXIT_SMC: step_over(v); return handle_call(v, syndrome & 0xffff);
    case EXIT_SYSREG: handle_sysreg(v, syndrome); return true;
    case EXIT_DABORT: handle_access(v); return true;
    case EXIT_IABORT:
        remark(v, &v->unknown_mmio, "the guest ran to 0x%" PRIx64 ", where there is no RAM",
               v->exit->exception.physical_address);
        inject_external_abort(v, v->exit->exception.virtual_address, true);
        return true;
    default:
        fail(v, "an exit that nothing here expects: class 0x%x, syndrome 0x%" PRIx64, class,
             syndrome);
        return false;
    }
}

/* ---- Running ------------------------------------------------------------------------------------
 */

/* Out of the guest until no pause is wanted. */
static void wait_while_paused(struct vcpu *v)
{
    struct vcpu_set *set = v->set;

    pthread_mutex_lock(&set->lock);
    v->out = true;
    pthread_cond_broadcast(&set->changed);
    while (atomic_load(&set->pausing) && !atomic_load(&set->stopping)) {
        pthread_cond_wait(&set->wake, &set->lock);
    }
    v->out = false;
    pthread_mutex_unlock(&set->lock);
}

/* Runs the guest until this vCPU is turned off or the VM ends. */
static void run(struct vcpu *v)
{
    struct vcpu_set *set = v->set;

    for (;;) {
        /* The flags before every run: a kick that came between two runs may be lost. */
        if (atomic_load(&set->stopping)) {
            return;
        }
        if (atomic_load(&set->pausing)) {
            wait_while_paused(v);
            continue;
        }
        v->seen = atomic_load(&set->interrupts);
        hv_return_t result = hv_vcpu_run(v->handle);
        if (result != HV_SUCCESS) {
            note(v, result, "hv_vcpu_run");
            return;
        }
        switch (v->exit->reason) {
        case HV_EXIT_REASON_CANCELED:
            atomic_fetch_add_explicit(&v->canceled, 1, memory_order_relaxed);
            break;
        case HV_EXIT_REASON_EXCEPTION:
            if (!handle_exception(v)) {
                return;
            }
            break;
        case HV_EXIT_REASON_VTIMER_ACTIVATED: /* the GIC has the timer; not expected, harmless */
            note(v, hv_vcpu_set_vtimer_mask(v->handle, false), "hv_vcpu_set_vtimer_mask");
            break;
        default: fail(v, "unknown exit reason %" PRIu32, v->exit->reason); return;
        }
    }
}

/* The state in which the boot protocol and CPU_ON begin. */
static void reset(struct vcpu *v, const struct psci_start *start)
{
    set_sys(v, HV_SYS_REG_SCTLR_EL1, v->reset_sctlr);
    set_sys(v, HV_SYS_REG_CNTV_CTL_EL0, 0);
    set_reg(v, HV_REG_CPSR, CPSR_BOOT);
    set_reg(v, HV_REG_PC, start->entry);
    set_reg(v, HV_REG_X0, start->context);
    for (unsigned i = 1; i <= 30; i++) {
        set_x(v, i, 0);
    }
}

static void set_exists(struct vcpu *v, bool exists)
{
    pthread_mutex_lock(&v->set->lock);
    v->exists = exists;
    v->out = true;
    pthread_cond_broadcast(&v->set->changed);
    pthread_mutex_unlock(&v->set->lock);
}

static void set_out(struct vcpu *v, bool out)
{
    struct vcpu_set *set = v->set;

    pthread_mutex_lock(&set->lock);
    v->out = out;
    set_active_locked(set, !out);
    pthread_cond_broadcast(&set->changed);
    pthread_mutex_unlock(&set->lock);
}

/* vcpus_start hands a thread its vCPU and hears through this how making it went. */
struct birth {
    struct vcpu *vcpu;
    hv_return_t result;
    bool done; /* guarded by the set's lock */
};

static void *thread_main(void *arg)
{
    struct birth *birth = arg;
    struct vcpu *v = birth->vcpu;
    struct vcpu_set *set = v->set;
    hv_vcpu_exit_t *exit = NULL;
    struct psci_start start;
    hv_return_t result = hv_vcpu_create(&v->handle, &exit, NULL);

    v->exit = exit;
    if (result == HV_SUCCESS) {
        result = hv_vcpu_set_sys_reg(v->handle, HV_SYS_REG_MPIDR_EL1, v->index);
        if (result == HV_SUCCESS) {
            result = hv_vcpu_get_sys_reg(v->handle, HV_SYS_REG_SCTLR_EL1, &v->reset_sctlr);
        }
        if (result != HV_SUCCESS) {
            hv_vcpu_destroy(v->handle);
        }
    }
    pthread_mutex_lock(&set->lock);
    v->exists = result == HV_SUCCESS;
    v->out = true;
    birth->result = result;
    birth->done = true;
    pthread_cond_broadcast(&set->changed);
    pthread_mutex_unlock(&set->lock);
    if (result != HV_SUCCESS) {
        return NULL;
    }
    while (psci_wait(&set->psci, v->index, &start)) {
        set_out(v, false);
        reset(v, &start);
        run(v);
        set_out(v, true);
    }
    set_exists(v, false); /* before the handle dies: nobody kicks it from here on */
    hv_vcpu_destroy(v->handle);
    return NULL;
}

/* ---- The set
 * ------------------------------------------------------------------------------------- */

/* Kicks every vCPU that exists. With the lock. */
static void kick_locked(struct vcpu_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        struct vcpu *v = &set->vcpu[i];
        if (v->exists && !v->out) {
            hv_vcpus_exit(&v->handle, 1);
        }
    }
}

int vcpus_start(struct vcpu_set *set, unsigned count, const struct bus *bus,
                const struct guest_ram *ram, const struct vcpu_events *events, int32_t *code)
{
    *set = (struct vcpu_set){.count = count, .bus = bus, .ram = ram, .events = *events};
    pthread_mutex_init(&set->lock, NULL);
    clock_cond_init(&set->changed);
    clock_cond_init(&set->wake);
    psci_init(&set->psci, count);
    *code = 0;
    for (unsigned i = 0; i < count && *code == 0; i++) {
        struct vcpu *v = &set->vcpu[i];
        struct birth birth = {.vcpu = v};
        int err;

        v->set = set;
        v->index = i;
        err = pthread_create(&v->thread, NULL, thread_main, &birth);
        if (err != 0) {
            *code = err;
            break;
        }
        v->has_thread = true;
        /* One by one, in order: a vCPU's place in the GIC is its index. */
        pthread_mutex_lock(&set->lock);
        while (!birth.done) {
            pthread_cond_wait(&set->changed, &set->lock);
        }
        pthread_mutex_unlock(&set->lock);
        *code = birth.result;
    }
    if (*code != 0) {
        vcpus_stop(set);
        return -1;
    }
    return 0;
}

void vcpus_boot(struct vcpu_set *set, uint64_t entry, uint64_t dtb)
{
    psci_turn_on(&set->psci, 0, &(struct psci_start){.entry = entry, .context = dtb});
}

void vcpus_pause(struct vcpu_set *set)
{
    bool all_out = false;

    atomic_store(&set->pausing, true);
    pthread_mutex_lock(&set->lock);
    pthread_cond_broadcast(&set->wake);
    while (!all_out) {
        all_out = true;
        for (unsigned i = 0; i < set->count; i++) {
            all_out = all_out && set->vcpu[i].out;
        }
        if (!all_out) {
            kick_locked(set);
            clock_cond_wait_for(&set->changed, &set->lock, KICK_AGAIN_NS);
        }
    }
    pthread_mutex_unlock(&set->lock);
}

void vcpus_resume(struct vcpu_set *set)
{
    pthread_mutex_lock(&set->lock);
    atomic_store(&set->pausing, false);
    pthread_cond_broadcast(&set->wake);
    pthread_mutex_unlock(&set->lock);
}

void vcpus_kick(struct vcpu_set *set)
{
    atomic_store(&set->stopping, true);
    psci_close(&set->psci);
    pthread_mutex_lock(&set->lock);
    pthread_cond_broadcast(&set->wake);
    kick_locked(set);
    pthread_mutex_unlock(&set->lock);
}

void vcpus_stop(struct vcpu_set *set)
{
    bool any = true;

    if (set->count == 0) {
        return;
    }
    atomic_store(&set->stopping, true);
    psci_close(&set->psci);
    pthread_mutex_lock(&set->lock);
    pthread_cond_broadcast(&set->wake);
    while (any) {
        any = false;
        for (unsigned i = 0; i < set->count; i++) {
            any = any || set->vcpu[i].exists;
        }
        if (any) {
            kick_locked(set);
            clock_cond_wait_for(&set->changed, &set->lock, KICK_AGAIN_NS);
        }
    }
    pthread_mutex_unlock(&set->lock);
    for (unsigned i = 0; i < set->count; i++) {
        if (set->vcpu[i].has_thread) {
            pthread_join(set->vcpu[i].thread, NULL);
        }
    }
    psci_destroy(&set->psci);
    pthread_cond_destroy(&set->wake);
    pthread_cond_destroy(&set->changed);
    pthread_mutex_destroy(&set->lock);
    set->count = 0;
}

void vcpus_interrupt(struct vcpu_set *set)
{
    /* Counted first: a vCPU on its way to park compares with the count from before it ran. */
    atomic_fetch_add(&set->interrupts, 1);
    if (atomic_load(&set->parked) != 0) {
        pthread_mutex_lock(&set->lock);
        pthread_cond_broadcast(&set->wake);
        pthread_mutex_unlock(&set->lock);
    }
}

void vcpus_stats(const struct vcpu_set *set, struct stats *out)
{
    for (unsigned class = 0; class < EXIT_CLASSES; class ++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < set->count; i++) {
            sum += atomic_load_explicit(&set->vcpu[i].exits[class], memory_order_relaxed);
        }
        if (sum != 0) {
            stats_add(out, "exits", exit_class_name(class), sum);
        }
    }
    uint64_t canceled = 0;
    uint64_t mmio = 0;
    uint64_t sysreg = 0;
    for (unsigned i = 0; i < set->count; i++) {
        canceled += atomic_load_explicit(&set->vcpu[i].canceled, memory_order_relaxed);
        mmio += atomic_load_explicit(&set->vcpu[i].unknown_mmio, memory_order_relaxed);
        sysreg += atomic_load_explicit(&set->vcpu[i].unknown_sysreg, memory_order_relaxed);
    }
    stats_add(out, "exits", "canceled", canceled);
    stats_add(out, "guest", "unknown_mmio", mmio);
    stats_add(out, "guest", "unknown_sysreg", sysreg);
}
