/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking a snapshot: holding on to the memory of all groups, then writing them one by one and
 * letting go of each as soon as it is written. A group is written from its buckets in order, so
 * the bytes follow from the calls made on the table.
 */
#include "core/exec/state_snapshot.h"

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/exec/state_gather.h"
#include "core/exec/state_stretch.h"

enum part { PART_HEADER, PART_REMOVED, PART_ENTRIES, PART_INDEX, PART_END };

struct state_snapshot {
    struct state_table *table;
    struct snapshot_header header;
    struct state_group *groups;  /* as they were */
    struct state_group *removed; /* only of an increment; else null */
    uint8_t *newer;              /* by group: generations after the base */
    uint64_t *offsets;
    uint64_t written, added; /* bytes; those of blocks that add to something */
    enum part part;
    uint32_t group, bucket; /* the next to be written */
    int64_t horizon;        /* stamps that are not above it are left out */
};

static void hold(struct state_group *copy, const struct state_group *group)
{
    *copy = *group;
    if (copy->buckets)
        copy->buckets->holders++;
    if (copy->heap)
        copy->heap->holders++;
}

static void remember_id(struct state_table *table, uint64_t id)
{
    uint64_t *ids = table->unsettled.ids;
    if (table->unsettled.count == STATE_UNSETTLED_MAX) {
        memmove(ids, ids + 1, (STATE_UNSETTLED_MAX - 1) * sizeof *ids);
        table->unsettled.count--;
    }
    ids[table->unsettled.count++] = id;
    table->epoch = id + 1;
}

struct state_snapshot *state_snapshot_begin(struct state_table *table,
                                            const struct snapshot_identity *identity, uint64_t id,
                                            bool incremental)
{
    const struct state_spec *spec = &table->spec;
    CHECK(id >= table->epoch);
    CHECK(!incremental || spec->incremental);
    struct state_snapshot *snapshot = mem_create(sizeof *snapshot);
    uint32_t count = table->group_count;
    snapshot->table = table;
    snapshot->header = (struct snapshot_header){ .identity = *identity,
                                                 .key_size = spec->key_size,
                                                 .value_size = spec->value_size,
                                                 .key_hash = spec->key_hash,
                                                 .max_parallelism = spec->max_parallelism,
                                                 .range = spec->range,
                                                 .id = id,
                                                 .base = incremental ? table->confirmed : 0 };
    snapshot->header.whole =
        snapshot->header.base == 0 ? spec->range : (struct key_group_range){ 0, -1 };
    snapshot->horizon = table->horizon;
    snapshot->groups = mem_create_array(count, sizeof *snapshot->groups);
    snapshot->offsets = mem_create_array(count, sizeof *snapshot->offsets);
    for (uint32_t i = 0; i < count; i++)
        hold(&snapshot->groups[i], &table->groups[i]);
    if (snapshot->header.base != 0) {
        snapshot->removed = mem_create_array(count, sizeof *snapshot->removed);
        snapshot->newer = mem_create(count);
        for (uint32_t i = 0; i < count; i++) {
            hold(&snapshot->removed[i], &table->histories[i].removed);
            snapshot->newer[i] =
                (uint8_t)state_history_newer(&table->histories[i], snapshot->header.base);
        }
    }
    remember_id(table, id);
    table->snapshots++;
    return snapshot;
}

void state_snapshot_write_whole(struct state_snapshot *snapshot, struct key_group_range groups)
{
    CHECK(snapshot->part == PART_HEADER);
    CHECK(snapshot->header.base != 0);
    snapshot->header.whole = groups;
}

/* Of the group that is next. */
static bool is_whole(const struct state_snapshot *snapshot)
{
    int32_t group = snapshot->header.range.first + (int32_t)snapshot->group;
    return snapshot_group_base(&snapshot->header, group) == 0;
}

uint64_t state_snapshot_added(const struct state_snapshot *snapshot)
{
    return snapshot->added;
}

uint64_t state_snapshot_base(const struct state_snapshot *snapshot)
{
    return snapshot->header.base;
}

/* The high bit of each slot of the bucket that belongs into the snapshot. */
static uint64_t chosen(uint64_t word, bool all, uint32_t newer)
{
    if (all)
        return state_taken(word);
    uint64_t low = word >> STATE_GENERATION_SHIFT & STATE_ONES;
    uint64_t high = word >> (STATE_GENERATION_SHIFT + 1) & STATE_ONES;
    uint64_t found = (newer & 1u << 1 ? low & ~high : 0) | (newer & 1u << 2 ? high & ~low : 0) |
                     (newer & 1u << 3 ? low & high : 0);
    return found << 7;
}

/* Those of these slots whose stamp the table still cares for. */
static uint64_t not_behind(const struct state_snapshot *snapshot, const struct state_group *group,
                           uint32_t bucket, uint64_t slots)
{
    for (uint64_t left = slots; left != 0; left &= left - 1) {
        struct state_entry entry;
        int64_t stamp;
        state_group_entry(&snapshot->table->layout, group, bucket * STATE_SLOTS + state_slot(left),
                          &entry);
        memcpy(&stamp, entry.value, sizeof stamp);
        if (stamp <= snapshot->horizon)
            slots &= ~(left & -left);
    }
    return slots;
}

/* Entries of the group from the bucket on, until the block is full. */
static void write_entries(struct state_snapshot *snapshot, struct snapshot_bytes *out)
{
    const struct state_group *group = &snapshot->groups[snapshot->group];
    bool all = is_whole(snapshot), drops = all && snapshot->table->spec.stamped;
    uint32_t newer = all ? 0 : snapshot->newer[snapshot->group], entries = 0;
    size_t opened = snapshot_open_block(out), body = out->count;
    struct gather gather = gather_begin(&snapshot->table->layout, group);
    uint32_t bucket = snapshot->bucket;
    while (bucket < group->bucket_count && out->count - body < STATE_SNAPSHOT_BLOCK) {
        uint32_t left = group->bucket_count - bucket;
        gather.bucket = bucket;
        gather.count = left < gather.most ? left : gather.most;
        for (uint32_t i = 0; i < gather.count; i++, bucket++) {
            gather.slots[i] = chosen(*state_tags(group, bucket), all, newer);
            if (drops)
                gather.slots[i] = not_behind(snapshot, group, bucket, gather.slots[i]);
            entries += state_flag_count(gather.slots[i]);
        }
        gather_append(&gather, out);
    }
    snapshot->bucket = bucket;
    if (entries != 0)
        snapshot_close_block(out, opened, SNAPSHOT_BLOCK_ENTRIES,
                             snapshot->header.range.first + (int32_t)snapshot->group, entries);
    else
        out->count = opened;
}

static void write_removed(struct state_snapshot *snapshot, struct snapshot_bytes *out)
{
    const struct state_layout *layout = &snapshot->table->removed_layout;
    const struct state_group *removed = &snapshot->removed[snapshot->group];
    size_t opened = snapshot_open_block(out), body = out->count;
    uint32_t entries = 0;
    while (snapshot->bucket < removed->bucket_count && out->count - body < STATE_SNAPSHOT_BLOCK) {
        uint64_t slots = chosen(*state_tags(removed, snapshot->bucket), true, 0);
        for (; slots != 0; slots &= slots - 1) {
            uint32_t index = snapshot->bucket * STATE_SLOTS + state_slot(slots);
            struct state_entry entry;
            uint64_t epoch;
            state_group_entry(layout, removed, index, &entry);
            memcpy(&epoch, entry.value, sizeof epoch);
            if (epoch <= snapshot->header.base)
                continue;
            gather_append_key(layout, &entry, out);
            entries++;
        }
        snapshot->bucket++;
    }
    if (entries != 0)
        snapshot_close_block(out, opened, SNAPSHOT_BLOCK_REMOVED,
                             snapshot->header.range.first + (int32_t)snapshot->group, entries);
    else
        out->count = opened;
}

/* Lets go of a group that is written. */
static void release_group(struct state_snapshot *snapshot, uint32_t i)
{
    state_group_release(&snapshot->table->account, &snapshot->groups[i], false);
    if (snapshot->removed)
        state_group_release(&snapshot->table->account, &snapshot->removed[i], false);
}

static void write_group(struct state_snapshot *snapshot, struct snapshot_bytes *out)
{
    uint32_t i = snapshot->group;
    if (snapshot->part == PART_REMOVED) {
        if (!is_whole(snapshot) && snapshot->bucket < snapshot->removed[i].bucket_count) {
            write_removed(snapshot, out);
            return;
        }
        snapshot->part = PART_ENTRIES;
        snapshot->bucket = 0;
    }
    if (snapshot->groups[i].count != 0 && snapshot->bucket < snapshot->groups[i].bucket_count) {
        if (is_whole(snapshot) && !snapshot->table->spec.stamped &&
            state_stretch_fits(&snapshot->groups[i]))
            snapshot->bucket = state_stretch_write(&snapshot->table->layout, &snapshot->groups[i],
                                                   snapshot->header.range.first + (int32_t)i,
                                                   snapshot->bucket, out);
        else
            write_entries(snapshot, out);
        return;
    }
    release_group(snapshot, i);
    snapshot->bucket = 0;
    snapshot->part = ++snapshot->group < snapshot->table->group_count ? PART_REMOVED : PART_INDEX;
}

bool state_snapshot_write(struct state_snapshot *snapshot, struct snapshot_bytes *out,
                          size_t budget)
{
    size_t begin = out->count;
    while (snapshot->part != PART_END && (out->count - begin < budget || out->count == begin)) {
        size_t before = out->count;
        bool adds = false;
        switch (snapshot->part) {
        case PART_HEADER:
            snapshot_write_header(out, &snapshot->header);
            snapshot->part = PART_REMOVED;
            break;
        case PART_REMOVED:
        case PART_ENTRIES:
            if (snapshot->part == PART_REMOVED && snapshot->bucket == 0)
                snapshot->offsets[snapshot->group] = snapshot->written;
            adds = !is_whole(snapshot);
            write_group(snapshot, out);
            break;
        case PART_INDEX:
            snapshot_write_index(out, snapshot->offsets, snapshot->table->group_count,
                                 snapshot->written);
            snapshot->part = PART_END;
            break;
        case PART_END: IMPOSSIBLE("writing behind the end");
        }
        snapshot->written += out->count - before;
        snapshot->added += adds ? out->count - before : 0;
    }
    return snapshot->part != PART_END;
}

void state_snapshot_end(struct state_snapshot *snapshot)
{
    struct state_table *table = snapshot->table;
    for (uint32_t i = snapshot->group; i < table->group_count; i++)
        release_group(snapshot, i);
    CHECK(table->snapshots > 0);
    table->snapshots--;
    mem_destroy(snapshot->groups);
    mem_destroy(snapshot->removed);
    mem_destroy(snapshot->newer);
    mem_destroy(snapshot->offsets);
    mem_destroy(snapshot);
}
