/* SPDX-License-Identifier: Apache-2.0
 *
 * The words for an event of the script that came to nothing.
 */
#include "sim/report/never.h"

#include "core/base/text.h"

bool never_is_certain(const json_t *one)
{
    return json_integer_value(json_object_get(one, "times")) > 0;
}

const char *never_word(const json_t *one)
{
    json_int_t times = json_integer_value(json_object_get(one, "times"));
    if (times == json_integer_value(json_object_get(one, "missed")))
        return "never happened";
    return times > 1 ? "did not happen each time" : "did not happen in full";
}

void never_text(const json_t *one, char out[NEVER_TEXT_SIZE])
{
    const char *label = json_string_value(json_object_get(one, "event"));
    const char *on = json_string_value(json_object_get(one, "on"));
    const char *reason = json_string_value(json_object_get(one, "reason"));
    json_int_t nth = json_integer_value(json_object_get(one, "nth"));
    json_int_t seen = json_integer_value(json_object_get(one, "seen"));
    char times[64] = "";
    if (on && seen == nth)
        text_format(times, sizeof times, ", and the run ended before its wait was over");
    else if (on && nth > 1)
        text_format(times, sizeof times, " %lld times, seen %lld time%s", (long long)nth,
                    (long long)seen, seen == 1 ? "" : "s");
    if (reason)
        text_format(out, NEVER_TEXT_SIZE, "%.*s: %.*s", 60, label, 140, reason);
    else if (on)
        text_format(out, NEVER_TEXT_SIZE, "%.*s: waits for '%.*s'%s", 60, label, 80, on, times);
    else
        text_format(out, NEVER_TEXT_SIZE, "%.*s: its time is after the end", 80, label);
}
