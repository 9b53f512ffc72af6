/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffer debloating: how large the senders' buffers should be so that what is in flight to a gate
 * is read within a target time. In: throughput and buffers in use, once per period. Out: a new
 * size, or none. Integers only. Source: Flink's BufferDebloater and BufferSizeEMA (FLIP-183).
 */
#ifndef WEIR_EXEC_DEBLOAT_H
#define WEIR_EXEC_DEBLOAT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"

struct debloat_config {
    time_ns target;              /* taskmanager.network.memory.buffer-debloat.target */
    uint32_t threshold_percent;  /* ....threshold-percentages */
    uint32_t samples;            /* ....samples */
    uint32_t size_min, size_max; /* min-segment-size, segment-size */
};

struct debloat {
    struct debloat_config config;
    uint32_t average;  /* bytes */
    uint32_t size;     /* told last */
    time_ns estimated; /* how long the data in flight takes */
};

void debloat_init(struct debloat *debloat, const struct debloat_config *config);
/* True: the senders are to be told debloat->size anew. */
bool debloat_on_period(struct debloat *debloat, uint64_t bytes_per_second, uint32_t buffers_in_use);

#endif
