/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an operator puts its records: room for slots, which it fills itself. When the room is used
 * up, or the batch under way is through, what is there goes on as one batch: to the next operator
 * of the chain, or to the network. With a single channel behind it the room is the network buffer.
 */
#ifndef WEIR_EXEC_COLLECTOR_H
#define WEIR_EXEC_COLLECTOR_H

#include "core/exec/record.h"

struct collector {
    uint8_t *first, *at, *end; /* slots from first to at are filled; all aligned to 8 */
    struct record_layout layout;
    /* Hands on what is filled and makes room for a slot of so many bytes, or of any size (0). Room
     * may be refused to a slot that no buffer can hold: then at stays null-sized (end - at less).
     */
    void (*drain)(struct collector *collector, uint32_t least);
};

/* Room for one slot; null: no buffer can hold so much. */
static inline uint8_t *collector_slot(struct collector *collector, uint32_t bytes)
{
    if ((size_t)(collector->end - collector->at) < bytes) {
        collector->drain(collector, bytes);
        if ((size_t)(collector->end - collector->at) < bytes)
            return NULL;
    }
    uint8_t *slot = collector->at;
    collector->at += bytes;
    return slot;
}

/* How many slots of one size there is room for; at least one unless none can ever be. */
static inline uint32_t collector_room(struct collector *collector, uint32_t stride)
{
    if ((size_t)(collector->end - collector->at) < stride)
        collector->drain(collector, stride);
    return (uint32_t)((size_t)(collector->end - collector->at) / stride);
}

/* Starts a slot of the collector's layout and gives the place of its payload; null as above. */
static inline void *collector_put(struct collector *collector, int64_t timestamp, uint32_t payload)
{
    struct record_layout layout = collector->layout;
    uint8_t *slot = collector_slot(collector, record_slot_size(layout, payload));
    if (!slot)
        return NULL;
    if (layout.timestamped) {
        *(int64_t *)(void *)slot = timestamp;
        slot += RECORD_HEAD;
    }
    if (layout.size == 0) {
        *(uint64_t *)(void *)slot = payload;
        slot += RECORD_HEAD;
    }
    return slot;
}

#endif
