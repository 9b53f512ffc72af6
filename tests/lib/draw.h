/* SPDX-License-Identifier: Apache-2.0
 *
 * What simulations in tests draw by themselves, so that models are not held against their own
 * draws.
 */
#ifndef WEIR_TESTS_LIB_DRAW_H
#define WEIR_TESTS_LIB_DRAW_H

#include "core/base/rng.h"

/* Exponential, mean 1. */
double draw_exponential(struct rng *rng);

#endif
