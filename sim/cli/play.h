/* SPDX-License-Identifier: Apache-2.0
 *
 * A scenario and its variants, each loaded, run with everybody watching, judged. In: a path and
 * overrides. Out: summaries and results in memory, and files where a place for them is given. Used
 * by `weir run` and `weir test` alike.
 */
#ifndef WEIR_SIM_CLI_PLAY_H
#define WEIR_SIM_CLI_PLAY_H

#include <signal.h>

#include "sim/check/expectations.h"
#include "sim/cli/terminal.h"
#include "sim/report/output_dir.h"
#include "sim/report/summary.h"
#include "sim/run/simulation.h"

enum { PLAY_FOLDER_SIZE = 96 };

struct play {
    struct scenario *scenario;
    char folder[PLAY_FOLDER_SIZE]; /* in the output: "", "variants/NAME" or a world's name */
    struct run_look look;
    struct event_log log;
    struct recorder recorder;
    struct checkers checkers;
    struct event_watch watch;
    struct check_results results;
    struct outputs outputs; /* of programs' sinks */
    json_t *summary;        /* null: not run */
    bool complete;
};

struct play_settings {
    const char *path; /* of the scenario: a file, or a folder with scenario.yaml */
    const struct override *overrides;
    size_t override_count;
    time_ns until;                     /* TIME_NEVER: to the end */
    const volatile sig_atomic_t *stop; /* null: nobody stops it */
    bool quiet;
    enum node_checks check_invariants;
    struct output_dir *output; /* null: no files */
    FILE *events;              /* without files: where the event log goes; null: nowhere */
    const char *trace_key;     /* null: none; in trace.jsonl */
    const char *title;         /* of the progress; null: the name of what runs */
};

/* The scenario's file: the path itself, or scenario.yaml in the folder. */
void play_put_path(const char *path, char out[OUTPUT_PATH_SIZE]);

/* The scenario itself first, then its variants. */
struct plays {
    VEC(struct play) list;
};

/* Loads and checks all before anything runs. */
MUST_CHECK struct err plays_load(struct plays *plays, const struct play_settings *settings,
                                 struct note *note);
/* Only the scenario itself, or one variant; `folder` in the output. */
MUST_CHECK struct err plays_load_one(struct plays *plays, const struct play_settings *settings,
                                     const char *variant, const char *folder, struct note *note);
void plays_fini(struct plays *plays);

/* Runs all; stops after the one in which *stop became true. Files of each run are written when it
 * ends; also where it is refused because code of a program did not come back (guard_has_lost). */
MUST_CHECK struct err plays_run(struct plays *plays, const struct play_settings *settings,
                                struct note *note);
/* Did all run to their end? */
bool plays_are_complete(const struct plays *plays);
/* Fills results and puts them into the summaries; the first summary gets the others' as "compare".
 * Runs cut short are not judged. */
void plays_judge(struct plays *plays);
/* A new array of texts: the events of the script that have not happened or only in part, each
 * behind never_word and the variant's name where it is one's. Empty for a run that did not go to
 * the scenario's end. */
json_t *play_never_happened(const struct play *play);
/* The same of jobs that FAILED: when and by what; and of mains that gave back another code than 0.
 */
json_t *play_jobs_failed(const struct play *play);
/* Failed results of all. */
size_t plays_failed(const struct plays *plays);

#endif
