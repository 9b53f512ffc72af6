/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaving heartbeats out changes nothing: faults that strike just before, in and just after an
 * exchange of heartbeats leave the same log, to the nanosecond, whether the heartbeats were sent or
 * the world had vouched for the contact. Every other story checks the same at leisure.
 */
#include <check.h>

#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 }, tm1 = { 1 }, tm2 = { 2 };

enum fault {
    FAULT_KILL,
    FAULT_KILL_HANGING,
    FAULT_GOODBYE,
    FAULT_FREEZE_FOR_GOOD,
    FAULT_FREEZE_SHORT, /* within an interval */
    FAULT_FREEZE_LONG,  /* over the time-out */
    FAULT_FREEZE_TWICE, /* the second time for good, before the next heartbeat */
    FAULT_MANAGER_KILLED,
    FAULT_MANAGER_FROZEN,
    FAULT_MANAGER_FROZEN_LONG,
    FAULT_COUNT
};

/* Around the points of both grids: resource manager 20 s, JobMaster 20.1 s. Requests are under way
 * for 1 ms, answers for another. */
static const time_ns moments[] = {
    -TIME_MS,        -1, 0, 1, TIME_MS / 2, TIME_MS, TIME_MS + 1, 3 * TIME_MS / 2, 2 * TIME_MS,
    2 * TIME_MS + 1,
};
static const time_ns grids[] = { 20 * TIME_S, 20100 * TIME_MS };
enum { MOMENTS = sizeof moments / sizeof *moments, GRIDS = 2 };

struct patience {
    const char *timeout, *threshold;
};
static const struct patience patiences[] = {
    { "50 s", "2" }, /* Flink's defaults */
    { "15 s", "2" }, /* one exchange missed is nearly too many */
    { "50 s", "1" },
};
enum { PATIENCES = 3, RUNS = FAULT_COUNT * MOMENTS * GRIDS * PATIENCES };

static void strike(struct story *story, enum fault fault, time_ns at)
{
    story_run(story, at);
    switch (fault) {
    case FAULT_KILL: story_kill(story, tm2); break;
    case FAULT_KILL_HANGING: story_kill_hanging(story, tm2, 12 * TIME_S); break;
    case FAULT_GOODBYE: story_stop(story, tm2); break;
    case FAULT_FREEZE_FOR_GOOD: story_freeze(story, tm2, true); break;
    case FAULT_FREEZE_SHORT:
    case FAULT_FREEZE_LONG:
    case FAULT_FREEZE_TWICE:
        story_freeze(story, tm2, true);
        story_run(story, at + (fault == FAULT_FREEZE_LONG ? 70 * TIME_S : 4 * TIME_S));
        story_freeze(story, tm2, false);
        if (fault != FAULT_FREEZE_TWICE)
            break;
        story_run(story, at + 5 * TIME_S);
        story_freeze(story, tm2, true);
        break;
    case FAULT_MANAGER_KILLED: story_kill(story, jm); break;
    case FAULT_MANAGER_FROZEN:
    case FAULT_MANAGER_FROZEN_LONG:
        story_freeze(story, jm, true);
        story_run(story, at + (fault == FAULT_MANAGER_FROZEN ? 4 * TIME_S : 70 * TIME_S));
        story_freeze(story, jm, false);
        break;
    case FAULT_COUNT: break;
    }
    story_run(story, at + 4 * TIME_MIN);
}

static struct story *tell(int run, bool vouch)
{
    struct story *story = story_begin(vouch);
    const struct patience *patience = &patiences[run % PATIENCES];
    run /= PATIENCES;
    story_set(story, "heartbeat.timeout", patience->timeout);
    story_set(story, "heartbeat.rpc-failure-threshold", patience->threshold);
    story_fixed_delay(story, "1000", "7 s");
    story_open(story, 2, 2,
               graphs_job_with("source 4; map 4; source -> map forward", story_config(story)));
    strike(story, (enum fault)(run / MOMENTS / GRIDS),
           grids[run % GRIDS] + moments[run / GRIDS % MOMENTS]);
    return story;
}

/* One window is left out: an answer on its way to a JobManager that freezes waits for it there, and
 * neither side can know that when the doubt is told. */
static bool is_known_to_differ(int run)
{
    int fault = run / PATIENCES / MOMENTS / GRIDS;
    time_ns moment = moments[run / PATIENCES / GRIDS % MOMENTS];
    return fault == FAULT_MANAGER_FROZEN_LONG && moment > STORY_LATENCY &&
           moment <= 2 * STORY_LATENCY;
}

START_TEST(a_fault_in_the_middle_of_a_heartbeat)
{
    if (is_known_to_differ(_i))
        return;
    struct story *sent = tell(_i, false), *vouched = tell(_i, true);
    for (size_t i = 0; i < story_line_count(sent) && i < story_line_count(vouched); i++)
        ck_assert_str_eq(story_line(sent, i), story_line(vouched, i));
    ck_assert_uint_eq(story_line_count(sent), story_line_count(vouched));
    ck_assert_uint_eq(story_log_hash(sent), story_log_hash(vouched));
    story_destroy(sent);
    story_destroy(vouched);
}
END_TEST

/* It must be able to fail: the world that never says when it is in doubt hides a death. */
START_TEST(vouching_for_the_dead_would_be_seen)
{
    struct story *story = story_begin(1);
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 15 * TIME_S);
    story_freeze(story, tm2, true);
    story_expect(story, "60.002 jm: resource manager closes tm2 (heartbeat of a TaskManager timed "
                        "out)\n");
    ck_assert(story_is_up(story, tm1));
    story_destroy(story);
}
END_TEST

Suite *test_cluster_vouching_suite(void)
{
    Suite *suite = suite_create("cluster: vouching");
    TCase *vouching = tcase_create("vouching");
    tcase_add_loop_test(vouching, a_fault_in_the_middle_of_a_heartbeat, 0, RUNS);
    tcase_add_test(vouching, vouching_for_the_dead_would_be_seen);
    suite_add_tcase(suite, vouching);
    return suite;
}
