/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the buckets of a table in a row, and what a reader checks before it puts them back.
 */
#include "core/exec/state_stretch.h"

#include "core/base/check.h"
#include "core/exec/state_gather.h"
#include "core/exec/state_snapshot.h"
#include "core/exec/state_stretch_parts.h"

enum {
    STRETCH_TAIL = 16,
    STRETCH_BUCKETS = 256,
    SUM_LEAST = 2048, /* bytes between two turns of the checksum */
    SPARSE = 2,       /* entries to a bucket, on average: with fewer, a table is built anew */
};

static void put_half(uint8_t *to, uint32_t value)
{
    for (size_t i = 0; i < sizeof value; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_half(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

bool state_stretch_fits(const struct state_group *group)
{
    return group->count >= (uint64_t)group->bucket_count * SPARSE;
}

struct writer {
    struct snapshot_bytes *out;
    uint8_t counts[STRETCH_BUCKETS];
    struct snapshot_sum sum;
    size_t summed; /* up to here */
};

/* Whole strips only. */
static void sum_up(struct writer *writer)
{
    size_t whole = (writer->out->count - writer->summed) / SNAPSHOT_STRIP * SNAPSHOT_STRIP;
    const uint8_t *from = writer->out->items + writer->summed;
    snapshot_sum_strips(&writer->sum, from, from + whole);
    writer->summed += whole;
}

/* Some buckets, then the checksum of what they gave, and so on, until the block is full: while one
 * waits for memory, the other has work. Gives how many buckets, and how many entries. */
static uint32_t write_buckets(struct writer *writer, struct gather *gather, uint32_t bucket,
                              uint32_t *entries)
{
    uint32_t left = gather->group->bucket_count - bucket, done = 0;
    uint32_t end = left < STRETCH_BUCKETS ? left : STRETCH_BUCKETS;
    size_t begin = writer->out->count;
    *entries = 0;
    while (done < end && writer->out->count - begin < STATE_SNAPSHOT_BLOCK) {
        gather->bucket = bucket + done;
        gather->count = end - done < gather->most ? end - done : gather->most;
        for (uint32_t i = 0; i < gather->count; i++) {
            gather->slots[i] = state_taken(gather->group->tags[gather->bucket + i]);
            *entries += writer->counts[done++] = (uint8_t)state_flag_count(gather->slots[i]);
        }
        gather_append(gather, writer->out);
        if (writer->out->count - writer->summed >= SUM_LEAST)
            sum_up(writer);
    }
    return done;
}

uint32_t state_stretch_write(const struct state_layout *layout, const struct state_group *group,
                             int32_t number, uint32_t bucket, struct snapshot_bytes *out)
{
    size_t opened = snapshot_open_block(out), body = out->count;
    struct writer writer = { .out = out, .sum = snapshot_sum_begin(), .summed = body };
    struct gather gather = gather_begin(layout, group);
    uint32_t entries, count = write_buckets(&writer, &gather, bucket, &entries);
    uint8_t *end = snapshot_bytes_take(out, count + STRETCH_TAIL);
    memcpy(end, writer.counts, count);
    put_half(end + count, bucket);
    put_half(end + count + 4, group->bucket_count);
    put_half(end + count + 8, count);
    put_half(end + count + 12, 0);
    sum_up(&writer);
    snapshot_seal_block(
        out, opened, SNAPSHOT_BLOCK_STRETCH, number, entries,
        snapshot_sum_end(&writer.sum, out->items + writer.summed, out->count - body));
    return bucket + count;
}

static struct err refuse(int32_t group, const char *what, struct note *note)
{
    return err_note(note, ERR_BAD_VALUE_CODE, "key group %d: %s", group, what);
}

/* Bytes of the smallest entry in a file. */
static uint64_t least_bytes(const struct state_layout *layout)
{
    return (layout->key_size ? layout->key_size : sizeof(uint32_t)) +
           (uint64_t)(layout->value_size ? layout->value_size : sizeof(uint32_t));
}

/* The table for the first stretch; then it must go on where the last one ended. */
static struct err begin_stretch(struct state_stretch_fill *fill, const struct state_layout *layout,
                                struct state_account *account, const struct snapshot_block *block,
                                struct stretch_body *body, struct note *note)
{
    if (block->size < STRETCH_TAIL)
        return refuse(block->group, "a stretch of its table is too short", note);
    const uint8_t *tail = block->body + block->size - STRETCH_TAIL;
    uint32_t first = get_half(tail), of_group = get_half(tail + 4), count = get_half(tail + 8);
    if (get_half(tail + 12) != 0 || first != fill->next || count > STRETCH_BUCKETS || count == 0 ||
        count > of_group || first > of_group - count ||
        (first != 0 && of_group != fill->group->bucket_count))
        return refuse(block->group, "a stretch of its table does not go on where it must", note);
    if (block->size < (uint64_t)count + STRETCH_TAIL)
        return refuse(block->group, "a stretch of its table is not as long as it says", note);
    *body = (struct stretch_body){
        .from = block->body, .behind = tail - count, .end = first + count, .distance = block->size
    };
    if (first != 0)
        return OK;
    if (of_group > STATE_BUCKETS_MOST ||
        of_group * SPARSE * least_bytes(layout) > fill->section_size)
        return refuse(block->group, "its table has more buckets than entries make sense of", note);
    state_group_allot(layout, account, fill->group, of_group);
    return OK;
}

struct err state_stretch_place(struct state_stretch_fill *fill, const struct state_layout *layout,
                               struct state_account *account, const struct snapshot_block *block,
                               struct note *note)
{
    struct stretch_body body;
    TRY(begin_stretch(fill, layout, account, block, &body, note));
    uint32_t promised = 0;
    for (const uint8_t *count = body.behind; count < body.behind + (body.end - fill->next); count++)
        promised += *count;
    if (promised != block->entries)
        return refuse(block->group, "a stretch of its table is not as long as it says", note);
    const char *wrong = stretch_put(fill, layout, account, &body);
    if (wrong)
        return refuse(block->group, wrong, note);
    fill->next = body.end;
    fill->group->count += block->entries;
    if (fill->group->count > fill->group->count_max)
        return refuse(block->group, "its table is too full", note);
    return OK;
}

struct err state_stretch_end(const struct state_stretch_fill *fill,
                             const struct state_layout *layout, int32_t number, struct note *note)
{
    const struct state_group *group = fill->group;
    if (fill->next == 0)
        return OK;
    if (fill->next != group->bucket_count)
        return refuse(number, "the end of its table is missing", note);
    CHECK(group->count <= group->count_max);
    for (uint32_t bucket = 0; bucket < fill->wrapped; bucket++)
        for (uint64_t taken = state_taken(group->tags[bucket]); taken != 0; taken &= taken - 1)
            if (!stretch_is_found(layout, group, bucket * STATE_SLOTS + state_slot(taken)))
                return refuse(number, "an entry is not where it is looked for, or is twice", note);
    return OK;
}
