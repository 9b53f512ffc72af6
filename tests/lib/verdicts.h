/* SPDX-License-Identifier: Apache-2.0
 *
 * What checkers have found in a history that a test made up. In: checkers that have seen it. Out:
 * a failed test where they found something else.
 */
#ifndef WEIR_TESTS_LIB_VERDICTS_H
#define WEIR_TESTS_LIB_VERDICTS_H

#include "sim/check/checker.h"

/* No invariant is broken. */
void verdicts_must_hold(const struct checkers *checkers);
/* Only this one is, and this is said about it. */
void verdicts_must_break(const struct checkers *checkers, const char *invariant, const char *words);

#endif
