/* SPDX-License-Identifier: Apache-2.0
 *
 * An amount of every resource at once: CPU, memory and the named ones a user may add. The units are
 * the caller's (the slot manager counts milli-cores and bytes), as long as one plan uses one kind.
 * An amount may be negative: a TaskManager that holds more than it has. Source: Flink's
 * ResourceProfile.
 */
#ifndef WEIR_SLOTS_RESOURCE_AMOUNT_H
#define WEIR_SLOTS_RESOURCE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RESOURCE_CPU,
    RESOURCE_MEMORY,
    RESOURCE_CUSTOM_FIRST,
    RESOURCE_CUSTOM_MAX = 8,
    RESOURCE_COUNT = RESOURCE_CUSTOM_FIRST + RESOURCE_CUSTOM_MAX
};

struct resource_amount {
    int64_t of[RESOURCE_COUNT];
};

bool amount_is_zero(const struct resource_amount *amount);
/* Is there as much of everything in `have` as in `need`? */
bool amount_covers(const struct resource_amount *have, const struct resource_amount *need);
/* How often `need` can be taken from `have`, at most `limit` times. */
uint32_t amount_times(const struct resource_amount *have, const struct resource_amount *need,
                      uint32_t limit);
/* to += times * what; times may be negative. */
void amount_add(struct resource_amount *to, const struct resource_amount *what, int64_t times);

/* How much of a worker is in use: the larger of its shares of CPU and memory, as a fraction. */
struct utilisation {
    int64_t used, total; /* total > 0 */
};

struct utilisation amount_utilisation(const struct resource_amount *total,
                                      const struct resource_amount *available);
/* Below 0 when a is the lesser, 0 when equal: exact, by cross multiplication. */
int utilisation_compare(struct utilisation a, struct utilisation b);

#endif
