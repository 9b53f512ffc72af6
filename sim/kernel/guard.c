/* SPDX-License-Identifier: Apache-2.0
 *
 * The beat: a count, odd while code runs that is not Weir's. Whoever watches gives a stay up by
 * setting the top bit, if the count is still the one that it has seen all the time; whoever counts
 * on and finds that bit stops for good. So one of the two has the world for itself.
 */
#include "sim/kernel/guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/misuse.h"
#include "core/base/text.h"

#define GIVEN_UP       ((uint64_t)1 << 63)
#define STOPPED_MAX    TIME_S       /* of a stay, once a stop was asked for */
#define LOOK_EACH      (TIME_S / 4) /* at most */
#define LOOKS_OF_LIMIT 4            /* at least */
#define UNWATCHED_CODE 2            /* as the command has it for input that is wrong */

static struct {
    _Atomic uint64_t beat;
    guard_who *who;
    const void *context;
} guarded;

struct guard {
    void (*work)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over;
};

/* The one that was given up, with what it knows; and what was said of it. */
static struct guard *lost;
static struct note why_lost;
static struct guard *watched; /* works now */
static const char *misused;   /* why work is given up, where that is not for its time: the call */
/* What was to be destroyed since: a few things, of the work's own and those before it. */
enum { KEPT_MAX = 64 };
static const void *kept[KEPT_MAX];
static size_t kept_count;

static void count(uint64_t by)
{
    if (atomic_fetch_add_explicit(&guarded.beat, by, memory_order_acq_rel) & GIVEN_UP)
        for (;;)
            pause();
}

bool guard_has_lost(void)
{
    return lost != NULL;
}

bool guard_keeps(const void *memory)
{
    if (lost && kept_count < KEPT_MAX)
        kept[kept_count++] = memory;
    return lost != NULL;
}

void guard_enter(guard_who *who, const void *context)
{
    guarded.who = who;
    guarded.context = context;
    count(1);
}

void guard_leave(void)
{
    count(1);
}

void guard_beat(void)
{
    count(2);
}

static void *thread_main(void *context)
{
    struct guard *guard = context;
    guard->work(guard->context);
    pthread_mutex_lock(&guard->lock);
    guard->is_over = true;
    pthread_cond_signal(&guard->ended);
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

static time_ns clock_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * TIME_S + now.tv_nsec;
}

static time_ns limit_now(const struct guard_limits *limits)
{
    bool is_stopped = limits->stop && *limits->stop;
    time_ns limit = limits->cpu_max > 0 ? limits->cpu_max : TIME_NEVER;
    return is_stopped && limit > STOPPED_MAX ? STOPPED_MAX : limit;
}

/* The lock is held. Waits for the end, for a while. */
static void wait_some(struct guard *guard, time_ns limit)
{
    time_ns each = limit / LOOKS_OF_LIMIT < LOOK_EACH ? limit / LOOKS_OF_LIMIT : LOOK_EACH;
    time_ns until = clock_of(CLOCK_MONOTONIC) + each;
    struct timespec at = { .tv_sec = until / TIME_S, .tv_nsec = until % TIME_S };
    pthread_cond_timedwait(&guard->ended, &guard->lock, &at);
}

/* The lock is held. False: given up. */
static bool watch(struct guard *guard, const struct guard_limits *limits)
{
    uint64_t seen = 0; /* even: nobody is in */
    time_ns since = 0;
    while (!guard->is_over) {
        wait_some(guard, limit_now(limits));
        uint64_t beat = atomic_load_explicit(&guarded.beat, memory_order_acquire);
        if (beat & GIVEN_UP)
            return false;
        time_ns now = clock_of(CLOCK_PROCESS_CPUTIME_ID);
        if (beat != seen || beat % 2 == 0) {
            seen = beat;
            since = now;
        } else if (now - since >= limit_now(limits) &&
                   atomic_compare_exchange_strong(&guarded.beat, &beat, beat | GIVEN_UP)) {
            return false;
        }
    }
    return true;
}

static void guard_begin(struct guard *guard)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&guard->lock, NULL);
    pthread_cond_init(&guard->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&guard->thread, NULL, thread_main, guard) == 0);
}

/* Where nobody watches there is the process alone to end. */
_Noreturn void program_misused(const char *call)
{
    if (!watched || atomic_load_explicit(&guarded.beat, memory_order_relaxed) % 2 == 0) {
        fprintf(stderr, "weir: a call of %s\n", call);
        exit(UNWATCHED_CODE);
    }
    misused = call;
    atomic_fetch_or_explicit(&guarded.beat, GIVEN_UP, memory_order_release);
    for (;;)
        pause();
}

/* Of the work that is given up now. */
static void put_why(const struct guard_limits *limits, struct note *why)
{
    guarded.who(guarded.context, why);
    size_t length = strlen(why->text);
    if (misused)
        text_format(why->text + length, sizeof why->text - length, " calls %s", misused);
    else
        text_format(why->text + length, sizeof why->text - length,
                    " has not come back within %lld ms of CPU time (weir.call.cpu-max)",
                    (long long)(limit_now(limits) / TIME_MS));
}

struct err guard_run(void (*work)(void *context), void *context, const struct guard_limits *limits,
                     struct note *note)
{
    if (lost)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s", why_lost.text);
    struct guard *guard = mem_create(sizeof *guard);
    guard->work = work;
    guard->context = context;
    watched = guard;
    guard_begin(guard);
    pthread_mutex_lock(&guard->lock);
    bool is_over = watch(guard, limits);
    pthread_mutex_unlock(&guard->lock);
    if (!is_over) {
        lost = guard;
        put_why(limits, &why_lost);
        return err_note(note, ERR_BAD_VALUE_CODE, "%s", why_lost.text);
    }
    pthread_join(guard->thread, NULL);
    watched = NULL;
    pthread_cond_destroy(&guard->ended);
    pthread_mutex_destroy(&guard->lock);
    mem_destroy(guard);
    return OK;
}
