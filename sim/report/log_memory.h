/* SPDX-License-Identifier: Apache-2.0
 *
 * A log of what may still be a cause, while the run goes on. In: all lines. Out: the last ten
 * minutes, and from before what began a condition that lasts. Invariant: order is kept.
 */
#ifndef WEIR_SIM_REPORT_LOG_MEMORY_H
#define WEIR_SIM_REPORT_LOG_MEMORY_H

#include <stddef.h>

#include "sim/report/run_log.h"

/* Drops what is too old, if the log has doubled since it was last thinned. kept: how many entries
 * it had then, at first 0. */
void log_memory_thin(struct run_log *log, size_t *kept, time_ns now);

#endif
