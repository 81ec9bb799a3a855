/*
 * Entries of exceptions and interrupts; calls that may end in an exception
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "trap-defs.h"

        .text

/* One stub of 16 bytes for each vector, by which trap_init() finds them */
        .balign 16
        .globl  trap_stubs
trap_stubs:
stub = 0
        .rept   256
        .balign 16
        .if     stub != 8 && (stub < 10 || stub > 14) && stub != 17
        pushl   $0
        .endif
        pushl   $stub
        jmp     trap_common
stub = stub + 1
        .endr

trap_common:
        pushal
        cld
        /* From user code they are null */
        movl    $SEG_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        pushl   %esp
        call    trap_dispatch
        addl    $4, %esp
        popal
        addl    $8, %esp
        iret

/* bool call_protected(Regs *regs, const void *target, uint32_t *catch_esp) */
        .globl  call_protected
call_protected:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushfl
        movl    24(%esp), %eax
        movl    28(%esp), %edx
        movl    32(%esp), %ecx
        movl    %esp, (%ecx)
        pushl   %eax
        pushl   %edx
        movl    REG_RBX(%eax), %ebx
        movl    REG_RCX(%eax), %ecx
        movl    REG_RDX(%eax), %edx
        movl    REG_RSI(%eax), %esi
        movl    REG_RDI(%eax), %edi
        movl    REG_RBP(%eax), %ebp
        movl    REG_RAX(%eax), %eax
        call    *(%esp)
        pushl   %eax
        movl    8(%esp), %eax
        movl    %ebx, REG_RBX(%eax)
        movl    %ecx, REG_RCX(%eax)
        movl    %edx, REG_RDX(%eax)
        movl    %esi, REG_RSI(%eax)
        movl    %edi, REG_RDI(%eax)
        movl    %ebp, REG_RBP(%eax)
        popl    REG_RAX(%eax)
        addl    $8, %esp
        xorl    %eax, %eax
call_protected_end:
        popfl
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret

/* void trap_escape(uint32_t esp): return from call_*() as after a trap */
        .globl  trap_escape
trap_escape:
        movl    4(%esp), %esp
        movl    $1, %eax
        jmp     call_protected_end

/* void call_user(Regs *regs, const void *target, uint32_t *catch_esp) */
        .globl  call_user
call_user:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushfl
        movl    24(%esp), %eax
        movl    28(%esp), %edx
        movl    32(%esp), %ecx
        movl    %esp, (%ecx)
        pushl   $SEG_USER_DATA
        pushl   $user_stack_top
        pushfl
        pushl   $SEG_USER_CODE
        pushl   %edx
        movl    REG_RBX(%eax), %ebx
        movl    REG_RCX(%eax), %ecx
        movl    REG_RDX(%eax), %edx
        movl    REG_RSI(%eax), %esi
        movl    REG_RDI(%eax), %edi
        movl    REG_RBP(%eax), %ebp
        movl    REG_RAX(%eax), %eax
        iret

        .globl  target_vmcall, target_vmmcall, target_wrmsr
target_vmcall:
        .byte   0x0f, 0x01, 0xc1
        ret
target_vmmcall:
        .byte   0x0f, 0x01, 0xd9
        ret

target_wrmsr:
        wrmsr
        ret

        .globl  user_vmcall, user_vmmcall
user_vmcall:
        .byte   0x0f, 0x01, 0xc1
        int     $TRAP_USER_END
user_vmmcall:
        .byte   0x0f, 0x01, 0xd9
        int     $TRAP_USER_END

/* Reached with a near call in 32-bit mode */
        .globl  call16_vmcall, call16_vmmcall
call16_vmcall:
        lcall   $SEG_CODE16, $(code16_vmcall - code16_start)
        ret
call16_vmmcall:
        lcall   $SEG_CODE16, $(code16_vmmcall - code16_start)
        ret

        .code16
        .globl  code16_start
code16_start:
code16_vmcall:
        .byte   0x0f, 0x01, 0xc1
        lretl
code16_vmmcall:
        .byte   0x0f, 0x01, 0xd9
        lretl
        .code32

        .bss
        .balign 16
        .skip   0x100
user_stack_top:

        .section .note.GNU-stack, "", @progbits
