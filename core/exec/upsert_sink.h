/* SPDX-License-Identifier: Apache-2.0
 *
 * A sink that may write twice: each record takes the place of the one that its key had, at once.
 * After a failure older values are seen again until the job has caught up, and none is there twice.
 * Source: Flink's upsert sinks (JDBC, Elasticsearch), at least once and idempotent.
 */
#ifndef WEIR_EXEC_UPSERT_SINK_H
#define WEIR_EXEC_UPSERT_SINK_H

#include "core/exec/operator.h"
#include "core/exec/sink_port.h"
#include "core/exec/task_output.h"

struct upsert_sink_params {
    struct key_spec key;
    const struct sink_port *port;
};

extern const struct operator_class upsert_sink_class;

#endif
