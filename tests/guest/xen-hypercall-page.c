/*
 * test=hypercall-page: the page that an MSR fills
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define SLOT_SIZE   32
#define SLOT_IRET   23
#define SLOT_LAST   127

static char page[4096] __attribute__((aligned(4096)));

/* Returns: the vector of the exception, TRAP_NONE if there was none */
static unsigned fill(CpuMode mode, uint32_t value, uint32_t value_high)
{
    Regs regs = {
        .rcx = XEN_HYPERCALL_MSR, .rax = value, .rdx = value_high,
    };

    return trap_call(mode, target_wrmsr, &regs);
}

static void call(CpuMode mode, unsigned slot, unsigned expected,
                 uint32_t result)
{
    Regs regs = { 0 };
    unsigned vector = trap_call(mode, page + slot * SLOT_SIZE, &regs);

    tap_equal(expected, vector, "slot %u, %s: %s", slot, mode_name(mode),
              expected == TRAP_NONE ? "returns" : "#UD");
    if (expected == TRAP_NONE) {
        tap_equal(result, regs.rax, "slot %u, %s: result 0x%x", slot,
                  mode_name(mode), result);
    }
}

void xen_test_hypercall_page(const Args *args)
{
    static const CpuMode callers[] = { MODE_32, MODE_COMPAT, MODE_64 };
    static const struct {
        uint32_t low, high;
        const char *what;
    } bad[] = {
        { 1, 0, "page number 1" },
        { 0xfff, 0, "page number 4095" },
        { 0xfee00000, 0, "the local APIC" },
        { 0xfffff000, 0, "ROM" },
        { 0xd0000000, 0, "nothing" },
        { 0, 0x80, "memory above all RAM" },
        { 0, 0x80000000, "an address of 64 bits" },
    };
    uint32_t version = args_value(args, ARG_XEN, ARG_XEN_DEFAULT);
    char third = cpu_is_intel() ? 0xc1 : 0xd9;

    if (!version) {
        tap_equal(TRAP_NONE, fill(MODE_32, (uintptr_t)page, 0),
                  "without Xen, TCG ignores the MSR");
        tap_equal(0, page[0], "and fills no page");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
        memset(page, 0, sizeof(page));
        tap_equal(TRAP_NONE, fill(callers[i], (uintptr_t)page, 0),
                  "the page is filled, %s", mode_name(callers[i]));
        tap_equal(third, page[7], "slot 0 has this vendor's instruction");
        for (size_t j = 0; j < ARRAY_SIZE(callers); j++) {
            call(callers[j], __HYPERVISOR_xen_version, TRAP_NONE, version);
            call(callers[j], SLOT_IRET, TRAP_UD, 0);
            call(callers[j], SLOT_LAST, TRAP_NONE, XEN_ENOSYS);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        uint32_t low = bad[i].low < sizeof(page) && !bad[i].high ?
                       (uintptr_t)page + bad[i].low : bad[i].low;

        tap_equal(TRAP_GP, fill(MODE_32, low, bad[i].high),
                  "a value that means %s is #GP", bad[i].what);
    }
    tap_equal(TRAP_NONE, fill(MODE_32, (uintptr_t)page, 0),
              "then the page is filled again");
}
