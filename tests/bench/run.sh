#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the bench programs named, under one table header. Each prints its own lines (bench.h). Ends
# with 1 when one of them has found a quadratic path; a missed limit only shows in its ratio.
set -u
failed=0
printf '%-52s %12s %12s %7s  %s\n' 'bench' 'ours' 'yardstick' 'ratio' 'median of'
for bench; do
    "$bench" || failed=1
done
exit $failed
