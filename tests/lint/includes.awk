# SPDX-License-Identifier: Apache-2.0
#
# Who includes whom. In: the sources; include-table.txt by -v table. Out: "file:line: rule: what"
# per finding and, once per rule, what to do; exit code 1 on a finding. Also checks the table
# itself: the core's folders must form rings, so none may reach itself through others.

BEGIN {
    while ((getline line < table) > 0) {
        sub(/#.*/, "", line)
        if (line !~ /:/)
            continue
        folder = line
        sub(/:.*/, "", folder)
        sub(/^[^:]*:/, "", line)
        n = split(line, word, " ")
        known[folder] = 1
        for (i = 1; i <= n; i++)
            may[folder, word[i]] = 1
    }
    check_rings()
    n = split("yaml.h jansson.h check.h libxml/", word, " ")
    for (i = 1; i <= n; i++)
        third[word[i]] = 1
    n = split("stdarg.h stdbool.h stddef.h stdint.h inttypes.h limits.h string.h", word, " ")
    for (i = 1; i <= n; i++)
        pure[word[i]] = 1
    remedy["ring"] = "Move what both need to an inner folder, or pass it through port/; do not widen the table."
    remedy["folder"] = "A new folder needs a line in tests/lint/include-table.txt and a place in docs/architecture.md."
    remedy["path"] = "Include project headers from the root: #include \"core/base/err.h\"."
    remedy["third-party"] = "Third-party headers stay in the folders marked <third>; pass plain structs inwards."
    remedy["system-header"] = "The core may use only stdarg, stdbool, stddef, stdint, inttypes, limits and string (stdlib in alloc.c)."
    remedy["ring-table"] = "A folder must not be reachable from itself: the rings are an order."
}

FNR == 1 {
    folder = FILENAME
    sub(/\/[^\/]*$/, "", folder)
    if (!(folder in known))
        found("folder", "'" folder "' is not in the table")
}

/^[ ]*#[ ]*include[ ]*"/ {
    split($0, part, "\"")
    if (part[2] == "suites.h" && FILENAME == "tests/lib/unit_main.c")
        next # made by the build
    inner = part[2]
    if (!sub(/\/[^\/]*$/, "", inner) || (getline line < part[2]) < 0)
        found("path", "\"" part[2] "\" is not a file as seen from the root")
    else if (inner != folder && !((folder, inner) in may) && !((folder, "*") in may))
        found("ring", folder " may not include " inner " (\"" part[2] "\")")
    close(part[2])
}

/^[ ]*#[ ]*include[ ]*</ {
    header = $0
    sub(/^[^<]*</, "", header)
    sub(/>.*/, "", header)
    first = header
    sub(/\/.*/, "/", first)
    if (((header in third) || (first in third)) && !((folder, "<third>") in may))
        found("third-party", "<" header "> in " folder)
    else if (folder ~ /^core\// && !(header in pure) && FILENAME ":" header != "core/base/alloc.c:stdlib.h")
        found("system-header", "<" header "> in the core")
}

END {
    for (rule in broken)
        printf "  %s: %s\n", rule, remedy[rule]
    exit found_any
}

function found(rule, what) {
    print FILENAME ":" FNR ": " rule ": " what
    broken[rule] = found_any = 1
}

# Peels off, again and again, the core folders that include none of those left.
function check_rings(    left, folder, other, is_free, progress) {
    for (folder in known)
        if (folder ~ /^(core|sim)\//)
            left[folder] = 1
    do {
        progress = 0
        for (folder in left) {
            is_free = 1
            for (other in left)
                if (other != folder && (folder, other) in may)
                    is_free = 0
            if (is_free) {
                delete left[folder]
                progress = 1
            }
        }
    } while (progress)
    for (folder in left) {
        print table ": ring-table: " folder " is part of a circle"
        broken["ring-table"] = found_any = 1
    }
}
