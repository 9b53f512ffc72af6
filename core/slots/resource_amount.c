/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic on amounts. Sums of 2^18 workers of 2^44 units each stay below 2^63.
 */
#include "core/slots/resource_amount.h"

#include "core/base/check.h"

/* Products of two amounts need more than 64 bits; only compared, never divided. */
__extension__ typedef __int128 wide;

/* Nothing of any kind: memory without a core is not nothing. */
bool amount_is_zero(const struct resource_amount *amount)
{
    for (int r = 0; r < RESOURCE_COUNT; r++)
        if (amount->of[r] != 0)
            return false;
    return true;
}

/* Flink's allFieldsNoLessThan. */
bool amount_covers(const struct resource_amount *have, const struct resource_amount *need)
{
    for (int r = 0; r < RESOURCE_COUNT; r++)
        if (have->of[r] < need->of[r])
            return false;
    return true;
}

/* Nothing fits often: a need of nothing is met `limit` times. */
uint32_t amount_times(const struct resource_amount *have, const struct resource_amount *need,
                      uint32_t limit)
{
    int64_t times = limit;
    for (int r = 0; r < RESOURCE_COUNT; r++) {
        CHECK(need->of[r] >= 0);
        if (have->of[r] < need->of[r])
            return 0;
        if (need->of[r] > 0 && have->of[r] / need->of[r] < times)
            times = have->of[r] / need->of[r];
    }
    CHECK(times >= 0);
    return (uint32_t)times;
}

/* Sums may pass below zero: a worker may report more than it has. */
void amount_add(struct resource_amount *to, const struct resource_amount *what, int64_t times)
{
    for (int r = 0; r < RESOURCE_COUNT; r++)
        to->of[r] += times * what->of[r];
}

/* Of a resource that the worker does not have nothing is in use. */
static struct utilisation share(int64_t total, int64_t available)
{
    return total > 0 ? (struct utilisation){ total - available, total }
                     : (struct utilisation){ 0, 1 };
}

/* The scarcer of the two decides (InternalResourceInfo.updateUtilization). */
struct utilisation amount_utilisation(const struct resource_amount *total,
                                      const struct resource_amount *available)
{
    struct utilisation cpu = share(total->of[RESOURCE_CPU], available->of[RESOURCE_CPU]);
    struct utilisation memory = share(total->of[RESOURCE_MEMORY], available->of[RESOURCE_MEMORY]);
    return utilisation_compare(cpu, memory) < 0 ? memory : cpu;
}

/* Flink compares doubles; equal fractions with different roundings are equal here. */
int utilisation_compare(struct utilisation a, struct utilisation b)
{
    CHECK(a.total > 0);
    CHECK(b.total > 0);
    wide left = (wide)a.used * b.total, right = (wide)b.used * a.total;
    return (left > right) - (left < right);
}
