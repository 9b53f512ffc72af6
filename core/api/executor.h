/* SPDX-License-Identifier: Apache-2.0
 *
 * The border between programs and worlds: what main asks for, by the number of the job in the order
 * of submission. Each world has one of these.
 */
#ifndef WEIR_API_EXECUTOR_H
#define WEIR_API_EXECUTOR_H

#include "core/api/weir.h"
#include "core/base/err.h"
#include "core/exec/collection.h"

struct api_job;

/* Who runs the jobs: one for each world. */
struct weir_executor {
    /* Takes the job. Refused: the note says why. */
    struct err (*submit)(void *context, struct weir_env *env, struct api_job *job, uint32_t number,
                         struct note *note);
    enum weir_status (*status)(void *context, uint32_t number, struct note *failure);
    void (*wait)(void *context, uint32_t number);
    bool (*cancel)(void *context, uint32_t number);
    bool (*savepoint)(void *context, uint32_t number, bool stop, bool drain);
    void (*sleep)(void *context, int64_t ms);
    /* The next of the records that are there by now; false: there are no more yet. */
    bool (*collected)(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size);
    bool is_planning;
};

#endif
