/*
 * Where the other CPUs start, in real mode
 *
 * The code is copied to a page below 1 MiB and addresses itself from the
 * start of its code segment.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "trap-defs.h"

        .text
        .globl  smp_trampoline, smp_trampoline_end
        .code16
smp_trampoline:
        cli
        lgdtl   %cs:(start_gdtr - smp_trampoline)
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $SEG_CODE32, $start32

        .balign 8
start_gdtr:
        .word   3 * 8 - 1
        .long   start_gdt
smp_trampoline_end:

        .code32
start32:
        movl    $SEG_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    smp_stack_top, %esp
        call    smp_main

        .section .rodata
        .balign 8
start_gdt:
        .quad   0
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff

        .section .note.GNU-stack, "", @progbits
