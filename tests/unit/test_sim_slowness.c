/* SPDX-License-Identifier: Apache-2.0
 *
 * Hosts that are slowed again and again, in whole runs: whatever multiplies, nothing is due before
 * it was asked for or behind the end of time, and all invariants hold. What takes longer than there
 * is time for never happens.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "sim/cli/play.h"
#include "tests/lib/load_fixture.h"

static struct plays plays;

static void play(const char *yaml, enum node_checks checks)
{
    struct note note = { "" };
    struct play_settings settings = { .until = TIME_NEVER,
                                      .quiet = true,
                                      .check_invariants = checks };
    plays = (struct plays){ 0 };
    vec_push(&plays.list, (struct play){ .scenario = load_fixture_scenario(yaml) });
    ck_assert_msg(!err_is(plays_run(&plays, &settings, &note)), "%s", note.text);
    ck_assert(plays_are_complete(&plays));
    for (VEC_EACH(const struct checker, checker, &plays.list.items[0].checkers.list))
        ck_assert_msg(checker->violations == 0, "%s: %s in\n%s", checker->row->name, checker->first,
                      yaml);
}

static double most(enum metric metric)
{
    double out[STATISTIC_COUNT];
    metrics_summarise(&plays.list.items[0].recorder.metrics, metric, out);
    return out[STATISTIC_MAX];
}

enum { TEXT_MAX = 8192 };
struct text {
    char items[TEXT_MAX];
    size_t used;
};

#define ADD(text, ...)                                                                             \
    ((text)->used +=                                                                               \
     (size_t)snprintf((text)->items + (text)->used, TEXT_MAX - (text)->used, __VA_ARGS__))

static const char *one_of(struct rng *rng, const char *const *words, size_t count)
{
    return words[rng_below(rng, count)];
}
#define ONE_OF(rng, ...)                                                                           \
    one_of(rng, (const char *const[]){ __VA_ARGS__ },                                              \
           sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void add_slow(struct text *text, struct rng *rng)
{
    ADD(text, "  - { at: %us, every: %us, slow: { task-manager: %s, factor: %s",
        1 + (unsigned)rng_below(rng, 3600), 20 + (unsigned)rng_below(rng, 600),
        ONE_OF(rng, "random", "in-use", "tm1", "[ tm1, tm2, tm3 ]", "jobmanager"),
        ONE_OF(rng, "0.9", "0.5", "0.1", "0.003", "0.000001"));
    if (rng_below(rng, 5) > 0)
        ADD(text, ", for: %s", ONE_OF(rng, "1s", "70s", "25min", "2h", "100000d"));
    ADD(text, " } }\n");
}

static void add_other(struct text *text, struct rng *rng)
{
    ADD(text, "  - { at: %us, every: %us, %s }\n", 1 + (unsigned)rng_below(rng, 3600),
        90 + (unsigned)rng_below(rng, 2000),
        ONE_OF(rng, "fail: count", "savepoint: j", "freeze: { task-manager: random, for: 20s }",
               "stop: { task-manager: random, grace: 1h }", "kill: random", "add: 1",
               "throttle: { task-manager: tm1, from: tm2, latency: 90000d, for: 1min }",
               "throttle: { task-manager: tm1, from: tm2, latency: 5s, for: 3h }"));
}

static void make_scenario(struct text *text, struct rng *rng)
{
    static const char *const lengths[] = { "20ms", "3s", "400d", "90000d",
                                           "{ median: 1s, p99: 90000d }" };
    size_t count = rng_below(rng, 2) ? 2 : sizeof lengths / sizeof *lengths;
    *text = (struct text){ .used = 0 };
    ADD(text, "name: t\nduration: 2h\nseed: %u\n", (unsigned)rng_below(rng, 1000));
    ADD(text,
        "config: { %sparallelism.default: 3, execution.checkpointing.interval: %s,\n"
        "          execution.checkpointing.unaligned.enabled: %s }\n",
        ONE_OF(rng, "", "jobmanager.scheduler: adaptive, ", "jobmanager.scheduler: default, "),
        ONE_OF(rng, "1s", "30s", "10min"), ONE_OF(rng, "true", "false"));
    ADD(text, "cluster:\n  task-manager: { count: 3, slots: 2, speed: %s }\n  timing:\n",
        ONE_OF(rng, "1", "0.5", "3", "0.000001"));
    for (int i = 0; i < 4; i++)
        ADD(text, "    %s: %s\n",
            (const char *[]){ "deploy", "initialize", "cancel", "shutdown" }[i],
            one_of(rng, lengths, count));
    ADD(text, "jobs:\n  - name: j\n    vertices:\n");
    ADD(text, "      - { name: source, cost: %s }\n", ONE_OF(rng, "1us", "100ms", "90000d"));
    ADD(text, "      - { name: count, cost: 10us, keys: 1k, state: 1kb/key, snapshot: %s }\n",
        ONE_OF(rng, "0s", "5ms", "1h", "90000d"));
    ADD(text, "    edges: [ 'source -> count: hash' ]\n    load: %s\nevents:\n",
        ONE_OF(rng, "100/s", "50k/s"));
    for (int i = 0; i < 4; i++)
        add_slow(text, rng);
    for (int i = 0; i < 3; i++)
        add_other(text, rng);
}

START_TEST(random_slowdowns_that_overlap_stop_no_run)
{
    static struct text text;
    struct rng rng = rng_stream((uint64_t)_i, "slowness", 0);
    make_scenario(&text, &rng);
    play(text.items, NODE_CHECKS_ALL);
    plays_fini(&plays);
}
END_TEST

/* A noisy neighbour each five minutes, and each stays for eight hours: 32 of them slow a host at a
 * time, so by 0.25^32 if all did. */
START_TEST(slowdowns_pile_up_to_the_least_speed)
{
    play("name: t\nduration: 24h\n"
         "config: { parallelism.default: 4, execution.checkpointing.interval: 60s }\n"
         "cluster: { task-manager: { count: 3, slots: 2 } }\n"
         "jobs:\n"
         "  - name: j\n"
         "    vertices: [ { name: a, cost: 10us }, { name: b, keys: 1k, state: 1kb/key } ]\n"
         "    edges: [ 'a -> b: hash' ]\n"
         "    load: 100/s\n"
         "events:\n"
         "  - { at: 10min, every: 5min, slow: { task-manager: random, factor: 0.25, for: 8h } }\n",
         NODE_CHECKS_NONE);
    plays_fini(&plays);
}
END_TEST

/* 246 years take 493 on hosts half as fast, and time ends after 292: no task ever runs, and none is
 * ever through with being cancelled. */
START_TEST(what_takes_longer_than_there_is_time_never_ends)
{
    static const char *const steps[] = { "deploy", "initialize", "submit" };
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 2h\nconfig: { parallelism.default: 2 }\n"
             "cluster: { task-manager: { count: 2, speed: 0.5 }, timing: { %s: 90000d } }\n"
             "jobs:\n"
             "  - name: j\n"
             "    vertices: [ { name: a }, { name: b } ]\n"
             "    edges: [ 'a -> b: hash' ]\n"
             "    load: 100/s\n"
             "events: [ { at: 1s, slow: { task-manager: jobmanager, factor: 0.5 } },\n"
             "          { at: 1h, cancel: j } ]\n",
             steps[_i]);
    play(yaml, NODE_CHECKS_NONE);
    ck_assert_double_eq(most(METRIC_served_rate), 0);
    plays_fini(&plays);
}
END_TEST

/* Two delays of 246 years on one link. */
START_TEST(a_barrier_that_is_under_way_for_ever_completes_nothing)
{
    play("name: t\nduration: 30min\n"
         "config: { parallelism.default: 2, execution.checkpointing.interval: 10s }\n"
         "cluster: { task-manager: { count: 2 } }\n"
         "jobs:\n"
         "  - name: j\n"
         "    vertices: [ { name: a }, { name: b } ]\n"
         "    edges: [ 'a -> b: hash' ]\n"
         "    load: 100/s\n"
         "events:\n"
         "  - { at: 15s, throttle: { task-manager: tm1, from: tm2, latency: 90000d } }\n"
         "  - { at: 16s, throttle: { task-manager: tm1, from: tm2, latency: 90000d } }\n",
         NODE_CHECKS_NONE);
    ck_assert_double_eq(most(METRIC_checkpoints_completed), 1);
    plays_fini(&plays);
}
END_TEST

Suite *test_sim_slowness_suite(void)
{
    Suite *suite = suite_create("sim_slowness");
    TCase *tests = tcase_create("slowness");
    tcase_add_loop_test(tests, random_slowdowns_that_overlap_stop_no_run, 0, 40);
    tcase_add_test(tests, slowdowns_pile_up_to_the_least_speed);
    tcase_add_loop_test(tests, what_takes_longer_than_there_is_time_never_ends, 0, 3);
    tcase_add_test(tests, a_barrier_that_is_under_way_for_ever_completes_nothing);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
