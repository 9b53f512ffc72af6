/* SPDX-License-Identifier: Apache-2.0
 *
 * What subtasks do with their time: the mean over them and the one that has most, against every
 * subtask written down by itself, in random graphs on random hosts. The books themselves are looked
 * at after each run of the fixture: shares add up, no mean is above its most.
 */
#include <check.h>
#include <math.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

enum { VERTICES_MAX = 7, SUBTASKS_MAX = 6 };

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2, 3, 4 };

static struct model_fixture f;

/* Four senders, two readers of 100 us: each gets what two of the senders read. */
START_TEST(a_reader_of_several_senders_is_as_busy_as_all_of_them_make_it)
{
    static const uint32_t four_and_two[] = { 4, 2 };
    model_fixture_init(&f);
    model_fixture_pair(&f, 1 * TIME_US, 100 * TIME_US, PARTITION_RESCALE, 8000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, four_and_two, hosts, 4);
    struct model_vertex_view view = model_fixture_between(&f, 1, 10 * TIME_S, 20 * TIME_S);
    ck_assert_double_eq_tol(view.busy_seconds, 8, 1e-3);
    ck_assert_double_eq_tol(view.busy_most_seconds, 8, 1e-3);
    model_fixture_fini(&f);
}
END_TEST

/* Two pipelines, one of them ten times as slow at its end: one of two sources is held up. */
START_TEST(one_pipeline_of_two_that_is_held_up_shows_in_the_most)
{
    static const uint32_t two_each[] = { 2, 2 };
    model_fixture_init(&f);
    model_fixture_pair(&f, 10 * TIME_US, 100 * TIME_US, PARTITION_FORWARD, 4000);
    f.hosts[2].speed = 0.1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, two_each, hosts, 2);
    struct model_vertex_view view = model_fixture_between(&f, 0, 10 * TIME_S, 20 * TIME_S);
    /* 1,000 records/s of 100 us are read; the rest of the second the output is full */
    double mean = view.backpressured_seconds / 20;
    double most = view.backpressured_most_seconds / 20;
    ck_assert_double_eq_tol(mean, 0.45, 1e-6);
    ck_assert_double_eq_tol(most, 0.9, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

/* Of four hosts some have half a core for a source of 20 us and a reader of 100 us: 4,167
 * records/s, and their readers always have work. Behind a shuffle all read as many; in pipelines of
 * their own the others read the 5,000/s that come. */
START_TEST(only_tasks_of_full_hosts_wait_for_cores)
{
    static const uint32_t four_each[] = { 4, 4 };
    static const enum partitioner partitioners[] = { PARTITION_HASH, PARTITION_FORWARD };
    bool shuffled = _i % 2 == 0;
    uint32_t full = 1 + (uint32_t)_i / 2;
    model_fixture_init(&f);
    model_fixture_pair(&f, 20 * TIME_US, 100 * TIME_US, partitioners[_i % 2], 20000);
    for (uint32_t h = 0; h < 4; h++)
        f.hosts[hosts[h]].machine.cores = h < full ? 0.5 : 64;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, four_each, hosts, 4);
    struct model_vertex_view view = model_fixture_between(&f, 1, 10 * TIME_S, 20 * TIME_S);
    double others = 100e-6 * (shuffled ? 0.5 / 120e-6 : 5000);
    ck_assert_double_eq_tol(view.busy_seconds / 10, full + others * (4 - full), 1e-6);
    ck_assert_double_eq_tol(view.idle_seconds / 10, (1 - others) * (4 - full), 1e-6);
    ck_assert_double_eq_tol(view.busy_most_seconds / 10, 4, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

/* One host of four has one core for a source of 201 us and a reader of 200 us: half for each,
 * 10,000 records/s through four readers. Its source waits for its core, if anything; those of the
 * other hosts wait for its reader, although the reader takes less of that core than the source. */
START_TEST(sources_elsewhere_wait_for_readers_of_a_full_host)
{
    static const uint32_t four_each[] = { 4, 4 };
    model_fixture_init(&f);
    model_fixture_pair(&f, 201 * TIME_US, 200 * TIME_US, PARTITION_HASH, 19000);
    for (uint32_t h = 0; h < 4; h++)
        f.hosts[hosts[h]].machine.cores = h == 0 ? 1 : 64;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, four_each, hosts, 4);
    model_fixture_run(&f, 10 * TIME_S);
    struct model_vertex_view before = model_fixture_view(&f, job_0, 0);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 100e3, 200);
    struct model_vertex_view after = model_fixture_view(&f, job_0, 0);
    ck_assert_double_eq_tol((after.backpressured_seconds - before.backpressured_seconds) / 10,
                            3 * (1 - 2500 * 201e-6), 0.01);
    ck_assert(f.model->jobs[0].vertices[1].flow.congested);
    model_fixture_fini(&f);
}
END_TEST

/* Two equal hosts of one core, each with a source of 50 us and a reader of 100 us that has always
 * work: what the sources do not work they wait for the core or for room, each for as long as the
 * other. */
START_TEST(equal_subtasks_that_wait_for_cores_are_backpressured_alike)
{
    static const uint32_t two_each[] = { 2, 2 };
    model_fixture_init(&f);
    model_fixture_pair(&f, 50 * TIME_US, 100 * TIME_US, PARTITION_HASH, 14000);
    for (uint32_t h = 0; h < 2; h++)
        f.hosts[hosts[h]].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, two_each, hosts, 2);
    struct model_vertex_view view = model_fixture_between(&f, 0, 10 * TIME_S, 20 * TIME_S);
    double mean = view.backpressured_seconds;
    ck_assert_double_gt(mean, 1);
    ck_assert_double_eq_tol(view.backpressured_most_seconds, mean, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

/* Two senders each feed a map, and each map a sink of its own; the second sink is slow. */
START_TEST(a_reader_of_several_senders_is_backpressured_with_them)
{
    static const uint32_t parallelism[] = { 4, 2, 2 };
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "map", 128, 10 * TIME_US);
    model_fixture_vertex(&f, job_0, "sink", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_RESCALE);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 8000);
    f.hosts[2].speed = 0.1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, parallelism, hosts, 4);
    struct model_vertex_view view = model_fixture_between(&f, 1, 10 * TIME_S, 20 * TIME_S);
    /* 1,000 records/s of 100 us; the rest of the second the output is full */
    double mean = view.backpressured_seconds / 20;
    double most = view.backpressured_most_seconds / 20;
    ck_assert_double_eq_tol(mean, 0.45, 1e-6);
    ck_assert_double_eq_tol(most, 0.9, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

/* Which of four readers has most depends on which source sends most: all of the first one has the
 * same key, and the second one's comes from five senders, of which the last reader has two. */
START_TEST(the_busiest_subtask_is_that_of_the_source_that_sends_most)
{
    static const uint32_t parallelism[] = { 1, 1, 4, 5, 4 };
    for (int first = 0; first < 2; first++) {
        model_fixture_init(&f);
        model_fixture_vertex(&f, job_0, "one", 128, 1 * TIME_US);
        model_fixture_vertex(&f, job_0, "other", 128, 1 * TIME_US);
        model_fixture_vertex(&f, job_0, "key", 128, 1 * TIME_US)->keys = 1;
        model_fixture_vertex(&f, job_0, "five", 128, 1 * TIME_US);
        model_fixture_vertex(&f, job_0, "join", 128, 100 * TIME_US);
        model_fixture_edge(&f, job_0, 0, 2, PARTITION_HASH);
        model_fixture_edge(&f, job_0, 1, 3, PARTITION_REBALANCE);
        model_fixture_edge(&f, job_0, 2, 4, PARTITION_FORWARD);
        model_fixture_edge(&f, job_0, 3, 4, PARTITION_RESCALE);
        model_fixture_load(&f, job_0, 0, 0, first ? 8000 : 1000);
        model_fixture_load(&f, job_0, 1, 0, first ? 1000 : 8000);
        model_fixture_start(&f);
        model_fixture_deploy_first(&f, parallelism, hosts, 4);
        model_fixture_run(&f, 10 * TIME_S);
        ck_assert_double_eq(f.model->jobs[0].vertices[2].shape.share[3], 0); /* not the last */
        struct model_vertex_view before = model_fixture_view(&f, job_0, 4);
        model_fixture_run(&f, 20 * TIME_S);
        struct model_vertex_view after = model_fixture_view(&f, job_0, 4);
        double most = (after.busy_most_seconds - before.busy_most_seconds) / 40;
        /* all of 8,000 and a fifth of 1,000; two fifths of 8,000 */
        ck_assert_double_eq_tol(most, first ? 0.82 : 0.32, 1e-6);
        model_fixture_fini(&f);
    }
}
END_TEST

struct graph {
    uint32_t count, sources, parallelism[VERTICES_MAX];
    double in[VERTICES_MAX][SUBTASKS_MAX]; /* records per second */
};

/* Each vertex reads from some before it, over any kind of edge. */
static void make_graph(struct rng *rng, struct graph *graph)
{
    static const enum partitioner kinds[] = { PARTITION_HASH,    PARTITION_REBALANCE,
                                              PARTITION_RESCALE, PARTITION_RESCALE,
                                              PARTITION_RESCALE, PARTITION_BROADCAST };
    graph->sources = 1 + (uint32_t)rng_below(rng, 2);
    graph->count = graph->sources + 2 + (uint32_t)rng_below(rng, 3);
    for (uint32_t v = 0; v < graph->count; v++) {
        char name[8] = { 'v', (char)('0' + v) };
        struct vertex_model *vertex =
            model_fixture_vertex(&f, job_0, name, 128, (1 + (time_ns)rng_below(rng, 50)) * TIME_US);
        vertex->selectivity = 0.25 * (double)(1 + rng_below(rng, 4));
        graph->parallelism[v] = 1 + (uint32_t)rng_below(rng, SUBTASKS_MAX);
        if (v < graph->sources) {
            model_fixture_load(&f, job_0, v, 0, (double)(1000 + rng_below(rng, 40000)));
            continue;
        }
        uint32_t one = (uint32_t)rng_below(rng, v);
        for (uint32_t from = 0; from < v; from++)
            if (from == one || rng_below(rng, 3) == 0)
                model_fixture_edge(&f, job_0, from, v, kinds[rng_below(rng, 6)]);
    }
}

/* The rates of all subtasks, edge by edge and subtask by subtask. */
static void find_rates(struct graph *graph)
{
    const struct model_job *job = &f.model->jobs[0];
    const struct job_graph *g = job->spec->graph;
    memset(graph->in, 0, sizeof graph->in);
    for (uint32_t v = 0; v < graph->sources; v++) {
        const struct model_source *source = &job->sources.items[job->vertices[v].source];
        const struct net *net = net_of(f.model, &job->components.items[job->vertices[v].component]);
        for (uint32_t s = 0; s < graph->parallelism[v]; s++)
            graph->in[v][s] = net->classes.items[net->raws.items[source->first_raw + s].class].rate;
    }
    for (uint32_t v = 0; v < graph->count; v++)
        for (VEC_EACH(const uint32_t, e, &g->vertices.items[v].inputs)) {
            const struct job_edge *edge = &g->edges.items[*e];
            uint32_t from = edge->producer.n;
            for (uint32_t p = 0; p < graph->parallelism[from]; p++) {
                double sent = graph->in[from][p] * shape_edge_records(job->spec, edge);
                struct subtask_range range = { 0, graph->parallelism[v] - 1 };
                if (edge->pattern == DISTRIBUTION_POINTWISE)
                    range = edge_consumers_of(&job->plan, *e, p);
                for (uint32_t s = range.first; s <= range.last; s++)
                    graph->in[v][s] +=
                        edge->pattern == DISTRIBUTION_POINTWISE
                            ? sent / (range.last - range.first + 1)
                            : sent * shape_edge_share(f.model, &f.model->jobs[0].vertices[v],
                                                      edge->partitioner, s);
            }
        }
}

static void expect_shares(const struct graph *graph, uint32_t v, time_ns until)
{
    const struct model_vertex *vertex = &f.model->jobs[0].vertices[v];
    double most = 0, sum = 0, seconds = (double)(until - sim_queue_now(f.queue)) / (double)TIME_S;
    for (uint32_t s = 0; s < graph->parallelism[v]; s++) {
        double busy = graph->in[v][s] * vertex->spec->cost_ns / 1e9 /
                      f.hosts[f.model->tasks.items[vertex->life.current.items[s]].life.host].speed;
        most = fmax(most, busy);
        sum += busy;
    }
    struct model_vertex_view before = model_fixture_view(&f, job_0, v);
    model_fixture_run(&f, until);
    struct model_vertex_view after = model_fixture_view(&f, job_0, v);
    ck_assert_double_eq_tol(after.busy_seconds - before.busy_seconds, sum * seconds, 1e-6);
    ck_assert_double_eq_tol(after.busy_most_seconds - before.busy_most_seconds,
                            most * seconds * graph->parallelism[v], 1e-6);
    ck_assert_double_eq_tol(after.task_seconds - before.task_seconds,
                            seconds * graph->parallelism[v], 1e-6);
}

START_TEST(the_busiest_subtask_is_found_among_single_ones)
{
    struct rng rng = rng_stream(35, "shares", (uint64_t)_i);
    struct graph graph;
    model_fixture_init(&f);
    make_graph(&rng, &graph);
    for (uint32_t h = 0; h < 4; h++) {
        f.hosts[hosts[h]].speed = 0.5 * (double)(1 + rng_below(&rng, 4));
        f.hosts[hosts[h]].machine.cores = 64; /* nobody waits for one */
    }
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, graph.parallelism, hosts, 1 + (uint32_t)rng_below(&rng, 4));
    model_fixture_run(&f, 20 * TIME_S);
    for (uint32_t v = 0; v < graph.count; v++) {
        find_rates(&graph);
        expect_shares(&graph, v, sim_queue_now(f.queue) + TIME_S);
    }
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_shares_suite(void)
{
    Suite *suite = suite_create("model_shares");
    TCase *tests = tcase_create("shares");
    tcase_add_test(tests, a_reader_of_several_senders_is_as_busy_as_all_of_them_make_it);
    tcase_add_test(tests, a_reader_of_several_senders_is_backpressured_with_them);
    tcase_add_test(tests, the_busiest_subtask_is_that_of_the_source_that_sends_most);
    tcase_add_test(tests, one_pipeline_of_two_that_is_held_up_shows_in_the_most);
    tcase_add_loop_test(tests, only_tasks_of_full_hosts_wait_for_cores, 0, 4);
    tcase_add_test(tests, sources_elsewhere_wait_for_readers_of_a_full_host);
    tcase_add_test(tests, equal_subtasks_that_wait_for_cores_are_backpressured_alike);
    tcase_add_loop_test(tests, the_busiest_subtask_is_found_among_single_ones, 0, 200);
    suite_add_tcase(suite, tests);
    return suite;
}
