/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of the exact world whose outcome can be worked out by hand: how much is served, how busy
 * tasks are, what a link lets through, what comes out of so many records in.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "core/base/text.h"
#include "tests/lib/exact_run.h"
#include "tests/lib/load_fixture.h"

#define HEAD                                                                                       \
    "name: t\n"                                                                                    \
    "world: exact\n"                                                                               \
    "duration: 40s\n"                                                                              \
    "config: { parallelism.default: 1, execution.checkpointing.interval: 2s }\n"
#define CLUSTER                                                                                    \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 1, slots: 1, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2 ]\n"
/* Vertices that share no slot are on two hosts. */
#define JOB(source, count, load)                                                                   \
    "jobs:\n"                                                                                      \
    "  - name: job\n"                                                                              \
    "    vertices:\n"                                                                              \
    "      - { name: source, group: a, " source " }\n"                                             \
    "      - { name: count, group: b, keys: 1k, state: 16 bytes/key, " count " }\n"                \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: " load "\n"

static const struct job_id job_0 = { 0 };
static const struct vertex_id source_vertex = { 0 }, count_vertex = { 1 };

static struct exact_run run;

static void must_be_near(double value, double wanted, double share, const char *what)
{
    ck_assert_msg(fabs(value - wanted) <= share * fabs(wanted), "%s: %f, not about %f", what, value,
                  wanted);
}

static void run_until(time_ns at)
{
    while (simulation_now(run.simulation) < at && simulation_run_events(run.simulation, 1))
        ;
}

static struct model_vertex_view look_vertex(struct vertex_id vertex)
{
    struct model_vertex_view view;
    exact_view_vertex(run.exact, job_0, vertex, &view);
    return view;
}

static struct model_job_view look_job(void)
{
    struct model_job_view view;
    exact_view_job(run.exact, job_0, &view);
    return view;
}

START_TEST(every_record_is_in_the_state_at_the_end)
{
    exact_run_init(
        &run, HEAD CLUSTER JOB("bytes: 100", "cost: 10us", "{ constant: 5k/s, records: 50k }"));
    exact_run_to_end(&run);
    exact_run_must_hold(&run, "run");
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_eq(exact_newest_sum(run.exact, job_0, count_vertex).records, 50000);
    ck_assert_uint_ge(exact_compared_count(run.exact), 4);
    ck_assert(look_job().position == 50e3 && look_job().replayed_total == 0);
    exact_run_fini(&run);
}
END_TEST

START_TEST(a_busy_vertex_is_as_busy_as_its_records_cost)
{
    exact_run_init(&run, HEAD CLUSTER JOB("bytes: 100, cost: 10us", "cost: 50us", "10k/s"));
    run_until(10 * TIME_S);
    struct model_vertex_view count = look_vertex(count_vertex), source = look_vertex(source_vertex);
    double served = look_job().served_total;
    run_until(30 * TIME_S);
    struct model_vertex_view later = look_vertex(count_vertex);
    must_be_near(look_job().served_total - served, 200e3, 0.01, "served");
    must_be_near(later.busy_seconds - count.busy_seconds, 10, 0.05, "count is busy");
    must_be_near(look_vertex(source_vertex).busy_seconds - source.busy_seconds, 2, 0.05,
                 "source is busy");
    must_be_near(later.task_seconds - count.task_seconds, 20, 0.001, "all time is told of");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* One of them to a step, each of another length. */
START_TEST(records_that_cost_more_than_a_step_are_as_long_on_average)
{
    exact_run_init(&run, HEAD CLUSTER JOB("bytes: 100", "cost: 20ms", "40/s"));
    run_until(10 * TIME_S);
    struct model_vertex_view count = look_vertex(count_vertex);
    run_until(400 * TIME_S);
    struct model_vertex_view later = look_vertex(count_vertex);
    must_be_near(later.busy_seconds - count.busy_seconds, 0.02 * (later.in_total - count.in_total),
                 0.03, "busy");
    exact_run_fini(&run);
}
END_TEST

START_TEST(a_slow_vertex_holds_its_source_back)
{
    exact_run_init(&run, HEAD CLUSTER JOB("bytes: 100, cost: 10us", "cost: 200us", "20k/s"));
    run_until(10 * TIME_S);
    struct model_vertex_view source = look_vertex(source_vertex);
    double served = look_job().served_total;
    run_until(30 * TIME_S);
    must_be_near(look_job().served_total - served, 20 * 5e3, 0.05, "served");
    must_be_near(look_vertex(source_vertex).backpressured_seconds - source.backpressured_seconds,
                 19, 0.03, "source waits");
    must_be_near(look_job().backlog, 30 * 20e3 - look_job().position, 0.01, "backlog");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* 10 mbit/s are 1,250 records of 1,000 bytes. */
START_TEST(a_nic_lets_through_what_it_can)
{
    exact_run_init(&run,
                   HEAD "cluster:\n"
                        "  task-manager: { cores: 1, slots: 1, boot: 1s, network: 10mbit }\n"
                        "  task-managers: [ tm1, tm2 ]\n" JOB("bytes: 1000", "cost: 1us", "5k/s"));
    run_until(10 * TIME_S);
    double served = look_vertex(count_vertex).in_total;
    run_until(30 * TIME_S);
    must_be_near(look_vertex(count_vertex).in_total - served, 20 * 1250, 0.03, "served");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* Nobody counts by key, so nobody says how many keys there are; nor what a partitioner does. */
static const char *const even_ships[] = { "hash", "custom" };

START_TEST(an_edge_of_which_nothing_is_known_spreads_evenly)
{
    char yaml[1000];
    snprintf(yaml, sizeof yaml,
             HEAD "cluster:\n"
                  "  task-manager: { cores: 4, slots: 4, boot: 1s, network: 10mbit }\n"
                  "  task-managers: [ tm1 ]\n"
                  "jobs:\n"
                  "  - name: job\n"
                  "    vertices:\n"
                  "      - { name: source, bytes: 100 }\n"
                  "      - { name: sink, parallelism: 4, cost: 1ms }\n"
                  "    edges: [ 'source -> sink: %s' ]\n"
                  "    load: 8k/s\n",
             even_ships[_i]);
    exact_run_init(&run, yaml);
    run_until(10 * TIME_S);
    double served = look_vertex(count_vertex).in_total;
    run_until(30 * TIME_S);
    must_be_near(look_vertex(count_vertex).in_total - served, 20 * 3.9e3, 0.05, "served");
    exact_run_fini(&run);
}
END_TEST

START_TEST(three_in_ten_go_on)
{
    exact_run_init(&run, HEAD CLUSTER "jobs:\n"
                                      "  - name: job\n"
                                      "    vertices:\n"
                                      "      - { name: source, bytes: 100, selectivity: 0.3 }\n"
                                      "      - { name: count, keys: 10, state: 16 bytes/key }\n"
                                      "    edges: [ source -> count: hash ]\n"
                                      "    load: { constant: 1k/s, records: 9999 }\n");
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert(look_vertex(count_vertex).in_total == floor(9999 * 0.3));
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* The only snapshot sleeps for longer than one may take: it is the savepoint's. */
START_TEST(a_stop_whose_savepoint_expires_fails_its_tasks_and_they_go_on)
{
    exact_run_init(
        &run, "name: t\n"
              "world: exact\n"
              "duration: 40s\n"
              "config: { parallelism.default: 1, restart-strategy.type: fixed-delay,\n"
              "          execution.checkpointing.timeout: 1s,\n"
              "          execution.checkpointing.tolerable-failed-checkpoints: 5 }\n" CLUSTER JOB(
                  "bytes: 100", "cost: 10us",
                  "1k/s") "    faults: [ { snapshot-sleeps: count, for: 3s, checkpoint: 1 } ]\n"
                          "events: [ { at: 15s, stop-with-savepoint: job } ]\n");
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 0);
    ck_assert_uint_eq(look_job().restored.count, 2);
    ck_assert(look_job().position > 39e3);
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

static time_ns checkpoint_took; /* the last one that completed */

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    (void)context, (void)at, (void)node;
    if (line->level == LOG_DECISION && text_equal(line->machine, "checkpoint") &&
        text_equal(line->what, "completed"))
        checkpoint_took = line->value;
}

/* How long the job needs to run again behind a failure: 50 MB come over 100 mbit, or from a disk.
 */
static time_ns back_after(const char *config, const char *disk)
{
    char yaml[2500];
    snprintf(yaml, sizeof yaml,
             "name: t\n"
             "world: exact\n"
             "duration: 60s\n"
             "config: { parallelism.default: 1, execution.checkpointing.interval: 8s,\n"
             "          restart-strategy.type: fixed-delay,\n"
             "          %s }\n"
             "cluster:\n"
             "  task-manager: { cores: 1, slots: 1, boot: 1s, network: 100mbit, disk: %s }\n"
             "  task-managers: [ tm1, tm2 ]\n" JOB("bytes: 100", "cost: 10us",
                                                   "1k/s") "events: [ { at: 31s, fail: count } ]\n",
             config, disk);
    char *bytes = strstr(yaml, "state: 16 bytes/key");
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, "state: 50000 b/key ", 19);
    exact_run_init(&run, yaml);
    simulation_watch(run.simulation, &(struct watcher){ .line = on_line });
    exact_run_to_end(&run);
    exact_run_must_hold(&run, config);
    ck_assert_uint_eq(look_job().restored.count, 2);
    time_ns at = exact_whole_at(run.exact, job_0);
    exact_run_fini(&run);
    return at;
}

START_TEST(a_task_that_comes_back_to_its_slot_reads_its_own_disk)
{
    time_ns far = back_after("execution.state-recovery.from-local: false", "100MB/s");
    time_ns near = back_after("execution.state-recovery.from-local: true", "100MB/s");
    must_be_near((double)(far - near) / (double)TIME_S, 50e6 * 8 / 100e6 - 50e6 / 100e6, 0.15,
                 "what the disk saves");
}
END_TEST

/* The disk is slower than the network: 10 s for 4 s, out of storage and into it. */
START_TEST(state_on_disk_passes_the_disk_both_ways)
{
    time_ns in_memory = back_after("state.backend.type: hashmap", "5MB/s"), took = checkpoint_took;
    time_ns on_disk = back_after("state.backend.type: rocksdb", "5MB/s");
    must_be_near((double)(on_disk - in_memory) / (double)TIME_S, 10 - 4, 0.1, "restored");
    must_be_near((double)(checkpoint_took - took) / (double)TIME_S, 10 - 4, 0.1, "stored");
}
END_TEST

START_TEST(another_job_goes_on_from_the_savepoint)
{
    exact_run_init(&run,
                   "name: t\n"
                   "world: exact\n"
                   "duration: 40s\n"
                   "cluster:\n"
                   "  task-manager: { cores: 1, slots: 1, boot: 1s }\n"
                   "  task-managers: [ tm1, tm2 ]\n"
                   "jobs:\n"
                   "  - name: one\n"
                   "    config: { parallelism.default: 1 }\n"
                   "    vertices:\n"
                   "      - { name: source, bytes: 100, max-parallelism: 8 }\n"
                   "      - { name: count, keys: 1k, state: 16 bytes/key, max-parallelism: 8 }\n"
                   "    edges: [ source -> count: hash ]\n"
                   "    load: { constant: 1k/s, records: 20k }\n"
                   "  - name: two\n"
                   "    at: 15s\n"
                   "    config: { parallelism.default: 2, execution.checkpointing.interval: 2s,\n"
                   "              execution.state-recovery.path: savepoint of one }\n"
                   "    vertices:\n"
                   "      - { name: source, bytes: 100, max-parallelism: 8 }\n"
                   "      - { name: count, keys: 1k, state: 16 bytes/key, max-parallelism: 8 }\n"
                   "    edges: [ source -> count: hash ]\n"
                   "events: [ { at: 10s, stop-with-savepoint: one } ]\n");
    exact_run_to_end(&run);
    exact_run_must_hold(&run, "run");
    ck_assert_uint_eq(run.finished, 2);
    ck_assert_uint_eq(exact_newest_sum(run.exact, (struct job_id){ 1 }, count_vertex).records,
                      20000);
    exact_run_fini(&run);
}
END_TEST

/* Where buffers and credits run short: records of 8,000 bytes behind a vertex that is too slow. */
START_TEST(no_buffer_or_credit_is_lost_at_any_event)
{
    exact_run_init(&run, HEAD CLUSTER JOB("bytes: 8000, cost: 1us", "cost: 1ms",
                                          "{ constant: 2k/s, records: 4k }"));
    while (run.finished == 0 && simulation_run_events(run.simulation, 1))
        exact_run_must_hold(&run, "event");
    ck_assert_uint_eq(run.finished, 1);
    exact_run_fini(&run);
}
END_TEST

/* Its source holds the checkpoint lock while it waits for a buffer, so snapshots of its reader,
 * which wait for its barrier, may not keep its buffers. */
START_TEST(unaligned_checkpoints_end_under_backpressure)
{
    exact_run_init(&run, "name: t\n"
                         "world: exact\n"
                         "duration: 40s\n"
                         "config: { parallelism.default: 2, execution.checkpointing.interval: 2s,\n"
                         "          execution.checkpointing.unaligned.enabled: true }\n"
                         "cluster:\n"
                         "  task-manager: { cores: 4, slots: 4, boot: 1s, count: 1 }\n" JOB(
                             "bytes: 16, cost: 1us, source-function: true",
                             "cost: 2us, wait: 200us", "100k/s"));
    exact_run_to_end(&run);
    exact_run_must_hold(&run, "run");
    ck_assert_uint_ge(exact_compared_count(run.exact), 15);
    ck_assert_uint_gt(exact_flown_count(run.exact), 0);
    exact_run_fini(&run);
}
END_TEST

/* v reads from both, over edges of two kinds; w proves that each record came through once. */
static const char mixed[] =
    "name: t\n"
    "world: exact\n"
    "duration: 60s\n"
    "config: { jobmanager.scheduler: adaptive, parallelism.default: 2,\n"
    "          execution.checkpointing.interval: 500ms,\n"
    "          execution.checkpointing.unaligned.enabled: true, restart-strategy.type: none,\n"
    "          taskmanager.memory.segment-size: 2kb,\n"
    "          jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 100ms,\n"
    "          jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 100ms }\n"
    "cluster:\n"
    "  task-manager: { cores: 4, slots: 3, boot: 1s, count: 1 }\n"
    "  timing: { deploy: 10ms, initialize: 20ms, cancel: 5ms }\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: a, bytes: 16, max-parallelism: 12 }\n"
    "      - { name: b, bytes: 16, max-parallelism: 12 }\n"
    "      - { name: v, cost: 2us, wait: 400us, bytes: 16, max-parallelism: 12 }\n"
    "      - { name: w, keys: 100, state: 16 bytes/key, max-parallelism: 12 }\n"
    "    edges: [ a -> v: hash, b -> v: %s, v -> w: hash ]\n"
    "    loads: { a: { constant: 5k/s, records: 40k }, b: { constant: 2k/s, records: 16k } }\n"
    "events:\n"
    "  - { at: 4s, rescale: { job: job, all: 1..3 } }\n"
    "  - { at: 8s, rescale: { job: job, all: 1..1 } }\n"
    "  - { at: 11s, rescale: { job: job, all: 1..2 } }\n";

static const char *const second_edges[] = { "hash", "rebalance", "broadcast", "rescale",
                                            "forward" };

/* SubtaskStateMapper by gate, RANGE and ROUND_ROBIN; a pointwise or a broadcast edge aligns all of
 * them, so nothing is in flight that could not be dealt out. */
START_TEST(inputs_of_two_kinds_are_rescaled_with_what_is_in_flight)
{
    const struct vertex_id w = { 3 };
    char yaml[3000];
    bool overtaken = _i < 2, copies = _i == 2;
    snprintf(yaml, sizeof yaml, mixed, second_edges[_i]);
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    exact_run_must_hold(&run, second_edges[_i]);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_ge(look_job().restored.count, 2 * 3); /* both sources at each rescaling */
    if (!copies)
        ck_assert_uint_eq(exact_newest_sum(run.exact, job_0, w).records, 56000);
    ck_assert(!overtaken || exact_flown_count(run.exact) > 0);
    exact_run_fini(&run);
}
END_TEST

/* As in the model: by the records that it stands for, whoever took them in. */
START_TEST(state_per_record_outlives_attempts_and_rescalings)
{
    exact_run_init(
        &run, "name: t\n"
              "world: exact\n"
              "duration: 40s\n"
              "config: { jobmanager.scheduler: adaptive, execution.checkpointing.interval: 1s,\n"
              "          jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 1s }\n"
              "cluster:\n"
              "  task-manager: { cores: 4, slots: 3, boot: 1s, count: 1 }\n"
              "jobs:\n"
              "  - name: job\n"
              "    vertices:\n"
              "      - { name: source, bytes: 16 }\n"
              "      - { name: count, keys: 1k, state: 100 bytes/record }\n"
              "    edges: [ source -> count: hash ]\n"
              "    load: 1k/s\n"
              "events: [ { at: 6s, fail: { vertex: count, subtask: 0 } },\n"
              "          { at: 12s, rescale: { job: job, all: 1..3 } },\n"
              "          { at: 25s, rescale: { job: job, all: 1..2 } } ]\n");
    static const time_ns at[] = { 5, 11, 22, 39 };
    static const uint32_t parallelism[] = { 1, 1, 3, 2 };
    for (int i = 0; i < 4; i++) {
        run_until(at[i] * TIME_S);
        ck_assert_uint_eq(look_vertex(count_vertex).parallelism, parallelism[i]);
        must_be_near(look_vertex(count_vertex).state_bytes, 100 * look_job().position, 0.05,
                     "state");
    }
    ck_assert_uint_ge(look_job().restored.count, 3);
    exact_run_fini(&run);
}
END_TEST

/* Digests of the state, and how many events it took. */
static void run_seed(const char *seed, struct exact_sum *sum, uint64_t *events)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml, "seed: %s\n%s", seed,
             HEAD CLUSTER JOB("bytes: 100", "cost: 10us", "{ constant: 5k/s, records: 20k }"));
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    *sum = exact_newest_sum(run.exact, job_0, count_vertex);
    *events = simulation_event_count(run.simulation);
    exact_run_fini(&run);
}

START_TEST(a_seed_is_a_run)
{
    struct exact_sum first, again, other;
    uint64_t events_first, events_again, events_other;
    run_seed("7", &first, &events_first);
    run_seed("7", &again, &events_again);
    run_seed("8", &other, &events_other);
    ck_assert_uint_eq(first.digest, again.digest);
    ck_assert_uint_eq(events_first, events_again);
    ck_assert_uint_eq(first.records, other.records);
    ck_assert_uint_ne(first.digest, other.digest);
}
END_TEST

static const struct refused {
    const char *config, *source, *count, *load, *complaint;
} refused[] = {
    { "parallelism.default: 1", ", bytes: 32kb", "", "1k/s", "records larger than a buffer yet" },
};

START_TEST(what_it_cannot_do_it_says)
{
    const struct refused *r = &refused[_i];
    char yaml[2000];
    struct note note = { "" };
    struct scenario *scenario;
    snprintf(yaml, sizeof yaml,
             "name: t\nworld: exact\nduration: 40s\nconfig: { %s }\n" CLUSTER "jobs:\n"
             "  - name: job\n"
             "    vertices:\n"
             "      - { name: source%s }\n"
             "      - { name: count, keys: 10%s }\n"
             "    edges: [ source -> count: hash ]\n"
             "    load: %s\n",
             r->config, r->source, r->count, r->load);
    ck_assert_msg(
        !err_is(scenario_load_text("t.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note)),
        "%s", note.text);
    ck_assert(err_is(exact_check_scenario(scenario, &note)));
    ck_assert_msg(strstr(note.text, r->complaint), "%s", note.text);
    ck_assert_ptr_null(strchr(note.text, '\n'));
    scenario_destroy(scenario);
}
END_TEST

Suite *test_exact_runs_suite(void);
Suite *test_exact_runs_suite(void)
{
    Suite *suite = suite_create("exact_runs");
    TCase *tests = tcase_create("runs");
    tcase_add_test(tests, every_record_is_in_the_state_at_the_end);
    tcase_add_test(tests, a_busy_vertex_is_as_busy_as_its_records_cost);
    tcase_add_test(tests, records_that_cost_more_than_a_step_are_as_long_on_average);
    tcase_add_test(tests, a_slow_vertex_holds_its_source_back);
    tcase_add_test(tests, a_nic_lets_through_what_it_can);
    tcase_add_loop_test(tests, an_edge_of_which_nothing_is_known_spreads_evenly, 0, 2);
    tcase_add_test(tests, three_in_ten_go_on);
    tcase_add_test(tests, a_stop_whose_savepoint_expires_fails_its_tasks_and_they_go_on);
    tcase_add_test(tests, a_task_that_comes_back_to_its_slot_reads_its_own_disk);
    tcase_add_test(tests, state_on_disk_passes_the_disk_both_ways);
    tcase_add_test(tests, another_job_goes_on_from_the_savepoint);
    tcase_add_test(tests, no_buffer_or_credit_is_lost_at_any_event);
    tcase_add_test(tests, unaligned_checkpoints_end_under_backpressure);
    tcase_add_test(tests, state_per_record_outlives_attempts_and_rescalings);
    tcase_add_loop_test(tests, inputs_of_two_kinds_are_rescaled_with_what_is_in_flight, 0, 5);
    tcase_add_test(tests, a_seed_is_a_run);
    tcase_add_loop_test(tests, what_it_cannot_do_it_says, 0,
                        (int)(sizeof refused / sizeof *refused));
    suite_add_tcase(suite, tests);
    return suite;
}
