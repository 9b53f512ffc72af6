/* SPDX-License-Identifier: Apache-2.0
 *
 * Moves as the log tells them, against tables written down a second time from Flink's documentation
 * and classes, not shared with the machines; each move begins where the last one ended. Processes
 * have a life as well: nothing happens to one before it was added or after it ended.
 */
#include <string.h>

#include "core/base/text.h"
#include "sim/check/checker.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/load/event_words.h"

/* "A" may go to each word of "B C". */
struct move_row {
    const char *machine, *from, *to;
};

static const struct move_row move_rows[] = {
    /* JobStatus */
    { "job", "INITIALIZING", "CREATED FAILED SUSPENDED" },
    { "job", "CREATED", "RUNNING FAILING FAILED CANCELLING SUSPENDED" },
    { "job", "RUNNING", "FAILING CANCELLING FINISHED RESTARTING SUSPENDED" },
    { "job", "RESTARTING", "RUNNING CREATED FAILING CANCELLING SUSPENDED" },
    { "job", "FAILING", "FAILED CANCELLING SUSPENDED" },
    { "job", "CANCELLING", "CANCELED FAILED SUSPENDED" },
    /* AdaptiveScheduler's State classes */
    { "scheduler", "Created", "WaitingForResources Finished" },
    { "scheduler", "WaitingForResources", "CreatingExecutionGraph Finished" },
    { "scheduler", "CreatingExecutionGraph", "Executing WaitingForResources Finished" },
    { "scheduler", "Executing", "Restarting Canceling Failing StopWithSavepoint Finished" },
    { "scheduler", "Restarting", "WaitingForResources CreatingExecutionGraph Canceling Finished" },
    { "scheduler", "StopWithSavepoint", "Executing Restarting Canceling Failing Finished" },
    { "scheduler", "Canceling", "Finished" },
    { "scheduler", "Failing", "Canceling Finished" },
    /* DefaultStateTransitionManager's phases */
    { "transition manager", "Cooldown", "Idling Stabilizing" },
    { "transition manager", "Idling", "Stabilizing" },
    { "transition manager", "Stabilizing", "Idling Stabilized Transitioning" },
    { "transition manager", "Stabilized", "Idling Transitioning" },
    /* ExecutionState; what ends before it runs skips states */
    { "execution", "CREATED", "SCHEDULED CANCELED FAILED" },
    { "execution", "SCHEDULED", "DEPLOYING CANCELED FAILED" },
    { "execution", "DEPLOYING", "INITIALIZING RUNNING FINISHED CANCELING CANCELED FAILED" },
    { "execution", "INITIALIZING", "RUNNING FINISHED CANCELING CANCELED FAILED" },
    { "execution", "RUNNING", "FINISHED CANCELING CANCELED FAILED" },
    { "execution", "CANCELING", "CANCELED FAILED" },
};

/* Where a machine of a job has been left: machines without a row of their own here are only
 * checked move by move. `fresh` is where a new one begins; a new one comes without a line. */
static const struct followed_row {
    const char *machine, *fresh;
} followed_rows[] = {
    { "job", "CREATED" },
    { "scheduler", "Created" },
    { "transition manager", "Cooldown" },
};

enum { FOLLOWED = sizeof followed_rows / sizeof *followed_rows };

enum process_life { LIFE_NONE, LIFE_ADDED, LIFE_ENDED };

struct move_history {
    VEC(const char *) last; /* job by job, each followed machine; null: no move yet */
    VEC(uint8_t) lives;     /* enum process_life, by node */
};

static void *history_create(const struct run_look *look)
{
    struct move_history *history = mem_create(sizeof *history);
    vec_resize(&history->last, look->scenario->jobs.count * FOLLOWED);
    return history;
}

static void history_destroy(void *own)
{
    struct move_history *history = own;
    vec_fini(&history->last);
    vec_fini(&history->lives);
    mem_destroy(history);
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += length)
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
            return true;
    return false;
}

static bool is_legal(const struct log_line *line)
{
    bool is_known = false;
    for (size_t i = 0; i < sizeof move_rows / sizeof *move_rows; i++) {
        const struct move_row *row = &move_rows[i];
        if (!text_equal(row->machine, line->machine))
            continue;
        is_known = true;
        if (text_equal(row->from, line->from))
            return has_word(row->to, line->to);
    }
    return !is_known;
}

static void follow(struct checker *checker, time_ns at, const struct log_line *line)
{
    struct move_history *history = checker->own;
    for (size_t i = 0; i < FOLLOWED; i++) {
        if (!text_equal(followed_rows[i].machine, line->machine))
            continue;
        const char **last = &history->last.items[line->job.n * FOLLOWED + i];
        bool is_fresh = text_equal(line->from, followed_rows[i].fresh);
        if (*last && !text_equal(*last, line->from) && !is_fresh)
            checker_complain(checker, at, "%s of %s moves from %s but was left at %s",
                             line->machine, checker_job_name(checker, line->job), line->from,
                             *last);
        *last = line->to;
        return;
    }
}

/* Patterns of scenarios are held against the list of facts, so nothing may say another. */
static void check_fact_known(struct checker *checker, time_ns at, const char *machine,
                             const char *what)
{
    if (!event_words_has_fact(machine, what))
        checker_complain(checker, at, "%s says '%s', which is not in the list of facts", machine,
                         what);
}

static void on_line(struct checker *checker, time_ns at, struct node_id node,
                    const struct log_line *line)
{
    (void)node;
    if (!line->from) {
        check_fact_known(checker, at, line->machine, line->what);
        return;
    }
    if (!is_legal(line))
        checker_complain(checker, at, "%s moves from %s to %s", line->machine, line->from,
                         line->to);
    if (line->subject & LOG_OF_JOB && line->job.n < checker->look->scenario->jobs.count)
        follow(checker, at, line);
}

static void on_fact(struct checker *checker, time_ns at, struct node_id node, const char *word)
{
    struct move_history *history = checker->own;
    const char *machine = virtual_cluster_fact_machine(word);
    check_fact_known(checker, at, machine, word);
    if (node_id_is_none(node) || text_equal(machine, "script"))
        return;
    if (node.n >= history->lives.count)
        vec_resize(&history->lives, (size_t)node.n + 1);
    uint8_t *life = &history->lives.items[node.n];
    bool is_added = text_equal(word, "added");
    if (is_added != (*life == LIFE_NONE) || *life == LIFE_ENDED)
        checker_complain(checker, at, "process %u: '%s' %s", node.n, word,
                         *life == LIFE_ENDED ? "after its end" : "out of turn");
    if (is_added)
        *life = LIFE_ADDED;
    else if (text_equal(word, "killed") || text_equal(word, "exited") ||
             text_equal(word, "stopped"))
        *life = LIFE_ENDED;
}

const struct checker_row checker_moves = {
    .name = "moves",
    .invariant = "legal-moves",
    .create = history_create,
    .destroy = history_destroy,
    .line = on_line,
    .fact = on_fact,
};
