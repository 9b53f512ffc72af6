/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters of what the script asks of jobs and of the cluster: savepoints, other requirements, an
 * end, more machines, a task that is to fail. In: the log, where the client's answer names the job
 * that the script's line does not. Invariant: every such line is in a chapter, its own, that of the
 * job's end it asked for, or that of the outage it brought.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"

/* A task that is made to fail does so at once; that it did is told within so much, or never. */
#define AT_ONCE     TIME_MS
#define TOLD_WITHIN (2 * TIME_MIN)

enum { LABEL_SIZE = 256 };

static const struct command_row {
    const char *word;    /* the script's */
    const char *request; /* the client's; null: no client asks */
    const char *title;   /* behind the job; where there is none, all of it */
    bool ends_job;
} command_rows[] = {
    { "savepoint", "savepoint", "is asked for a savepoint", false },
    { "rescale", "rescale", "is given other requirements", false },
    { "cancel", "cancel", "is asked to end", true },
    { "stop-with-savepoint", "stop", "is asked to stop with a savepoint", true },
    { "add", NULL, "machines are added", false },
    { "fail", NULL, "a task is made to fail", false },
};

static const struct command_row *row_of(const struct log_entry *entry)
{
    for (size_t i = 0; i < sizeof command_rows / sizeof *command_rows; i++)
        if (text_equal(entry->machine, "script") && text_equal(entry->what, command_rows[i].word))
            return &command_rows[i];
    return NULL;
}

/* A chapter without an answer. */
struct open_command {
    size_t chapter;
    int64_t request; /* the how-manieth of the script's it is */
};

/* While the log is read. */
struct commands {
    struct narrative *narrative;
    size_t chapters_then; /* how many there were */
    VEC(struct open_command) open;
    int64_t requests; /* so far */
    bool is_numbered; /* answers say which request they are of; those of older logs do not */
    VEC(const char *) jobs;
};

/* "savepoint clicks", as events are called that have no label of their own: whose it is. */
static const char *job_of_label(const struct commands *commands, const struct log_entry *script)
{
    char label[LABEL_SIZE];
    for (VEC_EACH(const char *const, job, &commands->jobs)) {
        text_format(label, sizeof label, "%s %s", script->what, *job);
        if (script->reason && text_equal(script->reason, label))
            return *job;
    }
    return NULL;
}

static void begin_command(struct commands *commands, size_t place)
{
    struct narrative *narrative = commands->narrative;
    const struct log_entry *entry = &narrative->log->entries.items[place];
    const struct command_row *row = row_of(entry);
    if (row->request)
        vec_push(&commands->open,
                 (struct open_command){ narrative->chapters.count, ++commands->requests });
    vec_push(&narrative->chapters,
             (struct chapter){ .kind = CHAPTER_COMMAND,
                               .job = row->request ? job_of_label(commands, entry) : NULL,
                               .cause = place,
                               .script = place,
                               .first = place,
                               .last = place,
                               .before = SIZE_MAX,
                               .after = SIZE_MAX,
                               .is_over = !row->request,
                               .fault_at = entry->at,
                               .from = entry->at,
                               .to = row->request ? narrative->duration : entry->at });
}

/* Without numbers: of that job, or it may be. */
static bool may_answer(const struct commands *commands, const struct log_entry *answer,
                       const struct open_command *open)
{
    const struct narrative *narrative = commands->narrative;
    const struct chapter *chapter = &narrative->chapters.items[open->chapter];
    const struct log_entry *script = &narrative->log->entries.items[chapter->script];
    if (commands->is_numbered)
        return answer->request == open->request;
    return text_equal(row_of(script)->request, answer->what) &&
           (!chapter->job || chapter->job == answer->job);
}

/* Of those that it may be of, the first. */
static void take_answer(struct commands *commands, size_t place)
{
    struct narrative *narrative = commands->narrative;
    const struct log_entry *answer = &narrative->log->entries.items[place];
    for (size_t i = 0; i < commands->open.count; i++) {
        struct chapter *chapter = &narrative->chapters.items[commands->open.items[i].chapter];
        if (!may_answer(commands, answer, &commands->open.items[i]))
            continue;
        chapter->job = answer->job;
        chapter->after = chapter->last = place;
        chapter->is_over = true;
        chapter->to = answer->at;
        vec_remove_ordered(&commands->open, i);
        return;
    }
}

static bool is_done(const struct narrative *narrative, const struct chapter *chapter)
{
    const struct log_entry *entries = narrative->log->entries.items;
    return chapter->after != SIZE_MAX && entries[chapter->after].to &&
           text_equal(entries[chapter->after].to, "done");
}

/* The end of a job that was asked for is told with it. */
static bool is_of_end(struct narrative *narrative, size_t chapters, const struct chapter *command)
{
    const struct log_entry *script = &narrative->log->entries.items[command->script];
    if (!row_of(script)->ends_job || !is_done(narrative, command))
        return false;
    for (size_t i = 0; i < chapters; i++) {
        struct chapter *end = &narrative->chapters.items[i];
        if (end->kind != CHAPTER_END || end->job != command->job || end->from < command->from)
            continue;
        end->script = command->script;
        end->after = command->after;
        return true;
    }
    return false;
}

/* Some task failed by it, and an outage is put down to that. */
static bool is_of_outage(const struct narrative *narrative, size_t chapters,
                         const struct chapter *command)
{
    const struct log_entry *script = &narrative->log->entries.items[command->script];
    for (size_t i = 0; i < chapters && text_equal(script->what, "fail"); i++) {
        const struct chapter *chapter = &narrative->chapters.items[i];
        if (chapter->kind == CHAPTER_INCIDENT && chapter->has_fault &&
            chapter->cause == command->script)
            return true;
    }
    return false;
}

static void drop_told(struct commands *commands)
{
    struct narrative *narrative = commands->narrative;
    size_t then = commands->chapters_then, kept = then;
    for (size_t i = then; i < narrative->chapters.count; i++) {
        const struct chapter *command = &narrative->chapters.items[i];
        if (!is_of_end(narrative, then, command) && !is_of_outage(narrative, then, command))
            narrative->chapters.items[kept++] = *command;
    }
    narrative->chapters.count = kept;
}

void narrative_add_commands(struct narrative *narrative)
{
    struct commands commands = { .narrative = narrative,
                                 .chapters_then = narrative->chapters.count };
    for (VEC_EACH(const struct chapter, chapter, &narrative->chapters))
        if (chapter->kind == CHAPTER_START)
            vec_push(&commands.jobs, chapter->job);
    for (VEC_EACH(const struct log_entry, entry, &narrative->log->entries))
        commands.is_numbered = commands.is_numbered || entry->request > 0;
    for (size_t i = 0; i < narrative->log->entries.count; i++) {
        const struct log_entry *entry = &narrative->log->entries.items[i];
        if (row_of(entry))
            begin_command(&commands, i);
        else if (text_equal(entry->machine, "client"))
            take_answer(&commands, i);
    }
    drop_told(&commands);
    vec_fini(&commands.open);
    vec_fini(&commands.jobs);
}

/* Sentences. */

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

void command_title(const struct narrative *narrative, const struct chapter *chapter, size_t count,
                   char *out, size_t size)
{
    const struct command_row *row = row_of(&narrative->log->entries.items[chapter->script]);
    char times[NUMBER_TEXT_SIZE] = "";
    if (count > 1)
        text_format(times, sizeof times, " %zu times", count);
    text_format(out, size, "%s%s%s%s",
                chapter->job   ? chapter->job
                : row->request ? "a job"
                               : "",
                row->request ? " " : "", row->title, times);
}

/* The chapter of the job's next requirements, or of its end, whatever comes first; null: the run
 * ended before. */
static const struct chapter *requirements_end(const struct paragraph *p)
{
    for (VEC_EACH(const struct chapter, other, &p->narrative->chapters)) {
        bool is_next = other->kind == CHAPTER_COMMAND && other->from > p->chapter->from &&
                       text_equal(entry_at(p, other->script)->what, "rescale");
        if (other->job == p->chapter->job && (is_next || other->kind == CHAPTER_END))
            return other;
    }
    return NULL;
}

static void tell_rescaled(struct paragraph *p, const struct chapter *rescale)
{
    char after[NUMBER_TEXT_SIZE], took[NUMBER_TEXT_SIZE];
    paragraph_say(p, "The job was rescaled %s later",
                  paragraph_length(rescale->from - p->chapter->from, after));
    if (rescale->is_over && !rescale->is_dead)
        paragraph_say(p, ", which took %s", paragraph_length(rescale->to - rescale->from, took));
    paragraph_say(p, ". ");
}

/* The tasks that ended the outage were deployed when the requirements held: the job came back with
 * them, whatever it had gone down by. */
static bool comes_back_with(const struct paragraph *p, const struct chapter *outage)
{
    if (outage->kind != CHAPTER_INCIDENT || outage->to < p->chapter->from || !outage->is_over ||
        !run_log_fits(entry_at(p, outage->last), "job all tasks RUNNING"))
        return false;
    for (size_t i = outage->last + 1; i-- > outage->first;)
        if (entry_at(p, i)->job == outage->job &&
            run_log_fits(entry_at(p, i), "job first task DEPLOYING"))
            return i > p->chapter->after;
    return false;
}

static void tell_requirements(struct paragraph *p)
{
    const struct chapter *end = requirements_end(p);
    time_ns until = end ? end->from : p->narrative->duration;
    char at[NUMBER_TEXT_SIZE];
    for (VEC_EACH(const struct chapter, other, &p->narrative->chapters)) {
        if (other->job != p->chapter->job || other->from > until)
            continue;
        if (other->is_rescale && other->from >= p->chapter->from) {
            tell_rescaled(p, other);
            return;
        }
        if (comes_back_with(p, other)) {
            paragraph_say(p, "The job, which went down at %s, came back with them at ",
                          paragraph_moment(p, other->from, at));
            paragraph_say(p, "%s. ", paragraph_moment(p, other->to, at));
            return;
        }
    }
    if (!end)
        paragraph_say(p, "The job was not rescaled until the end of the run. ");
    else
        paragraph_say(p, "The job was not rescaled until %s %s. ",
                      end->kind == CHAPTER_END ? "it ended at" : "it was given others at",
                      paragraph_moment(p, until, at));
}

/* What came up first of what the script added at that instant, and last. */
static void tell_added(struct paragraph *p)
{
    const struct log_entry *script = entry_at(p, p->chapter->script), *each;
    size_t added = 0, up = 0;
    time_ns last = 0;
    const char *first = NULL;
    char after[NUMBER_TEXT_SIZE];
    size_t count = p->narrative->log->entries.count, end = p->chapter->script + 1;
    for (; end < count && (each = entry_at(p, end))->at == script->at &&
           text_equal(each->what, "added");
         end++) {
        first = first ? first : each->node;
        added++;
    }
    for (size_t i = end; i < count && up < added; i++) {
        each = entry_at(p, i);
        if (!run_log_fits(each, "process up"))
            continue;
        for (size_t a = p->chapter->script + 1; a < end; a++)
            if (text_equal(entry_at(p, a)->node, each->node)) {
                up++;
                last = each->at;
            }
    }
    if (added == 1)
        paragraph_say(p, "%s was started", first);
    else
        paragraph_say(p, "%s and %zu more were started", first ? first : "Machines",
                      added > 0 ? added - 1 : 0);
    if (up == added && up > 0)
        paragraph_say(p, ", and %s up %s later. ", added == 1 ? "was" : "all were",
                      paragraph_length(last - script->at, after));
    else if (up > 0)
        paragraph_say(p, "; %zu of them came up before the run ended. ", up);
    else
        paragraph_say(p, ", and had not come up when the run ended. ");
}

static void tell_failed_task(struct paragraph *p)
{
    const struct log_entry *each;
    time_ns from = p->chapter->from;
    char after[NUMBER_TEXT_SIZE];
    for (size_t i = p->chapter->script;
         i < p->narrative->log->entries.count && (each = entry_at(p, i))->at <= from + TOLD_WITHIN;
         i++) {
        if (!run_log_fits(each, "execution * -> FAILED") ||
            paragraph_fault(p, i) != p->chapter->script)
            continue;
        if (each->at > from + AT_ONCE)
            paragraph_say(p, "%s later it was told: ", paragraph_length(each->at - from, after));
        paragraph_say(p, "%s %" PRId64 " of %s of %s FAILED (%s). ",
                      each->at > from + AT_ONCE ? "subtask" : "Subtask", each->subtask,
                      each->vertex ? each->vertex : "a vertex", each->job ? each->job : "a job",
                      each->reason ? each->reason : "no reason given");
        return;
    }
    paragraph_say(p, "The JobManager heard of no task that failed. ");
}

static void tell_answer(struct paragraph *p)
{
    const struct log_entry *script = entry_at(p, p->chapter->script);
    char after[NUMBER_TEXT_SIZE];
    if (p->chapter->after == SIZE_MAX) {
        paragraph_say(p, "No answer came until the end of the run. ");
        return;
    }
    const struct log_entry *answer = entry_at(p, p->chapter->after);
    paragraph_length(answer->at - script->at, after);
    if (!is_done(p->narrative, p->chapter))
        paragraph_say(p, "That was refused %s later: %s. ", after,
                      answer->reason ? answer->reason : "no reason given");
    else if (text_equal(script->what, "savepoint"))
        paragraph_say(p, "Savepoint %" PRId64 " completed %s later. ", answer->value, after);
    else
        paragraph_say(p, "That was accepted %s later. ", after);
}

void narrative_tell_command(struct paragraph *p)
{
    const struct log_entry *script = entry_at(p, p->chapter->script);
    paragraph_say(p, "The script did what it says (%s). ",
                  script->reason ? script->reason : script->what);
    if (text_equal(script->what, "add"))
        tell_added(p);
    else if (text_equal(script->what, "fail"))
        tell_failed_task(p);
    else
        tell_answer(p);
    if (text_equal(script->what, "rescale") && is_done(p->narrative, p->chapter))
        tell_requirements(p);
}
