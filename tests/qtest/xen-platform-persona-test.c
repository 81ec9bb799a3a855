/*
 * xen-platform: every persona on the real device, over every kind of host
 *
 * Each row of tests/libxen/personas.c plays its driver.  The answers and the
 * devices that are left must be those of persona_expect(), and what the host
 * tells of the driver must be what the driver said.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-platform-common.h"
#include "xen-platform-guest.h"

#define PLATFORM_SLOT   5
#define MACHINE "-M pc " XP_GUEST_DEVICES XP_GUEST_NVME
#define XEN_MACHINE MACHINE "-device xen-platform,addr=5 "

/* How each host differs from one that lists nothing and speaks version 1 */
typedef struct Kind {
    const char *name;
    const char *options;
    bool listed;
    PersonaHost host;
    int version;    /* that the guest is told, -1: what the host says */
} Kind;

static const Kind kinds[] = {
    { "none", "", false, { .version = 1 }, -1 },
    { "reported", "", true, { .version = 1 }, -1 },
    { "enforced", "-global xen-platform.blacklist=enforce", true,
      { .version = 1, .enforced = true }, -1 },
    { "off", "-global xen-platform.blacklist=off", true, { .version = 1 }, -1 },
    { "missing", "", false, { .no_magic = true }, -1 },
    { "version-0", "", false, { .version = 0 }, 0 },
    { "version-2", "", false, { .version = 2 }, 2 },
};

/* The host's side: what it was told, and what it has done */
static void check_info(const Persona *persona, const PersonaHost *host,
                       const PersonaResult *expected, unsigned lines)
{
    QDict *info = xp_driver_info(xp_guest.qts);
    bool verdict = expected->announced && host->blacklisted;

    if (expected->announced) {
        g_assert_cmpint(qdict_get_int(info, "product-num"), ==,
                        persona->driver->product);
        g_assert_cmpint(qdict_get_int(info, "build-num"), ==,
                        persona->driver->build);
    } else {
        g_assert_cmpint(qdict_get_int(info, "product-num"), ==, 0);
    }
    g_assert_cmpint(qdict_get_bool(info, "blacklisted"), ==, verdict);
    g_assert_cmphex(qdict_get_int(info, "unplugged"), ==, expected->honoured);
    g_assert_cmpint(qdict_get_bool(info, "latched"), ==,
                    !!expected->honoured);
    g_assert_cmpint(qdict_get_int(info, "log-lines") - lines, ==,
                    expected->lines);
    qobject_unref(info);
}

static unsigned log_lines(void)
{
    QDict *info = xp_driver_info(xp_guest.qts);
    unsigned lines = qdict_get_int(info, "log-lines");

    qobject_unref(info);
    return lines;
}

static void play(const Kind *kind, const Persona *persona)
{
    PersonaHost host = kind->host;
    PersonaResult expected, got;
    unsigned lines = log_lines();

    g_test_message("%s on %s", persona->name, kind->name);
    host.blacklisted = kind->listed && xp_guest_product(persona) &&
                       !g_str_equal(kind->name, "off");
    host.bar0 = XP_BAR0;
    xp_guest_map_bar0(PLATFORM_SLOT);
    xp_guest_assert_devices(0);

    persona_play(persona, PERSONA_BOOT, &xp_guest_ops, host.bar0, &got);
    persona_expect(persona, PERSONA_BOOT, &host, &expected);
    xp_assert_result(&expected, &got);
    xp_guest_assert_devices(expected.honoured);
    check_info(persona, &host, &expected, lines);
    qtest_system_reset(xp_guest.qts);
}

static void test_kind(gconstpointer opaque)
{
    const Kind *kind = opaque;
    g_autofree char *xs = xp_tmp_path("xs");
    g_autofree char *log = xp_tmp_path("loaded");

    if (kind->listed && xp_skip_without_xenstore()) {
        return;
    }
    xp_guest = (XPGuest) {
        .qts = xp_start(XEN_MACHINE "-global xen-platform.log-rate=0 "
                        XP_GUEST_STORE "%s", xs, log, kind->options),
        .no_magic = kind->host.no_magic,
        .nvme = true,
        .version = kind->version,
    };
    for (size_t i = 0; kind->listed && i < personas_count; i++) {
        xp_guest_list(xs, log, &personas[i],
                      !g_str_equal(kind->name, "off"));
    }
    for (size_t i = 0; i < personas_count; i++) {
        play(kind, &personas[i]);
    }
    qtest_quit(xp_guest.qts);
}

/* A machine without Xen has nothing that could answer, or break */
static void test_no_xen(void)
{
    const PersonaHost host = { .no_magic = true, .no_device = true };

    xp_guest = (XPGuest) {
        .qts = qtest_init("-nodefaults " MACHINE), .nvme = true, .version = -1
    };
    for (size_t i = 0; i < personas_count; i++) {
        PersonaResult expected, got;

        g_test_message("%s without Xen", personas[i].name);
        persona_play(&personas[i], PERSONA_BOOT, &xp_guest_ops, 0, &got);
        persona_expect(&personas[i], PERSONA_BOOT, &host, &expected);
        xp_assert_result(&expected, &got);
        g_assert_cmphex(expected.honoured, ==, 0);
    }
    xp_guest_assert_devices(0);
    qtest_quit(xp_guest.qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_autofree char *path = g_strdup_printf("/persona/%s", kinds[i].name);

        g_test_add_data_func(path, &kinds[i], test_kind);
    }
    g_test_add_func("/persona/no-xen", test_no_xen);
    return g_test_run();
}
