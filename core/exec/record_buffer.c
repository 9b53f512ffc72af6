/* SPDX-License-Identifier: Apache-2.0
 *
 * Kept records. Most come in order of time, so what is added is looked for from the end where sizes
 * are fixed; a place in the middle moves what is behind.
 */
#include "core/exec/record_buffer.h"

#include "core/base/hash.h"

bool record_buffer_open(struct record_buffer *buffer, struct operator* op, const char *name,
                        uint32_t key_size, uint32_t payload_size,
                        struct snapshot_serializer payload)
{
    uint64_t print = payload.fingerprint;
    struct keyed_state_spec spec = { .name = name,
                                     .key_size = key_size,
                                     .key_hash = KEY_HASH_TEXT,
                                     .value = { .fingerprint = hash_add(print, payload_size),
                                                .version = payload.version } };
    *buffer = (struct record_buffer){ .op = op, .name = name, .payload_size = payload_size };
    buffer->table = operator_keyed_state(op, &spec);
    return buffer->table;
}

static int64_t time_at(const uint8_t *slot)
{
    int64_t time;
    memcpy(&time, slot, sizeof time);
    return time;
}

static uint32_t slot_size_at(uint32_t payload_size, const uint8_t *slot)
{
    uint64_t size = payload_size;
    if (payload_size == 0)
        memcpy(&size, slot + RECORD_HEAD, sizeof size);
    return record_slot_size((struct record_layout){ payload_size, true }, (uint32_t)size);
}

/* Where the first record lies that is of this time or later: by halves where sizes are fixed. */
static uint32_t place_of(const struct record_slots *slots, int64_t time)
{
    if (slots->size == 0 || time_at(slots->bytes) >= time)
        return 0;
    if (slots->payload_size > 0) {
        uint32_t stride = slot_size_at(slots->payload_size, slots->bytes);
        uint32_t low = 0, high = slots->size / stride;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (time_at(slots->bytes + (size_t)middle * stride) < time)
                low = middle + 1;
            else
                high = middle;
        }
        return low * stride;
    }
    uint32_t at = 0;
    while (at < slots->size && time_at(slots->bytes + at) < time)
        at += slot_size_at(0, slots->bytes + at);
    return at;
}

struct record_slots record_buffer_get(const struct record_buffer *buffer, struct state_key key)
{
    struct record_slots slots = { .payload_size = buffer->payload_size };
    slots.bytes = state_table_get(buffer->table, key, &slots.size);
    if (!slots.bytes)
        slots.size = 0;
    return slots;
}

static uint8_t *resize(struct record_buffer *buffer, struct state_key key, uint64_t size)
{
    struct note note = { { 0 } };
    void *bytes = NULL;
    struct err e = OK;
    if (size > STATE_VALUE_MAX)
        e = err_note(&note, ERR_FULL_CODE, "the records of one key are more than %u bytes",
                     STATE_VALUE_MAX);
    else
        e = state_table_resize(buffer->table, key, (uint32_t)size, &bytes, &note);
    if (err_is(e))
        operator_fail(buffer->op, CAUSE_USER_CODE, "state '%s': %s", buffer->name, note.text);
    return bytes;
}

bool record_buffer_add(struct record_buffer *buffer, struct state_key key,
                       const struct batch *batch, uint32_t i, enum record_order order,
                       bool *is_first)
{
    uint32_t slot = record_slot_size(batch->layout, batch_size(batch, i));
    struct record_slots old = record_buffer_get(buffer, key);
    int64_t time = batch_timestamp(batch, i);
    CHECK(time != TIMESTAMP_NONE);
    CHECK(batch->layout.size == buffer->payload_size);
    uint32_t at =
        order == RECORDS_BY_TIME && time < INT64_MAX ? place_of(&old, time + 1) : old.size;
    uint8_t *bytes = resize(buffer, key, (uint64_t)old.size + slot);
    if (is_first)
        *is_first = at == 0;
    if (!bytes)
        return false;
    memmove(bytes + at + slot, bytes + at, old.size - at);
    memcpy(bytes + at, batch_slot(batch, i), slot);
    return true;
}

void record_buffer_remove(struct record_buffer *buffer, struct state_key key)
{
    state_table_remove(buffer->table, key);
}

void record_buffer_remove_until(struct record_buffer *buffer, struct state_key key, int64_t time)
{
    struct record_slots old = record_buffer_get(buffer, key);
    uint32_t gone = time == INT64_MAX ? old.size : place_of(&old, time + 1);
    if (gone == old.size) {
        record_buffer_remove(buffer, key);
        return;
    }
    if (gone == 0)
        return;
    uint8_t *bytes = resize(buffer, key, old.size);
    memmove(bytes, bytes + gone, old.size - gone);
    resize(buffer, key, old.size - gone);
}

bool record_slots_next(struct record_slots *slots, int64_t *timestamp, const void **payload,
                       uint32_t *size)
{
    const uint8_t *slot = slots->bytes + slots->at;
    uint64_t length = slots->payload_size;
    if (slots->at == slots->size)
        return false;
    if (timestamp)
        *timestamp = time_at(slot);
    if (length == 0)
        memcpy(&length, slot + RECORD_HEAD, sizeof length);
    *payload = slot + RECORD_HEAD + (slots->payload_size == 0 ? RECORD_HEAD : 0);
    *size = (uint32_t)length;
    slots->at += slot_size_at(slots->payload_size, slot);
    return true;
}

void record_slots_seek(struct record_slots *slots, int64_t time)
{
    slots->at = place_of(slots, time);
}
