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

/* So many find their slow-downs each for itself; up to so many the closed form is exact to 1e-10.
 */
enum { KNOTS = 8, FEW = 12 };

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

/* fmin and fmax of what is no NaN, which the compiler need not call. */
static inline double lesser(double a, double b)
{
    return a < b ? a : b;
}

static inline double greater(double a, double b)
{
    return a > b ? a : b;
}

/* Threads on the cores of one host, then as one of them, `self`, sees the others. */
struct crowd {
    const double *loads;
    size_t count, self;
    double cores, low, high; /* no slow-down is less, or more */
    size_t busiest;
    double most_of_all[2]; /* the load of the busiest one; the most of the others */
    double most;           /* load of another one */
    /* Few: sums of all products of j loads; differences of j-th order of a thread's share of time
     * by how many others are runnable; what powers of the slow-down count in its mean. */
    double products[FEW + 1], bends[FEW], factors[FEW];
    size_t size;
    double *probability, room[64]; /* of k others runnable, for k below cores */
};

static void find_bends(struct crowd *crowd)
{
    for (size_t k = 0; k < crowd->count; k++)
        crowd->bends[k] = greater(1, (1 + (double)k) / crowd->cores);
    for (size_t j = 1; j < crowd->count; j++)
        for (size_t k = crowd->count; k-- > j;)
            crowd->bends[k] -= crowd->bends[k - 1];
    memset(crowd->products, 0, sizeof crowd->products);
    crowd->products[0] = 1;
    for (size_t i = 0; i < crowd->count; i++)
        for (size_t j = i + 2; j-- > 1;)
            crowd->products[j] += crowd->loads[i] * crowd->products[j - 1];
}

static void find_busiest(struct crowd *crowd)
{
    crowd->busiest = 0;
    crowd->most_of_all[0] = crowd->most_of_all[1] = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        double load = crowd->loads[i];
        if (load > crowd->most_of_all[0]) {
            crowd->most_of_all[1] = crowd->most_of_all[0];
            crowd->most_of_all[0] = load;
            crowd->busiest = i;
        } else {
            crowd->most_of_all[1] = greater(load, crowd->most_of_all[1]);
        }
    }
}

static void crowd_init(struct crowd *crowd, const double *loads, size_t count, double cores)
{
    CHECK(cores > 0);
    crowd->loads = loads;
    crowd->count = count;
    crowd->cores = cores;
    crowd->low = greater(1, 1 / cores);
    crowd->high = greater((double)count / cores, crowd->low);
    crowd->size = cores > 1 ? (size_t)ceil(cores - 1) : 0;
    crowd->probability = crowd->room;
    if (crowd->size > sizeof crowd->room / sizeof *crowd->room)
        crowd->probability = mem_create_array(crowd->size, sizeof *crowd->probability);
    find_busiest(crowd);
    if (count <= FEW)
        find_bends(crowd);
}

static void crowd_fini(struct crowd *crowd)
{
    if (crowd->probability != crowd->room)
        mem_destroy(crowd->probability);
}

static void crowd_turn_to(struct crowd *crowd, size_t self)
{
    crowd->self = self;
    crowd->most = crowd->most_of_all[self == crowd->busiest];
    double without = 0; /* products of the others' loads */
    for (size_t j = 0; crowd->count <= FEW && j < crowd->count; j++) {
        without = crowd->products[j] - crowd->loads[self] * without;
        crowd->factors[j] = crowd->bends[j] * without;
    }
}

/* The mean of max(1, runnable / cores) with thread `self` runnable, and each other one for as long
 * as it would be if it were slowed down as much; and how fast it grows, unless that is NAN. */
struct share {
    double mean, slope;
};

/* Newton's forward differences: the mean of a function of a number is the sum of its differences,
 * each times a binomial moment; those of how many of some threads are runnable are sums of products
 * of their parts of time. Exact while nobody is runnable all the time. */
static struct share share_of_few(const struct crowd *crowd, double slowdown)
{
    struct share share = { 0, 0 };
    for (size_t j = crowd->count; j-- > 0;) {
        share.slope = share.slope * slowdown + share.mean;
        share.mean = share.mean * slowdown + crowd->factors[j];
    }
    return share;
}

static struct share share_of_any(const struct crowd *crowd, double slowdown)
{
    double others = 0, idle = 0, *probability = crowd->probability;
    memset(probability, 0, crowd->size * sizeof *probability);
    if (crowd->size > 0)
        probability[0] = 1;
    for (size_t i = 0; i < crowd->count; i++) {
        if (i == crowd->self)
            continue;
        double runs = crowd->loads[i] * slowdown;
        runs = runs < 1 ? runs : 1;
        others += runs;
        for (size_t k = crowd->size; k-- > 0;)
            probability[k] = probability[k] * (1 - runs) + (k > 0 ? probability[k - 1] * runs : 0);
    }
    for (size_t k = 0; k < crowd->size; k++)
        idle += probability[k] * (crowd->cores - 1 - (double)k);
    return (struct share){ (1 + others + idle) / crowd->cores, NAN };
}

/* One core, or part of one, and nobody runnable all the time: the curve is straight. 0: it is not.
 */
static double slowdown_on_one(const struct crowd *crowd)
{
    double others = 0, cores = crowd->cores;
    for (size_t i = 0; cores <= 1 && i < crowd->count; i++)
        others += i == crowd->self ? 0 : crowd->loads[i];
    return cores <= 1 && others < cores && crowd->most <= cores - others ? 1 / (cores - others) : 0;
}

/* The slow-down that keeps the others runnable for as long as it assumes: the smallest fixed point,
 * from `low`, which is not above it, by tangents or secants, which stay below where the curve bends
 * upwards; else by halves. */
static double crowd_slowdown(struct crowd *crowd, size_t self, double low)
{
    if ((double)crowd->count <= crowd->cores)
        return crowd->low;
    crowd_turn_to(crowd, self);
    double one_core = slowdown_on_one(crowd);
    if (one_core > 0)
        return one_core;
    double high = crowd->high, x = low, last_x = low, last_y = low;
    for (int turn = 0; turn < 60 && high - low > 1e-9 * low; turn++) {
        bool is_few = crowd->count <= FEW && crowd->most * x <= 1;
        struct share y = is_few ? share_of_few(crowd, x) : share_of_any(crowd, x);
        if (fabs(y.mean - x) <= 1e-10 * x)
            break;
        if (y.mean > x)
            low = x;
        else
            high = x;
        double secant = x != last_x ? (y.mean - last_y) / (x - last_x) : 0;
        double slope = is_few ? y.slope : secant;
        double next = slope < 1 ? x + (y.mean - x) / (1 - slope) : y.mean;
        last_x = x;
        last_y = y.mean;
        x = next > low && next < high ? next : low + (high - low) / 2;
    }
    return x;
}

double cores_slowdown(const double *loads, size_t count, size_t self, double cores)
{
    struct crowd crowd;
    crowd_init(&crowd, loads, count, cores);
    double slowdown = crowd_slowdown(&crowd, self, crowd.low);
    crowd_fini(&crowd);
    return slowdown;
}

struct knot {
    double load, slowdown;
};

/* The thread whose load is nearest to this one; of several the first. */
static size_t nearest(const double *loads, size_t count, double load)
{
    size_t best = 0;
    double least = fabs(loads[0] - load);
    for (size_t i = 1; i < count; i++) {
        double gap = fabs(loads[i] - load);
        best = gap < least ? i : best;
        least = lesser(gap, least);
    }
    return best;
}

/* Evenly from the least load to the most. Rising in load; two may be the same. Who has more to do
 * waits for less, so the search for the next one's slow-down begins at the last one's. */
static void find_knots(struct crowd *crowd, struct knot knots[KNOTS])
{
    const double *loads = crowd->loads;
    double least = loads[0], most = loads[0], low = crowd->low;
    for (size_t i = 1; i < crowd->count; i++) {
        least = lesser(least, loads[i]);
        most = greater(most, loads[i]);
    }
    double last = most;
    low = crowd_slowdown(crowd, nearest(loads, crowd->count, most), low);
    for (size_t k = KNOTS; k-- > 0;) {
        size_t i = nearest(loads, crowd->count, least + (most - least) * (double)k / (KNOTS - 1));
        if (last != loads[i])
            low = crowd_slowdown(crowd, i, low);
        last = loads[i];
        knots[k] = (struct knot){ last, low };
    }
}

static double between_knots(const struct knot knots[KNOTS], double load)
{
    size_t k = 1;
    for (size_t i = 1; i + 1 < KNOTS; i++)
        k += knots[i].load < load;
    const struct knot *low = &knots[k - 1], *high = &knots[k];
    if (high->load <= low->load)
        return low->slowdown;
    double part = (load - low->load) / (high->load - low->load);
    return low->slowdown + (high->slowdown - low->slowdown) * part;
}

/* Each for itself; in the same order, for the same reason. */
static void slow_few(struct crowd *crowd, double *out)
{
    size_t order[KNOTS];
    double low = crowd->low;
    for (size_t i = 0; i < crowd->count; i++) {
        size_t at = i;
        for (; at > 0 && crowd->loads[order[at - 1]] < crowd->loads[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < crowd->count; i++) {
        if (i == 0 || crowd->loads[order[i]] != crowd->loads[order[i - 1]])
            low = crowd_slowdown(crowd, order[i], low);
        out[order[i]] = low;
    }
}

/* A thread's slow-down depends on its own load only in that it does not wait for itself. So where
 * there are many it is found for some, and lies on straight lines between them. */
void cores_slowdowns(const double *loads, size_t count, double cores, double *out)
{
    struct crowd crowd;
    struct knot knots[KNOTS];
    crowd_init(&crowd, loads, count, cores);
    if (count <= KNOTS) {
        slow_few(&crowd, out);
    } else {
        find_knots(&crowd, knots);
        for (size_t i = 0; i < count; i++)
            out[i] = between_knots(knots, loads[i]);
    }
    crowd_fini(&crowd);
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
    if (threads <= cores || slowdown <= greater(1, 1 / cores) * (1 + SLOWDOWN_SEEN))
        return 0;
    double near = lesser((slowdown - 1) / slowdown / (1 - cores / threads), 1);
    return near / (2 - near) * (threads - cores) / (threads + cores);
}

/* The number at the thread is geometric with a mean that swings: one of two, as times do. */
double cores_busy(double load, double slowdown, double swing)
{
    double busy = load * slowdown, sum = 0;
    if (busy >= 1 || !(swing > 0))
        return lesser(busy, 1);
    for (int side = 0; side < 2; side++) {
        struct swing_side one = swing_side(swing, side);
        double mean = busy / (1 - busy) * one.factor;
        sum += one.weight * mean / (1 + mean);
    }
    return greater(sum, load);
}
