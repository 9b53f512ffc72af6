/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic on resource profiles (graph/job_graph.h): totals, fits, and the default slot of a
 * worker. Source: Flink's ResourceProfile, SlotManagerUtils.
 */
#ifndef WEIR_SLOTS_PROFILE_H
#define WEIR_SLOTS_PROFILE_H

#include "core/graph/job_graph.h"
#include "core/port/node.h"

struct resource_profile profile_unknown(void);
bool profile_equal(const struct resource_profile *a, const struct resource_profile *b);
uint64_t profile_hash(uint64_t hash, const struct resource_profile *profile);
/* Does `need` (which may be unknown) fit into `have`? Unknown fits anything. */
bool profile_fits(const struct resource_profile *have, const struct resource_profile *need);
struct resource_profile profile_of_worker(const struct worker_spec *worker);
/* The worker's total divided by its slots, rounded down; a worker without slots has none to give:
 * its whole. */
struct resource_profile profile_default_slot(const struct worker_spec *worker);

#endif
