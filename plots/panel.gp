# SPDX-License-Identifier: Apache-2.0
#
# Begins one panel of a multiplot. In: panel (from 1, the topmost), panels, height, gap, area_top;
# p_title, and up to four names with their colours, n1 k1 ... n4 k4 (empty: none), which stand
# above the panel in place of a legend, at n1_at ... n4_at; y_max, y_whole. Out: margins, labels, axes.

p_top = area_top - (panel - 1) * (height + gap)
set tmargin at screen p_top
set bmargin at screen p_top - height
set label 1 p_title at graph 0, screen (p_top + 0.014) left tc rgb c_faint font ',13' noenhanced
set label 2 n1 at graph n1_at, screen (p_top + 0.014) left tc rgb k1 font ',13' noenhanced
set label 3 n2 at graph n2_at, screen (p_top + 0.014) left tc rgb k2 font ',13' noenhanced
set label 4 n3 at graph n3_at, screen (p_top + 0.014) left tc rgb k3 font ',13' noenhanced
set label 5 y_max > 0 ? '' : '0 throughout' at graph 0.5, graph 0.5 center tc rgb c_faint font ',13' noenhanced
set label 7 n4 at graph n4_at, screen (p_top + 0.014) left tc rgb k4 font ',13' noenhanced
load scripts.'/axis.gp'
set xrange [x_from:x_to]
if (panel == panels) {
    set xlabel x_label tc rgb c_faint font ',13' offset 0,0.3
    load scripts.'/xtics.gp'
} else {
    set xtics nomirror ()
    do for [x_i = int(ceil((x_from - x_origin) / x_step - 1e-9)) : int(floor((x_to - x_origin) / x_step + 1e-9))] {
        set xtics add ('' x_origin + x_i * x_step)
    }
}
y_foot = y_top * 0.06
