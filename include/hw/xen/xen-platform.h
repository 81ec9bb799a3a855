/*
 * xen-platform: the PCI device through which a Xen guest's PV drivers reach
 * the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_H
#define HW_XEN_PLATFORM_H

#define TYPE_XEN_PLATFORM   "xen-platform"
#define TYPE_XEN_PLATFORM_2 "xen-platform-2"

typedef struct PCIBus PCIBus;

/* The machine makes its own device: the command line has none. vl.c sets it. */
extern bool xen_platform_default;

/* xen_platform_create_default: make the machine's own device, if it has one */
void xen_platform_create_default(PCIBus *bus);

#endif
