/* SPDX-License-Identifier: Apache-2.0
 *
 * The distribution of a sum of independent delays: constant ones, ones uniform on [0, range], one
 * of several links, and stays in queues. In: the parts. Out: mean and percentiles. A wait is that
 * of M/G/1, exactly: a geometric number of residual services (Pollaczek, Khinchine, Benes); of a
 * queue that is still growing, what relax.h says. A service time of variation up to 1 is a constant
 * and an exponential part, above 1 hyperexponential with balanced means. Seconds throughout.
 */
#ifndef WEIR_SIM_MODEL_DELAY_H
#define WEIR_SIM_MODEL_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"

/* In front of, and in, one server; records go to one of several by weight. */
struct stay {
    double weight;
    double rho;         /* utilisation; nobody waits at 0 */
    double service, cv; /* mean; variation, coefficient of variation */
    double swing;       /* squared variation of a factor by which all of it is longer or shorter */
    double slowdown;    /* by which the service is longer than alone on a core; is in it */
    double wait_factor; /* by which waits are longer than those of M/G/1 */
    double age, shape;  /* of its queue, see relax.h; 0: it is what it is in the long run */
    bool behind;        /* what it takes comes from a backlog */
};

/* One way to go: a constant, a uniform on [0, range] and an exponential part, and queues on it, in
 * which records wait and are not served. */
struct delay_link {
    double weight;
    double fixed, range, exponential;
    uint32_t first_queue, queue_count;
};

/* A part: uniform on [0, range], or one of `count` stays or links, less what all of them have. */
enum delay_kind { DELAY_EVEN, DELAY_STAYS, DELAY_LINKS };
struct delay_part {
    enum delay_kind kind;
    double range; /* stays, links: counted in `fixed` */
    uint32_t first, count;
};

/* A wait: that of one of some stays. */
struct delay_queue {
    uint32_t first, count;
};

struct delay {
    double fixed;
    VEC(struct delay_part) parts;
    VEC(struct stay) stays;
    VEC(struct delay_link) links;
    VEC(struct delay_queue) queues; /* of links */
    uint32_t open_links;            /* pushed, and not yet a part */
};

enum quantile { QUANTILE_P50, QUANTILE_P95, QUANTILE_P99, QUANTILE_COUNT };

/* No queue is fuller than this: nearer to 1 the steady state is not reached in any run. */
#define RHO_MOST 0.9999

void delay_fini(struct delay *delay);
void delay_clear(struct delay *delay);
void delay_add_even(struct delay *delay, double range);
/* Weights need not add up to 1; without any nothing is added. */
void delay_add_stays(struct delay *delay, const struct stay *stays, size_t count);
/* For links that are pushed later: gives its number. Weights as with stays. */
uint32_t delay_push_queue(struct delay *delay, const struct stay *stays, size_t count);
/* One of several, then all of them: weights as with stays. */
void delay_push_link(struct delay *delay, const struct delay_link *link);
void delay_end_links(struct delay *delay);
double stay_wait(const struct stay *stay); /* mean */
double delay_mean(const struct delay *delay);
void delay_quantiles(const struct delay *delay, double out[QUANTILE_COUNT]);

#endif
