/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that always holds of keyed state, looked at once.
 */
#include "core/base/check.h"
#include "core/exec/state_heap.h"
#include "core/exec/state_parts.h"

/* Every entry is found from its own key, and the tags, the count and the heap agree. */
static uint64_t check_group(const struct state_layout *layout, const struct state_group *group)
{
    uint64_t bytes = group->buckets ? group->buckets->size : 0, words = 0;
    uint32_t count = 0;
    for (uint32_t index = 0; index < group->bucket_count * STATE_SLOTS; index++) {
        struct state_entry entry;
        if (*state_tag_at(group, index) == 0)
            continue;
        count++;
        state_group_entry(layout, group, index, &entry);
        uint64_t hash = state_hash(layout, entry.key, entry.key_size);
        CHECK(state_tag(hash) == (*state_tag_at(group, index) & STATE_TAG_HASH));
        CHECK(state_group_find(layout, group, hash, entry.key, entry.key_size) == index);
        words += layout->in_heap ? state_heap_words(layout, entry.key_size, entry.value_size) : 0;
    }
    CHECK(count == group->count);
    CHECK(group->count <= group->count_max);
    CHECK(group->count_max < group->bucket_count * STATE_SLOTS);
    if (group->heap) {
        CHECK(group->heap->used == words + group->heap->garbage);
        CHECK(sizeof *group->heap + (uint64_t)group->heap->used * STATE_HEAP_WORD <=
              group->heap->size);
        bytes += group->heap->size;
    }
    return bytes;
}

void state_table_check(const struct state_table *table)
{
    uint64_t entries = 0, bytes = 0;
    for (uint32_t i = 0; i < table->group_count; i++) {
        const struct state_group *group = &table->groups[i];
        bytes += check_group(&table->layout, group);
        bytes += check_group(&table->removed_layout, &table->histories[i].removed);
        entries += group->count;
        CHECK(group->epoch <= table->epoch);
        if (group->epoch != table->epoch)
            continue;
        /* Ready for writing: nobody else looks into it. */
        CHECK(!group->buckets || group->buckets->holders == 1);
        CHECK(!group->heap || group->heap->holders == 1);
    }
    CHECK(entries == table->entries);
    CHECK(bytes == table->account.live_bytes);
    CHECK(table->account.all_bytes >= table->account.live_bytes);
    CHECK(table->confirmed < table->epoch);
    for (uint32_t i = 0; i < table->unsettled.count; i++) {
        CHECK(table->unsettled.ids[i] > table->confirmed);
        CHECK(table->unsettled.ids[i] < table->epoch);
    }
}
