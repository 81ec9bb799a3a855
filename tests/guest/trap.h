/*
 * Segments, exceptions and interrupts; calls that may end in an exception
 *
 * Memory is flat and, but for the tests that say otherwise, not paged.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_TRAP_H
#define XEN_PLATFORM_GUEST_TRAP_H

#include "lib.h"
#include "trap-defs.h"

#define MAX_CPUS        8

/* The low halves only, except in 64-bit mode */
typedef struct Regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
} Regs;

typedef enum CpuMode {
    MODE_16,            /* a 16-bit segment in protected mode */
    MODE_32,            /* protected mode */
    MODE_32_USER,       /* the same at privilege level 3 */
    MODE_COMPAT,        /* a 32-bit segment in long mode */
    MODE_64,
    MODE_COUNT,
} CpuMode;

typedef struct TrapFrame {
    uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
} TrapFrame;

typedef void TrapHandler(TrapFrame *frame);

/* Set up this CPU, the number @index, with interrupts off. */
void trap_init(unsigned index);

/* Returns: the number that this CPU had in trap_init() */
unsigned this_cpu(void);

/* Have @handler called for @vector on all CPUs, NULL: none. */
void trap_set_handler(uint8_t vector, TrapHandler *handler);

/**
 * trap_call: call @target with these registers, in @mode
 *
 * @target: code that is the same in all modes, and ends in ret; see below
 *
 * Interrupts stay off in the modes of long mode, which are for CPU 0.
 *
 * Returns: TRAP_NONE, or the vector of the exception that ended the call;
 * the registers are those at that moment
 */
unsigned trap_call(CpuMode mode, const void *target, Regs *regs);

/* For people */
const char *mode_name(CpuMode mode);

/* Targets for all modes */
extern const char target_vmcall[];
extern const char target_vmmcall[];

/* For all modes but the 16-bit and the user one */
extern const char target_wrmsr[];

/*
 * In 64-bit mode TRAP_LONG_UPCALL is counted and clears the byte; any other
 * vector ends the call.
 */
extern uint32_t long_upcalls;
extern uint8_t *long_upcall_pending;

/* A target for MODE_64: interrupts on for a moment */
extern const char target_sti[];

#endif
