# SPDX-License-Identifier: Apache-2.0
#
# The same scenario in several worlds: throughput, lag, latency and checkpoints, one panel above the
# other on one time axis; the first world broad behind, the others on it. In: folder (of the runs'
# folders), world_count, world1 ... (their names), events (of the first one), max_rate, max_lag,
# lag_div, lag_unit, the same of latency and checkpoint, parting (seconds at which decisions part
# first; below 0: they agree), strip_rows, question_lines. Out: one picture.

load scripts.'/common.gp'
panels = 4
gap = 0.05
area_top = 0.875 - 0.036 * (question_lines - 1) - 0.024 * strip_rows
height = (area_top - 0.075 - gap * (panels - 1)) / panels
file(w) = folder.'/'.value('world'.w).'/metrics.csv'
paint(w) = w == 1 ? c_other : w == 2 ? c_served : c_parallel
broad(w) = w == 1 ? 5 : 1.6
name(w) = w <= world_count ? value('world'.w) : ''

set multiplot
strip_bottom = area_top + 0.034
strip_top = strip_bottom + 0.024 * strip_rows
load scripts.'/strip.gp'

n1 = name(1); k1 = paint(1)
n2 = name(2); k2 = paint(2)
n3 = name(3); k3 = paint(3)
y_whole = 0
do for [panel = 1 : panels] {
    if (panel == 1) { y_max = max_rate; y_div = 1; column_of = 'served_rate'; p_title = 'served, records per second:' }
    if (panel == 2) { y_max = max_lag / lag_div; y_div = lag_div; column_of = 'lag_seconds'; p_title = 'age of the oldest record not read ('.lag_unit.'):' }
    if (panel == 3) { y_max = max_latency / latency_div; y_div = latency_div; column_of = 'latency_p99_seconds'; p_title = 'latency, p99 ('.latency_unit.'):' }
    if (panel == 4) { y_max = max_checkpoint / checkpoint_div; y_div = checkpoint_div; column_of = 'checkpoint_duration_seconds'; p_title = 'checkpoints, trigger to completion ('.checkpoint_unit.'):' }
    load scripts.'/panel.gp'
    if (panel == 4 && !(y_max > 0)) { set label 5 'none completed' }
    unset arrow 1
    unset label 8
    if (parting >= 0) {
        set arrow 1 from parting, graph 0 to parting, graph 1 nohead lw 1.6 dt 2 lc rgb c_lag front
        if (panel == 1) { set label 8 'they part here' at parting, graph 0.9 offset 0.5,0 left tc rgb c_lag font ',13' front }
    }
    if (panel < 4) {
        plot @marks, \
             for [w = 1 : world_count] file(w) using (column('time_s')):(column(column_of) / y_div) \
                 with lines lw broad(w) lc rgb paint(w)
    } else {
        plot @marks, \
             for [w = 1 : world_count] file(w) using (column('time_s')):(column(column_of) / y_div) \
                 with points pt 7 ps (w == 1 ? 0.9 : 0.4) lc rgb paint(w)
    }
}
unset multiplot
