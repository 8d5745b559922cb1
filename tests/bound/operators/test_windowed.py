"""Operators on arrays by example: windows, sizes as formulas, dtypes, batches, equality, what a run costs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa

q3 = oa.Conv([1, 2, 1])


# Windows by what they mean


@pytest.mark.parametrize(
    ("operator", "n", "full", "same", "valid"),
    [
        (q3, 5, (0, 7), (0, 5), (2, 5)),
        (oa.Conv(oa.Signal([1, 2, 1], start=-1)), 5, (-1, 6), (0, 5), (1, 4)),
        (q3, 2, (0, 4), (0, 2), None),
        (oa.Up(3), 4, (0, 10), (0, 12), (0, 10)),
        (oa.Down(3), 7, (0, 3), (0, 3), (0, 3)),
        (oa.Down(2) @ q3, 8, (0, 5), (0, 4), (1, 4)),
        (q3 @ oa.Up(2), 4, (0, 9), (0, 8), (1, 8)),
        (oa.Repeat(3), 4, (0, 12), (0, 12), (0, 12)),
        (oa.AvgPool(3), 7, (0, 3), (0, 3), (0, 2)),
        (oa.Flip(), 4, (-3, 1), (0, 4), (-3, 1)),
        (oa.Shift(-2), 4, (-2, 2), (0, 4), (-2, 2)),
        (oa.Down(3) @ oa.Conv([1] * 4) @ oa.Up(2), 9, (0, 7), (0, 6), (1, 6)),
        (oa.Identity() + oa.Shift(2), 5, (0, 7), (0, 5), (2, 5)),
        (oa.Zero(), 5, (0, 0), (0, 5), (0, 0)),
    ],
    ids=str,
)
def test_windows_of_the_modes(operator: Any, n: int, full: Any, same: Any, valid: Any) -> None:
    for mode, window in (("full", full), ("same", same), ("valid", valid)):
        F = operator.on(n, mode=mode)
        if window is None:
            assert F.dimsd == (0,)
            continue
        assert (F.out_window.starts[0], F.out_window.stops[0]) == window
        assert F(np.ones(n)).shape == F.dimsd == (window[1] - window[0],)


def test_shapes_on_several_axes() -> None:
    F = oa.Conv(np.ones((2, 3))).on((4, 5))
    assert (F.dims, F.dimsd, F.shape) == ((4, 5), (5, 7), (35, 20))
    G = oa.Up((2, 3)).on((4, 5), mode="same")
    assert G.dimsd == (8, 15)
    H = oa.Polyphase((2, 2)).on((6, 8))
    assert (H.dims, H.dimsd) == ((1, 6, 8), (4, 3, 4))


def test_same_has_no_meaning_for_several_rates() -> None:
    with pytest.raises(oa.WindowError, match=r"rates.*out=\(start, stop\)"):
        (oa.Up(2) + oa.Identity()).on(4, mode="same")


def test_channels_come_before_the_axes() -> None:
    F = oa.Block([[oa.Conv([1, 1]), oa.Shift(1)], [0, oa.Conv([3, 0])], [oa.Identity(), 0]]).on(4, mode="same")
    x = np.arange(8).reshape(2, 4)
    assert (F.dims, F.dimsd) == ((2, 4), (3, 4))
    assert F(x).tolist() == [[0, 5, 8, 11], [12, 15, 18, 21], [0, 1, 2, 3]]
    assert F(np.stack([x, 2 * x])).shape == (2, 3, 4)
    assert F.dottest()


# Sizes as formulas

SIZED = [
    q3, oa.Conv(oa.Signal([1, 2, 1, 4], start=-3)), oa.Up(3), oa.Down(3), oa.Down(2) @ q3, q3 @ oa.Up(2),
    oa.Down(3) @ oa.Conv([1] * 7) @ oa.Up(2), oa.Repeat(4), oa.AvgPool(3), oa.LinearUp(2), oa.Flip() @ q3 @ oa.Shift(2),
    oa.DilatedConv([1, 2, 1], 3), oa.TransposedConv([1, 2, 1, 2], 3), oa.StridedConv([1, 2, 1, 1], 3),
    oa.Corr([1, 2, 3]), (oa.Down(2) @ oa.Conv([1, 2])).T, oa.Identity() + oa.Conv([1, 2]), oa.Modulate([1, 2]) @ q3,
    q3**3, 2 * q3 - oa.Shift(1),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("operator", SIZED, ids=str)
def test_out_size_is_the_size(operator: Any, mode: str) -> None:
    n = sympy.Symbol("n", integer=True)
    F = operator.on(30, mode=mode)
    formula = F.out_size(n)
    for size in range(21):
        actual = operator.on(size, mode=mode).dimsd[0]
        found = F.out_size(size)
        assert (found, type(found)) == (actual, int)
        if size:  # the formula is for signals that have a sample
            assert max(0, formula.subs(n, size)) == actual


def test_out_size_by_formula() -> None:
    n, m = sympy.symbols("n m", integer=True)
    assert q3.on(5).out_size(n) == n + 2
    assert (oa.Down(2) @ q3).on(8, mode="same").out_size(n) == sympy.floor((n - 1) / 2) + 1
    F = oa.Conv(np.ones((2, 3))).on((4, 4), mode="valid")
    assert F.out_size((n, m)) == (n - 1, m - 2)
    assert F.out_size((9, 9)) == (8, 7)
    assert q3.on(5, out=4).out_size(100) == 4  # a window by hand stays
    assert (2 * q3.on(5)).out_size(n) == n + 2
    with pytest.raises(oa.DimensionError, match="2 axes"):
        F.out_size(n)
    with pytest.raises(oa.WindowError):
        q3.on(5).out_size(-1)


def test_out_size_of_a_strided_convolution_with_padding() -> None:
    """⌊(n + 2p − d(t − 1) − 1)/s⌋ + 1, as the frameworks have it."""
    n = sympy.Symbol("n", integer=True)
    for taps, stride, dilation in ((3, 2, 1), (4, 3, 2), (5, 1, 3)):
        A = oa.Down(stride) @ oa.Shift(-dilation * (taps - 1)) @ oa.DilatedConv([1] * taps, dilation)
        formula = A.on(50, mode="valid").out_size(n)
        for size in range(dilation * (taps - 1) + 1, 40):
            assert formula.subs(n, size) == (size - dilation * (taps - 1) - 1) // stride + 1


# dtypes


@pytest.mark.parametrize(
    ("operator", "given", "result"),
    [
        (q3, "int8", "int64"), (q3, "uint16", "int64"), (q3, "float16", "float16"), (q3, "float32", "float32"),
        (q3, "complex64", "complex64"), (q3, "longdouble", "longdouble"),
        (oa.Conv([0.5]), "int32", "float64"), (oa.Conv([0.5]), "float32", "float32"),
        (oa.Conv(np.array([0.5])), "float32", "float32"),  # the kernel never widens floating data
        (oa.Conv([1j]), "int32", "complex128"), (oa.Conv([1j]), "float32", "complex64"),
        (oa.Conv([1j]), "float64", "complex128"), (oa.Conv(np.array([1j])), "float32", "complex128"),
        (oa.Conv(np.array([1j], "c8")), "float32", "complex64"), (oa.Conv([1j]), "complex64", "complex64"),
        (oa.Conv([Fraction(1, 3)]), "float32", "float32"), (oa.Conv([Fraction(1, 3)]), "int64", "float64"),
        (oa.AvgPool(3), "int64", "float64"), (oa.LinearUp(2), "int64", "float64"), (oa.AvgPool(2).T, "int8", "float64"),
        (oa.Repeat(2), "int64", "int64"), (oa.Polyphase(2), "int64", "int64"),
        (oa.Block([[oa.AvgPool(2)], [oa.Down(2)]]), "int64", "float64"),
        (0.5 * q3, "int64", "float64"), (1j * q3, "float32", "complex64"), (2 * q3, "int64", "int64"),
        (oa.Conv([sympy.sqrt(2)]), "float32", "float32"), (oa.Conv([sympy.I]), "float32", "complex64"),
    ],
    ids=str,
)  # fmt: skip
def test_dtypes(operator: Any, given: str, result: str) -> None:
    F = operator.on(6)
    x = (np.arange(6) % 3 + 1).astype(given).reshape(F.dims)
    assert F(x).dtype == result
    assert F.T(np.ones(F.dimsd, given)).dtype == result
    exact = F.matrix() @ sympy.Matrix([int(v) for v in x.real.ravel()])
    expected = np.array(exact.evalf(20).tolist(), dtype=complex).reshape(F.dimsd)
    assert np.allclose(F(x), expected, rtol=2e-3 if given == "float16" else 1e-6)


def test_dtype_asked_for() -> None:
    F = oa.Conv([0.5]).on(3, dtype="float32")
    assert F.dtype == F([1, 2, 3]).dtype == np.float32
    assert F(np.ones(3)).dtype == np.float64  # data is never narrowed
    assert oa.Conv([1]).on(3, dtype=complex)([1, 2, 3]).dtype == np.complex128
    assert F.conj().dtype == (2 * F).dtype == np.float32


def test_dtype_told_to_solvers() -> None:
    assert q3.on(3).dtype == np.float64
    assert oa.Conv([1j]).on(3).dtype == np.complex128
    assert oa.Conv(np.ones(2, "f4")).on(3).dtype == np.float32
    assert (q3.on(3, out=3) @ oa.Conv([1j]).on(3, out=3)).dtype == np.complex128
    assert (1j * q3.on(3)).dtype == np.complex128


def test_real_operators_keep_real_data_and_complex_ones_conjugate() -> None:
    F = oa.Conv([1, 1j]).on(2)
    assert F.H.todense().tolist() == [[1, -1j, 0], [0, 1, -1j]]
    assert F.T.todense().tolist() == [[1, 1j, 0], [0, 1, 1j]]
    assert F.conj().T == F.H
    assert F.H.H == F.T.T == F.conj().conj() == F


# Equality and what is shown


def test_equality_is_that_of_trees_and_windows() -> None:
    assert q3.on(4) == oa.Conv([1, 2, 1]).on((4,))
    assert q3.on(4) == q3.on(4, out=6)  # one window, however it was said
    others = [q3.on(5), q3.on(4, out=5), q3.on(4, boundary="edge"), oa.Conv([1, 2, 2]).on(4), q3.on(4).T, 1 * q3.on(4)]
    assert len({q3.on(4), *others}) == 1 + len(others)
    assert q3.on(4) != "q3"


def test_explain_lists_the_steps() -> None:
    text = str((oa.Down(2) @ q3).on(8, mode="same", boundary="edge").explain())
    assert "extend edge" in text
    assert "↓2" in text
    assert "fold edge" in str((oa.Down(2) @ q3).on(8, mode="same", boundary="edge").T.explain())


def test_dottest_fails_where_the_adjoint_is_wrong() -> None:
    F = q3.on(6)

    class Wrong(type(F)):  # type: ignore[misc]
        """The transpose of another operator."""

        def _prepared(self, *arguments: Any) -> None:
            """Nothing goes past ``_act``."""

        def _act(self, x: Any, transposed: bool, conjugated: bool) -> Any:
            y = super()._act(x, transposed, conjugated)
            return y[..., ::-1] if transposed else y

    wrong = Wrong(F.operator, (6,), F.out_window, "full", ("zero",))
    assert F.dottest()
    assert not wrong.dottest()
    assert all(F.dottest(dtype=dtype, seed=3) for dtype in ("f4", "f8", "c8", "c16"))


def test_a_batch_is_computed_at_once() -> None:
    """No loop over the batch: as many filter steps for a thousand signals as for one."""
    from opalgebra.engine.filters.fir import Fir

    F = (q3 @ oa.Up(2) + oa.Flip()).on(5, boundary="edge", out=(-2, 12), engine="numpy")
    steps = []
    original = Fir.add_to

    def counted(self: Fir, *arguments: Any) -> None:
        steps.append(self)
        original(self, *arguments)

    Fir.add_to = counted  # type: ignore[method-assign]
    try:
        counts = []
        for batch in ((), (1000,), (3, 50)):
            F(np.ones((*batch, 5)))
            counts.append(len(steps))
            steps.clear()
    finally:
        Fir.add_to = original  # type: ignore[method-assign]
    assert len(set(counts)) == 1
