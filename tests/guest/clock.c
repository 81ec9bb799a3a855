/*
 * The machine's own clocks: ACPI PM timer, PIT, RTC
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "clock.h"
#include "cpu.h"
#include "io.h"
#include "pci.h"

#define PM_TIMER_OFFSET     8
#define PM_TIMER_MASK       0xffffff

#define PIIX4_PM            0x7113
#define ICH9_LPC            0x2918
#define PM_BASE             0x40    /* in the configuration space of both */

#define PIT_CHANNEL_2       0x42
#define PIT_COMMAND         0x43
#define PIT_GATE            0x61

#define CMOS_INDEX          0x70
#define CMOS_DATA           0x71
#define CMOS_A_UPDATING     0x80
#define CMOS_B_BINARY       0x04
#define CMOS_CENTURY        0x32

uint16_t clock_pm_timer_port(void)
{
    static PciList list;
    static uint16_t port;

    if (!port) {
        pci_scan(&list);
    }
    for (unsigned i = 0; !port && i < list.count; i++) {
        const PciFunction *function = &list.functions[i];

        if (function->vendor_id == 0x8086 &&
            (function->device_id == PIIX4_PM ||
             function->device_id == ICH9_LPC)) {
            port = (pci_config_read(function, PM_BASE) & 0xff80) +
                   PM_TIMER_OFFSET;
        }
    }
    return port;
}

uint32_t clock_pm_timer(void)
{
    return inl(clock_pm_timer_port()) & PM_TIMER_MASK;
}

void clock_start_pit(void)
{
    outb(PIT_GATE, (inb(PIT_GATE) & ~3) | 1);
    outb(PIT_COMMAND, 0xb4);    /* channel 2, both bytes, rate generator */
    outb(PIT_CHANNEL_2, 0);
    outb(PIT_CHANNEL_2, 0);
}

uint16_t clock_pit(void)
{
    uint8_t low;

    outb(PIT_COMMAND, 0x80);    /* latch channel 2 */
    low = inb(PIT_CHANNEL_2);
    return low | inb(PIT_CHANNEL_2) << 8;
}

static uint8_t cmos(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static uint32_t cmos_number(uint8_t index)
{
    uint8_t value = cmos(index);

    return cmos(0x0b) & CMOS_B_BINARY ? value
                                      : (value >> 4) * 10 + (value & 15);
}

uint32_t clock_rtc(void)
{
    static const uint16_t days_before[] = {
        0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334,
    };
    uint32_t seconds, year, month, days;

    do {
        while (cmos(0x0a) & CMOS_A_UPDATING) {
            pause();
        }
        seconds = cmos_number(0x00);
        year = cmos_number(CMOS_CENTURY) * 100 + cmos_number(0x09);
        month = cmos_number(0x08);
        days = (year - 1970) * 365 + (year - 1969) / 4 +
               days_before[month - 1] + cmos_number(0x07) - 1 +
               (month > 2 && year % 4 == 0);
        days = days * 24 + cmos_number(0x04);
        days = days * 60 + cmos_number(0x02);
    } while (seconds != cmos_number(0x00));
    return days * 60 + seconds;
}

void clock_delay_us(uint32_t us)
{
    uint32_t wanted = us / 1000 * (PM_TIMER_HZ / 1000) + us % 1000 * 3;
    uint32_t passed = 0;
    uint32_t last = clock_pm_timer();

    while (passed < wanted) {
        uint32_t now = clock_pm_timer();

        passed += (now - last) & PM_TIMER_MASK;
        last = now;
    }
}
