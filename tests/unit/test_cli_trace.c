/* SPDX-License-Identifier: Apache-2.0
 *
 * One key followed through a run: each of its records once at each operator, but for those that
 * come again behind a failure, and state that adds up.
 */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define JOB                                                                                        \
    "name: traced\n"                                                                               \
    "world: exact\n"                                                                               \
    "duration: 60s\n"                                                                              \
    "config: { parallelism.default: 2, execution.checkpointing.interval: 3s }\n"                   \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 2, slots: 1, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2, tm3, tm4, tm5 ]\n"                                               \
    "jobs:\n"                                                                                      \
    "  - name: job\n"                                                                              \
    "    vertices:\n"                                                                              \
    "      - { name: source, group: a, cost: 10us, bytes: 100 }\n"                                 \
    "      - { name: count, group: b, keys: 100, cost: 40us }\n"                                   \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 300/s\n"
#define KILL "events: [ { at: 20s, kill: tm3 } ]\n"

struct totals {
    size_t taken, again, made;
    int64_t records; /* of the last state */
    bool jumps;      /* state went on from another number than it had; allowed behind a failure */
};

static struct totals read_trace(void)
{
    struct totals totals = { 0 };
    char *text = mem_copy_text(cli_get_file("run/trace.jsonl")), *rest = text;
    for (char *one; (one = strsep(&rest, "\n")) != NULL;) {
        json_t *line = json_loads(one, 0, NULL);
        const char *what = json_string_value(json_object_get(line, "what"));
        if (what && strcmp(what, "takes") == 0) {
            totals.taken++;
            totals.again += json_is_true(json_object_get(line, "replayed"));
        } else if (what && strcmp(what, "makes") == 0) {
            totals.made++;
        } else if (what && strcmp(what, "state") == 0) {
            int64_t before = json_integer_value(json_object_get(line, "records_before"));
            totals.jumps |= before != totals.records;
            totals.records = json_integer_value(json_object_get(line, "records"));
        }
        json_decref(line);
    }
    mem_destroy(text);
    return totals;
}

START_TEST(each_record_of_the_key_is_told_of_once)
{
    cli_begin();
    cli_put_file("traced.yaml", JOB);
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --trace-key 7 --out @/run @/traced.yaml"),
                     EXIT_HELD);
    struct totals totals = read_trace();
    ck_assert_uint_gt(totals.taken, 100);
    ck_assert_uint_ge(totals.made, totals.taken);
    ck_assert_uint_eq(totals.again, 0);
    ck_assert_int_eq(totals.records, (int64_t)totals.taken);
    ck_assert(!totals.jumps);
    ck_assert_int_eq(cli_weir("explain @/run --trace"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "takes record "));
    ck_assert_ptr_nonnull(strstr(cli_out(), "more lines; --all tells them\n"));
    ck_assert_ptr_nonnull(strstr(cli_out(), " times, 0 of these again.\n"));
    cli_end();
}
END_TEST

/* The state stands for each record once, so what was taken and is not in it came again. */
START_TEST(what_comes_again_behind_a_failure_is_marked)
{
    cli_begin();
    cli_put_file("traced.yaml", JOB KILL);
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --trace-key 7 --out @/run @/traced.yaml"),
                     EXIT_HELD);
    struct totals totals = read_trace();
    ck_assert(totals.jumps);
    ck_assert_uint_gt(totals.again, 0);
    ck_assert_int_eq(totals.records, (int64_t)(totals.taken - totals.again));
    cli_end();
}
END_TEST

START_TEST(a_trace_changes_nothing_else)
{
    cli_begin();
    cli_put_file("traced.yaml", JOB KILL);
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --trace-key 7 --out @/run @/traced.yaml"),
                     EXIT_HELD);
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --out @/other @/traced.yaml"), EXIT_HELD);
    char *with = mem_copy_text(cli_get_file("run/events.jsonl"));
    ck_assert_str_eq(with, cli_get_file("other/events.jsonl"));
    mem_destroy(with);
    ck_assert_int_eq(cli_weir("explain @/other --trace"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "--trace: the run followed no key"));
    cli_end();
}
END_TEST

START_TEST(keys_that_cannot_be_are_refused)
{
    cli_begin();
    cli_put_file("traced.yaml", JOB);
    ck_assert_int_eq(cli_weir("run --quiet --trace-key seven --out @/run @/traced.yaml"),
                     EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "--trace-key: found 'seven', expected a number"));
    ck_assert_int_eq(
        cli_weir("run --quiet --world virtual --trace-key 7 --out @/run @/traced.yaml"),
        EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "virtual world has no records to follow"));
    ck_assert_int_eq(cli_weir("run --json --trace-key 7 @/traced.yaml"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "--trace-key: with --json it needs --out DIR"));
    cli_end();
}
END_TEST

Suite *test_cli_trace_suite(void)
{
    Suite *suite = suite_create("cli: trace");
    TCase *tcase = tcase_create("trace");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, each_record_of_the_key_is_told_of_once);
    tcase_add_test(tcase, what_comes_again_behind_a_failure_is_marked);
    tcase_add_test(tcase, a_trace_changes_nothing_else);
    tcase_add_test(tcase, keys_that_cannot_be_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
