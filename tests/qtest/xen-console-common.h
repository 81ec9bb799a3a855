/*
 * What the tests of xen-console share: two consoles, and who reads them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_CONSOLE_COMMON_H
#define TESTS_QTEST_XEN_CONSOLE_COMMON_H

#include "xen-ring-common.h"
#include "../libxen/consfront.h"

#define CONSOLES    2

typedef struct ConsoleMachine {
    RingMachine m;
    Consfront console[CONSOLES];    /* 0 is the primary one, and connected */
    int reader[CONSOLES];
} ConsoleMachine;

/* console_start: a machine with two consoles; ended by console_end() */
ConsoleMachine *console_start(void);
void console_end(ConsoleMachine *c);

/* console_expect: this must come out of console @i */
void console_expect(ConsoleMachine *c, unsigned i, const void *data,
                    size_t size);

/* console_type: type this into console @i */
void console_type(ConsoleMachine *c, unsigned i, const void *data,
                  size_t size);

/* console_works: @size bytes each way */
void console_works(ConsoleMachine *c, unsigned i, unsigned seed, size_t size);

#endif
