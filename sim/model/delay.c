/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of delays on a lattice: point k holds the probability near k steps, each part passes over
 * all points once, whatever its shape. Every part is put onto the lattice by hat functions, which
 * keep its mean. Points depend on smaller ones only, so a lattice may end anywhere: percentiles
 * that lie low get a finer one.
 */
#include "sim/model/delay.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "sim/model/lattice.h"
#include "sim/model/queueing.h"
#include "sim/model/relax.h"

enum { FINE_ENOUGH = 40 /* steps up to a percentile */, GRIDS_MAX = 24 };

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
    vec_fini(&delay->queues);
}

void delay_clear(struct delay *delay)
{
    delay->fixed = 0;
    vec_clear(&delay->parts);
    vec_clear(&delay->stays);
    vec_clear(&delay->links);
    vec_clear(&delay->queues);
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
        varies |= links[i].range > 0 || links[i].exponential > 0 || links[i].queue_count > 0;
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
    double young = fmin((1 - relax_mean(stay->shape)) / GROWN_SEEN, 1) * many;
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

/* Those that have a weight, which then add up to 1. */
static void push_stays(struct delay *delay, const struct stay *stays, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += stays[i].weight;
    for (size_t i = 0; i < count; i++) {
        struct stay stay = stays[i];
        stay.weight /= total;
        stay.rho = fmin(stay.rho, RHO_MOST);
        if (stay.weight > 0)
            push_stay(delay, &stay);
    }
}

uint32_t delay_push_queue(struct delay *delay, const struct stay *stays, size_t count)
{
    struct delay_queue queue = { .first = (uint32_t)delay->stays.count };
    push_stays(delay, stays, count);
    queue.count = (uint32_t)delay->stays.count - queue.first;
    vec_push(&delay->queues, queue);
    return (uint32_t)delay->queues.count - 1;
}

/* What is constant in all stays alike is no random part. */
void delay_add_stays(struct delay *delay, const struct stay *stays, size_t count)
{
    struct delay_part part = { .kind = DELAY_STAYS, .first = (uint32_t)delay->stays.count };
    double least = INFINITY;
    push_stays(delay, stays, count);
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

static double wait_variance(const struct stay *stay)
{
    double part = wait_part(stay);
    return mg1_wait(stay->rho, stay->service, stay->cv).variance * part * part;
}

static struct moments link_moments(const struct delay *delay, const struct delay_link *link)
{
    struct moments sum = { link->fixed + link->range / 2 + link->exponential,
                           link->range * link->range / 12 + link->exponential * link->exponential };
    for (uint32_t q = link->first_queue; q < link->first_queue + link->queue_count; q++) {
        const struct delay_queue *queue = &delay->queues.items[q];
        double mean = 0, second = 0;
        for (uint32_t i = queue->first; i < queue->first + queue->count; i++) {
            const struct stay *stay = &delay->stays.items[i];
            double wait = stay_wait(stay);
            mean += stay->weight * wait;
            second += stay->weight * (wait * wait + wait_variance(stay));
        }
        sum.mean += mean;
        sum.variance += fmax(second - mean * mean, 0);
    }
    return sum;
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
            double spread = stay->service * stay->cv;
            weight = stay->weight;
            own = stay->service + stay_wait(stay);
            variance = wait_variance(stay) + spread * spread;
        } else {
            const struct delay_link *link = &delay->links.items[i];
            weight = link->weight;
            struct moments moments = link_moments(delay, link);
            own = moments.mean;
            variance = moments.variance;
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

/* out = (1 - rho) in + rho * (one more residual service behind out): solved point by point. The
 * residual of a constant and an exponential part is uniform over the first, or lies in the second,
 * in proportion to their means. */
static void pass_wait(const double *in, double *out, const struct stay *stay, double step)
{
    struct service s = service_of(stay->service * stay->wait_factor, stay->cv);
    struct even even = lattice_even(s.constant, step);
    struct shift shift = lattice_shift(s.constant, step);
    struct exponential e = lattice_exponential(s.exponential[0], step);
    double rho = stay->rho, late = stay->cv, sums[LATTICE_POINTS + 1];
    double now = shift.whole == 0 ? (1 - shift.part) * e.now : 0;
    double own = 1 - rho * ((1 - late) * even.first + late * now), tail = 0, before = 0;
    sums[0] = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
        out[k] = 0;
        double known = e.decay * tail + e.before * before + e.now * lattice_shifted(&shift, out, k);
        double sum = (1 - late) * lattice_even_before(&even, out, sums, k) + late * known;
        out[k] = ((1 - rho) * in[k] + rho * sum) / own;
        tail = known + now * out[k];
        before = lattice_shifted(&shift, out, k);
        sums[k + 1] = sums[k] + out[k];
    }
}

/* The same for exponential service, which is its own residual: what is constant is none of it. */
static void pass_exponential_wait(const double *in, double *out, const struct stay *stay,
                                  double step)
{
    struct exponential e = lattice_exponential(stay->service * stay->wait_factor, step);
    double rho = stay->rho, own = 1 - rho * e.now, tail = 0, before = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
        double known = e.decay * tail + e.before * before;
        before = ((1 - rho) * in[k] + rho * known) / own;
        tail = known + e.now * before;
        out[k] = before;
    }
}

/* The same for hyperexponential service; its residual is either part alike. */
static void pass_hyper_wait(const double *in, double *out, const struct stay *stay, double step)
{
    struct service s = service_of(stay->service * stay->wait_factor, stay->cv);
    struct exponential a = lattice_exponential(s.exponential[0], step);
    struct exponential b = lattice_exponential(s.exponential[1], step);
    double rho = stay->rho, own = 1 - rho * (a.now + b.now) / 2, tail_a = 0, tail_b = 0, before = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
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
    relax_shape(stay->shape, parts);
    for (size_t k = 0; k < LATTICE_POINTS; k++)
        out[k] = (1 - busy) * in[k];
    for (int i = 0; i < RELAX_PARTS; i++) {
        double y[LATTICE_POINTS];
        if (!(parts[i].weight > 0))
            continue;
        memcpy(y, in, sizeof y);
        lattice_pass_even(y, parts[i].range * mean, step);
        for (size_t k = 0; k < LATTICE_POINTS; k++)
            out[k] += busy * parts[i].weight * y[k];
    }
}

static void pass_any_wait(const double *in, double *out, const struct stay *stay, double step)
{
    if (!(stay->rho > 0) || !(stay->wait_factor > 0))
        memcpy(out, in, LATTICE_POINTS * sizeof *out);
    else if (stay->age > 0)
        pass_young(in, out, stay, step);
    else if (stay->cv > 1)
        pass_hyper_wait(in, out, stay, step);
    else if (stay->cv == 1)
        pass_exponential_wait(in, out, stay, step);
    else
        pass_wait(in, out, stay, step);
}

/* Adds to `sum` what comes out of one stay; `common`: constant part that is counted elsewhere. */
static void pass_stay(const double *in, double *sum, const struct stay *stay, double common,
                      double step)
{
    double waited[LATTICE_POINTS], served[LATTICE_POINTS];
    struct service s = service_of(stay->service, stay->cv);
    struct shift shift = lattice_shift(s.constant - common, step);
    pass_any_wait(in, waited, stay, step);
    lattice_pass_exponential(waited, served, s.exponential[0], step);
    if (s.hyper) {
        double other[LATTICE_POINTS];
        lattice_pass_exponential(waited, other, s.exponential[1], step);
        for (size_t k = 0; k < LATTICE_POINTS; k++)
            served[k] = s.first_share * served[k] + (1 - s.first_share) * other[k];
    }
    lattice_add_shifted(served, sum, &shift, stay->weight);
}

static void pass_queue(const struct delay *delay, const struct delay_queue *queue, double *y,
                       double step)
{
    double in[LATTICE_POINTS], waited[LATTICE_POINTS];
    memcpy(in, y, sizeof in);
    memset(y, 0, sizeof in);
    for (uint32_t i = queue->first; i < queue->first + queue->count; i++) {
        pass_any_wait(in, waited, &delay->stays.items[i], step);
        for (size_t k = 0; k < LATTICE_POINTS; k++)
            y[k] += delay->stays.items[i].weight * waited[k];
    }
}

/* Adds to `sum` what comes over one link; `common`: as above. */
static void pass_link(const struct delay *delay, const double *in, double *sum,
                      const struct delay_link *link, double common, double step)
{
    double gone[LATTICE_POINTS];
    struct shift shift = lattice_shift(link->fixed - common, step);
    bool varies = link->range > 0 || link->exponential > 0 || link->queue_count > 0;
    const double *out = varies ? gone : in;
    if (varies)
        lattice_pass_exponential(in, gone, link->exponential, step);
    if (link->range > 0)
        lattice_pass_even(gone, link->range, step);
    for (uint32_t q = link->first_queue; q < link->first_queue + link->queue_count; q++)
        pass_queue(delay, &delay->queues.items[q], gone, step);
    lattice_add_shifted(out, sum, &shift, link->weight);
}

/* All that is so narrow spreads by less than this, in steps. */
#define STEPS_UNSEEN 0.05

/* A part that hardly spreads within a step is its mean: no lattice of that step shows more of it.
 */
static bool is_narrow(const struct delay *delay, const struct moments *moments, double step)
{
    double unseen = STEPS_UNSEEN * step;
    return moments->variance * (double)delay->parts.count <= unseen * unseen;
}

/* moments: of each part. */
static void fill_lattice(const struct delay *delay, const struct moments *moments, double step,
                         double *y)
{
    const double begin[LATTICE_POINTS] = { 1 };
    double narrow = 0;
    for (size_t p = 0; p < delay->parts.count; p++)
        narrow += is_narrow(delay, &moments[p], step) ? moments[p].mean : 0;
    struct shift shift = lattice_shift(narrow, step);
    memset(y, 0, LATTICE_POINTS * sizeof *y);
    lattice_add_shifted(begin, y, &shift, 1);
    for (size_t p = 0; p < delay->parts.count; p++) {
        const struct delay_part *part = &delay->parts.items[p];
        double sum[LATTICE_POINTS] = { 0 };
        if (is_narrow(delay, &moments[p], step))
            continue;
        if (part->kind == DELAY_EVEN) {
            lattice_pass_even(y, part->range, step);
            continue;
        }
        for (uint32_t i = part->first; i < part->first + part->count; i++)
            if (part->kind == DELAY_STAYS)
                pass_stay(y, sum, &delay->stays.items[i], part->range, step);
            else
                pass_link(delay, y, sum, &delay->links.items[i], part->range, step);
        memcpy(y, sum, sizeof sum);
    }
}

/* Steps up to the percentile; a point's probability lies half a step to either side of it. Beyond
 * the lattice: infinity. */
static double find_share(const double *y, double share)
{
    double sum = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
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
    struct moments *moments = mem_create_array(delay->parts.count, sizeof *moments);
    double y[LATTICE_POINTS], mean = 0, variance = 0, filled = 0;
    for (size_t p = 0; p < delay->parts.count; p++) {
        moments[p] = part_moments(delay, &delay->parts.items[p]);
        mean += moments[p].mean;
        variance += moments[p].variance;
    }
    double most = mean + 5 * sqrt(variance), length = most;
    for (int q = QUANTILE_COUNT; q-- > 0;) {
        out[q] = delay->fixed;
        for (int grid = 0; most > 0 && grid < GRIDS_MAX; grid++) {
            double step = length / (LATTICE_POINTS - 1);
            if (length != filled)
                fill_lattice(delay, moments, step, y);
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
    mem_destroy(moments);
}
