/* SPDX-License-Identifier: Apache-2.0
 *
 * Results as JUnit XML, in the form that Jenkins and Surefire read: a suite per scenario, a case
 * per result, a failure with what was measured and wanted, and by what
 * jobs FAILED. In: suites. Out: a file.
 */
#ifndef WEIR_SIM_REPORT_JUNIT_H
#define WEIR_SIM_REPORT_JUNIT_H

#include <jansson.h>

#include "core/base/err.h"
#include "sim/report/result.h"

struct junit_suite {
    const char *name;  /* the scenario's path; the command's where no scenario was found */
    double seconds;    /* wall clock */
    const char *error; /* it could not be run at all; null: it ran */
    const struct check_results *results;
    const json_t *jobs_failed; /* texts: those that FAILED, and by what; null: not known */
};

MUST_CHECK struct err junit_write(const char *path, const struct junit_suite *suites, size_t count,
                                  struct note *note);

#endif
