/*
 * The table of tests of the Xen guest environment
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "xen-tests.h"

const XenTest xen_tests[] = {
    { "block", "the PV disk xvda, written, read and closed",
      xen_test_block },
    { "console", "two PV consoles, and what the host types into them",
      xen_test_console },
    { "cpuid", "the leaves by which a guest finds Xen", xen_test_cpuid },
    { "events", "event channels, heard of by delivery=", xen_test_events },
    { "hypercall-cost", "ns per hypercall and per port read; no test",
      xen_test_hypercall_cost },
    { "hypercall-page", "the page that an MSR fills",
      xen_test_hypercall_page },
    { "log", "count= lines for the driver's log, without pause", xen_test_log },
    { "long-mode", "a 64-bit guest's shared info, events and clock",
      xen_test_long_mode },
    { "lost-events", "locked instructions beside the host's, count= times",
      xen_test_lost_events },
    { "nested", "hypercalls and interrupts of a guest that has a guest",
      xen_test_nested },
    { "net", "two PV NICs on one wire, each sending to the other",
      xen_test_net },
    { "pointers", "hypercalls with good and bad pointers",
      xen_test_pointers },
    { "poll", "SCHEDOP_poll and SCHEDOP_yield on two vCPUs", xen_test_poll },
    { "random", "count= hypercalls without sense", xen_test_random },
    { "ring", "count= events around cpus= vCPUs", xen_test_ring },
    { "ring-cost", "ns per operation of the PV rings; no test",
      xen_test_ring_cost },
    { "runstate", "how long vCPUs ran and slept", xen_test_runstate },
    { "storms", "hypercalls without pause, each kind for seconds=",
      xen_test_storms },
    { "shutdown", "SCHEDOP_shutdown for a reason=", xen_test_shutdown },
    { "time", "the clocks of cpus= vCPUs, for seconds=", xen_test_time },
    { "timers", "singleshot and periodic timers", xen_test_timers },
    { "unplug-at-work", "device= goes in the middle of phase= of a transfer",
      xen_test_unplug_at_work },
    { "vcpu-info", "a vcpu_info for another vCPU", xen_test_vcpu_info },
    { "vmcall", "VMCALL and VMMCALL in all modes", xen_test_vmcall },
};

const size_t xen_tests_count = ARRAY_SIZE(xen_tests);

const XenTest *xen_test_find(const char *name)
{
    for (size_t i = 0; i < xen_tests_count; i++) {
        if (!strcmp(xen_tests[i].name, name)) {
            return &xen_tests[i];
        }
    }
    return NULL;
}
