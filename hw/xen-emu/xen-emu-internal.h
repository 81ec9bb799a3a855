/*
 * What the parts of the Xen guest environment share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_EMU_INTERNAL_H
#define XEN_EMU_INTERNAL_H

#include "cpu.h"
#include "qemu/timer.h"
#include "chardev/char-fe.h"
#include "hw/xen/xen-emu.h"
#include "migration/vmstate.h"

/* What Xen keeps of a vCPU, besides the fields xen_* of CPUX86State */
typedef struct XenEmuVcpu {
    CPUState *cs;

    /* Run state: times in ns; state is one of RUNSTATE_* */
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[4];

    /* SCHEDOP_poll: the port waited for, 0 for any; needs the big lock */
    bool polling;
    uint32_t poll_port;
    QEMUTimer *poll_timer;

    /* What to do once the big lock is there */
    bool upcall_deferred;
    bool wakeup_deferred;

    /* A reset may have swallowed an upcall; needs the big lock */
    bool upcall_lost;
} XenEmuVcpu;

/*
 * xen_emu_vcpu: the state of a vCPU
 *
 * Returns NULL if the vCPU is not for a Xen guest run without KVM.
 */
XenEmuVcpu *xen_emu_vcpu(CPUState *cs);

/* The version the guest is told: major << 16 | minor */
uint32_t xen_emu_version(void);

/* Fill the wall clock of the shared info page, for the guest's present width */
void xen_emu_update_wall_clock(void);

/* Fill the time of a vcpu_info or of a vcpu_time_info at @gpa */
void xen_emu_write_vcpu_time(CPUState *cs, hwaddr gpa);

/* Write the run state where the guest wants it, if it does */
void xen_emu_write_runstate(CPUState *cs);

/* VMASST_TYPE_runstate_update_flag */
void xen_emu_set_runstate_update_flag(bool on);

/*
 * xen_emu_set_callback_vector: how events are to be signalled
 *
 * @vector: the HVM callback vector, 0 for none
 */
void xen_emu_set_callback_vector(uint8_t vector);

/* xen_emu_upcall_again: see to an upcall that was lost; with the big lock */
void xen_emu_upcall_again(CPUState *cs);

/* xen_emu_upcall_init: once, before there are vCPUs */
void xen_emu_upcall_init(void);

/*
 * xen_emu_poll: block the vCPU, once it is back in its loop, until an event
 * is pending
 *
 * @ports: event channels, @nr_ports of them, valid ones
 * @timeout: system time at which to go on, in ns, 0 for never
 */
void xen_emu_poll(XenEmuVcpu *vcpu, const uint32_t *ports,
                  unsigned int nr_ports, uint64_t timeout);

/* xen_emu_poll_end: let the vCPU run again; with the big lock held */
void xen_emu_poll_end(XenEmuVcpu *vcpu);

/* xen_emu_poll_expired: what its timer calls, with the XenEmuVcpu */
void xen_emu_poll_expired(void *opaque);

/*
 * xen_emu_copy_from_guest, xen_emu_copy_to_guest: copy what a hypercall
 * points to
 *
 * @gva: guest virtual address, as the vCPU sees memory now
 *
 * Returns 0, or -EFAULT if not all of it is RAM that the guest may so access.
 */
int xen_emu_copy_from_guest(CPUState *cs, uint64_t gva, void *buf, size_t size);
int xen_emu_copy_to_guest(CPUState *cs, uint64_t gva, const void *buf,
                          size_t size);

/*
 * xen_emu_hypercall: do a hypercall
 *
 * @longmode: whether the caller is in 64-bit mode
 * @cpl: its privilege level
 * @nr: number of the hypercall, __HYPERVISOR_*
 * @args: six of them
 *
 * Returns what the guest gets: mostly 0 or a negative errno, in Xen's numbers.
 */
uint64_t xen_emu_hypercall(CPUState *cs, bool longmode, unsigned int cpl,
                           uint64_t nr, const uint64_t *args);

/* Whether a PV device's area in xenstore is at @path, or below it */
bool xen_emu_is_frontend(const char *path);
bool xen_emu_has_frontends(const char *path);

/*
 * xen_emu_store_reset: make the guest's part of xenstore what it was
 *
 * The first call, when the machine starts, notes what it is.
 */
void xen_emu_store_reset(void);

/* xen_emu_reset_init: once, before there are devices */
void xen_emu_reset_init(void);

/* xen_emu_kick_backends: have each look for what the guest wants of it */
void xen_emu_kick_backends(void);

/* xen_emu_migration_init: once; the others: a PV device came, or goes */
void xen_emu_migration_init(void);
void xen_emu_migration_add(XenDevice *xendev);
void xen_emu_migration_remove(XenDevice *xendev);

/* The run state of vCPUs in a migration stream */
extern const VMStateDescription vmstate_xen_emu_vcpu;

/*
 * xen_emu_qtest_command: the command xen-hypercall of the qtest server
 *
 * Returns false for all other commands.
 */
bool xen_emu_qtest_command(CharBackend *chr, gchar **words);

#endif
