/*
 * Hypercalls
 *
 * Most are QEMU's, written for KVM.  Here is the way to them, and what the
 * KVM kernel module answers itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/main-loop.h"
#include "qemu/uuid.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen-emu-cpu.h"
#include "system/kvm.h"
#include "system/system.h"
#include "system/watchdog.h"
#include <linux/kvm.h>
#include "target/i386/kvm/xen-emu.h"
#include "xen-emu-internal.h"
#include "trace.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"
#include "hw/xen/interface/event_channel.h"
#include "hw/xen/interface/sched.h"
#include "hw/xen/interface/version.h"

#define EXTRAVERSION ".0-qemu"
#define CAPABILITIES "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "

/* Where Xen itself is, see public/arch-x86/xen-x86_{32,64}.h */
#define VIRT_START_32 0xf5800000
#define VIRT_START_64 0xffff800000000000

/* Xen takes no more in one SCHEDOP_poll */
#define POLL_PORTS 128

#define EVTCHN_PORTS_32 1024

typedef struct Hypercall {
    CPUState *cs;
    bool longmode;
    uint64_t nr;
    uint64_t args[6];
} Hypercall;

/* Copy @text, cut and filled with zeroes to the @size of the guest's buffer */
static int put_text(const Hypercall *call, const char *text, size_t size)
{
    g_autofree char *buf = g_malloc0(size);

    pstrcpy(buf, size, text);
    return xen_emu_copy_to_guest(call->cs, call->args[1], buf, size);
}

static int put_compile_info(const Hypercall *call)
{
    struct xen_compile_info info = {
        .compiler = "gcc",
        .compile_by = "qemu",
        .compile_domain = "emulated",
        .compile_date = "none",
    };

    return xen_emu_copy_to_guest(call->cs, call->args[1], &info, sizeof(info));
}

static int put_virt_start(const Hypercall *call)
{
    uint64_t start = call->longmode ? VIRT_START_64 : VIRT_START_32;

    return xen_emu_copy_to_guest(call->cs, call->args[1], &start,
                                 call->longmode ? 8 : 4);
}

static bool do_xen_version(const Hypercall *call, int64_t *result)
{
    switch ((uint32_t)call->args[0]) {
    case XENVER_version:
        *result = xen_emu_version();
        return true;
    case XENVER_extraversion:
        *result = put_text(call, EXTRAVERSION, XEN_EXTRAVERSION_LEN);
        return true;
    case XENVER_compile_info:
        *result = put_compile_info(call);
        return true;
    case XENVER_capabilities:
        *result = put_text(call, CAPABILITIES, XEN_CAPABILITIES_INFO_LEN);
        return true;
    case XENVER_changeset:
        *result = put_text(call, "unavailable", XEN_CHANGESET_INFO_LEN);
        return true;
    case XENVER_platform_parameters:
        *result = put_virt_start(call);
        return true;
    case XENVER_pagesize:
        *result = TARGET_PAGE_SIZE;
        return true;
    case XENVER_guest_handle:
        *result = xen_emu_copy_to_guest(call->cs, call->args[1], qemu_uuid.data,
                                        sizeof(qemu_uuid.data));
        return true;
    case XENVER_commandline:
        /* What Xen says to all but the control domain */
        *result = put_text(call, "<denied>", sizeof(xen_commandline_t));
        return true;
    case XENVER_build_id:
        *result = -ENODATA;
        return true;
    default:
        return false;
    }
}

static int64_t do_vm_assist(const Hypercall *call)
{
    /* The one that HVM guests have */
    if (call->args[1] != VMASST_TYPE_runstate_update_flag) {
        return -EINVAL;
    }
    switch ((uint32_t)call->args[0]) {
    case VMASST_CMD_enable:
        xen_emu_set_runstate_update_flag(true);
        return 0;
    case VMASST_CMD_disable:
        xen_emu_set_runstate_update_flag(false);
        return 0;
    default:
        return -ENOSYS;
    }
}

static int64_t do_poll(const Hypercall *call)
{
    uint32_t ports[POLL_PORTS], nr_ports, max_ports;
    uint64_t ports_gva, timeout;
    union {
        struct {
            uint32_t ports;
            uint32_t nr_ports;
            uint64_t timeout;
        } QEMU_PACKED compat;
        struct {
            uint64_t ports;
            uint32_t nr_ports;
            uint64_t timeout;
        } native;
    } poll;

    if (xen_emu_copy_from_guest(call->cs, call->args[1], &poll, call->longmode ?
                                sizeof(poll.native) : sizeof(poll.compat))) {
        return -EFAULT;
    }
    if (call->longmode) {
        ports_gva = poll.native.ports;
        nr_ports = poll.native.nr_ports;
        timeout = poll.native.timeout;
        max_ports = EVTCHN_2L_NR_CHANNELS;
    } else {
        ports_gva = poll.compat.ports;
        nr_ports = poll.compat.nr_ports;
        timeout = poll.compat.timeout;
        max_ports = EVTCHN_PORTS_32;
    }
    if (nr_ports > POLL_PORTS) {
        return -EINVAL;
    }
    if (xen_emu_copy_from_guest(call->cs, ports_gva, ports,
                                nr_ports * sizeof(ports[0]))) {
        return -EFAULT;
    }
    for (uint32_t i = 0; i < nr_ports; i++) {
        if (ports[i] >= max_ports) {
            return -EINVAL;
        }
    }
    xen_emu_poll(xen_emu_vcpu(call->cs), ports, nr_ports, timeout);
    return 0;
}

/* The reasons that QEMU's own variant does not take */
static bool do_shutdown(const Hypercall *call, int64_t *result)
{
    struct sched_shutdown shutdown;

    if (xen_emu_copy_from_guest(call->cs, call->args[1], &shutdown,
                                sizeof(shutdown))) {
        *result = -EFAULT;
        return true;
    }
    switch (shutdown.reason) {
    case SHUTDOWN_suspend:
        /* Nobody saves the guest: what Xen says when suspend was cancelled */
        *result = 1;
        return true;
    case SHUTDOWN_watchdog:
        watchdog_perform_action();
        *result = 0;
        return true;
    default:
        return false;
    }
}

static bool do_sched_op(const Hypercall *call, int64_t *result)
{
    switch ((uint32_t)call->args[0]) {
    case SCHEDOP_yield:
        /* To the loop that runs vCPUs; another may share the thread */
        cpu_exit(call->cs);
        *result = 0;
        return true;
    case SCHEDOP_poll:
        *result = do_poll(call);
        return true;
    case SCHEDOP_shutdown:
        return do_shutdown(call, result);
    default:
        return false;
    }
}

static bool do_own(const Hypercall *call, int64_t *result)
{
    switch (call->nr) {
    case __HYPERVISOR_xen_version:
        return do_xen_version(call, result);
    case __HYPERVISOR_vm_assist:
        *result = do_vm_assist(call);
        return true;
    case __HYPERVISOR_sched_op:
        return do_sched_op(call, result);
    default:
        return false;
    }
}

uint64_t xen_emu_hypercall(CPUState *cs, bool longmode, unsigned int cpl,
                           uint64_t nr, const uint64_t *args)
{
    struct kvm_xen_exit exit = {
        .type = KVM_EXIT_XEN_HCALL,
        .u.hcall.longmode = longmode,
        .u.hcall.cpl = cpl,
        .u.hcall.input = nr,
    };
    Hypercall call = { .cs = cs, .longmode = longmode, .nr = nr };
    int64_t result;

    memcpy(call.args, args, sizeof(call.args));
    memcpy(exit.u.hcall.params, args, sizeof(exit.u.hcall.params));

    if (cpl != 0 || !do_own(&call, &result)) {
        kvm_xen_handle_exit(X86_CPU(cs), &exit);
        result = exit.u.hcall.result;
    }
    xen_emu_upcall_again(cs);
    trace_xen_emu_hypercall(cs->cpu_index, nr, args[0], args[1], args[2],
                            result);
    return result;
}

bool xen_emu_vmcall(CPUX86State *env)
{
    CPUState *cs = env_cpu(env);
    bool longmode = env->hflags & HF_CS64_MASK;
    const int regs[2][7] = {
        { R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP },
        { R_EAX, R_EDI, R_ESI, R_EDX, 10, 8, 9 },
    };
    uint64_t values[7], result;

    if (!xen_emu_runs_guest() || env->hflags & HF_GUEST_MASK) {
        return false;
    }
    for (int i = 0; i < 7; i++) {
        uint64_t value = env->regs[regs[longmode][i]];

        values[i] = longmode ? value : (uint32_t)value;
    }

    /*
     * With the lock, as work that a hypercall queues for a vCPU could be
     * missed by one that is about to wait.
     */
    bql_lock();
    result = xen_emu_hypercall(cs, longmode, env->hflags & HF_CPL_MASK,
                               values[0], values + 1);
    bql_unlock();

    env->regs[R_EAX] = longmode ? result : (uint32_t)result;
    return true;
}
