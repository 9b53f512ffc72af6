/* SPDX-License-Identifier: Apache-2.0
 *
 * A growable array of any type: `VEC(struct slot) slots;`. A zeroed one is empty and valid. Items
 * move when it grows: keep indexes, not pointers, across a push.
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include <stdint.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* The least that is allocated: a cache line. There are many short ones, and the closer they lie the
 * more of them are at hand. */
enum { VEC_FIRST_BYTES = 64 };

#define vec_reserve(v, wanted)                                                                     \
    do {                                                                                           \
        size_t vec_wanted_ = (wanted);                                                             \
        if (vec_wanted_ > (v)->capacity) {                                                         \
            size_t vec_new_ = (v)->capacity * 2 > vec_wanted_ ? (v)->capacity * 2 : vec_wanted_;   \
            if (vec_new_ * sizeof *(v)->items < VEC_FIRST_BYTES)                                   \
                vec_new_ = VEC_FIRST_BYTES / sizeof *(v)->items;                                   \
            (v)->items = mem_grow_array((v)->items, (v)->capacity, vec_new_, sizeof *(v)->items);  \
            (v)->capacity = vec_new_;                                                              \
        }                                                                                          \
    } while (0)

/* Appends a copy of the value (the variadic form lets compound literals hold commas). */
#define vec_push(v, ...)                                                                           \
    do {                                                                                           \
        vec_reserve((v), (v)->count + 1);                                                          \
        (v)->items[(v)->count++] = (__VA_ARGS__);                                                  \
    } while (0)

/* Sets the count; new items are zero. */
#define vec_resize(v, new_count)                                                                   \
    do {                                                                                           \
        size_t vec_count_ = (new_count);                                                           \
        vec_reserve((v), vec_count_);                                                              \
        if (vec_count_ > (v)->count)                                                               \
            memset((v)->items + (v)->count, 0, (vec_count_ - (v)->count) * sizeof *(v)->items);    \
        (v)->count = vec_count_;                                                                   \
    } while (0)

#define vec_clear(v) ((v)->count = 0)
#define vec_last(v)  ((v)->items[(v)->count - 1])

/* Removes item i by putting the last one in its place: order is lost, cost is constant. */
#define vec_remove_swap(v, i)                                                                      \
    do {                                                                                           \
        size_t vec_index_ = (i);                                                                   \
        CHECK(vec_index_ < (v)->count);                                                            \
        (v)->items[vec_index_] = (v)->items[--(v)->count];                                         \
    } while (0)

/* Removes item i and keeps the order of the rest: cost is linear. */
#define vec_remove_ordered(v, i)                                                                   \
    do {                                                                                           \
        size_t vec_index_ = (i);                                                                   \
        CHECK(vec_index_ < (v)->count);                                                            \
        memmove((v)->items + vec_index_, (v)->items + vec_index_ + 1,                              \
                ((v)->count - vec_index_ - 1) * sizeof *(v)->items);                               \
        (v)->count--;                                                                              \
    } while (0)

#define vec_fini(v)                                                                                \
    do {                                                                                           \
        mem_destroy((v)->items);                                                                   \
        (v)->items = NULL;                                                                         \
        (v)->count = (v)->capacity = 0;                                                            \
    } while (0)

/* for (VEC_EACH(struct slot, slot, &pool->slots)) ...; an empty one has no items to point into. */
#define VEC_EACH(type, name, v)                                                                    \
    type *name = (v)->items;                                                                       \
    (v)->count &&name < (v)->items + (v)->count;                                                   \
    name++

#endif
