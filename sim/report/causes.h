/* SPDX-License-Identifier: Apache-2.0
 *
 * Why did a line of the log come? Rules say which kind of line is a cause of which other, and what
 * must agree between the two (job, process, checkpoint). In: a log and the place of a line. Out:
 * the chain of causes, from the line back to what nothing in the log explains: a fault, a client,
 * the start.
 */
#ifndef WEIR_SIM_REPORT_CAUSES_H
#define WEIR_SIM_REPORT_CAUSES_H

#include "sim/report/run_log.h"

enum { CAUSES_MAX = 64 };

/* Places of entries, the line itself first. */
struct cause_chain {
    size_t count;
    size_t place[CAUSES_MAX];
};

void causes_of(const struct run_log *log, size_t place, struct cause_chain *out);
/* The place of the last link that is a doing of the world: a process or the script; SIZE_MAX: none
 * is, or a restore was refused, which is a cause of its own. */
size_t causes_fault(const struct run_log *log, const struct cause_chain *chain);

/* Is it the beginning of something that may last, and be a cause long after: a process that is
 * frozen, cut off, slow? Does a later entry end that, or the process? */
bool causes_is_condition(const struct log_entry *entry);
bool causes_ends_condition(const struct log_entry *entry, const struct log_entry *condition);
/* The same with a number for what lasts. Which begins here (CAUSES_CONDITIONS: none)? Does the
 * entry end those of its node with that number? */
enum { CAUSES_CONDITIONS = 7 };
size_t causes_condition_begun(const struct log_entry *entry);
bool causes_condition_ended(const struct log_entry *entry, size_t condition);
/* Is it the end of a process, one way or another? */
bool causes_ends_process(const struct log_entry *entry);

#endif
