/* SPDX-License-Identifier: Apache-2.0
 *
 * A chain without a task: batches and watermarks in, records out into lists. It can be snapshotted
 * and begun anew at another parallelism, as one of several subtasks.
 */
#ifndef WEIR_TESTS_LIB_LONE_CHAIN_H
#define WEIR_TESTS_LIB_LONE_CHAIN_H

#include "core/exec/snapshot_work.h"

enum { LONE_GROUPS = 128, LONE_PAYLOAD_MAX = 64, LONE_FILES_MAX = 8 };

struct lone_record {
    int64_t timestamp;
    uint32_t size;
    _Alignas(8) uint8_t payload[LONE_PAYLOAD_MAX];
};

/* A watermark or a status that came out, behind so many records. */
struct lone_mark {
    size_t behind;
    int64_t value; /* of a status: is it idle? */
    bool is_status;
};

struct lone_chain {
    struct operator_spec specs[4]; /* those under test, then one that keeps what comes out */
    uint32_t count;
    struct operator_task context;
    struct state_registry states;
    struct chain chain;
    VEC(struct lone_record) out;
    VEC(struct lone_mark) marks;
};

/* specs: borrowed lists; the last one's main output is kept in `out`. files: to begin from. */
void lone_chain_init(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                     uint32_t subtask, uint32_t parallelism, const struct task_snapshot_file *files,
                     size_t file_count);
/* At this processing time. */
void lone_chain_init_at(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                        uint32_t subtask, uint32_t parallelism,
                        const struct task_snapshot_file *files, size_t file_count, time_ns now);
/* Did it begin? Else context.note says why not. As the only subtask. */
bool lone_chain_can_init(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                         const struct task_snapshot_file *files, size_t file_count);
void lone_chain_fini(struct lone_chain *lone);

/* One record as a batch. */
void lone_chain_put(struct lone_chain *lone, uint32_t input, struct record_layout layout,
                    int64_t timestamp, const void *payload, uint32_t size);
/* Its file, complete; the caller gives back the bytes and the file. */
void lone_chain_snapshot(struct lone_chain *lone, uint64_t checkpoint,
                         struct snapshot_bytes *out_bytes, struct task_snapshot_file *out_file);

#endif
