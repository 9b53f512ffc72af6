/* SPDX-License-Identifier: Apache-2.0
 *
 * Shares hold until a task begins or ends a step; then what was done is taken off and they are
 * dealt out anew. One event of the queue for each host: the next step that is over. Invariant: the
 * shares of a host are at most its cores, those of a slot at most the slot's.
 */
#include "sim/exact/cores.h"

#include <math.h>

#include "sim/exact/parts.h"

/* Less work than this is none: what it takes is rounded up to whole ns. */
static const double work_least_ns = 0.5;

static void work_is_over(void *context, uint64_t a, uint64_t b);

static struct exact_slot *slot_of(struct exact_host *host, const struct exact_task *task)
{
    return task->slot == NONE ? NULL : &host->slots.items[task->slot];
}

/* What it may have at most. */
static double limit_of(struct exact_host *host, const struct exact_task *task)
{
    const struct exact_slot *slot = slot_of(host, task);
    return slot ? fmin(1, slot->cores / slot->working) : 1;
}

static void take_off(struct exact *exact, struct exact_host *host)
{
    time_ns now = exact_now(exact);
    for (VEC_EACH(const uint32_t, index, &host->working))
        exact->tasks.items[*index].work_left -=
            (double)(now - host->shared_since) * exact->tasks.items[*index].share;
    host->shared_since = now;
}

/* The share of those that are not held back by their slot. */
static double find_level(struct exact *exact, struct exact_host *host)
{
    double level = 0;
    for (;;) {
        double left = host->cores;
        uint32_t open = 0;
        for (VEC_EACH(const uint32_t, index, &host->working)) {
            double limit = limit_of(host, &exact->tasks.items[*index]);
            open += limit > level;
            left -= limit > level ? 0 : limit;
        }
        if (open == 0 || left / open <= level)
            return level;
        level = left / open;
    }
}

static void share_anew(struct exact *exact, uint32_t index)
{
    struct exact_host *host = &exact->hosts.items[index];
    double level = host->life.frozen ? 0 : find_level(exact, host), first = HUGE_VAL;
    for (VEC_EACH(const uint32_t, t, &host->working)) {
        struct exact_task *task = &exact->tasks.items[*t];
        task->share = fmin(limit_of(host, task), level);
        if (task->share > 0)
            first = fmin(first, task->work_left / task->share);
    }
    time_ns at = first < (double)TIME_NEVER
                     ? time_add(host->shared_since, (time_ns)ceil(fmax(first, 0)))
                     : TIME_NEVER;
    if (host->over.generation && at == host->over_at)
        return;
    sim_queue_cancel(exact->queue, &host->over);
    host->over_at = at;
    if (at != TIME_NEVER)
        host->over =
            sim_queue_push(exact->queue, at, SIM_CLASS_DATA, work_is_over, exact, index, 0);
}

static void remove_at(struct exact *exact, struct exact_host *host, size_t place)
{
    const struct exact_task *task = &exact->tasks.items[host->working.items[place]];
    struct exact_slot *slot = slot_of(host, task);
    if (slot)
        slot->working--;
    for (; place + 1 < host->working.count; place++)
        host->working.items[place] = host->working.items[place + 1];
    host->working.count--;
}

static uint32_t take_first_over(struct exact *exact, struct exact_host *host)
{
    for (size_t i = 0; i < host->working.count; i++) {
        uint32_t task = host->working.items[i];
        if (exact->tasks.items[task].work_left >= work_least_ns)
            continue;
        remove_at(exact, host, i);
        return task;
    }
    return NONE;
}

static void work_is_over(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    uint32_t task;
    (void)b;
    exact->hosts.items[a].over = (struct sim_handle){ 0 };
    take_off(exact, &exact->hosts.items[a]);
    while ((task = take_first_over(exact, &exact->hosts.items[a])) != NONE)
        run_work_is_over(exact, task);
    share_anew(exact, (uint32_t)a);
}

void cores_begin(struct exact *exact, uint32_t index, time_ns cost)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_host *host = &exact->hosts.items[task->life.host];
    struct exact_slot *slot = slot_of(host, task);
    take_off(exact, host);
    task->work_left = (double)cost;
    vec_push(&host->working, index);
    if (slot)
        slot->working++;
    share_anew(exact, task->life.host);
}

void cores_leave(struct exact *exact, uint32_t index)
{
    struct exact_host *host = &exact->hosts.items[exact->tasks.items[index].life.host];
    size_t place = 0;
    while (place < host->working.count && host->working.items[place] != index)
        place++;
    if (place == host->working.count)
        return;
    take_off(exact, host);
    remove_at(exact, host, place);
    share_anew(exact, exact->tasks.items[index].life.host);
}

void cores_host_changed(struct exact *exact, uint32_t index)
{
    take_off(exact, &exact->hosts.items[index]);
    share_anew(exact, index);
}

static bool is_place_of(const struct exact_slot *slot, const struct life_task *task)
{
    return slot->tasks > 0 && slot->job == task->job && slot->allocation.n == task->allocation.n;
}

/* The slot's, else a free place, else a new one. */
static uint32_t place_of(struct exact_host *host, const struct life_task *task)
{
    uint32_t found = NONE;
    for (uint32_t i = 0; i < host->slots.count; i++) {
        if (is_place_of(&host->slots.items[i], task))
            return i;
        found = host->slots.items[i].tasks == 0 ? i : found;
    }
    if (found != NONE)
        return found;
    vec_push(&host->slots, (struct exact_slot){ 0 });
    return (uint32_t)host->slots.count - 1;
}

void cores_take_slot(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_host *host = &exact->hosts.items[task->life.host];
    task->slot = NONE;
    if (task->life.slot_cpu_milli == 0)
        return;
    task->slot = place_of(host, &task->life);
    struct exact_slot *slot = &host->slots.items[task->slot];
    slot->allocation = task->life.allocation;
    slot->job = task->life.job;
    slot->cores = task->life.slot_cpu_milli / 1e3;
    slot->tasks++;
}

void cores_leave_slot(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_slot *slot = slot_of(&exact->hosts.items[task->life.host], task);
    CHECK(!slot || slot->tasks > 0);
    if (slot)
        slot->tasks--;
    task->slot = NONE;
}
