/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators without state: map, filter, flat map, and both inputs of a connect. The function gets a
 * whole batch and writes as many records as it likes, to any of its outputs. Source: Flink's
 * StreamMap, StreamFilter, StreamFlatMap, CoStreamMap.
 */
#ifndef WEIR_EXEC_TRANSFORM_H
#define WEIR_EXEC_TRANSFORM_H

#include "core/exec/operator.h"

struct transform_params {
    /* Not 0: the record at fault, from 1; the task fails with `wrong`, if that was set. */
    uint32_t (*apply)(const void *context, uint32_t input, const struct batch *batch,
                      struct collector *const *outs, const char **wrong);
    const void *context;
};

extern const struct operator_class transform_class;

#endif
