/* SPDX-License-Identifier: ISC */
/*
 * vm.c: the process's VM and its memory map: hv_vm_*. See vm.h.
 */
#include "vm.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "decode.h"
#include "gic.h"
#include "hv-config.h"
#include "shootdown.h"
#include "vcpu.h"

static pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vm *process_vm; /* guarded by process_lock */

struct vm *vm_lock_current(void)
{
    pthread_mutex_lock(&process_lock);
    struct vm *vm = process_vm;
    if (vm == NULL) {
        pthread_mutex_unlock(&process_lock);
    }
    return vm;
}

void vm_unlock_current(void)
{
    pthread_mutex_unlock(&process_lock);
}

struct vcpu *vm_hold_vcpu(struct vm *vm, unsigned index)
{
    struct vm_slot *s = &vm->slot[index];
    struct vcpu *v;

    if (atomic_load_explicit(&s->vcpu, memory_order_relaxed) == NULL) {
        return NULL;
    }
    atomic_fetch_add(&s->pins, 1);
    v = atomic_load(&s->vcpu);
    if (v == NULL) {
        atomic_fetch_sub(&s->pins, 1);
    }
    return v;
}

void vm_release_vcpu(struct vm *vm, unsigned index)
{
    atomic_fetch_sub(&vm->slot[index].pins, 1);
}

const struct vm_region *vm_find(const struct vm *vm, uint64_t ipa)
{
    const struct vm_map *map = atomic_load_explicit(&vm->map, memory_order_acquire);
    size_t lo = 0;
    size_t hi = map->count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct vm_region *r = &map->region[mid];
        if (ipa < r->ipa) {
            hi = mid;
        } else if (ipa - r->ipa >= r->size) {
            lo = mid + 1;
        } else {
            return r;
        }
    }
    return NULL;
}

/* ---- Create and destroy
 * ---------------------------------------------------------------------------- */

static struct vm_map *map_new(size_t count)
{
    struct vm_map *m = malloc(sizeof(*m) + count * sizeof(m->region[0]));

    if (m != NULL) {
        m->count = 0;
    }
    return m;
}

hv_return_t hv_vm_get_max_vcpu_count(uint32_t *max_vcpu_count)
{
    if (max_vcpu_count == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *max_vcpu_count = VM_MAX_VCPUS;
    return HV_SUCCESS;
}

static struct vm *vm_new(const struct hv_vm_config_s *config)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    struct vm_map *map = map_new(0);

    if (vm == NULL || map == NULL) {
        goto fail;
    }
    atomic_init(&vm->map, map);
    vm->ipa_bits = config->ipa_bits;
    vm->granule = config->granule == HV_IPA_GRANULE_4KB ? 4096 : 16384;
    vm->wfi_exits = config->wfi_exits;
    if (timer_service_start(vm) != 0) {
        goto fail;
    }
    return vm;
fail:
    free(map);
    free(vm);
    return NULL;
}

hv_return_t hv_vm_create(hv_vm_config_t config)
{
    struct hv_vm_config_s defaults = {0};
    hv_return_t ret = HV_SUCCESS;

    if (config == NULL) {
        hv_config_defaults(&defaults);
        config = &defaults;
    }
    decode_init();
    pthread_mutex_lock(&process_lock);
    if (process_vm != NULL) {
        ret = HV_BUSY;
    } else {
        process_vm = vm_new(config);
        if (process_vm == NULL) {
            ret = HV_NO_RESOURCES;
        }
    }
    pthread_mutex_unlock(&process_lock);
    return ret;
}

hv_return_t hv_vm_destroy(void)
{
    struct vm *vm = vm_lock_current();

    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    if (atomic_load(&vm->vcpu_count) != 0) {
        vm_unlock_current();
        return HV_BUSY;
    }
    process_vm = NULL;
    vm_unlock_current();
    timer_service_stop(vm);
    gic_free(vm->gic);
    free(atomic_load(&vm->map));
    free(vm);
    return HV_SUCCESS;
}

/* ---- Memory map
 * -------------------------------------------------------------------------------------- */

/* Whether [ipa, ipa + size) is a range of the VM's granule inside its IPA space. */
static bool range_valid(const struct vm *vm, uint64_t ipa, uint64_t size)
{
    uint64_t limit = UINT64_C(1) << vm->ipa_bits;

    return size != 0 && ((ipa | size) & (vm->granule - 1)) == 0 && ipa < limit &&
           size <= limit - ipa;
}

/* Makes `next` the map, waits until no vCPU uses the old one, and frees that. With the process
 * lock. */
static void publish(struct vm *vm, struct vm_map *next)
{
    struct vm_map *old = atomic_exchange(&vm->map, next);

    shootdown_post(vm, NULL, SHOOT_MAP, 0);
    shootdown_wait(vm, NULL);
    free(old);
}

/* Pieces that belong together are put together: a VMM that tracks dirty pages changes rights page by
 * page, for ever. */
static void append(struct vm_map *m, uint64_t ipa, uint64_t size, char *host,
                   hv_memory_flags_t flags)
{
    struct vm_region *last = m->count != 0 ? &m->region[m->count - 1] : NULL;

    if (size == 0) {
        return;
    }
    if (last != NULL && last->ipa + last->size == ipa && last->host + last->size == host &&
        last->flags == flags) {
        last->size += size;
        return;
    }
    m->region[m->count++] = (struct vm_region){ipa, size, host, flags};
}

static hv_return_t map_locked(struct vm *vm, char *addr, uint64_t ipa, uint64_t size,
                              hv_memory_flags_t flags)
{
    const struct vm_map *old = atomic_load(&vm->map);
    struct vm_map *next;
    bool placed = false;

    if (!range_valid(vm, ipa, size) || ((uintptr_t)addr & (vm->granule - 1)) != 0) {
        return HV_BAD_ARGUMENT;
    }
    if (vm->gic != NULL && gic_mmio_overlaps(vm->gic, ipa, size)) {
        return HV_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < old->count; i++) {
        const struct vm_region *r = &old->region[i];
        if (ipa < r->ipa + r->size && r->ipa < ipa + size) {
            return HV_BAD_ARGUMENT;
        }
    }
    next = map_new(old->count + 1);
    if (next == NULL) {
        return HV_NO_RESOURCES;
    }
    for (size_t i = 0; i < old->count; i++) {
        const struct vm_region *r = &old->region[i];
        if (!placed && ipa < r->ipa) {
            append(next, ipa, size, addr, flags);
            placed = true;
        }
        append(next, r->ipa, r->size, r->host, r->flags);
    }
    if (!placed) {
        append(next, ipa, size, addr, flags);
    }
    publish(vm, next);
    return HV_SUCCESS;
}

/* Whether every byte of the range is mapped. */
static bool range_mapped(const struct vm_map *m, uint64_t ipa, uint64_t size)
{
    uint64_t at = ipa;

    for (size_t i = 0; i < m->count && at < ipa + size; i++) {
        const struct vm_region *r = &m->region[i];
        if (r->ipa <= at && at - r->ipa < r->size) {
            at = r->ipa + r->size;
        }
    }
    return at >= ipa + size;
}

/* Cuts [ipa, ipa + size) out of the map, or gives it other rights. */
static hv_return_t carve_locked(struct vm *vm, uint64_t ipa, uint64_t size, bool keep,
                                hv_memory_flags_t flags)
{
    const struct vm_map *old = atomic_load(&vm->map);
    struct vm_map *next;

    if (!range_valid(vm, ipa, size) || !range_mapped(old, ipa, size)) {
        return HV_BAD_ARGUMENT;
    }
    next = map_new(old->count + 2);
    if (next == NULL) {
        return HV_NO_RESOURCES;
    }
    for (size_t i = 0; i < old->count; i++) {
        const struct vm_region *r = &old->region[i];
        uint64_t r_end = r->ipa + r->size;
        uint64_t from = r->ipa > ipa ? r->ipa : ipa;
        uint64_t to = r_end < ipa + size ? r_end : ipa + size;

        if (from >= to) {
            append(next, r->ipa, r->size, r->host, r->flags);
            continue;
        }
        append(next, r->ipa, from - r->ipa, r->host, r->flags);
        if (keep) {
            append(next, from, to - from, r->host + (from - r->ipa), flags);
        }
        append(next, to, r_end - to, r->host + (to - r->ipa), r->flags);
    }
    publish(vm, next);
    return HV_SUCCESS;
}

#define ALL_RIGHTS ((hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC))

hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
    struct vm *vm;
    hv_return_t ret;

    if (addr == NULL || (flags & ~ALL_RIGHTS) != 0 || size > UINTPTR_MAX - (uintptr_t)addr) {
        return HV_BAD_ARGUMENT;
    }
    vm = vm_lock_current();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    ret = map_locked(vm, addr, ipa, size, flags);
    vm_unlock_current();
    return ret;
}

hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size)
{
    struct vm *vm = vm_lock_current();
    hv_return_t ret;

    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    ret = carve_locked(vm, ipa, size, false, 0);
    vm_unlock_current();
    return ret;
}

hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
    struct vm *vm;
    hv_return_t ret;

    if ((flags & ~ALL_RIGHTS) != 0) {
        return HV_BAD_ARGUMENT;
    }
    vm = vm_lock_current();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    ret = carve_locked(vm, ipa, size, true, flags);
    vm_unlock_current();
    return ret;
}

/* ---- Memory for it
 * ------------------------------------------------------------------------------------- */

/* Hosts with smaller pages than 16 KiB align mmap to theirs: what is too much at either end is
 * given back. */
#define ALLOCATION_ALIGN ((size_t)16384)

hv_return_t hv_vm_allocate(void **uvap, size_t size, hv_allocate_flags_t flags)
{
    char *p;
    size_t lead;

    if (uvap == NULL || size == 0 || (size & 4095) != 0 || flags != HV_ALLOCATE_DEFAULT ||
        size > SIZE_MAX - ALLOCATION_ALIGN) {
        return HV_BAD_ARGUMENT;
    }
    p = mmap(NULL, size + ALLOCATION_ALIGN, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return HV_NO_RESOURCES;
    }
    lead = (ALLOCATION_ALIGN - ((uintptr_t)p & (ALLOCATION_ALIGN - 1))) & (ALLOCATION_ALIGN - 1);
    if (lead != 0) {
        munmap(p, lead);
    }
    munmap(p + lead + size, ALLOCATION_ALIGN - lead);
    *uvap = p + lead;
    return HV_SUCCESS;
}

hv_return_t hv_vm_deallocate(void *uva, size_t size)
{
    if (uva == NULL || size == 0 || ((uintptr_t)uva & (ALLOCATION_ALIGN - 1)) != 0) {
        return HV_BAD_ARGUMENT;
    }
    return munmap(uva, size) == 0 ? HV_SUCCESS : HV_BAD_ARGUMENT;
}
