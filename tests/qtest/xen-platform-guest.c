/*
 * The test process as the guest of libxen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-common.h"
#include "xen-platform-guest.h"
#include "xen-platform-machine.h"

XPGuest xp_guest = { .version = -1 };

static QTestState *next_access(void)
{
    if (xp_guest.before) {
        xp_guest.before(xp_guest.accesses);
    }
    xp_guest.accesses++;
    return xp_guest.qts;
}

static uint8_t guest_inb(uint16_t port)
{
    uint8_t value = qtest_inb(next_access(), port);

    return port == 0x12 && xp_guest.version >= 0 ? xp_guest.version : value;
}

static uint16_t guest_inw(uint16_t port)
{
    uint16_t value = qtest_inw(next_access(), port);

    return xp_guest.no_magic ? XEN_NO_MAGIC : value;
}

static void guest_outb(uint16_t port, uint8_t value)
{
    qtest_outb(xp_guest.qts, port, value);
}

static void guest_outw(uint16_t port, uint16_t value)
{
    qtest_outw(next_access(), port, value);
}

static void guest_outl(uint16_t port, uint32_t value)
{
    qtest_outl(next_access(), port, value);
}

static void guest_outsb(uint16_t port, const void *buf, size_t len)
{
    const uint8_t *bytes = buf;

    for (size_t i = 0; i < len; i++) {
        guest_outb(port, bytes[i]);
    }
}

static void G_GNUC_PRINTF(1, 2) guest_say(const char *fmt, ...)
{
    va_list ap;
    g_autofree char *line = NULL;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_test_message("%s", line);
}

const GuestOps xp_guest_ops = {
    .inb = guest_inb,
    .inw = guest_inw,
    .outb = guest_outb,
    .outw = guest_outw,
    .outl = guest_outl,
    .outsb = guest_outsb,
    .say = guest_say,
};

void xp_guest_map_bar0(unsigned slot)
{
    xp_pci_write(xp_guest.qts, 0, slot, PCI_BASE_ADDRESS_0, XP_BAR0);
    xp_pci_write(xp_guest.qts, 0, slot, PCI_COMMAND, PCI_COMMAND_IO);
}

void xp_assert_result(const PersonaResult *expected, const PersonaResult *got)
{
    g_assert_cmphex(got->magic, ==, expected->magic);
    g_assert_cmpuint(got->version, ==, expected->version);
    g_assert_cmphex(got->magic_again, ==, expected->magic_again);
    g_assert_cmphex(got->requested, ==, expected->requested);
    g_assert_cmpuint(got->announced, ==, expected->announced);
    g_assert_cmpuint(got->lines, ==, expected->lines);
}

void xp_guest_assert_devices(uint16_t gone)
{
    QTestState *qts = xp_guest.qts;
    unsigned bridge = 8;
    bool disks = !(gone & UNPLUG_DISKS);
    bool aux = disks && !(gone & UNPLUG_AUX_IDE);
    bool nics = !(gone & UNPLUG_NICS);

    xp_number_bridges(qts, &bridge, 1);
    g_assert_cmpint(xp_ide_disk(qts, 0, 0), ==, disks);
    g_assert_cmpint(xp_ide_disk(qts, 0, 1), ==, aux);
    g_assert_cmpint(xp_ide_disk(qts, 1, 0), ==, aux);
    g_assert_true(xp_ide_cd(qts, 1, 1));
    g_assert_cmpint(xp_pci(qts, 0, 6), ==,
                    xp_guest.nvme && !(gone & UNPLUG_NVME));
    g_assert_cmpint(xp_pci(qts, 0, 7), ==, nics);
    g_assert_cmpint(xp_pci(qts, 1, 1), ==, nics);
}

#define LIST "/mh/driver-blacklist"

const char *xp_guest_product(const Persona *persona)
{
    const PersonaDriver *driver = persona->driver;

    if (driver->preamble < PERSONA_PREAMBLE_FULL) {
        return NULL;
    }
    switch (driver->product) {
    case 1:
        return "xensource-windows";
    case 2:
        return "gplpv-windows";
    case 3:
        return "linux";
    case 0xffff:
        return "experimental";
    }
    return NULL;
}

static size_t size_of(const char *path)
{
    g_autofree char *contents = NULL;
    gsize size = 0;

    g_file_get_contents(path, &contents, &size, NULL);
    return size;
}

/* Run a tool that changes the list; the watch fires in its own time */
static void change_list(const char *xs, const char *log,
                        const char *const *argv, bool loads)
{
    size_t before = size_of(log);
    g_autofree char *said = xp_tool(xs, argv);

    g_assert_nonnull(said);
    for (unsigned i = 0; loads && size_of(log) == before; i++) {
        g_assert_cmpuint(i, <, 10000);
        g_usleep(1000);
    }
}

void xp_guest_list(const char *xs, const char *log, const Persona *persona,
                   bool loads)
{
    const char *product = xp_guest_product(persona);
    g_autofree char *node = g_strdup_printf(LIST "/%s/%u", product ?: "",
                                            persona->driver->build);
    const char *argv[] = { "xenstore-write", node, "crashes", NULL };

    if (product) {
        change_list(xs, log, argv, loads);
    }
}

void xp_guest_unlist(const char *xs, const char *log)
{
    const char *argv[] = { "xenstore-rm", LIST, NULL };

    change_list(xs, log, argv, true);
}
