/* SPDX-License-Identifier: Apache-2.0
 *
 * State in memory, that of operators with any backend: all tasks of a TaskManager share its heap,
 * which is not divided among its slots, so one that grows may have what the others leave. The one
 * that asks for more fails, as a thread does that meets an OutOfMemoryError (Task.doRun).
 */
#include "core/exec/state_budget.h"
#include "sim/exact/parts.h"

/* That the scenario speaks of and that is not here counts as well; it is keyed. */
static uint64_t more_bytes(const struct exact *exact, const struct exact_task *task)
{
    const struct exact_job *job = &exact->jobs[task->life.job];
    if (local_has_state(job->spec))
        return 0;
    const struct vertex_model *spec = job->vertices[task->life.vertex].modelled;
    const struct chain *chain = exec_task_chain(task->exec);
    const struct state_table *table = modelled_table(chain->operators[chain->count - 1]);
    uint64_t keys = table ? state_table_memory(table).entries : 0;
    double per_key = spec->state_per_key - (double)sizeof(struct keyed_value);
    return (uint64_t)(spec->state_fixed + (per_key > 0 ? per_key * (double)keys : 0) +
                      spec->state_growth * task_records(task));
}

void memory_allow(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    const struct exact_host *host = &exact->hosts.items[task->life.host];
    int64_t room = host->life.machine ? host->life.machine->memory_bytes : 0;
    if (room <= 0 || !task->exec)
        return;
    uint64_t taken = host->state_bytes - task->state_bytes + more_bytes(exact, task);
    exec_task_set_state_bytes_max(task->exec, taken < (uint64_t)room ? (uint64_t)room - taken : 1);
}

void memory_take(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (!task->exec)
        return;
    uint64_t held = state_budget_bytes(exec_task_chain(task->exec)->task);
    uint64_t bytes = held + more_bytes(exact, task);
    exact->hosts.items[task->life.host].state_bytes += bytes - task->state_bytes;
    task->state_bytes = bytes;
}

void memory_give_back(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_host *host = &exact->hosts.items[task->life.host];
    CHECK(host->state_bytes >= task->state_bytes);
    host->state_bytes -= task->state_bytes;
    task->state_bytes = 0;
}
