/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of event time that are as long as a key goes on: each record opens one from its time to a
 * gap behind it, and windows that touch become one. Given out when the watermark passes their last
 * millisecond, again for each record within the allowed lateness; what comes later still goes to
 * the side output. Source: Flink's EventTimeSessionWindows, MergingWindowSet, WindowOperator.
 */
#ifndef WEIR_EXEC_SESSION_WINDOW_H
#define WEIR_EXEC_SESSION_WINDOW_H

#include "core/exec/window.h"

struct session_window_params {
    struct key_spec key; /* of fixed size */
    int64_t gap;         /* ms, > 0 */
    int64_t lateness;    /* ms */
    uint32_t value_size; /* bytes of the window's value; zero to begin with */
    /* As in window.h. */
    void (*add)(const void *context, struct operator* op, const struct batch *batch, uint32_t i,
                void *value);
    void (*give)(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                 int64_t end, const void *value);
    /* Takes the value of a window into that of an earlier one. */
    void (*merge)(const void *context, void *into, const void *from);
    const void *context;
    struct snapshot_serializer value; /* another version is refused at restore */
};

/* Outputs as those of a window: WINDOW_OUTPUT, WINDOW_LATE_OUTPUT. */
extern const struct operator_class session_window_class;

uint64_t session_window_late_records(const struct operator* op);

#endif
