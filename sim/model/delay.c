/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of delays on a lattice: point k holds the probability near k steps, each part passes over
 * all points once, whatever its shape. Every part is put onto the lattice by hat functions, which
 * keep its mean. Points depend on smaller ones only, so a lattice may end anywhere: percentiles
 * that lie low get a finer one.
 */
#include "sim/model/delay.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"
#include "sim/kernel/real.h"
#include "sim/model/queueing.h"
#include "sim/model/relax.h"

enum { POINTS = 512, FINE_ENOUGH = 40 /* steps up to a percentile */, GRIDS_MAX = 24 };

/* Seconds; nothing is told apart below. */
#define STEP_LEAST 1e-10

/* From this far below its mean in the long run on, a growing queue is taken for a mixture. */
#define GROWN_SEEN 0.1
/* A smaller part of a mixture makes no difference. */
#define YOUNG_LEAST 0.05
/* A wait of the root of this, in residual services, is one of a few records. */
#define FEW_RESIDUALS 8.0

static const double shares[QUANTILE_COUNT] = { 0.5, 0.95, 0.99 };

void delay_fini(struct delay *delay)
{
    vec_fini(&delay->parts);
    vec_fini(&delay->stays);
    vec_fini(&delay->links);
}

void delay_clear(struct delay *delay)
{
    delay->fixed = 0;
    vec_clear(&delay->parts);
    vec_clear(&delay->stays);
    vec_clear(&delay->links);
    delay->open_links = 0;
}

void delay_add_even(struct delay *delay, double range)
{
    if (range > 0)
        vec_push(&delay->parts, (struct delay_part){ .kind = DELAY_EVEN, .range = range });
}

void delay_push_link(struct delay *delay, const struct delay_link *link)
{
    if (!(link->weight > 0))
        return;
    vec_push(&delay->links, *link);
    delay->open_links++;
}

void delay_end_links(struct delay *delay)
{
    uint32_t count = delay->open_links;
    struct delay_part part = { .kind = DELAY_LINKS,
                               .first = (uint32_t)delay->links.count - count,
                               .count = count };
    struct delay_link *links = delay->links.items + part.first;
    double total = 0, least = INFINITY;
    delay->open_links = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += links[i].weight;
        least = fmin(least, links[i].fixed);
    }
    bool varies = count > 1;
    for (uint32_t i = 0; i < count; i++) {
        links[i].weight /= total;
        varies |= links[i].range > 0 || links[i].exponential > 0;
    }
    delay->fixed += count > 0 ? least : 0;
    part.range = least;
    if (varies)
        vec_push(&delay->parts, part);
}

/* The part of a service that never varies, and the mean of the exponential one; or of both
 * exponential ones, of which the first is `first_share` of all. */
struct service {
    double constant, exponential[2], first_share;
    bool hyper;
};

static struct service service_of(double mean, double cv)
{
    if (cv <= 1)
        return (struct service){ .constant = (1 - cv) * mean, .exponential = { cv * mean, 0 } };
    double c2 = cv * cv, share = (1 + sqrt((c2 - 1) / (c2 + 1))) / 2;
    return (struct service){ .exponential = { mean / (2 * share), mean / (2 * (1 - share)) },
                             .first_share = share,
                             .hyper = true };
}

/* Of what the wait after Poisson arrivals is in the long run. */
static double wait_part(const struct stay *stay)
{
    return stay->wait_factor * (stay->age > 0 ? relax_mean(stay->age) : 1);
}

double stay_wait(const struct stay *stay)
{
    return wait_part(stay) * mg1_wait(fmin(stay->rho, RHO_MOST), stay->service, stay->cv).mean;
}

static void push_part(struct delay *delay, struct stay part, double weight)
{
    part.weight *= weight;
    if (part.weight > 0)
        vec_push(&delay->stays, part);
}

/* A growing queue that is nearly what it will be, or of a few records only, is more like one of a
 * lesser load in the long run: single services shape it, and not how many have come. */
static void push_young(struct delay *delay, const struct stay *stay)
{
    struct stay settled = *stay;
    double mean = stay_wait(stay), c2 = stay->cv * stay->cv;
    double residuals = mean / (stay->wait_factor * stay->service * (1 + c2) / 2);
    double many = 1 - fmin(FEW_RESIDUALS / (residuals * residuals), 1);
    double young = fmin((1 - relax_mean(stay->age)) / GROWN_SEEN, 1) * many;
    young = young < YOUNG_LEAST ? 0 : young;
    settled.age = 0;
    settled.rho = residuals / (1 + residuals); /* Pollaczek and Khinchine, the other way round */
    push_part(delay, *stay, young);
    push_part(delay, settled, 1 - young);
}

/* Utilisation stays when a service takes longer, so waits scale with it. */
static void push_stay(struct delay *delay, const struct stay *stay)
{
    for (int side = 0; side < 2; side++) {
        struct swing_side one = swing_side(stay->swing, side);
        struct stay part = *stay;
        part.weight *= one.weight;
        part.service *= one.factor;
        part.swing = 0;
        if (part.age > 0)
            push_young(delay, &part);
        else
            push_part(delay, part, 1);
    }
}

/* What is constant in all stays alike is no random part. */
void delay_add_stays(struct delay *delay, const struct stay *stays, size_t count)
{
    struct delay_part part = { .kind = DELAY_STAYS, .first = (uint32_t)delay->stays.count };
    double total = 0, least = INFINITY;
    for (size_t i = 0; i < count; i++)
        total += stays[i].weight;
    for (size_t i = 0; i < count; i++) {
        struct stay stay = stays[i];
        stay.weight /= total;
        stay.rho = fmin(stay.rho, RHO_MOST);
        if (stay.weight > 0)
            push_stay(delay, &stay);
    }
    part.count = (uint32_t)delay->stays.count - part.first;
    if (part.count == 0)
        return;
    for (uint32_t i = part.first; i < part.first + part.count; i++) {
        const struct stay *stay = &delay->stays.items[i];
        least = fmin(least, service_of(stay->service, stay->cv).constant);
    }
    delay->fixed += least;
    part.range = least;
    vec_push(&delay->parts, part);
}

/* Of what is not constant in all stays or links alike. */
static struct moments part_moments(const struct delay *delay, const struct delay_part *part)
{
    double mean = 0, second = 0;
    if (part->kind == DELAY_EVEN)
        return (struct moments){ part->range / 2, part->range * part->range / 12 };
    for (uint32_t i = part->first; i < part->first + part->count; i++) {
        double weight, own, variance;
        if (part->kind == DELAY_STAYS) {
            const struct stay *stay = &delay->stays.items[i];
            double wait = wait_part(stay), spread = stay->service * stay->cv;
            weight = stay->weight;
            own = stay->service + stay_wait(stay);
            variance = mg1_wait(stay->rho, stay->service, stay->cv).variance * wait * wait +
                       spread * spread;
        } else {
            const struct delay_link *link = &delay->links.items[i];
            weight = link->weight;
            own = link->fixed + link->range / 2 + link->exponential;
            variance = link->range * link->range / 12 + link->exponential * link->exponential;
        }
        mean += weight * own;
        second += weight * (own * own + variance);
    }
    return (struct moments){ mean - part->range, fmax(second - mean * mean, 0) };
}

double delay_mean(const struct delay *delay)
{
    double mean = delay->fixed;
    for (VEC_EACH(const struct delay_part, part, &delay->parts))
        mean += part_moments(delay, part).mean;
    return mean;
}

static double delay_variance(const struct delay *delay)
{
    double variance = 0;
    for (VEC_EACH(const struct delay_part, part, &delay->parts))
        variance += part_moments(delay, part).variance;
    return variance;
}

/* An exponential delay as a filter: out[k] = decay out[k-1] + now in[k] + before in[k-1]. */
struct exponential {
    double decay, now, before;
};

static struct exponential exponential_of(double mean, double step)
{
    if (!(mean > 1e-9 * step))
        return (struct exponential){ 0, 1, 0 };
    double decay = real_exp(-step / mean), reach = mean / step * (1 - decay);
    struct exponential e = { .decay = decay, .now = 1 - reach };
    e.before = reach * (1 - decay) - decay * e.now;
    return e;
}

/* A delay uniform on [0, range]: weights of the first point, of those between, of the last two. */
struct even {
    size_t whole; /* steps in range */
    double first, between, last, beyond;
};

/* The integral of the distribution function up to x. */
static double even_twice(double x, double range)
{
    return x <= 0 ? 0 : x < range ? x * x / (2 * range) : x - range / 2;
}

static struct even even_of(double range, double step)
{
    struct even e = { .whole = (size_t)fmin(floor(range / step), POINTS) };
    double at = (double)e.whole * step;
    double below = even_twice(at - step, range), here = even_twice(at, range);
    double above = even_twice(at + step, range), last = even_twice(at + 2 * step, range);
    if (!(range > 1e-9 * step))
        return (struct even){ .first = 1 };
    e.first = even_twice(step, range) / step;
    e.between = step / range;
    e.last = (above - 2 * here + below) / step;
    e.beyond = (last - 2 * above + here) / step;
    return e;
}

/* What the points before k give to k; sums[i]: of the first i of them. */
static double even_from_before(const struct even *e, const double *y, const double *sums, size_t k)
{
    double sum = 0;
    size_t m = e->whole;
    if (m > 1 && k > 0)
        sum += e->between * (sums[k] - (k >= m ? sums[k - m + 1] : 0));
    if (m > 0 && k >= m)
        sum += e->last * y[k - m];
    if (k > m)
        sum += e->beyond * y[k - m - 1];
    return sum;
}

/* A constant delay: between two points it is shared by both. */
struct shift {
    size_t whole;
    double part;
};

static struct shift shift_of(double length, double step)
{
    double whole = floor(length / step);
    return (struct shift){ (size_t)fmin(whole, POINTS), length / step - whole };
}

static double shifted(const struct shift *shift, const double *y, size_t k)
{
    size_t m = shift->whole;
    return (k >= m ? (1 - shift->part) * y[k - m] : 0) + (k > m ? shift->part * y[k - m - 1] : 0);
}

static void add_shifted(const double *in, double *sum, const struct shift *shift, double weight)
{
    double here = weight * (1 - shift->part), next = weight * shift->part;
    for (size_t k = shift->whole; k < POINTS; k++)
        sum[k] += here * in[k - shift->whole];
    for (size_t k = shift->whole + 1; k < POINTS && next > 0; k++)
        sum[k] += next * in[k - shift->whole - 1];
}

static void pass_exponential(const double *in, double *out, double mean, double step)
{
    struct exponential e = exponential_of(mean, step);
    double last = 0, before = 0;
    for (size_t k = 0; k < POINTS; k++) {
        double now = in[k];
        last = e.decay * last + e.now * now + e.before * before;
        before = now;
        out[k] = last;
    }
}

static void pass_even(double *y, double range, double step)
{
    struct even e = even_of(range, step);
    double in[POINTS], sums[POINTS + 1];
    memcpy(in, y, sizeof in);
    sums[0] = 0;
    for (size_t k = 0; k < POINTS; k++) {
        y[k] = e.first * in[k] + even_from_before(&e, in, sums, k);
        sums[k + 1] = sums[k] + in[k];
    }
}

/* out = (1 - rho) in + rho * (one more residual service behind out): solved point by point. The
 * residual of a constant and an exponential part is uniform over the first, or lies in the second,
 * in proportion to their means. */
static void pass_wait(const double *in, double *out, const struct stay *stay, double step)
{
    struct service s = service_of(stay->service * stay->wait_factor, stay->cv);
    struct even even = even_of(s.constant, step);
    struct shift shift = shift_of(s.constant, step);
    struct exponential e = exponential_of(s.exponential[0], step);
    double rho = stay->rho, late = stay->cv, sums[POINTS + 1];
    double now = shift.whole == 0 ? (1 - shift.part) * e.now : 0;
    double own = 1 - rho * ((1 - late) * even.first + late * now), tail = 0, before = 0;
    sums[0] = 0;
    for (size_t k = 0; k < POINTS; k++) {
        out[k] = 0;
        double known = e.decay * tail + e.before * before + e.now * shifted(&shift, out, k);
        double sum = (1 - late) * even_from_before(&even, out, sums, k) + late * known;
        out[k] = ((1 - rho) * in[k] + rho * sum) / own;
        tail = known + now * out[k];
        before = shifted(&shift, out, k);
        sums[k + 1] = sums[k] + out[k];
    }
}

/* The same for hyperexponential service; its residual is either part alike. */
static void pass_hyper_wait(const double *in, double *out, const struct stay *stay, double step)
{
    struct service s = service_of(stay->service * stay->wait_factor, stay->cv);
    struct exponential a = exponential_of(s.exponential[0], step);
    struct exponential b = exponential_of(s.exponential[1], step);
    double rho = stay->rho, own = 1 - rho * (a.now + b.now) / 2, tail_a = 0, tail_b = 0, before = 0;
    for (size_t k = 0; k < POINTS; k++) {
        tail_a = a.decay * tail_a + a.before * before;
        tail_b = b.decay * tail_b + b.before * before;
        out[k] = ((1 - rho) * in[k] + rho * (tail_a + tail_b) / 2) / own;
        tail_a += a.now * out[k];
        tail_b += b.now * out[k];
        before = out[k];
    }
}

/* Who comes to a growing queue waits with probability rho, less what makes it grow: the work goes
 * up by rho, and down by one while there is some. */
static double busy_young(const struct stay *stay)
{
    return fmax(stay->rho - (1 - stay->rho) / 2 * relax_slope(stay->age), stay->rho / 4);
}

/* Nobody waits at an idle server. Of a busy one's queue the shape is known for its mean. */
static void pass_young(const double *in, double *out, const struct stay *stay, double step)
{
    struct relax_part parts[RELAX_PARTS];
    double busy = busy_young(stay), mean = stay_wait(stay) / busy;
    relax_shape(stay->age, parts);
    for (size_t k = 0; k < POINTS; k++)
        out[k] = (1 - busy) * in[k];
    for (int i = 0; i < RELAX_PARTS; i++) {
        double y[POINTS];
        if (!(parts[i].weight > 0))
            continue;
        memcpy(y, in, sizeof y);
        pass_even(y, parts[i].range * mean, step);
        for (size_t k = 0; k < POINTS; k++)
            out[k] += busy * parts[i].weight * y[k];
    }
}

/* Adds to `sum` what comes out of one stay; `common`: constant part that is counted elsewhere. */
static void pass_stay(const double *in, double *sum, const struct stay *stay, double common,
                      double step)
{
    double waited[POINTS], served[POINTS];
    struct service s = service_of(stay->service, stay->cv);
    struct shift shift = shift_of(s.constant - common, step);
    if (!(stay->rho > 0) || !(stay->wait_factor > 0))
        memcpy(waited, in, sizeof waited);
    else if (stay->age > 0)
        pass_young(in, waited, stay, step);
    else if (stay->cv > 1)
        pass_hyper_wait(in, waited, stay, step);
    else
        pass_wait(in, waited, stay, step);
    pass_exponential(waited, served, s.exponential[0], step);
    if (s.hyper) {
        double other[POINTS];
        pass_exponential(waited, other, s.exponential[1], step);
        for (size_t k = 0; k < POINTS; k++)
            served[k] = s.first_share * served[k] + (1 - s.first_share) * other[k];
    }
    add_shifted(served, sum, &shift, stay->weight);
}

/* Adds to `sum` what comes over one link; `common`: as above. */
static void pass_link(const double *in, double *sum, const struct delay_link *link, double common,
                      double step)
{
    double gone[POINTS];
    struct shift shift = shift_of(link->fixed - common, step);
    const double *out = link->range > 0 || link->exponential > 0 ? gone : in;
    if (out == gone)
        pass_exponential(in, gone, link->exponential, step);
    if (link->range > 0)
        pass_even(gone, link->range, step);
    add_shifted(out, sum, &shift, link->weight);
}

static void fill_lattice(const struct delay *delay, double step, double *y)
{
    memset(y, 0, POINTS * sizeof *y);
    y[0] = 1;
    for (VEC_EACH(const struct delay_part, part, &delay->parts)) {
        double sum[POINTS] = { 0 };
        if (part->kind == DELAY_EVEN) {
            pass_even(y, part->range, step);
            continue;
        }
        for (uint32_t i = part->first; i < part->first + part->count; i++)
            if (part->kind == DELAY_STAYS)
                pass_stay(y, sum, &delay->stays.items[i], part->range, step);
            else
                pass_link(y, sum, &delay->links.items[i], part->range, step);
        memcpy(y, sum, sizeof sum);
    }
}

/* Steps up to the percentile; a point's probability lies half a step to either side of it. Beyond
 * the lattice: infinity. */
static double find_share(const double *y, double share)
{
    double sum = 0;
    for (size_t k = 0; k < POINTS; k++) {
        if (sum + y[k] >= share) {
            double part = (share - sum) / y[k];
            return k == 0 ? part / 2 : (double)k - 0.5 + part;
        }
        sum += y[k];
    }
    return INFINITY;
}

void delay_quantiles(const struct delay *delay, double out[QUANTILE_COUNT])
{
    double most = delay_mean(delay) - delay->fixed + 5 * sqrt(delay_variance(delay));
    double y[POINTS], length = most, filled = 0;
    for (int q = QUANTILE_COUNT; q-- > 0;) {
        out[q] = delay->fixed;
        for (int grid = 0; most > 0 && grid < GRIDS_MAX; grid++) {
            double step = length / (POINTS - 1);
            if (length != filled)
                fill_lattice(delay, step, y);
            filled = length;
            double at = find_share(y, shares[q]);
            if (at == INFINITY) {
                length *= 2;
                continue;
            }
            out[q] = delay->fixed + at * step;
            if (out[q] >= FINE_ENOUGH * step || step < STEP_LEAST)
                break;
            length = (at + 2) * 1.25 * step;
        }
    }
}
