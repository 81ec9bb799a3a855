/*
 * Segments, exceptions and interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "asm.h"
#include "console.h"
#include "cpu.h"
#include "exit.h"
#include "tap.h"
#include "trap.h"

#define STUB_SIZE       16
#define GATE_PRESENT    0x8e00      /* interrupt gate */
#define GATE_USER       0x6000
#define PAGE_LARGE      0x87        /* present, writable, user, 2 MiB */
#define PAGE_TABLE      0x07
#define EXCEPTIONS      32

typedef struct Gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_high;
} Gate;

typedef struct LongGate {
    Gate gate;
    uint32_t offset_upper;
    uint32_t reserved;
} LongGate;

/* The fields that are used */
typedef struct Tss {
    uint32_t link;
    uint32_t esp0;
    uint32_t ss0;
    uint32_t unused[23];
} Tss;

typedef struct Cpu {
    uint32_t catch_esp;     /* of a call that may trap, 0: none */
    TrapFrame trapped;
    Tss tss;
} Cpu;

static Cpu cpus[MAX_CPUS];
static TrapHandler *handlers[256];
static uint64_t gdt[SEG_TSS / 8 + MAX_CPUS];
static Gate idt[256];
static LongGate long_idt[256];

/* The lower 4 GiB for long mode, all of it where it is */
uint64_t long_pml4[512] __attribute__((aligned(4096)));
static uint64_t long_pdpt[512] __attribute__((aligned(4096)));
static uint64_t long_pd[4 * 512] __attribute__((aligned(4096)));

TablePointer trap_idtr;
TablePointer long_idtr;

static uint64_t descriptor(uint32_t base, uint32_t limit, uint16_t flags)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)flags << 40 | (uint64_t)(limit >> 16) << 48 |
           (uint64_t)(base >> 24) << 56;
}

static void set_gate(Gate *gate, const char *stub, uint16_t type)
{
    gate->offset_low = (uintptr_t)stub;
    gate->selector = SEG_CODE32;
    gate->type = type;
    gate->offset_high = (uintptr_t)stub >> 16;
}

static void init_tables(void)
{
    gdt[SEG_CODE32 / 8] = descriptor(0, 0xfffff, 0xc09b);
    gdt[SEG_DATA / 8] = descriptor(0, 0xfffff, 0xc093);
    gdt[SEG_CODE64 / 8] = descriptor(0, 0xfffff, 0xa09b);
    gdt[SEG_CODE16 / 8] = descriptor((uintptr_t)code16_start, 0xffff, 0x009b);
    gdt[SEG_USER_CODE / 8] = descriptor(0, 0xfffff, 0xc0fb);
    gdt[SEG_USER_DATA / 8] = descriptor(0, 0xfffff, 0xc0f3);

    for (unsigned i = 0; i < 256; i++) {
        uint16_t user = i == TRAP_USER_END ? GATE_USER : 0;

        set_gate(&idt[i], trap_stubs + i * STUB_SIZE, GATE_PRESENT | user);
        set_gate(&long_idt[i].gate, long_stubs + i * STUB_SIZE, GATE_PRESENT);
        long_idt[i].gate.selector = SEG_CODE64;
    }
    trap_idtr = (TablePointer) { sizeof(idt) - 1, (uintptr_t)idt };
    long_idtr = (TablePointer) { sizeof(long_idt) - 1, (uintptr_t)long_idt };

    long_pml4[0] = (uintptr_t)long_pdpt | PAGE_TABLE;
    for (unsigned i = 0; i < 4; i++) {
        long_pdpt[i] = (uintptr_t)(long_pd + i * 512) | PAGE_TABLE;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(long_pd); i++) {
        long_pd[i] = (uint64_t)i << 21 | PAGE_LARGE;
    }
}

void trap_init(unsigned index)
{
    const TablePointer gdtr = { sizeof(gdt) - 1, (uintptr_t)gdt };
    Tss *tss = &cpus[index].tss;
    uint16_t selector = SEG_TSS + index * 8;

    if (!index) {
        init_tables();
    }
    tss->ss0 = SEG_DATA;
    gdt[selector / 8] = descriptor((uintptr_t)tss, sizeof(*tss) - 1, 0x0089);
    asm volatile("lgdt %0\n\t"
                 "ljmp %1, $1f\n"
                 "1:\n\t"
                 "mov %2, %%ds\n\t"
                 "mov %2, %%es\n\t"
                 "mov %2, %%fs\n\t"
                 "mov %2, %%gs\n\t"
                 "mov %2, %%ss\n\t"
                 "lidt %3\n\t"
                 "ltr %4"
                 : : "m" (gdtr), "i" (SEG_CODE32), "r" (SEG_DATA),
                 "m" (trap_idtr), "r" (selector) : "memory");
}

unsigned this_cpu(void)
{
    uint16_t selector;

    asm volatile("str %0" : "=r" (selector));
    return (selector - SEG_TSS) / 8;
}

void trap_set_handler(uint8_t vector, TrapHandler *handler)
{
    __atomic_store_n(&handlers[vector], handler, __ATOMIC_SEQ_CST);
}

void trap_dispatch(TrapFrame *frame)
{
    Cpu *cpu = &cpus[this_cpu()];

    if (handlers[frame->vector]) {
        handlers[frame->vector](frame);
        return;
    }
    if (cpu->catch_esp &&
        (frame->vector < EXCEPTIONS || frame->vector == TRAP_USER_END)) {
        cpu->trapped = *frame;
        trap_escape(cpu->catch_esp);
    }
    tap_bail_out("vector %u, error code 0x%x on CPU %u at 0x%x,"
                 " which nobody expects",
                 frame->vector, frame->error, this_cpu(), frame->eip);
    guest_exit(GUEST_EXIT_FAILED);
}

static unsigned trapped(Cpu *cpu, Regs *regs)
{
    const TrapFrame *frame = &cpu->trapped;

    *regs = (Regs) {
        .rax = frame->eax, .rbx = frame->ebx, .rcx = frame->ecx,
        .rdx = frame->edx, .rsi = frame->esi, .rdi = frame->edi,
        .rbp = frame->ebp,
    };
    return frame->vector;
}

/* Only these targets have a variant for the mode */
static const void *variant(const void *target, const char *for_vmcall,
                           const char *for_vmmcall)
{
    if (target == target_vmcall) {
        return for_vmcall;
    }
    return target == target_vmmcall ? for_vmmcall : target;
}

unsigned trap_call(CpuMode mode, const void *target, Regs *regs)
{
    Cpu *cpu = &cpus[this_cpu()];
    unsigned vector;
    bool trap = false;

    switch (mode) {
    case MODE_COMPAT:
    case MODE_64:
        trap = call_long(regs, target, mode == MODE_COMPAT);
        if (mode == MODE_COMPAT) {
            /* What is left there from 64-bit mode */
            memset(&regs->r8, 0, sizeof(*regs) - offsetof(Regs, r8));
        }
        return trap ? long_vector : TRAP_NONE;
    case MODE_32_USER:
        cpu->tss.esp0 = (uintptr_t)__builtin_frame_address(0) - 0x1000;
        call_user(regs, variant(target, user_vmcall, user_vmmcall),
                  &cpu->catch_esp);
        trap = true;
        break;
    case MODE_16:
        target = variant(target, call16_vmcall, call16_vmmcall);
        /* fall through */
    default:
        trap = call_protected(regs, target, &cpu->catch_esp);
        break;
    }
    cpu->catch_esp = 0;
    if (!trap) {
        return TRAP_NONE;
    }
    vector = trapped(cpu, regs);
    return vector == TRAP_USER_END ? TRAP_NONE : vector;
}

const char *mode_name(CpuMode mode)
{
    static const char *const names[MODE_COUNT] = {
        [MODE_16] = "16-bit segment",
        [MODE_32] = "32-bit",
        [MODE_32_USER] = "32-bit user",
        [MODE_COMPAT] = "compatibility mode",
        [MODE_64] = "64-bit",
    };

    return names[mode];
}
