/*
 * What the tests of xen-net and xen-console share: a machine and its guest, and
 * what must hold whatever a frontend does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_RING_COMMON_H
#define TESTS_QTEST_XEN_RING_COMMON_H

#include "xen-guest-qtest.h"
#include "xenstore-client.h"
#include "../libxen/evtchn.h"
#include "../libxen/gnttab.h"
#include "../libxen/xenbus.h"
#include "../libxen/xenstore.h"

typedef struct RingMachine {
    QTestState *qts;
    XenGuestQtest q;
    XenGuest *g;
    XenStore xs;
    GrantTable grants;
    XsClient *host;         /* domain 0 */
    uint64_t data;          /* pages for data */
    uint8_t *ram;           /* all of the guest's memory */
    char *log;              /* what QEMU said, on stderr and as guest errors */
    /* As ring_begin_count() found them */
    unsigned granted;
    unsigned mapped;
    unsigned ports;
} RingMachine;

#define RING_DATA_PAGES 20

/*
 * ring_start: start a machine with these options and its guest
 *
 * To be ended by ring_end().
 */
void ring_start(RingMachine *m, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void ring_end(RingMachine *m);

/* Count grants and event channels, and see that they are as many again. */
void ring_begin_count(RingMachine *m);
void ring_expect_count(RingMachine *m);

/*
 * ring_expect_let_go: once the frontend says Closed, the backend must hold no
 * page more than at ring_begin_count(), and not @port
 */
void ring_expect_let_go(RingMachine *m, Xenbus *bus, unsigned port);

/* ring_expect_alive: xp_expect_alive() */
void ring_expect_alive(RingMachine *m);

/* ring_log_lines: how many lines QEMU has said up to now; must be few */
unsigned ring_log_lines(RingMachine *m);

/*
 * ring_expect_log: QEMU must have said @text, and at most @lines lines, of
 * 200 characters on average, since the machine was started
 */
void ring_expect_log(RingMachine *m, const char *text, unsigned lines);

/* ring_socket: a pair of sockets; [0], of the test, has a timeout of 30 s */
void ring_socket(int type, int fds[2]);

/* ring_host_state: write a state at an absolute path, as domain 0 */
void ring_host_state(RingMachine *m, const char *path, int state);

#endif
