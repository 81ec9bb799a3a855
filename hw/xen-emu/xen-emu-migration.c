/*
 * When an emulated Xen machine can migrate
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "migration/blocker.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"

static GHashTable *connected_backends;
static Error *blocker;

bool xen_emu_backends_connected(void)
{
    return connected_backends && g_hash_table_size(connected_backends);
}

void xen_emu_backend_connected(XenDevice *xendev, bool connected)
{
    if (xen_mode != XEN_EMULATE) {
        return;
    }
    if (!connected_backends) {
        connected_backends = g_hash_table_new(NULL, NULL);
    }
    if (connected) {
        g_hash_table_add(connected_backends, xendev);
    } else {
        g_hash_table_remove(connected_backends, xendev);
    }

    if (xen_emu_backends_connected() && !blocker) {
        Error *err = NULL;

        error_setg(&blocker, "A Xen PV backend is connected to the guest, and "
                   "PV backends do not migrate");
        if (migrate_add_blocker(&blocker, &err) < 0) {
            /* One is under way: saving the xenstore will end it */
            warn_report_err(err);
        }
    } else if (!xen_emu_backends_connected() && blocker) {
        migrate_del_blocker(&blocker);
    }
}
