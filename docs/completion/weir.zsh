#compdef weir
# SPDX-License-Identifier: Apache-2.0
#
# Completion of weir's command line for zsh.

_weir() {
    local -a commands
    commands=(
        'run:run a scenario: figures, pictures, a report'
        'test:run scenarios and check their expectations'
        'compare:run a scenario in every world, and say where they differ'
        'plot:draw the pictures of a run again'
        'report:write the HTML report of a run again'
        'explain:say in words what happened in a run, and why'
        'calc:answer single questions with the functions of the engine'
        'version:print the version and how it was built'
        'help:list the commands, or tell about one'
    )
    if (( CURRENT == 2 )); then
        _describe 'command' commands
        return
    fi
    case ${words[2]} in
    run)
        _arguments '--seed[draw all chance from this number]:number:' \
            '--world[rates or real records]:world:(virtual exact)' \
            '*--set[change one value of the scenario]:key=value:' \
            '--out[where the run is left]:folder:_files -/' \
            '--until[end the run early]:duration:' \
            '--log[what goes into the event log]:level:(decisions tasks messages)' \
            '--trace-key[follow the records of one key]:key:' \
            '--json[print the summary as JSON]' '--no-plots[leave the pictures out]' \
            '--check[hold the state against its invariants after each step]' \
            '--quiet[print nothing but errors]' '*:scenario:_files'
        ;;
    test)
        _arguments '--junit[also write JUnit XML]:file:_files' '--jobs[scenarios at a time]:number:' \
            '--seed[draw all chance from this number]:number:' \
            '--world[rates or real records]:world:(virtual exact)' \
            '*--set[change one value of every scenario]:key=value:' \
            '--update-golden[rewrite the golden results]' '--json[print the results as JSON]' \
            '*:path:_files'
        ;;
    compare)
        _arguments '--variant[compare this variant]:variant:' \
            '*--tolerance[how far a ratio may be from 1]:share or metric=share:' \
            '--expect[exit code 1 when they differ]' \
            '--context[lines before and after the first parting]:number:' \
            '--seed[draw all chance from this number]:number:' \
            '*--set[change one value of the scenario]:key=value:' \
            '--until[end the runs early]:duration:' \
            '--out[where the runs are left]:folder:_files -/' \
            '--json[print the comparison as JSON]' '--no-plots[leave the picture out]' \
            '--quiet[print nothing but errors]' '*:scenario:_files'
        ;;
    explain)
        _arguments '--event[the causes of a line of the log]:number:' \
            '--why[the causes of the first line that fits]:pattern:' \
            '--at[what was going on at a time]:duration:' '--trace[the way of a key]' '--task[its channels then]:vertex:' \
            '--run[a variant of the run]:variant:' \
            '--all[tell everything]' '*:run:_files -/'
        ;;
    plot)
        _arguments '--checkpoint[how its barriers travelled]:number:' '--job[of this job]:name:' \
            '--commands[print the gnuplot command lines]' '*:run:_files -/'
        ;;
    report) _files -/ ;;
    calc) _values 'question' --list --help ${(f)"$(weir calc --list 2> /dev/null | awk '{ print $1 }')"} ;;
    help) _describe 'command' commands ;;
    esac
}

_weir "$@"
