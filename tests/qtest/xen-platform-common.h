/*
 * What the xen-platform qtests share: machines, the guest's port accesses and
 * the host's tools
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_PLATFORM_COMMON_H
#define TESTS_QTEST_XEN_PLATFORM_COMMON_H

#include "libqtest.h"
#include "libqos/pci.h"

#define XP_PORT     0x10
#define XP_MAGIC    0x49d2
#define XP_REFUSED  0xd249

/* The Xen guest environment of the qtest accelerator */
#define XP_ACCEL    "-accel qtest,xen-version=0x40011 "

/*
 * xp_start: start an emulated Xen machine without default devices
 *
 * The arguments are added to "-nodefaults" and XP_ACCEL; give a -M.
 */
QTestState *xp_start(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/*
 * xp_refused: run QEMU with a command line that it must refuse
 *
 * Fails the test unless QEMU ends by itself with exit code 1.
 *
 * Returns what it said on stderr, to be freed with g_free().
 */
char *xp_refused(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* xp_log: send a string to the log port, a byte at a time */
void xp_log(QTestState *qts, const char *text);

/* xp_announce: product and build, as a driver announces them */
void xp_announce(QTestState *qts, uint16_t product, uint32_t build);

/*
 * xp_expect_alive: the monitor must answer promptly
 *
 * Fails the test after 5 s, as the host may be busy, and tells if it took more
 * than 1 s.
 */
void xp_expect_alive(QTestState *qts);

/* xp_unplug: write an unplug mask */
void xp_unplug(QTestState *qts, uint16_t mask);

/* xp_driver_info: query-xen-platform-pv-driver-info, to be unreffed */
QDict *xp_driver_info(QTestState *qts);

/*
 * xp_event: the data of the next event @name, to be unreffed
 *
 * Events are limited to one a second of virtual time, so that a second event
 * of one name comes only after qtest_clock_step().
 */
QDict *xp_event(QTestState *qts, const char *name);

/*
 * xp_tool: run a xenstore tool on the socket @path and wait for its end
 *
 * Returns what it printed, to be freed with g_free(); NULL if it failed.
 */
char *xp_tool(const char *path, const char *const *argv);

/*
 * xp_skip_without_xenstore: skip the test if there are no xenstore-utils here
 * or no xenstore-socket in QEMU
 *
 * Returns true if the test is to end now.
 */
bool xp_skip_without_xenstore(void);

/*
 * xp_pci_device: find PCI device 5853:@device_id on the root bus
 *
 * Fails the test unless there is exactly one.  To be freed with g_free().
 */
QPCIDevice *xp_pci_device(QPCIBus *bus, uint16_t device_id);

/* xp_save: stop the machine and write its state to a file */
void xp_save(QTestState *qts, const char *path);

/*
 * xp_load: load a state into a machine started with "-incoming defer"
 *
 * Returns false if the machine refuses it.
 */
bool xp_load(QTestState *qts, const char *path);

/* xp_tmp_path: a path in a folder that goes when the test program ends */
char *xp_tmp_path(const char *name);

#endif
