# SPDX-License-Identifier: Apache-2.0
#
# The rules that can be seen in the text of a file (rules.txt says why each exists). In: the files
# to look at; rules.txt and exempt.txt by -v. Out: "file:line: rule: what is wrong" per finding,
# then why and what to do once per rule, then the comment share of the core; exit code 1 on a
# finding. Comments and literals are taken out before code is looked at.

BEGIN {
    FUNCTION_MAX = 70; SOURCE_MAX = 500; HEADER_MAX = 150; COLUMNS_MAX = 100; PURPOSE_MAX = 12
    while ((getline line < rules) > 0)
        if (line !~ /^#/ && split(line, part, " [|] ") == 3) {
            why[part[1]] = part[2]
            remedy[part[1]] = part[3]
        }
    while ((getline line < exempt) > 0)
        if (line !~ /^#/ && split(line, part, " ") >= 3)
            exempted[part[1] " " part[2]] = 1

    banned("unbounded-text", "strcpy strcat sprintf vsprintf gets strtok strncpy strncat", "core sim tests")
    banned("printf-in-core", "printf fprintf snprintf vprintf vfprintf vsnprintf puts putchar fputs fwrite", "core")
    banned("allocator", "malloc calloc realloc reallocarray strdup strndup asprintf alloca", "core sim tests")
    banned("allocator", "free", "core")
    banned("unstable-sort", "qsort qsort_r", "core sim tests")
    banned("random", "rand srand random srandom drand48 rand_r arc4random getrandom", "core sim tests")
    banned("clock", "time clock clock_gettime gettimeofday localtime localtime_r gmtime_r mktime strftime usleep nanosleep sleep", "core sim")
    banned("environment", "getenv secure_getenv setenv setlocale", "core sim")
    banned("locale", "atoi atol atof strtod strtof sscanf fscanf scanf", "core sim")
    banned("libm", "exp exp2 expm1 log log2 log10 log1p pow sin cos tan cbrt tgamma lgamma erf hypot exp10", "core sim")
    banned("assert", "assert", "core sim tests")
}

FNR == 1 { if (file != "") end_file(); start_file() }

{ lines = FNR; look_at_text($0); look_at_code($0) }

END {
    if (file != "")
        end_file()
    for (key in exempted)
        if (!(key in used))
            print "tests/lint/exempt.txt: no longer needed: " key
    for (key in exempted)
        if (!(key in used))
            found_any = 1
    for (rule in broken)
        printf "  %s: %s\n      %s\n", rule, why[rule], remedy[rule]
    if (!quiet)
        report_comments()
    exit found_any
}

function banned(rule, names, where,    n, name, i, k, place) {
    n = split(names, name, " ")
    k = split(where, place, " ")
    while (k > 0) {
        for (i = 1; i <= n; i++)
            ban[place[k], name[i]] = rule
        k--
    }
}

function start_file() {
    file = FILENAME
    sub(/^\.\//, "", file)
    top = file
    sub(/\/.*/, "", top)
    is_header = file ~ /\.h$/
    is_core = top == "core"
    in_comment = in_body = in_table = in_macro = 0
    table_lines = purpose_lines = is_past_purpose = include_count = 0
    signature = own_header = guard = ""
    own_folder = file
    sub(/[^\/]*$/, "", own_folder)
    if (file ~ /\.c$/ && file !~ /^tests/) {
        own_header = file
        sub(/\.c$/, ".h", own_header)
        if ((getline line < own_header) < 0)
            own_header = ""
        else
            close(own_header)
    }
}

function end_file() {
    if (purpose_lines < 1 || purpose_lines > PURPOSE_MAX)
        found("purpose", 1, "the opening comment has " purpose_lines " lines of text")
    if (is_header && lines - table_lines > HEADER_MAX)
        found("header-length", lines, lines - table_lines " lines (" HEADER_MAX ")")
    if (!is_header && lines - table_lines > SOURCE_MAX)
        found("source-length", lines, lines - table_lines " lines (" SOURCE_MAX ")")
    if (is_header && guard != guard_of(file))
        found("guard", 1, "guard '" guard "', expected " guard_of(file))
}

function guard_of(path) {
    sub(/^core\//, "", path)
    gsub(/[^A-Za-z0-9]/, "_", path)
    return "WEIR_" toupper(path)
}

function found(rule, line, what,    place) {
    place = file
    if (rule == "function-length")
        place = file ":" function_name
    if ((rule " " place) in exempted) {
        used[rule " " place] = 1
        return
    }
    print file ":" line ": " rule ": " what
    broken[rule] = found_any = 1
}

# Rules about the line as it is.
function look_at_text(text,    plain) {
    if (FNR == 1 && text != "/* SPDX-License-Identifier: Apache-2.0")
        found("spdx", 1, "the first line is not the licence")
    if (!is_past_purpose && FNR > 1) {
        if (text ~ /^ \*\/$/ || text !~ /^ \*/)
            is_past_purpose = 1
        else if (text ~ /[A-Za-z]/)
            purpose_lines++
    }
    plain = text
    gsub(/[\200-\277]/, "", plain)
    if (length(plain) > COLUMNS_MAX && !in_table && !in_macro)
        found("line-length", FNR, length(plain) " columns (" COLUMNS_MAX ")")
    if (index(text, "\t"))
        found("tab", FNR, "a tab")
    if (text ~ /[ \t]$/)
        found("trailing-blank", FNR, "blanks at the end")
    if (text ~ /\r/)
        found("line-end", FNR, "a carriage return")
    if (text ~ /(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/)
        found("marker", FNR, "a marker of unfinished work")
    if (text ~ /\/work\/|\.\.\/shared|\/home\//)
        found("outside-path", FNR, "a path of one machine")
}

# Rules about the code in the line.
function look_at_code(text,    code, was_in_comment) {
    was_in_comment = in_comment
    code = strip(text)
    count_comment(text, code, was_in_comment)
    measure_tables(text, code)
    measure_function(code)
    if (code ~ /^#/)
        look_at_directive(code, text)
    else
        look_at_words(code)
}

# The line without comments and without what is inside literals.
function strip(text,    out, quote) {
    out = ""
    while (text != "") {
        if (in_comment) {
            if (!index(text, "*/"))
                return out
            text = substr(text, index(text, "*/") + 2)
            in_comment = 0
        } else if (!match(text, /["']|\/\*|\/\//)) {
            return out text
        } else {
            out = out substr(text, 1, RSTART - 1)
            quote = substr(text, RSTART, 1)
            text = substr(text, RSTART + 1)
            if (quote != "/") {
                out = out quote quote
                text = behind_literal(text, quote)
            } else if (substr(text, 1, 1) == "/") {
                return out
            } else {
                in_comment = 1
                text = substr(text, 2)
            }
        }
    }
    return out
}

function behind_literal(text, quote,    at) {
    for (at = 1; at <= length(text); at++) {
        if (substr(text, at, 1) == "\\")
            at++
        else if (substr(text, at, 1) == quote)
            return substr(text, at + 1)
    }
    return ""
}

function count_comment(text, code, was_in_comment) {
    if (!is_core || in_table || in_macro || text ~ /^[ ]*$/)
        return
    split(file, part, "/")
    filled[part[2]]++
    if (code ~ /^[ ]*$/ && (was_in_comment || text ~ /\/\*/))
        comments[part[2]]++
}

# Tables: X-macro lists, and initialisers of constants.
function measure_tables(text, code) {
    if (code ~ /^#define [A-Z_0-9]+\(X\)/ && text ~ /\\$/)
        in_macro = 1
    if (in_macro) {
        table_lines++
        in_macro = text ~ /\\$/
    }
    if (in_table && index(code, table_end) == 1)
        in_table = 0
    else if (!in_table && opens_table(code)) {
        in_table = 1
        match(code, /^ */)
        table_end = substr(code, 1, RLENGTH) "}"
        if (code ~ /^ / && code !~ /const|}/)
            table_end = "}" # the second line of a declaration
    } else if (!in_table)
        return
    table_lines++
    body_table_lines++
}

function opens_table(code) {
    return code ~ /^ *(static )?const .*= \{$/ || code ~ /^ *} [A-Za-z_0-9\[\]]+ = \{$/ ||
           (code ~ /^ +.*= \{$/ && signature ~ /^(static )?const / && !in_body)
}

# A function's body is between a brace alone in column one and its partner.
function measure_function(code) {
    if (code == "{") {
        in_body = 1
        body_start = FNR
        body_table_lines = 0
        function_name = name_of(signature)
    } else if (code ~ /^}/) {
        body_lines = FNR - body_start + 1 - body_table_lines
        if (in_body && body_lines > FUNCTION_MAX)
            found("function-length", body_start, "'" function_name "' has " body_lines " lines (" \
                  FUNCTION_MAX ")")
        in_body = 0
        signature = ""
    } else if (!in_body && code ~ /^[A-Za-z]/) {
        signature = code
    } else if (!in_body && code ~ /^ /) {
        signature = signature code
    }
}

function name_of(text) {
    if (text ~ /^START_TEST\(/)
        sub(/^START_TEST\(/, "", text)
    else if (match(text, /[A-Za-z0-9_]+\(/))
        text = substr(text, RSTART, RLENGTH - 1)
    sub(/\).*/, "", text)
    return text
}

function look_at_directive(code, text,    words) {
    split(code, words, " ")
    if (is_header && code ~ /^#ifndef/ && guard == "") {
        guard = words[2]
        return
    }
    if (code ~ /^#include/ && ++include_count == 1 && own_header != "" &&
        index(text, "\"" own_folder) == 0)
        found("own-header", FNR, "the first include is not \"" own_header "\"")
    if (is_core && code ~ /^# *(if|ifdef|ifndef|elif|else)/)
        found("conditional", FNR, code)
    if (code ~ /^#define/) {
        sub(/^#define [A-Za-z0-9_]+/, "", code)
        look_at_words(code)
    }
}

function look_at_words(code,    rest, word, before) {
    if (code ~ /(^|[^A-Za-z0-9_])typedef (const )?(struct|union)[ {][^(]*$/)
        found("typedef", FNR, "a struct behind a typedef")
    if (is_core && code ~ /(^|[^A-Za-z0-9_])(double|float)([^A-Za-z0-9_]|$)/)
        found("floating-point", FNR, "a floating point number in the core")
    rest = code
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*\(/)) {
        word = substr(rest, RSTART, RLENGTH - 1)
        before = substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        # A member called through a struct (ops->time) is not the C library's.
        if ((top, word) in ban && before !~ /(\.|->)$/)
            found(ban[top, word], FNR, word "()")
    }
}

function report_comments(    folder, all, all_comments, list) {
    for (folder in filled) {
        all += filled[folder]
        all_comments += comments[folder]
        list = list " " folder " " int(100 * comments[folder] / filled[folder])
    }
    if (all)
        printf "comment-only lines in core/, %% of all (15 to 25 are usual): %d;%s\n",
               100 * all_comments / all, list
}
