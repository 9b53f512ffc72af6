/* SPDX-License-Identifier: Apache-2.0
 *
 * The source of lines of files. Which splits there are is known when the world has seen the files.
 */
#include "core/api/checks.h"
#include "core/api/job_program.h"

struct weir_stream *weir_from_files(struct weir_env *env, const char *name,
                                    const struct weir_files *files)
{
    API_GIVEN("weir_from_files", env);
    API_GIVEN("weir_from_files", files);
    struct api_operator *op = api_add(env, name, &file_source_class, sizeof(struct api_files));
    struct api_files *params = op->params;
    uint32_t count = files->path_count;
    char **paths = api_paths(env, op->name, files->paths, &count);
    *params = (struct api_files){
        .name = op->name, .paths = paths, .path_count = count, .split_bytes = files->split_bytes
    };
    op->files = params;
    if (count == 0)
        api_wrong(env, "'%s' reads no files", op->name);
    return api_output(env, op, 0, &weir_text, false);
}
