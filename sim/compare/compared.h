/* SPDX-License-Identifier: Apache-2.0
 *
 * Two runs of one scenario in two worlds, as a whole: decisions, figures, expectations. In: what
 * they left. Out: the comparison, and the same as JSON.
 */
#ifndef WEIR_SIM_COMPARE_COMPARED_H
#define WEIR_SIM_COMPARE_COMPARED_H

#include <jansson.h>

#include "sim/compare/decisions.h"
#include "sim/compare/ratios.h"

enum { COMPARED_CONTEXT = 5 };

/* A finished run; all borrowed. */
struct compared_run {
    const char *world;
    const struct run_log *log;
    const struct metrics *metrics;
    const json_t *summary; /* with its expectations */
};

struct compared {
    struct compared_run run[COMPARED_SIDES];
    struct decisions decisions;
    struct ratios ratios;
    json_t *unlike; /* expectations that hold in one of them only: {name, held: [a, b]} */
};

void compared_make(struct compared *comparison, const struct compared_run *a,
                   const struct compared_run *b, const struct tolerances *tolerances);
void compared_fini(struct compared *comparison);
/* All decisions agree and no figure is beyond its tolerance. */
bool compared_holds(const struct compared *comparison);
/* A new object: worlds, decisions, metrics, expectations that differ. */
json_t *compared_json(const struct compared *comparison);

/* The lines around the parting on one side: those before `centre`, and from it on. */
struct parting_lines {
    size_t from, centre, until;
};
/* `lines` before and after; only where they part. */
struct parting_lines compared_context(const struct compared *comparison, int side, size_t lines);

#endif
