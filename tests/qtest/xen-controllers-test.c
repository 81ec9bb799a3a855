/*
 * Emulated controllers whose guest does what no driver does
 *
 * Each test is a sequence that ended QEMU, or had it do what nobody asked for.
 * Now the machine survives it, and the controller says that something is wrong.
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

#define PCIHP_EJECT     0xae08
#define PCIHP_BUS       0xae10

#define AHCI_BASE       0xe0100000u
#define AHCI_PORT0      (AHCI_BASE + 0x100)
#define PX_CLB          0x00
#define PX_FB           0x08
#define PX_IS           0x10
#define PX_CMD          0x18
#define PX_TFD          0x20
#define PX_SCTL         0x2c
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

/* A disk whose every request fails, and stops the machine */
#define BAD_DISK(device) \
    "-blockdev null-co,node-name=f,size=1048576 " \
    "-blockdev blkdebug,node-name=b,image=f,inject-error.0.event=none " \
    "-device " device ",drive=b,bus=ide.0,unit=1,rerror=stop,werror=stop "

/* The task file of @unit, for @sectors from sector 0 on */
static void ide_command(QTestState *qts, unsigned unit, unsigned sectors,
                        uint8_t command)
{
    qtest_outb(qts, 0x1f6, 0xe0 | unit << 4);
    qtest_outb(qts, 0x1f1, command == 0xa0);
    qtest_outb(qts, 0x1f2, sectors);
    qtest_outb(qts, 0x1f3, 0);
    qtest_outb(qts, 0x1f4, 0);
    qtest_outb(qts, 0x1f5, 0);
    qtest_outb(qts, 0x1f7, command);
}

/* Start the bus master, with @bytes at @addr */
static void start_bus_master(QTestState *qts, uint32_t addr, unsigned bytes)
{
    map(qts, 1 << 3 | 1, PCI_BASE_ADDRESS_4, BM_BASE);
    qtest_writel(qts, LIST, addr);
    qtest_writel(qts, LIST + 4, 0x80000000 | bytes);
    qtest_outl(qts, BM_BASE + 4, LIST);
    qtest_outb(qts, BM_BASE, 9);
}

/* A transfer in two pieces, as it goes where no RAM is, is stopped */
static void test_stopped_in_pieces(void)
{
    QTestState *qts = xp_start("-M pc " DISK("latency-ns=100000000")
                               "-device ide-hd,drive=n,bus=ide.0,unit=0");

    ide_command(qts, 0, 16, 0xc8);
    start_bus_master(qts, 0xfee00000, 0x2000);
    qtest_outb(qts, BM_BASE, 8);
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_inb(qts, BM_BASE + 2) & 1, ==, 0);
    qtest_quit(qts);
}

/* A DMA command is given, and the drive reset before its bus master starts */
static void test_armed_at_software_reset(void)
{
    QTestState *qts = xp_start("-M pc " DISK("latency-ns=100000000")
                               "-device ide-hd,drive=n,bus=ide.0,unit=0");

    ide_command(qts, 0, 8, 0xc8);
    qtest_outb(qts, 0x3f6, 4);
    qtest_outb(qts, 0x3f6, 0);
    wait_idle(qts);

    /* The old transfer would begin, and a new one beside it */
    start_bus_master(qts, DATA, 0x1000);
    ide_command(qts, 0, 8, 0x20);
    g_assert_cmphex(wait_idle(qts) & 9, ==, 8);
    for (unsigned i = 0; i < 256; i++) {
        qtest_inw(qts, 0x1f0);
    }
    g_usleep(300000);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/*
 * The second drive has failed, the machine is stopped, and reset before it goes
 * on: the first drive reads what it is asked to, and nothing is tried again
 */
static void test_failed_at_reset(void)
{
    QTestState *qts = xp_start("-M pc " DISK("latency-ns=0")
                               "-device ide-hd,drive=n,bus=ide.0,unit=0 "
                               BAD_DISK("ide-hd"));

    ide_command(qts, 1, 1, 0xc8);
    start_bus_master(qts, DATA, 0x200);
    qtest_qmp_eventwait(qts, "STOP");
    qtest_system_reset(qts);
    qtest_qmp_assert_success(qts, "{'execute': 'cont'}");

    qtest_writel(qts, DATA, 0xffffffff);
    ide_command(qts, 0, 1, 0xc8);
    start_bus_master(qts, DATA, 0x200);
    g_usleep(200000);
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_inb(qts, BM_BASE + 2), ==, BM_STATUS_INT);
    g_assert_cmphex(qtest_readl(qts, DATA), ==, 0);
    qtest_quit(qts);
}

/* A drive whose request is to be tried again takes no other command */
static void test_failed_is_busy(gconstpointer opaque)
{
    uint8_t command = GPOINTER_TO_UINT(opaque);
    QTestState *qts = xp_start("-M pc " BAD_DISK("ide-hd"));

    ide_command(qts, 1, 1, command);
    for (unsigned i = 0; command == 0x30 && i < 256; i++) {
        qtest_outw(qts, 0x1f0, i);
    }
    qtest_qmp_eventwait(qts, "STOP");
    g_assert_cmphex(qtest_inb(qts, 0x3f6) & 0x80, ==, 0x80);
    qtest_quit(qts);
}

/* The same of a CD-ROM drive and its packet */
static void test_failed_cd_at_reset(void)
{
    static const uint16_t packet[6] = { 0x28, 0, 0, 0, 1 };
    QTestState *qts = xp_start("-M pc " BAD_DISK("ide-cd"));

    ide_command(qts, 1, 0, 0xa0);
    for (unsigned i = 0; i < 6; i++) {
        qtest_outw(qts, 0x1f0, packet[i]);
    }
    start_bus_master(qts, DATA, 0x800);
    qtest_qmp_eventwait(qts, "STOP");
    qtest_system_reset(qts);
    qtest_qmp_assert_success(qts, "{'execute': 'cont'}");
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* Have slot 0 of port 0 do a PIO @command of @sectors */
static void ahci_issue(QTestState *qts, uint8_t command, uint8_t sectors)
{
    bool queued = (command & 0xf0) == 0x60;
    const uint8_t fis[20] = {
        0x27, 0x80, command, queued ? sectors : 0, 0, 0, 0, 0x40,
        [12] = queued ? 0 : sectors,
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

/* The port is reset while PIO data is on its way */
static void test_reset_port(gconstpointer opaque)
{
    uint8_t command = GPOINTER_TO_UINT(opaque);
    QTestState *qts = xp_start("-M pc -device ahci,id=ahci,addr=3 "
                               DISK("latency-ns=50000000")
                               "-device ide-hd,drive=n,bus=ahci.0");

    ahci_issue(qts, command, 64);
    qtest_writel(qts, AHCI_PORT0 + PX_SCTL, 1);
    qtest_writel(qts, AHCI_PORT0 + PX_SCTL, 0);
    /* All that was on its way has ended, and has not begun anything */
    qtest_writel(qts, AHCI_PORT0 + PX_IS, 0xffffffff);
    g_usleep(500000);
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_readl(qts, AHCI_PORT0 + PX_IS), ==, 0);
    qtest_quit(qts);
}

/* The guest ejects the controller from its slot while a command is under way */
static void test_ejected(gconstpointer opaque)
{
    uint8_t command = GPOINTER_TO_UINT(opaque);
    QTestState *qts = xp_start("-M pc -device ahci,id=ahci,addr=3 "
                               DISK("latency-ns=200000000")
                               "-device ide-hd,drive=n,bus=ahci.0");

    ahci_issue(qts, command, 4);
    qtest_outl(qts, PCIHP_BUS, 0);
    qtest_outl(qts, PCIHP_EJECT, 1u << 3);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    g_usleep(400000);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A queued write to a CD-ROM drive */
static void test_queued_write_to_cd(void)
{
    QTestState *qts = xp_start("-M pc -device ahci,id=ahci,addr=3 "
                               DISK("latency-ns=0")
                               "-device ide-cd,drive=n,bus=ahci.0");

    ahci_issue(qts, 0x61, 1);
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_readl(qts, AHCI_PORT0 + PX_TFD) & 0xff, ==, 0x41);
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

#define ESP_BASE        0xc200
#define ESP_FIFO        (ESP_BASE + 2 * 4)
#define ESP_CMD         (ESP_BASE + 3 * 4)
#define ESP_TARGET      (ESP_BASE + 4 * 4)
#define ESP_INTR        (ESP_BASE + 5 * 4)
#define ESP_INTR_GONE   0x20

/* A target is selected, and its disk replaced before it gets its command */
static void test_replaced_target(void)
{
    QTestState *qts = xp_start("-M pc -device am53c974,id=esp,addr=3 "
                               "-blockdev null-co,node-name=m,size=1048576 "
                               DISK("latency-ns=0")
                               "-device scsi-hd,id=d,drive=n,bus=esp.0");

    map(qts, 3 << 3, PCI_BASE_ADDRESS_0, ESP_BASE);
    qtest_outb(qts, ESP_TARGET, 0);
    qtest_outb(qts, ESP_FIFO, 0x80);    /* identify */
    qtest_outb(qts, ESP_CMD, 0x43);     /* select with attention, and stop */
    qtest_outb(qts, ESP_CMD, 0x10);     /* on to the command phase */
    qtest_inb(qts, ESP_INTR);

    qtest_qmp_device_del(qts, "d");
    g_usleep(300000);
    qtest_qmp_device_add(qts, "scsi-hd", "e", "{'drive': 'm', 'scsi-id': 0,"
                         " 'bus': 'esp.0'}");
    for (unsigned i = 0; i < 6; i++) {
        qtest_outb(qts, ESP_FIFO, 0);
    }
    qtest_outb(qts, ESP_CMD, 0x10);     /* transfer information */
    xp_expect_alive(qts);
    g_assert_cmphex(qtest_inb(qts, ESP_INTR) & ESP_INTR_GONE, ==, 0);
    qtest_quit(qts);
}

#define LSI_BASE        0xe0200000u
#define LSI_SCID        (LSI_BASE + 0x04)
#define LSI_DSTAT       (LSI_BASE + 0x0c)
#define LSI_ISTAT0      (LSI_BASE + 0x14)
#define LSI_DSP         (LSI_BASE + 0x2c)
#define LSI_SIEN0       (LSI_BASE + 0x40)
#define LSI_SIST0       (LSI_BASE + 0x42)
#define SCRIPT          0x240000u

static QTestState *lsi_start(const char *disk)
{
    QTestState *qts = xp_start("-M pc -device lsi53c895a,addr=3 %s", disk);

    map(qts, 3 << 3, PCI_BASE_ADDRESS_1, LSI_BASE);
    return qts;
}

/*
 * Give a command to target 0, and let the script end there: without its data,
 * or with @disconnect
 */
static void lsi_command(QTestState *qts, uint8_t command, bool disconnect)
{
    const uint8_t cdb[10] = { command, [8] = 1 };
    const uint32_t script[] = {
        0x41000000, SCRIPT + 0x100,     /* select with attention */
        0x0e000001, DATA,               /* message out: identify */
        0x0200000a, DATA + 0x10,        /* command */
        disconnect ? 0x48000000 : 0x98080000, 0,
        0x98080000, 0,                  /* interrupt */
    };

    qtest_writeb(qts, DATA, 0xc0);
    qtest_memwrite(qts, DATA + 0x10, cdb, sizeof(cdb));
    for (unsigned i = 0; i < ARRAY_SIZE(script); i++) {
        qtest_writel(qts, SCRIPT + i * 4, script[i]);
    }
    qtest_writel(qts, SCRIPT + 0x100, 0x98080000);
    qtest_writel(qts, LSI_DSP, SCRIPT);
    g_usleep(10000);
}

/* A read fails, and the controller is reset */
static void test_lsi_failed_read(void)
{
    QTestState *qts = lsi_start(
        "-blockdev null-co,node-name=f,size=1048576 "
        "-blockdev blkdebug,node-name=b,image=f,inject-error.0.event=none "
        "-device scsi-hd,drive=b");

    lsi_command(qts, 0x00, true);       /* takes the unit attention */
    lsi_command(qts, 0x28, true);
    g_usleep(200000);
    qtest_writeb(qts, LSI_ISTAT0, 0x40);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A slow disk that has something to flush */
static QTestState *lsi_start_dirty(void)
{
    QTestState *qts = lsi_start(DISK("latency-ns=300000000")
                                "-device scsi-hd,id=d,drive=n");

    g_free(qtest_hmp(qts, "qemu-io -d d \"write -q 0 512\""));
    lsi_command(qts, 0x00, true);
    return qts;
}

/* A flush is under way, and the target selected for another command */
static void test_lsi_left_command(void)
{
    QTestState *qts = lsi_start_dirty();

    lsi_command(qts, 0x35, true);
    lsi_command(qts, 0x35, true);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A read and a flush are under way, and reselection is an interrupt */
static void test_lsi_reselected(void)
{
    QTestState *qts = lsi_start_dirty();

    qtest_writeb(qts, LSI_SCID, 0x60);
    qtest_writeb(qts, LSI_SIEN0, 0x10);
    lsi_command(qts, 0x28, true);
    lsi_command(qts, 0x35, true);
    /* No interrupt is pending */
    qtest_readw(qts, LSI_SIST0);
    qtest_readb(qts, LSI_DSTAT);
    g_usleep(600000);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A read has data that the guest does not take, and the machine is saved */
static void test_lsi_saved(void)
{
    g_autofree char *path = xp_tmp_path("state");
    QTestState *qts = lsi_start(DISK("latency-ns=0")
                                "-device scsi-hd,drive=n");
    QDict *rsp;

    lsi_command(qts, 0x00, true);
    lsi_command(qts, 0x28, false);
    qtest_qmp_assert_success(qts, "{'execute': 'stop'}");
    rsp = qtest_qmp(qts, "{'execute': 'xen-save-devices-state', 'arguments': {"
                    "'filename': %s}}", path);
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/controllers/ide/no-sectors", test_no_sectors);
    g_test_add_func("/controllers/ide/armed-at-reset", test_armed_at_reset);
    g_test_add_func("/controllers/ide/geometry-of-the-gone",
                    test_geometry_of_the_gone);
    g_test_add_func("/controllers/ide/stopped-in-pieces",
                    test_stopped_in_pieces);
    g_test_add_func("/controllers/ide/armed-at-software-reset",
                    test_armed_at_software_reset);
    g_test_add_func("/controllers/ide/failed-at-reset", test_failed_at_reset);
    g_test_add_data_func("/controllers/ide/failed-read-is-busy",
                         GUINT_TO_POINTER(0x20), test_failed_is_busy);
    g_test_add_data_func("/controllers/ide/failed-write-is-busy",
                         GUINT_TO_POINTER(0x30), test_failed_is_busy);
    g_test_add_func("/controllers/ide/failed-cd-at-reset",
                    test_failed_cd_at_reset);
    g_test_add_data_func("/controllers/ahci/reset-read",
                         GUINT_TO_POINTER(0x20), test_reset_port);
    g_test_add_data_func("/controllers/ahci/reset-write",
                         GUINT_TO_POINTER(0x30), test_reset_port);
    g_test_add_data_func("/controllers/ahci/ejected-pio",
                         GUINT_TO_POINTER(0x20), test_ejected);
    g_test_add_data_func("/controllers/ahci/ejected-dma",
                         GUINT_TO_POINTER(0xc8), test_ejected);
    g_test_add_data_func("/controllers/ahci/ejected-queue",
                         GUINT_TO_POINTER(0x60), test_ejected);
    g_test_add_func("/controllers/ahci/queued-write-to-cd",
                    test_queued_write_to_cd);
    g_test_add_data_func("/controllers/ahci/stopped-read",
                         GUINT_TO_POINTER(0x20), test_stopped_port);
    g_test_add_data_func("/controllers/ahci/stopped-write",
                         GUINT_TO_POINTER(0x30), test_stopped_port);
    g_test_add_func("/controllers/esp/replaced-target",
                    test_replaced_target);
    g_test_add_func("/controllers/lsi/failed-read", test_lsi_failed_read);
    g_test_add_func("/controllers/lsi/left-command", test_lsi_left_command);
    g_test_add_func("/controllers/lsi/reselected", test_lsi_reselected);
    g_test_add_func("/controllers/lsi/saved", test_lsi_saved);
    return g_test_run();
}
