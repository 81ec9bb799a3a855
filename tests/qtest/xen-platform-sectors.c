/*
 * How large the guest finds a disk: a command of each bus that has the disk
 * send its size by DMA, to memory below 1 MiB that nothing else uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-machine.h"
#include "xen-platform-sectors.h"

#define COMMANDS    0x20000     /* what the adapter fetches */
#define ANSWERS     0x22000     /* what it writes back */
#define DATA        0x24000
#define POLLS       10000

static void zero(QTestState *qts, uint32_t addr)
{
    qtest_memset(qts, addr, 0, 4096);
}

/* Words 60 and 61 of what IDENTIFY DEVICE gives */
static uint64_t identified(const uint16_t *words)
{
    return le16_to_cpu(words[60]) | (uint32_t)le16_to_cpu(words[61]) << 16;
}

uint64_t xp_ide_sectors(QTestState *qts, unsigned channel, unsigned unit)
{
    unsigned base = channel ? 0x170 : 0x1f0;
    uint16_t words[256];

    qtest_outb(qts, base + 6, 0xa0 | unit << 4);
    qtest_outb(qts, base + 7, 0xec);
    if (!(qtest_inb(qts, base + 7) & 8)) {
        return 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = cpu_to_le16(qtest_inw(qts, base));
    }
    return identified(words);
}

uint64_t xp_ahci_sectors(QTestState *qts, unsigned slot, unsigned port)
{
    uint32_t bar, regs;
    uint16_t words[256];

    if (!xp_ahci_port(qts, slot, port)) {
        return 0;
    }
    bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_5);
    regs = bar + 0x100 + port * 0x80;
    zero(qts, COMMANDS);
    zero(qts, DATA);
    /* A command header, of a table with 5 dwords of FIS and 1 region */
    qtest_writel(qts, COMMANDS, 5 | 1 << 16);
    qtest_writel(qts, COMMANDS + 8, COMMANDS + 0x400);
    qtest_writel(qts, COMMANDS + 0x400, 0x00ec8027);
    qtest_writel(qts, COMMANDS + 0x480, DATA);
    qtest_writel(qts, COMMANDS + 0x48c, sizeof(words) - 1);

    qtest_writel(qts, bar + 4, 1u << 31);
    qtest_writel(qts, regs + 0x18, 0);
    qtest_writel(qts, regs, COMMANDS);
    qtest_writel(qts, regs + 8, ANSWERS);
    qtest_writel(qts, regs + 0x18, 0x11);
    qtest_writel(qts, regs + 0x38, 1);
    for (unsigned i = 0; qtest_readl(qts, regs + 0x38) & 1; i++) {
        g_assert_cmpuint(i, <, POLLS);
    }
    qtest_memread(qts, DATA, words, sizeof(words));
    return identified(words);
}

uint64_t xp_nvme_blocks(QTestState *qts, unsigned slot)
{
    uint32_t bar;

    if (!xp_pci(qts, 0, slot)) {
        return 0;
    }
    bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_0);
    zero(qts, COMMANDS);
    zero(qts, ANSWERS);
    zero(qts, DATA);
    /* Identify namespace 1 */
    qtest_writel(qts, COMMANDS, 6);
    qtest_writel(qts, COMMANDS + 4, 1);
    qtest_writel(qts, COMMANDS + 24, DATA);

    qtest_writel(qts, bar + 0x14, 0);
    qtest_writel(qts, bar + 0x24, 7 << 16 | 7);
    qtest_writeq(qts, bar + 0x28, COMMANDS);
    qtest_writeq(qts, bar + 0x30, ANSWERS);
    qtest_writel(qts, bar + 0x14, 0x460001);
    g_assert_cmphex(qtest_readl(qts, bar + 0x1c), ==, 1);
    qtest_writel(qts, bar + 0x1000, 1);
    for (unsigned i = 0; !(qtest_readl(qts, ANSWERS + 12) >> 16 & 1); i++) {
        g_assert_cmpuint(i, <, POLLS);
    }
    return qtest_readl(qts, DATA);
}

/* Returns the SCSI status of a command with @in bytes of data, -1 if none */
static int lsi_command(QTestState *qts, unsigned slot, unsigned target,
                       uint8_t opcode, unsigned length, unsigned in)
{
    uint32_t bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_1);
    uint32_t script[] = {
        0x41000000 | target << 16, COMMANDS,
        0x0e000001, ANSWERS,            /* message out */
        0x0a000000 | length, ANSWERS + 16,
        0x09000000 | in, DATA,
        0x0b000001, ANSWERS + 32,       /* status */
        0x0f000001, ANSWERS + 33,       /* message in */
        0x60000040, 0,                  /* clear ACK */
        0x48000000, 0,                  /* wait for disconnect */
        0x98080000, 0,
    };

    zero(qts, COMMANDS);
    zero(qts, ANSWERS);
    qtest_writeb(qts, ANSWERS, 0xc0);
    qtest_writeb(qts, ANSWERS + 16, opcode);
    if (length == 6) {
        qtest_writeb(qts, ANSWERS + 20, in);
    }
    qtest_writeb(qts, ANSWERS + 32, 0xff);
    if (!in) {
        /* A jump over it */
        script[6] = 0x80080000;
        script[7] = COMMANDS + 32;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(script); i++) {
        qtest_writel(qts, COMMANDS + 4 * i, script[i]);
    }
    /* Forget the interrupts of the script before: DSTAT, SIST0, SIST1 */
    qtest_readb(qts, bar + 0x0c);
    qtest_readw(qts, bar + 0x42);
    qtest_writel(qts, bar + 0x2c, COMMANDS);
    for (unsigned i = 0; !(qtest_readb(qts, bar + 0x14) & 3); i++) {
        g_assert_cmpuint(i, <, POLLS);
    }
    return (int8_t)qtest_readb(qts, ANSWERS + 32);
}

uint64_t xp_lsi_sectors(QTestState *qts, unsigned slot, unsigned target)
{
    uint32_t last, bar;

    if (!xp_pci(qts, 0, slot) || !xp_lsi_target(qts, slot, target)) {
        return 0;
    }
    /* The selection alone hangs on to the bus */
    bar = xp_bar(qts, slot, PCI_BASE_ADDRESS_1);
    qtest_writeb(qts, bar + 0x14, 0x40);
    qtest_writeb(qts, bar + 0x14, 0);
    /* TEST UNIT READY fails, as long as REQUEST SENSE has something to say */
    for (unsigned i = 0; lsi_command(qts, slot, target, 0, 6, 0); i++) {
        g_assert_cmpuint(i, <, 5);
        lsi_command(qts, slot, target, 3, 6, 18);
    }
    zero(qts, DATA);
    g_assert_cmpint(lsi_command(qts, slot, target, 0x25, 10, 8), ==, 0);
    qtest_memread(qts, DATA, &last, sizeof(last));
    return (uint64_t)be32_to_cpu(last) + 1;
}
