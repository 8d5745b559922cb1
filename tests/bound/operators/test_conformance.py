"""SciPy's recorded outputs through ``A.on(...)``: resampling, convolution and correlation with linear boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from tests.conformance import MISSING, Case, cases

BOUNDARY = {"constant": "zero"} | {
    name: name for name in ("wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect")
}
ONE_AXIS = (
    "upfirdn", "resample_poly", "decimate", "convolve", "correlate", "ndimage_convolve1d", "ndimage_correlate1d"
)  # fmt: skip
TWO_AXES = ("convolve2d", "correlate2d")


def left_out(case: Case) -> str:
    """Why a case is not one of a bound operator; empty where it is."""
    if case.linearity != "linear":
        return f"{case.linearity} in x"
    norm = case.norm or {}
    if norm.get("ext") in ("line", "smooth"):
        return "continues along a line through samples, which is none of the seven boundaries"
    return "subtracts the mean first" if case.attrs.get("padtype") == "mean" else ""


def params(*ops: str, normal: bool = True) -> list[Any]:
    """The cases of some operations, each as a test; one skipped test that says why where there is no set."""
    if MISSING:
        return [pytest.param(None, marks=pytest.mark.skip(reason=MISSING))]
    found = [c for c in cases("scipy", op=ops) if (c.norm is not None) == normal and not left_out(c)]
    return [pytest.param(case, id=case.id) for case in found]


def taps(case: Case) -> np.ndarray:
    """The kernel of the recorded sum y_n = Σ_k h_k v_{n·down + offset − k}."""
    h = case.inputs["h"]
    name = (case.norm or {}).get("kernel", "h")
    h = np.flip(h) if "reverse" in name else h
    return np.conj(h) if "conj" in name else h


def on_an_axis(length: int, axis: int, ndim: int, other: int) -> tuple[int, ...]:
    return tuple(length if j == axis % ndim else other for j in range(ndim))


def along(case: Case, axis: int, ndim: int) -> oa.LinearOperator:
    """↓M S^{−offset} C_h ↑L along one of several axes."""
    norm, h = case.norm or {}, taps(case)
    up, down = (on_an_axis(norm[name], axis, ndim, 1) for name in ("up", "down"))
    kernel = h.reshape(on_an_axis(len(h), axis, ndim, 1))
    return oa.Down(down) @ oa.Shift(on_an_axis(-norm["offset"], axis, ndim, 0)) @ oa.Conv(kernel) @ oa.Up(up)


@pytest.mark.campaign(35)
@pytest.mark.parametrize("case", params(*ONE_AXIS))
def test_along_an_axis(case: Case) -> None:
    norm, x = case.norm or {}, case.inputs["x"]
    moved = np.moveaxis(x, norm["axis"], -1)
    F = along(case, 0, 1).on(moved.shape[-1], out=norm["out_len"], boundary=BOUNDARY[norm["ext"]])
    y = np.moveaxis(F(moved), -1, norm["axis"])
    assert not case.error(y)
    assert y.dtype == case.outputs["y"].dtype
    assert F.dottest()
    assert F.dottest(dtype=np.complex128)


@pytest.mark.campaign(25)
@pytest.mark.parametrize("case", params(*ONE_AXIS))
def test_along_an_axis_of_an_operator_on_all_axes(case: Case) -> None:
    norm, x = case.norm or {}, case.inputs["x"]
    axis = norm["axis"] % x.ndim
    out = tuple(norm["out_len"] if j == axis else n for j, n in enumerate(x.shape))
    rules = tuple(BOUNDARY[norm["ext"]] if j == axis else "zero" for j in range(x.ndim))
    F = along(case, axis, x.ndim).on(x.shape, out=out if x.ndim > 1 else out[0], boundary=rules)
    assert not case.error(F(x))


def named(case: Case) -> oa.LinearOperator | None:
    """The operator under the name that people know it by, where it has one."""
    norm, h, plain = case.norm or {}, taps(case), case.inputs["h"]
    if (norm["up"], norm["down"], norm["offset"]) == (1, 1, len(h) - 1) and case.op == "correlate":
        return oa.Corr(plain)
    if norm["offset"] == 0 and norm["up"] == 1:
        return oa.StridedConv(h, norm["down"])
    return oa.TransposedConv(h, norm["up"]) if norm["offset"] == 0 and norm["down"] == 1 else None


@pytest.mark.campaign(25)
@pytest.mark.parametrize("case", params(*ONE_AXIS))
def test_named_compositions(case: Case) -> None:
    A, norm = named(case), case.norm or {}
    if A is None:
        assert norm["offset"] or norm["up"] > 1 < norm["down"]
        return
    x = np.moveaxis(case.inputs["x"], norm["axis"], -1)
    F = A.on(x.shape[-1], out=norm["out_len"], boundary=BOUNDARY[norm["ext"]])
    assert not case.error(np.moveaxis(F(x), -1, norm["axis"]))


@pytest.mark.campaign(25)
@pytest.mark.parametrize("case", params("convolve", "upfirdn"))
def test_modes_give_scipy_windows(case: Case) -> None:
    norm, x, h = case.norm or {}, case.inputs["x"], case.inputs["h"]
    n = x.shape[norm["axis"]]
    mode = case.attrs["mode"] if case.op == "convolve" else "full"
    centred = oa.Signal(h, start=-((len(h) - 1) // 2) if mode == "same" else 0)
    A = oa.Down(norm["down"]) @ oa.Conv(centred) @ oa.Up(norm["up"])
    F = A.on(n, mode=mode) if norm["ext"] == "constant" else A.on(n, out=A.on(n).dimsd[0], boundary=norm["ext"])
    if mode == "valid" and len(h) > n:  # SciPy swaps signal and kernel
        assert F.dimsd == (0,)
        return
    assert not case.error(np.moveaxis(F(np.moveaxis(x, norm["axis"], -1)), -1, norm["axis"]))


@pytest.mark.parametrize("case", params(*TWO_AXES))
def test_two_axes(case: Case) -> None:
    norm, x = case.norm or {}, case.inputs["x"]
    A = oa.Shift(tuple(-o for o in norm["offset"])) @ oa.Conv(taps(case))
    F = A.on(x.shape, out=tuple(norm["out_shape"]), boundary=BOUNDARY[norm["ext"]])
    assert not case.error(F(x))
    assert F.dottest()


def _same_start(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-((k - 1) // 2) for k in shape)


@pytest.mark.parametrize("case", params("convolve", normal=False))
def test_three_axes_and_one_of_two(case: Case) -> None:
    x, h, mode = case.inputs["x"], case.inputs["h"], case.attrs["mode"]
    start = _same_start(h.shape) if mode == "same" else (0,) * h.ndim
    assert not case.error(oa.Conv(oa.Signal(h, start=start)).on(x.shape, mode=mode)(x))


@pytest.mark.parametrize("case", params("lfilter_fir", normal=False))
def test_fir_filter_and_its_final_state(case: Case) -> None:
    """The state that lfilter hands on is what the filter would still put out."""
    x, h = case.inputs["x"], case.inputs["h"]
    assert not np.any(case.inputs["zi"])
    A, n = oa.Conv(h), len(x)
    assert not case.error(A.on(n, mode="same")(x))
    assert not case.error(A.on(n, out=(n, n + len(h) - 1))(x), "zf")


@pytest.mark.parametrize("case", params("matrix_of_convolve", normal=False))
def test_convolution_matrix(case: Case) -> None:
    h, n, mode = case.inputs["h"], case.attrs["n"], case.attrs["mode"]
    short, long = sorted((n, len(h)))
    half = (short - 1) // 2
    out = {"full": n + len(h) - 1, "same": (half, half + long), "valid": (short - 1, long)}[mode]
    F = oa.Conv(h).on(n, out=out)  # SciPy's windows are symmetric in signal and kernel
    M = F.todense()
    assert not case.error(M, "M")
    exact = np.array(F.matrix().evalf(17).tolist(), dtype=complex)
    assert not case.error(exact, "M")


@pytest.mark.parametrize("case", params("matrix_of_circular_convolve", normal=False))
def test_circulant(case: Case) -> None:
    h = case.inputs["h"]
    assert not case.error(oa.Conv(h).on(len(h), mode="same", boundary="wrap").todense(), "M")


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "there is a set")
def test_every_case_is_run_or_left_out_for_a_reason() -> None:
    """All that is linear in x and continued by one of the seven boundaries is run."""
    run = {p.values[0].id for p in [*params(*ONE_AXIS), *params(*TWO_AXES)]}
    for op in ("convolve", "lfilter_fir", "matrix_of_convolve", "matrix_of_circular_convolve"):
        run |= {p.values[0].id for p in params(op, normal=False)}
    every = cases("scipy")
    assert {case.id for case in every if not left_out(case)} == run
    print({reason: sum(left_out(case) == reason for case in every) for reason in sorted(map(left_out, every))})
    assert len(run) >= 0.85 * len(every)


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "there is a set")
def test_the_comparison_notices_faults() -> None:
    case = next(c for c in cases("scipy", op="upfirdn") if c.inputs["x"].ndim == 1 and not left_out(c))
    y = np.array(case.outputs["y"])
    y[-1] += 1e-6
    assert "differs" in case.error(y)
    y[-1] = np.nan
    assert "differs" in case.error(y)
    assert "shape" in case.error(y[1:])
