/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of temporary names.
 */
#include "tests/lib/log_files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"

static char paths[LOG_FILES_MAX][32];
static int written;

static void write_lines(FILE *to, const struct log_file *file, int first_key, bool has_end)
{
    for (int i = 0; i < file->lines; i++)
        fprintf(to, "%d %d%s", (i + first_key) % 10, i * file->step_ms,
                i + 1 == file->lines && !has_end ? ""
                : i % 5 == 0                     ? "\r\n"
                                                 : "\n");
}

void log_files_write(const struct log_file *files, int count)
{
    ck_assert_int_le(count, LOG_FILES_MAX);
    for (written = 0; written < count; written++) {
        text_format(paths[written], sizeof paths[written], "/tmp/weir-lines-XXXXXX");
        int number = mkstemp(paths[written]);
        ck_assert_int_ge(number, 0);
        FILE *to = fdopen(number, "wb");
        write_lines(to, &files[written], written, written + 1 < count);
        fclose(to);
    }
}

void log_files_remove(void)
{
    while (written > 0)
        unlink(paths[--written]);
}

const char *log_files_path(int i)
{
    ck_assert_int_lt(i, written);
    return paths[i];
}
