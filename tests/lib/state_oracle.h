/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed state by brute force: an array with a place for every key there is. Steps do the same at
 * random to state tables (one per subtask) and to the array; then they must agree. Keys are numbers
 * below ORACLE_KEYS; the shape says what bytes they and their values have.
 */
#ifndef WEIR_TESTS_LIB_STATE_ORACLE_H
#define WEIR_TESTS_LIB_STATE_ORACLE_H

#include "core/base/rng.h"
#include "core/exec/state_snapshot.h"

enum { ORACLE_KEYS = 700, ORACLE_KEY_MOST = 128, ORACLE_VALUE_MOST = 200, ORACLE_TABLES_MOST = 8 };

struct oracle_value {
    bool is_there;
    uint32_t size;
    uint8_t bytes[ORACLE_VALUE_MOST];
};

struct oracle {
    struct oracle_value values[ORACLE_KEYS];
};

struct oracle_key {
    uint32_t size;
    uint8_t bytes[ORACLE_KEY_MOST];
};

/* The shapes that are tested: 0 is the one with the short way. */
enum { ORACLE_SHAPES = 7 };
struct state_spec oracle_spec(int shape, int32_t max_parallelism, struct key_group_range range);
struct oracle_key oracle_key_of(const struct state_spec *spec, uint32_t number);
int32_t oracle_group_of(const struct state_spec *spec, uint32_t number);

/* The subtasks of a job: tables over neighbouring ranges, and what should be in them. */
struct oracle_job {
    struct state_table *tables[ORACLE_TABLES_MOST];
    int32_t parallelism;
    struct oracle oracle;
    uint8_t *slots; /* room for a run of keys */
};

void oracle_job_init(struct oracle_job *job, int shape, int32_t max_parallelism,
                     int32_t parallelism);
void oracle_job_fini(struct oracle_job *job);
/* One call on one of the tables, and the same on the array. */
void oracle_job_step(struct oracle_job *job, struct rng *rng);
/* Reads, walks and checks everything. */
void oracle_job_check(struct oracle_job *job);

#endif
