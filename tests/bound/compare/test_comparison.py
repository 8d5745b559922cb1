"""compare: what rounding explains is told from what it does not, and every number that is given is certified."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn
from opalgebra.bound.compare.rounding import Roundoff, root_above
from opalgebra.bound.compare.windows import _Rows

BITS = {"float16": 11, "float32": 24, "float64": 53}


def as_fraction(value: Any) -> Fraction:
    return Fraction(*value.as_integer_ratio()) if hasattr(value, "as_integer_ratio") else Fraction(value)


def gamma(n: int, dtype: str) -> Fraction:
    u = Fraction(1, 2 ** BITS[dtype])
    return n * u / (1 - n * u)


def tame(rng: Any, size: int, dtype: str) -> np.ndarray:
    """Numbers of either sign whose products do not underflow."""
    return (rng.choice([-1, 1], size) * rng.uniform(0.25, 2, size)).astype(dtype)


def paths(kernels: list[np.ndarray]) -> dict[int, list[Fraction]]:
    """All terms of every tap of a product of convolutions."""
    found: dict[int, list[Fraction]] = {}
    for choice in product(*(range(len(q)) for q in kernels)):
        found.setdefault(sum(choice), []).append(prod((as_fraction(q[i]) for q, i in zip(kernels, choice, strict=True)),
                                                      start=Fraction(1)))  # fmt: skip
    return found


def computed(rng: Any, kernels: list[np.ndarray], dtype: str) -> np.ndarray:
    """The same taps as a program in the dtype computes them: products in some order, sums as some tree."""
    kind = np.dtype(dtype).type
    found: dict[int, list[Any]] = {}
    for choice in product(*(range(len(q)) for q in kernels)):
        factors = [q[i] for q, i in zip(kernels, choice, strict=True)]
        rng.shuffle(factors)
        term = factors[0]
        for factor in factors[1:]:
            term = kind(term * factor)
        found.setdefault(sum(choice), []).append(term)
    taps = []
    for at in sorted(found):
        terms = found[at]
        while len(terms) > 1:
            i, j = sorted(rng.choice(len(terms), 2, replace=False))
            b, a = terms.pop(j), terms.pop(i)
            terms.append(kind(a + b))
        taps.append(terms[0])
    return np.array(taps, dtype=dtype)


@pytest.mark.campaign(36)
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("seed", range(60))
def test_what_is_computed_in_any_order_is_equal_up_to_rounding(seed: int, dtype: str) -> None:
    rng = np.random.default_rng([seed, len(dtype)])
    kernels = [tame(rng, int(rng.integers(1, 6)), dtype) for _ in range(int(rng.integers(1, 4)))]
    word = oa.Conv(kernels[0])
    for kernel in kernels[1:]:
        word = word @ oa.Conv(kernel)
    k = int(rng.integers(1, 4))
    box = np.ones(k, dtype)
    before = oa.Down(2) @ word @ oa.Repeat(k)
    after = oa.Down(2) @ oa.Conv(computed(rng, [*kernels, box], dtype)) @ oa.Up(k)
    for pair in ((before, after), (after.T, before.T), (before.on(12), after.on(12))):
        c = oa.compare(*pair, dtype=dtype)
        assert c
        assert c.error is not None
        assert c.error <= 1
    exactly = bool(oa.prove(before, after))
    assert (oa.compare(before, after, dtype=dtype).verdict == "equal") == exactly


@pytest.mark.campaign(36)
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("seed", range(60))
def test_the_bound_is_the_one_that_is_promised(seed: int, dtype: str) -> None:
    """γ_n (Σ|terms| of both), by the definition: a little less is rounding, a little more and ten times more is not."""
    rng = np.random.default_rng([seed, len(dtype), 2])
    kernels = [tame(rng, int(rng.integers(1, 5)), dtype) for _ in range(2)]
    word = oa.Conv(kernels[0]) @ oa.Conv(kernels[1])
    terms = paths(kernels)
    at = int(rng.integers(len(terms)))
    taps = {n: sum(parts) for n, parts in terms.items()}
    size, n = sum(map(abs, terms[at])), len(terms[at])
    for times, verdict in (
        (Fraction(999, 1000), "equal up to rounding"),
        (Fraction(1001, 1000), "different"),
        (10, "different"),
    ):
        g = times * gamma(n, dtype)
        sign = 1 if taps[at] >= 0 else -1  # w = v + s δ with δ = g (size + |w|), |w| = |v| + δ
        delta = g * (size + abs(taps[at])) / (1 - g)
        wrong = [taps[m] + (sign * delta if m == at else 0) for m in sorted(taps)]
        other = oa.Conv(oa.Signal(wrong, exact=True))
        c = oa.compare(word, other, dtype=dtype)
        assert c.verdict == verdict
        assert c.error == times
        assert c.bound == delta
        if verdict == "different":
            assert (c.witness.lhs, c.witness.rhs) == (taps[at], wrong[at])
            shown = (word - other) @ oa.Signal(c.witness.input.values, c.witness.input.starts, exact=True)
            assert as_fraction(shown[c.witness.index]) == c.witness.lhs - c.witness.rhs


@pytest.mark.parametrize("seed", range(12))
def test_one_wrong_tap_of_a_folded_layer_is_found(seed: int) -> None:
    rng = np.random.default_rng([seed, 3])
    w = tame(rng, 2 * 3 * 9, "float32").reshape(2, 3, 3, 3)
    up, conv = nn.Upsample((2, 3)), nn.Conv(w, padding=1)
    folded = nn.fold_upsample(up, conv)
    before, size = conv @ up, (int(rng.integers(4, 9)), 5)
    weight = folded.weight.copy()
    at = tuple(int(rng.integers(n)) for n in weight.shape)
    weight[at] += np.float32(10 * 9 * 2.0**-24 * 2 * np.abs(w[at[1], at[0]]).sum())
    wrong = nn.ConvTranspose(weight, folded.stride, folded.padding)
    for pair in ((before.on(size), wrong.on(size)), (before, wrong), (before.on(size).T, wrong.on(size).T)):
        c = oa.compare(*pair)
        assert c.verdict == "different"
        assert not c
        assert c.error > 1
    c = oa.compare(before.on(size), wrong.on(size))
    x = np.zeros(before.on(size).dims)
    x[c.witness.column] = 1
    left, right = (side.on(size)(x)[c.witness.index] for side in (before, wrong))
    assert left == pytest.approx(float(c.witness.lhs), rel=1e-5)
    assert right == pytest.approx(float(c.witness.rhs), rel=1e-5)
    assert abs(left - right) > 1e-6


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_holds_for_every_input_and_is_met(seed: int) -> None:
    rng = np.random.default_rng([seed, 4])
    q = tame(rng, int(rng.integers(2, 6)), "float32")
    k, n = int(rng.integers(1, 4)), int(rng.integers(4, 9))
    A = oa.Down(k) @ oa.Conv(q) @ oa.Conv([0.1, 0.7]) + oa.Flip()
    B = oa.Down(k) @ oa.Conv(np.convolve(q, np.float32([0.1, 0.7]))) + oa.Flip()
    c = oa.compare(A, B)
    assert c.verdict == "equal up to rounding"
    F, G = A.on(4 * n, out=(-n, 3 * n)), B.on(4 * n, out=(-n, 3 * n))
    difference = F._exact() - G._exact()
    rows = [sum(map(abs, row)) for row in difference]
    assert max(rows) == c.bound
    for x in [
        *rng.integers(-9, 10, (3, 4 * n)),
        *np.sign(difference[[int(np.argmax(rows))]].astype(float)).astype(int),
    ]:
        assert max(map(abs, difference @ x.astype(object))) <= c.bound * int(np.abs(x).max())
    assert oa.compare(F, G).bound == c.bound


RULES = ("zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect")


def drawn_bound(rng: Any) -> Any:
    """A product of operators between windows, some of which cut off what the next one would read."""

    def letter() -> Any:
        match int(rng.integers(6)):
            case 0 | 1 | 2:
                return oa.Conv(oa.Signal(tame(rng, int(rng.integers(1, 6)), "float32"), int(rng.integers(-4, 2))))
            case 3:
                return oa.Up(int(rng.integers(1, 4)))
            case 4:
                return oa.Down(int(rng.integers(1, 4)))
        return oa.Modulate([1, -1, 2][: int(rng.integers(1, 4))]) if rng.integers(2) else oa.Flip() @ oa.Shift(-20)

    def on(n: Any) -> Any:
        word = letter() @ letter() if rng.integers(2) else letter()
        out = int(rng.integers(-4, 3)), int(rng.integers(4, 30))
        return word.on(n, out=out, boundary=RULES[int(rng.integers(7))])

    made = on(int(rng.integers(1, 40)))
    made = on(made.dimsd) @ made if rng.integers(2) else made
    return made.T if rng.integers(2) else made


@pytest.mark.campaign(20)
@pytest.mark.parametrize("seed", range(100))
def test_rows_that_stand_for_others_miss_nothing(seed: int) -> None:
    """Against all entries: the largest row sum of |Δ|, and whether anything differs."""
    rng = np.random.default_rng([seed, 5])
    F = drawn_bound(rng)
    third = np.float32(1 / 3)
    G = third * (3 * F) if rng.integers(4) else 3 * F - F - F
    rows = [sum(map(abs, row)) for row in F._exact() - G._exact()]
    c = _Rows(F, G, Roundoff.of("float32")).compared()
    assert c
    assert (c.verdict == "equal") == (max(rows) == 0)
    assert c.bound == max(rows)
    assert oa.compare(F, G).bound >= max(rows)
    wrong = _Rows(F, F * (1 + Fraction(1, 1000)), Roundoff.of("float32")).compared()
    assert bool(wrong) == (not F._exact().any())


def test_few_rows_are_looked_at_however_large_the_array() -> None:
    rng = np.random.default_rng(6)
    w = [tame(rng, 2 * 2 * 9, "float32").reshape(2, 2, 3, 3) for _ in range(2)]
    scaled = [nn.Conv(w[0] * np.float32(3), padding=1), nn.Conv(w[1] / np.float32(3), padding=1, stride=2)]
    before = (nn.Conv(w[1], padding=1, stride=2) @ nn.Conv(w[0], padding=1)).on((225, 224))
    after = (scaled[1] @ scaled[0]).on((225, 224))
    rows = _Rows(before, after, Roundoff.of("float32"))
    assert rows.compared().verdict == "equal up to rounding"
    assert len(rows.seen) < 200


@pytest.mark.campaign(1)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_a_fold_is_proved_and_its_weight_is_equal_up_to_rounding(dtype: str) -> None:
    rng = np.random.default_rng(7)
    w = rng.standard_normal((2, 1, 3, 1))
    w = (w + 1j * rng.standard_normal(w.shape) if dtype.startswith("c") else w).astype(dtype)
    up, conv = nn.Upsample((2, 3)), nn.Conv(w, padding=(1, 0), groups=2)
    folded = nn.fold_upsample(up, conv)
    assert folded.weight.dtype == dtype
    net = nn.shuffled(nn.ConvTranspose(folded.weight, folded.stride, [(1, 1), (0, 0)], 0, 1, 2)._with_rest(folded.rest))
    again = nn.as_transpose(nn.as_conv(nn.as_transpose(conv)))
    relatives = [folded, nn.fold_upsample(up, nn.as_conv(again)), pickle.loads(pickle.dumps(folded)), copy.copy(folded)]
    for after in [*relatives, net]:
        before = (conv @ up).on((2, 3))
        p = oa.prove(before, after.on((2, 3)))
        assert p.verdict == "proved"
        assert p.check()
        assert oa.prove((conv @ up).operator, after.operator).verdict == "proved"
        c = oa.compare(before, after.on((2, 3)), dtype=dtype)
        assert c.verdict == "equal up to rounding"
        assert 0 < c.error < 1
        assert oa.compare(conv @ up, after, dtype=dtype).verdict == "equal up to rounding"
    x = rng.standard_normal((2, 2, 3)).astype(dtype)
    assert folded(x).dtype == dtype
    plain = nn.ConvTranspose(folded.weight, folded.stride, folded.padding, groups=2)
    assert folded != plain
    assert oa.prove(before, plain.on((2, 3))).verdict == "refuted"
    assert "oa.compare" in str(oa.prove(before, plain.on((2, 3))))
    np.testing.assert_array_equal(plain(x), folded(x))


def test_an_unshuffled_fold_keeps_its_sums() -> None:
    w = np.random.default_rng(8).standard_normal((2, 2, 3)).astype(np.float32)
    folded = nn.fold_upsample(nn.Upsample(2), nn.Conv(w, padding=1))
    strided = nn.Conv(folded.weight, 2, 1)._with_rest(folded.rest)
    net = nn.unshuffled(strided)
    assert oa.prove(net.operator, strided.operator).verdict == "proved"
    assert oa.prove(net.operator, nn.Conv(folded.weight, 2, 1).operator).verdict == "refuted"
    assert oa.compare(net, nn.Conv(folded.weight, 2, 1)).verdict == "equal"


def test_a_fold_of_ints_has_no_rest() -> None:
    folded = nn.fold_upsample(nn.Upsample(2), nn.Conv([[[3, 2, 1]]], padding=1))
    assert folded.rest is None
    assert folded == nn.ConvTranspose([[[1, 3, 5, 3]]], 2, 1)


def test_pools_before_a_layer() -> None:
    w = np.random.default_rng(9).standard_normal((2, 3, 3)).astype(np.float32)
    pool, conv = nn.AvgPool(3, stride=1), nn.Conv(w)
    folded = np.stack([[np.convolve(row, np.full(3, np.float32(1 / 3))) for row in rows] for rows in w])
    for n in (7, 20):
        c = oa.compare((conv @ pool).on(n), nn.Conv(folded).on(n))
        assert c.verdict == "equal up to rounding"
        assert oa.compare((conv @ pool).on(n), nn.Conv(folded * 1.00001).on(n)).verdict == "different"
    padded = nn.AvgPool(3, stride=1, padding=1, count_include_pad=False)
    c = oa.compare((conv @ padded).on(7), (nn.Conv(w * np.float32(3)) @ padded).on(7) * np.float32(1 / 3))
    assert c.verdict == "equal up to rounding"


def test_differences_that_the_window_cuts_off_are_none() -> None:
    A, B = oa.Conv([1.0, 2.0, 0.0, 0.0, 0.0]), oa.Conv([1.0, 2.0, 0.0, 0.0, 3.0])
    assert oa.compare(A, B).verdict == "different"
    assert oa.compare(A.on(4, out=4), B.on(4, out=4)).verdict == "equal"
    assert oa.compare(A.on(5, out=5), B.on(5, out=5)).verdict == "different"


def test_operators_of_several_rates() -> None:
    A = oa.Up(2) + 0.1 * oa.Identity() + oa.Flip()
    B = oa.Up(2) + oa.Conv([0.1 + 2**-40]) + oa.Flip()
    assert oa.compare(A, B).verdict == "equal up to rounding"
    c = oa.compare(A, B, dtype="float64")
    assert c.verdict == "different"
    assert c.witness.lhs - c.witness.rhs == -(Fraction(2) ** -40)
    M = [[1, 1], [1, -1]]
    q = np.float32([[0.1, 0.3], [0.2, 0.7]])
    assert (
        oa.compare(oa.Down(M) @ oa.Conv(q) * 3, oa.Down(M) @ oa.Conv(q * np.float32(3))).verdict
        == "equal up to rounding"
    )
    assert oa.compare(oa.Down(M) @ oa.Conv(q) * 3, oa.Down(M) @ oa.Conv(q * np.float32(3.001))).verdict == "different"


def test_numbers_that_are_not_rational_are_enclosed() -> None:
    root = sympy.sqrt(2)
    A = oa.Conv(oa.Signal([root, 1 / root]))
    assert oa.compare(A, oa.Conv(np.float32([2**0.5, 0.5**0.5]))).verdict == "equal up to rounding"
    assert oa.compare(A, oa.Conv(np.float32([2**0.5, 0.5**0.5 + 1e-5]))).verdict == "different"
    assert oa.compare(A, oa.Conv(oa.Signal([root, root / 2]))).verdict == "equal"
    turn = oa.Modulate(2 * sympy.pi / 8)
    w = np.array([complex(sympy.exp(sympy.I * sympy.pi * n / 4).evalf(30)) for n in range(8)])
    assert oa.compare(turn, oa.Modulate(w), dtype="complex128").verdict == "equal up to rounding"
    assert oa.compare(turn, oa.Modulate(w * (1 + 1e-9)), dtype="complex128").verdict == "different"
    assert oa.compare(turn, oa.Modulate(w * (1 + 1e-9)), dtype="complex64").verdict == "equal up to rounding"


@pytest.mark.parametrize("seed", range(15))
def test_complex_products(seed: int) -> None:
    rng = np.random.default_rng([seed, 10])
    p, q = ((tame(rng, 4, "float32") + 1j * tame(rng, 4, "float32")).astype(np.complex64) for _ in range(2))
    A, B = oa.Conv(p) @ oa.Conv(q), np.convolve(p, q).astype(np.complex64)
    c = oa.compare(A, oa.Conv(B), dtype="complex64")
    assert c
    exact = (A.on(8)._exact() - oa.Conv(B).on(8)._exact()).ravel()
    largest = max(sum(abs(complex(v)) for v in row) for row in exact.reshape(A.on(8).shape))
    assert float(c.bound) == pytest.approx(largest, rel=1e-6)
    assert float(c.bound) >= largest * (1 - 1e-12)
    B[int(rng.integers(len(B)))] += 10 * 4 * 2.0**-24 * 2 * (np.abs(p).sum() * np.abs(q).max())
    assert oa.compare(A, oa.Conv(B), dtype="complex64").verdict == "different"


def test_formal_kernels_and_factors() -> None:
    q, k = oa.signals("q"), oa.factors("k")
    c = oa.compare(oa.Down(k) @ oa.Conv(oa.Up(k) @ q), oa.Conv(q) @ oa.Down(k))
    assert c.verdict == "equal"
    c = oa.compare(oa.Down(k) @ oa.Conv(q), oa.Conv(q) @ oa.Down(k))
    assert c.verdict == "different"
    assert c.witness.lhs != c.witness.rhs
    c = oa.compare(0.1 * oa.Conv(q) + 0.2 * oa.Conv(q), 0.3 * oa.Conv(q), dtype="float64")
    assert c.verdict == "undecided"
    assert "rounding" in c.reason
    assert oa.compare(oa.operators("A"), 2 * oa.operators("A")).verdict == "undecided"
    third = sympy.Rational(1, 3)  # no multiple of π
    assert oa.compare(oa.Up(2) @ oa.Modulate(2 * third), oa.Modulate(third) @ oa.Up(2)).verdict == "equal"
    assert oa.compare(oa.Modulate(third), oa.Modulate(third)).verdict == "equal"
    assert oa.compare(oa.Modulate(third), oa.Modulate(third + 1)).verdict == "undecided"


def test_dtypes() -> None:
    A, B = oa.Conv([1.0]), oa.Conv([1 + 2.0**-10])
    verdicts = {name: oa.compare(A, B, dtype=name).verdict for name in ("bfloat16", "float16", "float32", "longdouble")}
    assert verdicts["bfloat16"] == verdicts["float16"] == "equal up to rounding"
    assert verdicts["float32"] == verdicts["longdouble"] == "different"
    for given in (np.float32, np.dtype("float32"), "torch.float32", "float32", "complex64"):
        assert Roundoff.of(given).bits == 24
    for wrong in ("float33", "int32", int, None.__class__):
        with pytest.raises(oa.OperandError):
            oa.compare(A, B, dtype=wrong)
    many = oa.Conv(np.ones(300)) @ oa.Conv(np.ones(300))
    assert oa.compare(many, oa.Conv(np.ones(599)), dtype="bfloat16").verdict == "undecided"


def test_what_cannot_be_compared() -> None:
    A = oa.Conv([1.0, 2.0])
    with pytest.raises(oa.OperandError):
        oa.compare(A, A.on(4))
    with pytest.raises(oa.OperandError):
        oa.compare(A, [1.0, 2.0])
    with pytest.raises(oa.DimensionError):
        oa.compare(A.on(4), A.on(5))
    with pytest.raises(oa.DimensionError):
        oa.compare(A, oa.PixelShuffle(2))
    with pytest.raises(oa.DimensionError):
        oa.compare(nn.Conv([[[1.0, 2.0]]], padding=1), nn.Conv([[[1.0, 2.0]]], padding=[(1, 2)]))
    with pytest.raises(oa.OperandError):
        oa.compare(nn.MaxPool(2), nn.MaxPool(2))


def test_what_is_shown() -> None:
    A, B = oa.Conv([0.1]) + oa.Conv([0.2]), oa.Conv([0.3])
    c = oa.compare(A, B, dtype="float64")
    assert str(c).splitlines()[0] == "equal up to rounding: ((0.1)∗) + ((0.2)∗) ≈ ((0.3)∗)"
    assert "0.21 of what rounding in float64 explains" in str(c)
    assert "|Ax − Bx| ≤ 2.8e-17 · max|x|" in str(c)
    assert repr(c).startswith("<Comparison: equal up to rounding in float64, error 0.21")
    assert r"\approx" in c._repr_latex_()
    assert r"10^{-17}" in c._repr_latex_()
    assert c._repr_markdown_().startswith("**equal up to rounding**")
    c = oa.compare(oa.Conv([0.1]), B)
    assert "at n = 0 the left side gives" in str(c)
    assert r"\neq" in c.latex()


@pytest.mark.parametrize("value", [Fraction(2), Fraction(9, 4), Fraction(1, 10**40), Fraction(10**40, 3)])
def test_roots_are_enclosed_from_above(value: Fraction) -> None:
    root = root_above(value)
    assert root * root >= value
    assert (root * (1 - Fraction(1, 2**55))) ** 2 < value


@pytest.mark.parametrize("dtype", [None, "float31", "int64", object()])
def test_a_dtype_that_has_no_roundoff_is_refused(dtype):
    with pytest.raises(oa.OperandError, match="the dtype is"):
        oa.compare(oa.Conv([1.0]), oa.Conv([1.0]), dtype=dtype)
