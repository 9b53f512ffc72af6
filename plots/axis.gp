# SPDX-License-Identifier: Apache-2.0
#
# The y axis of a panel: from 0 to a round number above y_max, three to six labels, whole ones where
# y_whole is 1. In: y_max, y_whole. Out: yrange and ytics, y_top.

y_size = y_max > 0 ? y_max : 1.0
y_raw = y_size / 4.5
y_power = 10.0 ** floor(log10(y_raw))
y_lead = y_raw / y_power
y_step = (y_lead <= 1 ? 1 : y_lead <= 2 ? 2 : (y_lead <= 2.5 && y_power >= 10) ? 2.5 : \
          y_lead <= 5 ? 5 : 10) * y_power
if (y_whole && y_step < 1) { y_step = 1 }
y_top = y_step * ceil(y_size * 0.9999 / y_step)
# All labels in the unit that suits the largest: 0, 2.5 k, 5 k.
y_unit = y_top >= 1e9 ? 1e9 : y_top >= 1e6 ? 1e6 : y_top >= 1e4 ? 1e3 : 1
y_name = y_unit == 1e9 ? ' G' : y_unit == 1e6 ? ' M' : y_unit == 1e3 ? ' k' : ''
set yrange [0:y_top]
if (!(y_max > 0)) { y_step = y_top * 2 } # only the 0 has a label
set ytics nomirror ()
do for [y_i = 0 : int(y_top / y_step + 0.5)] {
    set ytics add ((y_i == 0 ? '0' : sprintf('%g', y_i * y_step / y_unit).y_name) y_i * y_step)
}
