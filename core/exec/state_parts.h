/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of keyed state share; others use state_table.h and state_snapshot.h.
 *
 * Time is counted in epochs: what is written after snapshot n began and before the next one begins
 * has epoch n + 1, so a snapshot n holds what has an epoch of at most n, and an increment to base b
 * of that what is above b. An entry's tag names one of three generations, and the group says which
 * epoch each stands for; generation 0 is old. When more epochs than three are of interest, the
 * newest two become one: then an increment holds more than it must, never less. Keys removed are
 * kept with the epoch of the removal, in a table of the same kind.
 */
#ifndef WEIR_EXEC_STATE_PARTS_H
#define WEIR_EXEC_STATE_PARTS_H

#include "core/exec/state_heap.h"
#include "core/exec/state_recent.h"
#include "core/exec/state_snapshot.h"
#include "core/exec/state_table.h"

enum { STATE_GENERATIONS = 4 };

/* What of a group is older than its last snapshot; used once per group and epoch. */
struct state_history {
    uint64_t epochs[STATE_GENERATIONS]; /* by generation; 0: none. The first is not used. */
    struct state_group removed;         /* key -> epoch */
};

struct state_table {
    struct state_spec spec;
    struct state_layout layout, removed_layout;
    uint32_t group_count;
    struct state_group *groups;      /* of the range, in order */
    struct state_history *histories; /* as many */
    struct state_account account;
    uint64_t entries;
    int64_t horizon;    /* of stamps */
    uint64_t epoch;     /* of what is written now */
    uint64_t confirmed; /* the newest confirmed snapshot; 0: none */
    struct {
        uint64_t ids[STATE_UNSETTLED_MAX]; /* rising */
        uint32_t count;
    } unsettled;
    uint32_t snapshots;     /* begun and not ended */
    uint16_t *batch_groups; /* room for the key groups of a batch */
    uint32_t batch_capacity;
    struct state_recent *recent; /* null: never asked for */
};

/* To be called before the first write to a group in an epoch. shrinks: entries may move into fewer
 * buckets. */
void state_table_prepare(struct state_table *table, uint32_t group, bool shrinks);

static inline struct state_group *state_table_ready(struct state_table *table, uint32_t group)
{
    if (__builtin_expect(table->groups[group].epoch != table->epoch, 0))
        state_table_prepare(table, group, true);
    return &table->groups[group];
}

/* Bit g: entries of generation g were written after the base. */
uint32_t state_history_newer(const struct state_history *history, uint64_t base);

/* Key and value of a slot. */
static inline void state_group_entry(const struct state_layout *layout,
                                     const struct state_group *group, uint32_t index,
                                     struct state_entry *entry)
{
    if (!layout->in_heap) {
        uint8_t *at = state_entry_at(layout, group, index);
        *entry =
            (struct state_entry){ at, at + layout->value_at, layout->key_size, layout->value_size };
        return;
    }
    uint8_t *record = state_heap_record(group, state_heap_entry_at(group, index).at);
    entry->key = state_record_key(layout, record);
    entry->key_size = state_record_key_size(layout, record);
    entry->value = state_record_value(layout, record);
    entry->value_size = state_record_value_size(layout, entry->value);
}

#endif
