/*
 * The first serial port
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_CONSOLE_H
#define XEN_PLATFORM_GUEST_CONSOLE_H

#include "lib.h"

/* Set the port at 0x3f8 to 115200 baud, 8N1, polled. */
void console_init(void);

/* Print formatted text (see format() for what is understood). */
void console_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* As console_printf(), with the arguments in @ap. */
void console_vprintf(const char *fmt, va_list ap);

/* Wait until all that was printed has left the machine, or nobody listens. */
void console_flush(void);

/* Wait, for as long as it takes, until a byte arrives, and take it. */
void console_wait_byte(void);

#endif
