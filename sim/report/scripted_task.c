/* SPDX-License-Identifier: Apache-2.0
 *
 * By the label, among the events of the script. Cost: linear in them, for each that is looked for.
 */
#include "sim/report/scripted_task.h"

#include "core/base/text.h"

static bool is_of_job(enum action_kind kind)
{
    return kind == ACTION_CANCEL || kind == ACTION_STOP_JOB || kind == ACTION_SAVEPOINT ||
           kind == ACTION_RESCALE;
}

static bool is_same(const struct scripted_event *a, const struct scripted_event *b)
{
    return a->job.n == b->job.n && (a->kind != ACTION_FAIL_TASK ||
                                    (a->vertex.n == b->vertex.n && a->subtask == b->subtask));
}

/* Null: there is none, or several that mean different things. */
static const struct scripted_event *find(const struct scenario *scenario, enum action_kind kind,
                                         const char *label)
{
    const struct scripted_event *found = NULL;
    for (VEC_EACH(const struct scripted_event, event, &scenario->events)) {
        if (event->kind != kind || !text_equal(event->label, label))
            continue;
        if (found && !is_same(event, found))
            return NULL;
        found = event;
    }
    return found;
}

bool scripted_task_find(const struct scenario *scenario, const char *word, const char *label,
                        struct scripted_task *out)
{
    if (!label || !text_equal(word, action_words[ACTION_FAIL_TASK]))
        return false;
    const struct scripted_event *found = find(scenario, ACTION_FAIL_TASK, label);
    if (!found)
        return false;
    const struct job_spec *job = &scenario->jobs.items[found->job.n];
    *out = (struct scripted_task){ job->name, job->graph->vertices.items[found->vertex.n].name,
                                   found->subtask };
    return true;
}

const char *scripted_job_find(const struct scenario *scenario, const char *word, const char *label)
{
    for (int kind = 0; label && kind < ACTION_KIND_COUNT; kind++) {
        if (!is_of_job((enum action_kind)kind) || !text_equal(word, action_words[kind]))
            continue;
        const struct scripted_event *found = find(scenario, (enum action_kind)kind, label);
        return found ? scenario->jobs.items[found->job.n].name : NULL;
    }
    return NULL;
}
