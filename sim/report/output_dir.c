/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing aside, changing places, removing. Where the file system can, the two folders change
 * places in one step; else the old one is moved out of the way first and back when that fails.
 */
#include "sim/report/output_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/load/quantity.h"
#include "sim/report/output_file.h"
#include "sim/report/output_own.h"

enum { OPEN_FOLDERS_MAX = 16, WRITE_BUFFER_BYTES = 1 << 16, MARKER_SIZE = 256 };

/* Room behind the name of a target: for what stands beside it. */
enum { SUFFIX_SIZE = 32 };

/* In the marker of what was interrupted; of a complete run it says nothing. */
static const char partial[] = "\"complete\": false";

static struct err complain(struct note *note, const char *what, const char *path)
{
    return err_note(note, ERR_IO_CODE, "%s: %s: %s", path, what, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    bool empty = folder != NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = false;
    if (folder)
        closedir(folder);
    return empty;
}

static bool has_marker(const char *path)
{
    char marker[OUTPUT_PATH_SIZE];
    text_format(marker, sizeof marker, "%s/%s", path, OUTPUT_MARKER);
    return access(marker, F_OK) == 0;
}

static bool is_complete(const char *path)
{
    char name[OUTPUT_PATH_SIZE], text[MARKER_SIZE] = "";
    text_format(name, sizeof name, "%s/%s", path, OUTPUT_MARKER);
    FILE *marker = fopen(name, "rb");
    if (!marker)
        return false;
    text[fread(text, 1, sizeof text - 1, marker)] = '\0';
    fclose(marker);
    return !strstr(text, partial);
}

static bool names_itself(const char *target)
{
    const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static struct err may_replace(const char *target, struct note *note)
{
    struct stat status;
    char found[OUTPUT_PATH_SIZE];
    if (names_itself(target))
        return err_note(note, ERR_IO_CODE,
                        "%s: a run replaces the whole folder, and somebody may stand in this one; "
                        "choose a name for --out",
                        target);
    if (lstat(target, &status) != 0)
        return errno == ENOENT ? OK : complain(note, "cannot be looked at", target);
    if (!is_folder(target))
        return err_note(note, ERR_IO_CODE, "%s: it is not a folder; choose another --out", target);
    if (!has_marker(target) && !is_empty(target))
        return err_note(note, ERR_IO_CODE,
                        "%s: it holds files that Weir did not write; choose another --out", target);
    if (output_find_foreign(target, found, sizeof found))
        return err_note(note, ERR_IO_CODE,
                        "%s: it holds '%s' beside a run; move that away, or choose another --out",
                        target, found);
    return OK;
}

struct err output_check_run(const char *target, struct note *note)
{
    if (!is_folder(target))
        return err_note(note, ERR_IO_CODE, "%s: no such folder, expected the output of weir run",
                        target);
    if (!has_marker(target))
        return err_note(note, ERR_IO_CODE,
                        "%s: no " OUTPUT_MARKER " in it, expected the output of weir run", target);
    return OK;
}

/* All folders above `path`; then the folder itself. */
static struct err make_folders(const char *path, const char *target, struct note *note)
{
    char part[OUTPUT_PATH_SIZE];
    text_format(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return complain(note, "cannot be made", part);
        *p = '/';
    }
    if (mkdir(part, 0777) != 0)
        return complain(note, "cannot be written", target);
    return OK;
}

/* TARGET.tmp-PID of a process that is no more. */
static bool is_left_over(const char *name, const char *base)
{
    size_t length = strlen(base);
    int64_t pid = 0;
    if (strncmp(name, base, length) != 0 || strncmp(name + length, ".tmp-", 5) != 0 ||
        err_is(quantity_count(name + length + 5, &pid)) || pid <= 0 || pid > INT32_MAX)
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void remove_left_overs(const char *target)
{
    const char *slash = strrchr(target, '/');
    char parent[OUTPUT_PATH_SIZE], path[OUTPUT_PATH_SIZE * 2];
    text_format(parent, sizeof parent, "%.*s", slash ? (int)(slash - target) : 1,
                slash ? target : ".");
    DIR *folder = opendir(*parent ? parent : "/");
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        if (!is_left_over(entry->d_name, slash ? slash + 1 : target))
            continue;
        text_format(path, sizeof path, "%s/%s", parent, entry->d_name);
        if (has_marker(path) || is_empty(path))
            remove_tree(path);
    }
    if (folder)
        closedir(folder);
}

/* What is replaced is the folder, not the link to it. */
static void follow_link(struct output_dir *output)
{
    struct stat status;
    char real[PATH_MAX];
    if (lstat(output->target, &status) == 0 && S_ISLNK(status.st_mode) &&
        realpath(output->target, real) && strlen(real) + SUFFIX_SIZE < sizeof output->target)
        text_format(output->target, sizeof output->target, "%s", real);
}

static void put_marker(FILE *marker, const char *more)
{
    fprintf(marker, "{\"weir\": \"%s\", \"format\": 1%s%s}\n", WEIR_VERSION, *more ? ", " : "",
            more);
}

static struct err write_marker(const struct output_dir *output, const char *name, const char *more,
                               struct note *note)
{
    FILE *marker;
    TRY(output_open(output, name, &marker, note));
    put_marker(marker, more);
    return output_close(output, marker, name, note);
}

struct err output_mark(const struct output_dir *output, const char *name, bool complete,
                       struct note *note)
{
    char marker[OUTPUT_PATH_SIZE];
    text_format(marker, sizeof marker, "%s/%s", name, OUTPUT_MARKER);
    return write_marker(output, marker, complete ? "" : partial, note);
}

struct err output_mark_complete(const char *folder, struct note *note)
{
    char name[OUTPUT_PATH_SIZE];
    struct output_file marker;
    if (is_complete(folder))
        return OK;
    text_format(name, sizeof name, "%s/%s", folder, OUTPUT_MARKER);
    TRY(output_file_begin(&marker, name, note));
    put_marker(marker.file, "");
    return output_file_end(&marker, note);
}

struct err output_begin(struct output_dir *output, const char *target, struct note *note)
{
    size_t length = strlen(target);
    *output = (struct output_dir){ 0 };
    while (length > 1 && target[length - 1] == '/')
        length--;
    if (length == 0 || length + SUFFIX_SIZE > sizeof output->target)
        return err_note(note, ERR_IO_CODE, "--out: found %s, expected the path of a folder",
                        length ? "a path that is too long" : "nothing");
    text_format(output->target, sizeof output->target, "%.*s", (int)length, target);
    follow_link(output);
    TRY(may_replace(output->target, note));
    remove_left_overs(output->target);
    char aside[sizeof output->aside];
    text_format(aside, sizeof aside, "%s.tmp-%ld", output->target, (long)getpid());
    TRY(make_folders(aside, output->target, note));
    text_format(output->aside, sizeof output->aside, "%s", aside);
    return write_marker(output, OUTPUT_MARKER, "", note);
}

static struct err output_path(const struct output_dir *output, const char *name,
                              char out[OUTPUT_PATH_SIZE], struct note *note)
{
    size_t length = text_format(out, OUTPUT_PATH_SIZE, "%s/%s", output->aside, name);
    if (length + 1 >= OUTPUT_PATH_SIZE)
        return err_note(note, ERR_IO_CODE, "%s/%s: the path is too long", output->target, name);
    return OK;
}

/* The folder as the user knows it, though it is not there yet. */
static struct err complain_of(const struct output_dir *output, const char *name, const char *what,
                              int error, struct note *note)
{
    return err_note(note, ERR_IO_CODE, "%s/%s: %s: %s", output->target, name, what,
                    strerror(error));
}

struct err output_make_folder(const struct output_dir *output, const char *name, struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    TRY(output_path(output, name, path, note));
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return complain_of(output, name, "cannot be made", errno, note);
    return OK;
}

struct err output_open(const struct output_dir *output, const char *name, FILE **file,
                       struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    TRY(output_path(output, name, path, note));
    *file = fopen(path, "wb");
    if (!*file)
        return complain_of(output, name, "cannot be written", errno, note);
    setvbuf(*file, NULL, _IOFBF, WRITE_BUFFER_BYTES);
    return OK;
}

struct err output_close(const struct output_dir *output, FILE *file, const char *name,
                        struct note *note)
{
    int error = output_fault(file);
    if (fclose(file) != 0 && !error)
        error = errno;
    if (!error)
        return OK;
    return complain_of(output, name, "cannot be written", error, note);
}

void output_note_target(const struct output_dir *output, struct note *note)
{
    struct note said = *note;
    size_t length = strlen(output->aside);
    if (strncmp(said.text, output->aside, length) == 0)
        text_format(note->text, sizeof note->text, "%s%s", output->target, said.text + length);
}

/* Without exchange: old out of the way, new in place, old away; or everything as it was. */
static bool move_in_turn(const struct output_dir *output)
{
    char old[sizeof output->target + SUFFIX_SIZE];
    text_format(old, sizeof old, "%s.old-%ld", output->target, (long)getpid());
    if (rename(output->target, old) != 0)
        return false;
    if (rename(output->aside, output->target) != 0) {
        int error = errno;
        if (rename(old, output->target) == 0)
            errno = error;
        return false;
    }
    remove_tree(old);
    return true;
}

struct err output_commit(struct output_dir *output, struct note *note)
{
    TRY(may_replace(output->target, note));
    bool moved = renameat2(AT_FDCWD, output->aside, AT_FDCWD, output->target, RENAME_EXCHANGE) == 0;
    if (moved)
        remove_tree(output->aside); /* the old one */
    else if (errno == ENOENT)
        moved = rename(output->aside, output->target) == 0;
    else
        moved = move_in_turn(output);
    if (!moved)
        return complain(note, "cannot be put in place", output->target);
    output->aside[0] = '\0';
    return OK;
}

struct err output_commit_partial(struct output_dir *output, struct note *note)
{
    size_t length = strlen(output->target);
    if (is_complete(output->target))
        text_format(output->target + length, sizeof output->target - length, "%s",
                    OUTPUT_INTERRUPTED);
    TRY(write_marker(output, OUTPUT_MARKER, partial, note));
    return output_commit(output, note);
}

struct err output_put_in_place(struct output_dir *output, bool is_complete, char *path,
                               char *spared, size_t size, struct note *note)
{
    if (is_complete)
        return output_commit(output, note);
    size_t length = strlen(output->target);
    TRY(output_commit_partial(output, note));
    if (strlen(output->target) == length)
        return OK;
    text_format(spared, size, "%s", path);
    text_format(path, size, "%s", output->target);
    return OK;
}

void output_abandon(struct output_dir *output)
{
    if (output->aside[0])
        remove_tree(output->aside);
    output->aside[0] = '\0';
}
