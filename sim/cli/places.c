/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking for the scripts.
 */
#include "sim/cli/places.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

static bool has_scripts(const char *folder)
{
    char path[PLACE_SIZE];
    text_format(path, sizeof path, "%s/common.gp", folder);
    return access(path, R_OK) == 0;
}

struct err place_find_plots(char out[PLACE_SIZE], struct note *note)
{
    /* From the folder of the program: installed; build/weir; build/gcc-O0/weir; a build folder that
     * is elsewhere has a copy. The last is the tree that one stands in. */
    static const char *const beside[] = { "../share/weir/plots", "../plots", "../../plots",
                                          "plots" };
    const char *told = getenv("WEIR_PLOTS");
    char program[PLACE_SIZE / 2];
    if (told && *told) {
        text_format(out, PLACE_SIZE, "%s", told);
        if (has_scripts(out))
            return OK;
        return err_note(note, ERR_MISSING_CODE, "WEIR_PLOTS=%s: no plot scripts there", told);
    }
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; slash && i < sizeof beside / sizeof *beside; i++) {
        text_format(out, PLACE_SIZE, "%s/%s", program, beside[i]);
        if (has_scripts(out))
            return OK;
    }
    text_format(out, PLACE_SIZE, "plots");
    if (has_scripts(out))
        return OK;
    return err_note(note, ERR_MISSING_CODE,
                    "the plot scripts are not where they should be (share/weir/plots beside the "
                    "program); say where with WEIR_PLOTS=FOLDER");
}

void place_of_output(const char *name, char out[PLACE_SIZE])
{
    size_t at = text_format(out, PLACE_SIZE, "out/");
    for (const char *p = name; *p && at < 100; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        out[at++] = plain ? *p : '_';
    }
    out[at] = '\0';
}
