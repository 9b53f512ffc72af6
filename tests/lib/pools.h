/* SPDX-License-Identifier: Apache-2.0
 *
 * Slot pools for tests, written as text: "1:2 2:1 1:1" is a pool that holds two slots of node 1,
 * then one of node 2, then one of node 1 again, accepted in this order at time 0. Allocations are
 * numbered from 0 in that order.
 */
#ifndef WEIR_TESTS_LIB_POOLS_H
#define WEIR_TESTS_LIB_POOLS_H

#include "core/slots/slot_pool.h"

void pools_fill(struct slot_pool *pool, const char *text);

#endif
