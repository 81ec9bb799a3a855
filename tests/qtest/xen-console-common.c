/*
 * What the tests of xen-console share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "xen-console-common.h"

ConsoleMachine *console_start(void)
{
    ConsoleMachine *c = g_new0(ConsoleMachine, 1);
    int far_end[CONSOLES];

    for (unsigned i = 0; i < CONSOLES; i++) {
        int fds[2];

        ring_socket(SOCK_STREAM, fds);
        c->reader[i] = fds[0];
        far_end[i] = fds[1];
    }
    ring_start(&c->m, "-chardev socket,id=c0,fd=%d "
               "-device xen-console,id=con0,idx=0,chardev=c0 "
               "-chardev socket,id=c1,fd=%d "
               "-device xen-console,id=con1,idx=1,chardev=c1",
               far_end[0], far_end[1]);
    for (unsigned i = 0; i < CONSOLES; i++) {
        close(far_end[i]);
        g_assert_true(consfront_init(&c->console[i], &c->m.xs, &c->m.grants,
                                     i));
    }
    return c;
}

void console_end(ConsoleMachine *c)
{
    ring_end(&c->m);
    for (unsigned i = 0; i < CONSOLES; i++) {
        close(c->reader[i]);
    }
    g_free(c);
}

void console_expect(ConsoleMachine *c, unsigned i, const void *data,
                    size_t size)
{
    g_autofree uint8_t *got = g_malloc(size);

    g_assert_cmpint(recv(c->reader[i], got, size, MSG_WAITALL), ==, size);
    g_assert_cmpmem(got, size, data, size);
}

void console_type(ConsoleMachine *c, unsigned i, const void *data, size_t size)
{
    g_assert_cmpint(send(c->reader[i], data, size, 0), ==, size);
}

void console_works(ConsoleMachine *c, unsigned i, unsigned seed, size_t size)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_autofree uint8_t *data = g_malloc(size);
    g_autofree uint8_t *got = g_malloc(size);

    for (size_t j = 0; j < size; j++) {
        data[j] = g_rand_int(rand);
    }
    g_assert_true(consfront_write(&c->console[i], data, size));
    console_expect(c, i, data, size);
    console_type(c, i, data, size);
    g_assert_true(consfront_read(&c->console[i], got, size));
    g_assert_cmpmem(got, size, data, size);
}
