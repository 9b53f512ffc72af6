/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a job's state has come. It goes back only when tasks are deployed anew, then to a
 * completed checkpoint and never behind the newest one there was; it is never ahead of what was
 * served, and a checkpoint is never ahead of the state.
 */
#include <math.h>

#include "core/base/text.h"
#include "sim/check/checker.h"

/* Sums of doubles in another order than the model's own. */
#define TOLERANCE 1e-6

struct place {
    double position, restore;
    bool restarted; /* or failed, since the last sample */
};

struct places {
    VEC(struct place) jobs;
};

static void *places_create(const struct run_look *look)
{
    struct places *places = mem_create(sizeof *places);
    vec_resize(&places->jobs, look->scenario->jobs.count);
    return places;
}

static void places_destroy(void *own)
{
    struct places *places = own;
    vec_fini(&places->jobs);
    mem_destroy(places);
}

/* A failure takes tasks away before their successors are deployed. */
static void on_line(struct checker *checker, time_ns at, struct node_id node,
                    const struct log_line *line)
{
    struct places *places = checker->own;
    (void)at, (void)node;
    if (line->subject & LOG_OF_JOB && line->job.n < places->jobs.count &&
        (text_equal(line->machine, "job") || text_equal(line->machine, "execution")))
        places->jobs.items[line->job.n].restarted = true;
}

static bool is_below(double value, double bound)
{
    return value < bound - TOLERANCE * fmax(1, fabs(bound));
}

static void check_job(struct checker *checker, time_ns at, struct job_id job)
{
    const struct model_job_view *flow = &checker->recorder->jobs.items[job.n].flow;
    struct place *last = &((struct places *)checker->own)->jobs.items[job.n];
    struct look_job view;
    const char *name = checker_job_name(checker, job);
    if (!checker->look->job(checker->look->context, job, &view) || view.ended_at != TIME_NEVER)
        return;
    if (is_below(flow->position, last->position) && !last->restarted)
        checker_complain(checker, at, "the state of %s went back although nothing restarted", name);
    if (is_below(flow->position, last->restore))
        checker_complain(checker, at, "the state of %s is behind its newest checkpoint", name);
    if (is_below(flow->position, flow->restore_position))
        checker_complain(checker, at, "a checkpoint of %s is ahead of its state", name);
    if (is_below(flow->served_total, flow->position))
        checker_complain(checker, at, "the state of %s is ahead of what was served", name);
    *last = (struct place){ flow->position, flow->restore_position, false };
}

static void on_sample(struct checker *checker, time_ns at)
{
    const struct places *places = checker->own;
    for (uint32_t j = 0; j < places->jobs.count; j++)
        check_job(checker, at, (struct job_id){ j });
}

const struct checker_row checker_position = {
    .name = "position",
    .invariant = "exactly-once",
    .create = places_create,
    .destroy = places_destroy,
    .line = on_line,
    .sample = on_sample,
};
