/* SPDX-License-Identifier: Apache-2.0
 *
 * Subtasks side by side.
 */
#include "tests/lib/lone_chains.h"

#include <check.h>

void lone_chains_init(struct lone_chains *lone, const struct operator_spec *specs, uint32_t count,
                      uint32_t width)
{
    *lone = (struct lone_chains){ .specs = specs,
                                  .count = count,
                                  .width = width,
                                  .next_checkpoint = 1,
                                  .watermark = WATERMARK_NONE };
    for (uint32_t i = 0; i < width; i++)
        lone_chain_init(&lone->chains[i], specs, count, i, width, NULL, 0);
}

void lone_chains_fini(struct lone_chains *lone)
{
    for (uint32_t i = 0; i < lone->width; i++)
        lone_chain_fini(&lone->chains[i]);
}

struct lone_chain *lone_chains_of(struct lone_chains *lone, uint64_t key)
{
    int32_t group = key_group_of_hash(key_hash_long((int64_t)key), LONE_GROUPS);
    return &lone->chains[key_group_subtask(group, (int32_t)lone->width, LONE_GROUPS)];
}

void lone_chains_set_time(struct lone_chains *lone, time_ns now)
{
    lone->now = now;
    for (uint32_t i = 0; i < lone->width; i++) {
        lone->chains[i].context.now = now;
        if (chain_deadline(&lone->chains[i].chain) <= now)
            chain_on_time(&lone->chains[i].chain, now);
    }
}

void lone_chains_watermark(struct lone_chains *lone, int64_t watermark)
{
    lone->watermark = watermark;
    for (uint32_t i = 0; i < lone->width; i++)
        chain_watermark(&lone->chains[i].chain, watermark);
}

void lone_chains_restart(struct lone_chains *lone, uint32_t width)
{
    struct snapshot_bytes bytes[LONE_WIDTH_MAX] = { { 0 } };
    struct task_snapshot_file files[LONE_WIDTH_MAX];
    VEC(struct lone_record) out = { 0 };
    uint32_t old = lone->width;
    for (uint32_t i = 0; i < old; i++) {
        lone_chain_snapshot(&lone->chains[i], lone->next_checkpoint, &bytes[i], &files[i]);
        for (VEC_EACH(const struct lone_record, record, &lone->chains[i].out))
            vec_push(&out, *record);
        lone_chain_fini(&lone->chains[i]);
    }
    lone->next_checkpoint++;
    lone->width = width;
    for (uint32_t i = 0; i < width; i++) {
        lone_chain_init_at(&lone->chains[i], lone->specs, lone->count, i, width, files, old,
                           lone->now);
        if (lone->watermark != WATERMARK_NONE)
            chain_watermark(&lone->chains[i].chain, lone->watermark);
    }
    for (VEC_EACH(const struct lone_record, record, &out))
        vec_push(&lone->chains[0].out, *record);
    for (uint32_t i = 0; i < old; i++) {
        task_snapshot_file_fini(&files[i]);
        snapshot_bytes_fini(&bytes[i]);
    }
    vec_fini(&out);
}

struct lone_record *lone_chains_take(struct lone_chains *lone, size_t *count)
{
    VEC(struct lone_record) all = { 0 };
    for (uint32_t i = 0; i < lone->width; i++) {
        for (VEC_EACH(const struct lone_record, record, &lone->chains[i].out))
            vec_push(&all, *record);
        vec_clear(&lone->chains[i].out);
    }
    *count = all.count;
    return all.items;
}
