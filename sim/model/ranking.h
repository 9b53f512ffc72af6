/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has most, when a few are left out. In: a value of each, in groups; who is left out of a
 * question. Out: of a group the one with the largest value; of equal ones the first. Cost: a sort,
 * and for each question as many steps as are left out.
 */
#ifndef WEIR_SIM_MODEL_RANKING_H
#define WEIR_SIM_MODEL_RANKING_H

#include <stdint.h>

#include "core/base/vec.h"

struct ranking {
    VEC(double) values; /* negated, so that the largest is the least */
    VEC(uint32_t) groups;
    VEC(uint32_t) order, scratch; /* group after group, in each the largest first */
    VEC(uint32_t) first;          /* by group, and one more: where it begins in `order` */
    VEC(uint32_t) left_out;       /* the last question that each was left out of */
    uint32_t question;
};

void ranking_fini(struct ranking *ranking);
/* They are numbered as they are added, from 0. */
void ranking_clear(struct ranking *ranking);
void ranking_add(struct ranking *ranking, double value, uint32_t group);
void ranking_sort(struct ranking *ranking, uint32_t group_count);
/* A question: nobody is left out yet. */
void ranking_ask(struct ranking *ranking);
void ranking_leave_out(struct ranking *ranking, uint32_t number);
uint32_t ranking_first(const struct ranking *ranking, uint32_t group); /* INDEX_NONE */

#endif
