/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of operator state, and who gets which entries.
 */
#include "core/exec/state_list.h"

void state_list_fini(struct state_list *list)
{
    vec_fini(&list->bytes);
    vec_fini(&list->ends);
    vec_fini(&list->parts);
}

void state_list_clear(struct state_list *list)
{
    vec_clear(&list->bytes);
    vec_clear(&list->ends);
    vec_clear(&list->parts);
}

void state_list_begin_part(struct state_list *list)
{
    vec_push(&list->parts, list->ends.count);
}

void state_list_add(struct state_list *list, const void *entry, size_t size)
{
    size_t at = list->bytes.count;
    uintptr_t from = (uintptr_t)entry - (uintptr_t)list->bytes.items;
    bool is_own = list->bytes.items && from < at; /* it moves along */
    vec_reserve(&list->bytes, at + size);
    if (size > 0)
        memcpy(list->bytes.items + at, is_own ? list->bytes.items + from : entry, size);
    list->bytes.count += size;
    vec_push(&list->ends, list->bytes.count);
}

const uint8_t *state_list_entry(const struct state_list *list, size_t i, size_t *size)
{
    CHECK(i < list->ends.count);
    uint64_t from = i == 0 ? 0 : list->ends.items[i - 1];
    *size = (size_t)(list->ends.items[i] - from);
    return list->bytes.items + from;
}

/* Entries from `from` up to `to` of `list`. */
static void copy_entries(const struct state_list *list, size_t from, size_t to,
                         struct state_list *out)
{
    for (size_t i = from; i < to; i++) {
        size_t size;
        const uint8_t *entry = state_list_entry(list, i, &size);
        state_list_add(out, entry, size);
    }
}

static void copy_all(const struct state_list *const *old, uint32_t old_parallelism,
                     struct state_list *out)
{
    for (uint32_t i = 0; i < old_parallelism; i++)
        if (old[i])
            copy_entries(old[i], 0, state_list_count(old[i]), out);
}

/* Where one of several lists begins; all subtasks have the same ones. */
static size_t part_begin(const struct state_list *list, size_t part)
{
    if (part == 0)
        return 0;
    return part <= list->parts.count ? list->parts.items[part - 1] : state_list_count(list);
}

static size_t part_count(const struct state_list *list, size_t part)
{
    return list ? part_begin(list, part + 1) - part_begin(list, part) : 0;
}

/* repartitionSplitState with its start at 0: each list by itself. */
static void copy_share(const struct state_list *const *old, uint32_t old_parallelism, size_t part,
                       uint32_t subtask, uint32_t parallelism, struct state_list *out)
{
    size_t all = 0, passed = 0;
    for (uint32_t i = 0; i < old_parallelism; i++)
        all += part_count(old[i], part);
    size_t each = all / parallelism, rest = all % parallelism;
    size_t from = each * subtask + (subtask < rest ? subtask : rest);
    size_t to = from + each + (subtask < rest);
    for (uint32_t i = 0; i < old_parallelism && passed < to; i++) {
        size_t count = part_count(old[i], part);
        size_t first = from > passed ? from - passed : 0;
        size_t last = to - passed < count ? to - passed : count;
        if (first < last) {
            size_t begin = part_begin(old[i], part);
            copy_entries(old[i], begin + first, begin + last, out);
        }
        passed += count;
    }
}

static void copy_shares(const struct state_list *const *old, uint32_t old_parallelism,
                        uint32_t subtask, uint32_t parallelism, struct state_list *out)
{
    size_t last = 0;
    for (uint32_t i = 0; i < old_parallelism; i++)
        if (old[i] && old[i]->parts.count > last)
            last = old[i]->parts.count;
    for (size_t part = 0; part <= last; part++)
        copy_share(old, old_parallelism, part, subtask, parallelism, out);
}

static const struct state_list *any_of(const struct state_list *const *old,
                                       uint32_t old_parallelism, uint32_t wanted)
{
    for (uint32_t i = 0; i < old_parallelism; i++) {
        const struct state_list *list = old[(wanted + i) % old_parallelism];
        if (list)
            return list;
    }
    return NULL;
}

void state_list_redistribute(enum operator_state mode, const struct state_list *const *old,
                             uint32_t old_parallelism, uint32_t subtask, uint32_t parallelism,
                             struct state_list *out)
{
    CHECK(subtask < parallelism);
    CHECK(old_parallelism > 0);
    bool unchanged = parallelism == old_parallelism;
    const struct state_list *copy = NULL;
    state_list_clear(out);
    switch (mode) {
    case OPERATOR_STATE_NONE: return;
    case OPERATOR_STATE_SPLIT:
        if (unchanged)
            copy = old[subtask];
        else
            copy_shares(old, old_parallelism, subtask, parallelism, out);
        break;
    case OPERATOR_STATE_UNION: copy_all(old, old_parallelism, out); break;
    case OPERATOR_STATE_BROADCAST:
        copy = unchanged && old[subtask] ? old[subtask]
                                         : any_of(old, old_parallelism, subtask % old_parallelism);
        break;
    }
    if (copy)
        copy_entries(copy, 0, state_list_count(copy), out);
}

static uint32_t first_from(const bool *saved, uint32_t old_parallelism, uint32_t wanted)
{
    for (uint32_t i = 0; i < old_parallelism; i++)
        if (saved[(wanted + i) % old_parallelism])
            return (wanted + i) % old_parallelism;
    return wanted;
}

void state_list_want(enum operator_state mode, bool *wanted, uint32_t old_parallelism,
                     uint32_t subtask, uint32_t parallelism)
{
    uint32_t only = subtask;
    CHECK(subtask < parallelism);
    switch (mode) {
    case OPERATOR_STATE_NONE: only = old_parallelism; break;
    case OPERATOR_STATE_SPLIT:
        if (parallelism != old_parallelism)
            return;
        break;
    case OPERATOR_STATE_UNION: return;
    case OPERATOR_STATE_BROADCAST:
        only = first_from(wanted, old_parallelism, subtask % old_parallelism);
        break;
    }
    for (uint32_t i = 0; i < old_parallelism; i++)
        wanted[i] = wanted[i] && i == only;
}
