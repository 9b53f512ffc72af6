/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees from YAML text, through libyaml's event parser, without recursion: the depth of the input
 * is the length of a chain of parents. Text comes in, nodes in the tree's arena go out; what is
 * outside the subset of YAML that scenarios use ends with one line that says so.
 */
#include "sim/load/tree.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/tree_config.h"

struct builder {
    struct tree *tree;
    const char *source; /* in the arena */
    const char *text;   /* whole input, for looking at a line again */
    size_t length;
    yaml_parser_t parser;
    struct tree_node *root, *container; /* container: the open list or map, null outside */
    size_t depth, documents;
    const char *key; /* read, its value not yet; in the arena */
    int key_line;
    struct note *note;
};

static struct err complain(const struct builder *b, int line, enum err_code code, const char *text)
{
    char path[TREE_PATH_LENGTH_MAX] = "";
    if (b->container)
        tree_path(b->container, path);
    return err_note(b->note, code, "%s:%d: %s%s%s", b->source, line, path, *path ? ": " : "", text);
}

static int line_of(const yaml_mark_t *mark)
{
    return mark->line < 100000000 ? (int)mark->line + 1 : 100000000;
}

static bool is_null_text(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || text_equal(text, "~") || text_equal(text, "null"));
}

/* A node at its place: in the open list, under the pending key of the open map, or as the root. */
static struct err add_node(struct builder *b, enum tree_kind kind, int line, struct tree_node **out)
{
    if (b->tree->nodes == TREE_NODES_MAX)
        return complain(b, line, ERR_BAD_VALUE_CODE, "found more values than the 500000 allowed");
    b->tree->nodes++;
    struct tree_node *node = arena_take(&b->tree->arena, sizeof *node);
    node->kind = kind;
    node->source = b->source;
    node->line = line;
    if (b->container && b->container->kind == TREE_MAP) {
        CHECK(b->key != NULL);
        node->key = b->key;
        node->line = b->key_line;
        b->key = NULL;
    }
    if (b->container)
        tree_append(b->container, node);
    else
        b->root = node;
    *out = node;
    return OK;
}

/* Texts are shown: what steers a terminal, or is nothing in a page, is none. */
static struct err check_text(struct builder *b, const yaml_event_t *event, int line)
{
    const unsigned char *text = event->data.scalar.value;
    char line_text[128];
    for (size_t i = 0; i < event->data.scalar.length; i++) {
        bool is_c1 = i > 0 && text[i - 1] == 0xc2 && text[i] < 0xa0;
        bool is_c0 = text[i] < ' ' && text[i] != '\n' && text[i] != '\t';
        if (!is_c1 && !is_c0 && text[i] != 0x7f)
            continue;
        text_format(line_text, sizeof line_text,
                    "found the control character 0x%02x, expected text", (unsigned)text[i]);
        return complain(b, line, ERR_SYNTAX_CODE, line_text);
    }
    return OK;
}

static struct err take_key(struct builder *b, const yaml_event_t *event, int line)
{
    const char *text = (const char *)event->data.scalar.value;
    TRY(check_text(b, event, line));
    struct tree_node *first = tree_find(b->container, text);
    if (first) {
        char found[TREE_DESCRIBE_LENGTH_MAX], line_text[128];
        struct tree_node name = { .kind = TREE_SCALAR, .text = text };
        tree_describe(&name, found, sizeof found);
        text_format(line_text, sizeof line_text,
                    "found the key %s again, expected it once (it stands in line %d)", found,
                    first->line);
        return complain(b, line, ERR_DUPLICATE_CODE, line_text);
    }
    if (b->container->count == TREE_KEYS_MAX)
        return complain(b, line, ERR_BAD_VALUE_CODE, "found more keys than the 1024 allowed");
    b->key = arena_copy_text(&b->tree->arena, text);
    b->key_line = line;
    return OK;
}

static struct err on_scalar(struct builder *b, const yaml_event_t *event)
{
    int line = line_of(&event->start_mark);
    if (event->data.scalar.anchor)
        return complain(b, line, ERR_SYNTAX_CODE, "found an anchor, expected a plain value");
    if (event->data.scalar.tag)
        return complain(b, line, ERR_SYNTAX_CODE, "found a tag, expected a plain value");
    if (b->container && b->container->kind == TREE_MAP && !b->key)
        return take_key(b, event, line);
    const char *text = (const char *)event->data.scalar.value;
    TRY(check_text(b, event, line));
    struct tree_node *node;
    TRY(add_node(b, is_null_text(event) ? TREE_NULL : TREE_SCALAR, line, &node));
    if (node->kind == TREE_SCALAR)
        node->text = arena_copy_text(&b->tree->arena, text);
    return OK;
}

static struct err on_open(struct builder *b, const yaml_event_t *event, enum tree_kind kind,
                          const yaml_char_t *anchor, const yaml_char_t *tag)
{
    int line = line_of(&event->start_mark);
    if (anchor)
        return complain(b, line, ERR_SYNTAX_CODE, "found an anchor, expected a plain value");
    if (tag)
        return complain(b, line, ERR_SYNTAX_CODE, "found a tag, expected a plain value");
    if (b->container && b->container->kind == TREE_MAP && !b->key)
        return complain(b, line, ERR_SYNTAX_CODE, "found a list or map as a key, expected a word");
    if (b->depth == TREE_DEPTH_MAX)
        return complain(b, line, ERR_BAD_VALUE_CODE,
                        "found lists and maps more than 32 deep, expected a flatter file");
    struct tree_node *node;
    TRY(add_node(b, kind, line, &node));
    b->container = node;
    b->depth++;
    return OK;
}

static void on_close(struct builder *b)
{
    CHECK(b->container != NULL);
    CHECK(b->key == NULL);
    b->container = b->container->parent;
    b->depth--;
}

static struct err on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT: return OK;
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++)
            return complain(b, line_of(&event->start_mark), ERR_SYNTAX_CODE,
                            "found a second document, expected one per file");
        return OK;
    case YAML_ALIAS_EVENT:
        return complain(b, line_of(&event->start_mark), ERR_SYNTAX_CODE,
                        "found an alias, expected the value itself, written out");
    case YAML_SCALAR_EVENT: return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, event, TREE_LIST, event->data.sequence_start.anchor,
                       event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, event, TREE_MAP, event->data.mapping_start.anchor,
                       event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: on_close(b); return OK;
    }
    IMPOSSIBLE("event of libyaml");
}

/* Line from 0. */
static const char *line_start(const struct builder *b, size_t line)
{
    const char *p = b->text, *end = b->text + b->length;
    for (size_t i = 0; i < line && p < end; i++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
    }
    return p;
}

static bool stands_on(const struct builder *b, const yaml_mark_t *mark, char c)
{
    const char *start = line_start(b, mark->line), *end = b->text + b->length;
    return mark->column < (size_t)(end - start) && start[mark->column] == c;
}

static bool is_indented_by_tab(const struct builder *b, size_t line)
{
    const char *end = b->text + b->length;
    for (const char *p = line_start(b, line); p < end && (*p == ' ' || *p == '\t'); p++)
        if (*p == '\t')
            return true;
    return false;
}

static struct err syntax_error(const struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return complain(b, line_of(&p->mark), ERR_BAD_VALUE_CODE, "found more than memory holds");
    if (p->error == YAML_READER_ERROR)
        return err_note(b->note, ERR_SYNTAX_CODE, "%s: byte %zu: found %s, expected UTF-8 text",
                        b->source, p->problem_offset,
                        p->problem ? p->problem : "something unreadable");
    const yaml_mark_t *at = &p->problem_mark;
    if (is_indented_by_tab(b, at->line))
        return complain(b, line_of(at), ERR_SYNTAX_CODE,
                        "found a tab, expected blanks for indentation");
    if (stands_on(b, at, '>') || (p->context && stands_on(b, &p->context_mark, '>')))
        return complain(b, line_of(at), ERR_SYNTAX_CODE,
                        "found '>' at the start of a value, expected it in quotes or the words "
                        "'at least' or 'above'");
    return err_note(b->note, ERR_SYNTAX_CODE, "%s:%d: found malformed YAML (%s%s%s)", b->source,
                    line_of(at), p->context ? p->context : "", p->context ? ", " : "",
                    p->problem ? p->problem : "unreadable");
}

static struct err build(struct builder *b)
{
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event))
            return syntax_error(b);
        struct err e = on_event(b, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        TRY(e);
    }
    if (!b->root)
        return err_note(b->note, ERR_MISSING_CODE, "%s:1: found an empty file, expected YAML",
                        b->source);
    return OK;
}

struct err tree_read_text(struct tree *tree, const char *source, const char *text, size_t length,
                          struct note *note)
{
    size_t mark = input_mark_length(text, length);
    struct builder b = { .tree = tree, .text = text + mark, .length = length - mark, .note = note };
    b.source = arena_copy_text(&tree->arena, source);
    if (length > TREE_BYTES_MAX)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: found %zu bytes, expected at most 16 MiB",
                        source, length);
    CHECK(yaml_parser_initialize(&b.parser));
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)b.text, b.length);
    struct err e = build(&b);
    yaml_parser_delete(&b.parser);
    TRY(e);
    tree->root = b.root;
    return tree_flatten_configs(tree, b.root, note);
}

/* The whole of a file, which the caller frees. */
static struct err read_all(const char *path, char **out, size_t *length, struct note *note)
{
    FILE *file;
    long long size;
    TRY(input_open(path, &file, &size, note));
    if (size > TREE_BYTES_MAX) {
        fclose(file);
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: cannot be read: found %lld bytes, expected at most 16 MiB", path,
                        size);
    }
    char *text = mem_create((size_t)size + 1);
    *length = fread(text, 1, (size_t)size, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        mem_destroy(text);
        return err_note(note, ERR_IO_CODE, "%s: cannot be read: input error", path);
    }
    *out = text;
    return OK;
}

struct err tree_read_file(struct tree *tree, const char *path, struct note *note)
{
    char *text = NULL;
    size_t length = 0;
    TRY(read_all(path, &text, &length, note));
    struct err e = tree_read_text(tree, path, text, length, note);
    mem_destroy(text);
    return e;
}
