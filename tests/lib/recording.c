/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading recordings with jansson. A row of "observed" is a label and a time per run; "transitions"
 * has a row per state when the runs agree and a list per run when they do not.
 */
#include "tests/lib/recording.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

enum { PATH_SIZE = 512 };

const char *const recorded_machine_names[RECORDED_MACHINE_COUNT] = {
    [RECORDED_JOB] = "job_status",
    [RECORDED_SCHEDULER] = "scheduler_state",
    [RECORDED_PHASE] = "transition_manager_phase",
};

static const char *const families[] = { "restart-", "checkpoint-", "reactive-", "adaptive-",
                                        "default-" };

static bool is_followed(const char *file)
{
    size_t length = strlen(file);
    if (length < 5 || strcmp(file + length - 5, ".json") != 0)
        return false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(file, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

/* Into its place, so that the order is not the folder's. */
static void insert_sorted(struct name_list *list, const char *name)
{
    vec_push(&list->names, name);
    for (size_t i = list->names.count - 1; i > 0; i--) {
        if (strcmp(list->names.items[i - 1], name) < 0)
            return;
        list->names.items[i] = list->names.items[i - 1];
        list->names.items[i - 1] = name;
    }
}

bool recording_list(const char *folder, struct name_list *out)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!is_followed(entry->d_name))
            continue;
        char *name = mem_copy_text(entry->d_name);
        name[strlen(name) - 5] = '\0';
        insert_sorted(out, name);
    }
    closedir(directory);
    return true;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "recording %s: %s\n", what, why);
    abort();
}

static const json_t *part(const struct recording *recording, const char *section, const char *key)
{
    return json_object_get(json_object_get(recording->root, section), key);
}

static void look_over(struct recording *recording)
{
    const json_t *observed = json_object_get(recording->root, "observed");
    recording->name = json_string_value(json_object_get(recording->root, "name"));
    recording->run_count = json_array_size(json_array_get(observed, 0)) - 1;
    if (!recording->name || json_array_size(observed) == 0)
        die("?", "no name or no events");
    if (recording->run_count == 0 || recording->run_count > RECORDING_RUNS_MAX)
        die(recording->name, "one to three runs expected");
}

void recording_load(struct recording *recording, const char *folder, const char *name)
{
    char path[PATH_SIZE];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    recording->root = json_load_file(path, 0, &error);
    if (!recording->root)
        die(path, error.text);
    look_over(recording);
}

void recording_load_text(struct recording *recording, const char *text)
{
    json_error_t error;
    recording->root = json_loads(text, 0, &error);
    if (!recording->root)
        die("text", error.text);
    look_over(recording);
}

void recording_fini(struct recording *recording)
{
    json_decref(recording->root);
    recording->root = NULL;
}

const char *recording_origin(const struct recording *recording)
{
    return json_string_value(json_object_get(recording->root, "origin"));
}

bool recording_label_matches(const char *pattern, const char *label)
{
    const char *star = NULL, *resume = label;
    while (*label) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = label;
        } else if (*pattern == *label) {
            pattern++;
            label++;
        } else if (star) {
            pattern = star;
            label = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool recording_time(const struct recording *recording, const char *label, size_t run, double *out)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(recording->root, "observed"), i, row)
    {
        const json_t *time = json_array_get(row, run + 1);
        if (!json_is_number(time) ||
            !recording_label_matches(label, json_string_value(json_array_get(row, 0))))
            continue;
        *out = json_number_value(time);
        return true;
    }
    return false;
}

void recording_states(const struct recording *recording, enum recorded_machine machine, size_t run,
                      struct name_list *out)
{
    const json_t *rows = part(recording, "transitions", recorded_machine_names[machine]);
    char key[16];
    size_t i;
    json_t *row;
    snprintf(key, sizeof key, "run%zu", run + 1);
    if (json_is_object(rows))
        rows = json_object_get(rows, key);
    json_array_foreach(rows, i, row)
    {
        vec_push(&out->names, json_string_value(json_array_get(row, 0)));
    }
}

bool recording_restarts(const struct recording *recording, size_t run, int64_t *out)
{
    const json_t *list = part(recording, "facts", "restarts_of_the_job_after_origin");
    const json_t *value = json_array_get(list, run);
    if (!json_is_integer(value))
        return false;
    *out = json_integer_value(value);
    return true;
}

bool recording_restored(const struct recording *recording, size_t run, struct id_list *out)
{
    const json_t *list = part(recording, "facts", "checkpoints_restored_in_order");
    size_t i;
    json_t *id;
    if (run >= json_array_size(list))
        return false;
    json_array_foreach(json_array_get(list, run), i, id)
    {
        vec_push(&out->ids, (uint64_t)json_integer_value(id));
    }
    return true;
}

bool recording_replayed(const struct recording *recording, double *least, double *most)
{
    bool any = false;
    size_t run, i;
    json_t *rows, *row;
    json_array_foreach(part(recording, "facts", "source_replay"), run, rows)
    {
        json_array_foreach(rows, i, row)
        {
            double records = json_number_value(json_object_get(row, "records_replayed"));
            if (json_integer_value(json_object_get(row, "attempt")) != 1)
                return false;
            *least = any && *least < records ? *least : records;
            *most = any && *most > records ? *most : records;
            any = true;
        }
    }
    return any;
}

bool recording_causes(const struct recording *recording, size_t run, struct name_list *out)
{
    json_t *causes = json_array_get(part(recording, "facts", "failure_causes_count"), run);
    const char *text;
    json_t *count;
    json_object_foreach(causes, text, count)
    {
        if (strncmp(text, "JobException: Recovery is suppressed", 36) == 0)
            continue;
        char *name = mem_copy_text(text);
        name[strcspn(name, ":")] = '\0';
        vec_push(&out->names, name);
    }
    return causes != NULL;
}
