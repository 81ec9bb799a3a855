/*
 * The guest image: plays one persona, or runs one test, on bare metal and
 * tells what came of it
 *
 * Arguments (-append), all optional, as key=value:
 *   persona=NAME|list          who to play [win-xenbus]
 *   blacklist=none|expected    whether the host lists the build
 *   enforce=none|expected      whether the host then refuses to unplug
 *   magic=present|missing      missing: play as if the host had no protocol
 *   version=0|1|2              play as if the host spoke this version [1]
 *   resume=N                   after the boot, resume so many times
 *   product=, build=           in place of the persona's own numbers
 *   disks=, nics=, mask=       in place of its unplug masks: disks and nics
 *                              where it writes two, mask where it writes one
 *   expect-disks=stay|gone|aux, expect-nics=stay|gone, expect-nvme=stay|gone
 *                              in place of what the masks say
 *   wait=1                     at the end, wait for a byte on the serial port
 *
 * Or what the Windows bus driver makes of the devices that it finds:
 *   activation=NAME|list       which boot; see activations.c
 *   wait=1                     as above
 *
 * Or a test of the Xen guest environment in place of a persona:
 *   test=NAME|list             which; see xen-tests.c
 *   xen=VERSION                what the host says it is [0x40011]; 0: no Xen
 *   cpus=, count=, seconds=    how many or long, where the test has such
 *   delivery=, reason=         see xen-events.c and xen-shutdown.c
 *   device=, phase=, reboot=, pv=  see unplug-at-work.c
 *   wait=1                     as above
 *
 * Prints a transcript and results in TAP on the first serial port, and ends as
 * exit.h says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "activation.h"
#include "apic.h"
#include "args.h"
#include "console.h"
#include "exit.h"
#include "play.h"
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

static void list_personas(void)
{
    for (size_t i = 0; i < personas_count; i++) {
        console_printf("%-28s %s\n", personas[i].name,
                       personas[i].description);
    }
}

/* Name, devices in bus order, and the masks that the host must see */
static void list_activations(void)
{
    ActivationRow row;

    for (size_t i = 0; i < activation_count(); i++) {
        activation_row(i, &row);
        console_printf("%s %04x,%04x %x,%x\n", row.name,
                       row.state.present[0], row.state.present[1],
                       row.expected.unplug[0], row.expected.unplug[1]);
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
    } else if (args.list_activations) {
        list_activations();
    } else if (args.list_tests) {
        list_tests();
    } else if (args.test) {
        ok = run_test(&args);
    } else if (args.activation) {
        ok = play_activation(&args);
    } else {
        ok = play_persona(&args);
    }
    if (args.value[ARG_WAIT]) {
        tap_say("Waiting for a byte on the serial port");
        console_wait_byte();
    }
    guest_exit(ok ? GUEST_EXIT_OK : GUEST_EXIT_FAILED);
}
