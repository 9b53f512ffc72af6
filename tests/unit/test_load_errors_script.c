/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input in events, variants and expectations: one broken scenario per row and the exact line
 * that is said about it.
 */
#include <check.h>

#include "tests/lib/load_fixture.h"

#define BASE(text) LOAD_FIXTURE_BASE text
#define EVENTS_OF(text)                                                                            \
    "cluster: { task-manager: { count: 2 } }\n" LOAD_FIXTURE_BASE "events:\n" text
#define EXPECT_OF(text) LOAD_FIXTURE_BASE "expect:\n" text
#define TWO_JOBS(text)                                                                             \
    "name: t\nduration: 1h\njobs:\n  - { name: clicks, vertices: [ { name: a } ], load: 1/s }\n  " \
    "- { name: carts, vertices: [ { name: a } ], load: 1/s }\nevents:\n" text

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { BASE("events: { at: 1s }\n"), "t.yaml:8: events: found a map, expected a list of events" },
    { EVENTS_OF("  - 5\n"),
      "t.yaml:10: events.0: found '5', expected an event such as { at: 1h, kill: tm1 }" },
    { EVENTS_OF("  - { at: 1s }\n"),
      "t.yaml:10: events.0: found no action, expected one such as kill: tm1" },
    { EVENTS_OF("  - { at: 1s, kil: tm1 }\n"),
      "t.yaml:10: events.0.kil: found an unknown key, expected a known one, did you mean 'kill'?" },
    { EVENTS_OF("  - { at: 1s, fail-storage: write }\n"),
      "t.yaml:10: events.0.fail-storage: found 'write', expected requests that fail, did "
      "you mean 'writes'?" },
    { EVENTS_OF("  - { at: 1s, fail-storage: { request: reads } }\n"),
      "t.yaml:10: events.0.fail-storage.request: found an unknown key, expected a known one, did "
      "you mean 'requests'?" },
    { EVENTS_OF("  - { at: 1s, fail-storage: { for: 0s } }\n"),
      "t.yaml:10: events.0.fail-storage.for: found '0s', expected a duration such as "
      "90s, 5 min or 100 ms, above 0" },
    { EVENTS_OF("  - { at: 1s, fail-storage: [ reads ] }\n"),
      "t.yaml:10: events.0.fail-storage: found a list, expected requests that fail: all, "
      "writes or reads" },
    { EVENTS_OF("  - { at: 1s, fail-storag: all }\n"),
      "t.yaml:10: events.0.fail-storag: found an unknown key, expected a known one, did you mean "
      "'fail-storage'?" },
    { EVENTS_OF("  - { kill: tm1 }\n"),
      "t.yaml:10: events.0: found no time, expected either 'at' or 'on'" },
    { EVENTS_OF("  - { at: 1s, on: job RUNNING, kill: tm1 }\n"),
      "t.yaml:10: events.0: found both, expected either 'at' or 'on'" },
    { EVENTS_OF("  - { at: 1s, kill: tm1, stop: tm2 }\n"),
      "t.yaml:10: events.0.kill: found a second action beside 'stop', expected one per event" },
    { EVENTS_OF("  - { at: 1s, nth: 2, kill: tm1 }\n"),
      "t.yaml:10: events.0.nth: found a key that goes with 'on', expected none here" },
    { EVENTS_OF("  - { on: job RUNING, kill: tm1 }\n"),
      "t.yaml:10: events.0.on: found 'job RUNING', expected an event of docs/log.md, did you mean "
      "'job RUNNING'?" },
    { EVENTS_OF("  - { on: job FINISHED -> RUNNING, kill: tm1 }\n"),
      "t.yaml:10: events.0.on: found 'job FINISHED -> RUNNING', expected an event of docs/log.md, "
      "did you mean 'job CREATED -> RUNNING'?" },
    { EVENTS_OF("  - { on: scheduler Restarting, kill: tm1 }\n"),
      "t.yaml:10: events.0.on: found 'scheduler Restarting', expected an event of the default "
      "scheduler, which all jobs have: 'job RESTARTING'" },
    { EVENTS_OF("  - { on: job RESTARTING -> RUNNING, kill: tm1 }\nconfig: { jobmanager.scheduler: "
                "adaptive }\n"),
      "t.yaml:10: events.0.on: found 'job RESTARTING -> RUNNING', expected an event of the "
      "adaptive "
      "scheduler, which all jobs have: 'scheduler Restarting'" },
    { "config: { scheduler-mode: reactive }\n" EXPECT_OF(
          "  - { name: n, event: job RESTARTING, count: 0 }\n"),
      "t.yaml:10: expect.n.event: found 'job RESTARTING', expected an event of the adaptive "
      "scheduler, which all jobs have: 'scheduler Restarting'" },
    { EXPECT_OF("  - { name: n, event: job FAILED, job: k }\n"),
      "t.yaml:9: expect.n.job: found 'k', expected the name of a job, did you mean 'j'?" },
    { EXPECT_OF("  - { name: n, event: process killed, job: j }\n"),
      "t.yaml:9: expect.n.job: found a job for an event that is no job's, expected none" },
    { EXPECT_OF("  - { name: n, event: transition manager Stabilized }\n"),
      "t.yaml:9: expect.n.event: found 'transition manager Stabilized', expected an event of the "
      "default scheduler, which all jobs have" },
    { EVENTS_OF("  - { on: good weather*, kill: tm1 }\n"),
      "t.yaml:10: events.0.on: found 'good weather*', expected an event of docs/log.md" },
    { EVENTS_OF("  - { on: execution RUNNING, kill: tm1 }\n"),
      "t.yaml:10: events.0.on: found 'execution RUNNING', expected an event of level decision of "
      "docs/log.md (this is of level task)" },
    { EVENTS_OF("  - { at: soon, kill: tm1 }\n"),
      "t.yaml:10: events.0.at: found 'soon', expected a duration such as 90s, 5 min or 100 ms, at "
      "least 0" },
    { EVENTS_OF("  - { at: 1s, kill: tm3 }\n"),
      "t.yaml:10: events.0.kill: found 'tm3', expected the name of a TaskManager, random, in-use "
      "or idle" },
    { EVENTS_OF("  - { at: 1s, kill: jobmanager }\n"),
      "t.yaml:10: events.0.kill: found 'jobmanager', expected a TaskManager: without high "
      "availability all jobs would end with the one JobManager (freeze, cut, slow, loss and "
      "throttle can hit "
      "it)" },
    { EVENTS_OF("  - { at: 1s, stop: { task-manager: [ tm1, jobmanager ] } }\n"),
      "t.yaml:10: events.0.stop.task-manager.1: found 'jobmanager', expected a TaskManager: "
      "without "
      "high availability all jobs would end with the one JobManager (freeze, cut, slow, loss and "
      "throttle "
      "can "
      "hit it)" },
    { EVENTS_OF("  - { at: 1s, kill: { task-manager: tm1, count: 2 } }\n"),
      "t.yaml:10: events.0.kill.count: found a count for TaskManagers by name, expected random, "
      "in-use or idle" },
    { EVENTS_OF("  - { at: 1s, kill: { count: 2 } }\n"),
      "t.yaml:10: events.0.kill: found no 'task-manager', expected one" },
    { EVENTS_OF("  - { at: 1s, kill: { task-manager: random, grace: 5s } }\n"),
      "t.yaml:10: events.0.kill.grace: found an unknown key, expected task-manager or count" },
    { EVENTS_OF("  - { at: 1s, kill: [] }\n"),
      "t.yaml:10: events.0.kill: found no names, expected some" },
    { EVENTS_OF("  - { at: 1s, slow: tm1 }\n"),
      "t.yaml:10: events.0.slow: found 'tm1', expected a map with task-manager and factor" },
    { EVENTS_OF("  - { at: 1s, slow: { task-manager: tm1, factor: 0 } }\n"),
      "t.yaml:10: events.0.slow.factor: found '0', expected a number, above 0" },
    { EVENTS_OF("  - { at: 1s, loss: { task-manager: tm1, probability: 120% } }\n"),
      "t.yaml:10: events.0.loss.probability: found '120%', expected a share such as 0.05 or 5%, "
      "from 0 to 1" },
    { EVENTS_OF("  - { at: 1s, cut: { task-manager: tm1, from: tm7 } }\n"),
      "t.yaml:10: events.0.cut.from: found 'tm7', expected the name of a TaskManager, jobmanager" },
    { EVENTS_OF("  - { at: 1s, add: 0 }\n"),
      "t.yaml:10: events.0.add: found '0', expected a number of TaskManagers from 1 to 100000" },
    { EVENTS_OF("  - { at: 1s, add: { name: tm5 } }\n"),
      "t.yaml:10: events.0.add: found a map, expected a number of TaskManagers, a name or a list "
      "of names" },
    { EVENTS_OF("  - { at: 1s, add: tm1 }\n"),
      "t.yaml:10: events.0.add: found 'tm1', expected a name not used before (task-manager.count "
      "uses it)" },
    { EVENTS_OF("  - { at: 1s, every: 1min, add: tm5 }\n"),
      "t.yaml:10: events.0.add: found names added again and again, expected a number of "
      "TaskManagers" },
    { EVENTS_OF("  - { at: 1s, fail: { subtask: 1 } }\n"),
      "t.yaml:10: events.0.fail: found no 'vertex', expected one" },
    { EVENTS_OF("  - { at: 1s, fail: cout }\n"), "t.yaml:10: events.0.fail: found 'cout', expected "
                                                 "a vertex of job 'j', did you mean 'count'?" },
    { EVENTS_OF("  - { at: 1s, fail: { vertex: count, subtask: 1 } }\n"),
      "t.yaml:10: events.0.fail.subtask: found '1', expected below the vertex's parallelism, 1" },
    { "config: { jobmanager.scheduler: adaptive }\n" EVENTS_OF(
          "  - { at: 1s, fail: { vertex: count, subtask: 1 } }\n"),
      "t.yaml:11: events.0.fail.subtask: found '1', expected below the vertex's parallelism, 1" },
    { "config: { jobmanager.scheduler: adaptive }\n" EVENTS_OF(
          "  - { at: 1s, fail: { vertex: count, subtask: 128 } }\n"
          "  - { at: 1s, rescale: { all: 1..2 } }\n"),
      "t.yaml:11: events.0.fail.subtask: found '128', expected below the vertex's max parallelism, "
      "128" },
    { "config: { scheduler-mode: reactive }\n" EVENTS_OF(
          "  - { at: 1s, fail: { vertex: count, subtask: 128 } }\n"),
      "t.yaml:11: events.0.fail.subtask: found '128', expected below the vertex's max parallelism, "
      "128" },
    { EVENTS_OF("  - { at: 1s, cancel: k }\n"),
      "t.yaml:10: events.0.cancel: found 'k', expected the name of a job, did you mean 'j'?" },
    { EVENTS_OF("  - { at: 1s, rescale: {} }\n"),
      "t.yaml:10: events.0.rescale: found no bounds, expected either 'all' or 'vertices'" },
    { EVENTS_OF("  - { at: 1s, rescale: { all: 4 } }\n"),
      "t.yaml:10: events.0.rescale.all: found '4', expected bounds such as 1..4 (lower..upper, "
      "either may be left out)" },
    { EVENTS_OF("  - { at: 1s, rescale: { all: 5..4 } }\n"),
      "t.yaml:10: events.0.rescale.all: found '5..4', expected bounds such as 1..4 (lower..upper, "
      "either may be left out)" },
    { EVENTS_OF("  - { at: 1s, rescale: { all: 1..500 } }\n"),
      "t.yaml:10: events.0.rescale.all: found '1..500', expected bounds up to the vertex's max "
      "parallelism, 128" },
    { EVENTS_OF("  - { at: 1s, rescale: { vertices: { cont: 1..5 } } }\n"),
      "t.yaml:10: events.0.rescale.vertices.cont: found 'cont', expected a vertex of job 'j', did "
      "you mean 'count'?" },
    { EVENTS_OF("  - { at: 1s, rescale: { vertices: { count: 1..5 } } }\n"),
      "t.yaml:10: events.0.rescale.vertices: found no bounds of 'source', expected all vertices of "
      "the job" },
    { TWO_JOBS("  - { at: 1s, fail: a }\n"),
      "t.yaml:7: events.0.fail: found no 'job' and 2 jobs, expected the name of one" },
    { TWO_JOBS("  - { at: 1s, cancel: click }\n"),
      "t.yaml:7: events.0.cancel: found 'click', expected the name of a job, did you mean "
      "'clicks'?" },
    { BASE("compare: [ a ]\n"),
      "t.yaml:8: compare: found a list, expected a map from names to what is different" },
    { BASE("compare: { a: 5 }\n"), "t.yaml:8: compare.a: found '5', expected a map" },
    { BASE("compare: { a: { cluser: {} } }\n"), "t.yaml:8: compare.a.cluser: found an unknown key, "
                                                "expected a known one, did you mean 'cluster'?" },
    { BASE("compare: { a: { compare: {} } }\n"),
      "t.yaml:8: compare.a.compare: found an unknown key, expected name, question, seed, duration, "
      "sample, flink-version, log-level, world, config, cluster, jobs, events, expect or "
      "tolerances" },
    { EXPECT_OF("  - { metric: lag_seconds, p99: < 1s }\n"),
      "t.yaml:9: expect.0: found no 'name', expected one" },
    { EXPECT_OF("  - { name: a }\n"),
      "t.yaml:9: expect.a: found no subject, expected one of metric, event, invariant and "
      "output" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, event: job RUNNING }\n"),
      "t.yaml:9: expect.a: found several subjects, expected one of metric, event, invariant and "
      "output" },
    { EXPECT_OF("  - { name: a, metric: lag_secnds, p99: < 1s }\n"),
      "t.yaml:9: expect.a.metric: found 'lag_secnds', expected a metric of docs/metrics.md, did "
      "you mean 'lag_seconds'?" },
    { EXPECT_OF("  - { name: a, metric: lagg, p99: < 1s }\n"),
      "t.yaml:9: expect.a.metric: found 'lagg', expected a metric of docs/metrics.md, did you mean "
      "'lag_records' or 'lag_seconds'?" },
    { EXPECT_OF("  - { name: a, metric: happiness, p99: < 1s }\n"),
      "t.yaml:9: expect.a.metric: found 'happiness', expected a metric of docs/metrics.md" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds }\n"),
      "t.yaml:9: expect.a: found no bound, expected one such as { p99: <= 90s }" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, p98: < 1s }\n"),
      "t.yaml:9: expect.a.p98: found an unknown key, expected a known one, did you mean 'p95'?" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, p99: 1s }\n"),
      "t.yaml:9: expect.a.p99: found '1s', expected a bound such as <= 90s, or with the words at "
      "most, at least, below, above, exactly" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, p99: < 1 parsec }\n"),
      "t.yaml:9: expect.a.p99: found '< 1 parsec', expected a bound such as <= 90s, or with the "
      "words at most, at least, below, above, exactly" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, p99: < 1s, max: < 2s }\n"),
      "t.yaml:9: expect.a.max: found a second statistic, expected one per expectation" },
    { EXPECT_OF("  - { name: a, metric: cost, total: < 5 }\n"),
      "t.yaml:9: expect.a.metric: found 'cost', expected a price in cluster.task-manager.price "
      "with it" },
    { EXPECT_OF("  - { name: a, metric: restarts, of: fixed, ratio: < 1 }\n"),
      "t.yaml:9: expect.a.of: found 'fixed', expected a name below 'compare'" },
    { BASE("compare: { fixed: { seed: 2 } }\nexpect:\n  - { name: a, metric: restarts, of: fixd, "
           "ratio: < 1 }\n"),
      "t.yaml:10: expect.a.of: found 'fixd', expected a name below 'compare', did you mean "
      "'fixed'?" },
    { EXPECT_OF("  - { name: a, metric: restarts, of: fixed }\n"),
      "t.yaml:9: expect.a.of: found 'fixed', expected a name below 'compare'" },
    { BASE("compare: { fixed: { seed: 2 } }\nexpect:\n  - { name: a, metric: restarts, of: fixed "
           "}\n"),
      "t.yaml:10: expect.a.of: found 'of' alone, expected a ratio" },
    { EVENTS_OF("  - { at: 1h, every: 1ns, kill: random }\n"),
      "t.yaml:10: events.0.every: found '1ns', expected a duration of at least 1 ms" },
    { EVENTS_OF("  - { at: 1h, slow: { task-manager: tm1, factor: 2 } }\n"),
      "t.yaml:10: events.0.slow.factor: found '2', expected a share of the speed, above 0 and at "
      "most 1" },
    { EVENTS_OF("  - { at: 1h, slow: { task-manager: jobmanager, factor: 0.0000009 } }\n"),
      "t.yaml:10: events.0.slow.factor: found '0.0000009', expected at least 0.000001 of the "
      "speed, or 'freeze': a host that stands still" },
    { EVENTS_OF("  - { at: 1h, kill: { task-manager: random, count: 3 } }\n"),
      "t.yaml:10: events.0.kill.count: found '3', expected at most the TaskManagers there are, 2" },
    { EVENTS_OF("  - { at: 1h, kill: randm }\n"),
      "t.yaml:10: events.0.kill: found 'randm', expected the name of a TaskManager, random, in-use "
      "or idle, did you mean 'random'?" },
    { EVENTS_OF("  - { at: 1h, cut: { task-manager: tm1, from: tm1 } }\n"),
      "t.yaml:10: events.0.cut.task-manager: found 'tm1', expected another one than in 'from': "
      "nothing has a link to itself" },
    { EVENTS_OF("  - { at: 1h, throttle: { task-manager: [tm1, tm2], from: tm2, loss: 1% } }\n"),
      "t.yaml:10: events.0.throttle.task-manager.1: found 'tm2', expected another one than in "
      "'from': nothing has a link to itself" },
    { EVENTS_OF("  - { at: 1h, fail: cont }\n"),
      "t.yaml:10: events.0.fail: found 'cont', expected a vertex of job 'j', did you mean "
      "'count'?" },
    { EXPECT_OF("  - { name: a, metric: restarts, ratio: < 1 }\n"),
      "t.yaml:9: expect.a.ratio: found 'ratio' alone, expected the variant in 'of'" },
    { EXPECT_OF("  - { name: a, metric: restarts, max: < 1, statistic: p99 }\n"),
      "t.yaml:9: expect.a.statistic: found a statistic without 'of', expected it as the key of the "
      "bound" },
    { EXPECT_OF("  - { name: a, metric: slots_used, job: j, max: < 1 }\n"),
      "t.yaml:9: expect.a.job: found a job for a metric of the cluster, expected none" },
    { EXPECT_OF("  - { name: a, metric: lag_seconds, total: < 1h }\n"),
      "t.yaml:9: expect.a.total: found the total of lag_seconds, which is looked at in samples and "
      "adds up to nothing, expected another statistic" },
    { EXPECT_OF("  - { name: a, metric: busy, total: < 1h }\n"),
      "t.yaml:9: expect.a.total: found the total of busy without a vertex, expected the vertex "
      "whose subtasks' seconds it adds up" },
    { EXPECT_OF("  - { name: a, metric: busy, vertex: count, total: < 50% }\n"),
      "t.yaml:9: expect.a.total: found '< 50%', expected a bound such as <= 90s, or with the words "
      "at most, at least, below, above, exactly" },
    { EXPECT_OF("  - { name: a, metric: served_rate, total: < 6k/s }\n"),
      "t.yaml:9: expect.a.total: found '< 6k/s', expected a bound such as <= 2m, or with the words "
      "at most, at least, below, above, exactly" },
    { BASE("compare: { fixed: { seed: 2 } }\nexpect:\n  - { name: a, metric: parallelism, of: "
           "fixed, "
           "ratio: < 1, statistic: total }\n"),
      "t.yaml:10: expect.a.statistic: found the total of parallelism, which is looked at in "
      "samples "
      "and adds up to nothing, expected another statistic" },
    { EXPECT_OF("  - { name: a, metric: restarts, vertex: count, max: < 1 }\n"),
      "t.yaml:9: expect.a.vertex: found a vertex for a metric that vertices do not have, expected "
      "none" },
    { EXPECT_OF("  - { name: a, metric: busy, vertex: cout, max: < 1 }\n"),
      "t.yaml:9: expect.a.vertex: found 'cout', expected a vertex of job 'j', did you mean "
      "'count'?" },
    { EXPECT_OF("  - { name: a, invariant: exactly-twice }\n"),
      "t.yaml:9: expect.a.invariant: found 'exactly-twice', expected an invariant, did you mean "
      "'exactly-once'?" },
    { EXPECT_OF("  - { name: a, invariant: happiness }\n"),
      "t.yaml:9: expect.a.invariant: found 'happiness', expected an invariant: exactly-once, "
      "slots-given-once or legal-moves" },
    { EXPECT_OF("  - { name: a, event: job FALED, count: 0 }\n"),
      "t.yaml:9: expect.a.event: found 'job FALED', expected an event of docs/log.md, did you mean "
      "'job FAILED'?" },
    { EXPECT_OF("  - { name: a, event: job RUNNING, after: proces killed }\n"),
      "t.yaml:9: expect.a.after: found 'proces killed', expected an event of docs/log.md, did you "
      "mean 'process killed'?" },
    { EXPECT_OF("  - { name: a, event: job RUNNING, within: soon }\n"),
      "t.yaml:9: expect.a.within: found 'soon', expected a duration such as 90s, 5 min or 100 ms, "
      "at least 0" },
    { EXPECT_OF("  - { name: a, event: job RUNNING, count: -1 }\n"),
      "t.yaml:9: expect.a.count: found '-1', expected a whole number such as 200 or 2m, at least "
      "0" },
    { EXPECT_OF(
          "  - { name: a, invariant: exactly-once }\n  - { name: a, invariant: exactly-once }\n"),
      "t.yaml:10: expect.a.name: found 'a', expected a name not used before (line 9)" },
};

START_TEST(a_broken_script_is_refused_with_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

Suite *test_load_errors_script_suite(void)
{
    Suite *suite = suite_create("load_errors_script");
    TCase *tcase = tcase_create("errors");
    tcase_add_loop_test(tcase, a_broken_script_is_refused_with_one_line, 0,
                        (int)(sizeof broken / sizeof *broken));
    suite_add_tcase(suite, tcase);
    return suite;
}
