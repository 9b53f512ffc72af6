/* SPDX-License-Identifier: Apache-2.0
 *
 * Max-min sharing. With the fair rate L, a group of n transfers and limit c is bound when
 * c / n <= L: its transfers get c / n each; all others get L = (B - sum of bound c) / (free
 * transfers). Bound groups lie in a heap by -c / n, free ones by c / n, so that a change moves only
 * the groups that cross L. Ends are found the same way: bound groups by the time their first
 * transfer ends, free ones by the common level of the free (the bytes a free transfer has moved
 * since the beginning), because all of them move at L.
 */
#include "sim/cluster/shared_bandwidth.h"

#include <math.h>

#include "core/base/vec.h"
#include "sim/cluster/ranked_heap.h"

/* A group is let go from its limit only when that is clearly above L: rounding must not send it to
 * and fro. */
static const double release_margin = 1 + 1e-12;

/* Doubles keep times from an origin and bytes from a mark that move on, so that they stay finer
 * than a nanosecond and what it brings however long a run is. 2^50 ns are 13 days: 0.2 ns. */
static const time_ns origin_age_max = (time_ns)1 << 50;

/* 73 years: a run has at most 20, so that what takes longer never ends. */
static const double wait_ns_most = 0x1p61;

struct transfer {
    sim_action *done;
    void *context;
    uint64_t a, b;
    uint32_t group;
    uint32_t generation; /* odd while under way */
    uint32_t next_free;  /* 1 + slot; 0: none */
};

/* A transfer in its group's heap; one that was cancelled stays until it comes to the top. */
struct finish {
    double level; /* of the group, at which it ends */
    uint64_t sequence;
    uint32_t slot, generation;
};

struct share_group {
    VEC(struct finish) finishes; /* binary heap, least level first */
    uint32_t count;              /* transfers under way, without the cancelled */
    bool is_bound;
    double limit; /* bytes per second; infinite when it has none */
    double level; /* at the mark */
    double mark;  /* bound: ns since the origin; free: the common level */
};

struct shared_bandwidth {
    struct sim_queue *queue;
    double bytes_per_s;
    VEC(struct share_group) groups;
    VEC(struct transfer) transfers;
    uint32_t free_slot;
    uint64_t sequence;

    struct ranked_heap bound, free;             /* by -limit / count, by limit / count */
    struct ranked_heap bound_ends, free_levels; /* by ns since the origin, by common level */
    double bound_bytes_per_s;                   /* sum of the limits of bound groups */
    uint64_t free_count;                        /* transfers in free groups */
    double rate;                                /* L; infinite when nobody is free */
    double common_level;                        /* at `since` */
    time_ns since, origin;
    struct sim_handle event;
};

static void on_end(void *context, uint64_t a, uint64_t b);

struct shared_bandwidth *shared_bandwidth_create(struct sim_queue *queue, double bytes_per_s)
{
    CHECK(bytes_per_s > 0);
    struct shared_bandwidth *shared = mem_create(sizeof *shared);
    shared->queue = queue;
    shared->bytes_per_s = bytes_per_s;
    shared->rate = INFINITY;
    return shared;
}

void shared_bandwidth_destroy(struct shared_bandwidth *shared)
{
    if (!shared)
        return;
    sim_queue_cancel(shared->queue, &shared->event);
    for (VEC_EACH(struct share_group, group, &shared->groups))
        vec_fini(&group->finishes);
    vec_fini(&shared->groups);
    vec_fini(&shared->transfers);
    ranked_heap_fini(&shared->bound);
    ranked_heap_fini(&shared->free);
    ranked_heap_fini(&shared->bound_ends);
    ranked_heap_fini(&shared->free_levels);
    mem_destroy(shared);
}

/* The heap of one group. */

static bool finish_before(const struct finish *a, const struct finish *b)
{
    return a->level != b->level ? a->level < b->level : a->sequence < b->sequence;
}

static void finish_push(struct share_group *group, struct finish finish)
{
    vec_resize(&group->finishes, group->finishes.count + 1);
    struct finish *items = group->finishes.items;
    size_t place = group->finishes.count - 1;
    while (place > 0 && finish_before(&finish, &items[(place - 1) / 2])) {
        items[place] = items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    items[place] = finish;
}

static void finish_pop(struct share_group *group)
{
    struct finish *items = group->finishes.items;
    struct finish last = items[--group->finishes.count];
    size_t place = 0, count = group->finishes.count;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= count)
            break;
        if (child + 1 < count && finish_before(&items[child + 1], &items[child]))
            child++;
        if (!finish_before(&items[child], &last))
            break;
        items[place] = items[child];
        place = child;
    }
    if (count)
        items[place] = last;
}

static bool finish_is_live(const struct shared_bandwidth *shared, const struct finish *finish)
{
    return shared->transfers.items[finish->slot].generation == finish->generation;
}

/* Rates. */

static double rate_of(const struct shared_bandwidth *shared, const struct share_group *group)
{
    return group->is_bound ? group->limit / group->count : shared->rate;
}

static double since_origin(const struct shared_bandwidth *shared)
{
    return (double)(shared->since - shared->origin);
}

/* Brings a group's level up to now; must come before its rate or side changes. */
static void group_advance(struct shared_bandwidth *shared, struct share_group *group)
{
    double now = group->is_bound ? since_origin(shared) : shared->common_level;
    if (group->count)
        group->level += (now - group->mark) * (group->is_bound ? rate_of(shared, group) * 1e-9 : 1);
    group->mark = now;
}

static uint32_t number_of(const struct shared_bandwidth *shared, const struct share_group *group)
{
    return (uint32_t)(group - shared->groups.items);
}

/* Puts the group, advanced to now, where its limit, count and first end belong. */
static void group_place(struct shared_bandwidth *shared, struct share_group *group)
{
    uint32_t number = number_of(shared, group);
    CHECK(group->count > 0);
    double left = group->finishes.items[0].level - group->level;
    if (group->is_bound) {
        double rate = rate_of(shared, group);
        ranked_heap_put(&shared->bound, number, -rate);
        ranked_heap_put(&shared->bound_ends, number, group->mark + left / rate * 1e9);
    } else {
        ranked_heap_put(&shared->free, number, group->limit / group->count);
        ranked_heap_put(&shared->free_levels, number, group->mark + left);
    }
}

/* Counts times from now on, and levels from where they are. */
static void move_origin(struct shared_bandwidth *shared)
{
    for (VEC_EACH(struct share_group, group, &shared->groups))
        if (group->count)
            group_advance(shared, group);
    shared->origin = shared->since;
    shared->common_level = 0;
    for (VEC_EACH(struct share_group, group, &shared->groups)) {
        if (!group->count)
            continue;
        for (VEC_EACH(struct finish, finish, &group->finishes))
            finish->level -= group->level;
        group->level = 0;
        group->mark = 0;
        group_place(shared, group);
    }
}

/* Brings the common level up to now; must come before any change of L. */
static void advance(struct shared_bandwidth *shared)
{
    time_ns now = sim_queue_now(shared->queue);
    if (shared->free_count)
        shared->common_level += shared->rate * (double)(now - shared->since) * 1e-9;
    shared->since = now;
    if (now - shared->origin > origin_age_max)
        move_origin(shared);
}

/* Takes the group out of all sums and heaps. */
static void group_lift(struct shared_bandwidth *shared, struct share_group *group)
{
    uint32_t number = number_of(shared, group);
    group_advance(shared, group);
    if (group->is_bound) {
        ranked_heap_remove(&shared->bound, number);
        ranked_heap_remove(&shared->bound_ends, number);
        shared->bound_bytes_per_s -= group->limit;
        if (ranked_heap_is_empty(&shared->bound))
            shared->bound_bytes_per_s = 0; /* forgets what rounding has left */
    } else {
        ranked_heap_remove(&shared->free, number);
        ranked_heap_remove(&shared->free_levels, number);
        shared->free_count -= group->count;
    }
}

static void group_lower(struct shared_bandwidth *shared, struct share_group *group, bool is_bound)
{
    group->is_bound = is_bound;
    group->mark = is_bound ? since_origin(shared) : shared->common_level;
    if (is_bound)
        shared->bound_bytes_per_s += group->limit;
    else
        shared->free_count += group->count;
    group_place(shared, group);
}

static void work_out_rate(struct shared_bandwidth *shared)
{
    double left = shared->bytes_per_s - shared->bound_bytes_per_s;
    shared->rate = shared->free_count ? fmax(left, 0) / (double)shared->free_count : INFINITY;
}

/* Finds L again after groups came, went or changed. Letting a group go and binding one both raise
 * L, so that one pass of each is enough. */
static void balance(struct shared_bandwidth *shared)
{
    work_out_rate(shared);
    while (!ranked_heap_is_empty(&shared->bound)) {
        struct ranked most = ranked_heap_least(&shared->bound);
        if (-most.key <= shared->rate * release_margin)
            break;
        struct share_group *group = &shared->groups.items[most.item];
        group_lift(shared, group);
        group_lower(shared, group, false);
        work_out_rate(shared);
    }
    while (!ranked_heap_is_empty(&shared->free)) {
        struct ranked least = ranked_heap_least(&shared->free);
        if (least.key > shared->rate)
            break;
        struct share_group *group = &shared->groups.items[least.item];
        group_lift(shared, group);
        group_lower(shared, group, true);
        work_out_rate(shared);
    }
}

/* When the next transfer ends, in ns, rounded up; at least now. */
static time_ns next_end(const struct shared_bandwidth *shared)
{
    double now = since_origin(shared), at = INFINITY;
    if (!ranked_heap_is_empty(&shared->bound_ends))
        at = ranked_heap_least(&shared->bound_ends).key;
    if (!ranked_heap_is_empty(&shared->free_levels)) {
        double left = ranked_heap_least(&shared->free_levels).key - shared->common_level;
        at = fmin(at, now + left / shared->rate * 1e9);
    }
    if (at == INFINITY)
        return TIME_NEVER;
    double wait = ceil(at - now);
    if (wait >= wait_ns_most) /* longer than any run */
        return TIME_NEVER;
    return shared->since + (wait > 0 ? (time_ns)wait : 0);
}

static void plan(struct shared_bandwidth *shared)
{
    sim_queue_cancel(shared->queue, &shared->event);
    time_ns at = next_end(shared);
    if (at != TIME_NEVER)
        shared->event = sim_queue_push(shared->queue, at, SIM_CLASS_DATA, on_end, shared, 0, 0);
}

static void drop_cancelled(struct shared_bandwidth *shared, struct share_group *group)
{
    while (group->finishes.count && !finish_is_live(shared, &group->finishes.items[0]))
        finish_pop(group);
}

/* Puts a lifted group back, or lets it rest when it has nothing left. */
static void group_return(struct shared_bandwidth *shared, struct share_group *group)
{
    drop_cancelled(shared, group);
    if (group->count) {
        group_lower(shared, group, group->is_bound);
    } else {
        CHECK(group->finishes.count == 0);
        group->level = 0;
        group->is_bound = false;
    }
    balance(shared);
}

static uint32_t slot_take(struct shared_bandwidth *shared)
{
    uint32_t slot = shared->free_slot;
    if (slot) {
        shared->free_slot = shared->transfers.items[slot - 1].next_free;
        return slot - 1;
    }
    vec_resize(&shared->transfers, shared->transfers.count + 1);
    return (uint32_t)shared->transfers.count - 1;
}

static void slot_give(struct shared_bandwidth *shared, uint32_t slot)
{
    struct transfer *transfer = &shared->transfers.items[slot];
    transfer->generation++;
    transfer->next_free = shared->free_slot;
    shared->free_slot = slot + 1;
}

struct share_handle shared_bandwidth_start(struct shared_bandwidth *shared, uint32_t group_number,
                                           double group_limit, double bytes, sim_action *done,
                                           void *context, uint64_t a, uint64_t b)
{
    CHECK(bytes >= 0 && bytes < INFINITY);
    CHECK(group_limit >= 0);
    advance(shared);
    if (group_number >= shared->groups.count)
        vec_resize(&shared->groups, (size_t)group_number + 1);
    struct share_group *group = &shared->groups.items[group_number];
    if (group->count)
        group_lift(shared, group);
    group->limit = group_limit > 0 ? group_limit : INFINITY;
    uint32_t slot = slot_take(shared);
    struct transfer *transfer = &shared->transfers.items[slot];
    transfer->done = done;
    transfer->context = context;
    transfer->a = a;
    transfer->b = b;
    transfer->group = group_number;
    transfer->generation++;
    struct share_handle handle = { slot, transfer->generation };
    finish_push(group, (struct finish){ group->level + bytes, shared->sequence++, slot,
                                        transfer->generation });
    group->count++;
    group_return(shared, group);
    plan(shared);
    return handle;
}

void shared_bandwidth_limit(struct shared_bandwidth *shared, uint32_t group_number,
                            double group_limit)
{
    CHECK(group_limit >= 0);
    double limit = group_limit > 0 ? group_limit : INFINITY;
    if (group_number >= shared->groups.count)
        return;
    struct share_group *group = &shared->groups.items[group_number];
    if (group->count == 0 || group->limit == limit)
        return;
    advance(shared);
    group_lift(shared, group);
    group->limit = limit;
    group_return(shared, group);
    plan(shared);
}

double shared_bandwidth_rate(const struct shared_bandwidth *shared, uint32_t group_number)
{
    if (group_number >= shared->groups.count || shared->groups.items[group_number].count == 0)
        return 0;
    const struct share_group *group = &shared->groups.items[group_number];
    return rate_of(shared, group) * group->count;
}

void shared_bandwidth_cancel(struct shared_bandwidth *shared, struct share_handle *handle)
{
    struct share_handle old = *handle;
    *handle = (struct share_handle){ 0 };
    if (!old.generation || shared->transfers.items[old.slot].generation != old.generation)
        return;
    advance(shared);
    struct share_group *group = &shared->groups.items[shared->transfers.items[old.slot].group];
    group_lift(shared, group);
    slot_give(shared, old.slot);
    group->count--;
    group_return(shared, group);
    plan(shared);
}

/* Ends the first transfer of the group if less than a nanosecond's worth of it is left. */
static bool end_one_of(struct shared_bandwidth *shared, uint32_t number, struct transfer *out)
{
    struct share_group *group = &shared->groups.items[number];
    group_advance(shared, group);
    struct finish first = group->finishes.items[0];
    if (first.level - group->level > rate_of(shared, group) * 1e-9) {
        group_place(shared, group);
        return false;
    }
    group_lift(shared, group);
    *out = shared->transfers.items[first.slot];
    slot_give(shared, first.slot);
    finish_pop(group);
    group->count--;
    group_return(shared, group);
    return true;
}

static bool end_one(struct shared_bandwidth *shared, struct transfer *out)
{
    advance(shared);
    if (!ranked_heap_is_empty(&shared->bound_ends) &&
        end_one_of(shared, ranked_heap_least(&shared->bound_ends).item, out))
        return true;
    return !ranked_heap_is_empty(&shared->free_levels) &&
           end_one_of(shared, ranked_heap_least(&shared->free_levels).item, out);
}

/* One at a time, because what runs then may start or cancel others. Those that end at the same
 * instant have events of their own. */
static void on_end(void *context, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    struct shared_bandwidth *shared = context;
    struct transfer ended;
    shared->event = (struct sim_handle){ 0 };
    bool has_ended = end_one(shared, &ended);
    plan(shared);
    if (has_ended)
        ended.done(ended.context, ended.a, ended.b);
}
