/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining whole runs: jobs that wait for their slots, and what the time of outages went into.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative.h"
#include "tests/lib/command_line.h"
#include "tests/lib/told_words.h"

static const char *explained(const char *yaml)
{
    return told_of_run(yaml, "--all");
}

#define TWO_OF_THREE(scheduler, duration, slots)                                                   \
    "name: n\nduration: " duration "\n"                                                            \
    "cluster: { task-manager: { count: 2, slots: " slots " } }\n"                                  \
    "config: { jobmanager.scheduler: " scheduler ", restart-strategy.type: fixed-delay,\n"         \
    "  restart-strategy.fixed-delay.attempts: 1000 }\n"                                            \
    "jobs:\n  - name: j\n    vertices: [ { name: s, parallelism: 2 }, { name: c, parallelism: 3 }" \
    " ]\n    edges: [ s -> c: hash ]\n    load: 1k/s\n"

START_TEST(a_job_that_never_gets_its_slots_is_told_what_was_missing)
{
    cli_begin();
    const char *out = explained(TWO_OF_THREE("default", "6min", "1"));
    must_tell(out, "The tasks of j never all ran.");
    must_tell(out,
              "It asked in vain for the slots it needs, 56 times, first 5 min after the "
              "submission, and 1 was missing. The default scheduler restarted 5 tasks 56 times");
    must_tell(out, "The run ended before all of its tasks ran.");
    must_not_tell(out, "ran again");
    cli_end();
}
END_TEST

/* Pipelines ask each for itself, five of them for five slots, of which there are two. */
START_TEST(what_regions_lack_is_told_together)
{
    cli_begin();
    const char *out = explained(
        "name: n\nduration: 310s\n"
        "cluster: { task-manager: { count: 2, slots: 1 } }\n"
        "config: { restart-strategy.type: fixed-delay,\n"
        "  restart-strategy.fixed-delay.attempts: 1000 }\n"
        "jobs:\n  - name: j\n    vertices: [ { name: s, parallelism: 5 }, "
        "{ name: c, parallelism: 5 } ]\n    edges: [ s -> c: forward ]\n    load: 1k/s\n");
    must_tell(out,
              "It asked in vain for the slots it needs, 9 times, each region for itself, first "
              "5 min after the submission, and 3 were missing in all. ");
    cli_end();
}
END_TEST

/* The refusal comes before the slots that there are have been offered. */
START_TEST(slots_that_are_on_their_way_are_not_missing)
{
    cli_begin();
    const char *out = explained(
        "name: n\nduration: 4min\n"
        "cluster: { task-manager: { count: 3, slots: 2 } }\n"
        "config: { resourcemanager.standalone.start-up-time: 30s,\n"
        "  restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 1000 }\n"
        "jobs:\n  - name: j\n    at: 1min\n    vertices: [ { name: s, parallelism: 7 }, "
        "{ name: c, parallelism: 7 } ]\n    edges: [ s -> c: hash ]\n    load: 1k/s\n"
        "events: [ { at: 2min, kill: tm3 } ]\n");
    must_tell(out, "first 70 ms after the submission, and 1 to 3 were missing.");
    cli_end();
}
END_TEST

/* Six machines go at once: they are told together, as the picture draws them. */
START_TEST(machines_that_go_together_are_told_together)
{
    cli_begin();
    const char *out = explained(
        "name: n\nduration: 10min\n"
        "cluster: { task-manager: { slots: 1, boot: 1s },\n"
        "  churn: { steps: [ [0, 8], [5min, 2] ] } }\n"
        "config: { scheduler-mode: reactive, execution.checkpointing.interval: 10s }\n"
        "jobs:\n  - name: j\n    vertices: [ { name: s } ]\n    edges: []\n    load: 1k/s\n");
    must_tell(out, "tm7 and 5 more were killed: machine reclaimed. It was noticed");
    must_tell(out, "gave up tm2, tm3, tm4, tm6 and 2 more 11 s after the fault (TaskManager no "
                   "longer reachable). Its state");
    cli_end();
}
END_TEST

/* Before the request timed out: no line says that anything is missing. */
START_TEST(a_job_that_waits_still_is_said_to)
{
    static const char *const words =
        "It waited 3 min 59 s for resources. It waits for them still. The run ended before all";
    cli_begin();
    must_tell(explained(TWO_OF_THREE("default", "4min", "1")), words);
    cli_end();
    cli_begin();
    must_tell(explained("name: n\nduration: 4min\nconfig: { jobmanager.scheduler: adaptive }\n"
                        "cluster: { task-manager: { count: 0, slots: 1 } }\n"
                        "jobs:\n  - name: j\n    vertices: [ { name: s, parallelism: 2 } ]\n"
                        "    load: 1k/s\n"),
              words);
    cli_end();
    cli_begin();
    const char *out = explained(TWO_OF_THREE("default", "1002ms", "1"));
    must_tell(out, "It waits for resources. The run ended before all");
    must_not_tell(out, "It waited");
    cli_end();
}
END_TEST

START_TEST(what_ended_a_long_wait_is_told)
{
    cli_begin();
    const char *out =
        explained(TWO_OF_THREE("default", "8min", "1") "events:\n  - { at: 330s, add: 1 }\n");
    must_tell(out, "It asked in vain for the slots it needs, ");
    must_tell(out, "before, was that tm3 registered. All 5 tasks were RUNNING 5 min 3");
    cli_end();
}
END_TEST

START_TEST(a_start_that_takes_as_long_as_ever_is_told_in_one_sentence)
{
    cli_begin();
    const char *out = explained(TWO_OF_THREE("default", "1min", "2"));
    must_tell(out, "j is submitted All 5 tasks were RUNNING 4.12 s after the submission");
    must_not_tell(out, "waited");
    cli_end();
}
END_TEST

/* A kill just before the end: no line of the job, but the summary knows whose tasks went. */
START_TEST(the_cause_of_an_outage_that_nobody_noticed_is_told)
{
    cli_begin();
    const char *out = explained(
        TWO_OF_THREE("default", "2min", "2") "events:\n  - { at: 119900ms, kill: tm1 }\n");
    must_tell(out, "The script did what it says (kill tm1). Tasks stopped, and the JobManager did "
                   "not hear of it.");
    cli_end();
}
END_TEST

/* Every phase within the outage, and together as long as it. */
static size_t check_phases(void)
{
    struct note note = { "" };
    struct run_log log;
    struct narrative narrative;
    char path[256];
    size_t checked = 0;
    json_t *summary = json_loads(cli_get_file("o/summary.json"), 0, NULL);
    ck_assert_ptr_nonnull(summary);
    text_format(path, sizeof path, "%s/o/events.jsonl", cli_folder());
    ck_assert(!err_is(run_log_read(&log, path, &note)));
    narrative_init(&narrative, &log, 20 * TIME_MIN, summary);
    for (VEC_EACH(const struct chapter, chapter, &narrative.chapters)) {
        struct phases phases;
        time_ns sum = 0;
        if (chapter->kind == CHAPTER_END)
            continue;
        chapter_phases(&narrative, chapter, &phases);
        for (int i = 0; i < PHASE_COUNT; i++) {
            ck_assert_int_ge(phases.length[i], 0);
            sum += phases.length[i];
        }
        time_ns over = chapter->is_dead ? log.entries.items[chapter->last].at : chapter->to;
        ck_assert_int_eq(sum, over - chapter->from);
        checked += chapter->kind == CHAPTER_INCIDENT;
    }
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&log);
    return checked;
}

/* Outages of every kind: seen at once, after a heartbeat's timeout, behind a slow link so that the
 * JobManager hears of the last task seconds late, for want of a slot, and one that goes on. */
START_TEST(phases_add_up_to_the_outage)
{
    static const char *const events[] = {
        "  - { at: 3min, kill: tm1 }\n  - { at: 5min, add: 1 }\n"
        "  - { at: 19min, kill: tm2 }\n",
        "  - { at: 2min, throttle: { task-manager: tm1, from: jobmanager, bandwidth: 1mbit,"
        " latency: 2s, for: 15min } }\n"
        "  - { at: 3min, fail: { job: j, vertex: s, subtask: 0 } }\n"
        "  - { at: 6min, fail: { job: j, vertex: c, subtask: 1 } }\n",
        "  - { at: 2min, cut: { task-manager: tm2, from: jobmanager, for: 3min } }\n"
        "  - { at: 10min, freeze: { task-manager: jobmanager, for: 20s } }\n"
        "  - { at: 602s, kill: tm1 }\n  - { at: 11min, add: 1 }\n",
    };
    static const char *const schedulers[] = { TWO_OF_THREE("default", "20min", "2"),
                                              TWO_OF_THREE("adaptive", "20min", "2") };
    char yaml[4096];
    for (size_t s = 0; s < 2; s++) {
        cli_begin();
        text_format(yaml, sizeof yaml, "%sevents:\n%s", schedulers[s], events[_i]);
        explained(yaml);
        ck_assert_uint_ge(check_phases(), 1);
        cli_end();
    }
}
END_TEST

/* What the recovery's picture shows of waits: by one region for all, by the adaptive scheduler, and
 * by the second of two regions, of which no line says that the first runs by then: the next sample
 * is 500 ms later. */
START_TEST(a_wait_for_slots_is_painted_as_one)
{
    static const struct {
        const char *yaml, *states;
    } waits[] = {
        { TWO_OF_THREE("default", "8min", "2") "events:\n  - { at: 3min, kill: tm1 }\n"
                                               "  - { at: 5min, add: 1 }\n",
          "191.540557325,301,0,0,WaitingForResources\n301,302,0,0,RESTARTING\n" },
        { TWO_OF_THREE("adaptive", "8min", "2") "events:\n  - { at: 3min, kill: tm1 }\n"
                                                "  - { at: 5min, add: 1 }\n",
          "191.743357325,201.743357325,0,0,WaitingForResources\n" },
        { "name: n\nduration: 4min\nsample: 500ms\n"
          "cluster: { task-manager: { slots: 2 },\n"
          "  task-managers: [ tm1, { name: tm2, at: 50s, slots: 1 } ] }\n"
          "config: { jobmanager.scheduler: default, execution.checkpointing.interval: 10s }\n"
          "jobs:\n  - name: j\n    vertices: [ { name: s, parallelism: 2 }, "
          "{ name: c, parallelism: 2 } ]\n    edges: [ s -> c: forward ]\n    load: 1k/s\n"
          "events:\n  - { at: 1min, kill: tm1 }\n  - { at: 2min, add: 1 }\n",
          "72.0716,72.5,0,0,deploying\n72.5,125.1207,0,0,WaitingForResources\n" },
    };
    cli_begin();
    cli_put_file("s.yaml", waits[_i].yaml);
    ck_assert_int_eq(cli_weir("run @/s.yaml --quiet --no-plots --out @/o"), 0);
    must_tell(cli_get_file("o/states.csv"), waits[_i].states);
    cli_end();
}
END_TEST

/* One slot is missing for good. What has no attempt left FAILS by it, however it is restarted. */
static const struct want_case {
    const char *config, *edges;
    const char *said;
} wants[] = {
    { "restart-strategy.type: none", "s -> c: hash", "the slots needed cannot be had." },
    { "restart-strategy.type: none", "s -> c: forward",
      "s failed: the slots needed cannot be had." },
    { "restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 2",
      "s -> c: hash", "the slots needed cannot be had." },
    { "restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 2",
      "s -> c: forward", "s failed: the slots needed cannot be had." },
};

START_TEST(a_job_that_asks_for_too_many_slots_fails_by_that)
{
    const struct want_case *want = &wants[_i];
    char yaml[1000], failed[200];
    text_format(yaml, sizeof yaml,
                "name: n\nduration: 8min\n"
                "cluster: { task-manager: { count: 3 } }\n"
                "config: { jobmanager.scheduler: default, parallelism.default: 4, %s }\n"
                "jobs:\n  - name: j\n    vertices: [ { name: s }, { name: c } ]\n"
                "    edges: [ %s ]\n    load: 1k/s\n",
                want->config, want->edges);
    text_format(failed, sizeof failed, "What it FAILED by: %s Nothing", want->said);
    cli_begin();
    const char *out = explained(yaml);
    must_tell(out, failed);
    must_tell(out, "It asked in vain for the slots it needs, ");
    must_tell(out, "and 1 was missing. ");
    cli_end();
}
END_TEST

/* Regions, of which one is killed when it runs and not missed yet when the others do, at 15 s. */
START_TEST(a_start_is_over_when_all_tasks_run_at_once)
{
    cli_begin();
    const char *out = explained(
        "name: n\nduration: 60s\n"
        "cluster: { task-manager: { count: 2, slots: 2 }, timing: { initialize: 5s } }\n"
        "config: { parallelism.default: 4, jobmanager.scheduler: default,\n"
        "  execution.checkpointing.interval: 10s }\n"
        "jobs:\n  - name: j\n    vertices: [ { name: a, cost: 2us }, { name: b, cost: 6us } ]\n"
        "    edges: [ a -> b: forward ]\n    load: 100/s\n"
        "events:\n  - { at: 9s, fail: { vertex: b, subtask: 3 } }\n"
        "  - { at: 12s, kill: tm1 }\n  - { at: 13s, add: 1 }\n");
    must_tell(out, "All 8 tasks were RUNNING 36.5 s after the submission");
    cli_end();
}
END_TEST

Suite *test_cli_explain_waits_suite(void);
Suite *test_cli_explain_waits_suite(void)
{
    Suite *suite = suite_create("cli_explain_waits");
    TCase *tcase = tcase_create("waits");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, slots_that_are_on_their_way_are_not_missing);
    tcase_add_test(tcase, machines_that_go_together_are_told_together);
    tcase_add_test(tcase, a_job_that_never_gets_its_slots_is_told_what_was_missing);
    tcase_add_test(tcase, what_regions_lack_is_told_together);
    tcase_add_test(tcase, a_job_that_waits_still_is_said_to);
    tcase_add_test(tcase, what_ended_a_long_wait_is_told);
    tcase_add_test(tcase, a_start_that_takes_as_long_as_ever_is_told_in_one_sentence);
    tcase_add_test(tcase, the_cause_of_an_outage_that_nobody_noticed_is_told);
    tcase_add_test(tcase, a_start_is_over_when_all_tasks_run_at_once);
    tcase_add_loop_test(tcase, a_job_that_asks_for_too_many_slots_fails_by_that, 0,
                        (int)(sizeof wants / sizeof *wants));
    tcase_add_loop_test(tcase, phases_add_up_to_the_outage, 0, 3);
    tcase_add_loop_test(tcase, a_wait_for_slots_is_painted_as_one, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
