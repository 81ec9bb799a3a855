/*
 * The personas, and the bus driver that looks for its device, on bare metal
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "activation.h"
#include "check.h"
#include "console.h"
#include "inventory.h"
#include "io.h"
#include "play.h"
#include "tap.h"

/* What the image pretends that the host answers, where it does */
static bool no_magic;
static int version = -1;

static uint8_t port_inb(uint16_t port)
{
    uint8_t value = inb(port);

    return port == 0x12 && version >= 0 ? version : value;
}

static uint16_t port_inw(uint16_t port)
{
    return no_magic ? XEN_NO_MAGIC : inw(port);
}

static void port_outb(uint16_t port, uint8_t value)
{
    outb(port, value);
}

static void port_outw(uint16_t port, uint16_t value)
{
    outw(port, value);
}

static void port_outl(uint16_t port, uint32_t value)
{
    outl(port, value);
}

static void port_outsb(uint16_t port, const void *buf, size_t len)
{
    outsb(port, buf, len);
}

static const GuestOps ops = {
    .inb = port_inb,
    .inw = port_inw,
    .outb = port_outb,
    .outw = port_outw,
    .outl = port_outl,
    .outsb = port_outsb,
    .say = tap_say,
};

static void override(Persona *persona, PersonaDriver *driver,
                     const Args *args)
{
    *persona = *args->persona;
    *driver = *persona->driver;
    persona->driver = driver;

    if (args->given[ARG_PRODUCT]) {
        driver->product = args->value[ARG_PRODUCT];
    }
    if (args->given[ARG_BUILD]) {
        driver->build = args->value[ARG_BUILD];
    }
    if (args->given[ARG_DISKS]) {
        persona->unplug[0] = args->value[ARG_DISKS];
    }
    if (args->given[ARG_NICS]) {
        persona->unplug[1] = args->value[ARG_NICS];
    }
    if (args->given[ARG_MASK]) {
        persona->unplug[0] = args->value[ARG_MASK];
    }
}

bool play_persona(const Args *args)
{
    bool missing = args->value[ARG_MAGIC] == ARG_MISSING;
    PersonaHost host = {
        .no_magic = missing,
        .version = args_value(args, ARG_VERSION, 1),
        .blacklisted = args->value[ARG_BLACKLIST] == ARG_EXPECTED,
        .enforced = args->value[ARG_ENFORCE] == ARG_EXPECTED,
    };
    static Inventory before;
    static Inventory after;
    uint16_t honoured = 0;
    Persona persona;
    PersonaDriver driver;

    override(&persona, &driver, args);
    no_magic = missing;
    version = args->given[ARG_VERSION] ? (int)host.version : -1;
    console_printf("TAP version 13\n");
    tap_say("%s: %s", persona.name, persona.description);
    inventory_take(&before, "Before");
    host.bar0 = before.bar0;

    for (unsigned i = 0; i <= args->value[ARG_RESUME]; i++) {
        PersonaMoment moment = i ? PERSONA_RESUME : PERSONA_BOOT;
        PersonaResult expected;
        PersonaResult got;

        tap_say(i ? "The driver resumes" : "The driver talks to the device");
        persona_play(&persona, moment, &ops, host.bar0, &got);
        persona_expect(&persona, moment, &host, &expected);
        check_answers(&expected, &got);
        honoured |= expected.honoured;
        host.refused |= expected.announced && host.blacklisted;
    }
    inventory_take(&after, "After");
    check_devices(args, honoured, &before, &after);
    return tap_done();
}

/* The devices to which XENBUS binds, in bus order */
static unsigned find_devices(const PciList *list, uint16_t *present)
{
    unsigned found = 0;

    for (unsigned i = 0; i < list->count; i++) {
        const PciFunction *f = &list->functions[i];

        if (f->vendor_id != PCI_VENDOR_XEN) {
            continue;
        }
        if (found < ACTIVATION_MAX_DEVICES) {
            present[found] = f->device_id;
        }
        found++;
    }
    return found;
}

static bool same_outcome(const ActivationOutcome *a,
                         const ActivationOutcome *b)
{
    return a->active == b->active &&
           !memcmp(a->unplug, b->unplug, sizeof(a->unplug));
}

/*
 * Decide for each row that names these devices and must come out as @like: what
 * follows is the same for all of them.
 */
static void check_outcomes(const ActivationRow *like, const uint16_t *present)
{
    ActivationOutcome outcome;
    ActivationRow row;

    for (size_t i = 0; i < activation_count(); i++) {
        activation_row(i, &row);
        if (memcmp(row.state.present, like->state.present,
                   sizeof(row.state.present)) ||
            !same_outcome(&row.expected, &like->expected)) {
            continue;
        }
        memcpy(row.state.present, present, sizeof(row.state.present));
        activation_decide(&row.state, &outcome, NULL);
        tap_ok(same_outcome(&row.expected, &outcome),
               "row %s: active %04x, unplug 0x%04x and 0x%04x", row.name,
               row.expected.active, row.expected.unplug[0],
               row.expected.unplug[1]);
        if (!same_outcome(&row.expected, &outcome)) {
            tap_say("  got active %04x, unplug 0x%04x and 0x%04x",
                    outcome.active, outcome.unplug[0], outcome.unplug[1]);
        }
    }
}

/* What the guest is left with: the emulated devices, or PV ones of @active */
static void check_path(const char *what, unsigned emulated, bool unplugged,
                       uint16_t active)
{
    bool pv = active && unplugged;

    tap_ok(!emulated == pv, "there is one path to %s, %s", what,
           pv ? "PV" : "emulated");
}

bool play_activation(const Args *args)
{
    const ActivationRow *row = args->activation;
    ActivationState state = row->state;
    ActivationOutcome outcome;
    static Inventory before;
    static Inventory after;
    PersonaHost host = { .version = 1 };
    PersonaResult expected = { };
    PersonaResult got = { };
    Persona persona;
    unsigned found;

    console_printf("TAP version 13\n");
    tap_say("%s", row->name);
    inventory_take(&before, "Before");

    memset(state.present, 0, sizeof(state.present));
    found = find_devices(&before.pci, state.present);
    tap_ok(found <= ACTIVATION_MAX_DEVICES &&
           !memcmp(state.present, row->state.present, sizeof(state.present)),
           "the devices are 5853:%04x and %04x", row->state.present[0],
           row->state.present[1]);
    host.no_magic = !activation_has_platform(&state);
    host.no_device = host.no_magic;

    check_outcomes(row, state.present);
    activation_decide(&state, &outcome, NULL);
    activation_cut(activation_persona(&state), &outcome, &persona);
    if (outcome.speaks) {
        persona_play(&persona, PERSONA_BOOT, &ops, 0, &got);
        persona_expect(&persona, PERSONA_BOOT, &host, &expected);
        check_answers(&expected, &got);
    }
    inventory_take(&after, "After");
    check_devices(args, expected.honoured, &before, &after);
    check_path("disks", after.disks, expected.honoured & UNPLUG_DISKS,
               outcome.active);
    check_path("the network", after.nics, expected.honoured & UNPLUG_NICS,
               outcome.active);
    return tap_done();
}
