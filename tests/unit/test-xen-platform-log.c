/*
 * xen-platform: log lines and the token bucket
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "hw/xen/xen-platform-log.h"

#define LINE_MAX_BYTES XEN_PLATFORM_LOG_LINE_MAX

typedef struct Sink {
    XenPlatformLog log;
    GString *out;
    int64_t now_ns;
    bool blocked;
} Sink;

static bool emit(void *opaque, const char *line, size_t len)
{
    Sink *s = opaque;

    g_assert_cmpint(line[len - 1], ==, '\n');
    g_assert_cmpuint(len, <=, LINE_MAX_BYTES + 1);
    if (s->blocked) {
        return false;
    }
    g_string_append_len(s->out, line, len);
    return true;
}

static int64_t clock_ns(void *opaque)
{
    Sink *s = opaque;

    return s->now_ns;
}

static Sink *sink_new(uint32_t rate, uint32_t burst)
{
    Sink *s = g_new0(Sink, 1);

    s->out = g_string_new(NULL);
    s->now_ns = 5 * NANOSECONDS_PER_SECOND;
    xen_platform_log_init(&s->log, rate, burst, emit, clock_ns, s);
    return s;
}

static void sink_free(Sink *s)
{
    g_string_free(s->out, true);
    g_free(s);
}

static void put(Sink *s, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        xen_platform_log_byte(&s->log, bytes[i]);
    }
}

static void put_n(Sink *s, char c, size_t n)
{
    while (n--) {
        xen_platform_log_byte(&s->log, c);
    }
}

static void test_lines(void)
{
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } cases[] = {
#define CASE(in, out) { in, sizeof(in) - 1, out }
        CASE("", ""),
        CASE("no newline", ""),
        CASE("hello\n", "hello\n"),
        CASE("\n", "\n"),
        CASE("\n\na\n", "\n\na\n"),
        CASE("dos\r\n", "dos\n"),
        CASE("\r\n", "\n"),
        CASE("a\rb\n", "a\\x0db\n"),
        CASE("two\r\r\n", "two\\x0d\n"),
        CASE("tab\there\n", "tab here\n"),
        CASE("nul\0here\n", "nul\\x00here\n"),
        CASE("\x1b[2J\n", "\\x1b[2J\n"),
        CASE("\x7f\x80\xff\n", "\\x7f\\x80\\xff\n"),
        CASE("C:\\windows ~\n", "C:\\windows ~\n"),
#undef CASE
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Sink *s = sink_new(0, 8192);

        put(s, cases[i].in, cases[i].len);
        g_assert_cmpstr(s->out->str, ==, cases[i].out);
        sink_free(s);
    }
}

/* @n bytes before the newline: nothing may be lost at the buffer's end */
static void test_length(gconstpointer data)
{
    size_t n = GPOINTER_TO_SIZE(data);
    g_autoptr(GString) want = g_string_new(NULL);
    Sink *s = sink_new(0, 8192);

    for (size_t i = 0; i < n; i++) {
        char c = 'a' + i % 26;

        put(s, &c, 1);
        g_string_append_c(want, c);
        if (i + 1 == LINE_MAX_BYTES && n > LINE_MAX_BYTES) {
            g_string_append_c(want, '\n');
        }
    }
    g_string_append_c(want, '\n');
    put(s, "\n", 1);
    g_assert_cmpstr(s->out->str, ==, want->str);
    g_assert_cmpuint(s->log.lines, ==, n > LINE_MAX_BYTES ? 2 : 1);
    sink_free(s);
}

static void test_full_crlf(void)
{
    Sink *s = sink_new(0, 8192);

    put_n(s, 'x', LINE_MAX_BYTES);
    put(s, "\r\nnext\n", 7);
    g_assert_cmpuint(s->log.lines, ==, 2);
    g_assert_true(g_str_has_suffix(s->out->str, "x\nnext\n"));
    sink_free(s);
}

static void test_growing(void)
{
    Sink *s = sink_new(0, 8192);
    const char *mark = XEN_PLATFORM_LOG_MARK "\n";

    /* 1024 escapes just fit, one more does not */
    put_n(s, '\x01', 1024);
    put(s, "\n", 1);
    g_assert_cmpuint(s->out->len, ==, LINE_MAX_BYTES + 1);
    g_assert_false(g_str_has_suffix(s->out->str, mark));

    g_string_truncate(s->out, 0);
    put_n(s, '\x01', 1025);
    put(s, "\n", 1);
    g_assert_cmpuint(s->out->len, <=, LINE_MAX_BYTES + 1);
    g_assert_cmpuint(s->out->len, >, LINE_MAX_BYTES - 4);
    g_assert_true(g_str_has_suffix(s->out->str, mark));
    /* The cut is between bytes, not inside an escape */
    g_assert_true(g_str_has_suffix(s->out->str,
                                   "\\x01" XEN_PLATFORM_LOG_MARK "\n"));

    g_string_truncate(s->out, 0);
    put_n(s, '\x01', LINE_MAX_BYTES);
    put(s, "\n", 1);
    g_assert_true(g_str_has_suffix(s->out->str, mark));
    sink_free(s);
}

static void test_flush(void)
{
    Sink *s = sink_new(0, 8192);

    xen_platform_log_flush(&s->log);
    g_assert_cmpstr(s->out->str, ==, "");
    put(s, "part", 4);
    xen_platform_log_flush(&s->log);
    g_assert_cmpstr(s->out->str, ==, "part\n");
    put(s, "rest\n", 5);
    g_assert_cmpstr(s->out->str, ==, "part\nrest\n");
    sink_free(s);
}

/* Lines of 64 output bytes each */
static void put_lines(Sink *s, unsigned n)
{
    while (n--) {
        put_n(s, 'x', 63);
        put(s, "\n", 1);
    }
}

static void test_bucket(void)
{
    Sink *s = sink_new(256, 8192);

    put_lines(s, 128);
    g_assert_cmpuint(s->out->len, ==, 8192);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 0);

    put_lines(s, 10);
    g_assert_cmpuint(s->out->len, ==, 8192);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 10);
    g_assert_cmpuint(s->log.suppressed_bytes, ==, 640);

    /* A second earns 256 bytes: the note and one line need 96 */
    s->now_ns += NANOSECONDS_PER_SECOND;
    g_string_truncate(s->out, 0);
    put_lines(s, 1);
    g_assert_true(g_str_has_prefix(s->out->str,
                                   "suppressed 10 lines (640 bytes)\nxxx"));
    g_assert_cmpuint(s->out->len, ==, 32 + 64);

    /* Said once; 160 bytes are left for two lines, not three */
    g_string_truncate(s->out, 0);
    put_lines(s, 3);
    g_assert_cmpuint(s->out->len, ==, 128);
    g_assert_null(strstr(s->out->str, "suppressed"));
    g_assert_cmpuint(s->log.suppressed_lines, ==, 11);
    sink_free(s);
}

/* However the time is cut up, no more than burst + rate * time gets out */
static void test_bound(gconstpointer data)
{
    uint32_t rate = GPOINTER_TO_UINT(data);
    Sink *s = sink_new(rate, 8192);
    int64_t start = s->now_ns;
    uint64_t bound;

    for (unsigned i = 0; i < 20000; i++) {
        s->now_ns += 1 + i * 977 % 3000000;
        put(s, "a line\n", 7);
    }
    bound = 8192 + muldiv64(s->now_ns - start, rate, NANOSECONDS_PER_SECOND);
    g_assert_cmpuint(s->out->len, <=, bound + 1);
    g_assert_cmpuint(s->out->len, >, bound - 200);
    sink_free(s);
}

static void test_clock_steps(void)
{
    Sink *s = sink_new(256, 8192);

    /* Set back by the load of a snapshot: neither tokens nor a long wait */
    put_lines(s, 128);
    s->now_ns = 1;
    put_lines(s, 1);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 1);
    s->now_ns += NANOSECONDS_PER_SECOND;
    put_lines(s, 1);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 1);

    /* A long way forward: full, and no more than full */
    s->now_ns = INT64_MAX;
    g_string_truncate(s->out, 0);
    put_lines(s, 200);
    g_assert_cmpuint(s->out->len, ==, 8192);
    sink_free(s);
}

static void test_no_limit(void)
{
    Sink *s = sink_new(0, 8192);

    put_lines(s, 10000);
    g_assert_cmpuint(s->out->len, ==, 640000);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 0);
    sink_free(s);
}

static void test_switch(void)
{
    Sink *s = sink_new(256, 8192);

    put_lines(s, 129);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 1);
    s->log.throttled = false;
    g_string_truncate(s->out, 0);
    put_lines(s, 100);
    g_assert_true(g_str_has_prefix(s->out->str,
                                   "suppressed 1 lines (64 bytes)\n"));
    g_assert_cmpuint(s->log.suppressed_lines, ==, 1);
    s->log.throttled = true;
    put_lines(s, 1);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 2);
    sink_free(s);
}

static void test_blocked(void)
{
    Sink *s = sink_new(0, 8192);

    s->blocked = true;
    put_lines(s, 2);
    g_assert_cmpuint(s->log.lines, ==, 0);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 2);
    s->blocked = false;
    put_lines(s, 1);
    g_assert_true(g_str_has_prefix(s->out->str,
                                   "suppressed 2 lines (128 bytes)\n"));
    g_assert_cmpuint(s->log.lines, ==, 1);
    sink_free(s);
}

/* As a sink that adds a prefix to each line */
static size_t with_prefix(void *opaque, size_t len)
{
    return 36 + len;
}

static void test_size(void)
{
    Sink *s = sink_new(256, 8192);

    /* 100 bytes for each line: 81 of them, and 92 are left */
    s->log.cost = with_prefix;
    put_lines(s, 100);
    g_assert_cmpuint(s->log.lines, ==, 81);
    g_assert_cmpuint(s->log.suppressed_lines, ==, 19);
    /* What is kept back is told without it */
    g_assert_cmpuint(s->log.suppressed_bytes, ==, 19 * 64);

    /* The note has it too: 69 + 100, so that half a second is enough */
    s->now_ns += NANOSECONDS_PER_SECOND / 4;
    put_lines(s, 1);
    g_assert_cmpuint(s->log.lines, ==, 81);
    s->now_ns += NANOSECONDS_PER_SECOND / 4;
    g_string_truncate(s->out, 0);
    put_lines(s, 1);
    g_assert_true(g_str_has_prefix(s->out->str,
                                   "suppressed 20 lines (1280 bytes)\nx"));
    g_assert_cmpuint(s->log.lines, ==, 82);
    sink_free(s);
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = { 0, 1, 4094, 4095, 4096, 4097, 5000 };
    static const uint32_t rates[] = { 1, 3, 256, 4000 };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/lines", test_lines);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        g_autofree char *path = g_strdup_printf("/log/length/%zu", lengths[i]);

        g_test_add_data_func(path, GSIZE_TO_POINTER(lengths[i]), test_length);
    }
    g_test_add_func("/log/full-crlf", test_full_crlf);
    g_test_add_func("/log/growing", test_growing);
    g_test_add_func("/log/flush", test_flush);
    g_test_add_func("/log/bucket", test_bucket);
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        g_autofree char *path = g_strdup_printf("/log/bound/%u", rates[i]);

        g_test_add_data_func(path, GUINT_TO_POINTER(rates[i]), test_bound);
    }
    g_test_add_func("/log/clock-steps", test_clock_steps);
    g_test_add_func("/log/no-limit", test_no_limit);
    g_test_add_func("/log/switch", test_switch);
    g_test_add_func("/log/blocked", test_blocked);
    g_test_add_func("/log/size", test_size);
    return g_test_run();
}
