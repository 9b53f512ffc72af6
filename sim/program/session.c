/* SPDX-License-Identifier: Apache-2.0
 *
 * The baton, and main's side of it.
 */
#include "sim/program/session.h"

#include <pthread.h>

#include "core/base/text.h"
#include "sim/kernel/guard.h"

enum {
    CALLS_BEHIND_THE_END_MAX = 10000, /* then main is taken for one that loops for ever */
    CALLS_AT_ONCE_MAX = 1000,         /* without any progress; behind them each takes its time */
    CALL_MS = 1,
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
    uint32_t calls_at_once;     /* since main has waited for something, or learned something new */
    VEC(enum weir_status) told; /* by job: the last answer */
    bool closed, savepoint_well, returned; /* returned: before the run was over */
    int code;
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
    guard_beat();
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

static void sleep_ms(struct session *session, int64_t ms)
{
    session->world.sleep(session->world.context, ms);
    wait_for(session, SESSION_SLEEPS, 0);
}

/* A call that does not wait. Who asks in a loop would ask for ever at the same instant: time goes
 * on then, as for somebody who asks from afar. True: the world has gone. */
static bool is_over_or_waits(struct session *session)
{
    if (is_over(session))
        return true;
    if (session->calls_at_once < CALLS_AT_ONCE_MAX) {
        session->calls_at_once++;
        return false;
    }
    sleep_ms(session, CALL_MS);
    return is_over(session);
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
    if (is_over_or_waits(session))
        return WEIR_JOB_SUSPENDED;
    enum weir_status status = session->world.status(session->world.context, number, failure);
    if (session->told.count <= number)
        vec_resize(&session->told, number + 1);
    if (status != session->told.items[number])
        session->calls_at_once = 0;
    session->told.items[number] = status;
    return status;
}

static bool has_ended(enum weir_status status)
{
    return status != WEIR_JOB_CREATED && status != WEIR_JOB_RUNNING;
}

static void wait(void *context, uint32_t number)
{
    struct session *session = context;
    while (!is_over(session) &&
           !has_ended(session->world.status(session->world.context, number, NULL))) {
        session->calls_at_once = 0;
        wait_for(session, SESSION_WAITS_FOR_JOB, number);
    }
}

static bool cancel(void *context, uint32_t number)
{
    struct session *session = context;
    return !is_over_or_waits(session) && session->world.cancel(session->world.context, number);
}

static bool savepoint(void *context, uint32_t number, bool stop, bool drain)
{
    struct session *session = context;
    if (is_over_or_waits(session) ||
        !session->world.savepoint(session->world.context, number, stop, drain))
        return false;
    session->calls_at_once = 0;
    session->savepoint_well = false;
    wait_for(session, SESSION_WAITS_FOR_SAVEPOINT, number);
    return session->savepoint_well;
}

static void sleep_for(void *context, int64_t ms)
{
    struct session *session = context;
    if (is_over(session))
        return;
    session->calls_at_once = 0;
    sleep_ms(session, ms);
}

static bool collected(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size)
{
    struct session *session = context;
    if (is_over(session) ||
        !session->world.collected(session->world.context, number, sink, cursor, bytes, size))
        return false;
    session->calls_at_once = 0;
    return true;
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
    session->code = session->program(session->env, session->argc, session->argv);
    session->returned = !session->closed;
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

static void put_main(const void *context, struct note *who)
{
    const struct session *session = context;
    text_format(who->text, sizeof who->text, "main of program '%s'", session->argv[0]);
}

static void resume(struct session *session)
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

void session_resume(struct session *session)
{
    guard_enter(put_main, session);
    resume(session);
    guard_leave();
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
    vec_fini(&session->told);
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

bool session_code(const struct session *session, int *code)
{
    *code = session->code;
    return session->returned;
}
