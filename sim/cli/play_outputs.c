/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder for each sink; where sinks of several jobs have one name, the job's is before it.
 */
#include "sim/cli/play_outputs.h"

#include "core/base/text.h"

enum { SINK_FOLDER_SIZE = PLAY_FOLDER_SIZE + OUTPUT_FOLDER_MAX + 16 };

static void put_folder(const struct play *play, const struct output *output, char *out, size_t size)
{
    size_t same = 0, at;
    for (VEC_EACH(struct output *, other, &play->outputs.list))
        same += text_equal((*other)->name, output->name);
    at = text_format(out, size, "%s%soutput/", play->folder, play->folder[0] ? "/" : "");
    output_folder(same > 1 ? output->job : NULL, output->name, out + at, size - at);
}

static MUST_CHECK struct err write_bytes(const struct output_dir *dir, const char *name,
                                         const uint8_t *bytes, size_t count, struct note *note)
{
    FILE *file;
    TRY(output_open(dir, name, &file, note));
    fwrite(bytes, 1, count, file);
    return output_close(dir, file, name, note);
}

static void put_line(void *context, const char *text, size_t size)
{
    FILE *file = context;
    fwrite(text, 1, size, file); /* output_close sees what went wrong */
    fputc('\n', file);
}

static MUST_CHECK struct err write_table(const struct output *output, const struct output_dir *dir,
                                         const char *folder, struct note *note)
{
    char name[SINK_FOLDER_SIZE + 32];
    FILE *file;
    text_format(name, sizeof name, "%s/table", folder);
    TRY(output_open(dir, name, &file, note));
    output_each_line(output, put_line, file);
    return output_close(dir, file, name, note);
}

static MUST_CHECK struct err write_output(const struct output *output, const struct output_dir *dir,
                                          const char *folder, struct note *note)
{
    char name[SINK_FOLDER_SIZE + 64];
    TRY(output_make_folder(dir, folder, note));
    if (output->is_table)
        return write_table(output, dir, folder, note);
    for (VEC_EACH(const struct collected_file, part, &output->written.files)) {
        if (part->state != COLLECTED_COMMITTED)
            continue;
        text_format(name, sizeof name, "%s/part-%u-%llu", folder, part->name.subtask,
                    (unsigned long long)part->name.number);
        TRY(write_bytes(dir, name, part->bytes.items, part->bytes.count, note));
    }
    return OK;
}

static bool has_lines(const struct outputs *outputs)
{
    for (VEC_EACH(struct output *, output, &outputs->list))
        if (!(*output)->is_collected)
            return true;
    return false;
}

struct err play_outputs_write(const struct play *play, const struct output_dir *dir,
                              struct note *note)
{
    char folder[SINK_FOLDER_SIZE];
    if (!has_lines(&play->outputs))
        return OK;
    text_format(folder, sizeof folder, "%s%soutput", play->folder, play->folder[0] ? "/" : "");
    TRY(output_make_folder(dir, folder, note));
    for (VEC_EACH(struct output *, output, &play->outputs.list)) {
        if ((*output)->is_collected)
            continue;
        put_folder(play, *output, folder, sizeof folder);
        TRY(write_output(*output, dir, folder, note));
    }
    return OK;
}
