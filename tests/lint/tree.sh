#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What can be seen from where files lie: nothing is orphaned, nothing points to nowhere. In: the
# tree it is started in. Out: "file: rule: what is wrong and what to do"; exit code 1 on a finding.
set -u
status=0

found() {
    echo "$1"
    status=1
}

# Every source is compiled by the Makefile: all of core/ and sim/, and four folders of tests/.
for f in $(find . -name '*.c' -not -path './build*' -not -path './.git/*' | sed 's,^\./,,' | sort); do
    case $f in
    core/*/*.c | sim/*/*.c | tests/lib/*.c | tests/programs/*.c | scenarios/programs/*/*.c) ;;
    tests/unit/test_*.c | tests/bench/bench_*.c | tests/bench/bench.c | tests/fuzz/fuzz_*.c) ;;
    *) found "$f: orphan: no target compiles it; see docs/architecture.md for where it belongs" ;;
    esac
done

for f in $(find core sim tests -name '*.h' | sort); do
    grep -rqF --include='*.[ch]' "\"$f\"" core sim tests ||
        found "$f: orphan: nobody includes it; include it where it is needed, or remove it"
done

for f in $(find core sim tests -name '*.[ch]' | sort); do
    [ -z "$(tail -c 1 "$f")" ] || found "$f: line-end: the last line does not end with a line feed"
done

for f in tests/unit/test_*.c; do
    [ -f "$f" ] || continue
    suite=$(basename "$f" .c)_suite
    grep -q "^Suite \*$suite(void)\$" "$f" ||
        found "$f: no-suite: define 'Suite *$suite(void)', or its tests never run"
done

for f in tests/fuzz/fuzz_*.c; do
    [ -f "$f" ] || continue
    seeds=tests/fuzz/corpus/$(basename "$f" .c | sed 's/^fuzz_//')
    [ -n "$(ls "$seeds" 2> /dev/null)" ] ||
        found "$f: no-seeds: put small valid inputs into $seeds/, or it fuzzes in the dark"
done

# A folder of scenarios, or of a group of such folders.
for d in scenarios/*/ scenarios/*/*/; do
    [ -d "$d" ] || continue
    [ ! -f "$d../scenario.yaml" ] || continue # what belongs to a scenario
    [ -f "${d}scenario.yaml" ] || [ -n "$(ls "$d"*/scenario.yaml 2> /dev/null)" ] ||
        found "$d: scenario: it has no scenario.yaml, so nothing runs it"
    [ ! -f "${d}scenario.yaml" ] || [ -f "${d}expected.json" ] ||
        found "$d: golden: nothing holds its results; weir test $d --update-golden"
    [ -f "${d}README.md" ] || found "$d: scenario: README.md must say which question it answers"
done

for f in $(find .ci tests -type f \( -name '*.sh' -o -path '.ci/*' \) | sort); do
    sh -n "$f" 2> /dev/null || found "$f: shell: it does not parse; sh -n $f"
    sed -n 2p "$f" | grep -qx '# SPDX-License-Identifier: Apache-2.0' ||
        found "$f: spdx: its second line is not the licence"
    [ -x "$f" ] || found "$f: shell: it cannot be executed; chmod +x $f"
done

# Links of the documents to files beside them.
for f in $(find . -name '*.md' -not -path './build*' -not -path './.git/*' -not -path './out/*' |
    sed 's,^\./,,' | sort); do
    for link in $(sed -n 's/](/\n](/gp' "$f" | sed -n 's/^](\([^) #]*\).*/\1/p'); do
        case $link in
        *://* | mailto:*) ;;
        *) [ -e "$(dirname "$f")/$link" ] || found "$f: link: '$link' leads nowhere" ;;
        esac
    done
    awk -v file="$f" '/\/work\/|\.\.\/shared|(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)/ {
        print file ":" NR ": text: a path of one machine, or a marker of unfinished work"; bad = 1
    } END { exit bad }' "$f" || status=1
done

# Pages that are named without a link.
for page in $(grep -rhoE --exclude-dir=lint 'docs/[a-z0-9/-]+\.md' core sim tests docs ./*.md \
    2> /dev/null | sort -u); do
    [ -f "$page" ] || found "$page: page: it is named somewhere and is not there; grep -rn $page ."
done

exit $status
