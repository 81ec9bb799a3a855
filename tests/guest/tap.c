/*
 * Test results in the Test Anything Protocol, on the console
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "console.h"
#include "tap.h"

static unsigned count;
static unsigned failures;

void tap_say(const char *fmt, ...)
{
    va_list ap;

    console_printf("# ");
    va_start(ap, fmt);
    console_vprintf(fmt, ap);
    va_end(ap);
    console_printf("\n");
}

static void result(bool ok, const char *fmt, va_list ap)
{
    count++;
    failures += !ok;
    console_printf("%s %u - ", ok ? "ok" : "not ok", count);
    console_vprintf(fmt, ap);
    console_printf("\n");
}

void tap_equal(uint32_t expected, uint32_t got, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    result(expected == got, fmt, ap);
    va_end(ap);
    if (expected != got) {
        tap_say("  expected 0x%x, got 0x%x", expected, got);
    }
}

void tap_ok(bool ok, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    result(ok, fmt, ap);
    va_end(ap);
}

void tap_between(uint32_t min, uint32_t max, uint32_t got,
                 const char *fmt, ...)
{
    bool ok = got >= min && got <= max;
    va_list ap;

    va_start(ap, fmt);
    result(ok, fmt, ap);
    va_end(ap);
    if (!ok) {
        tap_say("  expected %u to %u, got %u", min, max, got);
    }
}

void tap_equal_str(const char *expected, const char *got,
                   const char *fmt, ...)
{
    bool ok = !strcmp(expected, got);
    va_list ap;

    va_start(ap, fmt);
    result(ok, fmt, ap);
    va_end(ap);
    if (!ok) {
        tap_say("  expected %s, got %s", expected, got);
    }
}

void tap_skip(const char *what, const char *reason)
{
    count++;
    console_printf("ok %u - %s # SKIP %s\n", count, what, reason);
}

void tap_bail_out(const char *fmt, ...)
{
    va_list ap;

    console_printf("Bail out! ");
    va_start(ap, fmt);
    console_vprintf(fmt, ap);
    va_end(ap);
    console_printf("\n");
}

void tap_count(unsigned *results, unsigned *failed)
{
    *results = count;
    *failed = failures;
}

void tap_resume(unsigned results, unsigned failed)
{
    count = results;
    failures = failed;
}

bool tap_done(void)
{
    console_printf("1..%u\n", count);
    return count && !failures;
}
