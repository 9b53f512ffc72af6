/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever wants to see the batches that operators take, in one task. In: calls, before an operator
 * has a batch and behind it. Where there is none, it costs a branch for each batch.
 */
#ifndef WEIR_EXEC_PROBE_H
#define WEIR_EXEC_PROBE_H

#include "core/exec/record.h"

struct operator;

struct exec_probe {
    void (*before)(struct exec_probe *probe, const struct operator* op, const struct batch *batch);
    void (*behind)(struct exec_probe *probe, const struct operator* op, const struct batch *batch);
    /* What a source has made, before it goes on. */
    void (*made)(struct exec_probe *probe, const struct operator* op, const struct batch *batch);
};

#endif
