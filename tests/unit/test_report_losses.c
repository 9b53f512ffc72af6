/* SPDX-License-Identifier: Apache-2.0
 *
 * A process that ends takes its tasks with it, whatever they are about: where the job needs one of
 * them again it is down from that moment on. Whole runs, under both schedulers and in both worlds.
 * Tasks deploy and initialize for 3 s each, m closes for 20 s; tm1 has two subtasks of both.
 */
#include <check.h>
#include <stdio.h>

#include "sim/cli/look.h"
#include "sim/report/recorder.h"
#include "sim/run/simulation.h"
#include "tests/lib/load_fixture.h"

static const char format[] =
    "name: lost\n"
    "world: %s\n"
    "duration: 2min\n"
    "config: { jobmanager.scheduler: %s, execution.checkpointing.interval: 10s,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 9,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 5s }\n"
    "cluster:\n"
    "  task-manager: { slots: 2 }\n"
    "  task-managers: [ tm1, tm2, tm3 ]\n"
    "  timing: { deploy: 3s, initialize: 3s }\n"
    "jobs:\n"
    "  - name: a\n"
    "    vertices: [ { name: s, parallelism: %u },\n"
    "                { name: m, parallelism: %u, keys: 1k, close: 20s } ]\n"
    "    edges: [ s -> m: hash ]\n"
    "    load: { constant: 100/s, until: %s }\n"
    "events: [ %s ]\n";

/* All is read and both s have finished on tm1, with output that waits for m on tm2. */
static const char lingering[] =
    "name: lost\n"
    "world: exact\n"
    "duration: 2min\n"
    "config: { jobmanager.scheduler: %s, execution.buffer-timeout.interval: 2s,\n"
    "          execution.checkpointing.checkpoints-after-tasks-finish: false,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 9,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 5s }\n"
    "cluster:\n"
    "  task-manager: { slots: 2 }\n"
    "  task-managers: [ tm1, tm2, tm3 ]\n"
    "  timing: { connection-loss: 2s, cancel: 1ms }\n"
    "jobs:\n"
    "  - name: a\n"
    "    vertices: [ { name: s, bytes: 5kb, parallelism: 2, group: one },\n"
    "                { name: m, parallelism: 2, keys: 1k, group: two, cost: 22ms } ]\n"
    "    edges: [ s -> m: hash ]\n"
    "    load: { constant: 100/s, until: 30s }\n"
    "events: [ { at: 34.8s, kill: tm1 } ]\n";

#define STOP "{ at: 30s, stop-with-savepoint: a }, "
#define ON   "2min"

static const struct loss_case {
    const char *about;
    uint32_t sources, readers;
    const char *until, *events;
    time_ns down_at; /* TIME_NEVER: it never is */
    const char *cause;
} cases[] = {
    { "deploying", 4, 4, ON, "{ at: 6s, kill: tm1 }", TIME_NEVER, NULL },
    { "initializing", 4, 4, ON, "{ at: 9s, kill: tm1 }", TIME_NEVER, NULL },
    { "running", 4, 4, ON, "{ at: 27s, kill: tm1 }", 27 * TIME_S, "kill tm1" },
    { "failed and closing", 4, 4, ON,
      "{ at: 27s, fail: { vertex: m, subtask: 0 } }, { at: 30s, kill: tm1 }", 27 * TIME_S,
      "fail m 0" },
    { "cancelling", 4, 4, ON,
      "{ at: 27s, fail: { vertex: s, subtask: 3 } }, { at: 30s, kill: tm1 }", 27 * TIME_S,
      "fail s 3" },
    { "deploying again", 4, 4, ON,
      "{ at: 27s, fail: { vertex: s, subtask: 3 } }, { at: 49s, kill: tm1 }", 27 * TIME_S,
      "fail s 3" },
    { "initializing again", 4, 4, ON,
      "{ at: 27s, fail: { vertex: s, subtask: 3 } }, { at: 52s, kill: tm1 }", 27 * TIME_S,
      "fail s 3" },
    { "behind a stop", 4, 4, ON, STOP "{ at: 35s, kill: tm1 }", 35 * TIME_S, "kill tm1" },
    { "behind a stop, and not the last fault", 4, 4, ON,
      STOP "{ at: 35s, kill: tm1 }, { at: 36s, slow: { task-manager: tm2, factor: 0.5 } }",
      35 * TIME_S, "kill tm1" },
    { "behind a stop, frozen", 4, 4, ON, STOP "{ at: 32s, freeze: tm1 }, { at: 35s, kill: tm1 }",
      35 * TIME_S, "kill tm1" },
    { "behind a stop, two at once", 4, 4, ON,
      STOP "{ at: 35s, kill: [ tm1, tm2 ] }, { at: 36s, add: 2 }", 35 * TIME_S,
      "kill tm1, and 1 more" },
    /* Its TaskManagers give a frozen JobManager up at some time, and cancel what is left. */
    { "behind a stop, cancelled", 4, 4, ON,
      STOP "{ at: 31s, freeze: { task-manager: jobmanager, for: 30s } }",
      35 * TIME_S + 100 * TIME_US, "freeze jobmanager" },
    { "finished behind a stop, not alone", 6, 2, ON, STOP "{ at: 35s, kill: tm3 }", TIME_NEVER,
      NULL },
    { "stopped", 4, 4, ON, STOP "{ at: 55s, kill: tm1 }", TIME_NEVER, NULL },
    { "awaiting the last checkpoint", 4, 4, "30s",
      "{ at: 29s, freeze: { task-manager: jobmanager, for: 3s } }, { at: 31s, kill: tm1 }",
      31 * TIME_S, "kill tm1" },
    { "at the end of the input", 4, 4, "30s", "{ at: 45s, kill: tm1 }", 45 * TIME_S, "kill tm1" },
    { "finished at the end, not alone", 6, 2, "30s", "{ at: 45s, kill: tm3 }", TIME_NEVER, NULL },
    { "at its end", 4, 4, "30s", "{ at: 70s, kill: tm1 }", TIME_NEVER, NULL },
};

enum { RUNS_PER_CASE = 4 };

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    recorder_line(context, at, node, line);
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    recorder_fact(context, at, node, word, reason);
}

static void on_sample(void *context, time_ns at)
{
    recorder_sample(context, at);
}

static void live(const char *yaml, const struct loss_case *how)
{
    struct scenario *scenario = load_fixture_scenario(yaml);
    struct simulation *simulation = simulation_create(scenario, &(struct simulation_settings){ 0 });
    struct run_look look;
    struct recorder recorder;
    look_init(&look, simulation);
    recorder_init(&recorder, &look);
    simulation_watch(simulation,
                     &(struct watcher){ &recorder, on_line, on_fact, NULL, on_sample, NULL });
    ck_assert(simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL));
    const struct incidents *incidents = &recorder.incidents;
    time_ns down = incidents_downtime(incidents, (struct job_id){ 0 }, simulation_now(simulation));
    ck_assert_msg(incidents->list.count == (how->down_at != TIME_NEVER), "%s: %zu outages",
                  how->about, incidents->list.count);
    if (how->down_at == TIME_NEVER) {
        ck_assert_int_eq(down, 0);
    } else {
        const struct incident *only = &incidents->list.items[0];
        ck_assert_msg(only->down_at == how->down_at, "%s: down from %.4f s on", how->about,
                      (double)only->down_at / (double)TIME_S);
        ck_assert_int_ne(only->running_at, TIME_NEVER);
        ck_assert_int_eq(down, only->running_at - how->down_at);
        ck_assert_str_eq(only->cause, how->cause);
    }
    recorder_fini(&recorder);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}

START_TEST(a_job_is_down_from_the_loss_of_a_task_that_it_needs_on)
{
    const struct loss_case *how = &cases[_i / RUNS_PER_CASE];
    char yaml[2500];
    snprintf(yaml, sizeof yaml, format, _i % 2 ? "exact" : "virtual",
             _i / 2 % 2 ? "Adaptive" : "Default", how->sources, how->readers, how->until,
             how->events);
    live(yaml, how);
}
END_TEST

/* Whose readers notice 2 s later. In the virtual world nobody finishes before all is worked off. */
START_TEST(output_that_nobody_has_read_is_missed_from_the_end_of_its_process_on)
{
    static const struct loss_case how = { .about = "lingering",
                                          .down_at = 34800 * TIME_MS,
                                          .cause = "kill tm1" };
    char yaml[2500];
    snprintf(yaml, sizeof yaml, lingering, _i ? "Adaptive" : "Default");
    live(yaml, &how);
}
END_TEST

Suite *test_report_losses_suite(void)
{
    Suite *suite = suite_create("report_losses");
    TCase *tcase = tcase_create("losses");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_job_is_down_from_the_loss_of_a_task_that_it_needs_on, 0,
                        RUNS_PER_CASE * (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(tcase, output_that_nobody_has_read_is_missed_from_the_end_of_its_process_on,
                        0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
