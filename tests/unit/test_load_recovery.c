/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading jobs that start from a snapshot of another: which job that is, whose log its sources go
 * on reading, and every complaint.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/load_fixture.h"

/* "j" from line 4 on; the second job begins on line 8. */
#define HEIR(path)                                                                                 \
    LOAD_FIXTURE_BASE "  - name: k\n"                                                              \
                      "    at: 20min\n"                                                            \
                      "    config: { execution.state-recovery.path: " path " }\n"                  \
                      "    vertices: [ { name: source, parallelism: 2 }, { name: count, keys: 10 " \
                      "} ]\n"                                                                      \
                      "    edges: [ source -> count: hash ]\n"

START_TEST(a_source_goes_on_with_the_log_of_the_first_that_read_it)
{
    struct scenario *scenario = load_fixture_scenario(
        HEIR("savepoint of j") "  - name: l\n"
                               "    config: { execution.savepoint.path: checkpoint 7 of k }\n"
                               "    vertices: [ { name: source }, { name: other } ]\n"
                               "    loads: { other: 3/s }\n");
    const struct job_spec *jobs = scenario->jobs.items;
    ck_assert_uint_eq(jobs[0].former, 0);
    ck_assert_uint_eq(jobs[1].former, 1);
    ck_assert_uint_eq(jobs[2].former, 2);
    struct vertex_id source = job_graph_find_vertex(jobs[2].graph, "source");
    ck_assert_ptr_eq(scenario_log_of(scenario, &jobs[2], &source), &jobs[0]);
    ck_assert_uint_eq(source.n, job_graph_find_vertex(jobs[0].graph, "source").n);
    ck_assert_uint_eq(jobs[0].loads.items[source.n].points.count, 1);
    struct vertex_id other = job_graph_find_vertex(jobs[2].graph, "other");
    ck_assert_ptr_eq(scenario_log_of(scenario, &jobs[2], &other), &jobs[2]);
    scenario_destroy(scenario);
}
END_TEST

/* Of a larger job the topic has no more partitions; what the source of the first does at its own
 * pace, that of the second does too. */
START_TEST(a_log_has_the_partitions_and_the_pace_of_the_first_reader)
{
    struct scenario *scenario = load_fixture_scenario(
        "name: t\nduration: 1h\njobs:\n"
        "  - { name: j, vertices: [ { name: a, parallelism: 2, partitions: 24 } ],\n"
        "      load: { constant: 5/s, per-subtask: true } }\n"
        "  - { name: k, vertices: [ { name: a, parallelism: 200 } ],\n"
        "      config: { execution.state-recovery.path: savepoint 3 of j } }\n");
    ck_assert_int_eq(scenario->jobs.items[1].vertices.items[0].partitions, 24);
    ck_assert(scenario->jobs.items[1].load_per_subtask.items[0]);
    scenario_destroy(scenario);
}
END_TEST

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { HEIR("/savepoints/savepoint-1c2d"),
      "t.yaml:10: jobs.k.config.execution.state-recovery.path: found '/savepoints/savepoint-1c2d', "
      "expected savepoint of JOB, savepoint 3 of JOB, or the same with checkpoint" },
    { HEIR("savepoint of jj"),
      "t.yaml:10: jobs.k.config.execution.state-recovery.path: found a snapshot of 'jj', expected "
      "one of a job above this one, did you mean 'j'?" },
    { HEIR("savepoint of k"),
      "t.yaml:10: jobs.k.config.execution.state-recovery.path: found a snapshot of 'k', expected "
      "one of a job above this one, did you mean 'j'?" },
    { HEIR("savepoint of j") "    load: 5/s\n",
      "t.yaml:13: jobs.k.load: found a load for source 'source', which goes on reading the log of "
      "job 'j', expected none" },
    { HEIR("savepoint of j") "    loads: { source: 5/s }\n",
      "t.yaml:13: jobs.k.loads.source: found a load for source 'source', which goes on reading the "
      "log of job 'j', expected none" },
    { "name: t\nduration: 1h\njobs:\n"
      "  - { name: j, vertices: [ { name: a } ], load: 5/s }\n"
      "  - { name: k, vertices: [ { name: a, partitions: 24 } ],\n"
      "      config: { execution.state-recovery.path: savepoint 3 of j } }\n",
      "t.yaml:5: jobs.k: found 24 partitions of source 'a', expected the 128 of job 'j', whose log "
      "it goes on reading" },
    { "config: { execution.state-recovery.path: savepoint of j }\n" LOAD_FIXTURE_BASE,
      "t.yaml:5: jobs.j: found a snapshot of 'j', expected one of a job above this one" },
    { HEIR("savepoint of j, execution.state-recovery.claim-mode: LEGACY"),
      "t.yaml:10: jobs.k.config.execution.state-recovery.claim-mode: found 'LEGACY', expected one "
      "of no_claim, claim" },
};

START_TEST(a_start_that_cannot_be_is_said_in_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

/* What the configuration holds of a text: without the blanks around it, and not without end. */
START_TEST(a_text_of_the_configuration_has_a_limit)
{
    struct config config = config_default();
    struct note note;
    char text[CONFIG_TEXT_SIZE + 1];
    memset(text, 'x', sizeof text);
    text[CONFIG_TEXT_SIZE] = '\0';
    const char *key = "execution.state-recovery.path";
    ck_assert_int_eq(config_set(&config, key, text, &note).code, ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, "execution.state-recovery.path: found 128 letters, expected fewer "
                                "than 128");
    text[CONFIG_TEXT_SIZE - 1] = '\0';
    ck_assert(!err_is(config_set(&config, key, text, &note)));
    ck_assert_str_eq(config.recovery_path.text, text);
    ck_assert(!err_is(config_set(&config, key, "  a b ", &note)));
    ck_assert_str_eq(config.recovery_path.text, "a b");
    ck_assert(!err_is(config_set(&config, key, NULL, &note)));
    struct config fresh = config_default();
    ck_assert_mem_eq(&config, &fresh, sizeof config);
}
END_TEST

Suite *test_load_recovery_suite(void)
{
    Suite *suite = suite_create("load recovery");
    TCase *all = tcase_create("recovery");
    tcase_add_test(all, a_source_goes_on_with_the_log_of_the_first_that_read_it);
    tcase_add_test(all, a_log_has_the_partitions_and_the_pace_of_the_first_reader);
    tcase_add_loop_test(all, a_start_that_cannot_be_is_said_in_one_line, 0,
                        sizeof broken / sizeof *broken);
    tcase_add_test(all, a_text_of_the_configuration_has_a_limit);
    suite_add_tcase(suite, all);
    return suite;
}
