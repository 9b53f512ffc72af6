/* SPDX-License-Identifier: Apache-2.0
 *
 * The table says which timers there are, the heap which is next. A deleted one stays in the heap
 * until it comes up; it is then not in the table any more.
 */
#include "core/exec/timer_service.h"

enum { HEAD = 2 * 8 }; /* time and namespace, before the key */

/* The value is one byte that says nothing: to be there is all. */
static struct keyed_state_spec spec_of(const char *name, uint32_t key_size)
{
    return (struct keyed_state_spec){ .name = name,
                                      .key_size = HEAD + key_size,
                                      .value_size = 1,
                                      .key_hash = KEY_HASH_TEXT,
                                      .timers = true };
}

static int order(const struct timer *a, const struct timer *b, uint32_t key_size)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->namespace != b->namespace)
        return a->namespace < b->namespace ? -1 : 1;
    return memcmp(a->key, b->key, key_size);
}

static bool is_before(const struct timer_service *service, size_t a, size_t b)
{
    return order(&service->heap.items[a], &service->heap.items[b], service->key_size) < 0;
}

static void swap(struct timer_service *service, size_t a, size_t b)
{
    struct timer timer = service->heap.items[a];
    service->heap.items[a] = service->heap.items[b];
    service->heap.items[b] = timer;
}

static void add(struct timer_service *service, const struct timer *timer)
{
    vec_push(&service->heap, *timer);
    for (size_t i = service->heap.count - 1; i > 0 && is_before(service, i, (i - 1) / 2);
         i = (i - 1) / 2)
        swap(service, i, (i - 1) / 2);
}

static void remove_first(struct timer_service *service)
{
    size_t count = --service->heap.count;
    service->heap.items[0] = service->heap.items[count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
            if (is_before(service, child, least))
                least = child;
        if (least == i)
            return;
        swap(service, least, i);
        i = least;
    }
}

/* As the table knows it. */
static struct state_key key_of(struct timer_service *service, const struct timer *timer)
{
    memcpy(service->scratch, &timer->time, sizeof timer->time);
    memcpy(service->scratch + 8, &timer->namespace, sizeof timer->namespace);
    memcpy(service->scratch + HEAD, timer->key, service->key_size);
    return (struct state_key){ .bytes = service->scratch,
                               .size = HEAD + service->key_size,
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
            struct timer timer = { .group = group };
            memcpy(&timer.time, bytes, sizeof timer.time);
            memcpy(&timer.namespace, bytes + 8, sizeof timer.namespace);
            memcpy(timer.key, bytes + HEAD, service->key_size);
            add(service, &timer);
        }
    }
}

bool timer_service_open(struct timer_service *service, struct operator* op, const char *name,
                        uint32_t key_size)
{
    struct keyed_state_spec spec = spec_of(name, key_size);
    CHECK(key_size > 0);
    CHECK(key_size <= TIMER_KEY_MAX);
    *service = (struct timer_service){ .key_size = key_size };
    service->table = operator_keyed_state(op, &spec);
    if (!service->table)
        return false;
    service->scratch = mem_create(HEAD + key_size);
    take_over(service);
    return true;
}

void timer_service_close(struct timer_service *service)
{
    vec_fini(&service->heap);
    mem_destroy(service->scratch);
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

void timer_service_delete(struct timer_service *service, const struct timer *timer)
{
    state_table_remove(service->table, key_of(service, timer));
}

/* Lets go of deleted ones that have come up. A timer that was deleted and set again is in the heap
 * twice: the second one finds nothing in the table any more. */
static bool find_first(struct timer_service *service)
{
    while (service->heap.count > 0) {
        struct state_key key = key_of(service, &service->heap.items[0]);
        if (state_table_get(service->table, key, NULL))
            return true;
        remove_first(service);
    }
    return false;
}

int64_t timer_service_next(struct timer_service *service)
{
    return find_first(service) ? service->heap.items[0].time : INT64_MAX;
}

bool timer_service_take(struct timer_service *service, int64_t up_to, struct timer *out)
{
    if (!find_first(service) || service->heap.items[0].time > up_to)
        return false;
    *out = service->heap.items[0];
    state_table_remove(service->table, key_of(service, out));
    remove_first(service);
    return true;
}
