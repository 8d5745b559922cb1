"""Bound operators on arrays of a module in CuPy's place: what NumPy gives, and nothing waits."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.arrays.rules import RULES
from opalgebra.engine.ways.cuda import fourier
from opalgebra.engine.ways.cuda import launch as cuda_
from tests.bound.operators.test_random import bound
from tests.cuda_shim.fake_cupy import Fake, asnumpy
from tests.cuda_shim.places import Real, noise, same
from tests.generate_bound import sample

DTYPES = ("f4", "f8", "c8", "c16")


@pytest.mark.campaign(40)
@pytest.mark.parametrize(("seed", "blocks"), [(s, False) for s in range(120)] + [(s, True) for s in range(40)])
def test_random_operators(seed: int, blocks: bool, place: Any) -> None:
    """Forward, transposed, adjoint and conjugated, on batches of every dtype, on this device and on another one."""
    if isinstance(place, Real) and seed % 5:
        pytest.skip("every fifth on a device, where each needs kernels of its own")
    F, _ = bound(sample(seed, blocks=blocks), seed)
    rng = np.random.default_rng(seed)
    dtype = DTYPES[seed % 4]
    for G in (F, F.T, F.H, F.conj()):
        x = noise(rng, ((), (3,), (2, 2))[seed % 3] + G.dims, dtype)
        with place.on(seed % 2):
            given = place.asarray(x)
        same(G(given), G(x), F._gain() * np.abs(x).max(initial=0))
        assert np.array_equal(asnumpy(given), x)
        assert G(given).device == given.device
    assert place.waits == 0


# Single filters: precision, boundaries, what is not a number


def exact_and_size(A: Any, n: int, out: Any, boundary: str, x: np.ndarray, turned: bool) -> tuple[Any, Any]:
    """F x in double precision, and Σ|h||x|, from the matrices that continue and that filter."""
    before, size = 200, 400 + n
    continued = oa.Identity().on(n, out=(-before, size - before), boundary=boundary).todense()
    filtered = (A @ oa.Shift(-before)).on(size, out=out).todense()
    factors = (continued.T, filtered.T) if turned else (filtered, continued)
    left, right = (factor.astype("f8") for factor in factors)
    wide = x.astype("c16" if x.dtype.kind == "c" else "f8")
    return left @ (right @ wide), np.abs(left) @ (np.abs(right) @ np.abs(wide))


@pytest.mark.campaign(14)
@pytest.mark.parametrize("boundary", RULES)
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_four_roundings(boundary: str, up: int, down: int, place: Any) -> None:
    rng = np.random.default_rng(up + 10 * down)
    for n, taps, dtype in [(50, 9, "f4"), (3, 20, "f4"), (40, 31, "f8"), (30, 7, "c8")]:
        A = oa.Down(down) @ oa.Conv(oa.Signal(noise(rng, (taps,), "f8"), start=-taps // 2)) @ oa.Up(up)
        F = A.on(n, out=(-12, 70), boundary=boundary)
        for G, turned in ((F, False), (F.T, True)):
            x = noise(rng, G.dims, dtype)
            found = asnumpy(G(place.asarray(x)))
            exact, size = exact_and_size(A, n, (-12, 70), boundary, x, turned)
            assert np.all(np.abs(found - exact) <= 4 * np.finfo(dtype).eps / 2 * size + 1e-15)
    assert place.waits == 0


@pytest.mark.parametrize("boundary", RULES)
def test_not_a_number_reaches_what_reads_it(boundary: str, place: Any) -> None:
    rng = np.random.default_rng(0)
    A = oa.Modulate([1.0, 0.0, 2.0]) @ oa.Conv(oa.Signal([1.0, 0.0, 2.0, -1.0], start=-2)) @ oa.Up(2)
    F = A.on(9, out=(-6, 24), boundary=boundary)
    for G in (F, F.T):
        x = noise(rng, G.dims, "f8")
        x[[2, 5]] = np.nan, np.inf
        with np.errstate(invalid="ignore"):
            expected = G(x)
        same(G(place.asarray(x)), expected, 100)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tones(dtype: str, place: Any) -> None:
    """e^{iωn}, far from 0 and with a NaN where a part of it is 0."""
    rng = np.random.default_rng(0)
    for A, n, out in [
        (oa.Modulate(frequency=0.3) @ oa.Conv([1.0, -2.0]) @ oa.Up(2), 9, (-6, 24)),
        (oa.Shift(-(10**9)) @ oa.Modulate(frequency=2) @ oa.Shift(10**9), 9, (-2, 12)),
        (oa.Conv([[1.0, 2.0]]) @ oa.Modulate(frequency=(0.3, -2)) + oa.Identity(), (5, 6), ((-1, 6), (0, 7))),
    ]:
        F = A.on(n, out=out)
        for G in (F, F.T, F.H, F.conj()):
            x = noise(rng, (2, *G.dims), dtype)
            x.flat[0] = np.nan
            with np.errstate(invalid="ignore"):
                expected = G(x)
            same(G(place.asarray(x)), expected, 100)
    assert place.waits == 0


@pytest.mark.parametrize("name", ["long", "long, wrap", "four axes", "rank one", "views"])
def test_other_ways(name: str, place: Any) -> None:
    """Fourier transforms, slices, passes, and arrays that are not contiguous."""
    rng = np.random.default_rng(0)
    if name == "four axes":
        A: Any = oa.Conv(oa.Signal(rng.standard_normal((2, 1, 2, 2)))) + oa.Conv(oa.Signal(np.ones((1, 2, 1, 2))))
        F = A.on((3, 4, 3, 4), boundary="reflect")
    elif name == "rank one":
        F = oa.Conv(np.multiply.outer(rng.standard_normal(7), rng.standard_normal(6))).on((9, 8), boundary="symmetric")
    elif name == "views":
        F = oa.StridedConv(rng.standard_normal((3, 2)), (2, 2)).on((6, 7))
    else:
        F = oa.Conv(rng.standard_normal(2100)).on(2300, mode="same", boundary="wrap" if "wrap" in name else "zero")
    for G in (F, F.T):
        x = noise(rng, (2, *G.dims), "f8")
        if name == "views":
            x = x[::-1]
        given = place.asarray(np.ascontiguousarray(x.T)).T
        if name == "views":
            assert not given.flags.c_contiguous
        same(G(given), G(x), F._gain() * np.abs(x).max())
    assert place.waits == 0


def test_integers_are_exact_or_refused(place: Any) -> None:
    """The check for overflow asks for the largest magnitude, and waits for it."""
    place.may_wait = True
    rng = np.random.default_rng(0)
    for boundary in RULES:
        F = (oa.Down(2) @ oa.Conv([1, -2, 3]) @ oa.Up(3)).on(9, out=(-9, 22), boundary=boundary)
        for G, dtype in ((F, "i8"), (F.T, "i4"), (F + F, "u1"), (3 * F, "u8"), (F.T @ F, "i2")):
            x = noise(rng, (2, *G.dims), dtype)
            same(G(place.asarray(x)), G(x), 0)
    large = place.asarray(np.full(9, 2**61))
    with pytest.raises(oa.errors.IntegerOverflow):
        oa.Conv([3, 3]).on(9)(large)
    assert place.waits > 0


# What a bound operator offers


def test_vectors_matrices_and_combinations(place: Any) -> None:
    rng = np.random.default_rng(0)
    F = oa.Conv(rng.standard_normal((2, 3))).on((4, 5), mode="same", boundary="edge")
    c = 2 - 1j
    for G in (F, F.T, F @ F.H, F + F.T, 0 * F, c * F, F.conj() / 3, F - 2 * F, (F.T @ F) ** 2):
        for dtype in ("f4", "c16"):
            v, m = noise(rng, (20,), dtype), noise(rng, (20, 3), dtype)
            scale = 10 * G._gain() * np.abs(m).max()
            for act in ("matvec", "rmatvec"):
                same(getattr(G, act)(place.asarray(v)), getattr(G, act)(v), scale)
                same(getattr(G, act)(place.asarray(v[:, None])), getattr(G, act)(v[:, None]), scale)
            for act in ("matmat", "rmatmat"):
                same(getattr(G, act)(place.asarray(m)), getattr(G, act)(m), scale)
            same(G(place.asarray(v)), G(v), scale)
            same(place.asarray(v) @ G, v @ G, scale)
            same(G * place.asarray(v), G * v, scale)
    assert place.waits == 0


def test_explain_tells_what_a_device_does(cupy: Fake) -> None:
    """And that is what runs."""
    for A, n, rule, ways in [
        (oa.Conv(np.ones(31)), 100, "wrap", ["CUDA kernel"]),
        (oa.Conv(np.ones(2100)), 2300, "wrap", ["copy", "cuFFT"]),
        (oa.Conv(np.arange(16.0).reshape((2,) * 4)), (3,) * 4, "zero", ["CUDA slices"]),
        (oa.Block([[oa.Conv([1.0, 2.0]), oa.Conv([3.0, 4.0])]]), 9, "zero", ["cuBLAS"]),
    ]:
        F = A.on(n, boundary=rule)
        assert [step.way for step in F.explain(device="cuda").steps] == ways
        cupy.backend.launched.clear()
        F(cupy.asarray(np.ones(F.dims)))
        assert bool(cupy.backend.launched) == any("kernel" in way or "FFT" in way for way in ways)
    assert "kernel" in str(F.T.explain("cuda")) or "cuBLAS" in str(F.T.explain("cuda"))
    with pytest.raises(oa.OpAlgebraError, match="'cuda'"):
        F.explain(device="gpu")


def test_half_precision(place: Any) -> None:
    """Summed in single precision, rounded once."""
    F = oa.Conv([0.5, 1.0, 0.25]).on(40, boundary="reflect")
    for G in (F, F.T, 3 * F):
        x = noise(np.random.default_rng(0), (2, *G.dims), "f2")
        same(G(place.asarray(x)), G(x), 4, rounding=1)


def test_signals_are_of_the_host(cupy: Fake) -> None:
    """A signal knows its samples, so it takes none that lie on a device."""
    x = cupy.asarray(np.ones(4))
    for make in (lambda: oa.Signal(x), lambda: oa.Conv([1.0]) @ x, lambda: oa.Conv(x)):
        with pytest.raises(oa.OpAlgebraError, match=r"NumPy array|not on a"):
            make()


def test_out(place: Any) -> None:
    rng = np.random.default_rng(0)
    for boundary in ("zero", "wrap", "antireflect"):
        F = oa.Conv([1.0, 2.0, 3.0]).on(9, mode="same", boundary=boundary)
        x = noise(rng, (2, 9), "f4")
        for G in (F, F.T):
            out = place.asarray(np.full((2, 9), np.nan, "f4"))
            assert G(place.asarray(x), out=out) is out
            same(out, G(x), 100)
            wide = place.asarray(np.full((2, 18), np.nan, "f4"))
            G(place.asarray(x), out=wide[:, ::2])
            same(wide[:, ::2], G(x), 100)
    assert place.waits == 0


def test_arrays_that_do_not_belong_together(cupy: Fake) -> None:
    F = oa.Conv([1.0, 2.0]).on(4, mode="same")
    x = cupy.asarray(np.ones(4))
    with cupy.on(1):
        elsewhere = cupy.asarray(np.ones(4))
    for given, out, message in [
        (x, np.ones(4), "the input is on <CUDA Device 0> and out on the host"),
        (np.ones(4), x, "the input is on the host and out on <CUDA Device 0>"),
        (x, elsewhere, "the input is on <CUDA Device 0> and out on <CUDA Device 1>"),
    ]:
        with pytest.raises(oa.OpAlgebraError, match=message):
            F(given, out=out)
    with pytest.raises(oa.OpAlgebraError, match="overlaps"):
        F(x, out=x)
    with pytest.raises(oa.OpAlgebraError, match="shape"):
        F(x, out=cupy.asarray(np.ones(5)))
    with pytest.raises(oa.OpAlgebraError, match="shape"):
        F(cupy.asarray(np.ones(5)))
    with pytest.raises(oa.OpAlgebraError, match="dtype bool"):
        F(cupy.asarray(np.ones(4, bool)))
    with pytest.raises(oa.OpAlgebraError, match="leave engine out"):
        oa.Conv([1.0, 2.0]).on(4, engine="numba")(x)
    for make, other in [(oa.Pointwise("relu").jacobian, np.ones(4)), (oa.nn.MaxPool(2).jacobian, np.ones(2))]:
        with pytest.raises(oa.OpAlgebraError, match="on the host and the"):
            make(x).T(other)
    with pytest.raises(oa.OpAlgebraError, match="on the host and the"):
        oa.nn.Conv(np.ones((1, 1, 2))).grad_weight(x.reshape(1, 4))(np.ones((1, 1, 2)))


def test_least_squares(place: Any) -> None:
    rng = np.random.default_rng(0)
    place.may_wait = True  # a solver looks at norms
    F = oa.Conv([1.0, 3.0, 1.0]).on(20)
    for dtype, damp in [("f8", 0.0), ("c16", 0.0), ("f8", 0.5), ("f4", 0.1)]:
        y = noise(rng, (2, 22), dtype)
        found = F.lstsq(place.asarray(y), damp)
        assert found.dtype == dtype
        assert np.allclose(asnumpy(found), F.lstsq(y, damp), rtol=1e-5, atol=1e-5)


def test_a_stream_of_ones_own(cupy: Fake) -> None:
    """Taps and weights go up once; another stream waits for them on the device."""
    F = (oa.Modulate([1.0, 2.0]) @ oa.Conv([1.0, 2.0])).on(8)
    x = cupy.asarray(np.ones(8))
    uploads: list[Any] = []
    send = cupy.asarray
    cupy.asarray = lambda array: (uploads.append(array), send(array))[1]  # type: ignore[method-assign]
    F(x)
    assert len(uploads) == 2
    F(x)
    assert len(uploads) == 2
    cupy.stream = type(cupy.stream)(7)
    F(x)
    assert cupy.stream.waited == [0, 0]


def test_spectra_are_made_once(cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each number of taps, and where the block or the kind of samples is another."""
    rng = np.random.default_rng(1234)  # equal filters share what is kept
    F = oa.Conv(rng.standard_normal(2100)).on(2300)
    made: list[int] = []
    monkeypatch.setattr(fourier, "_transformed", lambda *a, f=fourier._transformed: (made.append(a[2]), f(*a))[1])
    for count, dtype in enumerate(("f4", "f8", "c8", "c16"), 1):
        for _ in range(3):
            x = noise(rng, F.dims, dtype)
            same(F(cupy.asarray(x)), F(x), F._gain() * np.abs(x).max())
        assert len(made) == (count + 1) // 2
    cupy.stream = type(cupy.stream)(7)
    F(cupy.asarray(x))
    assert len(made) == 2
    assert cupy.stream.waited
    with cupy.on(1):
        F(cupy.asarray(x))
    assert len(made) == 3


@pytest.mark.parametrize("fault", ["size", "kind", "place"])
def test_a_spectrum_of_other_taps_is_found(fault: str, cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    spectra: dict[Any, Any] = {}

    def kept(owner: Any, name: Any, make: Any) -> Any:
        at, step, size, is_complex = name
        wrong = {"size": (at, step, is_complex), "kind": (at, step, size), "place": (step, size, is_complex)}[fault]
        if wrong not in spectra:
            spectra[wrong] = make()
        return spectra[wrong]

    def compared() -> None:
        rng = np.random.default_rng(0)
        A = oa.Conv(rng.standard_normal(8500)) @ oa.Up(2)
        for F, dtype in ((A.on(9000), "f8"), (A.on(9000), "c16"), (A.on(9000, out=(0, 5000)), "f8")):
            x = noise(rng, F.dims, dtype)
            same(F(cupy.asarray(x)), F(x), F._gain() * np.abs(x).max())

    compared()
    monkeypatch.setattr(cuda_, "made_there", kept)
    with pytest.raises((AssertionError, ValueError, TypeError)):
        compared()


def test_tones_go_up_axis_by_axis_and_once(cupy: Fake) -> None:
    F = oa.Modulate(frequency=(1, 2)).on((30, 40))
    x = cupy.asarray(np.ones((30, 40)))
    sizes: list[int] = []
    send = cupy.asarray
    cupy.asarray = lambda array: (sizes.append(array.size), send(array))[1]  # type: ignore[method-assign]
    for _ in range(2):
        F(x)
        assert sizes == [30, 40]


# The tests can fail


@pytest.mark.parametrize("fault", ["offset", "sign", "boundary", "add"])
def test_a_planted_fault_is_found(fault: str, cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = cuda_.add_to

    def faulty(fir: Any, y: Any, x: Any, written: Any, read: Any, *, boundary: Any, add: bool) -> None:
        if fault == "offset":
            fir = fir.then_shift((1,) * len(fir.up))
        if fault == "sign":
            y = -y
        if fault == "boundary":
            boundary = ["zero"] * len(boundary)
        kept(fir, y, x, written, read, boundary=boundary, add=not add if fault == "add" else add)

    monkeypatch.setattr(cuda_, "add_to", faulty)
    found = 0
    for seed in random.Random(0).sample(range(240), 40):
        F, _ = bound(sample(seed), seed)
        x = noise(np.random.default_rng(seed), F.dims, "f8")
        y = F(x)
        found += not np.allclose(asnumpy(F(cupy.asarray(x))), y, equal_nan=False)
    assert found >= 4
