# SPDX-License-Identifier: Apache-2.0
#
# Title, caption and the strip above the first panel in which events are named. In: events (a file),
# strip_rows (of labels), lacking (letters of labels that the font has not, each drawn as a box),
# strip_bottom and strip_top (screen). Out: one panel of a multiplot.

set label 901 question at screen 0.075, screen 0.975 left font ',19' noenhanced
set label 902 caption at screen 0.075, screen (0.975 - 0.037 * question_lines) left \
    tc rgb c_faint font ',13' noenhanced
set tmargin at screen strip_top
set bmargin at screen strip_bottom
set xrange [x_from:x_to]
set yrange [0:strip_rows]
unset border
unset xtics
unset ytics
unset grid
unset ylabel
unset xlabel
boxed(s) = strlen(s) ? (strstrt(lacking, s[1:1]) ? '□' : s[1:1]).boxed(s[2:*]) : ''
drawn(s) = strlen(lacking) ? boxed(s) : s
# Rows are counted from the bottom. A label stands beside the line that it belongs to.
plot for [k in 'machine loss rescale restart end script'] events \
         using (column('time_s')):(column('level') < 0 ? line_of(k, 0.12) : line_of(k, column('level') + 0.9)) \
         with impulses lw (k eq 'machine' || k eq 'loss' ? 1 : 1.3) lc rgb value('c_'.k), \
     for [k in 'machine loss rescale restart end script'] events \
         using (column('time_s')):(label_of(k, 1)):(drawn(strcol('label'))) \
         with labels left offset 0.4,0 font ',13' tc rgb (k eq 'machine' || k eq 'loss' ? c_faint : value('c_'.k)) noenhanced, \
     for [k in 'machine loss rescale restart end script'] events \
         using (column('time_s')):(label_of(k, -1)):(drawn(strcol('label'))) \
         with labels right offset -0.4,0 font ',13' tc rgb (k eq 'machine' || k eq 'loss' ? c_faint : value('c_'.k)) noenhanced
unset label 901
unset label 902
set border 3 lc rgb '#444444'
set grid y lc rgb '#E4E4E4' lt 1
