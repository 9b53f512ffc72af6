/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends of pictures.
 */
#include "sim/report/picture_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

enum { END_SIZE = 64, BLOCK_SIZE = 4096, BLOCKS = 64 };

static const unsigned char png_end[] = { 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82 };
static const char svg_end[] = "</svg>";

void picture_file_aside(const char *path, char out[PICTURE_PATH_SIZE])
{
    text_format(out, PICTURE_PATH_SIZE, "%.*s.tmp-%ld", PICTURE_PATH_SIZE - 32, path,
                (long)getpid());
}

bool picture_file_is_whole(const char *path)
{
    unsigned char end[END_SIZE];
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    if (fseek(file, -(long)sizeof end, SEEK_END) != 0)
        rewind(file); /* shorter than that */
    size_t length = fread(end, 1, sizeof end, file);
    fclose(file);
    if (length >= sizeof png_end &&
        memcmp(end + length - sizeof png_end, png_end, sizeof png_end) == 0)
        return true;
    while (length > 0 && (end[length - 1] == '\n' || end[length - 1] == '\r'))
        length--;
    size_t svg_length = sizeof svg_end - 1;
    return length >= svg_length && memcmp(end + length - svg_length, svg_end, svg_length) == 0;
}

struct err picture_file_check(const char *path, struct note *note)
{
    char aside[PICTURE_PATH_SIZE];
    picture_file_aside(path, aside);
    if (picture_file_is_whole(aside))
        return OK;
    return err_note(note, ERR_IO_CODE,
                    "%s: cannot be written: gnuplot left it incomplete (is the disk full?)", path);
}

struct err picture_file_room(const char *path, struct note *note)
{
    static const unsigned char block[BLOCK_SIZE];
    char aside[PICTURE_PATH_SIZE];
    picture_file_aside(path, aside);
    FILE *file = fopen(aside, "wb");
    int error = file ? 0 : errno;
    for (int i = 0; file && !error && i < BLOCKS; i++)
        if (fwrite(block, 1, sizeof block, file) < sizeof block)
            error = errno;
    if (file && fclose(file) != 0 && !error)
        error = errno;
    unlink(aside);
    if (!error)
        return OK;
    return err_note(note, ERR_IO_CODE, "%s: cannot be written: %s", path, strerror(error));
}

struct err picture_file_commit(const char *path, struct note *note)
{
    char aside[PICTURE_PATH_SIZE];
    picture_file_aside(path, aside);
    if (rename(aside, path) == 0)
        return OK;
    return err_note(note, ERR_IO_CODE, "%s: cannot be put in place: %s", path, strerror(errno));
}

void picture_file_abandon(const char *path)
{
    char aside[PICTURE_PATH_SIZE];
    picture_file_aside(path, aside);
    unlink(aside);
}
