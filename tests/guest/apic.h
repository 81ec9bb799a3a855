/*
 * Interrupt controllers: local APIC, I/O APIC, PIC
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_APIC_H
#define XEN_PLATFORM_GUEST_APIC_H

#include "lib.h"

#define LAPIC_BASE  0xfee00000u

/* The PIC's interrupts, as pic_init() leaves them */
#define PIC_VECTOR  0x20

/* Switch on this CPU's local APIC; CPU 0 also takes the PIC's interrupts. */
void lapic_init(void);

void lapic_eoi(void);
void lapic_set_tpr(uint8_t priority);

/* Send @vector to the CPU with this local APIC. */
void lapic_ipi(uint32_t id, uint8_t vector);

/* Start the CPU with this local APIC at @page << 12, in real mode. */
void lapic_start_cpu(uint32_t id, uint8_t page);

/* Route a pin, level triggered, to CPU 0; or mask it. */
void ioapic_route(unsigned pin, uint8_t vector);
void ioapic_mask(unsigned pin);

/* Set up both PICs with all interrupts masked and edge triggered. */
void pic_init(void);

/* Let a level triggered interrupt through; or mask it. */
void pic_unmask(unsigned irq);
void pic_mask(unsigned irq);
void pic_eoi(unsigned irq);

#endif
