/* SPDX-License-Identifier: Apache-2.0
 *
 * What sim/cli/look.c shows of a run that goes on: here the records of a job's rescales.
 */
#include <check.h>

#include "sim/cli/look.h"
#include "sim/run/simulation.h"
#include "tests/lib/load_fixture.h"

struct seen {
    uint32_t records;
};

static void on_rescale(void *context, const struct look_rescale *rescale)
{
    static const char *const names[] = { "s", "m", "g1", "g2" };
    ((struct seen *)context)->records++;
    ck_assert_uint_eq(rescale->number_count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_str_eq(rescale->numbers[i].name, names[i]);
        ck_assert(rescale->numbers[i].is_group == (i >= 2));
    }
    ck_assert_int_eq(rescale->numbers[2].desired, 1);
    ck_assert_int_eq(rescale->numbers[3].desired, 2);
}

/* All vertices are in groups of their own, so nothing is said of "default". */
START_TEST(a_group_without_vertices_is_in_no_record)
{
    struct scenario *scenario =
        load_fixture_scenario("name: groups\nduration: 1min\n"
                              "config: { jobmanager.scheduler: Adaptive,"
                              " web.adaptive-scheduler.rescale-history.size: 3 }\n"
                              "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                              "jobs:\n"
                              "  - name: a\n"
                              "    vertices: [ { name: s, parallelism: 1, group: g1 },"
                              " { name: m, parallelism: 2, group: g2 } ]\n"
                              "    edges: [ s -> m: hash ]\n"
                              "    load: 1k/s\n");
    struct simulation *simulation = simulation_create(scenario, &(struct simulation_settings){ 0 });
    struct run_look look;
    struct seen seen = { 0 };
    look_init(&look, simulation);
    ck_assert(simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL));
    look.each_rescale(look.context, (struct job_id){ 0 }, on_rescale, &seen);
    ck_assert_uint_eq(seen.records, 1);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}
END_TEST

Suite *test_cli_look_suite(void)
{
    Suite *suite = suite_create("cli_look");
    TCase *rescales = tcase_create("rescales");
    tcase_add_test(rescales, a_group_without_vertices_is_in_no_record);
    suite_add_tcase(suite, rescales);
    return suite;
}
