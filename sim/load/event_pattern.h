/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns over the event log, as triggers and expectations of a scenario write them: "job
 * RUNNING", "job RUNNING -> RESTARTING", "all tasks RUNNING". A pattern and a line come in, yes or
 * no goes out. A move is matched by its new state, or by old -> new; a fact by its words; each with
 * or without the machine's name before it. '*' stands for any letters.
 */
#ifndef WEIR_SIM_LOAD_EVENT_PATTERN_H
#define WEIR_SIM_LOAD_EVENT_PATTERN_H

#include <stdbool.h>

/* machine and what as in struct log_line; from and to are null for a fact. */
bool event_pattern_matches(const char *pattern, const char *machine, const char *what,
                           const char *from, const char *to);

#endif
