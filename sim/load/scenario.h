/* SPDX-License-Identifier: Apache-2.0
 *
 * A scenario as a struct: what the YAML file said, checked, with defaults filled in. Read only
 * after loading. Its text form, key by key, is docs/scenario.md. Everything a scenario names
 * (files, jobs, vertices, TaskManagers, metrics) has been resolved or refused by the time this
 * exists.
 */
#ifndef WEIR_SIM_LOAD_SCENARIO_H
#define WEIR_SIM_LOAD_SCENARIO_H

#include "core/port/config.h"
#include "core/port/log.h"
#include "sim/load/job_files.h"
#include "sim/load/metric_names.h"
#include "sim/load/scenario_cluster.h"
#include "sim/load/scenario_job.h"
#include "sim/load/scenario_script.h"

/* What stands for the data plane: rates (sim/model), or real records (sim/exact). */
enum scenario_world { WORLD_VIRTUAL, WORLD_EXACT, WORLD_COUNT };
extern const char *const world_names[WORLD_COUNT];

struct scenario {
    char *name, *question, *path;
    char *variant;        /* name of the `compare` entry this is, null for the scenario itself */
    VEC(char *) variants; /* names of the `compare` entries */
    uint64_t seed;
    time_ns duration;
    time_ns sample; /* metrics.csv step */
    enum log_level log_level;
    enum scenario_world world;
    struct config config;
    struct cluster_spec cluster;
    VEC(struct program_spec) programs;
    struct job_files files; /* of programs' sources */
    VEC(struct job_spec) jobs;
    VEC(struct scripted_event) events;
    VEC(struct expectation) expect;
    struct tolerances tolerances; /* where its worlds are compared */
};

/* By level. A level may be said in the plural as well, "decisions": log_level_find knows both. */
extern const char *const log_level_names[LOG_LEVEL_COUNT];
bool log_level_find(const char *word, enum log_level *out);

struct override {
    const char *key, *value; /* --set a.b.c=value: a path in the YAML tree */
};

/* variant null: the scenario itself. */
MUST_CHECK struct err scenario_load(const char *path, const char *variant,
                                    const struct override *overrides, size_t override_count,
                                    struct scenario **out, struct note *note);
/* The same from text in memory; `path` is for messages and for files relative to it. */
MUST_CHECK struct err scenario_load_text(const char *path, const char *text, size_t length,
                                         const char *variant, const struct override *overrides,
                                         size_t override_count, struct scenario **out,
                                         struct note *note);
void scenario_destroy(struct scenario *scenario);

/* The job whose load is what arrives at this source: the job itself or, where it goes on with the
 * log of a former one, the first that read it. `source` becomes the vertex there. */
const struct job_spec *scenario_log_of(const struct scenario *scenario, const struct job_spec *job,
                                       struct vertex_id *source);

#endif
