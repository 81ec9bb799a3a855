/*
 * xen-platform: which device the Windows bus driver takes, and what is left
 *
 * The rows of tests/libxen/activations.c on machines with the devices that they
 * name.  The guest finds them on the bus, decides and unplugs; the host must
 * see the masks of the row, and the guest must have one path to its disks and
 * one to the network.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "activation.h"
#include "xen-platform-common.h"
#include "xen-platform-guest.h"
#include "xen-platform-machine.h"

#define FIRST_SLOT 0x10

/*
 * A machine has one platform device.  Where a row names two, the second is a
 * device with its ID and nothing behind it.
 */
static void start(const uint16_t *present)
{
    g_autoptr(GString) args = g_string_new("-M pc " XP_GUEST_DEVICES
                                         XP_GUEST_NVME);
    bool platform = false;

    for (unsigned i = 0; i < ACTIVATION_MAX_DEVICES && present[i]; i++) {
        if (present[i] != XENBUS_VENDOR && !platform) {
            g_string_append_printf(args, "-device xen-platform%s,addr=0x%x ",
                                   present[i] == XENBUS_PLATFORM_2 ? "-2" : "",
                                   FIRST_SLOT + i);
            platform = true;
        } else {
            g_string_append_printf(args, "-device xen-pvdevice,"
                                   "device-id=0x%04x,addr=0x%x ",
                                   present[i], FIRST_SLOT + i);
        }
    }
    xp_guest = (XPGuest) {
        .qts = qtest_initf("-nodefaults %s %s", platform ? XP_ACCEL : "",
                           args->str),
        .nvme = true,
        .version = -1,
    };
}

static void find_devices(uint16_t *present)
{
    unsigned found = 0;

    memset(present, 0, ACTIVATION_MAX_DEVICES * sizeof(*present));
    for (unsigned slot = 0; slot < 32; slot++) {
        uint32_t id = xp_pci_read(xp_guest.qts, 0, slot, 0);

        if ((id & 0xffff) == 0x5853) {
            g_assert_cmpuint(found, <, ACTIVATION_MAX_DEVICES);
            present[found++] = id >> 16;
        }
    }
}

/* The driver either unplugs what its PV devices replace, or runs none */
static void check_paths(const ActivationOutcome *outcome, uint16_t honoured)
{
    bool disk = xp_ide_disk(xp_guest.qts, 0, 0);
    bool nic = xp_pci(xp_guest.qts, 0, 7);
    bool pv_disk = outcome->active && (honoured & UNPLUG_DISKS);
    bool pv_nic = outcome->active && (honoured & UNPLUG_NICS);

    g_assert_cmpint(disk, ==, !pv_disk);
    g_assert_cmpint(nic, ==, !pv_nic);
}

static void check_host(bool platform, const ActivationOutcome *outcome,
                       uint16_t honoured)
{
    QDict *info;

    if (!platform) {
        return;
    }
    info = xp_driver_info(xp_guest.qts);
    g_assert_cmphex(qdict_get_int(info, "unplugged"), ==, honoured);
    g_assert_cmpint(qdict_get_int(info, "build-num") != 0, ==,
                    outcome->speaks);
    qobject_unref(info);
}

static void boot(const ActivationRow *row)
{
    bool platform = activation_has_platform(&row->state);
    const PersonaHost host = {
        .version = 1, .no_magic = !platform, .no_device = !platform,
    };
    ActivationState state = row->state;
    ActivationOutcome outcome;
    PersonaResult expected = { }, got = { };
    Persona persona;
    uint16_t masks = 0;

    g_test_message("%s", row->name);
    xp_guest_assert_devices(0);
    find_devices(state.present);
    g_assert_cmpmem(state.present, sizeof(state.present),
                    row->state.present, sizeof(row->state.present));

    activation_decide(&state, &outcome, NULL);
    g_assert_cmphex(outcome.active, ==, row->expected.active);
    for (unsigned i = 0; i < PERSONA_MAX_WRITES; i++) {
        g_assert_cmphex(outcome.unplug[i], ==, row->expected.unplug[i]);
        masks |= row->expected.unplug[i];
    }

    activation_cut(activation_persona(&state), &outcome, &persona);
    if (outcome.speaks) {
        persona_play(&persona, PERSONA_BOOT, &xp_guest_ops, 0, &got);
        persona_expect(&persona, PERSONA_BOOT, &host, &expected);
        xp_assert_result(&expected, &got);
    }
    g_assert_cmphex(expected.honoured, ==, platform ? masks : 0);
    xp_guest_assert_devices(expected.honoured);
    check_paths(&outcome, expected.honoured);
    check_host(platform, &outcome, expected.honoured);
    qtest_system_reset(xp_guest.qts);
}

static bool same_devices(const ActivationRow *a, const ActivationRow *b)
{
    return !memcmp(a->state.present, b->state.present,
                   sizeof(a->state.present));
}

/* All rows with the devices of the row whose index is given */
static void test_devices(gconstpointer opaque)
{
    ActivationRow first, row;
    unsigned played = 0;

    activation_row(GPOINTER_TO_SIZE(opaque), &first);
    start(first.state.present);
    for (size_t i = 0; i < activation_count(); i++) {
        activation_row(i, &row);
        if (same_devices(&row, &first)) {
            boot(&row);
            played++;
        }
    }
    g_test_message("%u rows", played);
    qtest_quit(xp_guest.qts);
}

/* A name cut short, or given twice, would hide a row from the image */
static void test_unique_names(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                        g_free, NULL);
    ActivationRow row;

    for (size_t i = 0; i < activation_count(); i++) {
        activation_row(i, &row);
        g_assert_cmpuint(strlen(row.name), <, ACTIVATION_MAX_NAME - 1);
        g_assert_true(g_hash_table_add(names, g_strdup(row.name)));
    }
}

int main(int argc, char **argv)
{
    ActivationRow row, other;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/activation/unique-names", test_unique_names);
    for (size_t i = 0; i < activation_count(); i++) {
        g_autofree char *path = NULL;
        bool seen = false;

        activation_row(i, &row);
        for (size_t j = 0; j < i && !seen; j++) {
            activation_row(j, &other);
            seen = same_devices(&row, &other);
        }
        if (!seen) {
            path = g_strdup_printf("/activation/%04x-%04x",
                                   row.state.present[0], row.state.present[1]);
            g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_devices);
        }
    }
    return g_test_run();
}
