/* SPDX-License-Identifier: Apache-2.0
 *
 * The summary of a run as JSON: what ran, every metric's statistics, how jobs ended, recoveries,
 * results of checks. In: recorder and log of a finished run. Out: an object that summary.json, the
 * report, plots and golden comparisons are made of. No wall clock and no path of this machine is in
 * it: same scenario, seed and version give the same bytes.
 */
#ifndef WEIR_SIM_REPORT_SUMMARY_H
#define WEIR_SIM_REPORT_SUMMARY_H

#include <jansson.h>

#include "sim/report/event_log.h"
#include "sim/report/recorder.h"
#include "sim/report/result.h"
#include "sim/run/simulation.h"

enum { SUMMARY_DIGITS = 12 };

/* A new object. `complete`: the run reached its end; false after Ctrl-C. */
json_t *summary_create(const struct recorder *recorder, const struct event_log *log,
                       uint64_t event_count, bool complete);
/* "job j FAILED at 01:00:03: kill tm1 (...)", by its place in the summary; false: it did not. */
enum { SUMMARY_FAILED_SIZE = 480 };
bool summary_failed_text(const json_t *summary, size_t job, char out[SUMMARY_FAILED_SIZE]);
/* A new array of the scenario's events that have not happened by the end of the run: {event (its
 * label), on, nth, seen, at_s (null where `on` is given)}; those that found fewer targets than they
 * asked for have {reason, times, missed, in_part} too (script.h). In words: never.h. */
json_t *summary_never_happened(const struct simulation *simulation);
/* A new array of {name, held, measured, wanted, detail}. */
json_t *summary_results(const struct check_results *results);
/* The object below "metrics" of a name; null: none such. */
const json_t *summary_metric(const json_t *summary, const char *name);
/* One statistic; NaN when it has no value. */
double summary_number(const json_t *summary, const char *metric, const char *statistic);

/* Indented text with a line feed at its end; false: a write failed. */
bool summary_write(const json_t *summary, FILE *file);

#endif
