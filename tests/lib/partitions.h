/* SPDX-License-Identifier: Apache-2.0
 *
 * Result partitions for tests: small buffers of 64 bytes, which hold seven numbers, and what comes
 * out of them, read back through items and frames.
 */
#ifndef WEIR_TESTS_LIB_PARTITIONS_H
#define WEIR_TESTS_LIB_PARTITIONS_H

#include "core/exec/result_partition.h"

extern const struct record_layout partitions_numbers; /* 64 bits, without time */

/* Records are numbers; 128 key groups; 2 buffers per channel and 8, overdraft of 4. */
struct result_partition_config partitions_config(enum partitioner partitioner, uint32_t channels);
void partitions_open(struct result_partition *partition, struct result_partition_config config);

/* The numbers from 0 on, up to 4,096 of them. */
MUST_CHECK struct err partitions_write(struct result_partition *partition, uint32_t count,
                                       const uint16_t *targets, struct note *note);
/* Takes all that a channel holds: the first words of its records, in order; how many; and adds the
 * number of its watermarks. */
uint32_t partitions_read(struct result_partition *partition, uint32_t channel, uint64_t *words,
                         uint32_t *watermarks);

/* Triggered at 1,000 ns. */
struct channel_event partitions_barrier(int64_t id, enum barrier_alignment alignment,
                                        time_ns timeout);
/* Of no pool, with 16 bytes in it. */
struct buffer *partitions_filled(void);

#endif
