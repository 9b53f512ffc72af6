/* SPDX-License-Identifier: Apache-2.0
 *
 * Closed forms of queues, for means: M/G/1 (Poisson arrivals, any service time, one thread; mean
 * wait by Pollaczek and Khinchine, second moment by Takacs), its correction for arrivals that are
 * not Poisson (Kraemer and Langenbach-Belz 1976), what leaves a queue (Whitt 1983), and threads
 * that share cores. Limits: docs/model.md, latency.
 */
#ifndef WEIR_SIM_MODEL_QUEUEING_H
#define WEIR_SIM_MODEL_QUEUEING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mean and variance of the wait, at utilisation rho < 1; service times are gamma-distributed. */
struct moments {
    double mean, variance;
};
struct moments mg1_wait(double rho, double service_mean, double service_cv);

/* How irregularly records arrive: squared variation of the times between arrivals, seen over longer
 * and longer times. A queue before makes what leaves it as regular as its service, for as long as
 * its own wait reaches; beyond that one sees what came to it. */
enum { VARIATION_STEPS = 8 };
struct variation {
    uint32_t count;
    struct {
        double reach, cv2; /* up to there, from where the next one ends; longest first */
    } steps[VARIATION_STEPS];
    double beyond; /* 1: Poisson */
};

/* The mean up to a reach, which is that of the queue records come to: its wait after Poisson
 * arrivals. With constant service the waits of a row of queues then add up to the longest one's, in
 * whatever order (Friedman 1965); with exponential service each is M/M/1 (Jackson 1957). */
double variation_within(const struct variation *variation, double reach);
/* Behind a queue of that reach and service. */
void variation_cover(struct variation *variation, double reach, double service_cv);
/* A part of the stream, or several together: nearer to Poisson, 0 <= kept <= 1. */
void variation_blur(struct variation *variation, double kept);
/* What is kept of it by one of `readers` that gets parts of the streams of `senders` (Whitt 1983).
 */
double variation_kept(double senders, double readers, double rho);
/* How many times as long a wait is as after Poisson arrivals. */
double wait_factor(double arrivals_cv2, double service_cv);

/* Threads that share cores evenly: how many times as long the work of thread `self` takes as on a
 * core of its own. loads[i]: cores that thread i needs, 0 to 1. At most count / cores. */
double cores_slowdown(const double *loads, size_t count, size_t self, double cores);
/* Of all of them, into out[count]. For many it is an interpolation, so the work is in proportion.
 */
void cores_slowdowns(const double *loads, size_t count, double cores, double *out);
/* Is it all but certain that a core is free for whoever wants one? */
bool cores_are_plenty(const double *loads, size_t count, double cores);
/* Everybody is slow at the same time: squared variation of a factor common to waits and services of
 * `count` threads. Exact for one core in heavy traffic, and for many threads at any load. */
double cores_swing(double slowdown, size_t count, double cores);
/* A factor with mean 1 and that squared variation as one of two (side 0 and 1), so that mean,
 * variance and skewness are those of a gamma distribution. */
struct swing_side {
    double factor, weight;
};
struct swing_side swing_side(double swing, int side);
/* Share of time that a thread of that load works or waits for a core. */
double cores_busy(double load, double slowdown, double swing);

#endif
