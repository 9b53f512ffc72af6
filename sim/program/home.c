/* SPDX-License-Identifier: Apache-2.0
 *
 * The loader knows of which object this code is; a binary itself has no name there.
 */
#include "sim/program/home.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* Empty: the binary that runs. */
static const char *own_object(void)
{
    static const char here;
    Dl_info info;
    void *extra = NULL;
    if (!dladdr1(&here, &info, &extra, RTLD_DL_LINKMAP) || !extra)
        return "";
    return ((const struct link_map *)extra)->l_name;
}

bool home_folder(char out[PATH_MAX])
{
    const char *object = own_object();
    if (!realpath(object[0] ? object : "/proc/self/exe", out))
        return false;
    *strrchr(out, '/') = '\0';
    return true;
}
