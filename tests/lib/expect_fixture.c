/* SPDX-License-Identifier: Apache-2.0
 *
 * All that watches a run, in the order in which the command puts it up. In: a scenario. Out: what
 * expectation_judge says of it.
 */
#include "tests/lib/expect_fixture.h"

void expect_fixture_init(struct expect_fixture *fixture, const char *yaml)
{
    fake_run_init(&fixture->run, yaml);
    recorder_init(&fixture->recorder, &fixture->run.look);
    checkers_init(&fixture->checkers, &fixture->run.look, &fixture->recorder);
    event_watch_init(&fixture->watch, fixture->run.scenario);
}

void expect_fixture_fini(struct expect_fixture *fixture)
{
    event_watch_fini(&fixture->watch);
    checkers_fini(&fixture->checkers);
    recorder_fini(&fixture->recorder);
    fake_run_fini(&fixture->run);
}

void expect_fixture_down(struct expect_fixture *fixture, uint32_t job, time_ns fault, time_ns from,
                         time_ns to)
{
    const struct incident incident = { .job = { job },
                                       .at = fault,
                                       .down_at = from,
                                       .running_at = to,
                                       .over_at = to,
                                       .failed_at = TIME_NEVER };
    vec_push(&fixture->recorder.incidents.list, incident);
}

bool expect_fixture_judge(struct expect_fixture *fixture, size_t index, const struct metrics *of)
{
    struct run_evidence evidence = {
        fixture->run.scenario, &fixture->recorder.metrics,   &fixture->watch,
        &fixture->checkers,    &fixture->recorder.incidents, NULL
    };
    expectation_judge(&evidence, index, of, &fixture->result);
    return fixture->result.held;
}
