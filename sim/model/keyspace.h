/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of one vertex: which share of the records falls into which key group, and how many
 * distinct keys have been seen after a number of records. Keys are the integers 0, 1, 2, ... in
 * order of falling frequency, hashed to groups as Flink hashes them (graph/key_groups.h), so that
 * skew and parallelism meet as they do there. Built once, linear in keys up to KEYS_EXPLICIT_MAX.
 */
#ifndef WEIR_SIM_MODEL_KEYSPACE_H
#define WEIR_SIM_MODEL_KEYSPACE_H

#include "sim/load/scenario.h"

/* More keys than this: the rest is spread evenly over the groups. */
enum { KEYS_EXPLICIT_MAX = 1 << 20 };

/* Keys about equally frequent: how many, and the share of the records each of them gets. */
struct key_band {
    double keys, share;
};

struct keyspace {
    uint32_t groups;
    double keys;
    double *share_before; /* groups + 1: share of the records in all groups before */
    double *keys_before;  /* groups + 1: keys in all groups before */
    VEC(struct key_band) bands;
    VEC(double) seen; /* distinct keys after 2^(i/8) records */
    /* Subtasks ask one after the other for the same: for so many records, so many keys. */
    double asked, distinct;
};

struct keyspace *keyspace_create(const struct vertex_model *vertex, uint32_t groups);
void keyspace_destroy(struct keyspace *keyspace);
/* Shares of groups first ... last, inclusive; first > last: 0. */
double keyspace_record_share(const struct keyspace *keyspace, uint32_t first, uint32_t last);
double keyspace_key_share(const struct keyspace *keyspace, uint32_t first, uint32_t last);
/* Expected number of distinct keys among so many records. */
double keyspace_distinct(struct keyspace *keyspace, double records);

#endif
