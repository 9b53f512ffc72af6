/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that sources of programs read. They are read once, when a program's plan is, and kept:
 * whatever becomes of them on disk, reading at the same place again gives the same.
 */
#ifndef WEIR_SIM_LOAD_JOB_FILES_H
#define WEIR_SIM_LOAD_JOB_FILES_H

#include "core/api/job_program.h"

#define JOB_FILES_BYTES_MAX ((uint64_t)1 << 30) /* all together */

struct job_file {
    char *path; /* as the program says it */
    uint8_t *bytes;
    size_t size;
    uint64_t lines;
    size_t *starts; /* of its lines, and its end; null: nobody reads it by lines */
};

struct job_files {
    VEC(struct job_file) list;
    uint64_t bytes;
    struct source_port port;
    struct line_port line_port;
};

/* Reads those that are not known yet; paths are relative to the directory, which may be empty. */
MUST_CHECK struct err job_files_read(struct job_files *files, const char *directory,
                                     const struct job_program *program, struct note *note);
/* Tells the program's sources which splits there are, and where they are read. Refused: a file that
 * is not known, more splits than can be. */
MUST_CHECK struct err job_files_give(const struct job_files *files, struct job_program *program,
                                     struct note *note);
/* Of all files of a source. */
uint64_t job_files_lines(const struct job_files *files, const struct api_files *source);
void job_files_fini(struct job_files *files);

#endif
