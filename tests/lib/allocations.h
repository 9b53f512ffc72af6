/* SPDX-License-Identifier: Apache-2.0
 *
 * Small clusters for the tests of plans: workers of 8 cores, 80 bytes and 4 slots.
 */
#ifndef WEIR_TESTS_LIB_ALLOCATIONS_H
#define WEIR_TESTS_LIB_ALLOCATIONS_H

#include "core/slots/slot_allocation.h"

struct resource_amount amount(int64_t cpu, int64_t memory);
struct resource_amount amount_custom(int64_t cpu, int64_t memory, int64_t custom);

struct allocation_settings settings_of(enum config_choice_LOAD_BALANCE balance);
struct allocation_worker worker_with(int64_t cpu, int64_t memory); /* so much of it available */
struct allocation_need need_default(uint32_t job, uint32_t count);
struct allocation_need need_of(uint32_t job, uint32_t count, int64_t cpu, int64_t memory);

/* Fulfils with all workers listed: the sums of the view follow from the lists. */
void allocations_fulfil(const struct allocation_settings *settings,
                        const struct allocation_worker *registered, uint32_t registered_count,
                        const struct allocation_worker *pending, uint32_t pending_count,
                        const struct allocation_need *needs, uint32_t need_count,
                        struct fulfil_plan *out);

/* Slots that the plan grants a need on a worker, registered or pending. */
uint32_t allocations_granted(const struct fulfil_plan *plan, bool on_pending, uint32_t worker,
                             uint32_t need);

#endif
