/*
 * xen-platform: command lines that must be refused, with a sentence that helps,
 * and those that must work
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/un.h>
#include "qobject/qdict.h"
#include "xen-platform-common.h"

#define XEN     "-accel qtest,xen-version="
#define PLATFORM "-accel qtest,xen-version=0x40011 -M pc -device xen-platform"
#define PVDEVICE "-accel qtest,xen-version=0x40011 -M pc " \
                 "-device xen-pvdevice,device-id=0xc000"
#define NOT_A_VERSION " is not a Xen version"
#define NOT_A_NUMBER "xen-version is not a number"
#define ONLY_ONE "this machine has a xen-platform device already"

/* What is said names the option, the value and what would be accepted */
typedef struct Refused {
    const char *name;
    const char *args;
    const char *says[4];
} Refused;

static const Refused refused[] = {
    { "version/small", XEN "1 -M pc",
      { "xen-version=0x1" NOT_A_VERSION, "0x40011", "0x30000", "0x400ff" } },
    { "version/major", XEN "0x50000 -M pc",
      { "xen-version=0x50000" NOT_A_VERSION, "0x40011", "0x30000" } },
    { "version/minor", XEN "0x40100 -M pc",
      { "xen-version=0x40100" NOT_A_VERSION, "0x40011" } },
    { "version/minor-of-3", XEN "0x30100 -M pc",
      { "xen-version=0x30100" NOT_A_VERSION, "0x40011" } },
    { "version/dotted", XEN "4.17 -M pc", { NOT_A_NUMBER, "0x40011" } },
    { "version/text", XEN "xen -M pc", { NOT_A_NUMBER, "0x40011" } },
    { "version/empty", XEN " -M pc", { NOT_A_NUMBER, "0x40011" } },
    { "version/negative", XEN "-1 -M pc", { "xen-version" } },
    { "version/huge", XEN "0x100040011 -M pc", { "xen-version" } },
    { "version/tcg", "-accel tcg,xen-version=0x50000 -M q35",
      { "xen-version=0x50000" NOT_A_VERSION, "0x40011" } },
    { "version/machine-none", XEN "0x40011 -M none",
      { "xen-version", "machine 'none'", "pc and q35" } },
    { "version/machine-none-tcg", "-accel tcg,xen-version=0x40011 -M none",
      { "xen-version", "machine 'none'", "pc and q35" } },
    { "version/microvm", "-accel tcg,xen-version=0x40011 -M microvm",
      { "xen-version", "machine 'microvm'", "pc and q35" } },
    { "limits/gnttab", XEN "0x40011,xen-gnttab-max-frames=0 -M pc",
      { "xen-gnttab-max-frames=0", "at least 1" } },
    { "limits/pirq", XEN "0x40011,xen-evtchn-max-pirq=0 -M pc",
      { "xen-evtchn-max-pirq=0", "at least 1" } },

    { "without-xen/platform", "-accel qtest -M pc -device xen-platform",
      { "xen-platform", "requires a Xen guest",
        "-accel tcg,xen-version=0x40011" } },
    { "without-xen/platform-2", "-accel qtest -M q35 -device xen-platform-2",
      { "xen-platform", "requires a Xen guest",
        "-accel tcg,xen-version=0x40011" } },
    { "without-xen/tcg", "-accel tcg -M pc -device xen-platform",
      { "xen-platform", "requires a Xen guest" } },
    { "without-xen/version-0", XEN "0 -M pc -device xen-platform",
      { "xen-platform", "requires a Xen guest" } },
    { "without-xen/disk", "-accel qtest -M pc -blockdev null-co,node-name=d "
      "-device xen-disk,drive=d", { "xen-bus", "xen-disk" } },

    { "device-id/0", PLATFORM ",device-id=0",
      { "device-id=0x0000", "0x0001 or 0x0002", "0xfffe" } },
    { "device-id/ffff", PLATFORM ",device-id=0xffff",
      { "device-id=0xffff", "0x0001 or 0x0002", "0xfffe" } },
    { "device-id/large", PLATFORM ",device-id=0x10000", { "device-id" } },
    { "device-id/global", XEN "0x40011 -M pc -global xen-platform.device-id=0",
      { "device-id=0x0000", "0x0001 or 0x0002" } },
    { "second/same", PLATFORM " -device xen-platform",
      { ONLY_ONE, "only one", "0x10-0x1f" } },
    { "second/platform-2", PLATFORM " -device xen-platform-2",
      { ONLY_ONE, "only one", "0x10-0x1f" } },
    { "second/twice-2", PLATFORM "-2 -device xen-platform-2",
      { ONLY_ONE, "only one", "0x10-0x1f" } },
    { "log/burst", PLATFORM ",log-burst=8191",
      { "log-burst=8191", "at least 8192" } },
    { "log/burst-0", PLATFORM ",log-burst=0",
      { "log-burst=0", "at least 8192" } },
    { "log/rate", PLATFORM ",log-rate=fast", { "log-rate" } },
    { "log/chardev", PLATFORM ",log-chardev=nope", { "log-chardev", "nope" } },
    { "log/chardev-global",
      XEN "0x40011 -M pc -global xen-platform.log-chardev=nope",
      { "log-chardev", "nope" } },
    { "log/chardev-taken", "-chardev null,id=c -serial chardev:c "
      PLATFORM ",log-chardev=c", { "log-chardev", "'c'", "in use" } },
    { "blacklist", PLATFORM ",blacklist=foo",
      { "blacklist=foo", "report, enforce or off" } },
    { "unknown-property", PLATFORM ",colour=red",
      { "colour", "xen-platform" } },

    { "pvdevice/size-0", PVDEVICE ",size=0",
      { "size=0x0", "power of two", "0x10" } },
    { "pvdevice/size-8", PVDEVICE ",size=8",
      { "size=0x8", "power of two", "0x10" } },
    { "pvdevice/size", PVDEVICE ",size=0x300000",
      { "size=0x300000", "power of two" } },
    { "pvdevice/no-id", XEN "0x40011 -M pc -device xen-pvdevice",
      { "xen-pvdevice", "Device ID" } },
};

static void test_refused(const void *data)
{
    const Refused *row = data;
    g_autofree char *said = xp_refused("%s", row->args);
    g_auto(GStrv) lines = g_strsplit(said, "\n", -1);

    /* accel-system.c adds its own for a machine that cannot do it */
    if (g_strv_length(lines) != 2 &&
        !(g_strv_length(lines) == 3 &&
          strstr(lines[1], "failed to initialize"))) {
        g_test_message("expected one sentence, got: %s", said);
        g_test_fail();
    }
    for (unsigned i = 0; i < ARRAY_SIZE(row->says) && row->says[i]; i++) {
        if (!strstr(said, row->says[i])) {
            g_test_message("expected '%s' in: %s", row->says[i], said);
            g_test_fail();
        }
    }
}

static void check_second_refused(QTestState *qts, const char *type)
{
    QDict *error = qtest_qmp_assert_failure_ref(qts,
        "{ 'execute': 'device_add', 'arguments': { 'driver': %s } }", type);

    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), ONLY_ONE));
    qobject_unref(error);
}

/* The first device is none the worse for it */
static void test_hot_added_second(void)
{
    QTestState *qts = xp_start("-M pc");

    xp_announce(qts, 3, 1);
    for (unsigned i = 0; i < 10; i++) {
        g_autoptr(QDict) info = NULL;

        check_second_refused(qts, i % 2 ? "xen-platform" : "xen-platform-2");
        info = xp_driver_info(qts);
        g_assert_cmpint(qdict_get_int(info, "product-num"), ==, 3);
        g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
        g_assert_cmphex(qtest_inb(qts, XP_PORT + 2), ==, 1);
    }
    qtest_quit(qts);
}

/* What the guest was told holds */
static void test_set_later(void)
{
    static const struct {
        const char *name;
        const char *value;
    } properties[] = {
        { "blacklist", "off" }, { "device-id", "2" }, { "revision", "2" },
        { "log-chardev", "log" }, { "log-rate", "0" }, { "log-burst", "1" },
    };
    QTestState *qts = xp_start("-M pc -chardev null,id=log "
                               "-device xen-platform,id=xp");

    for (unsigned i = 0; i < ARRAY_SIZE(properties); i++) {
        g_autofree char *said = qtest_hmp(qts, "qom-set /machine/peripheral/xp "
                                          "%s %s", properties[i].name,
                                          properties[i].value);

        if (!g_str_has_prefix(said, "Error: ") ||
            !strstr(said, properties[i].name)) {
            g_test_message("expected an error that names '%s', got: %s",
                           properties[i].name, said);
            g_test_fail();
        }
    }
    qtest_quit(qts);
}

/* Nothing of Xen is in a machine that did not ask for it */
static void test_without_xen_version(const void *accel)
{
    static const char *const machines[] = { "pc", "q35" };

    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
        QTestState *qts = qtest_initf("-nodefaults -accel %s -S -M %s",
                                      (const char *)accel, machines[i]);
        g_autofree char *qtree = qtest_hmp(qts, "info qtree");
        g_autofree char *qom = qtest_hmp(qts, "info qom-tree");
        g_autofree char *mtree = qtest_hmp(qts, "info mtree");

        g_assert_nonnull(strstr(qtree, "main-system-bus"));
        g_assert_null(strstr(qtree, "xen"));
        g_assert_nonnull(strstr(qom, "/peripheral"));
        g_assert_null(strstr(qom, "xen"));
        g_assert_null(strstr(mtree, "xen"));
        g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, 0xffff);
        qtest_quit(qts);
    }
}

static void test_backends(const void *accel)
{
    static const char *const machines[] = { "pc", "q35" };
    static const char *const devices[] = {
        "dev: xen-platform,", "dev: xen-disk,", "dev: xen-net-device,",
        "dev: xen-console,",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
        g_autofree char *path = xp_tmp_path("net");
        QTestState *qts = qtest_initf("-nodefaults -accel %s,"
            "xen-version=0x40011 -S -M %s "
            "-blockdev null-co,node-name=d -device xen-disk,drive=d,vdev=xvda "
            "-netdev stream,server=on,addr.type=unix,addr.path=%s,id=n "
            "-device xen-net-device,netdev=n "
            "-chardev null,id=c -device xen-console,chardev=c",
            (const char *)accel, machines[i], path);
        g_autofree char *qtree = qtest_hmp(qts, "info qtree");

        for (unsigned j = 0; j < ARRAY_SIZE(devices); j++) {
            if (!strstr(qtree, devices[j])) {
                g_test_message("no '%s' on %s in %s", devices[j], machines[i],
                               qtree);
                g_test_fail();
            }
        }
        g_assert_cmphex(qtest_inw(qts, XP_PORT), ==, XP_MAGIC);
        qtest_quit(qts);
    }
}

/*
 * libxl listens at a path and passes the socket: with dm_restrict=1 for a first
 * QEMU that it asks for its options, and soon at the same path for the guest's.
 */
static void test_passed_socket(void)
{
    g_autofree char *folder = g_dir_make_tmp("xen-platform-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "qmp", NULL);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    QTestState *qts;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)),
                    ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    qts = qtest_initf("-M none -chardev socket,id=libxl-cmd,fd=%d,server=on,"
                      "wait=off -mon chardev=libxl-cmd,mode=control", fd);
    close(fd);
    qtest_qmp_assert_success(qts, "{ 'execute': 'quit' }");
    qtest_wait_qemu(qts);
    qtest_quit(qts);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(rmdir(folder), ==, 0);
}

/*
 * libxl with dm_restrict=1 allows no long files: the screen is no shared memory
 * then, and what the driver logs beyond is lost
 */
static void test_file_size(void)
{
    enum { LIMIT = 16 * 1024 };
    g_autofree char *folder = g_dir_make_tmp("xen-platform-XXXXXX", NULL);
    g_autofree char *vnc = g_build_filename(folder, "vnc", NULL);
    g_autofree char *log = g_build_filename(folder, "log", NULL);
    struct rlimit before, limit;
    QTestState *qts;
    GStatBuf st;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    limit = before;
    limit.rlim_cur = LIMIT;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    qts = xp_start("-M pc -vnc unix:%s -chardev file,id=log,path=%s "
                   "-global xen-platform.log-chardev=log", vnc, log);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    for (unsigned i = 0; i < LIMIT / 64 + 10; i++) {
        xp_log(qts, "12345678901234567890123456789012345678901234567890"
                    "1234567890123\n");
    }
    xp_expect_alive(qts);
    g_assert_cmpint(g_stat(log, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, LIMIT);
    qtest_quit(qts);
    unlink(vnc);
    g_assert_cmpint(unlink(log), ==, 0);
    g_assert_cmpint(rmdir(folder), ==, 0);
}

/* The kvm accelerator cannot start; what it was asked for does not pass on */
static void test_failed_kvm(void)
{
    g_autofree char *said =
        xp_refused("-accel kvm,xen-version=0x40011,kernel-irqchip=split,"
                   "device=/nonexistent -accel qtest -M pc "
                   "-device xen-platform");

    g_assert_nonnull(strstr(said, "requires a Xen guest"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
        g_autofree char *path = g_strdup_printf("xen-platform/cmdline/%s",
                                                refused[i].name);

        qtest_add_data_func(path, &refused[i], test_refused);
    }
    qtest_add_func("xen-platform/cmdline/second/hot-added",
                   test_hot_added_second);
    qtest_add_func("xen-platform/cmdline/set-later", test_set_later);
    qtest_add_data_func("xen-platform/cmdline/without-xen/nothing/qtest",
                        "qtest", test_without_xen_version);
    qtest_add_data_func("xen-platform/cmdline/without-xen/nothing/tcg",
                        "tcg", test_without_xen_version);
    qtest_add_data_func("xen-platform/cmdline/backends/qtest", "qtest",
                        test_backends);
    qtest_add_data_func("xen-platform/cmdline/backends/tcg", "tcg",
                        test_backends);
    qtest_add_func("xen-platform/cmdline/failed-kvm", test_failed_kvm);
    qtest_add_func("xen-platform/cmdline/passed-socket", test_passed_socket);
    qtest_add_func("xen-platform/cmdline/file-size", test_file_size);
    return g_test_run();
}
