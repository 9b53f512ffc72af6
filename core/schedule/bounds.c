/* SPDX-License-Identifier: Apache-2.0
 *
 * The one check of client-given bounds, used by the dispatcher and by the adaptive scheduler.
 */
#include "core/schedule/bounds.h"

/* A vertex whose upper bound is set has been named: an upper bound is never 0. */
struct err bounds_check(const struct job_graph *job, const struct vertex_bounds *bounds,
                        size_t count, struct parallelism_bounds *out, struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t v = bounds[i].vertex.n;
        if (v >= job->vertices.count)
            return err_note(note, ERR_NOT_FOUND_CODE, "the job has no vertex %u", v);
        int32_t most = job_graph_max_parallelism(job, bounds[i].vertex);
        int32_t lower = bounds[i].lower == -1 ? 1 : bounds[i].lower;
        int32_t upper = bounds[i].upper == -1 ? most : bounds[i].upper;
        const char *name = job->vertices.items[v].name;
        if (out[v].upper != 0)
            return err_note(note, ERR_DUPLICATE_CODE, "vertex %s is named twice", name);
        if (lower < 1 || lower > upper || upper > most)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "vertex %s: found %d to %d, expected 1 <= lower <= upper <= %d", name,
                            lower, upper, most);
        out[v] = (struct parallelism_bounds){ lower, upper };
    }
    for (size_t v = 0; v < job->vertices.count; v++)
        if (out[v].upper == 0)
            return err_note(note, ERR_MISSING_CODE, "vertex %s is not named",
                            job->vertices.items[v].name);
    return OK;
}
