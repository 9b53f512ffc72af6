/* SPDX-License-Identifier: Apache-2.0
 *
 * Random legal sequences: deployments at any parallelism, restores, cancels, deaths, freezes, cuts,
 * slow hosts, failing code and checkpoints, in four shapes of job. After every step the books must
 * balance (model_fixture_run checks), and the whole must come out the same a second time.
 */
#include <check.h>
#include <math.h>

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "tests/lib/model_fixture.h"

enum { HOSTS = 6, STEPS = 250, SHAPES = 4, TWO_SOURCES = 3 };

struct walk {
    struct model_fixture f;
    struct rng rng;
    struct fixture_deployment how;
    uint32_t parallelism[3], hosts[HOSTS], next_host;
    uint64_t checkpoint, completed;
    bool deployed, frozen[FIXTURE_HOSTS_MAX];
};

static void make_job(struct model_fixture *f, int shape, struct rng *rng)
{
    static const enum partitioner edges[3][2] = {
        { PARTITION_HASH, PARTITION_FORWARD },
        { PARTITION_RESCALE, PARTITION_RESCALE },
        { PARTITION_RESCALE, PARTITION_BROADCAST },
    };
    struct job_id job = { 0 };
    for (int v = 0; v < 3; v++) {
        struct vertex_model *vertex =
            model_fixture_vertex(f, job, (const char *[]){ "source", "map", "sink" }[v], 128,
                                 (time_ns)rng_below(rng, 200) * TIME_US);
        vertex->state_per_key = 1000;
        vertex->keys = v == 1 ? 5000 : 0;
        vertex->state_growth = v;
        vertex->close = (time_ns)rng_below(rng, 3) * 100 * TIME_MS;
        vertex->snapshot_sync = v == 2 ? 5 * TIME_MS : 0;
    }
    if (shape == TWO_SOURCES) {
        model_fixture_edge(f, job, 0, 2, PARTITION_HASH);
        model_fixture_edge(f, job, 1, 2, PARTITION_HASH);
    } else {
        model_fixture_edge(f, job, 0, 1, edges[shape][0]);
        model_fixture_edge(f, job, 1, 2, edges[shape][1]);
    }
    for (int s = 0; s < 2000; s += 7)
        for (uint32_t v = 0; v < (shape == TWO_SOURCES ? 2 : 1); v++)
            model_fixture_load(f, job, v, s * TIME_S, (double)rng_below(rng, 20000));
    for (int h = 0; h < FIXTURE_HOSTS_MAX; h++) {
        f->hosts[h].machine.cores = 1 + (double)rng_below(rng, 2);
        f->hosts[h].machine.network_bps = rng_below(rng, 2) ? 4e6 : 0;
    }
    f->scenario.jobs.items[0].load_per_subtask.items[0] = rng_below(rng, 3) == 0;
}

/* As a coordinator would: complete when all tasks have acknowledged, else abort; a restart aborts.
 */
static void end_checkpoint(struct walk *walk, bool may_complete)
{
    struct checkpoint_order order = { .checkpoint = walk->checkpoint };
    size_t tasks = walk->parallelism[0] + walk->parallelism[1] + walk->parallelism[2];
    bool all =
        may_complete && model_fixture_acknowledged(&walk->f, walk->checkpoint, tasks) != TIME_NEVER;
    if (walk->checkpoint == walk->completed)
        return;
    if (all)
        walk->completed = walk->checkpoint;
    model_fixture_checkpoint(&walk->f, &walk->how,
                             all ? DATA_CHECKPOINT_COMPLETE : DATA_CHECKPOINT_ABORTED, &order);
    walk->checkpoint += !all; /* its number is used up */
}

static void deploy(struct walk *walk, int shape)
{
    end_checkpoint(walk, false);
    uint32_t count = 1 + (uint32_t)rng_below(&walk->rng, 7);
    for (int v = 0; v < 3; v++)
        walk->parallelism[v] = shape == 0 ? count : 1 + (uint32_t)rng_below(&walk->rng, 7);
    walk->how.attempt++;
    walk->how.checkpoint = walk->completed;
    walk->how.restore_bytes = (int64_t)rng_below(&walk->rng, 2) * 300000000;
    if (rng_below(&walk->rng, 4) == 0) /* the order for one that is deployed again came too late */
        model_fixture_lose(&walk->f, &walk->how, 0, walk->parallelism[0] - 1);
    model_fixture_deploy(&walk->f, &walk->how);
    walk->deployed = true;
}

static void kill_one(struct walk *walk)
{
    uint32_t i = (uint32_t)rng_below(&walk->rng, HOSTS);
    model_fixture_end_process(&walk->f, walk->hosts[i]);
    walk->hosts[i] = walk->next_host++;
}

static void trigger(struct walk *walk)
{
    struct checkpoint_order order = { .checkpoint = ++walk->checkpoint };
    order.unaligned = rng_below(&walk->rng, 2) == 0;
    order.aligned_timeout = (time_ns)rng_below(&walk->rng, 2) * TIME_S;
    model_fixture_checkpoint(&walk->f, &walk->how, DATA_TRIGGER_CHECKPOINT, &order);
}

static void disturb_host(struct walk *walk, uint64_t what)
{
    uint32_t host = walk->hosts[rng_below(&walk->rng, HOSTS)];
    if (what == 0) {
        walk->frozen[host] = !walk->frozen[host];
        model_fixture_freeze(&walk->f, host, walk->frozen[host]);
        return;
    }
    if (what == 1)
        walk->f.hosts[host].cut = !walk->f.hosts[host].cut;
    else
        walk->f.hosts[host].speed = 0.25 + rng_unit(&walk->rng);
    if (what == 2)
        walk->f.hosts[host].loss = rng_below(&walk->rng, 2) ? 0 : 0.02;
    model_ops()->host_changed(walk->f.model, (struct node_id){ host });
}

static void fail_one(struct walk *walk)
{
    struct vertex_id vertex = { (uint32_t)rng_below(&walk->rng, 3) };
    uint32_t subtask = (uint32_t)rng_below(&walk->rng, 8);
    model_ops()->fail_task(walk->f.model, walk->how.job, vertex, subtask);
}

static void step(struct walk *walk, int shape)
{
    uint64_t what = rng_below(&walk->rng, 12);
    if (!walk->deployed || what == 0)
        deploy(walk, shape);
    else if (what == 1 && walk->next_host < FIXTURE_HOSTS_MAX)
        kill_one(walk);
    else if (what < 5)
        disturb_host(walk, what - 2);
    else if (what == 5)
        model_fixture_cancel(&walk->f, &walk->how);
    else if (what == 6)
        fail_one(walk);
    else if (what < 9)
        trigger(walk);
    else
        end_checkpoint(walk, true);
}

/* What arrives or is served again is served, waits, or is given up; also while tasks are down,
 * with channel state and with buffers that are lost. */
static void check_view(const struct model_job_view *view)
{
    double in = view->offered_total + view->inherited + view->replayed_total + view->setback;
    double out = view->served_total + view->backlog + view->given_up;
    ck_assert_double_eq_tol(in, out, 1e-6 * fmax(out, 1));
    ck_assert_double_ge(view->backlog_max, view->backlog);
    ck_assert_double_ge(view->lag_seconds_max, view->lag_seconds);
    ck_assert_double_ge(view->reread_total, 0);
}

static uint64_t walk_once(uint64_t seed, int shape)
{
    static struct walk walk;
    walk = (struct walk){ .rng = rng_stream(seed, "walk", (uint64_t)shape), .next_host = HOSTS };
    uint64_t hash = 0;
    model_fixture_init(&walk.f);
    walk.f.scenario.cluster.timing.deploy =
        (struct distribution){ DRAW_UNIFORM, 10 * TIME_MS, 700 * TIME_MS };
    walk.f.config.recover_from_local = seed % 2 == 0;
    make_job(&walk.f, shape, &walk.rng);
    model_fixture_start(&walk.f);
    for (uint32_t h = 0; h < HOSTS; h++)
        walk.hosts[h] = h;
    walk.how = (struct fixture_deployment){ .parallelism = walk.parallelism,
                                            .hosts = walk.hosts,
                                            .host_count = HOSTS };
    time_ns now = 0;
    for (int i = 0; i < STEPS; i++) {
        step(&walk, shape);
        now += (time_ns)rng_below(&walk.rng, 4000) * TIME_MS;
        model_fixture_run(&walk.f, now);
        struct model_job_view view = model_fixture_job(&walk.f, walk.how.job);
        ck_assert_double_ge(view.served_total, 0);
        ck_assert_double_le(view.restore_position, view.offered_total + 1);
        check_view(&view);
        hash = hash_add_bytes(hash, &view.served_total, sizeof view.served_total);
        hash = hash_add_bytes(hash, &view.latency, sizeof view.latency);
    }
    hash = hash_add(hash, walk.f.lines.count);
    model_fixture_fini(&walk.f);
    return hash;
}

START_TEST(random_walks_keep_the_books_and_repeat_themselves)
{
    ck_assert_uint_eq(walk_once((uint64_t)_i, _i % SHAPES), walk_once((uint64_t)_i, _i % SHAPES));
}
END_TEST

Suite *test_model_random_suite(void)
{
    Suite *suite = suite_create("model_random");
    TCase *tests = tcase_create("random walks");
    tcase_add_loop_test(tests, random_walks_keep_the_books_and_repeat_themselves, 0, 48);
    suite_add_tcase(suite, tests);
    return suite;
}
