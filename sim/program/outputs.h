/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sinks of programs have written: files that are seen once their checkpoint is complete,
 * and tables by key. It is the storage of virtual time: nothing is lost in it. What writing
 * takes, and whether it fails, is the world's to say. Outlives the data plane, so that it can be
 * looked at when the run is over.
 */
#ifndef WEIR_SIM_PROGRAM_OUTPUTS_H
#define WEIR_SIM_PROGRAM_OUTPUTS_H

#include "core/api/job_program.h"
#include "core/exec/collection.h"

struct outputs;

struct output {
    struct collection written; /* first: files as their sinks closed them, lines of tables by key */
    struct outputs *all;
    /* The same sink of the job from whose snapshot this one's job went on: what is there is part of
     * this output; null: none. */
    const struct output *former;
    uint32_t place; /* in the list, and in the names of its files */
    char *job, *name;
    bool is_table, is_collected; /* collected: for main, no lines */
    const struct api_sink *sink; /* while the job is there */
    void *made;                  /* the last value of a table's that is not its own bytes */
};

struct outputs {
    VEC(struct output *) list;
};

/* The job begins to write: its sinks are told where. A job that was there before goes on with what
 * it had. `former`, from whose snapshot it begins, or null: what that one's sinks had prepared is
 * committed where it lies; results for main that had not reached it go to the new job's. */
void outputs_open(struct outputs *outputs, const char *job, const char *former,
                  const struct job_program *program);
void outputs_close(struct outputs *outputs); /* sinks are gone; what they wrote stays */
void outputs_fini(struct outputs *outputs);

/* The folder of a sink's files: its name as folder_name_put has it, and before it, where `job` is
 * given, that name in the same way and a full stop. So no two have one. Returns its length,
 * whatever the room. */
enum { OUTPUT_FOLDER_MAX = 255 }; /* NAME_MAX */
size_t output_folder(const char *job, const char *sink, char *out, size_t size);
/* Refused: a sink's folder, with the job's name, would have a longer name than a folder may have.
 */
MUST_CHECK struct err outputs_check(const char *job, const struct job_program *program,
                                    struct note *note);

/* Null: no job has such a sink. job null: whichever does. */
const struct output *outputs_find(const struct outputs *outputs, const char *job, const char *sink);
/* All lines that are seen, in the order of the files, those of former jobs first; of a key in a
 * table the newest. Each without its end. */
void output_each_line(const struct output *output,
                      void (*line)(void *context, const char *text, size_t size), void *context);

#endif
