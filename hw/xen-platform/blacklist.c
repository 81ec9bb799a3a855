/*
 * xen-platform: the host's list of driver builds that must not run
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-blacklist.h"
#include "hw/xen/xen-platform-protocol.h"

struct XenPlatformBlacklist {
    GHashTable *nodes; /* "<product name>/<build>" -> reason */
};

XenPlatformBlacklist *xen_platform_blacklist_new(void)
{
    XenPlatformBlacklist *list = g_new(XenPlatformBlacklist, 1);

    list->nodes = g_hash_table_new_full(g_str_hash, g_str_equal,
                                        g_free, g_free);
    return list;
}

void xen_platform_blacklist_free(XenPlatformBlacklist *list)
{
    if (list) {
        g_hash_table_destroy(list->nodes);
        g_free(list);
    }
}

unsigned xen_platform_blacklist_size(const XenPlatformBlacklist *list)
{
    return g_hash_table_size(list->nodes);
}

bool xen_platform_blacklist_add(XenPlatformBlacklist *list,
                                const char *product, const char *build,
                                const char *reason)
{
    if (xen_platform_blacklist_size(list) >= XEN_PLATFORM_BLACKLIST_MAX) {
        return false;
    }
    g_hash_table_replace(list->nodes, g_strdup_printf("%s/%s", product, build),
                         g_strdup(reason));
    return true;
}

char *xen_platform_blacklist_key(uint16_t product, uint32_t build)
{
    const char *name = xen_platform_product_name(product);

    return name ? g_strdup_printf("%s/%" PRIu32, name, build) : NULL;
}

const char *xen_platform_blacklist_reason(const XenPlatformBlacklist *list,
                                          uint16_t product, uint32_t build)
{
    g_autofree char *key = xen_platform_blacklist_key(product, build);

    return key ? g_hash_table_lookup(list->nodes, key) : NULL;
}
