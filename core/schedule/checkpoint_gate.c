/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting attempts in and out of the gate's set.
 */
#include "core/schedule/checkpoint_gate.h"

#include "core/base/check.h"

/* Flink 2.3, from start to after the first failover (set: attempts that are not calm):
 *
 *   job RUNNING          set empty   timer starts
 *   first SCHEDULED      set grows   timer stops
 *   first RUNNING        (not the gate: the graph itself starts a timer that does not run)
 *   last RUNNING         set empty   timer starts afresh
 *   a failure            set grows   timer stops; the failed attempt never leaves the set
 *   restarted, all run   set holds the old attempts: from here on the gate is silent
 */

/* INITIALIZING is not: Flink counts executions that are RUNNING or FINISHED. */
static bool is_calm(enum execution_state state)
{
    return state == EXECUTION_RUNNING || state == EXECUTION_FINISHED;
}

/* Said at the start and after each restart; after the first failover the set is never empty again.
 */
enum gate_outcome checkpoint_gate_on_job_running(struct checkpoint_gate *gate)
{
    gate->active = true;
    return gate->open == 0 ? GATE_START : GATE_KEEP;
}

enum gate_outcome checkpoint_gate_on_move(struct checkpoint_gate *gate, enum execution_state from,
                                          enum execution_state to)
{
    /* CREATED counts as calm: an attempt enters the set with its first move. */
    bool was_calm = from == EXECUTION_CREATED || is_calm(from);
    if (was_calm && !is_calm(to)) {
        gate->open++;
        return gate->active && gate->open == 1 ? GATE_STOP : GATE_KEEP;
    }
    if (!was_calm && is_calm(to)) {
        CHECK(gate->open > 0);
        gate->open--;
        return gate->active && gate->open == 0 ? GATE_START : GATE_KEEP;
    }
    return GATE_KEEP;
}
