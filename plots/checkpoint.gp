# SPDX-License-Identifier: Apache-2.0
#
# The barriers of one checkpoint on their way: a lane for each subtask, the sources on top; an arrow
# for each barrier from where it is put into its sender's queue to where it arrives (one that waits in
# the queue runs flat), a bar while channels are blocked for alignment, bars for both parts of the
# snapshot, a mark for the acknowledgement. In: rows (kind,from_s,lane,to_s,other,buffers), lanes,
# lane1 ..., vertices, first1 ... (the first lane of each vertex), unaligned (0 or 1), question,
# caption, x_... as in common.gp. Out: one picture.

load scripts.'/common.gp'
c_aligned = c_served
c_unaligned = c_failed

set label 901 question at screen 0.13, screen 0.965 left font ',19' noenhanced
set label 902 caption at screen 0.13, screen 0.925 left tc rgb c_faint font ',13' noenhanced
set lmargin at screen 0.13
set tmargin at screen 0.86
set bmargin at screen 0.075
set border 1
set xrange [x_from:x_to]
set yrange [lanes - 0.4:-0.6]
set grid noy
set xlabel x_label tc rgb c_faint font ',13' offset 0,0.3
load scripts.'/xtics.gp'
set ytics scale 0 noenhanced ()
do for [i = 1 : lanes] { set ytics add (tic(value('lane'.i)) i - 1) }
do for [i = 1 : lanes] { set arrow i from x_from, i - 1 to x_to, i - 1 nohead lw 1 lc rgb '#DDDDDD' back }
do for [v = 2 : vertices] {
    set arrow (1000 + v) from x_from, value('first'.v) - 0.5 to x_to, value('first'.v) - 0.5 \
        nohead lw 1 dt 3 lc rgb '#999999' back
}
set arrow 2000 from 0, graph 0 to 0, graph 1 nohead lw 1.2 lc rgb c_script back

# The legend: what each colour means, above the lanes.
set label 1 'trigger' at 0, graph 1.02 left font ',12' tc rgb c_script
set label 2 unaligned ? '→ barrier, unaligned' : '→ barrier, aligned' at screen 0.20, screen 0.885 left \
    font ',13' tc rgb (unaligned ? c_unaligned : c_aligned)
set label 4 unaligned ? '(n): buffers in its snapshot' : '■ channels blocked' at screen 0.37, screen 0.885 left \
    font ',13' tc rgb (unaligned ? c_unaligned : c_busy)
set label 5 '■ synchronous part' at screen 0.56, screen 0.885 left font ',13' tc rgb c_busiest
set label 6 '■ asynchronous part' at screen 0.71, screen 0.885 left font ',13' tc rgb c_checkpoint
set label 7 '◆ acknowledged' at screen 0.865, screen 0.885 left font ',13' tc rgb c_parallel

bar(k, y) = strcol('kind') eq k ? y : NaN
least = (x_to - x_from) * 0.002 # a part that takes next to no time is still seen
end_of(a, b) = b - a < least ? a + least : b
set style fill solid 1.0 noborder
plot for [k in 'block async sync'] rows \
         using (column('from_s')):(bar(k, column('lane'))):(column('from_s')):(end_of(column('from_s'), column('to_s'))):(column('lane') - (k eq 'block' ? 0.12 : 0.2)):(column('lane') + (k eq 'block' ? 0.12 : 0.2)) \
         with boxxyerror lc rgb (k eq 'block' ? c_busy : k eq 'sync' ? c_busiest : c_checkpoint), \
     for [k in 'aligned unaligned'] rows \
         using (column('from_s')):(bar(k, column('lane'))):(column('to_s') - column('from_s')):(column('other') - column('lane')) \
         with vectors head filled size screen 0.006,18 lw 1.6 lc rgb (k eq 'aligned' ? c_aligned : c_unaligned), \
     rows using (column('from_s')):(bar('acknowledged', column('lane'))) with points pt 13 ps 1.9 lc rgb c_parallel, \
     rows using (column('to_s')):(strcol('kind') eq 'overtook' && column('buffers') > 0 ? column('lane') : -9):(sprintf('(%d)', column('buffers'))) \
         with labels left offset 1.2,0 font ',13' tc rgb c_unaligned
