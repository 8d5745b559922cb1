"""The whitelist, and what the names of a text are: signals, factors, shifts or numbers.

A name means the same wherever it stands; its role follows from where it stands: ``k`` in ``Up(k)`` makes
every ``k`` of the text a factor.
"""

from __future__ import annotations

import ast
from collections.abc import Container
from typing import Any

from ..expr import Block, Signal, box, sums
from ..expr.calls import CALLS
from .numerals import NUMERIC
from .source import column, fail

# What each argument of a constructor is: this decides what an unknown name in it stands for.
CONSTRUCTORS: dict[str, tuple[Any, tuple[str, ...]]] = {
    **CALLS,
    "Signal": (Signal, ("signal",)),
    "Block": (Block, ("block",)),
    "box": (box, ("factor",)),
    "Sum": (sums.Sum, ("signal", "limits")),
}
NAMING = ("signals", "factors", "integers", "reals", "operators", "exact")  # their argument is a string
CONDITIONS = {
    "coprime": ("factor", "factor"),
    "divides": ("factor", "factor"),
    "not_divides": ("factor", "shift"),
    "equal": ("factor", "factor"),
    "even_symmetric": ("signal",),
    "symmetric": ("signal", "tap", "tap"),
    "nyquist": ("signal", "factor"),
    "orthonormal": ("signal", "factor"),
    "equation": ("side", "side"),
}
COMPARISONS = {ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
KEYWORDS = {
    "Signal": ("start", "dtype", "exact"),
    "signals": ("length", "start", "ndim", "real"),
    "operators": ("ndim",),
    "Modulate": ("frequency",),
    "symmetric": ("about", "sign"),
}
RESERVED = {*CONSTRUCTORS, *NAMING, *NUMERIC, *CONDITIONS, "complex", "pi", "I", "oa"}
ALLOWED = (
    "allowed are " + ", ".join(CONSTRUCTORS) + ", " + ", ".join(NAMING) + "; @ + - * / **; .T .H .conj() .expand()"
)


def is_of_operators(root: ast.expr) -> bool:
    """Whether an equation is between operators or signals; otherwise its names are integers."""
    calls = (node for node in ast.walk(root) if isinstance(node, ast.Call))
    return any(callee(node.func) in (*CONSTRUCTORS, "signals", "operators") for node in calls)


def callee(func: ast.expr) -> str | None:
    """The name called: Conv of ``Conv(…)`` and of ``oa.Conv(…)``."""
    if isinstance(func, ast.Name):
        return func.id
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "oa":
        return func.attr
    return None


class Roles:
    """The roles of all names below ``root``, and of every node the role of its place.

    Roles of places: "signal", "factor", "shift", "tap" (a number in a list), "block" (a list of operators)
    and "neutral": in ``k * x`` only the rest of the text tells whether k is a signal.
    """

    def __init__(self, text: str, root: ast.expr, role: str, bound: Container[str]) -> None:
        self.text, self.bound = text, bound
        self.names: dict[str, set[str]] = {}
        self.places: dict[int, str] = {}
        stack: list[tuple[ast.AST, str]] = [(root, role)]
        while stack:
            node, role = stack.pop()
            self.places[id(node)] = role
            if isinstance(node, ast.Name):
                self._note_name(node, role)
            else:
                stack.extend(reversed(self._children(node, role)))

    def _note_name(self, node: ast.Name, role: str) -> None:
        if node.id in self.bound or node.id in RESERVED:
            return
        roles = self.names.setdefault(node.id, set())
        roles.add(role)
        if "signal" in roles and len(roles - {"neutral"}) > 1:
            other = min(roles - {"signal", "neutral"})
            what = {"factor": "a factor", "shift": "a shift", "tap": "a number"}[other]
            fail(
                self.text,
                column(self.text, node),
                f"{node.id} is used both as a signal and as {what}; give one of them another name",
            )

    def _children(self, node: ast.AST, role: str) -> list[tuple[ast.AST, str]]:
        if isinstance(node, ast.Call):
            return self._call_children(node, role)
        if isinstance(node, ast.Attribute):
            return [(node.value, role)]
        if isinstance(node, (ast.List, ast.Tuple)):
            if role == "limits" and len(node.elts) == 3:
                return list(zip(node.elts, ("shift", "shift", "factor"), strict=True))
            inner = "tap" if role in ("signal", "neutral") else role
            return [(entry, _within_block(entry) if role == "block" else inner) for entry in node.elts]
        if isinstance(node, ast.BinOp):
            scales = isinstance(node.op, (ast.Mult, ast.Div, ast.Pow)) and role == "signal"
            inner = "neutral" if scales else role  # in k * x only the rest of the text can tell what k is
            return [(node.left, inner), (node.right, inner)]
        if isinstance(node, ast.UnaryOp):
            return [(node.operand, role)]
        if isinstance(node, ast.Compare):
            return [(part, role) for part in (node.left, *node.comparators)]
        return []

    def _call_children(self, node: ast.Call, role: str) -> list[tuple[ast.AST, str]]:
        name = callee(node.func)
        keywords: list[tuple[ast.AST, str]] = [
            (keyword.value, "tap" if name in CONDITIONS else "shift")
            for keyword in node.keywords
            if keyword.arg not in ("dtype", "real", "exact")
        ]
        if name is None:
            return [(node.func, role)]
        if name in NAMING:
            return keywords
        if name in (*NUMERIC, "complex"):
            return [(entry, "tap" if role in ("signal", "neutral") else role) for entry in node.args]
        if name == "equation":
            return [(entry, "signal" if is_of_operators(node) else "factor") for entry in node.args]
        roles = CONDITIONS.get(name) or CONSTRUCTORS.get(name, (None, ()))[1]
        given = zip(node.args, roles, strict=False)
        places = [(entry, _within_block(entry) if role == "block" else role) for entry, role in given]
        return [*places, *keywords]


def _within_block(node: ast.AST) -> str:
    """The role of a place in a block: a list of more places, or an entry."""
    return "block" if isinstance(node, (ast.List, ast.Tuple)) else "signal"
