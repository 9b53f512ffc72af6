/* SPDX-License-Identifier: Apache-2.0
 *
 * Which old subtasks a new one reads: the channel state mappers, and the shares of keyed and
 * operator state. Pure arithmetic over parallelisms and sizes; nothing is remembered.
 */
#include "core/checkpoint/restore_plan.h"

const char *const subtask_mapper_names[MAPPER_COUNT] = {
    [MAPPER_ARBITRARY] = "ARBITRARY", [MAPPER_ROUND_ROBIN] = "ROUND_ROBIN",
    [MAPPER_FIRST] = "FIRST",         [MAPPER_FULL] = "FULL",
    [MAPPER_RANGE] = "RANGE",         [MAPPER_UNSUPPORTED] = "UNSUPPORTED",
};

/* StreamPartitioner.getDownstreamSubtaskStateMapper of each. */
const enum subtask_mapper subtask_mapper_of_partitioner[PARTITIONER_COUNT] = {
    [PARTITION_FORWARD] = MAPPER_UNSUPPORTED,   [PARTITION_RESCALE] = MAPPER_UNSUPPORTED,
    [PARTITION_REBALANCE] = MAPPER_ROUND_ROBIN, [PARTITION_HASH] = MAPPER_RANGE,
    [PARTITION_BROADCAST] = MAPPER_UNSUPPORTED, [PARTITION_CUSTOM] = MAPPER_FULL,
};

static void add_range(struct subtask_list *out, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++)
        vec_push(&out->subtasks, i);
}

/* The new subtask's key groups lie with neighbours: the owner of its first to that of its last. */
static void add_overlapping(struct subtask_list *out, uint32_t subtask, uint32_t old_parallelism,
                            uint32_t new_parallelism)
{
    /* the real max parallelism would give the same: it cancels out */
    enum { GROUPS = MAX_PARALLELISM_LIMIT };
    struct key_group_range range =
        key_group_range_of((int32_t)subtask, (int32_t)new_parallelism, GROUPS);
    int32_t old = (int32_t)old_parallelism;
    add_range(out, (uint32_t)key_group_subtask(range.first, old, GROUPS),
              (uint32_t)key_group_subtask(range.last, old, GROUPS));
}

static bool is_parallelism(uint32_t parallelism)
{
    return parallelism >= 1 && parallelism <= MAX_PARALLELISM_LIMIT;
}

struct err subtask_mapper_old(enum subtask_mapper mapper, uint32_t subtask,
                              uint32_t old_parallelism, uint32_t new_parallelism,
                              struct subtask_list *out)
{
    vec_clear(&out->subtasks);
    if (!is_parallelism(old_parallelism) || !is_parallelism(new_parallelism) ||
        subtask >= new_parallelism)
        return (struct err){ ERR_BAD_VALUE_CODE };
    switch (mapper) {
    case MAPPER_ARBITRARY:
    case MAPPER_ROUND_ROBIN:
        for (uint32_t i = subtask; i < old_parallelism; i += new_parallelism)
            vec_push(&out->subtasks, i);
        return OK;
    case MAPPER_FIRST:
        if (subtask == 0)
            add_range(out, 0, old_parallelism - 1);
        return OK;
    case MAPPER_FULL: add_range(out, 0, old_parallelism - 1); return OK;
    case MAPPER_RANGE: add_overlapping(out, subtask, old_parallelism, new_parallelism); return OK;
    case MAPPER_UNSUPPORTED: return (struct err){ ERR_REFUSED_CODE };
    case MAPPER_COUNT: break;
    }
    IMPOSSIBLE("no such mapper");
}

/* Bytes below the first `groups` of `of` groups. Multiplying parts keeps it inside 64 bits. */
static int64_t bytes_below(int64_t bytes, int64_t groups, int64_t of)
{
    return bytes / of * groups + bytes % of * groups / of;
}

/* The difference of two running sums, so that shares of neighbouring ranges add up without a
 * remainder. */
int64_t keyed_state_share(const struct task_state *old, struct key_group_range range)
{
    struct key_group_range both = key_group_range_both(range, old->range);
    int64_t groups = key_group_range_size(old->range);
    if (both.first > both.last)
        return 0;
    return bytes_below(old->bytes, (int64_t)both.last - old->range.first + 1, groups) -
           bytes_below(old->bytes, (int64_t)both.first - old->range.first, groups);
}

/* The rest goes out one each, to the first ones: repartitionSplitState with its start at 0. */
static int64_t even_share(int64_t bytes, uint32_t subtask, uint32_t parallelism)
{
    return bytes / parallelism + (subtask < bytes % parallelism);
}

int64_t operator_state_share(enum operator_state mode, const struct vertex_state *vertex,
                             const struct task_states *states, uint32_t subtask,
                             uint32_t parallelism)
{
    CHECK(subtask < parallelism);
    const struct task_state *old = states->items + vertex->first;
    bool unchanged = parallelism == vertex->parallelism;
    switch (mode) {
    case OPERATOR_STATE_NONE:
    case OPERATOR_STATE_SPLIT:
        return unchanged ? old[subtask].bytes : even_share(vertex->bytes, subtask, parallelism);
    case OPERATOR_STATE_UNION: return vertex->bytes;
    case OPERATOR_STATE_BROADCAST:
        /* Copies are alike; where some are missing, because their subtask had finished, those that
         * are there serve all. */
        if (vertex->finished > 0 && vertex->finished < vertex->parallelism)
            return vertex->bytes / (vertex->parallelism - vertex->finished);
        return old[subtask % vertex->parallelism].bytes;
    }
    IMPOSSIBLE("no such operator state");
}
