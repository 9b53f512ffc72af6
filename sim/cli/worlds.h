/* SPDX-License-Identifier: Apache-2.0
 *
 * One scenario in every world that can run it. In: a scenario's path and changes. Out: a finished
 * run for each of these worlds, with its log of decisions in memory, and for each of the others the
 * line in which it says why it does not.
 */
#ifndef WEIR_SIM_CLI_WORLDS_H
#define WEIR_SIM_CLI_WORLDS_H

#include "sim/cli/play.h"
#include "sim/report/run_log.h"

struct world_run {
    enum scenario_world world;
    struct plays plays; /* of this run alone */
    struct run_log log; /* read when it has ended */
    FILE *events;       /* of the log, where there is no output; null: none yet */
};

struct world_refusal {
    enum scenario_world world;
    struct note why;
};

struct worlds {
    struct world_run runs[WORLD_COUNT]; /* in the order of the worlds */
    size_t count;
    struct world_refusal refused[WORLD_COUNT];
    size_t refused_count;
};

/* Loads it for every world; the world and the log's level are set here. An error: it is no scenario
 * of any world, or fewer than `least` can run it. Variant null: the scenario itself. */
MUST_CHECK struct err worlds_load(struct worlds *worlds, const struct play_settings *settings,
                                  const char *variant, size_t least, struct note *note);
/* One after the other, with files below the world's name where there is an output; judges them.
 * Stops after the one in which *stop became true. */
MUST_CHECK struct err worlds_run(struct worlds *worlds, const struct play_settings *settings,
                                 struct note *note);
bool worlds_are_complete(const struct worlds *worlds);
void worlds_fini(struct worlds *worlds);

struct play *world_play(const struct world_run *run);

#endif
