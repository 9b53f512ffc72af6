#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs tests/traces/*.yaml, which read original recordings of loads and of spot machines from
# ../shared/traces, with the command $1 (default: build/weir), and prints one table. The recordings
# are no part of the project: without them it says "skipped" and is content, unless CI=true, where a
# check that quietly does nothing is a failure. Exit code 1: an expectation did not hold, or a run
# failed.
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.." || exit 2
weir=${1:-build/weir}
row='%-26s %9s %7s %9s %9s %10s  %s\n'

if [ ! -d ../shared/traces ]; then
    if [ "${CI:-}" = true ]; then
        echo "demo-traces: failed: ../shared/traces is not there" >&2
        exit 1
    fi
    echo "demo-traces: skipped: the original recordings, ../shared/traces, are not there"
    exit 0
fi
summary=$(mktemp) || exit 2
trap 'rm -f "$summary"' EXIT
trap 'exit 130' INT TERM

# One figure out of the summary, which has a line for each: KEY at the top, or METRIC STATISTIC.
figure() {
    awk -v key="\"$1\":" -v part="${2:+\"$2\":}" '
        part == "" && $1 == key { print $2 + 0; exit }
        part != "" && $1 == key { inside = 1; next }
        inside && $1 == part { print $2 + 0; exit }
    ' "$summary"
}

said_seconds() {
    awk -v s="$1" 'BEGIN {
        if (s == 0) printf "0 s"
        else if (s < 1) printf "%.0f ms", s * 1000
        else if (s < 120) printf "%.1f s", s
        else if (s < 7200) printf "%.0f min", s / 60
        else if (s < 172800) printf "%.1f h", s / 3600
        else printf "%.0f d", s / 86400
    }'
}

said_count() {
    awk -v n="$1" 'BEGIN { if (n < 1e6) printf "%.0f k", n / 1e3; else printf "%.2f M", n / 1e6 }'
}

failed=0
# shellcheck disable=SC2059
printf "$row" scenario simulated wall events 'lag p99' cost ''
for file in tests/traces/*.yaml; do
    name=$(basename "$file" .yaml)
    began=$(date +%s%N)
    "$weir" run "$file" --json > "$summary"
    code=$?
    wall=$(awk -v from="$began" -v to="$(date +%s%N)" 'BEGIN { print (to - from) / 1e9 }')
    case $code in
    0) word=held ;;
    1) word=FAILED ;;
    *) word="exit code $code" ;;
    esac
    [ "$code" -eq 0 ] || failed=$((failed + 1))
    [ "$code" -le 1 ] || : > "$summary"
    # shellcheck disable=SC2059
    printf "$row" "$name" "$(said_seconds "$(figure duration_s)")" "$(said_seconds "$wall")" \
        "$(said_count "$(figure events)")" "$(said_seconds "$(figure lag_seconds p99)")" \
        "$(awk -v cost="$(figure cost value)" 'BEGIN { printf "%.2f", cost }')" "$word"
done
echo
echo "Pictures of one: $weir run tests/traces/worldcup98.yaml --out out/worldcup98"
[ "$failed" -eq 0 ] || { echo "$failed failed" >&2; exit 1; }
