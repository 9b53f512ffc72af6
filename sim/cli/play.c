/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting watchers to a simulation, running it, and writing down what it leaves.
 */
#include "sim/cli/play.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "sim/cli/look.h"
#include "sim/cli/play_outputs.h"
#include "sim/exact/exact.h"
#include "sim/kernel/guard.h"
#include "sim/program/folder_name.h"
#include "sim/report/drawn.h"
#include "sim/report/exit_codes.h"
#include "sim/report/never.h"

void play_put_path(const char *path, char out[OUTPUT_PATH_SIZE])
{
    struct stat status;
    bool folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    size_t length = strlen(path);
    while (folder && length > 1 && path[length - 1] == '/')
        length--;
    text_format(out, OUTPUT_PATH_SIZE, "%.*s%s", (int)length, path, folder ? "/scenario.yaml" : "");
}

/* For what tells apart variants whose folders would have one name. */
enum { NUMBER_ROOM = 8 };

/* What the name of a variant looks like as a folder. */
static void put_folder(const struct plays *plays, const char *variant, char *out, size_t size)
{
    size_t at = text_format(out, size, "variants/"), taken = 0;
    while (*variant) {
        size_t letter = folder_name_letter(variant), step = letter ? letter : 1;
        if (at + step + NUMBER_ROOM > size)
            break;
        text_format(out + at, step + 1, "%.*s", (int)step, letter ? variant : "_");
        at += step;
        variant += step;
    }
    out[at] = '\0';
    for (VEC_EACH(const struct play, other, &plays->list))
        taken += strncmp(other->folder, out, at) == 0;
    if (taken)
        text_format(out + at, size - at, "-%zu", taken + 1);
}

static struct err load(struct plays *plays, const struct play_settings *settings, const char *path,
                       const char *variant, struct note *note)
{
    struct play play = { .complete = false };
    TRY(scenario_load(path, variant, settings->overrides, settings->override_count, &play.scenario,
                      note));
    if (play.scenario->world == WORLD_EXACT) {
        struct err e = exact_check_scenario(play.scenario, note);
        if (err_is(e)) {
            scenario_destroy(play.scenario);
            return e;
        }
    }
    if (variant)
        put_folder(plays, variant, play.folder, sizeof play.folder);
    vec_push(&plays->list, play);
    return OK;
}

struct err plays_load(struct plays *plays, const struct play_settings *settings, struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    *plays = (struct plays){ 0 };
    play_put_path(settings->path, path);
    struct err e = load(plays, settings, path, NULL, note);
    for (size_t i = 0; !err_is(e) && i < plays->list.items[0].scenario->variants.count; i++)
        e = load(plays, settings, path, plays->list.items[0].scenario->variants.items[i], note);
    if (err_is(e))
        plays_fini(plays);
    return e;
}

struct err plays_load_one(struct plays *plays, const struct play_settings *settings,
                          const char *variant, const char *folder, struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    *plays = (struct plays){ 0 };
    play_put_path(settings->path, path);
    struct err e = load(plays, settings, path, variant, note);
    if (err_is(e))
        plays_fini(plays);
    else
        text_format(plays->list.items[0].folder, PLAY_FOLDER_SIZE, "%s", folder);
    return e;
}

static void fini_play(struct play *play)
{
    if (play->summary) {
        json_decref(play->summary);
        event_watch_fini(&play->watch);
        checkers_fini(&play->checkers);
        recorder_fini(&play->recorder);
    }
    vec_fini(&play->results.list);
    outputs_fini(&play->outputs);
    scenario_destroy(play->scenario);
}

/* What somebody still has their hands in stays as it is. */
void plays_fini(struct plays *plays)
{
    if (guard_keeps(plays->list.items))
        return;
    for (VEC_EACH(struct play, play, &plays->list))
        fini_play(play);
    vec_fini(&plays->list);
}

/* The order matters: a checker's sample looks at what the recorder has just sampled. */

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct play *play = context;
    event_log_line(&play->log, at, node, line);
    recorder_line(&play->recorder, at, node, line);
    checkers_line(&play->checkers, at, node, line);
    event_watch_line(&play->watch, at, line, incidents_bear_out(&play->recorder.incidents, line));
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct play *play = context;
    event_log_fact(&play->log, at, node, word, reason);
    recorder_fact(&play->recorder, at, node, word, reason);
    checkers_fact(&play->checkers, at, node, word);
    event_watch_fact(&play->watch, at, word, reason);
}

static void on_answer(void *context, time_ns at, const struct effect_answer *answer)
{
    struct play *play = context;
    event_log_answer(&play->log, at, answer);
    event_watch_answer(&play->watch, at, answer);
}

static void on_sample(void *context, time_ns at)
{
    struct play *play = context;
    recorder_sample(&play->recorder, at);
    checkers_sample(&play->checkers, at, false);
}

static void on_step(void *context, time_ns at)
{
    struct play *play = context;
    recorder_step(&play->recorder, at);
}

/* A run as work that is watched. */
struct playing {
    struct play *play;
    struct simulation *simulation;
    const struct play_settings *settings;
    struct progress progress;
};

static void play_through(void *context)
{
    struct playing *playing = context;
    playing->play->complete =
        simulation_run(playing->simulation, playing->settings->until, playing->settings->stop,
                       progress_tell, &playing->progress);
}

static void end_simulation(void *context)
{
    struct playing *playing = context;
    simulation_destroy(playing->simulation);
}

/* Only programs bring code that may not come back. */
static MUST_CHECK struct err do_watched(void (*work)(void *context), struct playing *playing,
                                        struct note *note)
{
    const struct scenario *scenario = playing->play->scenario;
    struct guard_limits limits = { scenario->config.call_cpu_max, playing->settings->stop };
    if (scenario->programs.count == 0) {
        work(playing);
        return OK;
    }
    return guard_run(work, playing, &limits, note);
}

static void begin_watching(struct play *play, struct simulation *simulation, FILE *events,
                           FILE *trace, const char *trace_key)
{
    struct watcher watcher = { play, on_line, on_fact, on_answer, on_sample, on_step };
    if (trace)
        exact_trace_key(plane_exact(simulation_plane(simulation)), trace_key, trace);
    look_init(&play->look, simulation);
    event_log_init(&play->log, events, play->scenario, simulation_cluster(simulation));
    recorder_init(&play->recorder, &play->look);
    checkers_init(&play->checkers, &play->look, &play->recorder);
    event_watch_init(&play->watch, play->scenario);
    simulation_watch(simulation, &watcher);
}

static void look_last(struct play *play, time_ns now)
{
    if (now > metrics_end(&play->recorder.metrics))
        recorder_sample(&play->recorder, now);
    checkers_sample(&play->checkers, now, true);
}

/* Runs it and makes the summary, while there is a simulation to look into. */
static MUST_CHECK struct err run(struct play *play, const struct play_settings *settings,
                                 FILE *events, FILE *trace, struct note *note)
{
    const struct scenario *scenario = play->scenario;
    struct playing *playing = mem_create(sizeof *playing);
    struct simulation *simulation = simulation_create(
        scenario, &(struct simulation_settings){ .vouching = true,
                                                 .check_invariants = settings->check_invariants,
                                                 .outputs = &play->outputs });
    *playing = (struct playing){ .play = play, .simulation = simulation, .settings = settings };
    begin_watching(play, simulation, events, trace, settings->trace_key);
    progress_begin(&playing->progress, settings->quiet,
                   settings->title     ? settings->title
                   : scenario->variant ? scenario->variant
                                       : scenario->name,
                   settings->until < scenario->duration ? settings->until : scenario->duration);
    struct err e = do_watched(play_through, playing, note);
    progress_end(&playing->progress);
    if (!err_is(e))
        look_last(play, simulation_now(simulation));
    play->summary = summary_create(&play->recorder, &play->log, simulation_event_count(simulation),
                                   play->complete);
    json_object_set_new(play->summary, "never_happened", summary_never_happened(simulation));
    json_object_set_new(play->summary, "programs_failed", exit_codes_list(simulation));
    if (!err_is(e))
        e = do_watched(end_simulation, playing, note);
    if (!err_is(e))
        mem_destroy(playing);
    play->look.context = NULL;
    return e;
}

/* Files. */

static void put_name(const struct play *play, const char *file, char *out, size_t size)
{
    text_format(out, size, "%s%s%s", play->folder, play->folder[0] ? "/" : "", file);
}

enum play_file { FILE_METRICS, FILE_DRAWN, FILE_MARKS, FILE_STATES, FILE_RECOVERY, FILE_COUNT };

static const char *const file_names[FILE_COUNT] = {
    [FILE_METRICS] = "metrics.csv", [FILE_DRAWN] = "plot.csv",        [FILE_MARKS] = "events.csv",
    [FILE_STATES] = "states.csv",   [FILE_RECOVERY] = "recovery.csv",
};

static void fill_file(const struct play *play, enum play_file which, FILE *file)
{
    const struct recorder *recorder = &play->recorder;
    time_ns end = metrics_end(&recorder->metrics);
    switch (which) {
    case FILE_METRICS: metrics_write_csv(&recorder->metrics, file); return;
    case FILE_DRAWN: drawn_write(&recorder->metrics, file); return;
    case FILE_MARKS:
        timeline_write_events(&recorder->timeline, &recorder->incidents, end, file);
        return;
    case FILE_STATES: timeline_write_states(&recorder->timeline, play->scenario, end, file); return;
    case FILE_RECOVERY:
        timeline_write_recovery(&recorder->timeline, &recorder->incidents, play->scenario->sample,
                                end, file);
        return;
    case FILE_COUNT: break;
    }
    IMPOSSIBLE("file of a run");
}

static struct err write_files(const struct play *play, const struct output_dir *output,
                              struct note *note)
{
    char name[PLAY_FOLDER_SIZE + 32];
    for (int which = 0; which < FILE_COUNT; which++) {
        FILE *file;
        put_name(play, file_names[which], name, sizeof name);
        TRY(output_open(output, name, &file, note));
        fill_file(play, (enum play_file)which, file);
        TRY(output_close(output, file, name, note));
    }
    return play_outputs_write(play, output, note);
}

static struct err run_with_files(struct play *play, const struct play_settings *settings,
                                 struct note *note)
{
    const struct output_dir *output = settings->output;
    char name[PLAY_FOLDER_SIZE + 32];
    FILE *events;
    if (strchr(play->folder, '/'))
        TRY(output_make_folder(output, "variants", note));
    if (play->folder[0])
        TRY(output_make_folder(output, play->folder, note));
    put_name(play, "events.jsonl", name, sizeof name);
    TRY(output_open(output, name, &events, note));
    FILE *trace = NULL;
    char trace_name[PLAY_FOLDER_SIZE + 32];
    put_name(play, "trace.jsonl", trace_name, sizeof trace_name);
    if (settings->trace_key)
        TRY(output_open(output, trace_name, &trace, note));
    struct err ran = run(play, settings, events, trace, note);
    TRY(output_close(output, events, name, note));
    if (trace)
        TRY(output_close(output, trace, trace_name, note));
    TRY(write_files(play, output, note));
    return ran;
}

struct err plays_run(struct plays *plays, const struct play_settings *settings, struct note *note)
{
    for (VEC_EACH(struct play, play, &plays->list)) {
        if (settings->output)
            TRY(run_with_files(play, settings, note));
        else
            TRY(run(play, settings, settings->events, NULL, note));
        if (!play->complete)
            break;
    }
    return OK;
}

/* Judging. */

static const struct metrics *metrics_of(const struct plays *plays, const char *variant)
{
    for (VEC_EACH(const struct play, play, &plays->list))
        if (variant && play->scenario->variant && text_equal(play->scenario->variant, variant))
            return play->complete ? &play->recorder.metrics : NULL;
    return NULL;
}

static const char *of_variant(const struct expectation *expectation)
{
    return expectation->kind == EXPECT_METRIC ? expectation->of : NULL;
}

/* A variant repeats the expectations of the scenario, which are the scenario's. */
static bool is_own(const struct plays *plays, const struct play *play, size_t index)
{
    return play == &plays->list.items[0] || play->scenario->expect.items[index].varied;
}

static bool is_expected(const struct scenario *scenario, const char *invariant)
{
    for (VEC_EACH(const struct expectation, expectation, &scenario->expect))
        if (expectation->kind == EXPECT_INVARIANT && text_equal(expectation->subject, invariant))
            return true;
    return false;
}

/* Invariants need not be asked for: one that does not hold is a failure anyway. */
static void add_broken_invariants(struct play *play)
{
    for (size_t i = 0; i < invariant_count; i++) {
        struct check_result result = { .held = true };
        const char *name = invariant_rows[i].name;
        if (is_expected(play->scenario, name) && !play->scenario->variant)
            continue;
        checkers_judge(&play->checkers, name, &result);
        text_format(result.name, sizeof result.name, "invariant %s", name);
        if (!result.held)
            vec_push(&play->results.list, result);
    }
}

static void judge(const struct plays *plays, struct play *play)
{
    const struct scenario *scenario = play->scenario;
    const struct run_evidence evidence = { .scenario = scenario,
                                           .metrics = &play->recorder.metrics,
                                           .watch = &play->watch,
                                           .checkers = &play->checkers,
                                           .incidents = &play->recorder.incidents,
                                           .outputs = &play->outputs };
    for (size_t i = 0; i < scenario->expect.count; i++) {
        struct check_result result;
        if (!is_own(plays, play, i))
            continue;
        expectation_judge(&evidence, i, metrics_of(plays, of_variant(&scenario->expect.items[i])),
                          &result);
        vec_push(&play->results.list, result);
    }
    for (VEC_EACH(const struct check_result, refused, &play->watch.refused))
        vec_push(&play->results.list, *refused);
    add_broken_invariants(play);
}

bool plays_are_complete(const struct plays *plays)
{
    for (VEC_EACH(const struct play, play, &plays->list))
        if (!play->complete)
            return false;
    return true;
}

void plays_judge(struct plays *plays)
{
    bool complete = plays_are_complete(plays);
    struct play *first = &plays->list.items[0];
    json_t *compare = json_object();
    for (VEC_EACH(struct play, play, &plays->list)) {
        if (!play->summary)
            continue;
        if (complete)
            judge(plays, play);
        json_object_set_new(play->summary, "folder", json_string(play->folder));
        json_object_set_new(play->summary, "expectations", summary_results(&play->results));
        if (play != first)
            json_object_set(compare, play->scenario->variant, play->summary);
    }
    if (plays->list.count > 1)
        json_object_set(first->summary, "compare", compare);
    json_decref(compare);
}

/* Behind a word, maybe none, and the variant's name where it is one's. */
static void append_named(const struct play *play, const char *word, const char *text, json_t *all)
{
    char named[NEVER_TEXT_SIZE + SUMMARY_FAILED_SIZE + PLAY_FOLDER_SIZE];
    const char *variant = json_string_value(json_object_get(play->summary, "variant"));
    text_format(named, sizeof named, "%s%s%.*s%s%s", word ? word : "", word ? ": " : "", 80,
                variant ? variant : "", variant ? ": " : "", text);
    json_array_append_new(all, json_string(named));
}

json_t *play_never_happened(const struct play *play)
{
    json_t *all = json_array();
    const json_t *one;
    size_t i;
    bool ended = play->complete && metrics_end(&play->recorder.metrics) >= play->scenario->duration;
    json_array_foreach(json_object_get(play->summary, "never_happened"), i, one)
    {
        char text[NEVER_TEXT_SIZE];
        if (!ended && !never_is_certain(one))
            continue;
        never_text(one, text);
        append_named(play, never_word(one), text, all);
    }
    return all;
}

json_t *play_jobs_failed(const struct play *play)
{
    json_t *all = json_array();
    size_t jobs = json_array_size(json_object_get(play->summary, "jobs"));
    for (size_t j = 0; j < jobs; j++) {
        char text[SUMMARY_FAILED_SIZE];
        if (summary_failed_text(play->summary, j, text))
            append_named(play, NULL, text, all);
    }
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(play->summary, "programs_failed"), i, one)
    {
        char text[EXIT_CODE_TEXT_SIZE];
        exit_code_text(one, text);
        append_named(play, NULL, text, all);
    }
    return all;
}

size_t plays_failed(const struct plays *plays)
{
    size_t failed = 0;
    for (VEC_EACH(const struct play, play, &plays->list))
        failed += check_results_failed(&play->results);
    return failed;
}
