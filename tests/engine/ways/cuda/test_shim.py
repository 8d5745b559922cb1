"""The CUDA kernels on the CPU: about a thousand filters against SciPy and the NumPy engine.

The source is the one that a device gets; see ``tests/cuda_shim`` for what stands in for the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.signal import upfirdn

from opalgebra.bound.operators.boundary import Extension
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.cuda import plan
from opalgebra.engine.ways.cuda.launch import filter_into
from opalgebra.engine.ways.cuda.plan import Axis, launch_of
from opalgebra.errors import OperandError, SizeError
from tests.cuda_shim.shim import COMPILER, Programs, ShimBackend

pytestmark = pytest.mark.skipif(COMPILER is None, reason="g++ is not here, so the CUDA source cannot be run on the CPU")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with closing(Programs(tmp_path_factory.mktemp("cuda"))) as made:
        yield made


class Case(NamedTuple):
    """A filter between windows, with what it is run on."""

    fir: Fir
    x: np.ndarray
    y: np.ndarray
    written: Window
    read: Window
    more: dict[str, Any]


def noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    made = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "i":
        return np.round(100 * made).astype(dtype)
    return (made + 1j * rng.standard_normal(shape)).astype(dtype) if np.dtype(dtype).kind == "c" else made.astype(dtype)


def make(
    rng: np.random.Generator,
    kernel: tuple[int, ...],
    up: tuple[int, ...],
    down: tuple[int, ...],
    size: tuple[int, ...],
    dtypes: str = "f4 f4 f4",
    batch: tuple[int, ...] = (),
    groups: int | None = None,
) -> Case:
    """A random filter, on an output window near the one that it reaches."""
    samples, taps, outputs = dtypes.split()
    lead = () if groups is None else (groups, 1, 1)
    start = tuple(rng.integers(-9, 9, len(kernel)).tolist())
    fir = Fir(noise(rng, (*lead, *kernel), taps), start, up, down, mixes=groups is not None)
    read = Window(tuple(rng.integers(-20, 20, len(size)).tolist()), size)
    reach = fir.reaches(read)
    starts = tuple(a + int(rng.integers(-3, 4)) for a in reach.starts)
    written = Window(starts, tuple(max(1, n + int(rng.integers(-5, 6))) for n in reach.shape))
    batch = batch if groups is None else (*batch, groups)
    x, y = noise(rng, (*batch, *size), samples), noise(rng, (*batch, *written.shape), outputs)
    return Case(fir, x, y, written, read, {"add": sum(kernel) % 2 == 0})  # one of both, to build fewer variants


def check(programs: Programs, case: Case, order: int, *, rounding: float = 4, blocks: int = 2) -> ShimBackend:
    """The outputs are within some rounding errors, relative to Σ|h||x|, of those in double precision."""
    fir, x, y, written, read, more = case
    begin = y if more.get("add", True) else np.zeros_like(y)
    backend = ShimBackend(programs, order, blocks)
    found = backend.run(fir, y.copy(), x, written, read, **more)
    exact, size = reference(fir, begin, x, written, read, more.get("boundary"))
    assert found.dtype == y.dtype
    if y.dtype.kind == "i":
        assert np.array_equal(found, exact)
    else:
        finite = np.isfinite(exact)
        assert np.array_equal(np.isfinite(found), finite)
        unit = np.finfo(y.dtype).eps / 2
        error = np.abs(found[finite].astype(exact.dtype) - exact[finite])
        allowed = rounding * unit * size[finite]
        assert np.all(error <= allowed), f"off by {np.max(error - allowed)}"
    return backend


def reference(
    fir: Fir, begin: np.ndarray, x: np.ndarray, written: Window, read: Window, boundary: Any
) -> tuple[np.ndarray, np.ndarray]:
    """y from the NumPy engine in double precision, and |y| + Σ|h||x|."""
    taps = fir.taps_in(begin.dtype)
    wide = {"i": "i8", "f": "f8", "c": "c16"}
    if boundary is not None:
        asked = fir.reads(written)
        moved = Window(tuple(a - b for a, b in zip(asked.starts, read.starts, strict=True)), asked.shape)
        x, read = Extension(tuple(boundary), read.shape, moved).apply(x), asked

    def filtered(taps: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        Fir(taps, fir.start, fir.up, fir.down, fir.mixes).add_to(y, x, written, read)
        return y

    exact = filtered(*(a.astype(wide[a.dtype.kind]) for a in (taps, x, begin)))
    return exact, filtered(
        np.abs(taps).astype("f8"), np.where(np.isfinite(x), np.abs(x), 0).astype("f8"), np.abs(begin).astype("f8")
    )


# What is computed ---------------------------------------------------------------------------------------------

RATES = [  # ↑, ↓, taps
    (1, 1, 1),
    (1, 1, 5),
    (1, 1, 31),
    (1, -1, 16),
    (2, 1, 4),
    (2, 1, 7),
    (3, 1, 2),
    (1, 2, 31),
    (1, 4, 9),
    (1, -3, 8),
    (2, 3, 13),
    (3, -2, 33),
    (4, 6, 17),
    (40, 3, 90),
    (160, 147, 700),
    (1, 100, 5),
    (700, 3, 900),
]
DTYPES = ["f4 f4 f4", "f8 f8 f8", "c8 f4 c8", "f4 c8 c8", "c8 c8 c8", "f8 f8 c16", "c16 c16 c16", "i8 i8 i8"]


@pytest.mark.campaign(3)
@pytest.mark.parametrize(("up", "down", "taps"), RATES)
def test_one_axis(programs: Programs, up: int, down: int, taps: int) -> None:
    rng = np.random.default_rng(taps)
    for turn in range(24):
        size = [1, 7, 120, 60][turn % 4]
        case = make(rng, (taps,), (up,), (down,), (size,), "f4 f4 f4", batch=(1 + turn % 2,))
        check(programs, case, turn % 3)


@pytest.mark.campaign(2)
@pytest.mark.parametrize("dtypes", DTYPES)
def test_every_dtype(programs: Programs, dtypes: str) -> None:
    rng = np.random.default_rng(len(dtypes))
    for (up, down, taps), turn in itertools.product([(1, 1, 18), (2, -1, 5), (1, 300, 3)], range(8)):
        case = make(rng, (taps,), (up,), (down,), (50 + turn,), dtypes, batch=(2,))
        check(programs, case, turn % 3, rounding=8)  # a complex product has four roundings itself


@pytest.mark.long
@pytest.mark.parametrize(("up", "down", "taps"), [(1, 1, 31), (2, 1, 4), (1, 2, 31), (2, 3, 13), (160, 147, 700)])
def test_scipy(programs: Programs, up: int, down: int, taps: int) -> None:
    rng = np.random.default_rng(1)
    for turn in range(20):
        h, x = noise(rng, (taps,), "f8"), noise(rng, (2, 1 + 9 * turn), "f8")
        theirs = upfirdn(h, x, up, down)
        fir, read = Fir(h, (0,), (up,), (down,)), Window((0,), x.shape[1:])
        written = Window((0,), theirs.shape[1:])
        ours = ShimBackend(programs, turn % 3).run(fir, np.full(theirs.shape, np.nan), x, written, read, add=False)
        assert np.abs(ours - theirs).max() <= 1e-14 * taps


def not_the_last(rng: np.random.Generator, taps: int, up: int, down: int, size: tuple[int, int]) -> Case:
    """A filter along the first of two axes."""
    case = make(rng, (taps, 1), (up, 1), (down, 1), size, batch=(2,))
    fir = Fir(case.fir.taps, (case.fir.start[0], 0), case.fir.up, case.fir.down)
    read = Window((case.read.starts[0], 4), case.read.shape)
    written = Window((case.written.starts[0], 4), (case.written.shape[0], size[1]))
    return case._replace(fir=fir, read=read, written=written, y=noise(rng, (2, *written.shape), "f4"))


@pytest.mark.long
@pytest.mark.parametrize("inner", [2, 9, 33])
def test_an_axis_that_is_not_the_last(programs: Programs, inner: int) -> None:
    rng = np.random.default_rng(inner)
    for (up, down, taps), turn in itertools.product([(1, 1, 5), (2, 1, 4), (3, -2, 11), (1, 2, 6)], range(6)):
        backend = check(programs, not_the_last(rng, taps, up, down, (20 + 7 * turn, inner)), turn % 3)
        assert dict(backend.launched[0].variant.macros)["AXES"] == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("kernel", "up", "down"),
    [
        ((3, 3), (1, 1), (1, 1)),
        ((2, 4), (2, 2), (1, 1)),
        ((5, 3), (1, 3), (2, -2)),
        ((3, 40), (2, 40), (3, 3)),
        ((2, 3, 2), (1, 2, 1), (1, 1, 2)),
        ((3, 2, 3), (2, 1, 1), (-1, 1, 1)),
        ((2, 3), (1, 1), (40, 60)),
        ((9, 1), (5, 1), (1, 1)),
    ],
)
def test_several_axes(programs: Programs, kernel: Any, up: Any, down: Any) -> None:
    rng = np.random.default_rng(sum(kernel))
    for turn in range(12):
        size = tuple(rng.integers(1, 14, len(kernel)).tolist())
        check(programs, make(rng, kernel, up, down, size, batch=(2,)), turn % 3, rounding=6)


@pytest.mark.long
def test_taps_of_rank_one_are_passes(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    for turn in range(12):
        case = make(rng, (6, 9), (1, 2), (1, -1), (20, 30), ["f8 f8 f8", "c16 f8 c16"][turn % 2], batch=(2,))
        taps = np.multiply.outer(rng.standard_normal(6), rng.standard_normal(9))
        case = case._replace(fir=Fir(taps, case.fir.start, case.fir.up, case.fir.down))
        backend = check(programs, case, turn % 3, rounding=30)
        assert len(backend.launched) == 2


BOUNDARIES = ["zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric"]


@pytest.mark.campaign(2)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries(programs: Programs, boundary: str) -> None:
    rng = np.random.default_rng(0)
    for turn, (up, down, taps) in itertools.product(range(6), [(1, 1, 9), (2, 1, 7), (3, -2, 9), (1, 100, 3)]):
        case = make(rng, (taps,), (up,), (down,), ([1, 2, 5, 60][turn % 4],), batch=(2,))
        case.more["boundary"] = [boundary]
        check(programs, case, turn % 3)
    for turn in range(4):
        case = make(rng, (3, 4), (2, 1), (1, 2), (1 + 3 * turn, 5), "f8 f8 f8")
        case.more["boundary"] = [boundary, BOUNDARIES[turn]]
        check(programs, case, turn % 3, rounding=6)


@pytest.mark.campaign(1)
@pytest.mark.parametrize(("up", "down", "taps"), [(1, 1, 9), (3, 1, 4), (160, 147, 700), (1, 100, 3)])
def test_a_zero_tap_reads_nothing(programs: Programs, up: int, down: int, taps: int) -> None:
    rng = np.random.default_rng(0)
    for turn in range(9):
        case = make(rng, (taps,), (up,), (down,), (120,), ["f4 f4 f4", "f4 c8 c8", "c8 c8 c8"][turn % 3])
        kept = rng.random(taps) < 0.4
        case = case._replace(fir=Fir(case.fir.taps * kept, case.fir.start, case.fir.up, case.fir.down))
        case.x[rng.integers(0, 120, 4)] = [np.nan, np.inf, -np.inf, np.nan]
        with np.errstate(invalid="ignore"):
            check(programs, case, turn % 3, rounding=8)


@pytest.mark.long
def test_taps_for_each_channel(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    for kernel, up, turn in itertools.product([(3, 3), (1, 5), (5, 1)], [(1, 1), (2, 2)], range(3)):
        case = make(rng, kernel, up, (1, 1), (8, 9), batch=(2,), groups=3)
        assert len(check(programs, case, turn, rounding=6, blocks=3).launched) == 1


@pytest.mark.long
def test_matrices_between_channels(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    for turn in range(6):
        fir = Fir(noise(rng, (2, 3, 4, 3, 2), "f8"), (0, -1), (2, 1), (1, 2), mixes=True)
        read = Window((0, 0), (7, 8))
        written = fir.reaches(read)
        x, y = noise(rng, (2, 8, 7, 8), "f8"), noise(rng, (2, 6, *written.shape), "f8")
        check(programs, Case(fir, x, y, written, read, {"add": bool(turn % 2)}), 0, rounding=20)


def test_views(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    case = make(rng, (5,), (2,), (1,), (40,), batch=(3,))
    wide = noise(rng, (3, 2, 80), "f4")
    for view in (wide[:, 0, ::2], wide[:, 1, ::-2], wide[::-1, 0, 40:], np.broadcast_to(wide[0, 0, :40], (3, 40))):
        check(programs, case._replace(x=view), 2)
    columns = np.asfortranarray(case.y)
    check(programs, case._replace(y=columns), 2)
    tall = make(rng, (5, 2), (2, 1), (1, 1), (20, 12))
    check(programs, tall._replace(x=np.asfortranarray(tall.x), y=np.asfortranarray(tall.y)), 2)
    deep = make(rng, (3, 3), (1, 1), (1, 1), (9, 8), batch=(2, 3))
    check(programs, deep._replace(x=deep.x.transpose(1, 0, 2, 3).copy().transpose(1, 0, 2, 3)), 2)


@pytest.mark.long
def test_the_input_stays_as_it_is(programs: Programs) -> None:
    case = make(np.random.default_rng(0), (5,), (2,), (1,), (40,))
    kept = case.x.copy()
    case.x.setflags(write=False)
    check(programs, case, 0)
    assert np.array_equal(case.x, kept)


@pytest.mark.long
def test_many_taps_are_cut(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    case = make(rng, (5000,), (1,), (1,), (9,))
    near = Window(case.written.starts, (300,))
    assert len(check(programs, case._replace(written=near, y=case.y[:300]), 2).launched) == 2
    flat = make(rng, (70, 71), (1, 2), (1, 1), (9, 9))
    assert len(check(programs, flat, 2, rounding=8).launched) == 2


@pytest.mark.long
@pytest.mark.parametrize(("up", "down", "dtypes"), [(1, 1, "f8 f8 f8"), (1, -2, "f8 c16 c16"), (2, 1, "c16 f8 c16")])
def test_fourier(programs: Programs, up: int, down: int, dtypes: str) -> None:
    rng = np.random.default_rng(0)
    case = make(rng, (8500 * up,), (up,), (down,), (12000,), dtypes)
    case.x[5000] = np.nan
    fir, x, y, written, read, more = case
    found = ShimBackend(programs).run(fir, y.copy(), x, written, read, **more)
    exact, size = reference(fir, y if more["add"] else 0 * y, x, written, read, None)
    assert np.array_equal(np.isfinite(found), np.isfinite(exact))
    assert np.nanmax(np.abs(found - exact)) <= 1e-14 * np.nanmax(size)


@pytest.mark.long
def test_fourier_in_single_precision(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    backend = check(programs, make(rng, (5000,), (1,), (1,), (3000,)), 0)
    assert {dict(launch.variant.macros)["SPARSE"] for launch in backend.launched} == {1}


# Large indices ------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_an_upsampling_factor_of_2_to_the_24(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    up = 2**24
    for down, taps in [(up - 1, 3), (up + 1, 1000), (up // 3, 5)]:
        fir = Fir(noise(rng, (taps,), "f8"), (0,), (up,), (down,))
        x, read = noise(rng, (400,), "f8"), Window((0,), (400,))
        written = Window((0,), (1200,))
        check(programs, Case(fir, x, np.zeros(1200), written, read, {}), 0)


@pytest.mark.long
def test_factors_past_31_bits(programs: Programs) -> None:
    rng = np.random.default_rng(0)
    for up, down in [(2**33, 2**33), (2**33, -(2**34)), (2**31, 2**31)]:
        fir = Fir(noise(rng, (3,), "f8"), (0,), (up,), (down,))
        read, written = Window((-20,), (40,)), Window((-15,), (30,))
        x = noise(rng, (40,), "f8")
        check(programs, Case(fir, x, np.zeros(30), written, read, {}), 0)


@pytest.mark.long
@pytest.mark.parametrize("tiled", [True, False])
def test_arrays_of_more_than_2_to_the_31_samples(programs: Programs, tiled: bool) -> None:
    """The last of some billion samples, of which all but the last are zero and take no memory."""
    rng = np.random.default_rng(0)
    down = 2 if tiled else 1000
    far, outs = 2**31 + 2**20, 50
    ins = outs * down
    x, h = noise(rng, (ins,), "f4"), noise(rng, (6,), "f4")
    # Output n of row 1 reads around sample far + M n; row 1 begins `far` outputs after row 0.
    axis = Axis(1, down, far, 6, outs, far + ins, 0, 1, 1)
    job = launch_of([axis], 2, far, 0, 1, 1, [np.dtype("f4")] * 3)
    head = [2, 3, job.variant.threads, 4 * far, 4 * far, x.nbytes, h.nbytes, 4 * outs, 0, 0, *job.numbers]
    answer = programs.call(job.variant, head, x.tobytes(), h.tobytes(), bytes(4 * outs))
    exact = np.zeros(outs)
    Fir(h, (0,), (1,), (down,)).add_to(exact, x.astype("f8"), Window((0,), (outs,)), Window((0,), (ins,)))
    assert np.allclose(np.frombuffer(answer, "f4"), exact, rtol=1e-5, atol=1e-5)


def test_indices_past_63_bits_are_refused(programs: Programs) -> None:
    fir, window = Fir(np.ones(1), (0,), (1,), (1,)), Window((2**62,), (4,))
    with pytest.raises(SizeError, match="63 bits"):
        filter_into(ShimBackend(programs), fir, np.zeros(4), np.zeros(4), Window((0,), (4,)), window)


# Bad input ----------------------------------------------------------------------------------------------------


def test_bad_input(programs: Programs) -> None:
    fir, w = Fir(np.ones(2), (0,), (1,), (1,)), Window((0,), (4,))
    backend, y = ShimBackend(programs), np.zeros(4, "f4")
    for x in (np.zeros(4, "f8"), np.zeros(4, "c8"), np.zeros(4, "f2"), np.zeros(4, "i8")):
        with pytest.raises(OperandError, match="precision of the outputs"):
            backend.run(fir, y, x, w, w)
    for boundary in (["antireflect"], ["zero", "zero"], ["mirror"]):
        with pytest.raises(OperandError, match="boundary"):
            backend.run(fir, y, y.copy(), w, w, boundary=boundary)
    mixing = Fir(np.ones((1, 2, 2, 1)), (0,), (1,), (1,), mixes=True)
    with pytest.raises(OperandError, match="extend it first"):
        backend.run(mixing, np.zeros((2, 4)), np.zeros((2, 4)), w, w, boundary=["wrap"])


@pytest.mark.parametrize("size", [2**29 - 5000, 2**30])
def test_indices_take_64_bits_where_32_are_too_few(size: int) -> None:
    axis = Axis(1, 1, 0, 3, size, size, 0, 1, 1)
    narrow = dict(launch_of([axis], 1, 0, 0, 1, 1, [np.dtype("f4")] * 3).variant.macros)["WIDE"] == 0
    assert narrow == (size < 2**29)
    for change in ({"x_stride": 4}, {"y_stride": -4}, {"down": 4}, {"offset": -(2**30)}, {"up": 4}):
        made = launch_of([axis._replace(**change)], 1, 0, 0, 1, 1, [np.dtype("f4")] * 3)
        assert dict(made.variant.macros)["WIDE"] == 1
    batch = axis._replace(outs=1000, ins=1000)
    for outer, step, inner, wide in [(2**19, 1000, 1, 0), (2**21, 1000, 1, 1), (4, 2**29, 1, 1), (1000, 0, 4000, 1)]:
        made = launch_of([batch], outer, step, step, inner, 1, [np.dtype("f4")] * 3)
        assert dict(made.variant.macros)["WIDE"] == wide


@pytest.mark.long
def test_the_same_bits_with_indices_of_either_size(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    def cases() -> list[Case]:
        rng = np.random.default_rng(0)
        return [make(rng, (31,), (2,), (3,), (900,)), make(rng, (3, 4), (2, 1), (1, 1), (9, 40), batch=(2,))]

    found = [ShimBackend(programs).run(c.fir, c.y.copy(), c.x, c.written, c.read, **c.more) for c in cases()]
    monkeypatch.setattr(plan, "NARROW", 0)
    for case, narrow in zip(cases(), found, strict=True):  # anew: launches are kept with the filter
        backend = check(programs, case, 2, rounding=6)
        assert {dict(launch.variant.macros)["WIDE"] for launch in backend.launched} == {1}
        wide = backend.run(case.fir, case.y.copy(), case.x, case.written, case.read, **case.more)
        assert np.array_equal(wide, narrow)
