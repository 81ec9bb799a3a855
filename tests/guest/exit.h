/*
 * How the guest image ends
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_EXIT_H
#define XEN_PLATFORM_GUEST_EXIT_H

/*
 * QEMU's isa-debug-exit makes its own exit status 2 * code + 1.  None of these
 * gives 1, which is what QEMU returns when it fails by itself.
 */
typedef enum GuestExit {
    GUEST_EXIT_OK       = 0x10, /* status 33 */
    GUEST_EXIT_FAILED   = 0x11, /* status 35: an assertion failed */
    GUEST_EXIT_USAGE    = 0x12, /* status 37: arguments not understood */
} GuestExit;

/* End the machine, by the first way that works. */
_Noreturn void guest_exit(GuestExit code);

#endif
