/*
 * Shared info page, event channels, system time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "events.h"
#include "pci.h"
#include "tap.h"

#define PAGE_SHIFT          12
#define PORTS               1024
#define BITS                32

#define CALLBACK_VECTOR     0xe0
#define VCPU_VECTOR         0xe1
#define GSI_VECTOR          0x50    /* so that it has a priority of its own */

/* Free on pc and q35; beyond 15 only the I/O APIC has pins */
#define GSI_IOAPIC          19
#define GSI_PIC             5

#define CFG_INTERRUPT_LINE  0x3c
#define CALLBACK_TYPE(type) ((uint64_t)(type) << 56)

SharedPage shared_page;

static bool (*upcall_hook)(void);
static EventHandler *handlers[PORTS];
static uint8_t bound_to[PORTS];     /* the vCPU that is told */
static uint32_t upcalls[MAX_CPUS];
static unsigned irq;

const char *delivery_name(DeliveryId delivery)
{
    static const char *const names[] = {
        [DELIVER_VECTOR] = "callback vector",
        [DELIVER_VCPU_VECTOR] = "upcall vector of the vCPU",
        [DELIVER_GSI_IOAPIC] = "GSI of the I/O APIC",
        [DELIVER_GSI_PIC] = "GSI of the PIC",
        [DELIVER_INTX_IOAPIC] = "INTx, I/O APIC",
        [DELIVER_INTX_PIC] = "INTx, PIC",
    };

    return names[delivery];
}

void events_set_hook(bool (*hook)(void))
{
    upcall_hook = hook;
}

bool events_start(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_shared_info,
        .gpfn = (uintptr_t)&shared_page >> PAGE_SHIFT,
    };
    uint32_t result = memory_op(XENMEM_add_to_physmap, &map);

    if (result) {
        tap_equal(0, result, "the shared info page can be mapped");
        return false;
    }
    memset(shared.evtchn_mask, 0xff, sizeof(shared.evtchn_mask));
    return true;
}

/* The pending bits of all vCPUs are in the same words. */
static void handle_ports(unsigned cpu)
{
    struct vcpu_info *vcpu = &shared.vcpu_info[cpu];
    uint32_t words = exchange32((uint32_t *)&vcpu->evtchn_pending_sel, 0);

    while (words) {
        unsigned word = __builtin_ctz(words);
        uint32_t *pending = (uint32_t *)&shared.evtchn_pending[word];
        uint32_t *mask = (uint32_t *)&shared.evtchn_mask[word];
        uint32_t ready = load32(pending) & ~load32(mask);

        words &= words - 1;
        while (ready) {
            unsigned bit = __builtin_ctz(ready);
            unsigned port = word * BITS + bit;

            ready &= ready - 1;
            if (bound_to[port] != cpu) {
                continue;
            }
            and32(pending, ~(1u << bit));
            if (handlers[port]) {
                handlers[port](port);
            }
        }
    }
}

static void upcall(void)
{
    unsigned cpu = this_cpu();
    struct vcpu_info *vcpu = &shared.vcpu_info[cpu];

    store32(&upcalls[cpu], upcalls[cpu] + 1);
    if (upcall_hook && !upcall_hook()) {
        return;
    }
    __atomic_exchange_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    handle_ports(cpu);
}

static void upcall_vector(TrapFrame *frame)
{
    upcall();
}

static void upcall_vcpu_vector(TrapFrame *frame)
{
    lapic_eoi();
    upcall();
}

static void upcall_ioapic(TrapFrame *frame)
{
    upcall();
    lapic_eoi();
}

static void upcall_pic(TrapFrame *frame)
{
    upcall();
    pic_eoi(irq);
}

static bool deliver_interrupt(uint64_t param, unsigned pin, bool pic)
{
    irq = pin;
    if (pic) {
        trap_set_handler(PIC_VECTOR + pin, upcall_pic);
        pic_unmask(pin);
    } else {
        trap_set_handler(GSI_VECTOR, upcall_ioapic);
        ioapic_route(pin, GSI_VECTOR);
    }
    return !hvm_set_param(HVM_PARAM_CALLBACK_IRQ, param);
}

static bool deliver_intx(bool pic)
{
    static PciList list;

    pci_scan(&list);
    for (unsigned i = 0; i < list.count; i++) {
        const PciFunction *f = &list.functions[i];
        uint64_t param = CALLBACK_TYPE(HVM_PARAM_CALLBACK_TYPE_PCI_INTX) |
                         f->bus << 16 | f->device << 11 | f->function << 8;

        if (pci_is_xen_platform(f)) {
            unsigned line = pci_config_read(f, CFG_INTERRUPT_LINE) & 0xff;

            return deliver_interrupt(param, line, pic);
        }
    }
    return false;
}

static bool deliver_vcpu_vector(unsigned cpus)
{
    trap_set_handler(VCPU_VECTOR, upcall_vcpu_vector);
    for (unsigned i = 0; i < cpus; i++) {
        struct xen_hvm_evtchn_upcall_vector vector = {
            .vcpu = i,
            .vector = VCPU_VECTOR,
        };

        if (hvm_op(HVMOP_set_evtchn_upcall_vector, &vector)) {
            return false;
        }
    }
    return true;
}

bool events_deliver(DeliveryId delivery, unsigned cpus)
{
    bool ok = false;

    switch (delivery) {
    case DELIVER_VECTOR:
        trap_set_handler(CALLBACK_VECTOR, upcall_vector);
        ok = !hvm_set_param(HVM_PARAM_CALLBACK_IRQ,
                            CALLBACK_TYPE(HVM_PARAM_CALLBACK_TYPE_VECTOR) |
                            CALLBACK_VECTOR);
        break;
    case DELIVER_VCPU_VECTOR:
        ok = deliver_vcpu_vector(cpus);
        break;
    case DELIVER_GSI_IOAPIC:
        ok = deliver_interrupt(GSI_IOAPIC, GSI_IOAPIC, false);
        break;
    case DELIVER_GSI_PIC:
        ok = deliver_interrupt(GSI_PIC, GSI_PIC, true);
        break;
    case DELIVER_INTX_IOAPIC:
    case DELIVER_INTX_PIC:
        ok = deliver_intx(delivery == DELIVER_INTX_PIC);
        break;
    }
    if (!ok) {
        tap_ok(false, "events can be had by %s", delivery_name(delivery));
    }
    return ok;
}

void event_mask(unsigned port)
{
    or32((uint32_t *)&shared.evtchn_mask[port / BITS],
         1u << port % BITS);
}

bool event_pending(unsigned port)
{
    return load32((uint32_t *)&shared.evtchn_pending[port / BITS]) >>
           port % BITS & 1;
}

void event_clear(unsigned port)
{
    and32((uint32_t *)&shared.evtchn_pending[port / BITS],
          ~(1u << port % BITS));
}

void event_handle(unsigned port, EventHandler *handler)
{
    handlers[port] = handler;
    if (handler) {
        event_unmask(port);
    } else {
        event_mask(port);
    }
}

unsigned event_bind_ipi(unsigned vcpu, EventHandler *handler)
{
    struct evtchn_bind_ipi bind = { .vcpu = vcpu };

    if (event_channel_op(EVTCHNOP_bind_ipi, &bind)) {
        return 0;
    }
    bound_to[bind.port] = vcpu;
    event_handle(bind.port, handler);
    return bind.port;
}

unsigned event_bind_virq(unsigned virq, unsigned vcpu, EventHandler *handler)
{
    struct evtchn_bind_virq bind = { .virq = virq, .vcpu = vcpu };

    if (event_channel_op(EVTCHNOP_bind_virq, &bind)) {
        return 0;
    }
    bound_to[bind.port] = vcpu;
    event_handle(bind.port, handler);
    return bind.port;
}

uint32_t event_send(unsigned port)
{
    struct evtchn_send send = { .port = port };

    return event_channel_op(EVTCHNOP_send, &send);
}

uint32_t event_close(unsigned port)
{
    struct evtchn_close close = { .port = port };

    event_mask(port);
    handlers[port] = NULL;
    bound_to[port] = 0;
    return event_channel_op(EVTCHNOP_close, &close);
}

uint32_t event_unmask(unsigned port)
{
    struct evtchn_unmask unmask = { .port = port };

    return event_channel_op(EVTCHNOP_unmask, &unmask);
}

uint32_t events_upcalls(unsigned cpu)
{
    return load32(&upcalls[cpu]);
}

/* As Xen's public/xen.h has it */
uint64_t time_read(const struct vcpu_time_info *info)
{
    const uint32_t *version = &info->version;
    uint32_t before;
    uint64_t delta, time;

    do {
        before = load32(version);
        delta = rdtsc() - info->tsc_timestamp;
        if (info->tsc_shift >= 0) {
            delta <<= info->tsc_shift;
        } else {
            delta >>= -info->tsc_shift;
        }
        time = info->system_time +
               (((uint64_t)(uint32_t)delta * info->tsc_to_system_mul) >> 32) +
               (delta >> 32) * info->tsc_to_system_mul;
        barrier();
    } while ((before & 1) || before != load32(version));
    return time;
}

uint64_t time_now(void)
{
    return time_read(&shared.vcpu_info[this_cpu()].time);
}

void time_wait_us(uint32_t us)
{
    uint64_t end = time_now() + (uint64_t)us * 1000;

    while (time_now() < end) {
        pause();
    }
}

bool time_wait_for(const uint32_t *p, uint32_t value, uint32_t us)
{
    uint64_t end = time_now() + (uint64_t)us * 1000;

    while (load32(p) != value) {
        if (time_now() > end) {
            return false;
        }
        pause();
    }
    return true;
}
