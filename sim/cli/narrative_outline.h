/* SPDX-License-Identifier: Apache-2.0
 *
 * Which chapters a reader is shown, where there are many: alike ones that say nothing of their own
 * become one, and of the rest those that weigh most are shown, in order of time. In: a narrative.
 * Out: paragraphs, and how many of which kind were left out. Invariant: each chapter is shown,
 * counted in one that stands for several, or counted as left out.
 */
#ifndef WEIR_SIM_CLI_NARRATIVE_OUTLINE_H
#define WEIR_SIM_CLI_NARRATIVE_OUTLINE_H

#include "sim/cli/narrative.h"

/* At most `limit` paragraphs. */
void outline_tell(const struct narrative *narrative, size_t limit, FILE *file);

#endif
