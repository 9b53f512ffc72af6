/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters of checkpoints that failed in a row: which, why, and how old the newest one to go back
 * to became meanwhile. In: the log. Invariant: between `from` and `to` of such a chapter no
 * checkpoint of the job completed. Savepoints are left out: a restart never goes back to one, and a
 * client hears how it went.
 */
#include <inttypes.h>

#include "core/base/text.h"
#include "core/checkpoint/pending_checkpoint.h"
#include "sim/cli/narrative_parts.h"
#include "sim/cli/terminal.h"
#include "sim/report/causes.h"

/* Lag within a sample or two says nothing about checkpoints. */
#define LAG_TOLD_S 10.0

/* Why one of a row failed is why the others did, mostly. */
enum { FAILURES_LOOKED_AT = 2 };

/* The checkpoints of a job while the log is read. */
struct row_of_failures {
    const char *job;
    VEC(int64_t) savepoints; /* triggered and not ended */
    int64_t stop;            /* the last of them that is to stop the job */
    bool is_stopping;        /* that one completed, and tasks end */
    size_t before;           /* the last one that completed; SIZE_MAX */
    size_t first, last;      /* failures since; SIZE_MAX: none */
    bool is_told;            /* they are not just what a restart or the job's end ended */
    size_t outage;           /* chapters up to it were over when the last row of them began */
};

struct rows_of_failures {
    VEC(struct row_of_failures) jobs;
    size_t outages; /* chapters there are without these, in order of time */
};

static struct row_of_failures *row_of(struct rows_of_failures *rows, const char *job)
{
    for (VEC_EACH(struct row_of_failures, row, &rows->jobs))
        if (row->job == job)
            return row;
    vec_push(&rows->jobs,
             (struct row_of_failures){
                 .job = job, .before = SIZE_MAX, .first = SIZE_MAX, .last = SIZE_MAX });
    return &vec_last(&rows->jobs);
}

/* Failures that an outage or the job's end brings with it, and their chapters tell. */
static bool comes_with_end(const struct log_entry *failed)
{
    static const enum checkpoint_failure ends[] = {
        CHECKPOINT_FAILURE_TASK_FAILURE, CHECKPOINT_FAILURE_FAILOVER_REGION,
        CHECKPOINT_FAILURE_SUSPENDED, CHECKPOINT_FAILURE_SHUTDOWN, CHECKPOINT_FAILURE_JOB_FAILURE
    };
    for (size_t i = 0; failed->reason && i < sizeof ends / sizeof *ends; i++)
        if (text_equal(failed->reason, checkpoint_failure_text(ends[i])))
            return true;
    return false;
}

/* All failures are of one outage, whose chapter tells what the job went back to. */
static bool is_of_outage(const struct narrative *narrative, struct row_of_failures *row,
                         size_t outages)
{
    const struct log_entry *entries = narrative->log->entries.items;
    time_ns first = entries[row->first].at, last = entries[row->last].at;
    for (; row->outage < outages; row->outage++) {
        const struct chapter *chapter = &narrative->chapters.items[row->outage];
        bool is_own = chapter->job == row->job &&
                      (chapter->kind == CHAPTER_INCIDENT || chapter->kind == CHAPTER_RESCALE);
        if (is_own && chapter->to + SAME(chapter->to) >= first)
            return chapter->from - SAME(chapter->from) <= first &&
                   last <= chapter->to + SAME(chapter->to);
    }
    return false;
}

static void close_row(struct narrative *narrative, struct row_of_failures *row, size_t outages,
                      size_t after, time_ns to)
{
    const struct log_entry *entries = narrative->log->entries.items;
    if (row->first != SIZE_MAX && row->is_told && !is_of_outage(narrative, row, outages)) {
        const struct log_entry *first = &entries[row->first];
        time_ns from = first->at - (first->value > 0 ? first->value : 0);
        vec_push(&narrative->chapters, (struct chapter){ .kind = CHAPTER_CHECKPOINTS,
                                                         .job = row->job,
                                                         .cause = row->first,
                                                         .script = SIZE_MAX,
                                                         .first = row->first,
                                                         .last = row->last,
                                                         .is_over = after != SIZE_MAX,
                                                         .before = row->before,
                                                         .after = after,
                                                         .fault_at = from,
                                                         .from = from,
                                                         .to = to });
    }
    row->first = row->last = SIZE_MAX;
    row->is_told = false;
}

static bool is_stop(const char *savepoint)
{
    return text_equal(savepoint, checkpoint_kind_names[CHECKPOINT_STOP_SUSPEND]) ||
           text_equal(savepoint, checkpoint_kind_names[CHECKPOINT_STOP_DRAIN]);
}

static bool ends_savepoint(struct row_of_failures *row, int64_t id)
{
    for (size_t i = 0; i < row->savepoints.count; i++)
        if (row->savepoints.items[i] == id) {
            vec_remove_swap(&row->savepoints, i);
            return true;
        }
    return false;
}

/* One that fails because a newer one has completed, or its job stops, leaves no gap. */
static void take_failure(struct narrative *narrative, struct row_of_failures *row, size_t place)
{
    const struct log_entry *entries = narrative->log->entries.items, *entry = &entries[place];
    if (entry->reason &&
        text_equal(entry->reason, checkpoint_failure_text(CHECKPOINT_FAILURE_SUBSUMED)))
        return;
    if (row->is_stopping)
        return;
    if (row->first == SIZE_MAX)
        row->first = place;
    row->is_told |= !comes_with_end(entry) || entry->at > entries[row->first].at;
    row->last = place;
}

static void take_line(struct narrative *narrative, struct rows_of_failures *rows, size_t place)
{
    const struct log_entry *entry = &narrative->log->entries.items[place];
    bool completed = run_log_fits(entry, "checkpoint completed");
    if (run_log_fits(entry, "dispatcher job ended")) {
        close_row(narrative, row_of(rows, entry->job), rows->outages, place, entry->at);
        return;
    }
    if (!text_equal(entry->machine, "checkpoint"))
        return;
    struct row_of_failures *row = row_of(rows, entry->job);
    if (run_log_fits(entry, "checkpoint starting*")) {
        row->is_stopping = false; /* tasks run anew */
    } else if (entry->reason &&
               text_equal(entry->what, "triggered")) { /* which it is, of savepoints */
        vec_push(&row->savepoints, entry->checkpoint);
        row->stop = is_stop(entry->reason) ? entry->checkpoint : row->stop;
    } else if (completed && ends_savepoint(row, entry->checkpoint)) {
        row->is_stopping |= entry->checkpoint == row->stop;
    } else if (completed) {
        close_row(narrative, row, rows->outages, place, entry->at);
        row->before = place;
    } else if (text_equal(entry->what, "failed") && !ends_savepoint(row, entry->checkpoint)) {
        take_failure(narrative, row, place);
    }
}

void narrative_add_checkpoints(struct narrative *narrative)
{
    struct rows_of_failures rows = { .outages = narrative->chapters.count };
    for (size_t i = 0; i < narrative->log->entries.count; i++)
        if (narrative->log->entries.items[i].job)
            take_line(narrative, &rows, i);
    for (VEC_EACH(struct row_of_failures, row, &rows.jobs)) {
        close_row(narrative, row, rows.outages, SIZE_MAX, narrative->duration);
        vec_fini(&row->savepoints);
    }
    vec_fini(&rows.jobs);
}

/* Why they failed. Texts of a log are kept once each. */

struct reason {
    const char *text;
    size_t count;
};

struct reasons {
    VEC(struct reason) list;
    size_t count;
};

static void reasons_add(struct reasons *reasons, const char *text)
{
    reasons->count++;
    for (VEC_EACH(struct reason, reason, &reasons->list))
        if (reason->text == text) {
            reason->count++;
            return;
        }
    vec_push(&reasons->list, (struct reason){ text, 1 });
}

/* "Checkpoint expired before completing: 30, Checkpoint was declined: 2" */
static void reasons_put(const struct reasons *reasons, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (VEC_EACH(const struct reason, reason, &reasons->list))
        at += text_format(out + at, size - at, "%s%s: %zu", at ? ", " : "",
                          reason->text ? reason->text : "no reason given", reason->count);
}

void narrative_sum_up_checkpoints(const struct narrative *narrative, FILE *file)
{
    struct reasons reasons = { 0 };
    size_t completed = 0;
    char text[PARAGRAPH_SIZE], line[PARAGRAPH_SIZE];
    for (VEC_EACH(const struct log_entry, entry, &narrative->log->entries)) {
        completed += run_log_fits(entry, "checkpoint completed");
        if (run_log_fits(entry, "checkpoint failed"))
            reasons_add(&reasons, entry->reason);
    }
    reasons_put(&reasons, text, sizeof text);
    text_format(line, sizeof line, "%zu checkpoint%s completed, %zu failed%s%s%s.", completed,
                completed == 1 ? "" : "s", reasons.count, reasons.count ? " (" : "", text,
                reasons.count ? ")" : "");
    terminal_put_wrapped(line, "", file);
    vec_fini(&reasons.list);
}

/* Sentences. */

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

/* The chapter's failures are all between two that completed, but for savepoints' and those that
 * were subsumed. */
static void tell_failures(struct paragraph *p)
{
    const struct log_entry *first = entry_at(p, p->chapter->first), *each;
    struct reasons reasons = { 0 };
    char text[PARAGRAPH_SIZE], from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE];
    for (size_t i = p->chapter->first; i <= p->chapter->last; i++)
        if ((each = entry_at(p, i))->job == p->chapter->job &&
            run_log_fits(each, "checkpoint failed"))
            reasons_add(&reasons, each->reason);
    if (reasons.count == 1) {
        paragraph_say(p, "Checkpoint %" PRId64 " failed %s after its trigger: %s. ",
                      first->checkpoint, paragraph_length(first->at - p->chapter->from, from),
                      first->reason ? first->reason : "no reason given");
    } else {
        reasons_put(&reasons, text, sizeof text);
        paragraph_say(p, "%zu in a row failed, the first at %s, the last at %s (%s). ",
                      reasons.count, paragraph_moment(p, first->at, from),
                      paragraph_moment(p, entry_at(p, p->chapter->last)->at, to), text);
    }
    vec_fini(&reasons.list);
}

/* What was wrong with a process or the network when one of the first of them failed. That the job
 * has tasks there is not in the log, so no more is said than that it was so. */
static void tell_condition(struct paragraph *p)
{
    size_t looked = 0;
    for (size_t i = p->chapter->first; i <= p->chapter->last && looked < FAILURES_LOOKED_AT; i++) {
        struct cause_chain chain;
        char since[NUMBER_TEXT_SIZE];
        if (entry_at(p, i)->job != p->chapter->job ||
            !run_log_fits(entry_at(p, i), "checkpoint failed"))
            continue;
        looked++;
        causes_of(p->narrative->log, i, &chain);
        for (size_t link = 1; link < chain.count; link++) {
            const struct log_entry *cause = entry_at(p, chain.place[link]);
            if (!causes_is_condition(cause))
                continue;
            const struct log_entry *root = entry_at(p, chain.place[chain.count - 1]);
            bool is_script = text_equal(root->machine, "script") && root->reason;
            paragraph_say(p, "Meanwhile ");
            fault_say_condition(p, cause);
            paragraph_say(p, ", from %s%s%s%s. ", paragraph_moment(p, cause->at, since),
                          is_script ? " (" : "", is_script ? root->reason : "",
                          is_script ? ")" : "");
            return;
        }
    }
}

static void tell_next(struct paragraph *p)
{
    const struct chapter *chapter = p->chapter;
    char at[NUMBER_TEXT_SIZE];
    const struct log_entry *after = chapter->is_over ? entry_at(p, chapter->after) : NULL;
    if (!after)
        paragraph_say(p, "none did until the end of the run. ");
    else if (run_log_fits(after, "checkpoint completed"))
        paragraph_say(p, "the next was %" PRId64 ", at %s. ", after->checkpoint,
                      paragraph_moment(p, after->at, at));
    else
        paragraph_say(p, "none did until the job ended at %s. ",
                      paragraph_moment(p, after->at, at));
}

/* A checkpoint holds where the sources were when it was triggered. */
static void tell_gap(struct paragraph *p)
{
    const struct chapter *chapter = p->chapter;
    char at[NUMBER_TEXT_SIZE], age[NUMBER_TEXT_SIZE];
    if (chapter->before == SIZE_MAX) {
        paragraph_say(p, "No checkpoint had completed before; ");
        tell_next(p);
        return;
    }
    const struct log_entry *before = entry_at(p, chapter->before);
    time_ns since = before->at - (before->value > 0 ? before->value : 0);
    paragraph_say(p, "The last one that had completed was %" PRId64 ", at %s; ", before->checkpoint,
                  paragraph_moment(p, before->at, at));
    tell_next(p);
    paragraph_say(p,
                  "A failure meanwhile would have sent the job back to where it was at %s, in the "
                  "end by %s. ",
                  paragraph_moment(p, since, at), paragraph_length(chapter->to - since, age));
}

static void tell_restores(struct paragraph *p)
{
    const struct chapter *chapter = p->chapter;
    size_t count = 0;
    for (size_t i = chapter->first; i < p->narrative->log->entries.count; i++) {
        const struct log_entry *entry = entry_at(p, i);
        if (entry->at > chapter->to)
            break;
        count +=
            entry->job == chapter->job && run_log_fits(entry, "checkpoint restore from checkpoint");
    }
    if (count > 0)
        paragraph_say(p, "It was restored %zu time%s meanwhile. ", count, count == 1 ? "" : "s");
}

static void tell_lag(struct paragraph *p)
{
    const struct lag_rise *lag = &p->chapter->lag;
    char rise[RISE_TEXT_SIZE], at[NUMBER_TEXT_SIZE];
    if (!(lag->most - lag->least >= LAG_TOLD_S))
        return;
    narrative_tell_rise(lag, rise);
    paragraph_say(p, "The lag grew %s, at %s. ", rise, paragraph_moment(p, lag->to, at));
}

void narrative_tell_checkpoints(struct paragraph *p)
{
    tell_failures(p);
    tell_condition(p);
    tell_gap(p);
    tell_restores(p);
    tell_lag(p);
}
