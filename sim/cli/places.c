/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking for the scripts.
 */
#include "sim/cli/places.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/program/folder_name.h"
#include "sim/program/home.h"

/* A folder's name may have 255 bytes; what stands beside it (output_dir.h) has a longer one. */
enum { FOLDER_MAX = 200, NUMBER_LETTERS = 17 };

static bool has_scripts(const char *folder)
{
    char path[PLACE_SIZE];
    text_format(path, sizeof path, "%s/common.gp", folder);
    return access(path, R_OK) == 0;
}

struct err place_find_plots(char out[PLACE_SIZE], struct note *note)
{
    /* From the folder of the command or of the library: installed; build/weir; build/gcc-O0/weir; a
     * build folder that is elsewhere has a copy. The last is the tree that one stands in. */
    static const char *const beside[] = { "../share/weir/plots", "../plots", "../../plots",
                                          "plots" };
    const char *told = getenv("WEIR_PLOTS");
    char home[PATH_MAX];
    if (told && *told) {
        text_format(out, PLACE_SIZE, "%s", told);
        if (has_scripts(out))
            return OK;
        return err_note(note, ERR_MISSING_CODE, "WEIR_PLOTS=%s: no plot scripts there", told);
    }
    bool has_home = home_folder(home);
    for (size_t i = 0; has_home && i < sizeof beside / sizeof *beside; i++) {
        text_format(out, PLACE_SIZE, "%s/%s", home, beside[i]);
        if (has_scripts(out))
            return OK;
    }
    text_format(out, PLACE_SIZE, "plots");
    if (has_scripts(out))
        return OK;
    return err_note(note, ERR_MISSING_CODE,
                    "the plot scripts are not where they should be (share/weir/plots beside the "
                    "folder of the command or of the library); say where with WEIR_PLOTS=FOLDER");
}

/* Of a name that is too long, whole letters and whole %XX, and a number made of all of it. */
static void shorten(const char *name, char *folder)
{
    size_t at = FOLDER_MAX - NUMBER_LETTERS;
    while (((unsigned char)folder[at] & 0xc0) == 0x80)
        at--;
    at -= folder[at - 1] == '%' ? 1 : folder[at - 2] == '%' ? 2 : 0;
    text_format(folder + at, NUMBER_LETTERS + 1, "-%016llx",
                (unsigned long long)hash_add_text(0, name));
}

void place_of_output(const char *name, char out[PLACE_SIZE])
{
    size_t above = text_format(out, PLACE_SIZE, "out/");
    size_t end = folder_name_put(name, out, PLACE_SIZE, above);
    out[end < PLACE_SIZE ? end : PLACE_SIZE - 1] = '\0';
    if (end - above > FOLDER_MAX)
        shorten(name, out + above);
}
