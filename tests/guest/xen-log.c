/*
 * test=log: count= lines for the driver's log, as fast as the port takes them
 *
 * Where they end up, and how many of them, is for the host to look at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "io.h"
#include "tap.h"
#include "xen-tests.h"

#define LOG_PORT        0x12
#define DEFAULT_COUNT   1000
#define LINE            64

void xen_test_log(const Args *args)
{
    unsigned count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);
    char line[LINE];

    memset(line, 'x', sizeof(line));
    line[LINE - 1] = '\n';
    for (unsigned i = 0; i < count; i++) {
        outsb(LOG_PORT, line, sizeof(line));
    }
    tap_ok(true, "%u lines of %u bytes", count, LINE);
}
