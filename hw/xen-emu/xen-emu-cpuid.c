/*
 * How a guest finds Xen: CPUID leaves and the hypercall page
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen-emu-cpu.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "system/kvm.h"
#include "system/tcg.h"
#include <linux/kvm.h>
#include "target/i386/kvm/xen-emu.h"
#include "xen-emu-internal.h"
#include "hw/xen/interface/arch-x86/cpuid.h"

/* Of the time leaf; the counter counts nanoseconds */
#define TSC_KHZ 1000000
#define TSC_EMULATED 1
#define TSC_MODE_EMULATE 1
#define TSC_MULTIPLIER (1u << 31)
#define TSC_SHIFT 1

#define HYPERCALL_SLOT 32
#define HYPERCALL_IRET 23
#define UPCALL_VECTOR_SINCE XEN_VERSION(4, 17)

bool xen_emu_runs_guest(void)
{
    return xen_mode == XEN_EMULATE && tcg_enabled();
}

bool xen_emu_cpuid(CPUX86State *env, uint32_t index, uint32_t count,
                   uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    if (index - XEN_CPUID_FIRST_LEAF > XEN_CPUID_HVM || !xen_emu_runs_guest()) {
        return false;
    }
    *eax = *ebx = *ecx = *edx = 0;

    switch (index - XEN_CPUID_FIRST_LEAF) {
    case XEN_CPUID_SIGNATURE:
        *eax = XEN_CPUID_LEAF(XEN_CPUID_HVM);
        *ebx = XEN_CPUID_SIGNATURE_EBX;
        *ecx = XEN_CPUID_SIGNATURE_ECX;
        *edx = XEN_CPUID_SIGNATURE_EDX;
        break;
    case XEN_CPUID_VENDOR:
        *eax = xen_emu_version();
        break;
    case XEN_CPUID_HVM_MSR:
        *eax = 1;
        *ebx = XEN_HYPERCALL_MSR;
        break;
    case XEN_CPUID_TIME:
        if (count == 0) {
            *eax = TSC_EMULATED;
            *ebx = TSC_MODE_EMULATE;
            *ecx = TSC_KHZ;
        } else if (count == 1) {
            *ecx = TSC_MULTIPLIER;
            *edx = TSC_SHIFT;
        } else if (count == 2) {
            *eax = TSC_KHZ;
        }
        break;
    case XEN_CPUID_HVM:
        if (count == 0) {
            *eax = XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT;
            *ebx = env_cpu(env)->cpu_index;
            *ecx = xen_domid;
            if (xen_emu_version() >= UPCALL_VECTOR_SINCE) {
                *eax |= XEN_HVM_CPUID_UPCALL_VECTOR;
            }
        }
        break;
    }
    return true;
}

/* A slot is: mov $number, %eax; vmcall or vmmcall; ret */
static void fill_slot(uint8_t *slot, uint32_t number, bool intel)
{
    slot[0] = 0xb8;
    stl_le_p(slot + 1, number);
    slot[5] = 0x0f;
    slot[6] = 0x01;
    slot[7] = intel ? 0xc1 : 0xd9;
    slot[8] = 0xc3;
    if (number == HYPERCALL_IRET) {
        /* HVM guests have none: ud2 */
        slot[0] = 0x0f;
        slot[1] = 0x0b;
    }
}

int xen_emu_write_msr(CPUX86State *env, uint32_t msr, uint64_t value)
{
    uint8_t page[TARGET_PAGE_SIZE];

    if (msr != XEN_HYPERCALL_MSR || !xen_emu_runs_guest()) {
        return 0;
    }
    /* The low bits are the number of the page, and there is one */
    if (value & ~TARGET_PAGE_MASK) {
        return -EINVAL;
    }

    memset(page, 0xcc, sizeof(page));
    for (size_t i = 0; i < sizeof(page) / HYPERCALL_SLOT; i++) {
        fill_slot(page + i * HYPERCALL_SLOT, i, IS_INTEL_CPU(env));
    }

    BQL_LOCK_GUARD();
    if (!xen_emu_is_ram(value, sizeof(page)) ||
        !xen_emu_memory_rw(value, page, sizeof(page), true)) {
        return -EINVAL;
    }
    xen_set_long_mode(env->hflags & HF_LMA_MASK);
    return 1;
}
