/* SPDX-License-Identifier: Apache-2.0
 *
 * The CSV reader: a state machine over bytes that come in blocks. One record is held at a time, its
 * fields one behind the other with a zero after each.
 */
#include "sim/load/csv.h"

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"

enum { BLOCK_BYTES = 64 * 1024 };

struct csv_buffer {
    size_t next, count;
    int line; /* of the byte that comes next */
    unsigned char bytes[BLOCK_BYTES];
};

static int peek(struct csv *csv)
{
    struct csv_buffer *in = csv->in;
    if (in->next == in->count) {
        in->next = 0;
        in->count = fread(in->bytes, 1, sizeof in->bytes, csv->file);
        if (in->count == 0)
            return EOF;
    }
    return in->bytes[in->next];
}

static int take(struct csv *csv)
{
    int c = peek(csv);
    if (c != EOF)
        csv->in->next++;
    if (c == '\n')
        csv->in->line++;
    return c;
}

static struct err complain(const struct csv *csv, struct note *note, const char *text)
{
    return err_note(note, ERR_SYNTAX_CODE, "%s:%d: %s", csv->name, csv->in->line, text);
}

static struct err put(struct csv *csv, int c, struct note *note)
{
    if (c == '\0')
        return complain(csv, note, "found a zero byte, expected text");
    if (csv->record.count >= CSV_RECORD_BYTES_MAX)
        return complain(csv, note, "found a record of more than 1 MiB, expected a shorter one");
    vec_push(&csv->record, (char)c);
    return OK;
}

/* Behind the opening quote, up to and with the closing one. */
static struct err take_quoted(struct csv *csv, struct note *note)
{
    for (;;) {
        int c = take(csv);
        if (c == EOF)
            return complain(csv, note, "found the end of the file inside quotes");
        if (c == '"') {
            if (peek(csv) != '"')
                return OK;
            take(csv);
        }
        TRY(put(csv, c, note));
    }
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct csv *csv)
{
    while (is_blank(peek(csv)))
        take(csv);
}

/* One field and what ends it: ',' or '\n' (also for the end of the file). Blanks around a field, or
 * around its quotes, are none of it. */
static struct err take_field(struct csv *csv, int *end, struct note *note)
{
    if (csv->fields.count == CSV_COLUMNS_MAX)
        return complain(csv, note, "found more than 256 columns");
    size_t start = csv->record.count;
    vec_push(&csv->fields, (uint32_t)start);
    skip_blanks(csv);
    bool quoted = peek(csv) == '"';
    if (quoted) {
        take(csv);
        TRY(take_quoted(csv, note));
        skip_blanks(csv);
    }
    for (;;) {
        int c = peek(csv);
        if (c == ',' || c == '\n' || c == EOF)
            break;
        take(csv);
        if (c == '\r' && (peek(csv) == '\n' || peek(csv) == EOF))
            continue;
        if (quoted || c == '"')
            return complain(csv, note,
                            "found a quote inside a field that is not quoted as a whole");
        TRY(put(csv, c, note));
    }
    while (!quoted && csv->record.count > start && is_blank(vec_last(&csv->record)))
        csv->record.count--;
    int c = take(csv);
    *end = c == EOF ? '\n' : c;
    vec_push(&csv->record, '\0');
    return OK;
}

static struct err take_record(struct csv *csv, bool *more, struct note *note)
{
    while (peek(csv) == '\n' || peek(csv) == '\r')
        take(csv);
    *more = peek(csv) != EOF;
    vec_clear(&csv->fields);
    vec_clear(&csv->record);
    csv->line = csv->in->line;
    if (ferror(csv->file))
        return err_note(note, ERR_IO_CODE, "%s: cannot be read: input error", csv->name);
    int end = *more ? ',' : '\n';
    while (end == ',')
        TRY(take_field(csv, &end, note));
    return OK;
}

static void skip_byte_order_mark(struct csv *csv)
{
    peek(csv);
    csv->in->next = input_mark_length(csv->in->bytes, csv->in->count);
}

struct err csv_init(struct csv *csv, FILE *file, const char *name, struct note *note)
{
    *csv = (struct csv){ .file = file, .name = name };
    csv->in = mem_create(sizeof *csv->in);
    csv->in->line = 1;
    skip_byte_order_mark(csv);
    bool more;
    TRY(take_record(csv, &more, note));
    if (!more)
        return err_note(note, ERR_MISSING_CODE, "%s:1: found an empty file, expected column names",
                        name);
    for (size_t i = 0; i < csv->fields.count; i++) {
        const char *column = csv_field(csv, i);
        if (csv_column(csv, column) < csv->columns.count)
            return err_note(note, ERR_DUPLICATE_CODE, "%s:1: found column '%.*s' twice", name, 60,
                            column);
        vec_push(&csv->columns, mem_copy_text(column));
    }
    return OK;
}

void csv_fini(struct csv *csv)
{
    for (size_t i = 0; i < csv->columns.count; i++)
        mem_destroy(csv->columns.items[i]);
    vec_fini(&csv->columns);
    vec_fini(&csv->fields);
    vec_fini(&csv->record);
    mem_destroy(csv->in);
    csv->in = NULL;
}

struct err csv_next(struct csv *csv, bool *more, struct note *note)
{
    TRY(take_record(csv, more, note));
    if (*more && csv->fields.count != csv->columns.count)
        return err_note(note, ERR_SYNTAX_CODE, "%s:%d: found %zu fields, expected %zu", csv->name,
                        csv->line, csv->fields.count, csv->columns.count);
    return OK;
}

const char *csv_field(const struct csv *csv, size_t column)
{
    CHECK(column < csv->fields.count);
    return csv->record.items + csv->fields.items[column];
}

size_t csv_column(const struct csv *csv, const char *name)
{
    size_t i = 0;
    while (i < csv->columns.count && !text_equal(csv->columns.items[i], name))
        i++;
    return i;
}
