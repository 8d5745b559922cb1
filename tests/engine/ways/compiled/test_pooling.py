"""Maxima, their gradients and shuffles as compiled code, against loops over samples."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opalgebra import WindowError, nn
from opalgebra.engine.ways.compiled import runs
from opalgebra.nn import pool, shuffle, sparse
from tests import nn_oracles as oracles

DTYPES = ("f4", "f8", "i2", "i8", "u1")  # each is compiled for itself


def everything_compiled(patch: pytest.MonkeyPatch) -> None:
    for module in (pool, sparse, shuffle):
        patch.setattr(module, "COMPILED_WORK", 0)
    patch.setattr(runs, "THREAD_WORK", 0)


def samples(rng: np.random.Generator, shape: Any, dtype: str) -> np.ndarray:
    """Few different numbers, so that many are equal; of floats also infinite ones, NaN and both zeros."""
    if dtype[0] != "f":
        return rng.integers(0 if dtype[0] == "u" else -3, 4, shape).astype(dtype)
    return rng.choice([-np.inf, np.inf, np.nan, -0.0, 0.0, 1, 2, -1, -2], shape).astype(dtype)


def naive(x: np.ndarray, arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    """One array window by window: its maxima, and their places in the flattened array."""
    *per_axis, ceil_mode = arguments
    shape = [oracles.pool_size(*entry, ceil_mode) for entry in zip(x.shape, *per_axis, strict=True)]
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    y, places = np.full(shape, lowest, x.dtype), np.full(shape, -1)
    for m, window in oracles.windows(x.shape, *arguments):
        inside = [i for i in window if all(0 <= a < n for a, n in zip(i, x.shape, strict=True))]
        nan = [i for i in inside if x[i] != x[i]]
        if inside:
            best = nan[-1] if nan else max(inside, key=lambda i: x[i])  # the first of equal ones
            y[m], places[m] = x[best], np.ravel_multi_index(best, x.shape)
    return y, places


@st.composite
def pools(draw: Any) -> Any:
    ndim = draw(st.integers(1, 3))
    small = st.tuples(*[st.integers(1, 4)] * ndim)
    kernel, stride, dilation = draw(small), draw(small), draw(st.tuples(*[st.integers(1, 3)] * ndim))
    pads = [draw(st.tuples(st.integers(0, k), st.integers(0, k))) for k in kernel]
    sizes = draw(st.tuples(*[st.integers(1, 40 if ndim == 1 else 8)] * ndim))
    return (kernel, stride, pads, dilation, draw(st.booleans())), sizes


@settings(max_examples=150, deadline=None)
@given(pools(), st.sampled_from(DTYPES), st.integers(0, 9))
def test_maxima_and_their_places(case: Any, dtype: str, seed: int) -> None:
    arguments, sizes = case
    x = samples(np.random.default_rng(seed), (2, *sizes), dtype)
    places = naive(x[0], arguments)[1]
    if not places.size:
        with pytest.raises(WindowError, match="no outputs"):
            nn.MaxPool(*arguments).on(sizes)
        return
    bound = nn.MaxPool(*arguments).on(sizes)
    assert bound._reads_padding_only == bool(np.any(places < 0))
    if x.dtype.kind in "iu" and np.any(places < 0):
        for attempt in (bound, bound.jacobian):
            with pytest.raises(WindowError, match="padding only"):
                attempt(x)
        return
    with pytest.MonkeyPatch.context() as patch:
        everything_compiled(patch)
        assert bound._is_compiled(x)
        y, jacobian = bound(x), bound.jacobian(x)
    assert y.dtype == x.dtype
    for number, (one, maxima, places) in enumerate(zip(x, y, jacobian.source, strict=True)):
        want, at = naive(one, arguments)
        assert maxima.shape == want.shape
        assert np.array_equal(maxima, want, equal_nan=x.dtype.kind == "f")
        assert np.array_equal(np.signbit(maxima[maxima == 0]), np.signbit(want[want == 0]))
        assert np.array_equal(places, np.where(at < 0, -1, at + number * one.size))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_gradients_are_added_where_the_maxima_are(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything_compiled(monkeypatch)
    rng = np.random.default_rng(1)
    x = samples(rng, (3, 20, 31), "f4")
    jacobian = nn.MaxPool((3, 3), 1, 1).jacobian(x)
    given = rng.integers(-9, 9, (2, *jacobian.dimsd)).astype(dtype)
    want = np.zeros((2, x.size), dtype)
    for row, place in enumerate(jacobian.source.reshape(-1).tolist()):
        if place >= 0:
            want[:, place] += given.reshape(2, -1)[:, row]
    found = jacobian.T(given)
    assert found.dtype == dtype
    assert np.array_equal(found.reshape(2, -1), want)


@pytest.mark.parametrize("splits", [False, True])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shuffles_only_move_bits(splits: bool, data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 3))
    factor = data.draw(st.tuples(*[st.integers(1, 6)] * ndim).filter(lambda f: f[-1] > 1))
    coarse = data.draw(st.tuples(*[st.integers(0, 40 if ndim == 1 else 19)] * ndim))
    channels, batch = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    dtype = data.draw(st.sampled_from(["f4", "f8", "c8", "i8", "u4"]))
    layer = (nn.PixelUnshuffle if splits else nn.PixelShuffle)(factor, channels)
    sizes = tuple(n * r for n, r in zip(coarse, factor, strict=True)) if splits else coarse
    bound = layer.on(sizes)
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = np.frombuffer(rng.bytes(batch * bound.shape[1] * np.dtype(dtype).itemsize), dtype).reshape(batch, *bound.dims)
    with pytest.MonkeyPatch.context() as patch:
        everything_compiled(patch)
        y, back = bound(x), bound.T(bound(x))
    fine, many = (x, y) if splits else (y, x)
    assert y.dtype == x.dtype
    assert back.tobytes() == x.tobytes()
    for flat in rng.permutation(fine.size)[:500].tolist():
        at = np.unravel_index(flat, fine.shape)
        b, c, *n = at
        m, p = zip(*map(divmod, n, factor), strict=True)
        place = c * int(np.prod(factor)) + int(np.ravel_multi_index(p, factor))
        assert fine[at].tobytes() == many[(b, place, *m)].tobytes()


def test_threads_change_no_bit() -> None:
    import opalgebra as oa

    rng, found = np.random.default_rng(0), []
    x = rng.standard_normal((8, 16, 120, 131)).astype("f4")
    before = oa.get_threads()
    try:
        for threads in (1, 2):
            oa.set_threads(threads)
            maxima = nn.MaxPool((3, 3), 2, 1)
            layers = [
                nn.AvgPool((3, 3), 2),
                nn.Upsample((2, 2), "linear"),
                nn.Upsample((2, 3)),
                nn.PixelShuffle((2, 2), 4),
            ]
            found.append([maxima(x), maxima.jacobian(x).source, *(layer(x) for layer in layers)])
    finally:
        oa.set_threads(before)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*found, strict=True))


def test_a_wrong_table_is_seen() -> None:
    """The comparison of :func:`test_maxima_and_their_places` fails where a row is read that is another one."""
    x = np.random.default_rng(0).standard_normal((40, 50))
    bound = nn.MaxPool((2, 2), 1).on((40, 50))
    assert np.array_equal(bound._windows.maxima(x), naive(x, ((2, 2), (1, 1), [(0, 0)] * 2, (1, 1), False))[0])
    bound._windows.rows[3, 0] = 0
    assert not np.array_equal(bound._windows.maxima(x), naive(x, ((2, 2), (1, 1), [(0, 0)] * 2, (1, 1), False))[0])


def test_layouts_and_copies() -> None:
    x = np.random.default_rng(0).standard_normal((64, 3, 60, 62)).astype("f4")
    turned = x.transpose(0, 1, 3, 2)
    frozen = turned.copy()
    frozen.flags.writeable = False
    for layer in (nn.MaxPool((2, 2)), nn.AvgPool((2, 2)), nn.Upsample((2, 2), "linear"), nn.PixelShuffle((2, 3), 32)):
        if isinstance(layer, nn.PixelShuffle):
            turned, frozen = (a.reshape(1, 192, *a.shape[2:]) for a in (turned, frozen))
        assert np.array_equal(layer(turned), layer(frozen))
    bound = nn.MaxPool((2, 2)).on((60, 62))
    bound(x)
    assert len(pickle.dumps(bound)) < 2000
    big = x.astype(x.dtype.newbyteorder())
    assert np.array_equal(nn.MaxPool((2, 2))(big), nn.MaxPool((2, 2))(x))
