/* SPDX-License-Identifier: Apache-2.0
 *
 * A recording of a real Flink cluster: one JSON file with the events of up to three runs, in
 * seconds after an origin. In: a folder and a name. Out: times, states and facts, per run. Labels
 * are the recording's own words; one that occurs several times carries a number ("#2" the second
 * after the origin, "#-1" the last before it).
 */
#ifndef WEIR_TESTS_LIB_RECORDING_H
#define WEIR_TESTS_LIB_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/vec.h"

enum { RECORDING_RUNS_MAX = 3 };

/* Whose states a recording lists. */
enum recorded_machine {
    RECORDED_JOB,       /* job status */
    RECORDED_SCHEDULER, /* state of the adaptive scheduler */
    RECORDED_PHASE,     /* phase of its state transition manager */
    RECORDED_MACHINE_COUNT
};

extern const char *const recorded_machine_names[RECORDED_MACHINE_COUNT];

/* Names in order; they belong to whoever made them. */
struct name_list {
    VEC(const char *) names;
};

struct id_list {
    VEC(uint64_t) ids;
};

struct recording {
    struct json_t *root;
    const char *name;
    size_t run_count;
};

/* All recordings of a folder that a test here follows, sorted; the caller destroys the names. False
 * when there is no such folder. */
bool recording_list(const char *folder, struct name_list *out);

/* Stops the program when the file cannot be read: a recording is part of the test. */
void recording_load(struct recording *recording, const char *folder, const char *name);
void recording_load_text(struct recording *recording, const char *text);
void recording_fini(struct recording *recording);

const char *recording_origin(const struct recording *recording);

/* Seconds after the origin; false: not in that run. '*' in the label stands for any letters. */
bool recording_time(const struct recording *recording, const char *label, size_t run, double *out);

/* The states of a run from the origin on, with the one at the origin. None: not recorded. */
void recording_states(const struct recording *recording, enum recorded_machine machine, size_t run,
                      struct name_list *out);

/* Restarts after the origin; false: not recorded. */
bool recording_restarts(const struct recording *recording, size_t run, int64_t *out);

/* Ids of the checkpoints a run restored, over all of it; false: not recorded. */
bool recording_restored(const struct recording *recording, size_t run, struct id_list *out);

/* Records that each source subtask read again: the least and the most over all runs. False: not
 * recorded, or not of one single restart. */
bool recording_replayed(const struct recording *recording, double *least, double *most);

/* The classes of the exceptions that failed tasks in a run, without those the scheduler adds. They
 * are the caller's to destroy. False: not recorded. */
bool recording_causes(const struct recording *recording, size_t run, struct name_list *out);

/* '*' in the pattern stands for any letters. */
bool recording_label_matches(const char *pattern, const char *label);

#endif
