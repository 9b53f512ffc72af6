/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a snapshot of keyed state. The first byte chooses sizes of key and value, and
 * whether the rest is the file or the bodies of blocks that are then sealed with right checksums,
 * so that what is behind them is reached too. Always: what is taken makes a table in order, whose
 * own snapshot is taken again with as many entries; what is refused says why and changes nothing.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/exec/state_snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GROUPS = 4, HALF = 4, SEALED = 4, INCREMENT = 8, OTHER_HALF = 16, BLOCK_BYTES = 4 };

static const struct snapshot_identity identity = { .job = 1, .name = "fuzz" };
static const uint32_t key_sizes[2 * HALF] = { 8, 0, 8, 0, 4, 8, 3, 12 };
static const uint32_t value_sizes[2 * HALF] = { 8, 8, 0, 0, 8, 24, 5, 20 };

static struct state_spec spec_of(uint8_t choice)
{
    uint32_t shape = choice % HALF + (choice & OTHER_HALF ? HALF : 0);
    return (struct state_spec){ .key_size = key_sizes[shape],
                                .value_size = value_sizes[shape],
                                .key_hash = KEY_HASH_TEXT,
                                .max_parallelism = GROUPS,
                                .range = { 0, GROUPS - 1 },
                                .incremental = true };
}

static struct state_table *create_table(uint8_t choice)
{
    struct state_spec spec = spec_of(choice);
    struct state_table *table = state_table_create(&spec);
    uint32_t value_size = spec.value_size ? spec.value_size : 8;
    struct state_key key = { "123456789012", spec.key_size ? spec.key_size : 8,
                             STATE_GROUP_COMPUTED };
    CHECK(!err_is(state_table_put(table, key, "abcdefghijklmnopqrstuvwx", value_size, NULL)));
    return table;
}

/* Header, blocks as the data has them (kind, group, entries, length), index. */
static void seal(uint8_t choice, const uint8_t *data, size_t size, uint64_t id, uint64_t base,
                 struct snapshot_bytes *file)
{
    struct state_spec spec = spec_of(choice);
    struct snapshot_header header = { .identity = identity,
                                      .key_size = spec.key_size,
                                      .value_size = spec.value_size,
                                      .key_hash = spec.key_hash,
                                      .max_parallelism = GROUPS,
                                      .range = spec.range,
                                      .id = id,
                                      .base = base,
                                      .whole = spec.range };
    if (base != 0)
        header.whole.last = (choice >> 6) - 1;
    uint64_t offsets[GROUPS];
    size_t at = 0;
    snapshot_write_header(file, &header);
    for (int group = 0; group < GROUPS; group++) {
        offsets[group] = file->count;
        while (at + BLOCK_BYTES <= size && data[at + 1] % (GROUPS + 1) == group) {
            const uint8_t *head = data + at;
            at += BLOCK_BYTES;
            size_t length = size - at < head[3] ? size - at : head[3];
            size_t opened = snapshot_open_block(file);
            memcpy(snapshot_bytes_take(file, length), data + at, length);
            snapshot_close_block(file, opened, (enum snapshot_block_kind)(head[0] % 4),
                                 group + (head[1] > 250), head[2]);
            at += length;
        }
    }
    snapshot_write_index(file, offsets, GROUPS, file->count);
}

static void check_again(const struct state_table *table, uint8_t choice, struct state_table *same)
{
    struct snapshot_bytes file = { 0 };
    struct state_table *again = create_table(choice);
    struct state_snapshot *snapshot = state_snapshot_begin(same, &identity, 100, false);
    while (state_snapshot_write(snapshot, &file, 100))
        ;
    state_snapshot_end(snapshot);
    struct state_restore *restore = state_restore_begin(again, &identity);
    CHECK(!err_is(state_restore_add(restore, file.items, file.count, NULL)));
    CHECK(!err_is(state_restore_finish(restore, true, NULL)));
    state_table_check(again);
    CHECK(state_table_memory(again).entries == state_table_memory(table).entries);
    state_table_destroy(again);
    snapshot_bytes_fini(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct note note = { { 0 } };
    struct snapshot_bytes first = { 0 }, file = { 0 };
    struct state_table *table = create_table(data[0]);
    struct state_restore *restore = state_restore_begin(table, &identity);
    bool is_increment = data[0] & INCREMENT;
    if (is_increment) {
        seal(data[0], data, 0, 1, 0, &first);
        CHECK(!err_is(state_restore_add(restore, first.items, first.count, &note)));
    }
    if (data[0] & SEALED)
        seal(data[0], data + 1, size - 1, 2, is_increment, &file);
    else
        memcpy(snapshot_bytes_take(&file, size - 1), data + 1, size - 1);
    struct err e = state_restore_add(restore, file.items, file.count, &note);
    if (err_is(e))
        state_restore_cancel(restore);
    else
        e = state_restore_finish(restore, true, &note);
    state_table_check(table);
    if (err_is(e)) {
        CHECK(note.text[0] != '\0');
        CHECK(state_table_memory(table).entries == 1);
    } else {
        check_again(table, data[0], table);
    }
    state_table_destroy(table);
    snapshot_bytes_fini(&first);
    snapshot_bytes_fini(&file);
    return 0;
}
