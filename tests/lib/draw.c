/* SPDX-License-Identifier: Apache-2.0
 *
 * By inversion.
 */
#include "tests/lib/draw.h"

#include "sim/kernel/real.h"

double draw_exponential(struct rng *rng)
{
    return -real_log(1 - rng_unit(rng));
}
