/*
 * xen-platform: the host at work on what was unplugged, in several steps
 *
 * Sizes, links, jobs, exports, throttling, I/O errors and a PV disk on the same
 * image: what the host does to a parked device shows when it is back, and what
 * it has under way when a device goes ends as it would have.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include <sys/un.h>
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "hw/pci/pci_regs.h"
#include "xen-platform-common.h"
#include "xen-platform-host.h"
#include "xen-platform-machine.h"
#include "xen-platform-sectors.h"
#include "xen-block-common.h"

#define EVERYTHING  0xf

static void reset(QTestState *qts)
{
    qtest_system_reset(qts);
    host_use(qts);
}

/* What is on it has an event of its own, before it */
static void expect_deleted(QTestState *qts, const char *id)
{
    bool found = false;

    while (!found) {
        QDict *event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");
        QDict *data = qdict_get_qdict(event, "data");

        found = !g_strcmp0(qdict_get_try_str(data, "device"), id);
        qobject_unref(event);
    }
}

/* A parked disk comes back with the size that its image has by then */
static void test_resize(void)
{
    static const uint64_t sizes[] = { HOST_SECTORS * 2, HOST_SECTORS / 2 };
    QTestState *qts = host_start(true, "");

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        xp_unplug(qts, EVERYTHING);
        for (const HostTarget *t = host_targets; t->id; t++) {
            if (t->bit & DISKS & ~NVME) {
                host_ok(qts, "block_resize { 'node-name': 'n-%s', 'size': %"
                        PRIu64 " }", t->id, sizes[i] * 512);
            }
        }
        host_check(qts, false, 0);
        qtest_system_reset(qts);
        g_assert_cmpuint(xp_ide_sectors(qts, 0, 0), ==, sizes[i]);
        g_assert_cmpuint(xp_ide_sectors(qts, 0, 1), ==, sizes[i]);
        g_assert_cmpuint(xp_ahci_sectors(qts, 3, 0), ==, sizes[i]);
        g_assert_cmpuint(xp_lsi_sectors(qts, 4, 0), ==, sizes[i]);
        g_assert_cmpuint(xp_lsi_sectors(qts, 5, 0), ==, sizes[i]);
        g_assert_cmpuint(xp_nvme_blocks(qts, 6), ==, HOST_SECTORS);
        host_use(qts);
    }
    qtest_quit(qts);
}

/* Deleted at once, without the guest; the slot takes something new */
static void test_delete(void)
{
    QTestState *qts = host_start(true, "");
    static const char *const ids[] = { "sda", "lsi2", "nvme", "nic", "far" };

    xp_unplug(qts, EVERYTHING);
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        host_ok(qts, "device_del { 'id': '%s' }", ids[i]);
        expect_deleted(qts, ids[i]);
    }
    /* What was on the adapter went with it */
    host_ok(qts, "blockdev-del { 'node-name': 'n-sdc' }");
    host_ok(qts, "blockdev-del { 'node-name': 'n-sda' }");
    host_ok(qts, "blockdev-del { 'node-name': 'n-nvme' }");
    host_ok(qts, "device_add { 'driver': 'e1000', 'id': 'nic',"
            " 'netdev': 'net-nic', 'addr': '7' }");
    host_ok(qts, "device_add { 'driver': 'rtl8139', 'id': 'far',"
            " 'netdev': 'net-far', 'bus': 'br', 'addr': '1' }");
    /* What is new stays until the machine is reset, whatever is asked again */
    xp_unplug(qts, EVERYTHING);
    qtest_system_reset(qts);
    host_check(qts, true, SDA | SDC | NVME);
    host_use(qts);
    xp_unplug(qts, EVERYTHING);
    host_check(qts, false, 0);
    qtest_quit(qts);
}

static void test_root_port(void)
{
    static const unsigned ports[] = { 4, 5 };
    QTestState *qts = xp_start(
        "-M q35 -device pcie-root-port,id=rp,chassis=1,slot=1,addr=4 "
        "-device e1000e,id=nic,bus=rp "
        "-device pcie-root-port,id=rp2,chassis=2,slot=2,addr=5 "
        "-blockdev null-co,node-name=n "
        "-device nvme,id=nvme,serial=x,drive=n,bus=rp2 ");

    xp_number_bridges(qts, ports, ARRAY_SIZE(ports));
    xp_unplug(qts, EVERYTHING);
    for (unsigned round = 0; round < 2; round++) {
        host_ok(qts, "device_del { 'id': 'nic' }");
        expect_deleted(qts, "nic");
        host_ok(qts, "device_del { 'id': 'nvme' }");
        expect_deleted(qts, "nvme");
        host_ok(qts, "device_add { 'driver': 'e1000e', 'id': 'nic',"
                " 'bus': 'rp' }");
        host_ok(qts, "device_add { 'driver': 'nvme', 'id': 'nvme',"
                " 'serial': 'x', 'drive': 'n', 'bus': 'rp2' }");
        qtest_system_reset(qts);
        xp_number_bridges(qts, ports, ARRAY_SIZE(ports));
        g_assert_true(xp_pci(qts, 1, 0));
        g_assert_true(xp_pci(qts, 2, 0));
        xp_unplug(qts, EVERYTHING);
    }
    qtest_quit(qts);
}

/* Link up, in the status register of an e1000 */
static bool link_is_up(QTestState *qts)
{
    return qtest_readl(qts, xp_bar(qts, 7, PCI_BASE_ADDRESS_0) + 8) & 2;
}

static void test_link(void)
{
    QTestState *qts = host_start(true, "");

    g_assert_true(link_is_up(qts));
    xp_unplug(qts, EVERYTHING);
    host_ok(qts, "set_link { 'name': 'nic', 'up': false }");
    reset(qts);
    g_assert_false(link_is_up(qts));
    xp_unplug(qts, EVERYTHING);
    host_ok(qts, "set_link { 'name': 'nic', 'up': true }");
    reset(qts);
    g_assert_true(link_is_up(qts));
    qtest_quit(qts);
}

static int bind_socket(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (void *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

/* Packets that came; an announcement is sent at once, and then by a timer */
static unsigned announced(QTestState *qts, int fd)
{
    char packet[2048];
    unsigned n = 0;

    host_ok(qts, "announce-self { 'initial': 50, 'max': 50, 'rounds': 3,"
            " 'step': 0 }");
    for (unsigned i = 0; i < 20; i++) {
        g_usleep(10 * 1000);
        while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0) {
            n++;
        }
    }
    return n;
}

static void test_announce(void)
{
    g_autofree char *ours = xp_tmp_path("ours");
    g_autofree char *theirs = xp_tmp_path("theirs");
    int fd = bind_socket(ours);
    QTestState *qts = xp_start(
        "-M pc -netdev dgram,id=net,local.type=unix,local.path=%s,"
        "remote.type=unix,remote.path=%s -device e1000,id=nic,netdev=net",
        theirs, ours);

    g_assert_cmpuint(announced(qts, fd), >, 0);
    xp_unplug(qts, 2);
    g_assert_cmpuint(announced(qts, fd), ==, 0);
    qtest_system_reset(qts);
    g_assert_cmpuint(announced(qts, fd), >, 0);
    qtest_quit(qts);
    close(fd);
}

/* Each property is read, and written back as it was */
static void test_properties(void)
{
    QTestState *qts = host_start(true, "");

    xp_unplug(qts, EVERYTHING);
    for (const HostTarget *t = host_targets; t->id; t++) {
        g_autofree char *path = host_fill("@path", t);
        QDict *answer = qtest_qmp(qts, "{ 'execute': 'qom-list', 'arguments':"
                                  " { 'path': %s } }", path);
        const QListEntry *e;

        QLIST_FOREACH_ENTRY(qdict_get_qlist(answer, "return"), e) {
            QDict *property = qobject_to(QDict, qlist_entry_obj(e));
            const char *name = qdict_get_str(property, "name");
            QDict *got;
            QObject *value;

            g_test_message("%s.%s", t->id, name);
            got = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments':"
                            " { 'path': %s, 'property': %s } }", path, name);
            value = qdict_get(got, "return");
            if (value) {
                qobject_unref(qtest_qmp(qts, "{ 'execute': 'qom-set',"
                                        " 'arguments': { 'path': %s,"
                                        " 'property': %s, 'value': %p } }",
                                        path, name, qobject_ref(value)));
            }
            qobject_unref(got);
        }
        qobject_unref(answer);
    }
    host_check(qts, false, 0);
    reset(qts);
    host_check(qts, true, 0);
    qtest_quit(qts);
}

/* Jobs and exports that are under way when the disk goes */
static void test_under_way(void)
{
    g_autofree char *path = xp_tmp_path("nbd");

    for (int park = 0; park < 2; park++) {
        QTestState *qts = host_start(park, "");

        g_test_message(park ? "parked" : "gone");
        host_ok(qts, "nbd-server-start { 'addr': { 'type': 'unix',"
                " 'data': { 'path': '%s' } } }", path);
        for (const HostTarget *t = host_targets; t->id; t++) {
            if (!(t->bit & DISKS)) {
                continue;
            }
            host_ok(qts, "blockdev-add { 'driver': 'null-co',"
                    " 'node-name': 'to-%s', 'size': 1048576 }", t->id);
            host_ok(qts, "blockdev-mirror { 'job-id': 'j-%s',"
                    " 'device': 'n-%s', 'target': 'to-%s', 'sync': 'full',"
                    " 'speed': 65536 }", t->id, t->id, t->id);
            host_ok(qts, "block-export-add { 'type': 'nbd', 'id': 'x-%s',"
                    " 'node-name': 'n-%s' }", t->id, t->id);
        }
        xp_unplug(qts, EVERYTHING);
        host_check(qts, false, 0);
        for (const HostTarget *t = host_targets; t->id; t++) {
            if (!(t->bit & DISKS)) {
                continue;
            }
            host_refused(qts, "in use", "blockdev-del { 'node-name': 'to-%s' }",
                         t->id);
            host_ok(qts, "block-job-set-speed { 'device': 'j-%s',"
                    " 'speed': 0 }", t->id);
            host_ok(qts, "block-export-del { 'id': 'x-%s' }", t->id);
        }
        host_end_jobs(qts);
        for (const HostTarget *t = host_targets; t->id; t++) {
            if (!(t->bit & DISKS)) {
                continue;
            }
            host_ok(qts, "blockdev-del { 'node-name': 'to-%s' }", t->id);
            if (!park && t->bit != HDB) {
                /* They kept it open, so it is the host's again */
                host_ok(qts, "blockdev-del { 'node-name': 'n-%s' }", t->id);
                host_ok(qts, "blockdev-del { 'node-name': 'f-%s' }", t->id);
            }
        }
        if (park) {
            reset(qts);
            host_check(qts, true, 0);
        }
        qtest_quit(qts);
    }
}

/* A request that waits for its turn does not keep the unplug waiting */
static void test_throttle(void)
{
    for (int park = 0; park < 2; park++) {
        QTestState *qts = host_start(park, "");
        int64_t start;

        for (const HostTarget *t = host_targets; t->id; t++) {
            if (t->bit & DISKS) {
                host_ok(qts, "block_set_io_throttle { 'id': '%s', 'bps': 1,"
                        " 'bps_rd': 0, 'bps_wr': 0, 'iops': 0, 'iops_rd': 0,"
                        " 'iops_wr': 0 }", t->id);
            }
        }
        /* Of two reads, the second one has to wait for 512 s */
        for (unsigned i = 0; i < 2; i++) {
            qtest_outb(qts, 0x1f6, 0xe0);
            qtest_outb(qts, 0x1f2, 1);
            qtest_outb(qts, 0x1f7, 0x20);
            for (unsigned n = 0; !i && n < 256; n++) {
                qtest_inw(qts, 0x1f0);
            }
        }
        start = g_get_monotonic_time();
        xp_unplug(qts, EVERYTHING);
        g_assert_cmpint(g_get_monotonic_time() - start, <,
                        5 * G_USEC_PER_SEC);
        host_check(qts, false, 0);
        if (park) {
            qtest_system_reset(qts);
            host_check(qts, true, 0);
        }
        qtest_quit(qts);
    }
}

static void expect_running(QTestState *qts, bool running)
{
    QDict *answer = host_command(qts, "query-status");

    g_assert_cmpint(qdict_get_bool(qdict_get_qdict(answer, "return"),
                                   "running"), ==, running);
    qobject_unref(answer);
}

static void access_sector(QTestState *qts, bool write, uint8_t lba)
{
    uint8_t data[512] = { 1 };

    if (write) {
        xp_ide_write(qts, 0, 0, lba, data);
        return;
    }
    qtest_outb(qts, 0x1f6, 0xe0);
    qtest_outb(qts, 0x1f2, 1);
    qtest_outb(qts, 0x1f3, lba);
    qtest_outb(qts, 0x1f7, 0x20);
    while (lba != 3 && !(qtest_inb(qts, 0x1f7) & 8)) {
        g_usleep(1000);
    }
    for (unsigned i = 0; lba != 3 && i < 256; i++) {
        qtest_inw(qts, 0x1f0);
    }
}

/*
 * An I/O error stops the machine, before the unplug or while it waits for the
 * request; `cont` then tries nothing again
 */
static void test_error(gconstpointer opaque)
{
    const char *policy = opaque;
    bool write = g_str_has_prefix(policy, "werror");
    bool late = g_str_has_suffix(policy, "late");
    g_autofree char *option = g_strndup(policy, strlen("werror"));

    for (int park = 0; park < 2; park++) {
        QTestState *qts = xp_start(
            "-M pc -object throttle-group,id=tg,x-iops-total=1 "
            "-blockdev null-co,node-name=z,read-zeroes=on,size=1048576 "
            "-blockdev '{ \"driver\": \"blkdebug\", \"node-name\": \"e\","
            " \"image\": \"z\", \"inject-error\": [ { \"event\": \"%s\","
            " \"errno\": 28, \"sector\": 3 } ] }' "
            "-blockdev raw,node-name=r,file=e "
            "-blockdev throttle,throttle-group=tg,node-name=n,file=r "
            "-device ide-hd,drive=n,bus=ide.0,unit=0,%s=stop "
            "-device ide-cd,bus=ide.1 -device xen-platform,x-park=%s",
            write ? "write_aio" : "read_aio", option,
            park ? "on" : "off");

        if (late) {
            /* After one request in this second, the next one waits */
            access_sector(qts, write, 9);
            while (qtest_inb(qts, 0x1f7) & 0x80) {
                g_usleep(1000);
            }
        }
        access_sector(qts, write, 3);
        if (!late) {
            qtest_qmp_eventwait(qts, "STOP");
        }
        xp_unplug(qts, EVERYTHING);
        if (late) {
            qtest_qmp_eventwait(qts, "STOP");
        }
        expect_running(qts, false);
        host_ok(qts, "cont");
        expect_running(qts, true);
        g_assert_false(xp_ide_disk(qts, 0, 0));
        g_assert_true(xp_ide_cd(qts, 1, 0));
        g_usleep(10 * 1000);
        expect_running(qts, true);
        qtest_system_reset(qts);
        expect_running(qts, true);
        g_assert_cmpint(xp_ide_disk(qts, 0, 0), ==, park);
        qtest_quit(qts);
    }
}

/* Objects that a device uses are the host's when it is gone, not if parked */
static void test_objects(void)
{
    for (int park = 0; park < 2; park++) {
        QTestState *qts = xp_start(
            "-M pc -object throttle-group,id=tg -object iothread,id=io "
            "-blockdev null-co,node-name=n "
            "-blockdev throttle,throttle-group=tg,node-name=t,file=n "
            "-device ide-hd,drive=t,id=hda,bus=ide.0,unit=0 "
            "-netdev user,id=net -device e1000,netdev=net,id=nic "
            "-object filter-buffer,id=fb,netdev=net,interval=1000 "
            "-device xen-platform,x-park=%s", park ? "on" : "off");

        xp_unplug(qts, EVERYTHING);
        if (park) {
            host_refused(qts, "in use", "object-del { 'id': 'tg' }");
            host_ok(qts, "object-del { 'id': 'fb' }");
            qtest_system_reset(qts);
            g_assert_true(xp_ide_disk(qts, 0, 0));
        } else {
            host_ok(qts, "object-del { 'id': 'tg' }");
        }
        host_ok(qts, "object-del { 'id': 'io' }");
        qtest_quit(qts);
    }
}

/* A PV disk on the image of the emulated one, perhaps in an iothread */
static void test_pv_disk(gconstpointer iothread)
{
    for (int park = 0; park < 2; park++) {
        g_autofree char *file = block_file("both", 1 << 20);
        BlockMachine *m = block_start(
            "-M pc -object iothread,id=io "
            "-blockdev file,node-name=f,filename=%s "
            "-blockdev raw,node-name=n,file=f "
            "-device ide-hd,id=hda,drive=n,share-rw=on,bus=ide.0,unit=0 "
            "-device xen-disk,id=xvda,drive=n,vdev=xvda,share-rw=on%s "
            "-device xen-platform,x-park=%s", file, (const char *)iothread,
            park ? "on" : "off");
        BlkRequest read = {
            .operation = BLKIF_OP_READ,
            .nr_segments = 1,
            .id = 1,
            .segments[0] = { .last = 7 },
        };

        g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
        read.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
        g_assert_true(xp_ide_disk(m->qts, 0, 0));
        block_expect_status(&m->xvda, &read, BLKIF_RSP_OKAY);
        xp_unplug(m->qts, EVERYTHING);
        g_assert_false(xp_ide_disk(m->qts, 0, 0));
        block_expect_status(&m->xvda, &read, BLKIF_RSP_OKAY);
        host_ok(m->qts, "block_resize { 'node-name': 'n', 'size': 2097152 }");
        block_expect_status(&m->xvda, &read, BLKIF_RSP_OKAY);
        host_refused(m->qts, "in use", "blockdev-del { 'node-name': 'n' }");
        block_expect_alive(m);
        block_end(m);
    }
}

/* QEMU's own: the node that it has, and a drive that has none */
static void test_same_drive(void)
{
    QTestState *qts = host_start(true, "");

    xp_unplug(qts, EVERYTHING);
    for (const HostTarget *t = host_targets; t->id; t++) {
        if (t->bit & DISKS & ~NVME) {
            host_ok(qts, "qom-set { 'path': '%s', 'property': 'drive',"
                    " 'value': 'n-%s' }", t->id, t->id);
        }
    }
    host_refused(qts, "no medium", "qom-set { 'path': 'cd',"
                 " 'property': 'drive', 'value': 'f-scsi-cd' }");
    /* Another node is what a parked disk comes back with */
    host_ok(qts, "blockdev-add { 'driver': 'null-co', 'node-name': 'new',"
            " 'size': 4096 }");
    host_ok(qts, "qom-set { 'path': 'hda', 'property': 'drive',"
            " 'value': 'new' }");
    qtest_system_reset(qts);
    g_assert_cmpuint(xp_ide_sectors(qts, 0, 0), ==, 8);
    qtest_quit(qts);
}

/* QEMU's own: nothing is merged, so that there is no backup to be freed */
static void test_empty_merge(void)
{
    QTestState *qts = xp_start("-M pc -blockdev null-co,node-name=n "
                               "-device ide-hd,drive=n");

    xp_unplug(qts, EVERYTHING);
    host_ok(qts, "block-dirty-bitmap-add { 'node': 'n', 'name': 'b' }");
    host_ok(qts, "block-dirty-bitmap-merge { 'node': 'n', 'target': 'b',"
            " 'bitmaps': [] }");
    host_ok(qts, "transaction { 'actions': [ { 'type':"
            " 'block-dirty-bitmap-merge', 'data': { 'node': 'n',"
            " 'target': 'b', 'bitmaps': [] } } ] }");
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-sequences/resize", test_resize);
    g_test_add_func("/host-sequences/delete", test_delete);
    g_test_add_func("/host-sequences/root-port", test_root_port);
    g_test_add_func("/host-sequences/link", test_link);
    g_test_add_func("/host-sequences/announce", test_announce);
    g_test_add_func("/host-sequences/properties", test_properties);
    g_test_add_func("/host-sequences/under-way", test_under_way);
    g_test_add_func("/host-sequences/throttle", test_throttle);
    g_test_add_data_func("/host-sequences/error/write", "werror", test_error);
    g_test_add_data_func("/host-sequences/error/read", "rerror", test_error);
    g_test_add_data_func("/host-sequences/error/write-late", "werror-late",
                         test_error);
    g_test_add_data_func("/host-sequences/error/read-late", "rerror-late",
                         test_error);
    g_test_add_func("/host-sequences/objects", test_objects);
    g_test_add_data_func("/host-sequences/pv-disk", "", test_pv_disk);
    g_test_add_data_func("/host-sequences/pv-disk-iothread", ",iothread=io",
                         test_pv_disk);
    g_test_add_func("/host-sequences/same-drive", test_same_drive);
    g_test_add_func("/host-sequences/empty-merge", test_empty_merge);
    return g_test_run();
}
