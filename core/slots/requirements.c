/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters by profile. Rows are found by walking: a job names few profiles, and a pool of slots has
 * no more than its job named.
 */
#include "core/slots/requirements.h"

#include "core/base/hash.h"

void requirements_fini(struct requirements *requirements)
{
    vec_fini(&requirements->rows);
}

/* Rows with count 0 do not exist, so a row that is found asks for something. */
static struct requirement *find(const struct requirements *requirements,
                                const struct resource_profile *profile)
{
    for (VEC_EACH(struct requirement, row, &requirements->rows))
        if (profile_equal(&row->profile, profile))
            return row;
    return NULL;
}

void requirements_add(struct requirements *requirements, const struct resource_profile *profile,
                      uint32_t count)
{
    if (count == 0)
        return;
    struct requirement *row = find(requirements, profile);
    if (row) {
        CHECK(row->count <= UINT32_MAX - count);
        row->count += count;
    } else {
        vec_push(&requirements->rows, (struct requirement){ *profile, count });
    }
}

/* Taking away what is not there is a fault of the books. */
void requirements_remove(struct requirements *requirements, const struct resource_profile *profile,
                         uint32_t count)
{
    if (count == 0)
        return;
    struct requirement *row = find(requirements, profile);
    CHECK(row != NULL);
    CHECK(row->count >= count);
    row->count -= count;
    if (row->count == 0)
        vec_remove_ordered(&requirements->rows, (size_t)(row - requirements->rows.items));
}

/* 0 for a profile that nobody has named. */
uint32_t requirements_count(const struct requirements *requirements,
                            const struct resource_profile *profile)
{
    const struct requirement *row = find(requirements, profile);
    return row ? row->count : 0;
}

/* 64 bits, as rows of 32 are added up. */
uint64_t requirements_total(const struct requirements *requirements)
{
    uint64_t total = 0;
    for (VEC_EACH(struct requirement, row, &requirements->rows))
        total += row->count;
    return total;
}

/* Row by row through add, so that a profile named twice becomes one row. */
void requirements_copy(struct requirements *to, const struct requirements *from)
{
    CHECK(to != from);
    vec_clear(&to->rows);
    for (VEC_EACH(struct requirement, row, &from->rows))
        requirements_add(to, &row->profile, row->count);
}

/* Order does not count: the same wish named in another order is no news for the resource manager.
 */
bool requirements_equal(const struct requirements *a, const struct requirements *b)
{
    if (a->rows.count != b->rows.count)
        return false;
    for (VEC_EACH(struct requirement, row, &a->rows))
        if (requirements_count(b, &row->profile) != row->count)
            return false;
    return true;
}

/* Order counts: it decides which row a slot fills. */
uint64_t requirements_hash(uint64_t hash, const struct requirements *requirements)
{
    hash = hash_add(hash, requirements->rows.count);
    for (VEC_EACH(struct requirement, row, &requirements->rows))
        hash = hash_add(profile_hash(hash, &row->profile), row->count);
    return hash;
}

/* Flink's ResourceProfile.isMatching: a slot fills a requirement of exactly its own profile, or one
 * that names none. A larger slot does not fill a smaller requirement. */
bool requirements_match(const struct requirements *required, const struct requirements *filled,
                        const struct resource_profile *profile, struct resource_profile *fills)
{
    CHECK(!profile->unknown);
    const struct requirement *any = NULL;
    for (VEC_EACH(struct requirement, row, &required->rows)) {
        if (requirements_count(filled, &row->profile) >= row->count)
            continue;
        if (profile_equal(&row->profile, profile)) {
            *fills = row->profile;
            return true;
        }
        if (row->profile.unknown)
            any = row;
    }
    if (!any)
        return false;
    *fills = any->profile;
    return true;
}
