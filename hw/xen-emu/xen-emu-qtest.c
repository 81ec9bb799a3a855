/*
 * What a guest does beside reading and writing, by qtest, where no CPU runs
 *
 * xen-hypercall VCPU WIDTH CPL NUMBER [ARGUMENT...]
 * xen-cmpxchg ADDRESS FROM TO
 *
 * WIDTH is 32 or 64, of the caller; addresses are physical.  The answer is
 * OK and what the guest would find in its accumulator: the result of the
 * hypercall, or the 32 bits that were there, which are now TO if they were
 * FROM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "exec/cpu-common.h"
#include "system/qtest.h"
#include "xen-emu-internal.h"

enum { VCPU, WIDTH, CPL, NUMBER, ARGUMENTS, WORDS = ARGUMENTS + 6 };

static void nothing(CPUState *cs, run_on_cpu_data data)
{
}

/* Returns how many there are; 0 if one is no number or there are too many */
static size_t parse(gchar **words, uint64_t *values)
{
    size_t nr_words = 0;

    while (words[nr_words]) {
        if (nr_words == WORDS ||
            qemu_strtou64(words[nr_words], NULL, 0, &values[nr_words])) {
            return 0;
        }
        nr_words++;
    }
    return nr_words;
}

static void cmpxchg(CharBackend *chr, gchar **words)
{
    uint64_t values[WORDS] = { 0 };
    hwaddr size = sizeof(uint32_t);
    uint32_t *p = NULL, was;

    if (parse(words, values) == 3 && !(values[0] % size)) {
        p = cpu_physical_memory_map(values[0], &size, true);
    }
    if (!p || size < sizeof(*p)) {
        qtest_sendf(chr, "FAIL xen-cmpxchg ADDRESS FROM TO\n");
        return;
    }
    was = qatomic_cmpxchg(p, (uint32_t)values[1], (uint32_t)values[2]);
    cpu_physical_memory_unmap(p, size, true, size);
    qtest_sendf(chr, "OK 0x%" PRIx32 "\n", was);
}

bool xen_emu_qtest_command(CharBackend *chr, gchar **words)
{
    uint64_t values[WORDS] = { 0 }, result;
    CPUState *cs;

    if (!strcmp(words[0], "xen-cmpxchg")) {
        cmpxchg(chr, words + 1);
        return true;
    }
    if (strcmp(words[0], "xen-hypercall")) {
        return false;
    }
    if (parse(words + 1, values) < ARGUMENTS) {
        qtest_sendf(chr, "FAIL xen-hypercall VCPU WIDTH CPL NUMBER "
                    "[ARGUMENT...]\n");
        return true;
    }
    cs = qemu_get_cpu(values[VCPU]);
    if (!cs) {
        qtest_sendf(chr, "FAIL no vCPU %" PRIu64 "\n", values[VCPU]);
        return true;
    }
    result = xen_emu_hypercall(cs, values[WIDTH] == 64, values[CPL],
                               values[NUMBER], &values[ARGUMENTS]);

    /* Let the vCPUs do what was queued for them */
    CPU_FOREACH(cs) {
        run_on_cpu(cs, nothing, RUN_ON_CPU_NULL);
    }
    qtest_sendf(chr, "OK 0x%" PRIx64 "\n", result);
    return true;
}
