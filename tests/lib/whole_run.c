/* SPDX-License-Identifier: Apache-2.0
 *
 * Through the same door as the command.
 */
#include "tests/lib/whole_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/cli/play.h"

static void must(struct err result, const struct note *note)
{
    if (!err_is(result))
        return;
    fprintf(stderr, "bench: %s\n", note->text);
    exit(1);
}

struct scenario *whole_run_load(const char *yaml)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    must(scenario_load_text("bench.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note),
         &note);
    return scenario;
}

struct scenario *whole_run_load_file(const char *path)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    return err_is(scenario_load(path, NULL, NULL, 0, &scenario, &note)) ? NULL : scenario;
}

/* output: null: no files. */
static uint64_t run_into(struct scenario *scenario, struct output_dir *output)
{
    struct note note = { "" };
    struct plays plays = { 0 };
    struct play_settings settings = { .until = TIME_NEVER, .quiet = true, .output = output };
    vec_push(&plays.list, (struct play){ .scenario = scenario });
    must(plays_run(&plays, &settings, &note), &note);
    const struct play *play = &plays.list.items[0];
    uint64_t events = (uint64_t)json_integer_value(json_object_get(play->summary, "events"));
    if (!play->complete || events == 0)
        abort(); /* it did not do what was measured */
    plays_fini(&plays);
    return events;
}

uint64_t whole_run(struct scenario *scenario)
{
    return run_into(scenario, NULL);
}

uint64_t whole_run_written(struct scenario *scenario)
{
    struct note note = { "" };
    struct output_dir output;
    must(output_begin(&output, "/tmp/weir-bench", &note), &note);
    uint64_t events = run_into(scenario, &output);
    output_abandon(&output);
    return events;
}
