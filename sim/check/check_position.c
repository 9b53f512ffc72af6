/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a job's state has come. It goes back only where subtasks begin anew, and then to the
 * checkpoint that the JobManager named, however long the restore takes and however late the log
 * tells of it; no start leaves it where it was. It is never ahead of what was served, a checkpoint
 * is never ahead of the state, and one that is complete stays where it is. Where a job goes on from
 * the snapshot that another one stopped with, each source that both have begins with the record
 * behind that one's last.
 */
#include <math.h>

#include "core/base/text.h"
#include "sim/check/checker.h"

/* Sums of doubles in another order than the model's own. */
#define TOLERANCE 1e-6

/* A completed checkpoint, as it was when it was first seen. */
struct seen_cut {
    uint64_t checkpoint;
    double position;
};

struct place {
    double position, restore;
    uint64_t restores; /* that had happened by the last sample */
    uint64_t named,
        named_before;          /* restored as the log has it: last, by the last sample; 0: none */
    uint64_t starts;           /* of all tasks, that the job was seen to run behind */
    bool started;              /* the log says so, no sample has seen it yet */
    double taken_over;         /* of a former job's log, by the last sample */
    uint64_t completed;        /* newest snapshot that the log tells of, savepoints too */
    uint64_t stop;             /* the savepoint that was to stop the job; 0: it lost a task since */
    uint64_t begun_from;       /* the former job's snapshot; 0: none */
    bool finished;             /* the job has */
    VEC(struct seen_cut) cuts; /* from `named_before` on, ascending */
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
    for (VEC_EACH(struct place, place, &places->jobs))
        vec_fini(&place->cuts);
    vec_fini(&places->jobs);
    mem_destroy(places);
}

static bool has_lost_task(const struct log_line *line)
{
    return text_equal(line->machine, "execution") && line->to &&
           (text_equal(line->to, "FAILED") || text_equal(line->to, "CANCELED"));
}

static bool is_to_stop(const struct log_line *triggered)
{
    return text_equal(triggered->machine, "checkpoint") && triggered->reason &&
           !text_equal(triggered->reason, "savepoint");
}

static void on_line(struct checker *checker, time_ns at, struct node_id node,
                    const struct log_line *line)
{
    struct places *places = checker->own;
    (void)at, (void)node;
    if (!(line->subject & LOG_OF_JOB) || line->job.n >= places->jobs.count)
        return;
    struct place *place = &places->jobs.items[line->job.n];
    if (has_lost_task(line))
        place->stop = 0;
    if (text_equal(line->what, "restore from checkpoint"))
        place->named = (uint64_t)line->value;
    else if (text_equal(line->what, "triggered"))
        place->stop = is_to_stop(line) ? line->checkpoint : place->stop;
    else if (text_equal(line->what, "starting from savepoint"))
        place->begun_from = (uint64_t)line->value;
    else if (text_equal(line->what, "completed") && text_equal(line->machine, "checkpoint"))
        place->completed =
            line->checkpoint > place->completed ? line->checkpoint : place->completed;
    else if (text_equal(line->what, "job ended"))
        place->finished = text_equal(line->reason, "FINISHED");
    else if (text_equal(line->what, "all tasks RUNNING"))
        place->started = true;
    else if (line->to && !text_equal(line->machine, "checkpoint"))
        place->started = false; /* something has ended before anybody looked */
}

static bool is_below(double value, double bound)
{
    return value < bound - TOLERANCE * fmax(1, fabs(bound));
}

static void see_cut(struct checker *checker, time_ns at, struct job_id job, struct place *place,
                    const struct model_job_view *flow)
{
    const struct seen_cut *newest = place->cuts.count > 0 ? &vec_last(&place->cuts) : NULL;
    if (flow->restore_checkpoint == 0)
        return;
    if (!newest || flow->restore_checkpoint > newest->checkpoint) {
        vec_push(&place->cuts,
                 (struct seen_cut){ flow->restore_checkpoint, flow->restore_position });
        return;
    }
    if (flow->restore_checkpoint == newest->checkpoint &&
        (is_below(flow->restore_position, newest->position) ||
         is_below(newest->position, flow->restore_position)))
        checker_complain(checker, at, "checkpoint %llu of %s is not where it was when it completed",
                         (unsigned long long)newest->checkpoint, checker_job_name(checker, job));
}

/* Position of a checkpoint, exact or, when no sample has seen it, a bound from below. */
static double position_of(const struct place *place, uint64_t checkpoint, bool *exact)
{
    size_t i = place->cuts.count;
    while (i > 0 && place->cuts.items[i - 1].checkpoint > checkpoint)
        i--;
    struct seen_cut best = i > 0 ? place->cuts.items[i - 1] : (struct seen_cut){ 0, 0 };
    *exact = best.checkpoint == checkpoint;
    return best.position;
}

/* Subtasks began anew since the last sample. Those that went on hold the position up. */
static void check_restore(struct checker *checker, time_ns at, struct job_id job,
                          const struct place *place, const struct model_restore *restored)
{
    bool exact;
    const char *name = checker_job_name(checker, job);
    double wanted = position_of(place, restored->checkpoint, &exact);
    if (restored->checkpoint < place->named_before || restored->checkpoint > place->named)
        checker_complain(checker, at, "%s takes up checkpoint %llu, but was to restore %llu", name,
                         (unsigned long long)restored->checkpoint,
                         (unsigned long long)place->named);
    else if (is_below(restored->position, wanted))
        checker_complain(checker, at, "the state of %s went back behind checkpoint %llu", name,
                         (unsigned long long)restored->checkpoint);
    else if (exact && restored->whole && is_below(wanted, restored->position))
        checker_complain(checker, at, "the state of %s did not go back to checkpoint %llu", name,
                         (unsigned long long)restored->checkpoint);
}

/* What is older than the one named before will not be restored again. */
static void forget_cuts(struct place *place)
{
    size_t kept = 0;
    for (VEC_EACH(const struct seen_cut, cut, &place->cuts))
        if (cut->checkpoint >= place->named_before)
            place->cuts.items[kept++] = *cut;
    place->cuts.count = kept;
}

/* It read nothing behind the snapshot: that one stopped it, or it is the checkpoint that tasks wait
 * for whose input has ended. Behind any other the job ran on, to its end. */
static bool has_stopped_with(const struct checker *checker, uint32_t job, uint64_t snapshot)
{
    const struct place *place = &((struct places *)checker->own)->jobs.items[job];
    const struct config *config = &checker->look->scenario->jobs.items[job].graph->config;
    if (!place->finished || place->completed != snapshot)
        return false;
    return snapshot == place->stop ||
           (config_has_checkpoints(config) && config->checkpoint_after_finish);
}

static struct model_vertex_view view_of(const struct checker *checker, uint32_t job,
                                        struct vertex_id vertex)
{
    struct model_vertex_view view;
    checker->look->vertex(checker->look->context, (struct job_id){ job }, vertex, &view);
    return view;
}

/* A source that both jobs have: where the former one stopped with that snapshot, its last record is
 * the one before this job's first. Neither is read twice, and none between them is left out. */
static void check_source(struct checker *checker, time_ns at, struct job_id job, uint32_t former,
                         struct vertex_id source)
{
    const struct job_graph *graph = checker->look->scenario->jobs.items[job.n].graph;
    const struct job_graph *theirs = checker->look->scenario->jobs.items[former].graph;
    struct vertex_id there = job_graph_find_vertex(theirs, graph->vertices.items[source.n].name);
    if (vertex_id_is_none(there) || !job_graph_is_source(theirs, there))
        return; /* it has a log of its own */
    double left_at = view_of(checker, former, there).position;
    double taken_over = view_of(checker, job.n, source).taken_over;
    if (is_below(taken_over, left_at))
        checker_complain(checker, at, "%s reads again what was in the savepoint it started from",
                         checker_job_name(checker, job));
    else if (is_below(left_at, taken_over))
        checker_complain(checker, at, "%s leaves out records behind the savepoint it started from",
                         checker_job_name(checker, job));
}

/* Before its tasks have begun, the snapshot may be another one yet, or none. */
static void check_taken_over(struct checker *checker, time_ns at, struct job_id job,
                             const struct place *place, const struct model_job_view *flow)
{
    const struct job_spec *spec = &checker->look->scenario->jobs.items[job.n];
    if (spec->former == 0 || place->begun_from == 0 || flow->restored.count == 0 ||
        !has_stopped_with(checker, spec->former - 1, place->begun_from))
        return;
    for (uint32_t v = 0; v < spec->graph->vertices.count; v++)
        if (job_graph_is_source(spec->graph, (struct vertex_id){ v }))
            check_source(checker, at, job, spec->former - 1, (struct vertex_id){ v });
}

/* What a former job had read is known when this one takes its log up, and may be known better when
 * its tasks are deployed. */
static void see_taken_over(struct place *place, const struct model_job_view *flow)
{
    if (flow->taken_over == place->taken_over)
        return;
    place->taken_over = place->position = flow->taken_over;
    place->restore = 0;
    place->cuts.count = 0;
}

/* Every record that arrived, or is served again, has been served, waits, or is given up. */
static void check_books(struct checker *checker, time_ns at, struct job_id job,
                        const struct model_job_view *flow)
{
    double in = flow->offered_total + flow->inherited + flow->replayed_total + flow->setback;
    double out = flow->served_total + flow->backlog + flow->given_up;
    if (is_below(in, out) || is_below(out, in))
        checker_complain(checker, at,
                         "of %s %lld records arrived or are served again, but %lld were served, "
                         "wait or are given up",
                         checker_job_name(checker, job), (long long)in, (long long)out);
}

static void check_job(struct checker *checker, time_ns at, struct job_id job)
{
    const struct model_job_view *flow = &checker->recorder->jobs.items[job.n].flow;
    struct place *place = &((struct places *)checker->own)->jobs.items[job.n];
    struct look_job view;
    const char *name = checker_job_name(checker, job);
    if (!checker->look->job(checker->look->context, job, &view) || view.ended_at != TIME_NEVER)
        return;
    check_books(checker, at, job, flow);
    see_taken_over(place, flow);
    see_cut(checker, at, job, place, flow);
    check_taken_over(checker, at, job, place, flow);
    if (flow->restored.count > place->restores)
        check_restore(checker, at, job, place, &flow->restored);
    else if (is_below(flow->position, place->position))
        checker_complain(checker, at, "the state of %s went back although nothing restarted", name);
    if (place->started && flow->whole) {
        place->starts++;
        place->started = false;
    }
    if (flow->restored.count < place->starts)
        checker_complain(checker, at, "tasks of %s began anew and went on where others were", name);
    if (is_below(flow->position, place->restore))
        checker_complain(checker, at, "the state of %s is behind its newest checkpoint", name);
    if (is_below(flow->position, flow->restore_position))
        checker_complain(checker, at, "a checkpoint of %s is ahead of its state", name);
    if (is_below(flow->taken_over + flow->served_total, flow->position))
        checker_complain(checker, at, "the state of %s is ahead of what was served", name);
    place->position = flow->position;
    place->restore = flow->restore_position;
    place->restores = flow->restored.count;
    if (place->named != place->named_before)
        forget_cuts(place);
    place->named_before = place->named;
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
