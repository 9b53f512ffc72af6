/* SPDX-License-Identifier: Apache-2.0
 *
 * Scenarios and files for tests of sim/load.
 */
#include "tests/lib/load_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 8 };

static char folder[] = "/tmp/weir-test-XXXXXX";
static char paths[FILES_MAX][128];
static size_t path_count;

struct scenario *load_fixture_variant(const char *yaml, const char *variant, const char *key,
                                      const char *value)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    struct override override = { key, value };
    struct err e = scenario_load_text("t.yaml", yaml, strlen(yaml), variant, &override, key ? 1 : 0,
                                      &scenario, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    ck_assert_ptr_nonnull(scenario);
    return scenario;
}

struct scenario *load_fixture_scenario(const char *yaml)
{
    return load_fixture_variant(yaml, NULL, NULL, NULL);
}

const char *load_fixture_set_complaint(const char *yaml, const char *key, const char *value)
{
    static struct note note;
    struct scenario *scenario = NULL;
    struct override override = { key, value };
    note.text[0] = '\0';
    struct err e = scenario_load_text("t.yaml", yaml, strlen(yaml), NULL, &override, key ? 1 : 0,
                                      &scenario, &note);
    ck_assert_msg(err_is(e), "loaded: %s", yaml);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_ptr_null(scenario);
    return note.text;
}

const char *load_fixture_complaint(const char *yaml)
{
    return load_fixture_set_complaint(yaml, NULL, NULL);
}

static void remove_folder(void)
{
    while (path_count > 0)
        unlink(paths[--path_count]);
    rmdir(folder);
}

const char *load_fixture_file(const char *name, const char *text)
{
    if (path_count == 0) {
        ck_assert_ptr_nonnull(mkdtemp(folder));
        atexit(remove_folder);
    }
    ck_assert_uint_lt(path_count, FILES_MAX);
    char *path = paths[path_count++];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
    return path;
}
