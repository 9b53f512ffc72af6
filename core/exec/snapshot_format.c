/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing and reading what surrounds the entries of a snapshot: header, heads of blocks, index and
 * trailer. The reader compares every offset and length with the bytes there are before it uses it.
 */
#include "core/exec/snapshot_format.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/exec/key_hash.h"

#define MAGIC_HEAD UINT64_C(0x504e535245495700) /* "\0WEIRSNP" */
#define MAGIC_TAIL UINT64_C(0x00444e4552494557) /* "WEIREND\0" */

enum {
    WORD = 8,
    HEADER_WORDS = 16,
    HEADER_SIZE = HEADER_WORDS * WORD + SNAPSHOT_NAME_MAX + WORD,
    BLOCK_HEAD = 4 * WORD,
    TRAILER_SIZE = 3 * WORD,
    MAX_PARALLELISM_MOST = 1 << 15,
    AHEAD = 2048, /* bytes from what is read to what is fetched, across pages */
    BYTES_FIRST = 4096,
};

static void put_word(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < WORD; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

/* Written out, for then compilers see one load. */
static inline uint64_t get_word(const uint8_t *from)
{
    return (uint64_t)from[0] | (uint64_t)from[1] << 8 | (uint64_t)from[2] << 16 |
           (uint64_t)from[3] << 24 | (uint64_t)from[4] << 32 | (uint64_t)from[5] << 40 |
           (uint64_t)from[6] << 48 | (uint64_t)from[7] << 56;
}

/* Each step can be undone, so no change of a single word goes unseen. */
static inline uint64_t stir(uint64_t lane, const uint8_t *two_words)
{
    lane ^= get_word(two_words);
    return (lane << 29 | lane >> 35) * 0x9fb21c651e98df25u +
           get_word(two_words + WORD) * 0xd6e8feb86659fd93u;
}

struct snapshot_sum snapshot_sum_begin(void)
{
    return (struct snapshot_sum){ 0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu,
                                  0xff51afd7ed558ccdu };
}

/* Four lanes, so that four chains of multiplications are under way at a time. */
void snapshot_sum_strips(struct snapshot_sum *sum, const uint8_t *bytes, const uint8_t *end)
{
    struct snapshot_sum own = *sum;
    for (; bytes != end; bytes += SNAPSHOT_STRIP) {
        __builtin_prefetch(bytes + AHEAD);
        own.a = stir(own.a, bytes);
        own.b = stir(own.b, bytes + 2 * WORD);
        own.c = stir(own.c, bytes + 4 * WORD);
        own.d = stir(own.d, bytes + 6 * WORD);
    }
    *sum = own;
}

uint64_t snapshot_sum_end(const struct snapshot_sum *sum, const uint8_t *rest, size_t size)
{
    uint8_t strip[SNAPSHOT_STRIP] = { 0 };
    struct snapshot_sum all = *sum;
    if (size % SNAPSHOT_STRIP > 0) /* of nothing there need not be anything */
        memcpy(strip, rest, size % SNAPSHOT_STRIP);
    snapshot_sum_strips(&all, strip, strip + SNAPSHOT_STRIP);
    return hash_add(hash_add(hash_add(hash_add(size, all.a), all.b), all.c), all.d);
}

uint64_t snapshot_checksum(const uint8_t *bytes, size_t size)
{
    const uint8_t *rest = bytes + size / SNAPSHOT_STRIP * SNAPSHOT_STRIP;
    struct snapshot_sum sum = snapshot_sum_begin();
    snapshot_sum_strips(&sum, bytes, rest);
    return snapshot_sum_end(&sum, rest, size);
}

/* "Keeps" them all: the new ones are about to be written and need no zeroing. */
void snapshot_bytes_grow(struct snapshot_bytes *out, size_t size)
{
    size_t capacity = out->capacity * 2;
    if (capacity < out->count + size)
        capacity = out->count + size;
    if (capacity < BYTES_FIRST)
        capacity = BYTES_FIRST;
    out->items = mem_grow_array(out->items, capacity, capacity, 1);
    out->capacity = capacity;
}

void snapshot_bytes_fini(struct snapshot_bytes *bytes)
{
    mem_destroy(bytes->items);
    *bytes = (struct snapshot_bytes){ 0 };
}

static uint64_t two_halves(uint32_t low, uint32_t high)
{
    return low | (uint64_t)high << 32;
}

enum { FORM_SHIFT = 16, HASH_MASK = (1 << FORM_SHIFT) - 1 };

static uint32_t form_bits(const struct state_form *form)
{
    return (uint32_t)form->kind << 1 | form->has_ttl;
}

void snapshot_write_header(struct snapshot_bytes *out, const struct snapshot_header *header)
{
    const struct snapshot_identity *identity = &header->identity;
    const uint64_t words[HEADER_WORDS] = {
        MAGIC_HEAD,
        two_halves(SNAPSHOT_FORMAT_VERSION, HEADER_SIZE),
        identity->job,
        identity->operator_uid[0],
        identity->operator_uid[1],
        identity->key.fingerprint,
        identity->value.fingerprint,
        two_halves(identity->key.version, identity->value.version),
        two_halves(header->key_size, header->value_size),
        two_halves(header->key_hash | form_bits(&identity->form) << FORM_SHIFT,
                   (uint32_t)header->max_parallelism),
        two_halves((uint32_t)header->range.first, (uint32_t)header->range.last),
        header->id,
        header->base,
        two_halves((uint32_t)header->whole.first, (uint32_t)header->whole.last),
    };
    uint8_t *to = snapshot_bytes_take(out, HEADER_SIZE);
    for (int i = 0; i < HEADER_WORDS; i++)
        put_word(to + i * WORD, words[i]);
    size_t length = strlen(identity->name);
    CHECK(length < SNAPSHOT_NAME_MAX);
    memset(to + HEADER_WORDS * WORD, 0, SNAPSHOT_NAME_MAX);
    memcpy(to + HEADER_WORDS * WORD, identity->name, length);
    put_word(to + HEADER_SIZE - WORD, snapshot_checksum(to, HEADER_SIZE - WORD));
}

size_t snapshot_open_block(struct snapshot_bytes *out)
{
    size_t opened = out->count;
    snapshot_bytes_take(out, BLOCK_HEAD);
    return opened;
}

/* sum: of the body. */
static uint64_t block_checksum(const uint8_t *head, uint64_t sum)
{
    for (int i = 0; i < BLOCK_HEAD / WORD - 1; i++)
        sum = hash_add(sum, get_word(head + i * WORD));
    return sum;
}

void snapshot_seal_block(struct snapshot_bytes *out, size_t opened, enum snapshot_block_kind kind,
                         int32_t group, uint32_t entries, uint64_t sum)
{
    uint8_t *head = out->items + opened;
    put_word(head, two_halves(kind, (uint32_t)group));
    put_word(head + WORD, entries);
    put_word(head + 2 * WORD, out->count - opened - BLOCK_HEAD);
    put_word(head + 3 * WORD, block_checksum(head, sum));
}

void snapshot_close_block(struct snapshot_bytes *out, size_t opened, enum snapshot_block_kind kind,
                          int32_t group, uint32_t entries)
{
    size_t body = opened + BLOCK_HEAD;
    snapshot_seal_block(out, opened, kind, group, entries,
                        snapshot_checksum(out->items + body, out->count - body));
}

void snapshot_write_index(struct snapshot_bytes *out, const uint64_t *offsets, uint32_t groups,
                          uint64_t blocks_end)
{
    size_t size = ((size_t)groups + 1) * WORD;
    uint8_t *to = snapshot_bytes_take(out, size + TRAILER_SIZE);
    for (uint32_t i = 0; i < groups; i++)
        put_word(to + (size_t)i * WORD, offsets[i]);
    put_word(to + size - WORD, blocks_end);
    put_word(to + size, blocks_end); /* where the index begins */
    put_word(to + size + WORD, snapshot_checksum(to, size));
    put_word(to + size + 2 * WORD, MAGIC_TAIL);
}

static bool is_whole_possible(const struct snapshot_header *header)
{
    const struct key_group_range *range = &header->range, *whole = &header->whole;
    if (header->base != 0 && whole->last < whole->first)
        return true;
    return range->first <= whole->first && whole->last <= range->last &&
           (header->base != 0 || (whole->first == range->first && whole->last == range->last));
}

static struct err read_header(const uint8_t *bytes, struct snapshot_header *header,
                              struct note *note)
{
    uint64_t words[HEADER_WORDS];
    for (int i = 0; i < HEADER_WORDS; i++)
        words[i] = get_word(bytes + i * WORD);
    if (words[0] != MAGIC_HEAD)
        return err_note(note, ERR_BAD_VALUE_CODE, "not a snapshot of keyed state");
    if ((uint32_t)words[1] != SNAPSHOT_FORMAT_VERSION)
        return err_note(note, ERR_BAD_VALUE_CODE, "format version %u; only %d can be read",
                        (uint32_t)words[1], SNAPSHOT_FORMAT_VERSION);
    if (get_word(bytes + HEADER_SIZE - WORD) != snapshot_checksum(bytes, HEADER_SIZE - WORD))
        return err_note(note, ERR_BAD_VALUE_CODE, "the header is damaged");
    uint32_t form = (uint32_t)words[9] >> FORM_SHIFT;
    *header = (struct snapshot_header){
        .identity = { .job = words[2],
                      .operator_uid = { words[3], words[4] },
                      .key = { words[5], (uint32_t)words[7] },
                      .value = { words[6], (uint32_t)(words[7] >> 32) },
                      .form = { form >> 1, form & 1 } },
        .key_size = (uint32_t)words[8],
        .value_size = (uint32_t)(words[8] >> 32),
        .key_hash = (uint32_t)words[9] & HASH_MASK,
        .max_parallelism = (int32_t)(words[9] >> 32),
        .range = { (int32_t)(uint32_t)words[10], (int32_t)(words[10] >> 32) },
        .id = words[11],
        .base = words[12],
        .whole = { (int32_t)(uint32_t)words[13], (int32_t)(words[13] >> 32) },
    };
    memcpy(header->identity.name, bytes + HEADER_WORDS * WORD, SNAPSHOT_NAME_MAX);
    const struct key_group_range *range = &header->range;
    if (header->identity.name[SNAPSHOT_NAME_MAX - 1] != '\0' || words[1] >> 32 != HEADER_SIZE ||
        header->max_parallelism <= 0 || header->max_parallelism > MAX_PARALLELISM_MOST ||
        range->first < 0 || range->last < range->first || range->last >= header->max_parallelism ||
        header->base >= header->id || !is_whole_possible(header) ||
        header->key_hash >= KEY_HASH_COUNT || form >> 1 >= USER_STATE_KIND_COUNT)
        return err_note(note, ERR_BAD_VALUE_CODE, "the header contradicts itself");
    return OK;
}

static struct err read_index(struct snapshot_file *file, struct note *note)
{
    const uint8_t *trailer = file->bytes + file->size - TRAILER_SIZE;
    const struct key_group_range *range = &file->header.range;
    uint64_t groups = (uint64_t)(range->last - range->first) + 1, size = (groups + 1) * WORD;
    if (get_word(trailer + 2 * WORD) != MAGIC_TAIL)
        return err_note(note, ERR_BAD_VALUE_CODE, "cut off: there is no trailer");
    if (file->size - HEADER_SIZE - TRAILER_SIZE < size ||
        get_word(trailer) != file->size - TRAILER_SIZE - size)
        return err_note(note, ERR_BAD_VALUE_CODE, "cut off, or with bytes too many");
    file->blocks_end = get_word(trailer);
    file->index = file->bytes + file->blocks_end;
    if (get_word(trailer + WORD) != snapshot_checksum(file->index, size))
        return err_note(note, ERR_BAD_VALUE_CODE, "the index is damaged");
    uint64_t before = HEADER_SIZE;
    if (get_word(file->index) != before || get_word(file->index + size - WORD) != file->blocks_end)
        return err_note(note, ERR_BAD_VALUE_CODE, "the index contradicts itself");
    for (uint64_t i = 1; i <= groups; i++) {
        uint64_t offset = get_word(file->index + i * WORD);
        if (offset < before)
            return err_note(note, ERR_BAD_VALUE_CODE, "the index contradicts itself");
        before = offset;
    }
    return OK;
}

struct err snapshot_open(const uint8_t *bytes, uint64_t size, struct snapshot_file *file,
                         struct note *note)
{
    *file = (struct snapshot_file){ .bytes = bytes, .size = size };
    if (size < HEADER_SIZE + TRAILER_SIZE)
        return err_note(note, ERR_BAD_VALUE_CODE, "too short for a snapshot of keyed state");
    TRY(read_header(bytes, &file->header, note));
    return read_index(file, note);
}

struct err snapshot_section(const struct snapshot_file *file, int32_t group, uint64_t *from,
                            uint64_t *to, struct note *note)
{
    const struct key_group_range *range = &file->header.range;
    if (group < range->first || group > range->last)
        return err_note(note, ERR_MISSING_CODE, "key group %d is not in it: %d to %d are", group,
                        range->first, range->last);
    const uint8_t *at = file->index + (size_t)(group - range->first) * WORD;
    *from = get_word(at);
    *to = get_word(at + WORD);
    return OK;
}

/* The head at `from` is there, and so is the body it promises. */
static bool has_block(const struct snapshot_file *file, uint64_t from, uint64_t to)
{
    return to - from >= BLOCK_HEAD &&
           get_word(file->bytes + from + 2 * WORD) <= to - from - BLOCK_HEAD;
}

struct err snapshot_count_entries(const struct snapshot_file *file, uint64_t from, uint64_t to,
                                  uint32_t least, uint64_t *entries, struct note *note)
{
    *entries = 0;
    while (from < to) {
        if (!has_block(file, from, to))
            return err_note(note, ERR_BAD_VALUE_CODE, "a block ends behind its key group");
        uint64_t size = get_word(file->bytes + from + 2 * WORD);
        uint64_t promised = get_word(file->bytes + from + WORD);
        if (promised > size / least)
            return err_note(note, ERR_BAD_VALUE_CODE, "a block is too short for its entries");
        *entries += promised;
        from += BLOCK_HEAD + size;
    }
    return OK;
}

struct err snapshot_read_block(const struct snapshot_file *file, int32_t group, uint64_t *from,
                               uint64_t to, struct snapshot_block *block, struct note *note)
{
    const uint8_t *head = file->bytes + *from;
    if (!has_block(file, *from, to))
        return err_note(note, ERR_BAD_VALUE_CODE, "a block of key group %d ends behind it", group);
    uint64_t size = get_word(head + 2 * WORD), kind = (uint32_t)get_word(head);
    if (get_word(head + 3 * WORD) !=
        block_checksum(head, snapshot_checksum(head + BLOCK_HEAD, size)))
        return err_note(note, ERR_BAD_VALUE_CODE, "key group %d is damaged", group);
    if (get_word(head) >> 32 != (uint32_t)group || get_word(head + WORD) > UINT32_MAX ||
        kind < SNAPSHOT_BLOCK_ENTRIES || kind >= SNAPSHOT_BLOCK_END)
        return err_note(note, ERR_BAD_VALUE_CODE, "a block of key group %d that is none", group);
    *block = (struct snapshot_block){ .kind = (enum snapshot_block_kind)kind,
                                      .group = group,
                                      .entries = (uint32_t)get_word(head + WORD),
                                      .size = size,
                                      .body = head + BLOCK_HEAD };
    *from += BLOCK_HEAD + size;
    return OK;
}

static struct err expect_same(const struct snapshot_serializer *found,
                              const struct snapshot_serializer *expected, const char *whose,
                              struct note *note)
{
    if (found->fingerprint != expected->fingerprint)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s were written by the serializer of another type", whose);
    if (found->version != expected->version)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s were written by another serializer (version %u, expected %u)", whose,
                        found->version, expected->version);
    return OK;
}

struct err snapshot_expect_serializer(const struct snapshot_serializer *found,
                                      const struct snapshot_serializer *expected, const char *state,
                                      const char *what, struct note *note)
{
    char whose[SNAPSHOT_NAME_MAX + 64];
    text_format(whose, sizeof whose, "state '%s': its %s", state, what);
    return expect_same(found, expected, whose, note);
}

struct err snapshot_expect_records(const struct snapshot_serializer *found,
                                   const struct snapshot_serializer *expected, const char *where,
                                   uint32_t number, struct note *note)
{
    char whose[64];
    text_format(whose, sizeof whose, "%s %u: its records in flight", where, number);
    return expect_same(found, expected, whose, note);
}

static struct err expect_form(const struct state_form *found, const struct state_form *expected,
                              const char *state, struct note *note)
{
    static const char *const kinds[USER_STATE_KIND_COUNT] = { [USER_VALUE] = "a value",
                                                              [USER_LIST] = "a list",
                                                              [USER_MAP] = "a map",
                                                              [USER_REDUCING] = "a reduced value" };
    static const char *const ttl[] = { "", " with a time to live" };
    if (found->kind == expected->kind && found->has_ttl == expected->has_ttl)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "state '%s': found %s%s, expected %s%s (Flink's StateMigrationException)",
                    state, kinds[found->kind], ttl[found->has_ttl], kinds[expected->kind],
                    ttl[expected->has_ttl]);
}

struct err snapshot_expect(const struct snapshot_header *found,
                           const struct snapshot_header *expected, struct note *note)
{
    static const char *const hashes[KEY_HASH_COUNT] = { "numbers of 8 bytes", "numbers of 4",
                                                        "bytes" };
    const struct snapshot_identity *a = &found->identity, *b = &expected->identity;
    if (a->job != b->job)
        return err_note(note, ERR_BAD_VALUE_CODE, "of another job");
    if (memcmp(a->operator_uid, b->operator_uid, sizeof a->operator_uid) != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "of another operator");
    if (strcmp(a->name, b->name) != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "of state '%s', not '%s'", a->name, b->name);
    TRY(snapshot_expect_serializer(&a->key, &b->key, b->name, "keys", note));
    TRY(expect_form(&a->form, &b->form, b->name, note));
    TRY(snapshot_expect_serializer(&a->value, &b->value, b->name, "values", note));
    if (found->key_size != expected->key_size || found->value_size != expected->value_size)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "state '%s': keys of %u and values of %u bytes, expected %u and %u",
                        b->name, found->key_size, found->value_size, expected->key_size,
                        expected->value_size);
    if (found->key_hash != expected->key_hash)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "state '%s': keys are hashed as %s, expected as %s", b->name,
                        hashes[found->key_hash], hashes[expected->key_hash]);
    if (found->max_parallelism != expected->max_parallelism)
        return err_note(note, ERR_BAD_VALUE_CODE, "state '%s': %d key groups, expected %d", b->name,
                        found->max_parallelism, expected->max_parallelism);
    return OK;
}
