/* SPDX-License-Identifier: Apache-2.0
 *
 * A source that makes its records: so many in all or without end, at a rate or as fast as they are
 * taken. Record i of the job is record i / splits of split i % splits. The rate is shared evenly by
 * the subtasks and holds from the beginning of each attempt on: what was missed while a task was
 * down is not made up for. Source: Flink's DataGeneratorSource, RateLimiterStrategy.perSecond.
 */
#ifndef WEIR_EXEC_GENERATOR_SOURCE_H
#define WEIR_EXEC_GENERATOR_SOURCE_H

#include "core/exec/split_clock.h"

#define GENERATOR_RATE_MAX UINT64_C(1000000000) /* per second */

struct generator_source_params {
    uint32_t splits;
    uint64_t count;      /* of the job; UINT64_MAX: without end */
    uint64_t rate_per_s; /* records of the job, up to GENERATOR_RATE_MAX; 0: no limit */
    split_maker *make;
    const void *context;
    const struct watermark_strategy *watermarks; /* of slots with timestamps; null: none */
};

extern const struct operator_class generator_source_class;

#endif
