/*
 * e1000 (82540EM) at work: receive and transmit rings, and its timers
 *
 * The host sends frames all the time.  The controller fills the receive ring up
 * to the descriptor before its tail, and sends what the transmit ring has
 * before its tail; it writes back to each descriptor.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"
#include "tap.h"
#include "work.h"

#define E1000               0x100e8086

#define REG_CONTROL         0x0000
#define REG_MDI             0x0020
#define REG_CAUSE           0x00c0
#define REG_THROTTLE        0x00c4
#define REG_MASK            0x00d0
#define REG_MASK_CLEAR      0x00d8
#define REG_RX_CONTROL      0x0100
#define REG_TX_CONTROL      0x0400
#define REG_RX_RING         0x2800
#define REG_RX_DELAY        0x2820
#define REG_RX_DELAY_MAX    0x282c
#define REG_TX_RING         0x3800
#define REG_TX_DELAY        0x3820
#define REG_TX_DELAY_MAX    0x382c
#define BAR_BYTES           0x20000

/* In the registers of a ring */
#define RING_BYTES          0x08
#define RING_HEAD           0x10
#define RING_TAIL           0x18

#define CONTROL_LINK_UP     0x00000040
#define CONTROL_RESET       0x04000000
#define RX_ON               0x0000801a  /* all that comes */
#define TX_ON               0x0000000a
#define MDI_RESTART         0x04201200  /* write PHY control: autonegotiate */
#define STATUS_DONE         0x01
#define COMMAND_LAST        0x01
#define COMMAND_REPORT      0x08

#define DESCRIPTORS         64
#define BUFFER              2048

typedef struct Descriptor {
    uint32_t base;
    uint32_t base_high;
    uint16_t length;
    uint8_t tx_offset;
    uint8_t tx_command;
    uint8_t status;
    uint8_t reserved[3];
} Descriptor;

static PciFunction function;
static uint32_t bars[6];
static uint32_t base;

static Descriptor *const rx = (Descriptor *)work_target;
static Descriptor *const tx = (Descriptor *)(work_target + 0x1000);

static void write(uint32_t offset, uint32_t value)
{
    mmio_write(base + offset, value);
}

static uint8_t *buffer(unsigned n)
{
    return work_target + 0x2000 + n * BUFFER;
}

static bool is_reset(void)
{
    return !(mmio_read(base + REG_CONTROL) & CONTROL_RESET);
}

static bool has_received(void)
{
    return __atomic_load_n(&rx[1].status, __ATOMIC_ACQUIRE) & STATUS_DONE;
}

static void set_ring(uint32_t reg, const Descriptor *ring)
{
    write(reg, address(ring));
    write(reg + 4, 0);
    write(reg + RING_BYTES, DESCRIPTORS * sizeof(*ring));
    write(reg + RING_HEAD, 0);
    write(reg + RING_TAIL, 0);
}

static bool reset(void)
{
    write(REG_CONTROL, CONTROL_RESET);
    if (!work_wait(is_reset, WORK_PATIENCE)) {
        return false;
    }
    write(REG_CONTROL, CONTROL_LINK_UP);
    memset(rx, 0, 0x2000);
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        rx[i].base = address(buffer(i));
        tx[i].base = address(buffer(DESCRIPTORS + i));
        tx[i].length = 1000;
        tx[i].tx_command = COMMAND_LAST | COMMAND_REPORT;
    }
    set_ring(REG_RX_RING, rx);
    set_ring(REG_TX_RING, tx);
    return true;
}

static void receive(unsigned descriptors)
{
    write(REG_RX_RING + RING_TAIL, descriptors);
    write(REG_RX_CONTROL, RX_ON);
}

static bool find(void)
{
    if (!pci_find(PCI_CLASS_ETHERNET, E1000, &function)) {
        tap_say("there is no e1000");
        return false;
    }
    pci_enable(&function);
    for (unsigned i = 0; i < 6; i++) {
        bars[i] = pci_bar(&function, i);
    }
    base = bars[0];
    return reset();
}

/* Two frames in, and one out */
static bool transfer(bool unused_write, uint32_t sector, void *buf)
{
    bool ok;

    receive(DESCRIPTORS - 1);
    write(REG_TX_CONTROL, TX_ON);
    write(REG_TX_RING + RING_TAIL, 1);
    ok = work_wait(has_received, WORK_PATIENCE) && tx[0].status & STATUS_DONE;
    return ok && reset();
}

static bool start_nothing(void)
{
    return true;
}

static bool start_receive(void)
{
    receive(DESCRIPTORS - 1);
    return work_wait(has_received, WORK_PATIENCE);
}

/* Frames wait in the host, as there are no more descriptors */
static bool start_full(void)
{
    receive(2);
    return work_wait(has_received, WORK_PATIENCE);
}

static bool start_transmit(void)
{
    write(REG_TX_CONTROL, TX_ON);
    write(REG_TX_RING + RING_TAIL, DESCRIPTORS - 1);
    return start_receive();
}

/* Pieces of frames that have no end yet */
static bool start_part(void)
{
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        tx[i].tx_command = COMMAND_REPORT;
    }
    return start_transmit();
}

/* As late as may be */
static bool start_interrupts(void)
{
    write(REG_THROTTLE, 0xffff);
    write(REG_RX_DELAY, 0x8000);
    write(REG_RX_DELAY_MAX, 0xffff);
    write(REG_TX_DELAY, 0xffff);
    write(REG_TX_DELAY_MAX, 0xffff);
    write(REG_MASK, 0x1ffff);
    return start_transmit();
}

/* Takes half a second */
static bool start_link(void)
{
    receive(DESCRIPTORS - 1);
    write(REG_MDI, MDI_RESTART);
    return true;
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "receive", .start = start_receive },
    { .name = "full", .start = start_full, .idle = true },
    { .name = "transmit", .start = start_transmit },
    { .name = "part", .start = start_part },
    { .name = "interrupts", .start = start_interrupts },
    { .name = "link", .start = start_link },
    { },
};

/* Is there room for what comes? */
static bool outstanding(void)
{
    return mmio_read(base + REG_RX_RING + RING_HEAD) !=
           mmio_read(base + REG_RX_RING + RING_TAIL);
}

static bool gone(uint16_t mask)
{
    return work_no_function(&function);
}

static void poke(void)
{
    work_poke_memory(base, BAR_BYTES);
    work_poke_ports(bars[1], 8);
    work_poke_function(&function, bars);
    work_poke_memory(base, BAR_BYTES);
}

const Worker work_e1000 = {
    .name = "e1000",
    .mask = UNPLUG_NICS,
    .phases = phases,
    .find = find,
    .transfer = transfer,
    .outstanding = outstanding,
    .gone = gone,
    .poke = poke,
};
