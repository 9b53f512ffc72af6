/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot table of a TaskManager: slots are cut from its resources when the resource manager asks,
 * and melt back when they are free again. Always: what is granted and what is free add up to the
 * worker.
 */
#include "core/cluster/task_executor_parts.h"

static const struct state_row rows[TASK_SLOT_STATE_COUNT] = {
    [TASK_SLOT_FREE] = { "FREE", STATE(TASK_SLOT_ALLOCATED), STATE_INITIAL },
    [TASK_SLOT_ALLOCATED] = { "ALLOCATED",
                              STATE(TASK_SLOT_ACTIVE) | STATE(TASK_SLOT_RELEASING) |
                                  STATE(TASK_SLOT_FREE),
                              0 },
    [TASK_SLOT_ACTIVE] = { "ACTIVE",
                           STATE(TASK_SLOT_ALLOCATED) | STATE(TASK_SLOT_RELEASING) |
                               STATE(TASK_SLOT_FREE),
                           0 },
    [TASK_SLOT_RELEASING] = { "RELEASING", STATE(TASK_SLOT_FREE), 0 },
};

const struct state_table task_slot_states = { "task slot", rows, TASK_SLOT_STATE_COUNT };

/* What happens to a slot, and what it becomes (-: nothing):
 *
 *                   FREE        ALLOCATED            ACTIVE              RELEASING
 *   request         ALLOCATED   granted again        granted again       granted again
 *   accepted        -           ACTIVE               -                   -
 *   submit          refused     ACTIVE, runs         runs                refused
 *   freed           -           FREE, or RELEASING   FREE, or RELEASING  -
 *   10 s            -           FREE, or RELEASING   -                   -
 *   not listed      -           -                    FREE, or RELEASING  -
 *   JobMaster lost  -           -                    ALLOCATED           -
 *   last task ends  -           -                    -                   FREE
 *
 * RELEASING where tasks are still ending in it. */

/* As many as configured; fine-grained requests may cut more, up to TASK_SLOTS_MAX. */
void executor_slots_init(struct task_executor *executor)
{
    const struct worker_spec *worker = &executor->settings.worker;
    CHECK(worker->slots <= TASK_SLOTS_MAX);
    vec_resize(&executor->slots, worker->slots);
    executor->cpu_free_milli = worker->cpu_milli;
    executor->memory_free_bytes = worker->memory_bytes;
}

/* For as long as a request of the JobMaster's may take, unless it is set (TaskManagerOptions: the
 * key falls back to pekko.ask.timeout). */
static time_ns slot_timeout(const struct config *config)
{
    return config->tm_slot_timeout == TIME_NEVER ? config->ask_timeout : config->tm_slot_timeout;
}

/* The one place that changes a slot's state. Its time-out runs while it is ALLOCATED only. */
static void move(struct task_executor *executor, uint32_t slot, enum task_slot_state to)
{
    struct executor_slot *own = &executor->slots.items[slot];
    machine_check_move(&task_slot_states, own->state, to);
    effects_log(&executor->effects,
                &(struct log_line){ .level = LOG_TASK,
                                    .machine = task_slot_states.machine,
                                    .what = "move",
                                    .from = state_name(&task_slot_states, own->state),
                                    .to = state_name(&task_slot_states, to),
                                    .subject = LOG_OF_JOB | LOG_OF_SLOT,
                                    .job = own->job,
                                    .slot = { slot } });
    timers_cancel(&executor->timers, &own->timeout);
    own->offered = false;
    own->state = to;
    if (to == TASK_SLOT_ALLOCATED)
        executor_set_timer(executor, &own->timeout, EXECUTOR_SLOT_TIMEOUT, slot,
                           slot_timeout(executor->settings.config));
}

/* Allocation ids are the resource manager's, one per grant and never given twice. */
uint32_t executor_slots_find(const struct task_executor *executor, struct allocation_id allocation)
{
    return index_map_get(&executor->slot_by_allocation, allocation.n);
}

/* Refused means that the resource manager's books are wrong; it asks elsewhere. */
static void answer_request(struct task_executor *executor,
                           const struct message_request_slot *request, uint32_t slot, bool refused)
{
    struct message message = { .kind = MESSAGE_SLOT_GRANTED };
    message.slot_granted = (struct message_slot_granted){ request->allocation, slot, refused };
    executor_send_rm(executor, &message);
}

/* The first free place, else a new one. */
static uint32_t take_free_slot(struct task_executor *executor)
{
    for (uint32_t i = 0; i < executor->slots.count; i++)
        if (executor->slots.items[i].state == TASK_SLOT_FREE)
            return i;
    if (executor->slots.count == TASK_SLOTS_MAX)
        return ID_NONE;
    vec_push(&executor->slots, (struct executor_slot){ 0 });
    return (uint32_t)executor->slots.count - 1;
}

/* Asked for by the resource manager, for a job. The profile is cut out of what the TaskManager has
 * left (FLIP-56), whichever number the slot gets; too little left, or too many slots, is a refusal.
 * A request that is repeated is granted again: our answer may be the one that came late. The job's
 * contact follows from its first slot. */
void executor_slots_on_request(struct task_executor *executor,
                               const struct message_request_slot *request)
{
    uint32_t known = executor_slots_find(executor, request->allocation);
    if (known != ID_NONE) {
        answer_request(executor, request, known, false);
        return;
    }
    uint32_t slot = ID_NONE;
    if (request->cpu_milli <= executor->cpu_free_milli &&
        request->memory_bytes <= executor->memory_free_bytes)
        slot = take_free_slot(executor);
    if (slot == ID_NONE) {
        answer_request(executor, request, 0, true);
        return;
    }
    struct executor_slot *own = &executor->slots.items[slot];
    own->job = request->job;
    own->allocation = request->allocation;
    own->by_default = request->by_default != 0;
    own->cpu_milli = request->cpu_milli;
    own->memory_bytes = request->memory_bytes;
    executor->cpu_free_milli -= request->cpu_milli;
    executor->memory_free_bytes -= request->memory_bytes;
    executor->used_slots++;
    index_map_put(&executor->slot_by_allocation, request->allocation.n, slot);
    move(executor, slot, TASK_SLOT_ALLOCATED);
    answer_request(executor, request, slot, false);
    struct executor_job *job =
        executor_jobs_find_or_add(executor, request->job, request->job_master);
    job->slot_count++;
    if (job->contact == CONTACT_MADE)
        executor_jobs_offer(executor, job);
    else if (job->contact == CONTACT_NONE)
        executor_jobs_contact(executor, job);
}

/* By an acceptance or by a task; whichever comes first, the other finds it done. */
void executor_slots_activate(struct task_executor *executor, uint32_t slot)
{
    CHECK(slot < executor->slots.count);
    if (executor->slots.items[slot].state == TASK_SLOT_ALLOCATED)
        move(executor, slot, TASK_SLOT_ACTIVE);
}

/* The slot waits to be offered again, with a time-out as when it was new. */
void executor_slots_deactivate(struct task_executor *executor, uint32_t slot)
{
    CHECK(slot < executor->slots.count);
    if (executor->slots.items[slot].state == TASK_SLOT_ACTIVE)
        move(executor, slot, TASK_SLOT_ALLOCATED);
}

/* Free again: the resources come back, the resource manager hears, and the job has one slot less.
 */
static void melt(struct task_executor *executor, uint32_t slot)
{
    struct executor_slot *own = &executor->slots.items[slot];
    CHECK(own->task_count == 0);
    move(executor, slot, TASK_SLOT_FREE);
    index_map_remove(&executor->slot_by_allocation, own->allocation.n);
    executor->cpu_free_milli += own->cpu_milli;
    executor->memory_free_bytes += own->memory_bytes;
    executor->used_slots--;
    struct message message = { .kind = MESSAGE_SLOT_AVAILABLE };
    message.slot_available = (struct message_slot_available){ own->allocation, slot };
    if (executor->rm_contact == CONTACT_MADE)
        executor_send_rm(executor, &message);
    executor_jobs_slot_gone(executor, own->job);
}

/* Its tasks are failed, not cancelled: they have lost their slot (TaskSlotTable.freeSlot). */
void executor_slots_free(struct task_executor *executor, uint32_t slot)
{
    CHECK(slot < executor->slots.count);
    struct executor_slot *own = &executor->slots.items[slot];
    if (own->state == TASK_SLOT_FREE || own->state == TASK_SLOT_RELEASING)
        return;
    if (own->task_count == 0) {
        melt(executor, slot);
        return;
    }
    move(executor, slot, TASK_SLOT_RELEASING);
    executor_tasks_fail(executor, own->job, (struct slot_id){ slot }, CAUSE_SLOT_LOST);
}

/* The last task to end in a slot that is given up frees it. */
void executor_slots_task_ended(struct task_executor *executor, uint32_t slot)
{
    struct executor_slot *own = &executor->slots.items[slot];
    CHECK(own->task_count > 0);
    if (--own->task_count == 0 && own->state == TASK_SLOT_RELEASING)
        melt(executor, slot);
}

/* Allocated and not accepted in time: the job does not want it, or cannot be reached. */
void executor_slots_on_timeout(struct task_executor *executor, uint32_t slot)
{
    CHECK(executor->slots.items[slot].state == TASK_SLOT_ALLOCATED);
    executor_log(executor, LOG_DECISION, "slot timed out", executor->slots.items[slot].job, slot,
                 NULL);
    executor_slots_free(executor, slot);
}

/* Slots that are not named are free. */
size_t executor_slots_report(struct task_executor *executor, const struct slot_status **out)
{
    struct slot_status *report =
        arena_take(&executor->effects.arena, (executor->slots.count + 1) * sizeof *report);
    size_t count = 0;
    for (uint32_t i = 0; i < executor->slots.count; i++) {
        const struct executor_slot *own = &executor->slots.items[i];
        if (own->state == TASK_SLOT_FREE)
            continue;
        report[count++] = (struct slot_status){ .slot = i,
                                                .free = 0,
                                                .job = own->job,
                                                .allocation = own->allocation,
                                                .cpu_milli = own->cpu_milli,
                                                .memory_bytes = own->memory_bytes };
    }
    *out = report;
    return count;
}

/* What is lent and what is left add up to the worker. */
void executor_slots_check(const struct task_executor *executor)
{
    const struct worker_spec *worker = &executor->settings.worker;
    int64_t cpu = executor->cpu_free_milli, memory = executor->memory_free_bytes;
    uint32_t tasks = 0, used = 0;
    CHECK(executor->slots.count <= TASK_SLOTS_MAX);
    CHECK(cpu >= 0);
    CHECK(memory >= 0);
    for (uint32_t i = 0; i < executor->slots.count; i++) {
        const struct executor_slot *slot = &executor->slots.items[i];
        CHECK(timers_is_set(&executor->timers, slot->timeout) ==
              (slot->state == TASK_SLOT_ALLOCATED));
        CHECK(!slot->offered || slot->state == TASK_SLOT_ALLOCATED);
        CHECK(slot->state != TASK_SLOT_RELEASING || slot->task_count > 0);
        tasks += slot->task_count;
        if (slot->state == TASK_SLOT_FREE) {
            CHECK(slot->task_count == 0);
            continue;
        }
        CHECK(executor_slots_find(executor, slot->allocation) == i);
        cpu += slot->cpu_milli;
        memory += slot->memory_bytes;
        used++;
    }
    CHECK(used == executor->used_slots);
    CHECK(used == executor->slot_by_allocation.count);
    CHECK(tasks == executor->tasks.count + executor->waiting.count);
    CHECK(cpu == worker->cpu_milli);
    CHECK(memory == worker->memory_bytes);
}
