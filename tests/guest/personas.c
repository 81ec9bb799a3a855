/*
 * The table of personas
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"

#define UNPLUG_ALL  (UNPLUG_DISKS | UNPLUG_NICS)

static const PersonaDriver win_xenbus = {
    .log = PERSONA_LOG_STRING,
    .log_e9 = true,
    .log_start = "XEN 9.1.0 (1) (01.02.2026)",
    .log_passed = "UNPLUG: PRE-AMBLE (DRIVERS NOT BLACKLISTED)",
    .log_blacklisted = "UNPLUG: PRE-AMBLE (DRIVERS BLACKLISTED)",
    .preamble = PERSONA_PREAMBLE_FULL,
    .version_max = 0xff,
    .product = 0xffff,
    .build = 0x00090100,    /* 9.1.0 */
};

static const PersonaDriver win_xenbus_2013 = {
    .preamble = PERSONA_PREAMBLE_PROTOCOL2,
    .version_min = 2,
    .version_max = 0xff,
};

static const PersonaDriver citrix_legacy = {
    .log = PERSONA_LOG_BAR0,
    .log_start = "XENUTIL: found the Xen platform device",
    .preamble = PERSONA_PREAMBLE_FULL,
    .version_min = 1,
    .version_max = 0xff,
    .product = 1,
    .build = 55000,
    .heeds_blacklist = true,
    .bar0_fallback = true,
};

static const PersonaDriver gplpv = {
    .log = PERSONA_LOG_BYTES,
    .log_start = "XenPCI --> DriverEntry",
    .preamble = PERSONA_PREAMBLE_FULL,
    .version_max = 1,
    .product = 2,
    .build = 1,
    .heeds_blacklist = true,
};

static const PersonaDriver gplpv_resume = {
    .log = PERSONA_LOG_BYTES,
    .log_start = "XenPCI --> Resume",
    .preamble = PERSONA_PREAMBLE_NONE,
};

static const PersonaDriver vmdp = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .version_max = 1,
    .product = 205,
    .build = 20505,
    .heeds_blacklist = true,
    .bar0_fallback = true,
};

static const PersonaDriver linux_kernel = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .version_min = 1,
    .version_max = 1,
    .product = 3,
    .build = 1,
    .heeds_blacklist = true,
};

static const PersonaDriver bsd = {
    .preamble = PERSONA_PREAMBLE_MAGIC,
    .heeds_blacklist = true,
};

const Persona personas[] = {
    {
        .name = "win-xenbus",
        .description = "XenServer and XCP-ng Windows drivers 9.x, 2026",
        .driver = &win_xenbus,
        .writes = 2,
        .unplug = { UNPLUG_DISKS | UNPLUG_NVME, UNPLUG_NICS },
        .log_unplug = { "UNPLUG: DISKS", "UNPLUG: NICS" },
    }, {
        .name = "win-xenbus-2025",
        .description = "win-xenbus before February 2026: leaves NVMe alone",
        .driver = &win_xenbus,
        .writes = 2,
        .unplug = { UNPLUG_DISKS, UNPLUG_NICS },
        .log_unplug = { "UNPLUG: DISKS", "UNPLUG: NICS" },
    }, {
        .name = "win-xenbus-boot-emulated",
        .description = "win-xenbus with BOOT_EMULATED: the boot disk stays",
        .driver = &win_xenbus,
        .writes = 2,
        .unplug = { UNPLUG_AUX_IDE, UNPLUG_NICS },
        .log_unplug = { "UNPLUG: AUX DISKS", "UNPLUG: NICS" },
    }, {
        .name = "win-xenbus-2013",
        .description = "win-xenbus of 2013: wants protocol 2, gives up on 1",
        .driver = &win_xenbus_2013,
    }, {
        .name = "citrix-legacy",
        .description = "Citrix XenServer Windows drivers",
        .driver = &citrix_legacy,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "citrix-legacy-boot-emulated",
        .description = "the Citrix drivers when the boot disk stays emulated",
        .driver = &citrix_legacy,
        .writes = 1,
        .unplug = { UNPLUG_AUX_IDE | UNPLUG_NICS },
    }, {
        .name = "gplpv",
        .description = "GPLPV Windows drivers",
        .driver = &gplpv,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "gplpv-resume",
        .description = "GPLPV on resume: a mask and no preamble",
        .driver = &gplpv_resume,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "vmdp",
        .description = "SUSE VMDP Windows drivers for disks and NICs",
        .driver = &vmdp,
        .writes = 1,
        .unplug = { UNPLUG_DISKS | UNPLUG_NICS | UNPLUG_AUX_IDE },
    }, {
        .name = "vmdp-disks",
        .description = "SUSE VMDP for disks only",
        .driver = &vmdp,
        .writes = 1,
        .unplug = { UNPLUG_DISKS | UNPLUG_AUX_IDE },
    }, {
        .name = "vmdp-nics",
        .description = "SUSE VMDP for NICs only",
        .driver = &vmdp,
        .writes = 1,
        .unplug = { UNPLUG_NICS },
    }, {
        .name = "linux",
        .description = "Linux",
        .driver = &linux_kernel,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "freebsd",
        .description = "FreeBSD",
        .driver = &bsd,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "netbsd",
        .description = "NetBSD",
        .driver = &bsd,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    }, {
        .name = "openbsd",
        .description = "OpenBSD",
        .driver = &bsd,
        .writes = 1,
        .unplug = { UNPLUG_ALL },
    },
};

const size_t personas_count = ARRAY_SIZE(personas);

const Persona *persona_find(const char *name)
{
    for (size_t i = 0; i < personas_count; i++) {
        if (!strcmp(personas[i].name, name)) {
            return &personas[i];
        }
    }
    return NULL;
}

void persona_expect(const Persona *persona, const PersonaHost *host,
                    PersonaResult *result)
{
    const PersonaDriver *driver = persona->driver;
    bool talks = driver->preamble >= PERSONA_PREAMBLE_FULL;
    uint16_t masks = 0;

    memset(result, 0, sizeof(*result));
    for (unsigned i = 0; i < persona->writes; i++) {
        masks |= persona->unplug[i];
    }
    if (driver->preamble == PERSONA_PREAMBLE_NONE) {
        result->requested = masks;
    } else if (host->no_magic) {
        result->magic = XEN_NO_MAGIC;
        /* BAR0 cannot say "all but the primary master" or "NVMe" */
        if (driver->bar0_fallback && host->bar0) {
            result->requested = masks & (UNPLUG_DISKS | UNPLUG_NICS);
        }
    } else {
        result->magic = XEN_MAGIC;
        result->version = talks ? 1 : 0;
        if (!talks || driver->version_min <= 1) {
            result->requested = masks;
        }
    }
    if (result->version && driver->version_min <= 1) {
        result->magic_again = host->blacklisted ? XEN_MAGIC_BLACKLISTED
                                                : XEN_MAGIC;
        if (host->blacklisted && driver->heeds_blacklist) {
            result->requested = 0;
        }
    }
    result->honoured = host->enforced ? 0 : result->requested;
}
