/* SPDX-License-Identifier: Apache-2.0
 *
 * Random scenarios, each run whole with everybody watching: no check of the engine fails, and all
 * invariants hold. One seed is one test, so that what aborts has a number.
 *
 *   RANDOM_SCENARIOS=3000    so many instead of a few
 *   RANDOM_FIRST=1234        from that seed on; each is printed before it runs
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/alloc.h"
#include "sim/cli/play.h"
#include "tests/lib/random_scenario.h"

enum { FEW = 300 };

/* What else is told are events that came to nothing: a cancel of a job that has ended. */
static const char invariant[] = "invariant ";

static int number_of(const char *name, int otherwise)
{
    const char *wanted = getenv(name);
    char *end;
    if (!wanted)
        return otherwise;
    errno = 0;
    long number = strtol(wanted, &end, 10);
    bool is_number = end != wanted && *end == '\0' && errno == 0;
    if (!is_number || number < 0 || number > INT32_MAX / 2) {
        fprintf(stderr, "%s=%s is not a number of seeds\n", name, wanted);
        exit(2);
    }
    return (int)number;
}

static struct scenario *load(const char *yaml)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    struct err read =
        scenario_load_text("random.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note);
    ck_assert_msg(!err_is(read), "%s\n%s", note.text, yaml);
    return scenario;
}

static void run(const char *yaml)
{
    struct note note = { "" };
    struct plays plays = { 0 };
    struct play_settings settings = { .until = TIME_NEVER,
                                      .quiet = true,
                                      .check_invariants = NODE_CHECKS_SPARING };
    vec_push(&plays.list, (struct play){ .scenario = load(yaml) });
    ck_assert_msg(!err_is(plays_run(&plays, &settings, &note)), "%s", note.text);
    plays_judge(&plays);
    const struct play *play = &plays.list.items[0];
    ck_assert(play->complete);
    for (VEC_EACH(const struct check_result, result, &play->results.list))
        if (strncmp(result->name, invariant, strlen(invariant)) == 0)
            ck_assert_msg(result->held, "%s: %s", result->name, result->detail);
    plays_fini(&plays);
}

START_TEST(a_random_scenario_breaks_no_invariant)
{
    char *yaml = random_scenario((uint64_t)_i);
    if (getenv("RANDOM_FIRST"))
        fprintf(stderr, "# seed %d\n%s", _i, yaml);
    run(yaml);
    mem_destroy(yaml);
}
END_TEST

/* What only many seeds draw. The deploy order of a frozen newcomer names a checkpoint that is gone
 * at the thaw; readers of a pointwise edge at unequal speeds are behind when a third one comes; a
 * region restores on a machine where nothing else runs while the other region is looked at; a job
 * has yet to read again what its savepoint holds when another one starts from that; tasks of a
 * pipeline run, at another parallelism, that has yet to restore while the other one fills the
 * cores; a forward edge holds up senders of which there are more than readers. */
static const char *const rare[] = {
    "name: frozen newcomer\n"
    "duration: 5min\n"
    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 10s }\n"
    "cluster:\n"
    "  task-manager: { slots: 3, count: 1 }\n"
    "  task-managers: [ { name: n2, at: 40s } ]\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s }, { name: c, keys: 10k } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: 1k/s\n"
    "events: [ { at: 90s, freeze: { task-manager: n2, for: 60s } } ]\n",
    "name: grows behind\n"
    "duration: 10min\n"
    "config: { jobmanager.scheduler: adaptive, execution.checkpointing.interval: 10s,\n"
    "          parallelism.default: 3 }\n"
    "cluster:\n"
    "  task-manager: { slots: 1 }\n"
    "  task-managers: [ { name: n3, at: 0s, speed: 0.5 }, { name: n2, at: 0s },\n"
    "                   { name: n1, at: 300s } ]\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s }, { name: c, cost: 200us} ]\n"
    "    edges: [ s -> c: forward ]\n"
    "    load: 6k/s\n",
    "name: region elsewhere\n"
    "duration: 8min\n"
    "sample: 10s\n"
    "config: { execution.checkpointing.interval: 1min, parallelism.default: 2 }\n"
    "cluster: { task-manager: { count: 4, slots: 1, memory: 16g } }\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s, state: 8g }, { name: c, group: g2, state: 8g } ]\n"
    "    edges: [ s -> c: forward ]\n"
    "    load: 5k/s\n"
    "events: [ { at: 305s, kill: tm4 }, { at: 315s, add: 1 } ]\n",
    "name: savepoint ahead\n"
    "duration: 6min\n"
    "config: { execution.checkpointing.interval: 1min, parallelism.default: 2 }\n"
    "cluster: { task-manager: { count: 2 } }\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s }, { name: c, cost: 2ms } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: 500/s\n"
    "  - name: j1\n"
    "    at: 4min\n"
    "    config: { execution.state-recovery.path: savepoint of j0 }\n"
    "    vertices: [ { name: s }, { name: c } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "events:\n"
    "  - { at: 170s, savepoint: j0 }\n"
    "  - { at: 171s, every: 15s, fail: { job: j0, vertex: c } }\n"
    "  - { at: 235s, cancel: j0 }\n",
    "name: pipeline still restoring\n"
    "duration: 10min\n"
    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 10s }\n"
    "cluster: { task-manager: { slots: 2, cores: 2, count: 2 } }\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s, cost: 50us }, { name: r, cost: 50us }, { name: k, cost: 20us },\n"
    "                { name: c, cost: 20us, keys: 1m, state: 1000 bytes/key } ]\n"
    "    edges: [ s -> c: hash, r -> k ]\n"
    "    loads: { s: 30k/s, r: 110k/s }\n"
    "events: [ { at: 300s, add: 1 } ]\n",
    "name: forward to fewer\n"
    "duration: 10min\n"
    "config: { jobmanager.scheduler: adaptive, execution.checkpointing.interval: 5s,\n"
    "          parallelism.default: 4 }\n"
    "cluster: { task-manager: { slots: 1, cores: 1, count: 8 } }\n"
    "jobs:\n"
    "  - name: j0\n"
    "    vertices: [ { name: s, cost: 1us }, { name: c, cost: 10us },\n"
    "                { name: k, cost: 100us, keys: 1k } ]\n"
    "    edges: [ s -> c: rebalance, c -> k ]\n"
    "    load: 60k/s\n"
    "events: [ { at: 300s, rescale: { vertices: { s: 1..4, c: 1..8, k: 1..3 } } } ]\n",
};

START_TEST(what_is_rarely_drawn_breaks_none_either)
{
    run(rare[_i]);
}
END_TEST

Suite *test_sim_random_suite(void);
Suite *test_sim_random_suite(void)
{
    Suite *suite = suite_create("sim_random");
    TCase *tests = tcase_create("scenarios");
    int first = number_of("RANDOM_FIRST", 0);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, a_random_scenario_breaks_no_invariant, first,
                        first + number_of("RANDOM_SCENARIOS", FEW));
    tcase_add_loop_test(tests, what_is_rarely_drawn_breaks_none_either, 0,
                        (int)(sizeof rare / sizeof *rare));
    suite_add_tcase(suite, tests);
    return suite;
}
