/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared objects by the system's loader.
 */
#include "sim/program/library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/program/home.h"

/* Where programs with plain names are, from the folder of the command or of the library on: of a
 * build, of a test in a build, of an installation. */
static const char *const folders[] = { "programs", "../programs", "../lib/weir/programs" };
enum { FOLDER_COUNT = sizeof folders / sizeof *folders };

/* One binary is one program. */
static weir_program *self;
static weir_expectation *expected_of_self;

void library_set_self(weir_program *program, weir_expectation *expected)
{
    self = program;
    expected_of_self = expected;
}

static bool find_by_name(const char *name, char out[PATH_MAX])
{
    char home[PATH_MAX];
    if (!home_folder(home))
        return false;
    for (int i = 0; i < FOLDER_COUNT; i++) {
        int length = snprintf(out, PATH_MAX, "%s/%s/%s.so", home, folders[i], name);
        if (length < PATH_MAX && access(out, R_OK) == 0)
            return true;
    }
    return false;
}

static bool find(const char *directory, const char *name, char out[PATH_MAX])
{
    bool is_below = strchr(name, '/') && name[0] != '/' && directory && directory[0] != '\0';
    if (!strchr(name, '/'))
        return find_by_name(name, out);
    int length = is_below ? snprintf(out, PATH_MAX, "%s/%s", directory, name)
                          : snprintf(out, PATH_MAX, "%s", name);
    return length < PATH_MAX && access(out, R_OK) == 0;
}

/* A header of another number: which, tells the name of its main. Those of the first had none. */
static struct err no_main(void *library, const char *name, struct note *note)
{
    enum { NUMBERS = 1000 };
    char symbol[32];
    for (unsigned number = 1; number < NUMBERS; number++) {
        snprintf(symbol, sizeof symbol, "weir_main_%u", number);
        if (dlsym(library, symbol))
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "found '%s', built with number %u of weir.h (WEIR_ABI), expected %d: "
                            "build it again, with the header of this weir",
                            name, number, WEIR_ABI);
    }
    if (dlsym(library, "weir_main"))
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "found '%s', built with a weir.h whose number (WEIR_ABI) it does not tell, "
                        "expected %d: build it again, with the header of this weir",
                        name, WEIR_ABI);
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "found '%s', expected a program: it defines no weir_main", name);
}

static struct err not_loaded(const char *name, struct note *note)
{
    const char *why = dlerror();
    return err_note(note, ERR_BAD_VALUE_CODE, "found '%s', which cannot be loaded: %s", name,
                    why ? why : "no reason is known");
}

struct err library_open(const char *directory, const char *name, weir_program **out,
                        weir_expectation **expected, struct note *note)
{
    char path[PATH_MAX];
    if (self && strcmp(name, "self") == 0) {
        *out = self;
        *expected = expected_of_self;
        return OK;
    }
    if (!find(directory, name, path))
        return err_note(note, ERR_NOT_FOUND_CODE,
                        strchr(name, '/') ? "found '%s', expected a file that can be read"
                                          : "found '%s', expected the path of a shared object or "
                                            "the name of one of weir's programs",
                        name);
    /* First as it is: of another number it may call what is not there. */
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return not_loaded(name, note);
    void *symbol = dlsym(library, "weir_main_" WEIR_TEXT_OF(WEIR_ABI));
    if (!symbol)
        return no_main(library, name, note);
    if (!dlopen(path, RTLD_NOW | RTLD_LOCAL))
        return not_loaded(name, note);
    memcpy(out, &symbol, sizeof *out); /* POSIX: a symbol may be a function */
    symbol = dlsym(library, "weir_expected");
    memcpy(expected, &symbol, sizeof *expected);
    return OK;
}
