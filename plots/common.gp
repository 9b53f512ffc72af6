# SPDX-License-Identifier: Apache-2.0
#
# What all pictures of a run have in common: size, fonts, the palette with its one meaning per
# colour, axes, marks of events. Loaded by the other scripts. In: variables that `weir plot` passes
# by -e (format, out, scripts, question, question_lines, caption; and for the time axis x_from, x_to,
# x_origin, x_step in seconds, x_kind, x_div, x_label); each script lists its own. Out: settings.
# `weir plot RUN --commands` prints the command lines, to draw pictures by hand.

# Okabe and Ito's palette, one meaning per colour in all pictures: black what is asked for, blue
# what is done, vermilion trouble, green scaling, purple machines, sky blue checkpoints, orange work,
# grey what it is compared with.
c_offered  = '#000000'
c_served   = '#0072B2'
c_lag      = '#D55E00'
c_offered_span = '#B0B0B0' # from the least to the most
c_served_span = '#7FB8DE'
c_parallel = '#009E73'
c_machines = '#CC79A7'
c_checkpoint = '#56B4E9'
c_failed   = '#D55E00'
c_busy     = '#E69F00'
c_back     = '#D55E00'
c_busiest  = '#5B3A00'
c_idle     = '#DDDDDD'
c_other    = '#999999'
c_script   = '#000000'
c_restart  = '#D55E00'
c_end      = '#D55E00'
c_rescale  = '#009E73'
c_machine  = '#CC79A7'
c_loss     = '#CC79A7'
c_faint    = '#666666'

# The text of a tic is a format of its number, which a name with a percent sign is not.
tic(s) = strstrt(s, '%') ? s[1 : strstrt(s, '%')].'%'.tic(s[strstrt(s, '%') + 1 : *]) : s

n4 = ''; k4 = c_other # few panels have so many names
n1_at = 0.27; n2_at = 0.36; n3_at = 0.475; n4_at = 0.53 # where they stand

if (format eq 'svg') {
    set terminal svg size 1600,1000 dynamic font 'DejaVu Sans,15' background '#FFFFFF'
} else {
    set terminal pngcairo size 1600,1000 font 'DejaVu Sans,11.5' background '#FFFFFF'
}
set output out
set encoding utf8
set datafile separator ','
set datafile columnheaders
set border 3 lc rgb '#444444'
set tics nomirror scale 0.6
set grid y lc rgb '#E4E4E4' lt 1
set key off
set lmargin at screen 0.075
set rmargin at screen 0.975

clock(s) = sprintf('%02d:%02d', int(s / 3600 + 1e-9), int(s / 60 + 1e-9) % 60)
moment(s) = x_kind eq 'clock' ? clock(s) : sprintf('%g', (s - x_origin) / x_div)

# A vertical line of an event of this kind, in the panel's full height, or only a tick at its foot
# where there are too many.
line_of(kind, y) = (strcol('kind') eq kind && column('level') >= -1) ? y : NaN
tick_of(kind, y) = (strcol('kind') eq kind && column('level') < -1) ? y : NaN
# Where a label stands; below the strip, so unseen, for other rows: gnuplot 5.4 ends with SIGSEGV at
# labels without one defined point.
label_of(kind, side) = (strcol('kind') eq kind && column('level') >= 0 && column('side') == side) \
                       ? column('level') + 0.5 : -1

# Put at the front of a panel's plot command: lines behind the curves.
marks = ''
do for [m_kind in 'machine loss rescale restart end script'] {
    m_dash = m_kind eq 'machine' || m_kind eq 'loss' || m_kind eq 'script' || m_kind eq 'end' ? 1 : 2
    do for [m_part in 'line_of tick_of'] {
        marks = marks.(strlen(marks) ? ', ' : '').sprintf("events using (column('time_s')):(%s('%s', %s)) with impulses lw 0.9 dt %d lc rgb c_%s", \
                m_part, m_kind, m_part eq 'line_of' ? 'y_top' : 'y_foot', m_part eq 'line_of' ? m_dash : 1, m_kind)
    }
}
