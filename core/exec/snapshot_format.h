/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a snapshot of keyed state, in order:
 *
 *     header   magic, version, whose it is, sizes, key groups, id, base,
 *              which groups are whole                                        checksummed
 *     blocks   [kind, key group, entries, bytes, checksum] entries ...       those of a group
 * together index    per key group: where its blocks begin and how long they are   checksummed
 *     trailer  where the index begins, checksum, magic
 *
 * Numbers are little-endian. It is written front to back and read from the trailer, so that a
 * subtask touches only header, index and the key groups it wants. Every byte read is hostile.
 */
#ifndef WEIR_EXEC_SNAPSHOT_FORMAT_H
#define WEIR_EXEC_SNAPSHOT_FORMAT_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/base/vec.h"
#include "core/exec/state_form.h"
#include "core/graph/key_groups.h"

enum { SNAPSHOT_FORMAT_VERSION = 4, SNAPSHOT_NAME_MAX = 128 };

/* Says which bytes a serializer writes: the fingerprint differs between kinds, the version between
 * generations of one kind. */
struct snapshot_serializer {
    uint64_t fingerprint;
    uint32_t version;
};

/* Whose state it is; all of it must agree at restore. */
struct snapshot_identity {
    uint64_t job;             /* what the caller takes for "the same job" */
    uint64_t operator_uid[2]; /* Flink's OperatorID: 128 bits, of which a program may use 64 */
    struct snapshot_serializer key, value;
    char name[SNAPSHOT_NAME_MAX]; /* of the state; ends with zero */
    struct state_form form;
};

struct snapshot_header {
    struct snapshot_identity identity;
    uint32_t key_size, value_size, key_hash; /* as in struct state_spec */
    int32_t max_parallelism;
    struct key_group_range range;
    uint64_t id, base; /* holds what changed after `base` up to `id`; base 0: everything */
    struct key_group_range whole; /* of these everything; base not 0, last < first: of none */
};

struct snapshot_bytes {
    uint8_t *items;
    size_t count, capacity;
};

enum snapshot_block_kind {
    SNAPSHOT_BLOCK_ENTRIES = 1,
    SNAPSHOT_BLOCK_REMOVED,
    SNAPSHOT_BLOCK_STRETCH, /* entries as the buckets of a table have them: state_stretch.h */
    SNAPSHOT_BLOCK_END
};

struct snapshot_block {
    enum snapshot_block_kind kind;
    int32_t group;
    uint32_t entries;
    uint64_t size; /* of the body, bytes */
    const uint8_t *body;
};

/* What the group's blocks add to; 0: to nothing. */
static inline uint64_t snapshot_group_base(const struct snapshot_header *header, int32_t group)
{
    return header->whole.first <= group && group <= header->whole.last ? 0 : header->base;
}

/* A file opened: checked as far as header, index and trailer go. Points into the bytes. */
struct snapshot_file {
    struct snapshot_header header;
    const uint8_t *bytes, *index;
    uint64_t size, blocks_end;
};

uint64_t snapshot_checksum(const uint8_t *bytes, size_t size);

/* The same while the bytes come in: whole strips, in order, then what is left of all `size`. */
enum { SNAPSHOT_STRIP = 64 };

struct snapshot_sum {
    uint64_t a, b, c, d;
};

struct snapshot_sum snapshot_sum_begin(void);
void snapshot_sum_strips(struct snapshot_sum *sum, const uint8_t *bytes, const uint8_t *end);
uint64_t snapshot_sum_end(const struct snapshot_sum *sum, const uint8_t *rest, size_t size);

/* Gives room for so many bytes more at the end, not set. */
void snapshot_bytes_grow(struct snapshot_bytes *out, size_t size);
static inline uint8_t *snapshot_bytes_take(struct snapshot_bytes *out, size_t size)
{
    if (!out->items || out->capacity - out->count < size)
        snapshot_bytes_grow(out, size);
    uint8_t *taken = out->items + out->count;
    out->count += size;
    return taken;
}
void snapshot_bytes_fini(struct snapshot_bytes *bytes);

/* Writer: header; per block open, the body appended by the caller, close; index and trailer. */
void snapshot_write_header(struct snapshot_bytes *out, const struct snapshot_header *header);
size_t snapshot_open_block(struct snapshot_bytes *out); /* gives what close wants */
void snapshot_close_block(struct snapshot_bytes *out, size_t opened, enum snapshot_block_kind kind,
                          int32_t group, uint32_t entries);
/* The same where the sum of the body is known. */
void snapshot_seal_block(struct snapshot_bytes *out, size_t opened, enum snapshot_block_kind kind,
                         int32_t group, uint32_t entries, uint64_t sum);
/* offsets: where the blocks of each group of the range begin, and where the last ends. */
void snapshot_write_index(struct snapshot_bytes *out, const uint64_t *offsets, uint32_t groups,
                          uint64_t blocks_end);

/* Reader. BAD_VALUE and one line when the bytes are none of ours, cut, damaged or of another
 * version. */
struct err snapshot_open(const uint8_t *bytes, uint64_t size, struct snapshot_file *file,
                         struct note *note) MUST_CHECK;
/* Where the blocks of a group of its range begin and end. */
struct err snapshot_section(const struct snapshot_file *file, int32_t group, uint64_t *from,
                            uint64_t *to, struct note *note) MUST_CHECK;
/* Adds up what the heads of the blocks promise: at most a `least`th of the bytes that are there. */
struct err snapshot_count_entries(const struct snapshot_file *file, uint64_t from, uint64_t to,
                                  uint32_t least, uint64_t *entries, struct note *note) MUST_CHECK;
/* The block at *from, which moves behind it; checks head, length, checksum and that
 * it is of this group. */
struct err snapshot_read_block(const struct snapshot_file *file, int32_t group, uint64_t *from,
                               uint64_t to, struct snapshot_block *block,
                               struct note *note) MUST_CHECK;
/* BAD_VALUE and how they differ: in type, else in version. What: "keys" or "values" of the state.
 */
struct err snapshot_expect_serializer(const struct snapshot_serializer *found,
                                      const struct snapshot_serializer *expected, const char *state,
                                      const char *what, struct note *note) MUST_CHECK;
/* The same of records in flight. Where: "input" or "output", and its number. */
struct err snapshot_expect_records(const struct snapshot_serializer *found,
                                   const struct snapshot_serializer *expected, const char *where,
                                   uint32_t number, struct note *note) MUST_CHECK;
/* BAD_VALUE and which part differs, when the file is not of this state. */
struct err snapshot_expect(const struct snapshot_header *found,
                           const struct snapshot_header *expected, struct note *note) MUST_CHECK;

#endif
