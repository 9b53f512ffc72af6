/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents and the reader must agree: every example of docs/scenario.md and of the how-to
 * loads, every key of the reader stands in docs/scenario.md, and docs/configuration.md is what the
 * list of options makes. An example is marked in its first line: "# scenario" is a whole file, "#
 * at the top" keys of one, "# in a job" keys of a job. Run from the root of the tree.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/load/configuration_doc.h"
#include "sim/load/event_words.h"
#include "tests/lib/load_fixture.h"

enum { DOCUMENT_BYTES_MAX = 256 * 1024, EXAMPLE_BYTES_MAX = 16 * 1024 };

static char document[DOCUMENT_BYTES_MAX];

static void read_document(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t size = fread(document, 1, sizeof document - 1, file);
    ck_assert_uint_lt(size, sizeof document - 1);
    document[size] = '\0';
    fclose(file);
}

/* The lines of an example, each without `strip` blanks of its own and behind `indent` more. */
static void copy_lines(const char *from, const char *to, size_t strip, size_t indent, char *out)
{
    size_t used = strlen(out);
    while (from < to) {
        const char *end = memchr(from, '\n', (size_t)(to - from));
        ck_assert_ptr_nonnull(end);
        for (size_t i = 0; i < strip && *from == ' '; i++)
            from++;
        int length = snprintf(out + used, EXAMPLE_BYTES_MAX - used, "%*s%.*s\n", (int)indent, "",
                              (int)(end - from), from);
        used += (size_t)length;
        ck_assert_uint_lt(used, EXAMPLE_BYTES_MAX);
        from = end + 1;
    }
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Makes a whole file of the example: what a part leaves out is put around it. */
static void complete(const char *mark, const char *body, const char *end, size_t strip, char *out)
{
    static const char job[] = "name: example\nduration: 1d\njobs:\n  - name: clicks\n";
    static const char rest[] = "    vertices: [ { name: source }, { name: count, keys: 10 } ]\n"
                               "    edges: [ source -> count: hash ]\n"
                               "    load: { constant: 5/s }\n";
    bool whole = starts_with(mark, "# scenario\n"), top = starts_with(mark, "# at the top\n");
    ck_assert_msg(whole || top || starts_with(mark, "# in a job\n"),
                  "an example without a mark: %.40s", mark);
    snprintf(out, EXAMPLE_BYTES_MAX, "%s%s", whole ? "" : job, top ? rest : "");
    copy_lines(body, end, strip, whole || top ? 0 : 4, out);
}

static void load_example(const char *path, const char *text)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    struct err e = scenario_load_text(path, text, strlen(text), NULL, NULL, 0, &scenario, &note);
    ck_assert_msg(!err_is(e), "%s\n%s", note.text, text);
    for (size_t i = 0; i < scenario->variants.count; i++) {
        struct scenario *variant = NULL;
        e = scenario_load_text(path, text, strlen(text), scenario->variants.items[i], NULL, 0,
                               &variant, &note);
        ck_assert_msg(!err_is(e), "%s\n%s", note.text, text);
        scenario_destroy(variant);
    }
    scenario_destroy(scenario);
}

/* The files that examples name, beside the scenario. */
static const char *example_path(void)
{
    load_fixture_file("spot.csv", "t,machines\n0,4\n3600,2\n");
    load_fixture_file("spot.json", "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [4, 0, 9]}");
    load_fixture_file("hourly.csv", "hour,requests\n0,100\n3600,200\n7200,150\n");
    return load_fixture_file("example.yaml", "");
}

static size_t load_examples(const char *document_path)
{
    static char text[EXAMPLE_BYTES_MAX];
    static const char fence[] = "```yaml\n";
    const char *path = example_path();
    size_t count = 0;
    read_document(document_path);
    for (const char *p = document; (p = strstr(p, fence)) != NULL; count++) {
        size_t strip = 0; /* blanks before the fence, as in a list */
        while (p - strip > document && p[-(ptrdiff_t)strip - 1] == ' ')
            strip++;
        const char *mark = p + strlen(fence) + strip, *body = strchr(mark, '\n') + 1;
        const char *end = strstr(body, "```");
        ck_assert_ptr_nonnull(end);
        while (end[-1] == ' ')
            end--;
        complete(mark, body, end, strip, text);
        load_example(path, text);
        p = end;
    }
    return count;
}

START_TEST(every_example_of_the_reference_loads)
{
    ck_assert_uint_ge(load_examples("docs/scenario.md"), 14);
}
END_TEST

START_TEST(every_example_of_the_howto_loads)
{
    ck_assert_uint_ge(load_examples("docs/howto/add-a-scenario.md"), 5);
}
END_TEST

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '-';
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
        if (p > text && !is_letter(p[-1]) && !is_letter(p[length]))
            return true;
    return false;
}

/* Keys are found in the reader's sources: the texts in its tables of fields. */
static size_t check_keys(const char *source, const char *macro)
{
    static char keys[DOCUMENT_BYTES_MAX];
    size_t count = 0;
    read_document(source);
    memcpy(keys, document, sizeof keys);
    read_document("docs/scenario.md");
    for (char *p = keys; (p = strstr(p, macro)) != NULL; count++) {
        char *key = strchr(p, '"') + 1, *end = strchr(key, '"');
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        ck_assert_msg(has_word(document, key), "%s: '%s' is not in docs/scenario.md", source, key);
        p = end + 1;
    }
    return count;
}

START_TEST(every_key_of_the_reader_is_documented)
{
    static const char *const sources[] = {
        "sim/load/load.c",        "sim/load/read_churn.c",  "sim/load/read_cluster.c",
        "sim/load/read_edges.c",  "sim/load/read_events.c", "sim/load/read_expect.c",
        "sim/load/read_faults.c", "sim/load/read_job.c",    "sim/load/read_vertex.c",
        "sim/load/scenario.c",    "sim/load/generator.c",   "sim/load/field.c",
    };
    static const char *const macros[] = { "FIELD(struct ", "FIELD_BY_HAND(\"", " EVENT(", "EXPECT(",
                                          " RATE(",        " WHEN(",           " LENGTH(" };
    size_t count = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        for (size_t j = 0; j < sizeof macros / sizeof *macros; j++)
            count += check_keys(sources[i], macros[j]);
    ck_assert_uint_gt(count, 200);
}
END_TEST

START_TEST(every_action_is_documented)
{
    read_document("docs/scenario.md");
    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++)
        ck_assert_msg(has_word(document, action_words[kind]), "'%s' is not in docs/scenario.md",
                      action_words[kind]);
}
END_TEST

START_TEST(every_fact_of_the_log_is_documented)
{
    read_document("docs/log.md");
    for (size_t i = 0; i < event_fact_count; i++) {
        char machine[64], what[64];
        snprintf(machine, sizeof machine, "| `%s` |", event_facts[i].machine);
        snprintf(what, sizeof what, "`%s`", event_facts[i].what);
        ck_assert_msg(strstr(document, machine), "docs/log.md: no machine %s", machine);
        ck_assert_msg(strstr(document, what), "docs/log.md: no fact %s", what);
    }
}
END_TEST

/* What stands between the next two backquotes before `end`, as a text; null: nothing. */
static char *next_quoted(char **at, const char *end)
{
    char *from = memchr(*at, '`', (size_t)(end - *at));
    if (!from)
        return NULL;
    char *to = memchr(from + 1, '`', (size_t)(end - from) - 1);
    ck_assert_ptr_nonnull(to);
    *to = '\0';
    *at = to + 1;
    return from + 1;
}

/* A row of the table; its machine is that of the row above where it names none. */
static size_t check_row_of_facts(char *row, const char **machine)
{
    char *first = row + 1, *second = strchr(first, '|'), *third = strchr(second + 1, '|');
    char *named = next_quoted(&first, second), *what;
    size_t count = 0;
    *machine = named ? named : *machine;
    if (!*machine || strcmp(*machine, "client") == 0)
        return 0; /* the head; answers to clients are no facts */
    for (char *at = second; (what = next_quoted(&at, third)) != NULL; count++)
        ck_assert_msg(event_words_has_fact(*machine, what), "docs/log.md: %s says no '%s'",
                      *machine, what);
    return count;
}

START_TEST(every_documented_fact_is_one_of_the_log)
{
    const char *machine = NULL;
    size_t count = 0;
    read_document("docs/log.md");
    char *facts = strstr(document, "\n## Facts\n");
    ck_assert_ptr_nonnull(facts);
    for (char *line = strchr(facts + 1, '\n') + 1, *end; *line && *line != '#'; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        if (*line == '|')
            count += check_row_of_facts(line, &machine);
    }
    ck_assert_uint_eq(count, event_fact_count);
}
END_TEST

START_TEST(the_table_of_configuration_keys_is_up_to_date)
{
    static char made[DOCUMENT_BYTES_MAX];
    FILE *file = fmemopen(made, sizeof made, "wb");
    ck_assert_ptr_nonnull(file);
    configuration_write_markdown(file);
    ck_assert_int_eq(fclose(file), 0);
    read_document("docs/configuration.md");
    ck_assert_msg(strcmp(document, made) == 0, "docs/configuration.md: run make docs");
}
END_TEST

Suite *test_load_docs_suite(void)
{
    Suite *suite = suite_create("load_docs");
    TCase *tcase = tcase_create("docs");
    tcase_add_test(tcase, every_example_of_the_reference_loads);
    tcase_add_test(tcase, every_example_of_the_howto_loads);
    tcase_add_test(tcase, every_key_of_the_reader_is_documented);
    tcase_add_test(tcase, every_fact_of_the_log_is_documented);
    tcase_add_test(tcase, every_documented_fact_is_one_of_the_log);
    tcase_add_test(tcase, every_action_is_documented);
    tcase_add_test(tcase, the_table_of_configuration_keys_is_up_to_date);
    suite_add_tcase(suite, tcase);
    return suite;
}
