/*
 * Interrupt controllers: local APIC, I/O APIC, PIC
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "io.h"
#include "trap.h"

#define LAPIC_TPR           0x080
#define LAPIC_EOI           0x0b0
#define LAPIC_SPURIOUS      0x0f0
#define LAPIC_ICR_LOW       0x300
#define LAPIC_ICR_HIGH      0x310
#define LAPIC_LINT0         0x350

#define LAPIC_ENABLE        0x100
#define LAPIC_MASKED        0x10000
#define LAPIC_EXTINT        0x700
#define ICR_INIT            0x4500  /* level, assert */
#define ICR_STARTUP         0x4600
#define ICR_BUSY            0x1000

#define IOAPIC_BASE         0xfec00000u
#define IOAPIC_SELECT       0x00
#define IOAPIC_WINDOW       0x10
#define IOAPIC_REDIRECTION  0x10
#define IOAPIC_LEVEL        0x8000
#define IOAPIC_MASKED       0x10000

#define PIC_MASTER          0x20
#define PIC_SLAVE           0xa0
#define PIC_ELCR            0x4d0
#define PIC_CASCADE         2

static uint32_t mmio_read(uint32_t address)
{
    return load32((uint32_t *)address);
}

static void mmio_write(uint32_t address, uint32_t value)
{
    store32((uint32_t *)address, value);
}

static void ignore(TrapFrame *frame)
{
}

void lapic_init(void)
{
    trap_set_handler(0xff, ignore);
    mmio_write(LAPIC_BASE + LAPIC_SPURIOUS, LAPIC_ENABLE | 0xff);
    mmio_write(LAPIC_BASE + LAPIC_LINT0,
               this_cpu() ? LAPIC_MASKED : LAPIC_EXTINT);
    lapic_set_tpr(0);
}

void lapic_eoi(void)
{
    mmio_write(LAPIC_BASE + LAPIC_EOI, 0);
}

void lapic_set_tpr(uint8_t priority)
{
    mmio_write(LAPIC_BASE + LAPIC_TPR, priority);
}

static void send(uint32_t id, uint32_t command)
{
    mmio_write(LAPIC_BASE + LAPIC_ICR_HIGH, id << 24);
    mmio_write(LAPIC_BASE + LAPIC_ICR_LOW, command);
    while (mmio_read(LAPIC_BASE + LAPIC_ICR_LOW) & ICR_BUSY) {
        pause();
    }
}

void lapic_ipi(uint32_t id, uint8_t vector)
{
    send(id, 0x4000 | vector);
}

void lapic_start_cpu(uint32_t id, uint8_t page)
{
    send(id, ICR_INIT);
    send(id, ICR_STARTUP | page);
}

static void ioapic_write(unsigned reg, uint32_t value)
{
    mmio_write(IOAPIC_BASE + IOAPIC_SELECT, reg);
    mmio_write(IOAPIC_BASE + IOAPIC_WINDOW, value);
}

void ioapic_route(unsigned pin, uint8_t vector)
{
    ioapic_write(IOAPIC_REDIRECTION + 2 * pin + 1, 0);
    ioapic_write(IOAPIC_REDIRECTION + 2 * pin, IOAPIC_LEVEL | vector);
}

void ioapic_mask(unsigned pin)
{
    ioapic_write(IOAPIC_REDIRECTION + 2 * pin, IOAPIC_MASKED);
}

void pic_init(void)
{
    /* Four initialization words each: the vectors, and who is cascaded */
    outb(PIC_MASTER, 0x11);
    outb(PIC_SLAVE, 0x11);
    outb(PIC_MASTER + 1, PIC_VECTOR);
    outb(PIC_SLAVE + 1, PIC_VECTOR + 8);
    outb(PIC_MASTER + 1, 1 << PIC_CASCADE);
    outb(PIC_SLAVE + 1, PIC_CASCADE);
    outb(PIC_MASTER + 1, 1);
    outb(PIC_SLAVE + 1, 1);
    outb(PIC_MASTER + 1, 0xff & ~(1 << PIC_CASCADE));
    outb(PIC_SLAVE + 1, 0xff);
    outb(PIC_ELCR, 0);
    outb(PIC_ELCR + 1, 0);
}

static uint16_t mask_port(unsigned irq)
{
    return (irq < 8 ? PIC_MASTER : PIC_SLAVE) + 1;
}

void pic_unmask(unsigned irq)
{
    uint16_t elcr = PIC_ELCR + irq / 8;

    outb(elcr, inb(elcr) | 1 << irq % 8);
    outb(mask_port(irq), inb(mask_port(irq)) & ~(1 << irq % 8));
}

void pic_mask(unsigned irq)
{
    outb(mask_port(irq), inb(mask_port(irq)) | 1 << irq % 8);
}

void pic_eoi(unsigned irq)
{
    if (irq >= 8) {
        outb(PIC_SLAVE, 0x20);
    }
    outb(PIC_MASTER, 0x20);
}
