/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of checkpoints as the log tells it: ids go up, each ends once, and a job restores the
 * newest one that completed (savepoints aside, which belong to whoever asked).
 */
#include "core/base/text.h"
#include "sim/check/checker.h"

struct job_checkpoints {
    uint64_t triggered;   /* highest id so far */
    uint64_t completed;   /* newest that a restart may use */
    VEC(uint64_t) open;   /* triggered, not ended; few */
    VEC(uint64_t) saving; /* those of them that are savepoints */
};

struct checkpoint_history {
    VEC(struct job_checkpoints) jobs;
};

static void *history_create(const struct run_look *look)
{
    struct checkpoint_history *history = mem_create(sizeof *history);
    vec_resize(&history->jobs, look->scenario->jobs.count);
    return history;
}

static void history_destroy(void *own)
{
    struct checkpoint_history *history = own;
    for (VEC_EACH(struct job_checkpoints, job, &history->jobs)) {
        vec_fini(&job->open);
        vec_fini(&job->saving);
    }
    vec_fini(&history->jobs);
    mem_destroy(history);
}

static bool take_out(uint64_t *ids, size_t *count, uint64_t id)
{
    for (size_t i = 0; i < *count; i++) {
        if (ids[i] != id)
            continue;
        ids[i] = ids[--*count];
        return true;
    }
    return false;
}

static void on_triggered(struct checker *checker, struct job_checkpoints *job, time_ns at,
                         const struct log_line *line)
{
    if (line->checkpoint <= job->triggered)
        checker_complain(checker, at, "checkpoint %llu of %s came after checkpoint %llu",
                         (unsigned long long)line->checkpoint, checker_job_name(checker, line->job),
                         (unsigned long long)job->triggered);
    job->triggered = line->checkpoint;
    vec_push(&job->open, line->checkpoint);
    if (line->reason)
        vec_push(&job->saving, line->checkpoint);
}

static void on_ended(struct checker *checker, struct job_checkpoints *job, time_ns at,
                     const struct log_line *line, bool completed)
{
    bool savepoint = take_out(job->saving.items, &job->saving.count, line->checkpoint);
    if (!take_out(job->open.items, &job->open.count, line->checkpoint))
        checker_complain(checker, at, "checkpoint %llu of %s ended but was not under way",
                         (unsigned long long)line->checkpoint,
                         checker_job_name(checker, line->job));
    if (!completed || savepoint)
        return;
    if (line->checkpoint < job->completed)
        checker_complain(checker, at, "checkpoint %llu of %s completed after a newer one",
                         (unsigned long long)line->checkpoint,
                         checker_job_name(checker, line->job));
    else
        job->completed = line->checkpoint;
}

static void on_line(struct checker *checker, time_ns at, struct node_id node,
                    const struct log_line *line)
{
    struct checkpoint_history *history = checker->own;
    (void)node;
    if (!text_equal(line->machine, "checkpoint") || line->job.n >= history->jobs.count)
        return;
    struct job_checkpoints *job = &history->jobs.items[line->job.n];
    if (text_equal(line->what, "triggered"))
        on_triggered(checker, job, at, line);
    else if (text_equal(line->what, "completed") || text_equal(line->what, "failed"))
        on_ended(checker, job, at, line, text_equal(line->what, "completed"));
    else if (text_equal(line->what, "starting from savepoint"))
        job->triggered = job->completed = (uint64_t)line->value; /* numbers go on behind it */
    else if (text_equal(line->what, "restore from checkpoint") &&
             (uint64_t)line->value != job->completed)
        checker_complain(checker, at, "%s restores checkpoint %lld, the newest completed is %llu",
                         checker_job_name(checker, line->job), (long long)line->value,
                         (unsigned long long)job->completed);
}

const struct checker_row checker_checkpoints = {
    .name = "checkpoints",
    .invariant = "exactly-once",
    .create = history_create,
    .destroy = history_destroy,
    .line = on_line,
};
