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

/* command: whose notice it is; is_quiet: none is printed. ERR_IO: see above. */
MUST_CHECK struct err pictures_draw(const char *command, const struct output_dir *output,
                                    const json_t *summary, bool is_quiet, struct note *note);

#endif
