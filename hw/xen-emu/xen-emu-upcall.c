/*
 * How a guest hears of events: upcalls, and SCHEDOP_poll
 *
 * Whoever makes an event pending may hold the lock of the event channels and
 * need not hold the big lock, which interrupts need.  Without it, the vCPU is
 * marked and the main loop does the rest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/main-loop.h"
#include "hw/i386/apic_internal.h"
#include "hw/i386/apic-msidef.h"
#include "hw/i386/kvm/xen_evtchn.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/pci/msi.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen-emu-cpu.h"
#include "system/kvm.h"
#include <linux/kvm.h>
#include "target/i386/kvm/xen-emu.h"
#include "xen-emu-internal.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"

/* Offset of evtchn_pending in the shared_info of a 32-bit guest */
#define COMPAT_EVTCHN_PENDING 0x800

static uint8_t callback_vector;
static QEMUBH *deferred_bh;

/* Number of vCPUs in SCHEDOP_poll */
static int pollers;

/* The first byte of vcpu_info, whatever the guest's width */
static bool upcall_pending(CPUState *cs)
{
    uint8_t *vcpu_info = cpu_env(cs)->xen_vcpu_info_hva;

    return vcpu_info && qatomic_read(vcpu_info);
}

static void send_vcpu_vector(CPUState *cs, uint8_t vector)
{
    X86CPU *cpu = X86_CPU(cs);
    MSIMessage msg = {
        .address = APIC_DEFAULT_ADDRESS |
                   (cpu->apic_id & 0xff) << MSI_ADDR_DEST_ID_SHIFT |
                   (uint64_t)(cpu->apic_id & ~0xff) << 32,
        .data = vector | 1u << MSI_DATA_LEVEL_SHIFT,
    };

    if (cpu->apic_state) {
        APIC_COMMON_GET_CLASS(cpu->apic_state)->send_msi(&msg);
    }
}

static void defer(bool *flag)
{
    qatomic_set(flag, true);
    qemu_bh_schedule(deferred_bh);
}

void xen_emu_request_upcall(CPUState *cs)
{
    uint8_t vcpu_vector = cpu_env(cs)->xen_vcpu_callback_vector;
    XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

    if (!vcpu) {
        /* It is being unplugged */
        return;
    }
    if (!bql_locked()) {
        defer(&vcpu->upcall_deferred);
    } else if (vcpu_vector) {
        send_vcpu_vector(cs, vcpu_vector);
    } else if (callback_vector) {
        cpu_interrupt(cs, CPU_INTERRUPT_XEN);
    } else if (cs->cpu_index == 0) {
        xen_evtchn_set_callback_level(1);
    }
}

void xen_emu_check_upcall(CPUState *cs)
{
    if (!kvm_enabled() && upcall_pending(cs)) {
        xen_emu_request_upcall(cs);
    }
}

/*
 * A reset of the vCPU alone forgets that an upcall was requested, with the
 * vCPU or in its local APIC, while evtchn_upcall_pending stays set, so that no
 * further event would request one.  At once it must not be requested again:
 * firmware would get it.  A vCPU that does a hypercall is in its kernel.
 */
void xen_emu_vcpu_was_reset(CPUState *cs)
{
    XenEmuVcpu *vcpu = xen_mode == XEN_EMULATE && !kvm_enabled() ?
                       xen_emu_vcpu(cs) : NULL;

    if (vcpu) {
        xen_emu_poll_end(vcpu);
        vcpu->upcall_lost = true;
    }
}

void xen_emu_upcall_again(CPUState *cs)
{
    XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

    if (vcpu->upcall_lost) {
        vcpu->upcall_lost = false;
        xen_emu_check_upcall(cs);
    }
}

void xen_emu_set_callback_vector(uint8_t vector)
{
    CPUState *cs;

    callback_vector = vector;
    CPU_FOREACH(cs) {
        xen_emu_check_upcall(cs);
    }
}

int xen_emu_callback_vector(void)
{
    return callback_vector;
}

int xen_emu_interrupt_request(CPUState *cs, int interrupt_request)
{
    if (interrupt_request & CPU_INTERRUPT_XEN &&
        !(callback_vector && upcall_pending(cs))) {
        interrupt_request &= ~CPU_INTERRUPT_XEN;
    }
    return interrupt_request;
}

void xen_emu_upcall_poll(CPUState *cs)
{
    XenEmuVcpu *vcpu;
    int request;

    if (cs->interrupt_request & CPU_INTERRUPT_XEN) {
        request = xen_emu_interrupt_request(cs, cs->interrupt_request);
        if (request != cs->interrupt_request) {
            cpu_reset_interrupt(cs, CPU_INTERRUPT_XEN);
        }
    }

    vcpu = xen_emu_vcpu(cs);
    if (vcpu && vcpu->polling &&
        x86_cpu_pending_interrupt(cs, cs->interrupt_request)) {
        xen_emu_poll_end(vcpu);
    }
}

void xen_emu_irq_ack(void)
{
    CPUState *cs;

    if (xen_mode != XEN_EMULATE || kvm_enabled()) {
        return;
    }
    cs = qemu_get_cpu(0);
    if (cs && cpu_env(cs)->xen_callback_asserted) {
        kvm_xen_maybe_deassert_callback(cs);
    }
}

void xen_emu_poll_end(XenEmuVcpu *vcpu)
{
    if (vcpu->polling) {
        vcpu->polling = false;
        qatomic_dec(&pollers);
        timer_del(vcpu->poll_timer);
    }
}

static void wake(XenEmuVcpu *vcpu)
{
    if (!bql_locked()) {
        defer(&vcpu->wakeup_deferred);
    } else if (vcpu->polling) {
        xen_emu_poll_end(vcpu);
        vcpu->cs->halted = 0;
        qemu_cpu_kick(vcpu->cs);
    }
}

void xen_emu_poll_expired(void *opaque)
{
    wake(opaque);
}

void xen_emu_poll(XenEmuVcpu *vcpu, const uint32_t *ports,
                  unsigned int nr_ports, uint64_t timeout)
{
    void *pending = xen_overlay_get_shinfo_ptr();

    pending += xen_is_long_mode() ? offsetof(struct shared_info, evtchn_pending)
                                  : COMPAT_EVTCHN_PENDING;
    vcpu->poll_port = nr_ports == 1 ? ports[0] : 0;
    vcpu->polling = true;
    qatomic_inc(&pollers);

    /* What becomes pending from here on finds the poller */
    smp_mb();
    for (unsigned int i = 0; i < nr_ports; i++) {
        if (test_bit(ports[i], pending)) {
            xen_emu_poll_end(vcpu);
            return;
        }
    }
    if (timeout) {
        timer_mod_ns(vcpu->poll_timer, MIN(timeout, INT64_MAX));
    }
    cpu_exit(vcpu->cs);
}

void xen_emu_port_pending(uint32_t port)
{
    CPUState *cs;

    /* The port's bit is set before this is read */
    smp_mb();
    if (likely(!qatomic_read(&pollers))) {
        return;
    }
    CPU_FOREACH(cs) {
        XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

        if (vcpu && qatomic_read(&vcpu->polling) &&
            (!vcpu->poll_port || vcpu->poll_port == port)) {
            wake(vcpu);
        }
    }
}

static void do_deferred(void *opaque)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

        if (!vcpu) {
            continue;
        }
        if (qatomic_xchg(&vcpu->wakeup_deferred, false)) {
            wake(vcpu);
        }
        if (qatomic_xchg(&vcpu->upcall_deferred, false)) {
            xen_emu_check_upcall(cs);
        }
    }
}

void xen_emu_upcall_init(void)
{
    deferred_bh = qemu_bh_new(do_deferred, NULL);
}
