#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# All of lint on the tree it is started in, with the objects of build folder $1. Runs every check
# even when an earlier one has found something. Exit code 1: something was found.
set -u
build=$1
status=0
here=tests/lint
sources=$(find core sim tests -name '*.[ch]' | sort)

step() {
    "$@" || status=1
}

symbols() {
    # Of sources that still exist only; the build folder may remember removed ones.
    for f in $sources; do
        [ -f "$build/obj/${f%.c}.o" ] && [ "${f%.c}" != "$f" ] && echo "$build/obj/${f%.c}.o"
    done | xargs nm -A -f sysv |
        awk -v allowed=$here/allowed-symbols.txt -v objects="$build/obj" -f $here/symbols.awk
}

step awk -v table=$here/include-table.txt -f $here/includes.awk $sources
step awk -v rules=$here/rules.txt -v exempt=$here/exempt.txt -f $here/source.awk $sources
step symbols
step $here/tree.sh
step $here/flink-points.sh
step $here/cppcheck.sh
[ $status -eq 0 ] && echo "lint: nothing found"
exit $status
