/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/csv.c and trace*.c: what files are taken, what rows mean, and how complaints
 * name file, line and column. Files are in memory.
 */
#include "sim/load/trace.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/load/csv.h"
#include "tests/lib/series_look.h"

static FILE *file;
static struct note note;
static struct series series;
static time_ns length;

static void setup(void)
{
    note.text[0] = '\0';
    series = (struct series){ 0 };
    file = NULL;
}

static void teardown(void)
{
    series_fini(&series);
    if (file)
        fclose(file);
}

static FILE *open_text(const char *text, size_t size)
{
    /* fmemopen refuses a size of 0 */
    file = size ? fmemopen((void *)(uintptr_t)text, size, "rb") : fopen("/dev/null", "rb");
    ck_assert_ptr_nonnull(file);
    return file;
}

static struct err read_csv(const char *text, const struct trace_options *options)
{
    return trace_read_csv(open_text(text, strlen(text)), "f.csv", options, &series, &length, &note);
}

static void need_csv(const char *text, const struct trace_options *options)
{
    struct err e = read_csv(text, options);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

static const struct trace_options plain = { .value = TRACE_PLAIN };
static const struct trace_options per_minute = { .value = TRACE_PER_TIME, .per = TIME_MIN };

START_TEST(csv_reads_quotes_crlf_and_byte_order_mark)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,\"b \"\"c\"\"\",d\r\n"
                               "1,\"x,\ny\",\r\n"
                               "\r\n"
                               "\"\",2,3";
    struct csv csv;
    bool more;
    ck_assert(!err_is(csv_init(&csv, open_text(text, sizeof text - 1), "f.csv", &note)));
    ck_assert_uint_eq(csv.columns.count, 3);
    ck_assert_str_eq(csv.columns.items[0], "a");
    ck_assert_str_eq(csv.columns.items[1], "b \"c\"");
    ck_assert_uint_eq(csv_column(&csv, "d"), 2);
    ck_assert_uint_eq(csv_column(&csv, "e"), 3);
    ck_assert(!err_is(csv_next(&csv, &more, &note)) && more);
    ck_assert_str_eq(csv_field(&csv, 1), "x,\ny");
    ck_assert_str_eq(csv_field(&csv, 2), "");
    ck_assert_int_eq(csv.line, 2);
    ck_assert(!err_is(csv_next(&csv, &more, &note)) && more);
    ck_assert_str_eq(csv_field(&csv, 0), "");
    ck_assert_str_eq(csv_field(&csv, 2), "3");
    ck_assert_int_eq(csv.line, 5);
    ck_assert(!err_is(csv_next(&csv, &more, &note)) && !more);
    csv_fini(&csv);
}
END_TEST

/* Those in quotes are meant. */
START_TEST(csv_leaves_out_blanks_around_fields)
{
    static const char text[] = " a , \" b \"\t,c d\n  ,\t, x\ty ";
    struct csv csv;
    bool more;
    ck_assert(!err_is(csv_init(&csv, open_text(text, sizeof text - 1), "f.csv", &note)));
    ck_assert_str_eq(csv.columns.items[0], "a");
    ck_assert_str_eq(csv.columns.items[1], " b ");
    ck_assert_str_eq(csv.columns.items[2], "c d");
    ck_assert(!err_is(csv_next(&csv, &more, &note)) && more);
    ck_assert_str_eq(csv_field(&csv, 0), "");
    ck_assert_str_eq(csv_field(&csv, 1), "");
    ck_assert_str_eq(csv_field(&csv, 2), "x\ty");
    csv_fini(&csv);
}
END_TEST

START_TEST(csv_reads_records_across_blocks)
{
    size_t size = 0, room = 1 << 20;
    char *text = mem_create(room);
    size += (size_t)snprintf(text, room, "t,v\n");
    for (int i = 0; i < 30000; i++)
        size += (size_t)snprintf(text + size, room - size, "%d,\"%d\"\n", i, 2 * i);
    struct err e = trace_read_csv(open_text(text, size), "f.csv", &plain, &series, &length, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    ck_assert_uint_eq(series.points.count, 29999); /* the first is 0 */
    ck_assert_double_eq(series_look_at(&series, 29999 * TIME_S), 59998);
    ck_assert_int_eq(length, 30000 * TIME_S);
    mem_destroy(text);
}
END_TEST

START_TEST(trace_takes_dates_seconds_and_durations)
{
    static const char *const texts[] = {
        "t,v\n1998-04-30 21:30:00,60\n1998-04-30 21:31:00,120\n",
        "t,v\n893971800,60\n893971860,120\n",
        "t,v\n5min,60\n6min,120\n",
        "t,v\n2024-03-31T01:59:00+01:00,60\n2024-03-31T03:00:00+02:00,120\n", /* summer time */
        "t,v\n1704067200000,60\n1704067260000,120\n",
        "t,v\n1704067200000000,60\n1704067260000000,120\n",
        "t , v\n0 , 60\n60 , 120\n",
        "\tt\t, \"v\" \r\n\"0\" ,60 \r\n 60,\t\"120\"\t\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        need_csv(texts[i], &per_minute);
        ck_assert_uint_eq(series.points.count, 2);
        ck_assert_int_eq(series.points.items[0].at, 0);
        ck_assert_double_eq(series.points.items[0].value, 1);
        ck_assert_int_eq(series.points.items[1].at, TIME_MIN);
        ck_assert_double_eq(series.points.items[1].value, 2);
        ck_assert_int_eq(length, 2 * TIME_MIN);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(trace_finds_columns_by_name)
{
    need_csv("extra,requests,when\nx,3,0\ny,4,10\n",
             &(struct trace_options){ .time_column = "when", .value_column = "requests" });
    ck_assert_double_eq(series_look_at(&series, 10 * TIME_S), 4);
}
END_TEST

START_TEST(trace_counts_per_step_whatever_the_step)
{
    need_csv("t,v\n0,100\n10,100\n30,100\n", &(struct trace_options){ .value = TRACE_PER_STEP });
    ck_assert_double_eq(series_look_at(&series, 0), 10);
    ck_assert_double_eq(series_look_at(&series, 10 * TIME_S), 5);
    ck_assert_double_eq(series_look_at(&series, 30 * TIME_S), 5); /* as long as the one before */
    ck_assert_int_eq(length, 50 * TIME_S);
}
END_TEST

/* Rows are missing from 2 min to 5 min: the last value goes on, or nothing comes. */
START_TEST(trace_fills_gaps_as_told)
{
    static const char text[] = "t,v\n0min,60\n1min,60\n5min,120\n6min,120\n7min,120\n";
    struct trace_options options = per_minute;
    need_csv(text, &options);
    ck_assert_double_eq(series_look_integral(&series, 0, 8 * TIME_MIN), 300 + 360);
    teardown();
    setup();
    options.gaps = GAPS_ZERO;
    need_csv(text, &options);
    ck_assert_double_eq(series_look_at(&series, 2 * TIME_MIN - 1), 1);
    ck_assert_double_eq(series_look_at(&series, 2 * TIME_MIN), 0);
    ck_assert_double_eq(series_look_at(&series, 5 * TIME_MIN), 2);
    ck_assert_double_eq(series_look_integral(&series, 0, 8 * TIME_MIN), 120 + 360);
}
END_TEST

/* Of steps of a minute: 90 s are a row that came late, of 91 s one is missing. */
START_TEST(trace_has_a_gap_from_half_a_step_more_on)
{
    need_csv("t,v\n0,1\n60,2\n120,3\n210,4\n270,5\n361,6\n421,7\n",
             &(struct trace_options){ .value = TRACE_PLAIN, .gaps = GAPS_ZERO });
    ck_assert_double_eq(series_look_at(&series, 210 * TIME_S - 1), 3);
    ck_assert_double_eq(series_look_at(&series, 330 * TIME_S - 1), 5);
    ck_assert_double_eq(series_look_at(&series, 330 * TIME_S), 0);
    ck_assert_double_eq(series_look_at(&series, 361 * TIME_S), 6);
}
END_TEST

/* Of stamps that are a little off, as monitors write them, no two steps need be equal. */
START_TEST(trace_with_steps_about_alike_has_gaps)
{
    need_csv("t,v\n0,1\n59.99,2\n120.02,3\n180,4\n419.97,5\n480,6\n",
             &(struct trace_options){ .value = TRACE_PLAIN, .gaps = GAPS_ZERO });
    ck_assert_double_eq(series_look_at(&series, 180 * TIME_S), 4);
    ck_assert_double_eq(series_look_at(&series, 239 * TIME_S), 4);
    ck_assert_double_eq(series_look_at(&series, 241 * TIME_S), 0);
    ck_assert_double_eq(series_look_at(&series, 420 * TIME_S), 5);
}
END_TEST

START_TEST(trace_without_a_usual_step_has_no_gaps)
{
    static const char text[] = "t,v\n0,1\n1,2\n3,3\n50,4\n60,5\n";
    need_csv(text, &(struct trace_options){ .value = TRACE_PLAIN });
    ck_assert_double_eq(series_look_at(&series, 49 * TIME_S), 3);
    teardown();
    setup();
    ck_assert(
        err_is(read_csv(text, &(struct trace_options){ .value = TRACE_PLAIN, .gaps = GAPS_ZERO })));
    ck_assert_str_eq(note.text, "f.csv: found rows at no usual distance, expected one for 'gaps: "
                                "zero': more than half of them within half of it");
}
END_TEST

START_TEST(trace_takes_equal_times_as_told)
{
    static const char text[] = "t,v\n0,1\n5,2\n5,3\n9,4\n";
    struct trace_options options = plain;
    options.same_time = SAME_TIME_LAST;
    need_csv(text, &options);
    ck_assert_double_eq(series_look_at(&series, 5 * TIME_S), 3);
    teardown();
    setup();
    options.same_time = SAME_TIME_SUM;
    need_csv(text, &options);
    ck_assert_double_eq(series_look_at(&series, 5 * TIME_S), 5);
}
END_TEST

START_TEST(trace_cuts_a_window_by_duration_or_date)
{
    static const char text[] = "t,v\n2020-01-01 00:00,1\n2020-01-01 01:00,2\n2020-01-01 02:00,3\n";
    struct trace_options options = plain;
    options.from = "30min";
    options.to = "2020-01-01 01:30";
    need_csv(text, &options);
    ck_assert_int_eq(length, TIME_H);
    ck_assert_double_eq(series_look_at(&series, 0), 1);
    ck_assert_double_eq(series_look_at(&series, 30 * TIME_MIN), 2);
    ck_assert_uint_eq(series.points.count, 2);
}
END_TEST

/* The other role takes what the named one leaves. */
START_TEST(trace_takes_the_column_that_is_not_named)
{
    static const struct {
        const char *text;
        struct trace_options options;
    } rows[] = {
        { "requests,when\n3,0\n4,10\n", { .time_column = "when" } },
        { "requests,when\n3,0\n4,10\n", { .value_column = "requests" } },
        { "when,requests\n0,3\n10,4\n", { .time_column = "when" } },
        { "when,requests\n0,3\n10,4\n", { .value_column = "requests" } },
        { "when,requests,host\n0,3,x\n10,4,y\n", { .time_column = "when" } },
        { "host,requests,when\nx,3,0\ny,4,10\n", { .time_column = "when" } },
        { "when,host,requests\n0,x,3\n10,y,4\n", { .value_column = "requests" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        need_csv(rows[i].text, &rows[i].options);
        ck_assert_double_eq(series_look_at(&series, 0), 3);
        ck_assert_double_eq(series_look_at(&series, 10 * TIME_S), 4);
        teardown();
        setup();
    }
}
END_TEST

static const struct bad_csv {
    const char *text;
    struct trace_options options;
    const char *complaint;
} bad_csv[] = {
    { "", { 0 }, "f.csv:1: found an empty file, expected column names" },
    { "t,v\n", { 0 }, "f.csv:2: found no rows, expected some" },
    { "t,v\n0,60\n",
      { .value = TRACE_PER_TIME, .per = TIME_MIN },
      "f.csv:3: found one time, expected two or more, for the last row lasts as long as the one "
      "before (a load that stays is constant: RATE, machines that stay are a count)" },
    { "t,v\n5,1\n5,2\n",
      { .same_time = SAME_TIME_SUM },
      "f.csv:4: found one time, expected two or more, for the last row lasts as long as the one "
      "before (a load that stays is constant: RATE, machines that stay are a count)" },
    { "t\n1\n", { 0 }, "f.csv:1: found 1 column, expected two" },
    { "t;v\n0;1,5\n",
      { 0 },
      "f.csv:1: found 1 column, expected two, separated by commas, not semicolons" },
    { "t;v\n0;1,5\n",
      { .time_column = "t" },
      "f.csv:1: found 1 column, expected two, separated by commas, not semicolons" },
    { "t\tv\n0\t1\n",
      { 0 },
      "f.csv:1: found 1 column, expected two, separated by commas, not tabs" },
    { "0,10\n60,20\n120,10\n",
      { 0 },
      "f.csv:1: found values ('0', '10'), expected a line of column names" },
    { "2024-01-01 00:00,1.5\n2024-01-01 00:01,2\n",
      { 0 },
      "f.csv:1: found values ('2024-01-01 00:00', '1.5'), expected a line of column names" },
    { "t,t\n", { 0 }, "f.csv:1: found column 't' twice" },
    { "t,v\n0,1\n0,2,3\n", { 0 }, "f.csv:3: found 3 fields, expected 2" },
    { "t,v\n0,-3\n", { 0 }, "f.csv:2: v: found '-3', expected a number from 0 to 1e18" },
    { "t,v\n0,NaN\n", { 0 }, "f.csv:2: v: found 'NaN', expected a number from 0 to 1e18" },
    { "t,v\n0,inf\n", { 0 }, "f.csv:2: v: found 'inf', expected a number from 0 to 1e18" },
    { "t,v\n0,1\n0.5,many\n", { 0 }, "f.csv:3: v: found 'many', expected a number from 0 to 1e18" },
    { "t,v\nnoon,1\n",
      { 0 },
      "f.csv:2: t: found 'noon', expected a date such as 1998-04-30 21:30:00, seconds, or a "
      "duration such as 5 min" },
    { "t,v\n0,1\n1998-04-30 21:30,2\n",
      { 0 },
      "f.csv:3: t: found '1998-04-30 21:30', expected seconds such as 60, as before" },
    { "t,v\n1704067200000,1\n2024-01-01 00:01,2\n",
      { 0 },
      "f.csv:3: t: found '2024-01-01 00:01', expected milliseconds since 1970 such as "
      "1704067200000, as before" },
    { "t,v\n1704067200,1\n1704067260000,2\n",
      { 0 },
      "f.csv:3: t: found '1704067260000', expected seconds such as 60, as before" },
    { "t,v\n1704067200000000,1\n5min,2\n",
      { 0 },
      "f.csv:3: t: found '5min', expected microseconds since 1970 such as 1704067200000000, as "
      "before" },
    { "t,v\n2024-05-01T10:00:00+02:00,1\n2024-05-01T10:30:00+03:00,2\n",
      { 0 },
      "f.csv:3: t: found '2024-05-01T10:30:00+03:00', expected a time after the one before (time "
      "goes back)" },
    { "t,v\n5,1\n4,2\n",
      { 0 },
      "f.csv:3: t: found '4', expected a time after the one before (time goes back)" },
    { "t,v\n5,1\n5,2\n",
      { 0 },
      "f.csv:3: t: found '5', expected a time after the one before (same-time: last or sum takes "
      "it)" },
    { "t,v\n1900-01-01 00:00,1\n2000-01-01 00:00,2\n",
      { 0 },
      "f.csv:3: t: found '2000-01-01 00:00', expected a time at most 20 years after the first" },
    { "t,v\n0,\"1\n", { 0 }, "f.csv:3: found the end of the file inside quotes" },
    { "t,v\n0,1\"2\n",
      { 0 },
      "f.csv:2: found a quote inside a field that is not quoted as a whole" },
    { "time,count\n0,1\n",
      { .value_column = "cuont" },
      "f.csv:1: found no column 'cuont', did you mean 'count'?" },
    { "count,time\n1,0\n",
      { .time_column = "time", .value_column = "time" },
      "f.csv:1: found 'time' named for the times and for the values, expected two columns" },
    { "host,time,count\nx,0,1\n",
      { .time_column = "time" },
      "f.csv:1: found 2 columns beside 'time', expected the name of the one with the values "
      "('host', 'count')" },
    { "count,time,host\n1,0,x\n",
      { .value_column = "count" },
      "f.csv:1: found 2 columns beside 'count', expected the name of the one with the times "
      "('time', 'host')" },
    { "t,v\n0,1\n10,1\n",
      { .from = "30s" },
      "f.csv: found a window from '30s' to 'end', expected one inside the file" },
    { "t,v\n0,1\n10,1\n",
      { .from = "1998-04-30 21:30" },
      "f.csv: found from '1998-04-30 21:30', expected a duration" },
};

START_TEST(trace_names_file_line_and_column)
{
    struct err e = read_csv(bad_csv[_i].text, &bad_csv[_i].options);
    ck_assert(err_is(e));
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text, bad_csv[_i].complaint);
}
END_TEST

START_TEST(trace_refuses_zero_bytes_and_endless_records)
{
    static const char zero[] = "t,v\n0,1\0";
    ck_assert(err_is(trace_read_csv(open_text(zero, sizeof zero - 1), "f.csv", &plain, &series,
                                    &length, &note)));
    ck_assert_str_eq(note.text, "f.csv:2: found a zero byte, expected text");
    teardown();
    setup();
    size_t size = CSV_RECORD_BYTES_MAX + 100;
    char *text = mem_create(size);
    memset(text, 'x', size);
    ck_assert(
        err_is(trace_read_csv(open_text(text, size), "f.csv", &plain, &series, &length, &note)));
    ck_assert_str_eq(note.text,
                     "f.csv:1: found a record of more than 1 MiB, expected a shorter one");
    memset(text, ',', size);
    rewind(file);
    ck_assert(err_is(trace_read_csv(file, "f.csv", &plain, &series, &length, &note)));
    ck_assert_str_eq(note.text, "f.csv:1: found more than 256 columns");
    mem_destroy(text);
}
END_TEST

static struct err read_json(const char *text)
{
    return trace_read_skypilot(open_text(text, strlen(text)), "f.json", &plain, &series, &length,
                               &note);
}

START_TEST(skypilot_record_becomes_steps)
{
    struct err e =
        read_json("\xef\xbb\xbf{\"metadata\": {\"gap_seconds\": 300}, \"data\": [4, 4, 0, 3], "
                  "\"prices\": [1.5]}");
    ck_assert_msg(!err_is(e), "%s", note.text);
    ck_assert_uint_eq(series.points.count, 3);
    ck_assert_double_eq(series_look_at(&series, 599 * TIME_S), 4);
    ck_assert_double_eq(series_look_at(&series, 600 * TIME_S), 0);
    ck_assert_double_eq(series_look_at(&series, 900 * TIME_S), 3);
    ck_assert_int_eq(length, 1200 * TIME_S);
}
END_TEST

static const struct bad_json {
    const char *text, *complaint;
} bad_json[] = {
    { "{\n\"metadata\": ]", "f.json:2: found malformed JSON (unexpected token near ']')" },
    { "[]", "f.json: metadata.gap_seconds: found nothing, expected a number of seconds above 0" },
    { "{\"metadata\": {\"gap_seconds\": 0}, \"data\": [1]}",
      "f.json: metadata.gap_seconds: found 0, expected a number of seconds above 0" },
    { "{\"metadata\": {\"gap_seconds\": \"5\"}, \"data\": [1]}",
      "f.json: metadata.gap_seconds: found \"5\", expected a number of seconds above 0" },
    { "{\"metadata\": {\"gap_seconds\": 5}}",
      "f.json: data: found nothing, expected a list of figures" },
    { "{\"metadata\": {\"gap_seconds\": 5}, \"data\": []}",
      "f.json: data: found [], expected a list of figures" },
    { "{\"metadata\": {\"gap_seconds\": 5}, \"data\": [1, -1]}",
      "f.json: data.1: found -1, expected a number of machines from 0 to 1000000000" },
    { "{\"metadata\": {\"gap_seconds\": 5}, \"data\": [[1]]}",
      "f.json: data.0: found [1], expected a number of machines from 0 to 1000000000" },
    { "{\"metadata\": {\"gap_seconds\": 5}, \"data\": [1e300]}",
      "f.json: data.0: found 1e300, expected a number of machines from 0 to 1000000000" },
    { "{\"metadata\": {\"gap_seconds\": 5}, \"data\": [1],\n\"data\": [2]}",
      "f.json:2: found malformed JSON (duplicate object key near '\"data\"')" },
};

START_TEST(skypilot_record_that_is_wrong_is_refused)
{
    struct err e = read_json(bad_json[_i].text);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text, bad_json[_i].complaint);
}
END_TEST

Suite *test_load_trace_suite(void)
{
    Suite *suite = suite_create("load_trace");
    TCase *tcase = tcase_create("trace");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, csv_reads_quotes_crlf_and_byte_order_mark);
    tcase_add_test(tcase, csv_leaves_out_blanks_around_fields);
    tcase_add_test(tcase, csv_reads_records_across_blocks);
    tcase_add_test(tcase, trace_takes_dates_seconds_and_durations);
    tcase_add_test(tcase, trace_finds_columns_by_name);
    tcase_add_test(tcase, trace_takes_the_column_that_is_not_named);
    tcase_add_test(tcase, trace_counts_per_step_whatever_the_step);
    tcase_add_test(tcase, trace_fills_gaps_as_told);
    tcase_add_test(tcase, trace_has_a_gap_from_half_a_step_more_on);
    tcase_add_test(tcase, trace_with_steps_about_alike_has_gaps);
    tcase_add_test(tcase, trace_without_a_usual_step_has_no_gaps);
    tcase_add_test(tcase, trace_takes_equal_times_as_told);
    tcase_add_test(tcase, trace_cuts_a_window_by_duration_or_date);
    tcase_add_loop_test(tcase, trace_names_file_line_and_column, 0,
                        (int)(sizeof bad_csv / sizeof *bad_csv));
    tcase_add_test(tcase, trace_refuses_zero_bytes_and_endless_records);
    tcase_add_test(tcase, skypilot_record_becomes_steps);
    tcase_add_loop_test(tcase, skypilot_record_that_is_wrong_is_refused, 0,
                        (int)(sizeof bad_json / sizeof *bad_json));
    suite_add_tcase(suite, tcase);
    return suite;
}
