/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting the entries of a snapshot's block into a group that is being made. For restores only.
 */
#ifndef WEIR_EXEC_STATE_FILL_H
#define WEIR_EXEC_STATE_FILL_H

#include "core/exec/state_parts.h"

/* The next entry of a body; false when it does not fit into what is left. */
static inline bool state_fill_take(const struct state_layout *layout, bool with_value,
                                   const uint8_t **at, const uint8_t *end,
                                   struct state_entry *entry)
{
    bool key_varies = layout->key_size == 0, value_varies = with_value && layout->value_size == 0;
    size_t head =
        (key_varies ? sizeof entry->key_size : 0) + (value_varies ? sizeof entry->value_size : 0);
    size_t left = (size_t)(end - *at);
    if (left < head)
        return false;
    entry->key_size = layout->key_size;
    entry->value_size = with_value ? layout->value_size : 0;
    if (key_varies)
        memcpy(&entry->key_size, *at, sizeof entry->key_size);
    if (value_varies)
        memcpy(&entry->value_size, *at + head - sizeof entry->value_size, sizeof entry->value_size);
    if (entry->key_size > STATE_KEY_MAX || entry->value_size > STATE_VALUE_MAX ||
        left - head < (uint64_t)entry->key_size + entry->value_size)
        return false;
    entry->key = *at + head;
    entry->value = *at + head + entry->key_size;
    *at += head + entry->key_size + entry->value_size;
    return true;
}

/* Entries are added or take the place of those with their key; keys of a block of removals go.
 * ERR_BAD_VALUE_CODE: the block is not as long as its entries. */
MUST_CHECK struct err state_fill(const struct state_layout *layout, struct state_account *account,
                                 struct state_group *group, const struct snapshot_block *block,
                                 struct note *note);
/* Words that the records of a block of entries take in a heap; of those that end within it. */
uint64_t state_fill_heap_words(const struct state_layout *layout,
                               const struct snapshot_block *block);

#endif
