/*
 * test=vmcall: VMCALL and VMMCALL in all modes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "hypercall.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define NO_SUCH_HYPERCALL   300
#define NO_SUCH_COMMAND     999

static const struct {
    const char *name;
    const char *target;
} instructions[] = {
    { "vmcall", target_vmcall },
    { "vmmcall", target_vmmcall },
};

/* Registers that hold something, but for the first arguments */
static Regs full_regs(CpuMode mode, uint32_t nr, uint32_t arg1)
{
    Regs regs;
    uint64_t *reg = &regs.rax;

    for (unsigned i = 0; i < sizeof(regs) / sizeof(*reg); i++) {
        reg[i] = 0x10101010 + i;
        if (mode == MODE_64) {
            reg[i] |= (uint64_t)(0xa0000000 + i) << 32;
        }
    }
    regs.rax = nr;
    if (mode == MODE_64) {
        regs.rdi = arg1;
    } else {
        regs.rbx = arg1;
        memset(&regs.r8, 0, sizeof(regs) - offsetof(Regs, r8));
    }
    return regs;
}

/* How many registers differ, rax left out */
static unsigned changed(const Regs *a, const Regs *b)
{
    const uint64_t *reg_a = &a->rax;
    const uint64_t *reg_b = &b->rax;
    unsigned count = 0;

    for (unsigned i = 1; i < sizeof(*a) / sizeof(*reg_a); i++) {
        count += reg_a[i] != reg_b[i];
    }
    return count;
}

static void undefined(CpuMode mode, unsigned i, const char *when)
{
    Regs before = full_regs(mode, __HYPERVISOR_xen_version, XENVER_version);
    Regs regs = before;

    tap_equal(TRAP_UD, trap_call(mode, instructions[i].target, &regs),
              "%s, %s%s: #UD", instructions[i].name, mode_name(mode), when);
    tap_equal(0, changed(&before, &regs) + (before.rax != regs.rax),
              "%s, %s%s: no register changes", instructions[i].name,
              mode_name(mode), when);
}

static void hypercalls(CpuMode mode, unsigned i, uint32_t version,
                       const char *when)
{
    const struct {
        uint32_t nr, arg1, result;
        const char *what;
    } calls[] = {
        { __HYPERVISOR_xen_version, XENVER_version, version, "the version" },
        { __HYPERVISOR_xen_version, NO_SUCH_COMMAND, XEN_ENOSYS,
          "a command that is none" },
        { NO_SUCH_HYPERCALL, 0, XEN_ENOSYS, "a number that is none" },
        { 0x10000 | __HYPERVISOR_event_channel_op, EVTCHNOP_send,
          XEN_ENOSYS, "a number of more than 16 bits" },
    };

    for (size_t j = 0; j < ARRAY_SIZE(calls); j++) {
        Regs before = full_regs(mode, calls[j].nr, calls[j].arg1);
        Regs regs = before;
        unsigned vector = trap_call(mode, instructions[i].target, &regs);
        uint32_t result = mode == MODE_32_USER ? XEN_EPERM : calls[j].result;
        bool high = mode == MODE_64 && (int32_t)result < 0;

        tap_equal(result, vector == TRAP_NONE ? regs.rax : vector,
                  "%s, %s%s: %s: result 0x%x", instructions[i].name,
                  mode_name(mode), when, calls[j].what, result);
        tap_equal(0, (regs.rax >> 32 != (high ? UINT32_MAX : 0)) +
                  changed(&before, &regs),
                  "%s, %s%s: %s: no other register changes",
                  instructions[i].name, mode_name(mode), when, calls[j].what);
    }
}

static void all_modes(uint32_t version, const char *when)
{
    for (unsigned i = 0; i < ARRAY_SIZE(instructions); i++) {
        for (CpuMode mode = 0; mode < MODE_COUNT; mode++) {
            if (version) {
                hypercalls(mode, i, version, when);
            } else {
                undefined(mode, i, when);
            }
        }
    }
}

void xen_test_vmcall(const Args *args)
{
    uint32_t version = args_value(args, ARG_XEN, ARG_XEN_DEFAULT);
    uint32_t out[4];

    all_modes(version, "");
    cpuid(0x80000001, 0, out);
    if (!(out[ECX] & CPUID_80000001_ECX_SVM)) {
        tap_skip("with EFER.SVME", "this CPU has no SVM");
        return;
    }
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    all_modes(version, ", EFER.SVME");
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_SVME);
}
