/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping marks and phases, and placing labels: in order of importance, what is rare first, each in
 * the first row where it covers no other and no line cuts it, else none. Cost: marks times labels
 * placed, and labels are few.
 */
#include "sim/report/timeline.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/number_text.h"
#include "sim/report/shown_text.h"

enum {
    LINES_MAX = 60,
    LABEL_ROWS = 4,
    LABEL_GAP = 2,     /* letters, with that to its own line */
    THIN_EVERY = 8000, /* marks */
    FAILED_SHOWN_MAX = 3000
};

static const char *const mark_kind_names[MARK_KIND_COUNT] = {
    [MARK_END] = "end",         [MARK_SCRIPT] = "script", [MARK_RESTART] = "restart",
    [MARK_RESCALE] = "rescale", [MARK_LOSS] = "loss",     [MARK_MACHINE] = "machine",
};

void timeline_init(struct timeline *timeline, const struct scenario *scenario)
{
    *timeline = (struct timeline){ .notes_from = TIME_NEVER, .thin_at = THIN_EVERY };
    vec_resize(&timeline->current, scenario->jobs.count);
}

void timeline_fini(struct timeline *timeline)
{
    vec_fini(&timeline->marks);
    vec_fini(&timeline->phases);
    vec_fini(&timeline->failed_checkpoints);
    vec_fini(&timeline->notes);
    vec_fini(&timeline->kept);
    vec_fini(&timeline->current);
}

/* Quotes, commas and control characters would end the field for gnuplot. */
struct mark timeline_make_mark(time_ns at, enum mark_kind kind, const char *label)
{
    struct mark mark = { .at = at, .kind = kind, .job = job_id_none(), .level = -1, .side = 1 };
    text_format(mark.label, sizeof mark.label, "%s", label);
    size_t length = 0;
    for (const char *p = mark.label; *p; p++)
        if (*p != ',')
            mark.label[length++] = *p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '\'' : *p;
    mark.label[length] = '\0';
    shown_text_clean(mark.label);
    return mark;
}

/* In a run of any length and with any number of machines there is room for what comes late. */
static void keep_mark(struct timeline *timeline, const struct mark *mark)
{
    if (timeline->marks.count >= timeline->thin_at) {
        timeline->marks.count = timeline_thin(timeline->marks.items, timeline->marks.count,
                                              mark->at / TIMELINE_ALIKE_MAX);
        timeline->thin_at = timeline->marks.count + THIN_EVERY;
    }
    if (timeline->marks.count < TIMELINE_MARKS_MAX)
        vec_push(&timeline->marks, *mark);
}

void timeline_mark(struct timeline *timeline, time_ns at, enum mark_kind kind, const char *label)
{
    struct mark mark = timeline_make_mark(at, kind, label);
    keep_mark(timeline, &mark);
}

void timeline_mark_machine(struct timeline *timeline, time_ns at, enum mark_kind kind,
                           const char *name, const char *word, const char *label)
{
    struct mark *last = timeline->marks.count ? &vec_last(&timeline->marks) : NULL;
    if (last && last->word && last->at == at && last->kind == kind &&
        text_equal(last->word, word)) {
        last->others++;
        return;
    }
    struct mark mark = timeline_make_mark(at, kind, label);
    if (strncmp(label, name, strlen(name)) == 0) /* a reason of other words stands alone */
        mark.word = word;
    keep_mark(timeline, &mark);
}

void timeline_phase(struct timeline *timeline, time_ns at, struct job_id job, const char *name)
{
    const char **current = &timeline->current.items[job.n];
    if (*current && text_equal(*current, name))
        return;
    *current = name;
    if (timeline->phases.count < TIMELINE_PHASES_MAX)
        vec_push(&timeline->phases, (struct phase){ at, job, name });
}

/* Placing. In letters from the left end of the axis. */

struct placed {
    double x, from, to; /* of the line; of the label */
    int row;
};

struct placing {
    VEC(struct placed) labels;
    const struct label_space *space;
};

static bool is_inside(double x, const struct placed *label)
{
    return x > label->from + 0.5 && x < label->to - 0.5 && x != label->x;
}

/* No label on another one, no line through a label of a lower row. */
static bool is_free(const struct placing *placing, const struct placed *own)
{
    for (VEC_EACH(const struct placed, other, &placing->labels)) {
        bool covers = other->row == own->row && own->from < other->to && own->to > other->from;
        bool cuts = own->row > other->row && is_inside(own->x, other);
        bool is_cut = other->row > own->row && is_inside(other->x, own);
        if (covers || cuts || is_cut)
            return false;
    }
    return true;
}

double timeline_label_letters(const char *label)
{
    return shown_text_letters(label, strlen(label)) + LABEL_GAP;
}

/* From the top row down: what comes later then stands lower, and its line cuts nothing. */
static bool place_at(struct placing *placing, struct mark *mark, double x, int side)
{
    double width = timeline_label_letters(mark->label);
    struct placed own = { .x = x, .from = side > 0 ? x : x - width };
    own.to = own.from + width;
    if (own.from < 0 || own.to > placing->space->letters)
        return false;
    for (own.row = placing->space->rows - 1; own.row >= 0; own.row--) {
        if (!is_free(placing, &own))
            continue;
        vec_push(&placing->labels, own);
        mark->level = own.row;
        mark->side = side;
        return true;
    }
    return false;
}

/* Rows at the bottom that nobody stands in are left out. */
static void close_up(struct mark *marks, size_t count, const struct placing *placing)
{
    int lowest = placing->space->rows;
    for (VEC_EACH(const struct placed, label, &placing->labels))
        lowest = label->row < lowest ? label->row : lowest;
    for (size_t i = 0; i < count; i++)
        if (marks[i].level >= 0)
            marks[i].level -= lowest;
}

static bool is_to_be_placed(const struct mark *mark, const struct label_space *space)
{
    return mark->at >= space->from && mark->at <= space->to && space->to > space->from &&
           mark->level == -1;
}

static void place_mark(struct placing *placing, struct mark *mark)
{
    const struct label_space *space = placing->space;
    double length = (double)(space->to - space->from);
    double x = (double)(mark->at - space->from) / length * space->letters;
    bool placed = place_at(placing, mark, x, 1) || place_at(placing, mark, x, -1);
    if (placed || !mark->otherwise)
        return;
    text_format(mark->label, sizeof mark->label, "%s", mark->otherwise);
    if (!place_at(placing, mark, x, 1))
        place_at(placing, mark, x, -1);
}

/* Whether all found room. */
static bool place_kind(struct placing *placing, struct mark *marks, size_t count,
                       enum mark_kind kind, bool again)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        if (marks[i].kind != kind || marks[i].is_again != again ||
            !is_to_be_placed(&marks[i], placing->space))
            continue;
        place_mark(placing, &marks[i]);
        all = all && marks[i].level >= 0;
    }
    return all;
}

/* Labels from left to right stand closest, and a job ends behind what brought it down; but where
 * its end finds no room then, it comes first. */
static void place_ends(struct placing *placing, struct mark *marks, size_t count)
{
    place_kind(placing, marks, count, MARK_SCRIPT, false);
    if (place_kind(placing, marks, count, MARK_END, false))
        return;
    vec_clear(&placing->labels);
    for (size_t i = 0; i < count; i++)
        marks[i].level = marks[i].level < -1 ? marks[i].level : -1;
    place_kind(placing, marks, count, MARK_END, false);
    place_kind(placing, marks, count, MARK_SCRIPT, false);
}

/* Where there are too many lines. What the script does keeps its own beside any number of others.
 */
static void leave_ticks(struct mark *marks, size_t count)
{
    size_t told = 0;
    for (size_t i = 0; i < count; i++)
        told += marks[i].kind <= MARK_SCRIPT;
    for (size_t i = 0; i < count; i++)
        if (marks[i].level == -1 && (marks[i].kind <= MARK_SCRIPT ? told : count) > LINES_MAX)
            marks[i].level = -2;
}

/* Machines come last: of them there are always many. */
void timeline_place(struct mark *marks, size_t count, const struct label_space *space)
{
    static const struct {
        enum mark_kind kind;
        bool again;
    } turns[] = {
        { MARK_RESTART, false }, { MARK_RESCALE, false }, { MARK_SCRIPT, true },
        { MARK_RESTART, true },  { MARK_RESCALE, true },  { MARK_LOSS, false },
        { MARK_MACHINE, false }, { MARK_LOSS, true },     { MARK_MACHINE, true },
    };
    struct placing placing = { .space = space };
    timeline_find_repeated(marks, count);
    place_ends(&placing, marks, count);
    for (size_t t = 0; t < sizeof turns / sizeof *turns; t++)
        place_kind(&placing, marks, count, turns[t].kind, turns[t].again);
    leave_ticks(marks, count);
    close_up(marks, count, &placing);
    vec_fini(&placing.labels);
}

/* Files. */

void timeline_write_marks(const struct mark *marks, size_t count, FILE *file)
{
    char at[NUMBER_TEXT_SIZE];
    fputs("time_s,label,kind,level,side\n", file);
    for (size_t i = 0; i < count; i++) {
        number_plain((double)marks[i].at / (double)TIME_S, at);
        fprintf(file, "%s,\"%s\",%s,%d,%d\n", at, marks[i].label, mark_kind_names[marks[i].kind],
                marks[i].level, marks[i].side);
    }
}

/* No more than can be told apart on the whole axis. */
static void write_failed_checkpoints(const struct timeline *timeline, time_ns end, FILE *file)
{
    time_ns next = 0;
    char at[NUMBER_TEXT_SIZE];
    for (VEC_EACH(const time_ns, failed, &timeline->failed_checkpoints)) {
        if (*failed < next)
            continue;
        next = *failed + end / FAILED_SHOWN_MAX;
        number_plain((double)*failed / (double)TIME_S, at);
        fprintf(file, "%s,\"\",checkpoint failed,-2,1\n", at);
    }
}

/* What runs again was restarted, also by a JobManager that took it over and counts anew. */
static bool has_restarted(const struct incident *incident)
{
    return incident->restarts > 0 ||
           (incident->running_at != TIME_NEVER && incident->failed_at == TIME_NEVER);
}

static const char *short_word(const struct incident *incident)
{
    return has_restarted(incident) ? "restart" : "down";
}

static struct mark mark_of(const struct incident *incident)
{
    if (incident->planned)
        return timeline_make_mark(incident->down_at, MARK_RESCALE, "rescale");
    struct mark mark = timeline_make_mark(incident->down_at, MARK_RESTART, incident->cause);
    mark.otherwise = short_word(incident);
    return mark;
}

struct marks {
    VEC(struct mark) list;
};

static size_t first_at(const struct marks *marks, time_ns at)
{
    size_t low = 0, high = marks->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (marks->list.items[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A restart says what brought it about: then the machine needs no label of its own. What the script
 * has said of it is not said again. */
static void join_causes(struct marks *marks, const struct incidents *incidents)
{
    for (VEC_EACH(const struct incident, incident, &incidents->list)) {
        struct mark *restart = NULL;
        bool is_told = false;
        if (incident->planned)
            continue;
        for (size_t i = first_at(marks, incident->at);
             i < marks->list.count && marks->list.items[i].at <= incident->down_at; i++) {
            struct mark *mark = &marks->list.items[i];
            if (mark->kind == MARK_RESTART && mark->at == incident->down_at && !restart)
                restart = mark;
            else if (mark->kind == MARK_SCRIPT && mark->at == incident->at)
                is_told = true;
            else if (mark->kind >= MARK_LOSS && mark->at == incident->at)
                mark->level = -2;
        }
        bool at_once = incident->failed_at != TIME_NEVER && !has_restarted(incident);
        if (restart && is_told)
            text_format(restart->label, sizeof restart->label, "%s", short_word(incident));
        if (restart && is_told && at_once)
            restart->level = -2; /* the end of the job has a mark of its own */
    }
}

/* The same fault has brought down another job before. */
static bool is_said(const struct incidents *incidents, size_t index)
{
    const struct incident *own = &incidents->list.items[index];
    while (index-- > 0 && incidents->list.items[index].down_at >= own->at) {
        const struct incident *other = &incidents->list.items[index];
        if (other->at == own->at && other->planned == own->planned &&
            text_equal(other->cause, own->cause))
            return true;
    }
    return false;
}

void timeline_write_events(const struct timeline *timeline, const struct incidents *incidents,
                           time_ns end, FILE *file)
{
    struct marks all = { 0 };
    size_t next = 0;
    for (size_t i = 0; i < incidents->list.count; i++) {
        const struct incident *incident = &incidents->list.items[i];
        while (next < timeline->marks.count &&
               timeline->marks.items[next].at <= incident->down_at) {
            vec_push(&all.list, timeline->marks.items[next]);
            next++;
        }
        if (!is_said(incidents, i))
            vec_push(&all.list, mark_of(incident));
    }
    for (; next < timeline->marks.count; next++)
        vec_push(&all.list, timeline->marks.items[next]);
    join_causes(&all, incidents);
    all.list.count = timeline_thin(all.list.items, all.list.count, end / TIMELINE_ALIKE_MAX);
    for (VEC_EACH(struct mark, mark, &all.list))
        timeline_count_others(mark);
    struct label_space space = { 0, end, TIMELINE_LETTERS, LABEL_ROWS };
    timeline_place(all.list.items, all.list.count, &space);
    timeline_write_marks(all.list.items, all.list.count, file);
    write_failed_checkpoints(timeline, end, file);
    vec_fini(&all.list);
}

void timeline_write_states(const struct timeline *timeline, const struct scenario *scenario,
                           time_ns end, FILE *file)
{
    fputs("from_s,to_s,job,row,state\n", file);
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        const struct phase *last = NULL;
        for (size_t i = 0; i <= timeline->phases.count; i++) {
            const struct phase *phase =
                i < timeline->phases.count ? &timeline->phases.items[i] : NULL;
            if (phase && phase->job.n != j)
                continue;
            if (last) {
                char from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE];
                number_plain((double)last->at / (double)TIME_S, from);
                number_plain((double)(phase ? phase->at : end) / (double)TIME_S, to);
                fprintf(file, "%s,%s,%u,%u,%s\n", from, to, j, j, last->name);
            }
            last = phase;
        }
    }
}

double timeline_axis_step(double length)
{
    static const double steps[] = { 0.01,    0.02,    0.05,     0.1,      0.2,     0.5,    1,
                                    2,       5,       10,       20,       30,      60,     120,
                                    300,     600,     900,      1800,     3600,    7200,   10800,
                                    21600,   43200,   86400,    172800,   432000,  864000, 1728000,
                                    4320000, 8640000, 17280000, 43200000, 86400000 };
    size_t count = sizeof steps / sizeof *steps;
    for (size_t i = 0; i < count; i++)
        if (length / steps[i] <= 13)
            return steps[i];
    return steps[count - 1];
}
