/* SPDX-License-Identifier: Apache-2.0
 *
 * Without the watchers of a command: only the end of jobs is heard.
 */
#include "tests/lib/exact_run.h"

#include <check.h>

#include "core/base/text.h"
#include "sim/check/check_output.h"
#include "tests/lib/whole_run.h"

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct exact_run *run = context;
    (void)at, (void)node;
    if (!text_equal(line->what, "job ended"))
        return;
    run->ended++;
    run->finished += text_equal(line->reason, "FINISHED");
    run->last_failed = text_equal(line->reason, "FAILED");
}

void exact_run_init(struct exact_run *run, const char *yaml)
{
    const struct simulation_settings settings = { .vouching = true, .outputs = &run->outputs };
    struct note note = { "" };
    *run = (struct exact_run){ .scenario = whole_run_load(yaml) };
    ck_assert_msg(!err_is(exact_check_scenario(run->scenario, &note)), "%s", note.text);
    run->simulation = simulation_create(run->scenario, &settings);
    run->exact = plane_exact(simulation_plane(run->simulation));
    ck_assert_ptr_nonnull(run->exact);
    simulation_watch(run->simulation, &(struct watcher){ .context = run, .line = on_line });
    simulation_start(run->simulation);
}

void exact_run_fini(struct exact_run *run)
{
    simulation_destroy(run->simulation);
    outputs_fini(&run->outputs);
    scenario_destroy(run->scenario);
}

void exact_run_to_end(struct exact_run *run)
{
    while (simulation_run_events(run->simulation, UINT32_MAX))
        ;
}

struct virtual_cluster *exact_run_cluster(struct exact_run *run)
{
    return simulation_cluster(run->simulation);
}

void exact_run_must_hold(struct exact_run *run, const char *word)
{
    struct note note = { "" };
    struct err e = exact_check(run->exact, &note);
    ck_assert_msg(!err_is(e), "%s: %s", word, note.text);
}

void exact_run_must_write(struct exact_run *run, const char *word)
{
    uint32_t judged = 0;
    for (VEC_EACH(const struct expectation, expectation, &run->scenario->expect)) {
        struct check_result result = { .held = false };
        if (expectation->kind != EXPECT_OUTPUT)
            continue;
        output_judge(run->scenario, expectation, &run->outputs, &result);
        ck_assert_msg(result.held, "%s: %s: %s, expected %s", word, expectation->name,
                      result.measured, result.wanted);
        judged++;
    }
    ck_assert_uint_gt(judged, 0);
}
