/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums by band, and means of them. Which band a load belongs to is told by its part of the most, so
 * that all of them grow and shrink with the vertex's rate and stay where they are.
 */
#include "sim/model/bands.h"

#include <math.h>

void bands_see(struct band_sums *sums, const struct task_load *load)
{
    sums->most = fmax(sums->most, load->busy);
}

void bands_split(struct band_sums *sums)
{
    double limit = sums->most;
    for (int band = 0; band + 1 < BANDS; band++)
        sums->limits[band] = limit /= M_SQRT2;
}

void bands_add(struct band_sums *sums, const struct task_load *load)
{
    int band = 0;
    while (band + 1 < BANDS && load->busy <= sums->limits[band])
        band++;
    struct load_band *sum = &sums->bands[load->behind ? BANDS : band];
    sum->weight += load->weight;
    sum->busy += load->weight * load->busy;
    sum->service += load->weight * load->service;
    sum->slowdown += load->weight * load->slowdown;
    sum->swing += load->weight * load->swing;
}

void bands_push(const struct band_sums *sums, struct load_bands *bands)
{
    for (int band = 0; band <= BANDS; band++) {
        const struct load_band *sum = &sums->bands[band];
        double weight = sum->weight;
        if (weight > 0)
            vec_push(&bands->items,
                     (struct load_band){ weight, sum->busy / weight, sum->service / weight,
                                         sum->slowdown / weight, sum->swing / weight,
                                         band == BANDS });
    }
}
