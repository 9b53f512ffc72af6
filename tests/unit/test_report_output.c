/* SPDX-License-Identifier: Apache-2.0
 *
 * Files a run leaves: the folder that is replaced as a whole, JUnit XML against its schema, the
 * HTML report, what is told to gnuplot.
 */
#include <check.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/report/gnuplot.h"
#include "sim/report/html.h"
#include "sim/report/junit.h"
#include "sim/report/output_dir.h"
#include "sim/report/plot_variables.h"
#include "sim/report/plots.h"

static char base[64];
static char target[128];

static void begin(void)
{
    text_format(base, sizeof base, "/tmp/weir-out-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    text_format(target, sizeof target, "%s/deep/run", base);
}

static void end(void)
{
    char command[128];
    text_format(command, sizeof command, "rm -r %s", base);
    ck_assert_int_eq(system(command), 0);
}

static bool is_there(const char *name)
{
    char path[512];
    text_format(path, sizeof path, "%s/%s", target, name);
    return access(path, F_OK) == 0;
}

static void must(struct err e, const struct note *note)
{
    ck_assert_msg(!err_is(e), "%s", note->text);
}

static void write_run(const char *name)
{
    struct output_dir output;
    struct note note = { "" };
    FILE *file;
    must(output_begin(&output, target, &note), &note);
    must(output_open(&output, name, &file, &note), &note);
    must(output_close(&output, file, name, &note), &note);
    ck_assert(!is_there(name)); /* not before it is complete */
    must(output_commit(&output, &note), &note);
}

static size_t entries_of_parent(void)
{
    char command[256];
    size_t count = 0;
    text_format(command, sizeof command, "ls -A %s/deep | wc -l", base);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    for (int c = fgetc(pipe); c >= '0' && c <= '9'; c = fgetc(pipe))
        count = count * 10 + (size_t)(c - '0');
    pclose(pipe);
    return count;
}

START_TEST(output_is_put_in_place_as_a_whole)
{
    begin();
    write_run("first");
    ck_assert(is_there("first") && is_there(OUTPUT_MARKER));
    write_run("second");
    ck_assert(is_there("second") && !is_there("first"));
    ck_assert_uint_eq(entries_of_parent(), 1); /* nothing is left beside it */
    end();
}
END_TEST

START_TEST(an_abandoned_run_leaves_the_old_output_alone)
{
    struct output_dir output;
    struct note note = { "" };
    begin();
    write_run("first");
    must(output_begin(&output, target, &note), &note);
    must(output_make_folder(&output, "variants", &note), &note);
    output_abandon(&output);
    ck_assert(is_there("first"));
    ck_assert_uint_eq(entries_of_parent(), 1);
    output_abandon(&output); /* nothing to do */
    end();
}
END_TEST

START_TEST(a_folder_that_weir_did_not_write_is_never_replaced)
{
    struct output_dir output;
    struct note note = { "" };
    char path[256];
    begin();
    text_format(path, sizeof path, "%s/thesis.tex", base);
    fclose(fopen(path, "w"));
    ck_assert(err_is(output_begin(&output, base, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "did not write"));
    ck_assert(err_is(output_begin(&output, path, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "not a folder"));
    ck_assert_int_eq(access(path, F_OK), 0);
    end();
}
END_TEST

START_TEST(an_empty_folder_may_be_used_and_a_link_stays_a_link)
{
    char link[128], real[128];
    struct stat status;
    begin();
    text_format(real, sizeof real, "%s/real", base);
    text_format(link, sizeof link, "%s/link", base);
    ck_assert_int_eq(mkdir(real, 0777), 0);
    ck_assert_int_eq(symlink(real, link), 0);
    text_format(target, sizeof target, "%s/", link);
    write_run("first");
    ck_assert_int_eq(lstat(link, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    text_format(target, sizeof target, "%s", real);
    ck_assert(is_there("first"));
    end();
}
END_TEST

START_TEST(what_a_killed_run_left_is_removed_by_the_next)
{
    char path[256];
    begin();
    write_run("first");
    text_format(path, sizeof path, "%s.tmp-999999999", target);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    write_run("second");
    ck_assert_int_ne(access(path, F_OK), 0);
    end();
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_one_clear_line)
{
    struct output_dir output;
    struct note note = { "" };
    ck_assert(err_is(output_begin(&output, "/proc/nowhere/run", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "/proc/nowhere"));
    ck_assert_ptr_null(strchr(note.text, '\n'));
    ck_assert(err_is(output_begin(&output, "", &note)));
    ck_assert(err_is(output_check_run("/proc", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "expected the output of weir run"));
}
END_TEST

START_TEST(a_full_disk_is_noticed_at_the_close)
{
    struct note note = { "" };
    struct output_dir output = { .target = "out/day", .aside = "out/day.tmp-7" };
    FILE *full = fopen("/dev/full", "wb"), *file;
    ck_assert_ptr_nonnull(full);
    fputs("x", full);
    ck_assert(err_is(output_close(&output, full, "metrics.csv", &note)));
    ck_assert_str_eq(note.text, "out/day/metrics.csv: cannot be written: No space left on device");
    ck_assert(err_is(output_open(&output, "metrics.csv", &file, &note)));
    ck_assert_str_eq(note.text, "out/day/metrics.csv: cannot be written: No such file or "
                                "directory");
    ck_assert(err_is(output_make_folder(&output, "plots", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "out/day/plots: cannot be made"));
}
END_TEST

/* The part of the Surefire and Jenkins schemas that both share. */
static const char junit_schema[] =
    "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' elementFormDefault='qualified'>"
    "<xs:element name='testsuites'><xs:complexType><xs:sequence>"
    "<xs:element name='testsuite' minOccurs='0' maxOccurs='unbounded'><xs:complexType><xs:sequence>"
    "<xs:element name='testcase' minOccurs='0' maxOccurs='unbounded'>"
    "<xs:complexType><xs:choice minOccurs='0' maxOccurs='1'>"
    "<xs:element name='failure' type='told'/><xs:element name='error' type='told'/>"
    "</xs:choice>"
    "<xs:attribute name='name' type='xs:string' use='required'/>"
    "<xs:attribute name='classname' type='xs:string' use='required'/>"
    "<xs:attribute name='time' type='xs:decimal' use='required'/>"
    "</xs:complexType></xs:element></xs:sequence>"
    "<xs:attribute name='name' type='xs:string' use='required'/>"
    "<xs:attribute name='tests' type='xs:nonNegativeInteger' use='required'/>"
    "<xs:attribute name='failures' type='xs:nonNegativeInteger' use='required'/>"
    "<xs:attribute name='errors' type='xs:nonNegativeInteger' use='required'/>"
    "<xs:attribute name='skipped' type='xs:nonNegativeInteger' use='required'/>"
    "<xs:attribute name='time' type='xs:decimal' use='required'/>"
    "</xs:complexType></xs:element></xs:sequence>"
    "<xs:attribute name='name' type='xs:string'/>"
    "<xs:attribute name='tests' type='xs:nonNegativeInteger'/>"
    "<xs:attribute name='failures' type='xs:nonNegativeInteger'/>"
    "<xs:attribute name='errors' type='xs:nonNegativeInteger'/>"
    "<xs:attribute name='time' type='xs:decimal'/>"
    "</xs:complexType></xs:element>"
    "<xs:complexType name='told'><xs:simpleContent><xs:extension base='xs:string'>"
    "<xs:attribute name='message' type='xs:string' use='required'/>"
    "<xs:attribute name='type' type='xs:string' use='required'/>"
    "</xs:extension></xs:simpleContent></xs:complexType></xs:schema>";

static int validate(const char *path)
{
    xmlSchemaParserCtxtPtr parser =
        xmlSchemaNewMemParserCtxt(junit_schema, (int)sizeof junit_schema - 1);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    ck_assert_ptr_nonnull(schema);
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
    xmlDocPtr document = xmlReadFile(path, NULL, 0);
    int code = document ? xmlSchemaValidateDoc(valid, document) : -1;
    xmlFreeDoc(document);
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    return code;
}

START_TEST(junit_xml_is_valid_whatever_the_texts)
{
    struct note note = { "" };
    struct check_results results = { 0 };
    begin();
    struct check_result good = { .name = "keeps <up> & \"goes\" on", .held = true };
    struct check_result bad = {
        .name = "caf\303\251 \377 \001", .measured = "3", .wanted = "<= 2", .detail = "at ]]> 14:05"
    };
    vec_push(&results.list, good);
    vec_push(&results.list, bad);
    struct junit_suite suites[] = {
        { "scenarios/a", 1.25, NULL, &results },
        { "scenarios/b", 0, "b.yaml:1: wrong", &results },
    };
    text_format(target, sizeof target, "%s/junit.xml", base);
    must(junit_write(target, suites, 2, &note), &note);
    ck_assert_int_eq(validate(target), 0);
    must(junit_write(target, suites, 0, &note), &note);
    ck_assert_int_eq(validate(target), 0);
    ck_assert(err_is(junit_write("/proc/x/junit.xml", suites, 2, &note)));
    vec_fini(&results.list);
    end();
}
END_TEST

static const char summary_text[] =
    "{\"name\": \"a<b\", \"question\": \"Is 1 < 2 & why?\", \"seed\": 3, \"version\": \"0\","
    " \"fingerprint\": \"00\", \"duration_s\": 3600, \"complete\": true, \"events\": 9,"
    " \"jobs\": [{\"name\": \"j\", \"status\": \"RUNNING\", \"scheduler\": \"Adaptive\","
    "  \"submitted_s\": 1, \"downtime_s\": 5,"
    "  \"exceptions\": [{\"at_s\": 60, \"exception\": \"RuntimeException\", \"text\": \"1<2\","
    "   \"vertex\": \"count\", \"subtask\": 3, \"task_manager\": \"tm1\", \"concurrent\": []}],"
    "  \"rescale_history\": [{\"started_s\": 70, \"trigger\": \"INITIAL_SCHEDULE\","
    "   \"state\": \"COMPLETED\", \"reason\": \"SUCCEEDED\"}]}],"
    " \"recoveries\": [{\"job\": \"j\", \"cause\": \"kill tm1\", \"at\": 60, \"down_at\": 60,"
    "  \"recovered_after_s\": 12, \"restarts\": 2}],"
    " \"expectations\": [{\"name\": \"keeps up\", \"held\": false, \"measured\": \"3 min\","
    "  \"wanted\": \"<= 2 min\", \"detail\": \"\"}],"
    " \"metrics\": {\"lag_seconds\": {\"unit\": \"seconds\", \"p99\": 700, \"max\": 800},"
    "  \"cost\": {\"unit\": \"money\", \"final\": 31.2}},"
    " \"compare\": {\"fixed\": {\"metrics\": {\"lag_seconds\": {\"unit\": \"seconds\","
    "  \"p99\": 6, \"max\": 7}, \"cost\": {\"unit\": \"money\", \"final\": 62.1}}}}}";

START_TEST(the_report_answers_first_and_escapes_everything)
{
    char page[65536];
    json_t *summary = json_loads(summary_text, 0, NULL);
    FILE *file = tmpfile();
    ck_assert(summary && file);
    html_write("/nowhere", summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(strstr(page, "<h1>Is 1 &lt; 2 &amp; why?</h1>"));
    ck_assert_ptr_null(strstr(page, "a<b"));
    ck_assert_ptr_nonnull(strstr(page, "cost <b>31.20</b> (fixed: 62.10)"));
    ck_assert_ptr_nonnull(strstr(page, "lag, p99 (min) <b>11.7</b> (fixed: 0.1)"));
    ck_assert_ptr_nonnull(strstr(page, "1 of 1 expectations FAILED"));
    ck_assert_ptr_nonnull(strstr(page, "kill tm1"));
    ck_assert_ptr_nonnull(strstr(page, "<td>count (3)</td><td>tm1</td><td>RuntimeException</td>"
                                       "<td>1&lt;2</td>"));
    ck_assert_ptr_nonnull(strstr(page, "<td>INITIAL_SCHEDULE</td><td>COMPLETED</td>"));
    ck_assert_ptr_null(strstr(page, "<script"));
    ck_assert_ptr_null(strstr(page, "http"));
    ck_assert(strstr(page, "FAILED") < strstr(page, "<table>"));
    fclose(file);
    json_decref(summary);
}
END_TEST

START_TEST(the_verdict_counts_the_variants_too_and_a_run_cut_short_is_marked)
{
    char page[65536];
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_t *fixed = json_object_get(json_object_get(summary, "compare"), "fixed");
    json_object_set_new(fixed, "complete", json_false());
    json_object_set_new(fixed, "duration_s", json_integer(600));
    json_object_set_new(fixed, "jobs",
                        json_pack("[{ss ss si}]", "name", "b", "failure", "1<2", "ended_s", 61));
    json_object_set_new(fixed, "expectations",
                        json_pack("[{sssbssssss}]", "name", "cheap", "held", 1, "measured", "1",
                                  "wanted", "<= 2", "detail", ""));
    FILE *file = tmpfile();
    html_write("/nowhere", summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(
        strstr(page, "1 of 2 expectations FAILED</span>, 1 of them of variants."));
    ck_assert_ptr_nonnull(strstr(page, "<th class=\"n\">fixed (until 10 min)</th>"));
    ck_assert_ptr_nonnull(
        strstr(page, "fixed (until 10 min): job b FAILED at 61.000 s: 1&lt;2</p>"));
    fclose(file);
    json_decref(summary);
}
END_TEST

START_TEST(a_picture_stands_in_the_report_without_the_titles_of_its_parts)
{
    char page[65536], path[256];
    begin();
    text_format(path, sizeof path, "%s/plots", base);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    text_format(path, sizeof path, "%s/plots/overview.svg", base);
    FILE *svg = fopen(path, "w");
    fputs("<?xml version=\"1.0\"?>\n<svg>\n<title>Gnuplot</title>\n"
          "<g><title>rows using 1:2</title><path d=\"M0,0\"/>\n</g></svg>\n",
          svg);
    fclose(svg);
    json_t *summary = json_loads(summary_text, 0, NULL);
    FILE *file = tmpfile();
    html_write(base, summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(
        strstr(page, "<figure>\n<svg>\n\n<g><path d=\"M0,0\"/>\n</g></svg>\n</figure>"));
    fclose(file);
    json_decref(summary);
    end();
}
END_TEST

static const char *variables_of(struct gnuplot *gnuplot)
{
    vec_push(&gnuplot->variables, '\0');
    return gnuplot->variables.items;
}

START_TEST(texts_reach_gnuplot_as_they_are)
{
    struct gnuplot gnuplot;
    gnuplot_init(&gnuplot);
    gnuplot_set_text(&gnuplot, "a", "it's \\n \"x\"\n$(y) `z`");
    gnuplot_set_number(&gnuplot, "b", 3600);
    gnuplot_set_number(&gnuplot, "c", 1e20);
    gnuplot_set_count(&gnuplot, "d", 7);
    ck_assert_str_eq(variables_of(&gnuplot),
                     "a='it''s \\n \"x\"'.\"\\n\".'$(y) `z`'; b=3600.0; c=1e+20; d=7; ");
    gnuplot_fini(&gnuplot);
}
END_TEST

START_TEST(a_missing_gnuplot_is_one_clear_line)
{
    struct gnuplot gnuplot;
    struct note note = { "" };
    gnuplot_init(&gnuplot);
    gnuplot_set_count(&gnuplot, "x", 1);
    setenv("PATH", "/nowhere", 1); /* each test has a process of its own */
    struct err e = gnuplot_start(&gnuplot, "x.gp", &note);
    ck_assert_int_eq(e.code, ERR_MISSING_CODE);
    ck_assert_ptr_nonnull(strstr(note.text, "gnuplot is not installed"));
    gnuplot_fini(&gnuplot);
}
END_TEST

START_TEST(what_gnuplot_complains_of_is_told)
{
    struct gnuplot gnuplot;
    struct note note = { "" };
    gnuplot_init(&gnuplot);
    gnuplot_set_count(&gnuplot, "x", 1);
    must(gnuplot_start(&gnuplot, "/nowhere/x.gp", &note), &note);
    struct err e = gnuplot_wait(&gnuplot, "/nowhere/x.gp", &note);
    ck_assert_int_eq(e.code, ERR_IO_CODE);
    ck_assert_ptr_nonnull(strstr(note.text, "/nowhere/x.gp"));
    gnuplot_fini(&gnuplot);
}
END_TEST

START_TEST(only_what_there_is_is_drawn)
{
    json_t *summary = json_loads(summary_text, 0, NULL);
    ck_assert(plot_variables_any(PICTURE_OVERVIEW, summary));
    ck_assert(plot_variables_any(PICTURE_COMPARE, summary));
    ck_assert(plot_variables_any(PICTURE_RECOVERY, summary));
    ck_assert(!plot_variables_any(PICTURE_UTILISATION, summary)); /* no busy.VERTEX */
    json_object_del(summary, "compare");
    json_object_set_new(summary, "recoveries", json_array());
    ck_assert(!plot_variables_any(PICTURE_COMPARE, summary));
    ck_assert(!plot_variables_any(PICTURE_RECOVERY, summary));
    json_decref(summary);
}
END_TEST

/* What scripts read, with nothing in it. */
static void put_tables(void)
{
    static const char *const names[] = { "events.csv", "recovery.csv", "metrics.csv" };
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        text_format(path, sizeof path, "%s/%s", base, names[i]);
        FILE *file = fopen(path, "w");
        fputs("time_s\n", file);
        fclose(file);
    }
}

/* A gnuplot that draws what it is told to in a locale of UTF-8, and dies of the recovery. */
static void put_gnuplot(void)
{
    char path[256];
    text_format(path, sizeof path, "%s/gnuplot", base);
    FILE *file = fopen(path, "w");
    fputs("#!/bin/sh\n"
          "echo 'line 0: warning: iconv failed to convert degree sign' >&2\n"
          "case $3 in *recovery.gp) kill -SEGV $$ ;; esac\n"
          "out=${2#*out=\\'}\n"
          "[ \"$LC_ALL\" = C.UTF-8 ] && echo '<svg></svg>' > \"${out%%\\'*}\"\n",
          file);
    ck_assert_int_eq(fchmod(fileno(file), 0700), 0);
    fclose(file);
    ck_assert_int_eq(setenv("PATH", base, 1), 0);
    ck_assert_int_eq(setenv("LC_ALL", "C", 1), 0);
}

START_TEST(one_picture_that_fails_takes_no_other_along)
{
    static const char *const drawn[] = { "overview", "compare", "utilisation" };
    struct note note = { "" };
    begin();
    char *path = mem_copy_text(getenv("PATH"));
    text_format(target, sizeof target, "%s/plots", base);
    ck_assert_int_eq(mkdir(target, 0700), 0);
    put_gnuplot();
    put_tables();
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_object_set_new(json_object_get(summary, "metrics"), "busy.count",
                        json_pack("{sssf}", "unit", "share", "mean", 0.5));
    ck_assert(err_is(plots_draw(base, "plots", summary, NULL, &note)));
    ck_assert_str_eq(note.text, "gnuplot, plots/recovery.gp: ended by SIGSEGV");
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        text_format(name, sizeof name, "%s.png", drawn[i]);
        ck_assert_msg(is_there(name), "%s", name);
        text_format(name, sizeof name, "%s.svg", drawn[i]);
        ck_assert_msg(is_there(name), "%s", name);
    }
    ck_assert(!is_there("recovery.png"));
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    mem_destroy(path);
    json_decref(summary);
    end();
}
END_TEST

Suite *test_report_output_suite(void)
{
    Suite *suite = suite_create("report: output");
    TCase *folder = tcase_create("folder"), *texts = tcase_create("texts");
    tcase_add_test(folder, output_is_put_in_place_as_a_whole);
    tcase_add_test(folder, an_abandoned_run_leaves_the_old_output_alone);
    tcase_add_test(folder, a_folder_that_weir_did_not_write_is_never_replaced);
    tcase_add_test(folder, an_empty_folder_may_be_used_and_a_link_stays_a_link);
    tcase_add_test(folder, what_a_killed_run_left_is_removed_by_the_next);
    tcase_add_test(folder, a_folder_that_cannot_be_made_is_one_clear_line);
    tcase_add_test(folder, a_full_disk_is_noticed_at_the_close);
    tcase_add_test(texts, junit_xml_is_valid_whatever_the_texts);
    tcase_add_test(texts, the_report_answers_first_and_escapes_everything);
    tcase_add_test(texts, the_verdict_counts_the_variants_too_and_a_run_cut_short_is_marked);
    tcase_add_test(texts, a_picture_stands_in_the_report_without_the_titles_of_its_parts);
    tcase_add_test(texts, texts_reach_gnuplot_as_they_are);
    tcase_add_test(texts, a_missing_gnuplot_is_one_clear_line);
    tcase_add_test(texts, what_gnuplot_complains_of_is_told);
    tcase_add_test(texts, only_what_there_is_is_drawn);
    tcase_add_test(texts, one_picture_that_fails_takes_no_other_along);
    suite_add_tcase(suite, folder);
    suite_add_tcase(suite, texts);
    return suite;
}
