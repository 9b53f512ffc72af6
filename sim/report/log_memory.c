/* SPDX-License-Identifier: Apache-2.0
 *
 * What is old is looked through when the log has doubled, so that it costs the same per line.
 */
#include "sim/report/log_memory.h"

#include "core/base/hash.h"
#include "core/base/index_map.h"
#include "core/base/text.h"
#include "sim/report/causes.h"

/* How long what happened may be a cause; longer than any monitor, call or grace period that the
 * rules reckon with, but for conditions that last. */
#define MEMORY (10 * TIME_MIN)

enum { LOG_SLACK = 1024 };

/* Which entries older than the memory are kept: where a condition began that had not ended by
 * then (of a node's like ones the last, as nothing looks further back), and what the script did at
 * that instant to begin it. */
struct old_entries {
    VEC(bool) kept;            /* one for each */
    struct index_map standing; /* node and condition: its place */
};

static uint64_t key_of(const struct log_entry *entry, size_t condition)
{
    return hash_add(hash_add_text(0, entry->node ? entry->node : ""), condition);
}

static void end_condition(struct old_entries *old, uint64_t key)
{
    uint32_t place = index_map_get(&old->standing, key);
    if (place == INDEX_NONE)
        return;
    old->kept.items[place] = false;
    index_map_remove(&old->standing, key);
}

static void find_standing(const struct run_log *log, time_ns now, struct old_entries *out)
{
    for (size_t i = 0; i < log->entries.count && now - log->entries.items[i].at > MEMORY; i++) {
        const struct log_entry *entry = &log->entries.items[i];
        size_t begun = causes_condition_begun(entry);
        vec_push(&out->kept, begun < CAUSES_CONDITIONS);
        for (size_t c = 0; c < CAUSES_CONDITIONS; c++)
            if (c == begun || causes_condition_ended(entry, c))
                end_condition(out, key_of(entry, c));
        if (begun < CAUSES_CONDITIONS)
            index_map_put(&out->standing, key_of(entry, begun), (uint32_t)i);
    }
    time_ns began = TIME_NEVER;
    for (size_t i = out->kept.count; i-- > 0;) {
        const struct log_entry *entry = &log->entries.items[i];
        if (out->kept.items[i])
            began = entry->at;
        else
            out->kept.items[i] = entry->at == began && text_equal(entry->machine, "script");
    }
}

void log_memory_thin(struct run_log *log, size_t *kept, time_ns now)
{
    struct log_entry *entries = log->entries.items;
    struct old_entries old = { .standing = { 0 } };
    size_t place = 0;
    if (log->entries.count < 2 * *kept + LOG_SLACK)
        return;
    find_standing(log, now, &old);
    for (size_t i = 0; i < log->entries.count; i++)
        if (i >= old.kept.count || old.kept.items[i])
            entries[place++] = entries[i];
    log->entries.count = *kept = place;
    vec_fini(&old.kept);
    index_map_fini(&old.standing);
}
