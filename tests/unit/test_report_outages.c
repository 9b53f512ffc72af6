/* SPDX-License-Identifier: Apache-2.0
 *
 * However tasks come to stop, and whoever hears of it: whole runs, in which the recorder's downtime
 * is held against looks into the data plane, ten a second.
 */
#include <check.h>

#include "sim/cli/look.h"
#include "sim/report/recorder.h"
#include "sim/run/simulation.h"
#include "tests/lib/load_fixture.h"

#define LOOK (TIME_S / 10)

#define OUTAGE(scheduler, edge, event)                                                             \
    "name: outage\nduration: 4min\nsample: 100ms\n"                                                \
    "config: { execution.checkpointing.interval: 30s, jobmanager.scheduler: " scheduler " }\n"     \
    "cluster: { task-manager: { count: 3, slots: 2 } }\n"                                          \
    "jobs:\n"                                                                                      \
    "  - name: a\n"                                                                                \
    "    vertices: [ { name: source, parallelism: 4 }, { name: count, parallelism: 4 } ]\n"        \
    "    edges: [ source -> count: " edge " ]\n"                                                   \
    "    load: 1k/s\n"                                                                             \
    "events: [ " event " ]\n"

static const struct outage_case {
    const char *yaml;
    double seconds_min; /* it is down for so long, or longer */
    double given_up;    /* seconds for which tasks go on that the JobMaster has given up */
} cases[] = {
    { OUTAGE("Default", "hash", "{ at: 60s, freeze: { task-manager: jobmanager, for: 60s } }"), 20,
      0 },
    { OUTAGE("Adaptive", "hash", "{ at: 60s, freeze: { task-manager: jobmanager, for: 60s } }"), 20,
      0 },
    { OUTAGE("Default", "forward", "{ at: 60s, freeze: { task-manager: jobmanager, for: 60s } }"),
      20, 0 },
    { OUTAGE("Default", "hash", "{ at: 60s, cut: { task-manager: jobmanager, for: 60s } }"), 20,
      0 },
    { OUTAGE("Adaptive", "hash", "{ at: 60s, cut: { task-manager: jobmanager } }"), 130, 0 },
    { OUTAGE("Default", "hash", "{ at: 60s, freeze: { task-manager: jobmanager } }"), 130, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, freeze: { task-manager: jobmanager, for: 30s } },"
             " { at: 70s, fail: { vertex: count, subtask: 1 } }"),
      20, 0 },
    { OUTAGE("Default", "forward",
             "{ at: 60s, freeze: { task-manager: jobmanager, for: 30s } },"
             " { at: 70s, fail: { vertex: count, subtask: 1 } }"),
      20, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, cut: { task-manager: tm1, from: jobmanager, for: 90s } }"),
      1, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, loss: { task-manager: tm1, probability: 100%, for: 90s } }"),
      1, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, loss: { task-manager: jobmanager, probability: 90%, for: 90s } }"),
      1, 0.6 },
    { OUTAGE("Adaptive", "forward",
             "{ at: 60s, cut: { task-manager: tm1, from: tm2, for: 90s } },"
             " { at: 61s, cut: { task-manager: jobmanager, for: 45s } }"),
      1, 0 },
    { OUTAGE("Default", "hash", "{ at: 60s, freeze: { task-manager: tm1, for: 90s } }"), 1, 0 },
    { OUTAGE("Default", "hash", "{ at: 60s, kill: { task-manager: tm1 } }"), 1, 0 },
    { OUTAGE("Default", "forward", "{ at: 60s, kill: { task-manager: tm1 } }"), 1, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, freeze: { task-manager: jobmanager, for: 30s } },"
             " { at: 65s, kill: { task-manager: tm1 } }"),
      25, 0 },
    { OUTAGE("Adaptive", "hash", "{ at: 60s, stop: { task-manager: tm1 } }"), 0.1, 0 },
    { OUTAGE("Default", "forward", "{ at: 60s, fail: { vertex: count, subtask: 1 } }"), 0.5, 0 },
    { OUTAGE("Default", "hash",
             "{ at: 60s, fail: { vertex: count, subtask: 1 } },"
             " { at: 61100ms, freeze: { task-manager: jobmanager, for: 30s } }"),
      0.5, 0 },
    /* Regions: the JobManager does not miss tm1 yet when the others run, and says that all do; */
    { OUTAGE("Default", "forward",
             "{ at: 60s, kill: { task-manager: tm1 } },"
             " { at: 63s, fail: { vertex: count, subtask: 3 } }"),
      10, 0 },
    /* so too before all of them have run once. */
    { OUTAGE("Default", "forward",
             "{ at: 4900ms, slow: { task-manager: [ tm2, tm3 ], factor: 0.01, for: 10s } },"
             " { at: 7s, kill: { task-manager: tm1 } }"),
      0, 0 },
};

struct outage_run {
    struct run_look look;
    struct recorder recorder;
    bool has_run;
    uint32_t broken; /* looks at which not all tasks ran, since they first did */
};

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    recorder_line(&((struct outage_run *)context)->recorder, at, node, line);
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    recorder_fact(&((struct outage_run *)context)->recorder, at, node, word, reason);
}

static void on_sample(void *context, time_ns at)
{
    struct outage_run *run = context;
    uint32_t running = 0;
    recorder_sample(&run->recorder, at);
    for (uint32_t v = 0; v < 2; v++) {
        struct model_vertex_view view;
        run->look.vertex(run->look.context, (struct job_id){ 0 }, (struct vertex_id){ v }, &view);
        running += view.running;
    }
    run->has_run |= running == 8;
    run->broken += run->has_run && running < 8;
}

START_TEST(downtime_is_what_the_data_plane_stood_still)
{
    struct scenario *scenario = load_fixture_scenario(cases[_i].yaml);
    struct simulation *simulation = simulation_create(scenario, &(struct simulation_settings){ 0 });
    struct outage_run run = { .broken = 0 };
    struct watcher watcher = { &run, on_line, on_fact, NULL, on_sample, NULL };
    look_init(&run.look, simulation);
    recorder_init(&run.recorder, &run.look);
    simulation_watch(simulation, &watcher);
    ck_assert(simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL));
    const struct incidents *incidents = &run.recorder.incidents;
    time_ns now = simulation_now(simulation), sum = 0;
    time_ns down = incidents_downtime(incidents, (struct job_id){ 0 }, now);
    for (VEC_EACH(const struct incident, incident, &incidents->list))
        sum += incident_length(incidents, incident, now);
    ck_assert_int_eq(sum, down);
    ck_assert_double_ge((double)down / (double)TIME_S, cases[_i].seconds_min);
    /* A look's length at each end of each outage; the last digits of a sum. */
    double seen = run.broken * (double)LOOK / (double)TIME_S;
    ck_assert_double_eq_tol((double)down / (double)TIME_S, seen + cases[_i].given_up,
                            0.2 * (double)incidents->list.count + 1e-6);
    recorder_fini(&run.recorder);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}
END_TEST

Suite *test_report_outages_suite(void)
{
    Suite *suite = suite_create("report_outages");
    TCase *tcase = tcase_create("outages");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, downtime_is_what_the_data_plane_stood_still, 0,
                        (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
