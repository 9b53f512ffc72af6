/* SPDX-License-Identifier: Apache-2.0
 *
 * The title of a picture of one outage. In: a run's summary.json and the outage in it.
 */
#ifndef WEIR_SIM_REPORT_RECOVERY_TITLE_H
#define WEIR_SIM_REPORT_RECOVERY_TITLE_H

#include <jansson.h>

enum { RECOVERY_TITLE_SIZE = 512 };

/* more: what stands behind the length of the run below the title. */
void recovery_title(const json_t *summary, const json_t *recovery, char title[RECOVERY_TITLE_SIZE],
                    char more[RECOVERY_TITLE_SIZE]);

#endif
