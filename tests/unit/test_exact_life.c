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

Suite *test_exact_life_suite(void);
Suite *test_exact_life_suite(void)
{
    Suite *suite = suite_create("exact_life");
    TCase *tests = tcase_create("lives");
    tcase_add_loop_test(tests, tasks_live_the_same_life_in_both_worlds, 0,
                        (int)(sizeof struck / sizeof *struck));
    suite_add_tcase(suite, tests);
    return suite;
}
