/* SPDX-License-Identifier: Apache-2.0
 *
 * What the picture of an outage is called: which one of how many, by what, how long.
 */
#include "sim/report/recovery_title.h"

#include <math.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "sim/report/json_figure.h"
#include "sim/report/number_text.h"

static time_ns in_ns(double seconds)
{
    return (time_ns)floor(seconds * (double)TIME_S + 0.5);
}

/* "; 12 min after the fault"; nothing where both are one. */
static void put_fault(const json_t *recovery, char out[64])
{
    char before[NUMBER_TEXT_SIZE];
    double seconds = json_figure(recovery, "down_at") - json_figure(recovery, "at");
    number_text_seconds(seconds, before);
    text_format(out, 64, "%s%s%s", seconds > 0 ? ", " : "", seconds > 0 ? before : "",
                seconds > 0 ? " after the fault" : "");
}

static size_t count_recoveries(const json_t *summary, size_t *ended)
{
    size_t i;
    const json_t *one, *all = json_object_get(summary, "recoveries");
    json_array_foreach(all, i, one) *ended +=
        json_is_number(json_object_get(one, "recovered_after_s"));
    return json_array_size(all);
}

/* Why it went down; of a job that FAILED, by what it did. */
static const char *why(const json_t *summary, const json_t *recovery, bool failed)
{
    const json_t *job, *jobs = json_object_get(summary, "jobs");
    size_t i;
    json_array_foreach(jobs, i, job)
    {
        const char *failure = json_string_value(json_object_get(job, "failure"));
        if (failed && failure && text_equal(json_text(job, "name"), json_text(recovery, "job")))
            return failure;
    }
    return json_text(recovery, "cause");
}

/* A question of its own, and which of the outages it is about. */
void recovery_title(const json_t *summary, const json_t *recovery, char title[RECOVERY_TITLE_SIZE],
                    char more[RECOVERY_TITLE_SIZE])
{
    size_t ended = 0, count = count_recoveries(summary, &ended);
    char which[64], fault[64];
    char at[NUMBER_TEXT_SIZE], length[NUMBER_TEXT_SIZE];
    double after = json_figure(recovery, "recovered_after_s");
    bool recovered = !number_is_none(after),
         failed = !number_is_none(json_figure(recovery, "failed_s"));
    number_text_moment(in_ns(json_figure(recovery, "down_at")),
                       in_ns(json_figure(summary, "duration_s")), at);
    number_text_seconds(after, length);
    put_fault(recovery, fault);
    text_format(title, RECOVERY_TITLE_SIZE, "How %s %s: %s", json_text(recovery, "job"),
                recovered ? "came back"
                : failed  ? "FAILED"
                          : "went down",
                why(summary, recovery, failed && !recovered));
    if (count == 1)
        text_format(which, sizeof which, "the only failure");
    else if (recovered && ended == 1)
        text_format(which, sizeof which, "the only one of %zu failures that ended", count);
    else if (recovered)
        text_format(which, sizeof which, "the longest of %zu failures%s", ended,
                    ended < count ? " that ended" : "");
    else
        text_format(which, sizeof which, "the %s of %zu failures", failed ? "last" : "first",
                    count);
    text_format(more, RECOVERY_TITLE_SIZE, "; down at %s%s, %s: %s%s", at, fault, which,
                recovered ? length
                : failed  ? "for good"
                          : "not over at the end of the run",
                recovered ? " until all tasks ran again" : "");
}
