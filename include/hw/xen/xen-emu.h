/*
 * The Xen guest environment without KVM
 *
 * QEMU's emulation of xenstore, event channels and grant tables was written
 * for KVM, whose kernel module does part of the work.  This is what lets it
 * run under the tcg and qtest accelerators.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_EMU_H
#define HW_XEN_EMU_H

#include "qemu/accel.h"
#include "hw/core/cpu.h"

typedef struct XenDevice XenDevice;

/*
 * xen_emu_accel_class_init: give an accelerator the properties xen-version,
 * xen-gnttab-max-frames and xen-evtchn-max-pirq
 *
 * Spelled and meant as those of the kvm accelerator.
 */
void xen_emu_accel_class_init(ObjectClass *oc);

/*
 * xen_emu_accel_init: settle xen_mode once @accel has come up
 *
 * Returns 0, or -ENOTSUP, said on stderr, if the accelerator was given a
 * xen-version and the machine is none for a Xen guest.
 */
int xen_emu_accel_init(AccelState *accel, MachineState *ms);

/*
 * xen_emu_vcpu_init: give a vCPU its Xen timers, if it is to run a Xen guest
 *
 * With KVM this is done when KVM creates the vCPU.
 */
void xen_emu_vcpu_init(CPUState *cs, Error **errp);

/*
 * xen_emu_backend_connected: a PV backend was connected, or no longer is
 *
 * The backends keep no migration state, so that a connected one blocks
 * migration and snapshots of an emulated Xen machine.
 */
void xen_emu_backend_connected(XenDevice *xendev, bool connected);

/* xen_emu_backends_connected: is any? */
bool xen_emu_backends_connected(void);

/* Limits of the accelerator in use */
uint16_t xen_emu_gnttab_max_frames(void);
uint16_t xen_emu_evtchn_max_pirq(void);

/*
 * xen_emu_vm_ioctl, xen_emu_vcpu_ioctl: get or set a Xen attribute
 *
 * @type: KVM_XEN_HVM_GET_ATTR or _SET_ATTR, KVM_XEN_VCPU_GET_ATTR or _SET_ATTR
 * @arg: struct kvm_xen_hvm_attr or struct kvm_xen_vcpu_attr
 *
 * Passed on to KVM where KVM runs the guest.
 *
 * Returns 0, or a negative errno.
 */
int xen_emu_vm_ioctl(unsigned long type, void *arg);
int xen_emu_vcpu_ioctl(CPUState *cs, unsigned long type, void *arg);

#endif
