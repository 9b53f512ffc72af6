/* SPDX-License-Identifier: Apache-2.0
 *
 * Flink's nested configuration made flat, as its config.yaml is read: in every map called `config`,
 * `execution: { checkpointing: { interval: 10s } }` becomes `execution.checkpointing.interval`. In:
 * a tree as read. Out: the same without maps below `config`, no key of which is there twice.
 */
#include "sim/load/tree_config.h"

#include <string.h>

#include "core/base/text.h"

/* The path below `config`, dot by dot. */
struct prefix {
    char text[TREE_PATH_LENGTH_MAX];
    size_t length;
};

static struct err put_flat(struct tree *tree, struct tree_node *config, struct tree_node *node,
                           const struct prefix *prefix, struct note *note)
{
    struct prefix path = *prefix;
    size_t dot = path.length > 0, key = strlen(node->key);
    if (path.length + dot + key >= sizeof path.text)
        return tree_error(node, ERR_BAD_VALUE_CODE, note, "found too long a key");
    if (dot)
        path.text[path.length++] = '.';
    memcpy(path.text + path.length, node->key, key + 1);
    path.length += key;
    if (node->kind == TREE_MAP) {
        for (struct tree_node *child = node->first, *next; child; child = next) {
            next = child->next;
            TRY(put_flat(tree, config, child, &path, note));
        }
        return OK;
    }
    if (config->count >= TREE_KEYS_MAX)
        return tree_error(node, ERR_BAD_VALUE_CODE, note, "found more keys than the 1024 allowed");
    const struct tree_node *other = tree_find(config, path.text);
    if (other)
        return tree_error(node, ERR_DUPLICATE_CODE, note,
                          "found the key '%s' again, expected it once (it stands in line %d)",
                          path.text, other->line);
    node->key = arena_copy_text(&tree->arena, path.text);
    tree_append(config, node);
    return OK;
}

static bool is_nested(const struct tree_node *config)
{
    bool any = false;
    for (const struct tree_node *child = config->first; child; child = child->next)
        any |= child->kind == TREE_MAP;
    return any;
}

struct err tree_flatten_configs(struct tree *tree, struct tree_node *node, struct note *note)
{
    const struct prefix none = { .length = 0 };
    struct tree_node *child = node->first, *next;
    if (node->kind != TREE_MAP || !node->key || !text_equal(node->key, "config") ||
        !is_nested(node)) {
        for (; child; child = child->next)
            TRY(tree_flatten_configs(tree, child, note));
        return OK;
    }
    node->first = node->last = NULL;
    node->count = 0;
    for (; child; child = next) {
        next = child->next;
        TRY(put_flat(tree, node, child, &none, note));
    }
    return OK;
}
