/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks the folder of a run and holds each name against those that Weir gives.
 */
#include "sim/report/output_own.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "sim/load/scenario.h"
#include "sim/report/output_dir.h"
#include "sim/report/plots.h"

enum place {
    PLACE_RUN,
    PLACE_PLOTS,
    PLACE_VARIANTS,
    PLACE_VARIANT,
    PLACE_WORLD,
    PLACE_OUTPUT,
    PLACE_SINK,
    PLACE_COUNT
};

static const char *const files_of_run[] = { OUTPUT_MARKER,  "events.jsonl",   "metrics.csv",
                                            "plot.csv",     "events.csv",     "states.csv",
                                            "recovery.csv", "checkpoint.csv", "trace.jsonl",
                                            "summary.json", "compare.csv",    "report.html" };

static bool is_file_of_run(const char *name)
{
    for (size_t i = 0; i < sizeof files_of_run / sizeof *files_of_run; i++)
        if (strcmp(name, files_of_run[i]) == 0)
            return true;
    return false;
}

/* As many bytes as its stem has; "checkpoint-" and a number, or the name of one of the others. */
static bool is_name_of_picture(const char *name, size_t length)
{
    static const char checkpoint[] = "checkpoint-";
    for (int i = 0; i < PICTURE_COUNT; i++)
        if (strlen(plot_rows[i].name) == length && strncmp(name, plot_rows[i].name, length) == 0)
            return true;
    size_t digits = strlen(checkpoint);
    return length > digits && strncmp(name, checkpoint, digits) == 0 &&
           digits + strspn(name + digits, "0123456789") == length;
}

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".png") == 0 || strcmp(dot, ".svg") == 0) &&
           is_name_of_picture(name, (size_t)(dot - name));
}

/* A file that a killed `weir plot` or `weir report` was writing counts by its name to be. */
static bool is_own_file(enum place place, const char *entry)
{
    char name[OUTPUT_PATH_SIZE];
    const char *aside = strstr(entry, ".tmp-");
    text_format(name, sizeof name, "%.*s", aside ? (int)(aside - entry) : (int)strlen(entry),
                entry);
    if (place == PLACE_PLOTS)
        return is_picture(name);
    if (place == PLACE_SINK)
        return strncmp(name, "part-", 5) == 0 || strcmp(name, "table") == 0;
    return place != PLACE_VARIANTS && place != PLACE_OUTPUT && is_file_of_run(name);
}

/* Of weir compare: a run below the name of its world. */
static bool is_world(const char *name)
{
    for (int i = 0; i < WORLD_COUNT; i++)
        if (strcmp(name, world_names[i]) == 0)
            return true;
    return false;
}

/* PLACE_COUNT: no folder of ours. */
static enum place place_of_folder(enum place place, const char *name)
{
    if (place == PLACE_VARIANTS)
        return PLACE_VARIANT;
    if (place == PLACE_OUTPUT)
        return PLACE_SINK;
    if (place != PLACE_PLOTS && place != PLACE_SINK && strcmp(name, "output") == 0)
        return PLACE_OUTPUT;
    if ((place == PLACE_RUN || place == PLACE_WORLD) && strcmp(name, "plots") == 0)
        return PLACE_PLOTS;
    if (place == PLACE_RUN && strcmp(name, "variants") == 0)
        return PLACE_VARIANTS;
    if (place == PLACE_RUN && is_world(name))
        return PLACE_WORLD;
    return PLACE_COUNT;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool find_in(const char *run, const char *below, enum place place, char *found, size_t size);

static bool is_foreign(const char *run, const char *below, enum place place, const char *name,
                       char *found, size_t size)
{
    char within[OUTPUT_PATH_SIZE], path[2 * OUTPUT_PATH_SIZE];
    struct stat status;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    text_format(within, sizeof within, "%s%s%s", below, *below ? "/" : "", name);
    text_format(path, sizeof path, "%s/%s", run, within);
    if (lstat(path, &status) == 0) {
        enum place inside = place_of_folder(place, name);
        if (S_ISDIR(status.st_mode) && inside != PLACE_COUNT)
            return find_in(run, within, inside, found, size);
        if (S_ISREG(status.st_mode) && is_own_file(place, name))
            return false;
    }
    text_format(found, size, "%s", within);
    return true;
}

static bool find_in(const char *run, const char *below, enum place place, char *found, size_t size)
{
    struct dirent **entries = NULL;
    char path[2 * OUTPUT_PATH_SIZE];
    text_format(path, sizeof path, "%s/%s", run, below);
    int count = scandir(path, &entries, NULL, by_name);
    bool is_found = count < 0; /* who cannot look does not remove */
    if (is_found)
        text_format(found, size, "%s", *below ? below : ".");
    for (int i = 0; i < count; i++) {
        is_found = is_found || is_foreign(run, below, place, entries[i]->d_name, found, size);
        free(entries[i]);
    }
    free(entries);
    return is_found;
}

bool output_find_foreign(const char *run, char *found, size_t size)
{
    return find_in(run, "", PLACE_RUN, found, size);
}
