/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the origin back, and holding the second run against the log of the first, line for line
 * by number: a scenario or a program that was changed meanwhile tells another story.
 */
#include "sim/cli/origin.h"

#include "core/base/text.h"
#include "sim/cli/play.h"
#include "sim/exact/exact.h"

json_t *origin_create(const char *path, const struct override *overrides, size_t count,
                      time_ns until)
{
    json_t *origin = json_object(), *changes = json_array();
    json_object_set_new(origin, "scenario", json_string(path));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(changes, json_pack("[s, s]", overrides[i].key, overrides[i].value));
    json_object_set_new(origin, "changes", changes);
    if (until != TIME_NEVER)
        json_object_set_new(origin, "until_s", json_real((double)until / (double)TIME_S));
    return origin;
}

static void count_line(struct origin_run *run)
{
    run->lines++;
}

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    (void)at, (void)node, (void)line;
    count_line(context);
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    (void)at, (void)node, (void)word, (void)reason;
    count_line(context);
}

static void on_answer(void *context, time_ns at, const struct effect_answer *answer)
{
    (void)at, (void)answer;
    count_line(context);
}

static struct err load(struct origin_run *run, const json_t *summary, struct note *note)
{
    const json_t *origin = json_object_get(summary, "origin"), *change;
    const char *path = json_string_value(json_object_get(origin, "scenario"));
    const char *variant = json_string_value(json_object_get(summary, "variant"));
    char file[OUTPUT_PATH_SIZE];
    VEC(struct override) changes = { 0 };
    size_t i;
    if (!path)
        return err_note(note, ERR_NOT_FOUND_CODE,
                        "the summary does not say what was run; run the scenario anew");
    json_array_foreach(json_object_get(origin, "changes"), i, change)
    {
        struct override one = { json_string_value(json_array_get(change, 0)),
                                json_string_value(json_array_get(change, 1)) };
        if (one.key && one.value)
            vec_push(&changes, one);
    }
    play_put_path(path, file);
    struct err e = scenario_load(file, variant && *variant ? variant : NULL, changes.items,
                                 changes.count, &run->scenario, note);
    vec_fini(&changes);
    return e;
}

struct err origin_run_to(struct origin_run *run, const json_t *summary, const struct run_log *log,
                         time_ns at, struct note *note)
{
    *run = (struct origin_run){ 0 };
    TRY(load(run, summary, note));
    if (run->scenario->world != WORLD_EXACT)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--task: the run was one of the %s world, which has no channels to look "
                        "into; run it with --world exact",
                        world_names[run->scenario->world]);
    TRY(exact_check_scenario(run->scenario, note));
    run->simulation = simulation_create(
        run->scenario, &(struct simulation_settings){ .vouching = true, .outputs = &run->outputs });
    simulation_watch(run->simulation,
                     &(struct watcher){ run, on_line, on_fact, on_answer, NULL, NULL });
    simulation_run(run->simulation, at, NULL, NULL, NULL);
    size_t before = run_log_place(log, time_add(at, 1));
    if (run->lines != before)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--task: run again, the scenario has %zu lines of the log up to then, the "
                        "run had %zu: it, or Weir, is not what it was; run it anew",
                        run->lines, before);
    return OK;
}

void origin_run_fini(struct origin_run *run)
{
    if (run->simulation)
        simulation_destroy(run->simulation);
    outputs_fini(&run->outputs);
    scenario_destroy(run->scenario);
}
