/*
 * The table of boots for activation_decide()
 *
 * First every combination of devices, stored device, rule and drivers, then
 * scenarios: what people do to a guest, boot after boot.  What is expected is
 * written out, not computed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "activation.h"

#define P1  XENBUS_PLATFORM
#define P2  XENBUS_PLATFORM_2
#define VD  XENBUS_VENDOR

/* The masks of a bus driver of 2025 or later, and of an older one */
#define DISKS(recent) ((recent) ? UNPLUG_DISKS | UNPLUG_NVME : UNPLUG_DISKS)
enum { NOTHING, DISK, NIC, BOTH };

static const struct {
    const char *name;
    uint16_t id;
} stored[] = { { "none", 0 }, { "0001", P1 }, { "0002", P2 }, { "c000", VD } };

static const struct {
    const char *name;
    uint16_t present[ACTIVATION_MAX_DEVICES];
    uint16_t forced;                    /* active by precedence */
    uint16_t old[ARRAY_SIZE(stored)];   /* active by the stored device */
} devices[] = {
    { "0001",      { P1 },     P1, { P1, P1,  0,  0 } },
    { "0002",      { P2 },     P2, { P2,  0, P2,  0 } },
    { "c000",      { VD },     VD, { VD,  0,  0, VD } },
    { "0001+c000", { P1, VD }, VD, { P1, P1,  0, VD } },
    { "c000+0001", { VD, P1 }, VD, { VD, P1,  0, VD } },
    { "0002+c000", { P2, VD }, VD, { P2,  0, P2, VD } },
    { "c000+0002", { VD, P2 }, VD, { VD,  0, P2, VD } },
    /* Xen's documents exclude the next two, QEMU does not */
    { "0001+0002", { P1, P2 }, P2, { P1, P1, P2,  0 } },
    { "0002+0001", { P2, P1 }, P2, { P2, P1, P2,  0 } },
};

static const struct {
    const char *name;
    bool forced;
    bool disk_ran;
    bool nic_ran;
    int unplugs;    /* if the active device is known in time */
} drivers[] = {
    { "asked-nothing",  false, false, false, NOTHING },
    { "asked-disk",     false, true,  false, DISK },
    { "asked-nic",      false, false, true,  NIC },
    { "asked-both",     false, true,  true,  BOTH },
    { "forced-nothing", true,  false, false, BOTH },
    { "forced-disk",    true,  true,  false, BOTH },
    { "forced-nic",     true,  false, true,  BOTH },
    { "forced-both",    true,  true,  true,  BOTH },
};

#define COMBINATIONS \
    (ARRAY_SIZE(devices) * ARRAY_SIZE(stored) * ARRAY_SIZE(drivers) * 2)

typedef enum Driver {
    NONE,
    OLD,    /* before forced unplug and activation */
    NEW,
} Driver;

/* What has changed since the last boot stands in the row; the rest follows. */
typedef struct Boot {
    const char *scenario;   /* NULL: the one above goes on */
    uint16_t present[ACTIVATION_MAX_DEVICES];
    Driver bus;
    Driver disk;
    Driver nic;
    bool removed;           /* and the bus driver put back: nothing is stored */
    uint16_t active;
    int unplugs;
} Boot;

static const Boot boots[] = {
    /* Drivers put into the image of a guest that is off */
    { "offline-new", { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { NULL,          { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { "offline-old", { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,          { P1 }, OLD, OLD, OLD, false, P1, BOTH },

    { "install-new", { P1 }, NONE, NONE, NONE, false, 0, NOTHING },
    { NULL,          { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { "install-old", { P1 }, NONE, NONE, NONE, false, 0, NOTHING },
    { NULL,          { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,          { P1 }, OLD, OLD, OLD, false, P1, BOTH },

    /* The host puts 0002 in the place of 0001 */
    { "0001-to-0002-new", { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { NULL,               { P2 }, NEW, NEW, NEW, false, P2, BOTH },
    { "0001-to-0002-old", { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,               { P1 }, OLD, OLD, OLD, false, P1, BOTH },
    { NULL,               { P2 }, OLD, OLD, OLD, false, 0, NOTHING },
    { NULL,               { P2 }, OLD, OLD, OLD, false, 0, NOTHING },
    { NULL,               { P2 }, OLD, OLD, OLD, true, P2, NOTHING },
    { NULL,               { P2 }, OLD, OLD, OLD, false, P2, BOTH },

    /* The host switches the vendor device on and off */
    { "vendor-new", { P1 },     NEW, NEW, NEW, false, P1, BOTH },
    { NULL,         { P1, VD }, NEW, NEW, NEW, false, VD, BOTH },
    { NULL,         { P1 },     NEW, NEW, NEW, false, P1, BOTH },
    { "vendor-old", { P1 },     OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,         { P1, VD }, OLD, OLD, OLD, false, P1, BOTH },
    { NULL,         { P1 },     OLD, OLD, OLD, false, P1, BOTH },
    { "vendor-first-old", { VD, P2 }, OLD, OLD, OLD, false, VD, NOTHING },
    { NULL,               { VD, P2 }, OLD, OLD, OLD, false, VD, BOTH },
    { NULL,               { P2 },     OLD, OLD, OLD, false, 0, NOTHING },
    { NULL,               { VD, P2 }, OLD, OLD, OLD, false, VD, NOTHING },
    { NULL,               { VD, P2 }, OLD, OLD, OLD, false, VD, BOTH },

    { "update", { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,     { P1 }, OLD, OLD, OLD, false, P1, BOTH },
    { NULL,     { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { "update-with-vendor", { P1, VD }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,                 { P1, VD }, OLD, OLD, OLD, false, P1, BOTH },
    { NULL,                 { P1, VD }, NEW, NEW, NEW, false, VD, BOTH },
    { "downgrade", { P1 }, NEW, NEW, NEW, false, P1, BOTH },
    { NULL,        { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,        { P1 }, OLD, OLD, OLD, false, P1, BOTH },

    /* One package updated and the other not */
    { "old-bus-new-disk", { P1 }, OLD, NEW, NEW, false, P1, NOTHING },
    { NULL,               { P1 }, OLD, NEW, NEW, false, P1, BOTH },
    { "new-bus-old-disk", { P1 }, NEW, OLD, NEW, false, P1, NIC },
    { NULL,               { P1 }, NEW, OLD, NEW, false, P1, BOTH },
    { "new-bus-old-nic",  { P2 }, NEW, NEW, OLD, false, P2, DISK },
    { NULL,               { P2 }, NEW, NEW, OLD, false, P2, BOTH },

    { "no-disk-driver-new", { P1 }, NEW, NONE, NEW, false, P1, NIC },
    { "no-nic-driver-new",  { P1 }, NEW, NEW, NONE, false, P1, DISK },
    { "remove-disk-driver", { P1 }, OLD, OLD, OLD, false, P1, NOTHING },
    { NULL,                 { P1 }, OLD, OLD, OLD, false, P1, BOTH },
    { NULL,                 { P1 }, OLD, NONE, OLD, false, P1, NIC },
    { "remove-all", { P1, VD }, NEW, NEW, NEW, false, VD, BOTH },
    { NULL,         { P1, VD }, NONE, NONE, NONE, false, 0, NOTHING },
};

static void append(char *name, const char *text)
{
    size_t len = strlen(name);
    size_t more = strlen(text);

    if (len + more < ACTIVATION_MAX_NAME) {
        memcpy(name + len, text, more + 1);
    }
}

static void expect(ActivationRow *row, uint16_t active, int unplugs,
                   bool recent)
{
    unsigned writes = 0;

    row->expected.active = active;
    if (unplugs == DISK || unplugs == BOTH) {
        row->expected.unplug[writes++] = DISKS(recent);
    }
    if (unplugs == NIC || unplugs == BOTH) {
        row->expected.unplug[writes++] = UNPLUG_NICS;
    }
}

static void combination(size_t index, ActivationRow *row)
{
    size_t d = index % ARRAY_SIZE(drivers);
    size_t s = index / ARRAY_SIZE(drivers) % ARRAY_SIZE(stored);
    bool forced = index / ARRAY_SIZE(drivers) / ARRAY_SIZE(stored) % 2;
    size_t p = index / ARRAY_SIZE(drivers) / ARRAY_SIZE(stored) / 2;
    uint16_t active = forced ? devices[p].forced : devices[p].old[s];
    bool in_time = active && (forced || stored[s].id);

    append(row->name, devices[p].name);
    append(row->name, "/stored-");
    append(row->name, stored[s].name);
    append(row->name, forced ? "/forced/" : "/old/");
    append(row->name, drivers[d].name);
    row->state = (ActivationState) {
        .present = { devices[p].present[0], devices[p].present[1] },
        .stored = stored[s].id,
        .forced_activation = forced,
        .forced_unplug = drivers[d].forced,
        .disk = { true, drivers[d].disk_ran, drivers[d].forced },
        .nic = { true, drivers[d].nic_ran, drivers[d].forced },
    };
    expect(row, active, in_time ? drivers[d].unplugs : NOTHING,
           forced || drivers[d].forced);
}

static void set_driver(ChildDriver *child, Driver driver)
{
    child->installed = driver != NONE;
    child->forced = driver == NEW;
    child->ran &= child->installed;
}

/* What this boot's row says, on top of what the one before left behind */
static void change(ActivationState *state, const Boot *boot)
{
    state->present[0] = boot->present[0];
    state->present[1] = boot->present[1];
    state->no_bus_driver = boot->bus == NONE;
    state->forced_activation = boot->bus == NEW;
    state->forced_unplug = boot->bus == NEW;
    set_driver(&state->disk, boot->disk);
    set_driver(&state->nic, boot->nic);
    if (boot->removed) {
        state->stored = 0;
    }
}

static void scenario(size_t index, ActivationRow *row)
{
    char number[] = "/0";
    size_t first = index;

    while (!boots[first].scenario) {
        first--;
    }
    for (size_t i = first; ; i++) {
        ActivationOutcome outcome;

        change(&row->state, &boots[i]);
        if (i == index) {
            break;
        }
        activation_decide(&row->state, &outcome, &row->state);
    }
    number[1] = '1' + (index - first);
    append(row->name, boots[first].scenario);
    append(row->name, number);
    expect(row, boots[index].active, boots[index].unplugs,
           boots[index].bus == NEW);
}

size_t activation_count(void)
{
    return COMBINATIONS + ARRAY_SIZE(boots);
}

void activation_row(size_t index, ActivationRow *row)
{
    memset(row, 0, sizeof(*row));
    if (index < COMBINATIONS) {
        combination(index, row);
    } else {
        scenario(index - COMBINATIONS, row);
    }
}
