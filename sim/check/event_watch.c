/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching each line against the patterns of all expectations; few patterns, many lines.
 */
#include "sim/check/event_watch.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/load/event_pattern.h"
#include "sim/load/event_words.h"
#include "sim/report/number_text.h"

enum { REFUSALS_MAX = 20 };

void event_watch_init(struct event_watch *watch, const struct scenario *scenario)
{
    *watch = (struct event_watch){ .scenario = scenario };
    vec_resize(&watch->times, scenario->expect.count);
}

void event_watch_fini(struct event_watch *watch)
{
    for (VEC_EACH(struct event_times, times, &watch->times)) {
        vec_fini(&times->event);
        vec_fini(&times->after);
    }
    vec_fini(&watch->times);
    vec_fini(&watch->refused);
}

/* Does some expectation speak of it? */
static bool take(struct event_watch *watch, time_ns at, const char *machine, const char *what,
                 const char *from, const char *to)
{
    bool spoken_of = false;
    for (size_t i = 0; i < watch->times.count; i++) {
        const struct expectation *expectation = &watch->scenario->expect.items[i];
        struct event_times *times = &watch->times.items[i];
        if (expectation->kind != EXPECT_EVENT)
            continue;
        if (expectation->after &&
            event_pattern_matches(expectation->after, machine, what, from, to))
            vec_push(&times->after, at);
        if (!event_pattern_matches(expectation->subject, machine, what, from, to))
            continue;
        vec_push(&times->event, at);
        spoken_of = true;
    }
    return spoken_of;
}

void event_watch_line(struct event_watch *watch, time_ns at, const struct log_line *line)
{
    if (line->level == LOG_DECISION)
        take(watch, at, line->machine, line->what, line->from, line->to);
}

void event_watch_fact(struct event_watch *watch, time_ns at, const char *word)
{
    take(watch, at, virtual_cluster_fact_machine(word), word, NULL, NULL);
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
    if (!take(watch, at, "client", what, NULL, NULL) && refused)
        note_refusal(watch, at, what, answer);
}
