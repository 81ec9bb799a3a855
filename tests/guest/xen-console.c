/*
 * test=console: the PV consoles 0, the primary one, and 1
 *
 * Byte n of what the host types, of INPUT bytes, is to be n * 7 + n / 256; both
 * rings go around and around.  What the guest writes is for the host to look
 * at: OUTPUT bytes, each twice that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "consfront.h"
#include "events.h"
#include "evtchn.h"
#include "guest-xen.h"
#include "tap.h"
#include "xen-tests.h"

#define INPUT   5000
#define OUTPUT  10000

static XenStore store;
static GrantTable grants;
static Consfront console;
static uint8_t data[OUTPUT];

static uint8_t byte(unsigned i)
{
    return i * 7 + i / 256;
}

static void play(unsigned id)
{
    unsigned good = 0;

    tap_ok(consfront_read(&console, data, INPUT), "%u: input comes", id);
    for (unsigned i = 0; i < INPUT; i++) {
        good += data[i] == byte(i);
    }
    tap_equal(INPUT, good, "%u: and is what was typed", id);
    for (unsigned i = 0; i < OUTPUT; i++) {
        data[i] = 2 * byte(i);
    }
    tap_ok(consfront_write(&console, data, OUTPUT) &&
           consfront_drained(&console), "%u: output is taken", id);
}

void xen_test_console(const Args *args)
{
    XenGuest *g = guest_xen();
    unsigned ports;

    if (!events_start()) {
        return;
    }
    if (!xenstore_init(&store, g) || !gnttab_init(&grants, g) ||
        !consfront_init(&console, &store, &grants, 0)) {
        tap_ok(false, "there is a xenstore and a primary console");
        return;
    }
    ports = evtchn_open_ports(g);
    play(0);
    tap_ok(consfront_init(&console, &store, &grants, 1) &&
           consfront_connect(&console), "1: connects");
    play(1);
    tap_ok(consfront_disconnect(&console), "1: closes, with its page back");
    tap_equal(0, gnttab_granted(&grants), "no grant is left");
    tap_equal(ports, evtchn_open_ports(g), "no event channel is left");
}
