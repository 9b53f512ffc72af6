/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a table from snapshots. Groups are built aside, block by block, each block checked whole
 * before its entries are looked at; only finish puts them into the table. Every length is compared
 * with the bytes there are. Always: a group has no more entries than the files have bytes.
 */
#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/exec/state_fill.h"
#include "core/exec/state_parts.h"
#include "core/exec/state_stretch.h"

enum { SPARE_PART = 8 }; /* of the entries: room beyond them, so that the next does not grow it */

struct state_restore {
    struct state_table *table;
    struct snapshot_header expected;
    struct state_account account;
    struct state_group *groups; /* aside */
    uint64_t *ids;              /* of the newest file, by group; 0: none yet */
    bool failed;
};

struct state_restore *state_restore_begin(struct state_table *table,
                                          const struct snapshot_identity *identity)
{
    const struct state_spec *spec = &table->spec;
    struct state_restore *restore = mem_create(sizeof *restore);
    restore->table = table;
    restore->expected = (struct snapshot_header){ .identity = *identity,
                                                  .key_size = spec->key_size,
                                                  .value_size = spec->value_size,
                                                  .key_hash = spec->key_hash,
                                                  .max_parallelism = spec->max_parallelism };
    restore->groups = mem_create_array(table->group_count, sizeof *restore->groups);
    restore->ids = mem_create_array(table->group_count, sizeof *restore->ids);
    for (uint32_t i = 0; i < table->group_count; i++)
        state_group_init(&restore->groups[i]);
    return restore;
}

void state_restore_cancel(struct state_restore *restore)
{
    if (!restore)
        return;
    for (uint32_t i = 0; i < restore->table->group_count; i++)
        state_group_release(&restore->account, &restore->groups[i], true);
    CHECK(restore->account.all_bytes == 0);
    mem_destroy(restore->groups);
    mem_destroy(restore->ids);
    mem_destroy(restore);
}

/* Bytes that an entry of a removed key has at least; one with a value has no less. */
static uint32_t least_bytes(const struct state_layout *layout)
{
    return layout->key_size ? layout->key_size : sizeof layout->key_size;
}

/* Room for all entries of a group whose first block this is; stretches say how many buckets it
 * has. The other blocks are taken to be like it: where they are not, the heap grows. */
static struct err make_room(struct state_restore *restore, const struct snapshot_file *file,
                            struct state_group *group, uint64_t from, uint64_t to,
                            const struct snapshot_block *first, struct note *note)
{
    const struct state_layout *layout = &restore->table->layout;
    if (first->kind != SNAPSHOT_BLOCK_STRETCH) {
        uint64_t entries;
        TRY(snapshot_count_entries(file, from, to, least_bytes(layout), &entries, note));
        state_group_reserve(layout, &restore->account, group, entries + entries / SPARE_PART);
    }
    if (layout->in_heap && first->size != 0)
        state_heap_reserve(layout, &restore->account, group,
                           state_fill_heap_words(layout, first) * ((to - from) / first->size + 1));
    return OK;
}

/* A full snapshot of a group is stretches or entries, an increment removals and entries. */
static bool can_follow(bool is_full, const struct state_stretch_fill *fill,
                       enum snapshot_block_kind kind)
{
    switch (kind) {
    case SNAPSHOT_BLOCK_ENTRIES: return fill->next == 0;
    case SNAPSHOT_BLOCK_REMOVED: return !is_full;
    case SNAPSHOT_BLOCK_STRETCH: return is_full && (fill->next != 0 || !fill->group->buckets);
    case SNAPSHOT_BLOCK_END: break;
    }
    return false;
}

static struct err put_blocks(struct state_restore *restore, const struct snapshot_file *file,
                             struct state_stretch_fill *fill, int32_t number, uint64_t from,
                             uint64_t to, struct note *note)
{
    const struct state_layout *layout = &restore->table->layout;
    bool is_full = snapshot_group_base(&file->header, number) == 0;
    uint64_t begin = from;
    while (from < to) {
        struct snapshot_block block;
        TRY(snapshot_read_block(file, number, &from, to, &block, note));
        if (!can_follow(is_full, fill, block.kind))
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "key group %d: a block of a kind that cannot be there", number);
        if (is_full && !fill->group->buckets)
            TRY(make_room(restore, file, fill->group, begin, to, &block, note));
        if (block.kind == SNAPSHOT_BLOCK_STRETCH)
            TRY(state_stretch_place(fill, layout, &restore->account, &block, note));
        else
            TRY(state_fill(layout, &restore->account, fill->group, &block, note));
    }
    return state_stretch_end(fill, layout, number, note);
}

static struct err add_group(struct state_restore *restore, const struct snapshot_file *file,
                            uint32_t i, uint64_t *out_added, struct note *note)
{
    const struct snapshot_header *header = &file->header;
    int32_t number = restore->table->spec.range.first + (int32_t)i;
    uint64_t base = snapshot_group_base(header, number);
    if (base > restore->ids[i] || (base != 0 && restore->ids[i] > header->id))
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "snapshot %llu adds to %llu, but what is there of key group %d is %llu",
                        (unsigned long long)header->id, (unsigned long long)base, number,
                        (unsigned long long)restore->ids[i]);
    if (base == 0 && restore->ids[i] != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "key group %d is there twice", number);
    uint64_t from, to;
    struct state_stretch_fill fill = { .group = &restore->groups[i] };
    TRY(snapshot_section(file, number, &from, &to, note));
    *out_added += base == 0 ? 0 : to - from;
    fill.section_size = to - from;
    TRY(put_blocks(restore, file, &fill, number, from, to, note));
    restore->ids[i] = header->id;
    return OK;
}

static struct err add_file(struct state_restore *restore, const uint8_t *bytes, uint64_t size,
                           struct key_group_range range, uint64_t *out_added, struct note *note)
{
    const struct key_group_range *wanted = &restore->table->spec.range;
    struct snapshot_file file;
    TRY(snapshot_open(bytes, size, &file, note));
    TRY(snapshot_expect(&file.header, &restore->expected, note));
    range = key_group_range_both(range, key_group_range_both(*wanted, file.header.range));
    for (int32_t group = range.first; group <= range.last; group++)
        TRY(add_group(restore, &file, (uint32_t)(group - wanted->first), out_added, note));
    return OK;
}

struct err state_restore_add_part(struct state_restore *restore, const uint8_t *bytes,
                                  uint64_t size, struct key_group_range range, uint64_t *out_added,
                                  struct note *note)
{
    CHECK(!restore->failed);
    *out_added = 0;
    struct err e = add_file(restore, bytes, size, range, out_added, note);
    restore->failed = err_is(e);
    return e;
}

struct err state_restore_add(struct state_restore *restore, const uint8_t *bytes, uint64_t size,
                             struct note *note)
{
    uint64_t added;
    return state_restore_add_part(restore, bytes, size, restore->table->spec.range, &added, note);
}

void state_restore_absent(struct state_restore *restore, struct key_group_range range, uint64_t id)
{
    const struct key_group_range *wanted = &restore->table->spec.range;
    for (int32_t group = wanted->first; group <= wanted->last; group++)
        if (range.first <= group && group <= range.last && restore->ids[group - wanted->first] == 0)
            restore->ids[group - wanted->first] = id;
}

static struct err check_whole(const struct state_restore *restore, struct note *note)
{
    const struct state_table *table = restore->table;
    for (uint32_t i = 0; i < table->group_count; i++) {
        int32_t number = table->spec.range.first + (int32_t)i;
        if (restore->ids[i] == 0)
            return err_note(note, ERR_MISSING_CODE, "key group %d is in no file", number);
        if (restore->ids[i] != restore->ids[0])
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "key group %d is of snapshot %llu, key group %d of %llu", number,
                            (unsigned long long)restore->ids[i], table->spec.range.first,
                            (unsigned long long)restore->ids[0]);
    }
    return OK;
}

static void move_in(struct state_restore *restore, bool is_base)
{
    struct state_table *table = restore->table;
    table->entries = 0;
    for (uint32_t i = 0; i < table->group_count; i++) {
        struct state_history *history = &table->histories[i];
        state_group_release(&table->account, &table->groups[i], true);
        state_group_release(&table->account, &history->removed, true);
        memset(history->epochs, 0, sizeof history->epochs);
        table->groups[i] = restore->groups[i];
        table->groups[i].epoch = 0;
        table->entries += table->groups[i].count;
        state_group_init(&restore->groups[i]);
    }
    table->account.live_bytes += restore->account.live_bytes;
    table->account.all_bytes += restore->account.all_bytes;
    table->account.allocations += restore->account.allocations;
    restore->account = (struct state_account){ 0 };
    uint64_t id = restore->ids[0];
    table->confirmed = is_base ? id : 0;
    table->unsettled.count = 0;
    if (table->epoch <= id)
        table->epoch = id + 1;
}

struct err state_restore_finish(struct state_restore *restore, bool is_base, struct note *note)
{
    CHECK(!restore->failed);
    struct err e = check_whole(restore, note);
    if (!err_is(e))
        move_in(restore, is_base);
    state_restore_cancel(restore);
    return e;
}
