/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that hold each record once. Records are written to a file that nobody sees; each checkpoint
 * closes it, and its completion makes it seen. Which files wait for that is state: a task begun
 * anew from a checkpoint commits those that belong to it, whoever wrote them, and where they were
 * written: also those of another job. Source: Flink's FileSink with OnCheckpointRollingPolicy,
 * whose committables name their files, TwoPhaseCommitSinkFunction.
 */
#ifndef WEIR_EXEC_FILE_SINK_H
#define WEIR_EXEC_FILE_SINK_H

#include "core/exec/operator.h"
#include "core/exec/sink_port.h"

enum {
    FILE_SINK_BYTES = 32 * 1024,           /* written at a time */
    FILE_SINK_LINE_MAX = 16 * 1024 * 1024, /* of one record */
};

struct file_sink_params {
    /* The record's bytes to `out`, at most `room` of them; gives how many there are. Null: its
     * payload as it is. */
    size_t (*encode)(const void *context, struct operator* op, const void *payload, uint32_t size,
                     uint8_t *out, size_t room);
    const void *context;
    const struct sink_port *port;
};

extern const struct operator_class file_sink_class;

/* Files that wait for their checkpoint. */
size_t file_sink_pending(const struct operator* op);

#endif
