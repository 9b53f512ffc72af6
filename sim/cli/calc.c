/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame of the calculators: command line, reading, one answer per element, exit code. Elements
 * of an array are cut out of the text one by one, so that one that is not even JSON spoils only
 * its own answer. What always holds: as many answers as elements, in their order.
 */
#include "sim/cli/calc.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "sim/cli/calc_read.h"
#include "sim/cli/terminal.h"

#define X(name) &calc_##name,
const struct calc_row *const calc_rows[] = { CALCULATORS(X) };
#undef X

const size_t calc_row_count = sizeof calc_rows / sizeof *calc_rows;

/* Fifteen digits are what a double gives back as it was written: 0.1, not 0.10000000000000001. */
enum { ANSWER_DIGITS = 15 };

static const char usage[] = "usage: weir calc NAME < in.json\n"
                            "       weir calc --list\n"
                            "       weir calc NAME --help\n";

/* One element to its answer: an object that the caller frees. */
static json_t *answer_element(const struct calc_row *row, const char *text, size_t size,
                              bool *is_wrong)
{
    struct note note = { "" };
    json_error_t fault;
    json_t *in = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    json_t *out = json_object();
    CHECK(out != NULL);
    struct err result =
        in ? calc_check_fields(in, row->fields, row->field_count, &note)
           : err_note(&note, ERR_SYNTAX_CODE, "not JSON: %s", calc_quote(fault.text).text);
    if (!err_is(result))
        result = row->answer(in, out, &note);
    if (err_is(result)) {
        json_object_clear(out);
        json_object_set_new(out, "error", json_string(note.text));
        *is_wrong = true;
    }
    json_decref(in);
    return out;
}

static void print_answer(const struct calc_row *row, const char *text, size_t size, FILE *out,
                         bool *is_wrong)
{
    json_t *answer = answer_element(row, text, size, is_wrong);
    json_dumpf(answer, out, JSON_REAL_PRECISION(ANSWER_DIGITS));
    json_decref(answer);
}

/* The end of the element that begins at `at`: the comma or bracket behind it, or size. */
static size_t element_end(const char *text, size_t size, size_t at)
{
    size_t depth = 0;
    bool in_text = false;
    for (; at < size; at++) {
        char c = text[at];
        if (in_text) {
            if (c == '\\' && at + 1 < size)
                at++;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (depth == 0 && (c == ']' || c == ',')) {
            return at;
        } else if (depth > 0 && (c == ']' || c == '}')) {
            depth--;
        }
    }
    return size;
}

static size_t skip_blanks(const char *text, size_t size, size_t at)
{
    while (at < size && strchr(" \t\r\n", text[at]) && text[at] != '\0')
        at++;
    return at;
}

static size_t skip_comments(const char *text, size_t size)
{
    size_t at = skip_blanks(text, size, 0);
    while (at < size && text[at] == '#') {
        const char *end = memchr(text + at, '\n', size - at);
        at = skip_blanks(text, size, end ? (size_t)(end - text) : size);
    }
    return at;
}

/* Does an array begin here and end with the text? An unbalanced one is refused as a whole. */
static bool array_is_closed(const char *text, size_t size, size_t at)
{
    for (;;) {
        at = element_end(text, size, at);
        if (at == size)
            return false;
        if (text[at] == ']')
            return skip_blanks(text, size, at + 1) == size;
        at++;
    }
}

static void answer_array(const struct calc_row *row, const char *text, size_t size, size_t at,
                         FILE *out, bool *is_wrong)
{
    if (text[skip_blanks(text, size, at)] == ']') {
        fputs("[]\n", out);
        return;
    }
    const char *before = "[\n";
    for (bool more = true; more; at++) {
        size_t end = element_end(text, size, at);
        CHECK(end < size);
        fputs(before, out);
        print_answer(row, text + at, end - at, out, is_wrong);
        before = ",\n";
        more = text[end] == ',';
        at = end;
    }
    fputs("\n]\n", out);
}

/* Input that holds no question at all is answered like a wrong one, and told on stderr as well. */
static int refuse_input(const struct calc_row *row, const char *what, FILE *out, FILE *errors)
{
    json_t *answer = json_object();
    json_object_set_new(answer, "error", json_string(what));
    json_dumpf(answer, out, 0);
    fputc('\n', out);
    json_decref(answer);
    fprintf(errors, "weir calc %s: %s\n", row->name, what);
    return CALC_EXIT_WRONG;
}

int calc_answer(const struct calc_row *row, const char *text, size_t size, FILE *out, FILE *errors)
{
    size_t begin = skip_comments(text, size);
    bool is_wrong = false;
    if (begin == size)
        return refuse_input(row, "no input; its --help has an example", out, errors);
    if (text[begin] != '[') {
        print_answer(row, text + begin, size - begin, out, &is_wrong);
        fputc('\n', out);
    } else if (array_is_closed(text, size, begin + 1)) {
        answer_array(row, text, size, begin + 1, out, &is_wrong);
    } else {
        return refuse_input(row, "the array does not end with the input", out, errors);
    }
    return is_wrong ? CALC_EXIT_WRONG : 0;
}

static const struct calc_row *row_named(const char *name)
{
    for (size_t i = 0; i < calc_row_count; i++)
        if (text_equal(calc_rows[i]->name, name))
            return calc_rows[i];
    return NULL;
}

static int complain_unknown(const char *name)
{
    VEC(const char *) names = { 0 };
    for (size_t i = 0; i < calc_row_count; i++)
        vec_push(&names, calc_rows[i]->name);
    const char *nearest = text_nearest(name, names.items, names.count);
    vec_fini(&names);
    fprintf(stderr, "weir calc: no calculator '%s'", calc_quote(name).text);
    if (nearest)
        fprintf(stderr, "; did you mean '%s'?\n", nearest);
    else
        fputs("; weir calc --list names them\n", stderr);
    return CALC_EXIT_WRONG;
}

static int print_list(void)
{
    for (size_t i = 0; i < calc_row_count; i++)
        printf("%-20s %s\n", calc_rows[i]->name, calc_rows[i]->summary);
    return 0;
}

/* All but the example is behind #, so that the whole may be piped back in. */
static int print_help(const struct calc_row *row)
{
    printf("# weir calc %s < in.json: %s\n#\n# Fields:\n", row->name, row->summary);
    for (size_t i = 0; i < row->field_count; i++) {
        printf("#   %s: %s\n", row->fields[i].name, row->fields[i].kind);
        terminal_put_wrapped(row->fields[i].text, "#       ", stdout);
    }
    puts("#\n# Answer:");
    terminal_put_wrapped(row->answers, "#   ", stdout);
    printf("#\n# Example (what begins with # is skipped in the input):\n%s\n", row->example);
    return 0;
}

static int answer_standard_input(const struct calc_row *row)
{
    VEC(char) text = { 0 };
    size_t got = 0;
    do {
        vec_reserve(&text, text.count + 65536);
        got = fread(text.items + text.count, 1, text.capacity - text.count, stdin);
        text.count += got;
    } while (got > 0 && text.count <= CALC_INPUT_MAX);
    int code = CALC_EXIT_WRONG;
    if (ferror(stdin))
        fprintf(stderr, "weir calc %s: standard input cannot be read\n", row->name);
    else if (text.count > CALC_INPUT_MAX)
        fprintf(stderr, "weir calc %s: more than %d MB of input\n", row->name,
                CALC_INPUT_MAX / 1024 / 1024);
    else
        code = calc_answer(row, text.items, text.count, stdout, stderr);
    vec_fini(&text);
    return code;
}

int calc_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    int code;
    if (argc == 2 && (text_equal(name, "--help") || text_equal(name, "-h"))) {
        fputs(usage, stdout);
        code = print_list();
    } else if (argc == 2 && text_equal(name, "--list")) {
        code = print_list();
    } else if (argc < 2 || argc > 3 || name[0] == '-') {
        fputs(usage, stderr);
        return CALC_EXIT_WRONG;
    } else if (!row_named(name)) {
        return complain_unknown(name);
    } else if (argc == 2) {
        code = answer_standard_input(row_named(name));
    } else if (text_equal(argv[2], "--help") || text_equal(argv[2], "-h")) {
        code = print_help(row_named(name));
    } else {
        fputs(usage, stderr);
        return CALC_EXIT_WRONG;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("weir calc: the answer cannot be written\n", stderr);
        return CALC_EXIT_WRONG;
    }
    return code;
}
