/* SPDX-License-Identifier: Apache-2.0
 *
 * Each argument is a sink, JOB:NAME, whose lines are this argument; those of one job stand
 * together.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

static void number(uint64_t index, void *value, void *user)
{
    *(uint64_t *)value = index;
    (void)user;
}

static size_t own_name(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    (void)value, (void)size;
    return (size_t)snprintf(line, room, "%s", (const char *)user);
}

static size_t job_length(const char *argument)
{
    return strcspn(argument, ":");
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_generator spec = { .type = &weir_long, .count = 10, .make = number };
    for (int i = 1; i < argc;) {
        char job[400];
        size_t length = job_length(argv[i]);
        snprintf(job, sizeof job, "%.*s", (int)length, argv[i]);
        struct weir_stream *in = weir_from_generator(env, "in", &spec, NULL);
        for (; i < argc && job_length(argv[i]) == length && strncmp(argv[i], job, length) == 0; i++)
            weir_sink_files(in, argv[i] + length + 1, own_name, argv[i]);
        weir_execute_async(env, job);
    }
    return 0;
}
