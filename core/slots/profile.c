/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing and dividing resource profiles.
 */
#include "core/slots/profile.h"

#include "core/base/check.h"
#include "core/base/hash.h"

/* Flink's ResourceProfile.UNKNOWN: one default slot, whatever that is on the TaskManager. */
struct resource_profile profile_unknown(void)
{
    return (struct resource_profile){ .unknown = true };
}

/* The figures of an unknown profile mean nothing and are not compared. */
bool profile_equal(const struct resource_profile *a, const struct resource_profile *b)
{
    if (a->unknown || b->unknown)
        return a->unknown == b->unknown;
    return a->cpu_milli == b->cpu_milli && a->memory_bytes == b->memory_bytes;
}

/* Unknown differs from a profile of nothing: no figure of a profile is negative. */
uint64_t profile_hash(uint64_t hash, const struct resource_profile *profile)
{
    if (profile->unknown)
        return hash_add(hash, UINT64_MAX);
    hash = hash_add(hash, (uint64_t)profile->cpu_milli);
    return hash_add(hash, (uint64_t)profile->memory_bytes);
}

/* Whatever a TaskManager calls its default slot fits a need that names nothing. */
bool profile_fits(const struct resource_profile *have, const struct resource_profile *need)
{
    CHECK(!have->unknown);
    return need->unknown ||
           (need->cpu_milli <= have->cpu_milli && need->memory_bytes <= have->memory_bytes);
}

/* A whole TaskManager as if it were one slot: what slots can be cut from. */
struct resource_profile profile_of_worker(const struct worker_spec *worker)
{
    return (struct resource_profile){ false, worker->cpu_milli, worker->memory_bytes };
}

/* Flink divides with eight places; ours are thousandths of a core and whole bytes. */
struct resource_profile profile_default_slot(const struct worker_spec *worker)
{
    CHECK(worker->cpu_milli >= 0);
    CHECK(worker->memory_bytes >= 0);
    int64_t slots = worker->slots ? worker->slots : 1;
    return (struct resource_profile){ false, (int32_t)(worker->cpu_milli / slots),
                                      worker->memory_bytes / slots };
}
