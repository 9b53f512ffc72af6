/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc key-groups: which subtask holds which key groups, and where keys go.
 */
#include "core/graph/job_graph.h"
#include "core/graph/key_groups.h"
#include "sim/cli/calc_read.h"

enum { KEYS_MAX = 10000000 };

static const struct calc_field fields[] = {
    { "max_parallelism", "integer 1..32768", "the number of key groups" },
    { "parallelism", "integer 1..max_parallelism", "subtasks" },
    { "key_hashes", "[32-bit integer], optional", "Java hashCode() of keys to place" },
};

static struct err add_key(const json_t *value, size_t place, int32_t parallelism,
                          int32_t max_parallelism, json_t *keys, struct note *note)
{
    int64_t number;
    struct err result =
        calc_integer_value(value, "key_hashes", INT32_MIN, INT32_MAX, &number, note);
    if (err_is(result))
        return err_prefix(note, result, "element %zu", place);
    int32_t hash = (int32_t)number;
    int32_t group = key_group_of_hash(hash, max_parallelism);
    json_array_append_new(keys,
                          json_pack("{si si si si}", "key_hash", hash, "murmur",
                                    key_group_murmur(hash), "key_group", group, "operator_index",
                                    key_group_subtask(group, parallelism, max_parallelism)));
    return OK;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    int64_t max_parallelism = 0, parallelism = 0;
    json_t *hashes = NULL;
    TRY(calc_need(in, "max_parallelism", note));
    TRY(calc_need(in, "parallelism", note));
    TRY(calc_read_integer(in, "max_parallelism", 1, MAX_PARALLELISM_LIMIT, &max_parallelism, note));
    TRY(calc_read_integer(in, "parallelism", 1, max_parallelism, &parallelism, note));
    TRY(calc_read_array(in, "key_hashes", KEYS_MAX, &hashes, note));
    json_t *ranges = json_array(), *keys = json_array();
    json_object_set_new(out, "ranges", ranges);
    json_object_set_new(out, "keys", keys);
    for (int32_t subtask = 0; subtask < parallelism; subtask++) {
        struct key_group_range range =
            key_group_range_of(subtask, (int32_t)parallelism, (int32_t)max_parallelism);
        json_array_append_new(ranges, json_pack("[ii]", range.first, range.last));
    }
    for (size_t i = 0; i < json_array_size(hashes); i++)
        TRY(add_key(json_array_get(hashes, i), i, (int32_t)parallelism, (int32_t)max_parallelism,
                    keys, note));
    return OK;
}

const struct calc_row calc_key_groups = {
    .name = "key-groups",
    .summary = "key groups of each subtask, and the subtask of a key",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "ranges: [[first, last] per subtask], keys: [{key_hash, murmur, key_group, "
               "operator_index}]",
    .example = "{\"max_parallelism\": 128, \"parallelism\": 3, \"key_hashes\": [0, 97, -1]}",
    .answer = answer,
};
