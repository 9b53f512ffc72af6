/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing through libxml2's text writer, all of it into memory, then into the file.
 */
#include "sim/report/junit.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/output_file.h"
#include "sim/report/summary.h"

enum { NUMBER_SIZE = 48 };

/* XML 1.0 has no control characters, and libxml2 wants UTF-8: anything else becomes '?'. */
static xmlChar *clean(const char *text)
{
    xmlChar *copy = (xmlChar *)mem_copy_text(text);
    bool valid = xmlCheckUTF8(copy) != 0;
    for (xmlChar *p = copy; *p; p++)
        if ((*p < ' ' && *p != '\n' && *p != '\t') || (!valid && *p >= 0x80))
            *p = '?';
    return copy;
}

static void put_text(xmlTextWriterPtr writer, const char *name, const char *text)
{
    xmlChar *value = clean(text);
    xmlTextWriterWriteAttribute(writer, BAD_CAST name, value);
    mem_destroy(value);
}

static void put_count(xmlTextWriterPtr writer, const char *name, size_t count)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%zu", count);
    put_text(writer, name, text);
}

static void put_seconds(xmlTextWriterPtr writer, double seconds)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%.3f", seconds);
    put_text(writer, "time", text);
}

static size_t case_count(const struct junit_suite *suite)
{
    return suite->error ? 1 : suite->results->list.count;
}

static size_t failure_count(const struct junit_suite *suite)
{
    return suite->error ? 0 : check_results_failed(suite->results);
}

/* What became of the run's jobs stands with what was measured of them, a line each. */
static void put_detail(xmlTextWriterPtr writer, const struct junit_suite *suite, const char *text)
{
    const json_t *one;
    size_t i;
    xmlChar *detail = clean(text);
    xmlTextWriterWriteString(writer, detail);
    mem_destroy(detail);
    json_array_foreach(suite->jobs_failed, i, one)
    {
        xmlChar *failed = clean(json_string_value(one));
        xmlTextWriterWriteString(writer, BAD_CAST "\n");
        xmlTextWriterWriteString(writer, failed);
        mem_destroy(failed);
    }
}

static void put_result(xmlTextWriterPtr writer, const struct junit_suite *suite,
                       const struct check_result *result)
{
    xmlTextWriterStartElement(writer, BAD_CAST "testcase");
    put_text(writer, "name", result->name);
    put_text(writer, "classname", suite->name);
    put_seconds(writer, 0);
    if (!result->held) {
        char message[2 * RESULT_TEXT_SIZE + SUMMARY_FAILED_SIZE + 128];
        const char *failed = json_string_value(json_array_get(suite->jobs_failed, 0));
        snprintf(message, sizeof message, "measured %s, wanted %s%s%s", result->measured,
                 result->wanted, failed ? "; " : "", failed ? failed : "");
        xmlTextWriterStartElement(writer, BAD_CAST "failure");
        put_text(writer, "message", message);
        put_text(writer, "type", "expectation");
        put_detail(writer, suite, result->detail);
        xmlTextWriterEndElement(writer);
    }
    xmlTextWriterEndElement(writer);
}

static void put_error(xmlTextWriterPtr writer, const struct junit_suite *suite)
{
    xmlTextWriterStartElement(writer, BAD_CAST "testcase");
    put_text(writer, "name", "runs");
    put_text(writer, "classname", suite->name);
    put_seconds(writer, suite->seconds);
    xmlTextWriterStartElement(writer, BAD_CAST "error");
    put_text(writer, "message", suite->error);
    put_text(writer, "type", "scenario");
    xmlTextWriterEndElement(writer);
    xmlTextWriterEndElement(writer);
}

static void put_suite(xmlTextWriterPtr writer, const struct junit_suite *suite)
{
    xmlTextWriterStartElement(writer, BAD_CAST "testsuite");
    put_text(writer, "name", suite->name);
    put_count(writer, "tests", case_count(suite));
    put_count(writer, "failures", failure_count(suite));
    put_count(writer, "errors", suite->error ? 1 : 0);
    put_count(writer, "skipped", 0);
    put_seconds(writer, suite->seconds);
    if (suite->error)
        put_error(writer, suite);
    else
        for (VEC_EACH(const struct check_result, result, &suite->results->list))
            put_result(writer, suite, result);
    xmlTextWriterEndElement(writer);
}

static void put_all(xmlTextWriterPtr writer, const struct junit_suite *suites, size_t count)
{
    size_t tests = 0, failures = 0, errors = 0;
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        tests += case_count(&suites[i]);
        failures += failure_count(&suites[i]);
        errors += suites[i].error != NULL;
        seconds += suites[i].seconds;
    }
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(writer, BAD_CAST "testsuites");
    put_text(writer, "name", "weir");
    put_count(writer, "tests", tests);
    put_count(writer, "failures", failures);
    put_count(writer, "errors", errors);
    put_seconds(writer, seconds);
    for (size_t i = 0; i < count; i++)
        put_suite(writer, &suites[i]);
    xmlTextWriterEndElement(writer);
}

struct err junit_write(const char *path, const struct junit_suite *suites, size_t count,
                       struct note *note)
{
    struct output_file output;
    TRY(output_file_begin(&output, path, note));
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlTextWriterPtr writer = xmlNewTextWriterMemory(buffer, 0);
    CHECK(writer != NULL);
    put_all(writer, suites, count);
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    fwrite(xmlBufferContent(buffer), 1, (size_t)xmlBufferLength(buffer), output.file);
    xmlBufferFree(buffer);
    return output_file_end(&output, note);
}
