/*
 * Hypercalls
 *
 * They take what Xen's public headers say and return 0 or more, or a negative
 * errno.  The instruction is the one for this CPU's vendor.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_HYPERCALL_H
#define XEN_PLATFORM_GUEST_HYPERCALL_H

#include "lib.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"
#include "hw/xen/interface/event_channel.h"
#include "hw/xen/interface/features.h"
#include "hw/xen/interface/memory.h"
#include "hw/xen/interface/sched.h"
#include "hw/xen/interface/vcpu.h"
#include "hw/xen/interface/version.h"
#include "hw/xen/interface/arch-x86/cpuid.h"
#include "hw/xen/interface/hvm/hvm_op.h"
#include "hw/xen/interface/hvm/params.h"

#define XEN_HYPERCALL_MSR 0x40000000

/* Xen's errno, negative, as the returned register shows it */
#define XEN_EPERM   ((uint32_t)-1)
#define XEN_ENOENT  ((uint32_t)-2)
#define XEN_EFAULT  ((uint32_t)-14)
#define XEN_EEXIST  ((uint32_t)-17)
#define XEN_EINVAL  ((uint32_t)-22)
#define XEN_ENOSYS  ((uint32_t)-38)

/* Returns: whether CPUID says that this is Xen */
bool xen_present(void);

/* Returns: whether the CPU's own instruction is VMCALL and not VMMCALL */
bool cpu_is_intel(void);

uint32_t hypercall(uint32_t nr, uint32_t arg1, uint32_t arg2, uint32_t arg3,
                   uint32_t arg4);

static inline uint32_t xen_version(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, cmd, (uintptr_t)arg, 0, 0);
}

static inline uint32_t event_channel_op(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, (uintptr_t)arg, 0, 0);
}

static inline uint32_t sched_op(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, cmd, (uintptr_t)arg, 0, 0);
}

static inline uint32_t vcpu_op(uint32_t cmd, uint32_t vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, (uintptr_t)arg, 0);
}

static inline uint32_t hvm_op(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_hvm_op, cmd, (uintptr_t)arg, 0, 0);
}

static inline uint32_t memory_op(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, (uintptr_t)arg, 0, 0);
}

static inline uint32_t vm_assist(uint32_t cmd, uint32_t type)
{
    return hypercall(__HYPERVISOR_vm_assist, cmd, type, 0, 0);
}

static inline uint32_t set_timer_op(uint64_t time)
{
    return hypercall(__HYPERVISOR_set_timer_op, time, time >> 32, 0, 0);
}

uint32_t xen_shutdown(uint32_t reason);
uint32_t hvm_set_param(uint32_t index, uint64_t value);

#endif
