/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a CSV trace, under options that the first byte chooses: either a series in ascending
 * order of finite values of at least 0, or one line of complaint of the category input.
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
        const struct series_point *point = &series->points.items[i];
        CHECK(point->at >= 0);
        CHECK(point->at < length);
        CHECK(isfinite(point->value));
        CHECK(point->value >= 0);
        CHECK(i == 0 || point[-1].at < point->at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const struct trace_options options = {
        .value = (enum trace_value)(bytes[0] % 3),
        .per = TIME_MIN,
        .gaps = bytes[0] & 4 ? GAPS_ZERO : GAPS_HOLD,
        .same_time = (enum trace_same_time)((bytes[0] >> 3) % SAME_TIME_COUNT),
        .from = bytes[0] & 32 ? "1s" : NULL,
        .value_column = bytes[0] & 64 ? "v" : NULL,
    };
    FILE *file = fmemopen((void *)(uintptr_t)(bytes + 1), size - 1, "rb");
    CHECK(file != NULL);
    struct note note = { "" };
    struct series series = { 0 };
    time_ns length = 0;
    struct err e = trace_read_csv(file, "fuzz.csv", &options, &series, &length, &note);
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
