/* SPDX-License-Identifier: Apache-2.0
 *
 * Coordinator and restore plan between graphs: none yet, a new one in the middle of things, one of
 * many tasks, one that the checkpoint does not fit; and the memory that they keep.
 */
#include <check.h>

#include "core/checkpoint/coordinator_parts.h"
#include "core/checkpoint/restore_plan.h"
#include "tests/lib/checkpoints.h"
#include "tests/lib/graphs.h"

static struct checkpoint_fixture f;

static const char *const grid[] = { "execution.checkpointing.interval", "2 s",
                                    "execution.checkpointing.min-pause", "1 s", NULL };

static void begin(int32_t parallelism)
{
    checkpoint_fixture_init(&f, parallelism, grid);
}

static void teardown(void)
{
    checkpoint_fixture_fini(&f);
}

static void advance_to_ms(int64_t ms)
{
    checkpoint_fixture_advance_to(&f, ms * TIME_MS);
}

/* The job has no graph before its first slots (adaptive): nothing of it runs, so nothing of it can
 * be stored, and what is said of its sources is said of nobody. */
START_TEST(without_a_graph_savepoints_are_refused_and_reports_dropped)
{
    begin(1);
    struct checkpoint_coordinator early;
    struct checkpoint_coordinator_order order = { 0 };
    checkpoint_coordinator_init(&early, &f.config, (struct job_id){ 3 }, 7);
    checkpoint_coordinator_on_backlog(&early, (struct task_attempt){ { 0 }, 0, 0 }, true,
                                      &f.effects);
    ck_assert_uint_eq(early.backlog_count, 0);
    checkpoint_coordinator_request(&early, CHECKPOINT_SAVEPOINT, 8, &f.effects);
    ck_assert(!checkpoint_coordinator_next_order(&early, &order));
    checkpoint_coordinator_on_time(&early, &f.effects);
    ck_assert(checkpoint_coordinator_next_order(&early, &order));
    ck_assert_int_eq(order.kind, ORDER_REFUSED);
    ck_assert_int_eq(order.failure, CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
    ck_assert_uint_eq(order.client_token, 8);
    ck_assert(!checkpoint_coordinator_next_order(&early, &order));
    ck_assert_uint_eq(early.next_id, 1);
    checkpoint_coordinator_fini(&early);
}
END_TEST

/* DefaultExecutionGraph.enableCheckpointing makes a new coordinator: what the old one was about to
 * do ends as its shutdown, whether it was chosen already or still queued, and stays undone. */
START_TEST(a_new_graph_refuses_what_the_old_one_was_about_to_do)
{
    begin(2);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 42);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 43);
    uint64_t before = checkpoint_coordinator_hash(&f.coordinator);
    f.coordinator.chosen.seq++;
    ck_assert_uint_ne(checkpoint_coordinator_hash(&f.coordinator), before);
    f.coordinator.chosen.seq--;
    checkpoint_coordinator_set_graph(&f.coordinator, f.graph);
    uint64_t refused = 0;
    struct checkpoint_coordinator_order order;
    while (checkpoint_coordinator_next_order(&f.coordinator, &order)) {
        ck_assert_int_eq(order.kind, ORDER_REFUSED);
        ck_assert_int_eq(order.failure, CHECKPOINT_FAILURE_SHUTDOWN);
        refused += order.client_token;
    }
    ck_assert_uint_eq(refused, 42 + 43);
    checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, 44);
    advance_to_ms(100);
    ck_assert_str_eq(f.log, "0 triggered 1 (savepoint);25 completed 1;");
    ck_assert_uint_eq(f.last[ORDER_COMPLETED].client_token, 44);
}
END_TEST

/* A reader that the smaller graph no longer has. */
START_TEST(a_backlog_of_a_task_that_is_gone_is_dropped)
{
    begin(2);
    uint32_t stranger = f.graph->task_count;
    checkpoint_coordinator_on_backlog(&f.coordinator, (struct task_attempt){ { stranger }, 0, 0 },
                                      true, &f.effects);
    ck_assert_uint_eq(f.coordinator.backlog_count, 0);
    checkpoint_fixture_backlog(&f, true);
    ck_assert_uint_eq(f.coordinator.backlog_count, 1);
}
END_TEST

/* Nobody waits for a periodic one, but its refusal is a failed checkpoint to those who count. */
START_TEST(a_periodic_request_refused_at_the_trigger_counts)
{
    begin(2);
    checkpoint_fixture_move(&f, 1, EXECUTION_FAILED);
    checkpoint_fixture_start(&f);
    advance_to_ms(1500);
    ck_assert_str_eq(f.log, "1000 refused (Not all required tasks are currently running);");
    ck_assert_uint_eq(f.order_counts[ORDER_REFUSED], 1);
    ck_assert_uint_eq(f.last[ORDER_REFUSED].client_token, 0);
    ck_assert(f.last[ORDER_REFUSED].counted);
}
END_TEST

/* Acknowledgements are bits of words of 32; some tasks have finished, before and behind the first
 * word's end. */
START_TEST(each_of_many_tasks_acknowledges_for_itself)
{
    begin(50);
    checkpoint_fixture_move(&f, 1, EXECUTION_FINISHED);
    checkpoint_fixture_move(&f, 32, EXECUTION_FINISHED);
    f.silent = 1;
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(1);
    const struct pending_checkpoint *pending = &f.coordinator.pending.items[0];
    ck_assert_uint_eq(pending->to_acknowledge, 98);
    for (uint32_t t = 0; t < 100; t++) {
        struct task_attempt attempt = execution_graph_attempt(f.graph, (struct task_id){ t });
        bool waits = t != 1 && t != 32;
        ck_assert_int_eq(pending_checkpoint_waits_for(pending, attempt), waits);
        struct checkpoint_ack ack = { .attempt = attempt };
        checkpoint_coordinator_on_acknowledge(&f.coordinator, 1, &ack, 1, &f.effects);
        checkpoint_coordinator_on_acknowledge(&f.coordinator, 1, &ack, 1, &f.effects);
        ck_assert(!pending_checkpoint_waits_for(pending, attempt));
        ck_assert_uint_eq(pending->to_acknowledge, 99 - t - (t < 1) - (t < 32));
    }
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(f.order_counts[ORDER_WRITE_METADATA], 1);
}
END_TEST

/* A row of many at once leaves its memory for a few. */
START_TEST(ended_checkpoints_keep_the_memory_of_a_few)
{
    begin(2);
    f.silent = UINT64_MAX;
    for (uint64_t i = 1; i <= 2 * SPARE_CHECKPOINTS_MAX; i++) {
        checkpoint_fixture_request(&f, CHECKPOINT_SAVEPOINT, i);
        advance_to_ms((int64_t)i);
    }
    ck_assert_uint_eq(f.coordinator.pending.count, 2 * SPARE_CHECKPOINTS_MAX);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
    ck_assert_uint_eq(f.coordinator.pending.count, 0);
    ck_assert_uint_eq(f.coordinator.spare.count, SPARE_CHECKPOINTS_MAX);
}
END_TEST

/* Restores checkpoint 5 of 3 tasks in each of two vertices, of multiples of `bytes` and
 * `in_flight`, into another graph; gives what each new task of the second vertex reads. */
static struct err restore(const struct job_graph *job, int64_t bytes, int64_t in_flight,
                          const int32_t *parallelism, const int32_t *most, int64_t *read,
                          struct note *note)
{
    static const int32_t three[] = { 3, 3 }, limits[] = { 128, 128 };
    struct execution_graph *old = execution_graph_create(job, three, limits, NULL, 0);
    struct execution_graph *new = execution_graph_create(job, parallelism, most, NULL, 0);
    struct completed_checkpoint taken = { .id = 5 };
    struct completed_store store;
    completed_store_init(&store, 1);
    task_states_of_graph(old, &taken.states);
    for (VEC_EACH(struct task_state, state, &taken.states)) {
        state->bytes = bytes * (10 * state->vertex.n + state->subtask + 1);
        state->in_flight_bytes = state->vertex.n == 1 ? in_flight << state->subtask : 0;
    }
    completed_store_add(&store, &taken);
    struct task_deployment tasks[16] = { 0 };
    ck_assert_uint_le(new->task_count, 16);
    for (uint32_t t = 0; t < new->task_count; t++) {
        const struct execution *task = &new->tasks[t];
        tasks[t].vertex = task->vertex;
        tasks[t].subtask = task->subtask;
        tasks[t].parallelism = new->vertices[task->vertex.n].parallelism;
    }
    struct err result =
        restore_plan_fill(completed_store_latest(&store), new, tasks, new->task_count, note);
    for (uint32_t t = 0; t < (uint32_t)parallelism[1]; t++)
        read[t] = tasks[(uint32_t)parallelism[0] + t].restore_bytes;
    completed_store_fini(&store);
    execution_graph_destroy(old);
    execution_graph_destroy(new);
    return result;
}

/* CustomPartitionerWrapper: SubtaskStateMapper.FULL. Who sends where only the user's code knows, so
 * everybody reads all that was in flight and drops what is not its own. */
START_TEST(data_in_flight_behind_a_custom_partitioner_goes_to_everyone)
{
    struct job_graph *job = graphs_job("source 3; sink 3; source -> sink custom");
    static const int32_t fewer[] = { 3, 2 }, limits[] = { 128, 128 };
    int64_t read[2];
    begin(1);
    ck_assert(!err_is(restore(job, 0, 1, fewer, limits, read, NULL)));
    ck_assert_int_eq(read[0], 1 + 2 + 4);
    ck_assert_int_eq(read[1], 1 + 2 + 4);
    job_graph_destroy(job);
}
END_TEST

/* checkParallelismPreconditions looks at states: a vertex without any has nothing to lose. */
START_TEST(a_vertex_without_state_may_change_its_max_parallelism)
{
    struct job_graph *job = graphs_job("source 3; sink 3; source -> sink rebalance");
    static const int32_t same[] = { 3, 3 }, limits[] = { 128, 256 };
    int64_t read[3];
    struct note note = { 0 };
    begin(1);
    ck_assert(!err_is(restore(job, 0, 0, same, limits, read, &note)));
    ck_assert(err_is(restore(job, 1, 0, same, limits, read, &note)));
    ck_assert_str_eq(note.text,
                     "checkpoint 5: the maximum parallelism of sink was 128 and is now 256");
    ck_assert(err_is(restore(job, 0, 1, same, limits, read, &note)));
    job_graph_destroy(job);
}
END_TEST

START_TEST(operator_state_goes_back_to_the_vertex_it_was_of)
{
    struct job_graph *job = graphs_job("source 3; sink 3; source -> sink rebalance");
    static const int32_t same[] = { 3, 3 }, limits[] = { 128, 128 };
    int64_t read[3];
    begin(1);
    ck_assert(!err_is(restore(job, 100, 1, same, limits, read, NULL)));
    for (int64_t t = 0; t < 3; t++)
        ck_assert_int_eq(read[t], 100 * (10 + t + 1) + (1 << t));
    job_graph_destroy(job);
}
END_TEST

START_TEST(a_checkpoint_of_another_job_is_refused)
{
    struct job_graph *job = graphs_job("source 1; map 1; sink 1; source -> map forward; map -> "
                                       "sink forward");
    struct execution_graph *graph = graphs_execution(job);
    struct note note;
    struct task_deployment task = { .parallelism = 1 };
    begin(1);
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    advance_to_ms(100);
    struct err result =
        restore_plan_fill(completed_store_latest(&f.coordinator.store), graph, &task, 1, &note);
    ck_assert_int_eq(result.code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text, "checkpoint 1 is of a job of 2 vertices, this one has 3");
    execution_graph_destroy(graph);
    job_graph_destroy(job);
}
END_TEST

Suite *test_checkpoint_graphs_suite(void)
{
    Suite *suite = suite_create("checkpoint/graphs");
    TCase *graphs = tcase_create("graphs");
    tcase_add_checked_fixture(graphs, NULL, teardown);
    tcase_add_test(graphs, without_a_graph_savepoints_are_refused_and_reports_dropped);
    tcase_add_test(graphs, a_new_graph_refuses_what_the_old_one_was_about_to_do);
    tcase_add_test(graphs, a_backlog_of_a_task_that_is_gone_is_dropped);
    tcase_add_test(graphs, a_periodic_request_refused_at_the_trigger_counts);
    tcase_add_test(graphs, each_of_many_tasks_acknowledges_for_itself);
    tcase_add_test(graphs, ended_checkpoints_keep_the_memory_of_a_few);
    tcase_add_test(graphs, data_in_flight_behind_a_custom_partitioner_goes_to_everyone);
    tcase_add_test(graphs, a_vertex_without_state_may_change_its_max_parallelism);
    tcase_add_test(graphs, operator_state_goes_back_to_the_vertex_it_was_of);
    tcase_add_test(graphs, a_checkpoint_of_another_job_is_refused);
    suite_add_tcase(suite, graphs);
    return suite;
}
