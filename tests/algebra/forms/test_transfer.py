"""Transfer functions, responses and transforms: against NumPy's and SciPy's, and against the formulas of the books."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal
import sympy
from sympy import Function, I, Matrix, Rational, conjugate, cos, exp, pi, simplify, sqrt

import opalgebra as oa
from opalgebra import Conv, Corr, DilatedConv, Down, Flip, Identity, Modulate, Shift, Up, Zero
from opalgebra.algebra.forms.images import _free_symbols as symbols_of
from opalgebra.algebra.forms.images import function_name
from opalgebra.errors import CoefficientError, DimensionError, FormalSignalError, OperandError, SizeError, Undecided
from opalgebra.expr import formal_names, substitute
from opalgebra.expr.operators import Adjoint, Conj, Transpose, compose
from tests import generate
from tests.expr.test_every_node import CONCRETE, FORMAL, PLANE

q, p, h, x = oa.signals("q p h x")
w, v, theta = oa.reals("omega v theta")
M, L = oa.factors("M L")
r = oa.integers("r")
z, z1, z2 = sympy.symbols("z z1 z2")
Q, P, H, X = (Function(name) for name in "QPHX")


# The numeric judge: what a formula is worth, and the transform of samples from its definition.


def sampled(signal: Any, place: Any) -> complex:
    """Σ_n x_n u^−n at the places u, one per axis."""
    values, starts = np.asarray(signal.values, dtype=complex), signal.starts
    for u, start in zip(place, starts, strict=True):
        values = np.tensordot(complex(u) ** -np.arange(start, start + values.shape[0], dtype=float), values, 1)
    return complex(values)


def worth(formula: Any, signals: dict[str, Any], at: dict[Any, Any]) -> complex:
    """The number that a formula is, where formal signals have these samples and symbols these values."""
    formula = sympy.sympify(formula).subs({s: n for s, n in at.items() if s.is_integer}).doit()
    functions = {function_name(name): (lambda *u, s=s: sampled(s, u)) for name, s in signals.items()}
    symbols = list(at)
    return complex(sympy.lambdify(symbols, formula, [functions, "numpy"])(*map(complex, at.values())))


def drawn(rng: random.Random, ndim: int) -> Any:
    shape = tuple(rng.randint(1, 3) for _ in range(ndim))
    values = np.array([complex(rng.randint(-3, 3), rng.randint(-3, 3)) for _ in range(int(np.prod(shape)))])
    return oa.Signal(values.reshape(shape), start=tuple(rng.randint(-2, 1) for _ in range(ndim)))


def check(operator: Any, rng: random.Random, ndim: int, symbols: dict[Any, Any] | None = None) -> None:
    """dtft(A x) with x and the kernels formal, against the samples of A x with random ones."""
    values = {name: drawn(rng, ndim) for name in {"x", *formal_names(operator)}}
    frequencies = sympy.symbols(f"w:{ndim}", real=True)
    formula = oa.dtft(operator @ oa.signals("x"), frequencies)
    known = substitute(operator, {**values, **(symbols or {})})
    result = known @ values["x"]
    for _ in range(2):
        at = {f: rng.uniform(-4, 4) for f in frequencies}
        wanted = sampled(result, [np.exp(1j * a) for a in at.values()])
        found = worth(formula, values, {**at, **(symbols or {})})
        assert abs(found - wanted) < 1e-9 * (1 + abs(wanted)), operator


# dtft: random operators


@pytest.mark.campaign(25)
@pytest.mark.parametrize("seed", range(400))
def test_random_words_on_one_axis(seed: int) -> None:
    rng = random.Random(seed)
    check(generate.operator(rng, 1, formal=seed % 3 == 0), rng, 1)


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(200))
def test_random_words_on_two_axes(seed: int) -> None:
    rng = random.Random(seed)
    check(generate.operator(rng, 2, formal=seed % 3 == 0), rng, 2)


LETTERS = [
    Up(3), Down(3), Shift(2), Flip(), Modulate(pi / 3), Modulate([1, 2, 0, -1]),
    Modulate(oa.Signal([1, 2, 5], start=1)),
    Modulate([1, 1, 1]), Modulate([1j, 2]), Conv(q), Corr(q), DilatedConv(q, 2), oa.LinearUp(2), oa.AvgPool(3),
    Conv(q.conj()), Conv(Down(2) @ q), Conv(Flip() @ q + 2 * p), 2j * Up(2), Identity() - Shift(1), Conv(q) ** 3,
    Zero(),
    Up(2) @ Down(2), Down(2) @ Up(2), Up(2) @ Down(3) @ Conv(q), Modulate(sympy.Integer(1)) @ Down(2),
    Down(2) @ Modulate(sqrt(2)),
    oa.Sum(Shift(r) @ Conv(q), (r, 0, 3)), Modulate([sqrt(2), 1]), Modulate([1, exp(2 * pi * I / 5)]),
]  # fmt: skip


@pytest.mark.campaign(20)
@pytest.mark.parametrize("letter", LETTERS, ids=str)
@pytest.mark.parametrize("turn", [lambda a: a, Transpose, Adjoint, Conj])
def test_every_letter_its_transpose_adjoint_and_conjugate(letter: Any, turn: Any) -> None:
    rng = random.Random(7)
    check(turn(letter), rng, 1)
    check(turn(letter @ Conv(p)), rng, 1)


@pytest.mark.campaign(12)
@pytest.mark.parametrize("node", [*CONCRETE, *PLANE, *FORMAL[1:]], ids=str)
def test_every_kind_of_node(node: Any) -> None:
    values = {
        s: Rational(3, 10) if s.is_integer is None else 2 + i for i, s in enumerate(sorted(symbols_of(node), key=str))
    }
    for turn in (lambda a: a, Adjoint):
        check(turn(node), random.Random(11), node.ndim or 1, values)


@pytest.mark.parametrize("matrix", [[[1, 1], [1, -1]], [[2, 1], [0, 2]], [[1, 2], [-1, 1]], [[0, 2], [1, 0]]], ids=str)
@pytest.mark.parametrize("turn", [lambda a: a, Adjoint])
def test_lattices(matrix: Any, turn: Any) -> None:
    rng = random.Random(3)
    for operator in [Down(matrix), Up(matrix), Up(matrix) @ Down(matrix), Down(matrix) @ Conv(q) @ Shift((1, 2))]:
        check(turn(operator), rng, 2)


SYMBOLIC = [
    Down(M), Up(M), Up(M) @ Down(M), Down(M) @ Up(L), Up(L) @ Conv(q) @ Down(M), Down(M) @ Down(L), oa.Repeat(M),
    oa.AvgPool(M), oa.LinearUp(M), oa.Sum(Shift(r) @ Up(M) @ Down(M) @ Shift(-r), (r, 0, M)), Shift(M) @ Down(2),
    oa.Sum(r * Shift(r), (r, 0, M)) @ oa.Sum(Shift(r) @ Modulate(2 * pi * r / M), (r, 0, M)) @ Down(L),
    Down(M) @ oa.Sum(Modulate(2 * pi * r / M) @ Shift(r), (r, 0, M)) ** 2, Conv(oa.box(M)).T @ Down(M), Down(2 * M),
    Conv(Down(M) @ q), oa.Sum(Shift(r) @ Conv(Down(M) @ Shift(-r) @ q) @ Down(M), (r, 0, M)),
    oa.Sum(Modulate(2 * pi * r / M), (r, 0, M)), Shift(r) @ oa.Sum(Shift(2 * r), (r, 0, M)) @ Shift(3 * r),
]  # fmt: skip


@pytest.mark.campaign(10)
@pytest.mark.parametrize("operator", SYMBOLIC, ids=str)
@pytest.mark.parametrize("turn", [lambda a: a, Adjoint])
def test_symbolic_factors_are_sums_over_an_index(operator: Any, turn: Any) -> None:
    rng = random.Random(5)
    for values in ({M: 3, L: 2, r: -2}, {M: 1, L: 3, r: 1}):
        check(turn(operator), rng, 1, values)


def test_bound_indices_mean_nothing_outside() -> None:
    """The r of Σ_r is another one than that of the shifts beside it, and than that of ω."""
    combed = oa.Sum(Modulate(2 * pi * r / M), (r, 0, M))
    rng = random.Random(2)
    for operator in [combed @ Shift(r), Shift(r) @ combed @ Conv(q) @ combed @ Shift(2 * r), Down(M) @ Down(L)]:
        check(operator, rng, 1, {M: 3, L: 2, r: 1})
    formula = oa.dtft(combed @ x, r)
    assert sympy.expand(formula.subs({M: 3, r: 1}).doit() - oa.dtft(substitute(combed, {M: 3}) @ x, 1)) == 0


def test_terms_without_the_index_are_counted() -> None:
    assert oa.dtft(Down(M) @ Up(M) @ x, w) == X(exp(I * w))
    assert oa.dtft(oa.Sum(Conv(q), (r, 0, M)) @ x, w) == M * Q(exp(I * w)) * X(exp(I * w))


def test_symbolic_factors_on_two_axes() -> None:
    rng = random.Random(5)
    for operator in [Down((2, M)), Down((M, L)), Up((M, 3)) @ Down((L, M)), oa.AvgPool((M, 2)), Conv(oa.box((2, M)))]:
        check(operator, rng, 2, {M: 3, L: 2})


def test_a_wrong_formula_is_seen() -> None:
    values = {"x": oa.Signal([1, 2, -1, 3], start=-1)}
    thinned = Down(2) @ values["x"]
    at, place = {w: 0.7}, [np.exp(0.7j)]
    for wrong in [X(exp(I * w / 2)), (X(exp(I * w / 2)) + X(exp(I * w))) / 2, X(exp(I * w / 2)) + X(-exp(I * w / 2))]:
        assert abs(worth(wrong, values, at) - sampled(thinned, place)) > 1e-3


# dtft: the formulas of the books


def test_the_alias_sum() -> None:
    k = sympy.Symbol("k", integer=True)
    assert oa.dtft(Down(2) @ x, w) == (X(exp(I * w / 2)) + X(-exp(I * w / 2))) / 2
    wanted = sum(X(exp(sympy.expand(I * (w - 2 * pi * j) / 5))) for j in range(5)) / 5
    assert oa.dtft(Down(5) @ x, w) == wanted
    assert oa.dtft(Down(M) @ x, w) == sympy.Sum(X(exp(I * (w - 2 * pi * k) / M)), (k, 0, M - 1)) / M
    assert oa.dtft(Down(M) @ x, w).subs(M, 2).doit().expand() == oa.dtft(Down(2) @ x, w)


def test_images_products_shifts_flips_and_modulations() -> None:
    assert oa.dtft(Up(3) @ x, w) == X(exp(3 * I * w))
    assert oa.dtft(Up(M) @ x, w) == X(exp(I * M * w))
    assert oa.dtft(Conv(q) @ x, w) == Q(exp(I * w)) * X(exp(I * w))
    assert oa.dtft(Shift(2) @ x, w) == exp(-2 * I * w) * X(exp(I * w))
    assert oa.dtft(Flip() @ x, w) == X(exp(-I * w))
    assert oa.dtft(Modulate(theta) @ x, w) == X(exp(I * (w - theta)))
    assert oa.dtft(Modulate(pi) @ x, w) == X(-exp(I * w))
    assert oa.dtft(Modulate([2 * I, 0]).H @ x, w) == -I * X(exp(I * w)) - I * X(-exp(I * w))
    assert oa.dtft(x.conj(), w) == conjugate(X(exp(-I * w)))
    assert oa.dtft(oa.signals("x", real=True).conj(), w) == X(exp(I * w))


def test_transforms_have_the_period_two_pi() -> None:
    for signal in [x, Up(2) @ x, Conv(q) @ x, Down(3) @ Conv(q) @ x, Modulate(theta) @ x, Flip() @ x]:
        formula = oa.dtft(signal, w)
        assert oa.dtft(signal, w + 2 * pi).expand() == formula.expand()


def test_equal_operators_have_equal_transforms_and_others_have_not() -> None:
    pairs = [
        (Down(3) @ Conv(Up(3) @ q), Conv(q) @ Down(3)), (Conv(Up(2) @ q) @ Up(2), Up(2) @ Conv(q)),
        (Down(2) @ Up(2), Identity()),
        (Up(2) @ Down(3), Down(3) @ Up(2)), (Flip() @ Conv(q) @ Flip(), Conv(Flip() @ q)),
        (Conv(q) @ Conv(p), Conv(p) @ Conv(q)),
    ]  # fmt: skip
    for a, b in pairs:
        assert oa.prove(a, b)
        assert sympy.expand(oa.dtft(a @ x, w) - oa.dtft(b @ x, w)) == 0
    for a, b in [
        (Up(2) @ Down(2), Identity()),
        (Up(2) @ Down(4), Down(4) @ Up(2)),
        (Down(2) @ Conv(q), Conv(q) @ Down(2)),
    ]:
        assert not oa.prove(a, b)
        assert sympy.expand(oa.dtft(a @ x, w) - oa.dtft(b @ x, w)) != 0


def test_known_signals_are_the_sum_itself() -> None:
    assert oa.dtft(oa.Signal([1, 2, 1], start=-1), w) == exp(I * w) + 2 + exp(-I * w)
    assert oa.dtft([0.5, 0.25], w) == Rational(1, 2) + exp(-I * w) / 4
    assert oa.dtft(oa.signals("q", length=2), w) == sympy.Symbol("q_0") + sympy.Symbol("q_1") * exp(-I * w)
    assert oa.dtft(np.array([1.0, 2.0]), 0) == 3
    values = np.random.default_rng(0).normal(size=8)
    formula = oa.dtft(values, w)
    found = [complex(formula.subs(w, 2 * pi * j / 8).evalf()) for j in range(8)]
    assert np.allclose(found, np.fft.fft(values))


def test_several_axes_and_channels() -> None:
    values = np.random.default_rng(1).normal(size=(3, 4))
    formula = oa.dtft(values, (w, v))
    found = [
        [complex(formula.subs({w: 2 * pi * i / 3, v: 2 * pi * j / 4}).evalf()) for j in range(4)] for i in range(3)
    ]
    assert np.allclose(found, np.fft.fft2(values))
    assert oa.dtft(x, (w, v)) == X(exp(I * w), exp(I * v))
    assert oa.dtft(oa.Polyphase(2) @ (x,), w) == Matrix([oa.dtft(Down(2) @ x, w), oa.dtft(Down(2) @ Shift(-1) @ x, w)])


def test_names_of_functions_are_never_shared() -> None:
    names = ["q", "Q", "h_0", "H_0", "_q", "ß", "Qhat", "é", "ſ", "s", "S", "ı", "i", "µ", "μ"]
    assert len({function_name(name) for name in names}) == len(names)
    assert oa.dtft(oa.signals("Q"), w) != oa.dtft(q, w)


# to_z and response


def test_known_filters_are_polynomials_with_exact_coefficients() -> None:
    assert Conv([1, 2, 1]).to_z(z) == 1 + 2 / z + z**-2
    assert (Conv([1, 1]) ** 2).to_z(z) == 1 + 2 / z + z**-2
    assert Shift(-2).to_z(z) == z**2
    assert Conv([0.5, sqrt(2)]).to_z(z) == Rational(1, 2) + sqrt(2) / z
    assert (Down(2) @ Conv([1, 2, 3]) @ Up(2)).to_z(z) == 1 + 3 / z
    assert Conv([[1, 2], [0, 3]]).to_z((z1, z2)) == 1 + 2 / z2 + 3 / (z1 * z2)
    assert (Identity().to_z(z), Zero().to_z(z), Identity().to_z((z1, z2))) == (1, 0, 1)
    assert Conv([1, 2, 1]).to_z(1) == 4
    assert Conv([1, 2, 1]).to_z(-z) == 1 - 2 / z + z**-2


def test_formal_filters() -> None:
    assert Conv(q).to_z(z) == Q(z)
    assert Conv(q).T.to_z(z) == Q(1 / z)
    assert Conv(q).H.to_z(z) == conjugate(Q(1 / conjugate(z)))
    assert Conv(oa.signals("q", real=True)).H.to_z(z) == Q(1 / z)
    assert DilatedConv(q, 3).to_z(z) == Q(z**3)
    assert (Conv(q) @ Conv(p) + 3 * Shift(1)).to_z(z) == P(z) * Q(z) + 3 / z
    assert Conv(q).to_z((z1, z2)) == Q(z1, z2)
    assert (Modulate(theta) @ Conv(q) @ Modulate(-theta)).to_z(z) == Q(z * exp(-I * theta))
    assert (Down(2) @ Conv(q) @ Up(2)).to_z(z) == (Q(sqrt(z)) + Q(-sqrt(z))) / 2
    assert Conv(oa.box(M)).to_z(z).subs(M, 3).doit() == 1 + 1 / z + z**-2
    assert Shift(r).to_z(z) == z**-r


def test_the_response_is_the_transfer_function_on_the_circle() -> None:
    for operator in [Conv(q), Conv([1, 2, 3]), Conv(q).H, DilatedConv(q, 3), Conv(q) @ Conv(p) + 3 * Shift(1)]:
        assert operator.to_z(z).subs(z, exp(I * w)).expand() == operator.response(w).expand()


def test_responses_against_scipy() -> None:
    taps = np.random.default_rng(2).normal(size=7)
    frequencies, wanted = scipy.signal.freqz(taps, worN=16)
    found = sympy.lambdify(w, Conv(taps).response(w), "numpy")(frequencies)
    assert np.allclose(found, wanted)


def test_blocks_are_matrices() -> None:
    block = oa.Block([[Conv(q), Shift(1)], [0, 2 * Identity()]])
    assert block.to_z(z) == Matrix([[Q(z), 1 / z], [0, 2]])
    assert block.response(w) == Matrix([[Q(exp(I * w)), exp(-I * w)], [0, 2]])
    bank = oa.Block([[Down(2) @ Conv(q)], [Down(2) @ Conv(p)]])
    assert bank.response(w) == Matrix([oa.dtft(Down(2) @ Conv(one) @ x, w) for one in (q, p)])
    X0, X1 = Function("X_0"), Function("X_1")
    merged = oa.PixelShuffle(2).response(w)
    assert merged == Matrix([X0(exp(2 * I * w)) + exp(-I * w) * X1(exp(2 * I * w))])


def test_what_changes_the_rate_has_images_of_an_input() -> None:
    assert Up(2).response(w) == X(exp(2 * I * w))
    assert (Down(2) @ Conv(h)).response(w) == oa.dtft(Down(2) @ Conv(h) @ x, w)
    assert (Down(2) @ Conv(x)).response(w).atoms(sympy.core.function.AppliedUndef) == {
        X(exp(I * w / 2)), X(-exp(I * w / 2)), Function("X'")(exp(I * w / 2)), Function("X'")(-exp(I * w / 2)),
    }  # fmt: skip


VARIANT = [
    Down(2),
    Up(2),
    Up(2) @ Down(2),
    Flip(),
    Modulate([1, -1]),
    Down(2) @ Conv(q),
    Conv(q) @ Flip(),
    Up(M),
    Modulate(theta),
]


@pytest.mark.parametrize("operator", VARIANT, ids=str)
def test_what_is_not_time_invariant_has_no_transfer_function(operator: Any) -> None:
    with pytest.raises(OperandError, match=r"not time-invariant.*polyphase\(\)"):
        operator.to_z(z)


@pytest.mark.campaign(25)
@pytest.mark.parametrize("seed", range(300))
def test_transfer_functions_of_random_filters(seed: int) -> None:
    """What is decided to be time-invariant answers shifted impulses alike, and H(z) is the transform of that answer."""
    rng = random.Random(seed)
    comb = Down(2) @ Conv(Up(2) @ oa.Signal([1, -2])) @ Up(2) @ Conv([1, 2])
    inner = generate.operator(rng, 1)
    operator = [inner, inner - inner, comb @ inner][seed % 3]
    values = {name: drawn(rng, 1) for name in formal_names(operator)}
    known = substitute(operator, values)
    answers = [known @ oa.Signal([1], start=n) for n in range(24)]
    alike = all((Shift(-n) @ answers[n]) == answers[0] for n in range(24))
    try:
        formula = operator.to_z(z)
    except OperandError:
        assert not alike or values  # of random kernels all may be alike by chance
        return
    assert alike
    place = np.exp(1j * rng.uniform(-3, 3))
    assert np.isclose(worth(formula, values, {z: place}), sampled(answers[0], [place]))


# what the books prove of filters


def power_complementary(taps: Any) -> Any:
    """|H(e^{iω})|² + |H(e^{i(ω+π)})|², multiplied out."""
    here, there = Conv(taps).response(w), Conv(taps).response(w + pi)
    return simplify(sympy.expand(here * conjugate(here) + there * conjugate(there)))


def test_power_symmetric_filters() -> None:
    haar = [1 / sqrt(2), 1 / sqrt(2)]
    s = sqrt(3)
    daubechies = [(1 + s) / (4 * sqrt(2)), (3 + s) / (4 * sqrt(2)), (3 - s) / (4 * sqrt(2)), (1 - s) / (4 * sqrt(2))]
    assert power_complementary(haar) == power_complementary(daubechies) == 2
    assert power_complementary([a / sqrt(2) for a in daubechies]) == 1
    assert oa.prove(Down(2) @ Conv(daubechies) @ Conv(daubechies).H @ Up(2), Identity())  # the same, as operators
    assert power_complementary([1, 2, 1]) != 2
    assert not oa.prove(Down(2) @ Conv([1, 2, 1]) @ Conv([1, 2, 1]).H @ Up(2), Identity())


def test_zeros_at_pi_and_gain_at_zero() -> None:
    s = sqrt(3)
    lowpass = Conv([1 + s, 3 + s, 3 - s, 1 - s])
    assert (lowpass.response(pi), lowpass.response(0)) == (0, 8)
    assert sympy.diff(lowpass.response(w), w).subs(w, pi).expand() == 0  # a double zero
    assert sympy.diff(lowpass.response(w), w, 2).subs(w, pi).expand() != 0
    assert Conv([1, 2, 2]).response(pi) == 1
    box = Conv([1] * 7).response(2 * pi / 7)
    assert oa.prove(box * Identity(), Zero())  # zeros at other exact angles are decided so
    assert not oa.prove(Conv([1] * 7).response(2 * pi / 5) * Identity(), Zero())


def test_symmetric_filters_have_real_responses() -> None:
    response = Conv(oa.Signal([1, 2, 1], start=-1)).response(w)
    assert simplify(response.rewrite(cos)) == 2 + 2 * cos(w)


def test_latex_is_that_of_the_books() -> None:
    assert sympy.latex(Conv(h).to_z(z)) == r"H{\left(z \right)}"
    assert sympy.latex(oa.dtft(Up(2) @ x, w), imaginary_unit="j") == r"X{\left(e^{2 j \omega} \right)}"
    alias = r"\frac{\sum_{k=0}^{M - 1} X{\left(e^{\frac{i \left(- 2 \pi k + \omega\right)}{M}} \right)}}{M}"
    assert sympy.latex(oa.dtft(Down(M) @ x, w)) == alias
    assert sympy.latex(Conv(oa.signals("h_0")).to_z(z)) == r"H_{0}{\left(z \right)}"


# refused


def test_errors_say_what_to_do() -> None:
    with pytest.raises(OperandError, match=r"A @ x, or take its frequency response"):
        oa.dtft(Down(2), w)
    with pytest.raises(DimensionError, match="one symbol per axis"):
        Conv([[1, 2]]).to_z(z)
    with pytest.raises(DimensionError, match="one symbol per axis"):
        oa.dtft([1, 2], (w, v))
    for place in (0, "z", True, sympy.oo):
        with pytest.raises(CoefficientError):
            Conv(q).to_z(place)
    for frequency in (I, 1j, "w", float("nan")):
        with pytest.raises(CoefficientError):
            Conv(q).response(frequency)
    with pytest.raises(FormalSignalError, match="any linear map"):
        oa.operators("A").response(w)
    with pytest.raises(SizeError):
        oa.dtft(Down(20_000) @ x, w)
    with pytest.raises(SizeError):
        oa.dtft(Down((10**9, M)) @ x, (w, v))
    with pytest.raises(OperandError, match="different names"):
        oa.dtft(Conv(oa.signals("x", real=True)) @ x, w)


def test_what_is_time_invariant_and_is_not_seen_to_be() -> None:
    moved = Down(M) @ Shift(r) @ Up(M)  # M may divide r or not
    formula = moved.to_z(z)
    for values in ({M: 2, r: 4}, {M: 2, r: -3}):
        found, wanted = formula.subs(values).doit(), substitute(moved, values).to_z(z)
        assert simplify(found - wanted) == 0
    open_question = Shift(1) + (3 * sympy.gamma(sympy.Rational(4, 3)) - sympy.gamma(sympy.Rational(1, 3))) * Flip()
    with pytest.raises(Undecided, match="is time-invariant is undecided"):
        open_question.to_z(z)
    assert open_question.response(w) == oa.dtft(open_question @ x, w)


def test_towers_of_thousands_of_letters() -> None:
    tower = Identity()
    for _ in range(1500):
        tower = (Shift(1) @ tower).T.T
    assert tower.response(w) == exp(-1500 * I * w)
    chain = compose((Up(1),) * 3000)
    assert oa.dtft(chain @ x, w) == X(exp(I * w))


@pytest.mark.parametrize("factors", list(product([2, 3], repeat=2)))
def test_against_the_transform_of_what_is_computed(factors: tuple[int, int]) -> None:
    down, up = factors
    values = np.random.default_rng(4).normal(size=12)
    result = Down(down) @ Conv([1.0, 0.5]) @ Up(up) @ values
    formula = sympy.lambdify(
        w,
        oa.dtft(Down(down) @ Conv([1.0, 0.5]) @ Up(up) @ x, w),
        [{"X": lambda u: sampled(oa.Signal(values), [u])}, "numpy"],
    )
    padded = np.zeros(64)
    padded[: len(result.values)] = result.values
    assert result.start == 0
    found = [formula(2 * np.pi * j / 64) for j in range(64)]
    assert np.allclose(found, np.fft.fft(padded))
