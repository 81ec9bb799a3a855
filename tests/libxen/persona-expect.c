/*
 * What a persona must find on a correct host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"

/* The masks that reach a host through BAR0, which knows no others. */
static uint16_t through_bar0(uint16_t masks, const PersonaHost *host)
{
    return host->bar0 ? masks & (UNPLUG_DISKS | UNPLUG_NICS) : 0;
}

static bool logs(const PersonaDriver *driver, const char *line,
                 const PersonaHost *host)
{
    return line && driver->log != PERSONA_LOG_NONE &&
           (driver->log != PERSONA_LOG_BAR0 || host->bar0);
}

/* Returns: whether the driver goes on to unplug through the fixed ports */
static bool passes(const PersonaDriver *driver, const PersonaHost *host,
                   PersonaResult *result)
{
    bool refused = host->refused;

    result->magic = refused ? XEN_MAGIC_BLACKLISTED : XEN_MAGIC;
    if (driver->preamble == PERSONA_PREAMBLE_MAGIC) {
        return !refused || driver->heeds == PERSONA_HEEDS_NOTHING;
    }
    if (!refused) {
        result->version = host->version;
        if (host->version < driver->version_min ||
            host->version > driver->version_max) {
            return false;
        }
        if (!host->version) {
            return true;
        }
        result->announced = true;
        refused = host->blacklisted;
        result->magic_again = refused ? XEN_MAGIC_BLACKLISTED : XEN_MAGIC;
    }
    result->lines += logs(driver, refused ? driver->log_blacklisted
                                          : driver->log_passed, host);
    return !refused || driver->heeds == PERSONA_HEEDS_NOTHING ||
           (result->announced && driver->heeds == PERSONA_HEEDS_FIRST);
}

void persona_expect(const Persona *persona, PersonaMoment moment,
                    const PersonaHost *host, PersonaResult *result)
{
    const PersonaDriver *driver = persona->driver;
    bool again = moment == PERSONA_RESUME;
    bool fixed_ports = false;
    bool verdict;
    uint16_t masks = 0;

    memset(result, 0, sizeof(*result));
    if (again && driver->resume == PERSONA_RESUME_NOTHING) {
        return;
    }
    for (unsigned i = 0; i < persona->writes; i++) {
        masks |= persona->unplug[i];
    }
    if (!again) {
        result->lines = logs(driver, driver->log_start, host);
    }

    if (driver->preamble == PERSONA_PREAMBLE_NONE ||
        (again && driver->resume == PERSONA_RESUME_MASKS)) {
        fixed_ports = true;
    } else if (driver->preamble == PERSONA_PREAMBLE_BAR0) {
        result->requested = through_bar0(masks, host);
    } else if (host->no_magic) {
        result->magic = XEN_NO_MAGIC;
        if (driver->bar0_fallback) {
            result->requested = through_bar0(masks, host);
        }
    } else {
        fixed_ports = passes(driver, host, result);
    }
    if (fixed_ports) {
        result->requested = masks;
        for (unsigned i = 0; i < persona->writes; i++) {
            result->lines += logs(driver, persona->log_unplug[i], host);
        }
    }

    /* Nobody built a host that obeys the requests of protocol 2 */
    verdict = result->announced ? host->blacklisted : host->refused;
    if (!host->no_device && !(host->enforced && verdict) &&
        driver->preamble != PERSONA_PREAMBLE_PROTOCOL2) {
        result->honoured = result->requested;
    }
}
