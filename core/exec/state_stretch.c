/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the buckets of a table in a row and putting them back. Both go through the bucket's eight
 * slots at once, whatever is taken of them: what a slot holds that is not taken is nobody's
 * business. Always: an entry that is put back is found from its key, and only once.
 */
#include "core/exec/state_stretch.h"

#include "core/base/check.h"
#include "core/exec/state_words.h"

enum {
    STRETCH_HEAD = 16,
    STRETCH_BUCKETS = 256,  /* 32 KiB of entries at most */
    SPARSE = 2,             /* entries to a bucket, on average: with fewer, a table is built anew */
    TOGETHER = 16,          /* buckets between two turns of the checksum */
    NEXT_BLOCK = 28 * 1024, /* bytes, about: from what is read to what comes to be read next */
};

#define LANES      UINT64_C(0x0001000100010001)
#define LANE_HASH  UINT64_C(0x7fff)
#define LANE_FLAGS UINT64_C(0x8000800080008000)

static const uint64_t first_slots[STATE_SLOTS + 1] = {
    0,
    UINT64_C(0xff),
    UINT64_C(0xffff),
    UINT64_C(0xffffff),
    UINT64_C(0xffffffff),
    UINT64_C(0xffffffffff),
    UINT64_C(0xffffffffffff),
    UINT64_C(0xffffffffffffff),
    UINT64_MAX,
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

bool state_stretch_fits(const struct state_layout *layout, const struct state_group *group)
{
    return state_is_words(layout) && group->count >= (uint64_t)group->bucket_count * SPARSE;
}

struct writer {
    uint8_t counts[STRETCH_BUCKETS];
    struct snapshot_sum sum;
    const uint8_t *summed; /* up to here */
};

/* Whole strips only. */
static void sum_up_to(struct writer *writer, const uint8_t *end)
{
    size_t size = (size_t)(end - writer->summed);
    const uint8_t *whole = writer->summed + size / SNAPSHOT_STRIP * SNAPSHOT_STRIP;
    snapshot_sum_strips(&writer->sum, writer->summed, whole);
    writer->summed = whole;
}

/* Some buckets, then the checksum of what they gave, and so on: while one waits for memory, the
 * other has work. */
static uint8_t *gather(struct writer *writer, const struct state_group *group, uint32_t bucket,
                       uint32_t count, uint8_t *to)
{
    const uint8_t *from = group->entries + (size_t)bucket * WORDS_BUCKET;
    for (uint32_t i = 0; i < count;) {
        uint32_t pause = i + TOGETHER < count ? i + TOGETHER : count;
        for (; i < pause; i++, from += WORDS_BUCKET) {
            uint8_t *end = words_gather(from, state_taken(group->tags[bucket + i]), to);
            writer->counts[i] = (uint8_t)((size_t)(end - to) / WORDS_ENTRY);
            to = end;
        }
        sum_up_to(writer, to);
    }
    return to;
}

uint32_t state_stretch_write(const struct state_group *group, int32_t number, uint32_t bucket,
                             struct snapshot_bytes *out)
{
    uint32_t left = group->bucket_count - bucket;
    uint32_t count = left < STRETCH_BUCKETS ? left : STRETCH_BUCKETS;
    size_t opened = snapshot_open_block(out), body = out->count;
    uint8_t *head = snapshot_bytes_take(out, STRETCH_HEAD + (size_t)count * (WORDS_BUCKET + 1));
    struct writer writer = { .sum = snapshot_sum_begin(), .summed = head };
    put_half(head, bucket);
    put_half(head + 4, group->bucket_count);
    put_half(head + 8, count);
    put_half(head + 12, 0);
    uint8_t *end = gather(&writer, group, bucket, count, head + STRETCH_HEAD);
    size_t entries = (size_t)(end - head - STRETCH_HEAD) / WORDS_ENTRY;
    memcpy(end, writer.counts, count);
    out->count = body + (size_t)(end - head) + count;
    sum_up_to(&writer, end + count);
    snapshot_seal_block(out, opened, SNAPSHOT_BLOCK_STRETCH, number, (uint32_t)entries,
                        snapshot_sum_end(&writer.sum, writer.summed, out->count - body));
    return bucket + count;
}

/* What a bucket's eight entries, taken or not, would have. */
struct bucket_view {
    uint64_t low, high; /* fifteen bits of the hash of four slots each, in lanes of sixteen */
    uint32_t strangers; /* a bit for each whose home is another bucket */
};

/* From the last slot to the first. */
static inline void look(struct bucket_view *seen, uint64_t *lanes, const uint8_t *entry,
                        uint32_t bucket, uint32_t bucket_count)
{
    uint64_t hash = state_hash_word(word_at(entry));
    *lanes = *lanes << 16 | (hash & LANE_HASH);
    seen->strangers = seen->strangers * 2 + (state_home(hash, bucket_count) != bucket);
}

/* Written out, for then compilers know all distances. */
static inline struct bucket_view view(const uint8_t *entries, uint32_t bucket,
                                      uint32_t bucket_count)
{
    struct bucket_view seen = { 0 };
    look(&seen, &seen.high, entries + 7 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.high, entries + 6 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.high, entries + 5 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.high, entries + 4 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.low, entries + 3 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.low, entries + 2 * WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.low, entries + WORDS_ENTRY, bucket, bucket_count);
    look(&seen, &seen.low, entries, bucket, bucket_count);
    return seen;
}

/* The low bytes of four lanes. */
static inline uint64_t narrow(uint64_t lanes)
{
    lanes &= LANES * STATE_TAG_HASH;
    lanes = (lanes | lanes >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (lanes | lanes >> 16) & UINT32_MAX;
}

/* As state_tag of each. */
static inline uint64_t tags_of(const struct bucket_view *seen)
{
    uint64_t tags = narrow(seen->low) | narrow(seen->high) << 32;
    return tags + (state_empty(tags) >> 7);
}

/* The high bit of each lane that is not the same in both. */
static inline uint64_t differ(uint64_t lanes, uint64_t others)
{
    return (lanes ^ others) + LANES * LANE_HASH;
}

static inline uint64_t turned(uint64_t lanes, int by)
{
    return lanes << 16 * by | lanes >> (64 - 16 * by);
}

/* Equal keys have equal lanes. */
static inline bool may_have_twins(const struct bucket_view *seen)
{
    uint64_t low = seen->low, high = seen->high;
    uint64_t all = differ(low, turned(low, 1)) & differ(low, turned(low, 2)) &
                   differ(high, turned(high, 1)) & differ(high, turned(high, 2)) &
                   differ(low, high) & differ(low, turned(high, 1)) & differ(low, turned(high, 2)) &
                   differ(low, turned(high, 3));
    return (all & LANE_FLAGS) != LANE_FLAGS;
}

static bool is_found(const struct state_group *group, uint32_t bucket, uint32_t slot)
{
    uint8_t *own = group->entries + (size_t)bucket * WORDS_BUCKET + slot * WORDS_ENTRY, *found;
    uint64_t key = word_at(own);
    return words_find(group, state_hash_word(key), key, &found) && found == own;
}

/* Most had no room in their home, the bucket before this one, and nothing there looks like them. */
static bool is_beside_home(const struct state_group *group, uint32_t bucket, uint32_t home,
                           uint64_t hash)
{
    uint64_t there = group->tags[home];
    return home + 1 == bucket && state_empty(there) == 0 &&
           state_match(there, state_tag(hash)) == 0;
}

/* Of entries that are not in their home, or not alone with their tag. A search for one whose home
 * is behind its bucket goes round the end of the table, which is not there yet. */
static __attribute__((noinline)) bool are_found(struct state_stretch_fill *fill, uint32_t bucket,
                                                uint32_t slots, bool are_twins)
{
    const struct state_group *group = fill->group;
    const uint8_t *entries = group->entries + (size_t)bucket * WORDS_BUCKET;
    for (; slots != 0; slots &= slots - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(slots);
        uint64_t hash = state_hash_word(word_at(entries + slot * WORDS_ENTRY));
        uint32_t home = state_home(hash, group->bucket_count);
        if (home > bucket)
            fill->wrapped = bucket + 1;
        else if ((are_twins || !is_beside_home(group, bucket, home, hash)) &&
                 !is_found(group, bucket, slot))
            return false;
    }
    return true;
}

static inline bool put_bucket(struct state_stretch_fill *fill, uint32_t bucket,
                              const uint8_t *entries, uint32_t count)
{
    struct state_group *group = fill->group;
    struct bucket_view seen = view(entries, bucket, group->bucket_count);
    uint32_t all = (1u << count) - 1, doubtful = seen.strangers & all;
    bool are_twins = may_have_twins(&seen);
    __builtin_prefetch(entries + NEXT_BLOCK);
    __builtin_prefetch(entries + NEXT_BLOCK + WORDS_BUCKET / 2);
    memcpy(group->entries + (size_t)bucket * WORDS_BUCKET, entries, WORDS_BUCKET);
    group->tags[bucket] = tags_of(&seen) & first_slots[count];
    if (__builtin_expect(are_twins, 0))
        doubtful = all;
    return __builtin_expect(doubtful == 0, 1) || are_found(fill, bucket, doubtful, are_twins);
}

static struct err refuse(int32_t group, const char *what, struct note *note)
{
    return err_note(note, ERR_BAD_VALUE_CODE, "key group %d: %s", group, what);
}

/* The table for the first stretch; then its head must go on where the last one ended. */
static struct err begin_stretch(struct state_stretch_fill *fill, const struct state_layout *layout,
                                struct state_account *account, const struct snapshot_block *block,
                                struct note *note)
{
    const uint8_t *head = block->body;
    uint32_t first = get_half(head), of_group = get_half(head + 4), count = get_half(head + 8);
    if (get_half(head + 12) != 0 || first != fill->next || count > STRETCH_BUCKETS || count == 0 ||
        count > of_group || first > of_group - count ||
        (first != 0 && of_group != fill->group->bucket_count))
        return refuse(block->group, "a stretch of its table does not go on where it must", note);
    if (block->size != STRETCH_HEAD + (uint64_t)block->entries * WORDS_ENTRY + count)
        return refuse(block->group, "a stretch of its table is not as long as it says", note);
    if (first != 0)
        return OK;
    if (of_group > STATE_BUCKETS_MOST ||
        (uint64_t)of_group * SPARSE * WORDS_ENTRY > fill->section_size)
        return refuse(block->group, "its table has more buckets than entries make sense of", note);
    state_group_allot(layout, account, fill->group, of_group);
    return OK;
}

struct err state_stretch_place(struct state_stretch_fill *fill, const struct state_layout *layout,
                               struct state_account *account, const struct snapshot_block *block,
                               struct note *note)
{
    if (block->size < STRETCH_HEAD)
        return refuse(block->group, "a stretch of its table is too short", note);
    TRY(begin_stretch(fill, layout, account, block, note));
    const uint8_t *from = block->body + STRETCH_HEAD;
    const uint8_t *behind = from + (size_t)block->entries * WORDS_ENTRY, *counts = behind;
    uint32_t end = fill->next + get_half(block->body + 8);
    uint8_t last[WORDS_BUCKET];
    for (uint32_t bucket = fill->next; bucket < end; bucket++) {
        uint32_t count = *counts++;
        const uint8_t *entries = from;
        size_t left = (size_t)(behind - from);
        if (count > STATE_SLOTS || left < (size_t)count * WORDS_ENTRY)
            return refuse(block->group, "a bucket has more entries than there are", note);
        if (left < WORDS_BUCKET) {
            memset(last, 0, sizeof last);
            entries = memcpy(last, from, left);
        }
        if (!put_bucket(fill, bucket, entries, count))
            return refuse(block->group, "an entry is not where it is looked for, or is twice",
                          note);
        from += (size_t)count * WORDS_ENTRY;
    }
    if (from != behind)
        return refuse(block->group, "its buckets have fewer entries than there are", note);
    fill->next = end;
    fill->group->count += block->entries;
    if (fill->group->count > fill->group->count_max)
        return refuse(block->group, "its table is too full", note);
    return OK;
}

struct err state_stretch_end(const struct state_stretch_fill *fill, int32_t number,
                             struct note *note)
{
    const struct state_group *group = fill->group;
    if (fill->next == 0)
        return OK;
    if (fill->next != group->bucket_count)
        return refuse(number, "the end of its table is missing", note);
    CHECK(group->count <= group->count_max);
    for (uint32_t bucket = 0; bucket < fill->wrapped; bucket++)
        for (uint64_t taken = state_taken(group->tags[bucket]); taken != 0; taken &= taken - 1)
            if (!is_found(group, bucket, state_slot(taken)))
                return refuse(number, "an entry is not where it is looked for, or is twice", note);
    return OK;
}
