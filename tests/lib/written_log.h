/* SPDX-License-Identifier: Apache-2.0
 *
 * Event logs that a test writes by hand, a line at a time, and then reads as those of a run.
 */
#ifndef WEIR_TESTS_LIB_WRITTEN_LOG_H
#define WEIR_TESTS_LIB_WRITTEN_LOG_H

#include "sim/report/run_log.h"

void written_log_begin(void);
/* Adds a line; `rest` is what comes behind the machine, as JSON. */
void written_log_line(const char *at, const char *node, const char *machine, const char *rest);
/* Forgets the line that begins so, and those behind it. */
void written_log_cut(const char *start);
/* What has been written since the beginning; the caller ends it with run_log_fini. */
void written_log_read(struct run_log *out);
/* Of the lines that fit, the n-th from 0; ends the test when there is none. */
size_t written_log_place(const struct run_log *log, const char *pattern, size_t nth);
/* "10 8 7": the numbers of the lines, from that one, the effect, to its cause. */
const char *written_log_chain(const struct run_log *log, const char *pattern, size_t nth);

#endif
