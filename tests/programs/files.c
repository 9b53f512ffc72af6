/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of the files that its arguments from the second on name, in splits of as many bytes as
 * the first one says. A path `-` is none; one `?` is another file in the run than in the plan.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

enum { PATHS_MAX = 8, LINE_MAX = 4096 };

static void as_it_is(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit_text(ctx, record->value, record->size);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const char *paths[PATHS_MAX];
    struct weir_files files = { .paths = paths,
                                .split_bytes = strtoull(argc > 1 ? argv[1] : "0", NULL, 10) };
    for (int i = 2; i < argc && files.path_count < PATHS_MAX; i++)
        if (strcmp(argv[i], "-") != 0)
            paths[files.path_count++] =
                strcmp(argv[i], "?") == 0 && weir_is_planning(env) ? argv[2] : argv[i];
    struct weir_stream *lines = weir_from_files(env, "files", &files);
    struct weir_stream *copy =
        weir_flat_map(weir_rebalance(lines), "copy", &weir_text, as_it_is, NULL);
    weir_cost(copy, &(struct weir_cost){ .cpu_ns = 2000000 }); /* its readers wait for it */
    weir_sink_files(copy, "lines", NULL, NULL);
    return weir_execute(env, "files") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    static char text[LINE_MAX];
    (void)sink;
    for (int i = 2; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        while (file && fgets(text, sizeof text, file)) {
            size_t length = strcspn(text, "\n");
            bool ends = text[length] == '\n';
            text[length - (ends && length > 0 && text[length - 1] == '\r')] = '\0';
            line(to, text);
        }
        if (file)
            fclose(file);
    }
}
