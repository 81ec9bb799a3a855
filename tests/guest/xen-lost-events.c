/*
 * test=lost-events: locked instructions beside the host's, count= times
 *
 * The guest changes one bit of a word in which the host sets another.  If a
 * locked instruction of the guest were a load and a store to the host, the
 * host's bit would get lost: an upcall without an event.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_COUNT   1000
#define SPINS           100000000
#define DELAY_NS        2000

void xen_test_lost_events(const Args *args)
{
    uint32_t count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);
    uint32_t *pending = (uint32_t *)&shared.evtchn_pending[0];
    uint8_t *upcall = &shared.vcpu_info[0].evtchn_upcall_pending;
    uint32_t lost = 0;
    uint32_t silent = 0;
    unsigned port;

    if (!events_start()) {
        return;
    }
    port = event_bind_virq(VIRQ_TIMER, 0, NULL);
    tap_between(1, 30, port, "the port has its bit in the first word");
    event_unmask(port);

    for (uint32_t i = 0; i < count && !silent; i++) {
        uint32_t spins = 0;

        set_timer_op(time_now() + DELAY_NS);
        while (!__atomic_load_n(upcall, __ATOMIC_SEQ_CST)) {
            /* Port 31 is nobody's, and masked */
            asm volatile("lock xorl %1, %0"
                         : "+m" (*pending) : "r" (1u << 31) : "cc");
            if (++spins == SPINS) {
                silent++;
                break;
            }
        }
        lost += !event_pending(port);
        shared.vcpu_info[0].evtchn_pending_sel = 0;
        barrier();
        event_clear(port);
        __atomic_exchange_n(upcall, 0, __ATOMIC_SEQ_CST);
    }
    tap_equal(0, silent, "each of %u timers makes an upcall pending", count);
    tap_equal(0, lost, "each upcall has its event");
}
