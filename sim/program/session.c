/* SPDX-License-Identifier: Apache-2.0
 *
 * The baton, and main's side of it.
 */
#include "sim/program/session.h"

#include <pthread.h>

enum {
    CALLS_BEHIND_THE_END_MAX = 10000, /* then main is taken for one that loops for ever */
};

enum baton { BATON_WORLD, BATON_MAIN };

struct session {
    struct session_world world;
    weir_program *program;
    int argc;
    char **argv;
    struct weir_env *env;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t passed;
    enum baton baton;
    enum session_wait waits;
    uint32_t awaited, calls_behind;
    bool closed, savepoint_well;
};

/* Gives the baton away and takes it again when it comes back. */
static void pass(struct session *session, enum baton to)
{
    pthread_mutex_lock(&session->lock);
    session->baton = to;
    pthread_cond_broadcast(&session->passed);
    while (session->baton == to)
        pthread_cond_wait(&session->passed, &session->lock);
    pthread_mutex_unlock(&session->lock);
}

static void hand_over_for_good(struct session *session)
{
    session->waits = SESSION_ENDED;
    pthread_mutex_lock(&session->lock);
    session->baton = BATON_WORLD;
    pthread_cond_broadcast(&session->passed);
    pthread_mutex_unlock(&session->lock);
}

/* The world has gone: true, and who asks again and again does not come back. */
static bool is_over(struct session *session)
{
    if (session->closed && ++session->calls_behind > CALLS_BEHIND_THE_END_MAX) {
        hand_over_for_good(session);
        pthread_exit(NULL);
    }
    return session->closed;
}

static void wait_for(struct session *session, enum session_wait what, uint32_t number)
{
    session->waits = what;
    session->awaited = number;
    pass(session, BATON_WORLD);
}

static struct err submit(void *context, struct weir_env *env, struct api_job *job, uint32_t number,
                         struct note *note)
{
    struct session *session = context;
    (void)env;
    if (!is_over(session))
        return session->world.submit(session->world.context, number, job, note);
    api_job_destroy(job);
    return err_note(note, ERR_REFUSED_CODE, "the run is over");
}

static enum weir_status status(void *context, uint32_t number, struct note *failure)
{
    struct session *session = context;
    return is_over(session) ? WEIR_JOB_SUSPENDED
                            : session->world.status(session->world.context, number, failure);
}

static bool has_ended(enum weir_status status)
{
    return status != WEIR_JOB_CREATED && status != WEIR_JOB_RUNNING;
}

static void wait(void *context, uint32_t number)
{
    struct session *session = context;
    while (!has_ended(status(session, number, NULL)))
        wait_for(session, SESSION_WAITS_FOR_JOB, number);
}

static bool cancel(void *context, uint32_t number)
{
    struct session *session = context;
    return !is_over(session) && session->world.cancel(session->world.context, number);
}

static bool savepoint(void *context, uint32_t number, bool stop, bool drain)
{
    struct session *session = context;
    if (is_over(session) || !session->world.savepoint(session->world.context, number, stop, drain))
        return false;
    session->savepoint_well = false;
    wait_for(session, SESSION_WAITS_FOR_SAVEPOINT, number);
    return session->savepoint_well;
}

static void sleep_for(void *context, int64_t ms)
{
    struct session *session = context;
    if (is_over(session))
        return;
    session->world.sleep(session->world.context, ms);
    wait_for(session, SESSION_SLEEPS, 0);
}

static bool collected(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size)
{
    struct session *session = context;
    return !is_over(session) &&
           session->world.collected(session->world.context, number, sink, cursor, bytes, size);
}

static const struct weir_executor executor = { .submit = submit,
                                               .status = status,
                                               .wait = wait,
                                               .cancel = cancel,
                                               .savepoint = savepoint,
                                               .sleep = sleep_for,
                                               .collected = collected };

static void *thread_main(void *context)
{
    struct session *session = context;
    session->program(session->env, session->argc, session->argv);
    hand_over_for_good(session);
    return NULL;
}

struct session *session_create(weir_program *program, int argc, char **argv,
                               const struct session_world *world)
{
    struct session *session = mem_create(sizeof *session);
    *session = (struct session){ .world = *world, .program = program, .argc = argc, .argv = argv };
    session->env = weir_env_create(&executor, session);
    pthread_mutex_init(&session->lock, NULL);
    pthread_cond_init(&session->passed, NULL);
    return session;
}

void session_resume(struct session *session)
{
    bool begins = session->waits == SESSION_NOT_BEGUN;
    CHECK(session->waits != SESSION_ENDED);
    if (!begins) {
        pass(session, BATON_MAIN);
        return;
    }
    session->baton = BATON_MAIN;
    CHECK(pthread_create(&session->thread, NULL, thread_main, session) == 0);
    pthread_mutex_lock(&session->lock);
    while (session->baton == BATON_MAIN)
        pthread_cond_wait(&session->passed, &session->lock);
    pthread_mutex_unlock(&session->lock);
}

void session_destroy(struct session *session)
{
    if (!session)
        return;
    session->closed = true;
    while (session->waits != SESSION_ENDED && session->waits != SESSION_NOT_BEGUN)
        session_resume(session);
    if (session->waits == SESSION_ENDED)
        pthread_join(session->thread, NULL);
    weir_env_destroy(session->env);
    pthread_cond_destroy(&session->passed);
    pthread_mutex_destroy(&session->lock);
    mem_destroy(session);
}

enum session_wait session_waits(const struct session *session)
{
    return session->waits;
}

uint32_t session_awaited(const struct session *session)
{
    return session->awaited;
}

void session_savepoint_done(struct session *session, bool well)
{
    session->savepoint_well = well;
}
