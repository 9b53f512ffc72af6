/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of users' functions: which one is under way, and what it may cost. In: its beginning, and
 * what it does, in virtual cost. Out: a failed operator when that is too much; then the world's way
 * out of the call.
 */
#ifndef WEIR_EXEC_USER_CALL_H
#define WEIR_EXEC_USER_CALL_H

#include "core/exec/operator.h"

static inline void user_call_set(struct user_call *call, const char *name, const char *function)
{
    __atomic_store_n(&call->operator_name, name, __ATOMIC_RELAXED);
    __atomic_store_n(&call->function, function, __ATOMIC_RELAXED);
}
static inline void user_call_get(const struct user_call *call, const char **name,
                                 const char **function)
{
    *name = __atomic_load_n(&call->operator_name, __ATOMIC_RELAXED);
    *function = __atomic_load_n(&call->function, __ATOMIC_RELAXED);
}
/* From here on it is this function that is called, until another one is named. */
static inline void operator_calls(struct operator* op, const char *function)
{
    user_call_set(&op->task->call, op->spec->name, function);
}

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
