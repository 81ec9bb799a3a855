/*
 * How the guest image ends
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "console.h"
#include "exit.h"
#include "hypercall.h"
#include "io.h"
#include "lib.h"

/* -device isa-debug-exit,iobase=0xf4,iosize=0x04 */
#define DEBUG_EXIT_PORT 0xf4

#define ACPI_SLEEP_S5   0x2000

/* The ACPI PM1 control register: SeaBIOS under QEMU, hvmloader under Xen */
static const uint16_t acpi_control[] = { 0x604, 0xb004 };

_Noreturn void guest_exit(GuestExit code)
{
    /* A reader that is slower than we are has the last bytes yet to come */
    console_flush();
    outl(DEBUG_EXIT_PORT, code);

    /* Nobody took it */
    if (xen_present()) {
        xen_shutdown(SHUTDOWN_poweroff);
    }
    for (size_t i = 0; i < ARRAY_SIZE(acpi_control); i++) {
        outw(acpi_control[i], ACPI_SLEEP_S5);
    }
    for (;;) {
        asm volatile("cli; hlt");
    }
}
