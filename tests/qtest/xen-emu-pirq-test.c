/*
 * Event channels of interrupts in the Xen guest environment
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqos/pci.h"
#include "libqos/pci-pc.h"
#include "qobject/qdict.h"
#include "standard-headers/linux/pci_regs.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"

#define ARGS    0x100000

#define NR_PIRQS    256     /* unless xen-evtchn-max-pirq says otherwise */
#define NR_GSIS     24

#define EDU_SLOT    5

/* Interrupt 0, to PIRQ @pirq */
#define MSI_ADDRESS(pirq)   (0xfee00000 | (pirq) << 12)

enum { STATUS_QUERY = 5, EOI = 12, MAP = 13, UNMAP = 14, GET_FREE = 23 };
enum { TYPE_MSI = 0, TYPE_GSI = 1 };

static int64_t eoi(QTestState *qts, uint32_t pirq)
{
    return xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, EOI, &pirq, sizeof(pirq));
}

/* Returns the flags, or a negative error */
static int64_t query(QTestState *qts, uint32_t pirq)
{
    uint32_t args[2] = { pirq, -1 };
    int64_t result = xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, STATUS_QUERY,
                                   args, sizeof(args));

    return result ? result : args[1];
}

/* Map @gsi to @pirq, -1 for any.  Returns the PIRQ or a negative error */
static int64_t map_pirq(QTestState *qts, int32_t gsi, int32_t pirq)
{
    struct {
        uint16_t domid;
        int32_t type, index, pirq, bus, devfn, entry_nr;
        uint64_t table_base;
    } args = {
        .domid = XEN_DOMID_SELF, .type = TYPE_GSI, .index = gsi, .pirq = pirq,
    };
    int64_t result = xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, MAP, &args,
                                   sizeof(args));

    return result ? result : args.pirq;
}

static int64_t unmap_pirq(QTestState *qts, int32_t pirq)
{
    struct {
        uint16_t domid;
        int32_t pirq;
    } args = { .domid = XEN_DOMID_SELF, .pirq = pirq };

    return xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, UNMAP, &args,
                         sizeof(args));
}

/* Returns a PIRQ or a negative error */
static int64_t get_free(QTestState *qts, int32_t type)
{
    int32_t args[2] = { type, -1 };
    int64_t result = xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, GET_FREE, args,
                                   sizeof(args));

    return result ? result : args[1];
}

static int64_t bind_pirq(QTestState *qts, uint32_t pirq)
{
    uint32_t args[3] = { pirq };

    return xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, 2, args,
                         sizeof(args));
}

/* Numbers that are no PIRQ */
static void test_range(void)
{
    static const uint32_t pirqs[] = {
        NR_PIRQS, NR_PIRQS + 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
        0xffffffff,
    };
    QTestState *qts = xp_start("-M pc");

    for (size_t i = 0; i < ARRAY_SIZE(pirqs); i++) {
        g_test_message("0x%x", pirqs[i]);
        g_assert_cmpint(eoi(qts, pirqs[i]), ==, -XEN_EINVAL);
        g_assert_cmpint(query(qts, pirqs[i]), ==, -XEN_EINVAL);
        g_assert_cmpint(unmap_pirq(qts, pirqs[i]), ==, -XEN_EINVAL);
        g_assert_cmpint(bind_pirq(qts, pirqs[i]), ==, -XEN_EINVAL);
        if ((int32_t)pirqs[i] >= 0) {
            g_assert_cmpint(map_pirq(qts, 5, pirqs[i]), ==, -XEN_EINVAL);
        }
        g_assert_cmpint(map_pirq(qts, pirqs[i], 16), ==, -XEN_EINVAL);
    }
    g_assert_cmpint(map_pirq(qts, NR_GSIS, 16), ==, -XEN_EINVAL);
    g_assert_cmpint(eoi(qts, NR_PIRQS - 1), ==, -XEN_ENOENT);
    g_assert_cmpint(query(qts, NR_PIRQS - 1), ==, -XEN_ENOENT);
    qtest_quit(qts);
}

static void test_gsi(void)
{
    QTestState *qts = xp_start("-M pc");

    g_assert_cmpint(map_pirq(qts, 5, -1), ==, 16);
    g_assert_cmpint(query(qts, 16), ==, 1);
    g_assert_cmpint(eoi(qts, 16), ==, 0);
    g_assert_cmpint(map_pirq(qts, 6, 16), ==, -XEN_EBUSY);
    g_assert_cmpint(unmap_pirq(qts, 16), ==, 0);
    g_assert_cmpint(query(qts, 16), ==, -XEN_ENOENT);

    g_assert_cmpint(get_free(qts, TYPE_MSI), ==, NR_PIRQS - 1);
    g_assert_cmpint(query(qts, NR_PIRQS - 1), ==, 0);
    g_assert_cmpint(eoi(qts, NR_PIRQS - 1), ==, -XEN_EINVAL);
    qtest_quit(qts);
}

/* None is free, those included that are not given out */
static void test_exhausted(void)
{
    QTestState *qts = xp_start("-M pc");

    for (int pirq = 0; pirq < NR_PIRQS; pirq++) {
        g_assert_cmpint(map_pirq(qts, 5, pirq), ==, pirq);
    }
    g_assert_cmpint(get_free(qts, TYPE_MSI), ==, -XEN_ENOSPC);
    g_assert_cmpint(get_free(qts, TYPE_GSI), ==, -XEN_ENOSPC);
    g_assert_cmpint(map_pirq(qts, 5, -1), ==, -XEN_ENOSPC);
    g_assert_cmpint(unmap_pirq(qts, NR_GSIS), ==, 0);
    g_assert_cmpint(get_free(qts, TYPE_MSI), ==, NR_GSIS);
    qtest_quit(qts);
}

static QTestState *start_with(const char *limit, const char *options)
{
    return qtest_initf("-nodefaults -accel qtest,xen-version=0x40011,"
                       "xen-evtchn-max-pirq=%s -M pc %s", limit, options);
}

/* Fewer than there are GSIs */
static void test_few(void)
{
    QTestState *qts = start_with("17", "");

    g_assert_cmpint(map_pirq(qts, 5, -1), ==, 16);
    g_assert_cmpint(map_pirq(qts, 6, -1), ==, -XEN_ENOSPC);
    g_assert_cmpint(get_free(qts, TYPE_MSI), ==, -XEN_ENOSPC);
    qtest_quit(qts);
}

/* QEMU could not load a machine in which it is bound */
static void test_zero(void)
{
    QTestState *qts = xp_start("-M pc");

    g_assert_cmpint(bind_pirq(qts, 0), ==, -XEN_EINVAL);
    qtest_quit(qts);
}

static QPCIDevice *edu(QPCIBus *bus)
{
    QPCIDevice *dev = qpci_device_find(bus, QPCI_DEVFN(EDU_SLOT, 0));

    g_assert_nonnull(dev);
    return dev;
}

static void set_msi(QPCIDevice *dev, uint32_t address, uint16_t data)
{
    uint8_t cap = qpci_find_capability(dev, PCI_CAP_ID_MSI, 0);
    uint16_t flags = qpci_config_readw(dev, cap + PCI_MSI_FLAGS);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(flags & PCI_MSI_FLAGS_64BIT, !=, 0);
    qpci_config_writel(dev, cap + PCI_MSI_ADDRESS_LO, address);
    qpci_config_writew(dev, cap + PCI_MSI_DATA_64, data);
    qpci_config_writew(dev, cap + PCI_MSI_FLAGS, flags | PCI_MSI_FLAGS_ENABLE);
}

/* A device that is removed leaves its PIRQ, in whatever word that is */
static void test_msi_removed(void)
{
    QTestState *qts = start_with("65", "-device edu,id=edu,addr=5");
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = edu(bus);

    g_assert_cmpint(get_free(qts, TYPE_MSI), ==, 64);
    set_msi(dev, MSI_ADDRESS(64), 0);
    g_assert_cmpint(map_pirq(qts, 5, 64), ==, -XEN_EBUSY);
    qpci_unplug_acpi_device_test(qts, "edu", EDU_SLOT);
    g_assert_cmpint(map_pirq(qts, 5, 64), ==, 64);
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

/* A device that no longer has a PIRQ leaves it to who has it next */
static void test_msi_moved(void)
{
    QTestState *qts = xp_start("-M pc -device edu,addr=5");
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = edu(bus);
    int pirq = get_free(qts, TYPE_MSI);

    set_msi(dev, MSI_ADDRESS(pirq), 0);
    g_assert_cmpint(map_pirq(qts, 5, pirq), ==, -XEN_EBUSY);
    set_msi(dev, MSI_ADDRESS(0), 0x31);
    g_assert_cmpint(map_pirq(qts, 5, pirq), ==, pirq);
    g_assert_cmpint(query(qts, pirq), ==, 1);
    set_msi(dev, MSI_ADDRESS(0), 0x32);
    g_assert_cmpint(query(qts, pirq), ==, 1);
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

/* PHYSDEVOP_map_pirq has a layout of its own in 32-bit mode */
static void test_bad_pointer(void)
{
    QTestState *qts = xp_start("-M pc -m 128");
    uint64_t args[] = { MAP, 0xf0000000 };

    g_assert_cmpint(xen_call_from(qts, (XenCaller) { .width = 32 },
                                  XEN_PHYSDEV_OP, 2, args), ==, -XEN_EFAULT);
    qtest_quit(qts);
}

/* What the monitor has to say about ports that are none */
static void test_inject(void)
{
    static const uint32_t ports[] = {
        0, 4096, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
    };
    QTestState *qts = xp_start("-M pc");
    QDict *rsp;

    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        g_autofree char *why = g_strdup_printf("Invalid port %u", ports[i]);

        rsp = qtest_qmp(qts, "{ 'execute': 'xen-event-inject',"
                        "  'arguments': { 'port': %u } }", ports[i]);
        g_assert_cmpstr(qdict_get_str(qdict_get_qdict(rsp, "error"), "desc"),
                        ==, why);
        qobject_unref(rsp);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-emu/pirq/range", test_range);
    qtest_add_func("xen-emu/pirq/gsi", test_gsi);
    qtest_add_func("xen-emu/pirq/exhausted", test_exhausted);
    qtest_add_func("xen-emu/pirq/few", test_few);
    qtest_add_func("xen-emu/pirq/zero", test_zero);
    qtest_add_func("xen-emu/pirq/msi-removed", test_msi_removed);
    qtest_add_func("xen-emu/pirq/msi-moved", test_msi_moved);
    qtest_add_func("xen-emu/pirq/bad-pointer", test_bad_pointer);
    qtest_add_func("xen-emu/pirq/inject", test_inject);
    return g_test_run();
}
