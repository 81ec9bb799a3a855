/*
 * The arguments of the guest image
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "args.h"
#include "tap.h"
#include "trap.h"
#include "xen-tests.h"

#define MAX_CHOICES 6

static const struct {
    const char *key;
    const char *choices[MAX_CHOICES];
    uint32_t max;               /* of a number, where there are no choices */
    bool test;                  /* for tests, not personas */
} known[ARG_COUNT] = {
    [ARG_BLACKLIST]     = { "blacklist", .choices = { "none", "expected" } },
    [ARG_ENFORCE]       = { "enforce", .choices = { "none", "expected" } },
    [ARG_MAGIC]         = { "magic", .choices = { "present", "missing" } },
    [ARG_VERSION]       = { "version", .choices = { "0", "1", "2" } },
    [ARG_RESUME]        = { "resume", .max = 9 },
    [ARG_DISKS]         = { "disks", .max = UINT16_MAX },
    [ARG_NICS]          = { "nics", .max = UINT16_MAX },
    [ARG_MASK]          = { "mask", .max = UINT16_MAX },
    [ARG_PRODUCT]       = { "product", .max = UINT16_MAX },
    [ARG_BUILD]         = { "build", .max = UINT32_MAX },
    [ARG_EXPECT_DISKS]  = { "expect-disks",
                            .choices = { "stay", "gone", "aux" } },
    [ARG_EXPECT_NICS]   = { "expect-nics", .choices = { "stay", "gone" } },
    [ARG_EXPECT_NVME]   = { "expect-nvme", .choices = { "stay", "gone" } },
    [ARG_WAIT]          = { "wait", .choices = { "0", "1" } },
    [ARG_XEN]           = { "xen", .max = UINT32_MAX, .test = true },
    [ARG_CPUS]          = { "cpus", .max = MAX_CPUS, .test = true },
    [ARG_REPEAT]        = { "count", .max = 100000000, .test = true },
    [ARG_SECONDS]       = { "seconds", .max = 3600, .test = true },
    [ARG_DELIVERY]      = { "delivery", .test = true,
                            .choices = { "vector", "vcpu-vector",
                                         "gsi-ioapic", "gsi-pic",
                                         "intx-ioapic", "intx-pic" } },
    [ARG_REASON]        = { "reason", .test = true,
                            .choices = { "poweroff", "reboot", "crash",
                                         "suspend", "watchdog",
                                         "soft-reset" } },
    [ARG_DEVICE]        = { "device", .test = true,
                            .choices = { [ARG_IDE] = "ide",
                                         [ARG_AHCI] = "ahci",
                                         [ARG_NVME] = "nvme",
                                         [ARG_LSI] = "lsi",
                                         [ARG_E1000] = "e1000",
                                         [ARG_RTL8139] = "rtl8139" } },
    [ARG_AND_REBOOT]    = { "reboot", .test = true, .choices = { "0", "1" } },
    [ARG_PV]            = { "pv", .test = true, .choices = { "0", "1" } },
};

static bool refuse_key(const char *word)
{
    char keys[384];
    char *end = keys;

    for (int id = 0; id < ARG_COUNT; id++) {
        size_t len = strlen(known[id].key);

        *end++ = ' ';
        memcpy(end, known[id].key, len);
        end += len;
        *end++ = '=';
    }
    *end = '\0';
    tap_bail_out("argument '%s' is not known; known are persona="
                 " activation= test= phase=%s",
                 word, keys);
    return false;
}

static bool refuse_choice(int id, const char *value)
{
    char names[128];
    char *end = names;

    for (int i = 0; i < MAX_CHOICES && known[id].choices[i]; i++) {
        const char *name = known[id].choices[i];

        if (i) {
            *end++ = ',';
            *end++ = ' ';
        }
        memcpy(end, name, strlen(name));
        end += strlen(name);
    }
    *end = '\0';
    tap_bail_out("%s=%s: accepted are %s", known[id].key, value, names);
    return false;
}

static bool parse_value(Args *args, int id, const char *value)
{
    const char *const *choices = known[id].choices;

    if (!choices[0]) {
        if (!parse_u32(value, &args->value[id]) ||
            args->value[id] > known[id].max) {
            tap_bail_out("%s=%s: a number from 0 to 0x%x is wanted",
                         known[id].key, value, known[id].max);
            return false;
        }
        return true;
    }
    for (int i = 0; i < MAX_CHOICES && choices[i]; i++) {
        if (!strcmp(choices[i], value)) {
            args->value[id] = i;
            return true;
        }
    }
    return refuse_choice(id, value);
}

static bool parse_persona(Args *args, const char *value)
{
    if (args->list || args->persona) {
        tap_bail_out("persona= is given twice");
        return false;
    }
    args->list = !strcmp(value, "list");
    args->persona = persona_find(value);
    if (!args->list && !args->persona) {
        tap_bail_out("persona=%s is not known; persona=list lists all", value);
        return false;
    }
    return true;
}

static bool parse_activation(Args *args, const char *value)
{
    static ActivationRow row;

    if (args->list_activations || args->activation) {
        tap_bail_out("activation= is given twice");
        return false;
    }
    args->list_activations = !strcmp(value, "list");
    for (size_t i = 0; i < activation_count() && !args->activation; i++) {
        activation_row(i, &row);
        args->activation = strcmp(value, row.name) ? NULL : &row;
    }
    if (!args->list_activations && !args->activation) {
        tap_bail_out("activation=%s is not known; activation=list lists all",
                     value);
        return false;
    }
    return true;
}

static bool parse_test(Args *args, const char *value)
{
    if (args->list_tests || args->test) {
        tap_bail_out("test= is given twice");
        return false;
    }
    args->list_tests = !strcmp(value, "list");
    args->test = xen_test_find(value);
    if (!args->list_tests && !args->test) {
        tap_bail_out("test=%s is not known; test=list lists all", value);
        return false;
    }
    return true;
}

static bool parse_phase(Args *args, const char *value)
{
    if (args->phase) {
        tap_bail_out("phase= is given twice");
        return false;
    }
    args->phase = value;
    return true;
}

static bool parse_word(Args *args, const char *word)
{
    if (!strncmp(word, "persona=", 8)) {
        return parse_persona(args, word + 8);
    }
    if (!strncmp(word, "activation=", 11)) {
        return parse_activation(args, word + 11);
    }
    if (!strncmp(word, "test=", 5)) {
        return parse_test(args, word + 5);
    }
    if (!strncmp(word, "phase=", 6)) {
        return parse_phase(args, word + 6);
    }
    for (int id = 0; id < ARG_COUNT; id++) {
        size_t len = strlen(known[id].key);

        if (strncmp(word, known[id].key, len) || word[len] != '=') {
            continue;
        }
        if (args->given[id]) {
            tap_bail_out("%s= is given twice", known[id].key);
            return false;
        }
        args->given[id] = true;
        return parse_value(args, id, word + len + 1);
    }
    return refuse_key(word);
}

/* The file name may hold spaces, so look for where it ends. */
static char *skip_file_name(char *cmdline)
{
    char *args = NULL;

    for (char *s = cmdline; *s; s++) {
        if (!strncmp(s, ".elf", 4) && (s[4] == ' ' || !s[4])) {
            args = s + 4;
        }
    }
    if (args) {
        return args;
    }
    while (*cmdline && *cmdline != ' ') {
        cmdline++;
    }
    return cmdline;
}

/* Returns: what contradicts another argument, NULL if nothing does */
static const char *contradiction(const Args *args)
{
    const Persona *persona = args->persona;
    PersonaPreamble preamble = persona->driver->preamble;
    bool blacklisted = args->value[ARG_BLACKLIST] == ARG_EXPECTED;
    bool enforced = args->value[ARG_ENFORCE] == ARG_EXPECTED;
    bool missing = args->value[ARG_MAGIC] == ARG_MISSING;

    if (enforced && !blacklisted) {
        return "enforce=expected needs blacklist=expected";
    }
    if (args->given[ARG_VERSION] && (blacklisted || missing)) {
        return "version= goes with neither blacklist=expected nor"
               " magic=missing";
    }
    if (missing && (blacklisted || preamble <= PERSONA_PREAMBLE_BAR0)) {
        return "magic=missing needs a persona that reads the magic,"
               " and no blacklist=expected";
    }
    if ((blacklisted || args->given[ARG_PRODUCT] || args->given[ARG_BUILD]) &&
        preamble != PERSONA_PREAMBLE_FULL) {
        return "blacklist=expected, product= and build= need a persona that"
               " sends product and build";
    }
    if ((args->given[ARG_DISKS] || args->given[ARG_NICS]) &&
        persona->writes != 2) {
        return "disks= and nics= need a persona with two unplug writes;"
               " use mask=";
    }
    if (args->given[ARG_MASK] && persona->writes != 1) {
        return "mask= needs a persona with one unplug write;"
               " use disks= and nics=";
    }
    if (enforced && (args->value[ARG_EXPECT_DISKS] ||
                     args->value[ARG_EXPECT_NICS] ||
                     args->value[ARG_EXPECT_NVME])) {
        return "with enforce=expected everything must stay";
    }
    return NULL;
}

/* Returns: how many of persona=, activation= and test= are there */
static int subjects(const Args *args)
{
    return (args->list || args->persona) +
           (args->list_activations || args->activation) +
           (args->list_tests || args->test);
}

/* Returns: an argument that does not go with the others, NULL if all do */
static const char *misplaced(const Args *args)
{
    bool test = args->test || args->list_tests;
    bool activation = args->activation || args->list_activations;

    for (int id = 0; id < ARG_COUNT; id++) {
        if (args->given[id] && id != ARG_WAIT &&
            (activation || known[id].test != test)) {
            return known[id].key;
        }
    }
    return args->phase && !test ? "phase" : NULL;
}

bool args_parse(char *cmdline, Args *args)
{
    char *next = skip_file_name(cmdline);
    const char *problem;

    memset(args, 0, sizeof(*args));
    while (*next) {
        char *word = next;

        while (*next && *next != ' ') {
            next++;
        }
        if (*next) {
            *next++ = '\0';
        }
        if (*word && !parse_word(args, word)) {
            return false;
        }
    }
    if (subjects(args) > 1) {
        tap_bail_out("persona=, activation= and test=: only one is accepted");
        return false;
    }
    problem = misplaced(args);
    if (problem) {
        tap_bail_out("%s= does not go with %s", problem,
                     args->test || args->list_tests ? "test=" :
                     args->activation || args->list_activations ?
                     "activation=" : "persona=, or with none of them");
        return false;
    }
    if (!subjects(args)) {
        args->persona = persona_find("win-xenbus");
    }
    if (!args->persona) {
        return true;
    }
    problem = contradiction(args);
    if (problem) {
        tap_bail_out("persona=%s: %s", args->persona->name, problem);
    }
    return !problem;
}
