/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of one job. Always holds: no requirement is filled beyond its count, and a slot is in
 * excess only while it can fill nothing.
 */
#include "core/slots/job_ledger.h"

#include "core/base/hash.h"

void job_ledger_fini(struct job_ledger *ledger)
{
    requirements_fini(&ledger->required);
    requirements_fini(&ledger->filled);
    vec_fini(&ledger->holdings);
}

/* fills null: in excess. */
static void hold(struct job_ledger *ledger, const struct resource_profile *profile,
                 const struct resource_profile *fills, uint32_t count)
{
    if (fills)
        requirements_add(&ledger->filled, fills, count);
    for (VEC_EACH(struct ledger_holding, row, &ledger->holdings)) {
        if (profile_equal(&row->profile, profile) && row->in_excess == !fills &&
            (!fills || profile_equal(&row->fills, fills))) {
            row->count += count;
            return;
        }
    }
    struct ledger_holding made = { .profile = *profile, .in_excess = !fills, .count = count };
    if (fills)
        made.fills = *fills;
    vec_push(&ledger->holdings, made);
}

/* `count` fewer of a holding; it is dropped when none is left. */
static void let_go(struct job_ledger *ledger, size_t index, uint32_t count)
{
    struct ledger_holding *row = &ledger->holdings.items[index];
    CHECK(row->count >= count);
    if (!row->in_excess)
        requirements_remove(&ledger->filled, &row->fills, count);
    row->count -= count;
    if (row->count == 0)
        vec_remove_ordered(&ledger->holdings, index);
}

/* Slots in excess fill what they can. Walked from the back: let_go moves only what comes after. */
static void use_excess(struct job_ledger *ledger)
{
    for (size_t i = ledger->holdings.count; i > 0; i--) {
        struct ledger_holding row = ledger->holdings.items[i - 1];
        struct resource_profile fills;
        while (row.in_excess && row.count > 0 &&
               requirements_match(&ledger->required, &ledger->filled, &row.profile, &fills)) {
            uint32_t open = requirements_count(&ledger->required, &fills) -
                            requirements_count(&ledger->filled, &fills);
            uint32_t count = open < row.count ? open : row.count;
            let_go(ledger, i - 1, count);
            hold(ledger, &row.profile, &fills, count);
            row.count -= count;
        }
    }
}

/* What a shrunk requirement no longer takes becomes excess. */
static void find_excess(struct job_ledger *ledger)
{
    for (size_t i = ledger->holdings.count; i > 0; i--) {
        struct ledger_holding row = ledger->holdings.items[i - 1];
        if (row.in_excess)
            continue;
        uint32_t required = requirements_count(&ledger->required, &row.fills);
        uint32_t filled = requirements_count(&ledger->filled, &row.fills);
        if (filled <= required)
            continue;
        uint32_t count = filled - required < row.count ? filled - required : row.count;
        let_go(ledger, i - 1, count);
        hold(ledger, &row.profile, NULL, count);
    }
}

/* What the new rows no longer take is set free before they take what they can. */
void job_ledger_require(struct job_ledger *ledger, const struct requirements *required)
{
    requirements_copy(&ledger->required, required);
    find_excess(ledger);
    use_excess(ledger);
}

/* One more slot than asked for is no error: the job's wish may have shrunk while the request was on
 * its way. The JobMaster will refuse it, and the TaskManager will free it. */
void job_ledger_gain(struct job_ledger *ledger, const struct resource_profile *profile)
{
    struct resource_profile fills;
    bool is_wanted = requirements_match(&ledger->required, &ledger->filled, profile, &fills);
    hold(ledger, profile, is_wanted ? &fills : NULL, 1);
    ledger->held++;
}

/* Slots of one profile are alike, so one in excess is lost before one in use. */
void job_ledger_lose(struct job_ledger *ledger, const struct resource_profile *profile)
{
    size_t found = ledger->holdings.count;
    for (size_t i = 0; i < ledger->holdings.count; i++) {
        const struct ledger_holding *row = &ledger->holdings.items[i];
        if (profile_equal(&row->profile, profile) &&
            (found == ledger->holdings.count || row->in_excess))
            found = i;
    }
    CHECK(found < ledger->holdings.count);
    bool leaves_gap = !ledger->holdings.items[found].in_excess;
    let_go(ledger, found, 1);
    ledger->held--;
    if (leaves_gap)
        use_excess(ledger);
}

/* A slot in excess fills nothing, so it makes nothing less missing. */
uint32_t job_ledger_missing(const struct job_ledger *ledger, const struct requirement *row)
{
    uint32_t filled = requirements_count(&ledger->filled, &row->profile);
    CHECK(filled <= row->count);
    return row->count - filled;
}

/* What is filled follows from the holdings. */
uint32_t job_ledger_missing_in_all(const struct job_ledger *ledger)
{
    uint32_t sum = 0;
    for (VEC_EACH(const struct requirement, row, &ledger->required.rows))
        sum += job_ledger_missing(ledger, row);
    return sum;
}

uint64_t job_ledger_hash(uint64_t hash, const struct job_ledger *ledger)
{
    hash = requirements_hash(hash, &ledger->required);
    for (VEC_EACH(struct ledger_holding, row, &ledger->holdings)) {
        hash = profile_hash(hash, &row->profile);
        hash = row->in_excess ? hash_add(hash, 1) : profile_hash(hash, &row->fills);
        hash = hash_add(hash, row->count);
    }
    return hash;
}

/* Excess that could fill something would leave a requirement missing for ever: it is looked at
 * again only when something changes. */
void job_ledger_check(const struct job_ledger *ledger)
{
    struct requirements filled = { 0 };
    uint64_t held = 0;
    for (VEC_EACH(struct ledger_holding, row, &ledger->holdings)) {
        struct resource_profile fills;
        CHECK(row->count > 0);
        held += row->count;
        if (!row->in_excess)
            requirements_add(&filled, &row->fills, row->count);
        else
            CHECK(!requirements_match(&ledger->required, &ledger->filled, &row->profile, &fills));
    }
    CHECK(held == ledger->held);
    CHECK(requirements_equal(&filled, &ledger->filled));
    for (VEC_EACH(struct requirement, row, &filled.rows))
        CHECK(row->count <= requirements_count(&ledger->required, &row->profile));
    requirements_fini(&filled);
}
