/* SPDX-License-Identifier: Apache-2.0
 *
 * The same file is read once for each world, with the world laid over it.
 */
#include "sim/cli/worlds.h"

#include <errno.h>

#include "core/base/text.h"

enum { TITLE_SIZE = 128 };

/* What was asked for, and behind it, so that it wins, the world and the level. */
struct changes {
    VEC(struct override) list;
};

static void make_changes(const struct play_settings *settings, const char *world,
                         struct changes *out)
{
    *out = (struct changes){ 0 };
    for (size_t i = 0; i < settings->override_count; i++)
        vec_push(&out->list, settings->overrides[i]);
    if (world)
        vec_push(&out->list, (struct override){ "world", world });
    vec_push(&out->list, (struct override){ "log-level", log_level_names[LOG_DECISION] });
}

/* The file itself, whichever world: what is wrong with it is no refusal. */
static struct err check_scenario(const struct play_settings *settings, const char *variant,
                                 struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    struct scenario *scenario;
    struct changes changes;
    play_put_path(settings->path, path);
    make_changes(settings, NULL, &changes);
    struct err e =
        scenario_load(path, variant, changes.list.items, changes.list.count, &scenario, note);
    if (!err_is(e))
        scenario_destroy(scenario);
    vec_fini(&changes.list);
    return e;
}

static void load_world(struct worlds *worlds, const struct play_settings *settings,
                       const char *variant, enum scenario_world world)
{
    struct play_settings own = *settings;
    struct world_run *run = &worlds->runs[worlds->count];
    struct world_refusal *refusal = &worlds->refused[worlds->refused_count];
    struct changes changes;
    make_changes(settings, world_names[world], &changes);
    own.overrides = changes.list.items;
    own.override_count = changes.list.count;
    *run = (struct world_run){ .world = world };
    *refusal = (struct world_refusal){ .world = world };
    struct err e = plays_load_one(&run->plays, &own, variant, world_names[world], &refusal->why);
    if (err_is(e))
        worlds->refused_count++;
    else
        worlds->count++;
    vec_fini(&changes.list);
}

/* The first refusal is the reason. */
static struct err complain_few(const struct worlds *worlds, struct note *note)
{
    const char *ran = worlds->count ? world_names[worlds->runs[0].world] : "no";
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "%s world can run it%s, so there is nothing to compare: %s", ran,
                    worlds->count ? " alone" : "", worlds->refused[0].why.text);
}

struct err worlds_load(struct worlds *worlds, const struct play_settings *settings,
                       const char *variant, size_t least, struct note *note)
{
    *worlds = (struct worlds){ 0 };
    TRY(check_scenario(settings, variant, note));
    for (int world = 0; world < WORLD_COUNT; world++)
        load_world(worlds, settings, variant, (enum scenario_world)world);
    if (worlds->count >= least)
        return OK;
    struct err e = complain_few(worlds, note);
    worlds_fini(worlds);
    return e;
}

/* The log is read back from where it was written. */
static struct err take_log(struct world_run *run, const struct play_settings *settings,
                           struct note *note)
{
    char path[2 * OUTPUT_PATH_SIZE];
    if (!settings->output)
        return run_log_read_from(&run->log, run->events, "the log of decisions", note);
    text_format(path, sizeof path, "%s/%s/events.jsonl", settings->output->aside,
                world_names[run->world]);
    return run_log_read(&run->log, path, note);
}

static struct err run_world(struct world_run *run, const struct play_settings *settings,
                            struct note *note)
{
    char title[TITLE_SIZE];
    struct play_settings own = *settings;
    text_format(title, sizeof title, "%.*s, %s world", TITLE_SIZE / 2,
                world_play(run)->scenario->name, world_names[run->world]);
    own.title = title;
    if (!settings->output) {
        run->events = own.events = tmpfile();
        if (!own.events)
            return err_note(note, ERR_IO_CODE, "no temporary file: %s", strerror(errno));
    }
    TRY(plays_run(&run->plays, &own, note));
    plays_judge(&run->plays);
    return take_log(run, settings, note);
}

struct err worlds_run(struct worlds *worlds, const struct play_settings *settings,
                      struct note *note)
{
    for (size_t i = 0; i < worlds->count; i++) {
        TRY(run_world(&worlds->runs[i], settings, note));
        if (!world_play(&worlds->runs[i])->complete)
            break;
    }
    return OK;
}

bool worlds_are_complete(const struct worlds *worlds)
{
    for (size_t i = 0; i < worlds->count; i++)
        if (!world_play(&worlds->runs[i])->complete)
            return false;
    return true;
}

void worlds_fini(struct worlds *worlds)
{
    for (size_t i = 0; i < worlds->count; i++) {
        struct world_run *run = &worlds->runs[i];
        plays_fini(&run->plays);
        run_log_fini(&run->log);
        if (run->events)
            fclose(run->events);
    }
    worlds->count = 0;
}

struct play *world_play(const struct world_run *run)
{
    return &run->plays.list.items[0];
}
