/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking resource requirements that a client sends: every vertex named once, 1 <= lower <= upper
 * <= max parallelism, -1 for Flink's default of either. Source: JobResourceRequirements.validate.
 */
#ifndef WEIR_SCHEDULE_BOUNDS_H
#define WEIR_SCHEDULE_BOUNDS_H

#include "core/graph/job_graph.h"
#include "core/port/event.h"
#include "core/slots/slot_sharing.h"

/* out: by vertex; zeroed by the caller. */
MUST_CHECK struct err bounds_check(const struct job_graph *job, const struct vertex_bounds *bounds,
                                   size_t count, struct parallelism_bounds *out, struct note *note);

#endif
