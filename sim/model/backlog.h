/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources that say whether they work off a backlog (FLIP-309): in, the lag at which one does; out,
 * a word to the JobMaster whenever that changes, and once after its tasks have begun anew.
 */
#ifndef WEIR_SIM_MODEL_BACKLOG_H
#define WEIR_SIM_MODEL_BACKLOG_H

#include <stdint.h>

struct model;
struct net;

/* The next look at the lag of a source in the network; none for those that never report one. */
void backlog_wait_for_look(struct model *model, const struct net *net, uint32_t sum);

#endif
