/*
 * Guest memory, as hypercalls reach it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "hw/xen/xen-emu.h"
#include "system/tcg.h"
#include "xen-emu-internal.h"

#ifdef CONFIG_TCG
/* As an access by the guest: with its rights, and noted in its page tables */
static bool translate_as_guest(CPUState *cs, uint64_t gva, hwaddr *gpa,
                               bool is_write)
{
    CPUX86State *env = cpu_env(cs);
    CPUTLBEntryFull *full;
    void *host;
    int flags;

    if (!(env->hflags & HF_CS64_MASK)) {
        gva = (uint32_t)gva;
    }
    flags = probe_access_full(env, gva, 0,
                              is_write ? MMU_DATA_STORE : MMU_DATA_LOAD,
                              cpu_mmu_index(cs, false), true, &host, &full, 0);
    if (flags & TLB_INVALID_MASK) {
        return false;
    }
    *gpa = (full->phys_addr & TARGET_PAGE_MASK) | (gva & ~TARGET_PAGE_MASK);
    return true;
}
#endif

bool xen_emu_gva_to_gpa(CPUState *cs, uint64_t gva, uint64_t *gpa,
                        bool is_write)
{
#ifdef CONFIG_TCG
    if (tcg_enabled()) {
        return translate_as_guest(cs, gva, gpa, is_write);
    }
#endif
    /* qtest has no CPU that would translate */
    *gpa = gva;
    return true;
}

bool xen_emu_memory_rw(uint64_t gpa, void *buf, size_t size, bool is_write)
{
    AddressSpace *as = &address_space_memory;

    RCU_READ_LOCK_GUARD();

    while (size) {
        hwaddr offset, length = size;
        MemoryRegion *mr = address_space_translate(as, gpa, &offset, &length,
                                                   is_write,
                                                   MEMTXATTRS_UNSPECIFIED);

        if (!memory_region_is_ram(mr) && !memory_region_is_romd(mr)) {
            return false;
        }
        if (!(is_write && (memory_region_is_rom(mr) ||
                           memory_region_is_romd(mr))) &&
            address_space_rw(as, gpa, MEMTXATTRS_UNSPECIFIED, buf, length,
                             is_write) != MEMTX_OK) {
            return false;
        }
        buf += length;
        gpa += length;
        size -= length;
    }
    return true;
}

bool xen_emu_is_ram(uint64_t gpa, size_t size)
{
    MemoryRegionSection section = memory_region_find(get_system_memory(), gpa,
                                                     size);
    bool is_ram;

    if (!section.mr) {
        return false;
    }
    is_ram = memory_region_is_ram(section.mr) && !section.readonly &&
             int128_ge(section.size, int128_make64(size));
    memory_region_unref(section.mr);
    return is_ram;
}

static int copy_guest(CPUState *cs, uint64_t gva, void *buf, size_t size,
                      bool is_write)
{
    while (size) {
        size_t length = MIN(size, -(gva | TARGET_PAGE_MASK));
        uint64_t gpa;

        if (!xen_emu_gva_to_gpa(cs, gva, &gpa, is_write) ||
            !xen_emu_memory_rw(gpa, buf, length, is_write)) {
            return -EFAULT;
        }
        buf += length;
        gva += length;
        size -= length;
    }
    return 0;
}

int xen_emu_copy_from_guest(CPUState *cs, uint64_t gva, void *buf, size_t size)
{
    return copy_guest(cs, gva, buf, size, false);
}

int xen_emu_copy_to_guest(CPUState *cs, uint64_t gva, const void *buf,
                          size_t size)
{
    return copy_guest(cs, gva, (void *)buf, size, true);
}
