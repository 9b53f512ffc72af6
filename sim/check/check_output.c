/* SPDX-License-Identifier: Apache-2.0
 *
 * Both sides sorted, and walked together to the first difference.
 */
#include "sim/check/check_output.h"

#include "core/base/text.h"
#include "sim/kernel/guard.h"
#include "sim/load/input_file.h"

struct line {
    const char *text;
    size_t size;
};

struct lines {
    VEC(struct line) list;
    struct arena arena; /* of lines that are nobody else's */
};

static void lines_fini(struct lines *lines)
{
    vec_fini(&lines->list);
    arena_fini(&lines->arena);
}

static void take_line(void *context, const char *text, size_t size)
{
    struct lines *lines = context;
    vec_push(&lines->list, (struct line){ text, size });
}

static void take_copy(void *context, const char *text)
{
    struct lines *lines = context;
    take_line(lines, arena_copy_text(&lines->arena, text), strlen(text));
}

static int compare(const struct line *a, const struct line *b)
{
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : a->size < b->size ? -1 : a->size > b->size;
}

/* Merges runs that are twice as long each time. */
static void sort(struct lines *lines)
{
    size_t count = lines->list.count;
    struct line *from = lines->list.items, *to = mem_create_array(count, sizeof *to), *spare = to;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            size_t middle = first + run < count ? first + run : count;
            size_t end = first + 2 * run < count ? first + 2 * run : count;
            for (size_t a = first, b = middle, at = first; at < end; at++)
                to[at] = b == end || (a < middle && compare(&from[a], &from[b]) <= 0) ? from[a++]
                                                                                      : from[b++];
        }
        struct line *swap = from;
        from = to;
        to = swap;
    }
    if (from != lines->list.items)
        memcpy(lines->list.items, from, count * sizeof *from);
    mem_destroy(spare);
}

static void put_difference(const struct lines *found, const struct lines *wanted,
                           struct check_result *out)
{
    size_t f = 0, w = 0;
    while (f < found->list.count && w < wanted->list.count &&
           compare(&found->list.items[f], &wanted->list.items[w]) == 0)
        f++, w++;
    out->held = f == found->list.count && w == wanted->list.count;
    size_t at = text_format(out->measured, sizeof out->measured, "%zu lines", found->list.count);
    if (out->held)
        return;
    bool is_missing =
        f == found->list.count ||
        (w < wanted->list.count && compare(&wanted->list.items[w], &found->list.items[f]) < 0);
    const struct line *line = is_missing ? &wanted->list.items[w] : &found->list.items[f];
    text_format(out->measured + at, sizeof out->measured - at, "; '%.*s' is %s",
                line->size < 60 ? (int)line->size : 60, line->text,
                is_missing ? "missing" : "there and must not be");
}

static MUST_CHECK struct err read_file(const char *path, struct lines *lines, struct note *note)
{
    FILE *file;
    long long size = 0;
    TRY(input_open(path, &file, &size, note));
    char *text = arena_take(&lines->arena, (size_t)size + 1);
    size_t count = fread(text, 1, (size_t)size, file);
    fclose(file);
    for (size_t from = 0, at = 0; at <= count; at++)
        if (at == count ? at > from : text[at] == '\n') {
            take_line(lines, text + from, at - from);
            from = at + 1;
        }
    return OK;
}

/* What the program expects, by a call that may not come back: then this is its own for ever. */
struct asked {
    const struct program_spec *program;
    const char *sink;
    struct lines lines;
};

static void put_expected(const void *context, struct note *who)
{
    const struct asked *asked = context;
    text_format(who->text, sizeof who->text, "weir_expected of program '%s', sink '%s',",
                asked->program->name, asked->sink);
}

static void ask(void *context)
{
    struct asked *asked = context;
    const struct program_spec *program = asked->program;
    guard_enter(put_expected, asked);
    program->expected(asked->sink, (int)program->arguments.count - 1, program->arguments.items,
                      take_copy, &asked->lines);
    guard_leave();
}

static MUST_CHECK struct err ask_program(const struct program_spec *program, const char *sink,
                                         time_ns cpu_max, struct lines *lines, struct note *note)
{
    struct asked *asked = mem_create(sizeof *asked);
    *asked = (struct asked){ .program = program, .sink = sink };
    TRY(guard_run(ask, asked, &(struct guard_limits){ .cpu_max = cpu_max }, note));
    *lines = asked->lines;
    mem_destroy(asked);
    return OK;
}

static const struct program_spec *program_of(const struct scenario *scenario, struct job_id job)
{
    return &scenario->programs.items[scenario->jobs.items[job.n].main - 1];
}

void output_judge(const struct scenario *scenario, const struct expectation *expectation,
                  const struct outputs *outputs, struct check_result *out)
{
    const struct output *output =
        outputs_find(outputs, scenario->jobs.items[expectation->job.n].name, expectation->subject);
    struct lines found = { 0 }, wanted = { 0 };
    struct note note = { { 0 } };
    if (scenario->world != WORLD_EXACT) {
        out->held = true;
        text_format(out->measured, sizeof out->measured, "not judged: no records in this world");
        return;
    }
    if (output)
        output_each_line(output, take_line, &found);
    struct err e = expectation->of
                       ? read_file(expectation->of, &wanted, &note)
                       : ask_program(program_of(scenario, expectation->job), expectation->subject,
                                     scenario->config.call_cpu_max, &wanted, &note);
    text_format(out->wanted, sizeof out->wanted, "%zu lines", wanted.list.count);
    sort(&found);
    sort(&wanted);
    if (err_is(e))
        text_format(out->measured, sizeof out->measured, "%s", note.text);
    else
        put_difference(&found, &wanted, out);
    lines_fini(&found);
    lines_fini(&wanted);
}
