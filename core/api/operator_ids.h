/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids of a program's operators, under which their state is found again. In: operators that have
 * their places in vertices. Out: an id each: of the uid; of a sink's name, which is that of its
 * output; else made of the place among the job's operators, of how many are chained to it, and of
 * the ids of those it reads from, so that it changes with what is before it. Source: Flink's
 * StreamGraphHasherV2.
 */
#ifndef WEIR_API_OPERATOR_IDS_H
#define WEIR_API_OPERATOR_IDS_H

#include "core/api/env.h"

void api_give_ids(struct api_job *job);

#endif
