/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/graph/regions.c: the classic shapes with their regions written out, random graphs
 * against a plain computation, and that regions are numbered topologically.
 */
#include "core/graph/regions.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/base/text.h"
#include "tests/lib/graphs.h"

enum { TASKS_MAX = 48 };

/* "a0 b0 | a1 b1": the regions in their order, the tasks of each in theirs. */
static void describe(const struct execution_graph *graph, const struct regions *regions, char *out,
                     size_t size)
{
    size_t length = 0;
    out[0] = '\0';
    for (uint32_t r = 0; r < regions->count; r++) {
        for (uint32_t i = regions->first[r]; i < regions->first[r + 1]; i++) {
            const struct execution *task = &graph->tasks[regions->tasks[i].n];
            ck_assert_uint_eq(regions->of_task[regions->tasks[i].n].n, r);
            const char *between = i == regions->first[r] ? (r ? " | " : "") : " ";
            length += text_format(out + length, size - length, "%s%s%u", between,
                                  graph->job->vertices.items[task->vertex.n].name, task->subtask);
        }
    }
}

static void assert_regions(const char *text, const char *expected)
{
    struct job_graph *job = graphs_job(text);
    struct execution_graph *graph = graphs_execution(job);
    struct regions *regions = regions_create(graph);
    char got[400];
    describe(graph, regions, got, sizeof got);
    ck_assert_str_eq(got, expected);
    regions_destroy(regions);
    execution_graph_destroy(graph);
    job_graph_destroy(job);
}

START_TEST(vertices_without_edges_are_regions_of_their_own)
{
    assert_regions("a 2; b 1", "a0 | a1 | b0");
}
END_TEST

START_TEST(pipelined_all_to_all_makes_one_region)
{
    assert_regions("a 2; b 2; a -> b hash", "a0 a1 b0 b1");
    assert_regions("a 2; b 2; a -> b hash pipelined", "a0 a1 b0 b1");
}
END_TEST

START_TEST(forward_job_has_a_region_per_pipeline)
{
    assert_regions("a 3; b 3; c 3; a -> b forward; b -> c forward",
                   "a0 b0 c0 | a1 b1 c1 | a2 b2 c2");
}
END_TEST

START_TEST(rescale_joins_as_far_as_pairs_reach)
{
    assert_regions("a 4; b 2; a -> b rescale", "a0 a1 b0 | a2 a3 b1");
    assert_regions("a 2; b 4; a -> b rescale", "a0 b0 b1 | a1 b2 b3");
    assert_regions("a 2; b 3; a -> b rescale", "a0 b0 b1 | a1 b2");
}
END_TEST

START_TEST(blocking_edges_part_regions)
{
    assert_regions("a 2; b 2; a -> b hash blocking", "a0 | a1 | b0 | b1");
    assert_regions("a 2; b 2; c 2; a -> b hash blocking; b -> c hash", "a0 | a1 | b0 b1 c0 c1");
    assert_regions("a 2; b 2; a -> b rescale blocking", "a0 | a1 | b0 | b1");
}
END_TEST

/* A1: only what must be pipelined joins; hybrid and approximate can be */
START_TEST(edges_that_can_be_pipelined_part_regions_too)
{
    assert_regions("a 2; b 2; a -> b hash hybrid_full", "a0 | a1 | b0 | b1");
    assert_regions("a 2; b 2; a -> b hash hybrid_selective", "a0 | a1 | b0 | b1");
    assert_regions("a 2; b 2; a -> b hash pipelined_approximate", "a0 | a1 | b0 | b1");
}
END_TEST

START_TEST(diamond_of_pipelined_edges_is_one_region_per_pipeline)
{
    assert_regions("a 2; b 2; c 2; d 2; a -> b forward; a -> c forward; b -> d forward;"
                   "c -> d forward",
                   "a0 b0 c0 d0 | a1 b1 c1 d1");
    assert_regions("a 2; b 2; c 2; d 2; a -> b forward blocking; a -> c forward blocking;"
                   "b -> d forward; c -> d forward",
                   "a0 | a1 | b0 c0 d0 | b1 c1 d1");
}
END_TEST

/* A9: a logical region with an internal all-to-all edge, of whatever type, is one region */
START_TEST(blocking_all_to_all_inside_a_logical_region_makes_it_one)
{
    assert_regions("a 2; b 2; a -> b forward; a -> b hash blocking", "a0 a1 b0 b1");
}
END_TEST

/* A9: blocking pointwise edges may run both ways between two regions (FLINK-17330) */
START_TEST(regions_joined_both_ways_by_pointwise_edges_are_merged)
{
    assert_regions("a 2; b 2; c 4; a -> b forward; a -> c rescale blocking;"
                   "c -> b rescale blocking",
                   "a0 c0 c1 b0 | a1 c2 c3 b1");
    assert_regions("a 2; b 3; c 2; d 3; a -> c forward; b -> d forward;"
                   "a -> b rescale blocking; b -> c rescale blocking",
                   "a0 b0 c0 d0 | b1 d1 | a1 b2 c1 d2");
}
END_TEST

/* a_i and b_i run together, but b_i reads what c makes of all a. */
START_TEST(cycle_through_an_all_to_all_hub_merges_all_that_are_on_it)
{
    assert_regions("a 2; b 2; c 1; a -> c hash blocking; c -> b hash blocking; a -> b forward",
                   "a0 a1 c0 b0 b1");
    assert_regions("x 1; a 2; b 2; x -> a hash blocking; a -> b hash blocking",
                   "x0 | a0 | a1 | b0 | b1");
}
END_TEST

/* The least task of {a, d} comes before c, on which d depends. */
START_TEST(topological_order_wins_over_the_order_of_tasks)
{
    assert_regions("a 1; c 1; d 1; a -> d forward; c -> d forward blocking", "c0 | a0 d0");
    assert_regions("z 1; a 2; c 1; d 2; a -> d forward; c -> d hash blocking",
                   "z0 | c0 | a0 d0 | a1 d1");
}
END_TEST

/* Flink refuses co-located tasks in different regions; here they are joined */
START_TEST(colocated_subtasks_share_a_region)
{
    assert_regions("a 2 %1; b 2; c 2 %1; a -> b forward blocking; b -> c forward",
                   "a0 b0 c0 | a1 b1 c1");
    assert_regions("a 1 %1; b 3 %1; c 3 %1", "a0 b0 c0 | b1 c1 | b2 c2");
}
END_TEST

/* ---- a plain computation: reachability over single tasks ---- */

struct plain {
    uint32_t count;
    bool same[TASKS_MAX][TASKS_MAX];  /* in one region */
    bool needs[TASKS_MAX][TASKS_MAX]; /* reads, directly or through others */
};

static void close_under(bool relation[TASKS_MAX][TASKS_MAX], uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t j = 0; relation[i][k] && j < count; j++)
                relation[i][j] = relation[i][j] || relation[k][j];
}

static bool plain_reads(const struct execution_graph *graph, uint32_t edge, uint32_t consumer,
                        uint32_t producer)
{
    const struct job_edge *e = &graph->job->edges.items[edge];
    const struct execution *c = &graph->tasks[consumer], *p = &graph->tasks[producer];
    if (c->vertex.n != e->consumer.n || p->vertex.n != e->producer.n)
        return false;
    struct subtask_range range = edge_producers_of(graph, edge, c->subtask);
    return p->subtask >= range.first && p->subtask <= range.last;
}

/* Vertices that pipelined edges join, with an all-to-all edge inside: all their tasks are one. */
static void plain_logical(const struct execution_graph *graph, struct plain *plain)
{
    const struct job_graph *job = graph->job;
    static bool joined[TASKS_MAX][TASKS_MAX];
    uint32_t vertices = (uint32_t)job->vertices.count;
    memset(joined, 0, sizeof joined);
    for (uint32_t v = 0; v < vertices; v++)
        joined[v][v] = true;
    for (size_t e = 0; e < job->edges.count; e++) {
        const struct job_edge *edge = &job->edges.items[e];
        if (result_type_rows[edge->result].constraint == CONSUME_MUST_BE_PIPELINED)
            joined[edge->producer.n][edge->consumer.n] =
                joined[edge->consumer.n][edge->producer.n] = true;
    }
    close_under(joined, vertices);
    for (size_t e = 0; e < job->edges.count; e++) {
        const struct job_edge *edge = &job->edges.items[e];
        if (edge->pattern != DISTRIBUTION_ALL_TO_ALL || !joined[edge->producer.n][edge->consumer.n])
            continue;
        for (uint32_t i = 0; i < plain->count; i++)
            for (uint32_t j = 0; j < plain->count; j++)
                if (joined[edge->producer.n][graph->tasks[i].vertex.n] &&
                    joined[edge->producer.n][graph->tasks[j].vertex.n])
                    plain->same[i][j] = true;
    }
}

static void plain_compute(const struct execution_graph *graph, struct plain *plain)
{
    memset(plain, 0, sizeof *plain);
    plain->count = graph->task_count;
    plain_logical(graph, plain);
    for (uint32_t i = 0; i < plain->count; i++) {
        plain->same[i][i] = true;
        for (uint32_t j = 0; j < plain->count; j++)
            for (uint32_t e = 0; e < graph->job->edges.count; e++) {
                if (!plain_reads(graph, e, i, j))
                    continue;
                plain->needs[i][j] = true;
                if (result_type_rows[graph->job->edges.items[e].result].constraint ==
                    CONSUME_MUST_BE_PIPELINED)
                    plain->same[i][j] = plain->same[j][i] = true;
            }
    }
    close_under(plain->same, plain->count);
    for (uint32_t i = 0; i < plain->count; i++)
        for (uint32_t j = 0; j < plain->count; j++)
            plain->needs[i][j] = plain->needs[i][j] || plain->same[i][j];
    close_under(plain->needs, plain->count);
    for (uint32_t i = 0; i < plain->count; i++)
        for (uint32_t j = 0; j < plain->count; j++)
            plain->same[i][j] = plain->needs[i][j] && plain->needs[j][i];
}

static struct job_graph *random_job(struct rng *rng)
{
    static const enum partitioner partitioners[] = { PARTITION_RESCALE, PARTITION_RESCALE,
                                                     PARTITION_HASH };
    struct job_graph *job = graphs_unfinished("", NULL);
    uint32_t vertices = 2 + (uint32_t)rng_below(rng, 7);
    for (uint32_t v = 0; v < vertices; v++) {
        char name[16];
        struct vertex_id id;
        snprintf(name, sizeof name, "v%u", v);
        ck_assert(!err_is(job_graph_add_vertex(job, name, 1 + (int32_t)rng_below(rng, 6), -1,
                                               (struct group_id){ 0 }, &id, NULL)));
    }
    uint32_t edges = (uint32_t)rng_below(rng, 2 * vertices);
    for (uint32_t e = 0; e < edges; e++) {
        uint32_t to = 1 + (uint32_t)rng_below(rng, vertices - 1);
        uint32_t from = (uint32_t)rng_below(rng, to);
        enum result_type type = (enum result_type)rng_below(rng, RESULT_TYPE_COUNT);
        ck_assert(
            !err_is(job_graph_add_edge(job, (struct vertex_id){ from }, (struct vertex_id){ to },
                                       partitioners[rng_below(rng, 3)], type, NULL)));
    }
    ck_assert(!err_is(job_graph_finish(job, NULL, NULL)));
    return job;
}

START_TEST(random_graphs_have_the_regions_of_a_plain_computation)
{
    static struct plain plain;
    for (uint64_t round = 0; round < 40; round++) {
        struct rng rng = rng_stream((uint64_t)_i, "regions", round);
        struct job_graph *job = random_job(&rng);
        struct execution_graph *graph = graphs_execution(job);
        ck_assert_uint_le(graph->task_count, TASKS_MAX);
        struct regions *regions = regions_create(graph);
        plain_compute(graph, &plain);
        ck_assert_uint_eq(regions->first[0], 0);
        ck_assert_uint_eq(regions->first[regions->count], graph->task_count);
        for (uint32_t i = 0; i < graph->task_count; i++)
            for (uint32_t j = 0; j < graph->task_count; j++) {
                ck_assert_int_eq(plain.same[i][j], regions->of_task[i].n == regions->of_task[j].n);
                if (plain.needs[i][j])
                    ck_assert_uint_le(regions->of_task[j].n, regions->of_task[i].n);
            }
        regions_destroy(regions);
        execution_graph_destroy(graph);
        job_graph_destroy(job);
    }
}
END_TEST

/* E: 10,000 x 10,000 all-to-all; pairs would be a hundred million. */
START_TEST(wide_jobs_have_as_many_regions_as_they_should)
{
    static const struct {
        const char *text;
        uint32_t count;
    } wide[] = { { "a 10000; b 10000; a -> b hash", 1 },
                 { "a 10000; b 10000; a -> b hash blocking", 20000 },
                 { "a 10000; b 10000; a -> b forward", 10000 },
                 { "a 10000; b 10000; c 10000; a -> b forward; b -> c hash blocking", 20000 } };
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        struct job_graph *job = graphs_job(wide[i].text);
        struct execution_graph *graph = graphs_execution(job);
        struct regions *regions = regions_create(graph);
        ck_assert_uint_eq(regions->count, wide[i].count);
        regions_destroy(regions);
        execution_graph_destroy(graph);
        job_graph_destroy(job);
    }
}
END_TEST

Suite *test_graph_regions_suite(void)
{
    Suite *suite = suite_create("graph/regions");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, vertices_without_edges_are_regions_of_their_own);
    tcase_add_test(tcase, pipelined_all_to_all_makes_one_region);
    tcase_add_test(tcase, forward_job_has_a_region_per_pipeline);
    tcase_add_test(tcase, rescale_joins_as_far_as_pairs_reach);
    tcase_add_test(tcase, blocking_edges_part_regions);
    tcase_add_test(tcase, edges_that_can_be_pipelined_part_regions_too);
    tcase_add_test(tcase, diamond_of_pipelined_edges_is_one_region_per_pipeline);
    tcase_add_test(tcase, blocking_all_to_all_inside_a_logical_region_makes_it_one);
    tcase_add_test(tcase, regions_joined_both_ways_by_pointwise_edges_are_merged);
    tcase_add_test(tcase, cycle_through_an_all_to_all_hub_merges_all_that_are_on_it);
    tcase_add_test(tcase, topological_order_wins_over_the_order_of_tasks);
    tcase_add_test(tcase, colocated_subtasks_share_a_region);
    tcase_add_loop_test(tcase, random_graphs_have_the_regions_of_a_plain_computation, 0, 10);
    tcase_add_test(tcase, wide_jobs_have_as_many_regions_as_they_should);
    suite_add_tcase(suite, tcase);
    return suite;
}
