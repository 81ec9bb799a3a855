/*
 * test=pointers: hypercalls with good and bad pointers
 *
 * Paging is on: what the guest could not do with a pointer, a hypercall with
 * it does not do either, and says -EFAULT.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define PAGE_SIZE       4096u
#define PTE_PRESENT     0x01
#define PTE_WRITABLE    0x02
#define PTE_USER        0x04
#define PTE_ACCESSED    0x20
#define PTE_DIRTY       0x40
#define PDE_LARGE       0x80

#define WINDOW          0x40000000u     /* where the pages below are */
#define CR2_MARK        0x12345678
#define FRAMES          5

typedef enum Page {
    PAGE_RAM,
    PAGE_UNMAPPED,
    PAGE_READ_ONLY,
    PAGE_USER,
    PAGE_MMIO,
    PAGE_NOTHING,       /* mapped, but no memory is there */
    PAGE_ROM,
    PAGE_FIRST,         /* two pages in a row, */
    PAGE_SECOND,        /* which are not in memory */
} Page;

static uint32_t directory[1024] __attribute__((aligned(PAGE_SIZE)));
static uint32_t table[1024] __attribute__((aligned(PAGE_SIZE)));
static char frames[FRAMES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static char *window(Page page)
{
    return (char *)(WINDOW + page * PAGE_SIZE);
}

static void paging_on(void)
{
    static const uint32_t rw = PTE_PRESENT | PTE_WRITABLE;

    for (unsigned i = 0; i < ARRAY_SIZE(directory); i++) {
        directory[i] = i << 22 | PDE_LARGE | rw;
    }
    directory[WINDOW >> 22] = (uintptr_t)table | rw | PTE_USER;
    table[PAGE_RAM] = (uintptr_t)frames[0] | rw;
    table[PAGE_READ_ONLY] = (uintptr_t)frames[1] | PTE_PRESENT;
    table[PAGE_USER] = (uintptr_t)frames[2] | rw | PTE_USER;
    table[PAGE_MMIO] = LAPIC_BASE | rw;
    table[PAGE_NOTHING] = 0xd0000000 | rw;
    table[PAGE_ROM] = 0xfffff000 | rw;
    table[PAGE_FIRST] = (uintptr_t)frames[4] | rw;
    table[PAGE_SECOND] = (uintptr_t)frames[3] | rw;
    write_cr3((uintptr_t)directory);
    write_cr4(read_cr4() | CR4_PSE);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

static void paging_off(void)
{
    write_cr0(read_cr0() & ~(CR0_PG | CR0_WP));
    write_cr4(read_cr4() & ~(CR4_PSE | CR4_SMAP));
}

static void call(uint32_t expected, uint32_t nr, uint32_t cmd, void *pointer,
                 const char *what)
{
    Regs regs = {
        .rax = nr, .rbx = cmd, .rcx = (uintptr_t)pointer,
    };
    unsigned vector;

    write_cr2(CR2_MARK);
    vector = trap_call(MODE_32, cpu_is_intel() ? target_vmcall
                                               : target_vmmcall, &regs);
    tap_equal(TRAP_NONE, vector, "%s: no exception", what);
    tap_equal(expected, regs.rax, "%s: result 0x%x", what, expected);
    tap_equal(CR2_MARK, read_cr2(), "%s: CR2 stays", what);
}

/* A hypercall that writes 16 bytes */
static void output(uint32_t expected, void *pointer, const char *what)
{
    call(expected, __HYPERVISOR_xen_version, XENVER_extraversion, pointer,
         what);
}

/* One that reads 4 bytes, and finds port 0, which is none */
static void input(uint32_t expected, void *pointer, const char *what)
{
    call(expected, __HYPERVISOR_event_channel_op, EVTCHNOP_send, pointer,
         what);
}

/* One that reads and writes 8 bytes */
static void both(uint32_t expected, void *pointer, const char *what)
{
    call(expected, __HYPERVISOR_xen_version, XENVER_get_features, pointer,
         what);
}

static void outputs(void)
{
    char *read_only = frames[1];

    table[PAGE_RAM] &= ~(PTE_DIRTY | PTE_ACCESSED);
    write_cr3(read_cr3());
    output(0, window(PAGE_RAM), "output to RAM");
    tap_equal_str(".0-qemu", frames[0], "and there it is");
    tap_equal(PTE_DIRTY | PTE_ACCESSED,
              table[PAGE_RAM] & (PTE_DIRTY | PTE_ACCESSED),
              "and the page table says so");
    output(XEN_EFAULT, window(PAGE_UNMAPPED), "output to an unmapped page");
    output(XEN_EFAULT, window(PAGE_READ_ONLY), "output to a read-only page");
    tap_equal(0, read_only[0], "and nothing is written there");
    write_cr0(read_cr0() & ~CR0_WP);
    output(0, window(PAGE_READ_ONLY), "the same with CR0.WP off");
    tap_equal_str(".0-qemu", read_only, "and there it is");
    write_cr0(read_cr0() | CR0_WP);
    output(XEN_EFAULT, window(PAGE_MMIO), "output to MMIO");
    output(XEN_EFAULT, window(PAGE_NOTHING), "output to no memory");
    output(0, window(PAGE_ROM), "output to ROM, dropped");
    output(XEN_EFAULT, window(PAGE_UNMAPPED) - 8,
           "output that ends in an unmapped page");
    output(XEN_EFAULT, window(PAGE_READ_ONLY) - 8,
           "output that begins in an unmapped page");
    output(0, window(PAGE_SECOND) - 4, "output across two pages");
    tap_ok(!strncmp(frames[4] + PAGE_SIZE - 4, ".0-q", 4) &&
           !strcmp(frames[3], "emu"), "and each has its part");
}

static void inputs(void)
{
    input(XEN_EINVAL, window(PAGE_FIRST), "input from RAM");
    input(XEN_EFAULT, window(PAGE_UNMAPPED), "input from an unmapped page");
    input(XEN_EFAULT, window(PAGE_MMIO), "input from MMIO");
    input(XEN_EFAULT, window(PAGE_NOTHING), "input from no memory");
    input(XEN_EFAULT, window(PAGE_UNMAPPED) - 2,
          "input that ends in an unmapped page");
    input(XEN_EINVAL, window(PAGE_SECOND) - 2, "input across two pages");

    memset(frames[1], 0, PAGE_SIZE);
    both(0, window(PAGE_FIRST), "input and output in RAM");
    both(XEN_EFAULT, window(PAGE_READ_ONLY),
         "input and output in a read-only page");
    both(XEN_EFAULT, window(PAGE_UNMAPPED) - 4,
         "input and output across an unmapped page");
}

static void user_page(void)
{
    uint32_t out[4];

    output(0, window(PAGE_USER), "output to a user page");
    cpuid(7, 0, out);
    if (!(out[EBX] & CPUID_7_EBX_SMAP)) {
        tap_skip("SMAP", "this CPU has none");
        return;
    }
    write_cr4(read_cr4() | CR4_SMAP);
    output(XEN_EFAULT, window(PAGE_USER), "output to a user page, SMAP");
    input(XEN_EFAULT, window(PAGE_USER), "input from a user page, SMAP");
    write_eflags(read_eflags() | EFLAGS_AC);
    output(0, window(PAGE_USER), "output to a user page, SMAP and AC");
    write_eflags(read_eflags() & ~EFLAGS_AC);
}

static void registered_area(uint32_t expected, uint32_t command,
                            uint32_t address, const char *what)
{
    union {
        struct vcpu_register_time_memory_area time;
        struct vcpu_register_runstate_memory_area runstate;
    } area = { .time.addr.p = address };
    uint32_t result;

    area.time.addr.p = address;
    result = vcpu_op(command, 0, &area);
    tap_equal(expected, result, "%s: result 0x%x", what, expected);
}

static void areas(void)
{
    static const struct {
        uint32_t expected;
        Page page;
        uint32_t offset;
        const char *where;
    } rows[] = {
        { XEN_EFAULT, PAGE_UNMAPPED, 0, "an unmapped page" },
        { XEN_EFAULT, PAGE_MMIO, 0, "MMIO" },
        { XEN_EFAULT, PAGE_NOTHING, 0, "no memory" },
        { XEN_EFAULT, PAGE_ROM, 0, "ROM" },
        { XEN_EFAULT, PAGE_RAM, PAGE_SIZE - 8, "RAM and an unmapped page" },
        { 0, PAGE_RAM, 0, "RAM" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t address = WINDOW + rows[i].page * PAGE_SIZE + rows[i].offset;
        char what[64] = "the time area in ";
        char *end = what + strlen(what);

        memcpy(end, rows[i].where, strlen(rows[i].where) + 1);
        registered_area(rows[i].expected,
                        VCPUOP_register_vcpu_time_memory_area, address, what);
    }
}

/* What a 32-bit pointer cannot be */
static void long_pointers(void)
{
    static const struct {
        uint64_t address;
        const char *what;
    } rows[] = {
        { 0x8000000000000000, "an address that is not canonical" },
        { 0x0000800000000000, "the first address that is not canonical" },
        { 0x00007ffffffffff8, "an address next to it" },
        { 0x0000000100000000, "an unmapped address above 4 GiB" },
        { 0xfffffffffffffff8, "the last address" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        Regs regs = {
            .rax = __HYPERVISOR_xen_version, .rdi = XENVER_extraversion,
            .rsi = rows[i].address,
        };
        unsigned vector = trap_call(MODE_64, cpu_is_intel() ?
                                    target_vmcall : target_vmmcall, &regs);

        tap_equal(TRAP_NONE, vector, "64-bit, %s: no exception",
                  rows[i].what);
        tap_equal(XEN_EFAULT, regs.rax, "64-bit, %s: result 0x%x",
                  rows[i].what, XEN_EFAULT);
    }
}

void xen_test_pointers(const Args *args)
{
    paging_on();
    outputs();
    inputs();
    user_page();
    areas();
    paging_off();
    output(0, frames[0], "output without paging");
    output(XEN_EFAULT, (void *)LAPIC_BASE, "output to MMIO, without paging");
    long_pointers();
}
