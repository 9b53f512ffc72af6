/* SPDX-License-Identifier: Apache-2.0
 *
 * The pictures of a run that is being written. They are a service, not the result: without gnuplot,
 * or with one that fails, a run is still a run, and a notice says what is missing. One that cannot
 * be written for want of room is an error as with any other file.
 */
#ifndef WEIR_SIM_CLI_PICTURES_H
#define WEIR_SIM_CLI_PICTURES_H

#include <jansson.h>
#include <stdbool.h>

#include "core/base/err.h"
#include "sim/report/output_dir.h"

/* command: whose notice it is; is_quiet: none is printed. is_cut: an interrupt came before all were
 * drawn, so some are missing; one that has cut the run itself short does not count. ERR_IO: see
 * above. */
MUST_CHECK struct err pictures_draw(const char *command, const struct output_dir *output,
                                    const json_t *summary, bool is_quiet, bool *is_cut,
                                    struct note *note);
/* How those that are missing are had, in one line; `folder` has a report as well? */
void pictures_tell_cut(const char *command, const char *folder, bool has_report);
/* Is the summary of runs that all went to their end? */
bool pictures_are_of_whole(const json_t *summary);

#endif
