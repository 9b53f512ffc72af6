# SPDX-License-Identifier: Apache-2.0
#
# The run beside those it is compared with: one group of bars per figure, each bar with its value.
# In: bars (figure,row,value,share,paint,text; row 0 is the run itself, share 1 the longest bar),
# figure_count, figure1 ... (titles with units), run_count, question_lines. Out: one picture.

load scripts.'/common.gp'
gap = 0.055
area_top = 0.86 - 0.036 * (question_lines - 1)
height = (area_top - 0.03 - gap * (figure_count - 1)) / figure_count

set multiplot
set label 901 question at screen 0.03, screen 0.975 left font ',19' noenhanced
set label 902 caption at screen 0.03, screen (0.975 - 0.037 * question_lines) left \
    tc rgb c_faint font ',13' noenhanced
set lmargin at screen 0.19
set rmargin at screen 0.9
set border 2 lc rgb '#444444'
set style fill solid 1.0 noborder
unset xtics
unset grid
half = 0.36
# Many rows are narrow.
text_font = run_count > 8 ? "font ',10'" : "font ',14'"

do for [f = 1 : figure_count] {
    set tmargin at screen area_top - (f - 1) * (height + gap)
    set bmargin at screen area_top - (f - 1) * (height + gap) - height
    set label 1 value('figure'.f) at graph 0, graph 1.0 left offset 0,0.7 tc rgb c_faint font ',14' noenhanced
    set xrange [0:1.08]
    set yrange [run_count - 0.5:-0.5]
    set ytics scale 0 nomirror ()
    do for [r = 1 : run_count] { set ytics add (tic(value('run'.r)) r - 1) }
    set ytics noenhanced
    if (run_count > 8) { set ytics @text_font }
    plot bars using (0):(column('row')):(0):(column('figure') == f ? column('share') : NaN):(column('row') - half):(column('row') + half):(column('paint')) \
             with boxxyerror lc rgb variable, \
         bars using (column('figure') == f ? column('share') : NaN):(column('row')):(strcol('text')) \
             with labels left offset 0.6,0 @text_font noenhanced
    unset label 901
    unset label 902
}
unset multiplot
