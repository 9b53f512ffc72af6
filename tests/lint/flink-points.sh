#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docs/flink-points.md says of each rule where it is in the code and which test holds it. In: that
# page, the tree it is started in. Out: a line for each file, function or test that is not there, and
# for each row that names neither a test nor a reason; exit code 1 on one.
set -eu
page=docs/flink-points.md
names=$(mktemp)
trap 'rm -f "$names"' EXIT
sed -n 's/^START_TEST(\(.*\))$/\1/p' tests/unit/test_*.c > "$names"

awk -F'|' -v page=$page -v names="$names" '
function found(what) { print page ":" NR ": point: " what; bad = 1 }
function there(path,    line) {
    if (path in text)
        return text[path] != ""
    while ((getline line < path) > 0)
        text[path] = text[path] line "\n"
    close(path)
    return (text[path] != "")
}
BEGIN { while ((getline line < names) > 0) test[line] = 1 }
NF != 5 || $2 ~ /^( point |---)/ { next }
{
    rows++
    file = ""
    count = split($3, word, "`")
    for (i = 2; i <= count && $3 !~ /not in scope/; i += 2) {
        if (word[i] ~ /^(core|sim)\/.*\/$/)
            file = ""                                   # a folder
        else if (word[i] ~ /^(core|sim)\//) {
            file = word[i]
            if (!there(file))
                found("no file " file)
        } else if (file == "" || !match(text[file], "(^|[^A-Za-z0-9_])" word[i] "[^A-Za-z0-9_]"))
            found("no " word[i] " in " (file == "" ? "any file before it" : file))
    }
    if (count < 3 && $3 !~ /not in scope/)
        found("it says neither where nor why not")
    count = split($4, word, "`")
    for (i = 2; i <= count; i += 2)
        if (!(word[i] in test))
            found("no test " word[i])
    if (count < 3 && $3 !~ /not in scope/)
        found("no test holds it")
}
END {
    if (rows == 0)
        found("no row could be read")
    exit bad
}' $page
