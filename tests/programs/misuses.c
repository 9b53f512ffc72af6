/* SPDX-License-Identifier: Apache-2.0
 *
 * A main that makes a call of which nothing can come: which one, says the first argument.
 */
#include "tests/programs/acts.h"
#include "tests/programs/nulls.h"

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const char *call = argc > 1 ? argv[1] : "";
    const struct weir_generator spec = { .type = &pair_type, .count = 10, .make = make_pair };
    struct weir_stream *two[] = { weir_from_generator(env, "in", &spec, NULL), NULL };
    struct weir_results *results = weir_collect(two[0], "results");
    struct weir_record record;
    struct weir_stream *s = two[0];
#define MAKE(function, parameter, expression)                                                      \
    if (strcmp(call, #function " " #parameter) == 0)                                               \
        (void)(expression);
    NULL_CALLS(MAKE)
    if (strcmp(call, "union of none") == 0)
        weir_union(two, 0);
    if (strcmp(call, "union of null") == 0)
        weir_union(NULL, 2);
    if (strcmp(call, "union with null") == 0)
        weir_union(two, 2);
    weir_execute_async(env, "misuses");
    if (strcmp(call, "no results") == 0 && !weir_is_planning(env))
        weir_next_result(NULL, &record);
    if (strcmp(call, "no record") == 0 && !weir_is_planning(env))
        weir_next_result(results, NULL);
    return 0;
}
