/*
 * Which device XENBUS takes, and what it unplugs
 *
 * Facts: win-xenbus, FdoSetActive() in src/xenbus/fdo.c, src/xen/config.c,
 * DriverSetFilterState() in src/xenfilt/driver.c, UnplugSetRequest() in
 * src/xen/unplug.c; forced unplug and activation: the win-pv-devel list,
 * August 2025, "Implement forced unplug and forced activation".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "activation.h"

static bool is_present(const ActivationState *state, uint16_t id)
{
    for (size_t i = 0; i < ACTIVATION_MAX_DEVICES; i++) {
        if (id && state->present[i] == id) {
            return true;
        }
    }
    return false;
}

static uint16_t by_precedence(const ActivationState *state)
{
    /* The vendor device, then the order of XENBUS's INF */
    static const uint16_t precedence[] = {
        XENBUS_VENDOR, XENBUS_PLATFORM_2, XENBUS_PLATFORM,
    };

    for (size_t i = 0; i < ARRAY_SIZE(precedence); i++) {
        if (is_present(state, precedence[i])) {
            return precedence[i];
        }
    }
    return 0;
}

/*
 * The filter driver unplugs before the bus driver starts, so a device that is
 * only found by the bus driver becomes active too late to unplug in this boot.
 * A stored one that is not there keeps all others out until it is removed.
 */
static uint16_t find_active(const ActivationState *state, bool *in_time)
{
    *in_time = true;
    if (state->no_bus_driver) {
        return 0;
    }
    if (state->forced_activation) {
        return by_precedence(state);
    }
    if (state->stored) {
        return is_present(state, state->stored) ? state->stored : 0;
    }
    *in_time = false;
    return state->present[0];
}

static bool wants_unplug(const ActivationState *state,
                         const ChildDriver *driver)
{
    return driver->ran || (state->forced_unplug && driver->forced);
}

void activation_decide(const ActivationState *state,
                       ActivationOutcome *outcome, ActivationState *next)
{
    ActivationOutcome result = { };
    const Persona *persona = activation_persona(state);
    unsigned writes = 0;
    bool in_time;

    result.active = find_active(state, &in_time);
    result.speaks = result.active && in_time;
    if (result.speaks) {
        if (wants_unplug(state, &state->disk)) {
            result.unplug[writes++] = persona->unplug[0];
        }
        if (wants_unplug(state, &state->nic)) {
            result.unplug[writes++] = persona->unplug[1];
        }
    }
    if (next) {
        bool children = result.active;

        *next = *state;
        if (!state->forced_activation && !state->stored) {
            next->stored = result.active;
        }
        /* Taken out of the registry at each boot, and put back by children */
        next->disk.ran = children && state->disk.installed;
        next->nic.ran = children && state->nic.installed;
    }
    *outcome = result;
}

const Persona *activation_persona(const ActivationState *state)
{
    bool recent = state->forced_activation || state->forced_unplug;

    return persona_find(recent ? "win-xenbus" : "win-xenbus-8");
}

void activation_cut(const Persona *whole, const ActivationOutcome *outcome,
                    Persona *persona)
{
    *persona = *whole;
    persona->writes = 0;
    for (unsigned i = 0; i < whole->writes; i++) {
        for (unsigned j = 0; j < PERSONA_MAX_WRITES; j++) {
            if (outcome->unplug[j] == whole->unplug[i]) {
                persona->log_unplug[persona->writes] = whole->log_unplug[i];
                persona->unplug[persona->writes++] = whole->unplug[i];
            }
        }
    }
}

bool activation_has_platform(const ActivationState *state)
{
    return is_present(state, XENBUS_PLATFORM) ||
           is_present(state, XENBUS_PLATFORM_2);
}
