# SPDX-License-Identifier: Apache-2.0
#
# Sums the closing lines of the parts in a log of run-all.sh. In: "== NAME" before and
# "== exit CODE" after each part. Out: "N passed, N failed, N skipped"; exit code 1 on a failure.

/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
    gsub(/[^0-9 ]/, "")
    split($0, n, " ")
    count(n[2] - n[3] - n[4], n[3] + n[4], 0)
}

/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { count($1, $3, $5) }

/^== exit [0-9]+$/ {
    # A part must account for its exit code: dying half-way, or in silence, is a failure too.
    if (!is_counted || ($3 != 0 && !part_failed))
        failed++
    is_counted = part_failed = 0
}

END {
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
}

function count(p, f, s) {
    passed += p
    failed += f
    skipped += s
    part_failed += f
    is_counted = 1
}
