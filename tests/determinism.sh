#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Same scenario, same bytes. Runs each scenario with the weir of build folder $1, then again with
# the same binary, with dirtied memory and another time zone and locale, and with binaries of both
# compilers at -O0 and -O3. On a difference it prints the first line of the event log that differs.
# SCENARIOS="scenarios/a scenarios/b" restricts it. Exit code 1: something differed.
set -u
build=$1
out=$build/determinism
make=${MAKE:-make}
jobs=$(getconf _NPROCESSORS_ONLN)
passed=0
failed=0

if [ -z "${SCENARIOS:-}" ]; then
    SCENARIOS=$(for f in scenarios/*/scenario.yaml scenarios/programs/*/scenario.yaml; do [ -f "$f" ] && dirname "$f"; done)
fi

variants=
for compiler in gcc clang; do
    for level in -O0 -O3; do
        MAKEFLAGS= "$make" -s -j"$jobs" --no-print-directory B="$build/$compiler$level" CC="$compiler" OPT="$level" \
            SAN= all || exit 1
        variants="$variants $compiler$level"
    done
done

fingerprint() {
    sed -n 's/.*"fingerprint": *"\([^"]*\)".*/\1/p' "$1/summary.json"
}

# run BINARY SCENARIO FOLDER [NAME=VALUE...]: false when the run fails or leaves no fingerprint.
run() {
    binary=$1 scenario=$2 folder=$3
    shift 3
    rm -rf "$folder" && mkdir -p "$(dirname "$folder")"
    env "$@" "$binary" run "$scenario" --out "$folder" --quiet < /dev/null || return 1
    [ -n "$(fingerprint "$folder")" ] || { echo "no fingerprint in $folder/summary.json"; return 1; }
}

# compare SCENARIO VARIANT: the variant's folder against the first run's.
compare() {
    a=$out/first b=$out/$2
    if [ "$(fingerprint "$a")" = "$(fingerprint "$b")" ] &&
        cmp -s "$a/events.jsonl" "$b/events.jsonl" && cmp -s "$a/metrics.csv" "$b/metrics.csv"; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $1: '$2' differs from the first run"
    awk -v other="$b/events.jsonl" '
        (getline line < other) <= 0 { line = "(nothing)" }
        line != $0 { print "  line " NR ", first: " $0; print "  line " NR ", then:  " line; exit }
    ' "$a/events.jsonl"
}

# check SCENARIO VARIANT BINARY [NAME=VALUE...]
check() {
    scenario=$1 variant=$2 binary=$3
    shift 3
    if run "$binary" "$scenario" "$out/$variant" "$@"; then
        compare "$scenario" "$variant"
    else
        failed=$((failed + 1))
        echo "FAILED $scenario: '$variant' did not run"
    fi
    rm -rf "${out:?}/$variant"
}

for s in $SCENARIOS; do
    if ! run "$build/weir" "$s" "$out/first"; then
        failed=$((failed + 1))
        echo "FAILED $s: did not run"
        continue
    fi
    check "$s" again "$build/weir"
    check "$s" dirty "$build/weir" MALLOC_PERTURB_=165 TZ=Asia/Kathmandu LC_ALL=C.UTF-8
    for v in $variants; do
        check "$s" "$v" "$build/$v/weir"
    done
done
rm -rf "$out"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
