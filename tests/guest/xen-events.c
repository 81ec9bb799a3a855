/*
 * test=events: event channels, heard of by delivery=
 *
 * One vCPU, in all ways by which it can be told of events.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "events.h"
#include "tap.h"
#include "xen-tests.h"

#define EVENTS      1000
#define STUBBORN    3           /* upcalls that do not look at events */
#define PATIENCE_US 1000000
#define SILENCE_US  20000
#define MS          1000000u

static uint32_t handled;
static uint32_t nested;         /* how often the handler sends again */
static uint32_t ignored;

static void on_event(unsigned port)
{
    store32(&handled, handled + 1);
    if (nested) {
        nested--;
        event_send(port);
    }
}

static bool ignore_some(void)
{
    if (ignored < STUBBORN) {
        ignored++;
        return false;
    }
    return true;
}

static bool expect(uint32_t count)
{
    bool all = time_wait_for(&handled, count, PATIENCE_US);

    time_wait_us(1000);
    return all && load32(&handled) == count;
}

static void one_by_one(unsigned port)
{
    uint32_t before = events_upcalls(0);

    handled = 0;
    for (unsigned i = 1; i <= EVENTS; i++) {
        event_send(port);
        if (!time_wait_for(&handled, i, PATIENCE_US)) {
            break;
        }
    }
    tap_ok(expect(EVENTS), "%u events arrive, one by one", EVENTS);
    tap_equal(EVENTS, events_upcalls(0) - before,
              "and there were %u upcalls", EVENTS);
    before = events_upcalls(0);
    time_wait_us(SILENCE_US);
    tap_equal(0, events_upcalls(0) - before, "then there is silence");
}

static void while_handling(unsigned port)
{
    uint32_t before = events_upcalls(0);

    handled = 0;
    nested = 10;
    event_send(port);
    tap_ok(expect(11), "events sent by their handler arrive");
    tap_between(2, 12, events_upcalls(0) - before, "with upcalls enough");
}

static void interrupts_off(unsigned port)
{
    handled = 0;
    cli();
    event_send(port);
    event_send(port);
    time_wait_us(SILENCE_US);
    tap_equal(0, handled, "with interrupts off, nothing is heard");
    tap_ok(event_pending(port) &&
           shared.vcpu_info[0].evtchn_upcall_pending,
           "but the event is pending");
    sti();
    tap_equal(1, load32(&handled), "with interrupts on, at once, one event");
    tap_ok(expect(1), "and no other");
}

static void task_priority(unsigned port, DeliveryId delivery)
{
    bool held = delivery == DELIVER_VCPU_VECTOR ||
                delivery == DELIVER_GSI_IOAPIC ||
                delivery == DELIVER_INTX_IOAPIC;

    handled = 0;
    lapic_set_tpr(0xff);
    event_send(port);
    time_wait_us(SILENCE_US);
    tap_equal(!held, load32(&handled),
              "the highest task priority %s events",
              held ? "holds back" : "does not hold back");
    lapic_set_tpr(0);
    tap_ok(expect(1), "the lowest does not");
}

static void masks(unsigned port)
{
    struct vcpu_info *vcpu = &shared.vcpu_info[0];

    handled = 0;
    event_mask(port);
    event_send(port);
    time_wait_us(SILENCE_US);
    tap_equal(0, load32(&handled), "a masked event is not heard");
    tap_ok(event_pending(port) && !vcpu->evtchn_upcall_pending &&
           !vcpu->evtchn_pending_sel, "but it is pending");
    event_unmask(port);
    tap_ok(expect(1), "unmasked, it is");
    event_unmask(port);
    tap_ok(expect(1), "unmasked again, it is not");
}

static void halted(void)
{
    uint32_t before = events_upcalls(0);
    unsigned port = event_bind_virq(VIRQ_TIMER, 0, on_event);
    uint64_t start = time_now();

    cli();
    handled = 0;
    for (unsigned i = 0; i < 10; i++) {
        set_timer_op(time_now() + 2 * MS);
        while (load32(&handled) == i) {
            sti_hlt();
            cli();
        }
    }
    sti();
    tap_equal(10, events_upcalls(0) - before, "10 timers wake it from HLT");
    tap_ok(time_now() - start >= 20 * MS, "and none of them too early");
    event_close(port);
}

/* Who does not clear evtchn_upcall_pending is told again, by a level. */
static void unheeded(unsigned port, DeliveryId delivery)
{
    uint32_t before = events_upcalls(0);

    handled = 0;
    ignored = 0;
    events_set_hook(ignore_some);
    event_send(port);
    if (delivery == DELIVER_VCPU_VECTOR) {
        time_wait_us(SILENCE_US);
        tap_equal(1, events_upcalls(0) - before,
                  "an upcall that is not heeded is not repeated");
        events_set_hook(NULL);
        shared.vcpu_info[0].evtchn_upcall_pending = 0;
        shared.vcpu_info[0].evtchn_pending_sel = 0;
        event_clear(port);
    } else {
        tap_ok(expect(1), "an upcall that is not heeded comes again");
        tap_equal(STUBBORN + 1, events_upcalls(0) - before,
                  "until it is");
    }
    events_set_hook(NULL);
}

static void loopback(void)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF, .remote_dom = DOMID_SELF,
    };
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF };
    struct evtchn_status status = { .dom = DOMID_SELF };

    tap_equal(0, event_channel_op(EVTCHNOP_alloc_unbound, &alloc),
              "a port for ourselves");
    bind.remote_port = alloc.port;
    tap_equal(0, event_channel_op(EVTCHNOP_bind_interdomain, &bind),
              "and another that is bound to it");
    tap_ok(bind.local_port && bind.local_port != alloc.port,
           "which are two");
    status.port = bind.local_port;
    tap_ok(!event_channel_op(EVTCHNOP_status, &status) &&
           status.status == EVTCHNSTAT_interdomain &&
           status.u.interdomain.port == alloc.port,
           "the status says so");
    tap_ok(event_pending(bind.local_port),
           "it is pending at once, for what was sent before");
    event_clear(bind.local_port);

    handled = 0;
    event_handle(alloc.port, on_event);
    tap_equal(0, event_send(bind.local_port), "sending by the one");
    tap_ok(expect(1), "arrives at the other");
    tap_ok(!event_pending(bind.local_port), "and not at the one");
    event_handle(alloc.port, NULL);
    event_handle(bind.local_port, on_event);
    tap_equal(0, event_send(alloc.port), "sending by the other");
    tap_ok(expect(2), "arrives at the one");
    tap_equal(0, event_close(bind.local_port), "the one can be closed");
    tap_equal(0, event_send(alloc.port), "then sending leads nowhere");
    tap_ok(expect(2), "and does not arrive");
    event_close(alloc.port);
}

static void bad_ports(unsigned port)
{
    tap_equal(XEN_EINVAL, event_send(0), "port 0 is none");
    tap_equal(XEN_EINVAL, event_send(1024), "port 1024 is none in 32 bits");
    tap_equal(XEN_EINVAL, event_send(UINT32_MAX), "nor is the last number");
    tap_equal(0, event_close(port), "a port can be closed");
    tap_equal(XEN_EINVAL, event_send(port), "then it is none");
}

void xen_test_events(const Args *args)
{
    DeliveryId delivery = args->value[ARG_DELIVERY];
    unsigned port;

    if (!events_start()) {
        return;
    }
    tap_say("Events by %s", delivery_name(delivery));
    port = event_bind_ipi(0, on_event);
    sti();
    tap_equal(0, event_send(port), "an event before there are upcalls");
    tap_equal(0, handled, "is not heard");
    if (!events_deliver(delivery, 1)) {
        return;
    }
    tap_ok(expect(1), "once there are, it is");

    one_by_one(port);
    while_handling(port);
    interrupts_off(port);
    task_priority(port, delivery);
    masks(port);
    halted();
    unheeded(port, delivery);
    loopback();
    one_by_one(port);
    bad_ports(port);
}
