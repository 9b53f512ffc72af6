/* SPDX-License-Identifier: Apache-2.0
 *
 * The exception history and the rescale history of a run's jobs, in lines for people: what Flink's
 * web pages of these names would show at the end. In: the summary of a run or variant.
 */
#ifndef WEIR_SIM_CLI_HISTORIES_H
#define WEIR_SIM_CLI_HISTORIES_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/time.h"

/* Nothing where there is none. `duration`: of the run; how times are said depends on it. */
void histories_tell(const json_t *summary, time_ns duration, FILE *file);

#endif
