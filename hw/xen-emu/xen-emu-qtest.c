/*
 * Hypercalls by qtest, where no CPU runs
 *
 * xen-hypercall VCPU WIDTH CPL NUMBER [ARGUMENT...]
 *
 * WIDTH is 32 or 64, of the caller; addresses are physical.  The answer is
 * OK and what the guest would find in its accumulator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "system/qtest.h"
#include "xen-emu-internal.h"

enum { VCPU, WIDTH, CPL, NUMBER, ARGUMENTS, WORDS = ARGUMENTS + 6 };

static void nothing(CPUState *cs, run_on_cpu_data data)
{
}

static bool parse(gchar **words, uint64_t *values)
{
    size_t nr_words = 0;

    while (words[nr_words]) {
        if (nr_words == WORDS ||
            qemu_strtou64(words[nr_words], NULL, 0, &values[nr_words])) {
            return false;
        }
        nr_words++;
    }
    return nr_words >= ARGUMENTS;
}

bool xen_emu_qtest_command(CharBackend *chr, gchar **words)
{
    uint64_t values[WORDS] = { 0 }, result;
    CPUState *cs;

    if (strcmp(words[0], "xen-hypercall")) {
        return false;
    }
    if (!parse(words + 1, values)) {
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
