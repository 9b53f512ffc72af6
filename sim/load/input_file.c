/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening without waiting, then a look at what has been opened: asking before would leave a moment
 * in which the path may come to mean something else.
 */
#include "sim/load/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct err input_open(const char *path, FILE **out, long long *size, struct note *note)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    *out = NULL;
    if (file < 0)
        return err_note(note, ERR_MISSING_CODE, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: cannot be read: found %s, expected a regular file", path,
                        S_ISDIR(status.st_mode)    ? "a folder"
                        : S_ISFIFO(status.st_mode) ? "a pipe"
                                                   : "a device");
    }
    *out = fdopen(file, "rb");
    if (!*out) {
        struct err e = err_note(note, ERR_IO_CODE, "%s: cannot be read: %s", path, strerror(errno));
        close(file);
        return e;
    }
    if (size)
        *size = (long long)status.st_size;
    return OK;
}

size_t input_mark_length(const void *text, size_t length)
{
    static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };
    return length >= sizeof mark && memcmp(text, mark, sizeof mark) == 0 ? sizeof mark : 0;
}

void input_skip_mark(FILE *file)
{
    char start[3];
    size_t count = fread(start, 1, sizeof start, file);
    if (input_mark_length(start, count) == 0)
        rewind(file);
}
