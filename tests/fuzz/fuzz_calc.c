/* SPDX-License-Identifier: Apache-2.0
 *
 * Any text as the input of every calculator. Whatever comes in, what goes out is JSON, of the
 * input's own shape if that is JSON too; the exit code is 2 exactly when something was refused, a
 * refusal is one line of plain text, and there is no complaint without one.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "sim/cli/calc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_refusal(const json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "error"));
    CHECK(json_is_object(answer));
    if (!text)
        return false;
    CHECK(text[0] != '\0');
    for (; *text; text++)
        CHECK(*text >= 0x20 && *text < 0x7f);
    return true;
}

/* Gives whether any of the answers is a refusal. */
static bool check_answers(const char *text, size_t size)
{
    json_t *answers = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    CHECK(answers != NULL);
    bool refused = false;
    if (json_is_object(answers))
        refused = is_refusal(answers);
    for (size_t i = 0; json_is_array(answers) && i < json_array_size(answers); i++)
        refused |= is_refusal(json_array_get(answers, i));
    json_decref(answers);
    return refused;
}

/* What jansson takes as an array as a whole has as many answers as elements. */
static void check_count(const char *input, size_t input_size, const char *text, size_t size)
{
    json_t *in = json_loadb(input, input_size, JSON_REJECT_DUPLICATES, NULL);
    json_t *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_array(in))
        CHECK(json_array_size(in) == json_array_size(out));
    if (json_is_object(in))
        CHECK(json_is_object(out));
    json_decref(in);
    json_decref(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = (const char *)data;
    for (size_t i = 0; i < calc_row_count; i++) {
        char *text = NULL, *complaint = NULL;
        size_t text_size = 0, complaint_size = 0;
        FILE *out = open_memstream(&text, &text_size);
        FILE *errors = open_memstream(&complaint, &complaint_size);
        CHECK(out && errors);
        int code = calc_answer(calc_rows[i], input, size, out, errors);
        fclose(out);
        fclose(errors);
        bool refused = check_answers(text, text_size);
        CHECK(code == (refused ? CALC_EXIT_WRONG : 0));
        CHECK(refused || complaint_size == 0);
        if (complaint_size == 0)
            check_count(input, size, text, text_size);
        free(text);
        free(complaint);
    }
    return 0;
}
