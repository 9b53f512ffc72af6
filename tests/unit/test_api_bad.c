/* SPDX-License-Identifier: Apache-2.0
 *
 * What user functions must not do, and state whose type is another one by now: the job fails, and
 * main is told of what.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/book.h"
#include "tests/lib/exact_run.h"

/* What main of the program was told when it had these arguments. */
static const char *told_with(const char *config, const char *program, const char *act,
                             const char *more)
{
    char yaml[1000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml,
             "name: bad\n"
             "world: exact\n"
             "duration: 2min\n"
             "config: { execution.checkpointing.interval: 5s, %s }\n"
             "cluster: { task-manager: { count: 2, slots: 2, memory: 20mb } }\n"
             "jobs: [ { program: %s, args: [%s, %s%s] } ]\n",
             config, program, act, book_path(), more);
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    exact_run_fini(&run);
    return book_text();
}

static const char *told_by(const char *program, const char *act, const char *more)
{
    return told_with("state.backend.type: hashmap", program, act, more);
}

static const char *told(const char *act, const char *more)
{
    return told_by("bad", act, more);
}

static const struct {
    const char *act, *told;
} mistakes[] = {
    { "undeclared", "state 'total' was not declared" },
    { "kind", "state 'sum' was declared as another kind" },
    { "text", "3 bytes of text for state 'sum', expected a value of 16" },
    { "fails", "value 17 is bad" },
    { "side", "a record for output 3, which nobody has declared" },
    { "timer", "a timer, and no function for it" },
    { "rules", "broadcast map 'rules' outside of a process with rules" },
    { "below", "the partitioner says channel -1, expected 0 to 0" },
    { "beyond", "the partitioner says channel 1, expected 0 to 0" },
    { "unlisted", "state 'sum' was not declared" },
    { "no-name", "the name of a state is null" },
    { "no-list-name", "the name of a state is null" },
    { "no-value", "a value of state 'sum' is null" },
    { "no-text", "a value of state 'text' is null" },
    { "no-entry", "a value of state 'all' is null" },
    { "no-list-entry", "a value of state 'all' is null" },
    { "no-key", "a key of state 'map' is null" },
    { "no-new-key", "a key of state 'map' is null" },
    { "no-map-value", "a value of state 'map' is null" },
    { "no-old-key", "a key of state 'map' is null" },
    { "no-walk", "a walk of state 'all' is null" },
    { "no-list-walk", "a walk of state 'all' is null" },
    { "no-rule-walk", "a walk of state 'rules' is null" },
    { "no-rule-map", "the name of a state is null" },
    { "no-rule-key", "a key of state 'rules' is null" },
    { "no-rule-value", "a value of state 'rules' is null" },
    { "no-record", "a record is null" },
};
enum { MISTAKES = 27 };

START_TEST(a_function_that_does_what_it_must_not_fails_its_job)
{
    char wanted[200];
    snprintf(wanted, sizeof wanted, "RuntimeException: judge: %s\n", mistakes[_i].told);
    ck_assert_str_eq(told(mistakes[_i].act, ""), wanted);
}
END_TEST

START_TEST(a_record_larger_than_a_buffer_fails_its_job)
{
    ck_assert_str_eq(
        told("wide", ""),
        "RuntimeException: records of 100000 bytes do not fit into buffers of 32768\n");
}
END_TEST

/* Operator state is on the heap whatever the backend. */
static const char *const backends[] = { "state.backend.type: hashmap",
                                        "state.backend.type: rocksdb" };

START_TEST(lists_that_outgrow_the_memory_fail_their_job)
{
    const char *text = told_with(backends[_i], "bad", "hoard", "");
    ck_assert_msg(strstr(text, "OutOfMemoryError: judge: list 'all' has grown to ") == text &&
                      strstr(text, ", and there is room for 20") != NULL,
                  "%s", text);
}
END_TEST

/* FAILED by these words, or FINISHED without any. */
static const struct {
    const char *act, *told;
} excesses[] = {
    { "wide-text", "5 RuntimeException: judge: a record of 65552 bytes is larger than a buffer\n" },
    { "vast-text", "5 RuntimeException: judge: a record of 4294967295 bytes is larger than" },
    { "vast-value", "5 RuntimeException: judge: a record of 4294967280 bytes is larger than" },
    { "endless-line",
      "5 RuntimeException: lines: a line of 16777217 bytes, expected at most 16777" },
    { "other-line",
      "5 RuntimeException: lines: a line of 100002 bytes, which were 100001 when it" },
    { "table-line",
      "5 RuntimeException: lines: could not write: a line of 16777217 bytes, expected" },
    { "far-time",
      "5 RuntimeException: judge: a record with the timestamp 9223372036854775807 rea" },
    { "much-list", "5 OutOfMemoryError: judge: state 'list' has grown to 2" },
    { "much-map", "5 OutOfMemoryError: judge: state 'map' has grown to 2" },
    { "much-rules", "5 OutOfMemoryError: judge: broadcast map 'rules' has grown to 2" },
    { "many-questions", "5 OutOfMemoryError: judge: the queue of questions has grown to 2" },
    { "much-text", "3 \n" },
    { "far-timers", "3 \n" },
    { "far-interval", "3 \n" },
    { "always", "5 RuntimeException: judge: the lower bound is above the upper one, or too far\n" },
};
enum { EXCESSES = 15 };

START_TEST(what_fits_nowhere_fails_its_task_or_does_no_harm)
{
    const char *text = told_by("worse", excesses[_i].act, "");
    ck_assert_msg(strncmp(text, excesses[_i].told, strlen(excesses[_i].told)) == 0, "%s: %s",
                  excesses[_i].act, text);
}
END_TEST

/* Records that a timer of processing time gave out, and who reads them. */
static const struct {
    const char *reader, *told;
} readers[] = {
    { "window", "5 RuntimeException: judge: a record without a timestamp reached a window of event "
                "time: was it given out by a timer of processing time " },
    { "session", "5 RuntimeException: judge: a record without a timestamp reached a window of" },
    { "interval", "5 RuntimeException: judge: a record without a timestamp reached a join of" },
    { "join", "5 RuntimeException: judge: a record without a timestamp reached a join of" },
    { "assigned", "3 \n" },
    { "map", "3 \n" },
};
enum { READERS = 6 };

START_TEST(only_who_needs_event_time_refuses_a_record_without_it)
{
    const char *text = told_by("timeless", readers[_i].reader, "");
    ck_assert_msg(strncmp(text, readers[_i].told, strlen(readers[_i].told)) == 0, "%s: %s",
                  readers[_i].reader, text);
}
END_TEST

static const char *const kinds[] = { ", reduce", ", process", ", session",
                                     ", window", ", join",    ", lists" };
enum { KINDS = 6 };

START_TEST(state_of_another_version_is_not_restored)
{
    const char *text = told("upgrade", kinds[_i]);
    ck_assert_msg(strstr(text, "Exception: keyed: state '") == text &&
                      strstr(text, "its values were written by another serializer (version 1, "
                                   "expected 2)\n"),
                  "%s", text);
}
END_TEST

START_TEST(state_of_the_same_version_is)
{
    ck_assert_str_eq(told("same", kinds[_i]), "\n");
}
END_TEST

/* What the records of a checkpoint have become, and what is said of them; empty: it goes on. */
static const struct {
    const char *now, *told;
} records_under_way[] = {
    { "same", "" },
    { "version", "were written by another serializer (version 1, expected 2)" },
    { "other", "were written by the serializer of another type" },
    { "stamped", "were written by the serializer of another type" },
};
enum { RECORDS_UNDER_WAY = 4 };

START_TEST(records_under_way_of_another_serializer_are_not_restored)
{
    const char *wanted = records_under_way[_i].told;
    const char *text =
        told_with("execution.checkpointing.unaligned.enabled: true, restart-strategy.type: none, "
                  "execution.checkpointing.externalized-checkpoint-retention: "
                  "RETAIN_ON_CANCELLATION",
                  "under_way", records_under_way[_i].now, "");
    ck_assert_msg(wanted[0] == '\0'
                      ? strcmp(text, "\n") == 0
                      : strstr(text, "put 0: its records in flight ") && strstr(text, wanted),
                  "%s", text);
}
END_TEST

/* No task of it has failed: it never had any. */
START_TEST(a_job_that_cannot_begin_says_why)
{
    const char *text = told("gone", ", reduce");
    ck_assert_msg(strstr(text, "Failed to rollback to checkpoint/savepoint 'savepoint of first': "
                               "Cannot map checkpoint/savepoint state for operator keyed") == text,
                  "%s", text);
}
END_TEST

START_TEST(a_job_that_gets_no_slots_says_so)
{
    ck_assert_str_eq(told("crowd", ""), "not enough slots for the lower bounds\n");
}
END_TEST

/* How the state was declared first, and then; empty: it goes on. */
static const struct {
    const char *kinds, *told;
} changes[] = {
    { ", value, map", "found a value, expected a map" },
    { ", map, value", "found a map, expected a value" },
    { ", list, map", "found a list, expected a map" },
    { ", map, list", "found a map, expected a list" },
    { ", list, reduced", "found a list, expected a reduced value" },
    { ", value, reduced", "found a value, expected a reduced value" },
    { ", value, value-for-a-day", "found a value, expected a value with a time to live" },
    { ", list-for-a-day, list", "found a list with a time to live, expected a list" },
    { ", map, list-for-a-day", "found a map, expected a list with a time to live" },
    { ", list-for-a-day, list-for-a-week", "" },
    { ", reduced, reduced", "" },
};
enum { CHANGES = 11 };

START_TEST(state_of_another_kind_is_not_restored)
{
    char wanted[200] = "\n";
    if (changes[_i].told[0] != '\0')
        snprintf(wanted, sizeof wanted,
                 "Exception: keyed: state 'last': %s (Flink's StateMigrationException)\n",
                 changes[_i].told);
    ck_assert_str_eq(told("become", changes[_i].kinds), wanted);
}
END_TEST

Suite *test_api_bad_suite(void);
Suite *test_api_bad_suite(void)
{
    Suite *suite = suite_create("api bad");
    TCase *tcase = tcase_create("mistakes");
    tcase_add_checked_fixture(tcase, book_begin, book_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_function_that_does_what_it_must_not_fails_its_job, 0, MISTAKES);
    tcase_add_test(tcase, a_record_larger_than_a_buffer_fails_its_job);
    tcase_add_loop_test(tcase, lists_that_outgrow_the_memory_fail_their_job, 0, 2);
    tcase_add_loop_test(tcase, what_fits_nowhere_fails_its_task_or_does_no_harm, 0, EXCESSES);
    tcase_add_loop_test(tcase, only_who_needs_event_time_refuses_a_record_without_it, 0, READERS);
    tcase_add_loop_test(tcase, state_of_another_version_is_not_restored, 0, KINDS);
    tcase_add_loop_test(tcase, state_of_the_same_version_is, 0, KINDS);
    tcase_add_loop_test(tcase, records_under_way_of_another_serializer_are_not_restored, 0,
                        RECORDS_UNDER_WAY);
    tcase_add_test(tcase, a_job_that_cannot_begin_says_why);
    tcase_add_test(tcase, a_job_that_gets_no_slots_says_so);
    tcase_add_loop_test(tcase, state_of_another_kind_is_not_restored, 0, CHANGES);
    suite_add_tcase(suite, tcase);
    return suite;
}
