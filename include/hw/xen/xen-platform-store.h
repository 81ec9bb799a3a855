/*
 * xen-platform: what the device knows from xenstore
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_STORE_H
#define HW_XEN_PLATFORM_STORE_H

#include "hw/xen/xen-platform-blacklist.h"

typedef struct XenPlatformStore XenPlatformStore;

/*
 * xen_platform_store_open: read the store once and watch it from now on
 *
 * @blacklist: keep a copy of /mh/driver-blacklist
 * @throttling_changed: called with the state of log throttling, at once and
 *                      whenever /local/domain/<domid>/log-throttling changes
 *
 * Without a xenstore the list stays empty and throttling on, which is said
 * once on stderr.
 */
XenPlatformStore *
xen_platform_store_open(bool blacklist,
                        void (*throttling_changed)(void *opaque, bool on),
                        void *opaque);

void xen_platform_store_close(XenPlatformStore *store);

/*
 * xen_platform_store_reload: do not rely on watches for what is known
 *
 * For when the store was replaced, or an event may be on its way.  The list is
 * read again a moment later, and is not relied on until then.
 */
void xen_platform_store_reload(XenPlatformStore *store);

/*
 * xen_platform_store_reason: is a build on the list?
 *
 * While an edit is not read yet, its node is looked up in the store; else
 * nothing is asked of xenstore.
 *
 * Returns the value of its node, good until the next call and until control
 * returns to the main loop; NULL if it is not listed.
 */
const char *xen_platform_store_reason(XenPlatformStore *store,
                                      uint16_t product, uint32_t build);

#endif
