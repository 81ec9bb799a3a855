/*
 * test=vcpu-info: a vcpu_info registered for another vCPU
 *
 * What a vCPU hears of must be there at once, whatever that vCPU does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_CPUS    4
#define PAGE_SHIFT      12

static struct vcpu_info infos[MAX_CPUS] __attribute__((aligned(64)));

static void has_own(unsigned i)
{
    struct vcpu_info *info = &infos[i];
    struct vcpu_register_vcpu_info area = {
        .mfn = (uintptr_t)info >> PAGE_SHIFT,
        .offset = (uintptr_t)info & 0xfff,
    };
    unsigned first = event_bind_ipi(i, NULL);
    unsigned port = event_bind_ipi(i, NULL);
    uint32_t sent;

    tap_ok(first && port, "vCPU %u has ports", i);
    tap_equal(0, event_unmask(first) | event_send(first),
              "vCPU %u: an event to its place in the page", i);
    tap_equal(1, shared.vcpu_info[i].evtchn_upcall_pending,
              "vCPU %u: is there", i);
    tap_equal(0, vcpu_op(VCPUOP_register_vcpu_info, i, &area),
              "vCPU %u has its own place", i);
    sent = event_unmask(port) | event_send(port);
    tap_equal(1, info->evtchn_upcall_pending,
              "vCPU %u: an event is there at once", i);
    tap_equal(0, sent, "vCPU %u: and was sent without an error", i);
}

void xen_test_vcpu_info(const Args *args)
{
    unsigned cpus = args_value(args, ARG_CPUS, DEFAULT_CPUS);

    if (!events_start()) {
        return;
    }
    tap_equal(cpus, smp_start(cpus), "all CPUs start");
    for (unsigned i = 1; i < cpus; i++) {
        has_own(i);
    }
}
