/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/graph/execution_graph.c: layout, moves with their stamps, counters and log lines,
 * new attempts, and the arithmetic of edges against a plain search.
 */
#include "core/graph/execution_graph.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "tests/lib/graphs.h"

static struct job_graph *job;
static struct execution_graph *graph;
static struct effects effects;

static void setup(void)
{
    job = graphs_job("source 3; count 2 /64; source -> count hash");
    graph = graphs_execution(job);
    effects_init(&effects, LOG_TASK);
    effects_begin(&effects, 7 * TIME_S);
}

static void teardown(void)
{
    effects_fini(&effects);
    execution_graph_destroy(graph);
    job_graph_destroy(job);
}

static void move(uint32_t task, enum execution_state to)
{
    execution_graph_move(graph, (struct task_id){ task }, to,
                         to == EXECUTION_FAILED ? CAUSE_CONNECTION_LOST : CAUSE_NONE, &effects);
}

START_TEST(subtasks_of_a_vertex_are_neighbours)
{
    ck_assert_uint_eq(graph->task_count, 5);
    ck_assert_uint_eq(graphs_task(graph, "source", 2).n, 2);
    ck_assert_uint_eq(graphs_task(graph, "count", 0).n, 3);
    ck_assert_int_eq(graph->vertices[0].max_parallelism, 128);
    ck_assert_int_eq(graph->vertices[1].max_parallelism, 64);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        const struct execution *task = &graph->tasks[t];
        ck_assert_int_eq(task->state, EXECUTION_CREATED);
        ck_assert_uint_eq(task->attempt, 0);
        ck_assert(node_id_is_none(task->node));
        ck_assert(allocation_id_is_none(task->allocation));
        ck_assert(allocation_id_is_none(task->previous));
        ck_assert_uint_eq(execution_graph_task(graph, task->vertex, task->subtask).n, t);
        ck_assert_int_eq(task->entered[EXECUTION_CREATED], 0);
        ck_assert_int_eq(task->entered[EXECUTION_RUNNING], TIME_NEVER);
    }
    ck_assert_uint_eq(execution_graph_count(graph, EXECUTION_CREATED), 5);
}
END_TEST

/* A2: attempt numbers survive into the next graph */
START_TEST(attempt_numbers_may_be_carried_over)
{
    static const int32_t parallelism[] = { 1, 2 }, max_parallelism[] = { 128, 64 };
    static const uint32_t attempts[] = { 4, 0, 9 };
    struct execution_graph *next =
        execution_graph_create(job, parallelism, max_parallelism, attempts, TIME_S);
    ck_assert_uint_eq(next->tasks[0].attempt, 4);
    ck_assert_uint_eq(next->tasks[1].attempt, 0);
    ck_assert_uint_eq(next->tasks[2].attempt, 9);
    ck_assert_int_eq(next->tasks[2].entered[EXECUTION_CREATED], TIME_S);
    execution_graph_destroy(next);
}
END_TEST

START_TEST(moves_stamp_and_count)
{
    move(1, EXECUTION_SCHEDULED);
    effects_begin(&effects, 8 * TIME_S);
    move(1, EXECUTION_DEPLOYING);
    ck_assert_int_eq(graph->tasks[1].entered[EXECUTION_SCHEDULED], 7 * TIME_S);
    ck_assert_int_eq(graph->tasks[1].entered[EXECUTION_DEPLOYING], 8 * TIME_S);
    ck_assert_uint_eq(execution_graph_count(graph, EXECUTION_CREATED), 4);
    ck_assert_uint_eq(execution_graph_count(graph, EXECUTION_SCHEDULED), 0);
    ck_assert_uint_eq(execution_graph_count(graph, EXECUTION_DEPLOYING), 1);
}
END_TEST

START_TEST(moves_are_logged_at_task_level)
{
    graph->tasks[3].attempt = 2;
    move(3, EXECUTION_SCHEDULED);
    graph->tasks[3].node.n = 6;
    move(3, EXECUTION_DEPLOYING);
    ck_assert_uint_eq(effects.list.count, 2);
    const struct log_line *line = &effects.list.items[1].log;
    ck_assert_int_eq(line->level, LOG_TASK);
    ck_assert_str_eq(line->machine, "execution");
    ck_assert_str_eq(line->what, "move");
    ck_assert_str_eq(line->from, "SCHEDULED");
    ck_assert_str_eq(line->to, "DEPLOYING");
    ck_assert_uint_eq(line->subject, LOG_OF_JOB | LOG_OF_TASK | LOG_OF_PEER);
    ck_assert_uint_eq(line->vertex.n, 1);
    ck_assert_uint_eq(line->subtask, 0);
    ck_assert_uint_eq(line->attempt, 2);
    ck_assert_uint_eq(line->peer.n, 6);
    ck_assert_ptr_null(line->reason);
    ck_assert_uint_eq(effects.list.items[0].log.subject, LOG_OF_JOB | LOG_OF_TASK);
}
END_TEST

START_TEST(failures_are_logged_at_decision_level_with_their_cause)
{
    effects.log_level = LOG_DECISION;
    move(0, EXECUTION_SCHEDULED);
    move(0, EXECUTION_FAILED);
    ck_assert_uint_eq(effects.list.count, 1);
    const struct log_line *line = &effects.list.items[0].log;
    ck_assert_int_eq(line->level, LOG_DECISION);
    ck_assert_str_eq(line->from, "SCHEDULED");
    ck_assert_str_eq(line->to, "FAILED");
    ck_assert_str_eq(line->reason,
                     "RemoteTransportException: data connection to a TaskManager lost");
    ck_assert_int_eq(graph->tasks[0].cause, CAUSE_CONNECTION_LOST);
}
END_TEST

START_TEST(new_attempt_forgets_all_but_the_slot)
{
    move(0, EXECUTION_SCHEDULED);
    graph->tasks[0].node.n = 1;
    graph->tasks[0].allocation.n = 42;
    graph->tasks[0].cancel_sent = true;
    graph->tasks[0].version = 3;
    move(0, EXECUTION_DEPLOYING);
    move(0, EXECUTION_FAILED);
    execution_graph_reset(graph, (struct task_id){ 0 }, 9 * TIME_S);
    const struct execution *task = &graph->tasks[0];
    ck_assert_int_eq(task->state, EXECUTION_CREATED);
    ck_assert_int_eq(task->cause, CAUSE_NONE);
    ck_assert_uint_eq(task->attempt, 1);
    ck_assert_uint_eq(task->version, 3);
    ck_assert(!task->cancel_sent);
    ck_assert(node_id_is_none(task->node));
    ck_assert(allocation_id_is_none(task->allocation));
    ck_assert_uint_eq(task->previous.n, 42);
    ck_assert_int_eq(task->entered[EXECUTION_CREATED], 9 * TIME_S);
    ck_assert_int_eq(task->entered[EXECUTION_FAILED], TIME_NEVER);
    ck_assert_uint_eq(execution_graph_count(graph, EXECUTION_CREATED), 5);
    /* cancelled before it got a slot: the one before stays known */
    move(0, EXECUTION_CANCELED);
    execution_graph_reset(graph, (struct task_id){ 0 }, 10 * TIME_S);
    ck_assert_uint_eq(task->previous.n, 42);
    ck_assert_uint_eq(task->attempt, 2);
}
END_TEST

START_TEST(questions_about_all_tasks_are_answered_by_counters)
{
    ck_assert(execution_graph_all_ended(graph));
    ck_assert(!execution_graph_all_running_or_finished(graph));
    for (uint32_t t = 0; t < 5; t++) {
        graphs_move_to(graph, (struct task_id){ t }, EXECUTION_RUNNING);
        ck_assert(!execution_graph_all_ended(graph));
        ck_assert_int_eq(execution_graph_all_running_or_finished(graph), t == 4);
    }
    graphs_move_to(graph, (struct task_id){ 0 }, EXECUTION_FINISHED);
    ck_assert(execution_graph_all_running_or_finished(graph));
    graphs_move_to(graph, (struct task_id){ 1 }, EXECUTION_CANCELING);
    ck_assert(!execution_graph_all_running_or_finished(graph));
    graphs_move_to(graph, (struct task_id){ 1 }, EXECUTION_CANCELED);
    for (uint32_t t = 2; t < 5; t++) {
        ck_assert(!execution_graph_all_ended(graph));
        graphs_move_to(graph, (struct task_id){ t }, EXECUTION_FAILED);
    }
    ck_assert(execution_graph_all_ended(graph));
}
END_TEST

START_TEST(three_states_are_terminal)
{
    for (unsigned state = 0; state < EXECUTION_STATE_COUNT; state++)
        ck_assert_int_eq(execution_state_is_terminal((enum execution_state)state),
                         state == EXECUTION_FINISHED || state == EXECUTION_CANCELED ||
                             state == EXECUTION_FAILED);
}
END_TEST

START_TEST(hash_follows_whatever_a_later_step_depends_on)
{
    uint64_t hash = execution_graph_hash(graph);
    struct execution_graph *twin = graphs_execution(job);
    ck_assert_uint_eq(execution_graph_hash(twin), hash);
    execution_graph_destroy(twin);
    struct execution *task = &graph->tasks[2], before = *task;
    task->cancel_sent = true;
    ck_assert_uint_ne(execution_graph_hash(graph), hash);
    *task = before;
    task->version++;
    ck_assert_uint_ne(execution_graph_hash(graph), hash);
    *task = before;
    task->previous.n = 1;
    ck_assert_uint_ne(execution_graph_hash(graph), hash);
    *task = before;
    ck_assert_uint_eq(execution_graph_hash(graph), hash);
    move(2, EXECUTION_SCHEDULED);
    ck_assert_uint_ne(execution_graph_hash(graph), hash);
}
END_TEST

START_TEST(illegal_move_is_a_fault_of_the_caller)
{
    move(0, EXECUTION_RUNNING);
}
END_TEST

START_TEST(failure_without_a_cause_is_a_fault_of_the_caller)
{
    execution_graph_move(graph, (struct task_id){ 0 }, EXECUTION_FAILED, CAUSE_NONE, &effects);
}
END_TEST

START_TEST(new_attempt_of_a_living_task_is_a_fault_of_the_caller)
{
    move(0, EXECUTION_SCHEDULED);
    execution_graph_reset(graph, (struct task_id){ 0 }, 0);
}
END_TEST

START_TEST(parallelism_above_max_is_a_fault_of_the_caller)
{
    static const int32_t parallelism[] = { 1, 65 }, max_parallelism[] = { 128, 64 };
    execution_graph_destroy(execution_graph_create(job, parallelism, max_parallelism, NULL, 0));
}
END_TEST

static struct execution_graph *pair_of(const struct job_graph *pair, int32_t producers,
                                       int32_t consumers)
{
    int32_t parallelism[] = { producers, consumers }, max_parallelism[] = { 128, 128 };
    return execution_graph_create(pair, parallelism, max_parallelism, NULL, 0);
}

/* A1: S >= T: consumer i reads floor(i S/T) ... floor((i+1) S/T) - 1; S < T: producer p is read by
 * ceil(p T/S) ... ceil((p+1) T/S) - 1. Written out as a matrix, then compared both ways. */
static void check_pointwise(const struct execution_graph *pair, uint32_t s, uint32_t t)
{
    bool reads[40][40] = { 0 };
    for (uint32_t i = 0; s >= t && i < t; i++)
        for (uint32_t p = i * s / t; p < (i + 1) * s / t; p++)
            reads[i][p] = true;
    for (uint32_t p = 0; s < t && p < s; p++)
        for (uint32_t i = (p * t + s - 1) / s; i < ((p + 1) * t + s - 1) / s; i++)
            reads[i][p] = true;
    for (uint32_t i = 0; i < t; i++) {
        struct subtask_range range = edge_producers_of(pair, 0, i);
        for (uint32_t p = 0; p < s; p++)
            ck_assert_int_eq(reads[i][p], p >= range.first && p <= range.last);
    }
    for (uint32_t p = 0; p < s; p++) {
        struct subtask_range range = edge_consumers_of(pair, 0, p);
        for (uint32_t i = 0; i < t; i++)
            ck_assert_int_eq(reads[i][p], i >= range.first && i <= range.last);
    }
}

START_TEST(pointwise_edges_are_wired_as_flink_wires_them)
{
    struct job_graph *pair = graphs_job("a 1; b 1; a -> b rescale");
    for (int32_t s = 1; s <= 40; s++) {
        for (int32_t t = 1; t <= 40; t++) {
            struct execution_graph *both = pair_of(pair, s, t);
            check_pointwise(both, (uint32_t)s, (uint32_t)t);
            execution_graph_destroy(both);
        }
    }
    job_graph_destroy(pair);
}
END_TEST

START_TEST(all_to_all_edges_join_everybody)
{
    struct job_graph *pair = graphs_job("a 1; b 1; a -> b rebalance");
    struct execution_graph *both = pair_of(pair, 3, 7);
    for (uint32_t i = 0; i < 7; i++) {
        ck_assert_uint_eq(edge_producers_of(both, 0, i).first, 0);
        ck_assert_uint_eq(edge_producers_of(both, 0, i).last, 2);
    }
    for (uint32_t p = 0; p < 3; p++) {
        ck_assert_uint_eq(edge_consumers_of(both, 0, p).first, 0);
        ck_assert_uint_eq(edge_consumers_of(both, 0, p).last, 6);
    }
    execution_graph_destroy(both);
    job_graph_destroy(pair);
}
END_TEST

START_TEST(wide_pointwise_edges_do_not_run_over)
{
    struct job_graph *pair = graphs_job("a 32768 /32768; b 32767 /32768; a -> b rescale");
    struct execution_graph *both = graphs_execution(pair);
    ck_assert_uint_eq(edge_producers_of(both, 0, 32766).first, 32766);
    ck_assert_uint_eq(edge_producers_of(both, 0, 32766).last, 32767);
    ck_assert_uint_eq(edge_consumers_of(both, 0, 32767).first, 32766);
    ck_assert_uint_eq(edge_consumers_of(both, 0, 32767).last, 32766);
    execution_graph_destroy(both);
    job_graph_destroy(pair);
}
END_TEST

START_TEST(consumer_beyond_parallelism_is_a_fault_of_the_caller)
{
    (void)edge_producers_of(graph, 0, 2);
}
END_TEST

Suite *test_graph_execution_suite(void)
{
    Suite *suite = suite_create("graph/execution");
    TCase *tcase = tcase_create("core");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, subtasks_of_a_vertex_are_neighbours);
    tcase_add_test(tcase, attempt_numbers_may_be_carried_over);
    tcase_add_test(tcase, moves_stamp_and_count);
    tcase_add_test(tcase, moves_are_logged_at_task_level);
    tcase_add_test(tcase, failures_are_logged_at_decision_level_with_their_cause);
    tcase_add_test(tcase, new_attempt_forgets_all_but_the_slot);
    tcase_add_test(tcase, questions_about_all_tasks_are_answered_by_counters);
    tcase_add_test(tcase, three_states_are_terminal);
    tcase_add_test(tcase, hash_follows_whatever_a_later_step_depends_on);
    tcase_add_test_raise_signal(tcase, illegal_move_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test_raise_signal(tcase, failure_without_a_cause_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test_raise_signal(tcase, new_attempt_of_a_living_task_is_a_fault_of_the_caller,
                                SIGABRT);
    tcase_add_test_raise_signal(tcase, parallelism_above_max_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test(tcase, pointwise_edges_are_wired_as_flink_wires_them);
    tcase_add_test(tcase, all_to_all_edges_join_everybody);
    tcase_add_test(tcase, wide_pointwise_edges_do_not_run_over);
    tcase_add_test_raise_signal(tcase, consumer_beyond_parallelism_is_a_fault_of_the_caller,
                                SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
