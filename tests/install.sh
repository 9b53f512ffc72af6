#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what build folder $1 holds into a folder of its own, and uses what is there as a stranger
# would: from another folder, with no variable set. Then takes it away again. Also what only the
# whole program shows: its exit codes, and `make help`. Out: what failed, then "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.." || exit 2
tree=$PWD
build=${1:-build}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
unset WEIR_PLOTS
passed=0
failed=0
share=$folder/opt/share

# holds WHAT COMMAND...
holds() {
    what=$1
    shift
    if "$@" > "$folder/said" 2>&1 < /dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "install: $what"
        tail -n 5 "$folder/said"
    fi
}

# ends CODE COMMAND...: with this exit code.
ends() {
    wanted=$1
    shift
    "$@"
    [ $? -eq "$wanted" ]
}

# make_it TARGET: with the flags of the build, if a make has started this.
make_it() { ${MAKE:-make} -s --no-print-directory B="$build" DESTDIR="$folder" PREFIX=/opt "$1"; }

# As in GNU's standards, beside PREFIX.
takes_prefix() { ${MAKE:-make} -n --no-print-directory B="$build" prefix=/gnu uninstall | grep -q '/gnu/bin/weir'; }

run_there() (cd "$folder/work" && exec "$folder/opt/bin/weir" "$@")
run_full() (cd "$folder/work" && ulimit -f 1 && exec "$folder/opt/bin/weir" "$@")
has_pictures() { [ -s "$folder/work/run/plots/overview.png" ] && ! grep -q notice "$folder/run"; }
is_empty() { [ -z "$(find "$folder/opt" -type f)" ]; }

# block LANGUAGE: the first such block of docs/jobs.md.
block() {
    awk -v open="\`\`\`$1" '$0 == open && !seen { inside = seen = 1; next }
        /^```/ { inside = 0 } inside' "$tree/docs/jobs.md"
}
# All blocks of C, one behind the other, are a program too.
blocks() { awk '$0 == "```c" { inside = 1; next } /^```/ { inside = 0 } inside' "$tree/docs/jobs.md"; }
# With another main than the first program's, one that uses what the others build; the page itself
# says what is to be in the sink.
whole_page() {
    sed 's/^int weir_main(/static int first_main(/' "$folder/work/page.c" && cat << 'END'
static void click(uint64_t index, void *value, void *user)
{
    *(struct click *)value = (struct click){ 17, (int64_t)index * 1000, 1 };
    (void)user;
}

static int64_t clicked_at(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct click *)value)->ms;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    struct weir_generator generator = {
        .type = &click_type, .count = 4, .rate = 1, .make = click, .timestamp = clicked_at
    };
    struct weir_stream *late, *once = process(weir_from_generator(env, "clicks", &generator, NULL));
    struct weir_stream *keyed = weir_key_by(once, WEIR_FIELD_LONG(struct click, user));
    struct weir_stream *of_users = visits(keyed, &late);
    struct weir_stream *limits = weir_key_by(of_users, WEIR_FIELD_LONG(struct visit, user));
    end(together(of_users));
    weir_discard(late, "late");
    weir_discard(join(keyed, keyed), "pairs");
    weir_discard(rules(limits, of_users), "judged");
    weir_discard(words(env), "no words");
    weir_discard(requests(env), "no requests");
    (void)argc, (void)argv;
    return weir_execute(env, "page") ? 0 : 1;
}
END
}
# build_program NAME FLAGS...
build_program() {
    name=$1
    shift
    (cd "$folder/work" && flags=$(PKG_CONFIG_PATH=$folder/opt/lib/pkgconfig \
        PKG_CONFIG_SYSROOT_DIR=$folder pkg-config --cflags weir) &&
        ${CC:-cc} -std=c11 -Wall -Wextra -Werror "$@" -fPIC -shared -o "$name.so" "$name.c" $flags)
}

# A library with sanitizers wants them in who links with it.
sanitizers() {
    nm -D "$folder/opt/lib/libweir.so" | grep -q __asan_init && echo -fsanitize=address,undefined
}
build_alone() {
    (cd "$folder/work" && echo 'int main(int argc, char **argv)
        { return weir_run(weir_main, 0, argc, argv); }' | cat count.c - > alone.c &&
        flags=$(PKG_CONFIG_PATH=$folder/opt/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$folder \
            pkg-config --cflags --libs weir) &&
        ${CC:-cc} -std=c11 -Wall -Wextra -Werror $(sanitizers) -o alone alone.c $flags)
}
run_alone() (cd "$folder/work" && LD_LIBRARY_PATH=$folder/opt/lib exec ./alone "$@")
has_pictures_alone() { [ -s "$folder/work/alone.out/plots/overview.png" ]; }

# lists TARGET: `make help` does.
lists() { make_it help | grep -q "^$1 "; }

mkdir -p "$folder/work"
cat > "$folder/work/s.yaml" << 'END'
name: s
question: Does it draw where nobody told it how?
duration: 5min
jobs:
  - { name: a, vertices: [ { name: source, cost: 2us } ], load: 1k/s }
END

holds 'it can be installed' make_it install
holds 'manual page' cmp "$tree/docs/man/weir.1" "$share/man/man1/weir.1"
holds 'manual page of the library' cmp "$tree/docs/man/weir.3" "$share/man/man3/weir.3"
holds 'completion of bash' cmp "$tree/docs/completion/weir.bash" \
    "$share/bash-completion/completions/weir"
holds 'completion of zsh' cmp "$tree/docs/completion/weir.zsh" "$share/zsh/site-functions/_weir"
holds 'it can be run from elsewhere' ends 0 run_there version
run_there run s.yaml --out run > "$folder/run" 2>&1
holds 'it finds its plot scripts' has_pictures
holds 'no command is exit code 2' ends 2 run_there
holds 'an unknown command is exit code 2' ends 2 run_there rnu
holds 'a missing scenario is exit code 2' ends 2 run_there run nowhere.yaml
holds 'a file over the limit is exit code 2' ends 2 run_full run s.yaml --out run --no-plots
holds 'and leaves the old run' [ -s "$folder/work/run/plots/overview.png" ]
block c > "$folder/work/count.c"
block yaml > "$folder/work/my-count.yaml"
blocks > "$folder/work/page.c"
holds 'the program of docs/jobs.md is built with the installed header' build_program count
holds 'and all of its page is' build_program page -Wno-unused-function
holds 'and runs as its page says' ends 0 run_there test my-count.yaml
whole_page > "$folder/work/whole.c"
echo 'one two' > "$folder/work/words.txt"
echo '1700000000000 GET /' | tee "$folder/work/access-0.log" > "$folder/work/access-1.log"
{
    sed -e '/^events:/,$d' -e 's,\./count\.so,./whole.so,' -e '/args:/d' "$folder/work/my-count.yaml"
    sed -n 's/^    \(expect:\)$/\1/p; s/^      \(- { name: right, output: .*}\).*/  \1/p' docs/jobs.md
    echo '  - { name: ends well, event: job FINISHED, count: 1 }'
} > "$folder/work/whole.yaml"
holds 'what the blocks of the page build together is built' build_program whole -Wno-unused-function
holds 'and writes what its page says' ends 0 run_there test whole.yaml
sed 's,\./count\.so,word_count,' "$folder/work/my-count.yaml" > "$folder/work/own.yaml"
holds 'programs of its own are found by name' ends 0 run_there test own.yaml
holds 'the same as a binary of its own' build_alone
holds 'which runs itself' ends 0 run_alone --weir-out alone.out
holds 'and finds the plot scripts of its library' has_pictures_alone
holds 'and its programs' ends 0 run_alone --weir-scenario own.yaml --weir-out own.out
holds 'it can be removed' make_it uninstall
holds 'prefix is another word for PREFIX' takes_prefix
holds 'and is gone' is_empty
for target in all demo demo-traces test ci bench lint determinism fuzz format install clean help; do
    holds "make help tells of $target" lists $target
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
