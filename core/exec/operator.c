/* SPDX-License-Identifier: Apache-2.0
 *
 * What operators do in the same way: say that they have failed, put a record aside.
 */
#include "core/exec/operator.h"

#include <stdarg.h>

#include "core/base/text.h"

void operator_fail(struct operator* op, enum failure_cause cause, const char *fmt, ...)
{
    struct operator_task *task = op->task;
    if (task->failed)
        return;
    task->failed = true;
    task->cause = cause;
    size_t length = text_format(task->note.text, sizeof task->note.text, "%s: ", op->spec->name);
    va_list args;
    va_start(args, fmt);
    text_format_args(task->note.text + length, sizeof task->note.text - length, fmt, args);
    va_end(args);
}

void operator_put_aside(struct operator* op, uint32_t output, const struct batch *batch, uint32_t i)
{
    uint32_t size = record_slot_size(batch->layout, batch_size(batch, i));
    if (op->spec->outputs.count <= output)
        return;
    struct record_layout layout = op->outs[output]->layout;
    if (layout.size != batch->layout.size || layout.timestamped != batch->layout.timestamped) {
        operator_fail(op, CAUSE_USER_CODE, "output %u is of another layout than the input", output);
        return;
    }
    uint8_t *slot = collector_slot(op->outs[output], size);
    if (slot)
        memcpy(slot, batch_slot(batch, i), size);
}
