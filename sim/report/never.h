/* SPDX-License-Identifier: Apache-2.0
 *
 * What a scenario's script was to do and did not, for a person. In: one object of the list that
 * summary_never_happened makes, of this run or read back from its folder. Out: text.
 */
#ifndef WEIR_SIM_REPORT_NEVER_H
#define WEIR_SIM_REPORT_NEVER_H

#include <jansson.h>
#include <stdbool.h>

/* It found no target, or too few: a longer run would not change that. */
bool never_is_certain(const json_t *one);
/* "never happened", or where some of it did: "did not happen each time", "... in full". */
const char *never_word(const json_t *one);
/* "kill tm3: waits for 'job RESTARTING' 2 times, seen 0 times", "kill tm3: found no target". */
enum { NEVER_TEXT_SIZE = 240 };
void never_text(const json_t *one, char out[NEVER_TEXT_SIZE]);

#endif
