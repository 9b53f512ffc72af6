/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobMaster's calls that go straight to the scheduler's row, and the choice of the row. In:
 * what has happened. Out: the row's function, unless the job has ended: from then on late messages
 * of all kinds are ignored here, so that no row has to think of them.
 */
#include "core/schedule/parts.h"

/* What is read while it is written: the only exchanges that need no order among regions. */
static bool is_streaming_exchange(enum result_type result, bool adaptive)
{
    return result == RESULT_PIPELINED || result == RESULT_PIPELINED_BOUNDED ||
           (result == RESULT_PIPELINED_APPROXIMATE && !adaptive);
}

/* DefaultSlotPoolServiceSchedulerFactory. Batch jobs are not run by this version at all. */
struct err scheduler_choose(const struct job_graph *job, const struct scheduler_row **out,
                            struct note *note)
{
    const struct config *config = &job->config;
    if (config->runtime_mode == RUNTIME_MODE_BATCH)
        return err_note(note, ERR_REFUSED_CODE,
                        "execution.runtime-mode batch: batch jobs are not supported yet");
    if (config->scheduler == SCHEDULER_ADAPTIVE_BATCH)
        return err_note(note, ERR_REFUSED_CODE,
                        "jobmanager.scheduler AdaptiveBatch cannot run a streaming job");
    bool adaptive = config->scheduler == SCHEDULER_ADAPTIVE ||
                    config->scheduler_mode == SCHEDULER_MODE_REACTIVE;
    for (size_t i = 0; i < job->edges.count; i++) {
        enum result_type result = job->edges.items[i].result;
        if (!is_streaming_exchange(result, adaptive))
            return err_note(note, ERR_REFUSED_CODE,
                            "the %s scheduler runs pipelined edges only, found %s",
                            adaptive ? "adaptive" : "default", result_type_rows[result].name);
    }
    *out = adaptive ? &adaptive_scheduler_row : &default_scheduler_row;
    return OK;
}

/* Once, in the step of the submission: Created and INITIALIZING do not outlast it. */
void scheduler_start(struct scheduler *s)
{
    CHECK(s->graph_count <= 1);
    CHECK(s->restart_count == 0);
    s->row->start(s);
}

/* An offer that was accepted while the job was ending finds nobody; the slots go with the contacts
 * (job_contacts_end_all). */
void scheduler_on_slots_gained(struct scheduler *s, const struct allocation_id *gained,
                               size_t count)
{
    CHECK(count > 0);
    if (!scheduler_is_ended(s))
        s->row->slots_gained(s, gained, count);
}

/* After the end nothing is minded; late messages of all kinds still come. */
void scheduler_on_resources_refused(struct scheduler *s, uint32_t missing)
{
    if (!scheduler_is_ended(s))
        s->row->resources_refused(s, missing);
}

void scheduler_on_checkpoint_ended(struct scheduler *s,
                                   const struct checkpoint_coordinator_order *order)
{
    CHECK(order->kind < ORDER_KIND_COUNT);
    if (!scheduler_is_ended(s))
        s->row->checkpoint_ended(s, order);
}

/* A global failure: no task is to blame, so regions do not matter. */
void scheduler_fail_job(struct scheduler *s, enum failure_cause cause)
{
    CHECK(cause < CAUSE_COUNT);
    CHECK(cause != CAUSE_NONE);
    if (!scheduler_is_ended(s))
        s->row->failed(s, task_id_none(), cause);
}

/* Idempotent: a second cancel, or one of a job that ends anyway, finds nothing to do. */
void scheduler_cancel(struct scheduler *s)
{
    if (!scheduler_is_ended(s))
        s->row->cancel(s);
}

/* Whether a second one may replace the first is the row's to say. */
struct err scheduler_stop(struct scheduler *s, bool drain, uint64_t token, struct note *note)
{
    CHECK(token != 0);
    if (scheduler_is_ended(s))
        return err_note(note, ERR_REFUSED_CODE, "the job has ended");
    return s->row->stop(s, drain, token, note);
}

/* Whether the bounds make sense is the row's to say: only one row takes any. */
struct err scheduler_require(struct scheduler *s, const struct vertex_bounds *bounds, size_t count,
                             struct note *note)
{
    if (scheduler_is_ended(s))
        return err_note(note, ERR_REFUSED_CODE, "the job has ended");
    return s->row->require(s, bounds, count, note);
}

/* Due timers first, in order; each may set others that are due at once. */
void scheduler_on_time(struct scheduler *s)
{
    struct timer timer;
    while (timers_take_due(&s->timers, scheduler_now(s), &timer))
        s->row->on_timer(s, &timer);
    s->row->on_time(s);
}

/* The JobMaster wakes the scheduler then, at the latest; waking it earlier does nothing. */
time_ns scheduler_deadline(const struct scheduler *s)
{
    time_ns own = s->row->deadline(s), timers = timers_next(&s->timers);
    return own < timers ? own : timers;
}
