/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the narrative share: a paragraph being written, and the chapters that each of
 * them adds. In: a narrative and one of its chapters. Out: sentences, added to the text.
 */
#ifndef WEIR_SIM_CLI_NARRATIVE_PARTS_H
#define WEIR_SIM_CLI_NARRATIVE_PARTS_H

#include "sim/cli/narrative.h"
#include "sim/report/number_text.h"

/* Times of the summary have been through a text. */
#define SAME TIME_US

enum { PARAGRAPH_SIZE = 4000 };

struct paragraph {
    const struct narrative *narrative;
    const struct chapter *chapter;
    size_t length;
    char text[PARAGRAPH_SIZE];
};

/* Cut where the text is full. */
void paragraph_say(struct paragraph *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Give `out`. */
const char *paragraph_length(time_ns length, char out[NUMBER_TEXT_SIZE]);
const char *paragraph_moment(const struct paragraph *p, time_ns at, char out[NUMBER_TEXT_SIZE]);

/* Chapters of checkpoints that failed, behind the others, which are in order of time. */
void narrative_add_checkpoints(struct narrative *narrative);
/* All of such a chapter. */
void narrative_tell_checkpoints(struct paragraph *p);
/* How many completed, and how many failed for which reasons. */
void narrative_sum_up_checkpoints(const struct narrative *narrative, FILE *file);

/* Chapters of TaskManagers that end by themselves, behind the others. */
void narrative_add_exits(struct narrative *narrative);
/* All of such a chapter. */
void narrative_tell_exits(struct paragraph *p);

/* When lag grew most without an outage; nothing where it did not. */
void narrative_sum_up_lag(const struct narrative *narrative, FILE *file);

#endif
