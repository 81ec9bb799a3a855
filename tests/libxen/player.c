/*
 * The player of personas
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"

/* The access width selects the register. */
#define PORT_MAGIC          0x10    /* inw */
#define PORT_UNPLUG         0x10    /* outw */
#define PORT_BUILD          0x10    /* outl */
#define PORT_VERSION        0x12    /* inb */
#define PORT_PRODUCT        0x12    /* outw */
#define PORT_LOG            0x12    /* outb */
#define PORT_UNPLUG_TYPE    0x11    /* outb, protocol 2 */
#define PORT_WANT_VERSION   0x13    /* outb, protocol 2 */
#define PORT_DEBUG_CONSOLE  0xe9

#define BAR0_UNPLUG_ALL     4       /* outl */
#define BAR0_UNPLUG_ONE     8       /* outl: 1 disks, 2 NICs */
#define BAR0_LOG            8       /* outb, any other byte */

/* Types of device in protocol 2, each followed by an index */
#define TYPE_NONE           0
#define TYPE_DISK           1
#define TYPE_NIC            2

typedef struct Player {
    const Persona *persona;
    const PersonaDriver *driver;
    PersonaPreamble preamble;
    const GuestOps *ops;
    uint16_t bar0;
    PersonaResult *result;
} Player;

typedef enum Path {
    PATH_UNPLUG,
    PATH_BAR0,
    PATH_GIVE_UP,
} Path;

/* Log one line, if the persona has one to log here and a way to do it. */
static void write_log(const Player *player, const char *text)
{
    const PersonaDriver *driver = player->driver;
    const GuestOps *ops = player->ops;
    bool bar0 = driver->log == PERSONA_LOG_BAR0;
    uint16_t port = bar0 ? player->bar0 + BAR0_LOG : PORT_LOG;
    char line[PERSONA_MAX_LINE + 1];
    size_t len;

    if (!text || driver->log == PERSONA_LOG_NONE || (bar0 && !player->bar0)) {
        return;
    }
    player->result->lines++;
    len = strlen(text);
    memcpy(line, text, len);
    line[len++] = '\n';
    if (driver->log == PERSONA_LOG_STRING) {
        ops->say("  rep outsb 0x12 <- \"%s\"", text);
        ops->outsb(port, line, len);
    } else {
        ops->say("  outb %s <- \"%s\", byte by byte",
                 bar0 ? "BAR0+8" : "0x12", text);
        for (size_t i = 0; i < len; i++) {
            ops->outb(port, line[i]);
        }
    }
    if (driver->log_e9) {
        ops->outsb(PORT_DEBUG_CONSOLE, line, len);
    }
}

static uint16_t read_magic(const Player *player)
{
    uint16_t magic = player->ops->inw(PORT_MAGIC);
    const char *meaning = "no unplug protocol here";

    if (magic == XEN_MAGIC) {
        meaning = "magic: the unplug protocol is here";
    } else if (magic == XEN_MAGIC_BLACKLISTED) {
        meaning = "magic: this driver build is blacklisted";
    }
    player->ops->say("  inw  0x10 -> 0x%04x      %s", magic, meaning);
    return magic;
}

static Path take_verdict(const Player *player, uint16_t magic)
{
    const PersonaDriver *driver = player->driver;
    PersonaHeed least = player->result->announced ? PERSONA_HEEDS_ALL
                                                  : PERSONA_HEEDS_FIRST;
    bool heeds = driver->heeds >= least;

    if (magic == XEN_MAGIC) {
        write_log(player, driver->log_passed);
        return PATH_UNPLUG;
    }
    write_log(player, driver->log_blacklisted);
    player->ops->say(heeds ?
                     "  the driver gives way and unplugs nothing" :
                     "  the driver says no more, but still asks to unplug");
    return heeds ? PATH_GIVE_UP : PATH_UNPLUG;
}

static Path send_build(const Player *player)
{
    const PersonaDriver *driver = player->driver;
    const GuestOps *ops = player->ops;

    ops->say("  outw 0x12 <- 0x%04x      product number", driver->product);
    ops->outw(PORT_PRODUCT, driver->product);
    ops->say("  outl 0x10 <- 0x%08x  build number %u",
             driver->build, driver->build);
    ops->outl(PORT_BUILD, driver->build);

    player->result->announced = true;
    player->result->magic_again = read_magic(player);
    return take_verdict(player, player->result->magic_again);
}

static Path negotiate(const Player *player)
{
    const PersonaDriver *driver = player->driver;
    const GuestOps *ops = player->ops;
    uint8_t version;

    if (driver->preamble == PERSONA_PREAMBLE_PROTOCOL2) {
        /* On a host that speaks 2 already, 0x13 would unplug */
        ops->say("  outb 0x11 <- 0x00        unplug type: none");
        ops->outb(PORT_UNPLUG_TYPE, TYPE_NONE);
        ops->say("  outb 0x13 <- 0x02        protocol version 2 wanted");
        ops->outb(PORT_WANT_VERSION, 2);
    }
    version = ops->inb(PORT_VERSION);
    player->result->version = version;
    ops->say("  inb  0x12 -> 0x%02x        protocol version", version);
    if (version < driver->version_min || version > driver->version_max) {
        ops->say("  the driver cannot use this version and gives up");
        return PATH_GIVE_UP;
    }
    /* Version 0 knows neither product nor build */
    return version ? send_build(player) : PATH_UNPLUG;
}

static Path preamble(const Player *player)
{
    uint16_t magic;

    if (player->preamble == PERSONA_PREAMBLE_NONE) {
        return PATH_UNPLUG;
    }
    if (player->preamble == PERSONA_PREAMBLE_BAR0) {
        return PATH_BAR0;
    }
    magic = read_magic(player);
    player->result->magic = magic;
    if (magic == XEN_MAGIC_BLACKLISTED) {
        return take_verdict(player, magic);
    }
    if (magic != XEN_MAGIC) {
        return PATH_BAR0;
    }
    return player->preamble == PERSONA_PREAMBLE_MAGIC ? PATH_UNPLUG
                                                      : negotiate(player);
}

/* One disk or NIC, the first; the others would follow by their numbers. */
static void unplug_protocol2(const Player *player, uint16_t mask)
{
    uint8_t type = mask == UNPLUG_DISKS ? TYPE_DISK : TYPE_NIC;

    player->ops->say("  outb 0x11 <- 0x%02x        unplug type: %s", type,
                     type == TYPE_DISK ? "disk" : "NIC");
    player->ops->outb(PORT_UNPLUG_TYPE, type);
    player->ops->say("  outb 0x13 <- 0x00        number of the device");
    player->ops->outb(PORT_WANT_VERSION, 0);
    player->result->requested |= mask;
}

static void unplug(const Player *player)
{
    const Persona *persona = player->persona;

    for (unsigned i = 0; i < persona->writes; i++) {
        uint16_t mask = persona->unplug[i];

        if (player->preamble == PERSONA_PREAMBLE_PROTOCOL2) {
            unplug_protocol2(player, mask);
            continue;
        }
        player->ops->say("  outw 0x10 <- 0x%04x      unplug:%s%s%s%s%s", mask,
                         mask & UNPLUG_DISKS ? " disks" : "",
                         mask & UNPLUG_NICS ? " NICs" : "",
                         mask & UNPLUG_AUX_IDE ? " aux-IDE" : "",
                         mask & UNPLUG_NVME ? " NVMe" : "",
                         mask ? "" : " nothing");
        player->ops->outw(PORT_UNPLUG, mask);
        player->result->requested |= mask;
        write_log(player, persona->log_unplug[i]);
    }
}

static void unplug_bar0(const Player *player)
{
    const Persona *persona = player->persona;
    const PersonaDriver *driver = player->driver;
    const GuestOps *ops = player->ops;
    bool knows_bar0 = driver->bar0_fallback ||
                      driver->preamble == PERSONA_PREAMBLE_BAR0;
    uint16_t mask = 0;

    if (!knows_bar0 || !player->bar0) {
        ops->say("  the driver finds no way to unplug and gives up");
        return;
    }
    for (unsigned i = 0; i < persona->writes; i++) {
        mask |= persona->unplug[i] & (UNPLUG_DISKS | UNPLUG_NICS);
    }
    if (mask == (UNPLUG_DISKS | UNPLUG_NICS)) {
        ops->say("  outl BAR0+4 <- 1         unplug: disks NICs");
        ops->outl(player->bar0 + BAR0_UNPLUG_ALL, 1);
    } else if (mask) {
        ops->say("  outl BAR0+8 <- %u         unplug: %s", mask,
                 mask == UNPLUG_DISKS ? "disks" : "NICs");
        ops->outl(player->bar0 + BAR0_UNPLUG_ONE, mask);
    }
    player->result->requested |= mask;
}

void persona_play(const Persona *persona, PersonaMoment moment,
                  const GuestOps *ops, uint16_t bar0, PersonaResult *result)
{
    const PersonaDriver *driver = persona->driver;
    bool again = moment == PERSONA_RESUME;
    Player player = {
        .persona = persona,
        .driver = driver,
        .preamble = again && driver->resume == PERSONA_RESUME_MASKS ?
                    PERSONA_PREAMBLE_NONE : driver->preamble,
        .ops = ops,
        .bar0 = bar0,
        .result = result,
    };

    memset(result, 0, sizeof(*result));
    if (again && driver->resume == PERSONA_RESUME_NOTHING) {
        ops->say("  the driver does nothing here");
        return;
    }
    if (!again) {
        write_log(&player, driver->log_start);
    }

    switch (preamble(&player)) {
    case PATH_UNPLUG:
        unplug(&player);
        break;
    case PATH_BAR0:
        unplug_bar0(&player);
        break;
    case PATH_GIVE_UP:
        break;
    }
}
