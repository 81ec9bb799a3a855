/*
 * xen-platform: what the guest's PCI scan finds, by command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_ids.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-common.h"

/* A member that is 0 stands for the value of the stock device */
typedef struct Identity {
    const char *name;
    const char *args;
    unsigned slot;
    uint16_t device;
    uint16_t class;
    uint16_t sub_vendor;
    uint16_t sub_device;
    uint8_t revision;
    bool q35_too;
} Identity;

static const Identity identities[] = {
    { "default", "", .q35_too = true },
    { "device", "-device xen-platform" },
    { "device-id", "-device xen-platform,device-id=0x0002", .device = 2 },
    { "revision", "-device xen-platform,revision=2", .revision = 2 },
    { "class-id", "-device xen-platform,class-id=0x0100", .class = 0x0100 },
    { "subsystem-vendor-id", "-device xen-platform,subsystem-vendor-id=0xfffd",
      .sub_vendor = 0xfffd },
    { "subsystem-id", "-device xen-platform,subsystem-id=2", .sub_device = 2 },
    { "device-id-highest", "-device xen-platform,device-id=0xc2ff",
      .device = 0xc2ff },
    { "subsystem-alias",
      "-device xen-platform,subvendor_id=0x1234,subsystem_id=0x5678",
      .sub_vendor = 0x1234, .sub_device = 0x5678 },

    /* As they stand in the code of tool stacks */
    { "xenserver-2",
      "-device xen-platform,addr=3,device-id=0x0002,revision=0x2,"
      "class-id=0x0100,subvendor_id=0x5853,subsystem_id=0x0002",
      .slot = 3, .device = 2, .revision = 2, .class = 0x0100,
      .sub_device = 2, .q35_too = true },
    { "xenserver-1",
      "-device xen-platform,addr=3,device-id=0x0001,revision=0x2,"
      "class-id=0x0100,subvendor_id=0x5853,subsystem_id=0x0001",
      .slot = 3, .revision = 2, .class = 0x0100 },
    { "xcp-ng-1", "-device xen-platform,addr=3,device-id=0x0001", .slot = 3 },
    { "xcp-ng-2", "-device xen-platform,addr=3,device-id=0x0002",
      .slot = 3, .device = 2 },

    { "platform-2", "-device xen-platform-2",
      .device = 2, .revision = 2, .sub_device = 2, .q35_too = true },
    { "platform-2-revision", "-device xen-platform-2,revision=3",
      .device = 2, .revision = 3, .sub_device = 2 },
    { "platform-2-class", "-device xen-platform-2,class-id=0x0100,addr=5",
      .slot = 5, .device = 2, .revision = 2, .sub_device = 2,
      .class = 0x0100 },

    { "global", "-global xen-platform.device-id=0x0002 "
      "-global xen-platform.revision=7", .device = 2, .revision = 7,
      .q35_too = true },
    { "global-alias", "-global xen-platform.subsystem_id=9 "
      "-global xen-platform.subvendor_id=8", .sub_vendor = 8,
      .sub_device = 9 },
    { "global-class", "-global driver=xen-platform,property=class-id,"
      "value=0x0100", .class = 0x0100 },
    { "global-and-device", "-global xen-platform.revision=7 "
      "-device xen-platform,device-id=0x0002", .device = 2, .revision = 7 },
    { "device-wins-over-global", "-global xen-platform.revision=7 "
      "-device xen-platform,revision=8", .revision = 8 },
    { "global-and-platform-2", "-global xen-platform.revision=7 "
      "-device xen-platform-2", .device = 2, .revision = 7, .sub_device = 2 },
    { "global-of-platform-2", "-global xen-platform-2.revision=7 "
      "-device xen-platform-2", .device = 2, .revision = 7, .sub_device = 2 },
    { "global-of-absent-platform-2", "-global xen-platform-2.revision=7" },

    { "json", "-device '{\"driver\": \"xen-platform\", \"device-id\": 2, "
      "\"addr\": \"4\", \"revision\": 5}'",
      .slot = 4, .device = 2, .revision = 5 },
    { "json-platform-2", "-device '{\"driver\": \"xen-platform-2\"}'",
      .device = 2, .revision = 2, .sub_device = 2 },
};

static void count(QPCIDevice *dev, int devfn, void *data)
{
    ++*(unsigned *)data;
    g_free(dev);
}

static unsigned count_xen_devices(QPCIBus *bus)
{
    unsigned n = 0;

    qpci_device_foreach(bus, PCI_VENDOR_ID_XEN, -1, count, &n);
    return n;
}

static void check_identity(QPCIDevice *dev, const Identity *want)
{
    uint64_t size;

    if (want->slot) {
        g_assert_cmphex(PCI_SLOT(dev->devfn), ==, want->slot);
    }
    g_assert_cmphex(qpci_config_readb(dev, PCI_REVISION_ID), ==,
                    want->revision ?: 1);
    g_assert_cmphex(qpci_config_readb(dev, PCI_CLASS_PROG), ==, 0);
    g_assert_cmphex(qpci_config_readw(dev, PCI_CLASS_DEVICE), ==,
                    want->class ?: 0xff80);
    g_assert_cmphex(qpci_config_readw(dev, PCI_SUBSYSTEM_VENDOR_ID), ==,
                    want->sub_vendor ?: 0x5853);
    g_assert_cmphex(qpci_config_readw(dev, PCI_SUBSYSTEM_ID), ==,
                    want->sub_device ?: 0x0001);
    g_assert_cmphex(qpci_config_readb(dev, PCI_HEADER_TYPE), ==, 0);
    g_assert_cmphex(qpci_config_readb(dev, PCI_INTERRUPT_PIN), ==, 1);

    g_assert_true(qpci_iomap(dev, 0, &size).is_io);
    g_assert_cmphex(size, ==, 0x100);
    g_assert_false(qpci_iomap(dev, 1, &size).is_io);
    g_assert_cmphex(size, ==, 16 * MiB);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_1) & 0xf, ==,
                    PCI_BASE_ADDRESS_MEM_PREFETCH);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_2), ==, 0);
}

static void test_identity_on(const char *machine, const Identity *want)
{
    QTestState *qts = xp_start("-M %s %s", machine, want->args);
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = xp_pci_device(bus, want->device ?: 0x0001);

    g_assert_cmpint(count_xen_devices(bus), ==, 1);
    check_identity(dev, want);
    g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

static void test_identity(const void *data)
{
    const Identity *want = data;

    test_identity_on("pc", want);
    if (want->q35_too) {
        test_identity_on("q35", want);
    }
}

/* The vendor device always stands beside a platform device */
static const struct {
    const char *args;
    uint16_t device;
    uint8_t revision;
} beside[] = {
    { "-device xen-pvdevice,device-id=0xc000,addr=6", 0x0001, 1 },
    { "-device xen-pvdevice,device-id=0xc000,addr=6 "
      "-device xen-platform,addr=3,device-id=0x0002", 0x0002, 1 },
    { "-device xen-platform-2 -device xen-pvdevice,device-id=0xc000,addr=6",
      0x0002, 2 },
};

static void test_vendor_device(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(beside); i++) {
        QTestState *qts = xp_start("-M pc %s", beside[i].args);
        QPCIBus *bus = qpci_new_pc(qts, NULL);
        QPCIDevice *dev = xp_pci_device(bus, beside[i].device);
        QPCIDevice *pv = xp_pci_device(bus, 0xc000);

        g_assert_cmpint(count_xen_devices(bus), ==, 2);
        g_assert_cmphex(qpci_config_readb(dev, PCI_REVISION_ID), ==,
                        beside[i].revision);
        g_assert_cmphex(PCI_SLOT(pv->devfn), ==, 6);
        g_assert_cmphex(qpci_config_readw(pv, PCI_SUBSYSTEM_VENDOR_ID), ==,
                        0x5853);
        g_assert_cmphex(qpci_config_readw(pv, PCI_SUBSYSTEM_ID), ==, 0xc000);
        g_assert_cmphex(qpci_config_readb(pv, PCI_REVISION_ID), ==, 1);
        /* Neither goes with the disks and NICs */
        xp_unplug(qts, 0xf);
        g_assert_cmpint(count_xen_devices(bus), ==, 2);
        g_free(dev);
        g_free(pv);
        qpci_free_pc(bus);
        qtest_quit(qts);
    }
}

/* Looks like a SCSI, an IDE, an NVMe or a network controller */
static void test_class_stays(void)
{
    static const uint16_t classes[] = { 0x0100, 0x0101, 0x0108, 0x0200 };

    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
        QTestState *qts = xp_start("-M pc -device xen-platform,class-id=0x%x",
                                   classes[i]);
        QPCIBus *bus = qpci_new_pc(qts, NULL);

        xp_unplug(qts, 1);
        xp_unplug(qts, 0xf);
        g_free(xp_pci_device(bus, 0x0001));
        g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
        qpci_free_pc(bus);
        qtest_quit(qts);
    }
}

/* The registry grows: a new ID is no reason not to start */
static void test_unknown_device_id(void)
{
    g_autofree char *path = xp_tmp_path("stderr");
    g_autofree char *said = NULL;
    QTestState *qts = xp_start("-M pc -device xen-platform,device-id=0x1234 "
                               "2>%s", path);
    QPCIBus *bus = qpci_new_pc(qts, NULL);

    g_free(xp_pci_device(bus, 0x1234));
    g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
    qpci_free_pc(bus);
    qtest_quit(qts);

    g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
    g_test_message("QEMU said: %s", said);
    g_assert_nonnull(strstr(said, "warning: "));
    g_assert_nonnull(strstr(said, "device-id=0x1234"));
    g_assert_nonnull(strstr(said, "0xc000-0xc2ff"));
    g_assert_true(strchr(said, '\n') == said + strlen(said) - 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(identities); i++) {
        g_autofree char *path = g_strdup_printf("xen-platform/identity/%s",
                                                identities[i].name);

        qtest_add_data_func(path, &identities[i], test_identity);
    }
    qtest_add_func("xen-platform/identity/vendor-device", test_vendor_device);
    qtest_add_func("xen-platform/identity/class-stays", test_class_stays);
    qtest_add_func("xen-platform/identity/unknown-device-id",
                   test_unknown_device_id);
    return g_test_run();
}
