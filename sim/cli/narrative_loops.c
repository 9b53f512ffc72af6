/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that fails, goes back to where it was, and fails there again: what its outages have in
 * common, if nothing else was done to it.
 */
#include "sim/cli/narrative_parts.h"

/* The job's first line of the chapter that fits; null: none does. */
static const struct log_entry *find_own(const struct narrative *narrative,
                                        const struct chapter *chapter, const char *pattern)
{
    for (size_t i = chapter->first; i <= chapter->last; i++) {
        const struct log_entry *entry = &narrative->log->entries.items[i];
        if (entry->job == chapter->job && run_log_fits(entry, pattern))
            return entry;
    }
    return NULL;
}

bool narrative_outage_kind(const struct narrative *narrative, const struct chapter *chapter,
                           struct outage_kind *out)
{
    if (chapter->has_fault || chapter->is_rescale || chapter->is_unnoticed || chapter->is_dead ||
        !chapter->is_over)
        return false;
    const struct log_entry *failed = find_own(narrative, chapter, "execution * -> FAILED");
    const struct log_entry *restore =
        find_own(narrative, chapter, "checkpoint restore from checkpoint");
    if (!failed)
        return false;
    *out = (struct outage_kind){ .vertex = failed->vertex,
                                 .reason = failed->reason,
                                 .checkpoint = restore ? restore->value : 0 };
    return true;
}
