/*
 * What the parts that need no QEMU process take of qemu/timer.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QEMU_TIMER_H
#define QEMU_TIMER_H

#define NANOSECONDS_PER_SECOND 1000000000LL

#endif
