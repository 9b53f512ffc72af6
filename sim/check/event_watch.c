/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching each line against the patterns of all expectations; few patterns, many lines.
 */
#include "sim/check/event_watch.h"

#include "core/base/text.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/load/event_pattern.h"

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
}

static void take(struct event_watch *watch, time_ns at, const char *machine, const char *what,
                 const char *from, const char *to)
{
    for (size_t i = 0; i < watch->times.count; i++) {
        const struct expectation *expectation = &watch->scenario->expect.items[i];
        struct event_times *times = &watch->times.items[i];
        if (expectation->kind != EXPECT_EVENT)
            continue;
        if (expectation->after &&
            event_pattern_matches(expectation->after, machine, what, from, to))
            vec_push(&times->after, at);
        if (event_pattern_matches(expectation->subject, machine, what, from, to))
            vec_push(&times->event, at);
    }
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

void event_watch_answer(struct event_watch *watch, time_ns at, const struct effect_answer *answer)
{
    char what[64];
    text_format(what, sizeof what, "%s %s", client_request_names[answer->request],
                err_is(answer->result) ? "refused" : "done");
    take(watch, at, "client", what, NULL, NULL);
}
