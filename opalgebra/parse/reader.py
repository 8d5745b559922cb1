"""The reader: builds signals, operators and numbers from the whitelisted part of Python's syntax."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from difflib import get_close_matches
from fractions import Fraction
from math import isfinite, prod
from typing import Any, NoReturn

import numpy as np

from ..errors import ParseError, SizeError
from ..expr import (
    Block,
    LinearOperator,
    SamplingMatrix,
    Signal,
    SignalExpr,
    common_ndim,
    formal_parts,
    named,
    sums,
    walk,
)
from ..expr import factors as _factors
from ..expr import operators as _operators
from ..expr import signals as _signals
from ..scalar import exact as exact_number
from ..scalar import is_sympy
from .grammar import ALLOWED, CONSTRUCTORS, KEYWORDS, NAMING, RESERVED, Roles, callee, is_of_operators
from .numerals import MAX_EXPONENT, NUMERIC, NumeralError, Numerals
from .source import checked_text, column, fail, tree

MAX_INTEGER = 10**18
MAX_SAMPLES = 20_000  # of all boxes and symbolic-tap signals of one text together
MAX_WORK = 10**7  # samples and multiply-adds for the signals that a text computes, such as Up(2) @ [1, 2]
EXACT_WORK = 1_000  # a multiply-add of SymPy entries takes that of so many numbers
MAX_TERMS = 1_000  # of sums over an index, nested ones multiplied
MAX_EXPANDED_FACTOR = 1_000  # .expand() of a named composition computes a kernel of this length


class Reader:
    """Reads one text: the names get their roles first, then the nodes are built."""

    def __init__(self, text: object, let: Mapping[str, Any], literal: bool = False, condition: bool = False) -> None:
        self.text = checked_text(text)
        self.let = _bindings(let)
        self.literal = literal  # numbers only, and every name is a symbol
        self.numerals = Numerals(imaginary_unit=literal)
        self.samples, self.work = MAX_SAMPLES, MAX_WORK
        self.root = tree(self.text)
        role = "tap" if literal else "factor" if condition and not is_of_operators(self.root) else "signal"
        self.roles = Roles(self.text, self.root, role, {*self.let, *RESERVED})

    def fail(self, node: ast.AST, message: str) -> NoReturn:
        fail(self.text, column(self.text, node), message)

    # Building.

    def build(self, node: ast.AST) -> Any:
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._listed(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Compare):
            self.fail(node, "a comparison stands inside an expression; == joins the two sides of a statement once")
        what = type(node).__name__
        self.fail(node, f"{what} is not part of the language; {ALLOWED}")

    def _constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, bool) and self.roles.places.get(id(node)) in ("factor", "shift"):
            return value  # the constructor explains
        if type(value) is int:
            if value > MAX_INTEGER:
                self.fail(node, "the integer is above 10**18, the largest that is read")
            return value
        if isinstance(value, (float, complex)):
            if not (isfinite(value.real) and isfinite(value.imag)):
                self.fail(node, "the number is too large for a double")
            return self.numerals.imaginary(value) if isinstance(value, complex) else value
        if isinstance(value, str):
            self.fail(node, "a string stands here; strings are read in " + ", ".join(NAMING) + " and dtype only")
        self.fail(node, f"{value!r} is not part of the language; {ALLOWED}")

    def _name(self, node: ast.Name) -> Any:
        name, role = node.id, self.roles.places.get(id(node), "signal")
        if name.startswith("_"):
            self.fail(node, f"{name} starts with an underscore; such names are not read")
        if name in self.let:
            return self.let[name]
        if name.lower() in ("nan", "inf", "infinity", "oo", "zoo"):
            self.fail(node, f"{name} is not a finite number; only these have an exact meaning")
        if name in ("pi", "I") and role != "signal":
            return self.numerals.constant(name)
        if name in RESERVED:
            how = "is the name of a number" if name in ("pi", "I") else f"is a function: write {name}(…)"
            self.fail(node, f"{name} {how}")
        if self.literal:
            return _symbol(name)
        if not name[0].islower():
            self._unknown(node, name, "names of signals and factors start with a lower-case letter")
        return self._lower_case(name, role)

    def _lower_case(self, name: str, role: str) -> Any:
        roles = self.roles.names[name]
        if "factor" in roles:
            return _symbol(name, integer=True, positive=True)
        if "shift" in roles:
            return _symbol(name, integer=True)
        return _symbol(name) if "tap" in roles else _signals.FormalSignal(name)

    def _unknown(self, node: ast.AST, name: str, rule: str) -> NoReturn:
        known = [*CONSTRUCTORS, *NAMING, *NUMERIC]
        near = get_close_matches(name, known, 1, 0.6) or get_close_matches(name.title(), known, 1, 0.6)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.fail(node, f"{name} is not known{hint} ({rule}; {ALLOWED})")

    def _listed(self, node: ast.List | ast.Tuple) -> Any:
        values = [self.build(entry) for entry in node.elts]
        for entry, value in zip(node.elts, values, strict=True):
            if isinstance(value, (LinearOperator, SignalExpr)):
                self.fail(entry, "a list holds numbers; an operator or signal stands here")
        return values if isinstance(node, ast.List) else tuple(values)

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.build(node.operand)
        if not isinstance(node.op, (ast.USub, ast.UAdd)) or isinstance(value, (list, tuple, bool)):
            self.fail(node, f"this sign cannot be read here; {ALLOWED}")
        return -value if isinstance(node.op, ast.USub) else value

    # Calls and attributes.

    def _call(self, node: ast.Call) -> Any:
        name = callee(node.func)
        for entry in node.args:
            if isinstance(entry, ast.Starred):
                self.fail(entry, "starred arguments are not part of the language")
        if name is None:
            return self._method(node)
        if name in CONSTRUCTORS:
            return self._construct(node, name)
        if name in NAMING:
            return self._naming(node, name)
        if name == "complex":
            parts = self.arguments(node, name, ("number", "number"))
            return self._numeric(node, self.numerals.complex, *parts)
        if name in NUMERIC:
            (value,) = self.arguments(node, name, ("number",))
            return self._numeric(node, self.numerals.call, name, value)
        self._unknown(node, name, "only these can be called")

    def _method(self, node: ast.Call) -> Any:
        func = node.func
        if not isinstance(func, ast.Attribute) or func.attr not in ("conj", "expand"):
            self.fail(func, f"this cannot be called; {ALLOWED}")
        if node.args or node.keywords:
            self.fail(node, f".{func.attr}() takes no arguments")
        value = self.build(func.value)
        if func.attr == "conj" and isinstance(value, (LinearOperator, SignalExpr)):
            return value.conj()
        if func.attr == "expand" and isinstance(value, LinearOperator):
            self._check_expansion(node, value)
            return value.expand()
        self.fail(node, f".{func.attr}() is for operators{' and signals' if func.attr == 'conj' else ''}")

    @staticmethod
    def _count(factor: Any) -> int:
        """The samples of a box; symbols do not count."""
        if isinstance(factor, SamplingMatrix):
            return factor.ratio
        return prod(k for k in _factors.axes(factor) if isinstance(k, int))

    def _check_expansion(self, node: ast.AST, value: LinearOperator) -> None:
        for part in walk(value):
            size = self._count(getattr(part, "factor", 1))
            if isinstance(part, named.Named) and size > MAX_EXPANDED_FACTOR:
                self.fail(node, f"a factor above {MAX_EXPANDED_FACTOR} is not written out here; use a smaller one")

    def _attribute(self, node: ast.Attribute) -> Any:
        if callee(node) in CONSTRUCTORS:
            self.fail(node, f"{node.attr} is a function: write {node.attr}(…)")
        if node.attr not in ("T", "H"):
            self.fail(node, f".{node.attr} is not part of the language; {ALLOWED}")
        value = self.build(node.value)
        if not isinstance(value, LinearOperator):
            self.fail(node, f".{node.attr} is for operators")
        return value.T if node.attr == "T" else value.H

    def arguments(self, node: ast.Call, name: str, roles: tuple[str, ...]) -> list[Any]:
        """The values of the arguments, of the kinds that their roles ask for."""
        self._check_count(node, name, len(roles))
        values = [self.build(entry) for entry in node.args]
        for entry, role, value in zip(node.args, roles, values, strict=True):
            if name == "Modulate" and is_sympy(value):
                continue  # a frequency
            if role == "side":
                continue  # an operator, a signal, or an integer
            if role == "signal" and not isinstance(value, (SignalExpr, LinearOperator, list, tuple)):
                self.fail(entry, f"{name} takes a signal or a list such as [1, 2, 1]; {value} is a number")
            if role != "signal" and isinstance(value, (SignalExpr, LinearOperator)):
                self.fail(entry, f"{name} takes a {role} here, a number or a name; this is an expression")
        return values

    def _check_count(self, node: ast.Call, name: str, count: int) -> None:
        if len(node.args) != count:
            self.fail(node, f"{name} takes {count} argument{'s' * (count != 1)}, {len(node.args)} were given")
        for keyword in node.keywords:
            if keyword.arg not in KEYWORDS.get(name, ()):
                self.fail(keyword, f"{name} has no option {keyword.arg or '**'} here")

    def _options(self, node: ast.Call) -> dict[str, Any]:
        readers = {"dtype": self._dtype, "real": self._flag, "exact": self._flag}
        return {str(k.arg): readers.get(str(k.arg), self.build)(k.value) for k in node.keywords}

    def _dtype(self, node: ast.AST) -> Any:
        name = node.value if isinstance(node, ast.Constant) else None
        try:
            dtype = np.dtype(name) if isinstance(name, str) and len(name) < 12 else None
        except (TypeError, ValueError, SyntaxError):
            dtype = None
        if dtype is None or dtype.kind not in "iufc":
            self.fail(node, "the dtype is a numeric one of NumPy, such as 'float32'")
        return dtype

    def _flag(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return node.value
        self.fail(node, "this option is True or False")

    def _construct(self, node: ast.Call, name: str) -> Any:
        make, roles = CONSTRUCTORS[name]
        if name == "Block":
            return self._block(node)
        if name == "Modulate" and node.keywords and not node.args:
            self._check_count(node, name, 0)
            return make(**self._options(node))
        values = self.arguments(node, name, roles)
        if name == "Sum":
            self._spend_terms(node, *values)
        if name == "box":
            self._spend(node, _factors.factor(values[0]))
        return make(*values, **self._options(node))

    def _block(self, node: ast.Call) -> Any:
        self._check_count(node, "Block", 1)
        rows = node.args[0]
        if not isinstance(rows, ast.List) or not all(isinstance(row, ast.List) for row in rows.elts):
            self.fail(node, "Block takes a list of lists of operators, such as Block([[Up(2), Identity()]])")
        return Block([[self._block_entry(entry) for entry in getattr(row, "elts", [])] for row in rows.elts])

    def _block_entry(self, node: ast.expr) -> Any:
        value = self.build(node)
        if not isinstance(value, LinearOperator) and not (type(value) is int and value == 0):
            self.fail(node, "an entry of Block is an operator or 0")
        return value

    def _spend_terms(self, node: ast.AST, body: Any, limits: Any) -> None:
        """Sums of known signals are computed, nested ones as often as the outer ones ask for."""
        stop = limits[2] if isinstance(limits, tuple) and len(limits) == 3 else 1
        inner = [part.stop for part in walk(body) if isinstance(part, sums.IndexedSum | sums.IndexedSignalSum)]
        if prod(k for k in (*inner, stop) if isinstance(k, int)) > MAX_TERMS:
            self.fail(node, f"the sums have more than {MAX_TERMS} terms, the most that are read")

    def _spend(self, node: ast.AST, size: Any) -> None:
        self.samples -= self._count(size)
        if self.samples < 0:
            raise SizeError(f"the signals of the expression have over {MAX_SAMPLES:,} samples; give shorter ones")

    def _naming(self, node: ast.Call, name: str) -> Any:
        self._check_count(node, name, 1)
        text = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if not isinstance(text, str):
            self.fail(node.args[0], f"{name} takes a string, such as {name}('q')")
        if name == "exact":
            return read_exact(text)
        if not text.isidentifier() or text.startswith("_"):
            self.fail(node.args[0], f"{name} takes one name here, letters and digits, such as {name}('q')")
        if name in ("factors", "integers"):
            return _symbol(text, integer=True, **({"positive": True} if name == "factors" else {}))
        if name == "reals":
            return _symbol(text, real=True)
        options = self._options(node)
        if options.get("length") is not None:
            self._spend(node, _factors.factor(options["length"]))
        return (_signals.signals if name == "signals" else _operators.operators)(text, **options)

    # Operators.

    def _binary(self, node: ast.BinOp) -> Any:
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        value = self.build(spine[-1].left)
        for step in reversed(spine):
            value = self._combine(step, value, self.build(step.right))
        return value

    def _combine(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        nodes = [isinstance(side, (LinearOperator, SignalExpr)) for side in (left, right)]
        if isinstance(node.op, ast.MatMult):
            return self._apply(node, left, right)
        if any(isinstance(side, (list, tuple, bool)) for side in (left, right)):
            self.fail(node, "a list stands next to an operation; write Signal([…]) or Conv([…])")
        if isinstance(node.op, (ast.Add, ast.Sub)) and any(nodes):
            return self._add(node, left, right)
        if isinstance(node.op, ast.Pow) and any(nodes):
            return self._power(node, left, right)
        if isinstance(node.op, (ast.Mult, ast.Div)) and any(nodes):
            return self._scale(node, left, right, all(nodes))
        if not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)):
            self.fail(node, f"the operation {type(node.op).__name__} is not part of the language; {ALLOWED}")
        return self._numeric(node, self.numerals.binary, type(node.op), left, right)

    def _numeric(self, node: ast.AST, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except NumeralError as error:
            self.fail(node, str(error))

    def _apply(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        if isinstance(right, list):
            right = Signal(right)
        if isinstance(left, SignalExpr) and isinstance(node.left, ast.Name):
            self.fail(node.left, f"{node.left.id} is a signal; the convolution with it is Conv({node.left.id})")
        if not isinstance(left, LinearOperator) or not isinstance(right, (LinearOperator, SignalExpr)):
            self.fail(node, "@ joins an operator with an operator or a signal to its right: Conv(q) @ x")
        if isinstance(left, LinearOperator) and isinstance(right, Signal) and not formal_parts(left):
            self._meter(node, left, right)
        return left @ right

    def _meter(self, node: ast.AST, operator: LinearOperator, signal: Signal) -> None:
        """Concrete signals are computed, and hostile text could ask for any amount of that."""
        self._check_expansion(node, operator)
        common_ndim(operator, signal)
        is_exact = any(isinstance(part, Signal) and part.is_exact for part in (*walk(operator), signal))
        from .meter import spend  # the engines are not needed to read a number

        self.work = spend(operator, signal, EXACT_WORK if is_exact else 1, self.work)

    def _add(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        for kind in (LinearOperator, SignalExpr):
            if isinstance(left, kind) and isinstance(right, kind):
                return left + right if isinstance(node.op, ast.Add) else left - right
        self.fail(node, "both sides of + and - are operators, or both signals; a constant is c * Identity()")

    def _power(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        if not isinstance(left, LinearOperator) or not isinstance(right, int):
            self.fail(node, "a power is an operator ** int")
        inner = [part.exponent for part in walk(left) if isinstance(part, _operators.Power)]
        if prod([*inner, right]) > MAX_EXPONENT:
            self.fail(node, f"the exponents multiply to more than {MAX_EXPONENT}, the largest that is read")
        return left**right

    def _scale(self, node: ast.BinOp, left: Any, right: Any, both: bool) -> Any:
        if both and isinstance(left, SignalExpr):
            name = node.left.id if isinstance(node.left, ast.Name) else "the left side"
            self.fail(
                node.left,
                f"{name} is read as a signal, and * takes a number (bind a name to one, as in --let c=2); "
                "operators are applied with @: A @ x",
            )
        if isinstance(node.op, ast.Div):
            if isinstance(right, (LinearOperator, SignalExpr)):
                self.fail(node.right, "only numbers divide; an operator or signal stands here")
            if isinstance(left, SignalExpr):
                return left * self._numeric(node, self.numerals.binary, ast.Div, 1, right)
            return left / right
        return left * right


def _symbol(name: str, **assumptions: bool) -> Any:
    import sympy

    return sympy.Symbol(name, **assumptions)


def _bindings(let: Mapping[str, Any]) -> dict[str, Any]:
    """Names with what they stand for: lists become signals."""
    bound = {}
    for name, value in let.items():
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or name in RESERVED:
            raise ParseError(f"{name!r} cannot be bound; give a name of letters and digits that is not taken")
        bound[name] = Signal(value) if isinstance(value, (list, np.ndarray)) else value
    return bound


def read_exact(text: str) -> Any:
    """The number, or nested list of numbers, that a text writes down."""
    reader = Reader(text, {}, literal=True)
    value = reader.build(reader.root)
    if isinstance(value, (LinearOperator, SignalExpr, tuple)):
        reader.fail(reader.root, "a number or a list of numbers is expected, such as sqrt(2)/2 or [1, 1/3]")
    return exact_number(value) if is_sympy(value) or isinstance(value, Fraction) else value
