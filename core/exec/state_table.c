/* SPDX-License-Identifier: Apache-2.0
 *
 * The table as a whole: making it, single keys, walking, the books of memory and of snapshots.
 * Batches are in state_resolve.c. Always: the sum of the groups' entries is the table's.
 */
#include "core/exec/state_table.h"

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/exec/state_heap.h"
#include "core/exec/state_parts.h"

enum { KEY_WORD = 8, KEY_HALF = 4 };

static bool key_size_fits(const struct state_table *table, uint32_t size)
{
    uint32_t expected = table->spec.key_size;
    return expected ? size == expected : size <= STATE_KEY_MAX;
}

struct state_table *state_table_create(const struct state_spec *spec)
{
    CHECK(spec->key_size <= STATE_KEY_MAX);
    CHECK(spec->value_size <= STATE_VALUE_MAX);
    CHECK(spec->key_hash < KEY_HASH_COUNT);
    CHECK(spec->key_hash != KEY_HASH_LONG || spec->key_size == KEY_WORD);
    CHECK(spec->key_hash != KEY_HASH_INTEGER || spec->key_size == KEY_HALF);
    CHECK(spec->range.first >= 0);
    CHECK(spec->range.first <= spec->range.last);
    CHECK(spec->range.last < spec->max_parallelism);
    struct state_table *table = mem_create(sizeof *table);
    table->spec = *spec;
    table->layout = state_layout_of(spec->key_size, spec->value_size);
    table->removed_layout = state_layout_of(spec->key_size, sizeof table->epoch);
    table->group_count = (uint32_t)key_group_range_size(spec->range);
    table->groups = mem_create_array(table->group_count, sizeof *table->groups);
    table->histories = mem_create_array(table->group_count, sizeof *table->histories);
    for (uint32_t i = 0; i < table->group_count; i++) {
        state_group_init(&table->groups[i]);
        state_group_init(&table->histories[i].removed);
    }
    table->epoch = 1;
    table->account.batch = 1;
    table->horizon = INT64_MIN;
    return table;
}

void state_table_set_horizon(struct state_table *table, int64_t stamp)
{
    CHECK(table->spec.stamped);
    table->horizon = stamp;
}

void state_table_destroy(struct state_table *table)
{
    if (!table)
        return;
    CHECK(table->snapshots == 0);
    for (uint32_t i = 0; i < table->group_count; i++) {
        state_group_release(&table->account, &table->groups[i], true);
        state_group_release(&table->account, &table->histories[i].removed, true);
    }
    CHECK(table->account.all_bytes == 0);
    mem_destroy(table->groups);
    mem_destroy(table->histories);
    mem_destroy(table->batch_groups);
    state_recent_destroy(table->recent);
    mem_destroy(table);
}

const struct state_spec *state_table_spec(const struct state_table *table)
{
    return &table->spec;
}

uint32_t state_history_newer(const struct state_history *history, uint64_t base)
{
    uint32_t newer = 0;
    for (uint32_t g = 1; g < STATE_GENERATIONS; g++)
        newer |= (uint32_t)(history->epochs[g] > base) << g;
    return newer;
}

/* Entries of these generations (bit g) become old. */
static void forget_generations(struct state_group *group, uint32_t generations)
{
    for (uint32_t bucket = 0; bucket < group->bucket_count; bucket++) {
        uint64_t *tags = state_tags(group, bucket);
        uint64_t low = *tags >> STATE_GENERATION_SHIFT & STATE_ONES;
        uint64_t high = *tags >> (STATE_GENERATION_SHIFT + 1) & STATE_ONES;
        uint64_t chosen = (generations & 1u << 1 ? low & ~high : 0) |
                          (generations & 1u << 2 ? high & ~low : 0) |
                          (generations & 1u << 3 ? low & high : 0);
        *tags &= ~(chosen * (3u << STATE_GENERATION_SHIFT));
    }
}

/* Finds a generation for what is written from now on. */
static void turn_generation(struct state_table *table, uint32_t i)
{
    struct state_group *group = &table->groups[i];
    struct state_history *history = &table->histories[i];
    uint32_t newest = 1, next = 0, old = 0;
    for (uint32_t g = 1; g < STATE_GENERATIONS; g++) {
        if (history->epochs[g] != 0 && history->epochs[g] <= table->confirmed) {
            history->epochs[g] = 0;
            old |= 1u << g;
        }
        if (history->epochs[g] == 0)
            next = g;
        else if (history->epochs[g] > history->epochs[newest])
            newest = g;
    }
    if (old != 0 && group->buckets)
        forget_generations(group, old);
    if (next == 0)
        next = newest;
    history->epochs[next] = table->epoch;
    group->mark = (uint64_t)next << STATE_GENERATION_SHIFT;
}

void state_table_prepare(struct state_table *table, uint32_t i, bool shrinks)
{
    struct state_group *group = &table->groups[i];
    if (shrinks)
        state_group_shrink(&table->layout, &table->account, group);
    state_group_unshare(&table->layout, &table->account, group);
    group->epoch = table->epoch;
    group->moved = 0; /* nobody has got a pointer into it in this batch */
    if (table->spec.incremental)
        turn_generation(table, i);
}

/* The group of a key, counted from the first of the range. */
static uint32_t group_of(const struct state_table *table, const struct state_key *key)
{
    int32_t group = key->group;
    if (!key_size_fits(table, key->size))
        return STATE_INDEX_NONE;
    if (group == STATE_GROUP_COMPUTED)
        group = key_group_of_hash(key_hash_of(table->spec.key_hash, key->bytes, key->size),
                                  table->spec.max_parallelism);
    if (group < table->spec.range.first || group > table->spec.range.last)
        return STATE_INDEX_NONE;
    return (uint32_t)(group - table->spec.range.first);
}

uint32_t state_value_size(const struct state_table *table, const void *value)
{
    return state_record_value_size(&table->layout, value);
}

const void *state_table_get(const struct state_table *table, struct state_key key, uint32_t *size)
{
    uint32_t i = group_of(table, &key);
    if (i == STATE_INDEX_NONE)
        return NULL;
    uint64_t hash = state_hash(&table->layout, key.bytes, key.size);
    uint32_t index = state_group_find(&table->layout, &table->groups[i], hash, key.bytes, key.size);
    if (index == STATE_INDEX_NONE)
        return NULL;
    struct state_entry entry;
    state_group_entry(&table->layout, &table->groups[i], index, &entry);
    if (size)
        *size = entry.value_size;
    return entry.value;
}

/* The slot of the key, new or not, marked as written; a value that varies has this size then. */
static struct err write_to(struct state_table *table, struct state_key key, uint32_t value_size,
                           struct state_entry *entry, struct note *note)
{
    const struct state_layout *layout = &table->layout;
    uint32_t i = group_of(table, &key);
    if (i == STATE_INDEX_NONE)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "a key of %u bytes outside the key groups %d to %d", key.size,
                        table->spec.range.first, table->spec.range.last);
    if (value_size > STATE_VALUE_MAX || (layout->value_size && value_size != layout->value_size))
        return err_note(note, ERR_BAD_VALUE_CODE, "a value of %u bytes where %u are allowed",
                        value_size, layout->value_size ? layout->value_size : STATE_VALUE_MAX);
    struct state_group *group = state_table_ready(table, i);
    uint64_t hash = state_hash(layout, key.bytes, key.size);
    uint32_t index = state_group_find(layout, group, hash, key.bytes, key.size);
    if (index == STATE_INDEX_NONE) {
        index = state_group_insert(layout, &table->account, group, hash, key.bytes, key.size,
                                   value_size);
        table->entries++;
    } else {
        *state_tag_at(group, index) = (uint8_t)(group->mark | state_tag(hash));
        if (layout->value_size == 0)
            state_heap_resize(layout, &table->account, group, index, value_size);
    }
    state_group_entry(layout, group, index, entry);
    return OK;
}

struct err state_table_put(struct state_table *table, struct state_key key, const void *value,
                           uint32_t size, struct note *note)
{
    struct state_entry entry = { 0 };
    TRY(write_to(table, key, size, &entry, note));
    memcpy((void *)(uintptr_t)entry.value, value, size);
    return OK;
}

struct err state_table_resize(struct state_table *table, struct state_key key, uint32_t size,
                              void **value, struct note *note)
{
    struct state_entry entry = { 0 };
    CHECK(table->layout.value_size == 0);
    TRY(write_to(table, key, size, &entry, note));
    *value = (void *)(uintptr_t)entry.value;
    return OK;
}

static bool lies_in(const struct state_block *block, const void *bytes)
{
    uintptr_t at = (uintptr_t)bytes, from = (uintptr_t)block;
    return block && at >= from && at - from < sizeof *block + block->size;
}

const void *state_table_set_aside(const struct state_table *table, int32_t group, const void *bytes,
                                  uint32_t size, void **copy)
{
    CHECK(group >= table->spec.range.first);
    CHECK(group <= table->spec.range.last);
    const struct state_group *in = &table->groups[group - table->spec.range.first];
    if (!lies_in(in->buckets, bytes) && !lies_in(in->heap, bytes))
        return bytes;
    *copy = mem_create(size);
    memcpy(*copy, bytes, size);
    return *copy;
}

/* Removals that a confirmed snapshot knows of are forgotten here, once per epoch. */
static void prepare_removed(struct state_table *table, struct state_group *removed)
{
    const struct state_layout *layout = &table->removed_layout;
    struct state_group old = *removed;
    removed->epoch = table->epoch;
    if (removed->count == 0) {
        state_group_release(&table->account, removed, true);
        removed->epoch = table->epoch;
        return;
    }
    state_group_init(removed);
    removed->epoch = table->epoch;
    for (uint32_t index = 0; index < old.bucket_count * STATE_SLOTS; index++) {
        struct state_entry entry;
        uint64_t epoch;
        if (*state_tag_at(&old, index) == 0)
            continue;
        state_group_entry(layout, &old, index, &entry);
        memcpy(&epoch, entry.value, sizeof epoch);
        if (epoch <= table->confirmed)
            continue;
        uint64_t hash = state_group_hash_at(layout, &old, index);
        uint32_t at = state_group_insert(layout, &table->account, removed, hash, entry.key,
                                         entry.key_size, sizeof epoch);
        struct state_entry copy;
        state_group_entry(layout, removed, at, &copy);
        memcpy((void *)(uintptr_t)copy.value, &epoch, sizeof epoch);
    }
    state_group_release(&table->account, &old, true);
}

/* Remembers that the key has gone. */
static void note_removal(struct state_table *table, uint32_t group, uint64_t hash,
                         const uint8_t *key, uint32_t size)
{
    /* Before the first snapshot nobody can have seen the key. */
    if (!table->spec.incremental || table->epoch == 1)
        return;
    const struct state_layout *layout = &table->removed_layout;
    struct state_group *removed = &table->histories[group].removed;
    if (removed->epoch != table->epoch)
        prepare_removed(table, removed);
    uint32_t index = state_group_find(layout, removed, hash, key, size);
    if (index == STATE_INDEX_NONE)
        index = state_group_insert(layout, &table->account, removed, hash, key, size,
                                   sizeof table->epoch);
    struct state_entry entry;
    state_group_entry(layout, removed, index, &entry);
    memcpy((void *)(uintptr_t)entry.value, &table->epoch, sizeof table->epoch);
}

static void remove_index(struct state_table *table, uint32_t i, uint32_t index)
{
    struct state_group *group = &table->groups[i];
    struct state_entry entry;
    state_group_entry(&table->layout, group, index, &entry);
    note_removal(table, i, state_hash(&table->layout, entry.key, entry.key_size), entry.key,
                 entry.key_size);
    state_group_remove(&table->layout, group, index);
    table->account.moves++;
    table->entries--;
}

bool state_table_remove(struct state_table *table, struct state_key key)
{
    uint32_t i = group_of(table, &key);
    if (i == STATE_INDEX_NONE)
        return false;
    uint64_t hash = state_hash(&table->layout, key.bytes, key.size);
    struct state_group *group = &table->groups[i];
    if (state_group_find(&table->layout, group, hash, key.bytes, key.size) == STATE_INDEX_NONE)
        return false;
    group = state_table_ready(table, i);
    remove_index(table, i, state_group_find(&table->layout, group, hash, key.bytes, key.size));
    return true;
}

bool state_table_next(const struct state_table *table, struct state_cursor *cursor,
                      struct state_entry *entry)
{
    CHECK(cursor->group >= table->spec.range.first);
    CHECK(cursor->group <= table->spec.range.last);
    const struct state_group *group = &table->groups[cursor->group - table->spec.range.first];
    for (; cursor->next < (uint64_t)group->bucket_count * STATE_SLOTS; cursor->next++) {
        uint32_t index = (uint32_t)cursor->next;
        if (*state_tag_at(group, index) == 0)
            continue;
        state_group_entry(&table->layout, group, index, entry);
        cursor->next++;
        return true;
    }
    return false;
}

/* Another entry may have come to its place: the cursor steps back to look at it. */
void state_table_remove_at(struct state_table *table, struct state_cursor *cursor)
{
    CHECK(cursor->next > 0);
    uint32_t i = (uint32_t)(cursor->group - table->spec.range.first);
    if (table->groups[i].epoch != table->epoch)
        state_table_prepare(table, i, false);
    cursor->next--;
    CHECK(*state_tag_at(&table->groups[i], (uint32_t)cursor->next) != 0);
    remove_index(table, i, (uint32_t)cursor->next);
}

struct state_memory state_table_memory(const struct state_table *table)
{
    uint64_t own =
        sizeof *table + table->group_count * (sizeof *table->groups + sizeof *table->histories) +
        table->batch_capacity * sizeof *table->batch_groups + state_recent_bytes(table->recent);
    return (struct state_memory){
        .entries = table->entries,
        .live_bytes = table->account.live_bytes + own,
        .held_bytes = table->account.all_bytes - table->account.live_bytes,
        .allocations = table->account.allocations,
    };
}

static void drop_unsettled(struct state_table *table, uint32_t from, uint32_t count)
{
    uint64_t *ids = table->unsettled.ids;
    memmove(ids + from, ids + from + count, (table->unsettled.count - from - count) * sizeof *ids);
    table->unsettled.count -= count;
}

struct err state_table_confirm(struct state_table *table, uint64_t id)
{
    for (uint32_t i = 0; i < table->unsettled.count; i++) {
        if (table->unsettled.ids[i] != id)
            continue;
        table->confirmed = id;
        drop_unsettled(table, 0, i + 1);
        return OK;
    }
    return (struct err){ ERR_STALE_CODE };
}

void state_table_abort(struct state_table *table, uint64_t id)
{
    for (uint32_t i = 0; i < table->unsettled.count; i++)
        if (table->unsettled.ids[i] == id) {
            drop_unsettled(table, i, 1);
            return;
        }
}
