/* SPDX-License-Identifier: Apache-2.0
 *
 * Savepoints, stop-with-savepoint, users' checkpoints, the active checkpoint of 2.4, the end of the
 * job; and how a checkpoint is asked of the tasks.
 */
#include <check.h>

#include "tests/lib/checkpoints.h"

static struct checkpoint_fixture f;

static void begin(const char *key, const char *value)
{
    const char *keys[] = { "execution.checkpointing.interval",
                           "2 s",
                           "execution.checkpointing.min-pause",
                           "1 s",
                           key,
                           value,
                           NULL };
    checkpoint_fixture_init(&f, 2, keys);
}

static void teardown(void)
{
    checkpoint_fixture_fini(&f);
}

static void advance_to_ms(int64_t ms)
{
    checkpoint_fixture_advance_to(&f, ms * TIME_MS);
}

/* A12: a savepoint is forced: it runs beside a pending checkpoint and inside the pause. Its end
 * begins the pause anew, subsumes nothing and is no news for the tasks. */
START_TEST(savepoint_runs_beside_a_checkpoint_and_begins_the_pause)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(1010);
    f.snapshot = 1500 * TIME_MS;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    advance_to_ms(4000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1010 triggered 2 (savepoint);1025 completed 1;"
                            "2515 completed 2;3515 triggered 3;");
    ck_assert_uint_eq(f.last[ORDER_COMPLETED].client_token, 42);
    ck_assert(f.last[ORDER_COMPLETED].is_savepoint);
    ck_assert(!f.last[ORDER_COMPLETED].tell_tasks);
    ck_assert_int_eq(f.last[ORDER_COMPLETED].how.kind, CHECKPOINT_SAVEPOINT);
}
END_TEST

/* scheduleAtFixedRate: a JobManager that stood still from 3.5 to 6.3 s triggers then what was due
 * at 5 s, and next what is due at 7 s, as soon as the pause is over. */
START_TEST(a_trigger_that_comes_late_does_not_move_the_grid)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(3500);
    effects_begin(&f.effects, 6300 * TIME_MS);
    checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
    checkpoint_fixture_carry_out(&f);
    advance_to_ms(8000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;3000 triggered 2;3025 completed 2;"
                            "6300 triggered 3;6325 completed 3;7325 triggered 4;7350 completed 4;");
}
END_TEST

/* CheckpointCoordinator.completePendingCheckpoint: savepoints do not enter the store. */
START_TEST(savepoint_is_not_what_a_restart_restores)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(1500);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    advance_to_ms(1600);
    ck_assert_uint_eq(f.coordinator.last_success, 2);
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, 1);
    ck_assert_uint_eq(f.order_counts[ORDER_DISCARD], 0);
}
END_TEST

START_TEST(savepoint_is_not_subsumed_by_a_newer_checkpoint)
{
    begin(NULL, NULL);
    f.silent = 1;
    f.coordinator.decider.max_concurrent = 2;
    checkpoint_fixture_start(&f);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    advance_to_ms(1500);
    ck_assert_uint_eq(f.last[ORDER_COMPLETED].checkpoint, 2);
    ck_assert_uint_eq(f.order_counts[ORDER_ABORTED], 0);
    ck_assert_uint_eq(f.coordinator.pending.count, 1);
}
END_TEST

/* dropSubsumedCheckpoints is for checkpoints and synchronous savepoints. */
START_TEST(savepoint_does_not_subsume_an_older_checkpoint)
{
    begin(NULL, NULL);
    f.silent = 1;
    checkpoint_fixture_start(&f);
    advance_to_ms(1100);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    advance_to_ms(1200);
    ck_assert_str_eq(f.log, "1000 triggered 1;1100 triggered 2 (savepoint);1125 completed 2;");
    ck_assert_uint_eq(f.coordinator.pending.items[0].id, 1);
}
END_TEST

/* A12: with unaligned checkpoints savepoints are not forced: they wait for the pending one. They
 * are aligned all the same. */
START_TEST(savepoint_waits_when_checkpoints_are_unaligned)
{
    begin("execution.checkpointing.unaligned.enabled", "true");
    checkpoint_fixture_start(&f);
    advance_to_ms(1010);
    ck_assert(f.last[ORDER_TRIGGER].how.unaligned);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    advance_to_ms(2000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;1025 triggered 2 (savepoint);"
                            "1050 completed 2;");
    ck_assert(!f.last[ORDER_TRIGGER].how.unaligned);
}
END_TEST

START_TEST(unaligned_checkpoint_carries_its_timeout)
{
    begin("execution.checkpointing.aligned-checkpoint-timeout", "700 ms");
    f.config.checkpoint_unaligned = true;
    checkpoint_fixture_start(&f);
    advance_to_ms(1000);
    ck_assert(f.last[ORDER_TRIGGER].how.unaligned);
    ck_assert_int_eq(f.last[ORDER_TRIGGER].how.aligned_timeout, 700 * TIME_MS);
    ck_assert_uint_eq(f.last[ORDER_TRIGGER].how.checkpoint, 1);
}
END_TEST

START_TEST(at_least_once_is_never_unaligned)
{
    begin("execution.checkpointing.mode", "at_least_once");
    f.config.checkpoint_unaligned = true;
    checkpoint_fixture_start(&f);
    advance_to_ms(1000);
    ck_assert(!f.last[ORDER_TRIGGER].how.unaligned);
    ck_assert_int_eq(f.last[ORDER_TRIGGER].how.aligned_timeout, 0);
}
END_TEST

START_TEST(trigger_order_names_the_source_tasks)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(1000);
    struct task_list tasks = { 0 };
    checkpoint_coordinator_tasks_to_trigger(&f.coordinator, 1, &tasks);
    ck_assert_uint_eq(tasks.ids.count, 2);
    ck_assert_uint_eq(tasks.ids.items[0].n, 0);
    ck_assert_uint_eq(tasks.ids.items[1].n, 1);
    checkpoint_coordinator_tasks_to_trigger(&f.coordinator, 2, &tasks);
    ck_assert_uint_eq(tasks.ids.count, 2);
    vec_fini(&tasks.ids);
}
END_TEST

/* A user's checkpoint is no periodic one: it ignores the pause and moves no timer. */
START_TEST(users_checkpoint_ignores_the_pause)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(1500);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 5);
    advance_to_ms(3500);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;1500 triggered 2;1525 completed 2;"
                            "3000 triggered 3;3025 completed 3;");
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, 3);
}
END_TEST

START_TEST(request_while_tasks_are_down_is_refused_with_an_answer)
{
    begin(NULL, NULL);
    checkpoint_fixture_move(&f, 1, EXECUTION_FAILED);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 6);
    advance_to_ms(1);
    ck_assert_str_eq(f.log, "0 refused (Not all required tasks are currently running);");
    ck_assert_uint_eq(f.last[ORDER_REFUSED].client_token, 6);
    ck_assert_int_eq(f.last[ORDER_REFUSED].failure, CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
    ck_assert_uint_eq(f.coordinator.next_id, 1);
}
END_TEST

START_TEST(request_above_the_limit_is_refused_with_an_answer)
{
    begin(NULL, NULL);
    f.silent = 1;
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(1);
    for (uint64_t i = 1; i <= CHECKPOINT_REQUESTS_MAX; i++)
        checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, i);
    ck_assert_uint_eq(f.order_counts[ORDER_REFUSED], 0);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 5000);
    ck_assert_uint_eq(f.last[ORDER_REFUSED].client_token, 5000);
    ck_assert_int_eq(f.last[ORDER_REFUSED].failure, CHECKPOINT_FAILURE_TOO_MANY_REQUESTS);
    ck_assert(!f.last[ORDER_REFUSED].counted); /* it has only left the queue */
}
END_TEST

START_TEST(periodic_request_chosen_before_the_stop_is_refused_after_it)
{
    begin(NULL, NULL);
    f.silent = 1;
    checkpoint_fixture_start(&f);
    advance_to_ms(3500);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
    ck_assert(f.coordinator.triggering);
    checkpoint_coordinator_stop_periodic(&f.coordinator, CHECKPOINT_FAILURE_SUSPENDED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    checkpoint_fixture_forget_log(&f);
    advance_to_ms(4000);
    ck_assert_str_eq(f.log, "3500 refused (Periodic checkpoint scheduler is shut down);");
}
END_TEST

/* A12: stop-with-savepoint holds the periodic scheduler and aborts what is pending. */
START_TEST(stop_with_savepoint_stops_the_timer_and_completes)
{
    begin(NULL, NULL);
    f.snapshot = 100 * TIME_MS;
    checkpoint_fixture_start(&f);
    advance_to_ms(1050);
    checkpoint_fixture_request(&f, CHECKPOINT_STOP_DRAIN, 8);
    advance_to_ms(20000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1050 failed 1 (Checkpoint Coordinator is suspending);"
                            "1050 triggered 2 (stop with savepoint, draining);1155 completed 2;");
    ck_assert_uint_eq(f.last[ORDER_COMPLETED].client_token, 8);
    ck_assert(f.last[ORDER_COMPLETED].tell_tasks);
    ck_assert_int_eq(f.last[ORDER_TRIGGER].how.kind, CHECKPOINT_STOP_DRAIN);
}
END_TEST

START_TEST(failed_stop_with_savepoint_resumes_the_timer_after_the_pause)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(500);
    f.silent = 1;
    checkpoint_fixture_request(&f, CHECKPOINT_STOP_SUSPEND, 8);
    advance_to_ms(3000);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_TASK_FAILURE,
                                         &f.effects);
    checkpoint_coordinator_resume_periodic(&f.coordinator, &f.effects);
    checkpoint_fixture_carry_out(&f);
    advance_to_ms(4500);
    ck_assert_str_eq(f.log, "500 triggered 1 (stop with savepoint);"
                            "3000 failed 1 (Task has failed);4000 triggered 2;4025 completed 2;");
    time_ns next = checkpoint_coordinator_deadline(&f.coordinator);
    checkpoint_coordinator_resume_periodic(&f.coordinator, &f.effects); /* runs already */
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), next);
}
END_TEST

static void request_active(void)
{
    checkpoint_coordinator_request_active(&f.coordinator, &f.effects);
    checkpoint_fixture_carry_out(&f);
}

/* A2, FLINK-36753: at once when the pause is over or nothing has completed yet. */
START_TEST(active_checkpoint_runs_at_once_outside_the_pause)
{
    begin(NULL, NULL);
    checkpoint_fixture_start(&f);
    advance_to_ms(200);
    request_active();
    advance_to_ms(300);
    ck_assert_str_eq(f.log, "200 triggered 1;225 completed 1;");
}
END_TEST

/* A2: delayed by what is left of min-pause, one retry pending at most. */
START_TEST(active_checkpoint_waits_for_the_end_of_the_pause_once)
{
    begin(NULL, NULL);
    f.coordinator.periodic = true;
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(100);
    request_active();
    request_active();
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), 1025 * TIME_MS);
    advance_to_ms(5000);
    ck_assert_str_eq(f.log, "0 triggered 1;25 completed 1;1025 triggered 2;1050 completed 2;");
}
END_TEST

/* A2: skipped if a checkpoint is triggering or pending. */
START_TEST(active_checkpoint_is_skipped_while_one_is_in_flight)
{
    begin(NULL, NULL);
    f.silent = 1;
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    ck_assert(f.coordinator.triggering);
    request_active();
    advance_to_ms(10);
    request_active();
    ck_assert_uint_eq(f.coordinator.decider.queue.count, 0);
    advance_to_ms(5000);
    ck_assert_str_eq(f.log, "0 triggered 1;");
}
END_TEST

/* A2: dropped when it fires if one is in flight or min-pause is not over again. */
START_TEST(active_checkpoint_is_dropped_when_another_came_first)
{
    begin(NULL, NULL);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(100);
    request_active();
    advance_to_ms(900);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(5000);
    ck_assert_str_eq(f.log, "0 triggered 1;25 completed 1;900 triggered 2;925 completed 2;");
    checkpoint_fixture_forget_log(&f);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(5100);
    request_active();
    advance_to_ms(6020);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(9000);
    ck_assert_str_eq(f.log, "5000 triggered 3;5025 completed 3;6020 triggered 4;6045 completed 4;");
}
END_TEST

START_TEST(active_checkpoint_can_be_cancelled)
{
    begin(NULL, NULL);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(100);
    request_active();
    checkpoint_coordinator_cancel_active(&f.coordinator);
    advance_to_ms(5000);
    ck_assert_str_eq(f.log, "0 triggered 1;25 completed 1;");
}
END_TEST

START_TEST(retained_checkpoints_push_out_the_oldest)
{
    begin("execution.checkpointing.num-retained", "2");
    checkpoint_fixture_start(&f);
    advance_to_ms(4000);
    ck_assert_uint_eq(f.order_counts[ORDER_DISCARD], 0);
    advance_to_ms(6000);
    ck_assert_uint_eq(f.order_counts[ORDER_DISCARD], 1);
    ck_assert_uint_eq(f.last[ORDER_DISCARD].checkpoint, 1);
    advance_to_ms(8000);
    ck_assert_uint_eq(f.last[ORDER_DISCARD].checkpoint, 2);
    ck_assert_uint_eq(f.coordinator.store.checkpoints.count, 2);
}
END_TEST

START_TEST(end_of_the_job_fails_requests_and_discards_checkpoints)
{
    begin("execution.checkpointing.num-retained", "2");
    checkpoint_fixture_start(&f);
    advance_to_ms(3500);
    f.silent = UINT64_MAX;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 3);
    advance_to_ms(3600);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 4);
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_FINISHED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].client_token, 3);
    ck_assert_uint_eq(f.last[ORDER_REFUSED].client_token, 4);
    ck_assert_int_eq(f.last[ORDER_REFUSED].failure, CHECKPOINT_FAILURE_SHUTDOWN);
    ck_assert_uint_eq(f.order_counts[ORDER_DISCARD], 2);
    ck_assert_ptr_null(completed_store_latest(&f.coordinator.store));
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
}
END_TEST

START_TEST(end_of_the_job_keeps_checkpoints_as_configured)
{
    begin("execution.checkpointing.externalized-checkpoint-retention", "retain_on_cancellation");
    checkpoint_fixture_start(&f);
    advance_to_ms(1500);
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_CANCELED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.order_counts[ORDER_DISCARD], 0);
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, 1);
}
END_TEST

/* Orders outlive the calls that made them, until they are taken. */
START_TEST(orders_of_several_calls_wait_in_order)
{
    begin(NULL, NULL);
    f.silent = UINT64_MAX;
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 1);
    advance_to_ms(1);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
    checkpoint_coordinator_request(&f.coordinator, CHECKPOINT_SAVEPOINT, 2, &f.effects);
    checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
    struct checkpoint_coordinator_order order;
    ck_assert(checkpoint_coordinator_next_order(&f.coordinator, &order));
    ck_assert_int_eq(order.kind, ORDER_ABORTED);
    ck_assert_uint_eq(order.client_token, 1);
    ck_assert(checkpoint_coordinator_next_order(&f.coordinator, &order));
    ck_assert_int_eq(order.kind, ORDER_TRIGGER);
    ck_assert_uint_eq(order.client_token, 2);
    ck_assert(!checkpoint_coordinator_next_order(&f.coordinator, &order));
}
END_TEST

Suite *test_checkpoint_requests_suite(void)
{
    Suite *suite = suite_create("checkpoint/requests");
    TCase *requests = tcase_create("requests");
    tcase_add_checked_fixture(requests, NULL, teardown);
    tcase_add_test(requests, savepoint_runs_beside_a_checkpoint_and_begins_the_pause);
    tcase_add_test(requests, a_trigger_that_comes_late_does_not_move_the_grid);
    tcase_add_test(requests, savepoint_is_not_what_a_restart_restores);
    tcase_add_test(requests, savepoint_is_not_subsumed_by_a_newer_checkpoint);
    tcase_add_test(requests, savepoint_does_not_subsume_an_older_checkpoint);
    tcase_add_test(requests, savepoint_waits_when_checkpoints_are_unaligned);
    tcase_add_test(requests, unaligned_checkpoint_carries_its_timeout);
    tcase_add_test(requests, at_least_once_is_never_unaligned);
    tcase_add_test(requests, trigger_order_names_the_source_tasks);
    tcase_add_test(requests, users_checkpoint_ignores_the_pause);
    tcase_add_test(requests, request_while_tasks_are_down_is_refused_with_an_answer);
    tcase_add_test(requests, request_above_the_limit_is_refused_with_an_answer);
    tcase_add_test(requests, periodic_request_chosen_before_the_stop_is_refused_after_it);
    tcase_add_test(requests, stop_with_savepoint_stops_the_timer_and_completes);
    tcase_add_test(requests, failed_stop_with_savepoint_resumes_the_timer_after_the_pause);
    tcase_add_test(requests, active_checkpoint_runs_at_once_outside_the_pause);
    tcase_add_test(requests, active_checkpoint_waits_for_the_end_of_the_pause_once);
    tcase_add_test(requests, active_checkpoint_is_skipped_while_one_is_in_flight);
    tcase_add_test(requests, active_checkpoint_is_dropped_when_another_came_first);
    tcase_add_test(requests, active_checkpoint_can_be_cancelled);
    tcase_add_test(requests, retained_checkpoints_push_out_the_oldest);
    tcase_add_test(requests, end_of_the_job_fails_requests_and_discards_checkpoints);
    tcase_add_test(requests, end_of_the_job_keeps_checkpoints_as_configured);
    tcase_add_test(requests, orders_of_several_calls_wait_in_order);
    suite_add_tcase(suite, requests);
    return suite;
}
