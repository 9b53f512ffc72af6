/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources that wait for one another by watermarks: the act `align` of tour_more, whose second
 * source has fifty times the event time of its first in the same time.
 */
#include <check.h>

#include "core/base/text.h"
#include "sim/exact/parts.h"
#include "tests/lib/exact_run.h"

static const char story[] =
    "name: align\n"
    "world: exact\n"
    "duration: 1min\n"
    "config: { parallelism.default: 2, execution.checkpointing.interval: 1s }\n"
    "cluster: { task-manager: { count: 2, slots: 1, boot: 1s } }\n"
    "jobs: [ { program: tour_more, args: [align] } ]\n"
    "expect: [ { name: right, output: lines, equals: program } ]\n";

/* The highest watermark of its subtasks that are not at their end. */
static int64_t watermark_of(const struct exact *exact, const char *name)
{
    const struct exact_job *job = &exact->jobs[0];
    int64_t highest = WATERMARK_NONE;
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        if (!text_equal(job->spec->graph->vertices.items[v].name, name))
            continue;
        for (VEC_EACH(const uint32_t, index, &job->vertices[v].life.current)) {
            const struct exec_task *task = exact->tasks.items[*index].exec;
            int64_t watermark = exec_task_source_watermark(task);
            highest = watermark > highest ? watermark : highest;
        }
    }
    return highest;
}

/* Both have made some 300 records by then, 3 s and 150 s of event time. What lay there when the job
 * began was read before anybody was told anything. */
START_TEST(a_fast_source_waits_for_a_slow_one_and_goes_on_behind_its_end)
{
    struct exact_run run;
    exact_run_init(&run, story);
    while (simulation_now(run.simulation) < 15 * TIME_S)
        ck_assert(simulation_run_events(run.simulation, 1));
    int64_t slow = watermark_of(run.exact, "in"), fast = watermark_of(run.exact, "fast");
    ck_assert_int_gt(slow, 2500);
    ck_assert_int_gt(fast, slow + 1000);
    ck_assert_int_lt(fast, 75000);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    exact_run_must_hold(&run, "align");
    exact_run_must_write(&run, "align");
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_align_suite(void);
Suite *test_exact_align_suite(void)
{
    Suite *suite = suite_create("exact_align");
    TCase *tcase = tcase_create("align");
    tcase_add_test(tcase, a_fast_source_waits_for_a_slow_one_and_goes_on_behind_its_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
