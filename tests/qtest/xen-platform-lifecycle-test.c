/*
 * xen-platform: personas through boots, resumes, migrations and resets
 *
 * A sequence of steps is played for a persona; what the host must answer at
 * each is worked out from what has happened before.  Then some personas are
 * migrated in the middle of what they say, before each of their accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-platform-common.h"
#include "xen-platform-guest.h"
#include "xen-platform-machine.h"

#define MACHINE "-M pc " XP_GUEST_DEVICES \
    "-device xen-platform,addr=5 -global xen-platform.log-rate=0 "

typedef enum Step {
    END,
    BOOT,
    RESUME,
    SLEEP,      /* suspend to RAM, and wake up */
    MIGRATE,    /* to a second process */
    RESET,
    HIBERNATE,  /* power off, and start in a new process */
    LIST,       /* the host blacklists all builds */
} Step;

typedef struct Sequence {
    const char *name;
    bool every_persona;     /* else those of `few` */
    bool enforce;
    Step steps[7];
} Sequence;

static const Sequence sequences[] = {
    { "resume", true, false, { BOOT, RESUME, RESUME } },
    { "reboot", true, false, { BOOT, RESET, BOOT, RESET } },
    { "migrate", false, false, { BOOT, MIGRATE, RESUME, MIGRATE, RESUME } },
    { "migrate-reboot", false, false, { BOOT, MIGRATE, RESUME, RESET, BOOT } },
    { "migrate-before-boot", false, false, { MIGRATE, BOOT, RESUME } },
    { "hibernate", false, false, { BOOT, HIBERNATE, RESUME, RESUME } },
    /* What runs on PV devices is not refused any more */
    { "listed-later", true, false, { BOOT, LIST, RESUME, RESET, BOOT } },
    { "listed-later-enforced", true, true,
      { BOOT, LIST, RESUME, RESET, BOOT, RESUME } },
    { "listed-then-migrated", false, true,
      { BOOT, LIST, MIGRATE, RESUME, RESET, BOOT } },
    { "sleep", true, false, { BOOT, SLEEP, RESUME, SLEEP, RESET, BOOT } },
    { "sleep-before-boot", false, false, { SLEEP, BOOT, SLEEP, MIGRATE } },
    { "sleep-listed-enforced", true, true,
      { BOOT, LIST, SLEEP, RESUME, MIGRATE, RESUME } },
    { "listed", true, false, { LIST, BOOT, RESUME, RESET, BOOT } },
    { "listed-enforced", true, true, { LIST, BOOT, RESUME, RESET, BOOT } },
    { "listed-migrate", false, true, { LIST, BOOT, MIGRATE, RESUME } },
};

/* One of each kind of driver */
static const char *const few[] = {
    "win-xenbus", "win-xenbus-2014", "citrix-legacy", "gplpv", "vmdp",
    "vmdp-1", "linux", "freebsd", "openbsd",
};

/* A host, and what it knows of its guest */
typedef struct World {
    const Sequence *sequence;
    char *xs;           /* the store's socket */
    char *log;          /* what tells of lists being loaded */
    bool listed;
    bool refused;       /* the verdict of the last announcement */
    uint16_t honoured;
} World;

static unsigned generation;

static QTestState *start(World *w, const char *more)
{
    g_autofree char *xs = g_strdup_printf("xs-%u", generation);
    g_autofree char *log = g_strdup_printf("log-%u", generation++);

    g_free(w->xs);
    g_free(w->log);
    w->xs = xp_tmp_path(xs);
    w->log = xp_tmp_path(log);
    return xp_start(MACHINE XP_GUEST_STORE "%s %s", w->xs, w->log,
                    w->sequence && w->sequence->enforce ?
                    "-global xen-platform.blacklist=enforce" : "", more);
}

static void stop(World *w)
{
    qtest_quit(xp_guest.qts);
    g_free(w->xs);
    g_free(w->log);
}

static void migrate(World *w)
{
    g_autofree char *path = xp_tmp_path("state");
    QTestState *to = start(w, "-incoming defer");

    xp_save(xp_guest.qts, path);
    g_assert_true(xp_load(to, path));
    qtest_qmp_assert_success(to, "{ 'execute': 'cont' }");
    qtest_quit(xp_guest.qts);
    xp_guest.qts = to;
}

static void forget(World *w)
{
    w->refused = false;
    w->honoured = 0;
}

static void speak(World *w, const Persona *persona, PersonaMoment moment)
{
    const PersonaHost host = {
        .version = 1,
        .refused = w->refused,
        /* A verdict that was passed stays; after an unplug none is passed */
        .blacklisted = w->listed && (w->refused || !w->honoured),
        .enforced = w->sequence->enforce,
        .bar0 = XP_BAR0,
    };
    PersonaResult expected, got;

    xp_guest_map_bar0(5);
    persona_play(persona, moment, &xp_guest_ops, host.bar0, &got);
    persona_expect(persona, moment, &host, &expected);
    xp_assert_result(&expected, &got);
    if (expected.announced) {
        w->refused = host.blacklisted;
    }
    w->honoured |= expected.honoured;
}

static void check(const World *w)
{
    QDict *info = xp_driver_info(xp_guest.qts);

    g_assert_cmpint(qdict_get_bool(info, "blacklisted"), ==, w->refused);
    g_assert_cmpint(qdict_get_bool(info, "latched"), ==, !!w->honoured);
    g_assert_cmphex(qdict_get_int(info, "unplugged"), ==, w->honoured);
    qobject_unref(info);
    xp_guest_assert_devices(w->honoured);
}

static void run(World *w, const Persona *persona)
{
    const Sequence *sequence = w->sequence;

    for (const Step *step = sequence->steps; *step; step++) {
        g_test_message("%s: %s, step %zu", sequence->name, persona->name,
                       step - sequence->steps + 1);
        switch (*step) {
        case BOOT:
            speak(w, persona, PERSONA_BOOT);
            break;
        case RESUME:
            speak(w, persona, PERSONA_RESUME);
            break;
        case SLEEP:
            xp_suspend(xp_guest.qts);
            xp_wake_up(xp_guest.qts);
            break;
        case MIGRATE:
            migrate(w);
            break;
        case RESET:
            qtest_system_reset(xp_guest.qts);
            forget(w);
            break;
        case HIBERNATE:
            qtest_quit(xp_guest.qts);
            xp_guest.qts = start(w, "");
            forget(w);
            break;
        case LIST:
            xp_guest_list(w->xs, w->log, persona, true);
            w->listed = xp_guest_product(persona);
            break;
        case END:
            g_assert_not_reached();
        }
        check(w);
    }
    /* For the next one */
    qtest_system_reset(xp_guest.qts);
    forget(w);
    if (w->listed) {
        xp_guest_unlist(w->xs, w->log);
        w->listed = false;
    }
}

static bool lists(const Sequence *sequence)
{
    for (const Step *step = sequence->steps; *step; step++) {
        if (*step == LIST) {
            return true;
        }
    }
    return false;
}

static void test_sequence(gconstpointer opaque)
{
    const Sequence *sequence = opaque;
    World w = { .sequence = sequence };

    if (lists(sequence) && xp_skip_without_xenstore()) {
        return;
    }
    xp_guest = (XPGuest) { .version = -1 };
    xp_guest.qts = start(&w, "");
    for (size_t i = 0; sequence->every_persona && i < personas_count; i++) {
        run(&w, &personas[i]);
    }
    for (size_t i = 0; !sequence->every_persona && i < ARRAY_SIZE(few); i++) {
        run(&w, persona_find(few[i]));
    }
    stop(&w);
}

static unsigned move_before;
static World moved;

static void move(unsigned access)
{
    if (access == move_before) {
        migrate(&moved);
    }
}

/* To another process before each access, and after the last */
static void test_midway(gconstpointer opaque)
{
    const Persona *persona = persona_find(opaque);
    const PersonaHost host = { .version = 1, .bar0 = XP_BAR0 };
    unsigned accesses = 0;

    for (move_before = 0; move_before <= accesses; move_before++) {
        PersonaResult expected, got;

        g_test_message("%s, before access %u", persona->name, move_before);
        moved = (World) { };
        xp_guest = (XPGuest) { .version = -1, .before = move };
        xp_guest.qts = start(&moved, "");
        xp_guest_map_bar0(5);
        persona_play(persona, PERSONA_BOOT, &xp_guest_ops, XP_BAR0, &got);
        accesses = xp_guest.accesses;
        move(accesses);
        persona_expect(persona, PERSONA_BOOT, &host, &expected);
        xp_assert_result(&expected, &got);
        moved.honoured = expected.honoured;
        check(&moved);
        stop(&moved);
    }
    g_assert_cmpuint(accesses, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
        g_autofree char *path = g_strdup_printf("/lifecycle/%s",
                                                sequences[i].name);

        g_test_add_data_func(path, &sequences[i], test_sequence);
    }
    for (size_t i = 0; i < ARRAY_SIZE(few); i++) {
        g_autofree char *path = g_strdup_printf("/lifecycle/midway/%s", few[i]);

        g_test_add_data_func(path, few[i], test_midway);
    }
    return g_test_run();
}
