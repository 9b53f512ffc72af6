/* SPDX-License-Identifier: Apache-2.0
 *
 * What the adaptive scheduler tells the rescale history (FLIP-495): when a record begins, the
 * numbers it carries, the states passed, and how it ended; a line of the log for each that ends.
 * Costs nothing while the history is off, its default.
 */
#include "core/schedule/adaptive_scheduler.h"

#include "core/base/text.h"

/* The life of a record. It is opened by what may lead to another size, and there is one at a time:
 *
 *   start of the job, slots gained, new bounds, failure
 *   |--- WaitingForResources, Executing, Restarting, ... (its spans) ---| how it ended
 *                                                                       | COMPLETED: a graph runs
 *                                                                       | IGNORED: nothing came of
 *                                                                       |   it, or newer bounds
 */

/* One line per record that ends: what began it, how it ended, the largest parallelism before and
 * after (or wanted, when nothing came of it), and for how many ns it was open. The words are those
 * of Flink's REST answer (/jobs/:id/rescales). */
static void log_record(struct scheduler *s, const struct rescale_record *record)
{
    struct rescale_numbers most = { RESCALE_UNKNOWN, RESCALE_UNKNOWN, RESCALE_UNKNOWN,
                                    RESCALE_UNKNOWN };
    for (size_t v = 0; v < s->parts.job->vertices.count; v++) {
        const struct rescale_numbers *own = &record->vertices[v];
        most.desired = own->desired > most.desired ? own->desired : most.desired;
        most.before = own->before > most.before ? own->before : most.before;
        most.after = own->after > most.after ? own->after : most.after;
    }
    bool is_known = most.after != RESCALE_UNKNOWN;
    char text[128], before[16] = "none";
    if (most.before != RESCALE_UNKNOWN)
        text_format(before, sizeof before, "%d", most.before);
    text_format(text, sizeof text, "%s, %s, parallelism %s %s %d",
                rescale_cause_names[record->cause], rescale_reason_names[record->reason], before,
                is_known ? "to" : "instead of", is_known ? most.after : most.desired);
    scheduler_log(s, "rescale", rescale_state_names[record->state],
                  record->ended_at - record->started_at, text);
}

/* Nothing when no record is open. */
static void end_record(struct scheduler *s, enum rescale_reason reason)
{
    struct rescale_history *history = &s->own.adaptive->history;
    const struct rescale_record *record = rescale_history_open_record(history);
    rescale_history_end(history, reason, scheduler_now(s));
    if (record)
        log_record(s, record);
}

/* The numbers that a record begins with: bounds by vertex, and by group the largest of its
 * vertices. */
static void tell_wanted(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    const struct job_graph *job = s->parts.job;
    size_t vertices = job->vertices.count, groups = job->groups.count;
    int32_t *numbers = mem_create_array(2 * (vertices + groups), sizeof *numbers);
    int32_t *upper = numbers, *lower = upper + vertices;
    int32_t *group_upper = lower + vertices, *group_lower = group_upper + groups;
    for (size_t v = 0; v < vertices; v++) {
        uint32_t g = job->vertices.items[v].group.n;
        upper[v] = own->bounds[v].upper;
        lower[v] = own->bounds[v].lower;
        group_upper[g] = upper[v] > group_upper[g] ? upper[v] : group_upper[g];
        group_lower[g] = lower[v] > group_lower[g] ? lower[v] : group_lower[g];
    }
    rescale_history_set_wanted(&own->history, upper, lower, group_upper, group_lower);
    mem_destroy(numbers);
}

/* A record that is open stays the one unless new requirements replace it. */
void adaptive_history_begin(struct scheduler *s, enum rescale_cause cause, bool new_requirements)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (!rescale_history_is_on(&own->history))
        return;
    if (rescale_history_open_record(&own->history)) {
        if (!new_requirements)
            return;
        end_record(s, RESCALE_REASON_RESOURCE_REQUIREMENTS_UPDATED);
    }
    rescale_history_begin(&own->history, cause, new_requirements, scheduler_now(s));
    tell_wanted(s);
}

/* A failure that restarts the job. It takes an open record over; else it is a record of its own,
 * which wants what was wanted before. */
void adaptive_history_on_failover(struct scheduler *s)
{
    struct rescale_history *history = &s->own.adaptive->history;
    if (rescale_history_open_record(history))
        rescale_history_on_failover(history, scheduler_now(s));
    else
        adaptive_history_begin(s, RESCALE_CAUSE_RECOVERABLE_FAILOVER, false);
}

/* Each state passed is a span of the open record. */
void adaptive_history_left_state(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    rescale_history_add_span(
        &own->history, &(struct rescale_span){ .state = state_name(&adaptive_states, own->state),
                                               .entered_at = own->entered_at,
                                               .left_at = scheduler_now(s),
                                               .cause = own->left_for });
}

/* New slots or bounds were looked at, and nothing else can be had than what is running. */
void adaptive_history_came_to_nothing(struct scheduler *s)
{
    end_record(s, RESCALE_REASON_NO_RESOURCES_OR_PARALLELISMS_CHANGE);
}

/* There is no graph to be built from the slots there are: the state that found out is the last
 * span, and the record's end is a failure of its own (EXCEPTION_OCCURRED), not the job's. */
void adaptive_history_not_built(struct scheduler *s, enum failure_cause cause)
{
    s->own.adaptive->left_for = cause;
    adaptive_history_left_state(s);
    end_record(s, RESCALE_REASON_EXCEPTION_OCCURRED);
}

/* The wish came true: sizes and slots as they are now. Executing is the last span, although it has
 * only begun. */
void adaptive_history_executing(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (!rescale_history_open_record(&own->history))
        return;
    const struct job_graph *job = s->parts.job;
    int32_t *slots = mem_create_array(job->groups.count, sizeof *slots);
    struct resource_profile *acquired = mem_create_array(job->groups.count, sizeof *acquired);
    for (uint32_t i = 0; i < s->slots.count; i++) {
        const struct task_slot *slot = &s->slots.items[i];
        const struct pool_slot *held = slot_pool_find(s->parts.pool, slot->allocation);
        CHECK(held != NULL);
        if (slots[slot->group.n]++ == 0)
            acquired[slot->group.n] = held->profile;
    }
    adaptive_history_left_state(s);
    rescale_history_set_result(&own->history, own->planned, slots, acquired);
    end_record(s, RESCALE_REASON_SUCCEEDED);
    mem_destroy(slots);
    mem_destroy(acquired);
}

/* The job's end ends the open record too. */
void adaptive_history_ended(struct scheduler *s, enum job_status status)
{
    enum rescale_reason reason = RESCALE_REASON_JOB_FAILED;
    if (status == JOB_FINISHED)
        reason = RESCALE_REASON_JOB_FINISHED;
    else if (status == JOB_CANCELED)
        reason = RESCALE_REASON_JOB_CANCELED;
    end_record(s, reason);
}
