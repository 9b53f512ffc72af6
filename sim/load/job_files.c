/* SPDX-License-Identifier: Apache-2.0
 *
 * Files in memory, by the path that programs say.
 */
#include "sim/load/job_files.h"

#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/load.h"

static struct job_file *find(const struct job_files *files, const char *path)
{
    for (VEC_EACH(struct job_file, file, &files->list))
        if (text_equal(file->path, path))
            return file;
    return NULL;
}

static struct err read_some(void *context, uint32_t number, uint64_t offset, uint8_t *out,
                            size_t room, size_t *got, struct note *note)
{
    const struct job_files *files = context;
    CHECK(number < files->list.count);
    const struct job_file *file = &files->list.items[number];
    size_t left = offset < file->size ? file->size - (size_t)offset : 0;
    (void)note;
    *got = left < room ? left : room;
    if (*got > 0)
        memcpy(out, file->bytes + offset, *got);
    return OK;
}

static const void *line_of(void *context, uint32_t number, uint64_t line, uint32_t *size)
{
    const struct job_files *files = context;
    const struct job_file *file = &files->list.items[number];
    if (line >= file->lines)
        return NULL;
    const uint8_t *from = file->bytes + file->starts[line],
                  *to = file->bytes + file->starts[line + 1];
    bool ends = to[-1] == '\n';
    to -= ends;
    to -= ends && to > from && to[-1] == '\r';
    *size = (uint32_t)(to - from);
    return from;
}

static void index_lines(struct job_file *file)
{
    uint64_t line = 0;
    file->starts = mem_create_array((size_t)file->lines + 1, sizeof *file->starts);
    for (size_t i = 0; i < file->size; i++)
        if (file->bytes[i] == '\n')
            file->starts[++line] = i + 1;
    file->starts[file->lines] = file->size;
}

/* A last line may have no end. */
static uint64_t count_lines(const struct job_file *file)
{
    uint64_t lines = file->size > 0 && file->bytes[file->size - 1] != '\n';
    for (size_t i = 0; i < file->size; i++)
        lines += file->bytes[i] == '\n';
    return lines;
}

static MUST_CHECK struct err read_file(struct job_files *files, const char *directory,
                                       const char *path, struct note *note)
{
    FILE *stream;
    long long size = 0;
    char *place = load_file_path(directory, path);
    struct err e = input_open(place, &stream, &size, note);
    mem_destroy(place);
    TRY(e);
    struct job_file file = { .path = mem_copy_text(path) };
    if ((uint64_t)size <= JOB_FILES_BYTES_MAX - files->bytes) {
        file.bytes = mem_create_array((size_t)size + 1, 1);
        file.size = fread(file.bytes, 1, (size_t)size, stream);
    } else {
        e = err_note(note, ERR_FULL_CODE,
                     "%s: found %lld bytes, expected files of at most %llu in all", path, size,
                     (unsigned long long)JOB_FILES_BYTES_MAX);
    }
    fclose(stream);
    file.lines = count_lines(&file);
    files->bytes += file.size;
    vec_push(&files->list, file);
    return e;
}

static MUST_CHECK struct err read_files(struct job_files *files, const char *directory,
                                        char *const *paths, uint32_t count, struct note *note)
{
    for (uint32_t i = 0; i < count; i++)
        if (!find(files, paths[i]))
            TRY(read_file(files, directory, paths[i], note));
    return OK;
}

static const struct api_log *log_of(const struct program_vertex *vertex)
{
    return vertex->generator ? vertex->generator->lines : NULL;
}

struct err job_files_read(struct job_files *files, const char *directory,
                          const struct job_program *program, struct note *note)
{
    files->port = (struct source_port){ files, read_some };
    files->line_port = (struct line_port){ files, line_of };
    for (VEC_EACH(const struct program_vertex, vertex, &program->vertices)) {
        const struct api_log *log = log_of(vertex);
        if (vertex->files)
            TRY(read_files(files, directory, vertex->files->paths, vertex->files->path_count,
                           note));
        if (log)
            TRY(read_files(files, directory, log->paths, log->path_count, note));
        for (uint32_t i = 0; log && i < log->path_count; i++) {
            struct job_file *file = find(files, log->paths[i]);
            if (!file->starts)
                index_lines(file);
        }
    }
    return OK;
}

/* How many pieces a file is read in; an empty one is a split, too. */
static uint64_t pieces_of(const struct job_file *file, uint64_t split_bytes)
{
    uint64_t pieces = split_bytes > 0 ? (file->size + split_bytes - 1) / split_bytes : 1;
    return pieces > 0 ? pieces : 1;
}

static MUST_CHECK struct err give(const struct job_files *files, struct arena *arena,
                                  struct api_files *source, struct note *note)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < source->path_count; i++) {
        const struct job_file *file = find(files, source->paths[i]);
        if (!file)
            return err_note(note, ERR_REFUSED_CODE, "'%s' reads '%s', which it did not in its plan",
                            source->name, source->paths[i]);
        count += pieces_of(file, source->split_bytes);
    }
    if (count > SPLITS_MAX)
        return err_note(note, ERR_FULL_CODE, "'%s' has %llu splits, expected at most %d",
                        source->name, (unsigned long long)count, SPLITS_MAX);
    struct file_range *ranges = arena_take(arena, (size_t)count * sizeof *ranges), *range = ranges;
    for (uint32_t i = 0; i < source->path_count; i++) {
        const struct job_file *file = find(files, source->paths[i]);
        uint64_t pieces = pieces_of(file, source->split_bytes);
        for (uint64_t p = 0; p < pieces; p++)
            *range++ = (struct file_range){ .file = (uint32_t)(file - files->list.items),
                                            .from = p * source->split_bytes,
                                            .to = p + 1 < pieces ? (p + 1) * source->split_bytes
                                                                 : UINT64_MAX };
    }
    source->core = (struct file_source_params){ .splits = ranges,
                                                .split_count = (uint32_t)count,
                                                .port = &files->port };
    return OK;
}

/* Turns go round until the longest partition is at its end. */
static MUST_CHECK struct err give_log(const struct job_files *files,
                                      struct generator_params *source, struct note *note)
{
    struct api_log *log = source->lines;
    uint64_t longest = 0;
    for (uint32_t i = 0; i < log->path_count; i++) {
        const struct job_file *file = find(files, log->paths[i]);
        if (!file || !file->starts)
            return err_note(note, ERR_REFUSED_CODE, "'%s' reads '%s', which it did not in its plan",
                            log->name, log->paths[i]);
        log->files[i] = (uint32_t)(file - files->list.items);
        longest = file->lines > longest ? file->lines : longest;
    }
    log->port = &files->line_port;
    source->spec.count = longest * log->path_count;
    return OK;
}

struct err job_files_give(const struct job_files *files, struct job_program *program,
                          struct note *note)
{
    for (VEC_EACH(struct program_vertex, vertex, &program->vertices)) {
        if (vertex->files)
            TRY(give(files, &program->built->arena, vertex->files, note));
        if (log_of(vertex))
            TRY(give_log(files, vertex->generator, note));
    }
    return OK;
}

uint64_t job_files_lines(const struct job_files *files, const struct api_files *source)
{
    uint64_t lines = 0;
    for (uint32_t i = 0; i < source->path_count; i++)
        lines += find(files, source->paths[i])->lines;
    return lines;
}

void job_files_fini(struct job_files *files)
{
    for (VEC_EACH(struct job_file, file, &files->list)) {
        mem_destroy(file->path);
        mem_destroy(file->bytes);
        mem_destroy(file->starts);
    }
    vec_fini(&files->list);
}
