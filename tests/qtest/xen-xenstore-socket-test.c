/*
 * -object xenstore-socket: how the socket comes, is refused, and goes
 *
 * What is said on the socket is the matter of xen-xenstore-protocol-test.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-hypercall.h"
#include "xenstore-client.h"

/* Guest memory for the arguments of a hypercall */
#define ARGS 0x100000

#define XEN "-M pc -accel qtest,xen-version=0x40011 -nodefaults "

static char *dir, *sock;

static QTestState *start(void)
{
    return qtest_initf(XEN "-object xenstore-socket,id=xs,path=%s", sock);
}

static void quit(QTestState *qts)
{
    qtest_quit(qts);
    g_assert_false(g_file_test(sock, G_FILE_TEST_EXISTS));
}

/* A tool that dies without a word, in a transaction and with a watch */
static void test_killed(void)
{
    QTestState *qts = start();
    XsClient *c = xs_connect(sock);

    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            XsClient *child = xs_connect(sock);

            g_free(xs_talk(child, XS_WATCH, 0, "/|t|"));
            g_free(xs_talk(child, XS_WRITE, xs_start(child), "/killed|1"));
            kill(getpid(), SIGKILL);
        }
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
        xs_expect(c, XS_WRITE, 0, "/alive|1", "OK|");
    }
    xs_expect(c, XS_READ, 0, "/killed|", "!ENOENT|");
    xs_close(c);
    quit(qts);
}

static void test_object(void)
{
    QTestState *qts = qtest_init(XEN);
    struct stat st;
    XsClient *c;

    for (int i = 0; i < 3; i++) {
        umask(0);
        qtest_qmp_assert_success(qts, "{ 'execute': 'object-add', 'arguments':"
                                 "{ 'qom-type': 'xenstore-socket', 'id': 'xs',"
                                 "  'path': %s } }", sock);
        g_assert_cmpint(lstat(sock, &st), ==, 0);
        g_assert(S_ISSOCK(st.st_mode));
        g_assert_cmpint(st.st_mode & 07777, ==, 0600);

        c = xs_connect(sock);
        xs_expect(c, XS_MKDIR, 0, "/object|", "OK|");
        xs_expect(c, XS_WATCH, 0, "/object|t|", "OK|");
        xs_expect(c, XS_MKDIR, xs_start(c), "/object/x|", "OK|");
        qtest_qmp_assert_success(qts, "{ 'execute': 'object-del', "
                                 "'arguments': { 'id': 'xs' } }");
        g_assert_cmpint(lstat(sock, &st), <, 0);
        g_assert_null(xs_talk(c, XS_READ, 0, "/object|"));
        xs_close(c);
    }
    qtest_quit(qts);
}

/* Who comes before the machine waits for it. */
static void test_early(void)
{
    QTestState *qts = qtest_initf(XEN "--preconfig -object "
                                  "xenstore-socket,id=xs,path=%s", sock);
    XsClient *c = xs_connect(sock);
    struct xsd_sockmsg hdr;
    g_autofree char *got = NULL;
    char byte;

    xs_send(c, XS_READ, 0, "/local/domain/1/domid|");
    g_usleep(100000);
    g_assert_cmpint(recv(c->fd, &byte, 1, MSG_DONTWAIT), <, 0);
    g_assert_cmpint(errno, ==, EAGAIN);
    qtest_qmp_assert_success(qts, "{ 'execute': 'x-exit-preconfig' }");
    got = xs_recv(c, &hdr);
    g_assert_cmpstr(got, ==, "1");
    xs_close(c);
    quit(qts);
}

/* A socket of ours, and one on which nobody listens any more */
static int make_socket(bool live)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(un.sun_path, sock);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    if (live) {
        g_assert_cmpint(listen(fd, 1), ==, 0);
    } else {
        close(fd);
    }
    return fd;
}

static void test_stale(void)
{
    QTestState *qts;
    XsClient *c;

    make_socket(false);
    qts = start();
    c = xs_connect(sock);
    xs_expect(c, XS_READ, 0, "/local/domain/1/domid|", "1");
    xs_close(c);

    /* What has taken its place in the meantime is not ours to remove. */
    unlink(sock);
    close(make_socket(true));
    qtest_quit(qts);
    g_assert_true(g_file_test(sock, G_FILE_TEST_EXISTS));
    unlink(sock);
}

/* Start QEMU so that it refuses @path, and says @why in one line. */
static void refused(const char *machine, const char *path, const char *why)
{
    g_autofree char *out = NULL, *err = NULL, *object = NULL;
    g_autofree char *command = g_strdup_printf(
        /* QEMU frees nothing when it refuses to start */
        "env ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:log_path=/dev/null "
        "%s %s -display none -monitor none -object xenstore-socket,id=xs,"
        "path='%s'", getenv("QTEST_QEMU_BINARY"), machine, path);
    int status;

    g_assert(g_spawn_command_line_sync(command, &out, &err, &status, NULL));
    g_test_message("%s", err);
    g_assert(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(err, why));
    g_assert_nonnull(strstr(err, "needed"));
    g_assert(strchr(err, '\n') == err + strlen(err) - 1);
}

#define QTEST "-M pc -accel qtest -nodefaults"
#define QTEST_XEN "-M pc -accel qtest,xen-version=0x40011 -nodefaults"

static void test_refused(void)
{
    g_autofree char *filled = g_strnfill(108, 'x');
    g_autofree char *folder = g_build_filename(dir, "none", "sock", NULL);
    g_autofree char *error = NULL;
    QTestState *qts;
    QDict *rsp;
    int fd;

    refused(QTEST_XEN, "", "path= is missing");
    refused(QTEST_XEN, filled, "is 108 bytes long; a path of at most 107");
    refused(QTEST_XEN, folder, "cannot be made a socket");
    refused(QTEST_XEN, dir, "is no socket");
    refused(QTEST, sock, "the machine has no emulated xenstore");
    refused("-M none", sock, "the machine has no emulated xenstore");
    g_assert_false(g_file_test(sock, G_FILE_TEST_EXISTS));

    g_assert(g_file_set_contents(sock, "precious", -1, NULL));
    refused(QTEST_XEN, sock, "is no socket");
    g_assert_true(g_file_test(sock, G_FILE_TEST_IS_REGULAR));
    unlink(sock);
    g_assert_cmpint(symlink("/dev/null", sock), ==, 0);
    refused(QTEST_XEN, sock, "is no socket");
    unlink(sock);

    /* Also one whose owner is too busy to accept: two fill its queue. */
    fd = make_socket(true);
    for (int i = 0; i < 4; i++) {
        refused(QTEST_XEN, sock, "is in use by another program");
    }
    g_assert_true(g_file_test(sock, G_FILE_TEST_EXISTS));
    close(fd);
    unlink(sock);

    qts = qtest_init(QTEST);
    rsp = qtest_qmp(qts, "{ 'execute': 'object-add', 'arguments':"
                    "{ 'qom-type': 'xenstore-socket', 'id': 'xs',"
                    "  'path': %s } }", sock);
    error = g_strdup(qdict_get_str(qdict_get_qdict(rsp, "error"), "desc"));
    g_assert_nonnull(strstr(error, "the machine has no emulated xenstore"));
    qobject_unref(rsp);
    g_assert_false(g_file_test(sock, G_FILE_TEST_EXISTS));
    qtest_quit(qts);
}

/*
 * Two watches of one backend fire at once. The first has it write its state,
 * another event; the second has it wait for requests in flight.
 */
static void test_event_within_event(void)
{
    const char *fe = "/local/domain/1/device/vbd/51728";
    const char *be = "/local/domain/0/backend/qdisk/1/51728";
    QTestState *qts = qtest_initf(
        XEN "-object xenstore-socket,id=xs,path=%s -object iothread,id=io "
        "-drive if=none,id=d,driver=null-co,latency-ns=300000000,size=1M "
        "-device xen-disk,id=disk,drive=d,vdev=xvdb,iothread=io", sock);
    XsClient *c = xs_connect(sock);
    /* For EVTCHNOP_alloc_unbound */
    struct {
        uint16_t dom, remote_dom;
        uint32_t port;
    } unbound = { .dom = XEN_DOMID_SELF };
    int64_t failed = xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, 6,
                                   &unbound, sizeof(unbound));
    g_autofree char *port = g_strdup_printf("%u", unbound.port);
    const struct {
        const char *path, *key, *value;
        uint32_t tx;
    } nodes[] = {
        /* Grant 1 is there from the beginning: the ring of the store. */
        { fe, "ring-ref", "1" },
        { fe, "event-channel", port },
        { fe, "state", "3" },
        /* In one transaction: */
        { be, "state", "5" },
        { fe, "state", "6" },
    };
    g_autofree char *state = g_strdup_printf("%s/state|", be);
    uint32_t tx = 0;

    g_assert_cmpint(failed, ==, 0);
    for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
        g_autofree char *req = g_strdup_printf("%s/%s|%s", nodes[i].path,
                                               nodes[i].key, nodes[i].value);

        if (i == 3) {
            xs_expect(c, XS_READ, 0, state, "4");
            g_free(qtest_hmp(qts, "qemu-io d \"aio_read -q 0 4k\""));
            tx = xs_start(c);
        }
        xs_expect(c, XS_WRITE, tx, req, "OK|");
    }
    xs_expect(c, XS_TRANSACTION_END, tx, "T|", "OK|");
    g_usleep(500000);
    xs_expect(c, XS_READ, 0, state, "6");
    xs_close(c);
    quit(qts);
}

/* The port of QEMU's that the guest's event channel for the store leads to */
static int store_port(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'xen-event-list' }");
    QList *ports = qdict_get_qlist(rsp, "return");
    QDict *port;
    int target;

    g_assert_nonnull(ports);
    g_assert_cmpuint(qlist_size(ports), ==, 1);
    port = qobject_to(QDict, qlist_peek(ports));
    g_assert_cmpstr(qdict_get_str(port, "type"), ==, "interdomain");
    target = qdict_get_int(port, "target");
    qobject_unref(rsp);
    return target;
}

/* A reset gives back what it takes: port and memory. */
static void test_reset(void)
{
    QTestState *qts = start();
    int port;

    qtest_system_reset(qts);
    port = store_port(qts);
    for (int i = 0; i < 10; i++) {
        qtest_system_reset(qts);
        g_assert_cmpint(store_port(qts), ==, port);
    }
    quit(qts);
}

static size_t resident(QTestState *qts)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/statm", qtest_pid(qts));
    g_autofree char *statm = NULL;
    unsigned long size, pages;

    g_assert(g_file_get_contents(name, &statm, NULL, NULL));
    g_assert_cmpint(sscanf(statm, "%lu %lu", &size, &pages), ==, 2);
    return pages * qemu_real_host_page_size();
}

/* Each change has the bus list its backends: 200 names, 5000 times. */
static void test_list_backends(void)
{
    QTestState *qts = start();
    XsClient *c = xs_connect(sock);
    size_t before = 0, after;

    for (int i = 0; i < 5200; i++) {
        g_autofree char *req = g_strdup_printf(
            "/local/domain/0/backend/qdisk/1/%d|", i % 200);

        if (i == 200) {
            before = resident(qts);
        }
        xs_expect(c, XS_WRITE, 0, req, "OK|");
    }
    after = resident(qts);
    g_test_message("%zu bytes resident, then %zu", before, after);
#ifndef QEMU_SANITIZE_ADDRESS   /* which keeps what is freed, and finds leaks */
    g_assert_cmpuint(after, <, before + 8 * MiB);
#endif
    xs_close(c);
    quit(qts);
}

/* Disks without a vdev= list those that are there, and take the next. */
static void test_list_disks(void)
{
    QTestState *qts = start();
    XsClient *c = xs_connect(sock);

    for (int i = 0; i < 4; i++) {
        g_autofree char *node = g_strdup_printf("d%d", i);

        qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-add', "
                                 "'arguments': { 'driver': 'null-co', "
                                 "'node-name': %s, 'size': 1048576 } }", node);
        qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', "
                                 "'arguments': { 'driver': 'xen-disk', "
                                 "'drive': %s } }", node);
    }
    xs_expect(c, XS_DIRECTORY, 0, "/local/domain/1/device/vbd|",
              "51712|51728|51744|51760|");
    xs_close(c);
    quit(qts);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("xenstore-XXXXXX", NULL);
    sock = g_build_filename(dir, "sock", NULL);
    qtest_add_func("/xenstore-socket/killed", test_killed);
    qtest_add_func("/xenstore-socket/object", test_object);
    qtest_add_func("/xenstore-socket/early", test_early);
    qtest_add_func("/xenstore-socket/stale", test_stale);
    qtest_add_func("/xenstore-socket/refused", test_refused);
    qtest_add_func("/xenstore-socket/event-within-event",
                   test_event_within_event);
    qtest_add_func("/xenstore-socket/reset", test_reset);
    qtest_add_func("/xenstore-socket/list-backends", test_list_backends);
    qtest_add_func("/xenstore-socket/list-disks", test_list_disks);
    ret = g_test_run();
    rmdir(dir);
    g_free(sock);
    g_free(dir);
    return ret;
}
