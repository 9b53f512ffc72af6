/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/graph/job_graph.c and job_graph_finish.c: building, what is refused and how it is
 * said, the topological order, defaults, copies, and the table of result types.
 */
#include "core/graph/job_graph.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>

#include "core/base/rng.h"
#include "core/base/text.h"
#include "tests/lib/graphs.h"

static struct note note;

static void assert_finish_says(const char *text, enum err_code code, const char *why)
{
    struct job_graph *job = graphs_unfinished(text, NULL);
    struct err e = job_graph_finish(job, NULL, &note);
    ck_assert_int_eq(e.code, code);
    ck_assert_str_eq(note.text, why);
    job_graph_destroy(job);
}

static void assert_order(const char *text, const char *expected)
{
    struct job_graph *job = graphs_job(text);
    char names[200] = "";
    size_t length = 0;
    for (size_t v = 0; v < job->vertices.count; v++)
        length += text_format(names + length, sizeof names - length, "%s%s", v ? " " : "",
                              job->vertices.items[v].name);
    ck_assert_str_eq(names, expected);
    job_graph_destroy(job);
}

/* StreamGraphGenerator.generate: setSupportsUnalignedCheckpoints(false) for all edges into a node
 * of which one is pointwise or a broadcast. */
START_TEST(one_pointwise_or_broadcast_input_aligns_all)
{
    static const char *const names[] = { "forward", "rescale", "rebalance", "hash", "broadcast" };
    static const bool overtaken[] = { false, false, true, true, false };
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            char text[200];
            text_format(text, sizeof text, "a 2; b 2; v 2; a -> v %s; b -> v %s", names[i],
                        names[k]);
            struct job_graph *job = graphs_job(text);
            ck_assert(job_graph_is_overtaken(job, graphs_vertex(job, "a")));
            ck_assert_msg(job_graph_is_overtaken(job, graphs_vertex(job, "v")) ==
                              (overtaken[i] && overtaken[k]),
                          "%s", text);
            job_graph_destroy(job);
        }
}
END_TEST

START_TEST(vertices_know_their_edges_groups_and_operators)
{
    struct job_graph *job = graphs_job("source 4; count 2 /64 @hot; sink 2 @hot;"
                                       "source -> count hash; count -> sink forward;"
                                       "source -> sink broadcast blocking");
    ck_assert_uint_eq(job->vertices.count, 3);
    ck_assert_uint_eq(job->edges.count, 3);
    ck_assert_uint_eq(job->groups.count, 2);
    ck_assert_str_eq(job->groups.items[0].name, "default");
    ck_assert(job->groups.items[1].profile.unknown);
    const struct job_vertex *source = &job->vertices.items[0], *sink = &job->vertices.items[2];
    ck_assert_uint_eq(source->outputs.count, 2);
    ck_assert_uint_eq(source->outputs.items[0], 0);
    ck_assert_uint_eq(source->outputs.items[1], 2);
    ck_assert_uint_eq(sink->inputs.items[0], 1);
    ck_assert_uint_eq(sink->inputs.items[1], 2);
    ck_assert_uint_eq(sink->group.n, 1);
    ck_assert_uint_eq(source->operators.count, 1);
    ck_assert_str_eq(source->operators.items[0].name, "source");
    ck_assert(job_graph_is_source(job, (struct vertex_id){ 0 }));
    ck_assert(!job_graph_is_source(job, (struct vertex_id){ 1 }));
    ck_assert_int_eq(job->edges.items[0].pattern, DISTRIBUTION_ALL_TO_ALL);
    ck_assert_int_eq(job->edges.items[1].pattern, DISTRIBUTION_POINTWISE);
    ck_assert_int_eq(job->edges.items[2].result, RESULT_BLOCKING);
    job_graph_destroy(job);
}
END_TEST

START_TEST(forward_and_rescale_are_pointwise_and_the_others_all_to_all)
{
    for (int p = 0; p < PARTITIONER_COUNT; p++) {
        struct job_graph *job = graphs_unfinished("a 1; b 1", NULL);
        ck_assert(!err_is(job_graph_add_edge(job, graphs_vertex(job, "a"), graphs_vertex(job, "b"),
                                             (enum partitioner)p, RESULT_PIPELINED, &note)));
        bool pointwise = p == PARTITION_FORWARD || p == PARTITION_RESCALE;
        ck_assert_int_eq(job->edges.items[0].pattern == DISTRIBUTION_POINTWISE, pointwise);
        job_graph_destroy(job);
    }
}
END_TEST

START_TEST(vertices_are_found_by_name_before_and_after_finishing)
{
    struct job_graph *job = graphs_unfinished("c 1; b 1; a 1; a -> b hash; b -> c hash", NULL);
    ck_assert_uint_eq(job_graph_find_vertex(job, "a").n, 2);
    ck_assert(vertex_id_is_none(job_graph_find_vertex(job, "d")));
    struct vertex_id renumbered[3];
    ck_assert(!err_is(job_graph_finish(job, renumbered, &note)));
    ck_assert_uint_eq(job_graph_find_vertex(job, "a").n, 0);
    ck_assert_uint_eq(job_graph_find_vertex(job, "b").n, 1);
    ck_assert_uint_eq(job_graph_find_vertex(job, "c").n, 2);
    ck_assert_uint_eq(renumbered[0].n, 2);
    ck_assert_uint_eq(renumbered[1].n, 1);
    ck_assert_uint_eq(renumbered[2].n, 0);
    job_graph_destroy(job);
}
END_TEST

START_TEST(order_of_adding_stays_where_the_edges_allow_it)
{
    assert_order("a 1; b 1; c 1", "a b c");
    assert_order("a 1; b 1; c 1; a -> c hash; b -> c hash", "a b c");
    assert_order("sink 1; x 1; source 1; source -> sink hash", "x source sink");
    assert_order("d 1; c 1; b 1; a 1; a -> d hash; b -> d hash; a -> c hash", "b a d c");
    assert_order("a 1; b 1; a -> b hash; a -> b broadcast blocking", "a b");
}
END_TEST

/* Among the vertices that may come next, the one added first does: checked one by one. */
START_TEST(random_graphs_are_ordered_as_a_plain_search_orders_them)
{
    struct rng rng = rng_stream(7, "order", (uint64_t)_i);
    struct job_graph *job = graphs_unfinished("", NULL);
    enum { N = 24 };
    uint32_t place[N] = { 0 }; /* a hidden order that makes the graph free of cycles */
    for (uint32_t v = 0; v < N; v++) {
        uint32_t at = (uint32_t)rng_below(&rng, v + 1);
        place[v] = place[at];
        place[at] = v;
    }
    struct vertex_id vertex;
    for (uint32_t v = 0; v < N; v++) {
        char name[16];
        snprintf(name, sizeof name, "v%u", v);
        ck_assert(!err_is(
            job_graph_add_vertex(job, name, 1, -1, (struct group_id){ 0 }, &vertex, &note)));
    }
    bool reads[N][N] = { 0 };
    for (int i = 0; i < 40; i++) {
        uint32_t a = (uint32_t)rng_below(&rng, N), b = (uint32_t)rng_below(&rng, N);
        if (place[a] >= place[b])
            continue;
        reads[b][a] = true;
        ck_assert(!err_is(job_graph_add_edge(job, (struct vertex_id){ a }, (struct vertex_id){ b },
                                             PARTITION_HASH, RESULT_PIPELINED, &note)));
    }
    struct vertex_id renumbered[N];
    ck_assert(!err_is(job_graph_finish(job, renumbered, &note)));
    bool placed[N] = { 0 };
    for (uint32_t next = 0; next < N; next++) {
        for (uint32_t v = 0; v < N; v++) {
            bool ready = !placed[v];
            for (uint32_t p = 0; p < N; p++)
                ready = ready && (!reads[v][p] || placed[p]);
            if (!ready)
                continue;
            ck_assert_uint_eq(renumbered[v].n, next);
            placed[v] = true;
            break;
        }
    }
    job_graph_destroy(job);
}
END_TEST

START_TEST(cycles_are_refused_by_the_names_of_their_vertices)
{
    assert_finish_says("a 1; a -> a hash", ERR_BAD_GRAPH_CODE, "the job graph has a cycle: a -> a");
    assert_finish_says("s 1; a 1; b 1; c 1; t 1; s -> a hash; a -> b hash; b -> c hash;"
                       "c -> a hash; c -> t hash",
                       ERR_BAD_GRAPH_CODE, "the job graph has a cycle: b -> c -> a -> b");
}
END_TEST

START_TEST(long_cycles_are_named_in_part)
{
    struct job_graph *job = graphs_unfinished("", NULL);
    struct vertex_id vertex;
    for (uint32_t v = 0; v < 20; v++) {
        char name[16];
        snprintf(name, sizeof name, "v%u", v);
        ck_assert(!err_is(
            job_graph_add_vertex(job, name, 1, -1, (struct group_id){ 0 }, &vertex, &note)));
    }
    for (uint32_t v = 0; v < 20; v++)
        ck_assert(!err_is(job_graph_add_edge(job, (struct vertex_id){ v },
                                             (struct vertex_id){ (v + 1) % 20 }, PARTITION_HASH,
                                             RESULT_PIPELINED, &note)));
    ck_assert_int_eq(job_graph_finish(job, NULL, &note).code, ERR_BAD_GRAPH_CODE);
    ck_assert_str_eq(note.text, "the job graph has a cycle: v0 -> v1 -> v2 -> v3 -> v4 -> v5 -> "
                                "v6 -> v7 -> v8 -> ...");
    job_graph_destroy(job);
}
END_TEST

START_TEST(whole_graph_faults_are_refused)
{
    assert_finish_says("", ERR_BAD_GRAPH_CODE, "job 'job' has no vertices");
    assert_finish_says("a 4; b 2; a -> b forward", ERR_BAD_GRAPH_CODE,
                       "edge a -> b: forward needs equal parallelism, found 4 and 2");
    assert_finish_says("a 9 /8", ERR_BAD_GRAPH_CODE,
                       "vertex 'a': parallelism 9 is above its max parallelism 8");
    assert_finish_says("a 2 %1; b 2 @x %1", ERR_BAD_GRAPH_CODE,
                       "vertices 'a' and 'b' are co-located but in different slot sharing groups");
    struct job_graph *good = graphs_job("a 2 %1; b 3 %1; c 2 @x %2; d 2 @x %2; e 8 /8");
    job_graph_destroy(good);
}
END_TEST

/* StreamingJobGraphGenerator.preValidate, hasCustomPartitioner. */
START_TEST(unaligned_checkpoints_go_with_a_custom_partitioner_only_where_they_are_forced)
{
    for (int i = 0; i < 8; i++) {
        bool has_interval = i & 1, unaligned = i & 2, forced = i & 4;
        struct job_graph *job = graphs_unfinished("a 4; b 2; a -> b custom", NULL);
        job->config.checkpoint_interval = has_interval ? TIME_S : TIME_NEVER;
        job->config.checkpoint_unaligned = unaligned;
        job->config.checkpoint_unaligned_forced = forced;
        struct err e = job_graph_finish(job, NULL, &note);
        ck_assert_int_eq(err_is(e), has_interval && unaligned && !forced);
        if (err_is(e))
            ck_assert_str_eq(note.text,
                             "edge a -> b: unaligned checkpoints and a custom partitioner, whose "
                             "data in flight may be rescaled wrongly; it takes "
                             "execution.checkpointing.unaligned.forced: true");
        job_graph_destroy(job);
    }
}
END_TEST

START_TEST(defaults_come_from_the_jobs_configuration)
{
    struct config config = config_default();
    config.parallelism_default = 6;
    struct job_graph *job = graphs_job_with("a 0; b 3; c 0 /10", &config);
    ck_assert_int_eq(job->vertices.items[0].parallelism, 6);
    ck_assert_int_eq(job->vertices.items[1].parallelism, 3);
    ck_assert_int_eq(job->vertices.items[2].parallelism, 6);
    ck_assert_int_eq(job->vertices.items[0].max_parallelism, PARALLELISM_UNSET);
    ck_assert_int_eq(job_graph_max_parallelism(job, (struct vertex_id){ 0 }), 128);
    ck_assert_int_eq(job_graph_max_parallelism(job, (struct vertex_id){ 2 }), 10);
    job_graph_destroy(job);
    config.max_parallelism_default = 48;
    job = graphs_job_with("a 0; b 0 /10", &config);
    ck_assert_int_eq(job->vertices.items[0].max_parallelism, 48);
    ck_assert_int_eq(job->vertices.items[1].max_parallelism, 10);
    job_graph_destroy(job);
    config.max_parallelism_default = 5;
    job = graphs_unfinished("a 0", &config);
    ck_assert_int_eq(job_graph_finish(job, NULL, &note).code, ERR_BAD_GRAPH_CODE);
    config.max_parallelism_default = -1;
    config.parallelism_default = 0;
    job->config = config;
    job->vertices.items[0].parallelism = job->vertices.items[0].max_parallelism = -1;
    ck_assert_int_eq(job_graph_finish(job, NULL, &note).code, ERR_BAD_VALUE_CODE);
    job_graph_destroy(job);
}
END_TEST

static enum err_code add(struct job_graph *job, const char *name, int32_t parallelism, int32_t max)
{
    struct vertex_id vertex;
    return job_graph_add_vertex(job, name, parallelism, max, (struct group_id){ 0 }, &vertex, &note)
        .code;
}

START_TEST(bad_vertices_are_refused_and_not_added)
{
    struct job_graph *job = graphs_unfinished("a 1", NULL);
    ck_assert_int_eq(add(job, "a", 1, -1), ERR_DUPLICATE_CODE);
    ck_assert_str_eq(note.text, "vertex 'a' is there already");
    ck_assert_int_eq(add(job, "", 1, -1), ERR_MISSING_CODE);
    ck_assert_int_eq(add(job, "b", 0, -1), ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, "vertex 'b': parallelism is 0, must be 1 to 32768");
    ck_assert_int_eq(add(job, "b", -2, -1), ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(add(job, "b", 32769, -1), ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(add(job, "b", 1, 0), ERR_BAD_VALUE_CODE);
    ck_assert_int_eq(add(job, "b", 1, 32769), ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, "vertex 'b': max parallelism is 32769, must be 1 to 32768");
    ck_assert_uint_eq(job->vertices.count, 1);
    ck_assert_int_eq(add(job, "b", 32768, 32768), ERR_OK_CODE);
    job_graph_destroy(job);
}
END_TEST

START_TEST(edges_to_nowhere_are_refused)
{
    struct job_graph *job = graphs_unfinished("a 1", NULL);
    struct vertex_id a = { 0 }, nowhere = { 1 };
    ck_assert_int_eq(
        job_graph_add_edge(job, a, nowhere, PARTITION_HASH, RESULT_PIPELINED, &note).code,
        ERR_BAD_GRAPH_CODE);
    ck_assert_str_eq(note.text, "edge a -> (no vertex) leads nowhere");
    ck_assert_int_eq(
        job_graph_add_edge(job, vertex_id_none(), a, PARTITION_HASH, RESULT_PIPELINED, &note).code,
        ERR_BAD_GRAPH_CODE);
    ck_assert_uint_eq(job->edges.count, 0);
    ck_assert_uint_eq(job->vertices.items[0].outputs.count, 0);
    job_graph_destroy(job);
}
END_TEST

START_TEST(a_job_holds_exactly_the_named_limits)
{
    struct job_graph *job = graphs_unfinished("", NULL);
    char name[16];
    for (int v = 0; v < JOB_VERTICES_MAX; v++) {
        snprintf(name, sizeof name, "v%d", v);
        ck_assert_int_eq(add(job, name, 1, -1), ERR_OK_CODE);
    }
    ck_assert_int_eq(add(job, "one more", 1, -1), ERR_FULL_CODE);
    struct vertex_id a = { 0 }, b = { 1 };
    for (int e = 0; e < JOB_EDGES_MAX; e++)
        ck_assert(!err_is(job_graph_add_edge(job, a, b, PARTITION_HASH, RESULT_PIPELINED, &note)));
    ck_assert_int_eq(job_graph_add_edge(job, a, b, PARTITION_HASH, RESULT_PIPELINED, &note).code,
                     ERR_FULL_CODE);
    ck_assert(!err_is(job_graph_finish(job, NULL, &note)));
    job_graph_destroy(job);
}
END_TEST

START_TEST(a_job_has_at_most_a_million_subtasks)
{
    struct job_graph *job = graphs_unfinished("", NULL);
    char name[16];
    for (int v = 0; v < JOB_TASKS_MAX / MAX_PARALLELISM_LIMIT; v++) {
        snprintf(name, sizeof name, "v%d", v);
        ck_assert_int_eq(add(job, name, MAX_PARALLELISM_LIMIT, -1), ERR_OK_CODE);
    }
    ck_assert(!err_is(job_graph_finish(job, NULL, &note)));
    ck_assert_int_eq(add(job, "straw", 1, -1), ERR_OK_CODE);
    ck_assert_int_eq(job_graph_finish(job, NULL, &note).code, ERR_FULL_CODE);
    ck_assert_str_eq(note.text, "job 'job' has 1048577 subtasks, at most 1048576 are allowed");
    job_graph_destroy(job);
}
END_TEST

START_TEST(groups_are_added_once_and_take_a_profile)
{
    struct job_graph *job = graphs_unfinished("", NULL);
    struct resource_profile profile = { .cpu_milli = 500, .memory_bytes = 1 << 20 };
    ck_assert_uint_eq(job_graph_group(job, "default", NULL).n, 0);
    ck_assert_uint_eq(job_graph_group(job, "hot", NULL).n, 1);
    ck_assert_uint_eq(job_graph_group(job, "hot", &profile).n, 1);
    ck_assert_uint_eq(job_graph_group(job, "hot", NULL).n, 1);
    ck_assert_int_eq(job->groups.items[1].profile.cpu_milli, 500);
    ck_assert(!job->groups.items[1].profile.unknown);
    job_graph_destroy(job);
}
END_TEST

START_TEST(copies_share_nothing_with_the_original)
{
    struct job_graph *job = graphs_job("a 4; b 2 @x %1; a -> b rescale blocking");
    job_graph_chain_operator(
        job, (struct vertex_id){ 1 },
        &(struct job_operator){ .name = (char[]){ "window" }, .keyed_state = true });
    job->config.tm_slots = 9;
    struct job_graph *copy = job_graph_create_copy(job);
    job_graph_destroy(job);
    ck_assert_str_eq(copy->name, "job");
    ck_assert_int_eq(copy->config.tm_slots, 9);
    ck_assert_uint_eq(graphs_vertex(copy, "b").n, 1);
    const struct job_vertex *b = &copy->vertices.items[1];
    ck_assert_uint_eq(b->operators.count, 2);
    ck_assert_str_eq(b->operators.items[1].name, "window");
    ck_assert(b->operators.items[1].keyed_state);
    ck_assert_uint_eq(b->colocation, 1);
    ck_assert_str_eq(copy->groups.items[b->group.n].name, "x");
    ck_assert_uint_eq(b->inputs.count, 1);
    ck_assert_int_eq(copy->edges.items[0].partitioner, PARTITION_RESCALE);
    ck_assert_uint_eq(copy->vertices.items[0].outputs.items[0], 0);
    job_graph_destroy(copy);
}
END_TEST

/* A1: the table of ResultPartitionType */
START_TEST(result_types_are_as_in_flink)
{
    static const struct {
        enum result_type type;
        bool reconsumable, bounded, persistent, released_by_scheduler;
        enum consuming_constraint constraint;
    } expected[RESULT_TYPE_COUNT] = {
        { RESULT_BLOCKING, 1, 0, 0, 1, CONSUME_BLOCKING },
        { RESULT_BLOCKING_PERSISTENT, 1, 0, 1, 1, CONSUME_BLOCKING },
        { RESULT_PIPELINED, 0, 0, 0, 0, CONSUME_MUST_BE_PIPELINED },
        { RESULT_PIPELINED_BOUNDED, 0, 1, 0, 0, CONSUME_MUST_BE_PIPELINED },
        { RESULT_PIPELINED_APPROXIMATE, 0, 1, 0, 0, CONSUME_CAN_BE_PIPELINED },
        { RESULT_HYBRID_FULL, 1, 0, 0, 1, CONSUME_CAN_BE_PIPELINED },
        { RESULT_HYBRID_SELECTIVE, 0, 0, 0, 1, CONSUME_CAN_BE_PIPELINED },
    };
    for (size_t i = 0; i < RESULT_TYPE_COUNT; i++) {
        const struct result_type_row *row = &result_type_rows[expected[i].type];
        ck_assert_int_eq(row->reconsumable, expected[i].reconsumable);
        ck_assert_int_eq(row->bounded, expected[i].bounded);
        ck_assert_int_eq(row->persistent, expected[i].persistent);
        ck_assert_int_eq(row->released_by_scheduler, expected[i].released_by_scheduler);
        ck_assert_int_eq(row->constraint, expected[i].constraint);
        struct job_edge edge = { .result = expected[i].type };
        ck_assert_int_eq(job_edge_is_pipelined(&edge),
                         expected[i].constraint == CONSUME_MUST_BE_PIPELINED);
    }
}
END_TEST

START_TEST(vertex_of_an_unknown_group_is_a_fault_of_the_caller)
{
    struct job_graph *job = graphs_unfinished("a 1", NULL);
    struct vertex_id vertex;
    struct err e = job_graph_add_vertex(job, "b", 1, -1, (struct group_id){ 1 }, &vertex, &note);
    ck_abort_msg("lived on with %d", e.code);
}
END_TEST

Suite *test_graph_job_graph_suite(void)
{
    Suite *suite = suite_create("graph/job_graph");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, one_pointwise_or_broadcast_input_aligns_all);
    tcase_add_test(tcase, vertices_know_their_edges_groups_and_operators);
    tcase_add_test(tcase, forward_and_rescale_are_pointwise_and_the_others_all_to_all);
    tcase_add_test(tcase, vertices_are_found_by_name_before_and_after_finishing);
    tcase_add_test(tcase, order_of_adding_stays_where_the_edges_allow_it);
    tcase_add_loop_test(tcase, random_graphs_are_ordered_as_a_plain_search_orders_them, 0, 50);
    tcase_add_test(tcase, cycles_are_refused_by_the_names_of_their_vertices);
    tcase_add_test(tcase, long_cycles_are_named_in_part);
    tcase_add_test(tcase, whole_graph_faults_are_refused);
    tcase_add_test(tcase,
                   unaligned_checkpoints_go_with_a_custom_partitioner_only_where_they_are_forced);
    tcase_add_test(tcase, defaults_come_from_the_jobs_configuration);
    tcase_add_test(tcase, bad_vertices_are_refused_and_not_added);
    tcase_add_test(tcase, edges_to_nowhere_are_refused);
    tcase_add_test(tcase, a_job_holds_exactly_the_named_limits);
    tcase_add_test(tcase, a_job_has_at_most_a_million_subtasks);
    tcase_add_test(tcase, groups_are_added_once_and_take_a_profile);
    tcase_add_test(tcase, copies_share_nothing_with_the_original);
    tcase_add_test(tcase, result_types_are_as_in_flink);
    tcase_add_test_raise_signal(tcase, vertex_of_an_unknown_group_is_a_fault_of_the_caller,
                                SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
