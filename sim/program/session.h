/* SPDX-License-Identifier: Apache-2.0
 *
 * A program's main while the run goes on. It has a thread of its own, and either it runs or the
 * world does, never both: whoever has the baton. It gives the baton back when it waits for
 * something, and gets it when that has happened; so what it does depends on the run alone.
 */
#ifndef WEIR_SIM_PROGRAM_SESSION_H
#define WEIR_SIM_PROGRAM_SESSION_H

#include "core/api/env.h"
#include "sim/program/library.h"

/* What main asks of the world. All are called while main has the baton. */
struct session_world {
    void *context;
    /* The program's n-th job; `built` is the world's. */
    struct err (*submit)(void *context, uint32_t number, struct api_job *built, struct note *note);
    enum weir_status (*status)(void *context, uint32_t number, struct note *failure);
    bool (*cancel)(void *context, uint32_t number);
    /* Asked for; the world calls session_savepoint_done. False: it cannot be asked for. */
    bool (*savepoint)(void *context, uint32_t number, bool stop, bool drain);
    /* The world calls session_resume when it is over. */
    void (*sleep)(void *context, int64_t ms);
    bool (*collected)(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size);
};

struct session;

struct session *session_create(weir_program *program, int argc, char **argv,
                               const struct session_world *world);
/* Whatever main still asks for is refused, until it returns; one that never does is ended. */
void session_destroy(struct session *session);

/* Runs main until it waits. The first time from its beginning. */
void session_resume(struct session *session);
/* What is main waiting for? */
enum session_wait {
    SESSION_NOT_BEGUN,
    SESSION_WAITS_FOR_JOB,
    SESSION_WAITS_FOR_SAVEPOINT,
    SESSION_SLEEPS,
    SESSION_ENDED
};
enum session_wait session_waits(const struct session *session);
uint32_t session_awaited(const struct session *session); /* job or savepoint: of which job */
void session_savepoint_done(struct session *session, bool well);
/* What main has given back; false: it has not yet, or only because the run was over. */
bool session_code(const struct session *session, int *code);

#endif
