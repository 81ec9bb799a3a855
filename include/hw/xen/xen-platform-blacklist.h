/*
 * xen-platform: the host's list of driver builds that must not run
 *
 * A copy of the xenstore nodes /mh/driver-blacklist/<product>/<build>, kept in
 * memory so that a guest's write never has to wait for xenstored.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_BLACKLIST_H
#define HW_XEN_PLATFORM_BLACKLIST_H

#define XEN_PLATFORM_BLACKLIST_PATH "/mh/driver-blacklist"

/* More nodes than this are not kept: the list is made by people */
#define XEN_PLATFORM_BLACKLIST_MAX 4096

typedef struct XenPlatformBlacklist XenPlatformBlacklist;

XenPlatformBlacklist *xen_platform_blacklist_new(void);
void xen_platform_blacklist_free(XenPlatformBlacklist *list);

/* xen_platform_blacklist_size: how many nodes the list holds */
unsigned xen_platform_blacklist_size(const XenPlatformBlacklist *list);

/*
 * xen_platform_blacklist_add: enter the node @product/@build with @reason
 *
 * The names are taken as the node has them: one that is not the canonical
 * spelling of a build number never matches a guest.
 *
 * Returns false if the list is full.
 */
bool xen_platform_blacklist_add(XenPlatformBlacklist *list,
                                const char *product, const char *build,
                                const char *reason);

/*
 * xen_platform_blacklist_key: the node that blacklists a build
 *
 * Returns "<product name>/<build>", the build as an unsigned decimal number,
 * to be freed by the caller; NULL if the product is not registered.
 */
char *xen_platform_blacklist_key(uint16_t product, uint32_t build);

/*
 * xen_platform_blacklist_reason: is a build on the list?
 *
 * Returns the value of its node, owned by the list; NULL if it is not listed.
 */
const char *xen_platform_blacklist_reason(const XenPlatformBlacklist *list,
                                          uint16_t product, uint32_t build);

#endif
