/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that is a binary of its own: it runs itself in a small cluster of the exact world, or
 * in a scenario that names it as `program: self`. What it leaves is what `weir run` leaves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/api/weir.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "sim/cli/command.h"
#include "sim/program/library.h"

struct self_options {
    const char *scenario, *out;
    bool help;
    VEC(char *) rest; /* the program's */
};

/* One binary is one program; its main, and what that has given back in the run. */
static weir_program *own;
static int own_code;

static int run_own(struct weir_env *env, int argc, char **argv)
{
    int code = own(env, argc, argv);
    if (!weir_is_planning(env) && code != 0)
        own_code = code;
    return code;
}

static const char usage[] =
    "usage: %s [--weir-scenario FILE] [--weir-out FOLDER] [ARGUMENT...]\n"
    "  --weir-scenario FILE  a scenario with a job `program: self`; else two TaskManagers of two\n"
    "                        slots in the exact world, for an hour of virtual time\n"
    "  --weir-out FOLDER     where the run goes; else out/NAME\n"
    "Example: %s --weir-out out/mine 1000\n";

/* False: something is wrong, and has been said. */
static bool read_options(int argc, char **argv, struct self_options *out)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--weir-scenario") == 0 ? &out->scenario
                             : strcmp(argv[i], "--weir-out") == 0    ? &out->out
                                                                     : NULL;
        if (strcmp(argv[i], "--weir-help") == 0) {
            out->help = true;
        } else if (value && i + 1 == argc) {
            fprintf(stderr, "%s: %s: found nothing behind it, expected a path\n", argv[0], argv[i]);
            return false;
        } else if (value) {
            *value = argv[++i];
        } else if (strncmp(argv[i], "--weir-", strlen("--weir-")) == 0) {
            fprintf(stderr,
                    "%s: %s: found an unknown option, expected --weir-scenario, --weir-out "
                    "or --weir-help\n",
                    argv[0], argv[i]);
            return false;
        } else {
            vec_push(&out->rest, argv[i]);
        }
    }
    return true;
}

/* In single quotes YAML knows one special letter. */
static void put_quoted(FILE *file, const char *text)
{
    fputc('\'', file);
    for (; *text; text++)
        fprintf(file, *text == '\'' ? "''" : "%c", *text);
    fputc('\'', file);
}

/* The scenario of a program that has none, beside nothing: `path` becomes its name. */
static bool write_scenario(const char *name, const struct self_options *options, char *path)
{
    int number = mkstemps(path, (int)strlen(".yaml"));
    FILE *file = number >= 0 ? fdopen(number, "w") : NULL;
    if (!file)
        return false;
    fputs("name: ", file);
    put_quoted(file, name);
    fputs("\nworld: exact\nduration: 1 h\n"
          "config: { parallelism.default: 2, execution.checkpointing.interval: 10 s }\n"
          "cluster: { task-manager: { count: 2, slots: 2 } }\n"
          "jobs:\n  - program: self\n    args: [",
          file);
    for (VEC_EACH(char *const, argument, &options->rest)) {
        fputs(argument == options->rest.items ? "" : ", ", file);
        put_quoted(file, *argument);
    }
    fputs("]\n", file);
    return fclose(file) == 0;
}

static int run(const char *scenario, const char *out)
{
    char *argv[] = { "run", (char *)scenario, "--out", (char *)out, NULL };
    return command_run.run(&command_run, 4, argv);
}

static int run_alone(const char *name, const struct self_options *options, const char *out)
{
    char path[] = "/tmp/weir-program-XXXXXX.yaml";
    if (!write_scenario(name, options, path)) {
        fprintf(stderr, "%s: found no room for a file in /tmp, expected some\n", name);
        return EXIT_INPUT;
    }
    int code = run(path, out);
    unlink(path);
    return code;
}

int weir_run(weir_program *program, weir_expectation *expected, int argc, char **argv)
{
    struct self_options options = { 0 };
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    char usual[4096];
    int code = EXIT_INPUT;
    if (read_options(argc, argv, &options)) {
        text_format(usual, sizeof usual, "out/%s", name);
        const char *out = options.out ? options.out : usual;
        own = program;
        own_code = 0;
        library_set_self(run_own, expected);
        if (options.help)
            code = printf(usage, name, name) > 0 ? EXIT_HELD : EXIT_INPUT;
        else if (options.scenario)
            code = run(options.scenario, out);
        else
            code = run_alone(name, &options, out);
    }
    vec_fini(&options.rest);
    return (code == EXIT_HELD || code == EXIT_FAILED) && own_code != 0 ? own_code : code;
}
