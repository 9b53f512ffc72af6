/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the restart sets: small graphs with every task named, and random graphs against a dull
 * reference that looks at every pair of tasks again until nothing changes.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>

#include "core/base/rng.h"
#include "core/failover/region_failover.h"

enum { VERTICES_MAX = 6, EDGES_MAX = 12, TASKS_MAX = 40 };

struct fixture {
    struct job_graph *job;
    struct execution_graph *graph;
    struct regions *regions;
    struct task_list tasks;
    bool lost[EDGES_MAX][TASKS_MAX]; /* by edge and producer */
    char text[256];                  /* the last result, "0 1 4" */
    uint32_t *asked;                 /* counts questions about partitions; null: nobody does */
};

static const struct failed_input no_input = { ID_NONE, { 0 } };

static bool is_tracked(const void *context, struct task_id producer, uint32_t edge)
{
    const struct fixture *fixture = context;
    if (fixture->asked)
        ++*fixture->asked;
    return !fixture->lost[edge][producer.n];
}

static void fixture_init(struct fixture *fixture)
{
    static const struct config config = { .parallelism_default = 1,
                                          .max_parallelism_default = PARALLELISM_UNSET };
    *fixture = (struct fixture){ .job = job_graph_create("job", (struct job_id){ 0 }, &config) };
}

static void add_vertex(struct fixture *fixture, int32_t parallelism)
{
    char name[16];
    struct vertex_id id;
    snprintf(name, sizeof name, "v%zu", fixture->job->vertices.count);
    struct err result = job_graph_add_vertex(fixture->job, name, parallelism, PARALLELISM_UNSET,
                                             (struct group_id){ 0 }, &id, NULL);
    ck_assert(!err_is(result));
}

static void add_edge(struct fixture *fixture, uint32_t from, uint32_t to,
                     enum partitioner partitioner, enum result_type type)
{
    struct err result = job_graph_add_edge(fixture->job, (struct vertex_id){ from },
                                           (struct vertex_id){ to }, partitioner, type, NULL);
    ck_assert(!err_is(result));
}

/* All tasks are running. */
static void build(struct fixture *fixture)
{
    struct note note;
    struct err result = job_graph_finish(fixture->job, NULL, &note);
    ck_assert_msg(!err_is(result), "%s", note.text);
    int32_t parallelism[VERTICES_MAX], max_parallelism[VERTICES_MAX];
    for (uint32_t v = 0; v < fixture->job->vertices.count; v++) {
        parallelism[v] = fixture->job->vertices.items[v].parallelism;
        max_parallelism[v] = 128;
    }
    fixture->graph = execution_graph_create(fixture->job, parallelism, max_parallelism, NULL, 0);
    for (uint32_t t = 0; t < fixture->graph->task_count; t++)
        fixture->graph->tasks[t].state = EXECUTION_RUNNING;
    fixture->regions = regions_create(fixture->graph);
}

static void fixture_fini(struct fixture *fixture)
{
    vec_fini(&fixture->tasks.ids);
    regions_destroy(fixture->regions);
    execution_graph_destroy(fixture->graph);
    job_graph_destroy(fixture->job);
}

static void fail_task(struct fixture *fixture, uint32_t task, struct failed_input input)
{
    const struct partition_tracker_view view = { is_tracked, fixture };
    region_failover_tasks(fixture->graph, fixture->regions, (struct task_id){ task }, input, &view,
                          &fixture->tasks);
}

static const char *restarted(struct fixture *fixture, uint32_t task, struct failed_input input)
{
    fail_task(fixture, task, input);
    int length = 0;
    fixture->text[0] = '\0';
    for (size_t i = 0; i < fixture->tasks.ids.count; i++)
        length += snprintf(fixture->text + length, sizeof fixture->text - (size_t)length,
                           i ? " %u" : "%u", fixture->tasks.ids.items[i].n);
    return fixture->text;
}

/* Two vertices of the same parallelism joined by one edge. */
static void build_pair(struct fixture *fixture, int32_t parallelism, enum partitioner partitioner,
                       enum result_type type)
{
    fixture_init(fixture);
    add_vertex(fixture, parallelism);
    add_vertex(fixture, parallelism);
    add_edge(fixture, 0, 1, partitioner, type);
    build(fixture);
}

/* Recording default-kill9-regions-forward-job: a lost region restarts, the others run on. */
START_TEST(region_failover_of_a_forward_job_restarts_one_pipeline)
{
    struct fixture fixture;
    build_pair(&fixture, 3, PARTITION_FORWARD, RESULT_PIPELINED_BOUNDED);
    ck_assert_str_eq(restarted(&fixture, 1, no_input), "1 4");
    ck_assert_str_eq(restarted(&fixture, 5, no_input), "2 5");
    fixture_fini(&fixture);
}
END_TEST

START_TEST(region_failover_of_a_keyed_streaming_job_restarts_everything)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_PIPELINED_BOUNDED);
    for (uint32_t task = 0; task < 4; task++)
        ck_assert_str_eq(restarted(&fixture, task, no_input), "0 1 2 3");
    fixture_fini(&fixture);
}
END_TEST

/* A9 2b: the regions of all consumers of all produced partitions. */
START_TEST(region_failover_of_a_blocking_producer_restarts_its_consumers)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    ck_assert_str_eq(restarted(&fixture, 0, no_input), "0 2 3");
    ck_assert_str_eq(restarted(&fixture, 1, no_input), "1 2 3");
    fixture_fini(&fixture);
}
END_TEST

/* Recording batch-kill9-second-stage-all-to-all: first the lost consumer alone ... */
START_TEST(region_failover_of_a_consumer_leaves_available_producers)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    ck_assert_str_eq(restarted(&fixture, 3, no_input), "3");
    fixture_fini(&fixture);
}
END_TEST

/* ... and then the lost producers and all their consumers. */
START_TEST(region_failover_restarts_producers_whose_partitions_are_gone)
{
    struct fixture fixture;
    build_pair(&fixture, 3, PARTITION_HASH, RESULT_BLOCKING);
    fixture.lost[0][1] = true;
    ck_assert_str_eq(restarted(&fixture, 4, no_input), "1 3 4 5");
    fixture_fini(&fixture);
}
END_TEST

/* Recording batch-kill9-second-stage-pointwise: one producer and one consumer. */
START_TEST(region_failover_over_a_pointwise_edge_restarts_the_pair)
{
    struct fixture fixture;
    build_pair(&fixture, 3, PARTITION_FORWARD, RESULT_BLOCKING);
    fixture.lost[0][1] = true;
    ck_assert_str_eq(restarted(&fixture, 4, no_input), "1 4");
    ck_assert_str_eq(restarted(&fixture, 5, no_input), "5");
    fixture_fini(&fixture);
}
END_TEST

/* A9 1: a PartitionException marks that partition failed for this computation only. */
START_TEST(region_failover_marks_the_failed_input_for_one_computation)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    ck_assert_str_eq(restarted(&fixture, 3, (struct failed_input){ 0, { 1 } }), "1 2 3");
    ck_assert_str_eq(restarted(&fixture, 3, no_input), "3");
    fixture_fini(&fixture);
}
END_TEST

/* A9 3: a live HYBRID_SELECTIVE input is never available, approximate ones may be. */
START_TEST(region_failover_knows_which_types_can_be_read_again)
{
    static const struct {
        enum result_type type;
        const char *restarted;
    } rows[] = { { RESULT_BLOCKING, "3" },
                 { RESULT_BLOCKING_PERSISTENT, "3" },
                 { RESULT_HYBRID_FULL, "3" },
                 { RESULT_HYBRID_SELECTIVE, "0 1 2 3" },
                 { RESULT_PIPELINED, "0 1 2 3" },
                 { RESULT_PIPELINED_BOUNDED, "0 1 2 3" },
                 { RESULT_PIPELINED_APPROXIMATE, "3" } };
    ck_assert_uint_eq(sizeof rows / sizeof *rows, RESULT_TYPE_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fixture;
        build_pair(&fixture, 2, PARTITION_HASH, rows[i].type);
        ck_assert_msg(strcmp(restarted(&fixture, 3, no_input), rows[i].restarted) == 0,
                      "%s: %s instead of %s", result_type_rows[rows[i].type].name, fixture.text,
                      rows[i].restarted);
        fixture_fini(&fixture);
    }
}
END_TEST

/* A9 4: tasks that have not begun are left out. */
START_TEST(region_failover_leaves_out_created_tasks)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    fixture.graph->tasks[3].state = EXECUTION_CREATED;
    ck_assert_str_eq(restarted(&fixture, 0, no_input), "0 2");
    fixture_fini(&fixture);
}
END_TEST

START_TEST(region_failover_without_a_tracker_takes_partitions_for_there)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    region_failover_tasks(fixture.graph, fixture.regions, (struct task_id){ 3 }, no_input, NULL,
                          &fixture.tasks);
    ck_assert_uint_eq(fixture.tasks.ids.count, 1);
    region_failover_tasks(fixture.graph, fixture.regions, (struct task_id){ 2 }, no_input,
                          &(struct partition_tracker_view){ NULL, NULL }, &fixture.tasks);
    ck_assert_uint_eq(fixture.tasks.ids.count, 1);
    ck_assert_uint_eq(fixture.tasks.ids.items[0].n, 2);
    fixture_fini(&fixture);
}
END_TEST

START_TEST(full_failover_restarts_every_task)
{
    struct fixture fixture;
    build_pair(&fixture, 3, PARTITION_FORWARD, RESULT_PIPELINED_BOUNDED);
    fixture.graph->tasks[2].state = EXECUTION_CREATED;
    full_failover_tasks(fixture.graph, &fixture.tasks);
    ck_assert_uint_eq(fixture.tasks.ids.count, 6);
    for (uint32_t t = 0; t < 6; t++)
        ck_assert_uint_eq(fixture.tasks.ids.items[t].n, t);
    fixture_fini(&fixture);
}
END_TEST

START_TEST(region_failover_refuses_a_task_outside_the_graph)
{
    struct fixture fixture;
    build_pair(&fixture, 2, PARTITION_HASH, RESULT_BLOCKING);
    fail_task(&fixture, 4, no_input);
}
END_TEST

/* --- the dull reference --- */

/* Does consumer subtask c read from producer subtask p? Flink's pointwise arithmetic, inclusive. */
static bool reads(const struct fixture *fixture, uint32_t edge, uint32_t p, uint32_t c)
{
    const struct job_edge *e = &fixture->job->edges.items[edge];
    uint32_t producers = fixture->graph->vertices[e->producer.n].parallelism;
    uint32_t consumers = fixture->graph->vertices[e->consumer.n].parallelism;
    if (e->pattern == DISTRIBUTION_ALL_TO_ALL)
        return true;
    if (producers < consumers)
        return c * producers / consumers == p;
    return c * producers / consumers <= p && p < (c + 1) * producers / consumers;
}

static bool reference_available(const struct fixture *fixture, uint32_t edge, uint32_t producer,
                                struct failed_input input)
{
    enum result_type type = fixture->job->edges.items[edge].result;
    bool again = type == RESULT_BLOCKING || type == RESULT_BLOCKING_PERSISTENT ||
                 type == RESULT_HYBRID_FULL || type == RESULT_PIPELINED_APPROXIMATE;
    bool failed = input.edge == edge && input.producer.n == producer;
    return again && !failed && !fixture->lost[edge][producer];
}

/* One look at every pair of tasks; true when the set has grown. */
static bool reference_grow(const struct fixture *fixture, struct failed_input input, bool *in_set)
{
    const struct execution_graph *graph = fixture->graph;
    const struct region_id *of_task = fixture->regions->of_task;
    bool grown = false;
    for (uint32_t e = 0; e < fixture->job->edges.count; e++) {
        const struct job_edge *edge = &fixture->job->edges.items[e];
        for (uint32_t a = 0; a < graph->task_count; a++) {
            for (uint32_t b = 0; b < graph->task_count; b++) {
                const struct execution *from = &graph->tasks[a], *to = &graph->tasks[b];
                if (from->vertex.n != edge->producer.n || to->vertex.n != edge->consumer.n ||
                    !reads(fixture, e, from->subtask, to->subtask))
                    continue;
                bool *producer = &in_set[of_task[a].n], *consumer = &in_set[of_task[b].n];
                bool forwards = *producer && !*consumer;
                bool backwards =
                    *consumer && !*producer && !reference_available(fixture, e, a, input);
                *consumer |= forwards;
                *producer |= backwards;
                grown |= forwards || backwards;
            }
        }
    }
    return grown;
}

static void compare_with_reference(struct fixture *fixture, uint32_t failed,
                                   struct failed_input input)
{
    bool in_set[TASKS_MAX] = { false };
    in_set[fixture->regions->of_task[failed].n] = true;
    while (reference_grow(fixture, input, in_set))
        continue;
    fail_task(fixture, failed, input);
    size_t next = 0;
    for (uint32_t t = 0; t < fixture->graph->task_count; t++) {
        bool expected = in_set[fixture->regions->of_task[t].n] &&
                        fixture->graph->tasks[t].state != EXECUTION_CREATED;
        bool found = next < fixture->tasks.ids.count && fixture->tasks.ids.items[next].n == t;
        ck_assert_int_eq(found, expected);
        next += found;
    }
    ck_assert_uint_eq(next, fixture->tasks.ids.count);
}

/* A random graph with more blocking edges than others, so that it has more than one region. */
static void build_random(struct fixture *fixture, struct rng *rng)
{
    static const enum result_type types[] = { RESULT_BLOCKING,
                                              RESULT_BLOCKING,
                                              RESULT_BLOCKING,
                                              RESULT_HYBRID_FULL,
                                              RESULT_HYBRID_SELECTIVE,
                                              RESULT_PIPELINED_BOUNDED,
                                              RESULT_PIPELINED_APPROXIMATE };
    fixture_init(fixture);
    uint32_t vertices = 2 + (uint32_t)rng_below(rng, VERTICES_MAX - 1);
    for (uint32_t v = 0; v < vertices; v++)
        add_vertex(fixture, 1 + (int32_t)rng_below(rng, 6));
    for (uint32_t from = 0; from < vertices; from++) {
        for (uint32_t to = from + 1; to < vertices; to++) {
            if (rng_below(rng, 3) != 0 || fixture->job->edges.count == EDGES_MAX)
                continue;
            bool is_pointwise = rng_below(rng, 3) != 0;
            add_edge(fixture, from, to, is_pointwise ? PARTITION_RESCALE : PARTITION_HASH,
                     types[rng_below(rng, 7)]);
        }
    }
    build(fixture);
    for (uint32_t t = 0; t < fixture->graph->task_count; t++) {
        if (rng_below(rng, 8) == 0)
            fixture->graph->tasks[t].state = EXECUTION_CREATED;
        for (uint32_t e = 0; e < fixture->job->edges.count; e++)
            fixture->lost[e][t] = rng_below(rng, 5) == 0;
    }
}

START_TEST(region_failover_finds_what_the_dull_reference_finds)
{
    struct rng rng = rng_stream(3, "region failover", 0);
    for (int i = 0; i < 400; i++) {
        struct fixture fixture;
        build_random(&fixture, &rng);
        for (uint32_t t = 0; t < fixture.graph->task_count; t++) {
            struct failed_input input = no_input;
            if (fixture.job->edges.count > 0 && rng_below(&rng, 2) == 0)
                input = (struct failed_input){ (uint32_t)rng_below(&rng, fixture.job->edges.count),
                                               { (uint32_t)rng_below(&rng,
                                                                     fixture.graph->task_count) } };
            compare_with_reference(&fixture, t, input);
        }
        fixture_fini(&fixture);
    }
}
END_TEST

/* Consumers of an all-to-all edge share its partitions: they are looked at once, not once for each
 * consumer, or the cost would grow with the square of the tasks. */
START_TEST(each_partition_of_an_all_to_all_edge_is_looked_at_once)
{
    struct fixture fixture;
    uint32_t asked = 0;
    build_pair(&fixture, 12, PARTITION_HASH, RESULT_BLOCKING);
    fixture.asked = &asked;
    fail_task(&fixture, 3, no_input);
    ck_assert_uint_eq(fixture.tasks.ids.count, 1 + 12);
    ck_assert_uint_eq(asked, 12);
    fixture_fini(&fixture);
}
END_TEST

static TCase *small_cases(void)
{
    TCase *tcase = tcase_create("small graphs");
    tcase_add_test(tcase, region_failover_of_a_forward_job_restarts_one_pipeline);
    tcase_add_test(tcase, each_partition_of_an_all_to_all_edge_is_looked_at_once);
    tcase_add_test(tcase, region_failover_of_a_keyed_streaming_job_restarts_everything);
    tcase_add_test(tcase, region_failover_of_a_blocking_producer_restarts_its_consumers);
    tcase_add_test(tcase, region_failover_of_a_consumer_leaves_available_producers);
    tcase_add_test(tcase, region_failover_restarts_producers_whose_partitions_are_gone);
    tcase_add_test(tcase, region_failover_over_a_pointwise_edge_restarts_the_pair);
    tcase_add_test(tcase, region_failover_marks_the_failed_input_for_one_computation);
    tcase_add_test(tcase, region_failover_knows_which_types_can_be_read_again);
    tcase_add_test(tcase, region_failover_leaves_out_created_tasks);
    tcase_add_test(tcase, region_failover_without_a_tracker_takes_partitions_for_there);
    tcase_add_test(tcase, full_failover_restarts_every_task);
    tcase_add_test_raise_signal(tcase, region_failover_refuses_a_task_outside_the_graph, SIGABRT);
    return tcase;
}

Suite *test_failover_region_suite(void);
Suite *test_failover_region_suite(void)
{
    Suite *suite = suite_create("failover_region");
    TCase *tcase = tcase_create("random graphs");
    tcase_add_test(tcase, region_failover_finds_what_the_dull_reference_finds);
    suite_add_tcase(suite, small_cases());
    suite_add_tcase(suite, tcase);
    return suite;
}
