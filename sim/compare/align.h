/* SPDX-License-Identifier: Apache-2.0
 *
 * Which steps of two histories of one subject are the same. In: two sequences of words with their
 * times, each in its order. Out: pairs of equal words in the order of both, as many as there can
 * be, and of all such ways the one whose times differ least; so a step that only one history has
 * stands alone where it is, and moves nothing behind it. Sequences of up to ALIGN_BLOCK steps are
 * paired so as a whole, longer ones a block after the other, each half of one long: cost is linear
 * in their length.
 */
#ifndef WEIR_SIM_COMPARE_ALIGN_H
#define WEIR_SIM_COMPARE_ALIGN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/time.h"

enum { ALIGN_BLOCK = 1024 };
#define ALIGN_NONE UINT32_MAX

struct align_step {
    uint32_t word;
    time_ns at; /* never before that of the step before */
};

struct align_steps {
    const struct align_step *items;
    size_t count;
};

/* partner[i]: the place in b of the step that a's step i is, or ALIGN_NONE. Below them, ties go to
 * the pairs that come first. */
void align_steps(struct align_steps a, struct align_steps b, uint32_t *partner);

#endif
