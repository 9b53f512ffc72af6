/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the rescale history: records, their numbers, their ends, and the bound. The job has two
 * vertices in one slot sharing group.
 */
#include <check.h>
#include <signal.h>

#include "core/rescale/rescale_history.h"

static void begin(struct rescale_history *history, enum rescale_cause cause, bool requirements,
                  int32_t upper, time_ns now)
{
    rescale_history_begin(history, cause, requirements, now);
    const int32_t upper_bounds[] = { upper, upper }, lower_bounds[] = { 1, 1 };
    rescale_history_set_wanted(history, upper_bounds, lower_bounds, upper_bounds, lower_bounds);
}

static void succeed(struct rescale_history *history, int32_t parallelism, time_ns now)
{
    const int32_t after[] = { parallelism, parallelism };
    const struct resource_profile acquired = { .cpu_milli = 500, .memory_bytes = 1 << 20 };
    rescale_history_set_result(history, after, after, &acquired);
    rescale_history_end(history, RESCALE_REASON_SUCCEEDED, now);
}

static void add_span(struct rescale_history *history, const char *state, time_ns from, time_ns to)
{
    rescale_history_add_span(
        history, &(struct rescale_span){ .state = state, .entered_at = from, .left_at = to });
}

/* The recorded first record of a job: INITIAL_SCHEDULE, nothing before, COMPLETED. */
START_TEST(history_records_the_first_schedule)
{
    struct rescale_history history;
    rescale_history_init(&history, 10, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 5 * TIME_S);
    add_span(&history, "Created", 5 * TIME_S, 5 * TIME_S);
    add_span(&history, "WaitingForResources", 5 * TIME_S, 6 * TIME_S);
    const struct rescale_record *record = rescale_history_open_record(&history);
    ck_assert_ptr_nonnull(record);
    ck_assert_int_eq(record->state, RESCALE_IN_PROGRESS);
    ck_assert_int_eq(record->ended_at, TIME_NEVER);
    ck_assert(record->acquired[0].unknown);
    ck_assert_uint_eq(history.counts[RESCALE_IN_PROGRESS], 1);
    succeed(&history, 2, 7 * TIME_S);
    ck_assert_ptr_null(rescale_history_open_record(&history));
    record = &history.records.items[0];
    ck_assert_uint_eq(record->id, 1);
    ck_assert_uint_eq(record->requirements, 1);
    ck_assert_uint_eq(record->attempt, 1);
    ck_assert_int_eq(record->state, RESCALE_COMPLETED);
    ck_assert_int_eq(record->ended_at, 7 * TIME_S);
    ck_assert_uint_eq(record->spans.count, 2);
    ck_assert_int_eq(record->vertices[1].desired, 4);
    ck_assert_int_eq(record->vertices[1].sufficient, 1);
    ck_assert_int_eq(record->vertices[1].before, RESCALE_UNKNOWN);
    ck_assert_int_eq(record->vertices[1].after, 2);
    ck_assert_int_eq(record->groups[0].desired, 4);
    ck_assert_int_eq(record->groups[0].sufficient, 1);
    ck_assert_int_eq(record->groups[0].before, RESCALE_UNKNOWN);
    ck_assert_int_eq(record->groups[0].after, 2);
    ck_assert_int_eq(record->acquired[0].cpu_milli, 500);
    ck_assert_uint_eq(history.counts[RESCALE_COMPLETED], 1);
    ck_assert_uint_eq(history.counts[RESCALE_IN_PROGRESS], 0);
    rescale_history_fini(&history);
}
END_TEST

/* A2: new requirements are a new set at attempt 1; new slots and failovers are the next attempt. */
START_TEST(history_numbers_attempts_within_a_set_of_requirements)
{
    static const struct {
        enum rescale_cause cause;
        bool requirements;
        uint64_t set, attempt;
    } rows[] = { { RESCALE_CAUSE_INITIAL_SCHEDULE, true, 1, 1 },
                 { RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, false, 1, 2 },
                 { RESCALE_CAUSE_RECOVERABLE_FAILOVER, false, 1, 3 },
                 { RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 2, 1 },
                 { RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, false, 2, 2 } };
    struct rescale_history history;
    rescale_history_init(&history, 10, 2, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&history, rows[i].cause, rows[i].requirements, 4, (time_ns)i);
        const struct rescale_record *record = rescale_history_open_record(&history);
        ck_assert_uint_eq(record->id, i + 1);
        ck_assert_int_eq(record->cause, rows[i].cause);
        ck_assert_uint_eq(record->requirements, rows[i].set);
        ck_assert_uint_eq(record->attempt, rows[i].attempt);
        succeed(&history, (int32_t)i, (time_ns)i);
    }
    rescale_history_fini(&history);
}
END_TEST

/* A2: causes as Flink's TriggerCause names them. */
START_TEST(history_names_each_cause)
{
    static const char *const names[] = { "INITIAL_SCHEDULE", "UPDATE_REQUIREMENT",
                                         "NEW_RESOURCE_AVAILABLE", "RECOVERABLE_FAILOVER" };
    ck_assert_uint_eq(sizeof names / sizeof *names, RESCALE_CAUSE_COUNT);
    for (int c = 0; c < RESCALE_CAUSE_COUNT; c++)
        ck_assert_str_eq(rescale_cause_names[c], names[c]);
}
END_TEST

/* A2: each reason has its end state. */
START_TEST(history_ends_each_reason_in_its_state)
{
    static const struct {
        const char *reason, *state;
    } rows[] = {
        { "SUCCEEDED", "COMPLETED" },
        { "EXCEPTION_OCCURRED", "FAILED" },
        { "RESOURCE_REQUIREMENTS_UPDATED", "IGNORED" },
        { "NO_RESOURCES_OR_PARALLELISMS_CHANGE", "IGNORED" },
        { "JOB_FINISHED", "IGNORED" },
        { "JOB_FAILED", "IGNORED" },
        { "JOB_CANCELED", "IGNORED" },
    };
    ck_assert_uint_eq(sizeof rows / sizeof *rows, RESCALE_REASON_COUNT);
    struct rescale_history history;
    rescale_history_init(&history, 20, 2, 1);
    for (int r = 0; r < RESCALE_REASON_COUNT; r++) {
        enum rescale_reason reason = (enum rescale_reason)r;
        begin(&history, RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 4, 0);
        rescale_history_end(&history, reason, 1);
        const struct rescale_record *record = &vec_last(&history.records);
        ck_assert_int_eq(record->reason, reason);
        ck_assert_str_eq(rescale_reason_names[reason], rows[r].reason);
        ck_assert_str_eq(rescale_state_names[record->state], rows[r].state);
    }
    ck_assert_uint_eq(history.counts[RESCALE_COMPLETED], 1);
    ck_assert_uint_eq(history.counts[RESCALE_FAILED], 1);
    ck_assert_uint_eq(history.counts[RESCALE_IGNORED], 5);
    rescale_history_fini(&history);
}
END_TEST

/* The recorded run of three updates: two ignored ones in between do not become "before". */
START_TEST(history_takes_before_from_the_last_completed_record)
{
    struct rescale_history history;
    rescale_history_init(&history, 10, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 3, 0);
    succeed(&history, 3, 1);
    begin(&history, RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 40, 2);
    ck_assert_int_eq(vec_last(&history.records).vertices[0].before, 3);
    rescale_history_end(&history, RESCALE_REASON_RESOURCE_REQUIREMENTS_UPDATED, 3);
    begin(&history, RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 2, 3);
    ck_assert_int_eq(vec_last(&history.records).vertices[0].before, 3);
    ck_assert_int_eq(vec_last(&history.records).groups[0].before, 3);
    ck_assert_int_eq(history.records.items[1].vertices[0].after, RESCALE_UNKNOWN);
    succeed(&history, 2, 4);
    begin(&history, RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, false, 2, 5);
    ck_assert_int_eq(vec_last(&history.records).vertices[1].before, 2);
    rescale_history_fini(&history);
}
END_TEST

/* A2: a failover while a record is open is merged into it: cause changes, states start again. */
START_TEST(history_merges_a_failover_into_the_open_record)
{
    struct rescale_history history;
    rescale_history_init(&history, 10, 2, 1);
    begin(&history, RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 4, 10);
    add_span(&history, "Executing", 0, 20);
    rescale_history_on_failover(&history, 20);
    ck_assert_uint_eq(history.records.count, 1);
    const struct rescale_record *record = rescale_history_open_record(&history);
    ck_assert_int_eq(record->cause, RESCALE_CAUSE_RECOVERABLE_FAILOVER);
    ck_assert_uint_eq(record->spans.count, 0);
    ck_assert_int_eq(record->started_at, 10);
    ck_assert_int_eq(record->vertices[0].desired, 4);
    ck_assert_uint_eq(record->attempt, 1);
    add_span(&history, "Restarting", 20, 30);
    succeed(&history, 4, 30);
    ck_assert_uint_eq(history.records.items[0].spans.count, 1);
    rescale_history_fini(&history);
}
END_TEST

START_TEST(history_opens_a_record_for_a_failover_when_none_is_open)
{
    struct rescale_history history;
    rescale_history_init(&history, 10, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 0);
    succeed(&history, 4, 1);
    rescale_history_on_failover(&history, 9);
    const struct rescale_record *record = rescale_history_open_record(&history);
    ck_assert_int_eq(record->cause, RESCALE_CAUSE_RECOVERABLE_FAILOVER);
    ck_assert_int_eq(record->started_at, 9);
    ck_assert_uint_eq(record->attempt, 2);
    rescale_history_fini(&history);
}
END_TEST

START_TEST(history_keeps_the_newest_records_and_counts_all)
{
    struct rescale_history history;
    rescale_history_init(&history, 3, 2, 1);
    for (int i = 0; i < 10; i++) {
        begin(&history, RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, false, 4, i);
        add_span(&history, "Executing", i, i);
        if (i == 4)
            succeed(&history, 4, i);
        else
            rescale_history_end(&history, RESCALE_REASON_NO_RESOURCES_OR_PARALLELISMS_CHANGE, i);
    }
    ck_assert_uint_eq(history.records.count, 3);
    ck_assert_uint_eq(history.records.items[0].id, 8);
    ck_assert_uint_eq(history.records.items[2].id, 10);
    ck_assert_uint_eq(history.counts[RESCALE_IGNORED], 9);
    ck_assert_uint_eq(history.counts[RESCALE_COMPLETED], 1);
    ck_assert_int_eq(history.records.items[2].vertices[0].before, 4);
    rescale_history_fini(&history);
}
END_TEST

START_TEST(history_limits_the_states_of_a_record)
{
    struct rescale_history history;
    rescale_history_init(&history, 1, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 0);
    for (int i = 0; i < RESCALE_SPANS_MAX + 5; i++)
        add_span(&history, "WaitingForResources", i, i + 1);
    const struct rescale_record *record = rescale_history_open_record(&history);
    ck_assert_uint_eq(record->spans.count, RESCALE_SPANS_MAX);
    ck_assert_int_eq(record->spans.items[0].entered_at, 0);
    rescale_history_fini(&history);
}
END_TEST

/* A2: size 0 = rescale history off. */
START_TEST(history_of_size_zero_is_off)
{
    struct rescale_history history;
    rescale_history_init(&history, 0, 2, 1);
    ck_assert(!rescale_history_is_on(&history));
    uint64_t hash = rescale_history_hash(&history);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 0);
    add_span(&history, "Created", 0, 1);
    rescale_history_on_failover(&history, 1);
    succeed(&history, 4, 2);
    ck_assert_ptr_null(rescale_history_open_record(&history));
    ck_assert_uint_eq(history.records.count, 0);
    ck_assert_uint_eq(rescale_history_hash(&history), hash);
    rescale_history_fini(&history);
}
END_TEST

START_TEST(history_ignores_what_comes_while_no_record_is_open)
{
    struct rescale_history history;
    rescale_history_init(&history, 5, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 0);
    succeed(&history, 4, 2);
    uint64_t hash = rescale_history_hash(&history);
    add_span(&history, "Executing", 2, 3);
    succeed(&history, 8, 3);
    ck_assert_uint_eq(rescale_history_hash(&history), hash);
    rescale_history_fini(&history);
}
END_TEST

START_TEST(history_refuses_a_second_open_record)
{
    struct rescale_history history;
    rescale_history_init(&history, 5, 2, 1);
    begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 4, 0);
    begin(&history, RESCALE_CAUSE_UPDATE_REQUIREMENT, true, 4, 0);
}
END_TEST

START_TEST(history_hash_follows_every_part_of_a_record)
{
    struct rescale_history history;
    rescale_history_init(&history, 5, 2, 1);
    uint64_t hashes[5];
    hashes[0] = rescale_history_hash(&history);
    rescale_history_begin(&history, RESCALE_CAUSE_INITIAL_SCHEDULE, true, 0);
    hashes[1] = rescale_history_hash(&history);
    const int32_t bounds[] = { 2, 3 };
    rescale_history_set_wanted(&history, bounds, bounds, bounds, bounds);
    hashes[2] = rescale_history_hash(&history);
    add_span(&history, "Created", 0, 1);
    hashes[3] = rescale_history_hash(&history);
    succeed(&history, 3, 5);
    hashes[4] = rescale_history_hash(&history);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(hashes[i], hashes[j]);
    rescale_history_fini(&history);
}
END_TEST

Suite *test_rescale_history_suite(void);
Suite *test_rescale_history_suite(void)
{
    Suite *suite = suite_create("rescale_history");
    TCase *tcase = tcase_create("rescale history");
    tcase_add_test(tcase, history_records_the_first_schedule);
    tcase_add_test(tcase, history_numbers_attempts_within_a_set_of_requirements);
    tcase_add_test(tcase, history_names_each_cause);
    tcase_add_test(tcase, history_ends_each_reason_in_its_state);
    tcase_add_test(tcase, history_takes_before_from_the_last_completed_record);
    tcase_add_test(tcase, history_merges_a_failover_into_the_open_record);
    tcase_add_test(tcase, history_opens_a_record_for_a_failover_when_none_is_open);
    tcase_add_test(tcase, history_keeps_the_newest_records_and_counts_all);
    tcase_add_test(tcase, history_limits_the_states_of_a_record);
    tcase_add_test(tcase, history_of_size_zero_is_off);
    tcase_add_test(tcase, history_ignores_what_comes_while_no_record_is_open);
    tcase_add_test_raise_signal(tcase, history_refuses_a_second_open_record, SIGABRT);
    tcase_add_test(tcase, history_hash_follows_every_part_of_a_record);
    suite_add_tcase(suite, tcase);
    return suite;
}
