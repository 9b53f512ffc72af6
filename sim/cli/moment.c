/* SPDX-License-Identifier: Apache-2.0
 *
 * The last lines before the moment that say what a job is in, the outage it falls into (a process
 * takes its tasks along long before a line of the job says so), and the last sample before it.
 */
#include "sim/cli/moment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/report/number_text.h"

/* Columns that metrics.csv begins with; their names need no quotes. */
enum { COLUMNS_READ = 64, COLUMN_NONE = -1 };

enum sample_value {
    SAMPLE_TIME,
    SAMPLE_OFFERED,
    SAMPLE_SERVED,
    SAMPLE_LAG,
    SAMPLE_TASK_MANAGERS,
    SAMPLE_SLOTS_USED,
    SAMPLE_SLOTS_FREE,
    SAMPLE_COUNT
};
static const char *const sample_names[SAMPLE_COUNT] = {
    [SAMPLE_TIME] = "time_s",
    [SAMPLE_OFFERED] = "offered_rate",
    [SAMPLE_SERVED] = "served_rate",
    [SAMPLE_LAG] = "lag_seconds",
    [SAMPLE_TASK_MANAGERS] = "task_managers",
    [SAMPLE_SLOTS_USED] = "slots_used",
    [SAMPLE_SLOTS_FREE] = "slots_free",
};

static void find_columns(const char *header, int out[SAMPLE_COUNT])
{
    for (int v = 0; v < SAMPLE_COUNT; v++)
        out[v] = COLUMN_NONE;
    const char *p = header;
    for (int column = 0; column < COLUMNS_READ && *p; column++) {
        size_t length = strcspn(p, ",\r\n");
        for (int v = 0; v < SAMPLE_COUNT; v++)
            if (strlen(sample_names[v]) == length && strncmp(p, sample_names[v], length) == 0)
                out[v] = column;
        p += length;
        p += *p == ',';
    }
}

static void read_row(const char *line, const int columns[SAMPLE_COUNT], double out[SAMPLE_COUNT])
{
    for (int v = 0; v < SAMPLE_COUNT; v++)
        out[v] = number_none();
    const char *p = line;
    for (int column = 0; column < COLUMNS_READ && *p; column++) {
        double value = number_none();
        const char *field = p;
        quantity_take_number(&field, &value);
        for (int v = 0; v < SAMPLE_COUNT; v++)
            if (columns[v] == column)
                out[v] = value;
        p += strcspn(p, ",\r\n");
        p += *p == ',';
    }
}

/* The last sample not after the moment; its time is none when there is none. */
static struct err find_sample(const char *path, time_ns at, double out[SAMPLE_COUNT],
                              struct note *note)
{
    FILE *file;
    char *line = NULL;
    size_t size = 0;
    int columns[SAMPLE_COUNT];
    double row[SAMPLE_COUNT];
    TRY(input_open(path, &file, NULL, note));
    for (int v = 0; v < SAMPLE_COUNT; v++)
        out[v] = number_none();
    if (getline(&line, &size, file) > 0)
        find_columns(line, columns);
    while (getline(&line, &size, file) > 0) {
        read_row(line, columns, row);
        if (!(row[SAMPLE_TIME] * (double)TIME_S <= (double)at))
            break;
        memcpy(out, row, sizeof row);
    }
    free(line);
    fclose(file);
    return OK;
}

/* What is known of a job at the moment; texts are the log's. */
struct job_moment {
    const char *job, *status, *scheduler, *running;
    const struct log_entry *checkpoint; /* the last completed one */
};

struct moment {
    VEC(struct job_moment) jobs;
    struct index_map registered; /* hash of the name: 1 while it is a TaskManager of the cluster */
    uint32_t task_managers;
    bool has_registrations;
};

static struct job_moment *job_of(struct moment *moment, const char *name)
{
    for (VEC_EACH(struct job_moment, job, &moment->jobs))
        if (job->job == name)
            return job;
    vec_push(&moment->jobs, (struct job_moment){ .job = name, .status = "submitted" });
    return &vec_last(&moment->jobs);
}

static void take_line(struct job_moment *job, const struct log_entry *entry)
{
    if (text_equal(entry->machine, "scheduler") && entry->to)
        job->scheduler = entry->to;
    else if (text_equal(entry->machine, "job") && entry->to)
        job->status = entry->to;
    else if (run_log_fits(entry, "job all tasks RUNNING"))
        job->running = entry->reason;
    else if (run_log_fits(entry, "checkpoint completed"))
        job->checkpoint = entry;
    else if (run_log_fits(entry, "dispatcher job ended"))
        job->scheduler = NULL;
    bool is_down =
        entry->to && (run_log_fits(entry, "scheduler Restarting") ||
                      run_log_fits(entry, "scheduler WaitingForResources") ||
                      run_log_fits(entry, "job RESTARTING") || run_log_fits(entry, "job FAILING") ||
                      run_log_fits(entry, "job CANCELLING"));
    if (is_down || run_log_fits(entry, "dispatcher job ended"))
        job->running = NULL;
}

/* Who counts for the resource manager; with the JobManager all contacts go. */
static void take_registration(struct moment *moment, const struct log_entry *entry)
{
    bool comes = run_log_fits(entry, "resource manager registers");
    if (run_log_fits(entry, "process killed") && text_equal(entry->node, "jobmanager")) {
        index_map_clear(&moment->registered);
        moment->task_managers = 0;
    }
    if (!entry->peer || !(comes || run_log_fits(entry, "resource manager closes")))
        return;
    uint64_t key = hash_add_text(0, entry->peer);
    bool known = index_map_get(&moment->registered, key) == 1;
    index_map_put(&moment->registered, key, comes);
    moment->task_managers += (uint32_t)comes - (uint32_t)known;
    moment->has_registrations = true;
}

static time_ns moment_of(const json_t *object, const char *key)
{
    return (time_ns)floor(json_number_value(json_object_get(object, key)) * (double)TIME_S + 0.5);
}

/* The outage of the job that the moment falls into; null: none. */
static const json_t *outage_at(const json_t *summary, const char *job, time_ns at)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(summary, "recoveries"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "job"));
        bool is_over = json_is_number(json_object_get(one, "over_s"));
        if (name && text_equal(name, job) && moment_of(one, "down_at") <= at &&
            (!is_over || at < moment_of(one, "over_s")))
            return one;
    }
    return NULL;
}

static void tell_outage(const json_t *outage, time_ns at, FILE *file)
{
    char age[NUMBER_TEXT_SIZE];
    const char *cause = json_string_value(json_object_get(outage, "cause"));
    number_text_seconds((double)(at - moment_of(outage, "down_at")) / (double)TIME_S, age);
    fprintf(file, " for %s (%s)", age, cause ? cause : "for no reason known");
}

static void tell_job(const struct job_moment *job, const json_t *outage, time_ns at, FILE *file)
{
    char age[NUMBER_TEXT_SIZE];
    bool runs = job->running && !outage;
    bool is_over = !outage && text_equal(job->status, "FINISHED");
    bool by_scheduler = job->scheduler && !is_over;
    /* While it waits, the adaptive scheduler's state says more than the job's last status. */
    fprintf(file, "  %s: %s%s%s%s", job->job, by_scheduler ? "scheduler " : "",
            by_scheduler ? job->scheduler : job->status,
            is_over ? ""
            : runs  ? ", all tasks running at "
                    : ", not all tasks running",
            runs ? job->running : "");
    if (outage)
        tell_outage(outage, at, file);
    if (job->checkpoint) {
        number_text_seconds((double)(at - job->checkpoint->at) / (double)TIME_S, age);
        fprintf(file, ", last checkpoint %lld completed %s ago\n",
                (long long)job->checkpoint->checkpoint, age);
    } else {
        fputs(", no checkpoint yet\n", file);
    }
}

static void tell_sample(const struct moment *now, const double sample[SAMPLE_COUNT], time_ns at,
                        time_ns duration, FILE *file)
{
    char text[SAMPLE_COUNT][NUMBER_TEXT_SIZE], moment[NUMBER_TEXT_SIZE];
    if (number_is_none(sample[SAMPLE_TIME]))
        return;
    bool is_old = sample[SAMPLE_TIME] * (double)TIME_S < (double)at;
    number_text_moment((time_ns)floor(sample[SAMPLE_TIME] * (double)TIME_S + 0.5), duration,
                       moment);
    number_text(sample[SAMPLE_OFFERED], METRIC_RATE, text[SAMPLE_OFFERED]);
    number_text(sample[SAMPLE_SERVED], METRIC_RATE, text[SAMPLE_SERVED]);
    number_text_seconds(sample[SAMPLE_LAG], text[SAMPLE_LAG]);
    for (int v = SAMPLE_TASK_MANAGERS; v < SAMPLE_COUNT; v++)
        number_text_amount(sample[v], text[v]);
    if (now->has_registrations)
        number_text_amount(now->task_managers, text[SAMPLE_TASK_MANAGERS]);
    fprintf(file,
            "  cluster: %s TaskManagers registered; %s%s%s%s slots in use, %s free; offered %s, "
            "served %s, lag %s\n",
            text[SAMPLE_TASK_MANAGERS], is_old ? "sample of " : "", is_old ? moment : "",
            is_old ? ": " : "", text[SAMPLE_SLOTS_USED], text[SAMPLE_SLOTS_FREE],
            text[SAMPLE_OFFERED], text[SAMPLE_SERVED], text[SAMPLE_LAG]);
}

struct err moment_tell(const struct run_log *log, const json_t *summary, const char *metrics,
                       time_ns at, time_ns duration, FILE *file, struct note *note)
{
    struct moment moment = { 0 };
    char text[NUMBER_TEXT_SIZE];
    double sample[SAMPLE_COUNT];
    TRY(find_sample(metrics, at, sample, note));
    for (VEC_EACH(const struct log_entry, entry, &log->entries)) {
        if (entry->at > at)
            break;
        if (entry->job)
            take_line(job_of(&moment, entry->job), entry);
        take_registration(&moment, entry);
    }
    number_text_moment(at, duration, text);
    fprintf(file, "At %s:\n", text);
    for (VEC_EACH(const struct job_moment, job, &moment.jobs))
        tell_job(job, outage_at(summary, job->job, at), at, file);
    tell_sample(&moment, sample, at, duration, file);
    fputc('\n', file);
    vec_fini(&moment.jobs);
    index_map_fini(&moment.registered);
    return OK;
}
