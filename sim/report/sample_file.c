/* SPDX-License-Identifier: Apache-2.0
 *
 * A line is read at once and gone through once; only names have quotes.
 */
#include "sim/report/sample_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/index_map.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/report/number_text.h"

/* Takes the field off the front of the line, without its quotes, in place. */
static char *take_name(char **line)
{
    char *in = *line, *out = *line, *name = *line;
    bool quoted = *in == '"';
    for (in += quoted; *in && (quoted || !strchr(",\r\n", *in)); in++) {
        if (quoted && *in == '"') {
            if (in[1] != '"')
                break;
            in++;
        }
        *out++ = *in;
    }
    in += strcspn(in, ",\r\n");
    *line = *in == ',' ? in + 1 : in + strlen(in);
    *out = '\0';
    return name;
}

static void find_columns(struct sample_file *samples, const char *const *names)
{
    struct index_map by_hash = { 0 };
    for (size_t i = 0; i < samples->wanted; i++)
        index_map_put(&by_hash, hash_add_text(0, names[i]), (uint32_t)i);
    for (char *line = samples->line; *line;) {
        const char *name = take_name(&line);
        uint32_t place = index_map_get(&by_hash, hash_add_text(0, name));
        bool found = place != INDEX_NONE && text_equal(names[place], name);
        vec_push(&samples->columns, found ? place : SAMPLE_UNWANTED);
    }
    index_map_fini(&by_hash);
}

struct err sample_file_begin(struct sample_file *samples, const char *path,
                             const char *const *names, size_t count, struct note *note)
{
    *samples = (struct sample_file){ .wanted = count };
    TRY(input_open(path, &samples->file, NULL, note));
    if (getline(&samples->line, &samples->size, samples->file) > 0)
        find_columns(samples, names);
    return OK;
}

void sample_file_end(struct sample_file *samples)
{
    if (samples->file)
        fclose(samples->file);
    free(samples->line);
    vec_fini(&samples->columns);
}

bool sample_file_next(struct sample_file *samples, double *values)
{
    if (getline(&samples->line, &samples->size, samples->file) <= 0)
        return false;
    for (size_t i = 0; i < samples->wanted; i++)
        values[i] = number_none();
    const char *field = samples->line;
    for (size_t column = 0; column < samples->columns.count && *field; column++) {
        uint32_t place = samples->columns.items[column];
        if (place != SAMPLE_UNWANTED)
            quantity_take_number(&field, &values[place]);
        field += strcspn(field, ",\r\n");
        field += *field == ',';
    }
    return true;
}
