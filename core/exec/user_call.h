/* SPDX-License-Identifier: Apache-2.0
 *
 * What a call of a user's function may cost. In: its beginning, and what it does, in virtual cost.
 * Out: a failed operator when that is too much; then the world's way out of the call.
 */
#ifndef WEIR_EXEC_USER_CALL_H
#define WEIR_EXEC_USER_CALL_H

#include "core/exec/operator.h"

/* A call of a user's function begins, or spends some of what it may cost. One that costs more than
 * it may has failed; one that goes on then is left. */
static inline void operator_call_begins(struct operator* op)
{
    op->task->call_cost = 0;
}
void operator_call_exceeds(struct operator* op);
static inline void operator_call_spends(struct operator* op, time_ns cost)
{
    struct operator_task *task = op->task;
    task->call_cost = time_add(task->call_cost, cost);
    if (task->call_cost > task->call_cost_max)
        operator_call_exceeds(op);
}

#endif
