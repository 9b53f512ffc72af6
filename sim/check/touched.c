/* SPDX-License-Identifier: Apache-2.0
 *
 * Of each job only the first outage that was not over then can be meant.
 */
#include "sim/check/touched.h"

void touched_init(struct touched *touched, const struct incidents *incidents, size_t jobs,
                  const struct event_times *times)
{
    *touched = (struct touched){ .times = times };
    vec_resize(&touched->jobs, jobs);
    for (VEC_EACH(const struct incident, incident, &incidents->list))
        vec_push(&touched->jobs.items[incident->job.n].list, incident);
}

void touched_fini(struct touched *touched)
{
    for (VEC_EACH(struct job_outages, job, &touched->jobs))
        vec_fini(&job->list);
    vec_fini(&touched->jobs);
}

/* Null: all were over then. */
static const struct incident *first_open(const struct job_outages *job, time_ns at)
{
    size_t low = 0, high = job->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (job->list.items[middle]->running_at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < job->list.count ? job->list.items[low] : NULL;
}

static bool has_happened(const struct event_times *times, time_ns at)
{
    size_t low = 0, high = times->after.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times->after.items[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < times->after.count && times->after.items[low].at == at;
}

bool touched_is(const struct touched *touched, struct job_id job, time_ns at, time_ns until)
{
    const struct incident *incident = first_open(&touched->jobs.items[job.n], at);
    if (!incident)
        return false;
    if (incident->down_at <= at || incident->at == at)
        return true; /* down already, or by this, however late */
    bool by_later = incident->at > at && has_happened(touched->times, incident->at);
    return incident->down_at <= until && !by_later;
}
