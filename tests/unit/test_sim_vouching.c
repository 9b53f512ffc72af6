/* SPDX-License-Identifier: Apache-2.0
 *
 * The claim behind vouching (docs/decisions/0002-heartbeats-of-vouched-peers.md), with the real
 * core and the modelled data plane: whether heartbeats are exchanged or left out, the log of
 * decisions is the same, line for line and time for time. Every fault that can end a contact is in
 * here, at times that fall into all phases of the heartbeat interval.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/vec.h"
#include "sim/run/simulation.h"
#include "tests/lib/load_fixture.h"

enum { LINE_SIZE = 224 };

struct history {
    VEC(char) text; /* lines of LINE_SIZE, each a zero-ended text */
    size_t given_up;
    uint64_t events;
};

static char *add_line(struct history *history)
{
    vec_resize(&history->text, history->text.count + LINE_SIZE);
    return history->text.items + history->text.count - LINE_SIZE;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct history *history = context;
    if (line->level == LOG_MESSAGE)
        return;
    snprintf(add_line(history), LINE_SIZE,
             "%" PRId64 " node %" PRIu32 ": %s %s %s -> %s peer %" PRIu32 " checkpoint %" PRIu64
             " value %" PRId64 " (%s)",
             at, node.n, line->machine, line->what, or_dash(line->from), or_dash(line->to),
             line->peer.n, line->checkpoint, line->value, or_dash(line->reason));
    if (strcmp(line->what, "closes") == 0) /* the resource manager gave a TaskManager up */
        history->given_up++;
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    snprintf(add_line(context), LINE_SIZE, "%" PRId64 " node %" PRIu32 " * %s (%s)", at, node.n,
             word, or_dash(reason));
}

static struct history run(const char *yaml, bool vouching)
{
    struct history history = { 0 };
    struct scenario *scenario = load_fixture_scenario(yaml);
    struct simulation_settings settings = { .vouching = vouching,
                                            .check_invariants = NODE_CHECKS_ALL };
    struct simulation *simulation = simulation_create(scenario, &settings);
    struct watcher watcher = { .context = &history, .line = on_line, .fact = on_fact };
    simulation_watch(simulation, &watcher);
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    history.events = simulation_event_count(simulation);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
    return history;
}

/* Gives back how many TaskManagers were given up. */
static size_t check_equal(const char *yaml)
{
    struct history with = run(yaml, true), without = run(yaml, false);
    size_t count = with.text.count < without.text.count ? with.text.count : without.text.count;
    for (size_t i = 0; i < count; i += LINE_SIZE)
        ck_assert_str_eq(with.text.items + i, without.text.items + i);
    ck_assert_uint_eq(with.text.count, without.text.count);
    ck_assert_uint_lt(with.events, without.events); /* else nothing was left out */
    size_t given_up = with.given_up;
    vec_fini(&with.text);
    vec_fini(&without.text);
    return given_up;
}

#define JOB                                                                                        \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: source, cost: 20us }, { name: count, cost: 100us, keys: 1m } ]\n"     \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 20k/s\n"

#define CLUSTER                                                                                    \
    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 30s }\n"                \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 2, slots: 2, boot: 5s, count: 8 }\n"

START_TEST(vouching_changes_nothing_when_machines_die_and_come)
{
    size_t given_up = check_equal("name: t\nduration: 4h\n" CLUSTER
                                  "  churn: { exponential: { mean: 1h, rejoin: 70s } }\n" JOB);
    ck_assert_uint_gt(given_up, 10);
}
END_TEST

START_TEST(vouching_changes_nothing_when_processes_freeze)
{
    size_t given_up = check_equal(
        "name: t\nduration: 4h\n" CLUSTER JOB "events:\n"
        "  - { at: 301s, every: 423s, freeze: { task-manager: random, for: 20s } }\n"
        "  - { at: 308s, every: 787s, freeze: { task-manager: random, for: 55s } }\n"
        "  - { at: 314s, every: 997s, freeze: { task-manager: jobmanager, for: 15s } }\n");
    ck_assert_uint_gt(given_up, 10);
}
END_TEST

START_TEST(vouching_changes_nothing_when_links_are_cut_or_lossy)
{
    size_t given_up = check_equal(
        "name: t\nduration: 4h\n" CLUSTER JOB "events:\n"
        "  - { at: 301s, every: 423s, cut: { task-manager: random, for: 5s } }\n"
        "  - { at: 308s, every: 787s, cut: { task-manager: random, for: 70s } }\n"
        "  - { at: 314s, every: 997s, loss: { task-manager: random, probability: 0.3, for: 30s } "
        "}\n"
        "  - { at: 319s, every: 1999s, cut: { task-manager: jobmanager, for: 22s } }\n");
    ck_assert_uint_gt(given_up, 10);
}
END_TEST

/* A heartbeat takes a minute and more at 100 bit/s, 40 ms at 200 kbit/s. */
START_TEST(vouching_changes_nothing_when_links_are_too_slow_for_heartbeats)
{
    size_t given_up = check_equal(
        "name: t\nduration: 2h\n" CLUSTER JOB "events:\n"
        "  - { at: 301s, every: 823s, throttle: { task-manager: random, from: jobmanager, "
        "bandwidth: 100bit, for: 3min } }\n"
        "  - { at: 308s, every: 987s, throttle: { task-manager: random, from: jobmanager, "
        "bandwidth: 200kbit, for: 60s } }\n"
        "  - { at: 314s, every: 1997s, cut: { task-manager: random, for: 70s } }\n"
        "  - { at: 319s, every: 1297s, loss: { task-manager: random, probability: 0.3, for: 90s } "
        "}\n");
    ck_assert_uint_gt(given_up, 7);
}
END_TEST

/* The job master asks on a grid of its own, so that no moment may fall on either: each is tried on
 * a link that was sound until then. The heartbeats of the past took 2 ms, whatever comes. */
static size_t check_latency(const char *config, const char *moment, const char *fault)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 9min\nconfig: { %s }\n"
             "cluster: { task-manager: { count: 2, slots: 2, cores: 2 }, "
             "network: { latency: 1ms } }\n" JOB "events: [ { at: %s, %s } ]\n",
             config, moment, fault);
    return check_equal(yaml);
}

START_TEST(vouching_changes_nothing_when_a_latency_grows_or_shrinks)
{
    size_t given_up = 0;
    static const char *const configs[] = {
        "heartbeat.interval: 10s, heartbeat.timeout: 50s",
        "heartbeat.interval: 5s, heartbeat.timeout: 20s",
    };
    static const char *const moments[] = { "240.3s", "242.7s", "245.5s", "248.5s" };
    static const char *const latencies[] = { "300ms", "2s", "12s", "22s", "26s", "40s", "60s" };
    for (size_t c = 0; c < 2; c++) {
        for (size_t m = 0; m < 4; m++) {
            for (size_t l = 0; l < 7; l++) {
                char fault[160];
                snprintf(fault, sizeof fault,
                         "throttle: { task-manager: tm1, from: jobmanager, latency: %s, for: "
                         "100s }",
                         latencies[l]);
                given_up += check_latency(configs[c], moments[m], fault);
            }
        }
    }
    ck_assert_uint_gt(given_up, 30);
}
END_TEST

/* A latency that cannot make a heartbeat late, for 160 s: vouched for again 70 s after either
 * change. Cuts and losses come when nothing is under way (the limit of the decision). */
START_TEST(vouching_changes_nothing_when_a_fault_follows_a_harmless_latency)
{
    static const char *const moments[] = { "240.4s", "247.5s", "248.5s", "318.5s",
                                           "400.4s", "407.5s", "478.5s" };
    static const char *const faults[] = {
        "kill: { task-manager: tm1 }",
        "freeze: { task-manager: tm1, for: 70s }",
        "cut: { task-manager: tm1, for: 70s }",
        "loss: { task-manager: tm1, probability: 1, for: 70s }",
        "throttle: { task-manager: tm2, from: jobmanager, latency: 60s, for: 70s }",
    };
    size_t given_up = 0;
    for (size_t m = 0; m < 7; m++) {
        for (size_t f = 0; f < 5; f++) {
            char fault[320];
            snprintf(fault, sizeof fault,
                     "%s }, { at: 240.3s, throttle: { task-manager: tm1, from: jobmanager, "
                     "latency: 2s, for: 160s } }, { at: 240.3s, throttle: { task-manager: tm2, "
                     "from: jobmanager, latency: 2s, for: 60s }",
                     faults[f]);
            given_up +=
                check_latency("heartbeat.interval: 10s, heartbeat.timeout: 50s", moments[m], fault);
        }
    }
    ck_assert_uint_gt(given_up, 20);
}
END_TEST

START_TEST(vouching_changes_nothing_when_everything_happens_at_once)
{
    size_t given_up = check_equal(
        "name: t\nduration: 4h\n" CLUSTER
        "  churn: { exponential: { mean: 2h, rejoin: 60s } }\n" JOB "events:\n"
        "  - { at: 301s, every: 423s, freeze: { task-manager: random, for: 20s } }\n"
        "  - { at: 308s, every: 787s, freeze: { task-manager: random, for: 55s } }\n"
        "  - { at: 311s, every: 661s, cut: { task-manager: random, for: 7s } }\n"
        "  - { at: 313s, every: 1021s, cut: { task-manager: random, for: 70s } }\n"
        "  - { at: 314s, every: 997s, loss: { task-manager: random, probability: 0.3, for: 30s } "
        "}\n"
        "  - { at: 315s, every: 1381s, kill: { task-manager: in-use } }\n"
        "  - { at: 316s, every: 1741s, stop: { task-manager: random } }\n"
        "  - { at: 317s, every: 1867s, add: 2 }\n"
        "  - { at: 318s, every: 2221s, freeze: { task-manager: jobmanager, for: 15s } }\n");
    ck_assert_uint_gt(given_up, 10);
}
END_TEST

/* All TaskManagers are given up at one instant then, in an order that must not depend on when each
 * of them was last heard. */
START_TEST(vouching_changes_nothing_when_the_job_manager_is_out_for_longer_than_the_timeout)
{
    size_t given_up = check_equal(
        "name: t\nduration: 4h\n" CLUSTER
        "  churn: { exponential: { mean: 2h, rejoin: 60s } }\n" JOB "events:\n"
        "  - { at: 301s, every: 1423s, freeze: { task-manager: jobmanager, for: 55s } }\n"
        "  - { at: 1013s, every: 1787s, cut: { task-manager: jobmanager, for: 70s } }\n"
        "  - { at: 1307s, every: 2003s, cut: { task-manager: jobmanager, for: 50s } }\n");
    ck_assert_uint_gt(given_up, 50);
}
END_TEST

Suite *test_sim_vouching_suite(void)
{
    Suite *suite = suite_create("sim_vouching");
    TCase *tcase = tcase_create("vouching");
    tcase_add_test(tcase, vouching_changes_nothing_when_machines_die_and_come);
    tcase_add_test(tcase, vouching_changes_nothing_when_processes_freeze);
    tcase_add_test(tcase, vouching_changes_nothing_when_links_are_cut_or_lossy);
    tcase_add_test(tcase, vouching_changes_nothing_when_links_are_too_slow_for_heartbeats);
    tcase_add_test(tcase, vouching_changes_nothing_when_a_latency_grows_or_shrinks);
    tcase_add_test(tcase, vouching_changes_nothing_when_a_fault_follows_a_harmless_latency);
    tcase_add_test(tcase, vouching_changes_nothing_when_everything_happens_at_once);
    tcase_add_test(
        tcase, vouching_changes_nothing_when_the_job_manager_is_out_for_longer_than_the_timeout);
    suite_add_tcase(suite, tcase);
    return suite;
}
