/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame of the checkers: feeds them, keeps their first complaint, joins them to invariants.
 */
#include "sim/check/checker.h"

#include "core/base/text.h"
#include "sim/report/number_text.h"

enum { THOROUGH_MAX = 500 }; /* per run, roughly */

#define X(name) &checker_##name,
static const struct checker_row *const rows[] = { CHECKERS(X) };
#undef X

void checkers_init(struct checkers *checkers, const struct run_look *look,
                   const struct recorder *recorder)
{
    *checkers = (struct checkers){ .thorough_every = look->scenario->duration / THOROUGH_MAX };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        vec_push(&checkers->list,
                 (struct checker){ .row = rows[i],
                                   .look = look,
                                   .recorder = recorder,
                                   .own = rows[i]->create ? rows[i]->create(look) : NULL,
                                   .first_at = TIME_NEVER });
}

void checkers_fini(struct checkers *checkers)
{
    for (VEC_EACH(struct checker, checker, &checkers->list))
        if (checker->row->destroy)
            checker->row->destroy(checker->own);
    vec_fini(&checkers->list);
}

void checkers_line(struct checkers *checkers, time_ns at, struct node_id node,
                   const struct log_line *line)
{
    for (VEC_EACH(struct checker, checker, &checkers->list))
        if (checker->row->line)
            checker->row->line(checker, at, node, line);
}

static void note_freeze(struct checker *checker, time_ns at, const char *word)
{
    if (text_equal(word, "frozen"))
        checker->awake_at = TIME_NEVER;
    else if (text_equal(word, "resumed"))
        checker->awake_at = at;
}

void checkers_fact(struct checkers *checkers, time_ns at, struct node_id node, const char *word)
{
    const struct node_id manager = { 0 };
    for (VEC_EACH(struct checker, checker, &checkers->list)) {
        if (node_id_equal(node, manager))
            note_freeze(checker, at, word);
        if (checker->row->fact)
            checker->row->fact(checker, at, node, word);
    }
}

void checkers_sample(struct checkers *checkers, time_ns at, bool last)
{
    bool thorough = last || at >= checkers->thorough_at;
    if (thorough)
        checkers->thorough_at = at + checkers->thorough_every;
    for (VEC_EACH(struct checker, checker, &checkers->list)) {
        if (checker->row->sample)
            checker->row->sample(checker, at);
        if (thorough && checker->row->thorough)
            checker->row->thorough(checker, at);
    }
}

/* The checker of the invariant that complained first; null: it held. */
static const struct checker *first_complaint(const struct checkers *checkers, const char *invariant)
{
    const struct checker *found = NULL;
    for (VEC_EACH(const struct checker, checker, &checkers->list))
        if (text_equal(checker->row->invariant, invariant) && checker->violations > 0 &&
            (!found || checker->first_at < found->first_at))
            found = checker;
    return found;
}

void checkers_judge(const struct checkers *checkers, const char *invariant,
                    struct check_result *out)
{
    const struct checker *first = first_complaint(checkers, invariant);
    out->held = first == NULL;
    text_format(out->wanted, sizeof out->wanted, "always");
    text_format(out->measured, sizeof out->measured, out->held ? "always" : "violated");
    out->detail[0] = '\0';
    if (!first)
        return;
    const struct run_look *look = first->look;
    char at[NUMBER_TEXT_SIZE];
    number_text_moment(first->first_at, look->scenario->duration, at);
    text_format(out->measured, sizeof out->measured, "violated %llu time%s",
                (unsigned long long)first->violations, first->violations == 1 ? "" : "s");
    text_format(out->detail, sizeof out->detail, "%s: %s: %s", at, first->row->name, first->first);
}

void checker_complain(struct checker *checker, time_ns at, const char *fmt, ...)
{
    va_list args;
    if (checker->violations++ > 0)
        return;
    checker->first_at = at;
    va_start(args, fmt);
    text_format_args(checker->first, sizeof checker->first, fmt, args);
    va_end(args);
}

time_ns checker_patience(const struct run_look *look)
{
    const struct config *config = &look->scenario->config;
    time_ns monitor = time_add(config->heartbeat_timeout, 2 * config->heartbeat_interval);
    return time_add(time_add(monitor, monitor), config->ask_timeout + 10 * TIME_S);
}

bool checker_is_overdue(const struct checker *checker, time_ns at, time_ns since)
{
    time_ns from = since > checker->awake_at ? since : checker->awake_at;
    return from <= at && at - from > checker_patience(checker->look);
}

const char *checker_job_name(const struct checker *checker, struct job_id job)
{
    const struct scenario *scenario = checker->look->scenario;
    return job.n < scenario->jobs.count ? scenario->jobs.items[job.n].name : "?";
}
