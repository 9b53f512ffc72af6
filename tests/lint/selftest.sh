#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A check that cannot fail is worth nothing: plants one fault of each kind in a small good tree and
# sees lint name it. In: tests/lint of the tree it is started in. Out: a line per fault that went
# unseen, then "N passed, N failed, N skipped"; exit code 1 when one did.
set -u
root=$(pwd)
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
passed=0
failed=0

# write FILE: standard input behind a proper opening, with a proper guard when it is a header.
write() {
    mkdir -p "$(dirname "$1")"
    {
        printf '/* SPDX-License-Identifier: Apache-2.0\n *\n * A small file for the test of lint.\n */\n'
        case $1 in
        *.h)
            guard=WEIR_$(echo "${1#core/}" | tr 'a-z/.' 'A-Z__')
            printf '#ifndef %s\n#define %s\n\n' "$guard" "$guard"
            cat
            printf '\n#endif\n'
            ;;
        *) cat ;;
        esac
    } > "$1"
}

good_tree() {
    rm -rf "${tree:?}"/* "$tree/.ci"
    cd "$tree" || exit 2
    mkdir -p tests .ci docs scenarios/day
    cp -r "$root/tests/lint" tests/
    printf '# rule, place, reason\n' > tests/lint/exempt.txt
    printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n' > .ci/run
    chmod +x .ci/run
    echo '[the run](../.ci/run)' > docs/a.md
    echo 'name: day' > scenarios/day/scenario.yaml
    echo 'Which question?' > scenarios/day/README.md
    echo '{}' > scenarios/day/expected.json
    echo 'int good_twice(int value);' | write core/base/good.h
    write core/base/good.c << 'END'
#include "core/base/good.h"

int good_twice(int value)
{
    return 2 * value;
}
END
    echo 'int pool_size(void);' | write core/slots/pool.h
    write core/slots/pool.c << 'END'
#include "core/slots/pool.h"

#include "core/base/good.h"

int pool_size(void)
{
    return good_twice(4);
}
END
    echo 'int plan_size(void);' | write core/rescale/plan.h
    write core/rescale/plan.c << 'END'
#include "core/rescale/plan.h"

int plan_size(void)
{
    return 3;
}
END
    write sim/cli/main.c << 'END'
#include "core/rescale/plan.h"
#include "core/slots/pool.h"

int main(void)
{
    return pool_size() + plan_size();
}
END
    write tests/unit/test_base_good.c << 'END'
#include <check.h>

START_TEST(twice_is_twice)
{
}
END_TEST

Suite *test_base_good_suite(void);

Suite *test_base_good_suite(void)
{
    return suite_create("good");
}
END
    echo '| A rule | `core/base/good.c` `good_twice` | `twice_is_twice` |' > docs/flink-points.md
}

lint() {
    for f in $(find core sim tests/unit -name '*.c'); do
        mkdir -p "build/obj/$(dirname "$f")"
        gcc -std=c11 -O2 -D_GNU_SOURCE -w -I. -c -o "build/obj/${f%.c}.o" "$f" || return 3
    done
    tests/lint/run.sh build > log 2>&1
}

# sees RULE WHAT: the tree as it stands must fail, and the rule must be named.
sees() {
    if ! lint && grep -q "$1: " log; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: lint does not see: $1 ($2)"
        sed 's/^/    /' log
    fi
    good_tree
}

# passes WHAT: the tree as it stands has nothing wrong but a function that is not used.
passes() {
    lint
    if [ "$(grep -c '^[a-z].*: [a-z-]*: ' log)" = 1 ] && grep -q ': unused: ' log; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: lint objects to $1"
        sed 's/^/    /' log
    fi
    good_tree
}

# adds_code CODE: a function of the core that holds this statement.
adds_code() {
    printf '\nint good_more(int value);\nint good_more(int value)\n{\n%s\n    return value;\n}\n' "$1" \
        >> core/base/good.c
}

lines() {
    awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}

good_tree
if lint; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED: lint finds something in the good tree"
    cat log
fi
good_tree

# Who includes whom.
sed -i '5i #include "core/rescale/plan.h"' core/slots/pool.c; sees ring 'R2 folder includes R2 folder'
sed -i '5i #include "core/slots/pool.h"' core/base/good.c; sees ring 'inner ring includes outer'
sed -i '5i #include "sim/cli/x.h"' core/base/good.c; echo 'int x;' | write sim/cli/x.h; sees ring 'core includes sim'
sed -i '6i #include "good.h"' core/base/good.c; sees path 'include not from the root'
sed -i '6i #include <jansson.h>' core/base/good.c; sees third-party 'third-party header in the core'
sed -i '6i #include <time.h>' core/base/good.c; sees system-header 'a clock header in the core'
echo 'int y;' | write core/extra/y.h; sees folder 'a folder that is not in the table'
echo 'core/slots: core/rescale' >> tests/lint/include-table.txt
echo 'core/rescale: core/slots' >> tests/lint/include-table.txt; sees ring-table 'a circle in the table'

# What objects need and offer.
adds_code '    extern int puts(const char *); puts("x");'; sees outside-call 'the core prints'
adds_code '    extern long time(long *); value = (int)time(0);'; sees outside-call 'the core reads a clock'
adds_code '    extern void *malloc(unsigned long); value = malloc(1) != 0;'; sees outside-call 'malloc outside alloc.c'
adds_code '    static int kept; value = kept++;'; sees mutable-data 'a static variable'
echo 'int good_state = 3;' >> core/base/good.c; sees mutable-data 'a global variable'
adds_code ''; sees unused 'a function nobody calls'
echo 'int good_helper(void) { return 1; }' >> tests/unit/test_base_good.c; sees suite 'a test file offers more'

# The text of files.
sed -i 1s/Apache/BSD/ core/base/good.c; sees spdx 'no licence line'
sed -i 3d core/base/good.c; sees purpose 'no purpose'
sed -i 's/WEIR_BASE_GOOD_H/GOOD_H/' core/base/good.h; sees guard 'another guard'
sed -i '5i #include <string.h>' core/base/good.c; sees own-header 'own header not first'
adds_code "$(lines 70 '    value++;')"; sees function-length 'a function of 73 lines'
lines 500 'int good_twice(int value);' >> core/base/good.c; sees source-length 'a source of more than 500 lines'
lines 150 'int good_twice(int value);' >> core/base/good.h; sees header-length 'a header of more than 150 lines'
echo "/* $(lines 20 abcdef | tr '\n' ' ')*/" >> core/base/good.c; sees line-length 'a line of 146 columns'
printf '/*\t*/\n' >> core/base/good.c; sees tab 'a tab'
echo '/* a */ ' >> core/base/good.c; sees trailing-blank 'a blank at the end'
printf '/* a */\r\n' >> core/base/good.c; sees line-end 'a carriage return'
printf '/* a */' >> core/base/good.c; sees line-end 'no line feed at the end'
long_table=$(printf 'static const int table[] = {\n'; lines 600 '    1,'; echo '};')
echo "$long_table" >> core/base/good.c
printf 'int good_size(void);\nint good_size(void)\n{\n    return table[3];\n}\n' >> core/base/good.c
passes 'a long table'
for call in 'unbounded-text strcpy' 'unbounded-text sprintf' 'printf-in-core snprintf' \
    'allocator malloc' 'unstable-sort qsort' 'random rand' 'clock clock_gettime' \
    'environment getenv' 'locale strtod' 'libm pow' 'assert assert'; do
    adds_code "    if (value) { int ${call#* }(); ${call#* }(value); }"; sees "${call% *}" "${call#* }()"
done
sed -i '/^int main/i typedef struct pair { int a; } pair;' sim/cli/main.c; sees typedef 'a struct typedef'
adds_code '    double x = 1; value = (int)x;'; sees floating-point 'a double in the core'
printf '#ifdef DEBUG\n#endif\n' >> core/base/good.c; sees conditional 'conditional code in the core'
echo '/* TO''DO: more */' >> core/base/good.c; sees marker 'a marker'
echo '/* see /wo''rk/notes */' >> core/base/good.c; sees outside-path 'a path of one machine'
echo 'tab core/base/good.c because' >> tests/lint/exempt.txt; sees 'no longer needed' 'a needless exemption'

# Where files lie.
echo 'int z;' | write core/z.c; sees orphan 'a source no target compiles'
echo 'int z;' | write core/base/z.h; sees orphan 'a header nobody includes'
sed -i 's/_suite(void)$/_tests(void)/' tests/unit/test_base_good.c; sees no-suite 'a test file without suite'
echo 'int LLVMFuzzerTestOneInput(void);' | write tests/fuzz/fuzz_x.c; sees no-seeds 'a fuzzer without seeds'
rm scenarios/day/README.md; sees scenario 'a scenario without README'
rm scenarios/day/expected.json; sees golden 'a scenario without expected results'
rm scenarios/day/scenario.yaml; sees scenario 'a folder without scenario'
echo 'if then' >> .ci/run; sees shell 'a script that does not parse'
chmod -x .ci/run; sees shell 'a script that cannot be run'
echo '[x](nowhere.md)' >> docs/a.md; sees link 'a link to nowhere'
echo 'TO''DO' >> docs/a.md; sees text 'a marker in a document'

echo 'as docs/nowhere.md says' >> docs/a.md; sees page 'a page that is named and not there'

# The page of points.
sed -i 's/twice_is_twice/twice_is_thrice/' docs/flink-points.md; sees point 'a test that is not there'
sed -i 's/good_twice/good_thrice/' docs/flink-points.md; sees point 'a function that is not there'
sed -i 's/good\.c/bad.c/' docs/flink-points.md; sees point 'a file that is not there'
sed -i 's/| `twice.*/| |/' docs/flink-points.md; sees point 'a point that no test holds'

# cppcheck.
adds_code '    int cells[4] = { 0 }; value = cells[value < 0 ? 4 : 5];'; sees arrayIndexOutOfBounds 'cppcheck runs'

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
