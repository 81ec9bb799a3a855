/*
 * The Xen guest environment as an option of an accelerator
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/boards.h"
#include "hw/i386/pc.h"
#include "hw/i386/e820_memory_layout.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "system/kvm.h"
#include "system/kvm_xen.h"
#include "system/qtest.h"
#include "target/i386/kvm/xen-emu.h"
#include "xen-emu-internal.h"
#include "hw/xen/interface/vcpu.h"

/* XENVER_version form: major in the upper half, minor in the lower */
#define XEN_EMU_VERSION_MIN 0x30000
#define XEN_EMU_VERSION_MAX 0x400ff
#define XEN_EMU_VERSION_FORM "major << 16 | minor, for instance 0x40011 " \
    "for Xen 4.17, from 0x%x to 0x%x, or 0 for no Xen"

/*
 * Each accelerator on the command line is given its properties and started
 * before the next one is looked at, so that one set of values is enough.
 */
static struct {
    Object *accel;
    uint32_t version;
    uint16_t gnttab_max_frames;
    uint16_t evtchn_max_pirq;
} xen_emu = {
    .gnttab_max_frames = 64,
    .evtchn_max_pirq = 256,
};

/* By cpu_index */
static XenEmuVcpu **vcpus;
static unsigned int max_vcpus;

static void get_version(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    uint32_t value = xen_emu.accel == obj ? xen_emu.version : 0;

    visit_type_uint32(v, name, &value, errp);
}

static void set_version(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    uint32_t value;

    if (!visit_type_uint32(v, name, &value, NULL)) {
        error_setg(errp, "%s is not a number: give " XEN_EMU_VERSION_FORM,
                   name, XEN_EMU_VERSION_MIN, XEN_EMU_VERSION_MAX);
        return;
    }
    if (value && (value < XEN_EMU_VERSION_MIN || value > XEN_EMU_VERSION_MAX ||
                  (value & 0xffff) > 0xff)) {
        error_setg(errp, "%s=0x%" PRIx32 " is not a Xen version: give "
                   XEN_EMU_VERSION_FORM, name, value,
                   XEN_EMU_VERSION_MIN, XEN_EMU_VERSION_MAX);
        return;
    }
    xen_emu.accel = obj;
    xen_emu.version = value;
}

static void get_limit(Object *obj, Visitor *v, const char *name,
                      void *opaque, Error **errp)
{
    visit_type_uint16(v, name, opaque, errp);
}

static void set_limit(Object *obj, Visitor *v, const char *name,
                      void *opaque, Error **errp)
{
    uint16_t *limit = opaque;
    uint16_t value;

    if (!visit_type_uint16(v, name, &value, errp)) {
        return;
    }
    if (!value) {
        error_setg(errp, "%s=0 leaves the guest with none: give at least 1",
                   name);
        return;
    }
    *limit = value;
}

void xen_emu_accel_class_init(ObjectClass *oc)
{
    object_class_property_add(oc, "xen-version", "uint32",
                              get_version, set_version, NULL, NULL);
    object_class_property_set_description(oc, "xen-version",
        "Xen version to be emulated, in XENVER_version form "
        "(0x40011 for 4.17)");

    object_class_property_add(oc, "xen-gnttab-max-frames", "uint16",
                              get_limit, set_limit, NULL,
                              &xen_emu.gnttab_max_frames);
    object_class_property_set_description(oc, "xen-gnttab-max-frames",
        "Maximum number of grant table frames");

    object_class_property_add(oc, "xen-evtchn-max-pirq", "uint16",
                              get_limit, set_limit, NULL,
                              &xen_emu.evtchn_max_pirq);
    object_class_property_set_description(oc, "xen-evtchn-max-pirq",
        "Maximum number of Xen PIRQs");
}

int xen_emu_accel_init(AccelState *accel, MachineState *ms)
{
    if (kvm_enabled()) {
        return 0;
    }
    if (xen_mode == XEN_EMULATE) {
        /* Left behind by -accel kvm,xen-version=, which did not come up */
        xen_mode = XEN_DISABLED;
    }
    if (xen_emu.accel != OBJECT(accel) || !xen_emu.version) {
        return 0;
    }
    /*
     * Only pc and q35 have the rest of the environment.  Under qtest the
     * device alone, on any x86 machine, is worth having.
     */
    if (qtest_enabled() ?
        !object_dynamic_cast(OBJECT(ms), TYPE_X86_MACHINE) :
        !object_dynamic_cast(OBJECT(ms), TYPE_PC_MACHINE) ||
        !PC_MACHINE_GET_CLASS(ms)->pci_enabled) {
        error_report("xen-version: machine '%s' cannot run a Xen guest, "
                     "pc and q35 can",
                     MACHINE_GET_CLASS(ms)->name);
        return -ENOTSUP;
    }
    xen_mode = XEN_EMULATE;
    max_vcpus = ms->smp.max_cpus;
    vcpus = g_new0(XenEmuVcpu *, max_vcpus);
    xen_emu_upcall_init();
    xen_emu_migration_init();
    xen_emu_reset_init();
    if (qtest_enabled()) {
        qtest_set_command_cb(xen_emu_qtest_command);
    }
    e820_add_entry(XEN_SPECIAL_AREA_ADDR, XEN_SPECIAL_AREA_SIZE,
                   E820_RESERVED);
    return 0;
}

XenEmuVcpu *xen_emu_vcpu(CPUState *cs)
{
    return cs->cpu_index < max_vcpus ? vcpus[cs->cpu_index] : NULL;
}

uint32_t xen_emu_version(void)
{
    return xen_emu.version;
}

void xen_emu_vcpu_init(CPUState *cs, Error **errp)
{
    XenEmuVcpu *vcpu;

    if (xen_mode != XEN_EMULATE || kvm_enabled()) {
        return;
    }
    if (kvm_xen_init_vcpu(cs)) {
        error_setg(errp, "vCPU %d: no Xen timers", cs->cpu_index);
        return;
    }
    vcpu = g_new0(XenEmuVcpu, 1);
    vcpu->cs = cs;
    vcpu->state = RUNSTATE_offline;
    vcpu->state_entry_time = xen_emu_system_time();
    vcpu->poll_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, xen_emu_poll_expired,
                                    vcpu);
    vmstate_register(NULL, cs->cpu_index, &vmstate_xen_emu_vcpu, vcpu);
    vcpus[cs->cpu_index] = vcpu;
}

/* It has lost its cpu_index by now */
void xen_emu_vcpu_fini(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);

    for (unsigned int i = 0; i < max_vcpus; i++) {
        XenEmuVcpu *vcpu = vcpus[i];

        if (!vcpu || vcpu->cs != cs) {
            continue;
        }
        vcpus[i] = NULL;
        xen_emu_poll_end(vcpu);
        timer_free(vcpu->poll_timer);
        vmstate_unregister(NULL, &vmstate_xen_emu_vcpu, vcpu);
        g_free(vcpu);

        timer_free(env->xen_singleshot_timer);
        timer_free(env->xen_periodic_timer);
        qemu_mutex_destroy(&env->xen_timers_lock);
        if (env->xen_vcpu_info_mr) {
            memory_region_unref(env->xen_vcpu_info_mr);
        }
        return;
    }
}

uint16_t xen_emu_gnttab_max_frames(void)
{
    return xen_emu.gnttab_max_frames;
}

uint16_t xen_emu_evtchn_max_pirq(void)
{
    return xen_emu.evtchn_max_pirq;
}
