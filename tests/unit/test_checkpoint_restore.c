/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read from a completed checkpoint at a restart: key-group overlaps, operator state, data
 * in flight, refusals. Sums are exact: nothing is read twice or lost.
 */
#include <check.h>

#include "core/checkpoint/restore_plan.h"
#include "tests/lib/checkpoints.h"

enum { MOST = 64 };

static struct config config;
static struct job_graph *job;
static struct execution_graph *graph;
static struct completed_store store;
static struct task_deployment deployments[2 * MOST];
static struct note note;
static int64_t in_flight_at_sources; /* which have no input: they have written it */

static void setup(void)
{
    config = config_default();
    job = checkpoint_fixture_job(&config, 1);
    completed_store_init(&store, 1);
}

static void drop_graph(void)
{
    if (graph)
        execution_graph_destroy(graph);
    graph = NULL;
}

static void teardown(void)
{
    drop_graph();
    job_graph_destroy(job);
    completed_store_fini(&store);
}

static void make_graph(int32_t sources, int32_t counts, int32_t max_parallelism)
{
    int32_t parallelism[] = { sources, counts }, most[] = { 128, max_parallelism };
    drop_graph();
    graph = execution_graph_create(job, parallelism, most, NULL, 0);
}

/* A checkpoint of a graph of these parallelisms; each task has stored bytes(task). */
static const struct completed_checkpoint *take(uint64_t id, int32_t sources, int32_t counts,
                                               int64_t (*bytes)(uint32_t), int64_t in_flight,
                                               uint32_t finished)
{
    make_graph(sources, counts, 128);
    struct completed_checkpoint checkpoint = { .id = id };
    task_states_of_graph(graph, &checkpoint.states);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct task_state *state = &checkpoint.states.items[t];
        state->finished = t < finished;
        state->bytes = state->finished ? 0 : bytes(t);
        state->in_flight_bytes = t >= (uint32_t)sources ? in_flight : in_flight_at_sources;
    }
    completed_store_add(&store, &checkpoint);
    return completed_store_latest(&store);
}

static int64_t odd_bytes(uint32_t task)
{
    return 1000003 + 17 * (int64_t)task;
}

static struct err fill(const struct completed_checkpoint *restored)
{
    for (uint32_t t = 0; t < graph->task_count; t++) {
        const struct execution *task = &graph->tasks[t];
        deployments[t] =
            (struct task_deployment){ .attempt = { { t }, 0, 0 },
                                      .vertex = task->vertex,
                                      .subtask = task->subtask,
                                      .parallelism = graph->vertices[task->vertex.n].parallelism,
                                      .restore_checkpoint = 99 };
    }
    return restore_plan_fill(restored, graph, deployments, graph->task_count, &note);
}

static int64_t sum_of(uint32_t vertex)
{
    int64_t sum = 0;
    for (uint32_t t = 0; t < graph->task_count; t++)
        if (deployments[t].vertex.n == vertex)
            sum += deployments[t].restore_bytes;
    return sum;
}

START_TEST(store_keeps_the_newest_and_sums_up_vertices)
{
    ck_assert_ptr_null(completed_store_latest(&store));
    take(1, 2, 3, odd_bytes, 5, 1);
    const struct completed_checkpoint *latest = take(4, 2, 3, odd_bytes, 5, 1);
    ck_assert_uint_eq(store.checkpoints.count, 1);
    ck_assert_uint_eq(latest->id, 4);
    ck_assert_uint_eq(latest->vertices.count, 2);
    const struct vertex_state *count = &latest->vertices.items[1];
    ck_assert_uint_eq(count->first, 2);
    ck_assert_uint_eq(count->parallelism, 3);
    ck_assert_int_eq(count->max_parallelism, 128);
    ck_assert_int_eq(count->bytes, odd_bytes(2) + odd_bytes(3) + odd_bytes(4));
    ck_assert_int_eq(count->in_flight_bytes, 15);
    ck_assert_uint_eq(latest->vertices.items[0].finished, 1);
}
END_TEST

START_TEST(nothing_to_restore_starts_empty)
{
    make_graph(2, 3, 128);
    ck_assert(!err_is(fill(NULL)));
    for (uint32_t t = 0; t < graph->task_count; t++) {
        ck_assert_uint_eq(deployments[t].restore_checkpoint, 0);
        ck_assert_int_eq(deployments[t].restore_bytes, 0);
    }
    ck_assert_uint_gt(deployments[0].key_group_first, deployments[0].key_group_last);
    ck_assert_uint_eq(deployments[2].key_group_first, 0);
    ck_assert_uint_eq(deployments[2].key_group_last, 42);
}
END_TEST

START_TEST(same_parallelism_restores_everybodys_own)
{
    const struct completed_checkpoint *restored = take(5, 2, 3, odd_bytes, 9, 0);
    ck_assert(!err_is(fill(restored)));
    for (uint32_t t = 0; t < graph->task_count; t++) {
        ck_assert_uint_eq(deployments[t].restore_checkpoint, 5);
        ck_assert_int_eq(deployments[t].restore_bytes, odd_bytes(t) + (t >= 2 ? 9 : 0));
    }
}
END_TEST

/* A12: each old handle is intersected with the new ranges; bytes go by key groups. */
START_TEST(rescaled_keyed_state_follows_the_key_groups)
{
    const struct completed_checkpoint *restored = take(5, 1, 2, odd_bytes, 0, 0);
    make_graph(1, 4, 128);
    ck_assert(!err_is(fill(restored)));
    /* 64 groups each before, 32 each now */
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1) / 2);
    ck_assert_int_eq(deployments[1].restore_bytes + deployments[2].restore_bytes, odd_bytes(1));
    ck_assert_int_eq(deployments[3].restore_bytes + deployments[4].restore_bytes, odd_bytes(2));
    make_graph(1, 3, 128);
    ck_assert(!err_is(fill(restored)));
    /* [0,42] [43,85] [86,127]: the middle one reads 21 groups of the first and 22 of the second */
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1) * 43 / 64);
    ck_assert_int_eq(deployments[2].restore_bytes,
                     odd_bytes(1) - odd_bytes(1) * 43 / 64 + odd_bytes(2) * 22 / 64);
}
END_TEST

START_TEST(rescaled_keyed_state_adds_up_for_all_parallelisms)
{
    for (int32_t old = 1; old <= 13; old++) {
        completed_store_clear(&store);
        const struct completed_checkpoint *restored = take(1, 1, old, odd_bytes, 0, 0);
        for (int32_t new = 1; new <= 40; new ++) {
            make_graph(1, new, 128);
            ck_assert(!err_is(fill(restored)));
            ck_assert_int_eq(sum_of(1), restored->vertices.items[1].bytes);
        }
    }
}
END_TEST

/* IncrementalRemoteKeyedStateHandle: files are downloaded whole, by all who need a part of them. */
START_TEST(who_needs_a_part_of_an_incremental_checkpoint_reads_all_of_the_subtask)
{
    struct completed_checkpoint restored = *take(5, 1, 2, odd_bytes, 9, 0);
    restored.is_incremental = true;
    ck_assert(!err_is(fill(&restored)));
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1) + 9);
    ck_assert_int_eq(deployments[2].restore_bytes, odd_bytes(2) + 9);
    make_graph(1, 1, 128);
    ck_assert(!err_is(fill(&restored)));
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1) + odd_bytes(2) + 18);
    make_graph(1, 3, 128); /* [0,42] [43,85] [86,127] of [0,63] [64,127] */
    ck_assert(!err_is(fill(&restored)));
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1) + 9);
    ck_assert_int_eq(deployments[2].restore_bytes, odd_bytes(1) + odd_bytes(2) + 18);
    ck_assert_int_eq(deployments[3].restore_bytes, odd_bytes(2) + 9);
}
END_TEST

static int64_t huge_bytes(uint32_t task)
{
    return INT64_MAX / 4 - (int64_t)task;
}

START_TEST(shares_of_huge_states_do_not_run_over)
{
    const struct completed_checkpoint *restored = take(1, 1, 1, huge_bytes, 0, 0);
    make_graph(1, 50, 128);
    ck_assert(!err_is(fill(restored)));
    ck_assert_int_eq(sum_of(1), huge_bytes(1));
    for (uint32_t t = 1; t < graph->task_count; t++)
        ck_assert_int_gt(deployments[t].restore_bytes, 0);
}
END_TEST

START_TEST(keyed_share_outside_the_range_is_nothing)
{
    struct task_state old = { .range = { 10, 19 }, .bytes = 100 };
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 0, 9 }), 0);
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 20, 30 }), 0);
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 0, 5 }), 0);
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 25, 30 }), 0);
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 0, 12 }), 30);
    ck_assert_int_eq(keyed_state_share(&old, (struct key_group_range){ 0, 127 }), 100);
}
END_TEST

/* RoundRobinOperatorStateRepartitioner: SPLIT_DISTRIBUTE. */
START_TEST(split_state_is_shared_out_evenly)
{
    const struct completed_checkpoint *restored = take(1, 3, 1, odd_bytes, 0, 0);
    make_graph(4, 1, 128);
    ck_assert(!err_is(fill(restored)));
    int64_t total = restored->vertices.items[0].bytes;
    for (uint32_t t = 0; t < 4; t++)
        ck_assert_int_eq(deployments[t].restore_bytes, total / 4 + (t < total % 4));
    ck_assert_int_eq(sum_of(0), total);
}
END_TEST

/* UNION: everything to everyone, at any parallelism. */
START_TEST(union_state_goes_to_everyone)
{
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_UNION;
    const struct completed_checkpoint *restored = take(1, 3, 1, odd_bytes, 0, 0);
    for (int32_t new = 1; new <= 5; new ++) {
        make_graph(new, 1, 128);
        ck_assert(!err_is(fill(restored)));
        for (int32_t t = 0; t < new; t++)
            ck_assert_int_eq(deployments[t].restore_bytes, restored->vertices.items[0].bytes);
    }
}
END_TEST

/* BROADCAST: old copy i mod old parallelism. */
START_TEST(broadcast_state_takes_a_copy_in_turn)
{
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_BROADCAST;
    const struct completed_checkpoint *restored = take(1, 3, 1, odd_bytes, 0, 0);
    make_graph(5, 1, 128);
    ck_assert(!err_is(fill(restored)));
    for (uint32_t t = 0; t < 5; t++)
        ck_assert_int_eq(deployments[t].restore_bytes, odd_bytes(t % 3));
}
END_TEST

static int64_t equal_bytes(uint32_t task)
{
    (void)task;
    return 500;
}

/* A12: the same parallelism leaves it unchanged, except a partly finished broadcast. */
START_TEST(broadcast_state_of_a_partly_finished_vertex_still_reaches_all)
{
    job->vertices.items[0].operators.items[0].operator_state = OPERATOR_STATE_BROADCAST;
    const struct completed_checkpoint *restored = take(1, 3, 1, equal_bytes, 0, 2);
    ck_assert(!err_is(fill(restored)));
    for (uint32_t t = 0; t < 3; t++)
        ck_assert_int_eq(deployments[t].restore_bytes, 500);
}
END_TEST

/* Data in flight to a keyed vertex: RANGE; what overlaps is read whole and filtered. */
START_TEST(data_in_flight_follows_the_mapper_when_rescaled)
{
    const struct completed_checkpoint *restored = take(1, 1, 3, equal_bytes, 8, 0);
    make_graph(1, 2, 128);
    ck_assert(!err_is(fill(restored)));
    ck_assert_int_eq(sum_of(1), 3 * 500 + (2 + 2) * 8);
}
END_TEST

START_TEST(what_was_written_and_not_handed_over_goes_to_anyone)
{
    in_flight_at_sources = 8;
    const struct completed_checkpoint *restored = take(1, 3, 1, equal_bytes, 0, 0);
    make_graph(2, 1, 128);
    ck_assert(!err_is(fill(restored)));
    ck_assert_int_eq(sum_of(0), 3 * 500 + 3 * 8);
}
END_TEST

START_TEST(data_in_flight_on_a_pointwise_edge_cannot_be_rescaled)
{
    job->edges.items[0].partitioner = PARTITION_FORWARD;
    job->edges.items[0].pattern = DISTRIBUTION_POINTWISE;
    const struct completed_checkpoint *restored = take(1, 2, 2, equal_bytes, 8, 0);
    ck_assert(!err_is(fill(restored)));
    make_graph(3, 3, 128);
    struct err err = fill(restored);
    ck_assert_int_eq(err.code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text, "checkpoint 1: cannot rescale count from 2 to 3 with data in flight"
                                " on a pointwise or broadcast edge");
    ck_assert_uint_eq(deployments[0].restore_checkpoint, 99); /* untouched */
}
END_TEST

START_TEST(changed_max_parallelism_is_refused)
{
    const struct completed_checkpoint *restored = take(3, 1, 2, equal_bytes, 0, 0);
    make_graph(1, 2, 256);
    struct err err = fill(restored);
    ck_assert_int_eq(err.code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text,
                     "checkpoint 3: the maximum parallelism of count was 128 and is now 256");
}
END_TEST

/* VertexFinishedStateChecker. */
START_TEST(finished_vertex_behind_a_running_one_is_refused)
{
    make_graph(2, 2, 128);
    struct completed_checkpoint checkpoint = { .id = 1 };
    task_states_of_graph(graph, &checkpoint.states);
    checkpoint.states.items[2].finished = true;
    completed_store_add(&store, &checkpoint);
    ck_assert_int_eq(fill(completed_store_latest(&store)).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text, "checkpoint 1: count has finished in part but its producer source "
                                "has not entirely");
    job->edges.items[0].pattern = DISTRIBUTION_POINTWISE;
    ck_assert_int_eq(fill(completed_store_latest(&store)).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text,
                     "checkpoint 1: count has finished in part but its producer source has not");
    store.checkpoints.items[0].vertices.items[0].finished = 1;
    ck_assert(!err_is(fill(completed_store_latest(&store))));
    store.checkpoints.items[0].vertices.items[1].finished = 2;
    ck_assert_int_eq(fill(completed_store_latest(&store)).code, ERR_REFUSED_CODE);
    store.checkpoints.items[0].vertices.items[0].finished = 2;
    ck_assert(!err_is(fill(completed_store_latest(&store))));
}
END_TEST

START_TEST(partly_finished_vertex_is_restored_from_what_did_not_finish)
{
    const struct completed_checkpoint *restored = take(1, 2, 2, odd_bytes, 0, 1);
    ck_assert(!err_is(fill(restored)));
    ck_assert_int_eq(deployments[0].restore_bytes, 0);
    ck_assert_int_eq(deployments[1].restore_bytes, odd_bytes(1));
}
END_TEST

static void assert_mapped(enum subtask_mapper mapper, uint32_t subtask, uint32_t old, uint32_t new,
                          const uint32_t *expected, size_t count)
{
    struct subtask_list list = { 0 };
    ck_assert(!err_is(subtask_mapper_old(mapper, subtask, old, new, &list)));
    ck_assert_uint_eq(list.subtasks.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(list.subtasks.items[i], expected[i]);
    vec_fini(&list.subtasks);
}

/* A12: the examples of Flink's SubtaskStateMapper. */
START_TEST(mappers_do_what_flinks_examples_say)
{
    assert_mapped(MAPPER_ROUND_ROBIN, 0, 10, 4, (uint32_t[]){ 0, 4, 8 }, 3);
    assert_mapped(MAPPER_ROUND_ROBIN, 3, 10, 4, (uint32_t[]){ 3, 7 }, 2);
    assert_mapped(MAPPER_ARBITRARY, 1, 10, 4, (uint32_t[]){ 1, 5, 9 }, 3);
    assert_mapped(MAPPER_ROUND_ROBIN, 6, 6, 10, NULL, 0);
    assert_mapped(MAPPER_FIRST, 0, 3, 2, (uint32_t[]){ 0, 1, 2 }, 3);
    assert_mapped(MAPPER_FIRST, 1, 3, 2, NULL, 0);
    assert_mapped(MAPPER_FULL, 1, 3, 2, (uint32_t[]){ 0, 1, 2 }, 3);
    assert_mapped(MAPPER_RANGE, 0, 3, 2, (uint32_t[]){ 0, 1 }, 2);
    assert_mapped(MAPPER_RANGE, 1, 3, 2, (uint32_t[]){ 1, 2 }, 2);
    assert_mapped(MAPPER_RANGE, 1, 2, 3, (uint32_t[]){ 0, 1 }, 2);
    assert_mapped(MAPPER_RANGE, 2, 5, 5, (uint32_t[]){ 2 }, 1);
}
END_TEST

/* Every old subtask's data is read by somebody; by exactly one where the mapper is unique. */
START_TEST(mappers_lose_no_old_subtask)
{
    struct subtask_list list = { 0 };
    for (uint32_t old = 1; old <= 20; old++) {
        for (uint32_t new = 1; new <= 20; new ++) {
            for (int m = 0; m < MAPPER_UNSUPPORTED; m++) {
                uint32_t readers[20] = { 0 };
                for (uint32_t subtask = 0; subtask < new; subtask++) {
                    ck_assert(!err_is(
                        subtask_mapper_old((enum subtask_mapper)m, subtask, old, new, &list)));
                    for (size_t i = 0; i < list.subtasks.count; i++)
                        readers[list.subtasks.items[i]]++;
                }
                bool unique = m != MAPPER_FULL && m != MAPPER_RANGE;
                for (uint32_t i = 0; i < old; i++)
                    ck_assert(unique ? readers[i] == 1 : readers[i] >= 1);
            }
        }
    }
    vec_fini(&list.subtasks);
}
END_TEST

START_TEST(mapper_refuses_what_makes_no_sense)
{
    struct subtask_list list = { 0 };
    ck_assert_int_eq(subtask_mapper_old(MAPPER_UNSUPPORTED, 0, 1, 2, &list).code, ERR_REFUSED_CODE);
    ck_assert_int_eq(subtask_mapper_old(MAPPER_FULL, 0, 0, 2, &list).code, ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(subtask_mapper_old(MAPPER_FULL, 0, 2, 0, &list).code, ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(subtask_mapper_old(MAPPER_FULL, 2, 2, 2, &list).code, ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(subtask_mapper_old(MAPPER_FULL, 0, MAX_PARALLELISM_LIMIT + 1, 2, &list).code,
                     ERR_BAD_VALUE_CODE);
    ck_assert_uint_eq(list.subtasks.count, 0);
    ck_assert_int_eq(subtask_mapper_old(MAPPER_RANGE, MAX_PARALLELISM_LIMIT - 1,
                                        MAX_PARALLELISM_LIMIT, MAX_PARALLELISM_LIMIT, &list)
                         .code,
                     ERR_OK_CODE);
    vec_fini(&list.subtasks);
}
END_TEST

Suite *test_checkpoint_restore_suite(void)
{
    Suite *suite = suite_create("checkpoint/restore");
    TCase *plans = tcase_create("restore plan");
    tcase_add_checked_fixture(plans, setup, teardown);
    tcase_add_test(plans, store_keeps_the_newest_and_sums_up_vertices);
    tcase_add_test(plans, nothing_to_restore_starts_empty);
    tcase_add_test(plans, same_parallelism_restores_everybodys_own);
    tcase_add_test(plans, rescaled_keyed_state_follows_the_key_groups);
    tcase_add_test(plans, rescaled_keyed_state_adds_up_for_all_parallelisms);
    tcase_add_test(plans, who_needs_a_part_of_an_incremental_checkpoint_reads_all_of_the_subtask);
    tcase_add_test(plans, shares_of_huge_states_do_not_run_over);
    tcase_add_test(plans, keyed_share_outside_the_range_is_nothing);
    tcase_add_test(plans, split_state_is_shared_out_evenly);
    tcase_add_test(plans, union_state_goes_to_everyone);
    tcase_add_test(plans, broadcast_state_takes_a_copy_in_turn);
    tcase_add_test(plans, broadcast_state_of_a_partly_finished_vertex_still_reaches_all);
    tcase_add_test(plans, data_in_flight_follows_the_mapper_when_rescaled);
    tcase_add_test(plans, what_was_written_and_not_handed_over_goes_to_anyone);
    tcase_add_test(plans, data_in_flight_on_a_pointwise_edge_cannot_be_rescaled);
    tcase_add_test(plans, changed_max_parallelism_is_refused);
    tcase_add_test(plans, finished_vertex_behind_a_running_one_is_refused);
    tcase_add_test(plans, partly_finished_vertex_is_restored_from_what_did_not_finish);
    suite_add_tcase(suite, plans);
    TCase *mappers = tcase_create("mappers");
    tcase_add_test(mappers, mappers_do_what_flinks_examples_say);
    tcase_add_test(mappers, mappers_lose_no_old_subtask);
    tcase_add_test(mappers, mapper_refuses_what_makes_no_sense);
    suite_add_tcase(suite, mappers);
    return suite;
}
