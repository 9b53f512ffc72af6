/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir test`: runs scenarios and says which of their expectations held. In: files or folders. Out:
 * a table per scenario, JUnit XML, JSON, and as the last line how many passed and failed.
 */
#include <stdio.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/run_options.h"
#include "sim/cli/terminal.h"
#include "sim/cli/tester.h"
#include "sim/report/junit.h"
#include "sim/report/output_file.h"

enum { JOBS_MAX_AT_ONCE = 256, CHANGES_SIZE = 32 };

static const struct command_option options[] = {
    { "junit", "FILE", "write the results as JUnit XML as well" },
    { "jobs", "N", "scenarios at a time (default: one per processor)" },
    { "seed", "N", "draw all chance from this number instead of the scenarios'" },
    { "world", "WORLD", "virtual (default): rates; exact: real records, checked one by one" },
    { "set", "KEY=VALUE", "change one value of every scenario, by its path" },
    { "update-golden", NULL, "rewrite expected.json beside each scenario from this run" },
    { "json", NULL, "print the results as JSON instead of tables" },
};

/* What is told while the scenarios end one by one. */
struct telling {
    bool json;
    char changes[CHANGES_SIZE]; /* the options that change what is run */
    size_t passed, failed;
    int code;
};

static void count(struct telling *telling, const struct tested *tested)
{
    size_t failed = check_results_failed(&tested->results);
    telling->passed += tested->results.list.count - failed;
    telling->failed += failed + (tested->complaint != NULL);
    if (tested->code > telling->code)
        telling->code = tested->code;
}

static void print_texts(const json_t *texts)
{
    const json_t *one;
    size_t i;
    json_array_foreach(texts, i, one)
    {
        printf("  %s\n", json_string_value(one));
    }
}

static void tell(void *context, const struct tested *tested)
{
    struct telling *telling = context;
    count(telling, tested);
    if (telling->json)
        return;
    struct table table;
    table_init(&table, 5);
    table.right[2] = true;
    printf("%s\n", tested->path);
    for (VEC_EACH(const struct check_result, result, &tested->results.list)) {
        table_add(&table, result->held ? "  held" : "  FAILED",
                  result->held ? TONE_GOOD : TONE_BAD);
        table_add(&table, result->name, TONE_PLAIN);
        table_add(&table, result->measured, TONE_PLAIN);
        table_add(&table, result->wanted, TONE_PLAIN);
        table_add(&table, result->detail, TONE_FAINT);
    }
    table_print(&table, stdout, false);
    table_fini(&table);
    if (tested->complaint)
        printf("  FAILED  %s\n", tested->complaint);
    else if (!tested->results.list.count)
        puts("  (it expects nothing)");
    if (tested->golden_skipped)
        printf("  golden results  not compared: %s\n", telling->changes);
    print_texts(tested->jobs_failed);
    print_texts(tested->never_happened);
    fflush(stdout);
}

static void put_texts(json_t *one, const char *key, json_t *texts)
{
    json_object_set_new(one, key, texts ? json_incref(texts) : json_array());
}

static void print_json(const struct tester *tester, const struct telling *telling)
{
    json_t *all = json_object(), *list = json_array();
    for (VEC_EACH(const struct tested, tested, &tester->list)) {
        json_t *one = json_object();
        json_object_set_new(one, "scenario", json_string(tested->path));
        json_object_set_new(one, "complaint",
                            tested->complaint ? json_string(tested->complaint) : json_null());
        json_object_set_new(one, "results", summary_results(&tested->results));
        json_object_set_new(one, "golden_not_compared",
                            tested->golden_skipped ? json_string(telling->changes) : json_null());
        put_texts(one, "never_happened", tested->never_happened);
        put_texts(one, "jobs_failed", tested->jobs_failed);
        json_array_append_new(list, one);
    }
    json_object_set_new(all, "scenarios", list);
    json_object_set_new(all, "passed", json_integer((json_int_t)telling->passed));
    json_object_set_new(all, "failed", json_integer((json_int_t)telling->failed));
    summary_write(all, stdout);
    json_decref(all);
}

static struct err write_junit(const struct tester *tester, const char *path, struct note *note)
{
    VEC(struct junit_suite) suites = { 0 };
    for (VEC_EACH(const struct tested, tested, &tester->list))
        vec_push(&suites, (struct junit_suite){ .name = tested->path,
                                                .seconds = tested->seconds,
                                                .error = tested->complaint,
                                                .results = &tested->results,
                                                .jobs_failed = tested->jobs_failed });
    struct err e = junit_write(path, suites.items, suites.count, note);
    vec_fini(&suites);
    return e;
}

/* Nothing ran. A file of an earlier run must not be taken for this one's. */
static struct err write_junit_refused(const char *path, const char *complaint, struct note *note)
{
    const struct junit_suite suite = { .name = "weir test", .error = complaint };
    return junit_write(path, &suite, 1, note);
}

static struct err read_jobs(const struct parsed *parsed, size_t *out, struct note *note)
{
    const char *text = parsed_value(parsed, "jobs");
    int64_t jobs = sysconf(_SC_NPROCESSORS_ONLN);
    if (text)
        TRY(run_options_count("jobs", text, 1, JOBS_MAX_AT_ONCE, &jobs, note));
    *out = jobs < 1 ? 1 : (size_t)jobs;
    return OK;
}

static void name_changes(const struct parsed *parsed, char out[CHANGES_SIZE])
{
    static const char *const changing[] = { "seed", "world", "set" };
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
        if (parsed_has(parsed, changing[i]))
            length += text_format(out + length, CHANGES_SIZE - length, "%s--%s", length ? ", " : "",
                                  changing[i]);
}

static struct err prepare(struct tester *tester, const struct parsed *parsed,
                          struct run_options *changes, struct note *note)
{
    TRY(run_options_read(parsed, changes, note));
    tester->update_golden = parsed_has(parsed, "update-golden");
    tester->overrides = changes->overrides.items;
    tester->override_count = changes->overrides.count;
    if (tester->update_golden && tester->override_count > 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--update-golden: found --seed, --world or --set beside it, expected the "
                        "scenarios as they are");
    TRY(read_jobs(parsed, &tester->jobs, note));
    for (VEC_EACH(const char *const, path, &parsed->arguments))
        TRY(tester_add(tester, *path, note));
    return OK;
}

static int test(const struct command *command, const struct parsed *parsed, struct tester *tester)
{
    struct telling telling = { .json = parsed_has(parsed, "json") };
    name_changes(parsed, telling.changes);
    struct note note = { "" };
    const char *junit = parsed_value(parsed, "junit");
    bool all = tester_run(tester, tell, &telling);
    struct err e = junit ? write_junit(tester, junit, &note) : OK;
    if (err_is(e))
        telling.code = command_fail(command, e, &note);
    if (telling.json)
        print_json(tester, &telling);
    else
        printf("%zu passed, %zu failed\n", telling.passed, telling.failed);
    if (all)
        return telling.code;
    command_complain(command, "interrupted");
    return interrupt_exit_code();
}

/* That the file cannot be written is better said now than after all runs. */
static int test_or_refuse(const struct command *command, const struct parsed *parsed,
                          struct run_options *changes, struct tester *tester)
{
    const char *junit = parsed_value(parsed, "junit");
    struct note note = { "" }, unwritten = { "" };
    struct err e = junit ? output_file_try(junit, &note) : OK;
    if (err_is(e))
        return command_fail(command, e, &note);
    e = prepare(tester, parsed, changes, &note);
    if (!err_is(e))
        return test(command, parsed, tester);
    int code = command_fail(command, e, &note);
    e = junit ? write_junit_refused(junit, note.text, &unwritten) : OK;
    return err_is(e) ? command_fail(command, e, &unwritten) : code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct run_options changes = { .until = TIME_NEVER };
    struct tester tester = { .jobs = 1 };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    code = test_or_refuse(command, &parsed, &changes, &tester);
    tester_fini(&tester);
    run_options_fini(&changes);
    parsed_fini(&parsed);
    return command_finish(command, code);
}

const struct command command_test = {
    .name = "test",
    .arguments = "PATH...",
    .summary = "run scenarios and check their expectations",
    .text =
        "Runs every scenario: the files named, and every scenario.yaml below the folders named,\n"
        "each with its variants. Tells which expectations held, which jobs FAILED and what of\n"
        "the script never happened; only the first decide. A request of the script that the\n"
        "cluster refuses, such as a savepoint during an outage, fails as well, unless an\n"
        "expectation speaks of it (event: client savepoint refused). Golden results lying\n"
        "beside a scenario (expected.json) are compared, but not with --seed, --world or --set:\n"
        "they are of the scenario as it is. The last line counts what passed and failed; exit\n"
        "code 1 when something failed, 2 when a scenario could not be run.",
    .example = "  weir test scenarios --junit results.xml --jobs 4",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .argument_min = 1,
    .argument_max = SIZE_MAX,
    .run = run,
};
