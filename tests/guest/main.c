/*
 * The guest image: plays one persona, or runs one test, on bare metal and
 * tells what came of it
 *
 * Arguments (-append), all optional, as key=value:
 *   persona=NAME|list          who to play [win-xenbus]
 *   blacklist=none|expected    whether the host lists the build
 *   enforce=none|expected      whether the host then refuses to unplug
 *   magic=present|missing      missing: play as if the host had no protocol
 *   product=, build=           in place of the persona's own numbers
 *   disks=, nics=, mask=       in place of its unplug masks: disks and nics
 *                              where it writes two, mask where it writes one
 *   expect-disks=stay|gone|aux, expect-nics=stay|gone, expect-nvme=stay|gone
 *                              in place of what the masks say
 *   wait=1                     at the end, wait for a byte on the serial port
 *
 * Or a test of the Xen guest environment in place of a persona:
 *   test=NAME|list             which; see xen-tests.c
 *   xen=VERSION                what the host says it is [0x40011]; 0: no Xen
 *   cpus=, count=, seconds=    how many or long, where the test has such
 *   delivery=, reason=         see xen-events.c and xen-shutdown.c
 *   wait=1                     as above
 *
 * Prints a transcript and results in TAP on the first serial port, and ends as
 * exit.h says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "args.h"
#include "check.h"
#include "console.h"
#include "exit.h"
#include "inventory.h"
#include "io.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define MULTIBOOT_LOADED        0x2badb002
#define MULTIBOOT_HAS_CMDLINE   0x04

/* The start of the multiboot information */
typedef struct MultibootInfo {
    uint32_t flags;
    uint32_t mem_lower;
    uint32_t mem_upper;
    uint32_t boot_device;
    uint32_t cmdline;
} MultibootInfo;

static uint8_t port_inb(uint16_t port)
{
    return inb(port);
}

static uint16_t port_inw(uint16_t port)
{
    return inw(port);
}

static uint16_t no_magic(uint16_t port)
{
    return XEN_NO_MAGIC;
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

static void list_personas(void)
{
    for (size_t i = 0; i < personas_count; i++) {
        console_printf("%-28s %s\n", personas[i].name,
                       personas[i].description);
    }
}

static void list_tests(void)
{
    for (size_t i = 0; i < xen_tests_count; i++) {
        console_printf("%-28s %s\n", xen_tests[i].name,
                       xen_tests[i].description);
    }
}

static bool run_test(const Args *args)
{
    console_printf("TAP version 13\n");
    tap_say("%s: %s", args->test->name, args->test->description);
    trap_init(0);
    pic_init();
    lapic_init();
    args->test->run(args);
    return tap_done();
}

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

static bool play(const Args *args)
{
    bool missing = args->value[ARG_MAGIC] == ARG_MISSING;
    const GuestOps ops = {
        .inb = port_inb,
        .inw = missing ? no_magic : port_inw,
        .outb = port_outb,
        .outw = port_outw,
        .outl = port_outl,
        .outsb = port_outsb,
        .say = tap_say,
    };
    PersonaHost host = {
        .no_magic = missing,
        .blacklisted = args->value[ARG_BLACKLIST] == ARG_EXPECTED,
        .enforced = args->value[ARG_ENFORCE] == ARG_EXPECTED,
    };
    static Inventory before;
    static Inventory after;
    Persona persona;
    PersonaDriver driver;
    PersonaResult expected;
    PersonaResult got;

    override(&persona, &driver, args);
    console_printf("TAP version 13\n");
    tap_say("%s: %s", persona.name, persona.description);
    inventory_take(&before, "Before");
    host.bar0 = before.bar0;

    tap_say("The driver talks to the device");
    persona_play(&persona, &ops, host.bar0, &got);
    inventory_take(&after, "After");

    persona_expect(&persona, &host, &expected);
    check_answers(&expected, &got);
    check_devices(args, expected.honoured, &before, &after);
    return tap_done();
}

_Noreturn void guest_main(uint32_t loader, const MultibootInfo *info);

_Noreturn void guest_main(uint32_t loader, const MultibootInfo *info)
{
    static char no_arguments[1];
    char *cmdline = no_arguments;
    static Args args;
    bool ok = true;

    console_init();
    if (loader == MULTIBOOT_LOADED && (info->flags & MULTIBOOT_HAS_CMDLINE)) {
        cmdline = (char *)(uintptr_t)info->cmdline;
    }
    if (!args_parse(cmdline, &args)) {
        guest_exit(GUEST_EXIT_USAGE);
    }
    if (args.list) {
        list_personas();
    } else if (args.list_tests) {
        list_tests();
    } else if (args.test) {
        ok = run_test(&args);
    } else {
        ok = play(&args);
    }
    if (args.value[ARG_WAIT]) {
        tap_say("Waiting for a byte on the serial port");
        console_wait_byte();
    }
    guest_exit(ok ? GUEST_EXIT_OK : GUEST_EXIT_FAILED);
}
