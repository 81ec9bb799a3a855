/*
 * What an emulated CPU asks of the Xen guest environment
 *
 * The functions do nothing, and say so, unless TCG runs a Xen guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_EMU_CPU_H
#define HW_XEN_EMU_CPU_H

#include "cpu.h"
#ifndef CONFIG_USER_ONLY
#include "hw/xen/xen-emu.h"
#endif

#ifdef CONFIG_USER_ONLY
#define xen_emu_runs_guest() false
#else

/*
 * xen_emu_cpuid: answer the CPUID leaves from 0x40000000 up
 *
 * As in Xen's public/arch-x86/cpuid.h.
 *
 * Returns false for all other leaves.
 */
bool xen_emu_cpuid(CPUX86State *env, uint32_t index, uint32_t count,
                   uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx);

/*
 * xen_emu_write_msr: write the MSR that fills the hypercall page
 *
 * Returns 1 if that was the MSR, 0 if it is another one, -EINVAL if the value
 * names no page of RAM: a general protection fault.
 */
int xen_emu_write_msr(CPUX86State *env, uint32_t msr, uint64_t value);

/*
 * xen_emu_vmcall: do the hypercall that VMCALL or VMMCALL asks for
 *
 * Registers as in Xen's public/arch-x86/xen-x86_{32,64}.h; what the caller's
 * privilege does not allow is answered with -EPERM.
 *
 * Returns false if the instruction is none, as in a nested guest.
 */
bool xen_emu_vmcall(CPUX86State *env);

/*
 * xen_emu_interrupt_request: which requests a CPU should look at
 *
 * Returns @interrupt_request, without CPU_INTERRUPT_XEN when no event waits
 * for an upcall by the HVM callback vector.
 */
int xen_emu_interrupt_request(CPUState *cs, int interrupt_request);

/* xen_emu_upcall_poll: forget the request when no event waits */
void xen_emu_upcall_poll(CPUState *cs);

/* xen_emu_callback_vector: the HVM callback vector */
int xen_emu_callback_vector(void);

/* Whether the vCPU's thread runs guest code: for the run state */
void xen_emu_vcpu_enter(CPUState *cs);
void xen_emu_vcpu_leave(CPUState *cs);

/*
 * xen_emu_tsc: the time stamp counter of a Xen guest, before any offset
 *
 * It counts nanoseconds of the virtual clock, so that the conversion to Xen
 * system time is exact.
 *
 * Returns false if the guest is none.
 */
bool xen_emu_tsc(uint64_t *ticks);

#endif

#endif
