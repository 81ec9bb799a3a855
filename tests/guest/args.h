/*
 * The arguments of the guest image
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_ARGS_H
#define XEN_PLATFORM_GUEST_ARGS_H

#include "persona.h"

typedef enum ArgId {
    ARG_BLACKLIST,
    ARG_ENFORCE,
    ARG_MAGIC,
    ARG_DISKS,
    ARG_NICS,
    ARG_MASK,
    ARG_PRODUCT,
    ARG_BUILD,
    ARG_EXPECT_DISKS,
    ARG_EXPECT_NICS,
    ARG_EXPECT_NVME,
    ARG_WAIT,
    ARG_COUNT,
} ArgId;

/* Values of blacklist= and enforce= */
enum { ARG_NONE, ARG_EXPECTED };

/* Values of magic= */
enum { ARG_PRESENT, ARG_MISSING };

typedef struct Args {
    bool list;                  /* persona=list */
    const Persona *persona;     /* win-xenbus if none is named */
    bool given[ARG_COUNT];
    uint32_t value[ARG_COUNT];  /* a number, or a place among the choices */
} Args;

/**
 * args_parse: read the words key=value of a multiboot command line
 *
 * @cmdline: starts with the file name of the image; is written to
 *
 * Returns: false after one sentence on the console, if a word is not
 * understood, stands twice, or contradicts another
 */
bool args_parse(char *cmdline, Args *args);

#endif
