/*
 * Test results in the Test Anything Protocol, on the console
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_TAP_H
#define XEN_PLATFORM_GUEST_TAP_H

#include "lib.h"

/* Print one comment line. */
void tap_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One result, named by @fmt: @got must be @expected. */
void tap_equal(uint32_t expected, uint32_t got,
               const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One result, named by @fmt: @ok must be true. */
void tap_ok(bool ok, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* One result, named by @fmt: @got must be in the range. */
void tap_between(uint32_t min, uint32_t max, uint32_t got,
                 const char *fmt, ...) PRINTF_LIKE(4, 5);

/* One result, named by @fmt: @got must be the string @expected. */
void tap_equal_str(const char *expected, const char *got,
                   const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One result that could not be had, and the reason. */
void tap_skip(const char *what, const char *reason);

/* One sentence in place of results. */
void tap_bail_out(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Have the results go on after those that were there before a reboot. */
void tap_count(unsigned *results, unsigned *failed);
void tap_resume(unsigned results, unsigned failed);

/**
 * tap_done: print the plan
 *
 * Returns: true if there was a result and none was a failure
 */
bool tap_done(void);

#endif
