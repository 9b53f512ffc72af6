/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/tree*.c: what YAML is taken and refused, where nodes stand, overlays and paths.
 */
#include "sim/load/tree.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct tree tree;

static void setup(void)
{
    tree_init(&tree);
}

static void teardown(void)
{
    tree_fini(&tree);
}

static void parse(const char *text)
{
    struct note note = { "" };
    struct err e = tree_read_text(&tree, "f.yaml", text, strlen(text), &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

static const char *complaint(const char *text, size_t length)
{
    static struct note note;
    note.text[0] = '\0';
    struct err e = tree_read_text(&tree, "f.yaml", text, length, &note);
    ck_assert_msg(err_is(e), "taken: %s", text);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    return note.text;
}

/* A tree as one line of JSON-like text, to compare whole trees. */
static size_t show(const struct tree_node *node, char *out, size_t size)
{
    size_t used = 0;
    const char *separator = "";
    switch (node->kind) {
    case TREE_NULL: return (size_t)snprintf(out, size, "null");
    case TREE_SCALAR: return (size_t)snprintf(out, size, "%s", node->text);
    case TREE_LIST:
    case TREE_MAP:
        used += (size_t)snprintf(out, size, node->kind == TREE_LIST ? "[" : "{");
        for (const struct tree_node *child = node->first; child; child = child->next) {
            used += (size_t)snprintf(out + used, size - used, "%s%s%s", separator,
                                     child->key ? child->key : "", child->key ? ":" : "");
            used += show(child, out + used, size - used);
            separator = ",";
        }
        return used +
               (size_t)snprintf(out + used, size - used, node->kind == TREE_LIST ? "]" : "}");
    case TREE_KIND_COUNT: break;
    }
    ck_abort();
    return 0;
}

static const char *shown(void)
{
    static char text[1024];
    show(tree.root, text, sizeof text);
    return text;
}

static void set(const char *path, const char *value)
{
    struct note note = { "" };
    bool removed;
    struct err e = tree_set(&tree, path, value, &removed, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

static const char *set_complaint(const char *path, const char *value)
{
    static struct note note;
    bool removed;
    ck_assert(err_is(tree_set(&tree, path, value, &removed, &note)));
    return note.text;
}

static void overlay(const char *base, const char *over)
{
    struct note note = { "" };
    parse(base);
    struct tree_node *root = tree.root;
    parse(over);
    const struct tree_node *upper = tree.root;
    tree.root = root;
    struct err e = tree_overlay(&tree, root, upper, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    tree_drop_removed(root);
}

START_TEST(tree_takes_scalars_lists_and_maps)
{
    parse("a: 1\nb: [x, 'y z', \"w\"]\nc:\n  d: ~\n  e:\n  f: null\n  g: 'null'\n");
    ck_assert_str_eq(shown(), "{a:1,b:[x,y z,w],c:{d:null,e:null,f:null,g:null}}");
    const struct tree_node *c = tree_find(tree.root, "c");
    ck_assert_int_eq(tree_find(c, "f")->kind, TREE_NULL);
    ck_assert_int_eq(tree_find(c, "g")->kind, TREE_SCALAR); /* quoted: a text */
    ck_assert_int_eq(tree_find(c, "g")->line, 7);
    ck_assert_ptr_null(tree_find(c, "h"));
    ck_assert_str_eq(tree_at(tree_find(tree.root, "b"), 1)->text, "y z");
    ck_assert_ptr_null(tree_at(tree_find(tree.root, "b"), 3));
}
END_TEST

START_TEST(tree_takes_json)
{
    parse("{\n\t\"a\": 1.5,\n\t\"b\": [true, null, {\"c\": \"d\\u00e9\"}]\n}\n");
    ck_assert_str_eq(shown(), "{a:1.5,b:[true,null,{c:d\xc3\xa9}]}");
}
END_TEST

START_TEST(tree_goes_past_a_byte_order_mark)
{
    parse("\xef\xbb\xbf"
          "a: 1\nb: x\n");
    ck_assert_str_eq(shown(), "{a:1,b:x}");
}
END_TEST

START_TEST(tree_takes_an_edge_as_a_map_of_one)
{
    parse("edges: [ source -> count: hash, a -> b ]");
    ck_assert_str_eq(shown(), "{edges:[{source -> count:hash},a -> b]}");
}
END_TEST

START_TEST(tree_says_where_a_node_stands)
{
    char path[TREE_PATH_LENGTH_MAX];
    parse("jobs:\n  - name: clicks\n    edges:\n      - a\n      - b\n");
    const struct tree_node *job = tree_find_named(tree_find(tree.root, "jobs"), "clicks");
    tree_path(tree_at(tree_find(job, "edges"), 1), path);
    ck_assert_str_eq(path, "jobs.clicks.edges.1");
    tree_path(tree.root, path);
    ck_assert_str_eq(path, "");
}
END_TEST

START_TEST(tree_describes_what_it_found_on_one_short_line)
{
    char text[TREE_DESCRIBE_LENGTH_MAX];
    parse(
        "a: \"x\\ny\"\nb: 123456789012345678901234567890123456789012345678901234567890123456789\n");
    tree_describe(tree_find(tree.root, "a"), text, sizeof text);
    ck_assert_str_eq(text, "'x y'");
    tree_describe(tree_find(tree.root, "b"), text, sizeof text);
    ck_assert_uint_lt(strlen(text), sizeof text);
    ck_assert_str_eq(text + strlen(text) - 4, "...'");
}
END_TEST

static const struct refused {
    const char *text, *complaint;
} refused[] = {
    { "", "f.yaml:1: found an empty file, expected YAML" },
    { "# nothing\n", "f.yaml:1: found an empty file, expected YAML" },
    { "a: 1\nb:\n  c: 2\n  c: 3\n",
      "f.yaml:4: b: found the key 'c' again, expected it once (it stands in line 3)" },
    { "config:\n  a.b: 2\n  a:\n    b: 3\n",
      "f.yaml:4: config.a.b: found the key 'a.b' again, expected it once (it stands in line 2)" },
    { "a: &x 1\nb: *x\n", "f.yaml:1: found an anchor, expected a plain value" },
    { "a: &x [1]\n", "f.yaml:1: found an anchor, expected a plain value" },
    { "a: *x\n", "f.yaml:1: found an alias, expected the value itself, written out" },
    { "a: {<<: *x}\n", "f.yaml:1: a: found an alias, expected the value itself, written out" },
    { "a: !!str 1\n", "f.yaml:1: found a tag, expected a plain value" },
    { "a: !x [1]\n", "f.yaml:1: found a tag, expected a plain value" },
    { "a: 1\n---\nb: 2\n", "f.yaml:2: found a second document, expected one per file" },
    { "[a]: 1\n", "f.yaml:1: found a list or map as a key, expected a word" },
    { "a:\n\tb: 1\n", "f.yaml:2: found a tab, expected blanks for indentation" },
    { "a: >= 2\n",
      "f.yaml:1: found '>' at the start of a value, expected it in quotes or the words 'at least' "
      "or 'above'" },
    { "a: { b: >= 2 }\n", "f.yaml:1: a: found '>' at the start of a value, expected it in quotes "
                          "or the words 'at least' "
                          "or 'above'" },
    { "a: [1, 2\n",
      "f.yaml:2: found malformed YAML (while parsing a flow sequence, did not find expected ',' or "
      "']')" },
    { "a: \"x\\0y\"\n", "f.yaml:1: found the control character 0x00, expected text" },
    { "a: \"x\\x1b[31m\"\n", "f.yaml:1: found the control character 0x1b, expected text" },
    { "\"\\x9b\": y\n", "f.yaml:1: found the control character 0x9b, expected text" },
    { "a: 1\nb \xff: 2\n",
      "f.yaml: byte 7: found invalid leading UTF-8 octet, expected UTF-8 text" },
};

START_TEST(tree_refuses_with_one_line)
{
    const struct refused *row = &refused[_i];
    ck_assert_str_eq(complaint(row->text, strlen(row->text)), row->complaint);
}
END_TEST

START_TEST(tree_refuses_what_is_too_deep)
{
    char text[TREE_DEPTH_MAX + 2];
    memset(text, '[', sizeof text);
    ck_assert_str_eq(complaint(text, sizeof text),
                     "f.yaml:1: 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0: "
                     "found lists and maps more than 32 deep, expected a flatter file");
}
END_TEST

START_TEST(tree_refuses_more_nodes_than_the_limit)
{
    size_t count = TREE_NODES_MAX + 10, length = 0;
    char *text = mem_create(2 * count + 8);
    text[length++] = '[';
    for (size_t i = 0; i < count; i++) {
        text[length++] = '1';
        text[length++] = ',';
    }
    text[length++] = ']';
    ck_assert_str_eq(complaint(text, length),
                     "f.yaml:1: found more values than the 500000 allowed");
    mem_destroy(text);
}
END_TEST

START_TEST(tree_refuses_more_keys_than_the_limit)
{
    char *text = mem_create((TREE_KEYS_MAX + 2) * 16);
    size_t length = 0;
    for (int i = 0; i <= TREE_KEYS_MAX; i++)
        length += (size_t)snprintf(text + length, 16, "k%d: 1\n", i);
    ck_assert_str_eq(complaint(text, length), "f.yaml:1025: found more keys than the 1024 allowed");
    mem_destroy(text);
}
END_TEST

START_TEST(overlay_merges_replaces_and_removes)
{
    overlay("a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\nd: 4\n",
            "a: {y: 5, z: 6}\nb: [7]\nc: null\ne: {f: 1}");
    ck_assert_str_eq(shown(), "{a:{x:1,y:5,z:6},b:[7],d:4,e:{f:1}}");
}
END_TEST

START_TEST(overlay_reaches_items_of_a_list_by_name_and_number)
{
    overlay("jobs: [{name: a, load: 1}, {name: b, load: 2}, 5]",
            "jobs: {b: {load: 3}, 0: {at: 7}, 2: 6}");
    ck_assert_str_eq(shown(), "{jobs:[{name:a,load:1,at:7},{name:b,load:3},6]}");
    overlay("jobs: [1, 2, 3]", "jobs: {1: null}");
    ck_assert_str_eq(shown(), "{jobs:[1,3]}");
    overlay("jobs: [1, 2, 3]", "jobs: {0: null, 1: null}");
    ck_assert_str_eq(shown(), "{jobs:[3]}");
}
END_TEST

START_TEST(overlay_turns_a_scalar_into_a_map_and_back)
{
    overlay("a: 1\nb: {c: 2}", "a: {d: 3}\nb: 4");
    ck_assert_str_eq(shown(), "{a:{d:3},b:4}");
}
END_TEST

START_TEST(overlay_refuses_an_item_that_is_not_there)
{
    struct note note;
    parse("jobs:\n  - {name: a}\n");
    struct tree_node *root = tree.root;
    parse("\njobs: {b: {load: 3}}");
    ck_assert(err_is(tree_overlay(&tree, root, tree.root, &note)));
    ck_assert_str_eq(note.text,
                     "f.yaml:2: jobs.b: found no item of that name or number in the list "
                     "of line 1");
}
END_TEST

START_TEST(overlay_can_be_laid_twice)
{
    struct note note;
    parse("a: {x: 1}\n");
    struct tree_node *root = tree.root;
    parse("a: {y: {z: 2}}");
    const struct tree_node *over = tree.root;
    tree.root = root;
    ck_assert(!err_is(tree_overlay(&tree, root, over, &note)));
    ck_assert(!err_is(tree_overlay(&tree, root, over, &note)));
    ck_assert_str_eq(shown(), "{a:{x:1,y:{z:2}}}");
}
END_TEST

START_TEST(set_puts_values_at_paths)
{
    parse("jobs: [{name: clicks, load: {scale: 1}}]\nconfig: {a.b: 1}\n");
    set("jobs.clicks.load.scale", "40");
    set("jobs.0.at", "5s");
    set("config.scheduler-mode", "reactive");
    set("config.a.b", "2");
    set("config.execution.checkpointing.interval", "30s");
    set("cluster.task-manager", "{ cores: 4 }");
    ck_assert_str_eq(shown(), "{jobs:[{name:clicks,load:{scale:40},at:5s}],"
                              "config:{a.b:2,scheduler-mode:reactive,"
                              "execution.checkpointing.interval:30s},"
                              "cluster:{task-manager:{cores:4}}}");
    char path[TREE_PATH_LENGTH_MAX];
    const struct tree_node *machine = tree_find(tree_find(tree.root, "cluster"), "task-manager");
    tree_path(tree_find(machine, "cores"), path);
    ck_assert_str_eq(path, "cluster.task-manager.cores");
}
END_TEST

/* Numbers are those of the file, whatever is taken away, and what is taken away stays so. */
START_TEST(set_takes_items_out_of_lists)
{
    parse("l: [0, 1, 2, {name: three, x: 3}]\nm: [5]\nk: 1\n");
    set("l.0", "null");
    set("l.1", "~");
    set("l.three", "null");
    set("l.three.x", "4");
    set("l.0", "7");
    set("m.0", "null");
    set("k", "null");
    tree_drop_removed(tree.root);
    ck_assert_str_eq(shown(), "{l:[2],m:[],k:null}");
    ck_assert_str_eq(set_complaint("l.9", "null"),
                     "--set l.9=null: found no item '9' in the list, expected its name or number");
}
END_TEST

START_TEST(set_takes_an_empty_value_as_empty_text)
{
    parse("a: 1");
    set("a", "");
    ck_assert_int_eq(tree_find(tree.root, "a")->kind, TREE_SCALAR);
    ck_assert_str_eq(tree_find(tree.root, "a")->text, "");
}
END_TEST

START_TEST(set_prefers_a_key_that_has_dots)
{
    parse("x: {a.b: {c: 1}, a: {b: 2}}");
    set("x.a.b.c", "3");
    ck_assert_str_eq(shown(), "{x:{a.b:{c:3},a:{b:2}}}");
}
END_TEST

START_TEST(set_refuses_paths_that_lead_nowhere)
{
    parse("a: 1\nl: [1]\n");
    ck_assert_str_eq(set_complaint("a.b", "2"),
                     "--set a.b=2: found 'b' below the single value 'a'");
    ck_assert_str_eq(set_complaint("l.x", "2"),
                     "--set l.x=2: found no item 'x' in the list, expected its name or number");
    ck_assert_str_eq(set_complaint("l..b", "2"), "--set l..b=2: found an empty step in the path");
    ck_assert_str_eq(set_complaint("", "2"), "--set =2: found no key, expected --set KEY=VALUE");
    ck_assert_str_eq(set_complaint("a.", "2"), "--set a.=2: found an empty step in the path");
    ck_assert_str_eq(
        set_complaint("a", "[1"),
        "--set a=[1:2: found malformed YAML (while parsing a flow sequence, did not find expected "
        "',' or ']')");
}
END_TEST

/* As Flink reads its config.yaml; not elsewhere. */
START_TEST(nested_configuration_is_made_flat)
{
    parse("config: {a.b: 1, execution: {checkpointing: {interval: 10s, mode: x}, p: 2}}\n"
          "jobs: [ {config: {c: {d: [1]}, e: null}} ]\n"
          "compare: {v: {config: {execution.checkpointing: {interval: 1s}}}, w: {x: {y: 1}}}\n");
    ck_assert_str_eq(
        shown(), "{config:{a.b:1,execution.checkpointing.interval:10s,"
                 "execution.checkpointing.mode:x,execution.p:2},jobs:[{config:{c.d:[1],e:null}}],"
                 "compare:{v:{config:{execution.checkpointing.interval:1s}},w:{x:{y:1}}}}");
    set("config.execution.checkpointing.interval", "5s");
    ck_assert_str_eq(
        tree_find(tree_find(tree.root, "config"), "execution.checkpointing.interval")->text, "5s");
    set("config", "{a: {b: {c: 3}}}");
    ck_assert_str_eq(tree_find(tree_find(tree.root, "config"), "a.b.c")->text, "3");
}
END_TEST

Suite *test_load_tree_suite(void)
{
    Suite *suite = suite_create("load_tree");
    TCase *tcase = tcase_create("tree");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tree_takes_scalars_lists_and_maps);
    tcase_add_test(tcase, tree_takes_json);
    tcase_add_test(tcase, tree_goes_past_a_byte_order_mark);
    tcase_add_test(tcase, nested_configuration_is_made_flat);
    tcase_add_test(tcase, tree_takes_an_edge_as_a_map_of_one);
    tcase_add_test(tcase, tree_says_where_a_node_stands);
    tcase_add_test(tcase, tree_describes_what_it_found_on_one_short_line);
    tcase_add_loop_test(tcase, tree_refuses_with_one_line, 0,
                        (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tcase, tree_refuses_what_is_too_deep);
    tcase_add_test(tcase, tree_refuses_more_nodes_than_the_limit);
    tcase_add_test(tcase, tree_refuses_more_keys_than_the_limit);
    tcase_add_test(tcase, overlay_merges_replaces_and_removes);
    tcase_add_test(tcase, overlay_reaches_items_of_a_list_by_name_and_number);
    tcase_add_test(tcase, overlay_turns_a_scalar_into_a_map_and_back);
    tcase_add_test(tcase, overlay_refuses_an_item_that_is_not_there);
    tcase_add_test(tcase, overlay_can_be_laid_twice);
    tcase_add_test(tcase, set_puts_values_at_paths);
    tcase_add_test(tcase, set_takes_an_empty_value_as_empty_text);
    tcase_add_test(tcase, set_takes_items_out_of_lists);
    tcase_add_test(tcase, set_prefers_a_key_that_has_dots);
    tcase_add_test(tcase, set_refuses_paths_that_lead_nowhere);
    suite_add_tcase(suite, tcase);
    return suite;
}
