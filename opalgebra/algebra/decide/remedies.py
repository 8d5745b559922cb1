"""What would make a refuted statement true: one hypothesis, or one kernel reversed; decided, not guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, islice, permutations
from time import monotonic
from typing import Any

from ...errors import OpAlgebraError
from ...expr import Conv, Flip, FormalSignal, LinearOperator, Shift, SignalExpr, axes, formal_names, transform, walk
from ...expr.named import StridedMap
from ...expr.tree import all_factor_symbols
from ...scalar import is_sympy
from ..equations import symmetric
from ..facts import Hypothesis, coprime, divides, equal, not_divides
from .proof import Proof
from .prove import prove

SECONDS = 2.0  # for all that is tried
EACH = 1.0
TRIED = 24

Candidate = tuple[str, Any, tuple[Hypothesis, ...]]  # what is said, the right side, what is given beside the rest


def remedy(proof: Any) -> str:
    """What makes a refuted statement true, such as "true if gcd(k, m) = 1"; "" where nothing that was tried does.

    >>> import opalgebra as oa
    >>> k, m = oa.factors("k m")
    >>> remedy(oa.prove(oa.Up(k) @ oa.Down(m), oa.Down(m) @ oa.Up(k)))
    'true if gcd(k, m) = 1'
    >>> q = oa.signals("q")
    >>> remedy(oa.prove((oa.Down(2) @ oa.Conv(q)).T, oa.Conv(q) @ oa.Up(2)))
    'true with the kernel q reversed on the right side'
    """
    if (
        not isinstance(proof, Proof)
        or proof.verdict != "refuted"
        or not isinstance(proof.lhs, LinearOperator | SignalExpr)
    ):
        return ""
    if "_remedy" not in proof.__dict__:
        proof.__dict__["_remedy"] = _found(proof)
    return str(proof.__dict__["_remedy"])


def _found(proof: Proof) -> str:
    end = monotonic() + SECONDS
    for said, rhs, given in islice(_candidates(proof), TRIED):
        left = end - monotonic()
        if left <= 0:
            break
        if _holds(proof, rhs, given, min(EACH, left)):
            return said
    return ""


def _holds(proof: Proof, rhs: Any, given: tuple[Hypothesis, ...], seconds: float) -> bool:
    try:
        return bool(prove(proof.lhs, rhs, given=(*proof.given, *given), budget=seconds))
    except OpAlgebraError:  # what contradicts the other hypotheses, or speaks of what they have replaced
        return False


def _candidates(proof: Proof) -> Iterator[Candidate]:
    yield from _flips(proof)
    for make in (_coprime, _even, _beside_shifts, _related):
        for fact in make(proof):
            if fact not in proof.given:
                yield f"true if {fact}", proof.rhs, (fact,)


def _flips(proof: Proof) -> Iterator[Candidate]:
    """One kernel reversed, or one delay, wherever it stands on the right side."""
    for name in _kernels(proof.rhs):
        yield f"true with the kernel {name} reversed on the right side", _changed(proof.rhs, _turned(name)), ()
    if any(isinstance(node, Shift) for node in walk(proof.rhs)):
        yield "true with the delays of the right side turned into advances", _changed(proof.rhs, _advanced), ()


def _changed(side: Any, change: Callable[[Any], Any]) -> Any:
    return transform(side, change)


def _turned(name: str) -> Callable[[Any], Any]:
    def change(node: Any) -> Any:
        if not isinstance(node, Conv | StridedMap):
            return None
        parts = node.parts()
        turned = tuple(Flip() @ p if isinstance(p, FormalSignal) and p.name == name else p for p in parts)
        return node.rebuilt(turned) if turned != parts else None

    return change


def _advanced(node: Any) -> Any:
    if not isinstance(node, Shift):
        return None
    back = tuple(-d for d in axes(node.shift))
    return Shift(back if isinstance(node.shift, tuple) else back[0])


def _kernels(*sides: Any) -> list[str]:
    return [name for name, node in formal_names(*sides).items() if isinstance(node, FormalSignal)]


def _factors(proof: Proof) -> list[Any]:
    return [symbol for symbol in all_factor_symbols(proof.lhs, proof.rhs) if symbol.is_positive]


def _coprime(proof: Proof) -> Iterator[Hypothesis]:
    """gcd = 1 of two factors, first of those of which the witness shows a common divisor."""
    yield from _made(coprime, combinations(_factors(proof), 2))


def _related(proof: Proof) -> Iterator[Hypothesis]:
    yield from _made(divides, permutations(_factors(proof), 2))
    yield from _made(equal, combinations(_factors(proof), 2))


def _beside_shifts(proof: Proof) -> Iterator[Hypothesis]:
    """k | d and k ∤ d for the shifts d by a symbol."""
    shifts = [s for s in all_factor_symbols(proof.lhs, proof.rhs) if not s.is_positive]
    numbers = (1,) if any(is_sympy(s) for s in _factors(proof)) else ()
    yield from _made(not_divides, ((k, d) for k in _factors(proof) for d in (*shifts, *numbers)))


def _even(proof: Proof) -> Iterator[Hypothesis]:
    nodes = formal_names(proof.lhs, proof.rhs).values()
    yield from (symmetric(node) for node in nodes if isinstance(node, FormalSignal))


def _made(make: Callable[..., Hypothesis], pairs: Any) -> Iterator[Hypothesis]:
    for pair in pairs:
        try:
            fact = make(*pair)
        except OpAlgebraError:  # what cannot be said of these two
            continue
        yield fact
