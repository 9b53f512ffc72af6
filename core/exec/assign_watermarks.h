/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives records their event time and the stream its watermarks. In: records, with a timestamp or
 * without. Out: the same with one; watermarks every interval. What watermarks and status come from
 * before it are left, but for the last. Source: Flink's TimestampsAndWatermarksOperator.
 */
#ifndef WEIR_EXEC_ASSIGN_WATERMARKS_H
#define WEIR_EXEC_ASSIGN_WATERMARKS_H

#include "core/exec/watermark_strategy.h"

struct assign_watermarks_params {
    struct watermark_strategy strategy;
    /* Of a record, ms; null: the one it has. */
    int64_t (*timestamp)(const void *context, const void *payload, uint32_t size);
    const void *context;
};

extern const struct operator_class assign_watermarks_class;

#endif
