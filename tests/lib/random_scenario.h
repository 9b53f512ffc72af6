/* SPDX-License-Identifier: Apache-2.0
 *
 * Legal scenarios drawn from a seed: schedulers, versions, checkpoint modes, edges, state, loads,
 * machines of unequal speed that come late, churn, several jobs, jobs that go on from a snapshot,
 * and none to fourteen events in any order. In: a seed. Out: YAML, the same for the same seed.
 */
#ifndef WEIR_TESTS_LIB_RANDOM_SCENARIO_H
#define WEIR_TESTS_LIB_RANDOM_SCENARIO_H

#include <stdint.h>

/* The caller frees it, with mem_destroy. */
char *random_scenario(uint64_t seed);

#endif
