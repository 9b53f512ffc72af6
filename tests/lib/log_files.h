/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitions of a log on disk, for one test: lines `KEY MS` of ten keys in turns, some of which end
 * as on other systems; the last one of the last file has no end.
 */
#ifndef WEIR_TESTS_LIB_LOG_FILES_H
#define WEIR_TESTS_LIB_LOG_FILES_H

enum { LOG_FILES_MAX = 4 };

struct log_file {
    int lines, step_ms;
};

void log_files_write(const struct log_file *files, int count);
void log_files_remove(void);
const char *log_files_path(int i);

#endif
