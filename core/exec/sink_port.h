/* SPDX-License-Identifier: Apache-2.0
 *
 * Where sinks put what is to last: a world's storage. Files become visible in two steps, so that a
 * job that fails between them leaves nothing behind that is seen: what was prepared is committed
 * when the checkpoint is complete that it belongs to, or when the job is begun anew from it.
 */
#ifndef WEIR_EXEC_SINK_PORT_H
#define WEIR_EXEC_SINK_PORT_H

#include "core/exec/key_hash.h"
#include "core/exec/operator.h"

/* A name that no other file of the sink has; and where it lies, which may not be where the sink
 * writes now: a job that begins with another's snapshot commits what the other has prepared. */
struct sink_file {
    uint32_t subtask, place; /* sink_port.place */
    uint64_t number;
};

/* What a function does not do it says by an err, and in the note; the task fails with it. */
struct sink_port {
    void *context;
    uint32_t place; /* of the files that are begun here, among all that a port of its kind knows */
    bool is_remote; /* what goes there takes time: the world's to charge */
    /* A new, empty file; one of this name that was never committed is an older attempt's and goes.
     * Refused where a committed one has the name. */
    struct err (*begin)(void *context, const struct sink_file *file, struct note *note);
    struct err (*append)(void *context, const struct sink_file *file, const void *bytes,
                         size_t size, struct note *note);
    /* Its bytes are safe from here on, not yet seen. */
    struct err (*prepare)(void *context, const struct sink_file *file, struct note *note);
    /* Seen from here on, wherever it lies. Again, by whomever: nothing happens. */
    struct err (*commit)(void *context, const struct sink_file *file, struct note *note);
    /* Of keyed sinks: each record takes the place of the one that its key had. */
    struct err (*upsert)(void *context, const struct key_run *keys, const struct batch *batch,
                         struct note *note);
};

enum { SINK_COMMIT_BYTES = 64 }; /* of a request that gives a file its name */

/* Bytes have gone to the port. awaits: all that have are there before the task goes on. */
static inline void sink_port_charge(const struct sink_port *port, struct operator_task *task,
                                    uint64_t bytes, bool awaits)
{
    task->written += port->is_remote ? bytes : 0;
    task->awaits_writes |= port->is_remote && awaits;
}

#endif
