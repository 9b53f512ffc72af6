/* SPDX-License-Identifier: Apache-2.0
 *
 * Collecting the effects of one step. Lists and texts are copied into the arena, so the caller's
 * storage is free again at once. The list and the arena keep their memory from step to step: once a
 * node has had its largest step, no step allocates.
 */
#include "core/port/effect.h"

#include <string.h>

#include "core/base/check.h"

void effects_init(struct effects *effects, enum log_level level)
{
    CHECK(level < LOG_LEVEL_COUNT);
    *effects = (struct effects){ .log_level = level };
    arena_init(&effects->arena);
}

void effects_fini(struct effects *effects)
{
    vec_fini(&effects->list);
    arena_fini(&effects->arena);
}

/* Forgets without freeing; what the last step handed out is invalid from here on. */
void effects_begin(struct effects *effects, time_ns now)
{
    CHECK(now != TIME_NEVER);
    CHECK(now >= effects->now); /* no node is told of the past */
    vec_clear(&effects->list);
    arena_reset(&effects->arena);
    effects->now = now;
}

/* Its arm is the caller's to fill, in place: an effect is as large as the largest of its arms. */
static struct effect *add(struct effects *effects, enum effect_kind kind)
{
    vec_reserve(&effects->list, effects->list.count + 1);
    struct effect *effect = &effects->list.items[effects->list.count++];
    effect->kind = kind;
    return effect;
}

/* The copy is what makes a message on the sender's stack good enough. */
static void add_send(struct effects *effects, struct node_id to, const struct message *message,
                     bool is_request, uint64_t token)
{
    CHECK(!node_id_is_none(to));
    add(effects, EFFECT_SEND)->send =
        (struct effect_send){ .to = to,
                              .message = message_copy_to_arena(message, &effects->arena),
                              .is_request = is_request,
                              .token = token };
}

void effects_send(struct effects *effects, struct node_id to, const struct message *message)
{
    add_send(effects, to, message, false, 0);
}

void effects_request(struct effects *effects, struct node_id to, const struct message *message,
                     uint64_t token)
{
    add_send(effects, to, message, true, token);
}

/* An order has one list or the other, seldom both; a missing one stays missing. */
static const void *copy_list(struct effects *effects, const void *items, size_t count,
                             size_t item_size)
{
    if (!items)
        return NULL;
    CHECK(count <= MESSAGE_ITEMS_MAX);
    void *copy = arena_take_unset(&effects->arena, count * item_size);
    if (count)
        memcpy(copy, items, count * item_size);
    return copy;
}

void effects_data(struct effects *effects, const struct effect_data *order)
{
    CHECK(order->kind < DATA_ORDER_COUNT);
    CHECK(order->count == 0 || order->deployments || order->attempts);
    struct effect_data *data = &add(effects, EFFECT_DATA)->data;
    *data = *order;
    data->deployments =
        copy_list(effects, order->deployments, order->count, sizeof *order->deployments);
    data->attempts = copy_list(effects, order->attempts, order->count, sizeof *order->attempts);
}

/* Of what is stored only the size counts, so no bytes travel with it. */
void effects_store(struct effects *effects, enum effect_kind kind, const struct effect_store *store)
{
    CHECK(kind == EFFECT_STORE_WRITE || kind == EFFECT_STORE_REMOVE);
    CHECK(store->object < STORE_OBJECT_COUNT);
    vec_push(&effects->list, (struct effect){ .kind = kind, .store = *store });
}

void effects_answer(struct effects *effects, const struct effect_answer *answer)
{
    CHECK(answer->request < CLIENT_REQUEST_COUNT);
    struct effect effect = { .kind = EFFECT_CLIENT_ANSWER, .answer = *answer };
    if (answer->text)
        effect.answer.text = arena_copy_text(&effects->arena, answer->text);
    vec_push(&effects->list, effect);
}

/* The process ends behind the step: the other effects of its list are still carried out. */
void effects_exit(struct effects *effects, enum exit_reason reason)
{
    CHECK(reason < EXIT_REASON_COUNT);
    vec_push(&effects->list, (struct effect){ .kind = EFFECT_EXIT, .exit = { reason } });
}

/* For callers whose reason costs something to put together. */
bool effects_wants_log(const struct effects *effects, enum log_level level)
{
    CHECK(level < LOG_LEVEL_COUNT);
    return level <= effects->log_level;
}

void effects_log(struct effects *effects, const struct log_line *line)
{
    if (!effects_wants_log(effects, line->level))
        return;
    CHECK(line->machine != NULL);
    CHECK(line->what != NULL);
    struct effect effect = { .kind = EFFECT_LOG, .log = *line };
    if (line->reason)
        effect.log.reason = arena_copy_text(&effects->arena, line->reason);
    vec_push(&effects->list, effect);
}
