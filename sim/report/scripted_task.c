/* SPDX-License-Identifier: Apache-2.0
 *
 * By the label, among the events of the script. Cost: linear in them, for each task that fails so.
 */
#include "sim/report/scripted_task.h"

#include "core/base/text.h"

bool scripted_task_find(const struct scenario *scenario, const char *word, const char *label,
                        struct scripted_task *out)
{
    const struct scripted_event *found = NULL;
    if (!label || !text_equal(word, action_words[ACTION_FAIL_TASK]))
        return false;
    for (VEC_EACH(const struct scripted_event, event, &scenario->events)) {
        if (event->kind != ACTION_FAIL_TASK || !text_equal(event->label, label))
            continue;
        if (found && (event->job.n != found->job.n || event->vertex.n != found->vertex.n ||
                      event->subtask != found->subtask))
            return false;
        found = event;
    }
    if (!found)
        return false;
    const struct job_spec *job = &scenario->jobs.items[found->job.n];
    *out = (struct scripted_task){ job->name, job->graph->vertices.items[found->vertex.n].name,
                                   found->subtask };
    return true;
}
