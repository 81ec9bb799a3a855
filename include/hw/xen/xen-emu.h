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

/* xen_emu_runs_guest: whether TCG runs a Xen guest */
bool xen_emu_runs_guest(void);

/*
 * xen_emu_vcpu_init: give a vCPU its Xen timers, if it is to run a Xen guest
 *
 * With KVM this is done when KVM creates the vCPU.
 */
void xen_emu_vcpu_init(CPUState *cs, Error **errp);

/* xen_emu_vcpu_fini: release it all, once the vCPU does not run any more */
void xen_emu_vcpu_fini(CPUState *cs);

/*
 * xen_emu_backend_connected: a PV backend was connected, or no longer is
 *
 * With KVM a connected one blocks migration and snapshots.
 */
void xen_emu_backend_connected(XenDevice *xendev, bool connected);

/*
 * xen_emu_device_realized, xen_emu_device_unrealize: a PV device came, or goes
 *
 * What is in its frontend's area when it comes is there again after a reset.
 */
void xen_emu_device_realized(XenDevice *xendev);
void xen_emu_device_unrealize(XenDevice *xendev);

/*
 * xen_emu_device_reset: have a PV device as it was before the guest used it
 *
 * Its backend is disconnected.  One that the host wants to unplug goes.
 */
void xen_emu_device_reset(XenDevice *xendev);

/* xen_emu_backends_connected: whether a backend blocks migration */
bool xen_emu_backends_connected(void);

/*
 * xen_emu_backends_paused: whether backends must leave the guest's rings alone
 *
 * They are while the machine is stopped, and look again when it goes on.
 */
bool xen_emu_backends_paused(void);

/*
 * xen_emu_loaded: the state of an emulated Xen machine has been loaded
 *
 * Returns 0, or a negative errno, said on stderr, if it is not for this one.
 */
int xen_emu_loaded(void);

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

/*
 * xen_emu_gva_to_gpa: translate an address that the guest gave in a hypercall
 *
 * @gva: guest virtual address
 * @gpa: set to the guest physical address
 * @is_write: whether the guest must be allowed to write there
 *
 * Returns whether the guest can so access it.
 */
bool xen_emu_gva_to_gpa(CPUState *cs, uint64_t gva, uint64_t *gpa,
                        bool is_write);

/*
 * xen_emu_memory_rw: copy from or to guest memory, for a hypercall
 *
 * Writes to ROM are dropped, as Xen does.
 *
 * Returns false, perhaps half way, if some of it is not memory.
 */
bool xen_emu_memory_rw(uint64_t gpa, void *buf, size_t size, bool is_write);

/* xen_emu_is_ram: whether @size bytes are RAM that can be written, in a row */
bool xen_emu_is_ram(uint64_t gpa, size_t size);

/*
 * xen_emu_system_time: Xen's system time, in ns
 *
 * It starts with the machine, stands still with it, and never goes back.
 */
uint64_t xen_emu_system_time(void);

/*
 * xen_emu_request_upcall: have the guest look for events, in the way it chose
 *
 * Can be called with the lock of the event channels held, and from any thread.
 */
void xen_emu_request_upcall(CPUState *cs);

/*
 * xen_emu_check_upcall: the same, if an event waits already
 *
 * For whatever changes where or how the vCPU hears of events.
 */
void xen_emu_check_upcall(CPUState *cs);

/*
 * xen_emu_vcpu_was_reset: a vCPU was reset, and the rest of the machine not all
 *
 * What Xen keeps of it stays.  An upcall that waits is requested again once the
 * vCPU does a hypercall.
 */
void xen_emu_vcpu_was_reset(CPUState *cs);

/* xen_emu_port_pending: an event became pending; wake those that poll for it */
void xen_emu_port_pending(uint32_t port);

/*
 * xen_emu_irq_ack: an interrupt controller is told that an interrupt ended
 *
 * The interrupt of the event channels is a level, which falls when the guest
 * clears evtchn_upcall_pending.  Nobody sees that, so it is looked at when it
 * would matter.
 */
void xen_emu_irq_ack(void);

#endif
