/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir compare` as a whole: what it prints, what it leaves, how it ends.
 */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define BOTH                                                                                       \
    "name: both\n"                                                                                 \
    "question: Do they agree?\n"                                                                   \
    "duration: 30s\n"                                                                              \
    "config: { execution.checkpointing.interval: 5s }\n"                                           \
    "cluster: { task-manager: { slots: 2, cores: 2, boot: 1s }, task-managers: [ tm1 ] }\n"        \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: source }, { name: count, keys: 10 } ]\n"                              \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 500/s\n"                                                                            \
    "compare:\n"                                                                                   \
    "  seldom: { config: { execution.checkpointing.interval: 20s } }\n"

#define ALONE                                                                                      \
    "name: alone\n"                                                                                \
    "duration: 30s\n"                                                                              \
    "config: { execution.checkpointing.interval: 5s }\n"                                           \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: source, bytes: 40000 }, { name: count, keys: 10 } ]\n"                \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 500/s\n"

static void begin(void)
{
    cli_begin();
    cli_put_file("both.yaml", BOTH);
    cli_put_file("alone.yaml", ALONE);
}

static bool said(const char *text)
{
    return strstr(cli_out(), text) != NULL;
}

START_TEST(worlds_are_told_side_by_side)
{
    begin();
    ck_assert_int_eq(cli_weir("compare @/both.yaml"), EXIT_HELD);
    ck_assert(strncmp(cli_out(), "Do they agree?\n", 15) == 0);
    ck_assert(said("decisions") && said("checkpoint triggered") && said("apart, most"));
    ck_assert(said(" decisions agree"));
    ck_assert(said("exact/virtual"));
    ck_assert(said("served_rate"));
    ck_assert_str_eq(cli_errors(), "");
    cli_end();
}
END_TEST

START_TEST(one_world_alone_is_nothing_to_compare)
{
    begin();
    ck_assert_int_eq(cli_weir("compare @/alone.yaml"), EXIT_INPUT);
    ck_assert_str_eq(cli_out(), "");
    ck_assert_ptr_nonnull(strstr(cli_errors(), "weir compare: virtual world can run it alone, so "
                                               "there is nothing to compare: "));
    ck_assert_ptr_nonnull(
        strstr(cli_errors(), "the exact world cannot do records larger than a buffer yet"));
    ck_assert_ptr_eq(strchr(cli_errors(), '\n'), strrchr(cli_errors(), '\n'));
    cli_end();
}
END_TEST

START_TEST(what_is_no_scenario_is_no_refusal)
{
    begin();
    cli_put_file("bad.yaml", "name: bad\nduration: 1\n");
    ck_assert_int_eq(cli_weir("compare @/bad.yaml"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "bad.yaml:2"));
    ck_assert_ptr_null(strstr(cli_errors(), "nothing to compare"));
    ck_assert_int_eq(cli_weir("compare @/both.yaml --variant often"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "found no variant 'often'"));
    ck_assert_int_eq(cli_weir("compare @/both.yaml --tolerance much"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("compare @/both.yaml --context -1"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("compare @/both.yaml --until 1h"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "--until"));
    ck_assert_int_eq(cli_weir("compare @/both.yaml --out "), EXIT_INPUT);
    cli_end();
}
END_TEST

/* Checkpoints of the two worlds never take the same time to the nanosecond. */
START_TEST(exit_code_tells_only_when_it_is_asked)
{
    begin();
    ck_assert_int_eq(cli_weir("compare @/both.yaml --quiet"), EXIT_HELD);
    ck_assert_str_eq(cli_out(), "");
    ck_assert_int_eq(cli_weir("compare @/both.yaml --quiet --tolerance 0%"), EXIT_FAILED);
    /* No machine is up yet. */
    ck_assert_int_eq(cli_weir("compare @/both.yaml --quiet --until 900ms --tolerance 0%"),
                     EXIT_HELD);
    ck_assert_int_eq(cli_weir("compare @/both.yaml --quiet --expect"), EXIT_FAILED);
    cli_end();
}
END_TEST

static double number_at(const json_t *object, const char *a, const char *b)
{
    return json_number_value(json_object_get(json_object_get(object, a), b));
}

/* What is held against the ratio of a metric. */
static double tolerance_of(const char *command, int code, const char *metric)
{
    json_error_t fault;
    ck_assert_int_eq(cli_weir(command), code);
    json_t *all = json_loads(cli_out(), 0, &fault);
    ck_assert_msg(all != NULL, "%s", fault.text);
    const json_t *one = json_array_get(json_object_get(all, "comparisons"), 0);
    const json_t *row = json_object_get(json_object_get(one, "metrics"), metric);
    double tolerance = json_number_value(json_object_get(row, "tolerance"));
    json_decref(all);
    return tolerance;
}

/* What it says of a metric is asked for, so it is held; the command goes before it. */
START_TEST(a_scenario_says_its_tolerances)
{
    static const char plain[] = "compare @/both.yaml --json";
    static const char said[] = "compare @/both.yaml --json --set tolerances.all=5% --set "
                               "tolerances.served_rate=20%";
    static const char both[] = "compare @/both.yaml --json --set tolerances.all=5% --set "
                               "tolerances.served_rate=20% --tolerance 30%";
    static const char before[] = "compare @/both.yaml --json --set tolerances.served_rate=20% "
                                 "--tolerance served_rate=40%";
    begin();
    ck_assert_double_eq_tol(tolerance_of(plain, EXIT_HELD, "served_rate"), 0.1, 1e-9);
    ck_assert_double_eq_tol(tolerance_of(said, EXIT_FAILED, "served_rate"), 0.2, 1e-9);
    ck_assert_double_eq_tol(tolerance_of(said, EXIT_FAILED, "machines"), 0.05, 1e-9);
    ck_assert_double_eq_tol(tolerance_of(both, EXIT_FAILED, "served_rate"), 0.2, 1e-9);
    ck_assert_double_eq_tol(tolerance_of(both, EXIT_FAILED, "machines"), 0.3, 1e-9);
    ck_assert_double_eq_tol(tolerance_of(before, EXIT_FAILED, "served_rate"), 0.4, 1e-9);
    cli_end();
}
END_TEST

START_TEST(json_has_it_all)
{
    json_error_t fault;
    begin();
    ck_assert_int_eq(cli_weir("compare @/both.yaml --json --variant seldom"), EXIT_HELD);
    json_t *all = json_loads(cli_out(), 0, &fault);
    ck_assert_msg(all != NULL, "%s", fault.text);
    ck_assert_str_eq(json_string_value(json_object_get(all, "variant")), "seldom");
    ck_assert_uint_eq(json_array_size(json_object_get(all, "worlds")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(all, "refused")), 0);
    const json_t *one = json_array_get(json_object_get(all, "comparisons"), 0);
    const json_t *rate = json_object_get(json_object_get(one, "metrics"), "served_rate");
    ck_assert_double_eq_tol(json_number_value(json_object_get(rate, "ratio")), 1, 0.05);
    ck_assert_double_gt(number_at(one, "decisions", "agree"), 10);
    ck_assert(json_is_array(json_object_get(json_object_get(one, "decisions"), "kinds")));
    ck_assert(json_is_null(json_object_get(json_object_get(one, "decisions"), "first_parting")));
    json_decref(all);
    cli_end();
}
END_TEST

START_TEST(folder_holds_a_run_for_each_world)
{
    begin();
    ck_assert_int_eq(cli_weir("compare @/both.yaml --out @/out --quiet --no-plots"), EXIT_HELD);
    static const char *const files[] = { "out/summary.json",         "out/weir-run.json",
                                         "out/virtual/events.jsonl", "out/virtual/metrics.csv",
                                         "out/exact/events.jsonl",   "out/exact/summary.json" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(cli_get_file(files[i]) != NULL, "%s", files[i]);
    ck_assert_ptr_nonnull(strstr(cli_get_file("out/summary.json"), "\"comparisons\""));
    /* Each is a run for the other commands, and the whole may be replaced. */
    ck_assert_int_eq(cli_weir("explain @/out/exact"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("report @/out/virtual"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("report @/out"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("compare @/both.yaml --out @/out --quiet --no-plots"), EXIT_HELD);
    cli_put_file("out/exact/note.txt", "mine");
    ck_assert_int_eq(cli_weir("compare @/both.yaml --out @/out --quiet --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "'exact/note.txt'"));
    cli_end();
}
END_TEST

Suite *test_cli_compare_suite(void);

Suite *test_cli_compare_suite(void)
{
    Suite *suite = suite_create("cli_compare");
    TCase *tcase = tcase_create("compare");
    tcase_add_test(tcase, worlds_are_told_side_by_side);
    tcase_add_test(tcase, one_world_alone_is_nothing_to_compare);
    tcase_add_test(tcase, what_is_no_scenario_is_no_refusal);
    tcase_add_test(tcase, exit_code_tells_only_when_it_is_asked);
    tcase_add_test(tcase, a_scenario_says_its_tolerances);
    tcase_add_test(tcase, json_has_it_all);
    tcase_add_test(tcase, folder_holds_a_run_for_each_world);
    suite_add_tcase(suite, tcase);
    return suite;
}
