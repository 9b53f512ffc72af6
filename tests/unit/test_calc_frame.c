/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the calculators' frame: objects, arrays, wrong elements, exit codes, the command line.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sim/cli/calc.h"
#include "tests/lib/calc_run.h"

static char output[65536];

static int key_groups(const char *input)
{
    return calc_run("key-groups", input, output, sizeof output);
}

START_TEST(calc_answers_an_object_with_an_object)
{
    ck_assert_int_eq(key_groups("{\"max_parallelism\": 4, \"parallelism\": 2}"), 0);
    ck_assert_str_eq(output, "{\"ranges\": [[0, 1], [2, 3]], \"keys\": []}\n");
}
END_TEST

START_TEST(calc_answers_an_array_element_by_element)
{
    ck_assert_int_eq(key_groups(" [ {\"max_parallelism\": 1, \"parallelism\": 1},\n"
                                "{\"max_parallelism\": 2, \"parallelism\": 1} ] \n"),
                     0);
    ck_assert_str_eq(output, "[\n{\"ranges\": [[0, 0]], \"keys\": []},\n"
                             "{\"ranges\": [[0, 1]], \"keys\": []}\n]\n");
    ck_assert_int_eq(key_groups("[]"), 0);
    ck_assert_str_eq(output, "[]\n");
}
END_TEST

START_TEST(calc_answers_a_wrong_element_in_its_place_and_the_others_still)
{
    ck_assert_int_eq(key_groups("[{\"max_parallelism\": 1}, 7, nonsense, "
                                "{\"max_parallelism\": 1, \"parallelism\": 1}, "
                                "{\"parallelism\": 123456789012345678901234567890}, [[]], ]"),
                     2);
    ck_assert_str_eq(output, "[\n{\"error\": \"parallelism: missing\"},\n"
                             "{\"error\": \"expected an object, found an integer\"},\n"
                             "{\"error\": \"not JSON: invalid token near 'nonsense'\"},\n"
                             "{\"ranges\": [[0, 0]], \"keys\": []},\n"
                             "{\"error\": \"not JSON: too big integer\"},\n"
                             "{\"error\": \"expected an object, found an array\"},\n"
                             "{\"error\": \"not JSON: unexpected token near end of file\"}\n]\n");
}
END_TEST

START_TEST(calc_answers_a_wrong_object_with_an_error)
{
    ck_assert_int_eq(key_groups("{\"max_parallelism\": 1, \"parallelism\": 2}"), 2);
    ck_assert_str_eq(output, "{\"error\": \"parallelism: 2 is outside 1..1\"}\n");
    ck_assert_int_eq(key_groups("nonsense"), 2);
    ck_assert_str_eq(output, "{\"error\": \"not JSON: invalid token near 'nonsense'\"}\n");
}
END_TEST

START_TEST(calc_names_the_nearest_field_for_an_unknown_one)
{
    key_groups("{\"max_paralelism\": 1, \"parallelism\": 1}");
    ck_assert_str_eq(output, "{\"error\": \"unknown field 'max_paralelism'; did you mean "
                             "'max_parallelism'?\"}\n");
    key_groups("{\"x\": 1}");
    ck_assert_str_eq(output, "{\"error\": \"unknown field 'x'; known are: max_parallelism, "
                             "parallelism, key_hashes\"}\n");
}
END_TEST

START_TEST(calc_refuses_a_field_given_twice)
{
    ck_assert_int_eq(key_groups("{\"parallelism\": 1, \"parallelism\": 2}"), 2);
    ck_assert_ptr_nonnull(strstr(output, "duplicate object key"));
}
END_TEST

START_TEST(calc_refuses_integers_of_another_kind)
{
    static const char *const values[] = { "1.0", "\"1\"", "true", "[1]", "{}", "1e0" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char input[128];
        snprintf(input, sizeof input, "{\"max_parallelism\": %s, \"parallelism\": 1}", values[i]);
        ck_assert_int_eq(key_groups(input), 2);
        ck_assert_ptr_nonnull(strstr(output, "max_parallelism: expected an integer, found "));
    }
}
END_TEST

START_TEST(calc_takes_null_for_absent)
{
    ck_assert_int_eq(
        key_groups("{\"max_parallelism\": 1, \"parallelism\": 1, \"key_hashes\": null}"), 0);
    ck_assert_int_eq(key_groups("{\"max_parallelism\": 1, \"parallelism\": null}"), 2);
}
END_TEST

/* One line, whatever the input put into it. */
START_TEST(calc_keeps_an_error_on_one_line_of_plain_text)
{
    ck_assert_int_eq(key_groups("{\"a\\nb\\u00e9\": 1}"), 2);
    ck_assert_ptr_nonnull(strstr(output, "unknown field 'a?b?"
                                         "?'"));
    char input[4096];
    memset(input, 'x', sizeof input);
    memcpy(input, "{\"", 2);
    memcpy(input + sizeof input - 6, "\": 1}", 6);
    ck_assert_int_eq(key_groups(input), 2);
    ck_assert_uint_lt(strlen(output), 300);
    ck_assert_ptr_nonnull(strstr(output, "xxx...'"));
}
END_TEST

START_TEST(calc_skips_comment_lines_before_the_input)
{
    ck_assert_int_eq(key_groups("# a\n  # b\n\n{\"max_parallelism\": 1, \"parallelism\": 1}\n"), 0);
    ck_assert_str_eq(output, "{\"ranges\": [[0, 0]], \"keys\": []}\n");
}
END_TEST

START_TEST(calc_answers_input_that_is_no_whole_question_with_its_error)
{
    static const char *const inputs[] = { "",     " \n", "# only a comment", "[", "[{}", "[{}] x",
                                          "[\"]", "[{]" };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        ck_assert_int_eq(key_groups(inputs[i]), 2);
        ck_assert_ptr_eq(strstr(output, "{\"error\": \""), output);
    }
}
END_TEST

START_TEST(calc_cuts_elements_at_commas_outside_texts_only)
{
    ck_assert_int_eq(key_groups("[{\"],\\\"[\": 1}, {\"max_parallelism\": 1, \"parallelism\": 1, "
                                "\"key_hashes\": [0, 0]}]"),
                     2);
    ck_assert_ptr_nonnull(strstr(output, "unknown field '],\\\"['"));
    ck_assert_ptr_nonnull(strstr(output, "},\n{\"ranges\""));
}
END_TEST

START_TEST(calc_examples_answer_and_are_in_order)
{
    for (size_t i = 0; i < calc_row_count; i++) {
        ck_assert_int_eq(calc_run(calc_rows[i]->name, calc_rows[i]->example, output, sizeof output),
                         0);
        if (i > 0)
            ck_assert_int_lt(strcmp(calc_rows[i - 1]->name, calc_rows[i]->name), 0);
    }
}
END_TEST

/* Runs calc_main with standard input, output and errors in files; gives the exit code. */
static int run_main(const char *input, const char *first, const char *second)
{
    char *argv[] = { mem_copy_text("calc"), mem_copy_text(first),
                     second ? mem_copy_text(second) : NULL, NULL };
    FILE *in = tmpfile(), *out = tmpfile();
    fputs(input, in);
    rewind(in);
    fflush(NULL);
    int keep[3] = { dup(0), dup(1), dup(2) };
    dup2(fileno(in), 0);
    dup2(fileno(out), 1);
    dup2(fileno(out), 2);
    int code = calc_main(second ? 3 : 2, argv);
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        dup2(keep[i], i);
        close(keep[i]);
    }
    rewind(out);
    output[fread(output, 1, sizeof output - 1, out)] = '\0';
    fclose(in);
    fclose(out);
    for (int i = 0; i < 3; i++)
        mem_destroy(argv[i]);
    return code;
}

START_TEST(calc_help_can_be_piped_back_in)
{
    for (size_t i = 0; i < calc_row_count; i++) {
        static char help[sizeof output];
        ck_assert_int_eq(run_main("", calc_rows[i]->name, "--help"), 0);
        memcpy(help, output, sizeof help);
        for (size_t f = 0; f < calc_rows[i]->field_count; f++)
            ck_assert_ptr_nonnull(strstr(help, calc_rows[i]->fields[f].name));
        ck_assert_int_eq(run_main(help, calc_rows[i]->name, NULL), 0);
        ck_assert_int_eq(output[0], '{');
    }
}
END_TEST

START_TEST(calc_list_names_every_calculator)
{
    ck_assert_int_eq(run_main("", "--list", NULL), 0);
    for (size_t i = 0; i < calc_row_count; i++)
        ck_assert_ptr_nonnull(strstr(output, calc_rows[i]->name));
    ck_assert_int_eq(run_main("", "--help", NULL), 0);
    ck_assert_ptr_nonnull(strstr(output, "usage: weir calc NAME"));
}
END_TEST

START_TEST(calc_names_the_nearest_calculator_for_an_unknown_one)
{
    ck_assert_int_eq(run_main("{}", "trasition", NULL), 2);
    ck_assert_str_eq(output, "weir calc: no calculator 'trasition'; did you mean 'transition'?\n");
    ck_assert_int_eq(run_main("{}", "qqq", NULL), 2);
    ck_assert_str_eq(output, "weir calc: no calculator 'qqq'; weir calc --list names them\n");
}
END_TEST

START_TEST(calc_refuses_options_it_does_not_know)
{
    ck_assert_int_eq(run_main("", "--lst", NULL), 2);
    ck_assert_int_eq(run_main("", "restart", "--hlp"), 2);
    ck_assert_ptr_nonnull(strstr(output, "usage: weir calc NAME"));
}
END_TEST

Suite *test_calc_frame_suite(void);
Suite *test_calc_frame_suite(void)
{
    Suite *suite = suite_create("calc_frame");
    TCase *text = tcase_create("input and output"), *command = tcase_create("command line");
    tcase_add_test(text, calc_answers_an_object_with_an_object);
    tcase_add_test(text, calc_answers_an_array_element_by_element);
    tcase_add_test(text, calc_answers_a_wrong_element_in_its_place_and_the_others_still);
    tcase_add_test(text, calc_answers_a_wrong_object_with_an_error);
    tcase_add_test(text, calc_names_the_nearest_field_for_an_unknown_one);
    tcase_add_test(text, calc_refuses_a_field_given_twice);
    tcase_add_test(text, calc_refuses_integers_of_another_kind);
    tcase_add_test(text, calc_takes_null_for_absent);
    tcase_add_test(text, calc_keeps_an_error_on_one_line_of_plain_text);
    tcase_add_test(text, calc_skips_comment_lines_before_the_input);
    tcase_add_test(text, calc_answers_input_that_is_no_whole_question_with_its_error);
    tcase_add_test(text, calc_cuts_elements_at_commas_outside_texts_only);
    tcase_add_test(text, calc_examples_answer_and_are_in_order);
    tcase_add_test(command, calc_help_can_be_piped_back_in);
    tcase_add_test(command, calc_list_names_every_calculator);
    tcase_add_test(command, calc_names_the_nearest_calculator_for_an_unknown_one);
    tcase_add_test(command, calc_refuses_options_it_does_not_know);
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, command);
    return suite;
}
