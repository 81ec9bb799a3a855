/*
 * xen-platform: what takes the driver's log, when it takes too little
 *
 * The rate limit counts what comes out, with all that a sink adds.  A sink
 * that takes nothing more, for whatever reason, costs the host lines of the
 * log and nothing else: the guest's port writes and the monitor go on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include "qobject/qdict.h"
#include "xen-platform-common.h"

#define BURST           8192    /* bytes, the least there is */
#define STDERR_PREFIX   "xen-platform: "
#define TRACE_PREFIX    "xen_platform_log xen platform: "
#define TRACE           "-trace xen_platform_log "
#define CHARDEV         "-global xen-platform.log-chardev=log "

/*
 * Few bytes from the guest that are many in the sink, for a port write takes
 * long here: with its newline, LINE becomes 64 bytes.
 */
#define LINE            "\1\2\3\4\1\2\3\4\1\2\3\4\1\2\3..."
#define LINE_OUT        64

static void send_lines(QTestState *qts, const char *line, unsigned n)
{
    while (n--) {
        xp_log(qts, line);
        xp_log(qts, "\n");
    }
}

static uint64_t count_of(QTestState *qts, const char *name)
{
    g_autoptr(QDict) info = xp_driver_info(qts);

    return qdict_get_int(info, name);
}

/* The sink has lost some of @lines lines, and the device knows each of them */
static uint64_t expect_suppressed(QTestState *qts, uint64_t lines)
{
    uint64_t suppressed;

    xp_expect_alive(qts);
    suppressed = count_of(qts, "log-suppressed-lines");
    g_assert_cmpuint(suppressed, >, 0);
    g_assert_cmpuint(suppressed + count_of(qts, "log-lines"), ==, lines);
    return suppressed;
}

enum { TO_CHARDEV = 1, TO_TRACE = 2, TO_STDERR = 4 };

static const struct {
    const char *name;
    const char *options;
    unsigned sinks;
} charges[] = {
    { "chardev", CHARDEV, TO_CHARDEV },
    { "stderr", "", TO_STDERR },
    { "stderr-timestamp", "-msg timestamp=on", TO_STDERR },
    { "trace", TRACE, TO_TRACE },
    { "trace-timestamp", TRACE "-msg timestamp=on", TO_TRACE },
    { "chardev-and-trace", CHARDEV TRACE, TO_CHARDEV | TO_TRACE },
    { "chardev-and-trace-timestamp", CHARDEV TRACE "-msg timestamp=on",
      TO_CHARDEV | TO_TRACE },
};

/* Time stands still: a sink gets what the bucket has, and no byte more */
static void test_charge(gconstpointer data)
{
    unsigned row = GPOINTER_TO_UINT(data);
    static const char *const names[] = { "log", "trace", "stderr" };
    char *paths[ARRAY_SIZE(names)];
    size_t longest = 0;
    QTestState *qts;

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        paths[i] = xp_tmp_path(names[i]);
        unlink(paths[i]);
    }
    qts = xp_start("-M pc -global xen-platform.log-burst=8192 "
                   "-chardev file,id=log,path=%s -D %s %s 2>%s",
                   paths[0], paths[1], charges[row].options, paths[2]);
    for (unsigned i = 0; !count_of(qts, "log-suppressed-lines"); i++) {
        g_assert_cmpuint(i, <, BURST / 2);
        send_lines(qts, "a", 50);
    }
    qtest_quit(qts);

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct stat st = { };

        stat(paths[i], &st);
        g_test_message("%s: %s has %jd bytes of a burst of %u",
                       charges[row].name, names[i], (intmax_t)st.st_size,
                       BURST);
        g_assert_cmpint(st.st_size, <=, BURST);
        g_assert_true(!!st.st_size == !!(charges[row].sinks & 1 << i));
        longest = MAX(longest, st.st_size);
        g_free(paths[i]);
    }
    /* Nothing is held back without need: the longest line has 75 bytes here */
    g_assert_cmpuint(longest, >, BURST - 75);
}

/* Where QEMU's end and the reader's of a sink come from */
typedef enum Kind { FIFO, TERMINAL, SOCKET } Kind;

static const struct {
    const char *name;
    Kind kind;
    const char *options;    /* the sink follows */
    const char *prefix;
} blocked[] = {
    { "stderr/pipe", FIFO, "2>", STDERR_PREFIX },
    { "stderr/terminal", TERMINAL, "2>", STDERR_PREFIX },
    { "stderr/socket", SOCKET, "2>", STDERR_PREFIX },
    { "trace/pipe", FIFO, TRACE "2>", TRACE_PREFIX },
    { "trace/terminal", TERMINAL, TRACE "2>", TRACE_PREFIX },
    { "trace/socket", SOCKET, TRACE "2>", TRACE_PREFIX },
    { "trace-file/pipe", FIFO, TRACE "-D ", TRACE_PREFIX },
    { "trace-file/terminal", TERMINAL, TRACE "-D ", TRACE_PREFIX },
};

#define INHERITED_FD    9   /* the last one that a shell can redirect to */

/* Returns the reader's end; *@sink is what follows 2> or -D */
static int make_sink(Kind kind, char **sink)
{
    struct termios raw;
    int size = 4096;
    int fds[2];
    int fd;

    switch (kind) {
    case FIFO:
        *sink = xp_tmp_path("fifo");
        unlink(*sink);
        g_assert_cmpint(mkfifo(*sink, 0600), ==, 0);
        fd = open(*sink, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        g_assert_cmpint(fcntl(fd, F_SETPIPE_SZ, size), >=, 0);
        return fd;
    case TERMINAL:
        fd = posix_openpt(O_RDWR | O_NOCTTY);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(grantpt(fd), ==, 0);
        g_assert_cmpint(unlockpt(fd), ==, 0);
        *sink = g_strdup(ptsname(fd));
        /* The terminal's settings stay as long as somebody has it open */
        fds[0] = open(*sink, O_RDWR | O_NOCTTY | O_CLOEXEC);
        g_assert_cmpint(tcgetattr(fds[0], &raw), ==, 0);
        cfmakeraw(&raw);
        g_assert_cmpint(tcsetattr(fds[0], TCSANOW, &raw), ==, 0);
        g_assert_true(g_unix_set_fd_nonblocking(fd, true, NULL));
        return fd;
    default:
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
        setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        g_assert_cmpint(dup2(fds[1], INHERITED_FD), ==, INHERITED_FD);
        close(fds[1]);
        g_assert_true(g_unix_set_fd_nonblocking(fds[0], true, NULL));
        *sink = g_strdup_printf("&%u", INHERITED_FD);
        return fds[0];
    }
}

static void drain(int fd, GString *to)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(to, buf, n);
    }
}

/* Others may have the same pipe or terminal open, and expect to wait */
static void check_flags(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fdinfo/2",
                                            qtest_pid(qts));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "flags:"));
    g_assert_cmphex(g_ascii_strtoull(strstr(text, "flags:") + 6, NULL, 8) &
                    O_NONBLOCK, ==, 0);
}

/* Returns how many lines were kept back by what the notes in @text say */
static uint64_t told(const char *text, const char *prefix)
{
    g_autofree char *begin = g_strconcat(prefix, "suppressed ", NULL);
    uint64_t sum = 0;

    while ((text = strstr(text, begin))) {
        text += strlen(begin);
        sum += g_ascii_strtoull(text, NULL, 10);
    }
    return sum;
}

/* Fill a sink that nobody reads, check that it hurts nobody; then empty it */
static void test_blocked(gconstpointer data)
{
    unsigned row = GPOINTER_TO_UINT(data);
    g_autoptr(GString) got = g_string_new("");
    g_autofree char *sink = NULL;
    g_autofree char *last = NULL;
    int fd = make_sink(blocked[row].kind, &sink);
    uint64_t suppressed;
    QTestState *qts;

    qts = xp_start("-M pc -device xen-platform,log-rate=0 %s%s",
                   blocked[row].options, sink);
    send_lines(qts, LINE, 1000);
    suppressed = expect_suppressed(qts, 1000);
    check_flags(qts);

    drain(fd, got);
    xp_log(qts, "again\n");
    drain(fd, got);
    g_test_message("the last of it: %s",
                   got->str + got->len - MIN(got->len, 200));
    /* A terminal may have taken a line in between, and so a note with it */
    last = g_strconcat(blocked[row].prefix, "again\n", NULL);
    g_assert_true(g_str_has_suffix(got->str, last));
    g_assert_cmpuint(told(got->str, blocked[row].prefix), ==, suppressed);
    qtest_quit(qts);
    close(fd);
}

static const struct {
    const char *name;
    const char *options;
    bool closed;            /* a pipe whose reader goes away */
    rlim_t limit;           /* on the length of files, 0 for none */
} refusing[] = {
    { "stderr/full", "2>/dev/full" },
    { "stderr/closed", "2>%s", .closed = true },
    { "stderr/limit", "2>%s", .limit = 1000 },
    { "trace/full", TRACE "2>/dev/full" },
    { "trace/closed", TRACE "2>%s", .closed = true },
    { "trace/limit", TRACE "2>%s", .limit = 1000 },
    { "trace-file/full", TRACE "-D /dev/full" },
    { "trace-file/closed", TRACE "-D %s", .closed = true },
    { "trace-file/limit", TRACE "-D %s", .limit = 1000 },
    { "chardev/full", CHARDEV "-chardev file,id=log,path=/dev/full" },
    { "chardev/limit", CHARDEV "-chardev file,id=log,path=%s", .limit = 1000 },
    { "chardev/socket", CHARDEV "-chardev socket,id=log,path=%s,server=on,"
      "wait=off" },
    { "chardev/pty", CHARDEV "-chardev pty,id=log >/dev/null" },
};

static void test_refusing(gconstpointer data)
{
    unsigned row = GPOINTER_TO_UINT(data);
    g_autofree char *path = xp_tmp_path("sink");
    g_auto(GStrv) parts = g_strsplit(refusing[row].options, "%s", 2);
    g_autofree char *options = g_strjoinv(path, parts);
    QTestState *qts;
    int fd = -1;

    unlink(path);
    if (refusing[row].closed) {
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    qts = xp_start("-M pc -device xen-platform,log-rate=0 %s", options);
    if (refusing[row].limit) {
        struct rlimit limit = { refusing[row].limit, refusing[row].limit };

        g_assert_cmpint(prlimit(qtest_pid(qts), RLIMIT_FSIZE, &limit, NULL),
                        ==, 0);
    }
    if (refusing[row].closed) {
        close(fd);
    }
    send_lines(qts, LINE, 100);
    expect_suppressed(qts, 100);
    qtest_quit(qts);
    unlink(path);
}

static void add(const char *kind, const char *name, unsigned row,
                GTestDataFunc func)
{
    g_autofree char *path = g_strdup_printf("xen-platform/sink/%s/%s", kind,
                                            name);

    qtest_add_data_func(path, GUINT_TO_POINTER(row), func);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(charges); i++) {
        add("charge", charges[i].name, i, test_charge);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(blocked); i++) {
        add("blocked", blocked[i].name, i, test_blocked);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(refusing); i++) {
        add("refusing", refusing[i].name, i, test_refusing);
    }
    return g_test_run();
}
