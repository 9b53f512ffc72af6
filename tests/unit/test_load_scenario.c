/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/scenario.c and read_*.c on scenarios that are right: what each key becomes, the
 * defaults. Variants and --set are in test_load_variants.c, events and expectations in
 * test_load_script.c, what is wrong in test_load_errors.c.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/load_fixture.h"
#include "tests/lib/series_look.h"

static struct scenario *s;

static void load(const char *yaml)
{
    scenario_destroy(s);
    s = load_fixture_scenario(yaml);
}

static void teardown(void)
{
    scenario_destroy(s);
    s = NULL;
}

static const struct job_vertex *vertex(const char *name, const struct vertex_model **model)
{
    const struct job_spec *job = &s->jobs.items[0];
    struct vertex_id id = job_graph_find_vertex(job->graph, name);
    ck_assert(!vertex_id_is_none(id));
    if (model)
        *model = &job->vertices.items[id.n];
    return &job->graph->vertices.items[id.n];
}

START_TEST(the_least_scenario_has_defaults)
{
    load("name: t\nduration: 1h\njobs: [ { name: j, vertices: [ { name: s } ], load: 1/s } ]\n");
    ck_assert_str_eq(s->name, "t");
    ck_assert_ptr_null(s->question);
    ck_assert_ptr_null(s->variant);
    ck_assert_str_eq(s->path, "t.yaml");
    ck_assert_uint_eq(s->seed, 1);
    ck_assert_int_eq(s->sample, TIME_S);
    ck_assert_int_eq(s->log_level, LOG_DECISION);
    ck_assert_int_eq(s->config.flink_version, FLINK_2_3);
    ck_assert_str_eq(s->cluster.provider, "standalone");
    ck_assert_uint_eq(s->cluster.count, 1);
    ck_assert_uint_eq(s->cluster.machine.slots, 1);
    ck_assert_double_eq(s->cluster.machine.cores, 1);
    ck_assert_int_eq(s->cluster.churn.kind, CHURN_NONE);
    const struct vertex_model *model;
    const struct job_vertex *v = vertex("s", &model);
    ck_assert_int_eq(v->parallelism, 1);
    ck_assert_uint_eq(v->operators.count, 1);
    ck_assert_double_eq(model->cost_ns, 1000);
    ck_assert_double_eq(model->record_bytes, 100);
    ck_assert_double_eq(model->selectivity, 1);
    ck_assert_double_eq(model->service_cv, 1);
    ck_assert_int_eq(s->jobs.items[0].at, 0);
    /* Kills of real TaskManagers: the first request to the dead one hung in 4 of 18. */
    ck_assert_int_eq(s->cluster.timing.rpc_loss.kind, DRAW_UNIFORM);
    ck_assert_int_eq(s->cluster.timing.rpc_loss.low, 50 * TIME_MS);
    ck_assert_int_eq(s->cluster.timing.rpc_loss.high, 500 * TIME_MS);
}
END_TEST

START_TEST(the_head_says_how_the_run_goes)
{
    load("name: t\nquestion: why?\nduration: 2d\nseed: 42\nsample: 30s\nflink-version: \"2.4\"\n"
         "log-level: messages\nconfig: { scheduler-mode: reactive, "
         "execution.checkpointing.interval: 30s }\n"
         "jobs: [ { name: j, vertices: [ { name: s } ], load: 1/s } ]\n");
    ck_assert_str_eq(s->question, "why?");
    ck_assert_int_eq(s->duration, 2 * TIME_DAY);
    ck_assert_uint_eq(s->seed, 42);
    ck_assert_int_eq(s->sample, 30 * TIME_S);
    ck_assert_int_eq(s->config.flink_version, FLINK_2_4);
    ck_assert_int_eq(s->log_level, LOG_MESSAGE);
    ck_assert_int_eq(s->config.scheduler_mode, SCHEDULER_MODE_REACTIVE);
    ck_assert_int_eq(s->config.checkpoint_interval, 30 * TIME_S);
    ck_assert_int_eq(s->jobs.items[0].graph->config.checkpoint_interval, 30 * TIME_S);
}
END_TEST

START_TEST(a_jobs_config_lies_over_the_clusters)
{
    load("name: t\nduration: 1h\n"
         "config: { execution.checkpointing.interval: 30s, restart-strategy.type: none }\n"
         "jobs: [ { name: j, vertices: [ { name: s } ], load: 1/s,\n"
         "  config: { execution.checkpointing.interval: 10s, restart-strategy.type: null } } ]\n");
    const struct config *config = &s->jobs.items[0].graph->config;
    ck_assert_int_eq(s->config.checkpoint_interval, 30 * TIME_S);
    ck_assert_int_eq(s->config.restart_strategy, RESTART_NONE);
    ck_assert_int_eq(config->checkpoint_interval, 10 * TIME_S);
    ck_assert_int_eq(config->restart_strategy, RESTART_UNSET);
}
END_TEST

#define CLUSTER(text)                                                                              \
    "name: t\nduration: 1h\njobs: [ { name: j, vertices: [ { name: s } ], load: 1/s } ]\n"         \
    "cluster:\n" text

START_TEST(the_cluster_is_read_key_by_key)
{
    load(CLUSTER("  provider: standalone\n"
                 "  job-manager: { boot: 3s }\n"
                 "  task-manager: { cores: 4, speed: 0.5, memory: 8g, slots: 3, network: 10gbit,\n"
                 "    disk: 500m/s, boot: { median: 40s, p99: 3min }, price: 0.34/h, count: 7 }\n"
                 "  timing: { submit: 1ms, deploy: 3ms, initialize: 4ms,\n"
                 "    cancel: 5ms, shutdown: 6ms, connection-loss: 7ms,\n"
                 "    rpc-loss: { from: 8ms, to: 9ms } }\n"
                 "  network: { latency: { mean: 1ms }, loss: 1%, bandwidth: 1gbit }\n"
                 "  dfs: { bandwidth: 2gbit, latency: 5ms, connections: 16 }\n"));
    const struct cluster_spec *c = &s->cluster;
    ck_assert_double_eq(c->machine.cores, 4);
    ck_assert_double_eq(c->machine.speed, 0.5);
    ck_assert_int_eq(c->machine.memory_bytes, 8LL << 30);
    ck_assert_uint_eq(c->machine.slots, 3);
    ck_assert_double_eq(c->machine.network_bps, 10e9);
    ck_assert_double_eq(c->machine.disk_bps, 500.0 * 1024 * 1024);
    ck_assert_int_eq(c->machine.boot.kind, DRAW_LOGNORMAL);
    ck_assert_int_eq(c->machine.boot.low, 40 * TIME_S);
    ck_assert_int_eq(c->machine.boot.high, 3 * TIME_MIN);
    ck_assert_double_eq(c->machine.price_per_hour, 0.34);
    ck_assert_uint_eq(c->count, 7);
    ck_assert_int_eq(c->timing.job_manager_start.low, 3 * TIME_S);
    ck_assert_int_eq(c->timing.submit.low, TIME_MS);
    ck_assert_int_eq(c->timing.deploy.low, 3 * TIME_MS);
    ck_assert_int_eq(c->timing.initialize.low, 4 * TIME_MS);
    ck_assert_int_eq(c->timing.cancel.low, 5 * TIME_MS);
    ck_assert_int_eq(c->timing.shutdown.low, 6 * TIME_MS);
    ck_assert_int_eq(c->timing.connection_loss.high, 7 * TIME_MS);
    ck_assert_int_eq(c->timing.rpc_loss.kind, DRAW_UNIFORM);
    ck_assert_int_eq(c->timing.rpc_loss.high, 9 * TIME_MS);
    ck_assert_int_eq(c->network.latency.kind, DRAW_EXPONENTIAL);
    ck_assert_double_eq(c->network.loss, 0.01);
    ck_assert_double_eq(c->network.bandwidth_bps, 1e9);
    ck_assert_double_eq(c->dfs.bandwidth, 2e9 / 8);
    ck_assert_int_eq(c->dfs.latency.low, 5 * TIME_MS);
    ck_assert_uint_eq(c->dfs.connections, 16);
}
END_TEST

START_TEST(task_managers_may_have_names_and_times)
{
    load(CLUSTER("  task-managers: [ big, { name: tm2, at: 3s }, { name: tm3, at: never } ]\n"));
    ck_assert_uint_eq(s->cluster.count, 0);
    ck_assert_uint_eq(s->cluster.named.count, 3);
    ck_assert_str_eq(s->cluster.named.items[0].name, "big");
    ck_assert_int_eq(s->cluster.named.items[0].at, 0);
    ck_assert_int_eq(s->cluster.named.items[1].at, 3 * TIME_S);
    ck_assert_int_eq(s->cluster.named.items[2].at, TIME_NEVER);
    load(CLUSTER("  task-managers: []\n"));
    ck_assert_uint_eq(s->cluster.count, 0);
}
END_TEST

START_TEST(slots_of_a_task_manager_default_to_flinks_key)
{
    load("name: t\nduration: 1h\nconfig: { taskmanager.numberOfTaskSlots: 6 }\n"
         "jobs: [ { name: j, vertices: [ { name: s } ], load: 1/s } ]\n");
    ck_assert_uint_eq(s->cluster.machine.slots, 6);
    ck_assert_double_eq(s->cluster.machine.cores, 6);
}
END_TEST

START_TEST(churn_may_be_figures_a_file_or_chance)
{
    char yaml[512];
    load(CLUSTER("  churn: { steps: [[0s, 4], [10min, 6], [20min, 2]], scale: 1.5, max: 8 }\n"));
    const struct churn_spec *churn = &s->cluster.churn;
    ck_assert_int_eq(churn->kind, CHURN_SERIES);
    ck_assert_double_eq(series_look_at(&churn->count, 0), 6);
    ck_assert_double_eq(series_look_at(&churn->count, 10 * TIME_MIN), 8);
    ck_assert_double_eq(series_look_at(&churn->count, TIME_H), 3);
    ck_assert_uint_eq(s->cluster.count, 0);
    ck_assert(!churn->graceful);
    const char *path = load_fixture_file(
        "spot.json", "{\"metadata\": {\"gap_seconds\": 600}, \"data\": [3, 0, 5]}");
    snprintf(yaml, sizeof yaml,
             CLUSTER("  churn: { trace: %s, repeat: true, graceful: true, notice: 30s }\n"), path);
    load(yaml);
    churn = &s->cluster.churn;
    ck_assert_double_eq(series_look_at(&churn->count, 10 * TIME_MIN), 0);
    ck_assert_double_eq(series_look_at(&churn->count, 25 * TIME_MIN), 5);
    ck_assert_double_eq(series_look_at(&churn->count, 31 * TIME_MIN), 3);
    ck_assert(churn->graceful);
    ck_assert_int_eq(churn->notice, 30 * TIME_S);
    load(CLUSTER("  task-manager: { count: 5 }\n"
                 "  churn: { exponential: { mean: 10h, rejoin: 2min } }\n"));
    churn = &s->cluster.churn;
    ck_assert_int_eq(churn->kind, CHURN_EXPONENTIAL);
    ck_assert_int_eq(churn->mean_time_to_failure, 10 * TIME_H);
    ck_assert_int_eq(churn->rejoin.low, 2 * TIME_MIN);
    ck_assert_uint_eq(s->cluster.count, 5);
}
END_TEST

/* A record that ends holds its last count; machines do not vanish with the figures. */
START_TEST(churn_record_holds_its_last_count)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml, CLUSTER("  churn: { trace: %s, time: t, count: machines }\n"),
             load_fixture_file("spot.csv", "machines,t\n4,0\n6,60\n"));
    load(yaml);
    ck_assert_double_eq(series_look_at(&s->cluster.churn.count, 50 * TIME_MIN), 6);
}
END_TEST

START_TEST(a_vertex_is_read_key_by_key)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n"
         "      - { name: a, partitions: 64, operator-state: split }\n"
         "      - name: b\n        parallelism: 3\n        max-parallelism: 12\n"
         "        cost: 1.5us\n        wait: 200us\n        bytes: 2kb\n        selectivity: 0.3\n"
         "        state: 200 bytes/key + 1mb + 8 bytes/record\n        keys: 2m\n"
         "        skew: zipf 0.9\n        service: cv 0.5\n        snapshot: 100ms\n"
         "        close: 1.5s\n        group: heavy\n        co-location: x\n"
         "        chain: [ map, { name: sink, operator-state: union } ]\n"
         "      - { name: c, co-location: x, group: heavy, service: constant }\n"
         "    edges: [ a -> b: hash, b -> c: rebalance ]\n    load: 1/s\n");
    const struct vertex_model *m;
    const struct job_vertex *v = vertex("b", &m);
    ck_assert_int_eq(v->parallelism, 3);
    ck_assert_int_eq(v->max_parallelism, 12);
    ck_assert_double_eq(m->cost_ns, 1500);
    ck_assert_double_eq(m->wait_ns, 200000);
    ck_assert_double_eq(m->record_bytes, 2048);
    ck_assert_double_eq(m->selectivity, 0.3);
    ck_assert_double_eq(m->state_per_key, 200);
    ck_assert_double_eq(m->state_fixed, 1048576);
    ck_assert_double_eq(m->state_growth, 8);
    ck_assert_int_eq(m->keys, 2000000);
    ck_assert_int_eq(m->skew, SKEW_ZIPF);
    ck_assert_double_eq(m->zipf, 0.9);
    ck_assert_double_eq(m->service_cv, 0.5);
    ck_assert_int_eq(m->snapshot_sync, 100 * TIME_MS);
    ck_assert_int_eq(m->close, 1500 * TIME_MS);
    ck_assert_uint_eq(v->operators.count, 3);
    ck_assert(v->operators.items[0].keyed_state);
    ck_assert_str_eq(v->operators.items[1].name, "map");
    ck_assert_int_eq(v->operators.items[2].operator_state, OPERATOR_STATE_UNION);
    ck_assert_str_eq(s->jobs.items[0].graph->groups.items[v->group.n].name, "heavy");
    ck_assert_uint_eq(v->colocation, vertex("c", NULL)->colocation);
    ck_assert_uint_eq(vertex("a", &m)->colocation, ID_NONE);
    ck_assert_int_eq(m->partitions, 64);
    ck_assert_int_eq(vertex("a", NULL)->operators.items[0].operator_state, OPERATOR_STATE_SPLIT);
    vertex("c", &m);
    ck_assert_double_eq(m->service_cv, 0);
}
END_TEST

START_TEST(weights_are_one_for_each_key_group)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n      - { name: a }\n"
         "      - { name: b, max-parallelism: 4, skew: [1, 0, 2.5, 1] }\n"
         "    edges: [ a -> b: hash ]\n    load: 1/s\n");
    const struct vertex_model *m;
    vertex("b", &m);
    ck_assert_int_eq(m->skew, SKEW_WEIGHTS);
    ck_assert_uint_eq(m->weights.count, 4);
    ck_assert_double_eq(m->weights.items[2], 2.5);
}
END_TEST

/* The graph is renumbered topologically; models and loads must move with their vertices. */
START_TEST(models_follow_vertices_listed_backwards)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n"
         "      - { name: sink, cost: 3us }\n      - { name: middle, cost: 2us }\n"
         "      - { name: source, cost: 1us }\n"
         "    edges: [ middle -> sink, source -> middle ]\n    load: 7/s\n");
    const struct vertex_model *m;
    vertex("sink", &m);
    ck_assert_double_eq(m->cost_ns, 3000);
    vertex("source", &m);
    ck_assert_double_eq(m->cost_ns, 1000);
    ck_assert_str_eq(s->jobs.items[0].graph->vertices.items[0].name, "source");
    ck_assert_double_eq(series_look_at(&s->jobs.items[0].loads.items[0], 0), 7);
    ck_assert_uint_eq(s->jobs.items[0].loads.count, 3);
}
END_TEST

START_TEST(edges_are_text_or_maps)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n"
         "      - { name: a, parallelism: 2 }\n      - { name: b, parallelism: 2 }\n"
         "      - { name: c, parallelism: 3 }\n      - { name: d, parallelism: 3 }\n"
         "    edges:\n      - a -> b\n      - b -> c\n      - c -> d: hash blocking\n"
         "      - { from: a, to: d, ship: broadcast, result: pipelined }\n"
         "      - a->c: rescale\n      - b -> d: blocking\n    load: 1/s\n");
    static const struct {
        enum partitioner partitioner;
        enum result_type result;
    } expected[] = { { PARTITION_FORWARD, RESULT_PIPELINED_BOUNDED },
                     { PARTITION_REBALANCE, RESULT_PIPELINED_BOUNDED },
                     { PARTITION_HASH, RESULT_BLOCKING },
                     { PARTITION_BROADCAST, RESULT_PIPELINED },
                     { PARTITION_RESCALE, RESULT_PIPELINED_BOUNDED },
                     { PARTITION_REBALANCE, RESULT_BLOCKING } };
    const struct job_graph *graph = s->jobs.items[0].graph;
    ck_assert_uint_eq(graph->edges.count, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_int_eq(graph->edges.items[i].partitioner, expected[i].partitioner);
        ck_assert_int_eq(graph->edges.items[i].result, expected[i].result);
    }
}
END_TEST

/* YAML makes a map of "a -> b: hash" only outside of quotes; a writer need not know. */
START_TEST(edges_in_quotes_are_the_same_edges)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n"
         "      - { name: a, parallelism: 2 }\n      - { name: b, parallelism: 2 }\n"
         "      - { name: c, parallelism: 3 }\n"
         "    edges: [ \"a -> b: hash\", 'b -> c:   broadcast blocking ', \"a -> c\" ]\n"
         "    load: 1/s\n");
    const struct job_edge *edges = s->jobs.items[0].graph->edges.items;
    ck_assert_uint_eq(s->jobs.items[0].graph->edges.count, 3);
    ck_assert_int_eq(edges[0].partitioner, PARTITION_HASH);
    ck_assert_int_eq(edges[0].result, RESULT_PIPELINED_BOUNDED);
    ck_assert_uint_eq(edges[0].consumer.n, 1);
    ck_assert_int_eq(edges[1].partitioner, PARTITION_BROADCAST);
    ck_assert_int_eq(edges[1].result, RESULT_BLOCKING);
    ck_assert_uint_eq(edges[1].consumer.n, 2);
    ck_assert_int_eq(edges[2].partitioner, PARTITION_REBALANCE);
}
END_TEST

/* As Flink calls vertices, with a colon that is part of the name. */
START_TEST(names_in_edges_may_have_colons)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n    vertices:\n"
         "      - { name: 'Source: in', parallelism: 2 }\n      - { name: Map, parallelism: 3 }\n"
         "      - { name: 'Sink: out', parallelism: 3 }\n      - { name: 'Sink: out: hash' }\n"
         "    edges:\n"
         "      - 'Source: in -> Map'\n"
         "      - Source: in -> Map\n"
         "      - 'Source: in -> Map: hash'\n"
         "      - Map -> Sink: out\n"
         "      - 'Map -> Sink: out: rescale blocking'\n"
         "      - Map -> Sink: 'out: hash'\n"
         "      - 'Source: in -> Sink: out -> Sink: out: hash: broadcast'\n"
         "    load: 1/s\n");
    static const struct {
        uint32_t from, to;
        enum partitioner partitioner;
    } expected[] = { { 0, 1, PARTITION_REBALANCE }, { 0, 1, PARTITION_REBALANCE },
                     { 0, 1, PARTITION_HASH },      { 1, 2, PARTITION_FORWARD },
                     { 1, 2, PARTITION_RESCALE },   { 1, 3, PARTITION_REBALANCE },
                     { 0, 2, PARTITION_BROADCAST }, { 2, 3, PARTITION_BROADCAST } };
    const struct job_graph *graph = s->jobs.items[0].graph;
    ck_assert_uint_eq(graph->edges.count, 8);
    for (size_t i = 0; i < 8; i++) {
        const struct job_edge *edge = &graph->edges.items[i];
        ck_assert_uint_eq(edge->producer.n, expected[i].from);
        ck_assert_uint_eq(edge->consumer.n, expected[i].to);
        ck_assert_int_eq(edge->partitioner, expected[i].partitioner);
    }
    ck_assert_int_eq(graph->edges.items[4].result, RESULT_BLOCKING);
}
END_TEST

START_TEST(an_arrow_chain_is_an_edge_for_each_arrow)
{
    load("name: t\nduration: 1h\njobs:\n  - name: j\n"
         "    vertices: [ { name: a }, { name: b }, { name: c } ]\n"
         "    edges: [ a -> b -> c: hash ]\n    load: 1/s\n");
    const struct job_graph *graph = s->jobs.items[0].graph;
    ck_assert_uint_eq(graph->edges.count, 2);
    ck_assert_uint_eq(graph->edges.items[1].producer.n, 1);
    ck_assert_uint_eq(graph->edges.items[1].consumer.n, 2);
}
END_TEST

START_TEST(groups_have_profiles)
{
    load("name: t\nduration: 1h\ncluster: { task-manager: { cores: 4, memory: 8g } }\n"
         "jobs:\n  - name: j\n    groups: { big: { cores: 1.5, memory: 2g }, plain: null }\n"
         "    vertices: [ { name: a, group: big }, { name: b, group: plain }, { name: c } ]\n"
         "    edges: [ a -> b -> c ]\n    load: 1/s\n");
    const struct job_graph *graph = s->jobs.items[0].graph;
    const struct resource_profile *big = &graph->groups.items[vertex("a", NULL)->group.n].profile;
    ck_assert_int_eq(big->cpu_milli, 1500);
    ck_assert_int_eq(big->memory_bytes, 2LL << 30);
    ck_assert(!big->unknown);
    ck_assert(graph->groups.items[vertex("b", NULL)->group.n].profile.unknown);
    ck_assert_uint_eq(vertex("c", NULL)->group.n, 0);
}
END_TEST

START_TEST(faults_of_user_code_are_planned)
{
    load("config: { parallelism.default: 2 }\n" LOAD_FIXTURE_BASE "    faults:\n"
         "      - { throw: count, subtask: 1, after: 1s, attempts: 2 }\n"
         "      - { throw: source }\n"
         "      - { snapshot-throws: count, checkpoint: 3 }\n"
         "      - { snapshot-sleeps: count, for: 1.5s, from: 3, to: 5 }\n"
         "      - { snapshot-sleeps: count, for: 6s }\n");
    const struct planned_fault *f = s->jobs.items[0].faults.items;
    ck_assert_uint_eq(s->jobs.items[0].faults.count, 5);
    ck_assert_int_eq(f[0].kind, FAULT_THROW);
    ck_assert_uint_eq(f[0].vertex.n, 1);
    ck_assert_uint_eq(f[0].subtask, 1);
    ck_assert_int_eq(f[0].after_start, TIME_S);
    ck_assert_uint_eq(f[0].attempts, 2);
    ck_assert_uint_eq(f[1].vertex.n, 0);
    ck_assert_uint_eq(f[1].attempts, UINT32_MAX);
    ck_assert_int_eq(f[2].kind, FAULT_SNAPSHOT_THROW);
    ck_assert_uint_eq(f[2].checkpoint_first, 3);
    ck_assert_uint_eq(f[2].checkpoint_last, 3);
    ck_assert_int_eq(f[3].kind, FAULT_SNAPSHOT_SLEEP);
    ck_assert_int_eq(f[3].sleep, 1500 * TIME_MS);
    ck_assert_uint_eq(f[3].checkpoint_last, 5);
    ck_assert_uint_eq(f[4].checkpoint_first, 1);
    ck_assert_uint_eq(f[4].checkpoint_last, UINT64_MAX);
}
END_TEST

Suite *test_load_scenario_suite(void)
{
    Suite *suite = suite_create("load_scenario");
    TCase *tcase = tcase_create("scenario");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, the_least_scenario_has_defaults);
    tcase_add_test(tcase, the_head_says_how_the_run_goes);
    tcase_add_test(tcase, a_jobs_config_lies_over_the_clusters);
    tcase_add_test(tcase, the_cluster_is_read_key_by_key);
    tcase_add_test(tcase, task_managers_may_have_names_and_times);
    tcase_add_test(tcase, slots_of_a_task_manager_default_to_flinks_key);
    tcase_add_test(tcase, churn_may_be_figures_a_file_or_chance);
    tcase_add_test(tcase, churn_record_holds_its_last_count);
    tcase_add_test(tcase, a_vertex_is_read_key_by_key);
    tcase_add_test(tcase, weights_are_one_for_each_key_group);
    tcase_add_test(tcase, models_follow_vertices_listed_backwards);
    tcase_add_test(tcase, edges_are_text_or_maps);
    tcase_add_test(tcase, edges_in_quotes_are_the_same_edges);
    tcase_add_test(tcase, names_in_edges_may_have_colons);
    tcase_add_test(tcase, an_arrow_chain_is_an_edge_for_each_arrow);
    tcase_add_test(tcase, groups_have_profiles);
    tcase_add_test(tcase, faults_of_user_code_are_planned);
    suite_add_tcase(suite, tcase);
    return suite;
}
