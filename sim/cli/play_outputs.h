/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sinks of programs have written, as files of the run's folder: output/SINK/part-S-N, as a
 * sink's subtask S closed its N-th, and output/SINK/table; or JOB.SINK (outputs.h). Only what is
 * committed.
 */
#ifndef WEIR_SIM_CLI_PLAY_OUTPUTS_H
#define WEIR_SIM_CLI_PLAY_OUTPUTS_H

#include "sim/cli/play.h"

MUST_CHECK struct err play_outputs_write(const struct play *play, const struct output_dir *dir,
                                         struct note *note);

#endif
