/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: all elements of a key are one value of its table, one behind the other,
 *
 *     [stamp, with a time to live] [length u64, where sizes vary] [element, padded to 8] ...
 *
 * Appending moves them seldom: the table sets room aside in growing steps.
 */
#include "core/exec/user_state_parts.h"

struct element {
    uint32_t at, slot; /* the slot: where it begins, its bytes */
    uint32_t payload_at, size;
};

/* The element that begins here; only where one does. */
static struct element element_at(const struct user_state *state, const uint8_t *bytes, uint32_t at)
{
    struct element element = { .at = at, .payload_at = at + user_stamp_size(state) };
    uint64_t size = state->spec->value_size;
    if (size == 0) {
        memcpy(&size, bytes + element.payload_at, sizeof size);
        element.payload_at += RECORD_HEAD;
    }
    element.size = (uint32_t)size;
    element.slot = element.payload_at - at + record_padded(element.size);
    return element;
}

void user_list_add(struct user_state *state, struct state_key key, const void *element,
                   uint32_t size)
{
    const struct user_state_spec *spec = state->spec;
    uint32_t head = user_stamp_size(state) + (spec->value_size == 0 ? RECORD_HEAD : 0), old = 0;
    CHECK(spec->kind == USER_LIST);
    if (spec->value_size > 0 && size != spec->value_size) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': an element of %u bytes, not %u",
                      spec->name, size, spec->value_size);
        return;
    }
    (void)state_table_get(state->table, key, &old);
    if (size > STATE_VALUE_MAX - old - head - RECORD_ALIGN) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': the list of a key is too large",
                      spec->name);
        return;
    }
    void *copy = NULL;
    element = state_table_set_aside(state->table, key.group, element, size, &copy);
    uint8_t *bytes = user_state_write(state, state->table, key, old + head + record_padded(size));
    uint64_t length = size;
    if (bytes) {
        user_stamp(state, bytes + old);
        if (spec->value_size == 0)
            memcpy(bytes + old + head - RECORD_HEAD, &length, sizeof length);
        memcpy(bytes + old + head, element, size);
    }
    mem_destroy(copy);
}

bool user_list_is_clean(const struct user_state *state, const void *bytes, uint32_t size)
{
    const uint8_t *from = bytes;
    for (uint32_t at = 0; at < size; at += element_at(state, from, at).slot)
        if (user_is_expired(state, from + at))
            return false;
    return true;
}

void user_list_clean(struct user_state *state, struct state_key key)
{
    uint32_t size = 0, kept = 0;
    const uint8_t *old = state_table_get(state->table, key, &size);
    if (!old || user_list_is_clean(state, old, size))
        return;
    uint8_t *bytes = user_state_write(state, state->table, key, size);
    state->changes++;
    for (uint32_t at = 0; at < size;) {
        uint32_t slot = element_at(state, bytes, at).slot;
        bool expired = user_is_expired(state, bytes + at);
        if (!expired) {
            memmove(bytes + kept, bytes + at, slot);
            kept += slot;
        }
        at += slot;
    }
    if (kept == 0)
        state_table_remove(state->table, key);
    else
        user_state_write(state, state->table, key, kept);
}

/* TtlListState: to read it renews all its elements. */
static void renew(struct user_state *state, struct state_key key, uint32_t size)
{
    uint8_t *bytes = user_state_write(state, state->table, key, size);
    for (uint32_t at = 0; at < size; at += element_at(state, bytes, at).slot)
        user_stamp(state, bytes + at);
}

struct user_list user_list_open(struct user_state *state, struct state_key key)
{
    struct user_list list = { .begun = 1 };
    CHECK(state->spec->kind == USER_LIST);
    if (user_has_ttl(state))
        user_list_clean(state, key);
    if (!state_table_get(state->table, key, &list.size))
        list.size = 0;
    else if (user_renews_on_read(state))
        renew(state, key, list.size);
    list.changes = state->changes;
    return list;
}

bool user_list_next(const struct user_state *state, struct state_key key, struct user_list *list,
                    const void **element, uint32_t *size)
{
    uint32_t all = 0;
    const uint8_t *bytes = state_table_get(state->table, key, &all);
    uint32_t end = list->size < all ? list->size : all;
    uint32_t least = user_stamp_size(state) + (state->spec->value_size == 0 ? RECORD_HEAD : 0);
    if (!bytes || list->changes != state->changes || list->at >= end || end - list->at < least)
        return false;
    struct element found = element_at(state, bytes, list->at);
    if (found.slot > end - list->at)
        return false; /* a walk of another key's */
    *element = bytes + found.payload_at;
    if (size)
        *size = found.size;
    list->at += found.slot;
    return true;
}
