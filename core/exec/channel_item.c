/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues of items: a ring that grows by doubling, priority items in front, and the list of stored
 * buffers. What always holds: whatever leaves by take takes its reference along.
 */
#include "core/exec/channel_item.h"

enum { ITEM_QUEUE_FIRST = 8 };

void item_queue_fini(struct item_queue *queue)
{
    while (queue->count) {
        struct channel_item item = item_queue_take(queue);
        if (item.buffer)
            buffer_release(item.buffer);
    }
    mem_destroy(queue->items);
    *queue = (struct item_queue){ 0 };
}

/* Doubles: a queue is as long as its credits allow for buffers, and events are few. */
static void make_room(struct item_queue *queue)
{
    if (queue->count < queue->capacity)
        return;
    CHECK(queue->count < ITEM_QUEUE_MAX);
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : ITEM_QUEUE_FIRST;
    struct channel_item *items = mem_create_array(capacity, sizeof *items);
    for (uint32_t i = 0; i < queue->count; i++)
        items[i] = *item_queue_at(queue, i);
    mem_destroy(queue->items);
    queue->items = items;
    queue->capacity = capacity;
    queue->head = 0;
}

void item_queue_add(struct item_queue *queue, const struct channel_item *take_item)
{
    CHECK(!take_item->priority);
    make_room(queue);
    queue->buffers += take_item->buffer != NULL;
    queue->count++;
    *item_queue_at(queue, queue->count - 1) = *take_item;
}

/* There are few items with priority at a time, so those are moved rather than the others. */
void item_queue_add_priority(struct item_queue *queue, const struct channel_item *take_item)
{
    CHECK(take_item->priority);
    CHECK(!take_item->buffer);
    make_room(queue);
    queue->head = (queue->head - 1) & (queue->capacity - 1);
    queue->count++;
    for (uint32_t i = 0; i < queue->priority; i++)
        *item_queue_at(queue, i) = *item_queue_at(queue, i + 1);
    *item_queue_at(queue, queue->priority) = *take_item;
    queue->priority++;
}

struct channel_item item_queue_take(struct item_queue *queue)
{
    CHECK(queue->count > 0);
    struct channel_item item = *item_queue_at(queue, 0);
    queue->head = (queue->head + 1) & (queue->capacity - 1);
    queue->count--;
    queue->buffers -= item.buffer != NULL;
    queue->priority -= item.priority;
    return item;
}

/* Those in front are moved back by one, then the first is taken. */
struct channel_item item_queue_take_at(struct item_queue *queue, uint32_t i)
{
    CHECK(i < queue->count);
    struct channel_item item = *item_queue_at(queue, i);
    for (; i > 0; i--)
        *item_queue_at(queue, i) = *item_queue_at(queue, i - 1);
    *item_queue_at(queue, 0) = item;
    return item_queue_take(queue);
}

void item_queue_check(const struct item_queue *queue)
{
    uint32_t buffers = 0;
    CHECK(queue->count <= queue->capacity);
    CHECK(queue->priority <= queue->count);
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct channel_item *item = item_queue_at(queue, i);
        CHECK(item->priority == (i < queue->priority));
        CHECK((item->buffer != NULL) == (item->event.kind == CHANNEL_EVENT_NONE));
        CHECK(!item->buffer || item->buffer->references > 0);
        buffers += item->buffer != NULL;
    }
    CHECK(buffers == queue->buffers);
}

void stored_queue_fini(struct stored_queue *queue)
{
    struct stored_buffer stored;
    while (stored_queue_take(queue, &stored))
        buffer_release(stored.buffer);
    vec_fini(&queue->list);
}

void stored_queue_add(struct stored_queue *queue, int64_t checkpoint, uint32_t channel,
                      struct buffer *retain)
{
    vec_push(&queue->list, (struct stored_buffer){ checkpoint, channel, buffer_retain(retain) });
}

/* The list starts anew whenever it has been emptied, so it does not grow with the run. */
bool stored_queue_take(struct stored_queue *queue, struct stored_buffer *out)
{
    if (queue->first == queue->list.count)
        return false;
    *out = queue->list.items[queue->first++];
    if (queue->first == queue->list.count) {
        queue->first = 0;
        vec_clear(&queue->list);
    }
    return true;
}

void stored_queue_drop(struct stored_queue *queue, int64_t checkpoint)
{
    size_t kept = 0;
    for (size_t i = queue->first; i < queue->list.count; i++) {
        struct stored_buffer stored = queue->list.items[i];
        if (stored.checkpoint == checkpoint)
            buffer_release(stored.buffer);
        else
            queue->list.items[kept++] = stored;
    }
    queue->first = 0;
    queue->list.count = kept;
}
