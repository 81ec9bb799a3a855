/*
 * xen-platform: the monitor command, for targets without the device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-xen-platform.h"

XenPlatformPVDriverInfo *qmp_query_xen_platform_pv_driver_info(Error **errp)
{
    error_setg(errp, "this machine has no xen-platform device");
    return NULL;
}
