/*
 * -object xenstore-socket: the emulated xenstore for programs on the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/sockets.h"
#include "qapi/error.h"
#include "qom/object_interfaces.h"
#include "hw/qdev-core.h"
#include "hw/xen/xenstore-socket.h"
#include "hw/i386/kvm/xen_xenstore.h"
#include "system/system.h"

#define MAX_CLIENTS 64

OBJECT_DECLARE_SIMPLE_TYPE(XenstoreSocket, XENSTORE_SOCKET)

struct XenstoreSocket {
    Object parent_obj;

    char *path;
    char *bound;            /* absolute path of the socket, once it is ours */
    struct stat st;         /* the socket there */
    int fd;
    Notifier machine_done;
    GSList *clients;
};

static void client_gone(XenstoreClient *client, void *opaque)
{
    XenstoreSocket *s = opaque;

    s->clients = g_slist_remove(s->clients, client);
    xenstore_client_free(client);
}

static void xenstore_socket_accept(void *opaque)
{
    XenstoreSocket *s = opaque;
    XenstoreClient *client;
    int fd = qemu_accept(s->fd, NULL, NULL);

    if (fd < 0) {
        return;
    }
    if (g_slist_length(s->clients) >= MAX_CLIENTS) {
        warn_report_once("xenstore-socket: more than %d clients, the new one "
                         "is turned away", MAX_CLIENTS);
        close(fd);
        return;
    }
    client = xenstore_client_new(fd, xen_xenstore_get_impl(), client_gone, s);
    s->clients = g_slist_prepend(s->clients, client);
}

/* Remove what a QEMU that has gone left at @un, but nothing else. */
static bool remove_stale(const struct sockaddr_un *un, Error **errp)
{
    const char *path = un->sun_path;
    struct stat st;
    int fd, err;

    if (lstat(path, &st) < 0) {
        return true;    /* if it is for another reason, bind() will say so */
    }
    if (!S_ISSOCK(st.st_mode)) {
        error_setg(errp, "xenstore-socket: path=%s is there and is no socket; "
                   "a path that is free or has a stale socket is needed", path);
        return false;
    }
    fd = qemu_socket(PF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        error_setg_errno(errp, errno, "xenstore-socket: no socket");
        return false;
    }
    qemu_socket_set_nonblock(fd);
    err = connect(fd, (struct sockaddr *)un, sizeof(*un)) < 0 ? errno : 0;
    close(fd);
    if (err != ECONNREFUSED && err != ENOENT) {
        error_setg(errp, "xenstore-socket: path=%s is in use by another "
                   "program; a path that is free or has a stale socket is "
                   "needed", path);
        return false;
    }
    unlink(path);
    return true;
}

static bool xenstore_socket_listen(XenstoreSocket *s, Error **errp)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    if (!s->path || !*s->path) {
        error_setg(errp, "xenstore-socket: path= is missing; "
                   "the path of a UNIX socket is needed");
        return false;
    }
    if (strlen(s->path) >= sizeof(un.sun_path)) {
        error_setg(errp, "xenstore-socket: path=%s is %zu bytes long; "
                   "a path of at most %zu bytes is needed", s->path,
                   strlen(s->path), sizeof(un.sun_path) - 1);
        return false;
    }
    strcpy(un.sun_path, s->path);
    if (!remove_stale(&un, errp)) {
        return false;
    }

    s->fd = qemu_socket(PF_UNIX, SOCK_STREAM, 0);
    if (s->fd < 0) {
        error_setg_errno(errp, errno, "xenstore-socket: no socket");
        return false;
    }
    /*
     * Linux gives the file the mode of the unbound socket; elsewhere nobody
     * can connect between bind() and listen().
     */
    fchmod(s->fd, 0600);
    if (bind(s->fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
        error_setg_errno(errp, errno, "xenstore-socket: path=%s cannot be made "
                         "a socket; a path in a folder that can be written to "
                         "is needed", s->path);
        return false;
    }
    s->bound = g_canonicalize_filename(s->path, NULL);
    if (lstat(s->bound, &s->st) < 0 || chmod(s->bound, 0600) < 0 ||
        listen(s->fd, MAX_CLIENTS) < 0) {
        error_setg_errno(errp, errno, "xenstore-socket: path=%s", s->path);
        return false;
    }
    qemu_socket_set_nonblock(s->fd);
    return true;
}

static void xenstore_socket_close(XenstoreSocket *s)
{
    struct stat st;

    while (s->clients) {
        client_gone(s->clients->data, s);
    }
    if (s->fd >= 0) {
        qemu_set_fd_handler(s->fd, NULL, NULL, NULL);
        close(s->fd);
        s->fd = -1;
    }
    if (s->bound && !lstat(s->bound, &st) && st.st_dev == s->st.st_dev &&
        st.st_ino == s->st.st_ino) {
        unlink(s->bound);
    }
    g_clear_pointer(&s->bound, g_free);
}

static bool xenstore_socket_serve(XenstoreSocket *s, Error **errp)
{
    if (!xen_xenstore_get_impl()) {
        error_setg(errp, "xenstore-socket: the machine has no emulated "
                   "xenstore; a pc or q35 machine with the accelerator option "
                   "xen-version=, for example 0x40011, is needed");
        return false;
    }
    qemu_set_fd_handler(s->fd, xenstore_socket_accept, NULL, s);
    return true;
}

static void xenstore_socket_machine_done(Notifier *n, void *data)
{
    XenstoreSocket *s = container_of(n, XenstoreSocket, machine_done);
    Error *err = NULL;

    if (!xenstore_socket_serve(s, &err)) {
        error_report_err(err);
        xenstore_socket_close(s);
        exit(1);
    }
}

/* Until there is a machine, those who connect wait. */
static void xenstore_socket_complete(UserCreatable *uc, Error **errp)
{
    XenstoreSocket *s = XENSTORE_SOCKET(uc);

    if (!xenstore_socket_listen(s, errp)) {
        return;
    }
    if (phase_check(PHASE_MACHINE_READY)) {
        xenstore_socket_serve(s, errp);
    } else {
        s->machine_done.notify = xenstore_socket_machine_done;
        qemu_add_machine_init_done_notifier(&s->machine_done);
    }
}

static char *xenstore_socket_get_path(Object *obj, Error **errp)
{
    return g_strdup(XENSTORE_SOCKET(obj)->path);
}

static void xenstore_socket_set_path(Object *obj, const char *value,
                                     Error **errp)
{
    XenstoreSocket *s = XENSTORE_SOCKET(obj);

    if (s->bound) {
        error_setg(errp, "xenstore-socket: path= cannot be changed, "
                   "a new object is needed");
        return;
    }
    g_free(s->path);
    s->path = g_strdup(value);
}

static void xenstore_socket_init(Object *obj)
{
    XENSTORE_SOCKET(obj)->fd = -1;
}

static void xenstore_socket_finalize(Object *obj)
{
    XenstoreSocket *s = XENSTORE_SOCKET(obj);

    if (s->machine_done.notify) {
        qemu_remove_machine_init_done_notifier(&s->machine_done);
    }
    xenstore_socket_close(s);
    g_free(s->path);
}

static void xenstore_socket_class_init(ObjectClass *oc, void *data)
{
    USER_CREATABLE_CLASS(oc)->complete = xenstore_socket_complete;
    object_class_property_add_str(oc, "path", xenstore_socket_get_path,
                                  xenstore_socket_set_path);
    object_class_property_set_description(oc, "path",
                                          "where to create the UNIX socket");
}

static const TypeInfo xenstore_socket_info = {
    .name = TYPE_XENSTORE_SOCKET,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(XenstoreSocket),
    .instance_init = xenstore_socket_init,
    .instance_finalize = xenstore_socket_finalize,
    .class_init = xenstore_socket_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    },
};

static void xenstore_socket_register_types(void)
{
    type_register_static(&xenstore_socket_info);
}

type_init(xenstore_socket_register_types)
