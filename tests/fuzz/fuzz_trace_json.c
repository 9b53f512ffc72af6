/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a SkyPilot availability record: either a series in ascending order of finite counts
 * of at least 0, or one line of complaint of the category input.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/check.h"
#include "sim/load/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_series(const struct series *series, time_ns length)
{
    CHECK(length > 0);
    for (size_t i = 0; i < series->points.count; i++) {
        CHECK(series->points.items[i].at < length);
        CHECK(isfinite(series->points.items[i].value));
        CHECK(series->points.items[i].value >= 0);
        CHECK(i == 0 || series->points.items[i - 1].at < series->points.items[i].at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct trace_options options = { .value = TRACE_PLAIN };
    if (size == 0)
        return 0;
    FILE *file = fmemopen((void *)(uintptr_t)bytes, size, "rb");
    CHECK(file != NULL);
    struct note note = { "" };
    struct series series = { 0 };
    time_ns length = 0;
    struct err e = trace_read_skypilot(file, "fuzz.json", &options, &series, &length, &note);
    if (err_is(e)) {
        CHECK(err_category(e) == ERR_INPUT);
        CHECK(note.text[0] != '\0');
    } else {
        check_series(&series, length);
    }
    series_fini(&series);
    fclose(file);
    return 0;
}
