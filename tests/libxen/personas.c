/*
 * The table of personas
 *
 * Builds and log lines are examples; the rest is from the source that stands
 * above each driver.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"

#define UNPLUG_ALL  (UNPLUG_DISKS | UNPLUG_NICS)

/* win-xenbus, src/xen/unplug.c (src/xenfilt/unplug.c until 8.1) and log.c */
#define WIN_XENBUS(major, minor, date) { \
    .log = PERSONA_LOG_STRING, \
    .log_e9 = true, \
    .log_start = "XEN " #major "." #minor ".0 (1) (" date ")", \
    .log_passed = "UNPLUG: PRE-AMBLE (DRIVERS NOT BLACKLISTED)", \
    .log_blacklisted = "UNPLUG: PRE-AMBLE (DRIVERS BLACKLISTED)", \
    .preamble = PERSONA_PREAMBLE_FULL, \
    .version_max = 0xff, \
    .product = 0xffff, \
    .build = (major) << 16 | (minor) << 8, \
}

static const PersonaDriver win_xenbus_9 = WIN_XENBUS(9, 1, "01.02.2026");
static const PersonaDriver win_xenbus_8 = WIN_XENBUS(8, 2, "01.12.2018");
static const PersonaDriver win_xenbus_8_0 = WIN_XENBUS(8, 0, "01.07.2015");

/* win-xenbus of 2014, src/xenfilt/unplug.c: replays only what it unplugged */
static const PersonaDriver win_xenbus_2014 = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_FIRST,
    .resume = PERSONA_RESUME_MASKS,
    .version_max = 0xff,
    .product = 0xffff,
    .build = 0x00070000,
};

/* win-xenbus of 2013, src/xen/unplug.c; the build is for device 5853:0002 */
static const PersonaDriver win_xenbus_2013 = {
    .preamble = PERSONA_PREAMBLE_PROTOCOL2,
    .heeds = PERSONA_HEEDS_ALL,
    .version_min = 2,
    .version_max = 0xff,
    .product = 3,
    .build = 0x0002 << 8 | 2,
};

/* xc-windows */
static const PersonaDriver citrix_legacy = {
    .log = PERSONA_LOG_BAR0,
    .log_start = "XENUTIL: found the Xen platform device",
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_ALL,
    .version_min = 1,
    .version_max = 0xff,
    .product = 1,
    .build = 55000,
    .bar0_fallback = true,
};

/* win-pvdrivers, xenpci/xenpci.c; on resume xenpci_fdo.c */
static const PersonaDriver gplpv = {
    .log = PERSONA_LOG_BYTES,
    .log_start = "XenPCI --> DriverEntry",
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_ALL,
    .resume = PERSONA_RESUME_MASKS,
    .version_max = 1,
    .product = 2,
    .build = 1,
};

/* SUSE/vmdp, xen/xenbus */
static const PersonaDriver vmdp = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_ALL,
    .version_max = 1,
    .product = 205,
    .build = 20505,
    .bar0_fallback = true,
};

/* Novell's VMDP 1, xenbus/pnp.c: 32 bits to BAR0 and nothing else */
static const PersonaDriver vmdp_1 = {
    .preamble = PERSONA_PREAMBLE_BAR0,
};

/* Linux, arch/x86/xen/platform-pci-unplug.c */
static const PersonaDriver linux_kernel = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_ALL,
    .version_min = 1,
    .version_max = 1,
    .product = 3,
    .build = 1,
};

/* It looks at its command line before it looks at a port */
static const PersonaDriver linux_never = {
    .preamble = PERSONA_PREAMBLE_NONE,
};

/* Xen's unmodified_drivers/linux-2.6, platform-pci: LINUX_VERSION_CODE << 8 */
static const PersonaDriver linux_unmodified = {
    .preamble = PERSONA_PREAMBLE_FULL,
    .heeds = PERSONA_HEEDS_ALL,
    .version_min = 1,
    .version_max = 1,
    .product = 0xffff,
    .build = 0x020612 << 8,
};

/* FreeBSD, sys/x86/xen/hvm.c; its tunables hw.xen.disable_pv_* */
static const PersonaDriver freebsd = {
    .preamble = PERSONA_PREAMBLE_MAGIC,
    .heeds = PERSONA_HEEDS_ALL,
};

/* NetBSD, sys/arch/xen/xen/hypervisor.c; OpenBSD, sys/dev/pv/xen.c */
static const PersonaDriver other_bsd = {
    .preamble = PERSONA_PREAMBLE_MAGIC,
    .heeds = PERSONA_HEEDS_ALL,
    .resume = PERSONA_RESUME_NOTHING,
};

#define ROW(n, text, d) .name = n, .description = text, .driver = &d
#define DISKS(mask) \
    .writes = 1, .unplug = { mask }, .log_unplug = { "UNPLUG: DISKS" }
#define NICS \
    .writes = 1, .unplug = { UNPLUG_NICS }, .log_unplug = { "UNPLUG: NICS" }
#define BOTH(mask) \
    .writes = 2, .unplug = { mask, UNPLUG_NICS }, \
    .log_unplug = { "UNPLUG: DISKS", "UNPLUG: NICS" }
#define MASK(mask)  .writes = 1, .unplug = { mask }

const Persona personas[] = {
    { ROW("win-xenbus", "XenServer and XCP-ng Windows drivers 9.x, 2026",
          win_xenbus_9), BOTH(UNPLUG_DISKS | UNPLUG_NVME) },
    { ROW("win-xenbus-disks", "win-xenbus when only its disk driver ran",
          win_xenbus_9), DISKS(UNPLUG_DISKS | UNPLUG_NVME) },
    { ROW("win-xenbus-nics", "win-xenbus when only its NIC driver ran",
          win_xenbus_9), NICS },
    { ROW("win-xenbus-idle", "win-xenbus when neither ran: the preamble only",
          win_xenbus_9) },
    { ROW("win-xenbus-forced", "win-xenbus, forced unplug: present, not active",
          win_xenbus_9), BOTH(UNPLUG_DISKS | UNPLUG_NVME) },
    { ROW("win-xenbus-2025", "win-xenbus before February 2026: leaves NVMe",
          win_xenbus_9), BOTH(UNPLUG_DISKS) },
    { ROW("win-xenbus-boot-emulated",
          "win-xenbus with BOOT_EMULATED: the boot disk stays", win_xenbus_9),
      .writes = 2, .unplug = { UNPLUG_AUX_IDE, UNPLUG_NICS },
      .log_unplug = { "UNPLUG: AUX DISKS", "UNPLUG: NICS" } },
    { ROW("win-xenbus-8", "win-xenbus 8.2", win_xenbus_8),
      BOTH(UNPLUG_DISKS) },
    { ROW("win-xenbus-8.0", "win-xenbus 8.0 of 2015", win_xenbus_8_0),
      BOTH(UNPLUG_DISKS) },
    { ROW("win-xenbus-2014", "win-xenbus of 2014: resumes without preamble",
          win_xenbus_2014),
      .writes = 2, .unplug = { UNPLUG_DISKS, UNPLUG_NICS } },
    { ROW("win-xenbus-2013",
          "win-xenbus of 2013: wants protocol 2, gives up on 1",
          win_xenbus_2013),
      .writes = 2, .unplug = { UNPLUG_DISKS, UNPLUG_NICS } },

    { ROW("citrix-legacy", "Citrix XenServer Windows drivers",
          citrix_legacy), MASK(UNPLUG_ALL) },
    { ROW("citrix-legacy-boot-emulated",
          "the Citrix drivers when the boot disk stays emulated",
          citrix_legacy), MASK(UNPLUG_AUX_IDE | UNPLUG_NICS) },

    { ROW("gplpv", "GPLPV Windows drivers", gplpv), MASK(UNPLUG_ALL) },
    { ROW("gplpv-disks", "GPLPV with a registry mask for disks",
          gplpv), MASK(UNPLUG_DISKS) },
    { ROW("gplpv-nics", "GPLPV with a registry mask for NICs",
          gplpv), MASK(UNPLUG_NICS) },
    { ROW("gplpv-nothing", "GPLPV with a registry mask of 0",
          gplpv), MASK(0) },

    { ROW("vmdp", "SUSE VMDP Windows drivers for disks and NICs",
          vmdp), MASK(UNPLUG_DISKS | UNPLUG_NICS | UNPLUG_AUX_IDE) },
    { ROW("vmdp-disks", "SUSE VMDP for disks only",
          vmdp), MASK(UNPLUG_DISKS | UNPLUG_AUX_IDE) },
    { ROW("vmdp-nics", "SUSE VMDP for NICs only", vmdp), MASK(UNPLUG_NICS) },
    { ROW("vmdp-1", "Novell VMDP 1, by BAR0 alone", vmdp_1),
      MASK(UNPLUG_ALL) },
    { ROW("vmdp-1-disks", "Novell VMDP 1 for disks only",
          vmdp_1), MASK(UNPLUG_DISKS) },
    { ROW("vmdp-1-nics", "Novell VMDP 1 for NICs only",
          vmdp_1), MASK(UNPLUG_NICS) },

    { ROW("linux", "Linux", linux_kernel), MASK(UNPLUG_ALL) },
    { ROW("linux-all", "Linux with xen_emul_unplug=all",
          linux_kernel), MASK(UNPLUG_ALL | UNPLUG_AUX_IDE) },
    { ROW("linux-ide-disks", "Linux with xen_emul_unplug=ide-disks",
          linux_kernel), MASK(UNPLUG_DISKS) },
    { ROW("linux-aux-ide-disks", "Linux with xen_emul_unplug=aux-ide-disks",
          linux_kernel), MASK(UNPLUG_AUX_IDE) },
    { ROW("linux-nics", "Linux with xen_emul_unplug=nics",
          linux_kernel), MASK(UNPLUG_NICS) },
    { ROW("linux-unnecessary", "Linux with xen_emul_unplug=unnecessary",
          linux_kernel) },
    { ROW("linux-never", "Linux with xen_emul_unplug=never: no port at all",
          linux_never) },
    { ROW("linux-unmodified", "Linux 2.6.18 with Xen's unmodified_drivers",
          linux_unmodified), MASK(UNPLUG_ALL | UNPLUG_AUX_IDE) },

    { ROW("freebsd", "FreeBSD", freebsd), MASK(UNPLUG_ALL) },
    { ROW("freebsd-disks", "FreeBSD without PV NICs",
          freebsd), MASK(UNPLUG_DISKS) },
    { ROW("freebsd-nics", "FreeBSD without PV disks",
          freebsd), MASK(UNPLUG_NICS) },
    { ROW("freebsd-nothing", "FreeBSD without PV disks and NICs", freebsd) },
    { ROW("netbsd", "NetBSD", other_bsd), MASK(UNPLUG_ALL) },
    { ROW("openbsd", "OpenBSD", other_bsd),
      MASK(UNPLUG_ALL | UNPLUG_AUX_IDE) },
    { ROW("openbsd-disks", "OpenBSD with PV disks only",
          other_bsd), MASK(UNPLUG_DISKS | UNPLUG_AUX_IDE) },
    { ROW("openbsd-nics", "OpenBSD with PV NICs only",
          other_bsd), MASK(UNPLUG_NICS) },
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
