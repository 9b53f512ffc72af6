# SPDX-License-Identifier: Apache-2.0
#
# Labels of the time axis, counted from x_origin. In: x_from, x_to, x_origin, x_step (seconds), x_kind
# ("clock", or numbers of x_div seconds). Out: xtics.

set xtics nomirror ()
do for [x_i = int(ceil((x_from - x_origin) / x_step - 1e-9)) : int(floor((x_to - x_origin) / x_step + 1e-9))] {
    set xtics add (moment(x_origin + x_i * x_step) x_origin + x_i * x_step)
}
