/* SPDX-License-Identifier: Apache-2.0
 *
 * The example programs with few records, and what none of them has, and a fault at every event:
 * whatever happens when, their sinks hold what the plain loops of weir_expected give.
 * EXACT_STRIDE=1 tries every index, else some of them. Machines are slow here, so that queues form
 * and barriers have something to overtake.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/book.h"
#include "tests/lib/exact_run.h"
#include "tests/lib/log_files.h"

enum { TRIES = 12 };

/* The arguments of `logs` go on with its files. */
static const struct example {
    const char *program, *args, *sink;
} examples[] = {
    { "word_count", "60", "counts" },
    { "keyed_count", "300", "counts" },
    { "sessions", "300", "table" },
    { "join", "150", "paid" },
    { "growing_state", "300", "messages-once" },
    { "rules", "300", "alarms" },
    { "tour_more", "custom", "lines" },
    { "tour_lists", "split", "lines" },
    { "tour_lists", "union", "lines" },
    { "answers", "apart", "lines" },
    { "answers", "late", "lines" },
    { "logs", "copy, 60", "lines" },
    { "logs", "count, 60", "lines" },
};
enum { EXAMPLES = 13 };

static const struct mode {
    const char *name, *config, *speed, *scheduler;
} modes[] = {
    { "aligned", "", "0.01", "default" },
    { "unaligned", "execution.checkpointing.unaligned.enabled: true,", "0.002", "adaptive" },
    { "with a time-out",
      "execution.checkpointing.unaligned.enabled: true,\n"
      "          execution.checkpointing.aligned-checkpoint-timeout: 100ms,",
      "0.002", "default" },
};
enum { MODES = 3 };

static const char small[] =
    "name: small\n"
    "world: exact\n"
    "duration: 5min\n"
    "config: { jobmanager.scheduler: %s, parallelism.default: 2, %s\n"
    "          taskmanager.memory.segment-size: 512b, pipeline.max-parallelism: 8,\n"
    "          execution.checkpointing.unaligned.forced: true,\n"
    "          execution.checkpointing.interval: 150ms, execution.checkpointing.timeout: 400ms,\n"
    "          execution.checkpointing.tolerable-failed-checkpoints: 50,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 50,\n"
    "          restart-strategy.fixed-delay.delay: 200ms,\n"
    "          jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 100ms,\n"
    "          jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 100ms,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 3s }\n"
    "cluster:\n"
    "  task-manager: { cores: 1, slots: 1, boot: 1s, speed: %s }\n"
    "  task-managers: [ tm1, tm2, tm3 ]\n"
    "  timing: { deploy: 20us, initialize: 40us, cancel: 10us }\n"
    "jobs:\n"
    "  - { program: %s, args: [%s] }\n"
    "expect:\n"
    "  - { name: right, output: %s, equals: program }\n";

enum injected {
    KILL,
    FAIL_SOURCE,
    FAIL_LAST,
    FREEZE, /* longer than a checkpoint may take */
    CUT,
    SAVEPOINT,
    RESCALE_DOWN,
    RESCALE_UP,
    STORAGE_FAILS,
    INJECTED_COUNT
};
static const char *const injected_names[INJECTED_COUNT] = {
    "kill",      "source fails", "last fails", "freeze",       "cut",
    "savepoint", "rescale down", "rescale up", "storage fails"
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

static void mend_storage(void *context, uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    virtual_cluster_fail_storage(context, true, false, false);
}

static void later(struct virtual_cluster *cluster, time_ns wait, sim_action *action, uint32_t node)
{
    struct sim_queue *queue = virtual_cluster_queue(cluster);
    sim_queue_push(queue, time_add(sim_queue_now(queue), wait), SIM_CLASS_FAULT, action, cluster,
                   node, 0);
}

/* Refused by the default scheduler, as it should be. */
static void rescale(struct virtual_cluster *cluster, struct job_id job, uint32_t vertices,
                    int32_t to)
{
    enum { VERTICES_MAX = 8 };
    struct vertex_bounds bounds[VERTICES_MAX];
    ck_assert_uint_le(vertices, VERTICES_MAX);
    for (uint32_t v = 0; v < vertices; v++)
        bounds[v] = (struct vertex_bounds){ { v }, 1, to };
    virtual_cluster_ask(cluster, &(struct event_client){ .request = CLIENT_UPDATE_REQUIREMENTS,
                                                         .token = 99,
                                                         .job = job,
                                                         .bounds = bounds,
                                                         .bound_count = vertices });
}

static void inject(struct exact_run *run, enum injected what)
{
    struct virtual_cluster *cluster = exact_run_cluster(run);
    struct job_id job = { run->ended }; /* one comes behind the other */
    struct node_id tm1 = virtual_cluster_find(cluster, "tm1");
    if (node_id_is_none(tm1) || job.n >= run->scenario->jobs.count)
        return;
    uint32_t vertices = (uint32_t)run->scenario->jobs.items[job.n].graph->vertices.count;
    switch (what) {
    case KILL: virtual_cluster_kill(cluster, tm1, "test"); return;
    case FAIL_SOURCE: virtual_cluster_fail_task(cluster, job, (struct vertex_id){ 0 }, 1); return;
    case FAIL_LAST:
        virtual_cluster_fail_task(cluster, job, (struct vertex_id){ vertices - 1 }, 0);
        return;
    case FREEZE:
        virtual_cluster_freeze(cluster, tm1);
        later(cluster, 500 * TIME_MS, resume, tm1.n);
        return;
    case CUT:
        virtual_cluster_cut(cluster, tm1, node_id_none(), true);
        later(cluster, 2 * TIME_S, heal, tm1.n);
        return;
    case SAVEPOINT:
        virtual_cluster_ask(
            cluster,
            &(struct event_client){ .request = CLIENT_TRIGGER_SAVEPOINT, .token = 99, .job = job });
        return;
    case RESCALE_DOWN: rescale(cluster, job, vertices, 1); return;
    case RESCALE_UP: rescale(cluster, job, vertices, 3); return;
    case STORAGE_FAILS: /* writes: of snapshots and of sinks */
        virtual_cluster_fail_storage(cluster, true, false, true);
        later(cluster, 500 * TIME_MS, mend_storage, 0);
        return;
    case INJECTED_COUNT: break;
    }
    abort();
}

/* One run, with the fault behind so many events; UINT64_MAX: none. Gives how many there were. */
static uint64_t run_once(const struct example *example, const struct mode *mode, uint64_t at,
                         enum injected what)
{
    char word[120], yaml[4000], args[200];
    struct exact_run run;
    snprintf(args, sizeof args, "%s", example->args);
    if (strcmp(example->program, "logs") == 0)
        snprintf(args, sizeof args, "%s, %s, %s", example->args, log_files_path(0),
                 log_files_path(1));
    snprintf(yaml, sizeof yaml, small, mode->scheduler, mode->config, mode->speed, example->program,
             args, example->sink);
    exact_run_init(&run, yaml);
    if (at != UINT64_MAX && simulation_run_events(run.simulation, at))
        inject(&run, what);
    snprintf(word, sizeof word, "%s, %s: %s behind event %llu", example->program, mode->name,
             injected_names[what], (unsigned long long)at);
    while (run.finished == 0 && simulation_run_events(run.simulation, 500))
        ;
    ck_assert_msg(run.finished == 1, "%s: the job does not finish", word);
    exact_run_must_hold(&run, word);
    exact_run_must_write(&run, word);
    uint64_t events = simulation_event_count(run.simulation);
    exact_run_fini(&run);
    return events;
}

/* As long in event time as each other. */
static void write_log(void)
{
    log_files_write((const struct log_file[]){ { 60, 50 }, { 30, 100 } }, 2);
}

static uint64_t stride_for(uint64_t events)
{
    const char *wanted = getenv("EXACT_STRIDE");
    uint64_t stride = wanted ? strtoull(wanted, NULL, 10) : events / TRIES;
    return stride > 0 ? stride : 1;
}

START_TEST(a_fault_at_any_event_changes_no_line)
{
    enum injected what = (enum injected)(_i % INJECTED_COUNT);
    const struct mode *mode = &modes[_i / INJECTED_COUNT % MODES];
    const struct example *example = &examples[_i / INJECTED_COUNT / MODES];
    uint64_t events = run_once(example, mode, UINT64_MAX, KILL);
    uint64_t stride = stride_for(events);
    for (uint64_t at = (uint64_t)_i % stride; at < events; at += stride)
        run_once(example, mode, at, what);
}
END_TEST

/* ---- from one job to the next ---------------------------------------------------------------- */

enum { RESULTS = 400 }; /* of the program */

/* All that main has got from both jobs. */
static void must_have_each_result_once(const char *word)
{
    uint8_t seen[RESULTS] = { 0 };
    size_t count = 0;
    for (const char *line = book_text(); *line; line = strchr(line, '\n') + 1, count++) {
        long value = strtol(line + strlen("value "), NULL, 10);
        ck_assert_msg(value >= 0 && value < RESULTS && seen[value]++ == 0,
                      "%s: main got %ld, once more", word, value);
    }
    ck_assert_msg(count == RESULTS, "%s: main got %zu results", word, count);
}

struct hand_over {
    uint64_t events;
    bool has_gone_on; /* else there was no savepoint */
};

static struct hand_over hand_over_once(const char *way, const struct mode *mode, uint64_t at,
                                       enum injected what)
{
    static const char newest[] = "  - { name: table, output: newest, equals: program }\n";
    char word[120], args[80], yaml[4000];
    struct exact_run run;
    snprintf(args, sizeof args, "%s, %s", way, book_path());
    int size = snprintf(yaml, sizeof yaml, small, mode->scheduler, mode->config, mode->speed,
                        "hand_over", args, "lines");
    snprintf(yaml + size, sizeof yaml - (size_t)size, "%s", newest);
    exact_run_init(&run, yaml);
    if (at != UINT64_MAX && simulation_run_events(run.simulation, at))
        inject(&run, what);
    snprintf(word, sizeof word, "%s, %s: %s behind event %llu", way, mode->name,
             injected_names[what], (unsigned long long)at);
    while (run.ended < 2 && simulation_run_events(run.simulation, 500))
        ;
    ck_assert_msg(run.ended == 2, "%s: %u jobs have ended", word, run.ended);
    struct hand_over done = { simulation_event_count(run.simulation), !run.last_failed };
    time_ns told = simulation_now(run.simulation) + TIME_S; /* main gets the last results */
    while (simulation_now(run.simulation) < told && simulation_run_events(run.simulation, 100))
        ;
    exact_run_must_hold(&run, word);
    if (done.has_gone_on) {
        exact_run_must_write(&run, word);
        must_have_each_result_once(word);
    }
    exact_run_fini(&run);
    return done;
}

START_TEST(a_fault_at_any_event_of_a_hand_over_changes_no_line)
{
    static const char *const ways[] = { "stop", "cancel" };
    enum injected what = (enum injected)(_i % INJECTED_COUNT);
    const struct mode *mode = &modes[_i / INJECTED_COUNT % MODES];
    const char *way = ways[_i / INJECTED_COUNT / MODES];
    struct hand_over plain = hand_over_once(way, mode, UINT64_MAX, KILL);
    uint64_t stride = stride_for(plain.events), tries = 0, went_on = 0;
    ck_assert(plain.has_gone_on);
    for (uint64_t at = (uint64_t)_i % stride; at < plain.events; at += stride, tries++)
        went_on += hand_over_once(way, mode, at, what).has_gone_on;
    ck_assert_msg(went_on >= tries / 2, "%llu of %llu have gone on", (unsigned long long)went_on,
                  (unsigned long long)tries);
}
END_TEST

Suite *test_exact_every_program_suite(void);
Suite *test_exact_every_program_suite(void)
{
    Suite *suite = suite_create("exact_every_program");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 1200);
    tcase_add_checked_fixture(tests, write_log, log_files_remove);
    tcase_add_loop_test(tests, a_fault_at_any_event_changes_no_line, 0,
                        INJECTED_COUNT * MODES * EXAMPLES);
    suite_add_tcase(suite, tests);
    TCase *hand_over = tcase_create("hand-over");
    tcase_set_timeout(hand_over, 1200);
    tcase_add_checked_fixture(hand_over, book_begin, book_end);
    tcase_add_loop_test(hand_over, a_fault_at_any_event_of_a_hand_over_changes_no_line, 0,
                        INJECTED_COUNT * MODES * 2);
    suite_add_tcase(suite, hand_over);
    return suite;
}
