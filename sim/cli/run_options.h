/* SPDX-License-Identifier: Apache-2.0
 *
 * Options that change what is run: --seed, --world, --set, --until, --log. Shared by the commands
 * that run scenarios. In: a parsed command line. Out: overrides for the scenario's reader and an
 * end, or a complaint.
 */
#ifndef WEIR_SIM_CLI_RUN_OPTIONS_H
#define WEIR_SIM_CLI_RUN_OPTIONS_H

#include "sim/cli/command.h"
#include "sim/load/scenario.h"

struct run_options {
    VEC(struct override) overrides; /* keys are copies, values the command line's */
    time_ns until;                  /* TIME_NEVER: to the end */
};

MUST_CHECK struct err run_options_read(const struct parsed *parsed, struct run_options *out,
                                       struct note *note);
void run_options_fini(struct run_options *options);

/* A number of an option, from `least` to `most`. */
MUST_CHECK struct err run_options_count(const char *option, const char *text, int64_t least,
                                        int64_t most, int64_t *out, struct note *note);

#endif
