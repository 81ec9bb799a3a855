/*
 * Personas: what real PV drivers say to a Xen platform device
 *
 * A persona is a row of data.  The player carries it out over a GuestOps and
 * notes what it saw; persona_expect() says what it must see on a correct host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LIBXEN_PERSONA_H
#define LIBXEN_PERSONA_H

#include "guest-ops.h"

#define XEN_MAGIC               0x49d2
#define XEN_MAGIC_BLACKLISTED   0xd249
#define XEN_NO_MAGIC            0xffff

#define UNPLUG_DISKS            0x0001  /* all IDE, SATA and SCSI disks */
#define UNPLUG_NICS             0x0002
#define UNPLUG_AUX_IDE          0x0004  /* IDE but the primary master */
#define UNPLUG_NVME             0x0008

#define PERSONA_MAX_WRITES      2
#define PERSONA_MAX_LINE        255

typedef enum PersonaLog {
    PERSONA_LOG_NONE,
    PERSONA_LOG_STRING, /* rep outsb to port 0x12 */
    PERSONA_LOG_BYTES,  /* outb to port 0x12 */
    PERSONA_LOG_BAR0,   /* outb to BAR0 + 8 */
} PersonaLog;

typedef enum PersonaPreamble {
    PERSONA_PREAMBLE_NONE,
    PERSONA_PREAMBLE_BAR0,      /* the fixed ports are not known to it */
    PERSONA_PREAMBLE_MAGIC,     /* the magic and nothing else */
    PERSONA_PREAMBLE_FULL,      /* magic, version, product, build, magic */
    PERSONA_PREAMBLE_PROTOCOL2, /* full, after a request for protocol 2 */
} PersonaPreamble;

/* Where a magic of 0xd249 makes a driver give way and unplug nothing */
typedef enum PersonaHeed {
    PERSONA_HEEDS_NOTHING,
    PERSONA_HEEDS_FIRST,    /* only where it looks for the protocol */
    PERSONA_HEEDS_ALL,      /* and after its build number */
} PersonaHeed;

typedef enum PersonaResume {
    PERSONA_RESUME_ALL,     /* preamble and masks again */
    PERSONA_RESUME_MASKS,
    PERSONA_RESUME_NOTHING,
} PersonaResume;

/* How a driver talks to the device, whatever it then unplugs. */
typedef struct PersonaDriver {
    PersonaLog log;
    bool log_e9;            /* each line also to port 0xe9 */
    const char *log_start;  /* lines of at most PERSONA_MAX_LINE bytes */
    const char *log_passed;
    const char *log_blacklisted;
    PersonaPreamble preamble;
    PersonaHeed heeds;
    PersonaResume resume;
    uint8_t version_min;    /* the protocol versions that it goes on with */
    uint8_t version_max;
    uint16_t product;
    uint32_t build;
    bool bar0_fallback;     /* without a magic it unplugs through BAR0 */
} PersonaDriver;

typedef struct Persona {
    const char *name;
    const char *description;
    const PersonaDriver *driver;
    unsigned writes;
    uint16_t unplug[PERSONA_MAX_WRITES];        /* masks, a write each */
    const char *log_unplug[PERSONA_MAX_WRITES]; /* and the lines after them */
} Persona;

typedef enum PersonaMoment {
    PERSONA_BOOT,
    PERSONA_RESUME,     /* from suspend, migration or hibernation */
} PersonaMoment;

/* What a persona is told, or must be told; 0 where it does not ask. */
typedef struct PersonaResult {
    uint16_t magic;
    uint8_t version;
    uint16_t magic_again;   /* after the build number */
    uint16_t requested;     /* all unplug bits that it wrote */
    uint16_t honoured;      /* those that the host obeys; only expected */
    bool announced;         /* whether it sent product and build */
    unsigned lines;         /* that it logged */
} PersonaResult;

/* The host that a persona runs on. */
typedef struct PersonaHost {
    bool no_magic;      /* it has no unplug protocol at its fixed ports */
    bool no_device;     /* nor has it a platform device that could unplug */
    uint8_t version;    /* of the protocol */
    bool refused;       /* an earlier announcement was found blacklisted */
    bool blacklisted;   /* the persona's product and build are listed */
    bool enforced;      /* unplug writes of a blacklisted build are refused */
    uint16_t bar0;      /* I/O port of the platform device's BAR0, or 0 */
} PersonaHost;

extern const Persona personas[];
extern const size_t personas_count;

/* Returns: the persona called @name, NULL if there is none */
const Persona *persona_find(const char *name);

/**
 * persona_play: do on the machine behind @ops what the driver does
 *
 * @bar0: I/O port of the platform device's BAR0, 0 if there is none
 */
void persona_play(const Persona *persona, PersonaMoment moment,
                  const GuestOps *ops, uint16_t bar0, PersonaResult *result);

/* What persona_play() must find on @host, and what @host then does. */
void persona_expect(const Persona *persona, PersonaMoment moment,
                    const PersonaHost *host, PersonaResult *result);

#endif
