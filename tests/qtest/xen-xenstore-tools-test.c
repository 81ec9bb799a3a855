/*
 * The tools of xenstore-utils with an xenstore-socket
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/wait.h>
#include "libqtest.h"
#include "xenstore-client.h"

static QTestState *qts;
static char *sock;

static char **environment(void)
{
    return g_environ_setenv(g_get_environ(), "XENSTORED_PATH", sock, true);
}

/* Run a command line; what it says is in @out and @err, if not NULL. */
static int run(const char *command, char **out, char **err)
{
    g_auto(GStrv) argv = NULL, env = environment();
    int status;

    g_assert(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_assert(g_spawn_sync(NULL, argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL,
                          out, err, &status, NULL));
    g_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* In this order; a status, and what goes to standard output */
static const struct {
    const char *command;
    int status;
    const char *out;
} tools[] = {
    { "xenstore-write /t/a one", 0, "" },
    { "xenstore-read /t/a", 0, "one\n" },
    { "xenstore-read -p /t/a", 0, "/t/a: one\n" },
    { "xenstore-read /t/none", 1, "" },
    { "xenstore-exists /t/a", 0, "" },
    { "xenstore-exists /t/none", 1, "" },
    /* Several at once are a transaction. */
    { "xenstore-write /t/a 1 /t/b 2 /t/c/d 3", 0, "" },
    { "xenstore-read /t/a /t/b /t/c/d", 0, "1\n2\n3\n" },
    { "xenstore-write /t/empty ''", 0, "" },
    { "xenstore-read /t/empty", 0, "\n" },
    { "xenstore-list /t", 0, "a\nb\nc\nempty\n" },
    { "xenstore-list -p /t/c", 0, "/t/c/d\n" },
    { "xenstore-ls /t", 0,
      "a = \"1\"\nb = \"2\"\nc = \"\"\n d = \"3\"\nempty = \"\"\n" },
    { "xenstore-ls -f /t", 0,
      "/t/a = \"1\"\n/t/b = \"2\"\n/t/c = \"\"\n/t/c/d = \"3\"\n"
      "/t/empty = \"\"\n" },
    { "xenstore-chmod /t/a n0 r1 b2", 0, "" },
    { "xenstore-chmod -r /t/c r0", 0, "" },
    { "xenstore-chmod /t/a x7", 1, "" },
    { "xenstore-ls -f -p /t", 0,
      "/t/a = \"1\"   (n0,r1,b2)\n/t/b = \"2\"   (n0)\n"
      "/t/c = \"\"   (r0)\n/t/c/d = \"3\"   (r0)\n"
      "/t/empty = \"\"   (n0)\n" },
    { "xenstore-rm /t/a /t/b", 0, "" },
    { "xenstore-rm /t/a", 0, "" },
    { "xenstore-rm /no/parent", 1, "" },
    { "xenstore-rm /t/empty", 0, "" },
    /* -t: with the parents that it leaves empty */
    { "xenstore-rm -t /t/c/d", 0, "" },
    { "xenstore-exists /t", 1, "" },
    { "xenstore-rm /", 1, "" },
    { "xenstore-read domid", 1, "" },
    { "xenstore-read /local/domain/1/domid", 0, "1\n" },
};

static void test_each(void)
{
    for (int i = 0; i < ARRAY_SIZE(tools); i++) {
        g_autofree char *out = NULL, *err = NULL;
        int status = run(tools[i].command, &out, &err);

        if (status != tools[i].status || !g_str_equal(out, tools[i].out)) {
            g_error("%s: expected status %d and '%s', got %d and '%s', "
                    "standard error '%s'", tools[i].command, tools[i].status,
                    tools[i].out, status, out, err);
        }
    }
}

/* More names than one reply holds */
static void test_large(void)
{
    g_autoptr(GString) write = g_string_new("xenstore-write");
    g_autofree char *out = NULL, *err = NULL;
    g_auto(GStrv) names = NULL;

    for (int i = 0; i < 1000; i++) {
        g_string_append_printf(write, " /large/%03d ''", i);
    }
    g_assert_cmpint(run(write->str, NULL, NULL), ==, 0);
    g_assert_cmpint(run("xenstore-list /large", &out, &err), ==, 0);
    names = g_strsplit(out, "\n", 0);
    g_assert_cmpuint(g_strv_length(names), ==, 1001);
    g_assert_cmpstr(names[999], ==, "999");
}

static GPid spawn(const char *command, int *out)
{
    g_auto(GStrv) argv = NULL, env = environment();
    GPid pid;

    g_assert(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_assert(g_spawn_async_with_pipes(NULL, argv, env,
                                      G_SPAWN_SEARCH_PATH |
                                      G_SPAWN_DO_NOT_REAP_CHILD,
                                      NULL, NULL, &pid, NULL, out, NULL,
                                      NULL));
    return pid;
}

static int reap(GPid pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static void expect_line(FILE *f, const char *expected)
{
    char line[256] = "";

    g_assert_nonnull(fgets(line, sizeof(line), f));
    g_assert_cmpstr(line, ==, expected);
}

static void test_watch(void)
{
    GPid pid;
    FILE *f;
    int fd;

    pid = spawn("xenstore-watch -n 4 /watch", &fd);
    f = fdopen(fd, "r");
    expect_line(f, "/watch\n");
    g_assert_cmpint(run("xenstore-write /watch/a 1", NULL, NULL), ==, 0);
    expect_line(f, "/watch/a\n");

    /* Nor does a reset of the machine take it away. */
    qtest_system_reset(qts);
    g_assert_cmpint(run("xenstore-write /watch/b 1", NULL, NULL), ==, 0);
    expect_line(f, "/watch/b\n");
    g_assert_cmpint(run("xenstore-rm /watch", NULL, NULL), ==, 0);
    expect_line(f, "/watch\n");
    g_assert_cmpint(reap(pid), ==, 0);
    fclose(f);
}

/*
 * Sixteen programs write two hundred values each, in pairs, which the
 * transaction of one spoils for another again and again.
 */
static void test_many(void)
{
    const int pairs = 100;
    GPid pids[16];
    XsClient *c;

    for (int i = 0; i < ARRAY_SIZE(pids); i++) {
        g_autofree char *command = g_strdup_printf(
            "sh -ec 'for i in $(seq %d); do xenstore-write /many/%d/$i $i "
            "/many/last %d.$i; done'", pairs, i, i);

        pids[i] = spawn(command, NULL);
    }
    for (int i = 0; i < ARRAY_SIZE(pids); i++) {
        g_assert_cmpint(reap(pids[i]), ==, 0);
    }
    c = xs_connect(sock);
    for (int i = 0; i < ARRAY_SIZE(pids); i++) {
        for (int j = 1; j <= pairs; j++) {
            g_autofree char *req = g_strdup_printf("/many/%d/%d|", i, j);
            g_autofree char *value = g_strdup_printf("%d", j);

            xs_expect(c, XS_READ, 0, req, value);
        }
    }
    xs_close(c);
}

static void test_skipped(void)
{
    g_test_skip("the package xenstore-utils is missing");
}

int main(int argc, char **argv)
{
    g_autofree char *ls = g_find_program_in_path("xenstore-ls");
    g_autofree char *dir = g_dir_make_tmp("xenstore-XXXXXX", NULL);
    int ret;

    sock = g_build_filename(dir, "sock", NULL);
    g_test_init(&argc, &argv, NULL);
    if (!ls) {
        qtest_add_func("/xenstore-tools", test_skipped);
        return g_test_run();
    }
    qtest_add_func("/xenstore-tools/each", test_each);
    qtest_add_func("/xenstore-tools/large", test_large);
    qtest_add_func("/xenstore-tools/watch", test_watch);
    qtest_add_func("/xenstore-tools/many", test_many);

    qts = qtest_initf("-M pc -accel qtest,xen-version=0x40011 -nodefaults "
                      "-object xenstore-socket,id=xs,path=%s", sock);
    ret = g_test_run();
    qtest_quit(qts);
    rmdir(dir);
    g_free(sock);
    return ret;
}
