/* SPDX-License-Identifier: Apache-2.0
 *
 * How an operator says that it has failed.
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
