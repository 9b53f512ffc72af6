/* SPDX-License-Identifier: Apache-2.0
 *
 * A fault at every event of a small run: whatever happens when, the job finishes and its state
 * stands for each of its records once. The reference is the run without a fault, and that one is
 * counted by hand. EXACT_STRIDE=1 tries every index (minutes), else a few hundred of them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/exact_run.h"

enum { RECORDS = 2 * 600 }; /* map makes two of one */

#define ONE_FLOATING                                                                               \
    "taskmanager.memory.segment-size: 512b,\n"                                                     \
    "          taskmanager.network.memory.buffers-per-channel: 0,\n"                               \
    "          taskmanager.network.memory.floating-buffers-per-gate: 1,"

/* How barriers go; where they overtake, something is to be overtaken: the last vertex is too slow,
 * and its buffers are small. */
static const struct mode {
    const char *name, *config, *cost;
    uint64_t tries;
} modes[] = {
    { "aligned", "", "100us", 120 },
    { "unaligned",
      "execution.checkpointing.unaligned.enabled: true, taskmanager.memory.segment-size: 512b,",
      "6ms", 120 },
    { "with a time-out",
      "execution.checkpointing.unaligned.enabled: true, taskmanager.memory.segment-size: 512b,\n"
      "          execution.checkpointing.aligned-checkpoint-timeout: 100ms,",
      "6ms", 120 },
    { "aligned, increments",
      "execution.checkpointing.incremental: true, state.backend.type: rocksdb,", "100us", 40 },
    { "unaligned, increments",
      "execution.checkpointing.unaligned.enabled: true, taskmanager.memory.segment-size: 512b,\n"
      "          execution.checkpointing.incremental: true,\n"
      "          execution.checkpointing.num-retained: 2, state.backend.type: rocksdb,",
      "6ms", 40 },
    { "aligned, one floating buffer", ONE_FLOATING, "2ms", 40 },
    { "unaligned, one floating buffer",
      "execution.checkpointing.unaligned.enabled: true,\n          " ONE_FLOATING, "6ms", 40 },
    { "with a time-out, one floating buffer",
      "execution.checkpointing.unaligned.enabled: true,\n"
      "          execution.checkpointing.aligned-checkpoint-timeout: 100ms,\n"
      "          " ONE_FLOATING,
      "6ms", 40 },
};
enum { MODES = sizeof modes / sizeof *modes };

static const char small[] =
    "name: small\n"
    "world: exact\n"
    "duration: 3min\n"
    "config: { jobmanager.scheduler: %s, parallelism.default: 2, %s\n"
    "          execution.checkpointing.interval: 300ms, execution.checkpointing.timeout: 400ms,\n"
    "          execution.checkpointing.tolerable-failed-checkpoints: 50,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 50,\n"
    "          restart-strategy.fixed-delay.delay: 200ms,\n"
    "          jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 100ms,\n"
    "          jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 100ms,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 3s }\n"
    "cluster:\n"
    "  task-manager: { cores: 1, slots: 1, boot: 1s }\n"
    "  task-managers: [ tm1, tm2, tm3 ]\n"
    "  timing: { deploy: 10ms, initialize: 20ms, cancel: 5ms }\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: source, cost: 20us, bytes: 200, max-parallelism: 4 }\n"
    "      - { name: map, cost: 10us, bytes: 40, selectivity: 2, max-parallelism: 4 }\n"
    "      - { name: count, cost: %s, keys: 50, state: 2000 bytes/key, max-parallelism: 4 }\n"
    "    edges: [ source -> map: rebalance, map -> count: hash ]\n"
    "    load: { constant: 200/s, records: 600 }\n";

static const struct vertex_id count_vertex = { 2 };
static const struct job_id job_0 = { 0 };

static const char *const schedulers[] = { "default", "adaptive" };
enum { SCHEDULERS = 2 };

enum injected {
    KILL,
    FAIL_SOURCE,
    FAIL_COUNT,
    STOP,
    FREEZE, /* longer than a checkpoint may take */
    CUT,
    LOSS, /* half of the packets: a buffer takes seconds */
    SAVEPOINT,
    SAVEPOINT_AND_RESCALE,
    STORAGE_FAILS,
    RESCALE_DOWN,
    RESCALE_UP,
    STOP_JOB,
    DRAIN_JOB,
    INJECTED_COUNT
};
static const char *const injected_names[INJECTED_COUNT] = {
    "kill",          "source fails", "count fails",
    "stop",          "freeze",       "cut",
    "loss",          "savepoint",    "savepoint and rescale",
    "storage fails", "rescale down", "rescale up",
    "stop job",      "drain job"
};

static void resume(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    virtual_cluster_resume(context, (struct node_id){ (uint32_t)a });
}

static void heal(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    virtual_cluster_cut(context, (struct node_id){ (uint32_t)a }, node_id_none(), false);
}

static void lose_no_more(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    virtual_cluster_set_loss(context, (struct node_id){ (uint32_t)a }, 0);
}

static void mend_storage(void *context, uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    virtual_cluster_fail_storage(context, true, true, false);
}

static void later(struct virtual_cluster *cluster, time_ns wait, sim_action *action, uint32_t node)
{
    struct sim_queue *queue = virtual_cluster_queue(cluster);
    sim_queue_push(queue, time_add(sim_queue_now(queue), wait), SIM_CLASS_FAULT, action, cluster,
                   node, 0);
}

static void ask(struct virtual_cluster *cluster, enum client_request what, bool drain)
{
    virtual_cluster_ask(cluster, &(struct event_client){
                                     .request = what, .token = 99, .job = job_0, .drain = drain });
}

/* Refused by the default scheduler, as it should be. */
static void rescale(struct virtual_cluster *cluster, int32_t to)
{
    struct vertex_bounds bounds[3];
    for (uint32_t v = 0; v < 3; v++)
        bounds[v] = (struct vertex_bounds){ { v }, 1, to };
    virtual_cluster_ask(cluster, &(struct event_client){ .request = CLIENT_UPDATE_REQUIREMENTS,
                                                         .token = 99,
                                                         .job = job_0,
                                                         .bounds = bounds,
                                                         .bound_count = 3 });
}

static void inject(struct exact_run *run, enum injected what)
{
    struct virtual_cluster *cluster = exact_run_cluster(run);
    struct node_id tm1 = virtual_cluster_find(cluster, "tm1");
    if (node_id_is_none(tm1))
        return;
    switch (what) {
    case KILL: virtual_cluster_kill(cluster, tm1, "test"); return;
    case FAIL_SOURCE: virtual_cluster_fail_task(cluster, job_0, (struct vertex_id){ 0 }, 1); return;
    case FAIL_COUNT: virtual_cluster_fail_task(cluster, job_0, count_vertex, 0); return;
    case STOP: virtual_cluster_stop(cluster, tm1, 10 * TIME_S); return;
    case FREEZE:
        virtual_cluster_freeze(cluster, tm1);
        later(cluster, 500 * TIME_MS, resume, tm1.n);
        return;
    case CUT:
        virtual_cluster_cut(cluster, tm1, node_id_none(), true);
        later(cluster, 2 * TIME_S, heal, tm1.n);
        return;
    case LOSS:
        virtual_cluster_set_loss(cluster, tm1, 0.5);
        later(cluster, 1 * TIME_S, lose_no_more, tm1.n);
        return;
    case SAVEPOINT: ask(cluster, CLIENT_TRIGGER_SAVEPOINT, false); return;
    case SAVEPOINT_AND_RESCALE:
        ask(cluster, CLIENT_TRIGGER_SAVEPOINT, false);
        rescale(cluster, 3);
        return;
    case STORAGE_FAILS: /* also while a failed task begins anew */
        virtual_cluster_fail_storage(cluster, true, true, true);
        later(cluster, 700 * TIME_MS, mend_storage, 0);
        virtual_cluster_fail_task(cluster, job_0, count_vertex, 1);
        return;
    case RESCALE_DOWN: rescale(cluster, 1); return;
    case RESCALE_UP: rescale(cluster, 3); return;
    case STOP_JOB: ask(cluster, CLIENT_STOP_WITH_SAVEPOINT, false); return;
    case DRAIN_JOB: ask(cluster, CLIENT_STOP_WITH_SAVEPOINT, true); return;
    case INJECTED_COUNT: break;
    }
    abort();
}

struct outcome {
    struct exact_sum sum;
    uint64_t increments;
    uint64_t flown; /* records on their way in checkpoints */
};

/* One run, with the fault behind so many events; UINT64_MAX: none. Gives how many there were. */
static uint64_t run_once(const struct mode *mode, const char *scheduler, uint64_t at,
                         enum injected what, struct outcome *out)
{
    char word[120], yaml[4000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml, small, scheduler, mode->config, mode->cost);
    exact_run_init(&run, yaml);
    if (at != UINT64_MAX && simulation_run_events(run.simulation, at))
        inject(&run, what);
    snprintf(word, sizeof word, "%s, %s: %s behind event %llu", mode->name, scheduler,
             injected_names[what], (unsigned long long)at);
    while (run.finished == 0 && simulation_run_events(run.simulation, 500))
        ;
    ck_assert_msg(run.finished == 1, "%s: the job does not finish", word);
    exact_run_must_hold(&run, word);
    out->sum = exact_newest_sum(run.exact, job_0, count_vertex);
    out->increments = exact_increment_count(run.exact);
    out->flown = exact_flown_count(run.exact);
    ck_assert_msg(exact_compared_count(run.exact) > 0, "%s: nothing was compared", word);
    uint64_t events = simulation_event_count(run.simulation);
    if (out->increments > 0)
        ck_assert_msg(exact_stored_count(run.exact, job_0) == 0,
                      "%s: files that nobody needs are left", word);
    exact_run_fini(&run);
    return events;
}

static uint64_t stride_for(uint64_t events, uint64_t tries)
{
    const char *wanted = getenv("EXACT_STRIDE");
    uint64_t stride = wanted ? strtoull(wanted, NULL, 10) : events / tries;
    return stride > 0 ? stride : 1;
}

/* A job that is told to stop ends with fewer records; that they are the right ones the run has
 * found itself. */
static bool ends_early(enum injected what)
{
    return what == STOP_JOB || what == DRAIN_JOB;
}

START_TEST(a_fault_at_any_event_changes_no_output)
{
    enum injected what = (enum injected)(_i / SCHEDULERS % INJECTED_COUNT);
    const struct mode *mode = &modes[_i / SCHEDULERS / INJECTED_COUNT];
    const char *scheduler = schedulers[_i % SCHEDULERS];
    struct outcome wanted, found;
    uint64_t events = run_once(mode, scheduler, UINT64_MAX, KILL, &wanted);
    uint64_t stride = stride_for(events, mode->tries);
    ck_assert_uint_eq(wanted.sum.records, RECORDS);
    ck_assert(wanted.flown > 0 || strncmp(mode->name, "aligned", strlen("aligned")) == 0);
    ck_assert((wanted.increments > 0) == (strstr(mode->config, "incremental") != NULL));
    for (uint64_t at = (uint64_t)_i % stride; at < events; at += stride) {
        run_once(mode, scheduler, at, what, &found);
        if (ends_early(what))
            continue;
        ck_assert_msg(
            found.sum.records == wanted.sum.records && found.sum.digest == wanted.sum.digest,
            "%s, %s, %s behind event %llu: %llu records", mode->name, scheduler,
            injected_names[what], (unsigned long long)at, (unsigned long long)found.sum.records);
    }
}
END_TEST

/* A second job from wherever the first one is stopped, at another parallelism. */
static void add_second(char *yaml, size_t size, uint32_t parallelism)
{
    size_t at = strlen(yaml);
    snprintf(yaml + at, size - at,
             "  - name: second\n"
             "    at: 9s\n"
             "    config: { parallelism.default: %u, execution.checkpointing.interval: 300ms,\n"
             "              execution.state-recovery.path: savepoint of job }\n"
             "    vertices:\n"
             "      - { name: source, cost: 20us, bytes: 200, max-parallelism: 4 }\n"
             "      - { name: map, bytes: 40, selectivity: 2, max-parallelism: 4 }\n"
             "      - { name: count, keys: 50, state: 16 bytes/key, max-parallelism: 4 }\n"
             "    edges: [ source -> map: rebalance, map -> count: hash ]\n",
             parallelism);
}

/* False: the job had finished before it could be stopped. */
static bool go_on(const struct mode *mode, uint64_t at, uint32_t parallelism)
{
    char word[120], yaml[4000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml, small, schedulers[0], mode->config, mode->cost);
    add_second(yaml, sizeof yaml, parallelism);
    exact_run_init(&run, yaml);
    simulation_run_events(run.simulation, at);
    bool runs = run.finished == 0;
    inject(&run, STOP_JOB);
    snprintf(word, sizeof word, "%s: stopped behind event %llu, goes on with %u", mode->name,
             (unsigned long long)at, parallelism);
    while (runs && run.finished < 2 && simulation_run_events(run.simulation, 500))
        ;
    exact_run_must_hold(&run, word);
    struct exact_sum sum = exact_newest_sum(run.exact, (struct job_id){ 1 }, count_vertex);
    bool has_gone_on = run.finished == 2;
    if (has_gone_on)
        ck_assert_msg(sum.records == RECORDS, "%s: %llu records", word,
                      (unsigned long long)sum.records);
    exact_run_fini(&run);
    return has_gone_on;
}

START_TEST(a_job_stopped_at_any_event_goes_on_at_another_parallelism)
{
    const struct mode *mode = &modes[_i / 2];
    struct outcome wanted;
    uint64_t events = run_once(mode, schedulers[0], UINT64_MAX, KILL, &wanted), went_on = 0;
    uint64_t stride = stride_for(events, mode->tries), tries = 0;
    for (uint64_t at = (uint64_t)_i % stride; at < events; at += stride, tries++)
        went_on += go_on(mode, at, _i % 2 == 0 ? 1 : 3);
    /* Barriers of savepoints overtake nothing: under backpressure most of them come too late. */
    uint64_t least = strcmp(mode->cost, "100us") == 0 ? tries / 2 : tries / 100;
    ck_assert_msg(went_on >= least, "%llu of %llu have gone on", (unsigned long long)went_on,
                  (unsigned long long)tries);
}
END_TEST

Suite *test_exact_every_event_suite(void);
Suite *test_exact_every_event_suite(void)
{
    Suite *suite = suite_create("exact_every_event");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 600);
    tcase_add_loop_test(tests, a_fault_at_any_event_changes_no_output, 0,
                        INJECTED_COUNT * SCHEDULERS * MODES);
    tcase_add_loop_test(tests, a_job_stopped_at_any_event_goes_on_at_another_parallelism, 0,
                        2 * MODES);
    suite_add_tcase(suite, tests);
    return suite;
}
