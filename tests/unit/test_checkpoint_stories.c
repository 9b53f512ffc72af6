/* SPDX-License-Identifier: Apache-2.0
 *
 * The coordinator over time: exact sequences of triggers, completions and refusals. Intervals are
 * those measured on Flink 2.3.
 */
#include <check.h>

#include "tests/lib/checkpoints.h"

static struct checkpoint_fixture f;

static const char *const two_and_one[] = { "execution.checkpointing.interval", "2 s",
                                           "execution.checkpointing.min-pause", "1 s", NULL };

static void begin(const char *const *keys)
{
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

/* checkpoint-interval-2s-pause-1s: first trigger min-pause after the (second) start, then a grid.
 */
START_TEST(story_interval_2s_pause_1s)
{
    begin(two_and_one);
    advance_to_ms(259);
    checkpoint_fixture_start(&f);
    advance_to_ms(8000);
    ck_assert_str_eq(f.log, "1259 triggered 1;1284 completed 1;3259 triggered 2;3284 completed 2;"
                            "5259 triggered 3;5284 completed 3;7259 triggered 4;7284 completed 4;");
    ck_assert_int_eq(f.last[ORDER_COMPLETED].duration, 25 * TIME_MS);
    ck_assert_int_eq(f.last[ORDER_COMPLETED].bytes, 4 * 101);
    ck_assert(f.last[ORDER_COMPLETED].tell_tasks);
}
END_TEST

/* checkpoint-interval-6s: without a pause the first trigger comes with the start. */
START_TEST(story_interval_6s)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "6 s", NULL });
    advance_to_ms(400);
    checkpoint_fixture_start(&f);
    advance_to_ms(13000);
    ck_assert_str_eq(f.log, "400 triggered 1;425 completed 1;6400 triggered 2;6425 completed 2;"
                            "12400 triggered 3;12425 completed 3;");
}
END_TEST

/* checkpoint-interval-2s-pause-1s-slow-snapshot-1500ms: min-pause moves the timer: a trigger each
 * 2.52 s = 1.52 s duration + 1 s pause. */
START_TEST(story_slow_snapshot_moves_the_timer)
{
    begin(two_and_one);
    f.snapshot = 1500 * TIME_MS;
    f.store = 20 * TIME_MS;
    checkpoint_fixture_start(&f);
    advance_to_ms(9000);
    ck_assert_str_eq(f.log, "1000 triggered 1;2520 completed 1;3520 triggered 2;5040 completed 2;"
                            "6040 triggered 3;7560 completed 3;8560 triggered 4;");
}
END_TEST

/* The option is RocksDB's. A savepoint has a format of its own. */
START_TEST(a_checkpoint_knows_whether_it_is_an_incremental_one)
{
    static const char *const backends[] = { "hashmap", "rocksdb" };
    begin((const char *const[]){ "execution.checkpointing.interval", "3 s",
                                 "execution.checkpointing.incremental", "true",
                                 "state.backend.type", backends[_i], NULL });
    struct snapshot_shelf shelf = { 0 };
    f.coordinator.shelf = &shelf;
    checkpoint_fixture_start(&f);
    advance_to_ms(100);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 1);
    advance_to_ms(200);
    ck_assert_int_eq(completed_store_latest(&f.coordinator.store)->is_incremental, _i);
    ck_assert_uint_eq(shelf.snapshots.count, 1);
    ck_assert(!shelf.snapshots.items[0].checkpoint.is_incremental);
    f.coordinator.shelf = NULL;
    snapshot_shelf_fini(&shelf);
}
END_TEST

/* checkpoint-aligned-under-backpressure: without a pause the overdue trigger follows at once. */
START_TEST(story_overdue_trigger_runs_when_the_slow_one_completes)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "3 s", NULL });
    checkpoint_fixture_start(&f);
    f.snapshot = 4 * TIME_S;
    advance_to_ms(1);
    f.snapshot = 20 * TIME_MS;
    advance_to_ms(7000);
    ck_assert_str_eq(f.log, "0 triggered 1;4005 completed 1;4005 triggered 2;4030 completed 2;"
                            "6000 triggered 3;6025 completed 3;");
}
END_TEST

/* Each missed beat of the grid waits in the queue, as in Flink: after one long checkpoint as many
 * follow back to back. */
START_TEST(story_missed_triggers_run_back_to_back)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "1 s", NULL });
    checkpoint_fixture_start(&f);
    f.snapshot = 3500 * TIME_MS;
    advance_to_ms(1);
    f.snapshot = 20 * TIME_MS;
    advance_to_ms(4500);
    ck_assert_str_eq(f.log, "0 triggered 1;3505 completed 1;3505 triggered 2;3530 completed 2;"
                            "3530 triggered 3;3555 completed 3;3555 triggered 4;3580 completed 4;"
                            "4000 triggered 5;4025 completed 5;");
}
END_TEST

/* checkpoint-expires: 3 s after the trigger, and min-pause does not apply (surprise 7): the overdue
 * trigger runs in the same instant. */
START_TEST(story_expiry_is_followed_by_the_overdue_trigger_at_once)
{
    begin((const char *const[]){
        "execution.checkpointing.interval", "2 s", "execution.checkpointing.min-pause", "1 s",
        "execution.checkpointing.timeout", "3 s",
        "execution.checkpointing.tolerable-failed-checkpoints", "1", NULL });
    f.silent = 2;
    checkpoint_fixture_start(&f);
    advance_to_ms(8000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;3000 triggered 2;6000 expired 2;"
                            "6000 failed 2 (Checkpoint expired before completing);6000 triggered 3;"
                            "6025 completed 3;7025 triggered 4;7050 completed 4;");
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    ck_assert_uint_eq(f.order_counts[ORDER_ABORTED], 1);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].checkpoint, 2);
    ck_assert(f.last[ORDER_ABORTED].counted);
}
END_TEST

/* checkpoint-expires-tolerable-0: the job's failure comes before the overdue trigger, which finds
 * the tasks gone and takes no number. */
START_TEST(story_expiry_that_fails_the_job_refuses_the_overdue_trigger)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "2 s",
                                 "execution.checkpointing.min-pause", "1 s",
                                 "execution.checkpointing.timeout", "3 s", NULL });
    f.silent = 2;
    checkpoint_fixture_start(&f);
    advance_to_ms(5999);
    effects_begin(&f.effects, 6 * TIME_S);
    checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
    ck_assert(f.coordinator.triggering);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), 6 * TIME_S);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 1);
    checkpoint_fixture_move_all(&f, EXECUTION_CANCELING);
    checkpoint_coordinator_stop_periodic(&f.coordinator, CHECKPOINT_FAILURE_SUSPENDED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    advance_to_ms(7000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;3000 triggered 2;6000 expired 2;"
                            "6000 failed 2 (Checkpoint expired before completing);"
                            "6000 refused (Not all required tasks are currently running);");
    ck_assert_uint_eq(f.coordinator.next_id, 3);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
}
END_TEST

/* What a failure orders is carried out before anything else that is due. */
START_TEST(story_nothing_else_happens_while_a_failure_waits_to_be_carried_out)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "3 s",
                                 "execution.checkpointing.timeout", "3 s", NULL });
    f.silent = 1;
    checkpoint_fixture_start(&f);
    advance_to_ms(2999);
    effects_begin(&f.effects, 3 * TIME_S);
    checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
    checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
    ck_assert_uint_eq(f.coordinator.pending.count, 0);
    checkpoint_fixture_carry_out(&f);
    advance_to_ms(3001);
    ck_assert_uint_eq(f.coordinator.pending.count, 1);
}
END_TEST

/* Surprises 5 and 6: the first RUNNING task starts the timer, its trigger is refused, and the gate
 * starts it afresh when all run. */
START_TEST(story_trigger_while_tasks_are_down_is_refused_and_takes_no_number)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "2 s", NULL });
    execution_graph_destroy(f.graph);
    int32_t both[] = { 2, 2 }, most[] = { 128, 128 };
    f.graph = execution_graph_create(f.job, both, most, NULL, 0);
    f.coordinator.graph = f.graph;
    checkpoint_fixture_move(&f, 0, EXECUTION_RUNNING);
    checkpoint_fixture_start(&f);
    advance_to_ms(18);
    checkpoint_fixture_move_all(&f, EXECUTION_RUNNING);
    checkpoint_fixture_start(&f);
    advance_to_ms(1000);
    ck_assert_str_eq(f.log, "0 refused (Not all required tasks are currently running);"
                            "18 triggered 1;43 completed 1;");
}
END_TEST

/* checkpoint-restore-after-failure: the grid goes on through a restart; ids go on. */
START_TEST(story_grid_goes_on_while_tasks_are_down)
{
    begin(two_and_one);
    checkpoint_fixture_start(&f);
    advance_to_ms(2500);
    checkpoint_fixture_move(&f, 0, EXECUTION_FAILED);
    advance_to_ms(3500);
    execution_graph_reset(f.graph, (struct task_id){ 0 }, 0);
    checkpoint_fixture_move(&f, 0, EXECUTION_RUNNING);
    advance_to_ms(6000);
    ck_assert_str_eq(f.log, "1000 triggered 1;1025 completed 1;"
                            "3000 refused (Not all required tasks are currently running);"
                            "5000 triggered 2;5025 completed 2;");
}
END_TEST

START_TEST(story_stopping_aborts_what_is_pending_and_queued)
{
    begin(two_and_one);
    f.snapshot = 10 * TIME_S;
    checkpoint_fixture_start(&f);
    advance_to_ms(3500);
    ck_assert_uint_eq(f.coordinator.decider.queue.count, 1);
    checkpoint_coordinator_stop_periodic(&f.coordinator, CHECKPOINT_FAILURE_SUSPENDED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    advance_to_ms(20000);
    ck_assert_str_eq(f.log,
                     "1000 triggered 1;3500 failed 1 (Checkpoint Coordinator is suspending);");
    ck_assert_uint_eq(f.coordinator.decider.queue.count, 0);
    ck_assert(!f.last[ORDER_ABORTED].counted);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
}
END_TEST

/* FLIP-27 backlog, as 2.3 does it: an interval that is shorter moves the timer at once, a longer
 * one counts from the next trigger on. */
START_TEST(story_backlog_changes_the_interval)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "2 s",
                                 "execution.checkpointing.interval-during-backlog", "10 s", NULL });
    checkpoint_fixture_start(&f);
    advance_to_ms(500);
    checkpoint_fixture_backlog(&f, true);
    advance_to_ms(13000);
    checkpoint_fixture_backlog(&f, false);
    advance_to_ms(16000);
    ck_assert_str_eq(f.log, "0 triggered 1;25 completed 1;500 backlog begins;2000 triggered 2;"
                            "2025 completed 2;12000 triggered 3;12025 completed 3;"
                            "13000 backlog ends;15000 triggered 4;15025 completed 4;");
}
END_TEST

/* interval-during-backlog 0: the trigger that was set before still fires, then none. */
START_TEST(story_backlog_without_checkpoints_rests_after_one)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "2 s",
                                 "execution.checkpointing.interval-during-backlog", "0", NULL });
    checkpoint_fixture_start(&f);
    advance_to_ms(500);
    checkpoint_fixture_backlog(&f, true);
    advance_to_ms(60000);
    ck_assert_str_eq(f.log, "0 triggered 1;25 completed 1;500 backlog begins;2000 triggered 2;"
                            "2025 completed 2;");
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
    checkpoint_fixture_backlog(&f, false);
    advance_to_ms(62500);
    ck_assert_uint_eq(f.coordinator.last_success, 3);
}
END_TEST

START_TEST(interval_below_the_pause_is_raised_to_it)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "1 s",
                                 "execution.checkpointing.min-pause", "3 s", NULL });
    checkpoint_fixture_start(&f);
    advance_to_ms(10000);
    ck_assert_str_eq(f.log, "3000 triggered 1;3025 completed 1;6025 triggered 2;6050 completed 2;"
                            "9050 triggered 3;9075 completed 3;");
}
END_TEST

START_TEST(two_checkpoints_run_side_by_side_when_configured)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "1 s",
                                 "execution.checkpointing.max-concurrent-checkpoints", "2", NULL });
    f.snapshot = 1500 * TIME_MS;
    checkpoint_fixture_start(&f);
    advance_to_ms(2600);
    ck_assert_str_eq(f.log, "0 triggered 1;1000 triggered 2;1505 completed 1;2000 triggered 3;"
                            "2505 completed 2;");
}
END_TEST

/* A12: completion subsumes older pending ones. */
START_TEST(completing_a_newer_checkpoint_subsumes_older_ones)
{
    begin((const char *const[]){ "execution.checkpointing.interval", "1 s",
                                 "execution.checkpointing.max-concurrent-checkpoints", "2", NULL });
    f.silent = 1;
    checkpoint_fixture_start(&f);
    advance_to_ms(1500);
    ck_assert_str_eq(f.log, "0 triggered 1;1000 triggered 2;1025 completed 2;"
                            "1025 failed 1 (Checkpoint has been subsumed);");
    ck_assert_uint_eq(f.order_counts[ORDER_FAIL_JOB], 0);
    ck_assert_uint_eq(f.last[ORDER_ABORTED].checkpoint, 1);
}
END_TEST

/* Surprise 4: only the first start of a coordinator uses the drawn delay. */
START_TEST(first_start_is_drawn_between_pause_and_interval_and_later_ones_are_not)
{
    time_ns least = TIME_NEVER, most = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        begin(two_and_one);
        checkpoint_coordinator_fini(&f.coordinator);
        checkpoint_coordinator_init(&f.coordinator, &f.config, (struct job_id){ 0 }, seed);
        checkpoint_coordinator_set_graph(&f.coordinator, f.graph);
        checkpoint_coordinator_start_periodic(&f.coordinator, &f.effects);
        time_ns first = checkpoint_coordinator_deadline(&f.coordinator);
        ck_assert_int_ge(first, TIME_S);
        ck_assert_int_le(first, 2 * TIME_S);
        least = first < least ? first : least;
        most = first > most ? first : most;
        checkpoint_coordinator_start_periodic(&f.coordinator, &f.effects);
        ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_S);
        teardown();
    }
    begin(two_and_one);
    ck_assert_int_lt(least, 1100 * TIME_MS);
    ck_assert_int_gt(most, 1900 * TIME_MS);
}
END_TEST

/* pipeline.sources.pause-until-first-checkpoint: drawn within [pause, 2 x pause]; 2.3 does not know
 * it and draws up to the interval. */
START_TEST(first_start_is_drawn_nearer_when_sources_wait_for_it)
{
    int late[FLINK_2_4 + 1] = { 0 };
    for (uint64_t seed = 0; seed < 100; seed++) {
        begin((const char *const[]){ "execution.checkpointing.interval", "60 s",
                                     "execution.checkpointing.min-pause", "1 s", NULL });
        f.config.flink_version = seed % 2 ? FLINK_2_4 : FLINK_2_3;
        f.config.pause_sources_until_first = true;
        checkpoint_coordinator_fini(&f.coordinator);
        checkpoint_coordinator_init(&f.coordinator, &f.config, (struct job_id){ 0 }, seed);
        checkpoint_coordinator_set_graph(&f.coordinator, f.graph);
        checkpoint_coordinator_start_periodic(&f.coordinator, &f.effects);
        late[f.config.flink_version] +=
            checkpoint_coordinator_deadline(&f.coordinator) > 2 * TIME_S;
        teardown();
    }
    ck_assert_int_eq(late[FLINK_2_4], 0);
    ck_assert_int_gt(late[FLINK_2_3], 40);
    begin(two_and_one);
}
END_TEST

/* Adaptive: a new graph is a new coordinator, but ids and completed checkpoints stay. */
START_TEST(new_graph_keeps_ids_and_store_and_forgets_the_rest)
{
    begin(two_and_one);
    checkpoint_fixture_start(&f);
    advance_to_ms(3010);
    f.coordinator.failure_count = 1;
    ck_assert_uint_eq(f.coordinator.pending.count, 1);
    checkpoint_coordinator_set_graph(&f.coordinator, f.graph);
    checkpoint_fixture_carry_out(&f);
    ck_assert_int_eq(f.last[ORDER_ABORTED].failure, CHECKPOINT_FAILURE_SHUTDOWN);
    ck_assert_uint_eq(f.coordinator.pending.count, 0);
    ck_assert_uint_eq(f.coordinator.failure_count, 0);
    ck_assert_int_eq(f.coordinator.last_completed_at, TIME_NEVER);
    ck_assert(!f.coordinator.scheduler_running);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, 1);
    checkpoint_fixture_forget_log(&f);
    checkpoint_fixture_start(&f);
    checkpoint_fixture_start(&f);
    advance_to_ms(4100);
    ck_assert_str_eq(f.log, "4010 triggered 3;4035 completed 3;");
}
END_TEST

START_TEST(without_an_interval_nothing_starts)
{
    begin(NULL);
    ck_assert(!checkpoint_coordinator_is_periodic(&f.coordinator));
    checkpoint_fixture_start(&f);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
    checkpoint_coordinator_request_active(&f.coordinator, &f.effects);
    ck_assert_int_eq(checkpoint_coordinator_deadline(&f.coordinator), TIME_NEVER);
}
END_TEST

START_TEST(equal_histories_have_equal_hashes)
{
    uint64_t hashes[2][3];
    for (int run = 0; run < 2; run++) {
        begin(two_and_one);
        hashes[run][0] = checkpoint_coordinator_hash(&f.coordinator);
        checkpoint_fixture_start(&f);
        advance_to_ms(1010);
        hashes[run][1] = checkpoint_coordinator_hash(&f.coordinator);
        advance_to_ms(9000);
        hashes[run][2] = checkpoint_coordinator_hash(&f.coordinator);
        if (run == 0)
            teardown();
    }
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(hashes[0][i], hashes[1][i]);
    ck_assert_uint_ne(hashes[0][0], hashes[0][1]);
    ck_assert_uint_ne(hashes[0][1], hashes[0][2]);
}
END_TEST

/* Memory circles: pending, store, the store's spare, pending again. */
START_TEST(steady_state_needs_no_new_memory_for_states)
{
    begin(two_and_one);
    checkpoint_fixture_start(&f);
    const void *seen[16];
    for (int i = 0; i < 16; i++) {
        advance_to_ms(1010 + 2000 * i);
        ck_assert_uint_eq(f.coordinator.pending.count, 1);
        seen[i] = f.coordinator.pending.items[0].states.items;
    }
    for (int i = 4; i < 16; i++)
        ck_assert(seen[i] == seen[i - 2] || seen[i] == seen[i - 3]);
}
END_TEST

Suite *test_checkpoint_stories_suite(void)
{
    Suite *suite = suite_create("checkpoint/stories");
    TCase *stories = tcase_create("stories");
    tcase_add_checked_fixture(stories, NULL, teardown);
    tcase_add_test(stories, story_interval_2s_pause_1s);
    tcase_add_test(stories, story_interval_6s);
    tcase_add_test(stories, story_slow_snapshot_moves_the_timer);
    tcase_add_loop_test(stories, a_checkpoint_knows_whether_it_is_an_incremental_one, 0, 2);
    tcase_add_test(stories, story_overdue_trigger_runs_when_the_slow_one_completes);
    tcase_add_test(stories, story_missed_triggers_run_back_to_back);
    tcase_add_test(stories, story_expiry_is_followed_by_the_overdue_trigger_at_once);
    tcase_add_test(stories, story_expiry_that_fails_the_job_refuses_the_overdue_trigger);
    tcase_add_test(stories, story_nothing_else_happens_while_a_failure_waits_to_be_carried_out);
    tcase_add_test(stories, story_trigger_while_tasks_are_down_is_refused_and_takes_no_number);
    tcase_add_test(stories, story_grid_goes_on_while_tasks_are_down);
    tcase_add_test(stories, story_stopping_aborts_what_is_pending_and_queued);
    tcase_add_test(stories, story_backlog_changes_the_interval);
    tcase_add_test(stories, story_backlog_without_checkpoints_rests_after_one);
    tcase_add_test(stories, interval_below_the_pause_is_raised_to_it);
    tcase_add_test(stories, two_checkpoints_run_side_by_side_when_configured);
    tcase_add_test(stories, completing_a_newer_checkpoint_subsumes_older_ones);
    tcase_add_test(stories, first_start_is_drawn_between_pause_and_interval_and_later_ones_are_not);
    tcase_add_test(stories, first_start_is_drawn_nearer_when_sources_wait_for_it);
    tcase_add_test(stories, new_graph_keeps_ids_and_store_and_forgets_the_rest);
    tcase_add_test(stories, without_an_interval_nothing_starts);
    tcase_add_test(stories, equal_histories_have_equal_hashes);
    tcase_add_test(stories, steady_state_needs_no_new_memory_for_states);
    suite_add_tcase(suite, stories);
    return suite;
}
