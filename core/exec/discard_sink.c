/* SPDX-License-Identifier: Apache-2.0
 *
 * The sink that costs nothing.
 */
#include "core/exec/discard_sink.h"

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    (void)op;
    (void)input;
    (void)batch;
}

const struct operator_class discard_sink_class = { .name = "discarding sink",
                                                   .size = sizeof(struct operator),
                                                   .process = process };
