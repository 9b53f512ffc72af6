#compdef weir
# SPDX-License-Identifier: Apache-2.0
#
# Completion of weir's command line for zsh.

_weir() {
    local -a commands
    commands=(
        'run:run a scenario'
        'test:run scenarios and check their expectations'
        'plot:draw the pictures of a run again'
        'report:write the HTML report of a run again'
        'explain:say in words what happened'
        'calc:answer one question with the functions of the engine'
        'version:print the version'
        'help:print the commands'
    )
    if (( CURRENT == 2 )); then
        _describe 'command' commands
        return
    fi
    case ${words[2]} in
    run)
        _arguments '--seed[draw all chance from this number]:number:' \
            '*--set[change one value of the scenario]:key=value:' \
            '--out[where the run is left]:folder:_files -/' \
            '--until[end the run early]:duration:' \
            '--json[print the summary as JSON]' '--quiet[print nothing but errors]' \
            '*:scenario:_files'
        ;;
    test) _arguments '--junit[also write JUnit XML]:file:_files' '*:path:_files' ;;
    explain) _arguments '--event[the number of a line of the log]:number:' '*:run:_files -/' ;;
    plot | report) _files -/ ;;
    calc) _values 'question' --list --help ${(f)"$(weir calc --list 2> /dev/null | awk '{ print $1 }')"} ;;
    help) _describe 'command' commands ;;
    esac
}

_weir "$@"
