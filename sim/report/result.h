/* SPDX-License-Identifier: Apache-2.0
 *
 * The outcome of one check of a run: an expectation of the scenario, an invariant, a golden
 * comparison. Made in sim/check and by the command, shown in tables, JUnit XML, summary and report.
 */
#ifndef WEIR_SIM_REPORT_RESULT_H
#define WEIR_SIM_REPORT_RESULT_H

#include <stdbool.h>

#include "core/base/vec.h"

enum { RESULT_TEXT_SIZE = 200 };

struct check_result {
    char name[RESULT_TEXT_SIZE];
    bool held;
    char measured[RESULT_TEXT_SIZE]; /* as a person says it */
    char wanted[RESULT_TEXT_SIZE];
    char detail[RESULT_TEXT_SIZE]; /* where and when; may be empty */
};

struct check_results {
    VEC(struct check_result) list;
};

static inline size_t check_results_failed(const struct check_results *results)
{
    size_t failed = 0;
    for (size_t i = 0; i < results->list.count; i++)
        failed += !results->list.items[i].held;
    return failed;
}

#endif
