/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of facts, and the search through it, the tables of states and the requests of clients.
 */
#include "sim/load/event_words.h"

#include "core/base/text.h"
#include "core/cluster/machines.h"
#include "sim/load/event_pattern.h"
#include "sim/load/field.h"
#include "sim/load/scenario.h"

#define DECISION(machine, what)                                                                    \
    {                                                                                              \
        machine, what, LOG_DECISION                                                                \
    }

const struct event_fact event_facts[] = {
    DECISION("dispatcher", "job submitted"),
    DECISION("dispatcher", "job ended"),
    DECISION("job", "first task DEPLOYING"),
    DECISION("job", "all tasks RUNNING"),
    DECISION("job", "tasks will be restarted"),
    DECISION("job", "could not acquire the minimum required resources"),
    DECISION("job", "restore refused"),
    DECISION("job", "archived"),
    DECISION("transition manager", "desired resources met"),
    DECISION("transition manager", "sufficient resources met"),
    DECISION("rescale", "COMPLETED"),
    DECISION("rescale", "FAILED"),
    DECISION("rescale", "IGNORED"),
    DECISION("checkpoint", "starting checkpoint scheduler"),
    DECISION("checkpoint", "stopping checkpoint scheduler"),
    DECISION("checkpoint", "triggered"),
    DECISION("checkpoint", "completed"),
    DECISION("checkpoint", "expired"),
    DECISION("checkpoint", "failed"),
    DECISION("checkpoint", "refused"),
    DECISION("checkpoint", "starting from savepoint"),
    DECISION("checkpoint", "restore from checkpoint"),
    DECISION("checkpoint", "backlog begins"),
    DECISION("checkpoint", "backlog ends"),
    DECISION("checkpoint", "all input read"),
    { "checkpoint", "late acknowledgement", LOG_MESSAGE },
    { "checkpoint", "late decline", LOG_MESSAGE },
    { "checkpoint", "late metadata", LOG_MESSAGE },
    { "barrier", "left", LOG_MESSAGE },
    { "barrier", "arrived", LOG_MESSAGE },
    { "barrier", "blocks", LOG_MESSAGE },
    { "snapshot", "begun", LOG_MESSAGE },
    { "snapshot", "synchronous part over", LOG_MESSAGE },
    { "snapshot", "written", LOG_MESSAGE },
    { "snapshot", "acknowledged", LOG_MESSAGE },
    DECISION("resource manager", "registers"),
    DECISION("resource manager", "refuses"),
    DECISION("resource manager", "closes"),
    DECISION("job master", "refuses"),
    DECISION("job master", "disconnects"),
    DECISION("taskmanager", "registration refused"),
    DECISION("taskmanager", "resource manager lost"),
    DECISION("taskmanager", "job master lost"),
    DECISION("taskmanager", "gives up: no resource manager"),
    DECISION("taskmanager", "task did not end in time"),
    DECISION("taskmanager", "slot timed out"),
    DECISION("taskmanager", "slot no longer allocated"),
    { "taskmanager", "task is interrupted again", LOG_TASK },
    DECISION("process", "added"),
    DECISION("process", "up"),
    DECISION("process", "stopping"),
    DECISION("process", "stopped"),
    DECISION("process", "exited"),
    DECISION("process", "killed"),
    DECISION("process", "frozen"),
    DECISION("process", "resumed"),
    DECISION("process", "cut off"),
    DECISION("process", "healed"),
    DECISION("process", "lossy"),
    DECISION("process", "lossless"),
    DECISION("process", "throttled"),
    DECISION("process", "unthrottled"),
    DECISION("process", "slowed"),
    DECISION("process", "full speed"),
    DECISION("storage", "fails"),
    DECISION("storage", "works again"),
    DECISION("script", "missed"),
#define X(kind, word) DECISION("script", word),
    ACTIONS(X)
#undef X
};
const size_t event_fact_count = sizeof event_facts / sizeof *event_facts;

/* How much a machine tells of its moves. Those of the core that are not here keep theirs to
 * themselves. */
static const struct told_machine {
    const char *machine;
    enum log_level level;
    const char *sooner; /* moves to this state are decisions all the same; null: none */
} told_machines[] = {
    { "job", LOG_DECISION, NULL },
    { "scheduler", LOG_DECISION, NULL },
    { "transition manager", LOG_DECISION, NULL },
    { "execution", LOG_TASK, "FAILED" },
    { "pending checkpoint", LOG_TASK, NULL },
    { "task slot", LOG_TASK, NULL },
};

bool event_words_has_fact(const char *machine, const char *what)
{
    for (size_t i = 0; i < event_fact_count; i++)
        if (text_equal(event_facts[i].machine, machine) && text_equal(event_facts[i].what, what))
            return true;
    return false;
}

void event_words_answer(enum client_request request, bool refused, char out[EVENT_ANSWER_SIZE])
{
    text_format(out, EVENT_ANSWER_SIZE, "%s %s", client_request_names[request],
                refused ? "refused" : "done");
}

/* A kind of line; from and to are null but for moves. */
struct word {
    const char *machine, *what, *from, *to;
    enum log_level level;
};

typedef void word_visitor(void *context, const struct word *word);

static void visit_moves(const struct told_machine *told, const struct state_table *table,
                        word_visitor *visit, void *context)
{
    for (unsigned from = 0; from < table->count; from++) {
        for (unsigned to = 0; to < table->count; to++) {
            const char *name = state_name(table, to);
            bool is_sooner = told->sooner && text_equal(told->sooner, name);
            if (state_can_move(table, from, to))
                visit(context, &(struct word){ table->machine, "move", state_name(table, from),
                                               name, is_sooner ? LOG_DECISION : told->level });
        }
    }
}

static void visit_all(word_visitor *visit, void *context)
{
    for (size_t i = 0; i < event_fact_count; i++)
        visit(context, &(struct word){ event_facts[i].machine, event_facts[i].what, NULL, NULL,
                                       event_facts[i].level });
    for (size_t t = 0; t < FIELDS_COUNT(told_machines); t++)
        for (size_t m = 0; m < machine_count; m++)
            if (text_equal(told_machines[t].machine, machines[m].table->machine))
                visit_moves(&told_machines[t], machines[m].table, visit, context);
    for (int request = 0; request < CLIENT_REQUEST_COUNT; request++) {
        for (int refused = 0; refused < 2; refused++) {
            char what[EVENT_ANSWER_SIZE];
            event_words_answer((enum client_request)request, refused, what);
            visit(context, &(struct word){ "client", what, NULL, NULL, LOG_DECISION });
        }
    }
}

static const char *const job_machines[] = {
    "dispatcher", "job",       "job master", "scheduler",          "transition manager",
    "rescale",    "execution", "checkpoint", "pending checkpoint", "client",
};

bool event_words_is_of_job(const char *machine)
{
    for (size_t i = 0; i < FIELDS_COUNT(job_machines); i++)
        if (text_equal(job_machines[i], machine))
            return true;
    return false;
}

struct job_fit {
    const char *pattern;
    bool found;
};

static void try_job(void *context, const struct word *word)
{
    struct job_fit *fit = context;
    fit->found |=
        word->level == LOG_DECISION && event_words_is_of_job(word->machine) &&
        event_pattern_matches(fit->pattern, word->machine, word->what, word->from, word->to);
}

bool event_words_speaks_of_job(const char *pattern)
{
    struct job_fit fit = { pattern, false };
    visit_all(try_job, &fit);
    return fit.found;
}

/* What one scheduler alone says, and what the other says in its place. */
static const struct own_word {
    const char *machine, *word; /* a state or a fact; null: all of the machine */
    enum event_speakers of;
    const char *instead; /* null: nothing */
} own_words[] = {
    { "job", "RESTARTING", SPEAKERS_DEFAULT, "scheduler Restarting" },
    { "job", "tasks will be restarted", SPEAKERS_DEFAULT, "scheduler Restarting" },
    { "job", "could not acquire the minimum required resources", SPEAKERS_DEFAULT, NULL },
    { "scheduler", "Restarting", SPEAKERS_ADAPTIVE, "job RESTARTING" },
    { "scheduler", "Failing", SPEAKERS_ADAPTIVE, "job FAILING" },
    { "scheduler", "Canceling", SPEAKERS_ADAPTIVE, "job CANCELLING" },
    { "scheduler", NULL, SPEAKERS_ADAPTIVE, NULL },
    { "transition manager", NULL, SPEAKERS_ADAPTIVE, NULL },
    { "rescale", NULL, SPEAKERS_ADAPTIVE, NULL },
};

static bool is_own(const struct own_word *own, const struct word *word)
{
    return text_equal(own->machine, word->machine) &&
           (!own->word || text_equal(own->word, word->what) ||
            (word->to && (text_equal(own->word, word->to) || text_equal(own->word, word->from))));
}

/* Null: it is said whichever the scheduler. */
static const struct own_word *find_own(const struct word *word)
{
    for (size_t i = 0; i < FIELDS_COUNT(own_words); i++)
        if (is_own(&own_words[i], word))
            return &own_words[i];
    return NULL;
}

/* The most told level of the lines that fit. */
struct fit {
    const char *pattern;
    enum event_speakers speakers;
    enum log_level level;          /* LOG_LEVEL_COUNT: none */
    const struct own_word *others; /* what would fit, were the scheduler the other one */
};

static void try_fit(void *context, const struct word *word)
{
    struct fit *fit = context;
    if (word->level >= fit->level ||
        !event_pattern_matches(fit->pattern, word->machine, word->what, word->from, word->to))
        return;
    const struct own_word *own = find_own(word);
    if (fit->speakers == SPEAKERS_ALL || !own || own->of == fit->speakers)
        fit->level = word->level;
    else if (!fit->others)
        fit->others = own;
}

static struct err complain_of_scheduler(const struct tree_node *pattern, const struct fit *fit,
                                        struct note *note)
{
    const char *instead = fit->others->instead;
    return tree_expected(pattern, ERR_BAD_VALUE_CODE, note,
                         "an event of the %s scheduler, which all jobs have%s%s%s",
                         fit->speakers == SPEAKERS_ADAPTIVE ? "adaptive" : "default",
                         instead ? ": '" : "", instead ? instead : "", instead ? "'" : "");
}

/* All that one could have meant, as texts. */
struct spellings {
    VEC(char *) list;
};

static void spell(struct spellings *spellings, const char *machine, const char *text)
{
    char both[FIELD_HINT_MAX];
    text_format(both, sizeof both, "%s %s", machine, text);
    vec_push(&spellings->list, mem_copy_text(both));
    vec_push(&spellings->list, mem_copy_text(text));
}

static void add_spellings(void *context, const struct word *word)
{
    char move[FIELD_HINT_MAX];
    if (word->level != LOG_DECISION)
        return;
    spell(context, word->machine, word->to ? word->to : word->what);
    if (!word->to)
        return;
    text_format(move, sizeof move, "%s -> %s", word->from, word->to);
    spell(context, word->machine, move);
}

struct err event_words_check(const struct tree_node *pattern, enum event_speakers speakers,
                             struct note *note)
{
    struct fit fit = { pattern->text, speakers, LOG_LEVEL_COUNT, NULL };
    visit_all(try_fit, &fit);
    if (fit.level == LOG_DECISION)
        return OK;
    if (fit.others)
        return complain_of_scheduler(pattern, &fit, note);
    if (fit.level != LOG_LEVEL_COUNT)
        return tree_expected(pattern, ERR_BAD_VALUE_CODE, note,
                             "an event of level decision of docs/log.md (this is of level %s)",
                             log_level_names[fit.level]);
    struct spellings spellings = { 0 };
    visit_all(add_spellings, &spellings);
    char hint[FIELD_HINT_MAX];
    field_hint(hint, pattern->text, (const char *const *)spellings.list.items,
               spellings.list.count);
    for (VEC_EACH(char *, text, &spellings.list))
        mem_destroy(*text);
    vec_fini(&spellings.list);
    return tree_expected(pattern, ERR_BAD_VALUE_CODE, note, "an event of docs/log.md%s", hint);
}
