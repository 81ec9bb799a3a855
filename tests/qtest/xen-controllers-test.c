/*
 * Emulated controllers whose guest does what no driver does
 *
 * A machine survives it, and the controller says that something is wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"

#define BM_BASE         0xc100
#define BM_STATUS_INT   4

#define AHCI_BASE       0xe0100000u
#define AHCI_PORT0      (AHCI_BASE + 0x100)
#define PX_CLB          0x00
#define PX_FB           0x08
#define PX_CMD          0x18
#define PX_CI           0x38
#define CMD_START       0x01
#define CMD_FIS_RX      0x10
#define LIST            0x200000u
#define FIS             0x201000u
#define TABLE           0x202000u
#define DATA            0x210000u

#define DISK(more) \
    "-blockdev null-co,node-name=n,size=1048576,read-zeroes=on," more " "

static void write_config(QTestState *qts, unsigned devfn, unsigned reg,
                         uint32_t value)
{
    qtest_outl(qts, 0xcf8, 1u << 31 | devfn << 8 | reg);
    qtest_outl(qts, 0xcfc, value);
}

static void map(QTestState *qts, unsigned devfn, unsigned bar, uint32_t addr)
{
    write_config(qts, devfn, bar, addr);
    write_config(qts, devfn, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                 PCI_COMMAND_MASTER);
}

static uint8_t wait_idle(QTestState *qts)
{
    uint8_t status;

    do {
        status = qtest_inb(qts, 0x1f7);
    } while (status & 0x80);
    return status;
}

/* INITIALIZE DEVICE PARAMETERS with 0 sectors, then a read by CHS */
static void test_no_sectors(void)
{
    QTestState *qts = xp_start("-M pc " DISK("latency-ns=0")
                               "-device ide-hd,drive=n,bus=ide.0,unit=0");

    qtest_outb(qts, 0x1f6, 0xa0);
    qtest_outb(qts, 0x1f2, 0);
    qtest_outb(qts, 0x1f7, 0x91);
    g_assert_cmphex(wait_idle(qts) & 1, ==, 1);

    qtest_outb(qts, 0x1f2, 1);
    qtest_outb(qts, 0x1f3, 1);
    qtest_outb(qts, 0x1f7, 0x20);
    /* By the geometry of before */
    g_assert_cmphex(wait_idle(qts) & 9, ==, 8);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A DMA command is given, and the machine reset before its bus master starts */
static void test_armed_at_reset(void)
{
    QTestState *qts = xp_start("-M pc " DISK("latency-ns=0")
                               "-device ide-hd,drive=n,bus=ide.0,unit=0");

    map(qts, 1 << 3 | 1, PCI_BASE_ADDRESS_4, BM_BASE);
    qtest_outb(qts, 0x1f6, 0xe0);
    qtest_outb(qts, 0x1f2, 1);
    qtest_outb(qts, 0x1f7, 0xc8);
    qtest_system_reset(qts);

    map(qts, 1 << 3 | 1, PCI_BASE_ADDRESS_4, BM_BASE);
    qtest_outl(qts, BM_BASE + 4, LIST);
    qtest_outb(qts, BM_BASE, 9);
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_inb(qts, BM_BASE + 2) & BM_STATUS_INT, ==, 0);
    qtest_quit(qts);
}

/* Have slot 0 of port 0 do a PIO @command of @sectors */
static void ahci_issue(QTestState *qts, uint8_t command, uint8_t sectors)
{
    const uint8_t fis[20] = {
        0x27, 0x80, command, 0, 0, 0, 0, 0x40, [12] = sectors
    };

    map(qts, 3 << 3, PCI_BASE_ADDRESS_5, AHCI_BASE);
    qtest_memwrite(qts, TABLE, fis, sizeof(fis));
    qtest_writeq(qts, TABLE + 0x80, DATA);
    qtest_writel(qts, TABLE + 0x8c, 0xffff);
    qtest_writel(qts, LIST, 1 << 16 | (command == 0x30 ? 0x40 : 0) | 5);
    qtest_writeq(qts, LIST + 8, TABLE);
    qtest_writel(qts, AHCI_BASE + 4, 0x80000000);
    qtest_writeq(qts, AHCI_PORT0 + PX_CLB, LIST);
    qtest_writeq(qts, AHCI_PORT0 + PX_FB, FIS);
    qtest_writel(qts, AHCI_PORT0 + PX_CMD, CMD_FIS_RX | CMD_START);
    qtest_writel(qts, AHCI_PORT0 + PX_CI, 1);
}

/* The port is stopped, and started again, while PIO data is on its way */
static void test_stopped_port(gconstpointer opaque)
{
    uint8_t command = GPOINTER_TO_UINT(opaque);
    QTestState *qts = xp_start("-M pc -device ahci,id=ahci,addr=3 "
                               DISK("latency-ns=50000000")
                               "-device ide-hd,drive=n,bus=ahci.0");

    ahci_issue(qts, command, 4);
    qtest_writel(qts, AHCI_PORT0 + PX_CMD, CMD_FIS_RX);
    qtest_writel(qts, AHCI_PORT0 + PX_CMD, CMD_FIS_RX | CMD_START);
    g_usleep(500000);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A drive that has told its geometry to the firmware goes */
static void test_geometry_of_the_gone(void)
{
    QTestState *qts = xp_start("-M pc -global xen-platform.x-park=off "
                               DISK("latency-ns=0")
                               "-device ide-hd,drive=n,bus=ide.0,lcyls=9,"
                               "lheads=9,lsecs=9");

    xp_unplug(qts, 1);
    /* Its memory is freed by a thread of its own */
    g_usleep(300000);
    qtest_system_reset(qts);
    xp_expect_alive(qts);
    g_assert_false(xp_ide_disk(qts, 0, 0));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/controllers/ide/no-sectors", test_no_sectors);
    g_test_add_func("/controllers/ide/armed-at-reset", test_armed_at_reset);
    g_test_add_func("/controllers/ide/geometry-of-the-gone",
                    test_geometry_of_the_gone);
    g_test_add_data_func("/controllers/ahci/stopped-read",
                         GUINT_TO_POINTER(0x20), test_stopped_port);
    g_test_add_data_func("/controllers/ahci/stopped-write",
                         GUINT_TO_POINTER(0x30), test_stopped_port);
    return g_test_run();
}
