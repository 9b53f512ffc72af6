/* SPDX-License-Identifier: Apache-2.0
 *
 * One value of fixed size for each key, changed by every record of that key: counts, sums, the last
 * one seen. The function gets a whole batch with the value of each record's key, so that state is
 * looked up together and a record costs no call. Source: Flink's KeyedProcessFunction with a
 * ValueState, StreamGroupedReduceOperator.
 */
#ifndef WEIR_EXEC_KEYED_REDUCE_H
#define WEIR_EXEC_KEYED_REDUCE_H

#include "core/exec/keyed_states.h"
#include "core/exec/task_output.h"

enum { KEYED_RUN = 1024 }; /* records looked up together */

struct keyed_reduce_params {
    struct key_spec key;
    struct keyed_state_spec state;
    /* values[i] is that of record i's key, zero where is_new[i]; the same key twice has the same
     * one. Results go to outputs of `op`, or nowhere. */
    void (*apply)(const void *context, struct operator* op, const struct batch *batch,
                  void *const *values, const bool *is_new);
    const void *context;
};

extern const struct operator_class keyed_reduce_class;

const struct state_table *keyed_reduce_table(const struct operator* op);

#endif
