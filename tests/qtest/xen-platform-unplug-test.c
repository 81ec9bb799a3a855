/*
 * xen-platform: what each unplug mask takes, and what must stay
 *
 * A machine has one of everything.  After each mask the guest looks for the
 * devices through their own interfaces: PCI configuration space, IDE ports,
 * AHCI port status, SCSI selection.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"

enum { DISKS = 1, NICS = 2, AUX = 4, NVME = 8 };

/* Where the guest looks for a device, and the mask bits that take it away */
typedef struct Device {
    const char *id;
    uint32_t gone_on;   /* any of these bits */
    bool (*there)(QTestState *qts, unsigned a, unsigned b);
    unsigned a, b;
} Device;

#define IMG(id) \
    "-blockdev null-co,read-zeroes=on,size=1048576,node-name=n-" id " "
#define IDE(id, bus, unit) \
    IMG(id) "-device ide-hd,id=" id ",drive=n-" id ",bus=" bus ",unit=" unit " "
#define SCSI(id, bus, target) \
    IMG(id) "-device scsi-hd,id=" id ",drive=n-" id ",bus=" bus ".0,scsi-id=" \
    target " "
#define NIC(type, id, where) \
    "-netdev user,id=net-" id " -device " type ",id=" id ",netdev=net-" id "," \
    where " "

static const char everything[] = "-M pc "
    IDE("hda", "ide.0", "0") IDE("hdb", "ide.0", "1")
    IDE("hdc", "ide.1", "0") IDE("hdd", "ide.1", "1")
    "-device ich9-ahci,id=ahci,addr=3 "
    IDE("sata", "ahci.0", "0") "-device ide-cd,id=sata-cd,bus=ahci.1 "
    "-device lsi53c895a,id=lsi,addr=4 "
    SCSI("sda", "lsi", "0") "-device scsi-cd,id=scsi-cd,bus=lsi.0,scsi-id=1 "
    SCSI("sdb", "lsi", "2")
    "-device lsi53c895a,id=lsi2,addr=5 " SCSI("sdc", "lsi2", "0")
    IMG("ns") "-device nvme,id=nvme,serial=x,drive=n-ns,addr=6 "
    NIC("e1000", "e1000", "addr=7") NIC("rtl8139", "rtl8139", "addr=8")
    "-device pci-bridge,id=br,chassis_nr=1,addr=9 "
    NIC("e1000", "behind", "bus=br,addr=1")
    IMG("vd") "-device virtio-blk-pci,id=vd,drive=n-vd,addr=0xa "
    NIC("virtio-net-pci", "virtio-net", "addr=0xb")
    "-device virtio-scsi-pci,id=vscsi,addr=0xc " SCSI("vsd", "vscsi", "0")
    "-device piix3-usb-uhci,id=uhci,addr=0xd "
    IMG("usb") "-device usb-storage,id=usb,drive=n-usb,bus=uhci.0 "
    "-device xen-pvdevice,device-id=0xc000,addr=0xe "
    /* A class code of a SCSI controller must not make it unplug itself */
    "-device xen-platform,addr=2,class-id=0x0100 ";

static const Device everything_devices[] = {
    { "hda", DISKS, xp_ide_disk, 0, 0 },
    { "hdb", DISKS | AUX, xp_ide_disk, 0, 1 },
    { "hdc", DISKS | AUX, xp_ide_disk, 1, 0 },
    { "hdd", DISKS | AUX, xp_ide_disk, 1, 1 },
    { "ahci", 0, xp_pci, 0, 3 },
    { "sata", DISKS | AUX, xp_ahci_port, 3, 0 },
    { "sata-cd", 0, xp_ahci_port, 3, 1 },
    { "lsi", 0, xp_pci, 0, 4 },
    { "sda", DISKS, xp_lsi_target, 4, 0 },
    { "scsi-cd", 0, xp_lsi_target, 4, 1 },
    { "sdb", DISKS, xp_lsi_target, 4, 2 },
    { "lsi2", DISKS, xp_pci, 0, 5 },
    { "nvme", NVME, xp_pci, 0, 6 },
    { "e1000", NICS, xp_pci, 0, 7 },
    { "rtl8139", NICS, xp_pci, 0, 8 },
    { "br", 0, xp_pci, 0, 9 },
    { "behind", NICS, xp_pci, 1, 1 },
    { "vd", 0, xp_pci, 0, 0xa },
    { "virtio-net", NICS, xp_pci, 0, 0xb },
    { "vscsi", 0, xp_pci, 0, 0xc },
    { "uhci", 0, xp_pci, 0, 0xd },
    { "vendor device", 0, xp_pci, 0, 0xe },
    { "platform device", 0, xp_pci, 0, 2 },
    { }
};

/* CDs where disks might be */
static const char cds[] = "-M pc "
    "-device ide-cd,id=cd0,bus=ide.0,unit=0 " IDE("hdb", "ide.0", "1")
    IDE("hdc", "ide.1", "0") "-device ide-cd,id=cd1,bus=ide.1,unit=1 ";

static const Device cds_devices[] = {
    { "cd0", 0, xp_ide_cd, 0, 0 },
    { "hdb", DISKS | AUX, xp_ide_disk, 0, 1 },
    { "hdc", DISKS | AUX, xp_ide_disk, 1, 0 },
    { "cd1", 0, xp_ide_cd, 1, 1 },
    { }
};

/* xl's hdtype=ahci: an AHCI controller beside an IDE one without disks */
static const char hdtype_ahci[] = "-M pc "
    "-device ide-cd,id=cd0,bus=ide.1,unit=0 "
    "-device ahci,id=ahci0,addr=5 "
    IDE("sda", "ahci0.0", "0") IDE("sdb", "ahci0.1", "0");

static const Device hdtype_ahci_devices[] = {
    { "cd0", 0, xp_ide_cd, 1, 0 },
    { "sda", DISKS, xp_ahci_port, 5, 0 },
    { "sdb", DISKS | AUX, xp_ahci_port, 5, 1 },
    { }
};

static const char q35[] = "-M q35 "
    IDE("sda", "ide.0", "0") IDE("sdb", "ide.1", "0")
    "-device ide-cd,id=cd,bus=ide.2 "
    "-device pcie-root-port,id=rp,chassis=1,slot=1,addr=4 "
    NIC("e1000e", "behind", "bus=rp")
    "-device pcie-root-port,id=rp2,chassis=2,slot=2,addr=5 "
    IMG("ns") "-device nvme,id=nvme,serial=x,drive=n-ns,bus=rp2 ";

static const Device q35_devices[] = {
    { "sda", DISKS, xp_ahci_port, 31, 0 },
    { "sdb", DISKS | AUX, xp_ahci_port, 31, 1 },
    { "cd", 0, xp_ahci_port, 31, 2 },
    { "rp", 0, xp_pci, 0, 4 },
    { "behind", NICS, xp_pci, 1, 0 },
    { "nvme", NVME, xp_pci, 2, 0 },
    { }
};

static const struct Machine {
    const char *name;
    const char *args;
    const Device *devices;
    unsigned bridges[2];    /* slots, given secondary buses 1 and 2 */
} machines[] = {
    { "everything", everything, everything_devices, { 9 } },
    { "cds", cds, cds_devices, { } },
    { "hdtype-ahci", hdtype_ahci, hdtype_ahci_devices, { } },
    { "q35", q35, q35_devices, { 4, 5 } },
};

static QTestState *start(const struct Machine *m, const char *more)
{
    QTestState *qts = xp_start("%s %s", m->args, more);

    xp_number_bridges(qts, m->bridges, ARRAY_SIZE(m->bridges));
    return qts;
}

/* Does every device that @mask leaves answer, and no other? */
static void check(QTestState *qts, const struct Machine *m, uint32_t mask)
{
    for (const Device *d = m->devices; d->id; d++) {
        bool want = !(mask & d->gone_on);
        bool got = d->there(qts, d->a, d->b);

        if (got != want) {
            g_test_message("machine %s mask 0x%x: %s %s", m->name, mask, d->id,
                           got ? "is still there" : "is gone");
        }
        g_assert_cmpint(got, ==, want);
    }
}

/* The event names just the devices that went */
static void check_event(QTestState *qts, const struct Machine *m, uint32_t mask)
{
    QDict *data = xp_event(qts, "XEN_PLATFORM_UNPLUG");
    QList *list = qdict_get_qlist(data, "devices");
    unsigned expected = 0;
    const QListEntry *e;

    g_assert_cmphex(qdict_get_int(data, "mask"), ==, mask);
    g_assert_false(qdict_get_bool(data, "refused"));
    for (const Device *d = m->devices; d->id; d++) {
        bool found = false;

        QLIST_FOREACH_ENTRY(list, e) {
            QDict *gone = qobject_to(QDict, qlist_entry_obj(e));

            found |= g_str_equal(qdict_get_try_str(gone, "id") ?: "", d->id);
        }
        g_assert_cmpint(found, ==, !!(d->gone_on & mask));
        expected += found;
    }
    g_assert_cmpuint(qlist_size(list), ==, expected);
    qobject_unref(data);
}

typedef struct Case {
    const struct Machine *machine;
    uint32_t mask;
    const char *more;
} Case;

static void test_mask(gconstpointer opaque)
{
    const Case *c = opaque;
    QTestState *qts = start(c->machine, c->more);

    check(qts, c->machine, 0);
    xp_unplug(qts, c->mask);
    check(qts, c->machine, c->mask);
    if (c->mask) {
        check_event(qts, c->machine, c->mask);
    }
    /* What resumes asks again */
    xp_unplug(qts, c->mask);
    check(qts, c->machine, c->mask);
    qtest_quit(qts);
}

/* One bit after the other, as win-xenbus asks */
static void test_separate(void)
{
    QTestState *qts = start(&machines[0], "");

    xp_unplug(qts, DISKS | NVME);
    check(qts, &machines[0], DISKS | NVME);
    xp_unplug(qts, NICS);
    check(qts, &machines[0], DISKS | NVME | NICS);
    qtest_quit(qts);
}

/* The primary master goes by a later request only if that asks for it */
static void test_aux_then_all(void)
{
    QTestState *qts = start(&machines[2], "");

    xp_unplug(qts, AUX);
    check(qts, &machines[2], AUX);
    xp_unplug(qts, AUX);
    check(qts, &machines[2], AUX);
    xp_unplug(qts, DISKS);
    check(qts, &machines[2], DISKS | AUX);
    qtest_quit(qts);
}

static void test_nvme_with_disks(void)
{
    QTestState *qts = start(&machines[3],
                            "-global xen-platform.unplug-nvme-with-disks=on");

    xp_unplug(qts, DISKS);
    check(qts, &machines[3], DISKS | NVME);
    qtest_quit(qts);
}

/* Bits that Linux keeps to itself, and bits that nobody defined */
static void test_unknown_bits(void)
{
    QTestState *qts = start(&machines[1], "");

    xp_unplug(qts, 0xfff0);
    check(qts, &machines[1], 0);
    xp_unplug(qts, 0xfff0 | DISKS);
    check(qts, &machines[1], DISKS);
    qtest_quit(qts);
}

/* A guest that plays with its slot's power gets nothing back */
static void test_slot_power(void)
{
    QTestState *qts = start(&machines[3], "");

    xp_unplug(qts, NICS);
    xp_cycle_slot_power(qts, 4);
    check(qts, &machines[3], NICS);
    qtest_quit(qts);
}

/* An adapter's script writes the mask that takes the adapter */
static void test_own_script(gconstpointer park)
{
    QTestState *qts = xp_start("-M pc -global xen-platform.x-park=%s "
                               "-device lsi53c895a,id=lsi,addr=3 "
                               SCSI("sda", "lsi", "0"), (const char *)park);
    uint32_t script = 0x200000, mask = 0x201000, bar = 0xe0000000;

    g_assert_true(xp_pci(qts, 0, 3));
    xp_pci_write(qts, 0, 3, 0x14, bar);
    xp_pci_write(qts, 0, 3, 0x04, 7);
    qtest_writew(qts, mask, DISKS);
    /* MOVE two bytes of memory to I/O port 0x10, then INT */
    qtest_writel(qts, script, 0xc0000002);
    qtest_writel(qts, script + 4, mask);
    qtest_writel(qts, script + 8, XP_PORT);
    qtest_writel(qts, script + 12, 0x98080000);
    qtest_writel(qts, script + 16, 0);
    qtest_writeb(qts, bar + 0x38, 0x10);
    qtest_writel(qts, bar + 0x2c, script);
    g_assert_false(xp_pci(qts, 0, 3));
    xp_expect_alive(qts);
    qtest_system_reset(qts);
    g_assert_cmpint(xp_pci(qts, 0, 3), ==, !strcmp(park, "on"));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    static Case cases[ARRAY_SIZE(machines) * 16];

    g_test_init(&argc, &argv, NULL);
    for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
        for (uint32_t mask = 0; mask < 16; mask++) {
            g_autofree char *path = g_strdup_printf("/unplug/%s/0x%x",
                                                    machines[m].name, mask);
            Case *c = &cases[m * 16 + mask];

            *c = (Case) { &machines[m], mask, "" };
            g_test_add_data_func(path, c, test_mask);
        }
    }
    g_test_add_func("/unplug/separate", test_separate);
    g_test_add_func("/unplug/aux-then-all", test_aux_then_all);
    g_test_add_func("/unplug/nvme-with-disks", test_nvme_with_disks);
    g_test_add_func("/unplug/unknown-bits", test_unknown_bits);
    g_test_add_func("/unplug/slot-power", test_slot_power);
    g_test_add_data_func("/unplug/own-script/parked", "on", test_own_script);
    g_test_add_data_func("/unplug/own-script/gone", "off", test_own_script);
    return g_test_run();
}
