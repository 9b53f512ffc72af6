/* SPDX-License-Identifier: Apache-2.0
 *
 * From the last occurrence back to the first, the next event of each job in hand. An event of a job
 * must come for each of several that ran, so that none stands in for another. Only a job some of
 * whose tasks stopped can come back: one that ran on is not waited for, nor one that had ended.
 */
#include "sim/check/waits.h"

#include "sim/check/touched.h"
#include "sim/load/event_pattern.h"

bool waits_is_cut_off(const struct run_evidence *run, const struct expectation *expectation,
                      time_ns after)
{
    return expectation->within != TIME_NEVER &&
           time_add(after, expectation->within) > metrics_end(run->metrics);
}

/* What is being judged, and when the event comes next, going through the run from its end to its
 * beginning. */
struct coming {
    const struct run_evidence *run;
    const struct expectation *expectation;
    const struct event_times *times;
    bool is_return; /* what is waited for is that all tasks of a job run again */
    struct touched touched;
    size_t behind;            /* events from here on are in `next` */
    struct event_moment next; /* of all */
    time_ns next_of_none;
    VEC(time_ns) next_of; /* by job */
};

static void coming_init(struct coming *coming, const struct run_evidence *run,
                        const struct expectation *expectation, const struct event_times *times)
{
    size_t jobs = run->scenario->jobs.count;
    *coming = (struct coming){ .run = run,
                               .expectation = expectation,
                               .times = times,
                               .is_return = event_pattern_matches(expectation->subject, "job",
                                                                  "all tasks RUNNING", NULL, NULL),
                               .behind = times->event.count,
                               .next = { TIME_NEVER, job_id_none() },
                               .next_of_none = TIME_NEVER };
    touched_init(&coming->touched, run->incidents, jobs, times);
    for (size_t j = 0; j < jobs; j++)
        vec_push(&coming->next_of, TIME_NEVER);
}

static void coming_fini(struct coming *coming)
{
    touched_fini(&coming->touched);
    vec_fini(&coming->next_of);
}

static void coming_go_back_to(struct coming *coming, time_ns at)
{
    while (coming->behind > 0 && coming->times->event.items[coming->behind - 1].at >= at) {
        coming->next = coming->times->event.items[--coming->behind];
        if (job_id_is_none(coming->next.job))
            coming->next_of_none = coming->next.at;
        else
            coming->next_of.items[coming->next.job.n] = coming->next.at;
    }
}

/* What is no job's serves all jobs. */
static time_ns next_of(const struct coming *coming, struct job_id job)
{
    time_ns own = coming->next_of.items[job.n], none = coming->next_of_none;
    return own < none ? own : none;
}

/* What became of an occurrence, the less the sooner it counts among several jobs. */
enum answer { ANSWER_NEVER, ANSWER_OPEN, ANSWER_CAME, ANSWER_JOB_ENDED, ANSWER_UNTOUCHED };

struct reply {
    enum answer answer;
    struct event_moment moment; /* CAME; of the others only the job */
};

static struct reply reply_at(const struct coming *coming, time_ns after, time_ns at,
                             struct job_id job)
{
    bool is_open = at == TIME_NEVER && waits_is_cut_off(coming->run, coming->expectation, after);
    enum answer answer = at != TIME_NEVER ? ANSWER_CAME : is_open ? ANSWER_OPEN : ANSWER_NEVER;
    return (struct reply){ answer, { at, job } };
}

/* A job that was ended while it was down is not waited for any more; one that FAILED is, in vain.
 */
static struct reply reply_by(const struct coming *coming, time_ns after,
                             const struct incident *outage)
{
    bool gave_up = outage->failed_at != TIME_NEVER && outage->running_at == TIME_NEVER;
    bool ended = outage->over_at != TIME_NEVER && outage->running_at == TIME_NEVER;
    if (gave_up)
        return (struct reply){ ANSWER_NEVER, { TIME_NEVER, outage->job } };
    if (ended && coming->expectation->within >= outage->over_at - after)
        return (struct reply){ ANSWER_JOB_ENDED, { TIME_NEVER, outage->job } };
    return reply_at(coming, after, outage->running_at, outage->job);
}

/* Of a job that ran then, or whose event the occurrence is. */
static struct reply reply_of(const struct coming *coming, struct event_moment after,
                             struct job_id job)
{
    time_ns until = time_add(after.at, coming->expectation->within);
    const struct incident *outage = NULL;
    if (coming->is_return && event_watch_ran(coming->run->watch, job, after.at))
        outage = touched_by(&coming->touched, job, after.at, until);
    if (outage)
        return reply_by(coming, after.at, outage);
    if (coming->is_return && job_id_is_none(after.job))
        return (struct reply){ ANSWER_UNTOUCHED, { TIME_NEVER, job } };
    return reply_at(coming, after.at, next_of(coming, job), job);
}

static bool counts_before(struct reply a, struct reply b)
{
    return a.answer != b.answer ? a.answer < b.answer : a.moment.at > b.moment.at;
}

/* For all jobs that the event is waited for from: the one whose event the occurrence is, or each
 * that ran then. Where none did, the next event will do, but nothing comes back from the dead. */
static struct reply reply_of_all(const struct coming *coming, struct event_moment after)
{
    const struct event_watch *watch = coming->run->watch;
    struct job_id only = coming->expectation->job;
    struct reply worst = { ANSWER_UNTOUCHED, { TIME_NEVER, job_id_none() } };
    bool any_ran = false, all_ended = coming->is_return;
    if (!job_id_is_none(after.job))
        return reply_of(coming, after, after.job);
    for (uint32_t j = 0; j < coming->run->scenario->jobs.count; j++) {
        struct job_id job = { j };
        if (!job_id_is_none(only) && !job_id_equal(only, job))
            continue;
        all_ended = all_ended && event_watch_had_ended(watch, job, after.at);
        if (!event_watch_ran(watch, job, after.at))
            continue;
        struct reply reply = reply_of(coming, after, job);
        worst = !any_ran || counts_before(reply, worst) ? reply : worst;
        any_ran = true;
    }
    return any_ran || all_ended ? worst
                                : reply_at(coming, after.at, coming->next.at, coming->next.job);
}

static void take_reply(struct waits *waits, time_ns after, const struct reply *reply)
{
    time_ns at = reply->moment.at, wait = at == TIME_NEVER ? TIME_NEVER : at - after;
    switch (reply->answer) {
    case ANSWER_OPEN: waits->open++; return;
    case ANSWER_JOB_ENDED: waits->ended++; return;
    case ANSWER_UNTOUCHED: waits->untouched++; return;
    case ANSWER_NEVER:
    case ANSWER_CAME: break;
    }
    if (wait >= waits->longest) { /* of equal ones the first */
        waits->longest = wait;
        waits->after = (struct event_moment){ after, reply->moment.job };
    }
}

void waits_find(const struct run_evidence *run, const struct expectation *expectation,
                const struct event_times *times, struct waits *waits)
{
    struct coming coming;
    *waits = (struct waits){ .longest = -1, .after = { 0, job_id_none() } };
    coming_init(&coming, run, expectation, times);
    for (size_t i = times->after.count; i-- > 0;) {
        struct event_moment after = times->after.items[i];
        coming_go_back_to(&coming, after.at);
        struct reply reply = reply_of_all(&coming, after);
        take_reply(waits, after.at, &reply);
    }
    coming_fini(&coming);
}
