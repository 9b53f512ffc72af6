/* SPDX-License-Identifier: Apache-2.0
 *
 * Broadcast maps from user functions: read by both sides, written by that of the rules.
 */
#include "core/api/context.h"
#include "core/exec/state_budget.h"

/* Null: the task has failed. */
static const struct broadcast_map *map_of(struct weir_context *ctx, const char *name)
{
    context_spend(ctx, API_CALL_COST);
    if (!context_is_named(ctx, name))
        return NULL;
    if (ctx->side)
        return broadcast_side_map(ctx->side, name);
    if (ctx->key && ctx->op->class == &broadcast_process_class)
        return process_broadcast(ctx->key, name);
    weir_fail(ctx, "broadcast map '%s' outside of a process with rules", name);
    return NULL;
}

static struct broadcast_map *writable(struct weir_context *ctx, const char *name)
{
    context_spend(ctx, API_CALL_COST);
    if (!context_is_named(ctx, name))
        return NULL;
    if (ctx->side)
        return broadcast_side_map(ctx->side, name);
    weir_fail(ctx, "broadcast map '%s' can be read here, and written by rules only", name);
    return NULL;
}

static bool is_given(struct weir_context *ctx, const void *bytes, uint32_t size, const char *what,
                     const char *name)
{
    return size == 0 || context_is_given(ctx, bytes, what, name);
}

const void *weir_broadcast_get(struct weir_context *ctx, const char *name, const void *key,
                               uint32_t key_size, uint32_t *size)
{
    const struct broadcast_map *map = map_of(ctx, name);
    bool can = map && is_given(ctx, key, key_size, "a key", name);
    return can ? broadcast_map_get(map, key, key_size, size) : NULL;
}

void weir_broadcast_set(struct weir_context *ctx, const char *name, const void *key,
                        uint32_t key_size, const void *value, uint32_t size)
{
    struct broadcast_map *map = writable(ctx, name);
    if (!map || !is_given(ctx, key, key_size, "a key", name) ||
        !is_given(ctx, value, size, "a value", name) ||
        !state_budget_allows(ctx->op->task, (uint64_t)key_size + size))
        return;
    if (err_is(broadcast_map_put(map, key, key_size, value, size)))
        weir_fail(ctx, "an entry of %u and %u bytes for broadcast map '%s', expected at most %d",
                  key_size, size, name, BROADCAST_ENTRY_MAX);
}

bool weir_broadcast_remove(struct weir_context *ctx, const char *name, const void *key,
                           uint32_t key_size)
{
    struct broadcast_map *map = writable(ctx, name);
    return map && is_given(ctx, key, key_size, "a key", name) &&
           broadcast_map_remove(map, key, key_size);
}

bool weir_broadcast_next(struct weir_context *ctx, const char *name, size_t *at, const void **key,
                         uint32_t *key_size, const void **value, uint32_t *size)
{
    const struct broadcast_map *map = map_of(ctx, name);
    const void *unread = NULL;
    uint32_t size_unread = 0;
    return map && context_is_given(ctx, at, "a walk", name) &&
           broadcast_map_next(map, at, key ? key : &unread, key_size ? key_size : &size_unread,
                              value ? value : &unread, size ? size : &size_unread);
}
