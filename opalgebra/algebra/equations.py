"""Hypotheses that are equations: between operators, signals and kernels, and what has a name of its own among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from .._verbs import verb
from ..errors import FactorTypeError, OperandError
from ..expr import (
    PLAIN,
    Character,
    Conv,
    Down,
    Flip,
    FormalOperator,
    FormalSignal,
    Identity,
    LinearOperator,
    Modulate,
    Scale,
    Shift,
    Signal,
    SignalExpr,
    Up,
    Zero,
    add,
    axes,
    axis_count,
    common_channels,
    common_ndim,
    fitted,
    formal_names,
    has_blocks,
    nameless,
    ratio,
    shift,
    substitute,
    walk,
)
from ..scalar import exact, is_sympy
from .facts import Equal, Hypothesis, equal_integers

Pair: TypeAlias = tuple[LinearOperator, LinearOperator]

MOST_TURNS = 8  # of filters in a bank whose alias terms are used one by one


@dataclass(frozen=True)
class Relation(Hypothesis):
    """Equations between operators in some kernels."""

    words: str
    kernels: tuple[Any, ...]
    pairs: tuple[Pair, ...]
    factor: Any = 1

    def __str__(self) -> str:
        return self.words

    is_deduced = False  # from other hypotheses
    is_turned = False  # whether it says the same of transposes and conjugates by itself

    @property
    def consequences(self) -> list[Pair]:
        """Equations that follow."""
        return []

    @property
    def rate(self) -> Any:
        """How many samples there are for one that ↓ by the factor keeps."""
        return ratio(self.factor)

    @property
    def is_formal(self) -> bool:
        """Whether a kernel is formal, so that the equations are between infinitely many taps."""
        return any(isinstance(kernel, FormalSignal | FormalOperator) for kernel in self.kernels)

    def put(self, general: dict[str, SignalExpr]) -> Relation:
        """The equations with signals in place of formal kernels."""
        pairs = tuple((substitute(a, general), substitute(b, general)) for a, b in self.pairs)
        return Relation(self.words, kernels_of(side for pair in pairs for side in pair), pairs)


@dataclass(frozen=True)
class Nyquist(Relation):
    """↓k h = δ."""

    def solution(self) -> tuple[str, SignalExpr] | None:
        """δ + h − ↑k ↓k h, which is such a kernel for every signal h, and h itself if h is one."""
        (kernel,) = self.kernels
        if not isinstance(kernel, FormalSignal):
            return None
        impulse = Signal(np.ones((1,) * axis_count(self.factor), dtype=np.int64))
        return kernel.name, impulse + kernel - Up(self.factor) @ (Down(self.factor) @ kernel)


class Orthonormal(Relation):
    """↓k C_q C_qᴴ ↑k = I."""

    is_turned = True

    @property
    def consequences(self) -> list[Pair]:
        """The autocorrelation, which is δ at the multiples of k."""
        (q,) = self.kernels
        return [(Conv(Up(self.factor) @ (Down(self.factor) @ (Conv(q) @ (Flip() @ q.conj())))), Identity())]


class Paraunitary(Relation):
    """Σ_i (↓k C_{h_i})ᴴ ↓k C_{h_i} = I."""

    is_turned = True

    @property
    def consequences(self) -> list[Pair]:
        """The sums of C_{h_i}ᴴ C_{h_i} are k, and with one h_i of each turned by 2πj/k they are 0.

        Modulations by 2πj/k with convolutions before them are independent, and these are k times their parts of Σ_i.
        """
        from sympy import Rational, pi

        count = len(self.kernels)
        found: list[Pair] = [(add(tuple(Conv(h).H @ Conv(h) for h in self.kernels)), Scale(count, Identity()))]
        for j in range(1, count if axis_count(self.factor) == 1 and count <= MOST_TURNS else 1):
            turn = Modulate([1, -1]) if count == 2 else Character(2 * pi * Rational(j, count))
            found.append((add(tuple(Conv(h).H @ Conv(turn @ h) for h in self.kernels)), Zero()))
        return found


class Deduced(Relation):
    """What follows from others."""

    is_deduced = True


@dataclass(frozen=True)
class Equation(Relation):
    """left = right, as it was said."""

    left: Any = field(default=None)
    right: Any = field(default=None)

    def solution(self) -> tuple[str, SignalExpr] | None:
        """A formal kernel that is one side of an equation of signals, and the other side, if it is not in that."""
        for kernel, value in ((self.left, self.right), (self.right, self.left)):
            if not isinstance(kernel, FormalSignal) or not isinstance(value, SignalExpr) or kernel.real:
                continue
            if kernel.name not in formal_names(value):
                return kernel.name, value
        return None

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('latex')(self.left)} = {verb('latex')(self.right)}$"


@dataclass(frozen=True)
class Symmetric(Hypothesis):
    """q_{2c−n} = sign · q_n; ``twice`` is 2c, for each axis or for all."""

    signal: FormalSignal
    twice: Any = 0
    sign: int = 1

    @property
    def is_even(self) -> bool:
        """Whether it says q_{−n} = q_n."""
        return self.sign == 1 and not any(axes(self.twice))

    def __str__(self) -> str:
        name, about = self.signal.name, tuple(exact(Fraction(1, 2) * s) for s in axes(self.twice))
        if not any(about):
            return f"{name} {'even' if self.sign == 1 else 'odd'}"
        shown = ", ".join(map(str, about))
        return f"{name} {'symmetric' if self.sign == 1 else 'antisymmetric'} about {shown}"

    @cached_property
    def mirrored(self) -> SignalExpr:
        """q_{2c−n}."""
        turned: SignalExpr = Flip() @ self.signal
        return Shift(self.twice) @ turned if any(axes(self.twice)) else turned

    def solution(self) -> tuple[str, SignalExpr]:
        """Half of a signal ± its mirror image: every such sum is symmetric, and every symmetric signal is one."""
        return self.signal.name, Fraction(1, 2) * (self.signal + self.sign * self.mirrored)

    def relation(self) -> Relation:
        """The equation that it is."""
        return Relation(str(self), (self.signal,), ((Conv(self.mirrored), self.sign * Conv(self.signal)),))


def relations_of(facts: Iterable[Hypothesis]) -> list[Any]:
    """The hypotheses that are equations between operators."""
    return [fact for fact in facts if isinstance(fact, Relation)]


def solved_for_kernels(
    facts: tuple[Hypothesis, ...],
) -> tuple[list[tuple[Hypothesis, dict[str, SignalExpr]]], tuple[Hypothesis, ...]]:
    """What takes the place of formal kernels, one after the other, and the hypotheses that are left, in these.

    A symmetric kernel and one side of an equation are replaced in other hypotheses too; a kernel that is Nyquist only
    where no other speaks of it, since the equations that come of it are longer than it is.
    """
    found: list[tuple[Hypothesis, dict[str, SignalExpr]]] = []
    while (step := _next_solution(facts)) is not None:
        fact, general = step
        found.append(step)
        facts = tuple(_put(other, general) for other in facts if other is not fact)
    return found, facts


def _next_solution(facts: tuple[Hypothesis, ...]) -> tuple[Hypothesis, dict[str, SignalExpr]] | None:
    for kind in (Equation, Symmetric, Nyquist):
        for fact in facts:
            solution = fact.solution() if isinstance(fact, kind) else None
            if solution is None:
                continue
            others = [other for other in facts if other is not fact and solution[0] in formal_in(other)]
            if not others or (kind is not Nyquist and all(isinstance(other, Relation) for other in others)):
                return fact, dict([solution])
    return None


def _put(fact: Hypothesis, general: dict[str, SignalExpr]) -> Hypothesis:
    names = formal_in(fact)
    return fact.put(general) if isinstance(fact, Relation) and any(name in names for name in general) else fact


def as_relations(facts: Iterable[Hypothesis]) -> list[Relation]:
    """All hypotheses about kernels as equations."""
    return [f.relation() if isinstance(f, Symmetric) else f for f in facts if isinstance(f, Relation | Symmetric)]


def formal_in(fact: Hypothesis) -> list[str]:
    """The formal signals and operators of a hypothesis by name."""
    if isinstance(fact, Symmetric):
        return [fact.signal.name]
    return [kernel.name for kernel in getattr(fact, "kernels", ()) if not isinstance(kernel, Signal)]


def sides_of(fact: Hypothesis) -> list[Any]:
    """The expressions that a hypothesis about kernels speaks of."""
    if isinstance(fact, Symmetric):
        return [fact.mirrored]
    return [side for pair in getattr(fact, "pairs", ()) for side in pair]


# -- what may be said --------------------------------------------------------------------------------------


def equation(a: Any, b: Any) -> Equation | Equal:
    """The hypothesis a = b: between operators, blocks, signals, or integers such as a M − b L = 1.

    With formal kernels it says something about these: biorthogonality, a product filter, a frame.  An equation of
    factors such as k = a·m is the same as :func:`equal`.

    Raises
    ------
    OperandError
        For an operator and a signal, or sides that have no name: these are proved, not supposed.
    FactorError
        For integers that are never equal.

    Examples
    --------
    >>> import opalgebra as oa
    >>> p, h, g = oa.signals("p h g")
    >>> given = oa.equation(p, oa.Conv(h) @ g), oa.nyquist(p, 2)
    >>> oa.prove(oa.Down(2) @ oa.Conv(h) @ oa.Conv(g) @ oa.Up(2), oa.Identity(), given=given).verdict
    'proved'
    >>> a, b, L, M = oa.factors("a b L M")
    >>> lhs = oa.Down(M) @ oa.Shift(1) @ oa.Up(L)
    >>> rhs = oa.Shift(a) @ oa.Up(L) @ oa.Down(M) @ oa.Shift(-b)
    >>> oa.prove(lhs, rhs, given=oa.equation(a * M - b * L, 1)).verdict
    'proved'
    """
    left, right = (Signal(side) if isinstance(side, list | np.ndarray) else side for side in (a, b))
    kinds = {next((kind for kind in (LinearOperator, SignalExpr) if isinstance(s, kind)), None) for s in (left, right)}
    if kinds == {None}:
        return equal_integers(left, right)
    if len(kinds) > 1:
        raise OperandError(f"an equation of {a} and {b} was given; both sides are operators, signals, or integers")
    common_ndim(left, right)
    formal_names(left, right)
    kernels = kernels_of((left, right))
    if not kernels:
        raise OperandError(f"{left} = {right} speaks of no formal kernel and no symbolic tap; prove or refute it")
    return Equation(f"{left} = {right}", kernels, entries_of(left, right), left=left, right=right)


def entries_of(left: Any, right: Any) -> tuple[Pair, ...]:
    """Pairs of operators of one channel: the convolutions with two signals, the entries of blocks."""
    if isinstance(left, SignalExpr):
        return ((Conv(left), Conv(right)),)
    outs, ins = common_channels(left, right) or PLAIN
    if (outs, ins) == PLAIN and not (has_blocks(left) or has_blocks(right)):
        return ((left, right),)
    grids = (fitted(nameless(side), outs, ins) for side in (left, right))
    return tuple(pair for rows in zip(*grids, strict=True) for pair in zip(*rows, strict=True))


def kernels_of(sides: Iterable[Any]) -> tuple[Any, ...]:
    """Formal signals and operators, and signals with symbolic taps, in the order in which they stand there."""
    nodes = [node for side in sides for node in walk(side)]
    found: dict[Any, None] = {}
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, FormalSignal | FormalOperator) and node.name not in names:
            names.add(node.name)
            found[node] = None
        elif isinstance(node, Signal) and symbols_of_taps(node):
            found[node] = None
    return tuple(found)


def symmetric(q: SignalExpr, about: Any = 0, sign: int = 1) -> Symmetric:
    """The hypothesis q_{2c−n} = sign · q_n of a formal kernel: symmetric or antisymmetric about the point c.

    Parameters
    ----------
    q : formal signal
    about : int, half an odd int, or one of these per axis
        The centre c; a SymPy expression such as (N − 1)/2 too, if 2c is an integer.
    sign : 1 or −1

    Raises
    ------
    OperandError
        For other kernels, centres, and signs.

    Examples
    --------
    >>> import opalgebra as oa
    >>> from fractions import Fraction
    >>> q = oa.signals("q")
    >>> given = oa.symmetric(q, about=Fraction(3, 2), sign=-1)
    >>> bool(oa.prove(oa.Conv(q).T, -oa.Shift(-3) @ oa.Conv(q), given=given))
    True
    """
    if not isinstance(q, FormalSignal):
        raise OperandError(f"symmetric({q}): give a formal signal made by oa.signals; a concrete one can be tested")
    if type(sign) is not int or sign not in (1, -1):
        raise OperandError(f"the sign is {sign!r}; give 1 for symmetric or −1 for antisymmetric")
    centre = about if isinstance(about, tuple | list) else (about,)
    try:
        twice = shift(tuple(exact(2 * exact(c)) for c in centre))
    except (FactorTypeError, TypeError, ValueError):
        raise OperandError(f"the centre is {about!r}; give an int or a half, such as Fraction(3, 2)") from None
    common_ndim(q, Shift(twice) if any(axes(twice)) else Identity())
    return Symmetric(q, twice, sign)


def even_symmetric(q: SignalExpr) -> Symmetric:
    """The hypothesis that a formal kernel is even: q_{−n} = q_n; ``symmetric(q, about=0, sign=1)``.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> bool(oa.prove(oa.Conv(q).T, oa.Conv(q), given=oa.even_symmetric(q)))
    True
    """
    if not isinstance(q, FormalSignal):
        raise OperandError(
            f"even_symmetric({q}): give a formal signal made by oa.signals; a concrete one can be tested"
        )
    return Symmetric(q)


def periodic(name: str, M: Any) -> Signal:
    """The sequence w_0, …, w_{M−1}, repeated: any sequence of period M, as the weights of :class:`~opalgebra.Modulate`.

    What is proved with it holds for all weights.  M is an int, or one per axis.

    >>> import opalgebra as oa
    >>> w = oa.periodic("w", 2)
    >>> print(oa.Down(2) @ oa.Modulate(w) @ oa.Up(2))
    ↓₂ ([w₀ w₁]·) ↑₂
    >>> bool(oa.prove(oa.Modulate(w) @ oa.Shift(2), oa.Shift(2) @ oa.Modulate(w)))
    True
    """
    from ..expr.signals import signals

    if not isinstance(name, str) or not name.isidentifier():
        raise OperandError(f"the name is {name!r}; give one name, such as 'w'")
    if any(is_sympy(period) for period in (M if isinstance(M, tuple | list) else (M,))):
        raise FactorTypeError(f"the period is {M}; give an int, or a tuple of ints, one per axis")
    made: Signal = signals(name, length=M)
    return made


def orthonormal(q: Any, k: Any) -> Relation:
    """The hypothesis ↓k C_q C_qᴴ ↑k = I: q is orthonormal to its shifts by multiples of k.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> A = oa.Down(2) @ oa.Conv(q)
    >>> oa.prove(A @ A.H @ A, A, given=oa.orthonormal(q, 2)).verdict
    'proved'
    """
    (kernel,) = _kernels([q], "orthonormal")
    pair = Down(k) @ Conv(kernel) @ Conv(kernel).H @ Up(k), Identity()
    return Orthonormal(f"{_name(kernel)} orthonormal for k = {k}", (kernel,), (pair,), Down(k).factor)


def paraunitary(hs: Sequence[Any], k: Any) -> Relation:
    """The hypothesis Σ_i (↓k C_{h_i})ᴴ ↓k C_{h_i} = I for as many filters as |det k|: they are paraunitary.

    The matrix is square, so ↓k C_{h_i} C_{h_j}ᴴ ↑k = δ_{ij} I follows and may be used.

    >>> import opalgebra as oa
    >>> h0, h1 = oa.signals("h0 h1")
    >>> bank = oa.filterbank([h0, h1], [oa.Flip() @ h0.conj(), oa.Flip() @ h1.conj()], 2)
    >>> bank.perfect_reconstruction(given=oa.paraunitary([h0, h1], 2)).verdict
    'proved'
    """
    kernels = _kernels(hs, "paraunitary")
    if len(kernels) != ratio(Down(k).factor):
        raise OperandError(f"{len(kernels)} filters and the factor {k} were given; give one filter per channel of k")
    bands = [Down(k) @ Conv(h) for h in kernels]
    first, *others = (band.H @ band for band in bands)
    pairs: list[Pair] = [(sum(others, start=first), Identity())]
    for i, a in enumerate(bands):
        pairs += [(a @ b.H, Identity() if i == j else Zero()) for j, b in enumerate(bands)]
    names = ", ".join(map(_name, kernels))
    return Paraunitary(f"{names} paraunitary for k = {k}", tuple(kernels), tuple(pairs), Down(k).factor)


def nyquist(h: Any, k: Any) -> Relation:
    """The hypothesis ↓k h = δ: h is 1 at 0 and 0 at all other multiples of k.

    >>> import opalgebra as oa
    >>> h = oa.signals("h")
    >>> oa.prove(oa.Down(3) @ oa.Conv(h) @ oa.Up(3), oa.Identity(), given=oa.nyquist(h, 3)).verdict
    'proved'
    """
    (kernel,) = _kernels([h], "nyquist")
    pair = Conv(Down(k) @ kernel), Identity()
    return Nyquist(f"{_name(kernel)} Nyquist for k = {k}", (kernel,), (pair,), Down(k).factor)


def _kernels(given: Any, what: str) -> list[SignalExpr]:
    kernels = list(given) if isinstance(given, (list, tuple)) else [given]
    for kernel in kernels:
        formal = isinstance(kernel, FormalSignal)
        if not formal and not (isinstance(kernel, Signal) and symbols_of_taps(kernel)):
            raise OperandError(
                f"{what} was said of {kernel}; give formal signals, or signals with symbolic taps: a concrete one can "
                "be tested"
            )
    return kernels


def symbols_of_taps(signal: Signal) -> list[Any]:
    """The SymPy symbols in the taps of a signal, sorted by name."""
    return sorted({s for v in signal.values.flat for s in v.free_symbols}, key=str) if signal.is_exact else []


def _name(kernel: SignalExpr) -> str:
    return kernel.name if isinstance(kernel, FormalSignal) else str(kernel)
