/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a queue takes to become what it is in the long run: its work as a Brownian motion
 * reflected at zero, whose way from empty is known in closed form (Abate and Whitt 1987, Transient
 * behavior of regulated Brownian motion, I). Age is time in units of the queue's own: variation of
 * the work per second / (1 - rho)^2, so one table fits all. Pure functions; nothing is kept.
 */
#ifndef WEIR_SIM_MODEL_RELAX_H
#define WEIR_SIM_MODEL_RELAX_H

/* Of this age a queue is what it will be, to 1e-12. */
#define RELAX_AGE_MOST 60.0

/* Mean wait of a queue that was empty at age 0, by that in the long run: 0 to 1. */
double relax_mean(double age);
double relax_slope(double age); /* its growth, per age */
/* The age at which it is that; RELAX_AGE_MOST at most. */
double relax_age(double mean);

/* The wait of those who find the queue busy, mean 1, as a mixture: uniform on [0, range]. */
enum { RELAX_PARTS = 14 };
struct relax_part {
    double range, weight;
};
void relax_shape(double age, struct relax_part out[RELAX_PARTS]);

/* A queue at one moment. */
struct relaxation {
    double wait;            /* mean, seconds */
    double age;             /* it grows: how old it would be if it had begun empty; else 0 */
    double shape;           /* it grows: the age whose distribution it has; else 0 */
    double left, left_wait; /* it shrinks: the part that still waits as it was, and how long */
};
/* For so many seconds the load has been the same: utilisation, the mean wait that it leads to, and
 * ages per second. */
struct relax_load {
    double seconds, rho, wait, pace;
};
void relax_advance(struct relaxation *queue, const struct relax_load *load);

#endif
