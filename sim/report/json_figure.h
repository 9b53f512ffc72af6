/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of objects that Weir has written: absent ones read as nothing, not as an error.
 */
#ifndef WEIR_SIM_REPORT_JSON_FIGURE_H
#define WEIR_SIM_REPORT_JSON_FIGURE_H

#include <jansson.h>

#include "sim/report/number_text.h"

/* "" where there is none. */
static inline const char *json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* number_none() where there is none. */
static inline double json_figure(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : number_none();
}

#endif
