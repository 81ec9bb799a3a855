/*
 * Entry of a nested guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

        .text
/* void nested_run(void *vmcb): until the guest's #VMEXIT */
        .globl  nested_run
nested_run:
        pushal
        movl    36(%esp), %eax
        vmrun
        stgi
        popal
        ret

/* Where the guest ends */
        .globl  nested_end
nested_end:
        hlt
        jmp     nested_end

/* Let interrupts of all priorities in */
        .globl  nested_lower_priority, nested_priority_lowered
nested_lower_priority:
        xorl    %eax, %eax
        .byte   0xf0, 0x0f, 0x22, 0xc0          /* movl %eax, %cr8 */
nested_priority_lowered:
        jmp     nested_end

        .section .note.GNU-stack, "", @progbits
