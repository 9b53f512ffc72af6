/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of tasks is the same in both worlds: whatever strikes, tasks deploy, restore, run, fail
 * and are cancelled at the same instants, whether what flows through them is modelled or real.
 * Without checkpoints: how large these are the worlds see a little differently, and so how long
 * they are read.
 */
#include <check.h>
#include <stdio.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/exact/look.h"
#include "sim/run/simulation.h"
#include "tests/lib/whole_run.h"

static const char format[] =
    "name: t\n"
    "world: %s\n"
    "duration: 90s\n"
    "config: { parallelism.default: 2,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 10,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 5s }\n"
    "cluster:\n"
    "  task-manager: { cores: 2, slots: 1, boot: 1s }\n"
    "  task-managers: [ tm1, tm2, tm3 ]\n"
    "  timing: { deploy: { median: 40ms, p99: 200ms }, cancel: { median: 20ms, p99: 90ms } }\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: source, bytes: 100, close: 30ms }\n"
    "      - { name: count, keys: 1k, state: 16 bytes/key }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: 1k/s\n"
    "%s\n";

static const char *const struck[] = {
    "events: [ { at: 20s, kill: tm1 } ]",
    "events: [ { at: 20s, kill: tm1 }, { at: 20.3s, kill: tm2 }, { at: 25s, add: 2 } ]",
    "events: [ { at: 20s, freeze: { task-manager: tm2, for: 12s } } ]",
    "events: [ { at: 20s, cut: { task-manager: tm2, for: 15s } } ]",
    "    faults: [ { throw: count, after: 7s, attempts: 3 } ]",
};

/* What the JobManager says of tasks and their job, and when. */
struct lives {
    VEC(uint64_t) moves;
};

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct lives *lives = context;
    uint64_t word = hash_add((uint64_t)at, node.n);
    if (!text_equal(line->machine, "execution") && !text_equal(line->machine, "job"))
        return;
    word = hash_add(hash_add(hash_add(word, line->vertex.n), line->subtask), line->attempt);
    word = hash_add_text(hash_add(word, (uint64_t)line->value), line->what);
    vec_push(&lives->moves, line->to ? hash_add_text(word, line->to) : word);
}

static void live(const char *world, const char *strike, struct lives *lives)
{
    const struct simulation_settings settings = { .vouching = true };
    char yaml[2500];
    snprintf(yaml, sizeof yaml, format, world, strike);
    struct scenario *scenario = whole_run_load(yaml);
    struct simulation *simulation = simulation_create(scenario, &settings);
    simulation_watch(simulation, &(struct watcher){ .context = lives, .line = on_line });
    simulation_start(simulation);
    while (simulation_run_events(simulation, UINT32_MAX))
        ;
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}

START_TEST(tasks_live_the_same_life_in_both_worlds)
{
    struct lives modelled = { 0 }, exact = { 0 };
    live("virtual", struck[_i], &modelled);
    live("exact", struck[_i], &exact);
    ck_assert_uint_gt(modelled.moves.count, 8);
    ck_assert_uint_eq(modelled.moves.count, exact.moves.count);
    for (size_t i = 0; i < exact.moves.count; i++)
        ck_assert_uint_eq(modelled.moves.items[i], exact.moves.items[i]);
    vec_fini(&modelled.moves);
    vec_fini(&exact.moves);
}
END_TEST

/* A reader that takes some 0.4 s for a buffer, and fails with buffers in front of it. */
static const char slow_reader[] =
    "name: t\n"
    "world: exact\n"
    "duration: 40s\n"
    "log-level: task\n"
    "config: { parallelism.default: 2, execution.checkpointing.interval: 2s,\n"
    "          execution.checkpointing.unaligned.enabled: true,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 10,\n"
    "          restart-strategy.fixed-delay.delay: 1s }\n"
    "cluster:\n"
    "  task-manager: { cores: 4, slots: 1, boot: 1s, count: 2 }\n"
    "  timing: { deploy: 10ms, initialize: 20ms, cancel: 5ms }\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: source, bytes: 16, cost: 1us }\n"
    "      - { name: count, keys: 1k, state: 16 bytes/key, cost: 2us, wait: 200us,\n"
    "          close: 300ms }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: 100k/s\n"
    "    faults: [ { throw: count, after: 7s } ]\n";

/* Of the attempts that begin at the restart. */
struct recovery {
    struct exact *exact;
    bool restarts;
    uint32_t sources_running, readers_running, early;
    time_ns sources_ran_at, asked_at, readers_ran_at, triggered_at, failed_at;
};

static struct recovery seen;
static struct scenario *scenario;
static struct simulation *simulation;

/* When does the first of them ask for partitions? */
static void look_at_readers(struct recovery *found)
{
    for (uint32_t s = 0; s < 2; s++) {
        struct look_task look;
        bool here =
            exact_look_task(found->exact, (struct job_id){ 0 }, (struct vertex_id){ 1 }, s, &look);
        for (size_t i = 0; here && look.runs && i < look.inputs.count; i++)
            if (look.inputs.items[i].connected && found->asked_at == 0)
                found->asked_at = simulation_now(simulation);
        look_task_fini(&look);
    }
}

static void on_restart(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct recovery *found = context;
    (void)node;
    if (text_equal(line->what, "triggered") && found->restarts) {
        found->early += found->readers_running + found->sources_running < 4;
        found->triggered_at = at;
    }
    if (!line->to)
        return;
    found->restarts |= text_equal(line->machine, "job") && text_equal(line->to, "RESTARTING");
    if (!found->restarts || !text_equal(line->machine, "execution"))
        return;
    if (found->sources_running == 2 && text_equal(line->to, "FAILED"))
        found->failed_at = at;
    if (!text_equal(line->to, "RUNNING"))
        return;
    if (line->vertex.n == 0) {
        found->sources_running++;
        found->sources_ran_at = at;
    } else if (found->readers_running++ == 0) {
        found->readers_ran_at = at;
    }
}

static void run_slow_reader(void)
{
    const struct simulation_settings settings = { .vouching = true };
    seen = (struct recovery){ 0 };
    scenario = whole_run_load(slow_reader);
    simulation = simulation_create(scenario, &settings);
    seen.exact = plane_exact(simulation_plane(simulation));
    simulation_watch(simulation, &(struct watcher){ .context = &seen, .line = on_restart });
    simulation_start(simulation);
    while (seen.sources_running < 2 && simulation_run_events(simulation, 1))
        ;
    ck_assert_uint_eq(seen.readers_running, 0);
}

static void leave_slow_reader(void)
{
    struct note note = { "" };
    ck_assert(!err_is(exact_check(seen.exact, &note)));
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}

/* StreamTask.restoreInternal; a checkpoint needs all tasks RUNNING. */
START_TEST(a_task_initializes_until_what_was_in_flight_is_read)
{
    run_slow_reader();
    while (seen.readers_running == 0 && simulation_run_events(simulation, 1))
        look_at_readers(&seen);
    ck_assert_int_gt(seen.asked_at, seen.sources_ran_at + 400 * TIME_MS);
    ck_assert_int_ge(seen.readers_ran_at, seen.asked_at); /* a report is on its way for a moment */
    ck_assert_int_lt(seen.readers_ran_at, seen.asked_at + TIME_MS);
    while (seen.triggered_at == 0 && simulation_run_events(simulation, 1))
        ;
    ck_assert_uint_eq(seen.readers_running, 2);
    ck_assert_uint_eq(seen.early, 0);
    leave_slow_reader();
}
END_TEST

/* Its operators are open, so they are closed, as those of one that ran; and it begins again. */
START_TEST(a_task_that_recovers_closes_when_it_fails)
{
    run_slow_reader();
    time_ns fails_at = simulation_now(simulation) + 100 * TIME_MS;
    while (simulation_now(simulation) < fails_at && simulation_run_events(simulation, 1))
        ;
    ck_assert_uint_eq(seen.readers_running, 0);
    fails_at = simulation_now(simulation);
    virtual_cluster_fail_task(simulation_cluster(simulation), (struct job_id){ 0 },
                              (struct vertex_id){ 1 }, 0);
    while (seen.failed_at == 0 && simulation_run_events(simulation, 1))
        ;
    ck_assert_uint_eq(seen.readers_running, 0);
    ck_assert_int_ge(seen.failed_at, fails_at + 300 * TIME_MS);
    ck_assert_int_lt(seen.failed_at, fails_at + 310 * TIME_MS);
    while (seen.readers_running < 2 && simulation_run_events(simulation, 1))
        ;
    ck_assert_uint_eq(seen.readers_running, 2);
    leave_slow_reader();
}
END_TEST

Suite *test_exact_life_suite(void);
Suite *test_exact_life_suite(void)
{
    Suite *suite = suite_create("exact_life");
    TCase *tests = tcase_create("lives");
    tcase_add_loop_test(tests, tasks_live_the_same_life_in_both_worlds, 0,
                        (int)(sizeof struck / sizeof *struck));
    tcase_add_test(tests, a_task_initializes_until_what_was_in_flight_is_read);
    tcase_add_test(tests, a_task_that_recovers_closes_when_it_fails);
    suite_add_tcase(suite, tests);
    return suite;
}
