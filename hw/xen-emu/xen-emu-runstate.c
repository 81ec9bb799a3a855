/*
 * The run state of vCPUs: how long they ran, waited and slept
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen-emu-cpu.h"
#include "system/kvm_xen.h"
#include "xen-emu-internal.h"
#include "hw/xen/interface/vcpu.h"

/* The time is 64 bits wide, and aligned as the guest's compiler would */
#define ENTRY_OFFSET (xen_is_long_mode() ? 8 : 4)

static bool update_flag;

void xen_emu_set_runstate_update_flag(bool on)
{
    update_flag = on;
}

void xen_emu_write_runstate(CPUState *cs)
{
    XenEmuVcpu *vcpu = xen_emu_vcpu(cs);
    uint64_t gpa = cpu_env(cs)->xen_vcpu_runstate_gpa;
    uint64_t entry = vcpu->state_entry_time;
    uint32_t state = vcpu->state;

    if (gpa == INVALID_GPA) {
        return;
    }
    if (update_flag) {
        entry |= XEN_RUNSTATE_UPDATE;
        xen_emu_memory_rw(gpa + ENTRY_OFFSET, &entry, sizeof(entry), true);
        /* The flag first: the guest reads again while it is set */
        smp_wmb();
    }
    xen_emu_memory_rw(gpa, &state, sizeof(state), true);
    xen_emu_memory_rw(gpa + ENTRY_OFFSET + sizeof(entry), vcpu->time,
                      sizeof(vcpu->time), true);
    /* And last it goes */
    smp_wmb();
    entry = vcpu->state_entry_time;
    xen_emu_memory_rw(gpa + ENTRY_OFFSET, &entry, sizeof(entry), true);
}

static int runstate_post_load(void *opaque, int version_id)
{
    XenEmuVcpu *vcpu = opaque;

    return vcpu->state < ARRAY_SIZE(vcpu->time) ? 0 : -EINVAL;
}

static bool update_flag_needed(void *opaque)
{
    return update_flag;
}

static int update_flag_post_load(void *opaque, int version_id)
{
    update_flag = true;
    return 0;
}

/* A subsection that is there is all it says */
static const VMStateDescription vmstate_update_flag = {
    .name = "xen_emu_vcpu/runstate_update_flag",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = update_flag_needed,
    .post_load = update_flag_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_END_OF_LIST()
    }
};

/* Not by one that never ran, so that qtest's streams are as without us */
static bool runstate_needed(void *opaque)
{
    XenEmuVcpu *vcpu = opaque;

    return vcpu->state != RUNSTATE_offline || update_flag;
}

const VMStateDescription vmstate_xen_emu_vcpu = {
    .name = "xen_emu_vcpu",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = runstate_needed,
    .post_load = runstate_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(state, XenEmuVcpu),
        VMSTATE_UINT64(state_entry_time, XenEmuVcpu),
        VMSTATE_UINT64_ARRAY(time, XenEmuVcpu, 4),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_update_flag,
        NULL
    }
};

static void set_state(XenEmuVcpu *vcpu, unsigned int state)
{
    uint64_t now = xen_emu_system_time();

    vcpu->time[vcpu->state] += now - vcpu->state_entry_time;
    vcpu->state_entry_time = now;
    vcpu->state = state;
    xen_emu_write_runstate(vcpu->cs);
}

void xen_emu_vcpu_enter(CPUState *cs)
{
    XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

    if (vcpu) {
        if (vcpu->polling) {
            BQL_LOCK_GUARD();
            xen_emu_poll_end(vcpu);
        }
        set_state(vcpu, RUNSTATE_running);
    }
}

void xen_emu_vcpu_leave(CPUState *cs)
{
    XenEmuVcpu *vcpu = xen_emu_vcpu(cs);

    if (vcpu) {
        if (vcpu->polling) {
            BQL_LOCK_GUARD();
            cs->halted |= vcpu->polling;
        }
        set_state(vcpu, cs->halted ? RUNSTATE_blocked : RUNSTATE_runnable);
    }
}
