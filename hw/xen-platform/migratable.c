/*
 * xen-platform: whether the machine can be saved, for the tool stack
 *
 * A question that xenopsd asks before it suspends a guest, and each time that
 * a device may have come or gone.  What answers is what decides when the state
 * is saved.  On Xen that is xen-save-devices-state, which looks at devices
 * only; else it is migrate or savevm, which can also be held up by an image
 * format or a backend.
 *
 * It needs no xen-platform device, so that every target has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/migration.h"
#include "migration/savevm.h"
#include "qapi/qapi-commands-xen-platform.h"
#include "system/xen.h"

void qmp_query_migratable(Error **errp)
{
    if (xen_enabled()) {
        qemu_savevm_state_blocked(errp);
    } else {
        migration_is_blocked(errp);
    }
}
