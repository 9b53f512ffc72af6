/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes records and forgets them; the operator's own count says how many. Source: Flink's
 * DiscardingSink.
 */
#ifndef WEIR_EXEC_DISCARD_SINK_H
#define WEIR_EXEC_DISCARD_SINK_H

#include "core/exec/operator.h"

extern const struct operator_class discard_sink_class;

#endif
