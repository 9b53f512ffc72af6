/* SPDX-License-Identifier: Apache-2.0
 *
 * One object for each such program.
 */
#include "sim/report/exit_codes.h"

#include "core/base/text.h"

enum { NAME_SHOWN = 100 };

json_t *exit_codes_list(const struct simulation *simulation)
{
    const struct scenario *scenario = simulation_scenario(simulation);
    json_t *all = json_array();
    for (size_t p = 0; p < scenario->programs.count; p++) {
        int code;
        if (!simulation_program_code(simulation, p, &code) || code == 0)
            continue;
        json_t *one = json_object();
        json_object_set_new(one, "program", json_string(scenario->programs.items[p].name));
        json_object_set_new(one, "code", json_integer(code));
        json_array_append_new(all, one);
    }
    return all;
}

void exit_code_text(const json_t *one, char out[EXIT_CODE_TEXT_SIZE])
{
    text_format(out, EXIT_CODE_TEXT_SIZE, "program %.*s: main gave back %d", NAME_SHOWN,
                json_string_value(json_object_get(one, "program")),
                (int)json_integer_value(json_object_get(one, "code")));
}
