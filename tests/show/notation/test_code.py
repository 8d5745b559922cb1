"""``repr`` is code that builds the same tree again, value for value and type for type."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra.errors import OperandError, SizeError
from opalgebra.expr.factors import integers
from opalgebra.expr.node import Node
from opalgebra.expr.operators import LinearOperator
from opalgebra.expr.signals import Signal, box
from opalgebra.parse import exact
from opalgebra.show.notation import code as code_module
from opalgebra.show.notation.code import code
from opalgebra.show.notation.scalars import symbol_code
from tests.show.notation.test_golden import expressions

NAMES = {**vars(oa), "exact": exact, "integers": integers, "box": box}
K, M = oa.factors("k m")
D = integers("d")
Q, X = oa.signals("q x")
A = oa.operators("A")


def rebuilt(node: Node) -> Any:
    return eval(code(node), dict(NAMES))


def assert_same(left: Any, right: Any) -> None:
    """The same tree; of signals also dtype, window and weakness, which ``==`` on its own does not compare."""
    assert type(left) is type(right)
    assert left.key() == right.key()
    if not isinstance(right, Signal):  # NaN differs from itself
        assert left == right
        assert hash(left) == hash(right)


symbols = st.sampled_from(
    [
        *sympy.symbols("q_0 q_1 lambda I E _u w2 k ϵ"),
        *sympy.symbols("w k", real=True),
        sympy.Symbol("n", integer=True, nonnegative=True),
        sympy.Symbol("x y"),
        K,
        D,
    ]
)
exact_numbers = st.one_of(
    st.fractions(max_denominator=50).map(lambda f: sympy.Rational(f.numerator, f.denominator)),
    st.sampled_from([sympy.sqrt(2) / 2, sympy.I, sympy.pi, sympy.exp(sympy.I * sympy.pi / 7), sympy.E, sympy.cos(3)]),
)
entries = st.recursive(
    symbols | exact_numbers,
    lambda e: (
        st.builds(lambda a, b: a + b, e, e)
        | st.builds(lambda a, b: a * b, e, e)
        | st.builds(sympy.conjugate, e)
        | st.builds(lambda a: 1 / a if a != 0 else a, e)
        | st.builds(sympy.sqrt, symbols)
    ),
    max_leaves=4,
)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(
    st.integers(),
    st.integers(min_value=10**4000, max_value=10**5000),
    st.fractions(),
    st.integers(-9, 9).map(Fraction),
    floats,
    st.complex_numbers(allow_nan=False, allow_infinity=False),
    entries,
)
shapes = st.one_of(st.tuples(st.integers(1, 4)), st.tuples(st.integers(1, 3), st.integers(1, 3)), st.just((1, 2, 1)))


FORMS = ["weak", "exact", "integers", "taps", "b", "H", "i8", ">i4", "f2", "f4", "f8", ">f8", "F", "D"]


@st.composite
def concrete(draw: Callable[..., Any], shape: tuple[int, ...] | None = None) -> Signal:
    """A signal of any dtype, weak or strong or exact."""
    shape = draw(shapes) if shape is None else shape
    start = draw(st.tuples(*[st.integers(-3, 3)] * len(shape)))
    size = int(np.prod(shape))
    form = draw(st.sampled_from(FORMS))
    if form == "taps":
        name = draw(st.sampled_from(["q", "q_1", "w"]))
        return oa.signals(name, length=shape, start=start, real=draw(st.booleans()))
    if form in ("exact", "integers"):
        entry = entries if form == "exact" else st.integers(-9, 9).map(sympy.Integer)
        leaves = draw(st.lists(entry, min_size=size, max_size=size))
        array = np.empty(size, dtype=object)
        array[:] = leaves
        return Signal(array.reshape(shape), start)
    if form == "weak":
        entry = draw(st.sampled_from([st.integers(-9, 9), floats, st.complex_numbers(allow_nan=False)]))
        return Signal(np.array(draw(st.lists(entry, min_size=size, max_size=size))).reshape(shape).tolist(), start)
    with np.errstate(over="ignore"):
        number = draw(st.sampled_from([0.1, -1.0, 3.0, 1e-300, 7e20, -0.0, 1 / 3]))
        values = np.full(shape, number if np.dtype(form).kind in "fc" else int(abs(number)) % 100).astype(form)
        values = values * np.dtype(form).type(1) / (3 if np.dtype(form).kind in "fc" else 1)
    return Signal(values.astype(form), start, dtype=form)


finite = concrete(shape=(3,)).filter(lambda s: s.is_exact or bool(np.isfinite(s.values).all()))
factors = st.sampled_from([1, 2, 12, K, K * M, 2 * K**2])
shifts = st.sampled_from([0, 1, -3, D, K, 2 * D - K * M + 1, D**2, -D])
formal = st.recursive(
    st.sampled_from([Q, X, oa.signals("x", real=True, ndim=1), oa.signals("x", ndim=1), box(K), Q.conj()]),
    lambda s: (
        st.builds(lambda c, y: c * y, scalars, s)
        | st.builds(lambda a, b: a + b, s, s | finite)
        | st.builds(lambda a, b: a + b, finite, s)
        | st.builds(lambda a, b: a - b, s, s)
        | st.builds(lambda y: y.conj(), s)
        | st.builds(lambda k, y: oa.Up(k) @ y, factors, s)
        | st.builds(lambda h, y: oa.Conv(h) @ y, s, finite | s)
    ),
    max_leaves=5,
)
kernels = finite | formal
letters = st.one_of(
    st.sampled_from([A, oa.operators("B", ndim=1), oa.Identity(), oa.Zero(), oa.Flip()]),
    st.builds(oa.Conv, kernels),
    st.builds(oa.Modulate, finite),
    st.builds(oa.Up, factors),
    st.builds(oa.Down, factors),
    st.builds(oa.Shift, shifts),
    st.builds(oa.StridedConv, kernels, factors),
    st.builds(oa.Repeat, factors),
    st.builds(oa.Corr, kernels),
)
trees = st.recursive(
    letters,
    lambda t: (
        st.builds(lambda a, b: a @ b, t, t)
        | st.builds(lambda a, b: a + b, t, t)
        | st.builds(lambda a, b: a - b, t, t)
        | st.builds(lambda c, a: c * a, scalars, t)
        | st.builds(lambda a, n: a**n, t, st.integers(0, 3))
        | st.builds(lambda a: a.T, t)
        | st.builds(lambda a: a.H, t)
        | st.builds(lambda a: a.conj(), t)
        | st.builds(lambda a: -a, t)
    ),
    max_leaves=6,
)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(trees)
@example(2 * A @ A)
@example(-(A**2) @ (-A) ** 2)
def test_code_builds_the_operator_again(operator: LinearOperator) -> None:
    assert_same(rebuilt(operator), operator)


@relaxed
@given(formal)
@example(Signal([1]) + (Signal([2]) + (X + Signal([3]) + Signal([4]))))
@example(Signal([1]) + X + (Signal([2]) + (Signal([3]) + X)))
@example(-(oa.Conv(Q) @ X) + -X - 2 * X)
def test_code_builds_the_formal_signal_again(signal: Any) -> None:
    assert_same(rebuilt(signal), signal)


@relaxed
@given(concrete())
@example(Signal([]))
@example(Signal([], start=2, dtype="float32"))
@example(Signal([float("nan"), float("inf"), -0.0]))
@example(Signal([complex(-0.0, 1), complex(1, -0.0), complex(float("inf"), 2)]))
@example(Signal([2**63]))
@example(Signal(np.array([1, 2], dtype="int32")))
@example(Signal([Fraction(1), 2]))
@example(Signal([sympy.Symbol("w", real=True), sympy.Symbol("w"), sympy.Symbol("s1")]))
@example(oa.signals("q", length=12))
def test_code_builds_the_signal_again(signal: Signal) -> None:
    assert_same(rebuilt(signal), signal)


@pytest.mark.parametrize("node", expressions(), ids=str)
def test_code_builds_every_kind_again(node: Node) -> None:
    assert_same(rebuilt(node), node)


@pytest.mark.parametrize(
    "scalar",
    [Fraction(3), Fraction(0), Fraction(-1), -0.0, 5e-324, 1e308,
     Fraction(3, 10**40), sympy.Symbol("s1") * 10**30 - sympy.sqrt(K) / 10**25,
     K + sympy.Rational(1, 2), sympy.sqrt(K) * D, (K + 1) / (2 * D), sympy.exp(1)],
)  # fmt: skip
def test_scalars_keep_their_type(scalar: Any) -> None:
    again = rebuilt(oa.operators("A") * scalar)
    assert type(again.scalar) is type(scalar)
    assert again.scalar == scalar
    assert str(again.scalar) == str(scalar)


def test_sympy_float_comes_back_as_the_rational_that_it_is() -> None:
    assert rebuilt(A * sympy.Float(0.1)).scalar == Fraction(0.1)


@pytest.mark.parametrize("name", ["k", "lambda", "I", "a b", "ϵ", "_k", "x:3", "exact"])
@pytest.mark.parametrize("given_", [{}, {"integer": True, "positive": True}, {"integer": True}, {"real": True},
                                    {"complex": True}, {"integer": True, "even": True}])  # fmt: skip
def test_symbols_keep_name_and_assumptions(name: str, given_: dict[str, bool]) -> None:
    symbol = sympy.Symbol(name, **given_)
    assert eval(symbol_code(symbol), dict(NAMES)) == symbol


def test_long_arrays_are_written_in_full() -> None:
    rational = Signal([Fraction(1, n) for n in range(1, 3001)])
    assert_same(rebuilt(rational), rational)
    ints = oa.Conv(list(range(5000)))
    assert_same(rebuilt(ints), ints)


def test_long_doubles_keep_all_digits() -> None:
    signal = Signal(np.array([1, -2, 7], dtype="longdouble") / 3)
    assert np.array_equal(rebuilt(signal).values, signal.values)
    assert rebuilt(signal).dtype == signal.dtype


def test_rationals_of_sympy_become_pythons() -> None:
    scalars = [(oa.Identity() * value).scalar for value in (sympy.Integer(2), sympy.Rational(1, 3))]
    assert scalars == [2, Fraction(1, 3)]
    assert [type(scalar) for scalar in scalars] == [int, Fraction]


def test_exact_integers_stay_exact() -> None:
    signal = Signal([sympy.Integer(1), sympy.Integer(-2)])
    assert code(signal) == "Signal([1, -2], exact=True)"
    assert_same(rebuilt(signal), signal)


def test_repr_is_code() -> None:
    assert repr(oa.Conv(Q) @ oa.Up(2)) == "Conv(signals('q')) @ Up(2)"
    assert repr(Signal([1.0, 2.0], start=-1, dtype="float32")) == "Signal([1.0, 2.0], start=-1, dtype='float32')"


def test_a_deep_chain_is_written_in_full() -> None:
    deep: LinearOperator = A
    for _ in range(5000):
        deep = deep.T
    assert code(deep) == "operators('A')" + ".T" * 5000


def test_shared_parts_that_explode_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_module, "MAX_CODE", 10_000)
    shared: LinearOperator = A
    for _ in range(60):
        shared = (shared @ A + shared).T
    with pytest.raises(SizeError, match="more than 10000 characters"):
        code(shared)


def test_an_operator_is_a_call_and_another_node_without_code_an_error() -> None:
    class Letter(LinearOperator):
        ndim = None

        def parts(self) -> tuple[Any, ...]:
            return oa.Signal([1, 2]), 3

    class Unknown(Node):
        def parts(self) -> tuple[Any, ...]:
            return ()

    assert code(Letter()) == "Letter([1, 2], 3)"
    with pytest.raises(OperandError, match="Unknown has no code"):
        code(Unknown())
