/*
 * Xen attributes of the machine and its vCPUs, as KVM keeps them
 *
 * QEMU's Xen emulation hands these to the kernel.  Without KVM there is no
 * kernel to act on them, and as no capability is offered QEMU keeps and
 * evaluates nearly all of them itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/xen/xen-emu.h"
#include "system/kvm.h"
#include "system/kvm_xen.h"
#include "xen-emu-internal.h"
#include <linux/kvm.h>

/* Offset of the time in vcpu_info, whatever the guest's width */
#define VCPU_INFO_TIME 32

/* Whether the guest last filled its hypercall page in 64-bit mode */
static bool long_mode;

static int vm_get_attr(struct kvm_xen_hvm_attr *attr)
{
    if (attr->type != KVM_XEN_ATTR_TYPE_LONG_MODE) {
        return -EINVAL;
    }
    attr->u.long_mode = long_mode;
    return 0;
}

static int vm_set_attr(const struct kvm_xen_hvm_attr *attr)
{
    switch (attr->type) {
    case KVM_XEN_ATTR_TYPE_LONG_MODE:
        if (long_mode != attr->u.long_mode) {
            /* The caller notes the width only after that */
            long_mode = attr->u.long_mode;
            xen_sync_long_mode();
            xen_emu_update_wall_clock();
        }
        return 0;
    case KVM_XEN_ATTR_TYPE_SHARED_INFO:
        /* The overlay page has it */
        if (attr->u.shared_info.gfn != INVALID_GFN) {
            xen_emu_update_wall_clock();
        }
        return 0;
    case KVM_XEN_ATTR_TYPE_UPCALL_VECTOR:
        xen_emu_set_callback_vector(attr->u.vector);
        return 0;
    default:
        return -EINVAL;
    }
}

int xen_emu_vm_ioctl(unsigned long type, void *arg)
{
    if (kvm_enabled()) {
        return kvm_vm_ioctl(kvm_state, type, arg);
    }
    switch (type) {
    case KVM_XEN_HVM_GET_ATTR:
        return vm_get_attr(arg);
    case KVM_XEN_HVM_SET_ATTR:
        return vm_set_attr(arg);
    default:
        return -ENOSYS;
    }
}

int xen_emu_vcpu_ioctl(CPUState *cs, unsigned long type, void *arg)
{
    struct kvm_xen_vcpu_attr *attr = arg;

    if (kvm_enabled()) {
        return kvm_vcpu_ioctl(cs, type, arg);
    }
    if (type != KVM_XEN_VCPU_SET_ATTR) {
        return -ENOSYS;
    }
    switch (attr->type) {
    case KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO:
        if (attr->u.gpa != INVALID_GPA) {
            xen_emu_write_vcpu_time(cs, attr->u.gpa + VCPU_INFO_TIME);
        }
        return 0;
    case KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO:
        if (attr->u.gpa != INVALID_GPA) {
            xen_emu_write_vcpu_time(cs, attr->u.gpa);
        }
        return 0;
    case KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR:
        xen_emu_write_runstate(cs);
        return 0;
    default:
        return -EINVAL;
    }
}
