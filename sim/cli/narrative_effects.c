/* SPDX-License-Identifier: Apache-2.0
 *
 * The chapters are in order of time here, and do not change any more.
 */
#include "sim/cli/narrative_effects.h"

#include <math.h>

#include "core/base/text.h"

/* Lag that rises less, or by a smaller share, says nothing. */
#define LAG_TOLD_S 1.0
#define LAG_SHARE  0.1
/* A vertex that is less busy than this holds nobody up. */
#define BUSY_TOLD 0.8
/* Checkpoints take longer when the longest takes so many times as long, and so much longer. */
#define SLOWER_TIMES 2
#define SLOWER_BY    (100 * TIME_MS)
/* One that was triggered meanwhile ends within the usual timeout. */
#define CHECKPOINT_MAX (10 * TIME_MIN)
/* What was held up while a condition lasted comes at once when it has ended. */
#define AT_ONCE TIME_MS
/* A task that cannot be reached, or says nothing, is given up within this. */
#define FAILED_WITHIN (2 * TIME_MIN)

enum { COMPARED = 10, JOBS_TOLD = 4 };

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

/* Lag. */

static void close_effect(struct narrative *narrative, const struct lag_effect *effect)
{
    double rise = effect->lag.most - effect->lag.least;
    if (rise >= LAG_TOLD_S && rise >= LAG_SHARE * effect->lag.least)
        vec_push(&narrative->effects, *effect);
}

void effects_follow(struct narrative *narrative, struct lag_follower *follower,
                    const struct lag_sample *sample)
{
    const struct chapter *chapters = narrative->chapters.items;
    time_ns at = sample->at;
    size_t kept = 0;
    for (; follower->next < narrative->chapters.count && chapters[follower->next].from < at;
         follower->next++)
        if (follower->is_known && chapters[follower->next].kind == CHAPTER_FAULT)
            vec_push(&follower->open, (struct lag_effect){ .chapter = follower->next,
                                                           .job = follower->job,
                                                           .lag = follower->last });
    follower->is_known = !sample->is_down && !number_is_none(sample->lag);
    follower->last = (struct lag_rise){ at, at, sample->lag, sample->lag };
    for (size_t i = 0; i < follower->open.count; i++) {
        struct lag_effect effect = follower->open.items[i];
        if (!follower->is_known || chapters[effect.chapter].to < sample->before) {
            close_effect(narrative, &effect);
            continue;
        }
        if (sample->lag > effect.lag.most) {
            effect.lag.most = sample->lag;
            effect.lag.to = at;
            effect.busiest = sample->busiest;
        }
        follower->open.items[kept++] = effect;
    }
    follower->open.count = kept;
}

void effects_follow_end(struct narrative *narrative, struct lag_follower *follower)
{
    for (VEC_EACH(const struct lag_effect, effect, &follower->open))
        close_effect(narrative, effect);
    vec_fini(&follower->open);
}

static size_t tell_lag(struct paragraph *p)
{
    size_t told = 0;
    char from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE], at[NUMBER_TEXT_SIZE];
    char busy[NUMBER_TEXT_SIZE];
    for (VEC_EACH(const struct lag_effect, effect, &p->narrative->effects)) {
        if (&p->narrative->chapters.items[effect->chapter] != p->chapter || told++ >= JOBS_TOLD)
            continue;
        number_text_seconds(effect->lag.least, from);
        number_text_seconds(effect->lag.most, to);
        paragraph_say(p, "The lag of %s rose from %s to %s, at %s", effect->job, from, to,
                      paragraph_moment(p, effect->lag.to, at));
        number_text(effect->busiest.busy_max, METRIC_SHARE, busy);
        if (effect->busiest.name && effect->busiest.busy_max >= BUSY_TOLD)
            paragraph_say(p, ", when %s was its busiest vertex (%s in the busiest subtask)",
                          effect->busiest.name, busy);
        paragraph_say(p, ". ");
    }
    if (told > JOBS_TOLD)
        paragraph_say(p, "So did that of %zu more. ", told - JOBS_TOLD);
    return told;
}

/* Outages. */

/* What was going on with a job then, or began at once when the chapter had ended. A fault that one
 * of these begins with is no chapter. */
static const char *state_word(const struct chapter *chapter, const struct chapter *other)
{
    bool is_later = other->from >= chapter->from;
    if (other->from > chapter->to)
        return other->kind == CHAPTER_INCIDENT ? "went down as that ended" : NULL;
    switch (other->kind) {
    case CHAPTER_START: return is_later ? "was submitted meanwhile" : "was starting then";
    case CHAPTER_INCIDENT: return is_later ? "went down meanwhile" : "was down then";
    case CHAPTER_RESCALE: return is_later ? "was rescaled meanwhile" : "was being rescaled then";
    case CHAPTER_END:
    case CHAPTER_CHECKPOINTS:
    case CHAPTER_EXIT:
    case CHAPTER_FAULT:
    case CHAPTER_COMMAND:
    case CHAPTER_KIND_COUNT: break;
    }
    return NULL;
}

/* Not over by then; what happens after its job FAILED is nothing to a job. */
static bool going_on(const struct paragraph *p, const struct chapter *other)
{
    time_ns over = other->is_dead ? p->narrative->log->entries.items[other->last].at : other->to;
    return over >= p->chapter->from;
}

static size_t tell_outages(struct paragraph *p)
{
    const struct chapter *chapter = p->chapter;
    time_ns until = chapter->to > chapter->from ? chapter->to + AT_ONCE : chapter->to;
    size_t told = 0;
    char at[NUMBER_TEXT_SIZE];
    for (VEC_EACH(const struct chapter, other, &p->narrative->chapters)) {
        if (other->from > until)
            break;
        bool is_later = other->from >= chapter->from;
        const char *word = going_on(p, other) ? state_word(chapter, other) : NULL;
        if (!word || told++ >= JOBS_TOLD)
            continue;
        paragraph_say(p, "%s %s", other->job, word);
        if (is_later)
            paragraph_say(p, ", at %s", paragraph_moment(p, other->from, at));
        paragraph_say(p, ". ");
    }
    if (told > JOBS_TOLD)
        paragraph_say(p, "That holds %zu time%s more. ", told - JOBS_TOLD,
                      told - JOBS_TOLD == 1 ? "" : "s");
    return told;
}

void effects_tell_ended(struct paragraph *p)
{
    size_t told = 0;
    for (VEC_EACH(const struct chapter, other, &p->narrative->chapters)) {
        bool is_one = other->is_dead && !going_on(p, other) && other->to >= p->chapter->from;
        if (is_one && told++ < JOBS_TOLD)
            paragraph_say(p, "%s had ended by then, as FAILED. ", other->job);
    }
    if (told > JOBS_TOLD)
        paragraph_say(p, "So had %zu more. ", told - JOBS_TOLD);
}

/* Tasks. */

/* May the failure be of the chapter's fault, by the processes that it names? */
static bool may_be_by(const struct paragraph *p, const struct log_entry *failed)
{
    const char *node = p->chapter->node;
    bool names_it = (failed->peer && text_equal(failed->peer, node)) ||
                    (failed->remote && text_equal(failed->remote, node));
    return run_log_fits(failed, "execution * -> FAILED") &&
           (names_it || text_equal(node, "jobmanager") ||
            text_equal(entry_at(p, p->chapter->first)->machine, "storage"));
}

/* The first task that failed by it; SIZE_MAX: none did, as far as the log says. */
static size_t first_failed(const struct paragraph *p)
{
    const struct run_log *log = p->narrative->log;
    for (size_t i = p->chapter->first; i < log->entries.count; i++) {
        if (entry_at(p, i)->at > p->chapter->to + FAILED_WITHIN)
            break;
        if (may_be_by(p, entry_at(p, i)) && paragraph_leads_to(p, i, p->chapter->first))
            return i;
    }
    return SIZE_MAX;
}

/* `idle`: "it", or "any of them", which ended without a task of its own; null: it may have had one,
 * or has not ended. */
static size_t tell_failed(struct paragraph *p, const char *idle)
{
    size_t place = first_failed(p);
    char after[NUMBER_TEXT_SIZE];
    if (place == SIZE_MAX)
        return 0;
    const struct log_entry *failed = entry_at(p, place);
    if (idle)
        paragraph_say(p, "No task ran on %s, but ", idle);
    paragraph_say(p, "%s later ", paragraph_length(failed->at - p->chapter->from, after));
    if (failed->job)
        paragraph_say(p, "a task of %s failed by that: ", failed->job);
    paragraph_say_failed(p, place, false);
    paragraph_say(p, ". ");
    return 1;
}

/* Checkpoints. */

struct checkpoints_seen {
    const char *job;
    size_t failed;
    const char *reason; /* of the first */
    time_ns most;       /* of those that completed meanwhile */
    time_ns before;     /* of the last few before */
    size_t compared;
};

struct checkpoint_looks {
    VEC(struct checkpoints_seen) jobs;
};

static struct checkpoints_seen *seen_of(struct checkpoint_looks *looks, const char *job)
{
    for (VEC_EACH(struct checkpoints_seen, seen, &looks->jobs))
        if (seen->job == job)
            return seen;
    vec_push(&looks->jobs, (struct checkpoints_seen){ .job = job });
    return &vec_last(&looks->jobs);
}

/* Those that were under way meanwhile. */
static void look_during(const struct narrative *narrative, const struct chapter *chapter,
                        struct checkpoint_looks *looks)
{
    const struct log_entry *entries = narrative->log->entries.items;
    for (size_t i = chapter->first; i < narrative->log->entries.count; i++) {
        const struct log_entry *entry = &entries[i];
        if (entry->at > chapter->to + CHECKPOINT_MAX)
            break;
        if (!entry->job || !text_equal(entry->machine, "checkpoint") || entry->value < 0 ||
            entry->at - entry->value > chapter->to)
            continue;
        if (text_equal(entry->what, "failed")) {
            struct checkpoints_seen *seen = seen_of(looks, entry->job);
            seen->reason = seen->failed++ == 0 ? entry->reason : seen->reason;
        } else if (text_equal(entry->what, "completed")) {
            struct checkpoints_seen *seen = seen_of(looks, entry->job);
            seen->most = entry->value > seen->most ? entry->value : seen->most;
        }
    }
}

static void look_before(const struct narrative *narrative, const struct chapter *chapter,
                        struct checkpoint_looks *looks)
{
    size_t missing = looks->jobs.count;
    for (size_t i = chapter->first; i-- > 0 && missing > 0;) {
        const struct log_entry *entry = &narrative->log->entries.items[i];
        if (!entry->job || !run_log_fits(entry, "checkpoint completed"))
            continue;
        for (VEC_EACH(struct checkpoints_seen, seen, &looks->jobs)) {
            if (seen->job != entry->job || seen->compared == COMPARED)
                continue;
            seen->before = entry->value > seen->before ? entry->value : seen->before;
            missing -= ++seen->compared == COMPARED;
        }
    }
}

static bool is_slower(const struct checkpoints_seen *seen)
{
    return seen->compared > 0 && seen->most >= SLOWER_TIMES * seen->before &&
           seen->most - seen->before >= SLOWER_BY;
}

static void tell_one(struct paragraph *p, const struct checkpoints_seen *seen)
{
    char most[NUMBER_TEXT_SIZE], before[NUMBER_TEXT_SIZE];
    if (seen->failed > 0)
        paragraph_say(p, "%zu checkpoint%s of %s failed (%s%s). ", seen->failed,
                      seen->failed == 1 ? "" : "s", seen->job,
                      seen->failed == 1 ? "" : "the first: ",
                      seen->reason ? seen->reason : "no reason given");
    if (is_slower(seen) && seen->compared > 1)
        paragraph_say(p, "Checkpoints of %s took up to %s, the %zu before at most %s. ", seen->job,
                      paragraph_length(seen->most, most), seen->compared,
                      paragraph_length(seen->before, before));
    else if (is_slower(seen))
        paragraph_say(p, "Checkpoints of %s took up to %s, the one before %s. ", seen->job,
                      paragraph_length(seen->most, most), paragraph_length(seen->before, before));
}

static size_t tell_checkpoints(struct paragraph *p)
{
    struct checkpoint_looks looks = { 0 };
    size_t told = 0;
    look_during(p->narrative, p->chapter, &looks);
    look_before(p->narrative, p->chapter, &looks);
    for (VEC_EACH(const struct checkpoints_seen, seen, &looks.jobs)) {
        if (seen->failed == 0 && !is_slower(seen))
            continue;
        if (told++ < JOBS_TOLD)
            tell_one(p, seen);
    }
    if (told > JOBS_TOLD)
        paragraph_say(p, "So it was with checkpoints of %zu more. ", told - JOBS_TOLD);
    vec_fini(&looks.jobs);
    return told;
}

enum fault_effect effects_tell(struct paragraph *p, const char *idle)
{
    size_t told = tell_outages(p), failed = tell_failed(p, told > 0 ? NULL : idle);
    bool is_instant = p->chapter->to == p->chapter->from; /* nothing else can come with it */
    if (is_instant && failed == 0)
        return told > 0 ? FAULT_EFFECT_MEANWHILE : FAULT_EFFECT_NONE;
    if (is_instant)
        return FAULT_EFFECT_OWN;
    told += failed + tell_checkpoints(p);
    told += tell_lag(p);
    return told > 0 ? FAULT_EFFECT_OWN : FAULT_EFFECT_NONE;
}

enum fault_effect effects_of(const struct narrative *narrative, const struct chapter *chapter)
{
    struct paragraph p = { .narrative = narrative, .chapter = chapter };
    return effects_tell(&p, NULL);
}
