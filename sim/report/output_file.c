/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding out what a path stands for, writing aside, taking the place.
 */
#include "sim/report/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

static struct err complain(const struct output_file *output, int error, struct note *note)
{
    return err_note(note, ERR_IO_CODE, "%s: cannot be written: %s", output->path, strerror(error));
}

static bool is_own_output(const struct stat *status)
{
    static const int own[] = { STDOUT_FILENO, STDERR_FILENO };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct stat other;
        if (fstat(own[i], &other) == 0 && other.st_dev == status->st_dev &&
            other.st_ino == status->st_ino)
            return true;
    }
    return false;
}

/* Beside what there is, links followed; straight where that makes no sense, or where a link leads
 * to nothing yet. */
static bool goes_straight(struct output_file *output)
{
    struct stat status;
    char real[PATH_MAX];
    text_format(output->target, sizeof output->target, "%s", output->path);
    if (stat(output->path, &status) != 0)
        return lstat(output->path, &status) == 0;
    if (!S_ISREG(status.st_mode) || is_own_output(&status))
        return true;
    if (!realpath(output->path, real) || strlen(real) + 32 > sizeof output->target)
        return true;
    text_format(output->target, sizeof output->target, "%s", real);
    return false;
}

/* The rights that the old file has, the new one gets. */
static void keep_rights(const struct output_file *output)
{
    struct stat status;
    if (stat(output->target, &status) == 0 && fchmod(fileno(output->file), status.st_mode) != 0)
        errno = 0; /* a file system without rights */
}

struct err output_file_begin(struct output_file *output, const char *path, struct note *note)
{
    *output = (struct output_file){ .path = path };
    if (!*path || strlen(path) + 32 > sizeof output->target)
        return err_note(note, ERR_IO_CODE, "found %s, expected the path of a file",
                        *path ? "a path that is too long" : "nothing");
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
    if (goes_straight(output)) {
        flags |= O_APPEND; /* behind what standard output has said so far */
    } else {
        text_format(output->aside, sizeof output->aside, "%.*s.tmp-%ld", OUTPUT_FILE_PATH_SIZE - 32,
                    output->target, (long)getpid());
        flags |= O_TRUNC;
    }
    int file = open(output->aside[0] ? output->aside : output->target, flags, 0666);
    output->file = file < 0 ? NULL : fdopen(file, "wb");
    if (!output->file)
        return complain(output, errno, note);
    if (output->aside[0])
        keep_rights(output);
    return OK;
}

struct err output_file_try(const char *path, struct note *note)
{
    struct output_file output;
    TRY(output_file_begin(&output, path, note));
    fclose(output.file);
    if (output.aside[0])
        remove(output.aside);
    return OK;
}

int output_fault(FILE *file)
{
    errno = 0;
    bool failed_before = ferror(file) != 0;
    if (fflush(file) == 0 && !failed_before)
        return 0;
    if (errno == 0) {
        clearerr(file);
        fputc('\n', file);
        fflush(file);
    }
    return errno ? errno : EIO;
}

struct err output_file_end(struct output_file *output, struct note *note)
{
    int error = output_fault(output->file);
    if (fclose(output->file) != 0 && !error)
        error = errno;
    output->file = NULL;
    if (!error && output->aside[0] && rename(output->aside, output->target) != 0)
        error = errno;
    if (error && output->aside[0])
        remove(output->aside);
    return error ? complain(output, error, note) : OK;
}
