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

        .section .note.GNU-stack, "", @progbits
