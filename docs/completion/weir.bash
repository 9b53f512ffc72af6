# SPDX-License-Identifier: Apache-2.0
#
# Completion of weir's command line for bash. In: what bash says of the line. Out: COMPREPLY.

_weir()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options=
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "run test compare plot report explain calc version help" -- "$word"))
        return
    fi
    case $before in
    --out) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --junit) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --world) COMPREPLY=($(compgen -W "virtual exact" -- "$word")); return ;;
    --log) COMPREPLY=($(compgen -W "decisions tasks messages" -- "$word")); return ;;
    --seed | --set | --until | --jobs | --event | --why | --at | --run | --task | --trace-key | \
        --job | --checkpoint | --variant | --tolerance | --context) return ;;
    esac
    case $command in
    run) options="--seed --world --set --out --until --log --trace-key --json --no-plots --check --quiet --help" ;;
    test) options="--junit --jobs --seed --world --set --update-golden --json --help" ;;
    compare)
        options="--variant --tolerance --expect --context --seed --set --until --out --json --no-plots"
        options="$options --quiet --help"
        ;;
    plot) options="--checkpoint --job --commands --help" ;;
    report | version) options="--help" ;;
    explain) options="--event --why --at --task --trace --run --all --help" ;;
    help)
        COMPREPLY=($(compgen -W "run test compare plot report explain calc version" -- "$word"))
        return
        ;;
    calc)
        COMPREPLY=($(compgen -W "--list --help $(weir calc --list 2> /dev/null | awk '{ print $1 }')" -- "$word"))
        return
        ;;
    esac
    case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}

complete -o filenames -F _weir weir
