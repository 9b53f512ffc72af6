/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources that join: what each vertex has from which of them, whom a bottleneck holds up, and what
 * is found once for all vertices of a component. The figures themselves are those of other files:
 * here it is that nothing is left over from another source, vertex or instant.
 */
#include <check.h>

#include "sim/model/buffers.h"
#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t one_host[] = { 1 };

enum { S0, S1, S2, M0, M1, JOIN, OTHER, VERTICES };

static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* The join takes 1,000 records/s of the 10,000 that come over two maps; the second map and a source
 * with few records have a reader of their own. */
static void start(double m0_selectivity)
{
    static const char *const names[VERTICES] = { "s0", "s1", "s2", "m0", "m1", "join", "other" };
    static const uint32_t edges[][2] = {
        { S0, M0 }, { S1, M1 }, { M0, JOIN }, { M1, JOIN }, { M1, OTHER }, { S2, OTHER },
    };
    uint32_t parallelism[VERTICES];
    for (uint32_t v = 0; v < VERTICES; v++) {
        struct vertex_model *vertex =
            model_fixture_vertex(&f, job_0, names[v], 128, v == JOIN ? TIME_MS : TIME_US);
        if (v == M0)
            vertex->selectivity = m0_selectivity;
        parallelism[v] = 1;
    }
    for (size_t e = 0; e < sizeof edges / sizeof *edges; e++)
        model_fixture_edge(&f, job_0, edges[e][0], edges[e][1], PARTITION_HASH);
    model_fixture_load(&f, job_0, S0, 0, 5000);
    model_fixture_load(&f, job_0, S1, 0, 5000);
    model_fixture_load(&f, job_0, S2, 0, 10);
    model_fixture_load(&f, job_0, S2, 5 * TIME_S, 20); /* so all is found anew */
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, parallelism, one_host, 1);
}

static const struct model_vertex *vertex_at(uint32_t v)
{
    return &f.model->jobs[0].vertices[v];
}

START_TEST(a_vertex_has_the_sources_whose_records_reach_it)
{
    start(1);
    model_fixture_run(&f, TIME_S);
    static const uint32_t masks[VERTICES] = { 1, 2, 4, 1, 2, 3, 6 };
    for (uint32_t v = 0; v < VERTICES; v++) {
        uint32_t mask = 0;
        for (VEC_EACH(const uint32_t, k, &vertex_at(v)->shape.sources)) {
            ck_assert(mask < 1u << *k); /* ascending */
            mask |= 1u << *k;
        }
        ck_assert_uint_eq(mask, masks[v]);
    }
}
END_TEST

START_TEST(what_is_filtered_out_is_no_source_of_what_comes_behind)
{
    start(0);
    model_fixture_run(&f, TIME_S);
    ck_assert_uint_eq(vertex_at(JOIN)->shape.sources.count, 1);
    ck_assert_uint_eq(vertex_at(JOIN)->shape.sources.items[0], S1);
}
END_TEST

START_TEST(classes_of_a_source_lie_together)
{
    start(1);
    model_fixture_run(&f, TIME_S);
    const struct net *net = f.model->networks.all.items[f.model->jobs[0].components.items[0].net];
    size_t count = 0;
    for (uint32_t k = 0; k < net->sums.count; k++) {
        const struct net_sum *sum = &net->sums.items[k];
        ck_assert_uint_gt(sum->class_count, 0);
        for (uint32_t c = sum->first_class; c < sum->first_class + sum->class_count; c++)
            ck_assert_uint_eq(net->classes.items[c].sum, k);
        count += sum->class_count;
    }
    ck_assert_uint_eq(count, net->classes.count);
}
END_TEST

/* Who shares no way with the bottleneck does not wait for it, whoever was looked at before. */
START_TEST(a_bottleneck_holds_up_all_ways_that_lead_to_it)
{
    start(1);
    model_fixture_run(&f, 10 * TIME_S);
    static const bool congested[VERTICES] = { false, false, false, true, true, true, false };
    static const bool backpressured[VERTICES] = { true, true, false, true, true, false, false };
    for (uint32_t v = 0; v < VERTICES; v++) {
        ck_assert_int_eq(vertex_at(v)->flow.congested, congested[v]);
        ck_assert_int_eq(vertex_at(v)->flow.backpressured, backpressured[v]);
    }
}
END_TEST

static double bytes_ahead(uint32_t v)
{
    const struct model_vertex *vertex = vertex_at(v);
    return vertex_buffers(f.model, &f.model->jobs[0], vertex).ahead * vertex->flow.read_each;
}

/* Together they hold what the component's buffers do, and one instant later there is more. */
START_TEST(buffers_of_a_component_fill_together_and_go_on_filling)
{
    start(1);
    double before = 0;
    for (time_ns at = 200 * TIME_MS; at <= 400 * TIME_MS; at += 100 * TIME_MS) {
        model_fixture_run(&f, at);
        double sum = 0;
        model_fixture_job(&f, job_0); /* brings it up to date */
        for (uint32_t v = 0; v < VERTICES; v++)
            sum += bytes_ahead(v);
        struct buffer_level level =
            buffers_of(f.model, &f.model->jobs[0], &f.model->jobs[0].components.items[0]);
        ck_assert_double_eq_tol(sum, level.ahead, 1e-6 * level.ahead);
        ck_assert_double_gt(sum, before);
        before = sum;
    }
}
END_TEST

/* In front of a vertex that holds up: by all that it reads, and as long as an aligned barrier
 * takes. side: of a second source that hardly sends anything, which all readers get or one. */
static double barrier_seconds(double side, enum partitioner partitioner)
{
    static const uint32_t parallelism[] = { 2, 2, 2 };
    struct fixture_deployment how = {
        .parallelism = parallelism, .hosts = one_host, .host_count = 1, .job = job_0
    };
    model_fixture_vertex(&f, job_0, "clicks", 128, TIME_US);
    model_fixture_vertex(&f, job_0, "rules", 128, TIME_US);
    model_fixture_vertex(&f, job_0, "eval", 128, TIME_MS);
    model_fixture_edge(&f, job_0, 0, 2, PARTITION_HASH);
    model_fixture_edge(&f, job_0, 1, 2, partitioner);
    model_fixture_load(&f, job_0, 0, 0, 5000);
    model_fixture_load(&f, job_0, 1, 0, side);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    return (double)(model_fixture_acknowledged(&f, 1, 6) - 20 * TIME_S) / 1e9;
}

/* Its buffers do not fill, whatever others of the same reader do. */
START_TEST(an_input_that_is_not_held_up_has_nothing_in_its_buffers)
{
    static const enum partitioner ways[] = { PARTITION_BROADCAST, PARTITION_HASH,
                                             PARTITION_REBALANCE };
    double alone = barrier_seconds(0, PARTITION_HASH);
    model_fixture_fini(&f);
    model_fixture_init(&f);
    ck_assert_double_gt(alone, 1);
    ck_assert_double_eq_tol(barrier_seconds(10, ways[_i]), alone, 0.02 * alone);
}
END_TEST

Suite *test_model_joining_suite(void);
Suite *test_model_joining_suite(void)
{
    Suite *suite = suite_create("model_joining");
    TCase *tests = tcase_create("joining");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_vertex_has_the_sources_whose_records_reach_it);
    tcase_add_test(tests, what_is_filtered_out_is_no_source_of_what_comes_behind);
    tcase_add_test(tests, classes_of_a_source_lie_together);
    tcase_add_test(tests, a_bottleneck_holds_up_all_ways_that_lead_to_it);
    tcase_add_test(tests, buffers_of_a_component_fill_together_and_go_on_filling);
    tcase_add_loop_test(tests, an_input_that_is_not_held_up_has_nothing_in_its_buffers, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
