/*
 * The test process as a Xen guest: tests/libxen over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_GUEST_QTEST_H
#define TESTS_QTEST_XEN_GUEST_QTEST_H

#include "libqtest.h"
#include "../libxen/xen-guest.h"

typedef struct XenGuestQtest {
    XenGuest guest;
    QTestState *qts;
    uint64_t next_page;
} XenGuestQtest;

/*
 * xen_guest_qtest_init: be the guest of a machine that has 128 MiB or more
 *
 * Takes memory from 2 MiB up, and maps the shared info page, 64 bits wide.
 * To be done again after a reset.
 *
 * Returns the guest, which is in @q.
 */
XenGuest *xen_guest_qtest_init(XenGuestQtest *q, QTestState *qts);

#endif
