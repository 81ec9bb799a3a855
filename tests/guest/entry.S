/*
 * Multiboot entry of the guest image
 *
 * The loader leaves a flat 32-bit protected mode without paging, interrupts
 * off, 0x2badb002 in eax and the address of the boot information in ebx.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define MULTIBOOT_MAGIC 0x1badb002
#define STACK_SIZE      0x10000

        .section .multiboot, "a"
        .balign 4
        .long   MULTIBOOT_MAGIC
        .long   0
        .long   -MULTIBOOT_MAGIC

        .text
        .globl  _start
_start:
        movl    $stack_top, %esp
        xorl    %ebp, %ebp
        cld
        /* The ABI wants esp 16-byte aligned at the call */
        subl    $8, %esp
        pushl   %ebx
        pushl   %eax
        call    guest_main
1:      cli
        hlt
        jmp     1b

        .bss
        .balign 16
        .skip   STACK_SIZE
stack_top:

        .section .note.GNU-stack, "", @progbits
