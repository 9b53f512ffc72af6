# SPDX-License-Identifier: Apache-2.0
#
# What the subtasks of each vertex do with their time: busy, backpressured, idle, stacked to 100 %,
# and as a line how busy the busiest one is; a panel per vertex. In: rows (plot.csv), events,
# vertex_count (at most 8), vertex1 ... (names), number1 ... (in the names of their columns),
# strip_rows, question_lines. Out: one picture.

load scripts.'/common.gp'
panels = vertex_count
gap = panels > 4 ? 0.035 : 0.05
area_top = 0.875 - 0.036 * (question_lines - 1) - 0.024 * strip_rows
height = (area_top - 0.075 - gap * (panels - 1)) / panels

set multiplot
strip_bottom = area_top + 0.034
strip_top = strip_bottom + 0.024 * strip_rows
load scripts.'/strip.gp'
set style fill solid 1.0 noborder
# Names of jobs and vertices are long: what the colours mean stands at the right end.
n1_at = 0.66; n2_at = 0.71; n3_at = 0.825; n4_at = 0.87

do for [panel = 1 : panels] {
    y_max = 100
    y_whole = 1
    p_title = value('vertex'.panel).', % of time:'
    n = value('number'.panel)
    n1 = 'busy'; k1 = c_busy
    n2 = 'backpressured'; k2 = c_back
    n3 = 'idle'; k3 = c_other
    n4 = 'busiest subtask'; k4 = c_busiest
    load scripts.'/panel.gp'
    plot rows using (column('time_s')):(100 * (column('busy'.n) + column('idle'.n) + column('backpressured'.n))) \
             with filledcurves x1 lc rgb c_idle, \
         rows using (column('time_s')):(100 * (column('busy'.n) + column('backpressured'.n))) \
             with filledcurves x1 lc rgb c_back, \
         rows using (column('time_s')):(100 * column('busy'.n)) with filledcurves x1 lc rgb c_busy, \
         rows using (column('time_s')):(100 * column('busy_max'.n)) with lines lw 1.2 lc rgb c_busiest, \
         events using (column('time_s')):(line_of('restart', y_top)) with impulses lw 0.9 dt 2 lc rgb c_script, \
         events using (column('time_s')):(line_of('end', y_top)) with impulses lw 0.9 lc rgb c_end, \
         events using (column('time_s')):(line_of('script', y_top)) with impulses lw 0.9 lc rgb c_script
}
unset multiplot
