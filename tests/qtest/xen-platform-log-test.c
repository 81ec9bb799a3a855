/*
 * xen-platform: the driver's log, from the guest's bytes to the host's sinks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/stat.h>
#include <sys/un.h>
#include "qobject/qdict.h"
#include "libqos/pci-pc.h"
#include "xen-platform-common.h"

#define BURST       8192    /* bytes, the least there is */
#define RATE        256     /* bytes per second */
#define SECOND_NS   1000000000LL

/*
 * Few bytes from the guest that are many in the sink, for a port write takes
 * long here: with its newline, LINE becomes 64 bytes.
 */
#define LINE        "\1\2\3\4\1\2\3\4\1\2\3\4\1\2\3..."
#define FOUR        "\\x01\\x02\\x03\\x04"
#define LINE_OUT    FOUR FOUR FOUR "\\x01\\x02\\x03...\n"

/* A machine and the file that its log goes to */
typedef struct Log {
    QTestState *qts;
    char *path;
    size_t seen;    /* bytes of the file that were looked at */
} Log;

static Log log_start(const char *options)
{
    Log log = { .path = xp_tmp_path("log") };

    unlink(log.path);
    log.qts = xp_start("-M pc -chardev file,id=log,path=%s "
                       "-device xen-platform,log-chardev=log%s",
                       log.path, options);
    return log;
}

static void log_end(Log *log)
{
    qtest_quit(log->qts);
    g_free(log->path);
}

/* Returns what the file got since the last look, to be freed with g_free() */
static char *log_new(Log *log)
{
    g_autofree char *all = NULL;
    size_t len;
    char *new;

    g_assert_true(g_file_get_contents(log->path, &all, &len, NULL));
    g_assert_cmpuint(strlen(all), ==, len);
    new = g_strdup(all + log->seen);
    log->seen = len;
    return new;
}

static void check_new(Log *log, const char *expected)
{
    g_autofree char *got = log_new(log);

    g_assert_cmpstr(got, ==, expected);
}

static void send_bytes(QTestState *qts, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        qtest_outb(qts, XP_PORT + 2, bytes[i]);
    }
}

static void send_lines(QTestState *qts, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        xp_log(qts, LINE "\n");
    }
}

static uint64_t count_of(QTestState *qts, const char *name)
{
    g_autoptr(QDict) info = xp_driver_info(qts);

    return qdict_get_int(info, name);
}

/* Any state of the monitor, within a second */
static char *prompt_hmp(QTestState *qts)
{
    int64_t before = g_get_monotonic_time();
    char *said = qtest_hmp(qts, "info xen-platform");

    g_assert_cmpint(g_get_monotonic_time() - before, <, 1000000);
    return said;
}

#define ROW(bytes, line) { bytes, sizeof(bytes) - 1, line }

static const struct {
    const char *bytes;
    size_t len;
    const char *expected;
} renderings[] = {
    ROW("plain text\n", "plain text\n"),
    ROW("\n", "\n"),
    ROW("\r\n", "\n"),
    ROW("dos\r\n", "dos\n"),
    ROW("two\r\r\n", "two\\x0d\n"),
    ROW("a\tb\n", "a b\n"),
    ROW("nul\0nul\n", "nul\\x00nul\n"),
    ROW("\x1b[2J\x1b]0;title\a\n", "\\x1b[2J\\x1b]0;title\\x07\n"),
    ROW("\x7f\x80\x9b\xff\n", "\\x7f\\x80\\x9b\\xff\n"),
    ROW("hi\rqemu: error: forged\n", "hi\\x0dqemu: error: forged\n"),
    ROW("v\vf\fb\b\n", "v\\x0bf\\x0cb\\x08\n"),
    ROW("\\x41 %s %n\n", "\\x41 %s %n\n"),
    ROW("one\ntwo\nthree", "one\ntwo\n"),
    ROW("\n", "three\n"),
};

static void test_rendering(void)
{
    Log log = log_start("");

    for (unsigned i = 0; i < ARRAY_SIZE(renderings); i++) {
        send_bytes(log.qts, renderings[i].bytes, renderings[i].len);
        check_new(&log, renderings[i].expected);
    }
    log_end(&log);
}

/* The stock device lost the byte that filled its buffer */
static void test_long_lines(void)
{
    static const unsigned lengths[] = { 4094, 4095, 4096, 4097, 4098, 8192 };
    Log log = log_start("");

    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        g_autofree char *line = g_strnfill(lengths[i], 'x');
        g_autofree char *got = NULL;

        line[lengths[i] - 1] = 'z';
        xp_log(log.qts, line);
        xp_log(log.qts, "\n");
        got = log_new(&log);
        if (lengths[i] <= 4096) {
            g_assert_cmpuint(strlen(got), ==, lengths[i] + 1);
        } else {
            g_assert_cmpuint(strlen(got), ==, lengths[i] + 2);
            g_assert_cmpint(got[4096], ==, '\n');
        }
        g_assert_true(g_str_has_suffix(got, "z\n"));
        got[strlen(got) - 2] = 'x';
        g_assert_cmpuint(strspn(got, "x\n"), ==, strlen(got));
        g_assert_null(strstr(got, "\n\n"));
    }
    log_end(&log);
}

/* A line may not grow past 4096 bytes when it is made readable */
static void test_cut_line(void)
{
    g_autofree char *raw = g_strnfill(2000, '\x01');
    Log log = log_start("");
    g_autofree char *got = NULL;

    xp_log(log.qts, raw);
    xp_log(log.qts, "\nnext\n");
    got = log_new(&log);
    g_assert_cmpuint(strlen(got), <=, 4096 + 1 + strlen("next\n"));
    g_assert_cmpuint(strlen(got), >, 4000);
    g_assert_true(g_str_has_prefix(got, "\\x01\\x01"));
    g_assert_true(g_str_has_suffix(got, "\\x01[...]\nnext\n"));
    log_end(&log);
}

static void test_reset_flushes(void)
{
    Log log = log_start("");

    xp_log(log.qts, "begun");
    check_new(&log, "");
    qtest_system_reset(log.qts);
    check_new(&log, "begun\n");
    xp_log(log.qts, "next\n");
    check_new(&log, "next\n");
    qtest_system_reset(log.qts);
    check_new(&log, "");
    log_end(&log);
}

/* One line, whichever way its bytes come */
static void test_bar0(void)
{
    Log log = log_start("");
    QPCIBus *bus = qpci_new_pc(log.qts, NULL);
    QPCIDevice *dev = xp_pci_device(bus, 0x0001);
    QPCIBar bar = qpci_iomap(dev, 0, NULL);

    qpci_device_enable(dev);
    xp_log(log.qts, "port ");
    for (const char *byte = "BAR\x1b\n"; *byte; byte++) {
        qpci_io_writeb(dev, bar, 8, *byte);
    }
    check_new(&log, "port BAR\\x1b\n");
    g_free(dev);
    qpci_free_pc(bus);
    log_end(&log);
}

static void test_suppressed(void)
{
    Log log = log_start(",log-burst=8192,log-rate=256");
    g_autofree char *sent = NULL;

    send_lines(log.qts, BURST / 64 + 10);
    sent = log_new(&log);
    g_assert_true(g_str_has_suffix(sent, LINE_OUT LINE_OUT));
    g_assert_cmpuint(log.seen, ==, BURST);
    g_assert_cmpint(count_of(log.qts, "log-lines"), ==, BURST / 64);
    g_assert_cmpint(count_of(log.qts, "log-suppressed-lines"), ==, 10);
    g_assert_cmpint(count_of(log.qts, "log-suppressed-bytes"), ==, 640);

    /* 37 bytes, too few, then 74 */
    qtest_clock_step(log.qts, SECOND_NS * 37 / RATE);
    xp_log(log.qts, "early\n");
    check_new(&log, "");
    qtest_clock_step(log.qts, SECOND_NS * 37 / RATE);
    xp_log(log.qts, "in time\n");
    check_new(&log, "suppressed 11 lines (646 bytes)\nin time\n");
    xp_log(log.qts, "once\n");
    check_new(&log, "once\n");
    g_assert_cmpint(count_of(log.qts, "log-suppressed-lines"), ==, 11);
    log_end(&log);
}

/* Whatever the guest sends: no more than burst + rate x time comes out */
static void test_bound(void)
{
    static const int64_t steps_ms[] = {
        1, 250, 1000, 999, 3, 10000, 32000, 1000000, 1, 100, 1000
    };
    Log log = log_start(",log-burst=8192,log-rate=256");
    double tokens = BURST;

    for (unsigned i = 0; i < ARRAY_SIZE(steps_ms); i++) {
        g_autofree char *new = NULL;

        qtest_clock_step(log.qts, steps_ms[i] * SECOND_NS / 1000);
        tokens = MIN(BURST, tokens + steps_ms[i] * RATE / 1000.0);
        send_lines(log.qts, BURST / 64 + 2);
        new = log_new(&log);
        g_assert_cmpfloat(strlen(new), <=, tokens);
        tokens -= strlen(new);
        /* Nothing is held back without need: a note and a line are longer */
        g_assert_cmpfloat(tokens, <, 64 + 64);
    }
    log_end(&log);
}

static const struct {
    const char *name;
    const char *options;
    bool in_file;       /* of -D, else it is stderr */
} short_lines[] = {
    { "stderr", "" },
    { "stderr, with time stamps elsewhere", "-msg timestamp=on" },
    { "trace", "-trace xen_platform_log" },
    { "trace with time stamps", "-trace xen_platform_log -msg timestamp=on" },
    { "trace in a file", "-trace xen_platform_log -msg timestamp=on", true },
};

/* The bound is on what comes out, however little of it the guest has sent */
static void test_short_lines(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(short_lines); i++) {
        g_autofree char *err = xp_tmp_path("stderr");
        g_autofree char *file = xp_tmp_path("file");
        g_autofree char *to_file =
            g_strdup_printf("-D %s", short_lines[i].in_file ? file : "none");
        g_autofree char *got = NULL;
        QTestState *qts = xp_start("-M pc -global xen-platform.log-burst=8192 "
                                   "-global xen-platform.log-rate=1 %s %s 2>%s",
                                   short_lines[i].options,
                                   short_lines[i].in_file ? to_file : "", err);
        size_t len;

        for (unsigned n = 0; n < 1000; n++) {
            xp_log(qts, "x\n");
        }
        g_assert_cmpint(count_of(qts, "log-suppressed-lines"), >, 0);
        qtest_quit(qts);
        g_assert_true(g_file_get_contents(short_lines[i].in_file ? file : err,
                                          &got, &len, NULL));
        g_test_message("%s: %zu bytes", short_lines[i].name, len);
        g_assert_cmpuint(len, <=, BURST);
        g_assert_cmpuint(len, >, BURST - 200);
    }
}

static void test_rate_0(void)
{
    Log log = log_start(",log-burst=8192,log-rate=0");

    send_lines(log.qts, 4 * BURST / 64);
    g_free(log_new(&log));
    g_assert_cmpuint(log.seen, ==, 4 * BURST);
    g_assert_cmpint(count_of(log.qts, "log-suppressed-lines"), ==, 0);
    log_end(&log);
}

/* Returns whether the device comes to throttle, or not, as @on says */
static bool wait_throttling(QTestState *qts, bool on)
{
    for (unsigned i = 0; i < 500; i++) {
        g_autofree char *said = qtest_hmp(qts, "info xen-platform");

        if (strstr(said, on ? "throttling on" : "throttling off")) {
            return true;
        }
        g_usleep(1000);
    }
    return false;
}

/* In this order; NULL removes the node */
static const struct {
    const char *value;
    bool on;
} throttling[] = {
    { "0", false }, { "1", true }, { "0", false }, { NULL, true },
    { "0", false }, { "", true }, { "0", false }, { "off", true },
    { "0", false }, { "00", true },
};

static void test_throttling(void)
{
    const char *const node = "/local/domain/1/log-throttling";
    g_autofree char *socket = NULL;
    g_autofree char *object = NULL;
    Log log;

    if (xp_skip_without_xenstore()) {
        return;
    }
    socket = xp_tmp_path("xs");
    object = g_strdup_printf(",log-burst=8192,log-rate=1 "
                             "-object xenstore-socket,id=xs,path=%s", socket);
    log = log_start(object);
    send_lines(log.qts, BURST / 64);
    g_free(log_new(&log));
    for (unsigned i = 0; i < ARRAY_SIZE(throttling); i++) {
        const char *value = throttling[i].value;
        const char *const argv[] = {
            value ? "xenstore-write" : "xenstore-rm", node, value, NULL
        };
        g_autofree char *out = xp_tool(socket, argv);
        g_autofree char *got = NULL;

        g_assert_nonnull(out);
        g_assert_true(wait_throttling(log.qts, throttling[i].on));
        send_lines(log.qts, 3);
        got = log_new(&log);
        if (throttling[i].on) {
            g_assert_cmpstr(got, ==, "");
        } else {
            g_assert_true(g_str_has_suffix(got, LINE_OUT LINE_OUT LINE_OUT));
        }
    }
    log_end(&log);
}

static void test_stderr(void)
{
    g_autofree char *path = xp_tmp_path("stderr");
    g_autofree char *said = NULL;
    QTestState *qts = xp_start("-M pc 2>%s", path);

    xp_log(qts, "hello\nhi\rqemu: error: forged\r\n\x1b[2J\n\nlast");
    qtest_system_reset(qts);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
    g_assert_cmpstr(said, ==,
                    "xen-platform: hello\n"
                    "xen-platform: hi\\x0dqemu: error: forged\n"
                    "xen-platform: \\x1b[2J\n"
                    "xen-platform: " "\n"
                    "xen-platform: last\n");
}

static const struct {
    const char *name;
    const char *options;
    bool to_log;        /* the chardev gets the line */
    bool to_trace;
    bool to_stderr;
} sinks[] = {
    { "chardev", "-trace xen_platform_build "
      "-global xen-platform.log-chardev=log", .to_log = true },
    { "chardev-and-trace", "-trace xen_platform_log "
      "-global xen-platform.log-chardev=log",
      .to_log = true, .to_trace = true },
    { "trace", "-trace xen_platform_log", .to_trace = true },
    { "neither", "-trace xen_platform_build", .to_stderr = true },
};

/* Every line shows in the place that was asked for, and never twice */
static void test_sinks(void)
{
    g_autofree char *log = xp_tmp_path("log");
    g_autofree char *trace = xp_tmp_path("trace");
    g_autofree char *err = xp_tmp_path("stderr");

    for (unsigned i = 0; i < ARRAY_SIZE(sinks); i++) {
        QTestState *qts;
        g_autofree char *in_log = NULL;
        g_autofree char *in_trace = NULL;
        g_autofree char *in_err = NULL;

        unlink(log);
        unlink(trace);
        qts = xp_start("-M pc -chardev file,id=log,path=%s -D %s %s 2>%s",
                       log, trace, sinks[i].options, err);
        xp_log(qts, "hello\tworld\r\n");
        /* Opens the trace's file in any case */
        xp_announce(qts, 3, 1);
        g_assert_cmpint(count_of(qts, "log-lines"), ==, 1);
        qtest_quit(qts);

        g_assert_true(g_file_get_contents(log, &in_log, NULL, NULL));
        g_assert_true(g_file_get_contents(trace, &in_trace, NULL, NULL));
        g_assert_true(g_file_get_contents(err, &in_err, NULL, NULL));
        g_test_message("%s: trace file: %s", sinks[i].name, in_trace);
        g_assert_cmpstr(in_log, ==, sinks[i].to_log ? "hello world\n" : "");
        g_assert_cmpstr(in_err, ==, sinks[i].to_stderr ?
                        "xen-platform: hello world\n" : "");
        g_assert_true(sinks[i].to_trace ==
            !!strstr(in_trace, "xen_platform_log xen platform: hello world\n"));
    }
}

/* Fill a sink that nobody reads, check that it hurts nobody; then empty it */
static void check_blocked(QTestState *qts, int fd, const char *prefix)
{
    g_autoptr(GString) got = g_string_new("");
    g_autofree char *said = NULL;
    g_autofree char *last = NULL;
    uint64_t suppressed;
    char buf[4096];
    ssize_t n;

    send_lines(qts, 1000);
    said = prompt_hmp(qts);
    suppressed = count_of(qts, "log-suppressed-lines");
    g_assert_cmpuint(suppressed, >, 0);
    g_assert_cmpuint(suppressed + count_of(qts, "log-lines"), ==, 1000);

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(got, buf, n);
    }
    xp_log(qts, "again\n");
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(got, buf, n);
    }
    g_test_message("the last of it: %s",
                   got->str + got->len - MIN(got->len, 200));
    last = g_strdup_printf("%ssuppressed %" PRIu64 " lines (%" PRIu64
                           " bytes)\n%sagain\n", prefix, suppressed,
                           suppressed * 64, prefix);
    g_assert_true(g_str_has_suffix(got->str, last));
}

static void test_blocked_socket(void)
{
    g_autofree char *path = xp_tmp_path("socket");
    int listener = qtest_socket_server(path);
    QTestState *qts = xp_start("-M pc -chardev socket,id=log,path=%s "
                               "-device xen-platform,log-chardev=log,"
                               "log-rate=0", path);
    int fd = accept(listener, NULL, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_unix_set_fd_nonblocking(fd, true, NULL));
    check_blocked(qts, fd, "");
    qtest_quit(qts);
    close(fd);
    close(listener);
}

static const struct {
    const char *name;
    const char *options;
    const char *prefix;
} blocked[] = {
    { "stderr", "", "xen-platform: " },
    { "trace", "-trace xen_platform_log", "xen_platform_log xen platform: " },
};

static void test_blocked_stderr(gconstpointer opaque)
{
    unsigned i = GPOINTER_TO_UINT(opaque);
    g_autofree char *path = xp_tmp_path("fifo");
    QTestState *qts;
    int fd;

    unlink(path);

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    fd = open(path, O_RDWR | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_SETPIPE_SZ, 8192), >=, 0);
    qts = xp_start("-M pc -device xen-platform,log-rate=0 %s 2>%s",
                   blocked[i].options, path);
    check_blocked(qts, fd, blocked[i].prefix);
    qtest_quit(qts);
    close(fd);
}

/* A reader that has gone */
static void test_closed_pipe(gconstpointer opaque)
{
    unsigned i = GPOINTER_TO_UINT(opaque);
    g_autofree char *path = xp_tmp_path("fifo");
    QTestState *qts;
    int fd;

    unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    qts = xp_start("-M pc %s 2>%s", blocked[i].options, path);
    close(fd);
    send_lines(qts, 10);
    g_assert_cmpint(count_of(qts, "log-suppressed-lines"), ==, 10);
    g_assert_cmpint(count_of(qts, "log-lines"), ==, 0);
    qtest_quit(qts);
}

/* A disk that is full */
static void test_full_disk(gconstpointer opaque)
{
    unsigned i = GPOINTER_TO_UINT(opaque);
    QTestState *qts = xp_start("-M pc %s 2>/dev/full", blocked[i].options);

    send_lines(qts, 10);
    g_assert_cmpint(count_of(qts, "log-suppressed-lines"), ==, 10);
    g_assert_cmpint(count_of(qts, "log-lines"), ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-platform/log/rendering", test_rendering);
    qtest_add_func("xen-platform/log/long-lines", test_long_lines);
    qtest_add_func("xen-platform/log/cut-line", test_cut_line);
    qtest_add_func("xen-platform/log/reset-flushes", test_reset_flushes);
    qtest_add_func("xen-platform/log/bar0", test_bar0);
    qtest_add_func("xen-platform/log/suppressed", test_suppressed);
    qtest_add_func("xen-platform/log/bound", test_bound);
    qtest_add_func("xen-platform/log/short-lines", test_short_lines);
    qtest_add_func("xen-platform/log/rate-0", test_rate_0);
    qtest_add_func("xen-platform/log/throttling", test_throttling);
    qtest_add_func("xen-platform/log/stderr", test_stderr);
    qtest_add_func("xen-platform/log/sinks", test_sinks);
    qtest_add_func("xen-platform/log/blocked-socket", test_blocked_socket);
    for (unsigned i = 0; i < ARRAY_SIZE(blocked); i++) {
        gconstpointer row = GUINT_TO_POINTER(i);
        g_autofree char *unread = g_strdup_printf(
            "xen-platform/log/blocked-%s", blocked[i].name);
        g_autofree char *closed = g_strdup_printf(
            "xen-platform/log/closed-%s", blocked[i].name);
        g_autofree char *full = g_strdup_printf(
            "xen-platform/log/full-disk-%s", blocked[i].name);

        qtest_add_data_func(unread, row, test_blocked_stderr);
        qtest_add_data_func(closed, row, test_closed_pipe);
        qtest_add_data_func(full, row, test_full_disk);
    }
    return g_test_run();
}
