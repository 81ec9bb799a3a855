/*
 * test=nested: a guest that has a guest
 *
 * This guest runs one of its own with AMD's SVM.  What that one calls by
 * VMMCALL is for us, and is no hypercall.  We are told when its task priority
 * has fallen below that of an interrupt that we have for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "asm.h"
#include "cpu.h"
#include "hypercall.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define EXIT_UD             0x46
#define EXIT_VINTR          0x64
#define EXIT_HLT            0x78
#define EXIT_VMMCALL        0x81

#define INTERCEPT_UD        (1u << TRAP_UD)
#define INTERCEPT_VINTR     (1ull << 4)
#define INTERCEPT_HLT       (1ull << 24)
#define INTERCEPT_VMRUN     (1ull << 32)
#define INTERCEPT_VMMCALL   (1ull << 33)

/* Offsets in the VMCB, see AMD's manual, volume 2, appendix B */
#define VMCB_EXCEPTIONS     0x008
#define VMCB_INTERCEPTS     0x00c
#define VMCB_ASID           0x058
#define VMCB_INT_CTL        0x060
#define VMCB_EXIT_CODE      0x070
#define VMCB_ES             0x400
#define VMCB_CS             0x410
#define VMCB_SS             0x420
#define VMCB_DS             0x430
#define VMCB_EFER           0x4d0
#define VMCB_CR4            0x548
#define VMCB_CR3            0x550
#define VMCB_CR0            0x558
#define VMCB_RFLAGS         0x570
#define VMCB_RIP            0x578
#define VMCB_RSP            0x5d8
#define VMCB_RAX            0x5f8

/* In VMCB_INT_CTL: the task priority, below that an interrupt's */
#define V_TPR               0x0f
#define V_IRQ               (1u << 8)
#define V_INTR_PRIO         (8u << 16)
#define V_INTR_MASKING      (1u << 24)

#define ATTRIBUTES_CODE     0xc9b
#define ATTRIBUTES_DATA     0xc93

static char vmcb[4096] __attribute__((aligned(4096)));
static char host_save[4096] __attribute__((aligned(4096)));
static uint32_t stack[64];

static void put32(unsigned offset, uint32_t value)
{
    memcpy(vmcb + offset, &value, sizeof(value));
}

static void put64(unsigned offset, uint64_t value)
{
    memcpy(vmcb + offset, &value, sizeof(value));
}

static uint32_t get32(unsigned offset)
{
    uint32_t value;

    memcpy(&value, vmcb + offset, sizeof(value));
    return value;
}

static void put_segment(unsigned offset, uint16_t selector, uint16_t flags)
{
    put32(offset, selector | (uint32_t)flags << 16);
    put32(offset + 4, UINT32_MAX);
    put64(offset + 8, 0);
}

/* Have a guest run what is at @target */
static void prepare(const char *target, uint64_t intercepts)
{
    uint32_t *esp = &stack[ARRAY_SIZE(stack) - 1];

    *esp = (uintptr_t)nested_end;
    memset(vmcb, 0, sizeof(vmcb));
    put32(VMCB_EXCEPTIONS, INTERCEPT_UD);
    put64(VMCB_INTERCEPTS, INTERCEPT_HLT | INTERCEPT_VMRUN | intercepts);
    put32(VMCB_ASID, 1);
    put_segment(VMCB_ES, SEG_DATA, ATTRIBUTES_DATA);
    put_segment(VMCB_CS, SEG_CODE32, ATTRIBUTES_CODE);
    put_segment(VMCB_SS, SEG_DATA, ATTRIBUTES_DATA);
    put_segment(VMCB_DS, SEG_DATA, ATTRIBUTES_DATA);
    put64(VMCB_EFER, rdmsr(MSR_EFER));
    put32(VMCB_CR4, read_cr4());
    put32(VMCB_CR3, read_cr3());
    put32(VMCB_CR0, read_cr0());
    put32(VMCB_RFLAGS, 2);
    put32(VMCB_RIP, (uintptr_t)target);
    put32(VMCB_RSP, (uintptr_t)esp);
    put32(VMCB_RAX, __HYPERVISOR_xen_version);
}

/* Returns: why the guest ended */
static uint32_t enter(void)
{
    nested_run(vmcb);
    return get32(VMCB_EXIT_CODE);
}

/* Run the instruction at @target in a guest.  Returns: why that ended */
static uint32_t run(const char *target, bool intercept)
{
    prepare(target, intercept ? INTERCEPT_VMMCALL : 0);
    return enter();
}

static void outside(uint32_t version, const char *when)
{
    Regs regs = { .rax = __HYPERVISOR_xen_version };
    unsigned expected = version ? TRAP_NONE : TRAP_UD;
    unsigned vector = trap_call(MODE_32, target_vmmcall, &regs);

    tap_equal(expected, vector, "%s, vmmcall outside the guest: %s", when,
              version ? "no exception" : "#UD");
    if (version) {
        tap_equal(version, regs.rax, "%s, vmmcall outside the guest: result",
                  when);
    }
}

static void task_priority(void)
{
    uint32_t out[4];

    cpuid(0x80000001, 0, out);
    if (!(out[ECX] & CPUID_80000001_ECX_ALTMOVCR8)) {
        tap_skip("a nested guest's task priority",
                 "this CPU has no CR8 for 32-bit code");
        return;
    }
    prepare(nested_lower_priority, INTERCEPT_VINTR);
    put32(VMCB_INT_CTL, V_INTR_MASKING | V_INTR_PRIO | V_IRQ | V_TPR);
    put32(VMCB_RFLAGS, 2 | EFLAGS_IF);
    tap_equal(EXIT_VINTR, enter(),
              "a waiting interrupt when the priority falls: #VMEXIT 0x64");
    tap_equal((uintptr_t)nested_priority_lowered, get32(VMCB_RIP),
              "and rip is behind the instruction");
    tap_equal(0, get32(VMCB_INT_CTL) & V_TPR,
              "and the priority is the new one");
}

void xen_test_nested(const Args *args)
{
    uint32_t version = args_value(args, ARG_XEN, ARG_XEN_DEFAULT);
    uint32_t out[4];

    cpuid(0x80000001, 0, out);
    if (!(out[ECX] & CPUID_80000001_ECX_SVM)) {
        tap_skip("a nested guest", "this CPU has no SVM");
        return;
    }
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, (uintptr_t)host_save);

    outside(version, "before");
    tap_equal(EXIT_HLT, run(nested_end, true), "a nested guest runs");
    tap_equal(EXIT_VMMCALL, run(target_vmmcall, true),
              "vmmcall in the guest, intercepted: #VMEXIT 0x81");
    tap_equal(__HYPERVISOR_xen_version, get32(VMCB_RAX),
              "and rax is what it was");
    tap_equal((uintptr_t)target_vmmcall, get32(VMCB_RIP),
              "and rip is at the instruction");
    tap_equal(EXIT_UD, run(target_vmmcall, false),
              "vmmcall in the guest, not intercepted: #UD");
    tap_equal(EXIT_UD, run(target_vmcall, true), "vmcall in the guest: #UD");
    tap_equal(EXIT_UD, run(target_vmcall, false),
              "vmcall in the guest, vmmcall not intercepted: #UD");
    task_priority();
    outside(version, "after");

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_SVME);
}
