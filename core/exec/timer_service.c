/* SPDX-License-Identifier: Apache-2.0
 *
 * The table says which timers there are, the heap which is next. A deleted one stays in the heap
 * until it comes up, or until more are deleted than set: then all deleted ones go together, so
 * that each costs the logarithm of their number. They are not in the table any more.
 */
#include "core/exec/timer_service.h"

enum { SLOT_HEAD = 3 }; /* words of a timer in the heap before those of its key */

/* The value is one byte that says nothing: to be there is all. */
static struct keyed_state_spec spec_of(const char *name, uint32_t key_size)
{
    return (struct keyed_state_spec){ .name = name,
                                      .key_size = TIMER_HEAD + key_size,
                                      .value_size = 1,
                                      .key_hash = KEY_HASH_TEXT,
                                      .timers = true };
}

static size_t count_of(const struct timer_service *service)
{
    return service->heap.count / service->stride;
}

static uint64_t *slot_of(const struct timer_service *service, size_t i)
{
    return service->heap.items + i * service->stride;
}

static struct timer read_slot(const uint64_t *slot)
{
    return (struct timer){ .time = (int64_t)slot[0],
                           .namespace = slot[1],
                           .group = (int32_t)slot[2],
                           .key = (const uint8_t *)(slot + SLOT_HEAD) };
}

static bool is_before(const struct timer_service *service, const uint64_t *one,
                      const uint64_t *other)
{
    struct timer a = read_slot(one), b = read_slot(other);
    if (a.time != b.time)
        return a.time < b.time;
    if (a.group != b.group)
        return a.group < b.group;
    if (a.namespace != b.namespace)
        return a.namespace < b.namespace;
    return memcmp(a.key, b.key, service->key_size) < 0;
}

static void put_slot(const struct timer_service *service, size_t i, const uint64_t *slot)
{
    memcpy(slot_of(service, i), slot, service->stride * sizeof *slot);
}

static void add(struct timer_service *service, const struct timer *timer)
{
    uint64_t *sifted = service->sifted;
    size_t i = count_of(service);
    sifted[0] = (uint64_t)timer->time;
    sifted[1] = timer->namespace;
    sifted[2] = (uint64_t)timer->group;
    memcpy(sifted + SLOT_HEAD, timer->key, service->key_size);
    service->set++;
    vec_resize(&service->heap, service->heap.count + service->stride);
    for (; i > 0 && is_before(service, sifted, slot_of(service, (i - 1) / 2)); i = (i - 1) / 2)
        put_slot(service, i, slot_of(service, (i - 1) / 2));
    put_slot(service, i, sifted);
}

static void remove_first(struct timer_service *service)
{
    size_t count = count_of(service) - 1, i = 0;
    memcpy(service->sifted, slot_of(service, count), service->stride * sizeof *service->sifted);
    service->heap.count -= service->stride;
    for (size_t child = 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count &&
            is_before(service, slot_of(service, child + 1), slot_of(service, child)))
            child++;
        if (!is_before(service, slot_of(service, child), service->sifted))
            break;
        put_slot(service, i, slot_of(service, child));
        i = child;
    }
    if (count > 0)
        put_slot(service, i, service->sifted);
}

/* As the table knows it. */
static struct state_key key_of(struct timer_service *service, const struct timer *timer)
{
    memcpy(service->scratch, &timer->time, sizeof timer->time);
    memcpy(service->scratch + 8, &timer->namespace, sizeof timer->namespace);
    memcpy(service->scratch + TIMER_HEAD, timer->key, service->key_size);
    return (struct state_key){ .bytes = service->scratch,
                               .size = TIMER_HEAD + service->key_size,
                               .group = timer->group };
}

static void take_over(struct timer_service *service)
{
    struct key_group_range range = state_table_spec(service->table)->range;
    struct state_entry entry;
    for (int32_t group = range.first; group <= range.last; group++) {
        struct state_cursor cursor = { .group = group };
        while (state_table_next(service->table, &cursor, &entry)) {
            const uint8_t *bytes = entry.key;
            struct timer timer = { .group = group, .key = bytes + TIMER_HEAD };
            memcpy(&timer.time, bytes, sizeof timer.time);
            memcpy(&timer.namespace, bytes + 8, sizeof timer.namespace);
            add(service, &timer);
        }
    }
}

bool timer_service_open(struct timer_service *service, struct operator* op, const char *name,
                        uint32_t key_size)
{
    struct keyed_state_spec spec = spec_of(name, key_size);
    CHECK(key_size > 0);
    *service = (struct timer_service){ .key_size = key_size,
                                       .stride = SLOT_HEAD + record_padded(key_size) / 8 };
    service->table = operator_keyed_state(op, &spec);
    if (!service->table)
        return false;
    service->scratch = mem_create(TIMER_HEAD + key_size);
    service->taken = mem_create(key_size);
    service->sifted = mem_create_array(service->stride, sizeof *service->sifted);
    take_over(service);
    return true;
}

void timer_service_close(struct timer_service *service)
{
    vec_fini(&service->heap);
    mem_destroy(service->scratch);
    mem_destroy(service->taken);
    mem_destroy(service->sifted);
    *service = (struct timer_service){ 0 };
}

void timer_service_set(struct timer_service *service, const struct timer *timer)
{
    void *there;
    bool is_new;
    struct note note;
    struct err e =
        state_table_resolve_one(service->table, key_of(service, timer), &there, &is_new, &note);
    CHECK(!err_is(e)); /* its group is one of ours, its size what the table was made for */
    if (is_new)
        add(service, timer);
}

/* Lets go of deleted ones that have come up. A timer that was deleted and set again is in the heap
 * twice: the second one finds nothing in the table any more. */
static bool find_first(struct timer_service *service, struct timer *first)
{
    while (service->heap.count > 0) {
        *first = read_slot(slot_of(service, 0));
        if (state_table_get(service->table, key_of(service, first), NULL))
            return true;
        remove_first(service);
    }
    return false;
}

/* What comes off the heap is in order, so it is a heap again; twins come one behind the other. */
static void drop_deleted(struct timer_service *service)
{
    struct timer first;
    size_t left = 0, room = service->set * service->stride;
    uint64_t *slots = mem_create_array(room, sizeof *slots);
    for (; find_first(service, &first); remove_first(service)) {
        const uint64_t *slot = slot_of(service, 0);
        if (left > 0 && !is_before(service, slots + left - service->stride, slot))
            continue;
        CHECK(left < room);
        memcpy(slots + left, slot, service->stride * sizeof *slots);
        left += service->stride;
    }
    CHECK(left == room);
    vec_resize(&service->heap, left);
    if (left > 0)
        memcpy(service->heap.items, slots, left * sizeof *slots);
    mem_destroy(slots);
}

/* One is set less. */
static void forget(struct timer_service *service)
{
    service->set--;
    if (count_of(service) > 2 * service->set + TIMERS_DELETED_SPARE)
        drop_deleted(service);
}

void timer_service_delete(struct timer_service *service, const struct timer *timer)
{
    if (state_table_remove(service->table, key_of(service, timer)))
        forget(service);
}

int64_t timer_service_next(struct timer_service *service)
{
    struct timer first;
    return find_first(service, &first) ? first.time : INT64_MAX;
}

bool timer_service_take(struct timer_service *service, int64_t up_to, struct timer *out)
{
    if (!find_first(service, out) || out->time > up_to)
        return false;
    memcpy(service->taken, out->key, service->key_size);
    out->key = service->taken;
    state_table_remove(service->table, key_of(service, out));
    remove_first(service);
    forget(service);
    return true;
}
