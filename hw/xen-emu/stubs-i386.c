/*
 * What an emulated x86 CPU asks of the Xen guest environment, without one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-emu-cpu.h"

bool xen_emu_cpuid(CPUX86State *env, uint32_t index, uint32_t count,
                   uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    return false;
}

int xen_emu_write_msr(CPUX86State *env, uint32_t msr, uint64_t value)
{
    return 0;
}

bool xen_emu_vmcall(CPUX86State *env)
{
    return false;
}

int xen_emu_interrupt_request(CPUState *cs, int interrupt_request)
{
    return interrupt_request;
}

void xen_emu_upcall_poll(CPUState *cs)
{
}

int xen_emu_callback_vector(void)
{
    return 0;
}

void xen_emu_vcpu_enter(CPUState *cs)
{
}

void xen_emu_vcpu_leave(CPUState *cs)
{
}

bool xen_emu_tsc(uint64_t *ticks)
{
    return false;
}

void xen_emu_vcpu_was_reset(CPUState *cs)
{
}
