/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at a model under test: its views, and what its tasks have reported so far.
 */
#include "tests/lib/model_fixture.h"

struct model_job_view model_fixture_job(struct model_fixture *fixture, struct job_id job)
{
    struct model_job_view view;
    model_view_job(fixture->model, job, &view);
    return view;
}

struct model_vertex_view model_fixture_view(struct model_fixture *fixture, struct job_id job,
                                            uint32_t vertex)
{
    struct model_vertex_view view;
    model_view_vertex(fixture->model, job, (struct vertex_id){ vertex }, &view);
    return view;
}

time_ns model_fixture_reported(const struct model_fixture *fixture, uint32_t task,
                               enum execution_state state)
{
    time_ns at = TIME_NEVER;
    for (VEC_EACH(const struct fixture_line, line, &fixture->lines))
        if (line->kind == DATA_TASK_STATES && line->task.attempt.task.n == task &&
            line->task.state == state)
            at = line->at;
    return at;
}

size_t model_fixture_count(const struct model_fixture *fixture, enum execution_state state)
{
    size_t count = 0;
    for (VEC_EACH(const struct fixture_line, line, &fixture->lines))
        count += line->kind == DATA_TASK_STATES && line->task.state == state;
    return count;
}

time_ns model_fixture_acknowledged(const struct model_fixture *fixture, uint64_t checkpoint,
                                   size_t count)
{
    for (VEC_EACH(const struct fixture_line, line, &fixture->lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == checkpoint &&
            --count == 0)
            return line->at;
    return TIME_NEVER;
}

struct model_vertex_view model_fixture_between(struct model_fixture *fixture, uint32_t vertex,
                                               time_ns from, time_ns to)
{
    struct job_id job = { 0 };
    model_fixture_run(fixture, from);
    struct model_vertex_view before = model_fixture_view(fixture, job, vertex);
    model_fixture_run(fixture, to);
    struct model_vertex_view view = model_fixture_view(fixture, job, vertex);
    view.busy_seconds -= before.busy_seconds;
    view.idle_seconds -= before.idle_seconds;
    view.backpressured_seconds -= before.backpressured_seconds;
    view.task_seconds -= before.task_seconds;
    view.busy_most_seconds -= before.busy_most_seconds;
    view.backpressured_most_seconds -= before.backpressured_most_seconds;
    return view;
}

double model_fixture_served(struct model_fixture *fixture, time_ns from, time_ns to)
{
    struct job_id job = { 0 };
    model_fixture_run(fixture, from);
    double before = model_fixture_job(fixture, job).served_total;
    model_fixture_run(fixture, to);
    return model_fixture_job(fixture, job).served_total - before;
}
