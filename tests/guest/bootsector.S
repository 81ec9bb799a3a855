/*
 * A boot sector that says so on the first serial port, and halts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

    .code16
    .globl _start
_start:
    ljmp    $0, $1f
1:
    xor     %ax, %ax
    mov     %ax, %ds
    cld
    mov     $text, %si
    mov     $0x3f8, %dx
2:
    lodsb
    out     %al, %dx
    cmp     $'\n', %al
    jne     2b
3:
    hlt
    jmp     3b

text:
    .ascii  "booted\n"

    .org    510
    .word   0xaa55
