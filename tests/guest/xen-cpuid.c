/*
 * test=cpuid: the leaves by which a guest finds Xen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "hypercall.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define TCG_MAX_LEAF        0x40000001
#define UPCALL_VECTOR_SINCE 0x40011

static void get_vcpu_id(void *arg)
{
    uint32_t out[4];

    cpuid(XEN_CPUID_LEAF(4), 0, out);
    *(uint32_t *)arg = out[EBX];
}

static void signature_is(const char *expected)
{
    uint32_t out[4];
    char text[13] = "";

    cpuid(XEN_CPUID_FIRST_LEAF, 0, out);
    memcpy(text, &out[EBX], 12);
    tap_equal_str(expected, text, "leaf 0x40000000: the signature is %s",
                  expected);
}

static void without_xen(void)
{
    uint32_t out[4];

    signature_is("TCGTCGTCGTCG");
    cpuid(XEN_CPUID_FIRST_LEAF, 0, out);
    tap_equal(TCG_MAX_LEAF, out[EAX], "leaf 0x40000000: the last leaf");
}

static void vcpu_ids(unsigned cpus)
{
    unsigned started = smp_start(cpus);

    tap_equal(cpus, started, "all CPUs start");
    for (unsigned i = 0; i < started; i++) {
        uint32_t id;

        if (i) {
            smp_run(i, get_vcpu_id, &id);
            smp_wait(i);
        } else {
            get_vcpu_id(&id);
        }
        tap_equal(i, id, "leaf 0x40000004: the vCPU id of CPU %u", i);
    }
}

void xen_test_cpuid(const Args *args)
{
    uint32_t version = args_value(args, ARG_XEN, ARG_XEN_DEFAULT);
    uint32_t out[4];

    cpuid(1, 0, out);
    tap_ok(out[ECX] & CPUID_1_ECX_HYPERVISOR,
           "leaf 1 says that there is a hypervisor");
    if (!version) {
        without_xen();
        return;
    }

    signature_is("XenVMMXenVMM");
    cpuid(XEN_CPUID_FIRST_LEAF, 0, out);
    tap_ok(out[EAX] >= XEN_CPUID_LEAF(4),
           "leaf 0x40000000: the last leaf is 0x40000004 or a later one");
    cpuid(XEN_CPUID_LEAF(1), 0, out);
    tap_equal(version, out[EAX], "leaf 0x40000001: version 0x%x", version);
    cpuid(XEN_CPUID_LEAF(2), 0, out);
    tap_equal(1, out[EAX], "leaf 0x40000002: one hypercall page");
    tap_equal(XEN_HYPERCALL_MSR, out[EBX],
              "leaf 0x40000002: the MSR is 0x%x", XEN_HYPERCALL_MSR);
    tap_equal(0, out[ECX], "leaf 0x40000002: no features in ecx");
    tap_equal(0, out[EDX], "leaf 0x40000002: no features in edx");

    cpuid(XEN_CPUID_LEAF(3), 0, out);
    tap_ok(out[ECX], "leaf 0x40000003: the TSC has a frequency");
    tap_say("  %u kHz, mode %u", out[ECX], out[EBX]);
    cpuid(XEN_CPUID_LEAF(3), 1, out);
    tap_ok(out[ECX], "leaf 0x40000003.1: the TSC has a factor");

    cpuid(XEN_CPUID_LEAF(4), 0, out);
    tap_ok(out[EAX] & XEN_HVM_CPUID_VCPU_ID_PRESENT,
           "leaf 0x40000004 tells the vCPU id");
    tap_ok(out[EAX] & XEN_HVM_CPUID_DOMID_PRESENT,
           "leaf 0x40000004 tells the domain id");
    tap_between(1, DOMID_FIRST_RESERVED - 1, out[ECX],
                "leaf 0x40000004: the domain id is a guest's");
    tap_equal(version >= UPCALL_VECTOR_SINCE,
              !!(out[EAX] & XEN_HVM_CPUID_UPCALL_VECTOR),
              "leaf 0x40000004: upcall vectors since 4.17");
    vcpu_ids(args_value(args, ARG_CPUS, 1));
}
