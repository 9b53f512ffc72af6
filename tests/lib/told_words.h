/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir explain` says, as if its lines were not broken, so that tests can look for sentences.
 */
#ifndef WEIR_TESTS_LIB_TOLD_WORDS_H
#define WEIR_TESTS_LIB_TOLD_WORDS_H

#include "sim/cli/narrative.h"

/* In place: line ends and indents become single spaces. */
void told_unwrap(char *text);
/* Each chapter, unwrapped, behind the summing up where that is wanted. */
void told_chapters(const struct narrative *narrative, bool sum_up, char *out, size_t size);

/* Of a run of the scenario whose expectations hold, unwrapped; its files are in o. `more`: options
 * of explain. Within cli_begin and cli_end; there until the next call. */
const char *told_of_run(const char *scenario, const char *more);

void must_tell(const char *told, const char *words);
void must_not_tell(const char *told, const char *words);

#endif
