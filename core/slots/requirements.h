/* SPDX-License-Identifier: Apache-2.0
 *
 * What a job requires: so many slots of each profile. Few rows, one per profile; every row counts
 * at least one. Both sides of the border between job and cluster keep one (slot_pool.h,
 * slot_manager.h). Source: Flink's ResourceCounter, DefaultRequirementMatcher.
 */
#ifndef WEIR_SLOTS_REQUIREMENTS_H
#define WEIR_SLOTS_REQUIREMENTS_H

#include "core/base/vec.h"
#include "core/slots/profile.h"

struct requirement {
    struct resource_profile profile;
    uint32_t count;
};

/* Requirements of one job: few rows, one per profile, in the order they were first named. */
struct requirements {
    VEC(struct requirement) rows;
};

void requirements_fini(struct requirements *requirements);

/* `count` more of a profile; the row is added when new. */
void requirements_add(struct requirements *requirements, const struct resource_profile *profile,
                      uint32_t count);
/* `count` fewer, of a row that has that many; a row of none is dropped. */
void requirements_remove(struct requirements *requirements, const struct resource_profile *profile,
                         uint32_t count);
uint32_t requirements_count(const struct requirements *requirements,
                            const struct resource_profile *profile);
uint64_t requirements_total(const struct requirements *requirements);

/* to := from, with equal profiles merged and rows of none left out. */
void requirements_copy(struct requirements *to, const struct requirements *from);
/* The same counts of the same profiles, in whatever order? Both without duplicate rows. */
bool requirements_equal(const struct requirements *a, const struct requirements *b);
uint64_t requirements_hash(uint64_t hash, const struct requirements *requirements);

/* The row that a slot of `profile` fills while `filled` are filled already: the row of exactly this
 * profile first, then a row that takes any profile. False when none is outstanding. */
bool requirements_match(const struct requirements *required, const struct requirements *filled,
                        const struct resource_profile *profile, struct resource_profile *fills);

#endif
