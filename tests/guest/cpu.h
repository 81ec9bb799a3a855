/*
 * x86 instructions that C has no words for
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_CPU_H
#define XEN_PLATFORM_GUEST_CPU_H

#include "lib.h"

#define EFLAGS_IF       0x00000200u
#define EFLAGS_AC       0x00040000u

#define CR0_PE          0x00000001u
#define CR0_WP          0x00010000u
#define CR0_PG          0x80000000u

#define CR4_PSE         0x00000010u
#define CR4_SMAP        0x00200000u

#define MSR_EFER        0xc0000080
#define EFER_SVME       0x00001000u
#define MSR_VM_HSAVE_PA 0xc0010117

#define CPUID_1_ECX_HYPERVISOR          (1u << 31)
#define CPUID_7_EBX_SMAP                (1u << 20)
#define CPUID_80000001_ECX_SVM          (1u << 2)
#define CPUID_80000001_ECX_ALTMOVCR8    (1u << 4)

enum { EAX, EBX, ECX, EDX };

static inline void cpuid(uint32_t leaf, uint32_t count, uint32_t out[4])
{
    asm volatile("cpuid"
                 : "=a" (out[EAX]), "=b" (out[EBX]), "=c" (out[ECX]),
                   "=d" (out[EDX])
                 : "a" (leaf), "c" (count));
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint64_t value;

    asm volatile("rdmsr" : "=A" (value) : "c" (msr));
    return value;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    asm volatile("wrmsr" : : "c" (msr), "A" (value) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint64_t value;

    asm volatile("rdtsc" : "=A" (value) : : "memory");
    return value;
}

static inline uint32_t read_cr0(void)
{
    uint32_t value;

    asm volatile("mov %%cr0, %0" : "=r" (value));
    return value;
}

static inline void write_cr0(uint32_t value)
{
    asm volatile("mov %0, %%cr0" : : "r" (value) : "memory");
}

static inline uint32_t read_cr2(void)
{
    uint32_t value;

    asm volatile("mov %%cr2, %0" : "=r" (value));
    return value;
}

static inline void write_cr2(uint32_t value)
{
    asm volatile("mov %0, %%cr2" : : "r" (value));
}

static inline uint32_t read_cr3(void)
{
    uint32_t value;

    asm volatile("mov %%cr3, %0" : "=r" (value));
    return value;
}

static inline void write_cr3(uint32_t value)
{
    asm volatile("mov %0, %%cr3" : : "r" (value) : "memory");
}

static inline uint32_t read_cr4(void)
{
    uint32_t value;

    asm volatile("mov %%cr4, %0" : "=r" (value));
    return value;
}

static inline void write_cr4(uint32_t value)
{
    asm volatile("mov %0, %%cr4" : : "r" (value) : "memory");
}

static inline uint32_t read_eflags(void)
{
    uint32_t value;

    asm volatile("pushfl; popl %0" : "=r" (value));
    return value;
}

static inline void write_eflags(uint32_t value)
{
    asm volatile("pushl %0; popfl" : : "r" (value) : "memory", "cc");
}

static inline void cli(void)
{
    asm volatile("cli" : : : "memory");
}

/* Interrupts are taken only after the instruction that follows sti. */
static inline void sti(void)
{
    asm volatile("sti; nop" : : : "memory");
}

static inline void sti_hlt(void)
{
    asm volatile("sti; hlt" : : : "memory");
}

static inline void pause(void)
{
    asm volatile("pause" : : : "memory");
}

static inline void barrier(void)
{
    asm volatile("" : : : "memory");
}

/* Locked instructions of 32 bits */
static inline uint32_t load32(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store32(uint32_t *p, uint32_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static inline uint32_t exchange32(uint32_t *p, uint32_t value)
{
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

static inline uint32_t add32(uint32_t *p, uint32_t value)
{
    return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);
}

static inline void or32(uint32_t *p, uint32_t value)
{
    __atomic_fetch_or(p, value, __ATOMIC_SEQ_CST);
}

static inline void and32(uint32_t *p, uint32_t value)
{
    __atomic_fetch_and(p, value, __ATOMIC_SEQ_CST);
}

/* Returns: @n / @d; the compiler would call a library */
static inline uint64_t div64(uint64_t n, uint32_t d)
{
    uint32_t high = n >> 32;
    uint32_t low = n;
    uint32_t remainder = high % d;

    asm("divl %2"
        : "+a" (low), "+d" (remainder) : "r" (d) : "cc");
    return (uint64_t)(high / d) << 32 | low;
}

#endif
