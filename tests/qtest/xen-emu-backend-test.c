/*
 * PV backends as QEMU's devices: their numbers, and the end of QEMU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-platform-common.h"

/* What a NIC leads to is freed once, whoever frees it */
static void test_exit(const void *netdev)
{
    QTestState *qts = xp_start("-M pc -netdev %s,id=n "
                               "-device xen-net-device,netdev=n",
                               (const char *)netdev);

    qtest_quit(qts);
}

static void test_exit_after_netdev_del(const void *netdev)
{
    QTestState *qts = xp_start("-M pc -netdev %s,id=n "
                               "-device xen-net-device,netdev=n",
                               (const char *)netdev);

    qtest_qmp_assert_success(qts, "{ 'execute': 'netdev_del',"
                             "  'arguments': { 'id': 'n' } }");
    qtest_quit(qts);
}

static void test_device_del(const void *netdev)
{
    QTestState *qts = xp_start("-M pc -netdev %s,id=n "
                               "-device xen-net-device,netdev=n,id=nic",
                               (const char *)netdev);

    qtest_qmp_assert_success(qts, "{ 'execute': 'netdev_del',"
                             "  'arguments': { 'id': 'n' } }");
    qtest_qmp_device_del(qts, "nic");
    qtest_quit(qts);
}

typedef struct Duplicate {
    const char *name, *backends, *device;
} Duplicate;

static const Duplicate duplicates[] = {
    { "disk", "-blockdev null-co,node-name=a -blockdev null-co,node-name=b",
      "xen-disk,vdev=xvdb,drive" },
    { "nic", "-netdev user,id=a -netdev user,id=b",
      "xen-net-device,idx=0,netdev" },
    { "console", "-chardev null,id=a -chardev null,id=b",
      "xen-console,idx=0,chardev" },
    { "second-console", "-chardev null,id=a -chardev null,id=b",
      "xen-console,idx=1,chardev" },
};

/* No two of a kind have one number */
static void test_duplicate(const void *opaque)
{
    const Duplicate *dup = opaque;
    g_autofree char *said = xp_refused("-M pc " XP_ACCEL "%s -device %s=a "
                                       "-device %s=b", dup->backends,
                                       dup->device, dup->device);
    g_autofree char *answer = NULL;
    QTestState *qts;

    g_assert_nonnull(strstr(said, "is there already"));
    g_assert(strchr(said, '\n') == said + strlen(said) - 1);

    /* The first one stays when a second one is refused */
    qts = xp_start("-M pc %s -device %s=a", dup->backends, dup->device);
    answer = qtest_hmp(qts, "device_add %s=b", dup->device);
    g_test_message("%s", answer);
    g_assert_nonnull(strstr(answer, "is there already"));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("xen-emu/backend/exit/user", "user", test_exit);
    qtest_add_data_func("xen-emu/backend/exit/hubport", "hubport,hubid=0",
                        test_exit);
    qtest_add_data_func("xen-emu/backend/netdev-del/user", "user",
                        test_exit_after_netdev_del);
    qtest_add_data_func("xen-emu/backend/netdev-del/hubport",
                        "hubport,hubid=0", test_exit_after_netdev_del);
    qtest_add_data_func("xen-emu/backend/device-del/user", "user",
                        test_device_del);
    for (size_t i = 0; i < ARRAY_SIZE(duplicates); i++) {
        g_autofree char *path = g_strdup_printf("xen-emu/backend/duplicate/%s",
                                                duplicates[i].name);

        qtest_add_data_func(path, &duplicates[i], test_duplicate);
    }
    return g_test_run();
}
