/* SPDX-License-Identifier: Apache-2.0
 *
 * A call of the user's function for each batch.
 */
#include "core/exec/transform.h"

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    const struct transform_params *params = op->spec->params;
    const char *wrong = NULL;
    uint32_t at_fault = params->apply(params->context, input, batch, op->outs, &wrong);
    if (at_fault > 0)
        operator_fail(op, CAUSE_USER_CODE, "record %u of a batch of %u: %s", at_fault, batch->count,
                      wrong ? wrong : "the function failed");
}

const struct operator_class transform_class = { .name = "transform",
                                                .size = sizeof(struct operator),
                                                .process = process };
