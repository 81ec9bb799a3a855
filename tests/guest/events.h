/*
 * Shared info page, event channels, system time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_EVENTS_H
#define XEN_PLATFORM_GUEST_EVENTS_H

#include "hypercall.h"
#include "trap.h"

/* Where events_start() has Xen put its page */
typedef union SharedPage {
    struct shared_info info;
    char page[4096];
} __attribute__((aligned(4096))) SharedPage;

extern SharedPage shared_page;
#define shared shared_page.info

typedef void EventHandler(unsigned port);

/* How a CPU hears of events */
typedef enum DeliveryId {
    DELIVER_VECTOR,         /* the HVM callback vector, for all CPUs */
    DELIVER_VCPU_VECTOR,    /* a vector of the local APIC, for each CPU */
    DELIVER_GSI_IOAPIC,     /* the rest: CPU 0 only */
    DELIVER_GSI_PIC,
    DELIVER_INTX_IOAPIC,
    DELIVER_INTX_PIC,
} DeliveryId;

/* Map the shared info page.  Returns: false, said in TAP, if that fails */
bool events_start(void);

/*
 * Have events delivered; a per-CPU vector to CPUs 0 to @cpus - 1.
 * Returns: false, said in TAP, if that fails
 */
bool events_deliver(DeliveryId delivery, unsigned cpus);

/* For people */
const char *delivery_name(DeliveryId delivery);

/* Returns: the new port, for @handler to be called; 0 if that fails */
unsigned event_bind_ipi(unsigned vcpu, EventHandler *handler);
unsigned event_bind_virq(unsigned virq, unsigned vcpu, EventHandler *handler);

/* Have @handler called for a port, NULL: none, and unmask or mask it. */
void event_handle(unsigned port, EventHandler *handler);

uint32_t event_send(unsigned port);
uint32_t event_close(unsigned port);
uint32_t event_unmask(unsigned port);
bool event_pending(unsigned port);
void event_clear(unsigned port);
void event_mask(unsigned port);

/* How often @cpu was told of events */
uint32_t events_upcalls(unsigned cpu);

/*
 * Have @hook called at each upcall, NULL: none.  If it returns false nothing
 * else is done: evtchn_upcall_pending stays set.
 */
void events_set_hook(bool (*hook)(void));

/* Returns: system time by a page of Xen, in ns, reading it until it stands */
uint64_t time_read(const struct vcpu_time_info *info);

/* The same, of this CPU */
uint64_t time_now(void);

/* Wait with interrupts on. */
void time_wait_us(uint32_t us);

/* Wait until *@p is @value, for up to @us.  Returns: whether it is */
bool time_wait_for(const uint32_t *p, uint32_t value, uint32_t us);

#endif
