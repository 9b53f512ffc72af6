/* SPDX-License-Identifier: Apache-2.0
 *
 * Three outages of a job can be meant: one that was not over then; the one that is put down to what
 * happened, be it noticed late, and though the job came back from something else meanwhile; and,
 * where there is neither, the next that began in time.
 */
#include "sim/check/touched.h"

static void add_outage(struct job_outages *job, const struct incident *incident)
{
    uint32_t place = (uint32_t)job->list.count;
    vec_push(&job->list, incident);
    vec_push(&job->former, index_map_get(&job->last_by, (uint64_t)incident->at));
    index_map_put(&job->last_by, (uint64_t)incident->at, place);
}

void touched_init(struct touched *touched, const struct incidents *incidents, size_t jobs,
                  const struct event_times *times)
{
    *touched = (struct touched){ .times = times };
    vec_resize(&touched->jobs, jobs);
    for (VEC_EACH(const struct incident, incident, &incidents->list))
        add_outage(&touched->jobs.items[incident->job.n], incident);
}

void touched_fini(struct touched *touched)
{
    for (VEC_EACH(struct job_outages, job, &touched->jobs)) {
        vec_fini(&job->list);
        vec_fini(&job->former);
        index_map_fini(&job->last_by);
    }
    vec_fini(&touched->jobs);
}

/* The place of the first that was not over then; their number: all were. */
static size_t first_open(const struct job_outages *job, time_ns at)
{
    size_t low = 0, high = job->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (job->list.items[middle]->running_at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last by that fault which began up to `until`, else the first that it led to, however late. */
static uint32_t by_fault(const struct job_outages *job, time_ns at, time_ns until)
{
    uint32_t place = index_map_get(&job->last_by, (uint64_t)at);
    while (place != INDEX_NONE && job->list.items[place]->down_at > until &&
           job->former.items[place] != INDEX_NONE)
        place = job->former.items[place];
    return place;
}

static bool has_happened(const struct event_times *times, time_ns at)
{
    size_t place = event_moments_first(times->after.items, times->after.count, at);
    return place < times->after.count && times->after.items[place].at == at;
}

const struct incident *touched_by(const struct touched *touched, struct job_id id, time_ns at,
                                  time_ns until)
{
    const struct job_outages *job = &touched->jobs.items[id.n];
    uint32_t own = by_fault(job, at, until);
    if (own != INDEX_NONE)
        return job->list.items[own]; /* what the job was down by already is over by then */
    size_t open = first_open(job, at);
    if (open == job->list.count)
        return NULL;
    const struct incident *next = job->list.items[open];
    bool by_later = next->at > at && has_happened(touched->times, next->at);
    bool is_meant = next->down_at <= at || (next->down_at <= until && !by_later);
    return is_meant ? next : NULL;
}
