/*
 * The other CPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_SMP_H
#define XEN_PLATFORM_GUEST_SMP_H

#include "trap.h"

/**
 * smp_start: start CPUs 1 to @count - 1
 *
 * They are in the order of the firmware's tables.  They have interrupts on, and
 * sleep.
 *
 * Returns: how many CPUs there are, this one included
 */
unsigned smp_start(unsigned count);

/* Have another CPU call @job with @arg, once it is done with the last one. */
void smp_run(unsigned cpu, void (*job)(void *arg), void *arg);

/* Wait until it is done. */
void smp_wait(unsigned cpu);

#endif
