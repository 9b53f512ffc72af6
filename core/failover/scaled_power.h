/* SPDX-License-Identifier: Apache-2.0
 *
 * base * ratio^exponent as Flink's restart strategies get it from Java's doubles, without a double:
 * the ratio, the power and the product are each rounded to 53 bits, half to even, and the result
 * is cut to an integer. So 1000 * 1.2^3 is 1727, as there, and not 1728. In: integers, the ratio
 * in ppm. Out: an integer that never runs over.
 */
#ifndef WEIR_FAILOVER_SCALED_POWER_H
#define WEIR_FAILOVER_SCALED_POWER_H

#include <stdint.h>

/* (long) (base * Math.pow(ratio, exponent)); all arguments >= 0; INT64_MAX where Java saturates. */
int64_t scaled_power(int64_t base, int64_t ratio_ppm, int64_t exponent);

#endif
