/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that has ended lets go of its slots, at the latest when contact to a TaskManager that died
 * meanwhile runs out.
 */
#include "sim/check/checker.h"

static void look_at_ended_jobs(struct checker *checker, time_ns at)
{
    const struct run_look *look = checker->look;
    for (uint32_t j = 0; j < look->scenario->jobs.count; j++) {
        struct look_job view;
        if (!look->job(look->context, (struct job_id){ j }, &view) || view.ended_at == TIME_NEVER ||
            !checker_is_overdue(checker, at, view.ended_at))
            continue;
        if (view.slots_held > 0)
            checker_complain(checker, at, "%s has ended and holds %u slots",
                             checker_job_name(checker, (struct job_id){ j }), view.slots_held);
    }
}

const struct checker_row checker_released = {
    .name = "released",
    .invariant = "slots-given-once",
    .thorough = look_at_ended_jobs,
};
