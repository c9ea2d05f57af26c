/* SPDX-License-Identifier: ISC */
/*
 * test-reconcile.c: supervisor/reconcile.c as properties. A small farm performs what it decides, while people, guests,
 * time and the host's other VMs change the facts at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reconcile.h"
#include "restart.h"

#define SEEDS 4000
#define STEPS 120
#define ACTIONS_MAX                                                                                \
    12 /* between two inputs: a stop, teardown, settle, dequeue, delete and some air */
#define RUNG_TIME     5000
#define START_TIME    30000
#define LIFE_TIME     900000
#define CAPACITY_FULL 3 /* one in so many answers to a request for admission */

/* One VM and its host, as the farm would keep them. */
struct farm {
    struct vm_facts f;
    struct vm_config config;
    uint64_t random;
    int workers; /* processes that live */
    int things;  /* what a worker leaves behind: 1 until the teardown */
    bool killed, deleted, stopped_by_user, room;
    uint32_t attempts;
    int64_t began;
    unsigned spawns;
    struct decision last;
};

static uint64_t roll(struct farm *s, uint64_t n)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (s->random >> 11) % n;
}

static void start(struct farm *s)
{
    s->f.wanted = WANTED_RUNNING;
    s->f.result = RUN_NEVER;
    s->f.give_up = false;
    s->f.retry_at = 0;
    s->f.force = false;
    s->stopped_by_user = false;
    s->attempts = 0;
    s->f.cycle = s->f.rung != RUNG_NONE || s->f.seen == SEEN_ENDED;
}

static void stop(struct farm *s, bool force)
{
    s->f.wanted = WANTED_STOPPED;
    s->f.cycle = false;
    s->f.force = force;
    s->stopped_by_user = true;
}

/* The process is gone, one way or another. */
static void die(struct farm *s, enum run_result result)
{
    s->workers--;
    s->f.seen = SEEN_ENDED;
    s->f.result = result;
}

static void teardown(struct farm *s)
{
    struct restart_plan plan = {0};

    assert_int_equal(s->workers, 0); /* kill before remove */
    s->things = 0;
    s->f.seen = SEEN_NOTHING;
    s->f.rung = RUNG_NONE;
    s->f.rung_deadline = s->f.start_deadline = s->f.lifetime_end = 0;
    s->f.fault = s->f.force = s->f.admitted = false;
    if (s->f.cycle) {
        return;
    }
    plan = restart_decide(&s->config, s->f.result, (uint64_t)(s->f.now - s->began), s->attempts,
                          s->stopped_by_user);
    s->attempts = plan.attempts;
    s->f.give_up = !plan.again;
    s->f.retry_at = plan.again ? s->f.now + (int64_t)plan.delay : 0;
}

static void spawn(struct farm *s)
{
    assert_int_equal(s->workers, 0); /* never two */
    assert_int_equal(s->things, 0);
    assert_true(s->f.admitted);
    assert_false(s->f.queued);
    assert_true(s->f.may_start && !s->f.shutting_down && s->f.enabled && !s->f.crowded);
    assert_int_equal(s->f.wanted, WANTED_RUNNING);
    s->spawns++;
    s->things = 1;
    s->killed = false;
    s->began = s->f.now;
    s->f.cycle = false;
    s->f.retry_at = 0;
    s->f.start_deadline = s->f.now + START_TIME;
    s->f.lifetime_end = roll(s, 2) ? s->f.now + LIFE_TIME : 0;
    s->f.seen = SEEN_STARTING;
    s->workers = 1;
    if (roll(s, 8) == 0) {
        die(s, RUN_FAILED); /* the fork failed */
    }
}

static void climb(struct farm *s, const struct decision *d)
{
    assert_true(d->rung > s->f.rung); /* a ladder goes up */
    assert_true(d->rung <= RUNG_KILL);
    assert_true(s->f.rung != RUNG_NONE || d->reason != STOP_NOT); /* and no stop has no reason */
    if (d->rung == RUNG_BUTTON) {
        assert_int_equal(s->f.seen, SEEN_RUNNING);
        assert_false(s->f.force);
    }
    s->f.rung = d->rung;
    s->f.rung_deadline = d->rung == RUNG_KILL ? 0 : s->f.now + RUNG_TIME;
    s->killed |= d->rung == RUNG_KILL;
    s->f.seen = SEEN_STOPPING;
}

static void perform(struct farm *s, const struct decision *d)
{
    switch (d->action) {
    case ACTION_NONE: break;
    case ACTION_ENQUEUE:
        assert_false(s->f.queued || s->f.admitted);
        s->f.admitted = s->room;
        s->f.queued = !s->room;
        break;
    case ACTION_DEQUEUE:
        assert_true(s->f.queued || s->f.admitted);
        s->f.queued = s->f.admitted = false;
        break;
    case ACTION_SPAWN: spawn(s); break;
    case ACTION_CLIMB: climb(s, d); break;
    case ACTION_TEARDOWN: teardown(s); break;
    case ACTION_SETTLE:
        assert_int_equal(s->f.seen, SEEN_NOTHING);
        s->f.wanted = s->f.ephemeral ? WANTED_ABSENT : WANTED_STOPPED;
        break;
    case ACTION_DELETE:
        assert_int_equal(s->workers, 0);
        assert_int_equal(s->things, 0);
        assert_false(s->f.queued || s->f.admitted);
        assert_int_equal(s->f.wanted, WANTED_ABSENT);
        s->deleted = true;
        break;
    }
}

/* Whatever waits has something to wait for. */
static void check_wait(const struct farm *s)
{
    const struct vm_facts *f = &s->f;
    bool process_ends = s->workers > 0; /* or becomes ready, or faults */
    bool user_acts = f->seen == SEEN_NOTHING && f->wanted == WANTED_STOPPED;
    bool host_acts = f->seen == SEEN_NOTHING && f->wanted == WANTED_RUNNING &&
                     (f->queued || (f->admitted && f->crowded) || !f->enabled || !f->may_start ||
                      f->shutting_down);

    assert_true(s->last.wake_at == 0 || s->last.wake_at > f->now);
    assert_true(s->last.wake_at != 0 || process_ends || user_acts || host_acts);
    /* A stop never waits without an end, but for a process that was killed. */
    if (f->rung != RUNG_NONE) {
        assert_true(s->last.wake_at != 0 || s->killed);
    }
    /* Nobody waits behind one that does not start. */
    if (f->admitted && f->seen == SEEN_NOTHING) {
        assert_true(f->crowded || !f->may_start);
    }
    assert_false(f->seen != SEEN_NOTHING && f->queued);
}

static void settle(struct farm *s)
{
    for (int i = 0; !s->deleted; i++) {
        assert_true(i < ACTIONS_MAX + 4); /* a fixed point is reached */
        s->last = reconcile(&s->f);
        perform(s, &s->last);
        if (s->last.action == ACTION_NONE) {
            check_wait(s);
            return;
        }
    }
}

static void person(struct farm *s)
{
    switch (roll(s, 6)) {
    case 0:
    case 1:
    case 2:
        if (s->f.wanted != WANTED_ABSENT) {
            start(s);
        }
        break;
    case 3:
        if (s->f.wanted == WANTED_RUNNING) {
            stop(s, roll(s, 2));
        }
        break;
    case 4:
        if (s->f.wanted == WANTED_RUNNING) {
            s->f.cycle = true; /* restart */
            s->stopped_by_user = false;
        }
        break;
    default:
        if (roll(s, 10) == 0) {
            s->f.wanted = WANTED_ABSENT;
            s->f.cycle = false;
        }
        break;
    }
}

static void host(struct farm *s)
{
    switch (roll(s, 6)) {
    case 0: s->f.enabled = roll(s, 4) != 0; break;
    case 1:
        s->f.shutting_down |= roll(s, 30) == 0;
        s->f.may_start = roll(s, 3) != 0;
        break;
    case 2: s->f.crowded = roll(s, 3) == 0; break;
    case 3: s->room = roll(s, CAPACITY_FULL) != 0; break;
    default:
        if (s->f.queued && roll(s, 2)) {
            s->f.queued = false; /* a slot was freed */
            s->f.admitted = true;
        }
        break;
    }
}

static void guest(struct farm *s)
{
    static const enum run_result ends[] = {RUN_SUCCEEDED, RUN_RESET, RUN_FAILED};

    if (s->workers == 0) {
        return;
    }
    if (s->killed) {
        die(s, RUN_FAILED);
    } else if (s->f.seen == SEEN_STARTING && roll(s, 2)) {
        s->f.seen = SEEN_RUNNING;
    } else if (roll(s, 4) == 0) {
        die(s, ends[roll(s, 3)]);
    } else if (roll(s, 12) == 0) {
        s->f.fault = true;
    }
}

static void make(struct farm *s, uint64_t seed)
{
    static const enum restart_policy policies[] = {RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS,
                                                   RESTART_UNLESS_STOPPED};

    memset(s, 0, sizeof(*s));
    s->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 8; i++) {
        roll(s, 2);
    }
    s->f.now = 1000;
    s->f.enabled = s->f.may_start = s->room = true;
    s->config = (struct vm_config){.restart = policies[roll(s, 4)],
                                   .restart_max = (uint32_t)roll(s, 4),
                                   .restart_delay = 100,
                                   .restart_delay_max = 60000,
                                   .restart_window = 10000};
    s->f.ephemeral = roll(s, 4) == 0;
    start(s);
}

static void advance(struct farm *s)
{
    if (s->last.wake_at != 0 && roll(s, 2)) {
        s->f.now = s->last.wake_at; /* the timer */
    } else {
        s->f.now += (int64_t)roll(s, 2000);
    }
}

static void live(struct farm *s, int steps)
{
    settle(s);
    for (int i = 0; i < steps && !s->deleted; i++) {
        switch (roll(s, 4)) {
        case 0: person(s); break;
        case 1: host(s); break;
        case 2: guest(s); break;
        default: advance(s); break;
        }
        settle(s);
    }
}

/* No further input but time, and the death of what was killed. */
static void run_down(struct farm *s)
{
    for (int i = 0; i < 10 && !s->deleted; i++) {
        settle(s);
        if (s->deleted) {
            return;
        }
        if (s->last.wake_at != 0) {
            s->f.now = s->last.wake_at;
        } else if (s->killed && s->workers > 0) {
            die(s, RUN_FAILED);
        } else {
            return;
        }
    }
}

static void test_any_life(void **state)
{
    unsigned spawns = 0, deleted = 0;
    struct farm s;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        make(&s, seed);
        live(&s, STEPS);
        spawns += s.spawns;
        deleted += s.deleted;
    }
    assert_true(spawns > SEEDS); /* the lives were ones */
    assert_true(deleted > SEEDS / 10);
}

static void test_absent_always_ends_deleted(void **state)
{
    struct farm s;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        make(&s, seed);
        live(&s, (int)(seed % 60));
        s.f.wanted = WANTED_ABSENT;
        run_down(&s);
        assert_true(s.deleted);
    }
}

/* A hung guest and a hung worker do not hold up a stop: button, TERM, KILL, each at its time. */
static void test_stopped_always_ends_down(void **state)
{
    struct farm s;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        make(&s, seed);
        live(&s, (int)(seed % 60));
        if (s.f.wanted != WANTED_ABSENT) {
            stop(&s, false);
        }
        run_down(&s);
        assert_true(s.deleted || s.f.seen == SEEN_NOTHING);
        assert_int_equal(s.workers, 0);
        assert_false(s.f.queued || s.f.admitted);
    }
}

static void test_shutdown_ends_every_run_and_keeps_the_wish(void **state)
{
    unsigned kept = 0;
    struct farm s;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        enum vm_wanted before = WANTED_STOPPED;

        make(&s, seed);
        live(&s, (int)(seed % 60));
        before = s.f.wanted;
        s.f.shutting_down = true;
        run_down(&s);
        assert_int_equal(s.workers, 0);
        assert_int_equal(s.things, 0);
        assert_true(s.deleted || !s.f.ephemeral || before == WANTED_STOPPED);
        if (!s.deleted) {
            assert_int_equal(s.f.wanted, before);
            kept += before == WANTED_RUNNING;
        }
    }
    assert_true(kept > 0);
}

/* The same facts, the same decision: it looks at nothing else. */
static void test_pure(void **state)
{
    struct farm s;

    (void)state;
    make(&s, 7);
    for (int i = 0; i < 1000; i++) {
        struct vm_facts before;
        struct decision a, b;

        live(&s, 1);
        before = s.f;
        a = reconcile(&s.f);
        b = reconcile(&before);
        assert_memory_equal(&before, &s.f, sizeof(before));
        assert_true(a.action == b.action && a.rung == b.rung && a.reason == b.reason &&
                    a.wake_at == b.wake_at);
        if (s.deleted) {
            make(&s, (uint64_t)i);
        }
    }
}

/* ---- The rules one by one ---- */

static const struct vm_facts running = {
    .now = 1000,
    .wanted = WANTED_RUNNING,
    .seen = SEEN_RUNNING,
    .enabled = true,
    .may_start = true,
    .admitted = true,
};

static const struct {
    const char *name;
    struct vm_facts f;
    struct decision d;
} table[] = {
    {"a fresh VM asks for admission",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .may_start = true},
     {.action = ACTION_ENQUEUE}},
    {"an admitted one starts",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .may_start = true, .admitted = true},
     {.action = ACTION_SPAWN}},
    {"the back-off is waited out, without a place in the queue",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .result = RUN_FAILED,
      .retry_at = 50},
     {.action = ACTION_NONE, .wake_at = 50}},
    {"and ends at its time",
     {.now = 50,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .result = RUN_FAILED,
      .retry_at = 50},
     {.action = ACTION_ENQUEUE}},
    {"the last run settles",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .result = RUN_SUCCEEDED,
      .give_up = true},
     {.action = ACTION_SETTLE}},
    {"unless a person asked for another",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .result = RUN_FAILED,
      .give_up = true,
      .cycle = true},
     {.action = ACTION_ENQUEUE}},
    {"who does not wait out a back-off either",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .result = RUN_FAILED,
      .retry_at = 50,
      .cycle = true},
     {.action = ACTION_ENQUEUE}},
    {"what never ran has had no last run",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .may_start = true, .give_up = true},
     {.action = ACTION_ENQUEUE}},
    {"a life may be shorter than a start",
     {.now = 99,
      .wanted = WANTED_RUNNING,
      .seen = SEEN_STARTING,
      .enabled = true,
      .may_start = true,
      .start_deadline = 200,
      .lifetime_end = 100},
     {.action = ACTION_NONE, .wake_at = 100}},
    {"a disabled VM waits for its configuration",
     {.now = 1, .wanted = WANTED_RUNNING, .may_start = true},
     {.action = ACTION_NONE}},
    {"draining keeps the place in the queue",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .queued = true},
     {.action = ACTION_NONE}},
    {"and the order of those admitted",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .admitted = true},
     {.action = ACTION_NONE}},
    {"but not for one that is disabled",
     {.now = 1, .wanted = WANTED_RUNNING, .queued = true},
     {.action = ACTION_DEQUEUE}},
    {"nor a back-off's",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .admitted = true, .retry_at = 50},
     {.action = ACTION_DEQUEUE}},
    {"a shutdown takes it",
     {.now = 1, .wanted = WANTED_RUNNING, .enabled = true, .shutting_down = true, .queued = true},
     {.action = ACTION_DEQUEUE}},
    {"a start that takes too long has no button",
     {.now = 100,
      .wanted = WANTED_RUNNING,
      .seen = SEEN_STARTING,
      .enabled = true,
      .may_start = true,
      .start_deadline = 100},
     {.action = ACTION_CLIMB, .rung = RUNG_TERM, .reason = STOP_BY_START_TIMEOUT}},
    {"a start has until its deadline",
     {.now = 99,
      .wanted = WANTED_RUNNING,
      .seen = SEEN_STARTING,
      .enabled = true,
      .may_start = true,
      .start_deadline = 100,
      .lifetime_end = 200},
     {.action = ACTION_NONE, .wake_at = 100}},
    {"a life ends at its time",
     {.now = 200,
      .wanted = WANTED_RUNNING,
      .seen = SEEN_RUNNING,
      .enabled = true,
      .may_start = true,
      .start_deadline = 100,
      .lifetime_end = 200},
     {.action = ACTION_CLIMB, .rung = RUNG_BUTTON, .reason = STOP_BY_LIFETIME}},
    {"a disabled VM that runs goes on",
     {.now = 1, .wanted = WANTED_RUNNING, .seen = SEEN_RUNNING, .may_start = true},
     {.action = ACTION_NONE}},
    {"a user's stop begins with the button",
     {.now = 1, .wanted = WANTED_STOPPED, .seen = SEEN_RUNNING},
     {.action = ACTION_CLIMB, .rung = RUNG_BUTTON, .reason = STOP_BY_USER}},
    {"force does not",
     {.now = 1, .wanted = WANTED_STOPPED, .seen = SEEN_RUNNING, .force = true},
     {.action = ACTION_CLIMB, .rung = RUNG_TERM, .reason = STOP_BY_USER}},
    {"force overtakes a stop that asked",
     {.now = 1,
      .wanted = WANTED_STOPPED,
      .seen = SEEN_STOPPING,
      .force = true,
      .rung = RUNG_BUTTON,
      .rung_deadline = 900},
     {.action = ACTION_CLIMB, .rung = RUNG_TERM, .reason = STOP_BY_USER}},
    {"a rung is waited out",
     {.now = 1,
      .wanted = WANTED_STOPPED,
      .seen = SEEN_STOPPING,
      .rung = RUNG_TERM,
      .rung_deadline = 900},
     {.action = ACTION_NONE, .wake_at = 900}},
    {"and then the next one is taken",
     {.now = 900,
      .wanted = WANTED_STOPPED,
      .seen = SEEN_STOPPING,
      .rung = RUNG_TERM,
      .rung_deadline = 900},
     {.action = ACTION_CLIMB, .rung = RUNG_KILL, .reason = STOP_BY_USER}},
    {"a stop is carried through though it is to run again",
     {.now = 900,
      .wanted = WANTED_RUNNING,
      .seen = SEEN_STOPPING,
      .enabled = true,
      .may_start = true,
      .cycle = true,
      .rung = RUNG_BUTTON,
      .rung_deadline = 900},
     {.action = ACTION_CLIMB, .rung = RUNG_TERM, .reason = STOP_BY_RESTART}},
    {"a liar is killed",
     {.now = 1, .wanted = WANTED_RUNNING, .seen = SEEN_RUNNING, .may_start = true, .fault = true},
     {.action = ACTION_CLIMB, .rung = RUNG_KILL, .reason = STOP_BY_FAULT}},
    {"after KILL there is nothing but the end",
     {.now = 1, .wanted = WANTED_ABSENT, .seen = SEEN_STOPPING, .rung = RUNG_KILL},
     {.action = ACTION_NONE}},
    {"what ended is torn down, whatever is wanted",
     {.now = 1, .wanted = WANTED_ABSENT, .seen = SEEN_ENDED, .shutting_down = true},
     {.action = ACTION_TEARDOWN}},
    {"a removed VM that waits leaves the queue first",
     {.now = 1, .wanted = WANTED_ABSENT, .queued = true},
     {.action = ACTION_DEQUEUE}},
    {"and is deleted then", {.now = 1, .wanted = WANTED_ABSENT}, {.action = ACTION_DELETE}},
    {"an ephemeral VM goes when it is stopped",
     {.now = 1, .wanted = WANTED_STOPPED, .ephemeral = true},
     {.action = ACTION_SETTLE}},
    {"a shutdown judges nobody",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .shutting_down = true,
      .result = RUN_SUCCEEDED,
      .give_up = true},
     {.action = ACTION_NONE}},
    {"a crowd is waited for",
     {.now = 1,
      .wanted = WANTED_RUNNING,
      .enabled = true,
      .may_start = true,
      .admitted = true,
      .crowded = true},
     {.action = ACTION_NONE}},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct decision d = reconcile(&table[i].f);

        if (d.action != table[i].d.action || d.rung != table[i].d.rung ||
            d.reason != table[i].d.reason || d.wake_at != table[i].d.wake_at) {
            fail_msg("%s: %s to %s for %s until %lld", table[i].name, action_name(d.action),
                     stop_rung_name(d.rung), stop_reason_name(d.reason), (long long)d.wake_at);
        }
    }
}

/* Which reason is told when there are several. */
static void test_weightiest_reason(void **state)
{
    struct vm_facts f = running;

    (void)state;
    f.lifetime_end = 1;
    assert_int_equal(reconcile(&f).reason, STOP_BY_LIFETIME);
    f.cycle = true;
    assert_int_equal(reconcile(&f).reason, STOP_BY_RESTART);
    f.shutting_down = true;
    assert_int_equal(reconcile(&f).reason, STOP_BY_SHUTDOWN);
    f.wanted = WANTED_STOPPED;
    assert_int_equal(reconcile(&f).reason, STOP_BY_USER);
    f.wanted = WANTED_ABSENT;
    assert_int_equal(reconcile(&f).reason, STOP_BY_REMOVAL);
    f.fault = true;
    assert_int_equal(reconcile(&f).reason, STOP_BY_FAULT);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= ACTION_DELETE; i++) {
        assert_string_not_equal(action_name((enum action)i), "unknown");
    }
    for (unsigned i = 0; i <= STOP_BY_FAULT; i++) {
        assert_string_not_equal(stop_reason_name((enum stop_reason)i), "unknown");
    }
    assert_string_equal(stop_rung_name(RUNG_BUTTON), "button");
    assert_string_equal(stop_rung_name(RUNG_TERM), "term");
    assert_string_equal(stop_rung_name(RUNG_KILL), "kill");
    assert_string_equal(stop_reason_name((enum stop_reason)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_weightiest_reason),
        cmocka_unit_test(test_any_life),
        cmocka_unit_test(test_absent_always_ends_deleted),
        cmocka_unit_test(test_stopped_always_ends_down),
        cmocka_unit_test(test_shutdown_ends_every_run_and_keeps_the_wish),
        cmocka_unit_test(test_pure),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
