/* SPDX-License-Identifier: Apache-2.0
 *
 * What of a run is not in its scenario: changes made on the command line, and an end that came
 * sooner by --until. In: a summary with its origin. Out: words for captions and the report.
 */
#ifndef WEIR_SIM_REPORT_CHANGES_H
#define WEIR_SIM_REPORT_CHANGES_H

#include <jansson.h>
#include <stddef.h>

enum { CHANGES_ALL = 1000, CHANGES_TEXT_SIZE = 4096 };

/* "load=15k/s, sample=1s and 2 more": the first `most` of them, each cut at 80 bytes unless all are
 * asked for. Returns how many there are; 0: `out` is empty. */
size_t changes_text(const json_t *summary, size_t most, char *out, size_t size);

#endif
