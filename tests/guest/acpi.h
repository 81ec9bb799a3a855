/*
 * What the firmware's ACPI tables say of the CPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_ACPI_H
#define XEN_PLATFORM_GUEST_ACPI_H

#include "lib.h"

/**
 * acpi_lapic_ids: the numbers of the CPUs' local APICs, the boot CPU's first
 *
 * On real Xen they are even numbers.
 *
 * Returns: how many were put into @ids, @max at most; 0 without ACPI
 */
unsigned acpi_lapic_ids(uint8_t *ids, unsigned max);

#endif
