"""What must hold of every rendering: it stops, it is balanced, it is in its alphabet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sympy
from hypothesis import given

import opalgebra as oa
from opalgebra.errors import OperandError
from opalgebra.expr.node import Node
from opalgebra.expr.operators import LinearOperator
from opalgebra.expr.signals import Signal
from opalgebra.show.notation.latex import latex, name_latex
from opalgebra.show.notation.render import LIMIT
from opalgebra.show.notation.text import ascii_text, text
from tests.show.notation.test_code import formal, relaxed, trees
from tests.show.notation.test_golden import documents, expressions

A, B = oa.operators("A B")
Q = oa.signals("q")
RENDERERS = [text, ascii_text, latex]
PAIRS = {")": "(", "]": "[", "}": "{"}


def unbalanced(shown: str) -> str | None:
    """The first bracket that does not match, or None."""
    stack: list[str] = []
    for character in re.sub(r"\\[{}]", "", shown):
        if character in "([{":
            stack.append(character)
        elif character in PAIRS and (not stack or stack.pop() != PAIRS[character]):
            return character
    return stack[0] if stack else None


def double_scripts(shown: str) -> Iterator[str]:
    """Places where LaTeX would see x^{a}^{b} or x_{a}_{b}, an error."""
    for found in re.finditer(r"([_^])\{", shown):
        depth, at = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(shown[at], 0) if shown[at - 1] != "\\" else 0
            at += 1
        if shown[at : at + 1] == found[1]:
            yield shown[found.start() : at + 4]


def test_the_checks_find_what_is_wrong() -> None:
    assert unbalanced("(a]") == "]"
    assert unbalanced("((a)") == "("
    assert unbalanced(r"\{(a)") is None
    assert list(double_scripts("A^{T}^{T}")) == ["^{T}^{T}"]
    assert list(double_scripts("A_{k}^{T}")) == []


@relaxed
@given(trees | formal)
def test_renderings_are_balanced_and_in_their_alphabet(node: Node) -> None:
    for render in RENDERERS:
        shown = render(node)
        assert shown
        assert unbalanced(shown) is None
        assert "\n" not in shown
    assert ascii_text(node).isascii()
    assert list(double_scripts(latex(node))) == []


@pytest.mark.parametrize("shown", [latex(node) for node in expressions()])
def test_latex_has_no_double_scripts(shown: str) -> None:
    assert list(double_scripts(shown)) == []
    assert unbalanced(shown) is None


def test_latex_documents_are_balanced() -> None:
    for title, document in documents().items():
        if title.endswith("latex"):
            assert unbalanced(document) is None
            assert document.count(r"\begin{aligned}") == document.count(r"\end{aligned}") == 1


def test_latex_is_the_notation_of_the_contract() -> None:
    assert latex(oa.Down(2) @ oa.Conv(Q) @ oa.Up(3)) == r"\downarrow_{2}\,(\mathbf{q} *)\,\uparrow_{3}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("k", "k"), ("k_1", "k_{1}"), ("k1", "k_{1}"), ("q_0_1", "q_{0,1}"), ("alpha", r"\alpha"), ("q_", r"\mathrm{q\_}"),
     ("__", r"\mathrm{\_\_}"), ("rate_in", r"\mathrm{rate}_{\mathrm{in}}"), ("a_b_c", r"a_{\mathrm{b\_c}}"),
     ("50%", r"\mathrm{50\%}"), ("x_beta", r"x_{\beta}")],
)  # fmt: skip
def test_names_are_safe_in_latex(name: str, shown: str) -> None:
    assert name_latex(name) == shown


def wrap(one: Callable[[Any], Any], times: int) -> LinearOperator:
    node: Any = A
    for _ in range(times):
        node = one(node)
    return node


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize(
    "one",
    [lambda node: node.T, lambda node: node.conj(), lambda node: -node, lambda node: node + B,
     lambda node: (node @ B) ** 2, lambda node: 2 * node, lambda node: (node + B).T],
)  # fmt: skip
def test_deep_nests_render(render: Callable[[Node], str], one: Callable[[Any], Any]) -> None:
    deep = wrap(one, 5000)
    shown = render(deep)
    assert unbalanced(shown) is None
    assert len(shown) < 10 * LIMIT


@pytest.mark.parametrize("render", RENDERERS)
def test_long_compositions_and_sums_render(render: Callable[[Node], str]) -> None:
    for node in (oa.operators("A") ** 1, wrap(lambda node: node @ B, 5000), wrap(lambda node: node - B, 5000)):
        shown = render(node)
        assert unbalanced(shown) is None
        assert len(shown) < 2 * LIMIT


def test_nested_kernels_render() -> None:
    kernel = Q
    for _ in range(5000):
        kernel = oa.Conv(kernel) @ Q
    assert unbalanced(text(kernel)) is None


def test_text_of_shared_parts_stops() -> None:
    shared: LinearOperator = A
    for _ in range(60):
        shared = (shared @ A + shared).T
    assert text(shared).count("…") > 0
    assert len(text(shared)) < 2 * LIMIT


def test_a_composition_below_the_limit_is_complete() -> None:
    assert text(wrap(lambda node: node @ B, 5000)) == "A" + " B" * 5000


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize(
    "value", [10**6000, -(10**6000), sympy.Integer(10) ** 6000 + sympy.sqrt(2), 10**400], ids=range(4)
)
def test_huge_numbers_render(render: Callable[[Node], str], value: Any) -> None:
    assert len(render(value * A)) < 500
    if sympy.sympify(value).is_Integer:
        assert "000" in render(value * A)


def test_a_cut_float_shows_that_it_is_cut() -> None:
    assert text(Signal([0.1 + 0.2, 0.3])) == "(0.3… 0.3)"
    assert ascii_text((1 / 3) * A) == "0.333333... A"


def test_long_symbolic_entries_are_cut() -> None:
    entry = sum(sympy.symbols("q_:40"))
    shown = text(Signal([entry, 1]))
    assert shown.startswith("(q₀+q₁")
    assert "…" in shown
    assert len(shown) < 100
    assert r"\ldots" in latex(Signal([entry**2 + sympy.symbols("w_:90")[3] ** entry, 1]) * 1)


def test_ascii_escapes_names_outside_ascii() -> None:
    assert ascii_text(oa.signals("ω")) == "\\u03c9"


def test_formats_and_sympy_hooks() -> None:
    operator = oa.Down(2) @ oa.Conv(Q)
    assert f"{operator}" == str(operator) == sympy.sstr(operator) == "↓₂ (q∗)"
    assert f"{operator:ascii}" == sympy.pretty(operator, use_unicode=False) == "down2 (q*)"
    assert f"{operator:latex}" == sympy.latex(operator) == r"\downarrow_{2}\,(\mathbf{q} *)"
    assert sympy.pretty(operator, use_unicode=True) == "↓₂ (q∗)"
    assert operator._repr_latex_() == r"$\displaystyle \downarrow_{2}\,(\mathbf{q} *)$"


@pytest.mark.parametrize("render", RENDERERS)
def test_a_node_without_a_written_form_is_an_error(render: Callable[[Node], str]) -> None:
    class Unknown(Node):
        def parts(self) -> tuple[Any, ...]:
            return ()

    with pytest.raises(OperandError, match="Unknown has no written form"):
        render(Unknown())


@pytest.mark.parametrize("notation", [text, latex])
def test_a_class_registers_how_it_is_written(notation: Any) -> None:
    class Word:
        pass

    with pytest.raises(OperandError, match=f"a Word is not written in {notation.__name__}"):
        notation(Word())
    notation.register(Word, lambda word: "a word")
    assert notation(Word()) == "a word"


def test_an_operator_without_a_sign_is_written_as_a_call() -> None:
    class Letter(LinearOperator):
        ndim = None

        def parts(self) -> tuple[Any, ...]:
            return oa.Signal([1, 2]), 3

    assert text(Letter()) == "Letter((1 2), 3)"
    assert latex(Letter()) == r"\mathrm{Letter}((1, 2), 3)"
