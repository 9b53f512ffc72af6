/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds the small clusters.
 */
#include "tests/lib/allocations.h"

struct resource_amount amount(int64_t cpu, int64_t memory)
{
    return (struct resource_amount){ .of = { cpu, memory } };
}

struct resource_amount amount_custom(int64_t cpu, int64_t memory, int64_t custom)
{
    return (struct resource_amount){ .of = { cpu, memory, custom } };
}

struct allocation_settings settings_of(enum config_choice_LOAD_BALANCE balance)
{
    struct allocation_settings settings = {
        .balance = balance, .can_start = true, .worker = amount(8, 80), .worker_slot = amount(2, 20)
    };
    for (int r = 0; r < RESOURCE_COUNT; r++)
        settings.most.of[r] = INT64_MAX;
    return settings;
}

struct allocation_worker worker_with(int64_t cpu, int64_t memory)
{
    return (struct allocation_worker){ amount(8, 80), amount(cpu, memory), amount(2, 20) };
}

struct allocation_need need_default(uint32_t job, uint32_t count)
{
    return (struct allocation_need){ .job = job, .any = true, .count = count };
}

struct allocation_need need_of(uint32_t job, uint32_t count, int64_t cpu, int64_t memory)
{
    return (struct allocation_need){ .job = job, .count = count, .slot = amount(cpu, memory) };
}

void allocations_fulfil(const struct allocation_settings *settings,
                        const struct allocation_worker *registered, uint32_t registered_count,
                        const struct allocation_worker *pending, uint32_t pending_count,
                        const struct allocation_need *needs, uint32_t need_count,
                        struct fulfil_plan *out)
{
    struct fulfil_view view = { .settings = settings,
                                .registered = registered,
                                .registered_count = registered_count,
                                .pending = pending,
                                .pending_count = pending_count,
                                .needs = needs,
                                .need_count = need_count };
    for (uint32_t i = 0; i < registered_count; i++) {
        amount_add(&view.usable_total, &registered[i].total, 1);
        amount_add(&view.usable_available, &registered[i].available, 1);
        amount_add(&view.cluster_total, &registered[i].total, 1);
    }
    for (uint32_t i = 0; i < pending_count; i++)
        amount_add(&view.cluster_total, &pending[i].total, 1);
    slot_allocation_fulfil(&view, out);
}

uint32_t allocations_granted(const struct fulfil_plan *plan, bool on_pending, uint32_t worker,
                             uint32_t need)
{
    uint32_t count = 0;
    size_t rows = on_pending ? plan->on_pending.count : plan->on_registered.count;
    const struct allocation_grant *items =
        on_pending ? plan->on_pending.items : plan->on_registered.items;
    for (size_t i = 0; i < rows; i++)
        if (items[i].worker == worker && items[i].need == need)
            count += items[i].count;
    return count;
}
