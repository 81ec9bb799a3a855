/*
 * The arguments of the guest image
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_ARGS_H
#define XEN_PLATFORM_GUEST_ARGS_H

#include "activation.h"

typedef struct XenTest XenTest;

typedef enum ArgId {
    ARG_BLACKLIST,
    ARG_ENFORCE,
    ARG_MAGIC,
    ARG_VERSION,
    ARG_RESUME,
    ARG_DISKS,
    ARG_NICS,
    ARG_MASK,
    ARG_PRODUCT,
    ARG_BUILD,
    ARG_EXPECT_DISKS,
    ARG_EXPECT_NICS,
    ARG_EXPECT_NVME,
    ARG_WAIT,
    ARG_XEN,
    ARG_CPUS,
    ARG_REPEAT,
    ARG_SECONDS,
    ARG_DELIVERY,
    ARG_REASON,
    ARG_DEVICE,
    ARG_AND_REBOOT,
    ARG_PV,
    ARG_COUNT,
} ArgId;

/* Values of blacklist= and enforce= */
enum { ARG_NONE, ARG_EXPECTED };

/* Values of magic= */
enum { ARG_PRESENT, ARG_MISSING };

/* Values of reason= */
enum {
    ARG_POWEROFF,
    ARG_REBOOT,
    ARG_CRASH,
    ARG_SUSPEND,
    ARG_WATCHDOG,
    ARG_SOFT_RESET,
};

/* Values of device= */
enum { ARG_IDE, ARG_AHCI, ARG_NVME, ARG_LSI, ARG_E1000, ARG_RTL8139 };

/* Of xen= */
#define ARG_XEN_DEFAULT 0x40011

typedef struct Args {
    bool list;                  /* persona=list */
    bool list_tests;            /* test=list */
    bool list_activations;      /* activation=list */
    const Persona *persona;     /* win-xenbus if nothing else is named */
    const XenTest *test;        /* NULL if none is named */
    const ActivationRow *activation;    /* NULL if none is named */
    const char *phase;          /* of test=unplug-at-work; NULL: all */
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

/* Returns: the number given, or @otherwise */
static inline uint32_t args_value(const Args *args, ArgId id,
                                  uint32_t otherwise)
{
    return args->given[id] ? args->value[id] : otherwise;
}

#endif
