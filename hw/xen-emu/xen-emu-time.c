/*
 * Xen's clocks: system time and wall clock
 *
 * A guest computes system time from its time stamp counter and the pages
 * that Xen fills.  Here both count nanoseconds of the virtual clock, so that
 * the sum is exact, never goes back, stands still with the machine and
 * follows -icount.  What is in the pages needs no update.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "exec/memory.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen-emu-cpu.h"
#include "system/rtc.h"
#include "system/system.h"
#include "system/tcg.h"
#include "xen-emu-internal.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"

/* ticks << 1 times 2^31, over 2^32: a tick is a nanosecond */
#define TICK_SHIFT 1
#define TICK_MULTIPLIER (1u << 31)

/* shared_info of a 32-bit guest, see public/arch-x86/xen-x86_32.h */
#define COMPAT_WC_VERSION 0x900
#define COMPAT_WC_SEC_HI 0x928

uint64_t xen_emu_system_time(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

bool xen_emu_tsc(uint64_t *ticks)
{
    if (!xen_emu_runs_guest()) {
        return false;
    }
    *ticks = xen_emu_system_time();
    return true;
}

void xen_emu_write_vcpu_time(CPUState *cs, hwaddr gpa)
{
    struct vcpu_time_info info = {
        .tsc_timestamp = cpu_env(cs)->tsc_offset,
        .tsc_to_system_mul = TICK_MULTIPLIER,
        .tsc_shift = TICK_SHIFT,
        .flags = XEN_PVCLOCK_TSC_STABLE_BIT,
    };
    uint32_t version;

    QEMU_BUILD_BUG_ON(sizeof(info) != 32);

    if (!xen_emu_memory_rw(gpa, &version, sizeof(version), false)) {
        return;
    }
    version |= 1;
    xen_emu_memory_rw(gpa, &version, sizeof(version), true);
    /* The version is odd before the rest changes */
    smp_wmb();
    xen_emu_memory_rw(gpa + sizeof(version), (uint8_t *)&info + sizeof(version),
                      sizeof(info) - sizeof(version), true);
    /* And even when it is done */
    smp_wmb();
    version++;
    xen_emu_memory_rw(gpa, &version, sizeof(version), true);
}

/* Nanoseconds since 1970 as the machine's clock shows them, see -rtc base= */
static uint64_t wall_clock(void)
{
    struct tm tm;

    qemu_get_timedate(&tm, 0);
    return mktimegm(&tm) * NANOSECONDS_PER_SECOND +
           qemu_clock_get_ns(rtc_clock) % NANOSECONDS_PER_SECOND;
}

void xen_emu_update_wall_clock(void)
{
    uint64_t boot = wall_clock() - xen_emu_system_time();
    uint64_t sec = boot / NANOSECONDS_PER_SECOND;
    uint32_t nsec = boot % NANOSECONDS_PER_SECOND;
    void *shinfo = xen_overlay_get_shinfo_ptr();
    uint32_t *version, *hi;

    if (xen_is_long_mode()) {
        version = shinfo + offsetof(struct shared_info, wc_version);
        hi = shinfo + offsetof(struct shared_info, wc_sec_hi);
    } else {
        version = shinfo + COMPAT_WC_VERSION;
        hi = shinfo + COMPAT_WC_SEC_HI;
    }

    qatomic_set(version, qatomic_read(version) | 1);
    /* The version is odd before the rest changes */
    smp_wmb();
    stl_le_p(version + 1, sec);
    stl_le_p(version + 2, nsec);
    stl_le_p(hi, sec >> 32);
    /* And even when it is done */
    smp_wmb();
    qatomic_set(version, qatomic_read(version) + 1);
}
