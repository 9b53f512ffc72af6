/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden results: what is written, kept, compared, and when they are not.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/golden.h"
#include "tests/lib/command_line.h"

#define SCENARIO(load)                                                                             \
    "name: tiny\n"                                                                                 \
    "duration: 1min\n"                                                                             \
    "config: { execution.checkpointing.interval: 5s }\n"                                           \
    "cluster: { task-manager: { count: 2, slots: 2, boot: 1s } }\n"                                \
    "jobs:\n"                                                                                      \
    "  - name: clicks\n"                                                                           \
    "    vertices: [ { name: source }, { name: count, keys: 10 } ]\n"                              \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: " load "\n"                                                                         \
    "events: [ { at: 30s, fail: count } ]\n"                                                       \
    "compare: { undisturbed: { events: null } }\n"                                                 \
    "expect:\n"                                                                                    \
    "  - { name: runs, event: all tasks RUNNING }\n"                                               \
    "  - { name: nothing lost, invariant: exactly-once }\n"

START_TEST(golden_results_are_written_compared_and_told)
{
    cli_begin();
    cli_put_file("scenario.yaml", SCENARIO("1k/s"));
    ck_assert_int_eq(cli_weir("test @ --update-golden"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n4 passed, 0 failed\n")); /* 2, and one per run */
    ck_assert_ptr_nonnull(strstr(cli_get_file("expected.json"), "\"fingerprint\""));
    ck_assert_int_eq(cli_weir("test @"), EXIT_HELD);
    cli_put_file("scenario.yaml", SCENARIO("2k/s"));
    ck_assert_int_eq(cli_weir("test @"), EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  golden results"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "offered_rate total"));
    cli_end();
}
END_TEST

/* They are of the scenario as it is. */
START_TEST(golden_results_of_another_run_are_not_compared_and_not_written)
{
    cli_begin();
    cli_put_file("scenario.yaml", SCENARIO("1k/s"));
    ck_assert_int_eq(cli_weir("test @ --seed 9"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "golden results")); /* there are none */
    cli_put_file("expected.json", "{\"fingerprint\": \"1\"}");
    ck_assert_int_eq(cli_weir("test @"), EXIT_FAILED);
    ck_assert_int_eq(cli_weir("test @ --seed 9"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n  golden results  not compared: --seed\n"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n2 passed, 0 failed\n"));
    ck_assert_int_eq(cli_weir("test @ --set jobs.clicks.load=2k/s --world exact --json"),
                     EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\"golden_not_compared\": \"--world, --set\""));
    ck_assert_int_eq(cli_weir("test @ --seed 9 --update-golden"), EXIT_INPUT);
    ck_assert_str_eq(cli_get_file("expected.json"), "{\"fingerprint\": \"1\"}");
    cli_end();
}
END_TEST

START_TEST(a_golden_file_keeps_its_list_of_metrics)
{
    struct check_results results = { 0 };
    struct note note = { "" };
    char path[128];
    json_t *summary =
        json_loads("{\"fingerprint\": \"1\", \"recoveries\":"
                   " [{\"recovered_after_s\": 1}, {\"recovered_after_s\": 2}], \"metrics\":"
                   " {\"cost\": {\"unit\": \"money\", \"final\": 3},"
                   " \"lag_seconds\": {\"max\": 7}}}",
                   0, NULL);
    cli_begin();
    text_format(path, sizeof path, "%s/scenario.yaml", cli_folder());
    cli_put_file("expected.json", "{\"metrics\": {\"cost\": {\"final\": 2}}}");
    ck_assert(!err_is(golden_compare(path, summary, &results, &note)));
    ck_assert(!results.list.items[0].held);
    ck_assert_str_eq(results.list.items[0].detail, "cost final: 3, expected 2");
    ck_assert(!err_is(golden_update(path, summary, &note)));
    ck_assert(!err_is(golden_compare(path, summary, &results, &note)));
    ck_assert(results.list.items[1].held);
    ck_assert_ptr_null(strstr(cli_get_file("expected.json"), "lag_seconds"));
    cli_put_file("expected.json", "{\"fingerprint\": \"1\", \"recoveries\": [1]}");
    ck_assert(!err_is(golden_compare(path, summary, &results, &note)));
    ck_assert(!results.list.items[2].held);
    ck_assert_str_eq(results.list.items[2].detail, "recoveries: 2, expected 1");
    static const char *const bad[][2] = {
        { "[]", "expected.json:1: found no object" },
        { "{}", "expected.json: the run: found nothing to compare, expected a fingerprint or "
                "metrics" },
        { "{\"metrics\": {}}", "the run: found nothing to compare" },
        { "{\"metrics\": {\"cost\": {\"final\": 3}}, \"recoverys\": [1]}",
          "the run: found recoverys, expected fingerprint, metrics, recoveries or compare" },
        { "{\"fingerprint\": \"1\", \"compare\": {\"a\": {}}}", "a: found nothing to compare" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cli_put_file("expected.json", bad[i][0]);
        ck_assert(err_is(golden_compare(path, summary, &results, &note)));
        ck_assert_msg(strstr(note.text, bad[i][1]) != NULL, "%s", note.text);
    }
    vec_fini(&results.list);
    json_decref(summary);
    cli_end();
}
END_TEST

/* One that is gone, and one that is new. */
START_TEST(golden_results_are_of_the_variants_that_there_are)
{
    struct check_results results = { 0 };
    struct note note = { "" };
    char path[128];
    json_t *summary = json_loads("{\"fingerprint\": \"1\", \"compare\": {"
                                 "\"same\": {\"fingerprint\": \"2\"},"
                                 "\"new\": {\"fingerprint\": \"3\"}}}",
                                 0, NULL);
    cli_begin();
    text_format(path, sizeof path, "%s/scenario.yaml", cli_folder());
    cli_put_file("expected.json", "{\"fingerprint\": \"1\", \"compare\": {"
                                  "\"old\": {\"fingerprint\": \"3\"},"
                                  "\"same\": {\"fingerprint\": \"2\"}}}");
    ck_assert(!err_is(golden_compare(path, summary, &results, &note)));
    ck_assert_uint_eq(results.list.count, 4);
    ck_assert(results.list.items[0].held);
    ck_assert_str_eq(results.list.items[1].name, "golden results of old");
    ck_assert_str_eq(results.list.items[1].measured, "no such variant");
    ck_assert(!results.list.items[1].held && results.list.items[2].held);
    ck_assert_str_eq(results.list.items[3].name, "golden results of new");
    ck_assert_str_eq(results.list.items[3].measured, "none were written");
    ck_assert(!results.list.items[3].held);
    vec_fini(&results.list);
    json_decref(summary);
    cli_end();
}
END_TEST

Suite *test_cli_golden_suite(void)
{
    Suite *suite = suite_create("cli_golden");
    TCase *tcase = tcase_create("golden results");
    tcase_add_test(tcase, golden_results_are_written_compared_and_told);
    tcase_add_test(tcase, golden_results_are_of_the_variants_that_there_are);
    tcase_add_test(tcase, golden_results_of_another_run_are_not_compared_and_not_written);
    tcase_add_test(tcase, a_golden_file_keeps_its_list_of_metrics);
    suite_add_tcase(suite, tcase);
    return suite;
}
