/*
 * Which device the Windows bus driver, XENBUS, takes, and what it unplugs
 *
 * XENBUS binds to the platform devices 5853:0001 and :0002 and to the vendor
 * device :c000, but works through one of them only: the active one.  Which, and
 * whether there is anything to unplug, is settled by what the registry holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LIBXEN_ACTIVATION_H
#define LIBXEN_ACTIVATION_H

#include "persona.h"

#define ACTIVATION_MAX_DEVICES  2
#define ACTIVATION_MAX_NAME     48

#define XENBUS_PLATFORM         0x0001
#define XENBUS_PLATFORM_2       0x0002
#define XENBUS_VENDOR           0xc000

/* A disk or NIC driver, as the bus driver finds it in the registry */
typedef struct ChildDriver {
    bool installed;
    bool ran;       /* in the last boot, or would have but for the reboot */
    bool forced;    /* it asks for forced unplug */
} ChildDriver;

/* A guest that is about to boot */
typedef struct ActivationState {
    uint16_t present[ACTIVATION_MAX_DEVICES];   /* in bus order, then 0 */
    uint16_t stored;            /* the active device of the registry, or 0 */
    bool no_bus_driver;
    bool forced_activation;     /* bus drivers of 2025, as built */
    bool forced_unplug;
    ChildDriver disk;
    ChildDriver nic;
} ActivationState;

typedef struct ActivationOutcome {
    uint16_t active;            /* the one device with PV children, or 0 */
    bool speaks;                /* it is known in time to announce itself */
    uint16_t unplug[PERSONA_MAX_WRITES];        /* masks, then 0 */
} ActivationOutcome;

typedef struct ActivationRow {
    char name[ACTIVATION_MAX_NAME];
    ActivationState state;
    ActivationOutcome expected;
} ActivationRow;

/**
 * activation_decide: what the guest in @state does when it boots
 *
 * @next: the state in which it leaves the registry, with the same devices and
 * drivers; may be @state or NULL
 */
void activation_decide(const ActivationState *state,
                       ActivationOutcome *outcome, ActivationState *next);

/* Returns: the persona of the bus driver in @state, all drivers running */
const Persona *activation_persona(const ActivationState *state);

/**
 * activation_cut: @whole without the writes that are not in @outcome
 */
void activation_cut(const Persona *whole, const ActivationOutcome *outcome,
                    Persona *persona);

/* Returns: whether one of the devices in @state has the unplug protocol */
bool activation_has_platform(const ActivationState *state);

/* Returns: how many rows there are */
size_t activation_count(void);

/* Make row @index of the table. */
void activation_row(size_t index, ActivationRow *row);

#endif
