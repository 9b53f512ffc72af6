# SPDX-License-Identifier: Apache-2.0
#
# One failure from close by, the longest: each step of the recovery named at its moment, the state of every
# job, and what its data did meanwhile. In: rows, offered_column, served_column, lag_column (those of the job),
# whose (says so, where there are several), states, events (the notes of recovery.csv), sample_text, job_count,
# job1 ... (names, the first that of the job whose recovery it is), names_above (1: they are too long to stand
# beside the bands), band1 ... (rows of the states file's jobs that are drawn), bands_text (how many of the jobs
# these are), max_rate, max_lag, lag_div, lag_unit, strip_rows, question_lines. Out: one picture.

load scripts.'/common.gp'
panels = 3
gap = 0.05
state_height = (names_above ? 0.054 : 0.045) * job_count
area_top = 0.875 - 0.036 * (question_lines - 1) - 0.024 * strip_rows
height = (area_top - 0.075 - state_height - 2 * gap) / 2

# A job that does not run is drawn in a warm colour, one that is on its way in a cold one; one that has
# lost tasks, which nobody has noticed yet, in that of machines that are lost.
paint(s) = s eq 'running' ? 0x80CFB9 : s eq 'deploying' ? 0xAADAF4 : s eq 'CreatingExecutionGraph' ? 0xAADAF4 : \
           s eq 'tasks gone' ? 0xCC79A7 : \
           (s eq 'Restarting' || s eq 'RESTARTING' || s eq 'Failing' || s eq 'FAILING') ? 0xEAAE80 : \
           s eq 'FAILED' ? 0xE08A5A : \
           (s eq 'WaitingForResources' || s eq 'CREATED') ? 0xF8F1A1 : 0xDDDDDD
from(t) = t < x_from ? x_from : t
to(t) = t > x_to ? x_to : t
row_of(j) = exists('band'.(int(j) + 1)) ? value('band'.(int(j) + 1)) : NaN
# Of the height of a row: its band, and below it the name of the next one.
band_top = names_above ? 0.02 : -0.4
band_foot = names_above ? 0.5 : 0.4
band_middle = (band_top + band_foot) / 2
inside(a, b) = (b > x_from && a < x_to)
fits(a, b, s) = (to(b) - from(a)) / (x_to - x_from) > 0.0072 * strlen(s)

set multiplot
strip_bottom = area_top
strip_top = strip_bottom + 0.024 * strip_rows
load scripts.'/strip.gp'

set tmargin at screen area_top
set bmargin at screen area_top - state_height
set xrange [x_from:x_to]
set yrange [job_count - 0.5:-0.5]
set border 0
unset xtics
unset grid
set ytics scale 0 ()
do for [j = 1 : job_count] {
    if (names_above) {
        set label (10 + j) value('job'.j) at graph 0, first j - 1.26 left font ',12' tc rgb c_faint noenhanced
    } else {
        set ytics add (tic(value('job'.j)) j - 1)
    }
}
set ytics noenhanced
if (names_above) { unset ytics }
set style fill solid 1.0 noborder
plot states using (column('from_s')):(row_of(column('row'))):(from(column('from_s'))):(to(column('to_s'))):(row_of(column('row')) + band_top):(row_of(column('row')) + band_foot):(inside(column('from_s'), column('to_s')) ? paint(strcol('state')) : NaN) \
         with boxxyerror lc rgb variable, \
     states using ((from(column('from_s')) + to(column('to_s'))) / 2):(inside(column('from_s'), column('to_s')) && fits(column('from_s'), column('to_s'), strcol('state')) ? row_of(column('row')) + band_middle : NaN):(strcol('state')) \
         with labels center font ',12' noenhanced
if (names_above) { do for [j = 1 : job_count] { unset label (10 + j) } }
set border 3 lc rgb '#444444'
set grid y lc rgb '#E4E4E4' lt 1
set ytics scale 0.6 enhanced

# The two panels below: as panel.gp counts them, the second and the third.
area_top = area_top - state_height - gap + height + gap
panel = 2
y_max = max_rate
y_whole = 0
p_title = whose.'records/s, mean of each '.sample_text.':'
n1 = 'offered'; k1 = c_offered
n2 = 'served'; k2 = c_served
n3 = ''; k3 = c_other
load scripts.'/panel.gp'
set label 6 bands_text at graph 1, screen (p_top + 0.014) right tc rgb c_faint font ',13'
plot @marks, \
     rows using (column('time_s')):(column(served_column)) with fsteps lw 2 lc rgb c_served, \
     rows using (column('time_s')):(column(offered_column)) with fsteps lw 1.4 lc rgb c_offered
unset label 6

panel = 3
y_max = max_lag / lag_div
# A value is of the time before its sample, as those of the rates are. The sample at the very moment of the
# fault has seen that, which the time before has not: there the value before it goes on.
lag_before = 0
until_fault(t, lag) = (lag_before = abs(t - x_origin) < 1e-6 ? lag_before : lag, lag_before)
p_title = whose.'lag, the most of the last '.sample_text.' ('.lag_unit.'):'
n1 = 'lag'; k1 = c_lag
n2 = ''
load scripts.'/panel.gp'
plot @marks, \
     rows using (column('time_s')):(until_fault(column('time_s'), column(lag_column) / lag_div)) \
         with fsteps lw 2 lc rgb c_lag
unset multiplot
