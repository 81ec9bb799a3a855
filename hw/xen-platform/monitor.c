/*
 * xen-platform: what the host sees in its monitor
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-xen-platform.h"
#include "qapi/qapi-events-xen-platform.h"
#include "hw/xen/xen-platform-device.h"

XenPlatformPVDriverInfo *qmp_query_xen_platform_pv_driver_info(Error **errp)
{
    XenPlatformState *s = xen_platform_find();
    XenPlatformPVDriverInfo *info;

    if (!s) {
        error_setg(errp, "this machine has no xen-platform device");
        return NULL;
    }

    info = g_new0(XenPlatformPVDriverInfo, 1);
    info->product_num = s->protocol.product;
    info->build_num = s->protocol.build;
    info->product_name =
        g_strdup(xen_platform_product_name(s->protocol.product));
    info->has_blacklisted = true;
    info->blacklisted = s->protocol.blacklisted;
    info->has_latched = true;
    info->latched = s->protocol.latched;
    info->has_unplugged = true;
    info->unplugged = s->protocol.unplugged;
    info->has_log_lines = true;
    info->log_lines = s->log.lines;
    info->has_log_suppressed_lines = true;
    info->log_suppressed_lines = s->log.suppressed_lines;
    info->has_log_suppressed_bytes = true;
    info->log_suppressed_bytes = s->log.suppressed_bytes;
    return info;
}

void xen_platform_send_driver_info(XenPlatformState *s)
{
    const XenPlatformProtocol *p = &s->protocol;

    qapi_event_send_xen_platform_pv_driver_info(
        p->product, p->build, xen_platform_product_name(p->product),
        true, p->blacklisted);
}

void xen_platform_send_unplug(XenPlatformState *s, uint16_t requested,
                              bool refused)
{
    XenPlatformUnpluggedDeviceList *gone = xen_platform_unplug_list(s->unplug);

    qapi_event_send_xen_platform_unplug(requested, refused,
                                        s->protocol.unplugged,
                                        s->protocol.refused, gone);
    qapi_free_XenPlatformUnpluggedDeviceList(gone);
}

static void hmp_info_xen_platform(Monitor *mon, const QDict *qdict)
{
    Error *err = NULL;
    XenPlatformPVDriverInfo *info = qmp_query_xen_platform_pv_driver_info(&err);
    XenPlatformUnpluggedDeviceList *gone, *l;
    XenPlatformState *s;

    if (hmp_handle_error(mon, err)) {
        return;
    }
    s = xen_platform_find();
    gone = xen_platform_unplug_list(s->unplug);

    if (s->protocol.build_written || info->product_num) {
        monitor_printf(mon, "driver: product 0x%x (%s), build %" PRIu32 "\n",
                       info->product_num, info->product_name ?: "unregistered",
                       info->build_num);
    } else {
        monitor_printf(mon, "driver: none announced\n");
    }
    monitor_printf(mon, "blacklisted: %s (blacklist=%s)%s\n",
                   info->blacklisted ? "yes" : "no",
                   XenPlatformBlacklistMode_str(s->blacklist),
                   info->latched ? ", latched until reset" : "");
    monitor_printf(mon, "unplugged: mask 0x%x, refused 0x%x\n",
                   info->unplugged, s->protocol.refused);
    for (l = gone; l; l = l->next) {
        monitor_printf(mon, "  %s: %s %s\n",
                       XenPlatformUnpluggedKind_str(l->value->kind),
                       l->value->type, l->value->id ?: l->value->qom_path);
    }
    monitor_printf(mon, "log: %" PRIu64 " lines, suppressed %" PRIu64
                   " lines (%" PRIu64 " bytes), throttling %s\n",
                   info->log_lines, info->log_suppressed_lines,
                   info->log_suppressed_bytes,
                   s->log.throttled && s->log.rate ? "on" : "off");
    qapi_free_XenPlatformUnpluggedDeviceList(gone);
    qapi_free_XenPlatformPVDriverInfo(info);
}

static void register_monitor(void)
{
    monitor_register_hmp("xen-platform", true, hmp_info_xen_platform);
}

type_init(register_monitor)
