# SPDX-License-Identifier: Apache-2.0
#
# What the objects need and offer. In: `nm -A -f sysv` of all objects of core, sim and tests;
# allowed-symbols.txt by -v allowed, the folder of the objects by -v objects. Out: a line per
# finding: a core object that calls what is not on the list (outside-call), or that keeps data a run
# can change (mutable-data); a function nobody outside its file uses (unused); a unit test file that
# offers more than its suite (suite). Exit code 1 on one.

BEGIN {
    FS = "|"
    while ((getline line < allowed) > 0) {
        sub(/#.*/, "", line)
        n = split(line, word, " ")
        if (n)
            may[word[1]] = n > 1 ? word[2] : "*"
    }
    remedy["outside-call"] = "The core gets time, randomness and memory handed in; see tests/lint/allowed-symbols.txt."
    remedy["mutable-data"] = "State belongs in the structs of a node; tables are static const."
    remedy["suite"] = "tests/unit/NAME.c offers NAME_suite and nothing else; helpers are static or in tests/lib."
    remedy["unused"] = "Make it static, or remove it and its test."
}

NF >= 7 {
    at = index($1, ":")
    file = substr($1, length(objects) + 2, at - length(objects) - 2)
    sub(/\.o$/, ".c", file)
    symbol = trim(substr($1, at + 1))
    class = trim($3)
    section = trim($7)
    if (class == "U") {
        uses[symbol] = uses[symbol] " " file
    } else {
        if (file ~ /^core\// && section ~ /^(\.bss|\.tbss|\.tdata|\*COM\*|\.data$|\.data\.[^r]|\.data\.rel($|\.local$))/)
            found("mutable-data", file, "'" symbol "' is in " section)
        if (class ~ /^[A-Z]$/)
            check_suite(symbol)
        if (class ~ /^[A-Z]$/)
            offers[symbol] = file
    }
}

END {
    for (symbol in uses)
        check_uses(symbol)
    for (symbol in offers)
        if (offers[symbol] ~ /^(core|sim)\// && symbol != "main")
            check_offer(symbol)
    if (only_tests)
        print "functions of core/ and sim/ that only tests use: " only_tests
    for (rule in broken)
        printf "  %s: %s\n", rule, remedy[rule]
    exit found_any
}

function trim(text) {
    gsub(/^ +| +$/, "", text)
    return text
}

function found(rule, file, what) {
    print file ": " rule ": " what
    broken[rule] = found_any = 1
}

function check_suite(symbol,    suite) {
    suite = file
    gsub(/^tests\/unit\/|\.c$/, "", suite)
    if (file ~ /^tests\/unit\// && symbol != suite "_suite")
        found("suite", file, "'" symbol "' is not static")
}

function check_uses(symbol,    n, file, i) {
    if (symbol == "_GLOBAL_OFFSET_TABLE_" || offers[symbol] ~ /^core\//)
        return
    n = split(uses[symbol], file, " ")
    for (i = 1; i <= n; i++)
        if (file[i] ~ /^core\// && may[symbol] != "*" && may[symbol] != file[i])
            found("outside-call", file[i], "calls '" symbol "'")
}

# What weir.h offers is used by programs, which are not here.
function check_offer(symbol) {
    if (symbol ~ /^weir_/)
        return
    if (!(symbol in uses))
        found("unused", offers[symbol], "nobody else uses '" symbol "'")
    else if (uses[symbol] !~ / (core|sim)\//)
        only_tests = only_tests " " symbol
}
