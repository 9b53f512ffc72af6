/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a scenario, alone and as a variant: either it loads, or there is one line of
 * complaint of the category input. Files it names are looked for in a folder that does not exist.
 */
#include <stdint.h>

#include "core/base/check.h"
#include "sim/load/scenario.h"

enum { BYTES_MAX = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_complaint(struct err e, const struct note *note)
{
    CHECK(err_category(e) == ERR_INPUT);
    CHECK(note->text[0] != '\0');
    for (const char *p = note->text; *p; p++)
        CHECK((unsigned char)*p >= ' ');
}

static void load(const uint8_t *bytes, size_t size, const char *variant)
{
    struct note note = { "" };
    struct scenario *scenario = NULL;
    /* Longer runs only make longer series of the same kind. */
    static const struct override shorter = { "duration", "10min" };
    struct err e = scenario_load_text("/nonexistent/fuzz.yaml", (const char *)bytes, size, variant,
                                      &shorter, 1, &scenario, &note);
    if (err_is(e)) {
        CHECK(scenario == NULL);
        check_complaint(e, &note);
        return;
    }
    CHECK(scenario->jobs.count > 0);
    char *name = scenario->variants.count && !variant ? scenario->variants.items[0] : NULL;
    if (name)
        load(bytes, size, name);
    scenario_destroy(scenario);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size <= BYTES_MAX)
        load(bytes, size, NULL);
    return 0;
}
