/*
 * The machine's own clocks: ACPI PM timer, PIT, RTC
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_CLOCK_H
#define XEN_PLATFORM_GUEST_CLOCK_H

#include "lib.h"

#define PM_TIMER_HZ 3579545
#define PIT_HZ      1193182

/* Returns: the PM timer's I/O port, 0 if there is none */
uint16_t clock_pm_timer_port(void);

/* The PM timer counts up in 24 bits, the PIT's channel 2 down in 16. */
uint32_t clock_pm_timer(void);
uint16_t clock_pit(void);
void clock_start_pit(void);

/* Returns: seconds since 1970 by the RTC */
uint32_t clock_rtc(void);

/* Wait by the PM timer. */
void clock_delay_us(uint32_t us);

#endif
