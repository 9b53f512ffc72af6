/* SPDX-License-Identifier: Apache-2.0
 *
 * The recorder looks at the run through the functions that a real one would fill.
 */
#include "tests/lib/recorded_run.h"

void recorded_begin(struct recorded_run *recorded, const char *yaml)
{
    fake_run_init(&recorded->run, yaml);
    recorder_init(&recorded->recorder, &recorded->run.look);
}

void recorded_end(struct recorded_run *recorded)
{
    recorder_fini(&recorded->recorder);
    fake_run_fini(&recorded->run);
}

void recorded_line(struct recorded_run *recorded, time_ns at, struct log_line what)
{
    recorder_line(&recorded->recorder, at, fake_node(0), &what);
}

void recorded_fact(struct recorded_run *recorded, time_ns at, uint32_t node, const char *word,
                   const char *reason)
{
    recorder_fact(&recorded->recorder, at, fake_node(node), word, reason);
}

void recorded_start_job(struct recorded_run *recorded)
{
    struct fake_run *run = &recorded->run;
    run->jobs[0].tasks = 4;
    run->vertices[0][0].running = run->vertices[0][1].running = 2;
    run->vertices[0][0].parallelism = run->vertices[0][1].parallelism = 2;
    recorded_line(recorded, TIME_S, fake_fact("job", "all tasks RUNNING"));
}

void recorded_lose_tasks(struct recorded_run *recorded, time_ns at, uint32_t running)
{
    recorded->run.vertices[0][1].running = running;
    if (recorded->run.broken_at[0] == 0)
        recorded->run.broken_at[0] = at;
}

double recorded_value(const struct recorded_run *recorded, enum metric metric,
                      enum statistic statistic)
{
    double out[STATISTIC_COUNT];
    metrics_summarise(&recorded->recorder.metrics, metric, out);
    return out[statistic];
}
