/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding chapters in the log, and summing them up; the sentences are in narrative_words.c. A job
 * is up from "all tasks RUNNING" until one of its tasks fails, it restarts or it ends.
 */
#include "sim/cli/narrative.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/causes.h"
#include "sim/report/number_text.h"

enum { REFUSALS_TOLD = 10 };

/* A job while the log is read. */
struct job_story {
    const char *job;
    const char *former; /* the job that it goes on from; null: it begins anew */
    bool started;       /* its tasks have all run once */
    bool is_open;       /* a chapter is being told */
    struct chapter chapter;
};

struct stories {
    VEC(struct job_story) jobs;
};

static struct job_story *story_of(struct stories *stories, const char *job)
{
    for (VEC_EACH(struct job_story, story, &stories->jobs))
        if (story->job == job)
            return story;
    vec_push(&stories->jobs, (struct job_story){ .job = job });
    return &vec_last(&stories->jobs);
}

static void open_chapter(struct job_story *story, enum chapter_kind kind, size_t place)
{
    story->is_open = true;
    story->chapter =
        (struct chapter){ .kind = kind, .job = story->job, .cause = place, .first = place };
}

static void close_chapter(struct narrative *narrative, struct job_story *story, size_t place,
                          bool is_over)
{
    story->is_open = false;
    story->chapter.last = place;
    story->chapter.is_over = is_over;
    story->chapter.to = is_over ? narrative->log->entries.items[place].at : narrative->duration;
    vec_push(&narrative->chapters, story->chapter);
}

/* The fault of the world that is behind it, or the first sign itself. */
static size_t fault_behind(const struct run_log *log, size_t place)
{
    struct cause_chain chain;
    causes_of(log, place, &chain);
    size_t fault = causes_fault(log, &chain);
    return fault == SIZE_MAX ? place : fault;
}

static bool is_rescale(const struct log_entry *entry)
{
    return text_equal(entry->machine, "scheduler") && entry->to &&
           text_equal(entry->to, "Restarting") && entry->reason &&
           (text_equal(entry->reason, "desired resources") ||
            text_equal(entry->reason, "sufficient resources"));
}

static bool is_trouble(const struct log_entry *entry)
{
    return run_log_fits(entry, "execution * -> FAILED") ||
           run_log_fits(entry, "scheduler Restarting") ||
           run_log_fits(entry, "job tasks will be restarted") ||
           run_log_fits(entry, "job RESTARTING") || run_log_fits(entry, "job FAILING");
}

/* The job has ended. A failure is an outage for good, and no chapter but one counts it. */
static void end_job(struct narrative *narrative, struct job_story *story, size_t place)
{
    const char *how = narrative->log->entries.items[place].reason;
    bool is_dead = how && text_equal(how, "FAILED");
    bool was_down = story->is_open && story->chapter.kind != CHAPTER_START;
    if (story->is_open)
        close_chapter(narrative, story, place, true);
    size_t dead = narrative->chapters.count - (was_down ? 1 : 0);
    open_chapter(story, CHAPTER_END, place);
    close_chapter(narrative, story, place, true);
    narrative->chapters.items[dead].is_dead = is_dead;
    if (is_dead)
        narrative->chapters.items[dead].to = narrative->duration;
}

/* "savepoint 5 of day" */
static const char *former_of(const struct log_entry *entry)
{
    const char *of = entry->reason ? strstr(entry->reason, " of ") : NULL;
    return of ? of + strlen(" of ") : NULL;
}

/* All tasks of the job run for the first time: whoever it goes on from is not missed any more. */
static void make_good(struct narrative *narrative, const struct job_story *story, size_t place)
{
    for (VEC_EACH(struct chapter, chapter, &narrative->chapters))
        if (chapter->is_dead && story->former && text_equal(chapter->job, story->former))
            chapter->to = narrative->log->entries.items[place].at;
}

static void read_job_line(struct narrative *narrative, struct job_story *story, size_t place)
{
    const struct log_entry *entry = &narrative->log->entries.items[place];
    bool running = run_log_fits(entry, "job all tasks RUNNING");
    if (run_log_fits(entry, "dispatcher job submitted")) {
        open_chapter(story, CHAPTER_START, place);
    } else if (run_log_fits(entry, "dispatcher job ended")) {
        end_job(narrative, story, place);
    } else if (run_log_fits(entry, "checkpoint starting from savepoint")) {
        story->former = former_of(entry);
    } else if (running && story->is_open) {
        close_chapter(narrative, story, place, true);
    } else if (!story->is_open && story->started && is_rescale(entry)) {
        open_chapter(story, CHAPTER_RESCALE, place);
    } else if (!story->is_open && story->started && is_trouble(entry)) {
        open_chapter(story, CHAPTER_INCIDENT, place);
        story->chapter.cause = fault_behind(narrative->log, place);
    }
    if (running && !story->started)
        make_good(narrative, story, place);
    story->started |= running;
}

/* Chapters of several jobs end out of order of their beginnings. */
static void sort_chapters(struct narrative *narrative)
{
    struct chapter *items = narrative->chapters.items;
    for (size_t i = 1; i < narrative->chapters.count; i++) {
        struct chapter moved = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].first > moved.first; at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

void narrative_init(struct narrative *narrative, const struct run_log *log, time_ns duration)
{
    struct stories stories = { 0 };
    *narrative = (struct narrative){ .log = log, .duration = duration };
    for (size_t i = 0; i < log->entries.count; i++) {
        const char *job = log->entries.items[i].job;
        if (job)
            read_job_line(narrative, story_of(&stories, job), i);
    }
    for (VEC_EACH(struct job_story, story, &stories.jobs))
        if (story->is_open)
            close_chapter(narrative, story, log->entries.count - 1, false);
    vec_fini(&stories.jobs);
    sort_chapters(narrative);
}

void narrative_fini(struct narrative *narrative)
{
    vec_fini(&narrative->chapters);
}

time_ns chapter_from(const struct narrative *narrative, const struct chapter *chapter)
{
    return narrative->log->entries.items[chapter->cause].at;
}

time_ns chapter_to(const struct narrative *narrative, const struct chapter *chapter)
{
    (void)narrative;
    return chapter->to;
}

static size_t count_lines(const struct narrative *narrative, const char *pattern)
{
    size_t count = 0;
    for (VEC_EACH(const struct log_entry, entry, &narrative->log->entries))
        count += run_log_fits(entry, pattern);
    return count;
}

/* Requests that were turned down: what the scenario is about did not take place then. */
static void tell_refusals(const struct narrative *narrative, FILE *file)
{
    size_t told = 0;
    for (VEC_EACH(const struct log_entry, entry, &narrative->log->entries)) {
        char at[NUMBER_TEXT_SIZE];
        if (!run_log_fits(entry, "client * refused") || told == REFUSALS_TOLD)
            continue;
        number_text_moment(entry->at, narrative->duration, at);
        fprintf(file, "%s  %s%s%s was refused: %s\n", at, entry->what, entry->job ? " of " : "",
                entry->job ? entry->job : "", entry->reason ? entry->reason : "no reason given");
        told++;
    }
}

void narrative_sum_up(const struct narrative *narrative, FILE *file)
{
    size_t incidents = 0, rescales = 0;
    time_ns down = 0, longest = 0;
    char all[NUMBER_TEXT_SIZE], most[NUMBER_TEXT_SIZE];
    for (VEC_EACH(const struct chapter, chapter, &narrative->chapters)) {
        bool is_failure = chapter->kind == CHAPTER_INCIDENT || chapter->is_dead;
        if (!is_failure && chapter->kind != CHAPTER_RESCALE)
            continue;
        time_ns length = chapter_to(narrative, chapter) - chapter_from(narrative, chapter);
        incidents += is_failure;
        rescales += !is_failure;
        down += length;
        longest = is_failure && length > longest ? length : longest;
    }
    number_text_seconds((double)down / (double)TIME_S, all);
    number_text_seconds((double)longest / (double)TIME_S, most);
    if (incidents + rescales == 0)
        fputs("No job went down once its tasks ran.\n", file);
    else
        fprintf(file,
                "%zu failure%s and %zu rescale%s kept tasks from running for %s in all%s%s.\n",
                incidents, incidents == 1 ? "" : "s", rescales, rescales == 1 ? "" : "s", all,
                incidents ? "; the longest failure took " : "", incidents ? most : "");
    fprintf(file, "%zu checkpoints completed, %zu failed.\n",
            count_lines(narrative, "checkpoint completed"),
            count_lines(narrative, "checkpoint failed"));
    tell_refusals(narrative, file);
}
