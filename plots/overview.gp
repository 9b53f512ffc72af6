# SPDX-License-Identifier: Apache-2.0
#
# A run at a glance: load, lag, parallelism and machines, checkpoints, one above the other on one
# time axis, with what the script did and what happened to the job as thin lines; the compared run
# in grey behind. In: rows (plot.csv), span_text (what a band shows, where a row is of several
# samples), events, other and other_events (those of the compared run; the same where there is none),
# has_other, other_name, max_rate, offered_peak (where the axis leaves it out: how high it goes),
# max_lag, lag_div, lag_unit, max_parallel, lost, max_checkpoint, checkpoint_div, checkpoint_unit,
# has_checkpoints, checkpoints and other_checkpoints (columns of their durations), failed and
# other_failed (1 where checkpoints did), strip_rows, question_lines.
# Out: one picture.

load scripts.'/common.gp'
panels = has_checkpoints ? 4 : 3
gap = 0.05
area_top = 0.875 - 0.036 * (question_lines - 1) - 0.024 * strip_rows
height = (area_top - 0.075 - gap * (panels - 1)) / panels
of_other = has_other ? other_name : ''
grey(name) = has_other ? column(name) : NaN

set multiplot
strip_bottom = area_top + 0.034
strip_top = strip_bottom + 0.024 * strip_rows
load scripts.'/strip.gp'

panel = 1
y_max = max_rate
y_whole = 0
p_title = 'records per second'.offered_peak.':'
n1 = 'offered'; k1 = c_offered
n2 = 'served'; k2 = c_served
n3 = has_other ? 'served, '.of_other : ''; k3 = c_other
load scripts.'/panel.gp'
set label 6 span_text at graph 1, screen (p_top + 0.014) right tc rgb c_faint font ',13'
plot for [s in 'offered served'] rows \
         using (column('time_s')):(column(s.'_rate_least')):(column(s.'_rate_most')) \
         with filledcurves lc rgb value('c_'.s.'_span'), \
     @marks, \
     other using (column('time_s')):(grey('served_rate')) with lines lw 2 lc rgb c_other, \
     rows using (column('time_s')):(column('served_rate')) with lines lw 1.8 lc rgb c_served, \
     rows using (column('time_s')):(column('offered_rate')) with lines lw 1.4 lc rgb c_offered
unset label 6

panel = 2
y_max = max_lag / lag_div
p_title = 'age of the oldest record not read ('.lag_unit.'):'
n1 = 'lag'; k1 = c_lag
n2 = has_other ? 'lag, '.of_other : ''; k2 = c_other
n3 = ''
load scripts.'/panel.gp'
plot @marks, \
     other using (column('time_s')):(grey('lag_seconds') / lag_div) with lines lw 2 lc rgb c_other, \
     rows using (column('time_s')):(column('lag_seconds') / lag_div) with lines lw 1.8 lc rgb c_lag

panel = 3
y_max = max_parallel
y_whole = 1
p_title = 'number:'
n1 = 'parallelism'; k1 = c_parallel
n2 = 'TaskManagers'; k2 = c_machines
n3 = has_other ? 'both, '.of_other : ''; k3 = c_other
load scripts.'/panel.gp'
set label 6 (lost > 0 ? sprintf('machines lost: %d', lost) : '') at graph 1, screen (p_top + 0.014) right tc rgb c_machines font ',13'
plot @marks, \
     other using (column('time_s')):(grey('parallelism')) with steps lw 2 lc rgb c_other, \
     other using (column('time_s')):(grey('task_managers')) with steps lw 2 dt 3 lc rgb c_other, \
     rows using (column('time_s')):(column('task_managers')) with steps lw 2 lc rgb c_machines, \
     rows using (column('time_s')):(column('parallelism')) with steps lw 1.8 lc rgb c_parallel, \
     events using (column('time_s')):(strcol('kind') eq 'loss' ? 0.96 * y_top : NaN) with points pt 11 ps 0.9 lc rgb c_machines
unset label 6

if (has_checkpoints) {
    panel = 4
    y_max = max_checkpoint / checkpoint_div
    y_whole = 0
    p_title = 'checkpoints, trigger to completion ('.checkpoint_unit.'):'
    n1 = 'completed'; k1 = c_checkpoint
    name_other = has_other ? (other_failed ? 'both, ' : 'completed, ').of_other : ''
    n2 = failed ? 'failed' : name_other; k2 = failed ? c_failed : c_other
    n3 = failed ? name_other : ''; k3 = c_other
    load scripts.'/panel.gp'
    if (!(y_max > 0)) { set label 5 'none completed' }
    of_failed(y) = strcol('kind') eq 'checkpoint failed' ? y * y_top : NaN
    plot @marks, \
         for [c in other_checkpoints] \
             other using (column('time_s')):(has_other ? column(c) / checkpoint_div : NaN) \
             with points pt 7 ps 0.35 lc rgb c_other, \
         for [c in checkpoints] \
             rows using (column('time_s')):(column(c) / checkpoint_div) \
             with points pt 7 ps 0.45 lc rgb c_checkpoint, \
         other_events using (column('time_s')):(other_failed ? of_failed(0.86) : NaN) \
             with points pt 2 ps 0.95 lw 1.6 lc rgb c_other, \
         events using (column('time_s')):(of_failed(0.94)) with points pt 2 ps 0.95 lw 1.6 lc rgb c_failed
}
unset multiplot
