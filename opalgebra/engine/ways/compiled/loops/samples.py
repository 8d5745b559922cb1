"""The loops of ``compiled.pooling``: largest samples of windows, and samples that only move.

Here arrays hold samples, not entries: nothing is complex.  Of max pooling

    y, x          flat arrays of one dtype, all of the batch one after the other
    rows          (rows of y, rows of a window)  first samples of the rows of x that a row of y reads, −1 outside
    spans         records of :class:`~.layout.Span`, one per tap of the last axis
    step          samples from output to output, the stride of the last axis
    size          samples of an array of x
    lowest        what is less than any sample
    first, stop   rows of y that this call computes

The row of y is outermost and stays in the cache; then go the rows of the window, its taps, and innermost the outputs,
so that the maxima of neighbours are taken as vectors.  A window by itself is too short to fill one.

Indices are not checked here; ``compiled.pooling`` makes tables that stay inside.
"""

from __future__ import annotations

from .machine import arguments, part_of
from .patches import join, split


@part_of
def _wins(sample, best):
    """Whether a sample takes the place of the best so far: the first of equal ones stays, a NaN is the largest."""
    return sample > best or sample != sample


@part_of
def _most(y, to, x, source, step, count):
    """y[to + i] becomes the larger of it and x[source + step·i]."""
    for i in range(count):
        best, sample = y[to + i], x[source + step * i]
        y[to + i] = sample if _wins(sample, best) else best


def _maxima(held, given, first, stop):
    """The rows first ≤ r < stop of y: y[i] = max x[rows[r, t] + span.source + step·i]."""
    y, x, rows, spans, step, size, lowest = arguments(held, given)
    outs = y.size // max(1, len(rows) * (x.size // size))
    for r in range(first, stop):
        batch = r // len(rows)
        to, row = r * outs, r - batch * len(rows)
        for i in range(outs):
            y[to + i] = lowest
        for t in range(rows.shape[1]):
            if rows[row, t] < 0:
                continue
            for j in range(len(spans)):
                span = spans[j]
                target, source = to + span.first, batch * size + rows[row, t] + span.source
                if step == 1:  # a step that is known makes vectors
                    _most(y, target, x, source, 1, span.outputs)
                elif step == 2:
                    _most(y, target, x, source, 2, span.outputs)
                else:
                    _most(y, target, x, source, step, span.outputs)


def _chosen(held, given, first, stop):
    """As :func:`_maxima`, and for every maximum its place in its array of x, −1 where there is none."""
    y, places, x, rows, spans, step, size, lowest = arguments(held, given)
    outs = y.size // max(1, len(rows) * (x.size // size))
    for r in range(first, stop):
        batch = r // len(rows)
        to, row = r * outs, r - batch * len(rows)
        for i in range(outs):
            y[to + i], places[to + i] = lowest, -1
        for t in range(rows.shape[1]):
            if rows[row, t] < 0:
                continue
            for j in range(len(spans)):
                span = spans[j]
                target, place = to + span.first, rows[row, t] + span.source
                source = batch * size + place
                for i in range(span.outputs):
                    best, sample, before = y[target + i], x[source + step * i], places[target + i]
                    wins = before < 0 or _wins(sample, best)
                    y[target + i] = sample if wins else best
                    places[target + i] = place + step * i if wins else before


def _scatter(held, given, first, stop):
    """y[places[n]] += x[n] for first ≤ n < stop, in this order, where the place is not negative."""
    y, x, places = arguments(held, given)
    for n in range(first, stop):
        if places[n] >= 0:
            y[places[n]] += x[n]


def _interleave(held, given, first, stop):
    """The rows first ≤ r < stop of ``fine`` from its phases, which are rows of ``coarse``, or these from it.

    fine[phases·i + p] = coarse[rows[r] + p·run + i]; ``rows`` (rows of a channel,) are places in a channel.
    """
    fine, coarse, rows, shuffles = arguments(held, given)
    shuffle = shuffles[0]
    phases, count = shuffle.phases, shuffle.samples
    for r in range(first, stop):
        channel = r // len(rows)
        source = channel * shuffle.size + rows[r - channel * len(rows)]
        if shuffle.splits:
            split(coarse, source, shuffle.run, fine, r * phases * count, count, phases)
        else:
            join(fine, r * phases * count, coarse, source, shuffle.run, count, phases, False)
