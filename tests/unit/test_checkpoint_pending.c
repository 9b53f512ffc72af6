/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan of a checkpoint (which tasks are triggered, which acknowledge), the acknowledgements,
 * and every cell of the state table.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "core/checkpoint/pending_checkpoint.h"
#include "tests/lib/checkpoints.h"

enum { SOURCES = 2, MAPS = 2, COUNTS = 3, TASKS = SOURCES + MAPS + COUNTS };

/* source --forward--> map --hash--> count */
static struct config config;
static struct job_graph *job;
static struct execution_graph *graph;
static struct effects effects;
static struct task_states states;
static struct pending_checkpoint pending;

static void must(struct err err)
{
    ck_assert(!err_is(err));
}

static void build(enum result_type between)
{
    static const char *const names[] = { "source", "map", "count" };
    int32_t parallelism[] = { SOURCES, MAPS, COUNTS }, most[] = { 128, 128, 128 };
    struct vertex_id ids[3];
    struct group_id group = { 0 };
    config = config_default();
    job = job_graph_create("job", (struct job_id){ 0 }, &config);
    for (int i = 0; i < 3; i++)
        must(job_graph_add_vertex(job, names[i], parallelism[i], 128, group, &ids[i], NULL));
    must(
        job_graph_add_edge(job, ids[0], ids[1], PARTITION_FORWARD, RESULT_PIPELINED_BOUNDED, NULL));
    must(job_graph_add_edge(job, ids[1], ids[2], PARTITION_HASH, between, NULL));
    must(job_graph_finish(job, NULL, NULL));
    graph = execution_graph_create(job, parallelism, most, NULL, 0);
    task_states_of_graph(graph, &states);
}

static void move(uint32_t task, enum execution_state to)
{
    static const enum execution_state way[] = { EXECUTION_SCHEDULED, EXECUTION_DEPLOYING,
                                                EXECUTION_INITIALIZING, EXECUTION_RUNNING };
    struct task_id id = { task };
    for (int i = 0; i < 4 && graph->tasks[task].state != to; i++)
        if (graph->tasks[task].state < way[i])
            execution_graph_move(graph, id, way[i], CAUSE_NONE, &effects);
    if (graph->tasks[task].state != to)
        execution_graph_move(graph, id, to, CAUSE_NONE, &effects);
}

static void setup(void)
{
    effects_init(&effects, LOG_TASK);
    effects_begin(&effects, 0);
    build(RESULT_PIPELINED_BOUNDED);
    for (uint32_t t = 0; t < TASKS; t++)
        move(t, EXECUTION_RUNNING);
}

static void destroy_graph(void)
{
    execution_graph_destroy(graph);
    job_graph_destroy(job);
}

static void teardown(void)
{
    destroy_graph();
    effects_fini(&effects);
    vec_fini(&states);
    pending_checkpoint_fini(&pending);
}

static enum checkpoint_failure plan(void)
{
    return pending_checkpoint_plan(&pending, graph, &states, true);
}

static void assert_triggers(const uint32_t *tasks, size_t count)
{
    ck_assert_uint_eq(pending.to_trigger.ids.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(pending.to_trigger.ids.items[i].n, tasks[i]);
}

/* A12, DefaultCheckpointPlanCalculator: all tasks run: sources are triggered, all acknowledge. */
START_TEST(plan_triggers_the_sources_when_nothing_has_finished)
{
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    assert_triggers((uint32_t[]){ 0, 1 }, 2);
    ck_assert_uint_eq(pending.to_acknowledge, TASKS);
    pending_checkpoint_invariant(&pending);
}
END_TEST

/* A12: preconditions: all tasks run, those to trigger and those that only acknowledge. */
START_TEST(plan_refuses_unless_every_source_runs)
{
    destroy_graph();
    build(RESULT_PIPELINED_BOUNDED);
    for (uint32_t t = SOURCES; t < TASKS; t++)
        move(t, EXECUTION_RUNNING);
    move(0, EXECUTION_RUNNING);
    for (int state = EXECUTION_CREATED; state < EXECUTION_RUNNING; state++) {
        move(1, (enum execution_state)state);
        ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
    }
    move(1, EXECUTION_RUNNING);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
}
END_TEST

/* Surprise 5: the first tick after a failover finds the sources RUNNING and others not. */
START_TEST(plan_refuses_unless_every_task_behind_the_sources_runs)
{
    destroy_graph();
    build(RESULT_PIPELINED_BOUNDED);
    for (uint32_t t = 0; t < TASKS - 1; t++)
        move(t, EXECUTION_RUNNING);
    for (int state = EXECUTION_CREATED; state < EXECUTION_RUNNING; state++) {
        move(TASKS - 1, (enum execution_state)state);
        ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
    }
    move(TASKS - 1, EXECUTION_RUNNING);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    ck_assert_uint_eq(pending.to_acknowledge, TASKS);
}
END_TEST

/* A12: behind finished tasks those are triggered whose predecessors have all finished. A pointwise
 * edge is looked at task by task. */
START_TEST(plan_triggers_behind_a_finished_source_over_a_pointwise_edge)
{
    move(0, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    assert_triggers((uint32_t[]){ 1, 2 }, 2);
    ck_assert_uint_eq(pending.to_acknowledge, TASKS - 1);
    ck_assert(pending.states.items[0].finished);
    ck_assert(!pending.states.items[1].finished);
    pending_checkpoint_invariant(&pending);
}
END_TEST

/* An all-to-all edge brings the barrier as long as one producer runs. */
START_TEST(plan_triggers_behind_an_all_to_all_edge_only_when_all_producers_finished)
{
    for (uint32_t t = 0; t < 3; t++)
        move(t, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    assert_triggers((uint32_t[]){ 3 }, 1);
    move(3, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    assert_triggers((uint32_t[]){ 4, 5, 6 }, 3);
    ck_assert_uint_eq(pending.to_acknowledge, COUNTS);
}
END_TEST

START_TEST(plan_refuses_when_there_is_nobody_left_to_acknowledge)
{
    for (uint32_t t = 0; t < TASKS; t++)
        move(t, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
}
END_TEST

/* checkpoints-after-tasks-finish: false. */
START_TEST(plan_refuses_after_a_task_finished_when_that_is_configured)
{
    move(0, EXECUTION_FINISHED);
    ck_assert_int_eq(pending_checkpoint_plan(&pending, graph, &states, false),
                     CHECKPOINT_FAILURE_NOT_ALL_RUNNING);
}
END_TEST

/* A12: blocking output edges forbid it, until their producers have finished. */
START_TEST(plan_refuses_while_a_producer_of_a_blocking_edge_runs)
{
    destroy_graph();
    build(RESULT_BLOCKING);
    for (uint32_t t = 0; t < TASKS; t++)
        move(t, EXECUTION_RUNNING);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_BLOCKING_OUTPUT);
    for (uint32_t t = 0; t < SOURCES + MAPS; t++)
        move(t, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
}
END_TEST

START_TEST(plan_knows_the_key_groups_of_each_task)
{
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    const struct task_state *last = &pending.states.items[TASKS - 1];
    ck_assert_uint_eq(last->vertex.n, 2);
    ck_assert_uint_eq(last->subtask, 2);
    ck_assert_uint_eq(last->parallelism, COUNTS);
    ck_assert_int_eq(last->range.first, 86);
    ck_assert_int_eq(last->range.last, 127);
}
END_TEST

static struct checkpoint_ack ack(uint32_t task)
{
    return (struct checkpoint_ack){ .attempt = { { task }, graph->tasks[task].attempt, 0 },
                                    .state_bytes = 100,
                                    .written_bytes = 40,
                                    .in_flight_bytes = 7,
                                    .alignment = task,
                                    .sync = 10 * (time_ns)task,
                                    .async = 100 * (time_ns)task };
}

START_TEST(acknowledgements_are_summed_up)
{
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    for (uint32_t t = 0; t < TASKS; t++) {
        struct checkpoint_ack one = ack(t);
        ck_assert(pending_checkpoint_waits_for(&pending, one.attempt));
        ck_assert(pending_checkpoint_acknowledge(&pending, &one));
        ck_assert(!pending_checkpoint_waits_for(&pending, one.attempt));
        pending_checkpoint_invariant(&pending);
    }
    ck_assert_uint_eq(pending.to_acknowledge, 0);
    ck_assert_int_eq(pending.summary.state_bytes, 100 * TASKS);
    ck_assert_int_eq(pending.summary.written_bytes, 40 * TASKS);
    ck_assert_int_eq(pending.summary.in_flight_bytes, 7 * TASKS);
    ck_assert_int_eq(pending.summary.alignment_max, TASKS - 1);
    ck_assert_int_eq(pending.summary.sync_max, 10 * (TASKS - 1));
    ck_assert_int_eq(pending.summary.async_max, 100 * (TASKS - 1));
    ck_assert_int_eq(pending.states.items[3].bytes, 100);
    ck_assert_int_eq(pending.states.items[3].in_flight_bytes, 7);
}
END_TEST

/* PendingCheckpoint.acknowledgeTask: DUPLICATE, UNKNOWN. */
START_TEST(acknowledgements_that_nobody_waits_for_change_nothing)
{
    move(0, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    struct checkpoint_ack first = ack(4);
    ck_assert(pending_checkpoint_acknowledge(&pending, &first));
    uint64_t before = pending_checkpoint_hash(&pending, 0);
    ck_assert(!pending_checkpoint_acknowledge(&pending, &first)); /* again */
    struct checkpoint_ack finished = ack(0);
    ck_assert(!pending_checkpoint_acknowledge(&pending, &finished));
    struct checkpoint_ack other = ack(5);
    other.attempt.attempt++;
    ck_assert(!pending_checkpoint_acknowledge(&pending, &other));
    other.attempt = (struct task_attempt){ { TASKS }, 0, 0 };
    ck_assert(!pending_checkpoint_acknowledge(&pending, &other));
    ck_assert_uint_eq(pending_checkpoint_hash(&pending, 0), before);
}
END_TEST

START_TEST(planning_again_reuses_the_memory)
{
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    const void *memory = pending.states.items, *bits = pending.acknowledged.items;
    struct checkpoint_ack one = ack(0);
    ck_assert(pending_checkpoint_acknowledge(&pending, &one));
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    ck_assert_ptr_eq(pending.states.items, memory);
    ck_assert_ptr_eq(pending.acknowledged.items, bits);
    ck_assert_uint_eq(pending.to_acknowledge, TASKS);
    ck_assert_int_eq(pending.states.items[0].bytes, 0);
}
END_TEST

/* PartialFinishingNotSupportedByStateException: union list state of a partly finished vertex. */
START_TEST(union_state_of_a_partly_finished_vertex_is_noticed)
{
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_UNION;
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    ck_assert(!pending_checkpoint_splits_union(&pending, job));
    move(0, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    ck_assert(pending_checkpoint_splits_union(&pending, job));
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_SPLIT;
    ck_assert(!pending_checkpoint_splits_union(&pending, job));
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_UNION;
    move(1, EXECUTION_FINISHED);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    ck_assert(!pending_checkpoint_splits_union(&pending, job));
}
END_TEST

/* The same of operators that have, and of tasks that wait for this checkpoint to finish. */
START_TEST(union_state_of_a_vertex_partly_at_its_end_is_noticed)
{
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_UNION;
    uint32_t parallelism = (uint32_t)job->vertices.items[0].parallelism;
    ck_assert_uint_gt(parallelism, 1);
    ck_assert_int_eq(plan(), CHECKPOINT_FAILURE_NONE);
    for (uint32_t t = 0; t < parallelism; t++) {
        struct checkpoint_ack one = ack(t);
        one.at_end = 1;
        ck_assert(pending_checkpoint_acknowledge(&pending, &one));
        ck_assert(pending_checkpoint_splits_union(&pending, job) == (t + 1 < parallelism));
    }
}
END_TEST

static const bool legal[PENDING_STATE_COUNT][PENDING_STATE_COUNT] = {
    [PENDING_TRIGGERED] = { [PENDING_FINALIZING] = true, [PENDING_ABORTED] = true },
    [PENDING_FINALIZING] = { [PENDING_COMPLETED] = true, [PENDING_ABORTED] = true },
};
static const int illegal_cells[] = { 0, 2, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };
enum { ILLEGAL_COUNT = sizeof illegal_cells / sizeof *illegal_cells };

START_TEST(pending_table_allows_exactly_the_legal_moves)
{
    for (unsigned from = 0; from < PENDING_STATE_COUNT; from++) {
        for (unsigned to = 0; to < PENDING_STATE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&pending_checkpoint_states, from, to), legal[from][to]);
        ck_assert_int_eq(state_is_final(&pending_checkpoint_states, from),
                         from >= PENDING_COMPLETED);
    }
}
END_TEST

START_TEST(pending_checkpoint_makes_legal_moves_and_logs_them)
{
    struct pending_checkpoint way = { .id = 5, .state = PENDING_TRIGGERED };
    effects_begin(&effects, 9);
    pending_checkpoint_move(&way, PENDING_FINALIZING, (struct job_id){ 3 }, &effects);
    pending_checkpoint_move(&way, PENDING_COMPLETED, (struct job_id){ 3 }, &effects);
    ck_assert_uint_eq(effects.list.count, 2);
    const struct log_line *line = &effects.list.items[1].log;
    ck_assert_str_eq(line->machine, "pending checkpoint");
    ck_assert_str_eq(line->from, "FINALIZING");
    ck_assert_str_eq(line->to, "COMPLETED");
    ck_assert_uint_eq(line->checkpoint, 5);
    ck_assert_uint_eq(line->job.n, 3);
    struct pending_checkpoint other = { .id = 6, .state = PENDING_TRIGGERED };
    pending_checkpoint_move(&other, PENDING_ABORTED, (struct job_id){ 3 }, &effects);
    other = (struct pending_checkpoint){ .id = 7, .state = PENDING_FINALIZING };
    pending_checkpoint_move(&other, PENDING_ABORTED, (struct job_id){ 3 }, &effects);
    ck_assert_int_eq(other.state, PENDING_ABORTED);
}
END_TEST

START_TEST(pending_checkpoint_stops_at_an_illegal_move)
{
    int cell = illegal_cells[_i];
    enum pending_state from = (enum pending_state)(cell / PENDING_STATE_COUNT);
    enum pending_state to = (enum pending_state)(cell % PENDING_STATE_COUNT);
    if (legal[from][to])
        exit(1); /* the list above is wrong */
    struct pending_checkpoint wrong = { .id = 1, .state = from };
    pending_checkpoint_move(&wrong, to, (struct job_id){ 0 }, &effects);
}
END_TEST

START_TEST(failures_are_counted_as_flink_counts_them)
{
    static const enum checkpoint_failure counted[] = {
        CHECKPOINT_FAILURE_IO_EXCEPTION, CHECKPOINT_FAILURE_ASYNC_EXCEPTION,
        CHECKPOINT_FAILURE_DECLINED, CHECKPOINT_FAILURE_EXPIRED, CHECKPOINT_FAILURE_FINALIZE
    };
    int count = 0;
    for (int i = 0; i < CHECKPOINT_FAILURE_COUNT; i++)
        count += checkpoint_failure_is_counted((enum checkpoint_failure)i);
    ck_assert_int_eq(count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert(checkpoint_failure_is_counted(counted[i]));
    ck_assert_str_eq(checkpoint_failure_name(CHECKPOINT_FAILURE_NOT_ALL_RUNNING),
                     "NOT_ALL_REQUIRED_TASKS_RUNNING");
}
END_TEST

Suite *test_checkpoint_pending_suite(void)
{
    Suite *suite = suite_create("checkpoint/pending_checkpoint");
    TCase *plans = tcase_create("plan");
    tcase_add_checked_fixture(plans, setup, teardown);
    tcase_add_test(plans, plan_triggers_the_sources_when_nothing_has_finished);
    tcase_add_test(plans, plan_refuses_unless_every_source_runs);
    tcase_add_test(plans, plan_refuses_unless_every_task_behind_the_sources_runs);
    tcase_add_test(plans, plan_triggers_behind_a_finished_source_over_a_pointwise_edge);
    tcase_add_test(plans, plan_triggers_behind_an_all_to_all_edge_only_when_all_producers_finished);
    tcase_add_test(plans, plan_refuses_when_there_is_nobody_left_to_acknowledge);
    tcase_add_test(plans, plan_refuses_after_a_task_finished_when_that_is_configured);
    tcase_add_test(plans, plan_refuses_while_a_producer_of_a_blocking_edge_runs);
    tcase_add_test(plans, plan_knows_the_key_groups_of_each_task);
    tcase_add_test(plans, acknowledgements_are_summed_up);
    tcase_add_test(plans, acknowledgements_that_nobody_waits_for_change_nothing);
    tcase_add_test(plans, planning_again_reuses_the_memory);
    tcase_add_test(plans, union_state_of_a_partly_finished_vertex_is_noticed);
    tcase_add_test(plans, union_state_of_a_vertex_partly_at_its_end_is_noticed);
    suite_add_tcase(suite, plans);
    TCase *table = tcase_create("state table");
    tcase_add_checked_fixture(table, setup, teardown);
    tcase_add_test(table, pending_table_allows_exactly_the_legal_moves);
    tcase_add_test(table, pending_checkpoint_makes_legal_moves_and_logs_them);
    tcase_add_loop_test_raise_signal(table, pending_checkpoint_stops_at_an_illegal_move, SIGABRT, 0,
                                     ILLEGAL_COUNT);
    tcase_add_test(table, failures_are_counted_as_flink_counts_them);
    suite_add_tcase(suite, table);
    return suite;
}
