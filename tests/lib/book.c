/* SPDX-License-Identifier: Apache-2.0
 *
 * The file has a name of its own, so that tests may run side by side.
 */
#include "tests/lib/book.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"

static char path[] = "/tmp/weir-file-XXXXXX";

void book_begin(void)
{
    text_format(path, sizeof path, "/tmp/weir-file-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

void book_end(void)
{
    unlink(path);
}

const char *book_path(void)
{
    return path;
}

const char *book_text(void)
{
    static char text[100000];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}
