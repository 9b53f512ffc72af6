/* SPDX-License-Identifier: Apache-2.0
 *
 * Max-min fair rates under linear limits, by progressive filling (Bertsekas and Gallager, Data
 * Networks, 6.5.2): all flows grow together, and whenever a limit is reached, those it holds stop.
 * In: classes of equal flows with bounds, sums of flows, rows "weights x rates <= limit" with
 * weights >= 0. Out: a rate per flow of each class, and which limit stopped it. Always holds: no
 * row is exceeded, and no flow could grow without taking from one that has not more.
 *
 * More is counted in records. A row that is shared by those who use it (threads on cores, channels
 * on a NIC) has a level instead, when it is full: no user takes more of it, and who wants no more
 * than that gets it.
 *
 * A row weighs single classes (its terms) and whole sums. What lies behind a shuffle depends on the
 * sum of all that enters it, so rows there have one weight per sum instead of one per flow: cost is
 * linear in what is written down (times a logarithm), however many flows a sum has.
 */
#ifndef WEIR_SIM_MODEL_MAXMIN_H
#define WEIR_SIM_MODEL_MAXMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"

#define MAXMIN_BOUND UINT32_MAX /* as the limit of a flow: its own bound */

struct maxmin_flow {
    uint32_t sum;   /* the sum it belongs to */
    double count;   /* equal flows in this class */
    double bound;   /* of one flow; infinity: none */
    double rate;    /* out: of one flow */
    uint32_t limit; /* out: the row that stopped it, or MAXMIN_BOUND */
    bool by_sum;    /* out: with its sum, and not by what it takes of that row itself */
    /* While solving: no more than that; because of that row, or its own bound. */
    double cap;
    uint32_t cap_row;
};

struct maxmin_term {
    uint32_t flow;
    double weight; /* of the rate of one flow of the class */
};

struct maxmin_weight {
    uint32_t sum;
    double weight; /* of the sum of the rates */
};

struct maxmin_row {
    double limit;
    uint32_t first_term, term_count;
    uint32_t first_weight, weight_count;
    uint32_t first_peak; /* of its terms, then of its weights; MAXMIN_BOUND: it is not shared */
    /* While solving a shared one: no user takes more; that and what would fill it, the time before.
     */
    double level, level_before, fills_before;
};

struct maxmin_event {
    double at; /* the level at which it happens, as far as was known when it was put in */
    uint32_t id;
};

struct maxmin_sum {
    double value, growth; /* at `level`, and per level from there on */
    double level;
    uint32_t first, count; /* its flows, in `by_sum` */
    bool closed;           /* none of them grows any more */
    double cap;            /* no more than that, because of a shared row */
    uint32_t cap_row;
};

struct maxmin {
    VEC(struct maxmin_flow) flows;
    VEC(struct maxmin_row) rows;
    VEC(struct maxmin_term) terms;
    VEC(struct maxmin_weight) weights;
    VEC(double) peaks;
    uint32_t sum_count;
    /* while solving */
    VEC(struct maxmin_event) heap;
    VEC(struct maxmin_sum) sums;
    VEC(uint32_t) by_sum;
    VEC(bool) frozen;
    /* Of the users of one row: as many each, what they would take, who takes least first. */
    VEC(double) users, wishes;
    VEC(uint32_t) order, scratch;
    uint32_t growing; /* flows not frozen yet */
};

/* A zeroed struct is empty and valid. */
void maxmin_fini(struct maxmin *problem);
void maxmin_clear(struct maxmin *problem, uint32_t sum_count);
uint32_t maxmin_add_flow(struct maxmin *problem, uint32_t sum, double count, double bound);
/* Copies terms and weights; no sum is weighed twice. */
uint32_t maxmin_add_row(struct maxmin *problem, double limit, const struct maxmin_term *terms,
                        uint32_t term_count, const struct maxmin_weight *weights,
                        uint32_t weight_count);
/* The row is shared by single users (threads, channels): `peaks` has for each of its terms, then
 * for each of its weights, the part of it that the largest single user takes. */
void maxmin_share_row(struct maxmin *problem, uint32_t row, const double *peaks);
/* Every flow must have a bound or lie in a row; one that has neither stops the run. */
void maxmin_solve(struct maxmin *problem);
/* Solved: does the row carry all that it can, whoever was held by it first? */
bool maxmin_row_is_full(const struct maxmin *problem, uint32_t row);

#endif
