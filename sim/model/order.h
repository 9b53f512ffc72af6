/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts indexes into the order of the values they stand for. Stable: equal values keep the order
 * they came in, so the result never depends on a C library.
 */
#ifndef WEIR_SIM_MODEL_ORDER_H
#define WEIR_SIM_MODEL_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* Ascending by values[indexes[i]]; `scratch` has room for as many indexes. */
void order_by_value(uint32_t *indexes, size_t count, const double *values, uint32_t *scratch);

#endif
