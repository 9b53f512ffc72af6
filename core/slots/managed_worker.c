/* SPDX-License-Identifier: Apache-2.0
 *
 * The slots of one TaskManager. Always holds: available and granted add up to the total, and the
 * free places hang together in one chain.
 */
#include "core/slots/managed_worker.h"

#include "core/base/hash.h"

/* A slot may be learnt of from a report without having been requested; what is allocated is never
 * requested again. */
static const struct state_row slot_rows[MANAGED_SLOT_STATE_COUNT] = {
    [MANAGED_SLOT_FREE] = { "FREE", STATE(MANAGED_SLOT_PENDING) | STATE(MANAGED_SLOT_ALLOCATED),
                            STATE_INITIAL },
    [MANAGED_SLOT_PENDING] = { "PENDING", STATE(MANAGED_SLOT_ALLOCATED) | STATE(MANAGED_SLOT_FREE),
                               0 },
    [MANAGED_SLOT_ALLOCATED] = { "ALLOCATED", STATE(MANAGED_SLOT_FREE), 0 },
};

const struct state_table managed_slot_states = { "slot", slot_rows, MANAGED_SLOT_STATE_COUNT };

/* Idle from the start, so that a worker nobody ever uses is given back, too. */
void managed_worker_init(struct managed_worker *worker, struct node_id node,
                         const struct worker_spec *spec, time_ns now)
{
    CHECK(now != TIME_NEVER);
    *worker = (struct managed_worker){ .node = node,
                                       .spec = *spec,
                                       .available = profile_of_worker(spec),
                                       .first_free = INDEX_NONE,
                                       .idle_since = now };
}

void managed_worker_fini(struct managed_worker *worker)
{
    vec_fini(&worker->slots);
}

/* What a state owns goes with it: a free slot keeps nothing of what it was. */
static void slot_move(struct managed_slot *slot, enum managed_slot_state to)
{
    machine_check_move(&managed_slot_states, slot->state, to);
    if (to == MANAGED_SLOT_FREE)
        *slot = (struct managed_slot){ .job = job_id_none(), .allocation = allocation_id_none() };
    slot->state = to;
}

/* Not bounded below: a report tells what is, and what is may be more than there should be. */
static void add_available(struct managed_worker *worker, const struct resource_profile *profile,
                          int sign)
{
    CHECK(!profile->unknown);
    worker->available.cpu_milli += sign * profile->cpu_milli;
    worker->available.memory_bytes += sign * profile->memory_bytes;
}

/* The last one freed comes first, so that a worker keeps as few places as it ever needed. */
static uint32_t take_place(struct managed_worker *worker)
{
    uint32_t place = worker->first_free;
    if (place != INDEX_NONE) {
        worker->first_free = worker->slots.items[place].next_free;
        return place;
    }
    vec_push(&worker->slots, (struct managed_slot){ .state = MANAGED_SLOT_FREE });
    return (uint32_t)worker->slots.count - 1;
}

/* What is cut out is gone for all other slots, whatever their profile: there are no ready-made
 * slots on this side (FLIP-56). */
uint32_t managed_worker_take(struct managed_worker *worker, enum managed_slot_state state,
                             struct job_id job, struct allocation_id allocation,
                             const struct resource_profile *profile)
{
    CHECK(!job_id_is_none(job));
    CHECK(!allocation_id_is_none(allocation));
    uint32_t place = take_place(worker);
    struct managed_slot *slot = &worker->slots.items[place];
    slot_move(slot, state);
    slot->job = job;
    slot->allocation = allocation;
    slot->profile = *profile;
    add_available(worker, profile, -1);
    worker->used_count++;
    worker->idle_since = TIME_NEVER;
    return place;
}

/* The TaskManager has agreed, or its report names the slot. */
void managed_worker_confirm(struct managed_worker *worker, uint32_t place)
{
    CHECK(place < worker->slots.count);
    CHECK(worker->slots.items[place].state != MANAGED_SLOT_FREE);
    slot_move(&worker->slots.items[place], MANAGED_SLOT_ALLOCATED);
}

void managed_worker_free(struct managed_worker *worker, uint32_t place, time_ns now)
{
    CHECK(place < worker->slots.count);
    CHECK(worker->used_count > 0);
    struct managed_slot *slot = &worker->slots.items[place];
    add_available(worker, &slot->profile, 1);
    slot_move(slot, MANAGED_SLOT_FREE);
    slot->next_free = worker->first_free;
    worker->first_free = place;
    if (--worker->used_count == 0)
        worker->idle_since = now;
}

/* Flink counts slots of any profile alike here, so small ones make it look fuller than it is. */
uint32_t managed_worker_slots_free(const struct managed_worker *worker)
{
    return worker->spec.slots > worker->used_count ? worker->spec.slots - worker->used_count : 0;
}

/* The order of the free places is state: it says which one is written into next. */
uint64_t managed_worker_hash(uint64_t hash, const struct managed_worker *worker)
{
    hash = hash_add(hash, worker->node.n);
    hash = hash_add(hash, (uint64_t)worker->spec.cpu_milli);
    hash = hash_add(hash, (uint64_t)worker->spec.memory_bytes);
    hash = hash_add(hash, worker->spec.slots);
    hash = hash_add(hash, (uint64_t)worker->idle_since);
    hash = hash_add(hash, worker->blocked);
    hash = hash_add(hash, worker->slots.count);
    for (VEC_EACH(struct managed_slot, slot, &worker->slots)) {
        hash = hash_add(hash, slot->state);
        if (slot->state == MANAGED_SLOT_FREE)
            continue;
        hash = hash_add(hash, slot->job.n);
        hash = hash_add(hash, slot->allocation.n);
        hash = profile_hash(hash, &slot->profile);
    }
    for (uint32_t i = worker->first_free; i != INDEX_NONE; i = worker->slots.items[i].next_free)
        hash = hash_add(hash, i);
    return hash;
}

/* The chain of free places must also be no longer than the places: a ring in it would hang. */
void managed_worker_check(const struct managed_worker *worker)
{
    int64_t cpu_milli = worker->spec.cpu_milli, memory_bytes = worker->spec.memory_bytes;
    uint32_t used = 0, free = 0;
    for (VEC_EACH(struct managed_slot, slot, &worker->slots)) {
        CHECK((slot->state == MANAGED_SLOT_FREE) == allocation_id_is_none(slot->allocation));
        if (slot->state == MANAGED_SLOT_FREE)
            continue;
        cpu_milli -= slot->profile.cpu_milli;
        memory_bytes -= slot->profile.memory_bytes;
        used++;
    }
    for (uint32_t i = worker->first_free; i != INDEX_NONE; i = worker->slots.items[i].next_free) {
        CHECK(worker->slots.items[i].state == MANAGED_SLOT_FREE);
        free++;
        CHECK(free <= worker->slots.count);
    }
    CHECK(used == worker->used_count);
    CHECK(used + free == worker->slots.count);
    CHECK(cpu_milli == worker->available.cpu_milli);
    CHECK(memory_bytes == worker->available.memory_bytes);
    CHECK((used > 0) == (worker->idle_since == TIME_NEVER));
}
