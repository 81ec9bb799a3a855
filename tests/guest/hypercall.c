/*
 * Hypercalls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "hypercall.h"

bool xen_present(void)
{
    uint32_t out[4];

    cpuid(1, 0, out);
    if (!(out[ECX] & CPUID_1_ECX_HYPERVISOR)) {
        return false;
    }
    cpuid(XEN_CPUID_FIRST_LEAF, 0, out);
    return out[EBX] == XEN_CPUID_SIGNATURE_EBX &&
           out[ECX] == XEN_CPUID_SIGNATURE_ECX &&
           out[EDX] == XEN_CPUID_SIGNATURE_EDX;
}

bool cpu_is_intel(void)
{
    uint32_t out[4];

    cpuid(0, 0, out);
    return out[EBX] == 0x756e6547;      /* Genu */
}

uint32_t hypercall(uint32_t nr, uint32_t arg1, uint32_t arg2, uint32_t arg3,
                   uint32_t arg4)
{
    static int intel = -1;

    if (intel < 0) {
        intel = cpu_is_intel();
    }
    if (intel) {
        asm volatile(".byte 0x0f, 0x01, 0xc1"
                     : "+a" (nr), "+b" (arg1), "+c" (arg2), "+d" (arg3),
                       "+S" (arg4) : : "memory");
    } else {
        asm volatile(".byte 0x0f, 0x01, 0xd9"
                     : "+a" (nr), "+b" (arg1), "+c" (arg2), "+d" (arg3),
                       "+S" (arg4) : : "memory");
    }
    return nr;
}

uint32_t xen_shutdown(uint32_t reason)
{
    struct sched_shutdown shutdown = { .reason = reason };

    return sched_op(SCHEDOP_shutdown, &shutdown);
}

uint32_t hvm_set_param(uint32_t index, uint64_t value)
{
    struct xen_hvm_param param = {
        .domid = DOMID_SELF,
        .index = index,
        .value = value,
    };

    return hvm_op(HVMOP_set_param, &param);
}
