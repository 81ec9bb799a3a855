/*
 * xen-platform: snapshots and migration, to itself and to and from QEMU's own
 * device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"

/* Both sides are started with everything that the guest can have unplugged */
#define MACHINE \
    "-M pc -device xen-platform,addr=2 " \
    "-drive if=none,id=d-hda,format=qcow2,file=%s " \
    "-device ide-hd,id=hda,drive=d-hda,bus=ide.0,unit=0 " \
    "-device ide-cd,id=cd,bus=ide.0,unit=1 " \
    "-device lsi53c895a,id=lsi,addr=4 " \
    "-device scsi-cd,id=scsi-cd,bus=lsi.0,scsi-id=1 " \
    "-blockdev null-co,node-name=n-sda,read-only=on,size=1048576 " \
    "-device scsi-hd,id=sda,drive=n-sda,bus=lsi.0,scsi-id=0 " \
    "-netdev user,id=net0 -device e1000,id=nic0,netdev=net0,addr=7 "

static void check(QTestState *qts, bool there)
{
    g_assert_cmpint(xp_ide_disk(qts, 0, 0), ==, there);
    g_assert_cmpint(xp_lsi_target(qts, 4, 0), ==, there);
    g_assert_cmpint(xp_pci(qts, 0, 7), ==, there);
    g_assert_true(xp_ide_cd(qts, 0, 1));
    g_assert_true(xp_lsi_target(qts, 4, 1));
}

static void check_info(QTestState *qts, unsigned product, uint32_t build,
                       unsigned unplugged)
{
    QDict *info = xp_driver_info(qts);

    g_assert_cmpint(qdict_get_int(info, "product-num"), ==, product);
    g_assert_cmpint(qdict_get_int(info, "build-num"), ==, build);
    g_assert_cmpint(qdict_get_int(info, "unplugged"), ==, unplugged);
    qobject_unref(info);
}

static void hmp_ok(QTestState *qts, const char *command)
{
    g_autofree char *said = qtest_hmp(qts, "%s", command);

    g_assert_cmpstr(said, ==, "");
}

static char *image(const char *name)
{
    char *path = xp_tmp_path(name);
    g_autofree char *command = g_strdup_printf("%s create -q -f qcow2 %s 1M",
                                               getenv("QTEST_QEMU_IMG"), path);
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                            NULL));
    g_assert_cmpint(status, ==, 0);
    return path;
}

static void test_snapshots(void)
{
    g_autofree char *hda = image("hda.qcow2");
    QTestState *qts = xp_start(MACHINE, hda);

    hmp_ok(qts, "savevm before");
    xp_announce(qts, 3, 1);
    xp_unplug(qts, 3);
    check(qts, false);
    hmp_ok(qts, "savevm after");

    hmp_ok(qts, "loadvm before");
    check(qts, true);
    check_info(qts, 0, 0, 0);

    hmp_ok(qts, "loadvm after");
    check(qts, false);
    check_info(qts, 3, 1, 3);

    /* As often as one likes, and a reset gives all back from there, too */
    hmp_ok(qts, "loadvm after");
    check(qts, false);
    qtest_system_reset(qts);
    check(qts, true);
    check_info(qts, 0, 0, 0);
    qtest_quit(qts);
}

/* Write the machine's state to a file, and have another one read it */
static void migrate(const char *options, uint32_t mask, bool parked)
{
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *hda = image("hda.qcow2");
    g_autofree char *hda2 = image("hda2.qcow2");
    QTestState *from = xp_start(MACHINE "%s", hda, options);
    QTestState *to = xp_start(MACHINE "%s -incoming defer", hda2, options);
    QDict *info;

    xp_announce(from, 0xffff, 0x00090100);
    xp_unplug(from, mask);
    qtest_outb(from, XP_PORT, 1);
    xp_save(from, path);
    g_assert_true(xp_load(to, path));
    check(to, !mask);
    check_info(to, 0xffff, 0x00090100, mask);
    g_assert_cmphex(qtest_inb(to, XP_PORT), ==, 1);
    info = xp_driver_info(to);
    g_assert_cmpint(qdict_get_bool(info, "latched"), ==, !!mask);
    qobject_unref(info);

    /* The new home gives them back as the old one would have */
    qtest_system_reset(to);
    check(to, parked || !mask);
    qtest_quit(from);
    qtest_quit(to);
}

static void test_migrate(gconstpointer opaque)
{
    migrate("", GPOINTER_TO_UINT(opaque), true);
}

/* As on Xen, where what is unplugged is removed for good */
static void test_removed(void)
{
    migrate("-global xen-platform.x-park=off ", 3, false);
}

static bool has_netdev(QTestState *qts)
{
    g_autofree char *said = qtest_hmp(qts, "info network");

    return strstr(said, "net0: ");
}

/*
 * A network backend goes with its NIC, but not when a state is loaded: libxl
 * still needs the tap device then, for its script.  It goes at the guest's next
 * request.
 */
static void test_netdev(void)
{
#define NETDEV "-M pc -global xen-platform.x-park=off " \
    "-netdev user,id=net0 -device e1000,netdev=net0 %s"
    g_autofree char *path = xp_tmp_path("state");
    QTestState *from = xp_start(NETDEV, "");
    QTestState *to = xp_start(NETDEV, "-incoming defer");

    g_assert_true(has_netdev(from));
    xp_unplug(from, 3);
    g_assert_false(has_netdev(from));
    xp_save(from, path);
    g_assert_true(xp_load(to, path));
    qtest_qmp_assert_success(to, "{ 'execute': 'cont' }");
    g_assert_true(has_netdev(to));
    xp_unplug(to, 1);
    g_assert_true(has_netdev(to));
    xp_unplug(to, 3);
    g_assert_false(has_netdev(to));
    xp_unplug(to, 3);
    qtest_quit(from);
    qtest_quit(to);
}

/* The verdict moves with the guest, and so does the emulated store */
static void test_verdict(void)
{
    static const char *const list[] = {
        "xenstore-write", "/mh/driver-blacklist/linux/1", "crashes", NULL
    };
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *xs = xp_tmp_path("xs");
    g_autofree char *tool = g_find_program_in_path(list[0]);
    g_autofree char *said = NULL;
    QTestState *from, *to;

    if (!tool) {
        g_test_skip("no xenstore-write: install xenstore-utils");
        return;
    }
    from = xp_start("-M pc -object xenstore-socket,id=xs,path=%s", xs);
    to = xp_start("-M pc -incoming defer");
    said = xp_tool(xs, list);
    g_assert_nonnull(said);
    for (unsigned i = 0; i < 1000 && qtest_inw(from, XP_PORT) == XP_MAGIC;
         i++) {
        xp_announce(from, 3, 1);
    }
    g_assert_cmphex(qtest_inw(from, XP_PORT), ==, XP_REFUSED);
    xp_save(from, path);
    g_assert_true(xp_load(to, path));
    g_assert_cmphex(qtest_inw(to, XP_PORT), ==, XP_REFUSED);

    /* Once it runs, it knows the store that came along */
    qtest_qmp_assert_success(to, "{ 'execute': 'cont' }");
    xp_announce(to, 3, 2);
    g_assert_cmphex(qtest_inw(to, XP_PORT), ==, XP_MAGIC);
    xp_announce(to, 3, 1);
    g_assert_cmphex(qtest_inw(to, XP_PORT), ==, XP_REFUSED);
    qtest_quit(from);
    qtest_quit(to);
}

#define BASELINE "-M microvm,pcie=on -nodefaults "
#define STOCK_ACCEL "-accel kvm,xen-version=0x40011," \
    "kernel-irqchip=split,device=/nonexistent "

static QTestState *start_ours(const char *more)
{
    return qtest_initf(BASELINE XP_ACCEL "-device xen-platform %s", more);
}

/*
 * QEMU's own device, unpatched: it comes up without Xen because the kvm
 * accelerator leaves xen_mode behind when it cannot be started.
 */
static QTestState *start_stock(const char *more)
{
    g_autofree char *args =
        g_strdup_printf(BASELINE STOCK_ACCEL "-device xen-platform %s", more);

    return qtest_init_with_env("QTEST_QEMU_STOCK_BINARY", args, true);
}

static bool no_stock(void)
{
    const char *stock = getenv("QTEST_QEMU_STOCK_BINARY");

    if (!stock || access(stock, X_OK)) {
        g_test_skip("no stock QEMU to compare with: run make stock");
        return true;
    }
    return false;
}

static void test_from_stock(void)
{
    g_autofree char *path = xp_tmp_path("from-stock");
    QTestState *stock, *ours;
    QDict *info;

    if (no_stock()) {
        return;
    }
    stock = start_stock("");
    qtest_outb(stock, XP_PORT, 1);
    xp_announce(stock, 3, 1);
    xp_save(stock, path);

    ours = start_ours("-incoming defer");
    g_assert_true(xp_load(ours, path));
    g_assert_cmphex(qtest_inb(ours, XP_PORT), ==, 1);
    /* It may be running on PV devices: latched until it is reset */
    info = xp_driver_info(ours);
    g_assert_true(qdict_get_bool(info, "latched"));
    qobject_unref(info);
    qtest_quit(stock);
    qtest_quit(ours);
}

static void test_to_stock(void)
{
    g_autofree char *path = xp_tmp_path("to-stock");
    QTestState *stock, *ours;

    if (no_stock()) {
        return;
    }
    ours = start_ours("");
    qtest_outb(ours, XP_PORT, 1);
    xp_log(ours, "the log leaves no state behind");
    xp_save(ours, path);
    stock = start_stock("-incoming defer");
    g_assert_true(xp_load(stock, path));
    g_assert_cmphex(qtest_inb(stock, XP_PORT), ==, 1);
    qtest_quit(stock);
    qtest_quit(ours);

    /* What stock does not know it refuses, rather than lose it */
    ours = start_ours("");
    xp_announce(ours, 3, 1);
    xp_save(ours, path);
    stock = start_stock("-incoming defer");
    g_assert_false(xp_load(stock, path));
    qtest_quit(stock);
    qtest_quit(ours);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/migration/snapshots", test_snapshots);
    g_test_add_data_func("/migration/unplugged", GUINT_TO_POINTER(3),
                         test_migrate);
    g_test_add_data_func("/migration/plugged", GUINT_TO_POINTER(0),
                         test_migrate);
    g_test_add_func("/migration/removed", test_removed);
    g_test_add_func("/migration/removed/netdev", test_netdev);
    g_test_add_func("/migration/verdict", test_verdict);
    g_test_add_func("/migration/from-stock", test_from_stock);
    g_test_add_func("/migration/to-stock", test_to_stock);
    return g_test_run();
}
