/* SPDX-License-Identifier: Apache-2.0
 *
 * pipeline.sources.pause-until-first-checkpoint (2.4): sources read nothing before they hear of a
 * checkpoint, in both worlds alike; when they begin, and when they begin again. Tasks run at
 * 5.12 s, the first checkpoint comes min-pause (5 s) behind that, the next one at 30.12 s. Subtask
 * 2 throws at 35 s and runs again a second and a bit later, so that checkpoint comes at 41 s.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

static const char story[] =
    "name: first\n"
    "flink-version: \"2.4\"\n"
    "duration: 1min\n"
    "config: { parallelism.default: 4, jobmanager.scheduler: default,\n"
    "          execution.checkpointing.interval: 20s, execution.checkpointing.min-pause: 5s,\n"
    "          pipeline.sources.pause-until-first-checkpoint: %s,\n"
    "          restart-strategy.type: fixed-delay,\n"
    "          restart-strategy.fixed-delay.delay: 1s }\n"
    "cluster: { task-manager: { count: 2, slots: 2 } }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: source, source-function: %s }, { name: map } ]\n"
    "    edges: [ source -> map: %s ]\n"
    "    load: { constant: %s }\n"
    "events: [ { at: 35s, fail: { vertex: map, subtask: 2 } } ]\n"
    "expect:\n"
    "%s"
    "  - { name: nothing is lost, invariant: exactly-once }\n"
    "  - { name: nothing is left, metric: lag_records, final: exactly 0 }\n";

static const char *const worlds[] = { "virtual", "exact" };
static const char *const edges[] = { "hash", "forward" };
enum { WORLDS = 2, EDGES = 2 };

static void must_hold(int i, const char *pause, const char *function, const char *load,
                      const char *bounds)
{
    char yaml[2000], line[100];
    cli_begin();
    snprintf(yaml, sizeof yaml, story, pause, function, edges[i / WORLDS], load, bounds);
    cli_put_file("first.yaml", yaml);
    snprintf(line, sizeof line, "run --world %s --out @/out @/first.yaml", worlds[i % WORLDS]);
    ck_assert_msg(cli_weir(line) == EXIT_HELD, "%s: %s%s", line, cli_out(), cli_errors());
    cli_end();
}

START_TEST(records_wait_in_the_log_for_the_first_checkpoint)
{
    must_hold(_i, "true", "false", "1000/s",
              "  - { name: waits, metric: lag_seconds, max: at least 10.8s }\n"
              "  - { name: no longer, metric: lag_seconds, max: at most 11.5s }\n");
}
END_TEST

/* With hash edges all of it stands for 10.1 s and 6 s, else a fourth of it for the second. */
START_TEST(sources_that_pace_themselves_make_nothing_meanwhile)
{
    static const char *const least[] = { "720", "797" }, *const most[] = { "735", "812" };
    char bounds[200];
    snprintf(bounds, sizeof bounds,
             "  - { name: a, metric: served_rate, mean: at least %s/s }\n"
             "  - { name: b, metric: served_rate, mean: at most %s/s }\n",
             least[_i / WORLDS], most[_i / WORLDS]);
    must_hold(_i, "true", "false", "250/s, per-subtask: true", bounds);
}
END_TEST

/* Down from 35 s to 36 s, and back to 30.1 s. */
START_TEST(others_read_at_once)
{
    static const char bounds[] = "  - { name: reads, metric: lag_seconds, max: at most 6.5s }\n";
    must_hold(_i, "false", "false", "1000/s", bounds);
    must_hold(_i, "true", "true", "1000/s", bounds); /* SourceFunctions do not know the key */
}
END_TEST

Suite *test_run_first_checkpoint_suite(void);
Suite *test_run_first_checkpoint_suite(void)
{
    Suite *suite = suite_create("run/first_checkpoint");
    TCase *tcase = tcase_create("sources");
    tcase_add_loop_test(tcase, records_wait_in_the_log_for_the_first_checkpoint, 0, WORLDS * EDGES);
    tcase_add_loop_test(tcase, sources_that_pace_themselves_make_nothing_meanwhile, 0,
                        WORLDS * EDGES);
    tcase_add_loop_test(tcase, others_read_at_once, 0, WORLDS * EDGES);
    suite_add_tcase(suite, tcase);
    return suite;
}
