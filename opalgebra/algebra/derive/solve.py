"""Kernels that solve an equation between operators or signals: linear equations in their taps, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import NoSolution, OperandError, Undecided
from ...expr import FormalOperator, FormalSignal, Signal, common_ndim, constants, exact_array, formal_names, short
from ...expr.exactly import exactly
from ...expr.multirate import Conv
from ...expr.signals import SignalExpr, signals
from ...expr.sums import substitute
from ...expr.tree import all_factor_symbols, transform
from ...scalar import exact, is_sympy
from ..decide.linear import Solved, degree, is_conjugated, solved_taps
from ..decide.prove import prove
from ..equations import Equation, entries_of
from ..numbers.ring import sympy_algebra

SHOWN = 4  # of the equations that contradict one another


@exactly()
def solve(given: Equation | Sequence[Equation], unknown: Any, length: Any = None, start: Any = 0) -> Any:
    """Kernels X for which left = right, over the exact field of the taps: linear equations in the taps of X.

    Parameters
    ----------
    given : Equation, or several
        Made by :func:`equation`, such as ``oa.equation(A @ X, B)``: operators, blocks or signals with concrete factors,
        each side linear in X.
    unknown : formal signal or formal operator, signal with symbolic taps, or a tuple of these
        A formal operator stands for the convolution with an unknown kernel.
    length : int, or tuple of int per axis
        Of every formal unknown; a signal with symbolic taps has its own.
    start : int, or tuple of int per axis
        Index of the first tap of every formal unknown.

    Returns
    -------
    Signal, or a tuple of these
        With exact taps.  A tap that the equation leaves free stays as the symbol that ``oa.signals("X", length=…)``
        gives it, and other taps are written in these.  With symbols in A and B taps are rational functions of them: a
        solution wherever no denominator is 0.  Every solution is proved before it is returned.

    Raises
    ------
    NoSolution
        With equations between taps that contradict one another: no kernel there solves it (as rational functions of
        the symbols, if there are any).
    OperandError
        Where the equation is not linear in X, has symbolic factors or other formal kernels.
    Undecided
        Where the numbers are in no field that is known, or there are too many taps.

    Examples
    --------
    >>> import opalgebra as oa
    >>> h, f, x = oa.Signal([1, 2, 1], start=-1), oa.signals("f"), oa.signals("x")
    >>> A = oa.Down(2) @ oa.Conv(h)
    >>> print(oa.solve(oa.equation(A @ oa.Conv(f) @ oa.Up(2), oa.Identity()), f, length=3, start=-1))
    (0 1/2 0)₋₁
    >>> print(oa.solve(oa.equation(oa.Down(2) @ x, oa.Signal([1, 2])), x, length=3))
    (1 x₁ 2)
    """
    equations = [given] if isinstance(given, Equation) else list(given) if isinstance(given, list | tuple) else []
    if not equations or not all(isinstance(one, Equation) for one in equations):
        raise OperandError(f"solve takes oa.equation(A @ X, B) between operators or signals; {given!r} was given")
    several = isinstance(unknown, tuple | list)
    listed = list(unknown) if several else [unknown]
    kernels = [_kernel(x, length, start) for x in listed]
    taps = [s for kernel in kernels for s in kernel.values.flat]
    places = {x.name: k if isinstance(x, FormalSignal) else Conv(k) for x, k in zip(listed, kernels, strict=True)
              if not isinstance(x, Signal)}  # fmt: skip
    _check_names(equations, taps, places)
    sides = [(substitute(one.left, places), substitute(one.right, places)) for one in equations]
    _check_linear(sides, taps)
    pairs = [pair for a, b in sides for pair in ([(a, b)] if isinstance(a, SignalExpr) else entries_of(a, b))]
    with sympy_algebra(*taps):
        found = solved_taps(pairs, taps, common_ndim(*(side for pair in sides for side in pair), *kernels) or 1)
    if found.clash:
        shown = " and ".join(f"{kernel}" for kernel in map(_shown, listed, kernels))
        raise NoSolution(f"no {shown} solves {', '.join(map(str, equations))}: {_reason(found)}")
    solved = [_put(kernel, found.taps) for kernel in kernels]
    for left, right in sides:
        proof = prove(_put(left, found.taps), _put(right, found.taps))
        if not proof:
            raise Undecided(f"taps were found, and whether they solve the equation is not known: {proof.reason}")
    return tuple(solved) if several else solved[0]


def _kernel(unknown: Any, length: Any, start: Any) -> Signal:
    """The unknown with a symbol for every tap."""
    if isinstance(unknown, Signal) and unknown.is_exact:
        entries = list(unknown.values.flat)
        if entries and all(v.is_Symbol for v in entries) and len({*entries}) == len(entries):
            return unknown
    if not isinstance(unknown, FormalSignal | FormalOperator):
        raise OperandError(
            f"the unknown is {unknown}; give a formal signal or operator, or a signal of oa.signals with a length"
        )
    if length is None:
        raise OperandError(f"how many taps has {unknown.name}? give length=, such as length=4")
    made: Signal = signals(unknown.name, length=length, start=start, real=getattr(unknown, "real", False))
    return made


def _check_names(equations: list[Equation], taps: list[Any], places: dict[str, Any]) -> None:
    roots = [side for one in equations for side in (one.left, one.right)]
    known = {s for value in constants(*roots) if is_sympy(value) for s in value.free_symbols} if places else set()
    if known.intersection(taps):
        raise OperandError(f"{', '.join(sorted(map(str, known.intersection(taps))))} stands in the equation already")
    others = sorted(formal_names(*roots).keys() - places.keys())
    if others:
        raise OperandError(f"{', '.join(others)} would be formal in the solution; give it a length and symbolic taps")
    if symbols := all_factor_symbols(*roots):
        raise OperandError(f"the factor or shift {symbols[0]} is a symbol; give an int for it")


def _check_linear(sides: list[tuple[Any, Any]], taps: list[Any]) -> None:
    unknown = set(taps)
    if len({bool(s.is_real) for s in unknown}) > 1:
        raise OperandError("some of the unknown kernels are real and some complex; give all of one kind")
    for side in (side for pair in sides for side in pair):
        if degree(side, unknown) > 1:
            raise OperandError(f"{short(side)} is not linear in the unknown taps")
        if is_conjugated(side, unknown):
            raise OperandError(f"{short(side)} has the conjugate of an unknown; give real=True to its signals")


def _put(root: Any, taps: dict[Any, Any]) -> Any:
    """The tree with values in place of taps."""

    def change(node: Any) -> Any:
        if isinstance(node, Signal) and node.is_exact and any(v.free_symbols & taps.keys() for v in node.values.flat):
            flat = [exact(v.xreplace(taps).expand()) for v in node.values.flat]
            return Signal._wrap(exact_array(flat, node.values.shape), node.starts)
        return None

    return transform(root, change)


def _shown(unknown: Any, kernel: Signal) -> str:
    shape, start = (axis if len(axis) > 1 else axis[0] for axis in (kernel.values.shape, kernel.starts))
    return f"{getattr(unknown, 'name', unknown)} of length {shape} from {start}"


def _reason(found: Solved) -> str:
    lines = []
    for (_, at, n), left, right in found.clash[:SHOWN]:
        index = n[0] if len(n) == 1 else n
        whose = "" if at is None else f" of the answer to an impulse at {at[0] if len(at) == 1 else at}"
        lines.append(f"sample {index}{whose} asks for {left} = {right}")
    return "; ".join([*lines, *(["…"] if len(found.clash) > SHOWN else [])])
