/* SPDX-License-Identifier: Apache-2.0
 *
 * What sinks have written is in storage before the barrier goes on. In: a barrier that has come to
 * a vertex. Out: a call when it may go on. Meanwhile the vertex takes no record, and a write that
 * the storage refuses fails its task.
 */
#ifndef WEIR_SIM_MODEL_FLUSH_H
#define WEIR_SIM_MODEL_FLUSH_H

#include "sim/cluster/virtual_cluster.h"

struct model;

/* The barrier of this serial goes on from the vertex. */
typedef void flush_goes_on(struct model *model, uint32_t job, uint64_t serial, uint32_t vertex);

/* Of the sinks of one vertex for one barrier. */
struct flush {
    uint32_t next_free; /* 1 + number; 0: none */
    uint32_t job, vertex;
    uint32_t left; /* tasks whose bytes are not there yet */
    uint64_t epoch, serial;
    double bytes; /* of a request */
    flush_goes_on *goes_on;
};

/* At once where nothing is to be written. */
void flush_before(struct model *model, uint32_t job, uint64_t serial, uint32_t vertex,
                  flush_goes_on *goes_on);

#endif
