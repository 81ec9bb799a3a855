/*
 * The guest's view of emulated devices, for the xen-platform qtests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-machine.h"

/* Out of the way of RAM and of each other, by slot */
#define BAR_BASE(slot)  (0xe0000000u + ((slot) << 16))
#define SCRIPT_ADDR     0x10000

#define IDE_BASE(channel)   ((channel) ? 0x170 : 0x1f0)
#define IDE_ERR             0x01
#define IDE_DRQ             0x08
#define IDE_BSY             0x80

#define AHCI_SSTS(port)     (0x128 + (port) * 0x80)

#define LSI_SIST1           0x43
#define LSI_SIST1_STO       0x04
#define LSI_DSP             0x2c

static uint32_t pci_address(unsigned bus, unsigned slot, unsigned fn,
                            unsigned reg)
{
    return 0x80000000u | bus << 16 | slot << 11 | fn << 8 | reg;
}

static uint32_t read_fn(QTestState *qts, unsigned bus, unsigned slot,
                        unsigned fn, unsigned reg)
{
    qtest_outl(qts, 0xcf8, pci_address(bus, slot, fn, reg));
    return qtest_inl(qts, 0xcfc);
}

static void write_fn(QTestState *qts, unsigned bus, unsigned slot, unsigned fn,
                     unsigned reg, uint32_t value)
{
    qtest_outl(qts, 0xcf8, pci_address(bus, slot, fn, reg));
    qtest_outl(qts, 0xcfc, value);
}

uint32_t xp_pci_read(QTestState *qts, unsigned bus, unsigned slot, unsigned reg)
{
    return read_fn(qts, bus, slot, 0, reg);
}

void xp_pci_write(QTestState *qts, unsigned bus, unsigned slot, unsigned reg,
                  uint32_t value)
{
    write_fn(qts, bus, slot, 0, reg, value);
}

void xp_number_bridges(QTestState *qts, const unsigned *slots, size_t n)
{
    for (size_t i = 0; i < n && slots[i]; i++) {
        xp_pci_write(qts, 0, slots[i], PCI_PRIMARY_BUS,
                     (i + 1) << 8 | (i + 1) << 16);
    }
}

bool xp_pci(QTestState *qts, unsigned bus, unsigned slot)
{
    return xp_pci_read(qts, bus, slot, PCI_VENDOR_ID) != 0xffffffff;
}

/* Returns the status after IDENTIFY DEVICE, with the ports left as they are */
static uint8_t ide_identify(QTestState *qts, unsigned base, unsigned unit)
{
    uint8_t status;

    qtest_outb(qts, base + 6, 0xa0 | unit << 4);
    qtest_outb(qts, base + 7, 0xec);
    do {
        status = qtest_inb(qts, base + 7);
    } while (status & IDE_BSY);
    return status;
}

bool xp_ide_disk(QTestState *qts, unsigned channel, unsigned unit)
{
    unsigned base = IDE_BASE(channel);

    if (!(ide_identify(qts, base, unit) & IDE_DRQ)) {
        return false;
    }
    for (unsigned i = 0; i < 512; i += 4) {
        qtest_inl(qts, base);
    }
    return true;
}

bool xp_ide_cd(QTestState *qts, unsigned channel, unsigned unit)
{
    unsigned base = IDE_BASE(channel);
    uint8_t status = ide_identify(qts, base, unit);

    /* An ATAPI device aborts the command and leaves its signature */
    return (status & IDE_ERR) && qtest_inb(qts, base + 4) == 0x14 &&
           qtest_inb(qts, base + 5) == 0xeb;
}

void xp_ide_write(QTestState *qts, unsigned channel, unsigned unit,
                  uint8_t lba, const uint8_t *data)
{
    unsigned base = IDE_BASE(channel);

    qtest_outb(qts, base + 6, 0xe0 | unit << 4);
    qtest_outb(qts, base + 2, 1);
    qtest_outb(qts, base + 3, lba);
    qtest_outb(qts, base + 4, 0);
    qtest_outb(qts, base + 5, 0);
    qtest_outb(qts, base + 7, 0x30);
    for (unsigned i = 0; i < 512; i += 2) {
        qtest_outw(qts, base, data[i] | data[i + 1] << 8);
    }
}

/* Map a memory BAR as firmware would, so that a lost mapping shows */
static uint32_t map_bar(QTestState *qts, unsigned slot, unsigned fn,
                        unsigned reg)
{
    uint32_t bar = read_fn(qts, 0, slot, fn, reg) & ~0xfu;

    if (!bar) {
        bar = BAR_BASE(slot);
        write_fn(qts, 0, slot, fn, reg, bar);
        write_fn(qts, 0, slot, fn, PCI_COMMAND,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
    return bar;
}

uint32_t xp_bar(QTestState *qts, unsigned slot, unsigned reg)
{
    /* q35's own AHCI is function 2 */
    return map_bar(qts, slot, slot == 31 ? 2 : 0, reg);
}

bool xp_ahci_port(QTestState *qts, unsigned slot, unsigned port)
{
    uint32_t bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_5);

    return (qtest_readl(qts, bar + AHCI_SSTS(port)) & 0xf) == 3;
}

bool xp_lsi_target(QTestState *qts, unsigned slot, unsigned target)
{
    uint32_t bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_1);

    /* SELECT the target, then INT; without an answer selection times out */
    qtest_writel(qts, SCRIPT_ADDR, 0x40000000 | target << 16);
    qtest_writel(qts, SCRIPT_ADDR + 4, SCRIPT_ADDR + 8);
    qtest_writel(qts, SCRIPT_ADDR + 8, 0x98080000);
    qtest_writel(qts, SCRIPT_ADDR + 12, 0);
    /* Software reset, so that one selection does not hang on to the bus */
    qtest_writeb(qts, bar + 0x14, 0x40);
    qtest_writeb(qts, bar + 0x14, 0);
    qtest_writel(qts, bar + LSI_DSP, SCRIPT_ADDR);
    return !(qtest_readb(qts, bar + LSI_SIST1) & LSI_SIST1_STO);
}

void xp_cycle_slot_power(QTestState *qts, unsigned slot)
{
    unsigned cap = xp_pci_read(qts, 0, slot, PCI_CAPABILITY_LIST) & 0xff;
    unsigned guard = 48;
    uint32_t ctl;

    while ((xp_pci_read(qts, 0, slot, cap) & 0xff) != PCI_CAP_ID_EXP) {
        cap = xp_pci_read(qts, 0, slot, cap) >> 8 & 0xff;
        g_assert_cmpuint(guard--, >, 0);
    }
    ctl = xp_pci_read(qts, 0, slot, cap + PCI_EXP_SLTCTL) & 0xffff;
    xp_pci_write(qts, 0, slot, cap + PCI_EXP_SLTCTL, ctl | PCI_EXP_SLTCTL_PCC);
    xp_pci_write(qts, 0, slot, cap + PCI_EXP_SLTCTL,
                 ctl & ~PCI_EXP_SLTCTL_PCC);
}

/* Where firmware puts the ports, and what is there */
#define PM_BASE         0x600
#define PM1A_CONTROL    (PM_BASE + 4)
#define PM_S3           (1 << 10)
#define PM_SLP_EN       (1 << 13)

void xp_suspend(QTestState *qts)
{
    if (xp_pci(qts, 0, 31)) {
        /* ICH9: PMBASE and ACPI_CNTL */
        write_fn(qts, 0, 31, 0, 0x40, PM_BASE | 1);
        write_fn(qts, 0, 31, 0, 0x44, 0x80);
    } else {
        /* PIIX4: PMBASE and PMREGMISC */
        write_fn(qts, 0, 1, 3, 0x40, PM_BASE | 1);
        write_fn(qts, 0, 1, 3, 0x80, 1);
    }
    qtest_outw(qts, PM1A_CONTROL, PM_S3 | PM_SLP_EN);
    qtest_qmp_eventwait(qts, "SUSPEND");
}

void xp_wake_up(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_wakeup' }");
    qtest_qmp_eventwait(qts, "WAKEUP");
}
