/* SPDX-License-Identifier: Apache-2.0
 *
 * Watermark alignment: each source's coordinator tells its subtasks, at its interval, how far they
 * may read: the least watermark that any subtask of the group has reported, and the drift. Reports
 * and announcements take the network's latency, one behind the other. Source: Flink's
 * SourceCoordinator.announceCombinedWatermark, SourceOperator.emitLatestWatermark.
 */
#include "core/base/text.h"
#include "sim/exact/parts.h"

static void announce(void *context, uint64_t a, uint64_t b);

static const struct watermark_alignment *alignment_of(const struct exact_job *job, uint32_t v)
{
    return job->spec->program ? job->spec->program->vertices.items[v].alignment : NULL;
}

static void wait_for_announcement(struct exact *exact, const struct exact_job *job, uint32_t v)
{
    exact_push(exact, time_add(exact_now(exact), alignment_of(job, v)->interval), announce,
               (uint64_t)job->number << 32 | v, job->look_round);
}

void align_begin(struct exact *exact, struct exact_job *job)
{
    for (uint32_t v = 0; v < job->vertex_count; v++)
        if (alignment_of(job, v))
            wait_for_announcement(exact, job, v);
}

/* Does it read on, so that it has something to report and to be told? */
static struct exact_task *reader_at(struct exact *exact, uint32_t index)
{
    struct exact_task *task = index == NONE ? NULL : &exact->tasks.items[index];
    bool reads =
        task && task->life.phase == TASK_RUNNING && exec_task_state(task->exec) == EXEC_RUNNING;
    return reads ? task : NULL;
}

/* Those that have none yet have reported nothing. */
static int64_t least_of_group(struct exact *exact, const struct exact_job *job, const char *group)
{
    int64_t least = WATERMARK_MAX;
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        const struct watermark_alignment *alignment = alignment_of(job, v);
        if (!alignment || !text_equal(alignment->group, group))
            continue;
        for (VEC_EACH(const uint32_t, index, &job->vertices[v].life.current)) {
            const struct exact_task *task = reader_at(exact, *index);
            int64_t watermark = task ? exec_task_source_watermark(task->exec) : WATERMARK_NONE;
            if (watermark != WATERMARK_NONE && watermark < least)
                least = watermark;
        }
    }
    return least;
}

static void hear(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    uint32_t index = (uint32_t)(a >> 32), generation = (uint32_t)a;
    if (exact->tasks.items[index].life.generation != generation)
        return;
    if (exact_hold(exact, exact->tasks.items[index].life.host, hear, a, b))
        return;
    struct exact_task *task = reader_at(exact, index);
    if (!task)
        return;
    exec_task_set_watermark_bound(task->exec, (int64_t)b);
    run_wake(exact, index);
}

static void announce(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct exact_job *job = &exact->jobs[a >> 32];
    uint32_t v = (uint32_t)a;
    const struct watermark_alignment *alignment = alignment_of(job, v);
    if (job->look_round != b || job->broken_at != TIME_NEVER || job->ended)
        return;
    wait_for_announcement(exact, job, v);
    int64_t least = least_of_group(exact, job, alignment->group);
    int64_t bound = watermark_alignment_bound(&least, 1, alignment->drift_max);
    time_ns latency = distribution_mean(&exact->scenario->cluster.network.latency);
    time_ns at = time_add(exact_now(exact), 2 * latency);
    for (VEC_EACH(const uint32_t, index, &job->vertices[v].life.current))
        if (reader_at(exact, *index))
            exact_push(exact, at, hear,
                       (uint64_t)*index << 32 | exact->tasks.items[*index].life.generation,
                       (uint64_t)bound);
}
