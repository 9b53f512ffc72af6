/* SPDX-License-Identifier: Apache-2.0
 *
 * How often memory of one size was asked for by mem_create, by anybody outside of the allocator.
 */
#ifndef WEIR_TESTS_LIB_ROOMS_H
#define WEIR_TESTS_LIB_ROOMS_H

#include <stddef.h>
#include <stdint.h>

void rooms_count(size_t size); /* from here on */
uint64_t rooms_counted(void);

#endif
