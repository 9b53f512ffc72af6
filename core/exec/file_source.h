/* SPDX-License-Identifier: Apache-2.0
 *
 * A source of lines. A split is a file or a range of its bytes: the lines that begin there, so that
 * ranges that lie side by side give each line once. Bytes come through a port; reading at the same
 * place again gives the same. Out: records of varying size, a line each, without its end (LF or
 * CRLF). Source: Flink's FileSource with TextLineInputFormat.
 */
#ifndef WEIR_EXEC_FILE_SOURCE_H
#define WEIR_EXEC_FILE_SOURCE_H

#include "core/exec/split_list.h"

enum { FILE_READ_BYTES = 64 * 1024, FILE_LINE_MAX = 24 * 1024 };

struct source_port {
    void *context;
    /* Up to `room` bytes of a file from `offset` on; *got 0: it ends there. */
    struct err (*read)(void *context, uint32_t file, uint64_t offset, uint8_t *out, size_t room,
                       size_t *got, struct note *note);
};

struct file_range {
    uint32_t file;     /* the port's number of it */
    uint64_t from, to; /* bytes; to: UINT64_MAX: its end */
};

struct file_source_params {
    const struct file_range *splits;
    uint32_t split_count;
    const struct source_port *port;
};

extern const struct operator_class file_source_class;

#endif
