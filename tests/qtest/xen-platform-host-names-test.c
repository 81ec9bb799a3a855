/*
 * xen-platform: what an unplugged device leaves to the host
 *
 * Every model of disk adapter and of NIC, with every way to give it an image or
 * a backend.  What is gone has its image closed and leaves no name behind, so
 * that the host may use all of them anew; what is parked has everything, until
 * the host deletes it, and is back after a reset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-host.h"

#define EVERYTHING  0xf

typedef struct Adapter {
    const char *name;
    const char *args;       /* the image is "d" */
} Adapter;

#define HBA(type) { type, "-device " type ",id=dev-hba " \
                          "-device scsi-hd,id=dev,drive=d,bus=dev-hba.0 " }

static const Adapter adapters[] = {
    { "ide", "-device ide-hd,id=dev,drive=d,bus=ide.0 " },
    { "sata", "-device ich9-ahci,id=a "
      "-device ide-hd,id=dev,drive=d,bus=a.3 " },
    HBA("lsi53c895a"), HBA("lsi53c810"), HBA("megasas"), HBA("megasas-gen2"),
    HBA("mptsas1068"), HBA("am53c974"), HBA("dc390"), HBA("pvscsi"),
    { "scsi-beside-cd", "-device lsi53c895a,id=h "
      "-device scsi-hd,id=dev,drive=d,bus=h.0 -device scsi-cd,bus=h.0 " },
    { "nvme", "-device nvme,id=dev,serial=s,drive=d " },
    { "nvme-ns", "-device nvme,id=dev-c,serial=s "
      "-device nvme-ns,id=dev,drive=d,bus=dev-c,nsid=1 " },
    { "nvme-subsys", "-device nvme-subsys,id=sub "
      "-device nvme,id=dev-c,serial=s,subsys=sub "
      "-device nvme,id=dev-c2,serial=s,subsys=sub "
      "-device nvme-ns,id=dev,drive=d,bus=dev-c,nsid=3,shared=on "
      "-blockdev null-co,node-name=d2 "
      "-device nvme-ns,id=dev2,drive=d2,bus=dev-c2,nsid=7,shared=off " },
};

typedef struct Image {
    const char *name;
    const char *args;       /* of the image "d", in the file @file@ */
    const char *free;       /* commands that must succeed when it is gone */
} Image;

#define NEW_NODE(name) \
    "blockdev-add { 'driver': 'null-co', 'node-name': '" name "' }"
#define NEW_DRIVE \
    "human-monitor-command { 'command-line': " \
    "'drive_add 0 if=none,id=d,format=raw,file=/dev/null' }"
#define FILE_NODE "-blockdev file,node-name=f,filename=@file@ "

static const Image images[] = {
    { "drive", "-drive if=none,id=d,format=raw,file=@file@ ", NEW_DRIVE },
    { "blockdev", FILE_NODE "-blockdev raw,node-name=d,file=f ",
      NEW_NODE("d") "|" NEW_NODE("f") },
    { "one-blockdev", "-blockdev raw,node-name=d,file.driver=file,"
      "file.node-name=f,file.filename=@file@ ",
      NEW_NODE("d") "|" NEW_NODE("f") },
    { "throttle", "-object throttle-group,id=tg " FILE_NODE
      "-blockdev raw,node-name=r,file=f "
      "-blockdev throttle,node-name=d,throttle-group=tg,file=r ",
      NEW_NODE("d") "|" NEW_NODE("r") "|" NEW_NODE("f") "|"
      "object-del { 'id': 'tg' }" },
    { "throttled-drive", "-drive if=none,id=d,format=raw,file=@file@,"
      "throttling.bps-total=1000000,throttling.group=g ", NEW_DRIVE },
    { "backing", FILE_NODE "-blockdev raw,node-name=b,file=f,read-only=on "
      "-blockdev copy-on-read,node-name=d,file=b ",
      NEW_NODE("d") "|" NEW_NODE("b") "|" NEW_NODE("f") },
    { "snapshot", "-drive if=none,id=d,format=raw,file=@file@,snapshot=on ",
      NEW_DRIVE },
};

static bool has_file(QTestState *qts, const char *path)
{
    g_autofree char *fds = g_strdup_printf("/proc/%d/fd", qtest_pid(qts));
    GDir *dir = g_dir_open(fds, 0, NULL);
    const char *name;
    bool found = false;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(fds, name, NULL);
        g_autofree char *to = g_file_read_link(link, NULL);

        found |= to && g_str_equal(to, path);
    }
    g_dir_close(dir);
    return found;
}

static char *fill(const char *template, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(template, "@file@", -1);

    return g_strjoinv(path, parts);
}

/* No name is left; "dev" is that of the disk, "dev-..." of its adapters */
static void expect_free(QTestState *qts, const Image *image)
{
    g_auto(GStrv) commands = g_strsplit(image->free, "|", -1);
    g_autofree char *tree = qtest_hmp(qts, "info qtree");

    g_assert_null(strstr(tree, "id \"dev"));
    for (unsigned i = 0; commands[i]; i++) {
        host_ok(qts, "%s", commands[i]);
    }
    host_ok(qts, "device_add { 'driver': 'e1000', 'id': 'dev' }");
}

typedef struct Case {
    const Adapter *adapter;
    const Image *image;
} Case;

static void test_disk(gconstpointer opaque)
{
    const Case *c = opaque;
    g_autofree char *path = xp_tmp_path("image");
    g_autofree char *args = NULL;
    g_autofree char *contents = g_malloc0(1 << 20);

    g_assert_true(g_file_set_contents(path, contents, 1 << 20, NULL));
    args = fill(c->image->args, path);
    for (int park = 0; park < 2; park++) {
        QTestState *qts = xp_start("-M pc %s %s -device xen-platform,x-park=%s",
                                   args, c->adapter->args,
                                   park ? "on" : "off");

        g_test_message(park ? "parked" : "gone");
        g_assert_true(has_file(qts, path));
        xp_unplug(qts, EVERYTHING);
        g_assert_cmpint(has_file(qts, path), ==, park);
        if (park) {
            qtest_system_reset(qts);
            xp_unplug(qts, EVERYTHING);
            g_assert_true(has_file(qts, path));
        } else {
            expect_free(qts, c->image);
        }
        qtest_system_reset(qts);
        xp_unplug(qts, EVERYTHING);
        xp_expect_alive(qts);
        qtest_quit(qts);
    }
}

/* All models of NIC on PCI that QEMU lists, to be freed with g_strfreev() */
static char **nic_models(void)
{
    g_autofree char *command = g_strdup_printf("%s -device help",
                                               getenv("QTEST_QEMU_BINARY"));
    g_autofree char *out = NULL;
    g_auto(GStrv) lines = NULL;
    GPtrArray *models = g_ptr_array_new();
    bool network = false;

    g_assert_true(g_spawn_command_line_sync(command, &out, NULL, NULL, NULL));
    lines = g_strsplit(out, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], "\"", 3);

        if (!g_str_has_prefix(lines[i], "name ")) {
            network = g_str_equal(lines[i], "Network devices:");
        } else if (network && strstr(lines[i], "bus PCI")) {
            g_ptr_array_add(models, g_strdup(words[1]));
        }
    }
    g_assert_cmpuint(models->len, >, 10);
    g_ptr_array_add(models, NULL);
    return (char **)g_ptr_array_free(models, false);
}

static bool is_rocker(const char *model)
{
    return g_str_equal(model, "rocker");
}

/* A machine with all of them */
static QTestState *start_nics(char **models, const char *park, const char *more)
{
    g_autoptr(GString) args = g_string_new("");

    for (unsigned i = 0; models[i]; i++) {
        if (is_rocker(models[i])) {
            g_string_append(args, "-device '{ \"driver\": \"rocker\","
                            " \"id\": \"rocker\","
                            " \"ports\": [ \"net-rocker\" ] }' ");
        } else {
            g_autofree char *nic = g_strdup_printf(
                "-device %s,id=%s,netdev=net-%s ",
                models[i], models[i], models[i]);

            /* The virtual functions of igb want to be far behind it */
            if (g_str_equal(models[i], "igb")) {
                g_string_prepend(args, nic);
            } else {
                g_string_append(args, nic);
            }
        }
        g_string_append_printf(args, "-netdev user,id=net-%s ", models[i]);
    }
    return xp_start("-M pc %s %s -device xen-platform,x-park=%s", args->str,
                    more, park);
}

static void test_nics_gone(void)
{
    g_auto(GStrv) models = nic_models();
    QTestState *qts = start_nics(models, "off", "");
    g_autofree char *net = NULL;

    xp_unplug(qts, 2);
    net = qtest_hmp(qts, "info network");
    if (*net) {
        g_error("left over: %s", net);
    }
    for (unsigned i = 0; models[i]; i++) {
        host_ok(qts, "netdev_add { 'type': 'user', 'id': 'net-%s' }",
                models[i]);
        host_ok(qts, "device_add { 'driver': 'e1000', 'id': '%s' }", models[i]);
    }
    qtest_system_reset(qts);
    xp_unplug(qts, 2);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

static void expect_deleted(QTestState *qts, const char *id)
{
    QDict *event;

    /* A NIC and what is on it may each have an event */
    do {
        event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");
        if (!g_strcmp0(qdict_get_try_str(qdict_get_qdict(event, "data"),
                                         "device"), id)) {
            id = NULL;
        }
        qobject_unref(event);
    } while (id);
}

static void test_nics_parked(void)
{
    g_auto(GStrv) models = nic_models();
    QTestState *qts = start_nics(models, "on", "");

    xp_unplug(qts, 2);
    for (unsigned i = 0; models[i]; i++) {
        host_refused(qts, "Duplicate",
                     "netdev_add { 'type': 'user', 'id': 'net-%s' }",
                     models[i]);
        if (i % 2) {
            /* The backend first, or the device first */
            host_ok(qts, "netdev_del { 'id': 'net-%s' }", models[i]);
        }
        host_ok(qts, "device_del { 'id': '%s' }", models[i]);
        expect_deleted(qts, models[i]);
        if (!(i % 2)) {
            host_ok(qts, "netdev_del { 'id': 'net-%s' }", models[i]);
        }
        host_ok(qts, "netdev_add { 'type': 'user', 'id': 'net-%s' }",
                models[i]);
        if (i % 3 == 0) {
            qtest_system_reset(qts);
            xp_unplug(qts, 2);
        }
    }
    qtest_system_reset(qts);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* -net, where a hub is between NICs and backends */
static void test_hub(void)
{
    for (int park = 0; park < 2; park++) {
        QTestState *qts = xp_start("-M pc -net nic,model=e1000 "
                                   "-net nic,model=rtl8139 -net user,id=u "
                                   "-device xen-platform,x-park=%s",
                                   park ? "on" : "off");
        g_autofree char *net = NULL;

        xp_unplug(qts, 2);
        net = qtest_hmp(qts, "info network");
        if (park) {
            g_assert_nonnull(strstr(net, "u: "));
            host_ok(qts, "set_link { 'name': 'u', 'up': false }");
            host_ok(qts, "announce-self { 'initial': 50, 'max': 50,"
                    " 'rounds': 1, 'step': 0 }");
            qtest_system_reset(qts);
            xp_unplug(qts, 2);
        } else {
            /* The hub itself stays, without a port */
            if (strstr(net, ": ")) {
                g_error("left over: %s", net);
            }
            host_ok(qts, "netdev_add { 'type': 'user', 'id': 'u' }");
        }
        xp_expect_alive(qts);
        qtest_quit(qts);
    }
}

static void add(const Adapter *adapter, const Image *image)
{
    g_autofree char *path = g_strdup_printf("/host-names/%s/%s", adapter->name,
                                            image->name);
    Case *c = g_new(Case, 1);

    *c = (Case) { adapter, image };
    g_test_add_data_func_full(path, c, test_disk, g_free);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned a = 0; a < ARRAY_SIZE(adapters); a++) {
        for (unsigned i = 0; i < ARRAY_SIZE(images); i++) {
            bool all = a == 0 || a == ARRAY_SIZE(adapters) - 1;

            /* A disk that cannot be written wants a device that says so */
            if ((all && i != 5) || i == a % 2) {
                add(&adapters[a], &images[i]);
            }
        }
    }
    g_test_add_func("/host-names/nics/gone", test_nics_gone);
    g_test_add_func("/host-names/nics/parked", test_nics_parked);
    g_test_add_func("/host-names/nics/hub", test_hub);
    return g_test_run();
}
