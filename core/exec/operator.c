/* SPDX-License-Identifier: Apache-2.0
 *
 * What operators do in the same way: say that they have failed, put a record aside.
 */
#include "core/exec/user_call.h"

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

#define EVENT_TIME_MAX (INT64_MAX / 4) /* ms; windows add to it what API_MS_MAX allows */

bool operator_has_time(struct operator* op, int64_t timestamp, const char *what)
{
    if (timestamp >= -EVENT_TIME_MAX && timestamp <= EVENT_TIME_MAX)
        return true;
    if (timestamp == TIMESTAMP_NONE)
        operator_fail(op, CAUSE_USER_CODE,
                      "a record without a timestamp reached a %s of event time: was it given out "
                      "by a timer of processing time or at the end of an input, or are no "
                      "watermarks assigned before it?",
                      what);
    else
        operator_fail(
            op, CAUSE_USER_CODE,
            "a record with the timestamp %lld reached a %s, expected one of %lld at most, "
            "before or behind zero",
            (long long)timestamp, what, (long long)EVENT_TIME_MAX);
    return false;
}

#define GRACE TIME_S /* for a function to come to its end in: it is not told of its failure */

/* What it may cost is time that has passed. */
void operator_call_exceeds(struct operator* op)
{
    struct operator_task *task = op->task;
    time_ns limit = task->call_cost_max;
    operator_fail(op, CAUSE_USER_CODE,
                  "a call did not end within %lld ms of virtual cost (weir.call.cost-max)",
                  (long long)(limit / TIME_MS));
    task->cost = limit > task->cost ? limit : task->cost;
    if (task->leave && task->call_cost - limit > GRACE)
        task->leave(task->world);
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
