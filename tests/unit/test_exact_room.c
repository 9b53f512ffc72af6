/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks whose output has no room: when they hear that a checkpoint is to be taken, and that they go
 * on.
 */
#include <check.h>
#include <stdio.h>

#include "core/base/text.h"
#include "tests/lib/exact_run.h"

/* The reader stands still from 15 s to 27 s; a checkpoint is triggered at 21.1 s. */
static const char jammed[] =
    "name: t\n"
    "world: exact\n"
    "duration: 30s\n"
    "log-level: message\n"
    "config: { execution.checkpointing.interval: 10s, heartbeat.timeout: 1min,\n"
    "          execution.checkpointing.unaligned.enabled: true }\n"
    "cluster:\n"
    "  task-manager: { cores: 1, slots: 1, boot: 1s }\n"
    "  task-managers: [ tm1, tm2 ]\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: source, group: a, bytes: 100, source-function: %s }\n"
    "      - { name: count, group: b, keys: 1k, state: 16 bytes/key }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: 40k/s\n"
    "events: [ { at: 15s, freeze: { task-manager: tm2, for: 12s } } ]\n";

/* When the source took its part of the third one. */
static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    time_ns *begun_at = context;
    (void)node;
    if (text_equal(line->machine, "snapshot") && text_equal(line->what, "begun") &&
        line->vertex.n == 0 && line->checkpoint == 3)
        *begun_at = at;
}

static time_ns begun_at(bool source_function)
{
    char yaml[2000];
    time_ns at = 0;
    struct exact_run run;
    snprintf(yaml, sizeof yaml, jammed, source_function ? "true" : "false");
    exact_run_init(&run, yaml);
    simulation_watch(run.simulation, &(struct watcher){ .context = &at, .line = on_line });
    exact_run_to_end(&run);
    exact_run_fini(&run);
    return at;
}

/* In its mailbox. */
START_TEST(a_source_without_room_hears_of_a_checkpoint_at_once)
{
    time_ns at = begun_at(false);
    ck_assert_int_gt(at, 21 * TIME_S);
    ck_assert_int_lt(at, 21200 * TIME_MS);
}
END_TEST

/* It emits under the checkpoint lock: when a buffer comes free, which is when its reader goes on.
 */
START_TEST(a_source_function_hears_of_it_when_there_is_room_again)
{
    time_ns at = begun_at(true);
    ck_assert_int_gt(at, 27 * TIME_S);
    ck_assert_int_lt(at, 27100 * TIME_MS);
}
END_TEST

/* Two tasks share a core, so one may be at work when its buffers could leave: they do when its time
 * is over, and the room that it did not find is there by then. Nobody else wakes it. */
START_TEST(a_task_goes_on_whose_room_comes_while_it_works)
{
    struct exact_run run;
    struct model_job_view view;
    exact_run_init(&run, "name: t\n"
                         "world: exact\n"
                         "duration: 40s\n"
                         "config: { scheduler-mode: reactive, heartbeat.timeout: 10s,\n"
                         "          heartbeat.interval: 2s,\n"
                         "          execution.checkpointing.interval: 10s }\n"
                         "cluster:\n"
                         "  task-manager: { cores: 2, slots: 2, boot: 1s }\n"
                         "  task-managers: [ tm1, tm2, tm3 ]\n"
                         "jobs:\n"
                         "  - name: job\n"
                         "    vertices:\n"
                         "      - { name: source, cost: 20us, bytes: 120 }\n"
                         "      - { name: count, cost: 100us, keys: 100k, state: 200 bytes/key }\n"
                         "    edges: [ source -> count: hash ]\n"
                         "    load: 20k/s\n"
                         "events: [ { at: 20.17s, cut: { task-manager: tm2, for: 6s } } ]\n");
    while (simulation_run_events(run.simulation, 1))
        if (simulation_now(run.simulation) > 38 * TIME_S)
            break;
    exact_view_job(run.exact, (struct job_id){ 0 }, &view);
    ck_assert_double_lt(view.lag_seconds, 0.1);
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_room_suite(void);
Suite *test_exact_room_suite(void)
{
    Suite *suite = suite_create("exact room");
    TCase *tests = tcase_create("room");
    tcase_add_test(tests, a_source_without_room_hears_of_a_checkpoint_at_once);
    tcase_add_test(tests, a_source_function_hears_of_it_when_there_is_room_again);
    tcase_add_test(tests, a_task_goes_on_whose_room_comes_while_it_works);
    suite_add_tcase(suite, tests);
    return suite;
}
