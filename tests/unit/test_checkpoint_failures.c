/* SPDX-License-Identifier: Apache-2.0
 *
 * What a failed checkpoint means for the job: which reasons count, how many are borne, whom the
 * failure hits; and messages that come too late.
 */
#include <check.h>
#include <signal.h>

#include "tests/lib/checkpoints.h"

static struct checkpoint_fixture f;
static const struct task_attempt count_0 = { { 2 }, 0, 0 };

static void begin(const char *tolerable)
{
    const char *keys[] = { "execution.checkpointing.interval", "1 s",
                           "execution.checkpointing.tolerable-failed-checkpoints", tolerable,
                           NULL };
    checkpoint_fixture_init(&f, 2, keys);
    f.silent = UINT64_MAX;
    checkpoint_fixture_start(&f);
    checkpoint_fixture_advance_to(&f, TIME_MS);
}

static void teardown(void)
{
    checkpoint_fixture_fini(&f);
}

static void decline(uint64_t checkpoint, struct task_attempt by, enum checkpoint_failure failure)
{
    checkpoint_coordinator_on_decline(&f.coordinator, checkpoint, by, failure, &f.effects);
    checkpoint_fixture_carry_out(&f);
}

/* Declines the pending checkpoint and goes on to the next one. */
static void decline_and_go_on(enum checkpoint_failure failure)
{
    ck_assert_uint_eq(f.coordinator.pending.count, 1);
    decline(f.coordinator.pending.items[0].id, count_0, failure);
    checkpoint_fixture_advance_to(&f, f.effects.now + TIME_S);
}

static void complete(uint64_t checkpoint)
{
    checkpoint_fixture_acknowledge(&f, checkpoint);
    checkpoint_fixture_advance_to(&f, f.effects.now + f.store);
}

/* A12: count > tolerable fails, and the count starts anew. */
START_TEST(third_failure_in_a_row_fails_the_job_when_two_are_tolerable)
{
    begin("2");
    decline_and_go_on(CHECKPOINT_FAILURE_DECLINED);
    decline_and_go_on(CHECKPOINT_FAILURE_ASYNC_EXCEPTION);
    ck_assert_uint_eq(f.coordinator.failure_count, 2);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    decline_and_go_on(CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 1);
    ck_assert_uint_eq(f.last[ORDER_FAIL_JOB].checkpoint, 3);
    ck_assert_uint_eq(f.coordinator.failure_count, 0);
}
END_TEST

/* A12: a success resets the count. */
START_TEST(success_in_between_forgets_failures)
{
    begin("1");
    decline_and_go_on(CHECKPOINT_FAILURE_DECLINED);
    complete(2);
    ck_assert_uint_eq(f.coordinator.failure_count, 0);
    checkpoint_fixture_advance_to(&f, 3 * TIME_S);
    decline_and_go_on(CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
}
END_TEST

/* A12: only ids above the last success count. */
START_TEST(failure_of_an_older_checkpoint_than_the_last_success_does_not_count)
{
    begin("0");
    f.coordinator.decider.max_concurrent = 2;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 9); /* 2, beside 1: forced */
    checkpoint_fixture_advance_to(&f, 2 * TIME_MS);
    complete(1);
    ck_assert_uint_eq(f.coordinator.last_success, 1);
    checkpoint_fixture_advance_to(&f, 1500 * TIME_MS); /* 3 */
    complete(3);
    ck_assert_uint_eq(f.coordinator.last_success, 3);
    decline(2, count_0, CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].checkpoint, 2);
}
END_TEST

/* A12: nor does its success forget what has failed since. */
START_TEST(success_of_an_older_savepoint_than_the_last_success_forgets_no_failure)
{
    begin("2");
    f.coordinator.decider.max_concurrent = 2;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 9); /* 2, beside 1: forced */
    checkpoint_fixture_advance_to(&f, 2 * TIME_MS);
    complete(1);
    checkpoint_fixture_advance_to(&f, 1500 * TIME_MS); /* 3 */
    complete(3);
    checkpoint_fixture_advance_to(&f, 2500 * TIME_MS); /* 4 */
    decline(4, count_0, CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.coordinator.failure_count, 1);
    complete(2);
    ck_assert_uint_eq(f.coordinator.last_success, 3);
    ck_assert_uint_eq(f.coordinator.failure_count, 1);
}
END_TEST

/* A12: the other reasons are never counted. */
START_TEST(uncounted_reasons_never_fail_the_job)
{
    begin("0");
    for (int i = CHECKPOINT_FAILURE_NONE + 1; i < CHECKPOINT_FAILURE_COUNT; i++)
        if (!checkpoint_failure_is_counted((enum checkpoint_failure)i))
            decline_and_go_on((enum checkpoint_failure)i);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    ck_assert_uint_eq(f.coordinator.failure_count, 0);
}
END_TEST

START_TEST(counted_reasons_fail_the_job_when_none_is_tolerable)
{
    begin("0");
    uint32_t counted = 0;
    for (int i = 0; i < CHECKPOINT_FAILURE_COUNT; i++) {
        if (!checkpoint_failure_is_counted((enum checkpoint_failure)i))
            continue;
        decline_and_go_on((enum checkpoint_failure)i);
        ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], ++counted);
        ck_assert_int_eq(f.last[ORDER_FAIL_JOB].failure, i);
    }
}
END_TEST

/* A12: a task-level failure is of account while that task runs, a job-level one in any case;
 * IO_EXCEPTION is pre-flight. */
START_TEST(failure_at_a_task_names_that_task)
{
    begin("0");
    decline_and_go_on(CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.last[ORDER_FAIL_JOB].by.task.n, count_0.task.n);
    decline_and_go_on(CHECKPOINT_FAILURE_IO_EXCEPTION);
    ck_assert(task_id_is_none(f.last[ORDER_FAIL_JOB].by.task));
}
END_TEST

START_TEST(metadata_that_cannot_be_stored_counts_and_fails_the_job)
{
    begin("0");
    f.store_fails = true;
    complete(1);
    ck_assert_int_eq(f.last[ORDER_ABORTED].failure, CHECKPOINT_FAILURE_FINALIZE);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 1);
    ck_assert(task_id_is_none(f.last[ORDER_FAIL_JOB].by.task));
    ck_assert_ptr_null(completed_store_latest(&f.coordinator.store));
    ck_assert_int_eq(f.coordinator.last_completed_at, TIME_NEVER);
}
END_TEST

/* A12: a job-level failure is ignored for savepoints; one at a task counts. */
START_TEST(savepoint_that_expires_is_of_no_account)
{
    begin("0");
    complete(1);
    f.config.checkpoint_timeout = 300 * TIME_MS;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 4);
    checkpoint_fixture_advance_to(&f, f.effects.now + 400 * TIME_MS);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].checkpoint, 2);
    ck_assert_int_eq(f.last[ORDER_ABORTED].failure, CHECKPOINT_FAILURE_EXPIRED);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].client_token, 4);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
}
END_TEST

START_TEST(savepoint_declined_by_a_task_counts)
{
    begin("0");
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 4);
    checkpoint_fixture_advance_to(&f, 2 * TIME_MS);
    decline(2, count_0, CHECKPOINT_FAILURE_DECLINED);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 1);
}
END_TEST

/* A12: a synchronous savepoint that fails at a task fails the job, whatever is tolerable. */
START_TEST(synchronous_savepoint_that_fails_at_a_task_fails_the_job)
{
    begin("100");
    checkpoint_fixture_request(&f, CHECKPOINT_STOP_SUSPEND, 4);
    checkpoint_fixture_advance_to(&f, 2 * TIME_MS);
    decline(2, count_0, CHECKPOINT_FAILURE_TASK_NOT_READY);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 1);
    ck_assert(task_id_is_none(f.last[ORDER_FAIL_JOB].by.task));
}
END_TEST

START_TEST(synchronous_savepoint_that_fails_on_the_way_is_the_schedulers_to_decide)
{
    begin("0");
    checkpoint_fixture_request(&f, CHECKPOINT_STOP_SUSPEND, 4);
    checkpoint_fixture_advance_to(&f, 2 * TIME_MS);
    checkpoint_coordinator_on_trigger_failed(&f.coordinator, 2, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].client_token, 4);
}
END_TEST

/* reactive-sigstop-20s: the trigger's RPC times out: aborted, not counted. */
START_TEST(trigger_that_cannot_be_delivered_is_not_counted)
{
    begin("0");
    checkpoint_coordinator_on_trigger_failed(&f.coordinator, 1, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_int_eq(f.last[ORDER_ABORTED].failure, CHECKPOINT_FAILURE_TRIGGER_FAILURE);
    ck_assert(f.last[ORDER_ABORTED].counted); /* by the adaptive scheduler's countdown */
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
}
END_TEST

/* A checkpoint that waits for its metadata only ends with the tasks' restart, and its store's
 * answer then comes too late. */
START_TEST(aborting_while_metadata_is_written_makes_the_stores_answer_late)
{
    begin("0");
    checkpoint_fixture_acknowledge(&f, 1);
    ck_assert_int_eq(f.coordinator.pending.items[0].state, PENDING_FINALIZING);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.order_counts[ORDER_ABORTED], 1);
    checkpoint_fixture_advance_to(&f, 500 * TIME_MS);
    ck_assert_uint_eq(f.order_counts[ORDER_COMPLETED], 0);
    ck_assert_ptr_null(completed_store_latest(&f.coordinator.store));
}
END_TEST

/* Metadata is written under the coordinator's lock, which the canceller waits for. */
START_TEST(checkpoint_does_not_expire_while_metadata_is_written)
{
    begin("0");
    f.config.checkpoint_timeout = 10 * TIME_MS;
    f.store = 60 * TIME_S;
    checkpoint_fixture_advance_to(&f, TIME_S);
    f.silent = 0;
    f.snapshot = 9 * TIME_MS;
    decline_and_go_on(CHECKPOINT_FAILURE_TASK_FAILURE);
    ck_assert_int_eq(f.coordinator.pending.items[0].state, PENDING_FINALIZING);
    checkpoint_fixture_advance_to(&f, 20 * TIME_S);
    ck_assert_uint_eq(f.coordinator.pending.count, 1);
}
END_TEST

/* Style: what is rejected leaves the state's hash as it was. */
START_TEST(late_and_foreign_messages_change_nothing)
{
    begin("0");
    checkpoint_fixture_acknowledge(&f, 1);
    uint64_t before = checkpoint_coordinator_hash(&f.coordinator);
    struct checkpoint_ack ack = { .attempt = count_0, .state_bytes = 5 };
    checkpoint_coordinator_on_acknowledge(&f.coordinator, 1, &ack, 1, &f.effects);
    checkpoint_coordinator_on_acknowledge(&f.coordinator, 77, &ack, 1, &f.effects);
    checkpoint_coordinator_on_decline(&f.coordinator, 1, count_0, CHECKPOINT_FAILURE_DECLINED,
                                      &f.effects);
    checkpoint_coordinator_on_decline(&f.coordinator, 77, count_0, CHECKPOINT_FAILURE_DECLINED,
                                      &f.effects);
    checkpoint_coordinator_on_trigger_failed(&f.coordinator, 1, &f.effects);
    checkpoint_coordinator_on_stored(&f.coordinator, 77, false, &f.effects);
    ck_assert_uint_eq(checkpoint_coordinator_hash(&f.coordinator), before);
    struct checkpoint_coordinator_order order;
    ck_assert(!checkpoint_coordinator_next_order(&f.coordinator, &order));
}
END_TEST

START_TEST(union_state_of_a_partly_finished_vertex_fails_the_checkpoint_uncounted)
{
    begin("0");
    f.job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_UNION;
    decline_and_go_on(CHECKPOINT_FAILURE_TASK_FAILURE);
    decline(2, count_0, CHECKPOINT_FAILURE_TASK_FAILURE);
    checkpoint_fixture_move(&f, 0, EXECUTION_FINISHED);
    checkpoint_fixture_advance_to(&f, f.effects.now + TIME_S);
    checkpoint_fixture_acknowledge(&f, 3);
    ck_assert_int_eq(f.last[ORDER_ABORTED].failure, CHECKPOINT_FAILURE_TASK_CLOSING);
    ck_assert_uint_eq(f.order_counts[ORDER_WRITE_METADATA], 0);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
}
END_TEST

START_TEST(storing_a_checkpoint_that_is_not_finalizing_is_a_fault)
{
    begin("0");
    checkpoint_coordinator_on_stored(&f.coordinator, 1, false, &f.effects);
}
END_TEST

Suite *test_checkpoint_failures_suite(void)
{
    Suite *suite = suite_create("checkpoint/failures");
    TCase *failures = tcase_create("failures");
    tcase_add_checked_fixture(failures, NULL, teardown);
    tcase_add_test(failures, third_failure_in_a_row_fails_the_job_when_two_are_tolerable);
    tcase_add_test(failures, success_in_between_forgets_failures);
    tcase_add_test(failures, failure_of_an_older_checkpoint_than_the_last_success_does_not_count);
    tcase_add_test(failures,
                   success_of_an_older_savepoint_than_the_last_success_forgets_no_failure);
    tcase_add_test(failures, uncounted_reasons_never_fail_the_job);
    tcase_add_test(failures, counted_reasons_fail_the_job_when_none_is_tolerable);
    tcase_add_test(failures, failure_at_a_task_names_that_task);
    tcase_add_test(failures, metadata_that_cannot_be_stored_counts_and_fails_the_job);
    tcase_add_test(failures, savepoint_that_expires_is_of_no_account);
    tcase_add_test(failures, savepoint_declined_by_a_task_counts);
    tcase_add_test(failures, synchronous_savepoint_that_fails_at_a_task_fails_the_job);
    tcase_add_test(failures,
                   synchronous_savepoint_that_fails_on_the_way_is_the_schedulers_to_decide);
    tcase_add_test(failures, trigger_that_cannot_be_delivered_is_not_counted);
    tcase_add_test(failures, aborting_while_metadata_is_written_makes_the_stores_answer_late);
    tcase_add_test(failures, checkpoint_does_not_expire_while_metadata_is_written);
    tcase_add_test(failures, late_and_foreign_messages_change_nothing);
    tcase_add_test(failures,
                   union_state_of_a_partly_finished_vertex_fails_the_checkpoint_uncounted);
    tcase_add_test_raise_signal(failures, storing_a_checkpoint_that_is_not_finalizing_is_a_fault,
                                SIGABRT);
    suite_add_tcase(suite, failures);
    return suite;
}
