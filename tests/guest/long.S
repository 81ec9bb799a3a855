/*
 * Calls into long mode and back
 *
 * A call goes from protected mode, paged or not, through identity page tables
 * into a 32-bit or 64-bit segment of long mode and returns to where it was.
 * One CPU at a time, with interrupts off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "trap-defs.h"

#define CR0_PG          0x80000000
#define CR4_PAE         0x20
#define MSR_EFER        0xc0000080
#define EFER_LME        0x100

        .text

/* bool call_long(Regs *regs, const void *target, bool compat) */
        .globl  call_long
call_long:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushfl
        cli
        movl    24(%esp), %eax
        movl    %eax, regs
        movl    28(%esp), %eax
        movl    %eax, target
        movl    32(%esp), %ebp
        movl    %esp, saved_esp

        movl    %cr0, %eax
        movl    %eax, saved_cr0
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
        movl    %cr3, %eax
        movl    %eax, saved_cr3
        movl    %cr4, %eax
        movl    %eax, saved_cr4
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $long_pml4, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_LME, %eax
        wrmsr
        lidt    long_idtr
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0
        testl   %ebp, %ebp
        jz      to_64

        movl    regs, %eax
        movl    REG_RBX(%eax), %ebx
        movl    REG_RCX(%eax), %ecx
        movl    REG_RDX(%eax), %edx
        movl    REG_RSI(%eax), %esi
        movl    REG_RDI(%eax), %edi
        movl    REG_RBP(%eax), %ebp
        movl    REG_RAX(%eax), %eax
        call    *target
        pushl   %eax
        movl    regs, %eax
        movl    %ebx, REG_RBX(%eax)
        movl    %ecx, REG_RCX(%eax)
        movl    %edx, REG_RDX(%eax)
        movl    %esi, REG_RSI(%eax)
        movl    %edi, REG_RDI(%eax)
        movl    %ebp, REG_RBP(%eax)
        popl    REG_RAX(%eax)
        xorl    %edi, %edi
        jmp     leave

to_64:
        ljmp    $SEG_CODE64, $1f

        .code64
1:
        movl    %esp, %esp
        movl    regs(%rip), %eax
        movq    REG_RBX(%rax), %rbx
        movq    REG_RCX(%rax), %rcx
        movq    REG_RDX(%rax), %rdx
        movq    REG_RSI(%rax), %rsi
        movq    REG_RDI(%rax), %rdi
        movq    REG_RBP(%rax), %rbp
        movq    REG_R8(%rax), %r8
        movq    REG_R9(%rax), %r9
        movq    REG_R10(%rax), %r10
        movq    REG_R11(%rax), %r11
        movq    REG_R12(%rax), %r12
        movq    REG_R13(%rax), %r13
        movq    REG_R14(%rax), %r14
        movq    REG_R15(%rax), %r15
        movq    REG_RAX(%rax), %rax
        call    *target(%rip)
        call    store_regs
        xorl    %edi, %edi

/* With the result in edi */
leave_64:
        pushq   $SEG_CODE32
        leaq    leave(%rip), %rax
        pushq   %rax
        lretq

store_regs:
        pushq   %rax
        movl    regs(%rip), %eax
        movq    %rbx, REG_RBX(%rax)
        movq    %rcx, REG_RCX(%rax)
        movq    %rdx, REG_RDX(%rax)
        movq    %rsi, REG_RSI(%rax)
        movq    %rdi, REG_RDI(%rax)
        movq    %rbp, REG_RBP(%rax)
        movq    %r8, REG_R8(%rax)
        movq    %r9, REG_R9(%rax)
        movq    %r10, REG_R10(%rax)
        movq    %r11, REG_R11(%rax)
        movq    %r12, REG_R12(%rax)
        movq    %r13, REG_R13(%rax)
        movq    %r14, REG_R14(%rax)
        movq    %r15, REG_R15(%rax)
        popq    REG_RAX(%rax)
        ret

/* As trap_stubs, for the gates of long mode */
        .balign 16
        .globl  long_stubs
long_stubs:
stub = 0
        .rept   256
        .balign 16
        .if     stub != 8 && (stub < 10 || stub > 14) && stub != 17
        pushq   $0
        .endif
        pushq   $stub
        jmp     long_common
stub = stub + 1
        .endr

long_common:
        cmpb    $TRAP_LONG_UPCALL, (%rsp)
        je      2f
        call    store_regs
        popq    %rax
        movzbl  %al, %eax
        movl    %eax, long_vector(%rip)
        movl    saved_esp(%rip), %esp
        movl    $1, %edi
        jmp     leave_64
2:
        pushq   %rax
        incl    long_upcalls(%rip)
        movl    long_upcall_pending(%rip), %eax
        movb    $0, (%rax)
        popq    %rax
        addq    $16, %rsp
        iretq

        .globl  target_sti
target_sti:
        sti
        nop
        nop
        cli
        ret

        .code32
leave:
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
        movl    $MSR_EFER, %ecx
        rdmsr
        andl    $~EFER_LME, %eax
        wrmsr
        movl    saved_cr4, %eax
        movl    %eax, %cr4
        movl    saved_cr3, %eax
        movl    %eax, %cr3
        movl    saved_cr0, %eax
        movl    %eax, %cr0
        lidt    trap_idtr
        movl    saved_esp, %esp
        movl    %edi, %eax
        popfl
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret

        .bss
        .balign 8
regs:           .skip   4
saved_esp:      .skip   4
saved_cr0:      .skip   4
saved_cr3:      .skip   4
saved_cr4:      .skip   4
        .balign 8
target:         .skip   8       /* its upper half stays 0 */
        .globl  long_vector, long_upcalls, long_upcall_pending
long_vector:    .skip   4
long_upcalls:   .skip   4
long_upcall_pending: .skip 4

        .section .note.GNU-stack, "", @progbits
