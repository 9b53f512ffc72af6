/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching each line against the patterns of all expectations; few patterns, many lines.
 */
#include "sim/check/event_watch.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/load/event_pattern.h"
#include "sim/load/event_words.h"
#include "sim/report/number_text.h"

enum { REFUSALS_MAX = 20, NO_ACT = INDEX_NONE - 1 };

/* Labels that the user gave may be alike for several jobs: then none is meant. */
static void note_acts(struct event_watch *watch)
{
    const struct scenario *scenario = watch->scenario;
    for (uint32_t i = 0; i < scenario->events.count; i++) {
        const struct scripted_event *event = &scenario->events.items[i];
        uint64_t key = hash_add_text(0, event->label);
        uint32_t other = index_map_get(&watch->acts, key), act = i;
        if (event->kind != ACTION_FAIL_TASK && event->kind < ACTION_CANCEL)
            act = NO_ACT;
        else if (other != INDEX_NONE &&
                 (other == NO_ACT || !job_id_equal(scenario->events.items[other].job, event->job)))
            act = NO_ACT;
        index_map_put(&watch->acts, key, act);
    }
}

void event_watch_init(struct event_watch *watch, const struct scenario *scenario)
{
    *watch = (struct event_watch){ .scenario = scenario };
    vec_resize(&watch->times, scenario->expect.count);
    for (size_t j = 0; j < scenario->jobs.count; j++)
        vec_push(&watch->spans, (struct job_span){ TIME_NEVER, TIME_NEVER });
    note_acts(watch);
}

void event_watch_fini(struct event_watch *watch)
{
    for (VEC_EACH(struct event_times, times, &watch->times)) {
        vec_fini(&times->event);
        vec_fini(&times->after);
    }
    vec_fini(&watch->times);
    vec_fini(&watch->spans);
    vec_fini(&watch->refused);
    index_map_fini(&watch->acts);
}

/* What may stand for an event of the job that the expectation names. */
static bool is_of(const struct expectation *expectation, struct job_id job)
{
    return job_id_is_none(expectation->job) || job_id_equal(expectation->job, job);
}

/* Does some expectation speak of it? */
static bool take(struct event_watch *watch, struct event_moment moment, const char *machine,
                 const char *what, const char *from, const char *to)
{
    bool spoken_of = false;
    for (size_t i = 0; i < watch->times.count; i++) {
        const struct expectation *expectation = &watch->scenario->expect.items[i];
        struct event_times *times = &watch->times.items[i];
        if (expectation->kind != EXPECT_EVENT)
            continue;
        if (expectation->after && (job_id_is_none(moment.job) || is_of(expectation, moment.job)) &&
            event_pattern_matches(expectation->after, machine, what, from, to))
            vec_push(&times->after, moment);
        if (!is_of(expectation, moment.job) ||
            !event_pattern_matches(expectation->subject, machine, what, from, to))
            continue;
        vec_push(&times->event, moment);
        spoken_of = true;
    }
    return spoken_of;
}

static void note_span(struct job_span *span, time_ns at, const struct log_line *line)
{
    if (span->ran == TIME_NEVER && text_equal(line->what, "all tasks RUNNING"))
        span->ran = at;
    else if (text_equal(line->what, "job ended"))
        span->ended = at;
}

void event_watch_line(struct event_watch *watch, time_ns at, const struct log_line *line,
                      bool is_so)
{
    struct event_moment moment = { at, job_id_none() };
    if (line->level != LOG_DECISION || !is_so)
        return;
    if ((line->subject & LOG_OF_JOB) && event_words_is_of_job(line->machine))
        moment.job = line->job;
    if (!job_id_is_none(moment.job))
        note_span(&watch->spans.items[moment.job.n], at, line);
    take(watch, moment, line->machine, line->what, line->from, line->to);
}

/* None: it aims at no job, or nobody can tell at which. */
static struct job_id job_of_act(const struct event_watch *watch, const char *label)
{
    uint32_t act =
        label ? index_map_get(&watch->acts, hash_add_text(0, label)) : (uint32_t)INDEX_NONE;
    bool is_known = act != INDEX_NONE && act != NO_ACT &&
                    text_equal(watch->scenario->events.items[act].label, label);
    return is_known ? watch->scenario->events.items[act].job : job_id_none();
}

void event_watch_fact(struct event_watch *watch, time_ns at, const char *word, const char *reason)
{
    const char *machine = virtual_cluster_fact_machine(word);
    struct event_moment moment = { at, job_id_none() };
    if (text_equal(machine, "script") && !text_equal(word, "missed"))
        moment.job = job_of_act(watch, reason);
    take(watch, moment, machine, word, NULL, NULL);
}

static void note_refusal(struct event_watch *watch, time_ns at, const char *what,
                         const struct effect_answer *answer)
{
    struct check_result result = { .measured = "refused", .wanted = "done" };
    char moment[NUMBER_TEXT_SIZE];
    number_text_moment(at, watch->scenario->duration, moment);
    text_format(result.name, sizeof result.name, "%.*s", (int)strcspn(what, " "), what);
    text_format(result.detail, sizeof result.detail, "at %s: %s", moment,
                answer->text ? answer->text : "for no reason given");
    if (watch->refused.count < REFUSALS_MAX)
        vec_push(&watch->refused, result);
}

void event_watch_answer(struct event_watch *watch, time_ns at, const struct effect_answer *answer)
{
    char what[EVENT_ANSWER_SIZE];
    bool refused = err_is(answer->result);
    event_words_answer(answer->request, refused, what);
    if (!take(watch, (struct event_moment){ at, answer->job }, "client", what, NULL, NULL) &&
        refused)
        note_refusal(watch, at, what, answer);
}

bool event_watch_ran(const struct event_watch *watch, struct job_id job, time_ns at)
{
    const struct job_span *span = &watch->spans.items[job.n];
    return span->ran <= at && at <= span->ended;
}

bool event_watch_ever_ran(const struct event_watch *watch, struct job_id job)
{
    return watch->spans.items[job.n].ran != TIME_NEVER;
}

bool event_watch_had_ended(const struct event_watch *watch, struct job_id job, time_ns at)
{
    return watch->spans.items[job.n].ended < at;
}

size_t event_moments_first(const struct event_moment *moments, size_t count, time_ns from)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments[middle].at < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
