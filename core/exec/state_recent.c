/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of one slot to a hash; who comes later takes the place. Its loops have no branches: which
 * keys come back nobody can foresee.
 */
#include "core/exec/state_recent.h"

#include <string.h>

#include "core/base/alloc.h"

enum {
    HITS_PART = 4,   /* so many of a batch must have been remembered, or there is a pause */
    PAUSE = 16,      /* batches */
    PAUSE_EMPTY = 2, /* where nothing could be remembered: entries may go on moving */
    OTHER_BYTES = sizeof(uint64_t) + sizeof(void *) + sizeof(bool) + sizeof(uint32_t),
};

static inline uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint32_t slot_of(uint64_t key)
{
    return (uint32_t)(key * 0x9e3779b97f4a7c15u >> (64 - RECENT_BITS));
}

bool state_recent_is_wanted(struct state_recent *recent, uint32_t count)
{
    if (count < RECENT_BATCH_LEAST)
        return false;
    if (!recent || recent->pause == 0)
        return true;
    recent->pause--;
    return false;
}

static void make_room(struct state_recent *recent, uint32_t count)
{
    mem_destroy(recent->keys);
    mem_destroy(recent->values);
    mem_destroy(recent->is_new);
    mem_destroy(recent->at);
    recent->keys = mem_create_array(count, sizeof *recent->keys);
    recent->values = mem_create_array(count, sizeof(void *));
    recent->is_new = mem_create_array(count, sizeof *recent->is_new);
    recent->at = mem_create_array(count, sizeof *recent->at);
    recent->capacity = count;
}

struct state_recent *state_recent_begin(struct state_recent *recent, uint64_t epoch, uint64_t moves,
                                        uint32_t count)
{
    if (!recent)
        recent = mem_create(sizeof *recent);
    if (count > recent->capacity)
        make_room(recent, count);
    recent->is_empty = recent->epoch != epoch || recent->moves != moves;
    if (recent->is_empty)
        memset(recent->slots, 0, sizeof recent->slots);
    recent->epoch = epoch;
    recent->moves = moves;
    return recent;
}

uint32_t state_recent_look(struct state_recent *recent, const struct key_run *keys, void **values)
{
    const uint8_t *at = keys->bytes;
    uint64_t *others = recent->keys;
    uint32_t *places = recent->at, count = 0;
    for (uint32_t i = 0; i < keys->count; i++, at += keys->stride) {
        uint64_t key = word_at(at);
        uint32_t slot = slot_of(key);
        values[i] = recent->slots[slot].value;
        others[count] = key;
        places[count] = i;
        count += (recent->slots[slot].key != key) | (values[i] == NULL);
    }
    if (keys->count - count < keys->count / HITS_PART)
        recent->pause = recent->is_empty ? PAUSE_EMPTY : PAUSE;
    return count;
}

void state_recent_remember(struct state_recent *recent, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        uint32_t slot = slot_of(recent->keys[k]);
        recent->slots[slot].key = recent->keys[k];
        recent->slots[slot].value = recent->values[k];
    }
}

uint64_t state_recent_bytes(const struct state_recent *recent)
{
    return recent ? sizeof *recent + (uint64_t)recent->capacity * OTHER_BYTES : 0;
}

void state_recent_destroy(struct state_recent *recent)
{
    if (!recent)
        return;
    mem_destroy(recent->keys);
    mem_destroy(recent->values);
    mem_destroy(recent->is_new);
    mem_destroy(recent->at);
    mem_destroy(recent);
}
