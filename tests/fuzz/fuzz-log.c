/*
 * Fuzz the log: lines, their rendering and the token bucket, against a model
 *
 * An input is rate, depth, tokens and what happens: bytes, flushes, time that
 * goes on or back, throttling switched, an output that blocks.  The model has
 * the line as a guest wrote it, and the bucket in exact arithmetic, from above
 * and from below.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "fuzz-input.h"
#include "hw/xen/xen-platform-log.h"

enum { BYTES, FILL, FLUSH, CLOCK_ON, CLOCK_BACK, THROTTLE, BLOCK, OPS };

/* What keeps an input quick */
#define STEPS_MAX 64
#define FILLS_MAX 2

/* Tokens are counted by the billionth: time is in ns, rates are per second */
typedef __int128_t Tokens;
#define TOKEN ((Tokens)NANOSECONDS_PER_SECOND)

typedef struct Model {
    XenPlatformLog log;         /* under test */
    int64_t now_ns;
    bool blocked;

    unsigned fills;
    GString *raw;               /* the line in the making */
    bool continued;
    Tokens most, least;         /* what may be, and must be, in the bucket */
    int64_t least_ns;           /* when @least was brought up to date */

    bool expecting;             /* a line is due in this step: */
    GString *line;              /* as it must look */
    GString *note;              /* and the note that must come before it */
    unsigned emitted;           /* calls of emit() for it */
    bool put_out;

    uint64_t lines, lost_lines, lost_bytes;
    uint64_t unsaid_lines, unsaid_bytes;
} Model;

static int64_t clock_ns(void *opaque)
{
    return ((Model *)opaque)->now_ns;
}

static bool emit(void *opaque, const char *line, size_t len)
{
    Model *m = opaque;
    GString *want = m->emitted++ == 0 && m->note->len ? m->note : m->line;

    g_assert_true(m->expecting);
    g_assert_cmpuint(len, ==, want->len);
    g_assert_true(!memcmp(line, want->str, len));
    if (m->blocked) {
        return false;
    }
    if (want == m->note) {
        m->unsaid_lines = m->unsaid_bytes = 0;
    } else {
        m->put_out = true;
    }
    return true;
}

static void render(GString *line, const char *raw, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t cut = 0;

    g_string_truncate(line, 0);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = raw[i];

        if (line->len <= XEN_PLATFORM_LOG_LINE_MAX -
                         strlen(XEN_PLATFORM_LOG_MARK)) {
            cut = line->len;
        }
        if (c == '\t' || (c >= ' ' && c <= '~')) {
            g_string_append_c(line, c == '\t' ? ' ' : c);
        } else {
            g_string_append_len(line, "\\x", 2);
            g_string_append_c(line, hex[c / 16]);
            g_string_append_c(line, hex[c % 16]);
        }
    }
    if (line->len > XEN_PLATFORM_LOG_LINE_MAX) {
        g_string_truncate(line, cut);
        g_string_append(line, XEN_PLATFORM_LOG_MARK);
    }
    g_string_append_c(line, '\n');
}

/* The line ends here; drop_cr: a newline ends it */
static void expect_line(Model *m, bool drop_cr)
{
    size_t len = m->raw->len;

    m->expecting = true;
    render(m->line, m->raw->str,
           drop_cr && len && m->raw->str[len - 1] == '\r' ? len - 1 : len);
    g_string_truncate(m->note, 0);
    if (m->unsaid_lines) {
        g_string_printf(m->note, "suppressed %" PRIu64 " lines (%" PRIu64
                        " bytes)\n", m->unsaid_lines, m->unsaid_bytes);
    }
    m->emitted = 0;
    m->put_out = false;
    g_string_truncate(m->raw, 0);
}

static void refill_least(Model *m)
{
    int64_t elapsed = MAX(m->now_ns - m->least_ns, 0);

    if (m->now_ns < m->least_ns) {
        /* What had been earned of a byte may go with the time */
        m->least = MAX(m->least - TOKEN, 0);
    }
    m->least = MIN(m->least + (Tokens)elapsed * m->log.rate,
                   m->log.burst * TOKEN);
    m->least_ns = m->now_ns;
}

/* What became of the line that was due: may it have? */
static void check_line(Model *m)
{
    size_t len = m->line->len;
    Tokens need = (m->note->len + len) * TOKEN;
    bool limited = m->log.throttled && m->log.rate;

    if (!m->expecting) {
        return;
    }
    m->expecting = false;
    if (limited) {
        refill_least(m);
        if (m->emitted) {
            m->most -= need;
            g_assert_true(m->most >= 0);
        } else {
            /* Of a whole byte too few, the rest does not count yet */
            g_assert_true(m->least - TOKEN < need);
        }
        /* A refill may round away what a ns earns */
        m->least -= (m->emitted ? need : 0) + m->log.rate;
        m->least = MAX(m->least, 0);
    } else {
        g_assert_cmpuint(m->emitted, >, 0);
    }
    if (m->put_out) {
        m->lines++;
    } else {
        g_assert_true(m->blocked || !m->emitted);
        m->lost_lines++;
        m->lost_bytes += len;
        m->unsaid_lines++;
        m->unsaid_bytes += len;
    }
    g_assert_cmpuint(m->log.lines, ==, m->lines);
    g_assert_cmpuint(m->log.suppressed_lines, ==, m->lost_lines);
    g_assert_cmpuint(m->log.suppressed_bytes, ==, m->lost_bytes);
    g_assert_cmpuint(m->log.unreported_lines, ==, m->unsaid_lines);
    g_assert_cmpuint(m->log.unreported_bytes, ==, m->unsaid_bytes);
}

static void put_byte(Model *m, uint8_t byte)
{
    GString *raw = m->raw;

    if (byte == '\n') {
        bool rest = raw->len > 1 || (raw->len && raw->str[0] != '\r');

        if (rest || !m->continued) {
            expect_line(m, true);
        }
        m->continued = false;
        g_string_truncate(raw, 0);
    } else {
        if (raw->len == XEN_PLATFORM_LOG_LINE_MAX) {
            expect_line(m, false);
            m->continued = true;
        }
        g_string_append_c(raw, byte);
    }
    xen_platform_log_byte(&m->log, byte);
    check_line(m);
}

static void flush(Model *m)
{
    if (m->raw->len) {
        expect_line(m, false);
    }
    m->continued = false;
    xen_platform_log_flush(&m->log);
    check_line(m);
}

/* As if so many bytes more had been written, none of them a newline */
static void fill(Model *m, uint8_t byte, unsigned to)
{
    unsigned len = m->raw->len;

    if (byte != '\n' && to > len && m->fills++ < FILLS_MAX) {
        g_string_set_size(m->raw, to);
        memset(m->raw->str + len, byte, to - len);
        memset(m->log.raw + len, byte, to - len);
        m->log.len = to;
    }
}

static void clock_on(Model *m, uint64_t ns)
{
    ns = MIN(ns, INT64_MAX - m->now_ns);
    m->now_ns += ns;
    m->most = MIN(m->most + (Tokens)ns * m->log.rate, m->log.burst * TOKEN);
}

static void step(Model *m, FuzzInput *in)
{
    const uint8_t *bytes;
    size_t len;
    unsigned n;

    switch (fuzz_u8(in) % OPS) {
    case BYTES:
        bytes = fuzz_bytes(in, fuzz_u8(in), &len);
        while (len--) {
            put_byte(m, *bytes++);
        }
        break;
    case FILL:
        n = fuzz_u16(in) % (XEN_PLATFORM_LOG_LINE_MAX + 1);
        fill(m, fuzz_u8(in), n);
        break;
    case FLUSH:
        flush(m);
        break;
    case CLOCK_ON:
        n = fuzz_u8(in);
        clock_on(m, fuzz_u32(in) << n % 32);
        break;
    case CLOCK_BACK:
        m->now_ns -= MIN(fuzz_u64(in), m->now_ns);
        break;
    case THROTTLE:
        m->log.throttled = fuzz_u8(in) & 1;
        break;
    case BLOCK:
        m->blocked = fuzz_u8(in) & 1;
        break;
    }
}

/* Whatever was before: in the end there are tokens, and a line comes out */
static void check_recovery(Model *m)
{
    uint64_t lines;

    flush(m);
    m->blocked = false;
    m->now_ns = MIN(m->now_ns, INT64_MAX / 2);
    put_byte(m, 'x');
    flush(m);
    clock_on(m, INT64_MAX / 2);
    lines = m->log.lines;
    put_byte(m, 'y');
    put_byte(m, '\n');
    g_assert_cmpuint(m->log.lines, ==, lines + 1);
    g_assert_cmpuint(m->log.unreported_lines, ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    uint32_t rate = fuzz_u32(&in) >> (fuzz_u8(&in) % 32);
    uint32_t burst = MAX(fuzz_u32(&in) >> (fuzz_u8(&in) % 32),
                         XEN_PLATFORM_LOG_BURST_MIN);
    uint32_t tokens = MIN(fuzz_u32(&in), burst);
    Model m = {
        .raw = g_string_new(NULL),
        .line = g_string_new(NULL),
        .note = g_string_new(NULL),
        .most = tokens * TOKEN,
        .least = tokens * TOKEN,
    };
    unsigned steps = 0;

    xen_platform_log_init(&m.log, rate, burst, emit, clock_ns, &m);
    g_assert_cmpuint(m.log.tokens, ==, burst);
    m.log.tokens = tokens;
    while (fuzz_more(&in) && steps++ < STEPS_MAX) {
        step(&m, &in);
        g_assert_cmpuint(m.log.len, ==, m.raw->len);
        g_assert_true(!memcmp(m.log.raw, m.raw->str, m.raw->len));
        g_assert_cmpuint(m.log.tokens, <=, burst);
    }
    check_recovery(&m);
    g_string_free(m.raw, true);
    g_string_free(m.line, true);
    g_string_free(m.note, true);
    return 0;
}
