/* SPDX-License-Identifier: Apache-2.0
 *
 * The comparison. Sequences of states must be those of a run; where the runs of a recording differ
 * among themselves (loops that go round more or less often) those of some run with each loop taken
 * once. Times are compared between events that a timer joins.
 */
#include "tests/lib/fidelity.h"

#include <math.h>
#include <string.h>

#include "core/base/text.h"

static const double tolerance_s = 0.2;
static const double drawn_share = 0.2;
static const double replay_share = 0.1;   /* of rate x time */
static const double replay_spread = 0.15; /* runs further apart than this say nothing */

enum { LABEL_SIZE = 160, LIST_TEXT_SIZE = 64 };

static struct fidelity_row *add_row(struct fidelity_report *report, const char *subject)
{
    vec_push(&report->rows, (struct fidelity_row){ .good = false });
    struct fidelity_row *row = &vec_last(&report->rows);
    text_format(row->subject, sizeof row->subject, "%s", subject);
    return row;
}

/* Sequences of states. */

static bool lists_equal(const struct name_list *a, const struct name_list *b)
{
    if (a->names.count != b->names.count)
        return false;
    for (size_t i = 0; i < a->names.count; i++)
        if (!text_equal(a->names.items[i], b->names.items[i]))
            return false;
    return true;
}

static bool repeats(const struct name_list *list, size_t at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!text_equal(list->names.items[at + i], list->names.items[at + length + i]))
            return false;
    return true;
}

static void remove_range(struct name_list *list, size_t at, size_t length)
{
    memmove(list->names.items + at, list->names.items + at + length,
            (list->names.count - at - length) * sizeof *list->names.items);
    list->names.count -= length;
}

void fidelity_collapse(struct name_list *list)
{
    for (size_t length = 1; 2 * length <= list->names.count; length++) {
        bool found = false;
        for (size_t at = 0; at + 2 * length <= list->names.count;) {
            if (repeats(list, at, length)) {
                remove_range(list, at, length);
                found = true;
            } else {
                at++;
            }
        }
        if (found)
            length = 0; /* shorter bodies may have met */
    }
}

static void copy_list(struct name_list *to, const struct name_list *from)
{
    for (size_t i = 0; i < from->names.count; i++)
        vec_push(&to->names, from->names.items[i]);
}

static bool runs_agree(const struct name_list *runs, size_t count)
{
    for (size_t run = 1; run < count; run++)
        if (!lists_equal(&runs[0], &runs[run]))
            return false;
    return true;
}

/* The run whose sequence is ours, with loops taken once if need be; -1: none. */
static int find_run(const struct name_list *ours, struct name_list *runs, size_t count,
                    bool *is_mixture)
{
    struct name_list collapsed = { 0 };
    int found = -1;
    *is_mixture = false;
    for (size_t run = 0; run < count && found < 0; run++)
        if (lists_equal(ours, &runs[run]))
            found = (int)run;
    if (found >= 0 || runs_agree(runs, count))
        return found;
    *is_mixture = true;
    copy_list(&collapsed, ours);
    fidelity_collapse(&collapsed);
    for (size_t run = 0; run < count && found < 0; run++) {
        fidelity_collapse(&runs[run]);
        if (lists_equal(&collapsed, &runs[run]))
            found = (int)run;
    }
    vec_fini(&collapsed.names);
    return found;
}

/* Where the nearest run parts from ours, for whoever looks for the reason. */
static void say_where(struct fidelity_row *row, const struct name_list *ours,
                      const struct name_list *runs, size_t count)
{
    size_t longest = 0, nearest = 0;
    for (size_t run = 0; run < count; run++) {
        size_t same = 0;
        while (same < ours->names.count && same < runs[run].names.count &&
               text_equal(ours->names.items[same], runs[run].names.items[same]))
            same++;
        if (same > longest) {
            longest = same;
            nearest = run;
        }
    }
    const struct name_list *theirs = &runs[nearest];
    size_t length = strlen(row->subject);
    snprintf(row->subject + length, sizeof row->subject - length, " (state %zu: %s, not %s)",
             longest + 1, longest < ours->names.count ? ours->names.items[longest] : "none",
             longest < theirs->names.count ? theirs->names.items[longest] : "none");
}

static void compare_states(struct fidelity_report *report, const struct recording *recording,
                           const struct retelling *retelling, enum recorded_machine machine)
{
    struct name_list runs[RECORDING_RUNS_MAX] = { 0 };
    const struct name_list *ours = &retelling->states[machine];
    for (size_t run = 0; run < recording->run_count; run++)
        recording_states(recording, machine, run, &runs[run]);
    if (runs[0].names.count > 0) {
        struct fidelity_row *row = add_row(report, recorded_machine_names[machine]);
        bool agree = runs_agree(runs, recording->run_count), is_mixture;
        int like = find_run(ours, runs, recording->run_count, &is_mixture);
        row->good = like >= 0;
        snprintf(row->weir, sizeof row->weir, "%zu states", ours->names.count);
        if (like < 0) {
            text_format(row->flink, sizeof row->flink, "another sequence");
            say_where(row, ours, runs, recording->run_count);
        }
        if (like >= 0 && is_mixture)
            text_format(row->flink, sizeof row->flink, "the loop of run %d", like + 1);
        else if (like >= 0)
            text_format(row->flink, sizeof row->flink, agree ? "all runs" : "run %d", like + 1);
    }
    for (size_t run = 0; run < recording->run_count; run++)
        vec_fini(&runs[run].names);
}

/* Counts and ids. */

static void compare_restarts(struct fidelity_report *report, const struct recording *recording,
                             const struct retelling *retelling)
{
    int64_t least = INT64_MAX, most = 0, count;
    char list[LIST_TEXT_SIZE] = "";
    for (size_t run = 0; run < recording->run_count; run++) {
        if (!recording_restarts(recording, run, &count))
            return;
        least = count < least ? count : least;
        most = count > most ? count : most;
        size_t length = strlen(list);
        text_format(list + length, sizeof list - length, "%s%lld", run ? " / " : "",
                    (long long)count);
    }
    struct fidelity_row *row = add_row(report, "restarts after the origin");
    row->good = least <= retelling->restarts && retelling->restarts <= most;
    text_format(row->weir, sizeof row->weir, "%lld", (long long)retelling->restarts);
    text_format(row->flink, sizeof row->flink, "%s", list);
}

/* Ids restored again and again count once: how often is the number of restarts. */
static void collapse_ids(struct id_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->ids.count; i++)
        if (kept == 0 || list->ids.items[i] != list->ids.items[kept - 1])
            list->ids.items[kept++] = list->ids.items[i];
    list->ids.count = kept;
}

static bool ids_equal(const struct id_list *a, const struct id_list *b)
{
    return a->ids.count == b->ids.count &&
           (a->ids.count == 0 ||
            memcmp(a->ids.items, b->ids.items, a->ids.count * sizeof *a->ids.items) == 0);
}

static void print_ids(const struct id_list *list, char *out, size_t size)
{
    text_format(out, size, "%s", list->ids.count ? "" : "none");
    for (size_t i = 0; i < list->ids.count; i++) {
        size_t length = strlen(out);
        text_format(out + length, size - length, "%s%llu", i ? " " : "",
                    (unsigned long long)list->ids.items[i]);
    }
}

static uint64_t last_id(const struct id_list *list)
{
    return list->ids.count ? vec_last(&list->ids) : 0;
}

/* The list of some run; or, when the runs differ, a last id that is between theirs: which
 * checkpoint is the last before a failure that a person caused depends on his hand. */
static void compare_restored(struct fidelity_report *report, const struct recording *recording,
                             const struct retelling *retelling)
{
    struct id_list ours = { 0 }, runs[RECORDING_RUNS_MAX] = { 0 };
    size_t count = 0;
    bool like_one = false, agree = true;
    uint64_t least = UINT64_MAX, most = 0;
    char list[LIST_TEXT_SIZE] = "";
    for (size_t i = 0; i < retelling->restored.ids.count; i++)
        vec_push(&ours.ids, retelling->restored.ids.items[i]);
    collapse_ids(&ours);
    while (count < recording->run_count && recording_restored(recording, count, &runs[count]))
        count++;
    for (size_t run = 0; run < count; run++) {
        collapse_ids(&runs[run]);
        like_one |= ids_equal(&ours, &runs[run]);
        agree &= ids_equal(&runs[0], &runs[run]);
        least = last_id(&runs[run]) < least ? last_id(&runs[run]) : least;
        most = last_id(&runs[run]) > most ? last_id(&runs[run]) : most;
        size_t length = strlen(list);
        text_format(list + length, sizeof list - length, "%s", run ? " / " : "");
        length = strlen(list);
        print_ids(&runs[run], list + length, sizeof list - length);
        vec_fini(&runs[run].ids);
    }
    if (count > 0) {
        struct fidelity_row *row = add_row(report, "checkpoints restored");
        bool between = !agree && least <= last_id(&ours) && last_id(&ours) <= most;
        row->good = like_one || between;
        print_ids(&ours, row->weir, sizeof row->weir);
        text_format(row->flink, sizeof row->flink, "%s", list);
    }
    vec_fini(&ours.ids);
}

static void compare_replay(struct fidelity_report *report, const struct recording *recording,
                           const struct retelling *retelling)
{
    double least, most;
    if (!recording_replayed(recording, &least, &most) || most - least > replay_spread * most)
        return;
    struct fidelity_row *row = add_row(report, "records replayed per source");
    row->good = least * (1 - replay_share) <= retelling->replayed &&
                retelling->replayed <= most * (1 + replay_share);
    snprintf(row->weir, sizeof row->weir, "%.0f", retelling->replayed);
    snprintf(row->flink, sizeof row->flink, "%.0f to %.0f", least, most);
}

/* Causes of failures. */

static bool has_name(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->names.count; i++)
        if (text_equal(list->names.items[i], name))
            return true;
    return false;
}

static void destroy_names(struct name_list *list)
{
    for (size_t i = 0; i < list->names.count; i++)
        mem_destroy((char *)list->names.items[i]);
    vec_fini(&list->names);
}

/* Each of our causes was some run's, and what failed every run fails ours. */
static void compare_causes(struct fidelity_report *report, const struct recording *recording,
                           const struct retelling *retelling)
{
    struct name_list runs[RECORDING_RUNS_MAX] = { 0 };
    const struct name_list *ours = &retelling->causes;
    size_t count = recording->run_count;
    bool recorded = true;
    const char *wrong = NULL;
    for (size_t run = 0; run < count; run++)
        recorded &= recording_causes(recording, run, &runs[run]);
    for (size_t i = 0; i < ours->names.count && !wrong; i++) {
        bool known = false;
        for (size_t run = 0; run < count; run++)
            known |= has_name(&runs[run], ours->names.items[i]);
        wrong = known ? NULL : ours->names.items[i];
    }
    for (size_t i = 0; i < runs[0].names.count && !wrong; i++) {
        bool in_all = true;
        for (size_t run = 1; run < count; run++)
            in_all &= has_name(&runs[run], runs[0].names.items[i]);
        if (in_all && !has_name(ours, runs[0].names.items[i]))
            wrong = runs[0].names.items[i];
    }
    if (recorded) {
        struct fidelity_row *row = add_row(report, "causes of failures");
        row->good = wrong == NULL;
        snprintf(row->weir, sizeof row->weir, "%zu", ours->names.count);
        text_format(row->flink, sizeof row->flink, "%s", wrong ? wrong : "the same");
    }
    for (size_t run = 0; run < count; run++)
        destroy_names(&runs[run]);
}

/* Times. */

static void expand(char *out, size_t size, const char *label, int k)
{
    const char *open = strchr(label, '{');
    text_format(out, size, "%s", label);
    if (!open)
        return;
    int number = k + (strncmp(open, "{k+1}", 5) == 0) - (strncmp(open, "{k-1}", 5) == 0);
    text_format(out, size, "%.*s%d%s", (int)(open - label), label, number, strchr(open, '}') + 1);
}

/* What happened before the origin in Flink is looked for before it here. */
static bool happens_before(const struct recording *recording, const char *label)
{
    double at;
    for (size_t run = 0; run < recording->run_count; run++)
        if (recording_time(recording, label, run, &at))
            return at < 0;
    return false;
}

static double median(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double swap = values[j];
            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* The names of machines are plain from those of their states, and rows are long. */
static void shorten(char *label)
{
    static const char *const prefixes[] = { "job status ", "scheduler state ", "phase ",
                                            "scheduler state " };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i]);
        if (strncmp(label, prefixes[i], length) == 0)
            memmove(label, label + length, strlen(label + length) + 1);
    }
}

static bool is_in_reach(const struct timer_pair *pair, double ours, double theirs)
{
    switch (pair->kind) {
    case PAIR_TIMER: return fabs(ours - theirs) <= tolerance_s;
    case PAIR_DRAWN: return fabs(ours - theirs) <= tolerance_s + drawn_share * theirs;
    case PAIR_WINDOW: return pair->low <= ours && ours <= pair->high;
    }
    return false;
}

void fidelity_compare_pair(struct fidelity_report *report, const struct recording *recording,
                           const struct retelling *retelling, const struct timer_pair *pair, int k)
{
    char from[LABEL_SIZE], to[LABEL_SIZE];
    double spans[RECORDING_RUNS_MAX], begin, end;
    size_t count = 0;
    expand(from, sizeof from, pair->from, k);
    expand(to, sizeof to, pair->to, k);
    bool from_before = happens_before(recording, from), to_before = happens_before(recording, to);
    struct fidelity_row *row = add_row(report, "");
    for (size_t run = 0; run < recording->run_count; run++) {
        size_t length = strlen(row->flink);
        bool has = recording_time(recording, from, run, &begin) &&
                   recording_time(recording, to, run, &end);
        if (has)
            spans[count++] = end - begin;
        snprintf(row->flink + length, sizeof row->flink - length, has ? "%s%.3f" : "%s-",
                 run ? " / " : "", has ? spans[count - 1] : 0);
    }
    if (count > 0 && retelling_time(retelling, from, from_before, &begin) &&
        retelling_time(retelling, to, to_before, &end)) {
        double theirs = median(spans, count);
        row->good = is_in_reach(pair, end - begin, theirs);
        snprintf(row->weir, sizeof row->weir, "%.3f", end - begin);
        snprintf(row->difference, sizeof row->difference, "%+.3f", end - begin - theirs);
    } else {
        text_format(row->weir, sizeof row->weir, count ? "never" : "?");
    }
    shorten(from);
    shorten(to);
    text_format(row->subject, sizeof row->subject, "%s .. %s", from, to);
}

void fidelity_compare(struct fidelity_report *report, const struct recording *recording,
                      const struct retelling *retelling)
{
    for (int machine = 0; machine < RECORDED_MACHINE_COUNT; machine++)
        compare_states(report, recording, retelling, (enum recorded_machine)machine);
    compare_restarts(report, recording, retelling);
    compare_restored(report, recording, retelling);
    compare_replay(report, recording, retelling);
    compare_causes(report, recording, retelling);
    for (size_t i = 0; i < timer_pair_count; i++)
        if (text_equal(timer_pairs[i].recording, recording->name))
            for (int k = timer_pairs[i].first; k <= timer_pairs[i].last; k++)
                fidelity_compare_pair(report, recording, retelling, &timer_pairs[i], k);
}

bool fidelity_is_good(const struct fidelity_report *report)
{
    for (size_t i = 0; i < report->rows.count; i++)
        if (!report->rows.items[i].good)
            return false;
    return report->rows.count > 0;
}

void fidelity_fini(struct fidelity_report *report)
{
    vec_fini(&report->rows);
}

void fidelity_print(const struct fidelity_report *report, const char *name, FILE *file)
{
    fprintf(file, "%s\n", name);
    for (size_t i = 0; i < report->rows.count; i++) {
        const struct fidelity_row *row = &report->rows.items[i];
        fprintf(file, "  %9s  %-25s %7s  %-7s  %s\n", row->weir, row->flink, row->difference,
                row->good ? "ok" : "DIFFERS", row->subject);
    }
}

void fidelity_print_page(const struct fidelity_report *report, const char *name, FILE *file)
{
    fprintf(file, "\n### %s\n\n| what | Weir | Flink | difference | |\n|---|---:|---:|---:|---|\n",
            name);
    for (size_t i = 0; i < report->rows.count; i++) {
        const struct fidelity_row *row = &report->rows.items[i];
        fprintf(file, "| %s | %s | %s | %s | %s |\n", row->subject, row->weir, row->flink,
                row->difference, row->good ? "" : "DIFFERS");
    }
}
