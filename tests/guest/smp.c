/*
 * The other CPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "acpi.h"
#include "apic.h"
#include "asm.h"
#include "clock.h"
#include "cpu.h"
#include "smp.h"

#define STACK_SIZE      0x4000
#define WAKE_VECTOR     0xf0

/* A page of conventional memory that neither firmware nor loader needs now */
#define TRAMPOLINE      0x10000

/* A CPU that takes longer to start is not there */
#define START_US        2000000

typedef struct Worker {
    void (*job)(void *arg);
    void *arg;
    uint32_t busy;
} Worker;

char *smp_stack_top;

static Worker workers[MAX_CPUS];
static char stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(16)));
static uint8_t lapic_ids[MAX_CPUS];
static uint32_t started;

static void wake(TrapFrame *frame)
{
    lapic_eoi();
}

_Noreturn void smp_main(void)
{
    unsigned index = load32(&started);
    Worker *worker = &workers[index];

    trap_init(index);
    lapic_init();
    store32(&started, index + 1);
    for (;;) {
        cli();
        if (load32(&worker->busy)) {
            worker->job(worker->arg);
            store32(&worker->busy, 0);
        } else {
            sti_hlt();
        }
    }
}

unsigned smp_start(unsigned count)
{
    trap_set_handler(WAKE_VECTOR, wake);
    memcpy((void *)TRAMPOLINE, smp_trampoline,
           smp_trampoline_end - smp_trampoline);
    started = 1;
    for (unsigned i = acpi_lapic_ids(lapic_ids, MAX_CPUS); i < MAX_CPUS; i++) {
        lapic_ids[i] = i;
    }
    for (unsigned i = 1; i < count; i++) {
        smp_stack_top = stacks[i] + STACK_SIZE;
        barrier();
        lapic_start_cpu(lapic_ids[i], TRAMPOLINE >> 12);
        for (unsigned us = 0; load32(&started) == i; us += 10) {
            if (us >= START_US) {
                return i;
            }
            clock_delay_us(10);
        }
    }
    return count;
}

void smp_run(unsigned cpu, void (*job)(void *arg), void *arg)
{
    smp_wait(cpu);
    workers[cpu].job = job;
    workers[cpu].arg = arg;
    store32(&workers[cpu].busy, 1);
    lapic_ipi(lapic_ids[cpu], WAKE_VECTOR);
}

void smp_wait(unsigned cpu)
{
    while (load32(&workers[cpu].busy)) {
        pause();
    }
}
