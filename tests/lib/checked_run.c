/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks for the verdict on every invariant.
 */
#include "tests/lib/checked_run.h"

#include <check.h>
#include <string.h>

#include "core/base/text.h"

#define TWO_JOBS                                                                                   \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "config: { heartbeat.interval: 10s, heartbeat.timeout: 50s }\n"                                \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source } ], load: 5/s }\n"                                 \
    "  - { name: b, vertices: [ { name: source } ], load: 5/s }\n"

void checked_begin(struct checked_run *checked)
{
    recorded_begin(&checked->recorded, TWO_JOBS);
    checkers_init(&checked->checkers, &checked->recorded.run.look, &checked->recorded.recorder);
}

void checked_end(struct checked_run *checked)
{
    checkers_fini(&checked->checkers);
    recorded_end(&checked->recorded);
}

void checked_line(struct checked_run *checked, time_ns at, struct log_line what)
{
    checkers_line(&checked->checkers, at, fake_node(0), &what);
}

void checked_look(struct checked_run *checked, time_ns at)
{
    recorder_sample(&checked->recorded.recorder, at);
    checkers_sample(&checked->checkers, at, true);
}

void checked_must_hold(const struct checked_run *checked)
{
    for (size_t i = 0; i < invariant_count; i++) {
        struct check_result result = { .held = false };
        checkers_judge(&checked->checkers, invariant_rows[i].name, &result);
        ck_assert_msg(result.held, "%s: %s", invariant_rows[i].name, result.detail);
    }
}

void checked_must_break(const struct checked_run *checked, const char *invariant, const char *words)
{
    for (size_t i = 0; i < invariant_count; i++) {
        struct check_result result = { .held = false };
        checkers_judge(&checked->checkers, invariant_rows[i].name, &result);
        bool expected = text_equal(invariant_rows[i].name, invariant);
        ck_assert_msg(result.held != expected, "%s: %s", invariant_rows[i].name, result.detail);
        if (expected)
            ck_assert_msg(strstr(result.detail, words) != NULL, "%s", result.detail);
    }
}
