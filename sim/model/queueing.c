/* SPDX-License-Identifier: Apache-2.0
 *
 * Closed forms of queues, and the fixed point of threads on shared cores. In: utilisations and
 * variations. Out: means, factors; nothing is kept.
 */
#include "sim/model/queueing.h"

#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "sim/kernel/real.h"

/* A smaller one makes no difference to a percentile. */
#define SLOWDOWN_SEEN 0.01

enum { KNOTS = 8 };

struct moments mg1_wait(double rho, double service_mean, double service_cv)
{
    CHECK(rho >= 0);
    CHECK(rho < 1);
    if (rho == 0 || service_mean == 0)
        return (struct moments){ 0, 0 };
    double c2 = service_cv * service_cv, rate = rho / service_mean;
    double second = service_mean * service_mean * (1 + c2); /* E[S^2] */
    double third = second * service_mean * (1 + 2 * c2);    /* E[S^3] of a gamma distribution */
    double mean = rate * second / (2 * (1 - rho));
    return (struct moments){ mean, mean * mean + rate * third / (3 * (1 - rho)) };
}

double variation_within(const struct variation *variation, double reach)
{
    double sum = 0, from = 0;
    if (!(reach > 0))
        return 1;
    for (uint32_t i = variation->count; i-- > 0 && from < reach;) {
        double to = fmin(variation->steps[i].reach, reach);
        sum += variation->steps[i].cv2 * (to - from);
        from = to;
    }
    return (sum + variation->beyond * (reach - from)) / reach;
}

/* Shorter steps are hidden; the shortest one is averaged when there are too many. */
void variation_cover(struct variation *variation, double reach, double service_cv)
{
    double cv2 = service_cv * service_cv;
    if (!(reach > 0))
        return;
    while (variation->count > 0 && variation->steps[variation->count - 1].reach <= reach)
        variation->count--;
    if (variation->count == VARIATION_STEPS) {
        double last = variation->steps[VARIATION_STEPS - 1].reach;
        cv2 += (variation->steps[VARIATION_STEPS - 1].cv2 - cv2) * (1 - reach / last);
        reach = last;
        variation->count--;
    }
    variation->steps[variation->count].reach = reach;
    variation->steps[variation->count++].cv2 = cv2;
}

void variation_blur(struct variation *variation, double kept)
{
    for (uint32_t i = 0; i < variation->count; i++)
        variation->steps[i].cv2 = 1 + kept * (variation->steps[i].cv2 - 1);
    variation->beyond = 1 + kept * (variation->beyond - 1);
}

/* Records are dealt out at random, which is what a hash does; the more streams come together, and
 * the less the reader is loaded, the more it sees of their number only. */
double variation_kept(double senders, double readers, double rho)
{
    return 1 / (1 + 4 * (1 - rho) * (1 - rho) * (senders - 1)) / readers;
}

double wait_factor(double arrivals_cv2, double service_cv)
{
    double service_cv2 = service_cv * service_cv;
    return (arrivals_cv2 + service_cv2) / (1 + service_cv2);
}

/* The mean of max(1, runnable / cores) with thread `self` runnable, and each other one for as long
 * as it would be if it were slowed down as much. probability[k]: of k others, for k below cores. */
static double mean_share(const double *loads, size_t count, size_t self, double cores,
                         double slowdown, double *probability, size_t size)
{
    double others = 0, idle = 0;
    memset(probability, 0, size * sizeof *probability);
    if (size > 0)
        probability[0] = 1;
    for (size_t i = 0; i < count; i++) {
        if (i == self)
            continue;
        double runs = fmin(loads[i] * slowdown, 1);
        others += runs;
        for (size_t k = size; k-- > 0;)
            probability[k] = probability[k] * (1 - runs) + (k > 0 ? probability[k - 1] * runs : 0);
    }
    for (size_t k = 0; k < size; k++)
        idle += probability[k] * (cores - 1 - (double)k);
    return (1 + others + idle) / cores;
}

/* One core, or part of one, and nobody runnable all the time: the curve is straight. 0: it is not.
 */
static double slowdown_on_one(const double *loads, size_t count, size_t self, double cores)
{
    double others = 0, most = 0;
    for (size_t i = 0; cores <= 1 && i < count; i++) {
        others += i == self ? 0 : loads[i];
        most = i == self ? most : fmax(most, loads[i]);
    }
    return cores <= 1 && others < cores && most <= cores - others ? 1 / (cores - others) : 0;
}

/* The slow-down that keeps the others runnable for as long as it assumes: the smallest fixed point,
 * from below by secants, which stay below where the curve bends upwards; else by halves. */
double cores_slowdown(const double *loads, size_t count, size_t self, double cores)
{
    CHECK(cores > 0);
    double low = fmax(1, 1 / cores), high = fmax((double)count / cores, low);
    if ((double)count <= cores)
        return low;
    double one_core = slowdown_on_one(loads, count, self, cores);
    if (one_core > 0)
        return one_core;
    double room[64], x = low, last_x = low, last_y = low;
    size_t size = cores > 1 ? (size_t)ceil(cores - 1) : 0;
    double *probability = size <= 64 ? room : mem_create_array(size, sizeof *probability);
    for (int turn = 0; turn < 60 && high - low > 1e-9 * low; turn++) {
        double y = mean_share(loads, count, self, cores, x, probability, size);
        if (fabs(y - x) <= 1e-10 * x)
            break;
        if (y > x)
            low = x;
        else
            high = x;
        double slope = x != last_x ? (y - last_y) / (x - last_x) : 0;
        double next = slope < 1 ? x + (y - x) / (1 - slope) : y;
        last_x = x;
        last_y = y;
        x = next > low && next < high ? next : low + (high - low) / 2;
    }
    if (probability != room)
        mem_destroy(probability);
    return x;
}

struct knot {
    double load, slowdown;
};

/* The thread whose load is nearest to this one; of several the first. */
static size_t nearest(const double *loads, size_t count, double load)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (fabs(loads[i] - load) < fabs(loads[best] - load))
            best = i;
    return best;
}

/* Evenly from the least load to the most. Rising in load; two may be the same. */
static void find_knots(const double *loads, size_t count, double cores, struct knot knots[KNOTS])
{
    double least = loads[0], most = loads[0];
    for (size_t i = 1; i < count; i++) {
        least = fmin(least, loads[i]);
        most = fmax(most, loads[i]);
    }
    for (size_t k = 0; k < KNOTS; k++) {
        size_t i = nearest(loads, count, least + (most - least) * (double)k / (KNOTS - 1));
        bool is_last = k > 0 && knots[k - 1].load == loads[i];
        double slowdown = is_last ? knots[k - 1].slowdown : cores_slowdown(loads, count, i, cores);
        knots[k] = (struct knot){ loads[i], slowdown };
    }
}

static double between_knots(const struct knot knots[KNOTS], double load)
{
    size_t k = 1;
    while (k + 1 < KNOTS && knots[k].load < load)
        k++;
    const struct knot *low = &knots[k - 1], *high = &knots[k];
    if (high->load <= low->load)
        return low->slowdown;
    double part = (load - low->load) / (high->load - low->load);
    return low->slowdown + (high->slowdown - low->slowdown) * part;
}

/* A thread's slow-down depends on its own load only in that it does not wait for itself. So where
 * there are many it is found for some, and lies on straight lines between them. */
void cores_slowdowns(const double *loads, size_t count, double cores, double *out)
{
    struct knot knots[KNOTS];
    if (count > KNOTS)
        find_knots(loads, count, cores, knots);
    for (size_t i = 0; i < count; i++)
        out[i] =
            count > KNOTS ? between_knots(knots, loads[i]) : cores_slowdown(loads, count, i, cores);
}

/* Chernoff's bound on as many threads being runnable as there are cores. */
bool cores_are_plenty(const double *loads, size_t count, double cores)
{
    double sum = 0;
    if ((double)count <= cores)
        return true;
    for (size_t i = 0; i < count; i++)
        sum += loads[i];
    if (sum >= cores)
        return false;
    return sum == 0 || cores - sum + cores * real_log(sum / cores) < -18;
}

struct swing_side swing_side(double swing, int side)
{
    double sign = side == 0 ? -1 : 1;
    if (!(swing > 0))
        return (struct swing_side){ 1, side == 0 };
    return (struct swing_side){ .factor = 1 + swing + sign * sqrt(swing * (1 + swing)),
                                .weight = (1 - sign * sqrt(swing / (1 + swing))) / 2 };
}

/* One core: a thread's time is N D V, where V is exponential (all work there is, in heavy traffic)
 * and D the thread's part, Beta(1, N - 1). Many threads: the second moment of processor sharing
 * (Coffman, Muntz and Trotter 1970). Cores above one take part in the slow-down, so it is measured
 * by how near it is to its most. */
double cores_swing(double slowdown, size_t count, double cores)
{
    double threads = (double)count;
    if (threads <= cores || slowdown <= fmax(1, 1 / cores) * (1 + SLOWDOWN_SEEN))
        return 0;
    double near = fmin((slowdown - 1) / slowdown / (1 - cores / threads), 1);
    return near / (2 - near) * (threads - cores) / (threads + cores);
}

/* The number at the thread is geometric with a mean that swings: one of two, as times do. */
double cores_busy(double load, double slowdown, double swing)
{
    double busy = load * slowdown, sum = 0;
    if (busy >= 1 || !(swing > 0))
        return fmin(busy, 1);
    for (int side = 0; side < 2; side++) {
        struct swing_side one = swing_side(swing, side);
        double mean = busy / (1 - busy) * one.factor;
        sum += one.weight * mean / (1 + mean);
    }
    return fmax(sum, load);
}
