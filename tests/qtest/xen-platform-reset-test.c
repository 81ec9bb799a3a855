/*
 * xen-platform: what a machine reset brings back, and what is gone for good
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"

#define MACHINE \
    "-M pc -device xen-platform,addr=2 " \
    "-drive if=none,format=raw,file=%s,id=d-hda " \
    "-device ide-hd,id=hda,drive=d-hda,bus=ide.0,unit=0 " \
    "-device ide-cd,id=cd,bus=ide.1,unit=0 " \
    "-device ich9-ahci,id=ahci,addr=3 " \
    "-blockdev null-co,node-name=n-sata,read-zeroes=on,size=1048576 " \
    "-device ide-hd,id=sata,drive=n-sata,bus=ahci.0 " \
    "-device lsi53c895a,id=lsi,addr=4 " \
    "-device scsi-cd,id=scsi-cd,bus=lsi.0,scsi-id=1 " \
    "-blockdev null-co,node-name=n-sda,read-zeroes=on,size=1048576 " \
    "-device scsi-hd,id=sda,drive=n-sda,bus=lsi.0,scsi-id=0 " \
    "-blockdev null-co,node-name=n-ns,read-zeroes=on,size=1048576 " \
    "-device nvme,id=nvme,serial=x,drive=n-ns,addr=6 " \
    "-netdev user,id=net0 -device e1000,id=nic0,netdev=net0,addr=7 "

static char *image(void)
{
    char *path = xp_tmp_path("hda.img");
    g_autofree char *zeroes = g_malloc0(1024 * 1024);

    g_assert_true(g_file_set_contents(path, zeroes, 1024 * 1024, NULL));
    return path;
}

static void check(QTestState *qts, bool there)
{
    g_assert_cmpint(xp_ide_disk(qts, 0, 0), ==, there);
    g_assert_cmpint(xp_ahci_port(qts, 3, 0), ==, there);
    g_assert_cmpint(xp_lsi_target(qts, 4, 0), ==, there);
    g_assert_cmpint(xp_pci(qts, 0, 6), ==, there);
    g_assert_cmpint(xp_pci(qts, 0, 7), ==, there);
    /* CDs never go */
    g_assert_true(xp_ide_cd(qts, 1, 0));
    g_assert_true(xp_lsi_target(qts, 4, 1));
}

static void reset(QTestState *qts)
{
    qtest_system_reset(qts);
}

static void test_parked(void)
{
    g_autofree char *path = image();
    QTestState *qts = xp_start(MACHINE, path);
    uint8_t data[512];
    g_autofree char *got = NULL;
    g_autofree char *net = NULL;

    memset(data, 0x5a, sizeof(data));
    xp_unplug(qts, 0xf);
    check(qts, false);
    reset(qts);
    check(qts, true);

    /* With its medium, and the network backend still at its NIC */
    xp_ide_write(qts, 0, 0, 3, data);
    xp_unplug(qts, 1);
    g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
    g_assert_cmpmem(got + 3 * 512, 512, data, 512);
    net = qtest_hmp(qts, "info network");
    g_assert_nonnull(strstr(net, "nic0: "));
    g_assert_nonnull(strstr(net, " \\ net0: "));
    qtest_quit(qts);
}

static void test_state(void)
{
    QTestState *qts = xp_start("-M pc");
    QDict *info;

    xp_announce(qts, 3, 1);
    xp_unplug(qts, 3);
    qtest_outb(qts, XP_PORT, 1);
    reset(qts);
    g_assert_cmphex(qtest_inb(qts, XP_PORT), ==, 0);
    info = xp_driver_info(qts);
    g_assert_cmpint(qdict_get_int(info, "product-num"), ==, 0);
    g_assert_cmpint(qdict_get_int(info, "build-num"), ==, 0);
    g_assert_cmpint(qdict_get_int(info, "unplugged"), ==, 0);
    qobject_unref(info);
    qtest_quit(qts);
}

static unsigned count_fds(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", qtest_pid(qts));
    GDir *dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

static unsigned data_kib(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", qtest_pid(qts));
    g_autofree char *status = NULL;
    unsigned kib = 0;
    char *line;

    g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
    line = strstr(status, "VmRSS:");
    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line, "VmRSS: %u", &kib), ==, 1);
    return kib;
}

/* The first rounds fill caches, the rest must not grow */
static void test_rounds(void)
{
    g_autofree char *path = image();
    QTestState *qts = xp_start(MACHINE, path);
    unsigned fds = 0, kib = 0;

    for (unsigned round = 1; round <= 100; round++) {
        xp_unplug(qts, 9);
        xp_unplug(qts, 2);
        check(qts, false);
        reset(qts);
        check(qts, true);
        if (round == 20) {
            fds = count_fds(qts);
            kib = data_kib(qts);
        }
    }
    g_test_message("after 20 rounds %u fds %u KiB, after 100 %u fds %u KiB",
                   fds, kib, count_fds(qts), data_kib(qts));
    g_assert_cmpuint(count_fds(qts), ==, fds);
#ifndef QEMU_SANITIZE_ADDRESS   /* which keeps what is freed, and finds leaks */
    g_assert_cmpuint(data_kib(qts), <=, kib + 2048);
#endif
    qtest_quit(qts);
}

static bool qom_exists(QTestState *qts, const char *path)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'qom-list', "
                           "'arguments': { 'path': %s } }", path);
    bool exists = qdict_haskey(rsp, "return");

    qobject_unref(rsp);
    return exists;
}

/* As on real Xen, where every boot has a new QEMU */
static void test_removed(void)
{
    g_autofree char *path = image();
    g_autofree char *net = NULL;
    g_autofree char *block = NULL;
    g_autofree char *nodes = NULL;
    QTestState *qts = xp_start("-global xen-platform.x-park=off " MACHINE,
                               path);

    /* A network backend goes only with its NIC */
    xp_unplug(qts, 9);
    net = qtest_hmp(qts, "info network");
    g_assert_nonnull(strstr(net, " \\ net0: "));
    g_free(net);

    xp_unplug(qts, 2);
    check(qts, false);
    net = qtest_hmp(qts, "info network");
    g_assert_null(strstr(net, "net0"));
    block = qtest_hmp(qts, "info block");
    g_assert_null(strstr(block, "d-hda"));
    g_assert_false(qom_exists(qts, "/machine/peripheral/hda"));
    g_assert_false(qom_exists(qts, "/machine/peripheral/sata"));
    g_assert_false(qom_exists(qts, "/machine/peripheral/sda"));
    g_assert_false(qom_exists(qts, "/machine/peripheral/nvme"));
    g_assert_false(qom_exists(qts, "/machine/peripheral/nic0"));
    g_assert_true(qom_exists(qts, "/machine/peripheral/cd"));
    g_assert_true(qom_exists(qts, "/machine/peripheral/lsi"));
    /* Nothing else uses it, so that its image can be opened elsewhere */
    nodes = qtest_hmp(qts, "info block -n");
    g_assert_null(strstr(nodes, "n-sata"));

    reset(qts);
    check(qts, false);
    xp_unplug(qts, 0xf);
    check(qts, false);
    qtest_quit(qts);
}


/*
 * A write that the guest has issued and the host has not finished when the
 * disk goes: a throttled image holds it back for seconds of virtual time,
 * which do not pass here.
 */
static void test_drain(gconstpointer opaque)
{
    const char *park = opaque;
    g_autofree char *path = image();
    g_autofree char *got = NULL;
    uint8_t data[512];
    QTestState *qts = xp_start(
        "-M pc -global xen-platform.x-park=%s "
        "-object throttle-group,id=tg,x-bps-total=1 "
        "-blockdev file,node-name=f0,filename=%s "
        "-blockdev throttle,node-name=t0,throttle-group=tg,file=f0 "
        "-device ide-hd,id=hda,drive=t0,bus=ide.0,unit=0 ", park, path);

    memset(data, 0xa5, sizeof(data));
    for (unsigned lba = 0; lba < 3; lba++) {
        xp_ide_write(qts, 0, 0, lba, data);
    }
    xp_unplug(qts, 1);
    g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
    g_assert_cmpmem(got, 512, data, 512);
    g_assert_false(xp_ide_disk(qts, 0, 0));
    qtest_quit(qts);
}

/* The host removes a device while it is parked: it does not come back */
static void test_host_removes_parked(void)
{
    g_autofree char *path = image();
    QTestState *qts = xp_start(MACHINE, path);

    xp_unplug(qts, 0xf);
    qtest_qmp_assert_success(qts,
        "{ 'execute': 'device_del', 'arguments': { 'id': 'sda' } }");
    /* The controller of a parked disk: without a guest, the reset ejects it */
    qtest_qmp_assert_success(qts,
        "{ 'execute': 'device_del', 'arguments': { 'id': 'ahci' } }");
    reset(qts);
    g_assert_false(xp_pci(qts, 0, 3));
    reset(qts);
    g_assert_true(xp_ide_disk(qts, 0, 0));
    g_assert_true(xp_pci(qts, 0, 7));
    g_assert_false(xp_lsi_target(qts, 4, 0));
    g_assert_true(xp_lsi_target(qts, 4, 1));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reset/parked", test_parked);
    g_test_add_func("/reset/state", test_state);
    g_test_add_func("/reset/rounds", test_rounds);
    g_test_add_func("/reset/removed", test_removed);
    g_test_add_data_func("/reset/drain/parked", "on", test_drain);
    g_test_add_data_func("/reset/drain/removed", "off", test_drain);
    g_test_add_func("/reset/host-removes-parked", test_host_removes_parked);
    return g_test_run();
}
