/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of vertices whose tasks share cores, kept for all rates at which it was found: loads
 * come back to rates that they had, and networks to the hosts that they were on. In: threads with
 * their slow-downs (contention.h). Out: for each vertex its waits, and its tasks in bands of load.
 *
 * Always holds: what is given for rates found before is, to the bit, what would be found anew.
 */
#ifndef WEIR_SIM_MODEL_CROWDING_H
#define WEIR_SIM_MODEL_CROWDING_H

#include <stdbool.h>

#include "sim/model/bands.h"
#include "sim/model/intern.h"

struct model;
struct net;

/* Of one vertex, at some rates. */
struct crowding {
    bool crowded;                       /* some of its tasks share their cores with others */
    bool waits;                         /* the next three are known */
    double wait, wait_most, wait_least; /* see core_wait, core_wait_most, core_wait_least */
    uint32_t first_band, band_count;    /* crowded: of its tasks, as slow as they are */
};

struct crowdings {
    struct intern layouts;      /* who is where, and gets what of which source */
    uint32_t layout;            /* that of now */
    uint32_t places;            /* vertices of the network */
    struct intern known;        /* layouts and rates */
    VEC(uint32_t) first;        /* of each of these, among the items */
    VEC(struct crowding) items; /* by place */
    struct load_bands bands;
    uint32_t now;         /* the first one for the rates of now */
    uint32_t asked;       /* rates of this network; the first few are not worth keeping */
    bool loose;           /* those of now are not kept: they, and their bands, are the last ones */
    bool due;             /* their bands are to be found when asked for */
    uint32_t loose_bands; /* the first of them */
    VEC(struct task_load) loads; /* scratch: by thread */
    VEC(struct band_sums) sums;  /* scratch: by place */
    VEC(uint64_t) words;         /* scratch */
};

void crowdings_fini(struct crowdings *crowdings);
/* A network begins. */
void crowdings_open(struct model *model, struct net *net);
/* Says whether it is known for the rates of the network's contention; else threads are to be found
 * for them, and then crowdings_find is to follow. */
bool crowdings_recall(struct model *model, struct net *net);
void crowdings_find(struct model *model, struct net *net);
/* Those of now have their bands. */
void crowdings_find_bands(const struct model *model, struct net *net);
/* At the rates of now. */
const struct crowding *crowding_at(const struct crowdings *crowdings, uint32_t place);
/* Adds nothing up: vertices wait as long as they do at the rates of now. */
void crowdings_take_waits(struct model *model, struct net *net);

#endif
