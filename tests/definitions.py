"""The definitions, written out once more with dictionaries index → value; and random operators, as strategies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra.expr import operators as ops


def per_axis(value, ndim):
    return value if isinstance(value, tuple) else (value,) * ndim


def collect(pairs):
    result = {}
    for index, value in pairs:
        result[index] = result.get(index, 0) + value
    return {index: value for index, value in result.items() if value != 0}


def samples(signal):
    return {index: value if signal.is_exact else value.item() for index, value in signal.items()}


def spread(kernel, x):
    """Σ_k q_{n−k} x_k for dictionaries."""
    return collect(
        (tuple(i + j for i, j in zip(a, b, strict=True)), p * v) for a, p in kernel.items() for b, v in x.items()
    )


def sampled(x, factors):
    return {
        tuple(n // k for n, k in zip(index, factors, strict=True)): value
        for index, value in x.items()
        if all(n % k == 0 for n, k in zip(index, factors, strict=True))
    }


def stretched(x, factors):
    return {tuple(n * k for n, k in zip(index, factors, strict=True)): value for index, value in x.items()}


def conjugated(x):
    return {index: value.conjugate() for index, value in x.items()}


def box(factors):
    return dict.fromkeys(itertools.product(*(range(k) for k in factors)), 1)


def mirrored(x):
    return {tuple(-n for n in index): value for index, value in x.items()}


def brute(node, x, ndim):
    """node x by the definition, for dictionaries."""
    kind = type(node).__name__
    if kind in ("Up", "Down", "Repeat", "LinearUp", "AvgPool", "StridedConv", "DilatedConv", "TransposedConv"):
        factors = per_axis(node.factor, ndim)
        size = int(np.prod(factors))
    match kind:
        case "Identity":
            return dict(x)
        case "Zero":
            return {}
        case "Conv":
            return spread(samples(node.kernel), x)
        case "Corr":
            return spread(mirrored(conjugated(samples(node.kernel))), x)
        case "Up":
            return stretched(x, factors)
        case "Down":
            return sampled(x, factors)
        case "Shift":
            return spread({per_axis(node.shift, ndim): 1}, x)
        case "Flip":
            return mirrored(x)
        case "Modulate":
            return modulated(node.sequence, x)
        case "Scale":
            return collect((n, node.scalar * v) for n, v in brute(node.operator, x, ndim).items())
        case "Sum":
            return collect(pair for term in node.terms for pair in brute(term, x, ndim).items())
        case "Compose":
            for factor in reversed(node.factors):
                x = brute(factor, x, ndim)
            return x
        case "Power":
            for _ in range(node.exponent):
                x = brute(node.operator, x, ndim)
            return x
        case "Transpose":
            return transposed(node.operator, x, ndim)
        case "Adjoint":
            return conjugated(transposed(node.operator, conjugated(x), ndim))
        case "Conj":
            return conjugated(brute(node.operator, conjugated(x), ndim))
        case "StridedConv":
            return sampled(spread(samples(node.kernel), x), factors)
        case "DilatedConv":
            return spread(stretched(samples(node.kernel), factors), x)
        case "TransposedConv":
            return spread(samples(node.kernel), stretched(x, factors))
        case "Repeat":
            return spread(box(factors), stretched(x, factors))
        case "LinearUp":
            triangle = spread(box(factors), mirrored(box(factors)))
            return {n: v / size for n, v in spread(triangle, stretched(x, factors)).items()}
        case "AvgPool":
            return {n: v / size for n, v in sampled(spread(mirrored(box(factors)), x), factors).items()}
    raise AssertionError(f"no definition of {kind}")


def modulated(sequence, x):
    first, shape = sequence.starts, sequence.values.shape

    def factor(index):
        return sequence.values[tuple((n - a) % m for n, a, m in zip(index, first, shape, strict=True))].item()

    return collect((index, factor(index) * value) for index, value in x.items())


def reach(node, extent):
    """A bound of |m| for all m from which ``node`` reaches an index of at most ``extent``."""
    match type(node).__name__:
        case "Conv" | "Corr":
            return extent + max(abs(n) for n in (*node.kernel.starts, *node.kernel.stops))
        case "Down":
            return extent * max(per_axis(node.factor, 1))
        case "Shift":
            return extent + max(abs(s) for s in per_axis(node.shift, 1))
        case "Compose":
            for factor in node.factors:
                extent = reach(factor, extent)
            return extent
        case "Scale":
            return reach(node.operator, extent)
        case "Sum":
            return max(reach(term, extent) for term in node.terms)
    return extent


def transposed(node, y, ndim):
    """(Aᵀ y)_m = Σ_n A[n, m] y_n, from the columns A δ_m."""
    extent = reach(node, max((abs(n) for index in y for n in index), default=0))
    indices = itertools.product(range(-extent, extent + 1), repeat=ndim)
    columns = ((m, brute(node, {m: 1}, ndim)) for m in indices)
    return collect((m, value * y[n]) for m, column in columns for n, value in column.items() if n in y)


def assert_same(signal, expected):
    found = samples(signal)
    for index in found.keys() | expected.keys():
        assert found.get(index, 0) == pytest.approx(expected.get(index, 0), rel=1e-12, abs=1e-12), index


# Random operators and signals -----------------------------------------------------------------------------------------


small = st.integers(-3, 3)
gaussian = st.builds(complex, small, small)
starts = st.integers(-3, 3)


def arrays(ndim, entries, longest):
    shapes = st.tuples(*[st.integers(1, longest)] * ndim)
    return shapes.flatmap(
        lambda shape: st.lists(entries, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
            lambda leaves: np.array(leaves).reshape(shape)
        )
    )


def signal_strategy(ndim, longest=4):
    entries = st.one_of(arrays(ndim, small, longest), arrays(ndim, gaussian, longest))
    return st.builds(oa.Signal, entries, st.tuples(*[starts] * ndim))


def letters(ndim):
    factors = st.tuples(*[st.integers(1, 3 if ndim == 1 else 2)] * ndim)
    return st.one_of(
        st.builds(oa.Conv, signal_strategy(ndim, 3)),
        st.builds(oa.Corr, signal_strategy(ndim, 2)),
        st.builds(oa.Up, factors),
        st.builds(oa.Down, factors),
        st.builds(oa.Shift, st.tuples(*[starts] * ndim)),
        st.just(oa.Flip()),
        st.builds(oa.Modulate, signal_strategy(ndim, 3)),
        st.just(oa.Identity()),
        st.just(oa.Zero()),
    )


def words(ndim):
    word = st.lists(letters(ndim), min_size=1, max_size=3).map(lambda made: ops.compose(tuple(made)))
    scaled = st.builds(lambda c, A: c * A, gaussian, word)
    return st.one_of(word, scaled, st.builds(lambda A, B: A + B, word, word))


def trees(ndim):
    named = st.one_of(
        st.builds(oa.Repeat, st.tuples(*[st.integers(1, 2)] * ndim)),
        st.builds(oa.LinearUp, st.tuples(*[st.integers(1, 2)] * ndim)),
        st.builds(oa.AvgPool, st.tuples(*[st.integers(1, 2)] * ndim)),
        *[
            st.builds(layer, signal_strategy(ndim, 2), st.tuples(*[st.integers(1, 2)] * ndim))
            for layer in (oa.StridedConv, oa.DilatedConv, oa.TransposedConv)
        ],
    )
    wrapped = st.builds(
        lambda A, how: how(A), words(ndim), st.sampled_from([ops.Transpose, ops.Adjoint, ops.Conj, lambda A: A**2])
    )
    leaf = st.one_of(words(ndim), named, wrapped) if ndim == 1 else st.one_of(words(ndim), named)
    return st.one_of(leaf, st.builds(lambda A, B: A @ B, leaf, leaf), st.builds(lambda A, B: A - B, leaf, leaf))


relaxed = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
