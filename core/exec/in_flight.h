/* SPDX-License-Identifier: Apache-2.0
 *
 * Data that was on its way when an unaligned checkpoint was taken, put back before anything else
 * is read or written. What a task had received goes to the subtasks that own it now, what it had
 * written but not handed over is written again by whoever took its place. Source: Flink's
 * SequentialChannelStateReaderImpl, RescalingStreamTaskNetworkInput, SubtaskStateMapper.
 */
#ifndef WEIR_EXEC_IN_FLIGHT_H
#define WEIR_EXEC_IN_FLIGHT_H

#include "core/exec/input_gate.h"
#include "core/exec/task_output.h"
#include "core/exec/task_snapshot.h"

/* The edge that a gate reads from. */
struct in_flight_input {
    uint32_t place; /* of the gate among the task's */
    struct input_gate *gate;
    struct frame_reader *reader;
    struct snapshot_serializer serializer; /* who writes them now */
    enum partitioner partitioner;
    struct record_route route; /* of hash and custom edges */
    uint32_t buffer_size;
};

/* files: of all old subtasks of this vertex. Refuses data of an edge that cannot be rescaled with
 * data in flight (forward, rescale, broadcast), and, as the others, records that another
 * serializer wrote. */
MUST_CHECK struct err in_flight_restore_input(const struct in_flight_input *input,
                                              const struct task_snapshot_identity *own,
                                              struct key_group_range groups,
                                              const struct task_snapshot_file *files, size_t count,
                                              struct note *note);
/* What those that write to the gate had written and not handed over, by the files of their vertex.
 * Read where records go by what they are and the writers' parallelism has changed: a key may have
 * another writer then, whose new records must come behind. Source: FLINK-35761. */
struct in_flight_writers {
    const struct task_snapshot_file *files;
    size_t count;
    uint32_t output;      /* of theirs, which leads to the gate */
    uint32_t parallelism; /* theirs now */
};
MUST_CHECK struct err in_flight_restore_written(const struct in_flight_input *input,
                                                const struct in_flight_writers *writers,
                                                const struct task_snapshot_identity *own,
                                                struct key_group_range groups, struct note *note);
/* readers_recover: they are given these files, and restore what goes by what it is themselves. */
MUST_CHECK struct err in_flight_restore_output(struct task_output *output, uint32_t place,
                                               bool readers_recover,
                                               const struct task_snapshot_identity *own,
                                               const struct task_snapshot_file *files, size_t count,
                                               struct note *note);

#endif
