/*
 * PV devices across a reset of the machine
 *
 * On Xen a reboot makes a new domain: its devices start anew, and what the
 * guest wrote to xenstore about them is gone.  Here the devices stay, so
 * their backends let go of the old guest's rings, and the frontends' areas
 * become what they were when the device was made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-bus.h"
#include "hw/xen/xen-emu.h"
#include "xen-emu-internal.h"

/*
 * XenDevice -> hash table of the nodes in the frontend's area: name -> value;
 * NULL for the primary console, whose area is the host's
 */
static GHashTable *frontends;

bool xen_emu_is_frontend(const char *path)
{
    GHashTableIter iter;
    gpointer xendev;

    if (!frontends) {
        return false;
    }
    g_hash_table_iter_init(&iter, frontends);
    while (g_hash_table_iter_next(&iter, &xendev, NULL)) {
        if (!strcmp(((XenDevice *)xendev)->frontend_path, path)) {
            return true;
        }
    }
    return false;
}

bool xen_emu_has_frontends(const char *path)
{
    GHashTableIter iter;
    gpointer xendev;
    const char *rest;

    if (!frontends) {
        return false;
    }
    g_hash_table_iter_init(&iter, frontends);
    while (g_hash_table_iter_next(&iter, &xendev, NULL)) {
        if (strstart(((XenDevice *)xendev)->frontend_path, path, &rest) &&
            *rest == '/') {
            return true;
        }
    }
    return false;
}

static bool frontend_is_guests(XenDevice *xendev)
{
    return strstr(xendev->frontend_path, "/device/");
}

static char *node_path(XenDevice *xendev, const char *name)
{
    return g_strdup_printf("%s/%s", xendev->frontend_path, name);
}

static GHashTable *read_frontend(XenDevice *xendev)
{
    GHashTable *nodes = g_hash_table_new_full(g_str_hash, g_str_equal,
                                              g_free, g_free);
    unsigned int nr_names = 0;
    char **names = qemu_xen_xs_directory(xendev->xsh, XBT_NULL,
                                         xendev->frontend_path, &nr_names);

    for (unsigned int i = 0; i < nr_names; i++) {
        g_autofree char *path = node_path(xendev, names[i]);
        unsigned int length;
        char *value = qemu_xen_xs_read(xendev->xsh, XBT_NULL, path, &length);

        g_hash_table_insert(nodes, g_strdup(names[i]),
                            value ? g_strndup(value, length) : g_strdup(""));
        free(value);
    }
    free(names);
    return nodes;
}

static void restore_frontend(XenDevice *xendev, GHashTable *wanted)
{
    g_autoptr(GHashTable) present = read_frontend(xendev);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, present);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (!g_hash_table_contains(wanted, name)) {
            g_autofree char *path = node_path(xendev, name);

            qemu_xen_xs_destroy(xendev->xsh, XBT_NULL, path);
        }
    }
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_strcmp0(g_hash_table_lookup(present, name), value)) {
            g_autofree char *path = node_path(xendev, name);

            qemu_xen_xs_write(xendev->xsh, XBT_NULL, path, value,
                              strlen(value));
        }
    }
}

static void forget_nodes(gpointer nodes)
{
    if (nodes) {
        g_hash_table_unref(nodes);
    }
}

void xen_emu_device_realized(XenDevice *xendev)
{
    if (xen_mode != XEN_EMULATE) {
        return;
    }
    xen_emu_migration_add(xendev);
    if (!frontends) {
        frontends = g_hash_table_new_full(NULL, NULL, NULL, forget_nodes);
    }
    g_hash_table_insert(frontends, xendev, frontend_is_guests(xendev) ?
                                           read_frontend(xendev) : NULL);
}

void xen_emu_device_unrealize(XenDevice *xendev)
{
    xen_emu_backend_connected(xendev, false);
    xen_emu_migration_remove(xendev);
    if (frontends) {
        g_hash_table_remove(frontends, xendev);
    }
}

void xen_emu_device_reset(XenDevice *xendev)
{
    XenDeviceClass *class = XEN_DEVICE_GET_CLASS(xendev);
    GHashTable *nodes = frontends ? g_hash_table_lookup(frontends, xendev)
                                  : NULL;
    Error *err = NULL;

    if (xen_mode != XEN_EMULATE || !xendev->name) {
        return;
    }

    class->frontend_changed(xendev, XenbusStateClosed, &err);
    if (err) {
        warn_reportf_err(err, "%s at reset: ", xendev->backend_path);
    }
    if (!nodes) {
        return;
    }
    restore_frontend(xendev, nodes);
    xendev->frontend_state = XenbusStateInitialising;
    if (xendev->backend_online) {
        xen_device_backend_set_state(xendev, XenbusStateInitWait);
    }
}
