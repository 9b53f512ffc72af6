/* SPDX-License-Identifier: Apache-2.0
 *
 * What one job requires of the cluster and what it has been given, by profile: which slots fill
 * which requirement, and which are in excess because the requirement shrank. Slots are counted, not
 * named: those of one profile are alike. Source: JobScopedResourceTracker,
 * BiDirectionalResourceToRequirementMapping.
 */
#ifndef WEIR_SLOTS_JOB_LEDGER_H
#define WEIR_SLOTS_JOB_LEDGER_H

#include "core/slots/requirements.h"

/* Slots of one profile that fill the same requirement, or none. */
struct ledger_holding {
    struct resource_profile profile, fills; /* fills: unless in_excess */
    bool in_excess;
    uint32_t count;
};

struct job_ledger {
    struct requirements required, filled;
    VEC(struct ledger_holding) holdings; /* few: one per kind of slot and requirement */
    uint32_t held;                       /* slots, in excess or not */
};

void job_ledger_fini(struct job_ledger *ledger);
void job_ledger_require(struct job_ledger *ledger, const struct requirements *required);
void job_ledger_gain(struct job_ledger *ledger, const struct resource_profile *profile);
void job_ledger_lose(struct job_ledger *ledger, const struct resource_profile *profile);
/* Slots of a row of `required` that nobody fills yet. */
uint32_t job_ledger_missing(const struct job_ledger *ledger, const struct requirement *row);
uint32_t job_ledger_missing_in_all(const struct job_ledger *ledger);
uint64_t job_ledger_hash(uint64_t hash, const struct job_ledger *ledger);
void job_ledger_check(const struct job_ledger *ledger);

#endif
