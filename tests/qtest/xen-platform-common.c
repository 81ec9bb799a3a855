/*
 * What the xen-platform qtests share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "qobject/qdict.h"
#include "hw/pci/pci_ids.h"
#include "xen-platform-common.h"

static char *tmp_dir;

static void remove_tmp_dir(void)
{
    GDir *dir = g_dir_open(tmp_dir, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(tmp_dir, name, NULL);

        g_unlink(path);
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_rmdir(tmp_dir);
    g_free(tmp_dir);
}

char *xp_tmp_path(const char *name)
{
    if (!tmp_dir) {
        tmp_dir = g_dir_make_tmp("xen-platform-XXXXXX", NULL);
        g_assert_nonnull(tmp_dir);
        atexit(remove_tmp_dir);
    }
    return g_build_filename(tmp_dir, name, NULL);
}

QTestState *xp_start(const char *fmt, ...)
{
    g_autofree char *args = NULL;
    va_list ap;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return qtest_initf("-nodefaults " XP_ACCEL "%s", args);
}

char *xp_refused(const char *fmt, ...)
{
    g_autofree char *args = NULL;
    g_autofree char *command = NULL;
    g_autofree char *out = NULL;
    g_auto(GStrv) argv = NULL;
    g_autoptr(GError) err = NULL;
    char *said = NULL;
    int status;
    va_list ap;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    /*
     * Should it start after all, timeout ends it and the exit code is 124.
     * QEMU frees nothing when it refuses to start.
     */
    command = g_strdup_printf("env ASAN_OPTIONS=detect_leaks=0:"
                              "abort_on_error=1:log_path=/dev/null "
                              "timeout 20 %s -display none -nodefaults %s",
                              getenv("QTEST_QEMU_BINARY"), args);
    g_assert_true(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 &out, &said, &status, &err);
    g_assert_no_error(err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 1) {
        g_test_message("%s: wait status 0x%x, said: %s", command, status, said);
    }
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return said;
}

void xp_log(QTestState *qts, const char *text)
{
    for (; *text; text++) {
        qtest_outb(qts, XP_PORT + 2, *text);
    }
}

void xp_announce(QTestState *qts, uint16_t product, uint32_t build)
{
    qtest_outw(qts, XP_PORT + 2, product);
    qtest_outl(qts, XP_PORT, build);
}

void xp_expect_alive(QTestState *qts)
{
    gint64 begin = g_get_monotonic_time();
    gint64 ms;

    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
    ms = (g_get_monotonic_time() - begin) / 1000;
    if (ms > 1000) {
        g_test_message("the monitor took %" PRId64 " ms", ms);
    }
    g_assert_cmpint(ms, <, 5000);
}

void xp_unplug(QTestState *qts, uint16_t mask)
{
    qtest_outw(qts, XP_PORT, mask);
}

QDict *xp_driver_info(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts,
        "{ 'execute': 'query-xen-platform-pv-driver-info' }");
    QDict *info = qdict_get_qdict(rsp, "return");

    g_assert_nonnull(info);
    qobject_ref(info);
    qobject_unref(rsp);
    return info;
}

QDict *xp_event(QTestState *qts, const char *name)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, name);
    QDict *data = qdict_get_qdict(event, "data");

    g_assert_nonnull(data);
    qobject_ref(data);
    qobject_unref(event);
    return data;
}

char *xp_tool(const char *path, const char *const *argv)
{
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "XENSTORED_PATH",
                                         path, true);
    g_autoptr(GError) err = NULL;
    char *out = NULL;
    int status;

    g_spawn_sync(NULL, (char **)argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 &out, NULL, &status, &err);
    g_assert_no_error(err);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        g_free(out);
        return NULL;
    }
    return out;
}

static bool has_xenstore_socket(void)
{
    const char *argv[] = {
        getenv("QTEST_QEMU_BINARY"), "-object", "help", NULL
    };
    g_autoptr(GError) err = NULL;
    g_autofree char *out = NULL;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 &out, NULL, NULL, &err);
    g_assert_no_error(err);
    return strstr(out, "xenstore-socket");
}

bool xp_skip_without_xenstore(void)
{
    g_autofree char *tool = g_find_program_in_path("xenstore-write");

    if (!tool) {
        g_test_skip("no xenstore-write: package xenstore-utils is missing");
        return true;
    }
    if (!has_xenstore_socket()) {
        g_test_skip("this QEMU has no object xenstore-socket");
        return true;
    }
    return false;
}

static void take_only_device(QPCIDevice *dev, int devfn, void *data)
{
    QPCIDevice **only = data;

    g_assert_null(*only);
    *only = dev;
}

QPCIDevice *xp_pci_device(QPCIBus *bus, uint16_t device_id)
{
    QPCIDevice *dev = NULL;

    qpci_device_foreach(bus, PCI_VENDOR_ID_XEN, device_id, take_only_device,
                        &dev);
    g_assert_nonnull(dev);
    return dev;
}

void xp_save(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    QDict *rsp;
    bool done = false;

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    for (unsigned i = 0; i < 1000 && !done; i++) {
        QDict *info;
        const char *status;

        rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
        info = qdict_get_qdict(rsp, "return");
        status = qdict_get_try_str(info, "status");
        done = status && g_str_equal(status, "completed");
        if (status && g_str_equal(status, "failed")) {
            g_test_message("migration failed: %s",
                           qdict_get_try_str(info, "error-desc"));
        }
        g_assert_false(status && g_str_equal(status, "failed"));
        qobject_unref(rsp);
        g_usleep(10000);
    }
    g_assert_true(done);
}

bool xp_load(QTestState *qts, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-incoming', "
                             "'arguments': { 'uri': %s, "
                             "'exit-on-error': false } }", uri);
    for (unsigned i = 0; i < 1000; i++) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
        QDict *info = qdict_get_qdict(rsp, "return");
        g_autofree char *status =
            g_strdup(qdict_get_try_str(info, "status") ?: "");

        qobject_unref(rsp);
        if (g_str_equal(status, "completed")) {
            return true;
        }
        if (g_str_equal(status, "failed")) {
            return false;
        }
        g_usleep(10000);
    }
    g_assert_not_reached();
}
