/* SPDX-License-Identifier: Apache-2.0
 *
 * A source that reads a log of splits. Record i of the log is record i / splits of split i % splits
 * and is made when it is read, from these two numbers alone: reading again gives the same. How much
 * of the log is there the world says (operator_task.arrived). Its state is one entry a split, so
 * splits are dealt out anew when the parallelism changes. Source: Flink's SourceOperator with a
 * FLIP-27 reader.
 */
#ifndef WEIR_EXEC_LOG_SOURCE_H
#define WEIR_EXEC_LOG_SOURCE_H

#include "core/exec/split_clock.h"

struct log_source_params {
    uint32_t splits;
    split_maker *make;
    /* Where records vary in size, in its place: the payload of one, valid until the next call.
     * Null: the split has ended before; its turns are passed over. */
    const void *(*record)(const void *context, uint32_t split, uint64_t offset, uint32_t *size,
                          int64_t *timestamp);
    const void *context;
    const struct watermark_strategy *watermarks; /* of records with timestamps; null: none */
};

extern const struct operator_class log_source_class;

/* Of one split that the subtask reads: how far it is. False: it does not read so many. */
bool log_source_split(const struct operator* op, size_t i, uint32_t *split, uint64_t *offset);

#endif
