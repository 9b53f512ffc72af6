/* SPDX-License-Identifier: Apache-2.0
 *
 * What a task's state may take of memory: that of keys, unless it is on disk, and that of
 * operators, which is on the heap with any backend (DefaultOperatorStateBackend), together. An
 * allocation that the heap has no room for, as HeapKeyedStateBackend and HeapBroadcastState meet
 * it, fails the operator whose part is the largest.
 */
#ifndef WEIR_EXEC_STATE_BUDGET_H
#define WEIR_EXEC_STATE_BUDGET_H

#include "core/exec/operator_task.h"

/* A part of it. what: for a person; name: which of them, or null. */
struct state_size {
    const char *what, *name;
    uint64_t bytes;
};

/* All that counts. */
uint64_t state_budget_bytes(const struct operator_task *task);
/* Behind each step; and within one, where much is written. */
void state_budget_check(struct operator_task *task);
/* Before a call of a user's writes so many bytes: it may write more than a step is meant to, and
 * the budget is looked at in between. False: the task has failed, and nothing is written any more.
 */
bool state_budget_allows(struct operator_task *task, uint64_t bytes);

#endif
