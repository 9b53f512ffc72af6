/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a run: one HTML file that needs nothing else, readable on a screen, on paper and
 * without scripts. The question is its title, the answer comes first, then figures, pictures,
 * recoveries, expectations, and how to repeat the run. In: the summary and the pictures of the
 * run's folder. Out: report.html there.
 */
#ifndef WEIR_SIM_REPORT_HTML_H
#define WEIR_SIM_REPORT_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"

/* Writes to `file`; pictures that are not in `folder` are left out. */
void html_write(const char *folder, const json_t *summary, FILE *file);

#endif
