/*
 * xen-platform: the ports by offset and width, and the BARs
 *
 * Every access of the protocol does what it is for, every other one nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-common.h"

/* What accesses can change, as far as the guest or the monitor can tell */
typedef struct Seen {
    uint64_t product;
    uint64_t build;
    uint64_t unplugged;
    uint64_t lines;
    uint64_t flags;
} Seen;

static QTestState *start(const void *machine)
{
    return xp_start("-M %s -chardev null,id=log "
                    "-global xen-platform.log-chardev=log",
                    (const char *)machine);
}

static Seen look(QTestState *qts)
{
    g_autoptr(QDict) info = xp_driver_info(qts);

    return (Seen) {
        .product = qdict_get_int(info, "product-num"),
        .build = qdict_get_int(info, "build-num"),
        .unplugged = qdict_get_int(info, "unplugged"),
        .lines = qdict_get_int(info, "log-lines"),
        .flags = qtest_inb(qts, XP_PORT),
    };
}

/* Returns whether @expected is seen, and says what is not */
static bool check_seen(QTestState *qts, const char *where, unsigned offset,
                       unsigned size, uint32_t value, const Seen *expected)
{
    Seen got = look(qts);

    if (!memcmp(&got, expected, sizeof(got))) {
        return true;
    }
    g_test_message("%s+0x%x, write of %u bytes of 0x%x: expected product "
                   "%" PRIu64 " build %" PRIu64 " unplugged %" PRIu64
                   " lines %" PRIu64 " flags %" PRIu64 ", got %" PRIu64
                   " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                   where, offset, size, value,
                   expected->product, expected->build, expected->unplugged,
                   expected->lines, expected->flags,
                   got.product, got.build, got.unplugged, got.lines, got.flags);
    g_test_fail();
    return false;
}

static uint32_t ones(unsigned size)
{
    return UINT32_MAX >> (32 - 8 * size);
}

static void out(QTestState *qts, unsigned port, unsigned size, uint32_t value)
{
    switch (size) {
    case 1:
        qtest_outb(qts, port, value);
        break;
    case 2:
        qtest_outw(qts, port, value);
        break;
    default:
        qtest_outl(qts, port, value);
    }
}

static uint32_t in(QTestState *qts, unsigned port, unsigned size)
{
    return size == 1 ? qtest_inb(qts, port) :
           size == 2 ? qtest_inw(qts, port) : qtest_inl(qts, port);
}

static Seen expect_write(unsigned offset, unsigned size, uint32_t value)
{
    Seen seen = { };

    value &= ones(size);
    switch (offset << 4 | size) {
    case 0x01:
        seen.flags = value & 1;
        break;
    case 0x02:
        seen.unplugged = value & 0xf;
        break;
    case 0x04:
        seen.build = value;
        break;
    case 0x21:
        seen.lines = value == '\n';
        break;
    case 0x22:
        seen.product = value;
        break;
    }
    return seen;
}

static void test_writes(const void *machine)
{
    /* Between them, they would show if taken for anything */
    static const uint32_t values[] = { 0x0a0a0a0a, 0x0b0b0b0b, 0x01010101 };
    QTestState *qts = start(machine);
    uint64_t lines = 0;

    for (unsigned n = 0; n < 16 * 3 * ARRAY_SIZE(values); n++) {
        unsigned offset = n % 16;
        unsigned size = 1 << (n / 16 % 3);
        uint32_t value = values[n / 16 / 3];
        Seen expected = expect_write(offset, size, value);

        expected.lines += lines;
        out(qts, XP_PORT + offset, size, value);
        check_seen(qts, "port 0x10", offset, size, value, &expected);
        if (offset == 0 || offset == 2) {
            qtest_system_reset(qts);
            lines = look(qts).lines;
        }
    }
    qtest_quit(qts);
}

static void test_reads(const void *machine)
{
    QTestState *qts = start(machine);

    qtest_outb(qts, XP_PORT, 1);
    for (unsigned n = 0; n < 16 * 3; n++) {
        unsigned offset = n % 16;
        unsigned size = 1 << (n / 16);
        /* What lies beyond port 0x1f is the interrupt controller's */
        uint32_t ours = ones(MIN(size, 16 - offset));
        uint32_t got = in(qts, XP_PORT + offset, size) & ours;
        uint32_t expected = offset == 0 && size == 1 ? 1 :
                            offset == 0 && size == 2 ? XP_MAGIC :
                            offset == 2 && size == 1 ? 1 : ours;

        if (got != expected) {
            g_test_message("port 0x%x, read of %u bytes: expected 0x%x, "
                           "got 0x%x", XP_PORT + offset, size, expected, got);
            g_test_fail();
        }
    }
    qtest_quit(qts);
}

/* win-xenbus registers its console before it looks for the device */
static void test_log_before_magic(const void *machine)
{
    QTestState *qts = start(machine);
    g_autofree char *line = g_strnfill(255, 'x');
    g_autoptr(QDict) info = NULL;

    for (unsigned i = 0; i < 4; i++) {
        xp_log(qts, line);
        xp_log(qts, "\n");
    }
    info = xp_driver_info(qts);
    g_assert_cmpint(qdict_get_int(info, "log-lines"), ==, 4);
    g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
    qtest_quit(qts);
}

static void test_flags(const void *machine)
{
    static const struct {
        uint8_t written;
        uint8_t read;
    } flags[] = {
        { 0xff, 1 }, { 0xfe, 0 }, { 0x01, 1 }, { 0x80, 0 }, { 0x81, 1 },
    };
    QTestState *qts = start(machine);

    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
        qtest_outb(qts, XP_PORT, flags[i].written);
        g_assert_cmphex(qtest_inb(qts, XP_PORT), ==, flags[i].read);
    }
    qtest_quit(qts);
}

/* SUSE's VMDP sends a product number that nobody registered */
static void test_unregistered_product(const void *machine)
{
    QTestState *qts = start(machine);
    g_autoptr(QDict) info = NULL;

    xp_announce(qts, 205, 20505);
    info = xp_driver_info(qts);
    g_assert_cmpint(qdict_get_int(info, "product-num"), ==, 205);
    g_assert_cmpint(qdict_get_int(info, "build-num"), ==, 20505);
    g_assert_false(qdict_haskey(info, "product-name"));
    g_assert_false(qdict_get_bool(info, "blacklisted"));
    g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
    qtest_quit(qts);
}

static void test_reset(const void *machine)
{
    QTestState *qts = start(machine);
    Seen full = {
        .product = 3, .build = 1, .unplugged = 3, .lines = 1, .flags = 1
    };
    Seen empty = { .lines = 1 };

    qtest_outb(qts, XP_PORT, 1);
    xp_log(qts, "line\n");
    xp_announce(qts, 3, 1);
    xp_unplug(qts, 3);
    g_assert_true(check_seen(qts, "before the reset", 0, 0, 0, &full));
    qtest_system_reset(qts);
    g_assert_true(check_seen(qts, "after the reset", 0, 0, 0, &empty));
    g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
    qtest_quit(qts);
}

/* Of a wider write, each byte counts where it lands */
static const struct {
    uint8_t offset;
    uint8_t size;
    uint32_t value;
    Seen expected;
} bar_writes[] = {
    { 0, 1, 0xff, { .flags = 1 } },
    { 0, 1, 0xfe, { } },
    { 0, 2, 0x00ff, { .flags = 1 } },
    { 0, 4, 0xffffff01, { .flags = 1 } },
    { 4, 1, 1, { .unplugged = 3 } },
    { 4, 2, 1, { .unplugged = 3 } },
    { 4, 4, 1, { .unplugged = 3 } },
    { 4, 4, 0xffffff01, { .unplugged = 3 } },
    { 4, 1, 0, { } },
    { 4, 1, 2, { } },
    { 4, 1, 3, { } },
    { 4, 1, 0xff, { } },
    { 4, 4, 0x01010100, { } },
    { 8, 1, 1, { .unplugged = 1 } },
    { 8, 2, 1, { .unplugged = 1 } },
    { 8, 4, 1, { .unplugged = 1 } },
    { 8, 1, 2, { .unplugged = 2 } },
    { 8, 4, 2, { .unplugged = 2 } },
    { 8, 4, 0x02020201, { .unplugged = 1 } },
    { 8, 1, '\n', { .lines = 1 } },
    { 8, 4, '\n', { .lines = 1 } },
    { 8, 1, 3, { } },
};

static void test_bar0(const void *machine)
{
    QTestState *qts = start(machine);
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = xp_pci_device(bus, 0x0001);
    uint64_t lines = 0;
    uint64_t bar_size;
    QPCIBar bar;

    for (unsigned i = 0; i < ARRAY_SIZE(bar_writes); i++) {
        Seen expected = bar_writes[i].expected;

        /* A reset takes its address away */
        bus->pio_alloc_ptr = 0xc000;
        bar = qpci_iomap(dev, 0, &bar_size);
        g_assert_true(bar.is_io);
        g_assert_cmphex(bar_size, ==, 0x100);
        qpci_device_enable(dev);

        expected.lines += lines;
        out(qts, bar.addr + bar_writes[i].offset, bar_writes[i].size,
            bar_writes[i].value);
        check_seen(qts, "BAR0", bar_writes[i].offset, bar_writes[i].size,
                   bar_writes[i].value, &expected);
        g_assert_cmphex(qpci_io_readb(dev, bar, 0), ==, expected.flags);
        qtest_system_reset(qts);
        lines = look(qts).lines;
    }
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

static void test_bar0_rest(const void *machine)
{
    static const uint32_t values[] = { 0x01010101, 0x0a0a0a0a };
    QTestState *qts = start(machine);
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = xp_pci_device(bus, 0x0001);
    QPCIBar bar = qpci_iomap(dev, 0, NULL);
    Seen nothing = { };

    qpci_device_enable(dev);
    for (unsigned n = 0; n < 0x100 * ARRAY_SIZE(values); n++) {
        unsigned offset = n % 0x100;
        uint32_t value = values[n / 0x100];

        if (offset != 0 && offset != 4 && offset != 8) {
            qpci_io_writeb(dev, bar, offset, value);
            g_assert_cmphex(qpci_io_readb(dev, bar, offset), ==, 0xff);
        }
        if (offset > 8 && offset % 4 == 0) {
            qpci_io_writew(dev, bar, offset, value);
            qpci_io_writel(dev, bar, offset, value);
            g_assert_cmphex(qpci_io_readl(dev, bar, offset), ==, 0xffffffff);
        }
    }
    check_seen(qts, "BAR0 but offsets 0, 4, 8", 0, 0, 0, &nothing);
    g_assert_cmphex(qpci_io_readl(dev, bar, 0), ==, 0xffffff00);
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

static void test_bar1(const void *machine)
{
    static const uint32_t offsets[] = { 0, 0x1000, 8 * MiB, 16 * MiB - 8 };
    QTestState *qts = start(machine);
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    QPCIDevice *dev = xp_pci_device(bus, 0x0001);
    Seen nothing = { };
    uint64_t size;
    QPCIBar bar = qpci_iomap(dev, 1, &size);

    qpci_device_enable(dev);
    g_assert_false(bar.is_io);
    g_assert_cmphex(size, ==, 16 * MiB);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_1) & 0xf, ==,
                    PCI_BASE_ADDRESS_MEM_PREFETCH);
    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        qpci_io_writeb(dev, bar, offsets[i], 0x0a);
        qpci_io_writew(dev, bar, offsets[i], 0x0101);
        qpci_io_writel(dev, bar, offsets[i], UINT32_MAX);
        qpci_io_writeq(dev, bar, offsets[i], UINT64_MAX);
        g_assert_cmphex(qpci_io_readb(dev, bar, offsets[i]), ==, 0);
        g_assert_cmphex(qpci_io_readw(dev, bar, offsets[i]), ==, 0);
        g_assert_cmphex(qpci_io_readl(dev, bar, offsets[i]), ==, 0);
        g_assert_cmphex(qpci_io_readq(dev, bar, offsets[i]), ==, 0);
    }
    check_seen(qts, "BAR1", 0, 0, 0, &nothing);
    g_free(dev);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

static const struct {
    const char *name;
    void (*run)(const void *machine);
} tests[] = {
    { "writes", test_writes },
    { "reads", test_reads },
    { "log-before-magic", test_log_before_magic },
    { "flags", test_flags },
    { "unregistered-product", test_unregistered_product },
    { "reset", test_reset },
    { "bar0", test_bar0 },
    { "bar0-rest", test_bar0_rest },
    { "bar1", test_bar1 },
};

int main(int argc, char **argv)
{
    static const char *const machines[] = { "pc", "q35" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(tests) * ARRAY_SIZE(machines); i++) {
        const char *machine = machines[i % 2];
        g_autofree char *path = g_strdup_printf("xen-platform/ports/%s/%s",
                                                tests[i / 2].name, machine);

        qtest_add_data_func(path, machine, tests[i / 2].run);
    }
    return g_test_run();
}
