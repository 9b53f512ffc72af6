/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that fails, goes back to where it was, and fails there again: what its outages have in
 * common, if nothing else was done to it.
 */
#include "sim/cli/narrative_parts.h"

bool narrative_outage_kind(const struct narrative *narrative, const struct chapter *chapter,
                           struct outage_kind *out)
{
    if (chapter->has_fault || chapter->is_rescale || chapter->is_unnoticed || chapter->is_dead ||
        !chapter->is_over)
        return false;
    const struct log_entry *failed =
        narrative_find(narrative, chapter, "execution * -> FAILED", false);
    const struct log_entry *restore =
        narrative_find(narrative, chapter, "checkpoint restore from checkpoint", false);
    if (!failed)
        return false;
    *out = (struct outage_kind){ .vertex = failed->vertex,
                                 .reason = failed->reason,
                                 .checkpoint = restore ? restore->value : 0 };
    return true;
}
