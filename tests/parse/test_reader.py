"""The parser: what it reads, what names mean, and that nothing else gets through."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from opalgebra.errors import (
    CoefficientError,
    DimensionError,
    FactorError,
    FactorTypeError,
    KernelError,
    OpAlgebraError,
    OperandError,
    ParseError,
    SizeError,
)
from opalgebra.expr.factors import factors
from opalgebra.expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from opalgebra.expr.named import AvgPool, Corr, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from opalgebra.expr.operators import Identity, Zero, operators
from opalgebra.expr.signals import FormalSignal, Signal, box, signals
from opalgebra.parse import exact, parse_condition, parse_expression, parse_statement, parse_value

q, x, y = signals("q x y")
k, m, a, b = factors("k m a b")
d = sympy.Symbol("d", integer=True)

READ = [
    ("Conv(q) @ Up(k)", Conv(q) @ Up(k)),
    ("oa.Conv(q) @ oa.Up(k)", Conv(q) @ Up(k)),
    ("Conv(q) @ x", Conv(q) @ x),
    ("Conv(q) @ (x + y)", Conv(q) @ (x + y)),
    ("Conv(q) @ Up(2) @ x - y", Conv(q) @ Up(2) @ x - y),
    ("Conv(Up(k) @ q)", Conv(Up(k) @ q)),
    ("Conv(q + 2 * y)", Conv(q + 2 * y)),
    ("Conv(q / 3)", Conv(q * Fraction(1, 3))),
    ("Conv(q.conj())", Conv(q.conj())),
    ("x", x),
    ("2 * x", 2 * x),
    ("-x", -x),
    ("(1/3) * Up(2)", Fraction(1, 3) * Up(2)),
    ("Up(2) / 3", Up(2) / 3),
    ("0.5 * Up(2)", 0.5 * Up(2)),
    ("1j * Up(2)", 1j * Up(2)),
    ("(1-2j) * Up(2)", (1 - 2j) * Up(2)),
    ("sqrt(2)/2 * Up(2)", sympy.sqrt(2) / 2 * Up(2)),
    ("k * Up(k)", k * Up(k)),
    ("Up(a*b**2)", Up(a * b**2)),
    ("Up(2*k)", Up(2 * k)),
    ("Up((2, k))", Up((2, k))),
    ("Shift(-1) @ Shift(d)", Shift(-1) @ Shift(d)),
    ("Shift(k*d) @ Up(k)", Shift(k * d) @ Up(k)),
    ("Shift((1, -2))", Shift((1, -2))),
    ("Conv([1, 2, 1])", Conv([1, 2, 1])),
    ("Conv([0.25, 1e-3])", Conv([0.25, 1e-3])),
    ("Conv([[1, 2], [3, 4]])", Conv([[1, 2], [3, 4]])),
    ("Conv([1/4, 1/2])", Conv([Fraction(1, 4), Fraction(1, 2)])),
    ("Conv([c, 2*c])", Conv([sympy.Symbol("c"), 2 * sympy.Symbol("c")])),
    ("Conv([1j, 1+2j])", Conv([1j, 1 + 2j])),
    ("Conv(Signal([1, 2], start=-1, dtype='float32'))", Conv(Signal([1, 2], start=-1, dtype="float32"))),
    ("Conv(signals('q', length=3, start=-1))", Conv(signals("q", length=3, start=-1))),
    ("Conv(signals('q', ndim=2, real=True))", Conv(signals("q", ndim=2, real=True))),
    ("Conv(box(3)) @ Conv(box(k))", Conv(box(3)) @ Conv(box(k))),
    ("Conv(Up(2) @ [1, 2])", Conv(Up(2) @ [1, 2])),
    ("operators('A').T @ Flip()", operators("A").T @ Flip()),
    ("Up(factors('k')) @ Shift(integers('d'))", Up(k) @ Shift(d)),
    ("exact('sqrt(2)') * Zero()", sympy.sqrt(2) * Zero()),
    ("(A @ B)".replace("A", "Up(2)").replace("B", "Down(3)"), Up(2) @ Down(3)),
    ("Up(2)**3 - Identity()", Up(2) ** 3 - Identity()),
    ("-Up(2).T.H.conj()", -Up(2).T.H.conj()),
    ("Modulate([1, -1])", Modulate([1, -1])),
    ("Repeat(k) @ AvgPool(k) @ LinearUp(k)", Repeat(k) @ AvgPool(k) @ LinearUp(k)),
    ("StridedConv(q, k) + DilatedConv(q, k)", StridedConv(q, k) + DilatedConv(q, k)),
    ("TransposedConv(q, 2) @ Corr(q)", TransposedConv(q, 2) @ Corr(q)),
    ("StridedConv(q, 2).expand()", Down(2) @ Conv(q)),
    ("  Up(\n 2\n)\t", Up(2)),
]


@pytest.mark.parametrize(("text", "expected"), READ, ids=[text for text, _ in READ])
def test_reads_what_python_would_build(text, expected):
    assert parse_expression(text) == expected


def test_division_by_an_integer_is_exact():
    assert parse_expression("(1/3) * Up(2)").scalar == Fraction(1, 3)
    assert parse_expression("(6/3) * Up(2)").scalar == 2


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_code_of_an_expression_reads_back(text):
    expression = parse_expression(text)
    assert parse_expression(repr(expression)) == expression


@pytest.mark.parametrize(
    "expression",
    [
        Fraction(3) * Up(2),
        complex(-0.0, 1.0) * Up(2),
        sympy.sqrt(2) * sympy.Symbol("c") * Up(2),
        Conv(np.array([0.1, 1 + 2j], dtype="complex64")),
        Conv(np.array([0.1, -0.0, 1e-30], dtype="float32")) @ Up(2),
        Conv(np.array([1, 2], dtype="uint8")),
        Conv(Signal([Fraction(2), Fraction(3)], start=-4)),
        Conv(signals("q", length=(2, 2), real=True)),
        Conv(Signal([k, sympy.Symbol("c"), sympy.pi])),
        k**2 * Up(k) @ Shift((k + 1) * d - 3),
        Conv(Signal([1, 2]) + (Signal([1.5]) + q)),
        (Up(2) + Down(3) - 2 * Flip()) @ (q - x),
        operators("A", ndim=2).H @ Conv(signals("q", ndim=2, real=True).conj()),
    ],
    ids=repr,
)
def test_repr_reads_back(expression):
    again = parse_expression(repr(expression))
    assert again == expression
    assert repr(again) == repr(expression)


def test_names_mean_the_same_on_both_sides():
    left, right = parse_statement("Conv(q) @ Up(k) == k * (Down(k) @ Conv(q).T).T")
    assert left == Conv(q) @ Up(k)
    assert right == k * (Down(k) @ Conv(q).T).T
    assert parse_statement("Shift(k) == Up(k)")[0] == Shift(k)
    assert parse_statement("Shift(k) == Flip()")[0] == Shift(sympy.Symbol("k", integer=True))


def test_let_binds_signals_factors_tuples_and_numbers():
    let = {
        "q": parse_value("[1, 2, 1]"),
        "k": 2,
        "t": (2, 3),
        "c": Fraction(1, 2),
        "s": parse_value("Signal([1], start=4)"),
    }
    assert parse_expression("c * Conv(q) @ Up(k)", let) == Fraction(1, 2) * Conv([1, 2, 1]) @ Up(2)
    assert parse_expression("Up(t)", let) == Up((2, 3))
    assert parse_expression("Conv(s)", let) == Conv(Signal([1], start=4))
    assert parse_expression("Conv([c, 1])", let) == Conv([Fraction(1, 2), 1])
    assert parse_expression("Conv(q)", {"q": np.array([1.0, 2.0])}) == Conv(np.array([1.0, 2.0]))


@pytest.mark.parametrize("name", ["Conv", "_q", "pi", "oa", "a b", "", "2"])
def test_let_refuses_names_that_are_taken(name):
    with pytest.raises(ParseError, match="cannot be bound"):
        parse_expression("Up(2)", {name: 2})


NOT_READ = [
    "Con(q)", "Up(K)", "A @ x", "q @ x", "c * Up(2)", "Conv(k) @ Up(k)", "Conv(q) @ Shift(q)", "Conv(q) @ Conv([q])",
    "x.foo", "x.values", "Up(2).simplify()", "Up(2).__class__", "x[0]", "lambda: 1", "__import__('os')", "open(q)",
    "exec('1')", "Conv(*q)", "Conv(**q)", "f'{x}'", "'abc'", "b'x'", "(y := 2)", "[a for a in b]", "{1: 2}", "{1, 2}",
    "Up(2) == Up(2)", "Up(2) < Up(3)", "Up(2) if 1 else 2", "not Up(2)", "Up(2) and Up(3)", "~Up(2)", "Up(2) // 2",
    "Up(2) % 2", "Up(2) << 1", "Up(2) @ 3", "3 @ Up(2)", "Up(2) + 1", "1 - Up(2)", "Up(2) + x", "None", "...", "True",
    "1", "[1, 2]", "(1, 2)", "A", "Up", "Up()", "Up(2, 3)", "Up(k=2)", "Conv(q, start=1)", "Conv(pi)", "Conv(3)",
    "Conv(box)", "oa.os", "oa.nn.Conv(q)", "os.system('x')", "Up(2).T()", "Up(2).conj", "x.T", "Up(2).conj(1)",
    "Conv(_q)", "__q", "signals('q x')", "signals(q)", "signals('_q')", "signals('q', real=2)", "Signal([1], dtype=q)",
    "Signal([1], dtype='object')", "Signal([1], dtype='U3')", "Up(Conv(q))", "Up(x + Up(2))", "Conv([Up(2)])",
    "Conv([x]) @ x", "Up(2", "Up(2))", "Up(2) = Up(2)", "", "   ", "import os", "Up(2); Up(3)", "Up(2) # x", "a\\b",
    "Up(2)**x", "Up(2)**0.5", "x**2", "[1] * 2 * Up(2)", "1/0 * Up(2)", "1e999 * Up(2)", "await x", "yield",
    "1if 1else 2",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_READ)
def test_refuses_what_is_not_on_the_list(text):
    with pytest.raises(ParseError):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Up(0)", FactorError),
        ("Up(-2)", FactorError),
        ("Up(1.5)", FactorTypeError),
        ("Up(True)", FactorTypeError),
        ("Up(k/2)", FactorTypeError),
        ("Up(1/2)", FactorTypeError),
        ("Up([[1, 0], [0, 0.5]])", FactorTypeError),
        ("Up([[1, 1], [1, 1]])", FactorError),
        ("Up([[1, 1]])", FactorError),
        ("LinearUp([[1, 1], [1, -1]])", FactorTypeError),
        ("Conv([])", KernelError),
        ("Conv([[1], [1, 2]])", KernelError),
        ("Modulate(q)", KernelError),
        ("Conv(Up(2))", OperandError),
        ("Up(2) * Up(2)", OperandError),
        ("Up(2) / 0", CoefficientError),
        ("Up(2)**-1", CoefficientError),
        ("Up(2) @ Up((2, 3))", DimensionError),
    ],
)
def test_errors_of_constructors_pass_through(text, error):
    with pytest.raises(error) as caught:
        parse_expression(text)
    assert not isinstance(caught.value, ParseError)


@pytest.mark.parametrize("text", ["Up(2)", "Up(2) == Up(2) == Up(2)", "Up(2) != Up(2)", "x == 1", "Up(2) == [1]"])
def test_a_statement_has_one_equality_of_expressions(text):
    with pytest.raises(ParseError):
        parse_statement(text)


HOSTILE = [
    "(" * 10_000, "(" * 10_000 + ")" * 10_000, "[" * 200 + "]" * 200, "x" * 1_000_000, "-" * 9_000 + "x",
    "~" * 5_000 + "x", "x" + ".T" * 4_000, "Up(2)" + ".T" * 200, "+".join(["x"] * 4_999), "2*" * 500 + "Up(2)",
    "Up(2)**65", "Up(2)**10**9", "(Up(2)**9)**9", "Up(2)**(9**9**9)", "9**9**9**9 * Up(2)", "9" * 9_000 + " * Up(2)",
    "1000000000000000001 * Up(2)", "((9**64)**64)**64 * Up(2)", "0x" + "f" * 9_000, "(2**(1/2)**(1/1000)) * Up(2)",
    "Up(2)\0", "Conv(\0)", "\ud800", "'" * 3_000, '"(" ' * 2_000, "not " * 2_000 + "x", "x if " * 1_500 + "x",
    "lambda:" * 1_400 + "x", "a[" * 1_500, "*" * 9_000, "x\n" * 4_000, "f'{" * 900, "Conv(" * 99 + "q" + ")" * 99,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_within_a_second(text):
    started = time.perf_counter()
    with pytest.raises(OpAlgebraError):
        parse_expression(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "text",
    [
        "box(10**9)",
        "Conv(signals('q', length=10**6))",
        "Up(10**9) @ [1, 1]",
        "(Up(2)**60) @ [1, 1]",
        "(Identity() + Shift(10**9)) @ [1]",
        "(Conv(box(9000))**64) @ [1]",
        "Repeat(10**9) @ [1]",
        "LinearUp(10**9).expand()",
        "DilatedConv([1, 1], 10**9).expand()",
        "(Conv([1/2, 1/3])**64) @ box(1000)",
    ],
)
def test_no_large_signal_is_computed(text):
    started = time.perf_counter()
    with pytest.raises((SizeError, ParseError)):
        parse_expression(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("given_", [None, 7, b"Up(2)", ["Up(2)"], Up(2)])
def test_only_strings_are_read(given_):
    with pytest.raises(ParseError, match="as a string"):
        parse_expression(given_)


def test_long_sums_are_no_deeper_than_short_ones():
    assert len(parse_expression("+".join(["Up(2)"] * 900)).terms) == 900


def test_the_error_points_at_the_place():
    with pytest.raises(ParseError) as caught:
        parse_expression("Conv(q) @ Upp(2)")
    message, line, caret = str(caught.value).split("\n")
    assert "did you mean Up?" in message
    assert line.index("Upp") == caret.index("^")


def test_the_caret_counts_characters_and_not_bytes():
    with pytest.raises(ParseError) as caught:
        parse_expression("Conv(größe) @ Upp(2)")
    _, line, caret = str(caught.value).split("\n")
    assert line.index("Upp") == caret.index("^")


PIECES = [
    "Conv(", "Up(", "Down(", "Shift(", "Signal(", "box(", "exact('", "signals('", "')", ")", "(", "[", "]", ",", " @ ",
    "+", "-", "*", "/", "**", ".T", ".H", ".conj()", ".expand()", "q", "x", "k", "2", "1/3", "0.5", "1j", "-1", "0",
    "sqrt(", "pi", "I", " == ", "=", "start=", "lambda", ":", "_", "A", "'", "oa.", "True", "LinearUp(", "Identity()",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30))
def test_nothing_but_our_own_errors_for_any_text(text):
    for read in (parse_expression, parse_statement, parse_value, exact, parse_condition):
        try:
            read(text)
        except OpAlgebraError:
            continue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", Fraction(1, 3)),
        ("6/3", 2),
        ("2**-3", Fraction(1, 8)),
        ("0.1", 0.1),
        ("-1e-3", -1e-3),
        ("0.1 + 0.2", Fraction(0.1) + Fraction(0.2)),
        ("0.1 * 3", Fraction(0.1) * 3),
        ("sqrt(2)/2", sympy.sqrt(2) / 2),
        ("sqrt(8)**2", 8),
        ("2**(1/2)", sympy.sqrt(2)),
        ("I", sympy.I),
        ("1j**2", -1),
        ("1+2j", 1 + 2 * sympy.I),
        ("exp(I*pi/4)", sympy.exp(sympy.I * sympy.pi / 4)),
        ("cos(pi/3) + sin(pi/6)", 1),
        ("cos(0.5)", sympy.cos(sympy.Rational(1, 2))),
        ("conjugate(q_0)", sympy.conjugate(sympy.Symbol("q_0"))),
        ("[1, [2, 1/2]]", [1, [2, Fraction(1, 2)]]),
        ("12345678901234567", 12345678901234567),
    ],
)
def test_exact_numbers(text, value):
    assert exact(text) == value
    assert type(exact(text)) is type(value) or isinstance(value, sympy.Basic)


@pytest.mark.parametrize(
    "text",
    ["1/0", "0**-1", "x.y", "Up(2)", "box(3)", "(1, 2)", "1/(sqrt(2)-sqrt(2))", "2**x", "'2'", "a == b", "sqrt()"],
)
def test_exact_refuses_what_is_no_number(text):
    with pytest.raises(ParseError):
        exact(text)


def test_values_to_bind():
    assert parse_value("[1, 2, 1]") == [1, 2, 1]
    assert parse_value("(2, 3)") == (2, 3)
    assert parse_value("2") == 2
    assert parse_value("Signal([1, 2], start=-1)") == Signal([1, 2], start=-1)
    with pytest.raises(ParseError):
        parse_value("Up(2)")


def test_conditions():
    assert parse_condition("coprime(k, 3)") == ("coprime", (k, 3))
    assert parse_condition("divides(k, k*m)") == ("divides", (k, k * m))
    assert parse_condition("even_symmetric(q)") == ("even_symmetric", (FormalSignal("q"),))
    for text in ("coprime(k)", "prime(k)", "k", "Up(2)", "coprime(k, m) + 1", "coprime(2, Up(2))"):
        with pytest.raises(ParseError):
            parse_condition(text)


def test_numbers_need_no_sympy():
    code = (
        "import sys; from opalgebra.parse import parse_expression as p; "
        "p('Conv(q) @ Up(2) - 3 * Conv([1, 0.5]).T / 2'); print('sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("text", ["Conv([nan])", "Conv([1, inf])", "oo * Up(2)", "Conv([NaN, 1])"])
def test_names_of_no_number_are_refused(text):
    with pytest.raises(ParseError, match="finite"):
        parse_expression(text)
