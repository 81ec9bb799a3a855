/*
 * xen-platform: whatever the guest has unplugged, its machine can be saved and
 * loaded, in every way that there is to save one
 *
 * A table of machines, each with one kind of device, times
 *
 *   how it goes     parked, as in emulation; gone, as on real Xen
 *   what happened   nothing; an unplug; an unplug, and then the host has
 *                   plugged in one more of the kind
 *   how it is saved migrate; snapshot-save; xen-save-devices-state, loaded with
 *                   xen-load-devices-state or, as libxl does it, with -incoming
 *
 * The target is always started with all devices.  Either it ends up as the
 * source was, or the source has refused to be saved, with the device's name.
 * query-migratable has to have said the same before.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"

#define NODE(id) \
    "-blockdev null-co,read-zeroes=on,size=1048576,node-name=n-" id " "
#define IDE(id, bus, unit) \
    NODE(id) "-device ide-hd,id=" id ",drive=n-" id ",bus=" bus ",unit=" unit \
    " "
#define HBA(type, slot) \
    "-device " type ",id=hba" slot ",addr=" slot " " \
    NODE("hd" slot) "-device scsi-hd,id=hd" slot ",drive=n-hd" slot \
    ",bus=hba" slot ".0,scsi-id=0 "
#define NIC(type, slot) \
    "-netdev user,id=net" slot " " \
    "-device " type ",id=nic" slot ",netdev=net" slot ",addr=" slot " "

/* Where what is plugged in later comes */
#define LATER_SLOT 0x1e
#define LATER "addr=0x1e"

typedef struct Place {
    bool (*there)(QTestState *qts, unsigned a, unsigned b);
    unsigned a, b;
} Place;

typedef struct Machine {
    const char *name;
    const char *type;       /* NULL: pc */
    const char *args;
    uint32_t mask;
    Place goes[24];         /* what the mask takes */
    Place stays[4];
    const char *later[3];   /* arguments of -device, by the host, one by one */
    Place later_place;
    unsigned bridge;        /* slot of one, given the secondary bus 1 */
    bool unmigratable;      /* while it is plugged in */
} Machine;

static const Machine machines[] = {
    {
        .name = "ide",
        .args = IDE("hda", "ide.0", "0") IDE("hdc", "ide.1", "0")
                "-device ide-cd,id=cd,bus=ide.0,unit=1 ",
        .mask = 1,
        .goes = { { xp_ide_disk, 0, 0 }, { xp_ide_disk, 1, 0 } },
        .stays = { { xp_ide_cd, 0, 1 } },
    }, {
        .name = "ide-aux",
        .args = IDE("hda", "ide.0", "0") IDE("hdc", "ide.1", "0"),
        .mask = 4,
        .goes = { { xp_ide_disk, 1, 0 } },
        .stays = { { xp_ide_disk, 0, 0 } },
    }, {
        .name = "ahci",
        .args = "-device ich9-ahci,id=ahci,addr=4 " IDE("sda", "ahci.0", "0")
                "-device ide-cd,id=cd,bus=ahci.1 ",
        .mask = 1,
        .goes = { { xp_ahci_port, 4, 0 } },
        .stays = { { xp_ahci_port, 4, 1 } },
    }, {
        .name = "scsi",
        .args = HBA("lsi53c895a", "4") HBA("lsi53c810", "5")
                HBA("megasas", "6") HBA("megasas-gen2", "7")
                HBA("am53c974", "8") HBA("dc390", "9")
                HBA("mptsas1068", "a") HBA("pvscsi", "b"),
        .mask = 1,
        .goes = {
            { xp_pci, 0, 4 }, { xp_pci, 0, 5 }, { xp_pci, 0, 6 },
            { xp_pci, 0, 7 }, { xp_pci, 0, 8 }, { xp_pci, 0, 9 },
            { xp_pci, 0, 0xa }, { xp_pci, 0, 0xb },
        },
        .later = {
            "lsi53c895a,id=hba," LATER,
            "scsi-hd,id=hd,drive=n-later,bus=hba.0,scsi-id=0",
        },
        .later_place = { xp_pci, 0, LATER_SLOT },
    }, {
        .name = "scsi-disk",
        .args = HBA("lsi53c895a", "4")
                "-device scsi-cd,id=cd,bus=hba4.0,scsi-id=1 ",
        .mask = 1,
        .goes = { { xp_lsi_target, 4, 0 } },
        .stays = { { xp_lsi_target, 4, 1 }, { xp_pci, 0, 4 } },
        .later = { "scsi-hd,id=hd,drive=n-later,bus=hba4.0,scsi-id=3" },
        .later_place = { xp_lsi_target, 4, 3 },
    }, {
        .name = "nvme",
        .args = NODE("ns") "-device nvme,id=nvme,serial=x,drive=n-ns,addr=4 ",
        .mask = 8,
        .goes = { { xp_pci, 0, 4 } },
        .later = { "nvme,id=nvme2,serial=y,drive=n-later," LATER },
        .later_place = { xp_pci, 0, LATER_SLOT },
        .unmigratable = true,
    }, {
        .name = "nvme-ns",
        .args = NODE("ns1") NODE("ns2")
                "-device nvme,id=nvme,serial=x,addr=4 "
                "-device nvme-ns,drive=n-ns1,bus=nvme,nsid=1 "
                "-device nvme-ns,drive=n-ns2,bus=nvme,nsid=2 ",
        .mask = 8,
        .goes = { { xp_pci, 0, 4 } },
        .unmigratable = true,
    }, {
        .name = "nvme-subsys",
        .args = NODE("ns1") NODE("ns2") "-device nvme-subsys,id=set,nqn=x "
                "-device nvme,id=nvme1,serial=x,subsys=set,addr=4 "
                "-device nvme,id=nvme2,serial=x,subsys=set,addr=5 "
                "-device nvme-ns,drive=n-ns1,bus=nvme1,nsid=1 "
                "-device nvme-ns,drive=n-ns2,bus=nvme1,nsid=2 ",
        .mask = 8,
        .goes = { { xp_pci, 0, 4 }, { xp_pci, 0, 5 } },
        .unmigratable = true,
    }, {
        .name = "nic",
        .args = NIC("e1000", "3") NIC("e1000-82544gc", "4")
                NIC("e1000-82545em", "5") NIC("e1000e", "6") NIC("i82550", "7")
                NIC("i82551", "8") NIC("i82557a", "9") NIC("i82557b", "a")
                NIC("i82557c", "b") NIC("i82558a", "c") NIC("i82558b", "d")
                NIC("i82559a", "e") NIC("i82559b", "f") NIC("i82559c", "10")
                NIC("i82559er", "11") NIC("i82562", "12") NIC("i82801", "13")
                NIC("ne2k_pci", "15") NIC("pcnet", "16")
                NIC("rtl8139", "17") NIC("tulip", "18") NIC("vmxnet3", "19")
                NIC("virtio-net-pci", "1a"),
        .mask = 2,
        .goes = {
            { xp_pci, 0, 3 }, { xp_pci, 0, 4 }, { xp_pci, 0, 5 },
            { xp_pci, 0, 6 }, { xp_pci, 0, 7 }, { xp_pci, 0, 8 },
            { xp_pci, 0, 9 }, { xp_pci, 0, 0xa }, { xp_pci, 0, 0xb },
            { xp_pci, 0, 0xc }, { xp_pci, 0, 0xd }, { xp_pci, 0, 0xe },
            { xp_pci, 0, 0xf }, { xp_pci, 0, 0x10 }, { xp_pci, 0, 0x11 },
            { xp_pci, 0, 0x12 }, { xp_pci, 0, 0x13 },
            { xp_pci, 0, 0x15 }, { xp_pci, 0, 0x16 }, { xp_pci, 0, 0x17 },
            { xp_pci, 0, 0x18 }, { xp_pci, 0, 0x19 }, { xp_pci, 0, 0x1a },
        },
        .later = { "e1000,id=later," LATER },
        .later_place = { xp_pci, 0, LATER_SLOT },
    }, {
        .name = "nic-behind-bridge",
        .args = "-device pci-bridge,id=br,chassis_nr=1,addr=4 "
                "-netdev user,id=net -device rtl8139,netdev=net,bus=br,addr=1 ",
        .mask = 2,
        .goes = { { xp_pci, 1, 1 } },
        .stays = { { xp_pci, 0, 4 } },
        .later = { "e1000,id=later,bus=br,addr=2" },
        .later_place = { xp_pci, 1, 2 },
        .bridge = 4,
    }, {
        .name = "q35",
        .type = "q35",
        .args = IDE("sda", "ide.0", "0")
                "-device ide-cd,id=cd,bus=ide.2 "
                "-device pcie-root-port,id=rp,chassis=1,slot=1,addr=4 "
                "-netdev user,id=net -device igb,netdev=net,bus=rp ",
        .mask = 3,
        .goes = { { xp_ahci_port, 31, 0 }, { xp_pci, 1, 0 } },
        .stays = { { xp_ahci_port, 31, 2 }, { xp_pci, 0, 4 } },
        .bridge = 4,
    }, {
        .name = "net-nic",
        .args = "-net nic,model=e1000 -net user ",
        .mask = 2,
        .goes = { { xp_pci, 0, 2 } },
        .later = { "rtl8139,id=later," LATER },
        .later_place = { xp_pci, 0, LATER_SLOT },
    }, {
        .name = "rocker",
        .args = "-netdev user,id=net -device '{ \"driver\": \"rocker\", "
                "\"id\": \"rocker\", \"name\": \"r\", \"addr\": \"4\", "
                "\"ports\": [ \"net\" ] }' ",
        .mask = 2,
        .goes = { { xp_pci, 0, 4 } },
        .unmigratable = true,
    },
};

typedef enum State { PLUGGED, UNPLUGGED, LATER_TOO, STATES } State;

static const char *const state_names[] = { "plugged", "unplugged", "later" };

/* Returns NULL if it was saved, else why not, to be freed with g_free() */
typedef char *SaveFn(QTestState *qts, const char *path);
/* Returns false if it was not loaded */
typedef bool LoadFn(QTestState *qts, const char *path);

static char *error_of(QDict *rsp)
{
    QDict *error = qdict_get_qdict(rsp, "error");
    char *desc = error ? g_strdup(qdict_get_str(error, "desc")) : NULL;

    qobject_unref(rsp);
    return desc;
}

static bool ended(QTestState *qts, char **why)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
    QDict *info = qdict_get_qdict(rsp, "return");
    const char *status = qdict_get_try_str(info, "status") ?: "";
    bool failed = g_str_equal(status, "failed");
    bool completed = g_str_equal(status, "completed");

    *why = failed ? g_strdup(qdict_get_try_str(info, "error-desc") ?:
                             "no reason given") : NULL;
    qobject_unref(rsp);
    return failed || completed;
}

static char *wait_migration(QTestState *qts)
{
    char *why;

    for (unsigned i = 0; i < 3000; i++) {
        if (ended(qts, &why)) {
            return why;
        }
        g_usleep(10000);
    }
    g_assert_not_reached();
}

static char *save_migrate(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    char *why = error_of(qtest_qmp(qts, "{ 'execute': 'migrate', 'arguments': "
                                   "{ 'uri': %s } }", uri));

    return why ?: wait_migration(qts);
}

static char *job(QTestState *qts, const char *command)
{
    char *why = error_of(qtest_qmp(qts, "{ 'execute': %s, 'arguments': {"
                                   "'job-id': 'job', 'tag': 'tag',"
                                   "'vmstate': 'vm', 'devices': [ 'vm' ] } }",
                                   command));
    bool done = false;

    if (why) {
        return why;
    }
    for (unsigned i = 0; i < 3000 && !done; i++) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-jobs' }");
        const QListEntry *entry = qlist_first(qdict_get_qlist(rsp, "return"));
        QDict *info = qobject_to(QDict, qlist_entry_obj(entry));

        done = g_str_equal(qdict_get_str(info, "status"), "concluded");
        if (done) {
            why = g_strdup(qdict_get_try_str(info, "error"));
        }
        qobject_unref(rsp);
        g_usleep(done ? 0 : 10000);
    }
    g_assert_true(done);
    qtest_qmp_assert_success(qts, "{ 'execute': 'job-dismiss', 'arguments': "
                             "{ 'id': 'job' } }");
    return why;
}

static char *save_snapshot(QTestState *qts, const char *path)
{
    return job(qts, "snapshot-save");
}

static bool load_snapshot(QTestState *qts, const char *path)
{
    g_autofree char *why = job(qts, "snapshot-load");

    return !why;
}

static char *save_xen(QTestState *qts, const char *path)
{
    return error_of(qtest_qmp(qts, "{ 'execute': 'xen-save-devices-state', "
                              "'arguments': { 'filename': %s } }", path));
}

static bool load_xen(QTestState *qts, const char *path)
{
    g_autofree char *why =
        error_of(qtest_qmp(qts, "{ 'execute': 'xen-load-devices-state', "
                           "'arguments': { 'filename': %s } }", path));

    return !why;
}

/* What accel/xen makes of the stream */
#define XEN_STREAM \
    "-global migration.store-global-state=off " \
    "-global migration.send-configuration=off " \
    "-global migration.send-section-footer=off " \
    "-machine suppress-vmdesc=on "

static const struct Way {
    const char *name;
    SaveFn *save;
    LoadFn *load;
    const char *args;
    const char *target_args;
} ways[] = {
    { "migrate", save_migrate, xp_load, "", "-incoming defer " },
    { "snapshot", save_snapshot, load_snapshot, "", "-S " },
    { "xen", save_xen, load_xen, XEN_STREAM, "-S " },
    { "xen-incoming", save_xen, xp_load, XEN_STREAM, "-incoming defer " },
};

typedef struct Case {
    const Machine *machine;
    const struct Way *way;
    State state;
    bool park;
} Case;

static QTestState *start(const Case *c, const char *vm, const char *more)
{
    QTestState *qts = xp_start("-M %s -device xen-platform,addr=0x1d,x-park=%s "
                               "-blockdev qcow2,node-name=vm,file.driver=file,"
                               "file.filename=%s " NODE("later") "%s%s%s",
                               c->machine->type ?: "pc",
                               c->park ? "on" : "off", vm, c->machine->args,
                               c->way->args, more);

    xp_number_bridges(qts, &c->machine->bridge, 1);
    return qts;
}

static void check_places(QTestState *qts, const Place *places, size_t n,
                         bool there, const char *what)
{
    for (size_t i = 0; i < n && places[i].there; i++) {
        const Place *p = &places[i];

        if (p->there(qts, p->a, p->b) != there) {
            g_test_message("%s: %s %u.%u is %sthere", what,
                           p->there == xp_pci ? "PCI function" :
                           p->there == xp_lsi_target ? "SCSI target" :
                           "drive", p->a, p->b, there ? "not " : "");
            g_test_fail();
        }
    }
}

static void check(const Case *c, QTestState *qts, const char *what)
{
    const Machine *m = c->machine;

    check_places(qts, m->goes, ARRAY_SIZE(m->goes), c->state == PLUGGED, what);
    check_places(qts, m->stays, ARRAY_SIZE(m->stays), true, what);
    if (c->state == LATER_TOO) {
        check_places(qts, &m->later_place, 1, true, what);
    }
}

/* Returns NULL if there is nothing in the way */
static char *query_migratable(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migratable' }");

    if (!qdict_haskey(rsp, "error")) {
        /* xenopsd takes nothing else for a yes */
        g_assert_cmpint(qdict_size(qdict_get_qdict(rsp, "return")), ==, 0);
    }
    return error_of(rsp);
}

static void device_add(QTestState *qts, const char *device)
{
    g_auto(GStrv) options = g_strsplit(device, ",", -1);
    QDict *args = qdict_new();

    qdict_put_str(args, "driver", options[0]);
    for (char **o = options + 1; *o; o++) {
        g_auto(GStrv) pair = g_strsplit(*o, "=", 2);

        if (g_str_equal(pair[0], "scsi-id")) {
            qdict_put_int(args, pair[0], atoi(pair[1]));
        } else {
            qdict_put_str(args, pair[0], pair[1]);
        }
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', "
                             "'arguments': %p }", args);
}

static char *new_image_of(const char *name, const char *format)
{
    char *path = xp_tmp_path(name);
    g_autofree char *command = g_strdup_printf("%s create -q -f %s %s 1M",
                                               getenv("QTEST_QEMU_IMG"),
                                               format, path);
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                            NULL));
    g_assert_cmpint(status, ==, 0);
    return path;
}

static char *new_image(const char *name)
{
    return new_image_of(name, "qcow2");
}

static void reach_state(const Case *c, QTestState *qts)
{
    if (c->state == PLUGGED) {
        return;
    }
    xp_unplug(qts, c->machine->mask);
    if (c->state == LATER_TOO) {
        for (unsigned i = 0; c->machine->later[i]; i++) {
            device_add(qts, c->machine->later[i]);
        }
        /* A repetition changes nothing */
        xp_unplug(qts, c->machine->mask);
    }
}

static void load(const Case *c, const char *path, const char *vm)
{
    g_autoptr(GString) more = g_string_new(c->way->target_args);
    QTestState *to;

    for (unsigned i = 0; c->state == LATER_TOO && c->machine->later[i]; i++) {
        g_string_append_printf(more, "-device %s ", c->machine->later[i]);
    }
    to = start(c, vm, more->str);
    if (!c->way->load(to, path)) {
        g_test_message("the target did not load it");
        g_test_fail();
    } else {
        check(c, to, "target");
        qtest_qmp_assert_success(to, "{ 'execute': 'cont' }");
        qtest_system_reset(to);
        if (c->park) {
            xp_number_bridges(to, &c->machine->bridge, 1);
            check_places(to, c->machine->goes, ARRAY_SIZE(c->machine->goes),
                         true, "target after reset");
        }
    }
    qtest_quit(to);
}

static void test_save(gconstpointer opaque)
{
    const Case *c = opaque;
    bool refused = c->machine->unmigratable && c->state != UNPLUGGED;
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *asked = NULL;
    g_autofree char *why = NULL;
    QTestState *from = start(c, vm, "");

    reach_state(c, from);
    check(c, from, "source");
    qtest_qmp_assert_success(from, "{ 'execute': 'stop' }");
    asked = query_migratable(from);
    why = c->way->save(from, path);
    if (refused) {
        g_assert_nonnull(why);
        g_assert_nonnull(strstr(why, "non-migratable device"));
        g_assert_cmpstr(asked, ==, why);
        /* The guest goes on as if nobody had asked */
        qtest_qmp_assert_success(from, "{ 'execute': 'cont' }");
        check(c, from, "source after the refusal");
    } else {
        g_assert_cmpstr(why, ==, NULL);
        g_assert_cmpstr(asked, ==, NULL);
    }
    qtest_quit(from);
    if (!refused) {
        load(c, path, vm);
    }
}

static void limit_bandwidth(QTestState *qts, int64_t bytes)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-set-parameters', "
                             "'arguments': { 'max-bandwidth': %" PRId64 " } }",
                             bytes);
}

static const Machine *find_machine(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
        if (g_str_equal(machines[i].name, name)) {
            return &machines[i];
        }
    }
    g_assert_not_reached();
}

/* A migration that takes a while, so that things can happen under way */
static void migrate_begin(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    limit_bandwidth(qts, 1);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
}

static char *migrate_end(QTestState *qts)
{
    char *why;

    g_assert_false(ended(qts, &why));
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    limit_bandwidth(qts, 1 << 30);
    return wait_migration(qts);
}

static void test_unplug_under_way(gconstpointer opaque)
{
    Case c = *(const Case *)opaque;
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    QTestState *from = start(&c, vm, "");

    migrate_begin(from, path);
    c.state = UNPLUGGED;
    reach_state(&c, from);
    why = migrate_end(from);
    g_assert_cmpstr(why, ==, NULL);
    qtest_quit(from);
    load(&c, path, vm);
}

/* A reset brings back what blocks, when nobody looks any more */
static void test_reset_under_way(void)
{
    Case c = { find_machine("nvme"), &ways[0], UNPLUGGED, true };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    QTestState *from = start(&c, vm, "");

    reach_state(&c, from);
    migrate_begin(from, path);
    qtest_system_reset(from);
    why = migrate_end(from);
    g_assert_nonnull(why);
    g_assert_nonnull(strstr(why, "non-migratable device"));
    qtest_qmp_assert_success(from, "{ 'execute': 'cont' }");
    c.state = PLUGGED;
    check(&c, from, "source");
    qtest_quit(from);
}

/* A device that is in the way on the target only is told there, at the end */
static void test_extra_on_target(void)
{
    Case c = { find_machine("nvme"), &ways[0], UNPLUGGED, true };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    QTestState *qts = xp_start("-M pc -device xen-platform,addr=0x1d");

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    why = save_migrate(qts, path);
    g_assert_cmpstr(why, ==, NULL);
    qtest_quit(qts);
    qts = start(&c, vm, "-incoming defer");
    g_assert_false(xp_load(qts, path));
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/*
 * An image format that cannot migrate is in the way of migrate as long as the
 * image is open, which that of a parked disk is.  xen-save-devices-state, whose
 * tool stack opens images when the source has let go, does not mind.
 */
static void test_image_format(gconstpointer opaque)
{
    bool park = GPOINTER_TO_UINT(opaque);
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *disk = new_image_of("hda.vhd", "vpc");
    g_autofree char *plugged = NULL;
    g_autofree char *unplugged = NULL;
    g_autofree char *xen = NULL;
    QTestState *qts = xp_start("-M pc -device xen-platform,x-park=%s "
                               "-drive if=none,id=d,format=vpc,file=%s "
                               "-device ide-hd,drive=d,bus=ide.0,unit=0",
                               park ? "on" : "off", disk);

    plugged = query_migratable(qts);
    g_assert_nonnull(plugged);
    g_assert_nonnull(strstr(plugged, "vpc"));
    xp_unplug(qts, 1);
    unplugged = query_migratable(qts);
    g_assert_cmpstr(unplugged, ==, park ? plugged : NULL);
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    xen = save_xen(qts, path);
    g_assert_cmpstr(xen, ==, NULL);
    qtest_quit(qts);
}

static unsigned count_fds(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", qtest_pid(qts));
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

/* A file that takes nothing is not kept open */
static void test_full(void)
{
    Case c = { find_machine("nic"), &ways[2], PLUGGED, true };
    g_autofree char *vm = new_image("vm.qcow2");
    QTestState *qts = start(&c, vm, "");
    unsigned before = count_fds(qts);

    for (unsigned i = 0; i < 8; i++) {
        g_autofree char *why = save_xen(qts, "/dev/full");

        g_assert_nonnull(why);
    }
    g_assert_cmpint(count_fds(qts), ==, before);
    qtest_quit(qts);
}

/* A migration that failed has no say in what is loaded after it */
static void test_load_after_failure(gconstpointer opaque)
{
    Case c = { find_machine("net-nic"), opaque, UNPLUGGED, true };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    g_autofree char *failed = NULL;
    QTestState *qts = start(&c, vm, "");

    reach_state(&c, qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    why = c.way->save(qts, path);
    g_assert_cmpstr(why, ==, NULL);
    failed = save_migrate(qts, "/nonexistent/state");
    g_assert_nonnull(failed);
    g_assert_true(c.way->load(qts, path));
    check(&c, qts, "after the load");
    qtest_quit(qts);
}

/*
 * A guest that real Xen has taken devices from, in the emulation: their state
 * is not in the stream, and the target parks them
 */
static void test_gone_to_parked(gconstpointer opaque)
{
    Case c = { find_machine(opaque), &ways[0], UNPLUGGED, false };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    QTestState *qts = start(&c, vm, "");

    reach_state(&c, qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    why = save_migrate(qts, path);
    g_assert_cmpstr(why, ==, NULL);
    qtest_quit(qts);
    c.park = true;
    load(&c, path, vm);
}

/* It asks for what may be unplugged, not for what was: such a device is out */
static void test_only_migratable(void)
{
    g_autofree char *said = NULL;

    said = xp_refused("-M pc " XP_ACCEL "-only-migratable "
                      NODE("ns") "-device nvme,serial=x,drive=n-ns");
    g_assert_nonnull(strstr(said, "not migratable"));
    for (unsigned i = 0; i < 2; i++) {
        static const char *const names[] = { "nic", "scsi" };
        Case c = { find_machine(names[i]), &ways[0], UNPLUGGED, true };
        g_autofree char *vm = new_image("vm.qcow2");
        g_autofree char *why = NULL;
        QTestState *qts = start(&c, vm, "-only-migratable");

        reach_state(&c, qts);
        why = query_migratable(qts);
        g_assert_cmpstr(why, ==, NULL);
        qtest_quit(qts);
    }
}

/* A stream is data from outside: what is impossible in it is refused */

#define LATER_SECTION "platform/plugged-later"
#define DRIVER_SECTION "platform/pv-driver"

static const struct Damage {
    const char *name;
    const char *section;
    size_t at;              /* behind the version, which is 4 bytes */
    unsigned size;
    uint8_t bytes[12];
} damages[] = {
    { "none", LATER_SECTION, 0, 0, { } },
    { "empty-list", LATER_SECTION, 0, 4, { 0, 0, 0, 0 } },
    { "huge-list", LATER_SECTION, 0, 4, { 0xff, 0xff, 0xff, 0xff } },
    { "long-list", LATER_SECTION, 0, 4, { 0, 1, 0, 1 } },
    { "list-beyond-end", LATER_SECTION, 0, 4, { 0, 1, 0, 0 } },
    { "no-end-of-place", LATER_SECTION, 0, 4, { 0, 0, 0, 12 } },
    { "control-character", LATER_SECTION, 5, 1, { '\n' } },
    { "not-ascii", LATER_SECTION, 5, 1, { 0xc3 } },
    { "empty-place", LATER_SECTION, 4, 1, { 0 } },
    { "no-unplug", DRIVER_SECTION, 9, 4, { 0, 0, 0, 0 } },
    { "unknown-bit", DRIVER_SECTION, 9, 4, { 0, 0, 0, 0x12 } },
    { "unknown-refused-bit", DRIVER_SECTION, 13, 4, { 0x80, 0, 0, 0 } },
};

static uint8_t *find_section(char *data, gsize size, const char *name)
{
    return memmem(data, size, name, strlen(name));
}

static void test_damage(gconstpointer opaque)
{
    const struct Damage *d = opaque;
    Case c = { find_machine("net-nic"), &ways[0], LATER_TOO, true };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *vm = new_image("vm.qcow2");
    g_autofree char *why = NULL;
    g_autofree char *data = NULL;
    QTestState *qts = start(&c, vm, "");
    uint8_t *section;
    gsize size;

    reach_state(&c, qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    why = save_migrate(qts, path);
    g_assert_cmpstr(why, ==, NULL);
    qtest_quit(qts);

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    section = find_section(data, size, d->section);
    g_assert_nonnull(section);
    memcpy(section + strlen(d->section) + 4 + d->at, d->bytes, d->size);
    g_assert_true(g_file_set_contents(path, data, size, NULL));

    qts = start(&c, vm, "-device rtl8139,id=later," LATER " -incoming defer");
    g_assert_cmpint(xp_load(qts, path), ==, !d->size);
    xp_expect_alive(qts);
    qtest_quit(qts);
}

/* A build that does not know the list can read all streams but those */
static void test_list_when_needed(void)
{
    for (State state = 0; state < STATES; state++) {
        Case c = { find_machine("net-nic"), &ways[0], state, true };
        g_autofree char *path = xp_tmp_path("state");
        g_autofree char *vm = new_image("vm.qcow2");
        g_autofree char *why = NULL;
        g_autofree char *data = NULL;
        QTestState *qts = start(&c, vm, "");
        gsize size;

        reach_state(&c, qts);
        qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
        why = save_migrate(qts, path);
        g_assert_cmpstr(why, ==, NULL);
        qtest_quit(qts);
        g_assert_true(g_file_get_contents(path, &data, &size, NULL));
        g_assert_cmpint(!!find_section(data, size, LATER_SECTION), ==,
                        state == LATER_TOO);
    }
}

/* Without XEN_PLATFORM_FULL, each machine with a part of what there is */
static void add_matrix(void)
{
    unsigned step = getenv("XEN_PLATFORM_FULL") ? 1 : 5;

    for (unsigned m = 0; m < ARRAY_SIZE(machines); m++) {
        for (unsigned i = m % step; i < ARRAY_SIZE(ways) * STATES * 2;
             i += step) {
            Case *c = g_new(Case, 1);
            g_autofree char *path = NULL;

            *c = (Case) {
                .machine = &machines[m],
                .way = &ways[i % ARRAY_SIZE(ways)],
                .state = i / ARRAY_SIZE(ways) % STATES,
                .park = i / ARRAY_SIZE(ways) / STATES,
            };
            if (c->state == LATER_TOO && !c->machine->later[0]) {
                g_free(c);
                continue;
            }
            path = g_strdup_printf("/save/%s/%s/%s/%s", c->machine->name,
                                   c->park ? "parked" : "gone",
                                   state_names[c->state], c->way->name);
            g_test_add_data_func_full(path, c, test_save, g_free);
        }
    }
}

int main(int argc, char **argv)
{
    static const char *const under_way[] = { "ide", "scsi", "nic" };

    g_test_init(&argc, &argv, NULL);
    add_matrix();
    for (unsigned i = 0; i < ARRAY_SIZE(under_way) + 1; i++) {
        Case *c = g_new(Case, 1);
        const char *kind = under_way[i % ARRAY_SIZE(under_way)];
        g_autofree char *path = NULL;

        c->machine = find_machine(kind);
        c->way = &ways[0];
        c->state = PLUGGED;
        /* Xen saves the memory itself, so that no ROM can be missed */
        c->park = i < ARRAY_SIZE(under_way);
        path = g_strdup_printf("/save/under-way/%s/%s", kind,
                               c->park ? "parked" : "gone");
        g_test_add_data_func_full(path, c, test_unplug_under_way, g_free);
    }
    g_test_add_func("/save/under-way/reset", test_reset_under_way);
    g_test_add_func("/save/extra-on-target", test_extra_on_target);
    g_test_add_func("/save/full", test_full);
    g_test_add_data_func("/save/image-format/parked", GUINT_TO_POINTER(1),
                         test_image_format);
    g_test_add_data_func("/save/image-format/gone", GUINT_TO_POINTER(0),
                         test_image_format);
    g_test_add_data_func("/save/load-after-failure/snapshot", &ways[1],
                         test_load_after_failure);
    g_test_add_data_func("/save/load-after-failure/xen", &ways[2],
                         test_load_after_failure);
    g_test_add_data_func("/save/gone-to-parked/nic", "nic",
                         test_gone_to_parked);
    g_test_add_data_func("/save/gone-to-parked/nvme", "nvme",
                         test_gone_to_parked);
    g_test_add_data_func("/save/gone-to-parked/scsi", "scsi",
                         test_gone_to_parked);
    g_test_add_func("/save/only-migratable", test_only_migratable);
    g_test_add_func("/save/list-when-needed", test_list_when_needed);
    for (unsigned i = 0; i < ARRAY_SIZE(damages); i++) {
        g_autofree char *path = g_strdup_printf("/save/damage/%s",
                                                damages[i].name);

        g_test_add_data_func(path, &damages[i], test_damage);
    }
    return g_test_run();
}
