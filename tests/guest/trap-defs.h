/*
 * Selectors, vectors and offsets that assembly needs too
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_TRAP_DEFS_H
#define XEN_PLATFORM_GUEST_TRAP_DEFS_H

#define SEG_CODE32      0x08
#define SEG_DATA        0x10
#define SEG_CODE64      0x18
#define SEG_CODE16      0x20    /* its offset 0 is code16_start */
#define SEG_USER_CODE   0x2b
#define SEG_USER_DATA   0x33
#define SEG_TSS         0x38    /* of CPU 0, then 8 bytes for each */

#define TRAP_UD         6
#define TRAP_GP         13
#define TRAP_PF         14
#define TRAP_USER_END   0x30    /* how user code ends */
#define TRAP_LONG_UPCALL 0xf4   /* the vector of upcalls in 64-bit mode */
#define TRAP_NONE       0x100   /* no trap: the call returned */

/* Offsets in Regs, for assembly */
#define REG_RAX         0
#define REG_RBX         8
#define REG_RCX         16
#define REG_RDX         24
#define REG_RSI         32
#define REG_RDI         40
#define REG_RBP         48
#define REG_R8          56
#define REG_R9          64
#define REG_R10         72
#define REG_R11         80
#define REG_R12         88
#define REG_R13         96
#define REG_R14         104
#define REG_R15         112

#endif
