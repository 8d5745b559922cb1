"""Letters and numbers written otherwise, where no pattern can say it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import gcd, lcm
from typing import Any

from ...expr import (
    Box,
    Character,
    Conv,
    Identity,
    Modulate,
    Shift,
    Signal,
    Zero,
    axes,
    fresh_index,
    symbols_in,
)
from ...expr.factors import axis_count
from ...expr.operators import Compose, Power, Scale, Sum, add, compose
from ...expr.signals import Applied, SignalExpr, SignalSum, add_signals
from ...expr.sums import IndexedSum
from ...scalar import exact, is_sympy, to_sympy
from .finders import Facts, Made, canonical_number, scaled, times


def coprime_numbers(L: Any, M: Any) -> bool:
    """gcd 1, for ints of one axis."""
    return isinstance(L, int) and isinstance(M, int) and gcd(L, M) == 1


def box_as_sum(node: Any, facts: Facts) -> Made:
    """C_{1_k} = Σ_{r<k} S^r."""
    if isinstance(node, Conv) and isinstance(node.kernel, Box) and axis_count(node.kernel.factor) == 1:
        index = fresh_index("r", {s.name for s in symbols_in(node)})
        yield IndexedSum(Shift(index), index, node.kernel.factor), ""


def without_turns(node: Any, facts: Facts) -> Made:
    """e^{i(ω + 2πd)n} = e^{iωn} for an integer d."""
    import sympy

    if not isinstance(node, Character):
        return
    made = []
    for entry in axes(node.frequency):
        terms = sympy.Add.make_args(sympy.expand(entry))
        made.append(sympy.Add(*(t for t in terms if (t / (2 * sympy.pi)).is_integer is not True)))
    if any(a != sympy.expand(b) for a, b in zip(made, axes(node.frequency), strict=True)):
        yield Character(made[0] if len(made) == 1 else tuple(made), node.floating), ""


def computed(node: Any, facts: Facts) -> Made:
    """Numbers with symbols multiplied out, periods written from the index 0."""
    if isinstance(node, Scale):
        number = canonical_number(node.scalar)
        if number != node.scalar:
            yield times(number, node.operator), ""
    elif isinstance(node, Character):
        entries = tuple(canonical_number(entry) for entry in axes(node.frequency))
        if entries != axes(node.frequency):
            yield Character(entries[0] if len(entries) == 1 else entries, node.floating), ""
    elif isinstance(node, Modulate) and node.ndim == 1 and node.sequence.start:
        yield Modulate(Signal(_from_zero(node))), ""


def by_exponentials(node: Any, facts: Facts) -> Made:
    """cos ω and sin ω by e^{iω} and e^{−iω}; not inside an exponent, where that says nothing."""
    import sympy

    if not (isinstance(node, Scale) and is_sympy(node.scalar) and node.scalar.has(sympy.cos, sympy.sin)):
        return
    if not any(power.has(sympy.cos, sympy.sin) for power in node.scalar.atoms(sympy.exp)):
        yield times(node.scalar.rewrite(sympy.exp), node.operator), ""


def powers_joined(node: Any, facts: Facts) -> Made:
    """A^n B^n = (A B)^n for time-invariant A and B, n a number."""
    if not isinstance(node, Compose):
        return
    a: Any
    b: Any
    for i, (a, b) in enumerate(pairwise(node.factors)):
        if _are_powers(a, b):
            joined = Power(compose((a.operator, b.operator)), a.exponent)
            yield compose((*node.factors[:i], joined, *node.factors[i + 2 :])), ""


def _are_powers(a: Any, b: Any) -> bool:
    alike = isinstance(a, Power) and isinstance(b, Power) and a.exponent == b.exponent
    return alike and _is_time_invariant(a.operator) and _is_time_invariant(b.operator)


def _is_time_invariant(operator: Any) -> bool:
    letters = Conv | Shift | Sum | Compose | Scale | Identity | SignalExpr
    return all(isinstance(node, letters) for node in _above_kernels(operator))


def _above_kernels(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Conv):
            stack.extend(node.children())


def out_of_kernel(node: Any, facts: Facts) -> Made:
    """C_{c A q} = c C_{A q}."""
    if isinstance(node, Conv) and isinstance(node.kernel, Applied) and isinstance(node.kernel.operator, Scale):
        scalar, operator = scaled(node.kernel.operator)
        yield Scale(scalar, Conv(operator @ node.kernel.signal)), ""


def kernel_parts(node: Any, facts: Facts) -> Made:
    """C_{(A + B) q} = C_{A q} + C_{B q}."""
    if isinstance(node, Conv) and isinstance(node.kernel, Applied) and isinstance(node.kernel.operator, Sum):
        yield add(tuple(Conv(term @ node.kernel.signal) for term in node.kernel.operator.terms)), ""


def constant_sequence(node: Any, facts: Facts) -> Made:
    """Modulation by one number is a multiple of I."""
    if isinstance(node, Modulate) and len({exact(v) for v in _flat(node)}) == 1:
        yield times(exact(_flat(node)[0]), Identity()), ""


def _flat(node: Modulate) -> list[Any]:
    values = node.sequence.values
    return list(values.flat) if node.sequence.is_exact else list(values.ravel().tolist())


def sign_out(node: Any, facts: Facts) -> Made:
    """Modulation by −w is minus that by w, where w begins with a positive number."""
    if isinstance(node, Modulate) and node.ndim == 1:
        period = _from_zero(node)
        first = next((v for v in period if v != 0), 1)
        if to_sympy(first).is_negative:
            yield Scale(-1, Modulate(Signal([-v for v in period]))), ""


def sequences_multiplied(node: Any, facts: Facts) -> Made:
    """Two modulations by periodic sequences of one axis are one."""
    for i, (one, other) in enumerate(pairwise(node.factors) if isinstance(node, Compose) else ()):
        if isinstance(one, Modulate) and isinstance(other, Modulate) and one.ndim == other.ndim == 1:
            rows = [_from_zero(x) for x in (one, other)]
            size = lcm(*map(len, rows))
            made = [exact(rows[0][n % len(rows[0])]) * exact(rows[1][n % len(rows[1])]) for n in range(size)]
            yield compose((*node.factors[:i], Modulate(Signal(made)), *node.factors[i + 2 :])), ""


def _from_zero(node: Modulate) -> list[Any]:
    values, start = _flat(node), node.sequence.start
    return [values[(n - start) % len(values)] for n in range(len(values))]


def sign_through(node: Any, facts: Facts) -> Made:
    """(−1)ⁿ C_q = C_{(−1)ⁿ q} (−1)ⁿ."""
    for i, (one, other) in enumerate(pairwise(node.factors) if isinstance(node, Compose) else ()):
        if isinstance(one, Modulate) and one == Modulate([1, -1]) and isinstance(other, Conv):
            yield compose((*node.factors[:i], Conv(one @ other.kernel), one, *node.factors[i + 2 :])), ""


def application_parted(node: Any, facts: Facts) -> Made:
    """A (x + y) = A x + A y."""
    if isinstance(node, Applied) and isinstance(node.signal, SignalSum):
        yield add_signals(tuple(node.operator @ term for term in node.signal.terms)), ""


def operators_parted(node: Any, facts: Facts) -> Made:
    """(A + B) x = A x + B x."""
    if isinstance(node, Applied) and isinstance(node.operator, Sum):
        yield add_signals(tuple(term @ node.signal for term in node.operator.terms)), ""


def zeros_dropped(node: Any, facts: Facts) -> Made:
    """x + 0 y = x."""
    if isinstance(node, SignalSum):
        kept = tuple(x for x in node.terms if not (isinstance(x, Applied) and isinstance(x.operator, Zero)))
        if kept and len(kept) < len(node.terms):
            yield add_signals(kept), ""
