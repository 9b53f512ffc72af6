/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes the run anew up to the instant and looks into its data plane.
 */
#include "sim/cli/instant.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/origin.h"
#include "sim/exact/look.h"
#include "sim/load/quantity.h"
#include "sim/report/number_text.h"

enum { SHOWN_MAX = 60, CHANNELS_SHOWN = 32 };

struct task_name {
    struct job_id job;
    struct vertex_id vertex;
    int64_t subtask; /* -1: all */
};

static bool is_vertex(const struct job_spec *job, uint32_t v, const char *text, size_t length)
{
    const char *name = job->graph->vertices.items[v].name;
    return strlen(name) == length && strncmp(name, text, length) == 0;
}

static bool find_vertex(const struct scenario *scenario, const char *text, size_t length,
                        struct task_name *out)
{
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        const struct job_spec *job = &scenario->jobs.items[j];
        size_t skip = strlen(job->name) + 1;
        bool named =
            length > skip && strncmp(text, job->name, skip - 1) == 0 && text[skip - 1] == ':';
        for (uint32_t v = 0; v < job->graph->vertices.count; v++)
            if (is_vertex(job, v, text, length) ||
                (named && is_vertex(job, v, text + skip, length - skip))) {
                out->job = job->graph->id;
                out->vertex = (struct vertex_id){ v };
                return true;
            }
    }
    return false;
}

/* A name may hold a slash: the whole text is tried first. */
static struct err find_task(const struct scenario *scenario, const char *text,
                            struct task_name *out, struct note *note)
{
    const char *slash = strrchr(text, '/');
    out->subtask = -1;
    if (find_vertex(scenario, text, strlen(text), out))
        return OK;
    if (slash && !err_is(quantity_count(slash + 1, &out->subtask)) && out->subtask >= 0 &&
        find_vertex(scenario, text, (size_t)(slash - text), out))
        return OK;
    return err_note(note, ERR_NOT_FOUND_CODE,
                    "--task: found '%.*s', expected a vertex of the run, such as %s, or %s/0",
                    SHOWN_MAX, text, scenario->jobs.items[0].graph->vertices.items[0].name,
                    scenario->jobs.items[0].graph->vertices.items[0].name);
}

static void tell_barriers(const struct look_channel *channel, FILE *file)
{
    if (channel->blocks_for > 0)
        fprintf(file, ", blocked by the barrier of checkpoint %" PRIu64, channel->blocks_for);
    else if (channel->blocked)
        fputs(", blocked", file);
    if (channel->barrier > 0 && channel->unaligned)
        fprintf(file, ", unaligned barrier of checkpoint %" PRIu64 " in front of all",
                channel->barrier);
    else if (channel->barrier > 0)
        fprintf(file, ", barrier of checkpoint %" PRIu64 " behind %u of them", channel->barrier,
                channel->before_barrier);
    if (channel->barrier_on_way > 0)
        fprintf(file, ", barrier of checkpoint %" PRIu64 " on the way", channel->barrier_on_way);
    fputs(channel->ended ? ", ended\n" : "\n", file);
}

static void tell_channel(const struct job_spec *job, const struct look_channel *channel, bool input,
                         FILE *file)
{
    const struct job_edge *edge = &job->graph->edges.items[channel->edge];
    struct vertex_id other = input ? edge->producer : edge->consumer;
    fprintf(file, "    %s %s/%u: %u buffers queued, %u %s", input ? "from" : "to",
            job->graph->vertices.items[other.n].name, channel->subtask, channel->queued,
            channel->credits, input ? "free" : "credits");
    if (channel->under_way > 0)
        fprintf(file, ", %u on the way", channel->under_way);
    if (channel->buffer_size > 0)
        fprintf(file, ", buffers of %u bytes wanted", channel->buffer_size);
    if (!channel->connected)
        fputs(", not connected", file);
    tell_barriers(channel, file);
}

static void tell_channels(const struct job_spec *job, const struct look_channel *channels,
                          size_t count, bool input, FILE *file)
{
    for (size_t i = 0; i < count && i < CHANNELS_SHOWN; i++)
        tell_channel(job, &channels[i], input, file);
    if (count > CHANNELS_SHOWN)
        fprintf(file, "    and %zu more channels\n", count - CHANNELS_SHOWN);
}

static void tell_task(const struct origin_run *run, const struct task_name *name, uint32_t subtask,
                      time_ns duration, FILE *file)
{
    const struct job_spec *job = &run->scenario->jobs.items[name->job.n];
    const char *vertex = job->graph->vertices.items[name->vertex.n].name;
    struct look_task look;
    if (!exact_look_task(plane_exact(simulation_plane(run->simulation)), name->job, name->vertex,
                         subtask, &look)) {
        fprintf(file, "  %s/%u: no attempt at it is there\n", vertex, subtask);
        return;
    }
    const char *host =
        virtual_cluster_process(simulation_cluster(run->simulation), (struct node_id){ look.host })
            .name;
    fprintf(file, "  %s/%u, attempt %u on %s: %s\n", vertex, subtask, look.attempt, host,
            look.runs ? look.pace : "does not run");
    if (look.runs) {
        char bytes[NUMBER_TEXT_SIZE], records[NUMBER_TEXT_SIZE], wakes[NUMBER_TEXT_SIZE];
        number_text((double)look.state_bytes, METRIC_BYTES, bytes);
        number_text_amount((double)look.records_in, records);
        fprintf(file, "    %s records in, %s of keyed state", records, bytes);
        if (look.timers > 0)
            fprintf(file, ", %" PRIu64 " timer%s set", look.timers, look.timers == 1 ? "" : "s");
        if (look.watermark != INT64_MIN)
            fprintf(file, ", watermark %" PRId64, look.watermark);
        if (look.restored > 0)
            fprintf(file, ", restored from checkpoint %" PRIu64, look.restored);
        if (look.snapshots > 0)
            fprintf(file, ", %u snapshots under way", look.snapshots);
        if (look.wakes_at != TIME_NEVER) {
            number_text_moment(look.wakes_at, duration, wakes);
            fprintf(file, ", next timer at %s", wakes);
        }
        fputc('\n', file);
    }
    tell_channels(job, look.inputs.items, look.inputs.count, true, file);
    tell_channels(job, look.outputs.items, look.outputs.count, false, file);
    look_task_fini(&look);
}

static struct err tell(const struct origin_run *run, const char *text, time_ns at, time_ns duration,
                       FILE *file, struct note *note)
{
    struct task_name name = { { 0 }, { 0 }, -1 };
    struct model_vertex_view view;
    char moment[NUMBER_TEXT_SIZE];
    TRY(find_task(run->scenario, text, &name, note));
    exact_view_vertex(plane_exact(simulation_plane(run->simulation)), name.job, name.vertex, &view);
    if (name.subtask >= (int64_t)view.parallelism && name.subtask >= 0)
        return err_note(note, ERR_NOT_FOUND_CODE,
                        "--task: found subtask %lld, the vertex has %u at that time",
                        (long long)name.subtask, view.parallelism);
    number_text_moment(at, duration, moment);
    fprintf(file, "At %s:\n", moment);
    if (view.parallelism == 0)
        fputs("  it is not deployed yet\n", file);
    for (uint32_t s = 0; s < view.parallelism; s++)
        if (name.subtask < 0 || name.subtask == (int64_t)s)
            tell_task(run, &name, s, duration, file);
    return OK;
}

struct err instant_tell(const struct run_log *log, const json_t *summary, const char *task,
                        time_ns at, time_ns duration, FILE *file, struct note *note)
{
    struct origin_run run;
    struct err e = origin_run_to(&run, summary, log, at, note);
    if (!err_is(e))
        e = tell(&run, task, at, duration, file, note);
    origin_run_fini(&run);
    return e;
}
