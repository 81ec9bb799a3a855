/*
 * test=shutdown: SCHEDOP_shutdown for a reason=
 *
 * What comes of most reasons only the host can see.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "events.h"
#include "io.h"
#include "tap.h"
#include "xen-tests.h"

/* A byte of the RTC's memory that no firmware uses, and survives a reset */
#define CMOS_MARK_INDEX 0x7e
#define CMOS_MARK       0xa5

#define SECOND_US       1000000
#define NS_PER_SECOND   1000000000u

static uint32_t handled;
static unsigned ipi;

static void on_event(unsigned port)
{
    store32(&handled, handled + 1);
}

static bool events_work(const char *when)
{
    unsigned timer;

    handled = 0;
    if (!events_start() || !events_deliver(DELIVER_VECTOR, 1)) {
        return false;
    }
    ipi = event_bind_ipi(0, on_event);
    timer = event_bind_virq(VIRQ_TIMER, 0, on_event);
    tap_ok(ipi && timer, "%s: ports can be bound", when);
    sti();
    event_send(ipi);
    tap_ok(time_wait_for(&handled, 1, SECOND_US), "%s: events arrive", when);
    set_timer_op(time_now() + 1000000);
    tap_ok(time_wait_for(&handled, 2, SECOND_US), "%s: timers fire", when);
    cli();
    return true;
}

static void soft_reset(void)
{
    static SharedPage plain;
    struct evtchn_status status = { .dom = DOMID_SELF };
    uint32_t word;

    if (!events_work("before")) {
        return;
    }
    store32(&word, shared.wc_sec);
    tap_equal(0, xen_shutdown(SHUTDOWN_soft_reset), "a soft reset is done");
    tap_equal(0, memcmp(&shared_page, &plain, sizeof(plain)),
              "the shared info page is gone, and what it hid is back");
    status.port = ipi;
    tap_equal(0, event_channel_op(EVTCHNOP_status, &status),
              "its port can be asked about");
    tap_equal(EVTCHNSTAT_closed, status.status, "and is closed");
    events_work("after");
    tap_ok(shared.wc_sec == word || shared.wc_sec == word + 1 ||
           shared.wc_sec == word - 1, "the wall clock is there again");
    for (unsigned i = 0; i < 20; i++) {
        if (xen_shutdown(SHUTDOWN_soft_reset)) {
            tap_ok(false, "it can be done again");
            return;
        }
    }
    events_work("after 21");
}

static bool second_boot(void)
{
    bool marked;

    outb(0x70, CMOS_MARK_INDEX);
    marked = inb(0x71) == CMOS_MARK;
    outb(0x71, CMOS_MARK);
    return marked;
}

void xen_test_shutdown(const Args *args)
{
    static const char *const names[] = {
        [ARG_POWEROFF] = "poweroff",
        [ARG_REBOOT] = "reboot",
        [ARG_CRASH] = "crash",
        [ARG_WATCHDOG] = "watchdog",
    };
    static const uint32_t reasons[] = {
        [ARG_POWEROFF] = SHUTDOWN_poweroff,
        [ARG_REBOOT] = SHUTDOWN_reboot,
        [ARG_CRASH] = SHUTDOWN_crash,
        [ARG_WATCHDOG] = SHUTDOWN_watchdog,
    };
    uint32_t reason = args->value[ARG_REASON];

    switch (reason) {
    case ARG_SUSPEND:
        tap_equal(1, xen_shutdown(SHUTDOWN_suspend),
                  "suspend was cancelled: result 1");
        events_work("after");
        tap_equal(1, xen_shutdown(SHUTDOWN_suspend), "and again");
        tap_equal(XEN_EINVAL, xen_shutdown(99), "reason 99 is refused");
        tap_equal(XEN_EFAULT, sched_op(SCHEDOP_shutdown,
                                       (void *)0xd0000000),
                  "and one that is not in memory");
        break;
    case ARG_SOFT_RESET:
        soft_reset();
        break;
    default:
        if (reason != ARG_POWEROFF && second_boot()) {
            tap_ok(true, "the guest starts again");
            events_work("after it");
            break;
        }
        /* After a reboot, everything starts from scratch */
        events_work("before");
        xen_shutdown(reasons[reason]);
        tap_ok(false, "%s does not return", names[reason]);
    }
}
