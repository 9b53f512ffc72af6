/* SPDX-License-Identifier: Apache-2.0
 *
 * Reflected Brownian motion with drift -1 and variance 1, so 1/2 is its mean in the long run. From
 * empty both mean and distribution are exact. A queue that is not empty when its load changes is
 * taken, when it grows, for one that was empty some time before, and for one of its former
 * distribution until that does not count any more; when it shrinks, for an exponential amount of
 * work that is worked off, beside the one that the new load leads to.
 */
#include "sim/model/relax.h"

#include <math.h>

#include "core/base/check.h"
#include "sim/kernel/real.h"

static const double root_two_pi = 2.5066282746310002;

/* Means are rounded by far less. */
#define MEAN_SURE 1e-13

/* No age at all would mean that it is old. */
static const double age_least = 1e-9;

/* Shapes whose means are no further apart are one. */
#define SHAPES_ALIKE 1e-4

/* exp(-x^2 / 2), of which the density and the part above x are made. */
static double bell(double x)
{
    return real_exp(-x * x / 2);
}

/* Above x, for x >= 0: Hart 1968, algorithm 5666; beyond 7 a continued fraction. */
static double bell_above(double x, double bell_at_x)
{
    static const double over[] = { 3.52624965998911e-02, 0.700383064443688, 6.37396220353165,
                                   33.912866078383,      112.079291497871,  221.213596169931,
                                   220.206867912376 };
    static const double under[] = { 8.83883476483184e-02, 1.75566716318264, 16.064177579207,
                                    86.7807322029461,     296.564248779674, 637.333633378831,
                                    793.826512519948,     440.413735824752 };
    double a = 0, b = 0;
    if (x > 7)
        return bell_at_x / root_two_pi / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65)))));
    for (int i = 0; i < 7; i++)
        a = a * x + over[i];
    for (int i = 0; i < 8; i++)
        b = b * x + under[i];
    return bell_at_x * a / b;
}

static double normal_above(double x)
{
    return x < 0 ? 1 - bell_above(-x, bell(-x)) : bell_above(x, bell(x));
}

/* At the root of an age: the mean, and its growth per root. */
struct rise {
    double mean, slope;
};

static struct rise rise_at(double root, double age)
{
    double density = bell(root), above = bell_above(root, density);
    density /= root_two_pi;
    return (struct rise){ 1 - 2 * (1 + age) * above + 2 * root * density,
                          4 * (density - root * above) };
}

double relax_mean(double age)
{
    return age >= RELAX_AGE_MOST ? 1 : rise_at(sqrt(age), age).mean;
}

double relax_slope(double age)
{
    double root = sqrt(age), density = bell(root), above = bell_above(root, density);
    return 2 * (density / root_two_pi / root - above);
}

/* Where the root lies for certain: the mean grows with it, and is rounded by less than MEAN_SURE.
 * The curve bends downwards, so tangents from below stay below. */
static void find_bracket(double mean, double *low, double *high)
{
    double root = 0, most = *high;
    struct rise rise = rise_at(0, 0);
    for (int turn = 0; turn < 12 && mean - rise.mean > MEAN_SURE && root < most; turn++) {
        root = fmin(root + (mean - rise.mean) / rise.slope, most);
        rise = rise_at(root, root * root);
    }
    double gap = 4 * MEAN_SURE / rise.slope, below = root - gap, above = root + gap;
    if (below > 0 && rise_at(below, below * below).mean < mean - MEAN_SURE)
        *low = below;
    if (above < most && rise_at(above, above * above).mean > mean + MEAN_SURE)
        *high = above;
}

/* By halves from the same two ends always, so that equal means have one age to the bit. */
double relax_age(double mean)
{
    double low = 0, high = sqrt(RELAX_AGE_MOST); /* of the root, in which the mean is smooth */
    double below = low, above = high;
    find_bracket(mean, &below, &above);
    for (int turn = 0; turn < 48; turn++) {
        double middle = (low + high) / 2;
        if (middle <= below || (middle < above && relax_mean(middle * middle) < mean))
            low = middle;
        else
            high = middle;
    }
    return high * high;
}

/* That the work exceeds y. */
static double work_above(double y, double age)
{
    double root = sqrt(age);
    return normal_above((y + age) / root) + real_exp(-2 * y) * normal_above((y - age) / root);
}

/* The density falls, so its steps between some points are a mixture of uniform ones that begin at
 * zero (Khinchine). Points in means: from half a normal distribution to an exponential one. */
void relax_shape(double age, struct relax_part out[RELAX_PARTS])
{
    static const double points[RELAX_PARTS + 1] = { 0,   0.25, 0.55, 0.85, 1.2, 1.6, 2.05, 2.5,
                                                    2.9, 3.3,  3.75, 4.3,  5,   6.2, 8.5 };
    double mean = relax_mean(age) / 2, density = 0, weights = 0, sum = 0;
    CHECK(age > 0);
    for (int i = RELAX_PARTS; i-- > 0;) {
        double part = work_above(points[i] * mean, age) - work_above(points[i + 1] * mean, age);
        double here = part / (points[i + 1] - points[i]);
        out[i] = (struct relax_part){ points[i + 1], fmax(here - density, 0) * points[i + 1] };
        density = fmax(here, density);
        weights += out[i].weight;
        sum += out[i].weight * out[i].range / 2;
    }
    for (int i = 0; i < RELAX_PARTS; i++) {
        out[i].range *= weights / sum;
        out[i].weight /= weights;
    }
}

/* What was there when the load changed spreads as the root of time: after as long as it would have
 * taken to come there it is half of what is seen. Between half a normal distribution and an
 * exponential one the mean tells where. */
static double shape_grown(double before, double begin, double age)
{
    double grown = relax_mean(age), gap = before - relax_mean(begin);
    double mean = grown + gap * begin / age;
    return fabs(mean - grown) < SHAPES_ALIKE ? age : relax_age(fmin(fmax(mean, 0), 1));
}

/* Not faster than by all work that arrives. */
static void grow(struct relaxation *queue, const struct relax_load *load)
{
    double begin = relax_age(queue->wait / load->wait);
    double before = queue->shape > 0 ? relax_mean(queue->shape) : 1;
    double age = begin + load->seconds * load->pace;
    double most = queue->wait + load->seconds * load->rho;
    queue->wait = load->wait * relax_mean(age);
    if (queue->wait > most) {
        queue->wait = most;
        age = relax_age(most / load->wait);
    }
    queue->age = queue->shape = 0;
    if (age >= RELAX_AGE_MOST)
        return;
    queue->age = fmax(age, age_least);
    queue->shape = fmax(shape_grown(before, begin, queue->age), age_least);
}

/* In units of its own an amount exp(-a y), a < 2, thins out with a - a^2 / 2 (Fokker and Planck);
 * a = 2 is what it has in the long run. */
static void shrink(struct relaxation *queue, const struct relax_load *load)
{
    double rate = load->wait > 0 ? 2 * load->wait / queue->wait : 0;
    double age = load->seconds * load->pace;
    double left = load->wait > 0 ? real_exp(-(rate - rate * rate / 2) * age)
                                 : real_exp(-load->seconds / queue->wait);
    queue->age = queue->shape = 0;
    queue->left = left;
    queue->left_wait = queue->wait;
    queue->wait = left * queue->wait + (1 - left) * load->wait;
}

void relax_advance(struct relaxation *queue, const struct relax_load *load)
{
    queue->left = queue->left_wait = 0;
    if (queue->wait < load->wait)
        grow(queue, load);
    else if (queue->wait > load->wait)
        shrink(queue, load);
    else
        queue->age = queue->shape = 0;
}
