#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every part of `make test` from build folder $1 and sums them up. A part ends with Check's
# closing line or with "N passed, N failed", perhaps with ", N skipped"; one that dies or says
# nothing counts as one failure. Out: the parts' own words, then one plain line; exit code 1 when anything failed.
set -u
build=$1
log=$build/tests/log
mkdir -p "$build/tests" && : > "$log"

part() {
    name=$1
    shift
    { echo "== $name"; "$@" 2>&1 < /dev/null; echo "== exit $?"; } | tee -a "$log" |
        sed '/^== exit [0-9]*$/d'
}

part "unit tests" "$build/tests/unit"
part "examples" tests/examples.sh "$build/weir"
part "pictures" tests/pictures.sh "$build/weir"
part "installed" tests/install.sh "$build"
part "scenarios" "$build/weir" test scenarios --junit "$build/tests/scenarios.xml"

awk -f tests/sum.awk "$log"
