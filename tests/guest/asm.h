/*
 * What assembly and C have of each other, where only one C file uses it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_ASM_H
#define XEN_PLATFORM_GUEST_ASM_H

#include "trap.h"

typedef struct TablePointer {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed)) TablePointer;

/* trap.S and long.S, for trap.c */
extern const char trap_stubs[];
extern const char long_stubs[];
extern const char code16_start[];
extern const char user_vmcall[];
extern const char user_vmmcall[];
extern const char call16_vmcall[];
extern const char call16_vmmcall[];
extern uint32_t long_vector;
extern uint64_t long_pml4[512];
extern TablePointer long_idtr;
extern TablePointer trap_idtr;

bool call_protected(Regs *regs, const void *target, uint32_t *catch_esp);
void call_user(Regs *regs, const void *target, uint32_t *catch_esp);
bool call_long(Regs *regs, const void *target, bool compat);
_Noreturn void trap_escape(uint32_t esp);
void trap_dispatch(TrapFrame *frame);

/* smp-entry.S, for smp.c */
extern const char smp_trampoline[];
extern const char smp_trampoline_end[];
extern char *smp_stack_top;
_Noreturn void smp_main(void);

/* xen-nested-entry.S, for xen-nested.c */
extern const char nested_end[];
extern const char nested_lower_priority[];
extern const char nested_priority_lowered[];
void nested_run(void *vmcb);

#endif
