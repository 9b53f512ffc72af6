/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums up what keyed states and operators hold; nothing of it is counted but by who holds it.
 */
#include "core/exec/state_budget.h"

#include "core/base/text.h"
#include "core/exec/chain.h"
#include "core/exec/keyed_states.h"

enum { WRITTEN_MAX = 1 << 20, ENTRY_BYTES = 32 };

struct sum {
    uint64_t bytes;
    struct state_size largest;
    uint32_t place; /* of its operator */
};

static void add(struct sum *sum, const struct state_size *part, uint32_t place)
{
    sum->bytes += part->bytes;
    if (part->bytes <= sum->largest.bytes)
        return;
    sum->largest = *part;
    sum->place = place;
}

static struct sum sum_up(const struct operator_task *task)
{
    struct sum sum = { 0 };
    for (VEC_EACH(const struct keyed_state, state, &task->states->states))
        if (!task->states->on_disk)
            add(&sum,
                &(struct state_size){ "state", state->identity.name,
                                      state_table_memory(state->table).live_bytes },
                state->place);
    for (uint32_t i = 0; i < task->chain->count; i++) {
        const struct operator* op = task->chain->operators[i];
        struct state_size part;
        for (uint32_t k = 0; op->class->size_of_state && op->class->size_of_state(op, k, &part);
             k++)
            add(&sum, &part, i);
    }
    return sum;
}

uint64_t state_budget_bytes(const struct operator_task *task)
{
    return sum_up(task).bytes;
}

void state_budget_check(struct operator_task *task)
{
    uint64_t most = task->states->bytes_max;
    struct sum sum = sum_up(task);
    const struct state_size *largest = &sum.largest;
    struct note name = { { 0 } };
    task->state_written = 0;
    if (most == 0 || sum.bytes <= most)
        return;
    if (largest->name)
        text_format(name.text, sizeof name.text, " '%s'", largest->name);
    operator_fail(task->chain->operators[sum.place], CAUSE_OUT_OF_MEMORY,
                  "%s%s has grown to %llu bytes, all of this subtask to %llu, and there is room "
                  "for %llu",
                  largest->what, name.text, (unsigned long long)largest->bytes,
                  (unsigned long long)sum.bytes, (unsigned long long)most);
}

bool state_budget_allows(struct operator_task *task, uint64_t bytes)
{
    task->state_written += bytes + ENTRY_BYTES;
    if (task->state_written > WRITTEN_MAX)
        state_budget_check(task);
    return !task->failed;
}
