/*
 * RTL8139 at work: its receive buffer, four transmit slots, the rings of its C+
 * mode, and its timer
 *
 * The host sends frames all the time.  They go into one large buffer, each
 * behind a header, or in C+ mode into a ring of descriptors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "io.h"
#include "persona.h"
#include "tap.h"
#include "work.h"

#define RTL8139             0x813910ec

#define REG_TX_STATUS       0x10
#define REG_TX_ADDRESS      0x20
#define REG_RX_BUFFER       0x30
#define REG_COMMAND         0x37
#define REG_RX_READ         0x38
#define REG_RX_WRITTEN      0x3a
#define REG_IRQ_MASK        0x3c
#define REG_IRQ_STATUS      0x3e
#define REG_TX_CONFIG       0x40
#define REG_RX_CONFIG       0x44
#define REG_TIMER           0x48
#define REG_TIMER_INTERRUPT 0x54
#define REG_CPLUS_TX_POLL   0xd9
#define REG_CPLUS_COMMAND   0xe0
#define REG_CPLUS_RX_RING   0xe4
#define BAR_BYTES           0x100

#define COMMAND_RESET       0x10
#define COMMAND_RX_TX       0x0c
#define COMMAND_EMPTY       0x01
#define RX_ALL              0x0000070f
#define RX_WRAP             0x00000080
#define RX_64K              0x00001800
#define CPLUS_RX_TX         0x0003
#define CPLUS_OWN           0x80000000u
#define CPLUS_END           0x40000000
#define CPLUS_WHOLE         0x30000000
#define CPLUS_POLL          0x40
#define TX_DONE             0x00008000

#define DESCRIPTORS         32
#define BUFFER              2048

static PciFunction function;
static uint32_t bars[6];
static uint16_t port;

typedef struct Descriptor {
    uint32_t flags;
    uint32_t vlan;
    uint32_t base;
    uint32_t base_high;
} Descriptor;

static Descriptor *const rx = (Descriptor *)work_target;
static Descriptor *const tx = (Descriptor *)(work_target + 0x1000);
static uint8_t *const buffers = work_target + 0x2000;

static bool cplus;

static bool is_reset(void)
{
    return !(inb(port + REG_COMMAND) & COMMAND_RESET);
}

static bool has_received(void)
{
    if (cplus) {
        return !(__atomic_load_n(&rx[1].flags, __ATOMIC_ACQUIRE) & CPLUS_OWN);
    }
    return inw(port + REG_RX_WRITTEN) > 1200;
}

static bool reset(void)
{
    outb(port + REG_COMMAND, COMMAND_RESET);
    cplus = false;
    return work_wait(is_reset, WORK_PATIENCE);
}

static bool receive(uint32_t config)
{
    outl(port + REG_RX_BUFFER, address(buffers));
    outb(port + REG_COMMAND, COMMAND_RX_TX);
    outl(port + REG_RX_CONFIG, RX_ALL | config);
    outl(port + REG_TX_CONFIG, 0x700);
    return work_wait(has_received, WORK_PATIENCE);
}

static bool find(void)
{
    if (!pci_find(PCI_CLASS_ETHERNET, RTL8139, &function)) {
        tap_say("there is no RTL8139");
        return false;
    }
    pci_enable(&function);
    for (unsigned i = 0; i < 6; i++) {
        bars[i] = pci_bar(&function, i);
    }
    port = bars[0];
    return reset();
}

static void transmit(unsigned slot)
{
    outl(port + REG_TX_ADDRESS + 4 * slot,
         address(buffers + (DESCRIPTORS + slot) * BUFFER));
    outl(port + REG_TX_STATUS + 4 * slot, 1000);
}

/* A frame in, and one out */
static bool transfer(bool write, uint32_t sector, void *buf)
{
    bool ok = receive(RX_64K);

    transmit(0);
    return ok && (inl(port + REG_TX_STATUS) & TX_DONE) && reset();
}

static bool start_nothing(void)
{
    return true;
}

static bool start_receive(void)
{
    return receive(RX_64K);
}

/* Nobody takes what is in the small buffer, so it is full soon */
static bool start_full(void)
{
    return receive(0);
}

static bool start_wrap(void)
{
    return receive(RX_64K | RX_WRAP);
}

static bool start_transmit(void)
{
    bool ok = start_receive();

    for (unsigned slot = 0; slot < 4; slot++) {
        transmit(slot);
    }
    return ok;
}

static bool start_cplus(void)
{
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        uint32_t flags = CPLUS_OWN | (i == DESCRIPTORS - 1 ? CPLUS_END : 0);

        rx[i] = (Descriptor) {
            .flags = flags | BUFFER,
            .base = address(buffers + i * BUFFER),
        };
        tx[i] = (Descriptor) {
            .flags = flags | CPLUS_WHOLE | 1000,
            .base = address(buffers + (DESCRIPTORS + i) * BUFFER),
        };
    }
    cplus = true;
    outw(port + REG_CPLUS_COMMAND, CPLUS_RX_TX);
    outl(port + REG_CPLUS_RX_RING, address(rx));
    outl(port + REG_CPLUS_RX_RING + 4, 0);
    outl(port + REG_TX_ADDRESS, address(tx));
    outl(port + REG_TX_ADDRESS + 4, 0);
    if (!receive(0)) {
        return false;
    }
    outb(port + REG_CPLUS_TX_POLL, CPLUS_POLL);
    return true;
}

static bool start_timer(void)
{
    outw(port + REG_IRQ_MASK, 0xffff);
    outl(port + REG_TIMER_INTERRUPT, 0x200000);
    outl(port + REG_TIMER, 0);
    return start_receive();
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "receive", .start = start_receive },
    { .name = "full", .start = start_full },
    { .name = "wrap", .start = start_wrap },
    { .name = "transmit", .start = start_transmit },
    { .name = "cplus", .start = start_cplus },
    { .name = "timer", .start = start_timer },
    { },
};

static bool outstanding(void)
{
    return (inb(port + REG_COMMAND) & COMMAND_RX_TX) == COMMAND_RX_TX;
}

static bool gone(uint16_t mask)
{
    return work_no_function(&function);
}

static void poke(void)
{
    work_poke_ports(port, BAR_BYTES);
    work_poke_memory(bars[1], BAR_BYTES);
    work_poke_function(&function, bars);
    work_poke_ports(port, BAR_BYTES);
    work_poke_memory(bars[1], BAR_BYTES);
}

const Worker work_rtl8139 = {
    .name = "rtl8139",
    .mask = UNPLUG_NICS,
    .phases = phases,
    .find = find,
    .transfer = transfer,
    .outstanding = outstanding,
    .gone = gone,
    .poke = poke,
};
