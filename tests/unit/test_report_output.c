/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts a run leaves: JUnit XML against its schema, the HTML report, what is told to gnuplot.
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
#include "sim/report/plot_variables.h"
#include "sim/report/plots.h"
#include "sim/report/recovery_title.h"
#include "tests/lib/command_line.h"

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
    char target[128];
    struct note note = { "" };
    struct check_results results = { 0 };
    cli_begin();
    struct check_result good = { .name = "keeps <up> & \"goes\" on", .held = true };
    struct check_result bad = {
        .name = "caf\303\251 \377 \001", .measured = "3", .wanted = "<= 2", .detail = "at ]]> 14:05"
    };
    vec_push(&results.list, good);
    vec_push(&results.list, bad);
    json_t *failed = json_pack("[s]", "job <j> ]]> FAILED \001");
    struct junit_suite suites[] = {
        { "scenarios/a", 1.25, NULL, &results, failed },
        { "scenarios/b", 0, "b.yaml:1: wrong", &results, NULL },
    };
    text_format(target, sizeof target, "%s/junit.xml", cli_folder());
    ck_assert(!err_is(junit_write(target, suites, 2, &note)));
    ck_assert_int_eq(validate(target), 0);
    ck_assert(!err_is(junit_write(target, suites, 0, &note)));
    ck_assert_int_eq(validate(target), 0);
    ck_assert(err_is(junit_write("/proc/x/junit.xml", suites, 2, &note)));
    json_decref(failed);
    vec_fini(&results.list);
    cli_end();
}
END_TEST

/* What a build server shows: what failed, with which figures, and what did not run at all. */
START_TEST(junit_xml_says_what_failed_and_why)
{
    char target[128];
    struct note note = { "" };
    struct check_results results = { 0 };
    static const char *const lines[] = {
        "<testsuites name=\"weir\" tests=\"3\" failures=\"1\" errors=\"1\" time=\"1.250\">\n",
        "<testsuite name=\"a\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
        "time=\"1.250\">\n",
        "<testcase name=\"holds\" classname=\"a\" time=\"0.000\"/>\n",
        "<testcase name=\"keeps up\" classname=\"a\" time=\"0.000\">\n   <failure "
        "message=\"measured 3 s, wanted below 2 s; job j FAILED at 14:03\" "
        "type=\"expectation\">at 14:05\njob j FAILED at 14:03\nw: job k FAILED</failure>\n",
        "<testcase name=\"runs\" classname=\"b\" time=\"0.000\">\n   <error message=\"b.yaml:1: "
        "wrong\" type=\"scenario\"/>\n",
    };
    cli_begin();
    vec_push(&results.list, (struct check_result){ .name = "holds", .held = true });
    vec_push(&results.list, (struct check_result){ .name = "keeps up",
                                                   .measured = "3 s",
                                                   .wanted = "below 2 s",
                                                   .detail = "at 14:05" });
    struct check_results none = { 0 };
    json_t *failed = json_pack("[ss]", "job j FAILED at 14:03", "w: job k FAILED");
    struct junit_suite suites[] = {
        { "a", 1.25, NULL, &results, failed },
        { "b", 0, "b.yaml:1: wrong", &none, NULL },
    };
    text_format(target, sizeof target, "%s/junit.xml", cli_folder());
    ck_assert(!err_is(junit_write(target, suites, 2, &note)));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_get_file("junit.xml"), lines[i]) != NULL, "%s\n%s", lines[i],
                      cli_get_file("junit.xml"));
    json_decref(failed);
    vec_fini(&results.list);
    cli_end();
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
    ck_assert_ptr_nonnull(strstr(page, "1 of 1 expectation FAILED"));
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

START_TEST(the_verdict_on_a_single_expectation_is_of_one)
{
    char page[65536];
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_t *only = json_array_get(json_object_get(summary, "expectations"), 0);
    json_object_set_new(only, "held", json_true());
    FILE *file = tmpfile();
    html_write("/nowhere", summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(strstr(page, " Its expectation held."));
    fclose(file);
    json_decref(summary);
}
END_TEST

START_TEST(a_picture_stands_in_the_report_without_the_titles_of_its_parts)
{
    char page[65536];
    cli_begin();
    cli_make_folder("plots");
    cli_put_file("plots/overview.svg",
                 "<?xml version=\"1.0\"?>\n<svg>\n<title>Gnuplot</title>\n"
                 "<g><title>rows using 1:2</title><path d=\"M0,0\"/>\n</g></svg>\n");
    json_t *summary = json_loads(summary_text, 0, NULL);
    FILE *file = tmpfile();
    html_write(cli_folder(), summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(
        strstr(page, "<figure>\n<svg>\n\n<g><path d=\"M0,0\"/>\n</g></svg>\n</figure>"));
    fclose(file);
    json_decref(summary);
    cli_end();
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
    ck_assert(!err_is(gnuplot_start(&gnuplot, "/nowhere/x.gp", &note)));
    struct err e = gnuplot_wait(&gnuplot, "/nowhere/x.gp", NULL, &note);
    ck_assert_int_eq(e.code, ERR_REFUSED_CODE);
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

/* What scripts read, with nothing in it; and a gnuplot that draws what it is told to in a locale of
 * UTF-8, and does something else with the recovery. */
static void put_files(const char *at_recovery)
{
    char path[256], script[512];
    cli_make_folder("plots");
    cli_put_file("events.csv", "time_s\n");
    cli_put_file("recovery.csv", "time_s\n");
    cli_put_file("metrics.csv", "time_s,offered_rate,served_rate,lag_seconds\n");
    cli_put_file("plot.csv", "time_s,busy1\n");
    text_format(script, sizeof script,
                "#!/bin/sh\n"
                "echo 'line 0: warning: iconv failed to convert degree sign' >&2\n"
                "out=${3#*out=\\'}\n"
                "out=${out%%%%\\'*}\n"
                "case $4 in *recovery.gp) %s ;; esac\n"
                "[ \"$LC_ALL$GNUTERM$1\" = C.UTF-8-d ] && echo '<svg></svg>' > \"$out\"\n",
                at_recovery);
    cli_put_file("gnuplot", script);
    text_format(path, sizeof path, "%s/gnuplot", cli_folder());
    ck_assert_int_eq(chmod(path, 0700), 0);
    ck_assert_int_eq(setenv("PATH", cli_folder(), 1), 0);
    ck_assert_int_eq(setenv("LC_ALL", "C", 1), 0);
    ck_assert_int_eq(setenv("GNUTERM", "dumb", 1), 0);
}

static struct err draw(const json_t *summary, FILE *commands, struct note *note)
{
    return plots_draw(
        &(struct plots_request){
            .folder = cli_folder(), .scripts = "plots", .summary = summary, .print = commands },
        note);
}

/* Nobody takes a part for the whole. */
START_TEST(pictures_and_report_say_what_they_leave_out)
{
    char text[32768], name[32];
    struct note note = { "" };
    FILE *commands = tmpfile(), *report = tmpfile();
    cli_begin();
    char *path = mem_copy_text(getenv("PATH"));
    put_files("");
    cli_put_file("plot.csv",
                 "time_s,busy3,busy4,busy5,busy6,busy7,busy8,busy9,busy10\n3000\n6000\n");
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_t *metrics = json_object_get(summary, "metrics");
    json_t *compare = json_object_get(summary, "compare");
    json_t *fixed = json_object_get(compare, "fixed");
    json_object_set_new(summary, "sample_s", json_integer(60));
    for (int i = 0; i < 12; i++) {
        text_format(name, sizeof name, "busy.v%d", i + 1);
        json_object_set_new(metrics, name, json_pack("{sf}", "mean", 0.5));
        text_format(name, sizeof name, "variant%d", i + 1);
        json_object_set(compare, name, fixed);
    }
    struct err e = draw(summary, commands, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    rewind(commands);
    text[fread(text, 1, sizeof text - 1, commands)] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "; 8 of 12 vertices, the busiest"));
    ck_assert_ptr_nonnull(strstr(text, "number1=3"));
    ck_assert_ptr_nonnull(strstr(text, "bands: least to most of each 50 min"));
    ck_assert_ptr_nonnull(strstr(text, "; the first 10 of 13 variants"));
    html_write("/nowhere", summary, report);
    rewind(report);
    text[fread(text, 1, sizeof text - 1, report)] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "variant4: 62.10, 8 more below)"));
    fclose(commands);
    fclose(report);
    json_decref(summary);
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    mem_destroy(path);
    cli_end();
}
END_TEST

START_TEST(a_recovery_is_the_longest_of_several_only)
{
    char title[RECOVERY_TITLE_SIZE], more[RECOVERY_TITLE_SIZE];
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_t *all = json_object_get(summary, "recoveries");
    recovery_title(summary, json_array_get(all, 0), title, more);
    ck_assert_ptr_nonnull(strstr(more, "the only failure: 12 s"));
    json_array_append_new(all, json_pack("{ss sf sf}", "job", "j", "at", 90.0, "down_at", 90.0));
    recovery_title(summary, json_array_get(all, 0), title, more);
    ck_assert_ptr_nonnull(strstr(more, "the only one of 2 failures that ended: 12 s"));
    json_array_append(all, json_array_get(all, 0));
    recovery_title(summary, json_array_get(all, 0), title, more);
    ck_assert_ptr_nonnull(strstr(more, "the longest of 2 failures that ended: 12 s"));
    json_decref(summary);
}
END_TEST

START_TEST(one_picture_that_fails_takes_no_other_along)
{
    static const char *const drawn[] = { "overview", "compare", "utilisation" };
    struct note note = { "" };
    cli_begin();
    char *path = mem_copy_text(getenv("PATH"));
    put_files("kill -SEGV $$");
    json_t *summary = json_loads(summary_text, 0, NULL);
    json_object_set_new(json_object_get(summary, "metrics"), "busy.count",
                        json_pack("{sssf}", "unit", "share", "mean", 0.5));
    ck_assert(err_is(draw(summary, NULL, &note)));
    ck_assert_str_eq(note.text, "gnuplot, plots/recovery.gp: ended by SIGSEGV");
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        text_format(name, sizeof name, "plots/%s.png", drawn[i]);
        ck_assert_msg(cli_get_file(name) != NULL, "%s", name);
        text_format(name, sizeof name, "plots/%s.svg", drawn[i]);
        ck_assert_msg(cli_get_file(name) != NULL, "%s", name);
    }
    ck_assert_ptr_null(cli_get_file("plots/recovery.png"));
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    mem_destroy(path);
    json_decref(summary);
    cli_end();
}
END_TEST

/* What it does with it is beyond us: it may wait for itself for ever. */
START_TEST(gnuplot_does_not_hear_of_ctrl_c)
{
    struct note note = { "" };
    cli_begin();
    char *path = mem_copy_text(getenv("PATH"));
    put_files("kill -INT $$");
    json_t *summary = json_loads(summary_text, 0, NULL);
    struct err e = draw(summary, NULL, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    ck_assert_str_eq(cli_get_file("plots/recovery.svg"), "<svg></svg>\n");
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    mem_destroy(path);
    json_decref(summary);
    cli_end();
}
END_TEST

/* It says that all went well; the disk was full. */
START_TEST(half_a_picture_does_not_take_the_place_of_a_whole_one)
{
    static const char whole[] = "<svg>old</svg>";
    struct note note = { "" };
    cli_begin();
    char *path = mem_copy_text(getenv("PATH"));
    put_files("echo '<svg>ne' > \"$out\"; exit 0");
    cli_put_file("plots/recovery.svg", whole);
    cli_put_file("plots/recovery.png", whole);
    json_t *summary = json_loads(summary_text, 0, NULL);
    ck_assert(err_is(draw(summary, NULL, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "gnuplot left it incomplete"));
    ck_assert_str_eq(cli_get_file("plots/recovery.svg"), whole);
    ck_assert_str_eq(cli_get_file("plots/recovery.png"), whole);
    ck_assert_str_eq(cli_get_file("plots/overview.svg"), "<svg></svg>\n");
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    mem_destroy(path);
    json_decref(summary);
    cli_end();
}
END_TEST

Suite *test_report_output_suite(void)
{
    Suite *suite = suite_create("report: output");
    TCase *texts = tcase_create("texts");
    tcase_add_test(texts, junit_xml_is_valid_whatever_the_texts);
    tcase_add_test(texts, junit_xml_says_what_failed_and_why);
    tcase_add_test(texts, the_report_answers_first_and_escapes_everything);
    tcase_add_test(texts, the_verdict_counts_the_variants_too_and_a_run_cut_short_is_marked);
    tcase_add_test(texts, the_verdict_on_a_single_expectation_is_of_one);
    tcase_add_test(texts, a_picture_stands_in_the_report_without_the_titles_of_its_parts);
    tcase_add_test(texts, texts_reach_gnuplot_as_they_are);
    tcase_add_test(texts, a_missing_gnuplot_is_one_clear_line);
    tcase_add_test(texts, what_gnuplot_complains_of_is_told);
    tcase_add_test(texts, only_what_there_is_is_drawn);
    tcase_add_test(texts, one_picture_that_fails_takes_no_other_along);
    tcase_add_test(texts, a_recovery_is_the_longest_of_several_only);
    tcase_add_test(texts, pictures_and_report_say_what_they_leave_out);
    tcase_add_test(texts, gnuplot_does_not_hear_of_ctrl_c);
    tcase_add_test(texts, half_a_picture_does_not_take_the_place_of_a_whole_one);
    suite_add_tcase(suite, texts);
    return suite;
}
