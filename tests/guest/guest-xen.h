/*
 * The image as a Xen guest: tests/libxen over real instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_GUEST_XEN_H
#define XEN_PLATFORM_GUEST_GUEST_XEN_H

#include "xen-guest.h"

/* Returns: the guest; events_start() comes before */
XenGuest *guest_xen(void);

#endif
