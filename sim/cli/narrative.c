/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters: how jobs come and go from the log, their outages from the summary, which the log shows
 * the lines of; and summing them up. The sentences are in narrative_words.c, checkpoints and lag in
 * files of their own.
 */
#include "sim/cli/narrative_parts.h"

#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/terminal.h"
#include "sim/report/incidents.h"
#include "sim/report/number_text.h"

enum { REFUSALS_TOLD = 10 };

/* A job while the log is read. */
struct job_story {
    const char *job;
    bool is_open;      /* its start is being told */
    size_t opened;     /* the place of that */
    time_ns first_up;  /* from then on a line that all its tasks run can be believed */
    size_t start, end; /* chapters; SIZE_MAX: it has none */
    int64_t restarts;  /* of its outages */
};

struct stories {
    const json_t *summary;
    VEC(struct job_story) jobs;
};

static bool take_time(const json_t *one, const char *key, time_ns *out)
{
    const json_t *value = json_object_get(one, key);
    *out = (time_ns)floor(json_number_value(value) * (double)TIME_S + 0.5);
    return json_is_number(value);
}

/* TIME_NEVER: not all its tasks ever ran. A summary that does not say it believes any line. */
static time_ns first_up(const json_t *summary, const char *job)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(summary, "jobs"), i, one)
    {
        time_ns at;
        if (!text_equal(json_string_value(json_object_get(one, "name")), job))
            continue;
        bool is_never = !take_time(one, "running_s", &at) && json_object_get(one, "running_s");
        return is_never ? TIME_NEVER : at;
    }
    return 0;
}

static struct job_story *story_of(struct stories *stories, const char *job)
{
    for (VEC_EACH(struct job_story, story, &stories->jobs))
        if (story->job == job)
            return story;
    vec_push(&stories->jobs, (struct job_story){ .job = job,
                                                 .first_up = first_up(stories->summary, job),
                                                 .start = SIZE_MAX,
                                                 .end = SIZE_MAX });
    return &vec_last(&stories->jobs);
}

static void close_start(struct narrative *narrative, struct job_story *story, size_t place,
                        bool is_over)
{
    const struct log_entry *entries = narrative->log->entries.items;
    time_ns from = entries[story->opened].at;
    story->is_open = false;
    story->start = narrative->chapters.count;
    vec_push(&narrative->chapters,
             (struct chapter){ .kind = CHAPTER_START,
                               .job = story->job,
                               .cause = story->opened,
                               .script = SIZE_MAX,
                               .first = story->opened,
                               .last = place,
                               .is_over = is_over,
                               .fault_at = from,
                               .from = from,
                               .to = is_over ? entries[place].at : narrative->duration });
}

/* How jobs come and go stands in the log. */
static void read_job_line(struct narrative *narrative, struct job_story *story, size_t place)
{
    const struct log_entry *entry = &narrative->log->entries.items[place];
    bool running = run_log_fits(entry, "job all tasks RUNNING") &&
                   entry->at + SAME(entry->at) >= story->first_up;
    bool ended = run_log_fits(entry, "dispatcher job ended");
    if (run_log_fits(entry, "dispatcher job submitted")) {
        story->is_open = true;
        story->opened = place;
    } else if ((running || ended) && story->is_open) {
        close_start(narrative, story, place, true);
    }
    if (ended) {
        story->end = narrative->chapters.count;
        vec_push(&narrative->chapters, (struct chapter){ .kind = CHAPTER_END,
                                                         .job = story->job,
                                                         .cause = place,
                                                         .script = SIZE_MAX,
                                                         .first = place,
                                                         .last = place,
                                                         .is_over = true,
                                                         .fault_at = entry->at,
                                                         .from = entry->at,
                                                         .to = entry->at });
    }
}

/* Outages are the summary's: the log does not hold when tasks stopped that nobody heard of. */
struct outage {
    const char *job, *cause, *by;
    bool planned, rescaled, recovered, failed, is_over;
    time_ns at, down_at, over_at, failed_at, length;
    int64_t restarts, slots_held, slots_wanted;
};

static struct outage read_outage(const json_t *one, bool planned)
{
    struct outage outage = { .planned = planned,
                             .job = json_string_value(json_object_get(one, "job")),
                             .cause = json_string_value(json_object_get(one, "cause")),
                             .by = json_string_value(json_object_get(one, "failed_by")) };
    outage.restarts = json_integer_value(json_object_get(one, "restarts"));
    outage.slots_held = json_integer_value(json_object_get(one, "slots_held"));
    outage.slots_wanted = json_integer_value(json_object_get(one, "slots_wanted"));
    outage.rescaled = planned || json_is_true(json_object_get(one, "rescaled"));
    take_time(one, "at", &outage.at);
    take_time(one, "down_at", &outage.down_at);
    take_time(one, "down_s", &outage.length);
    outage.recovered = json_is_number(json_object_get(one, "recovered_after_s"));
    outage.failed = take_time(one, "failed_s", &outage.failed_at);
    outage.is_over = take_time(one, "over_s", &outage.over_at);
    return outage;
}

static bool is_sign(const struct log_entry *entry)
{
    return run_log_fits(entry, "execution * -> FAILED") ||
           run_log_fits(entry, "scheduler Restarting") ||
           run_log_fits(entry, "job tasks will be restarted") ||
           run_log_fits(entry, "job RESTARTING") || run_log_fits(entry, "job FAILING");
}

static bool is_running(const struct log_entry *entry)
{
    return run_log_fits(entry, "job all tasks RUNNING");
}

static bool is_job_ended(const struct log_entry *entry)
{
    return run_log_fits(entry, "dispatcher job ended");
}

/* The first line of the job that fits, from a time on; `otherwise` where there is none up to then.
 */
static size_t find_line(const struct run_log *log, const char *job, time_ns from, time_ns to,
                        bool (*fits)(const struct log_entry *), size_t otherwise)
{
    for (size_t i = run_log_place(log, from - SAME(from)); i < log->entries.count; i++) {
        const struct log_entry *entry = &log->entries.items[i];
        if (entry->at > to)
            break;
        if (entry->job == job && fits(entry))
            return i;
    }
    return otherwise;
}

/* The fault that began the outage, as the log has it; SIZE_MAX: none did. */
static size_t fault_of(const struct run_log *log, const struct outage *outage)
{
    for (size_t i = run_log_place(log, outage->at - SAME(outage->at)); i < log->entries.count;
         i++) {
        const struct log_entry *entry = &log->entries.items[i];
        char text[INCIDENT_CAUSE_SIZE];
        if (outage->rescaled || entry->at > outage->at + SAME(outage->at))
            break;
        if (!text_equal(entry->machine, "process") && !text_equal(entry->machine, "script"))
            continue;
        incident_fault_text(entry, text);
        if (outage->cause && strncmp(outage->cause, text, strlen(text)) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* A job that FAILED before its tasks ever ran, or while they were up: its end tells it. */
static struct chapter *end_told(struct narrative *narrative, const struct job_story *story,
                                const struct outage *outage)
{
    if (!outage->failed || outage->down_at + SAME(outage->down_at) < outage->failed_at)
        return NULL;
    for (VEC_EACH(struct chapter, chapter, &narrative->chapters))
        if (chapter->kind == CHAPTER_END && chapter->job == story->job)
            return chapter;
    return NULL;
}

static void add_outage(struct narrative *narrative, struct stories *stories,
                       const struct outage *outage)
{
    const struct run_log *log = narrative->log;
    struct job_story *story = NULL;
    size_t end = log->entries.count - 1;
    for (VEC_EACH(struct job_story, each, &stories->jobs))
        if (outage->job && text_equal(each->job, outage->job))
            story = each;
    if (!story)
        return;
    story->restarts += outage->restarts;
    time_ns to = outage->is_over ? outage->over_at : narrative->duration;
    struct chapter *told = end_told(narrative, story, outage);
    if (told) {
        told->is_dead = true;
        told->to = to;
        return;
    }
    size_t lower = run_log_place(log, outage->down_at - SAME(outage->down_at));
    size_t first = find_line(log, story->job, outage->down_at, to + SAME(to), is_sign,
                             lower < end ? lower : end);
    size_t last = end, fault = fault_of(log, outage);
    if (outage->failed)
        last = find_line(log, story->job, outage->failed_at, TIME_NEVER, is_job_ended, end);
    else if (outage->recovered)
        last = find_line(log, story->job, outage->over_at, TIME_NEVER, is_running, end);
    else if (outage->is_over)
        last = run_log_place(log, outage->over_at + SAME(outage->over_at)) - 1;
    vec_push(&narrative->chapters,
             (struct chapter){ .kind = outage->planned ? CHAPTER_RESCALE : CHAPTER_INCIDENT,
                               .job = story->job,
                               .cause = fault == SIZE_MAX ? first : fault,
                               .first = first,
                               .last = last,
                               .script = SIZE_MAX,
                               .is_over = outage->is_over || outage->failed,
                               .is_dead = outage->failed,
                               .is_unnoticed = !is_sign(&log->entries.items[first]),
                               .is_rescale = outage->rescaled,
                               .has_fault = fault != SIZE_MAX,
                               .why = outage->cause,
                               .by = outage->by,
                               .restarts = outage->restarts,
                               .slots_held = outage->slots_held,
                               .slots_wanted = outage->slots_wanted,
                               .fault_at = outage->at,
                               .from = outage->down_at,
                               .to = to });
}

/* A job is submitted before it goes down, and goes down before it ends. */
static bool is_earlier(const struct chapter *a, const struct chapter *b)
{
    return a->from != b->from ? a->from < b->from : a->first < b->first;
}

static void merge(const struct chapter *from, size_t left, size_t middle, size_t right,
                  struct chapter *to)
{
    size_t a = left, b = middle;
    for (size_t i = left; i < right; i++) {
        bool second = a == middle || (b < right && is_earlier(&from[b], &from[a]));
        to[i] = second ? from[b++] : from[a++];
    }
}

/* By when they begin, from sorted stretches twice as long each time; equals stay as they are. */
static void sort_chapters(struct narrative *narrative)
{
    struct narrative spare = { .log = narrative->log };
    size_t count = narrative->chapters.count;
    vec_resize(&spare.chapters, count);
    for (size_t length = 1; length < count; length *= 2) {
        const struct chapter *from = narrative->chapters.items;
        for (size_t left = 0; left < count; left += 2 * length) {
            size_t middle = left + length < count ? left + length : count;
            size_t right = left + 2 * length < count ? left + 2 * length : count;
            merge(from, left, middle, right, spare.chapters.items);
        }
        struct narrative sorted = spare; /* with what it holds room for: the two differ in that */
        spare.chapters = narrative->chapters;
        narrative->chapters = sorted.chapters;
    }
    vec_fini(&spare.chapters);
}

static void add_outages(struct narrative *narrative, struct stories *stories, const json_t *list,
                        bool planned)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        struct outage outage = read_outage(one, planned);
        add_outage(narrative, stories, &outage);
        narrative->failures += !planned;
        narrative->rescales += planned;
        narrative->spoiled += outage.rescaled && !planned;
        narrative->down += outage.length;
        if (!planned && outage.length > narrative->longest)
            narrative->longest = outage.length;
    }
}

/* By what jobs FAILED that did; and as many restarts as were no outage's came before all tasks of
 * the job had run. */
static void add_jobs(struct narrative *narrative, const struct stories *stories, const json_t *jobs)
{
    size_t i;
    const json_t *one;
    json_array_foreach(jobs, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        int64_t restarts = json_integer_value(json_object_get(one, "restarts"));
        for (VEC_EACH(const struct job_story, story, &stories->jobs)) {
            if (!name || !text_equal(story->job, name))
                continue;
            if (story->start != SIZE_MAX)
                narrative->chapters.items[story->start].restarts = restarts - story->restarts;
            if (story->end != SIZE_MAX)
                narrative->chapters.items[story->end].by =
                    json_string_value(json_object_get(one, "failure"));
        }
    }
}

void narrative_init(struct narrative *narrative, const struct run_log *log, time_ns duration,
                    const json_t *summary)
{
    struct stories stories = { .summary = summary };
    *narrative = (struct narrative){ .log = log, .duration = duration };
    for (size_t i = 0; i < log->entries.count; i++) {
        const char *job = log->entries.items[i].job;
        if (job)
            read_job_line(narrative, story_of(&stories, job), i);
    }
    for (VEC_EACH(struct job_story, story, &stories.jobs))
        if (story->is_open)
            close_start(narrative, story, log->entries.count - 1, false);
    add_outages(narrative, &stories, json_object_get(summary, "recoveries"), false);
    add_outages(narrative, &stories, json_object_get(summary, "rescale_outages"), true);
    add_jobs(narrative, &stories, json_object_get(summary, "jobs"));
    vec_fini(&stories.jobs);
    sort_chapters(narrative);
    narrative_add_checkpoints(narrative);
    narrative_add_exits(narrative);
    narrative_add_faults(narrative);
    narrative_add_commands(narrative);
    sort_chapters(narrative);
}

void narrative_fini(struct narrative *narrative)
{
    vec_fini(&narrative->chapters);
    vec_fini(&narrative->effects);
}

bool chapter_covers(const struct chapter *chapter, time_ns at)
{
    bool is_near = chapter->from - chapter->fault_at <= INCIDENT_FAULT_NEAR;
    return (is_near ? chapter->fault_at : chapter->from) <= at && at <= chapter->to;
}

/* Requests that were turned down: what the scenario is about did not take place then. */
static void tell_refusals(const struct narrative *narrative, FILE *file)
{
    size_t told = 0;
    for (VEC_EACH(const struct log_entry, entry, &narrative->log->entries)) {
        char at[NUMBER_TEXT_SIZE], head[NUMBER_TEXT_SIZE + 2], text[PARAGRAPH_SIZE];
        if (!run_log_fits(entry, "client * refused") || told == REFUSALS_TOLD)
            continue;
        number_text_moment(entry->at, narrative->duration, at);
        text_format(head, sizeof head, "%s  ", at);
        text_format(text, sizeof text, "%s%s%s was refused: %s", entry->what,
                    entry->job ? " of " : "", entry->job ? entry->job : "",
                    entry->reason ? entry->reason : "no reason given");
        terminal_put_hanging(head, text, file);
        told++;
    }
}

void narrative_sum_up(const struct narrative *narrative, FILE *file)
{
    size_t failures = narrative->failures, rescales = narrative->rescales;
    char all[NUMBER_TEXT_SIZE], most[NUMBER_TEXT_SIZE], spoiled[64] = "", text[256];
    if (narrative->spoiled > 0)
        text_format(spoiled, sizeof spoiled, " (%zu of them in a rescale)", narrative->spoiled);
    number_text_seconds((double)narrative->down / (double)TIME_S, all);
    number_text_seconds((double)narrative->longest / (double)TIME_S, most);
    text_format(text, sizeof text,
                "%zu failure%s%s and %zu rescale%s kept tasks from running for %s in all%s%s.",
                failures, failures == 1 ? "" : "s", spoiled, rescales, rescales == 1 ? "" : "s",
                all, failures ? "; the longest failure took " : "", failures ? most : "");
    terminal_put_wrapped(failures + rescales ? text : "No job went down once its tasks ran.", "",
                         file);
    for (VEC_EACH(const struct chapter, chapter, &narrative->chapters))
        if (chapter->kind == CHAPTER_START && !chapter->is_over)
            fprintf(file, "The tasks of %s never all ran.\n", chapter->job);
    narrative_sum_up_checkpoints(narrative, file);
    narrative_sum_up_lag(narrative, file);
    tell_refusals(narrative, file);
}
