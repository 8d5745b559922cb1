"""The loop of :class:`~..strided.StridedPlan`: every output by itself, each L-th tap from the first one that it has.

Sums are taken in the order in which lists of the taps would be: by the phase of the input, x_{M' i + q}.  Taps that are
zero read nothing.
"""

from __future__ import annotations

from .machine import arguments, part_of
from .patches import continued
from .vectors import fused


@part_of
def _plus(total, tap, x, row, s, table):
    """total + tap · x_s, rounded as the loops of lists do; the same where the tap is zero."""
    if tap == 0:
        return total
    sample = continued(x, row, s, table.samples, table.parts, table.rule)
    return fused(total, sample, tap) if table.fuses else total + tap * sample


@part_of
def _inside(total, x, source, taps, at, up, count, fuses):
    """total + Σ_i taps[at − up·i] · x[source + i] for i < count, real numbers none of which are 0 or outside."""
    if fuses:
        for i in range(count):
            total = fused(total, x[source + i], taps[at - up * i])
    else:
        for i in range(count):
            total += taps[at - up * i] * x[source + i]
    return total


def _strided(held, given, first, stop):
    """The samples first ≤ n < stop of y."""
    y, x, taps, tables = arguments(held, given)
    table = tables[0]
    parts, tap_parts, up = table.parts, table.tap_parts, table.up
    for n in range(first, stop):
        array = n // table.outputs
        k = n - array * table.outputs
        v = table.down * (table.first + k) - table.start
        m = v // up
        r, m = v - m * up, m - table.origin
        count = (table.taps - 1 - r) // up + 1 if r < table.taps else 0
        d = m - table.downs * (k // table.ups)
        turn = max(0, d - -(-(d - count + 1) // table.downs) * table.downs + 1)  # so many taps read from phase 0 on
        row, total, other = array * table.samples * parts, y.dtype.type(0), y.dtype.type(0)
        if parts == 1 and not table.holes and m - count + 1 >= 0 and m < table.samples:
            total = _inside(total, x, row + m - turn + 1, taps, r + up * (turn - 1), up, turn, table.fuses)
            at = r + up * (count - 1)
            total = _inside(total, x, row + m - count + 1, taps, at, up, count - turn, table.fuses)
            y[n] = total + y[n] if table.add else total
            continue
        for i in range(count):
            t = turn - 1 - i if i < turn else count - 1 - (i - turn)
            at, s = tap_parts * (r + up * t), parts * (m - t)
            if parts == 1:
                total = _plus(total, taps[at], x, row, s, table)
            elif tap_parts == 1:
                total, other = _plus(total, taps[at], x, row, s, table), _plus(other, taps[at], x, row, s + 1, table)
            else:
                total = _plus(_plus(total, taps[at], x, row, s, table), -taps[at + 1], x, row, s + 1, table)
                other = _plus(_plus(other, taps[at + 1], x, row, s, table), taps[at], x, row, s + 1, table)
        y[parts * n] = total + y[parts * n] if table.add else total
        if parts == 2:
            y[parts * n + 1] = other + y[parts * n + 1] if table.add else other
