"""What a witness is: an input, kernels and factors, and the samples of both sides there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any, TypeAlias

import numpy as np

from ..._verbs import verb
from ...expr import PLAIN, Adjoint, Conj, ConjSignal, Corr, LinearOperator, Signal, SignalExpr, common_channels, walk
from ..budget import check_time
from .evaluate import Evaluator, Index, Sparse, differs

Names: TypeAlias = dict[str, Sparse]


@dataclass(frozen=True)
class Witness:
    """Where two sides differ.

    Attributes
    ----------
    input : Signal or None
        The input x of two operators; None for two signals.
    kernels : dict
        A signal (a dict of entries for a formal operator) for every formal name.
    factors : dict
        An int for every symbolic factor or shift, by name.
    index : int or tuple of int
        An index at which the outputs differ.
    lhs, rhs
        The exact values of both sides there.
    channels : (int, int) or None
        Of blocks, the output channel in which the sides differ and the input channel that x enters.

    >>> import opalgebra as oa
    >>> w = oa.prove(oa.Up(2), oa.Up(3)).witness
    >>> w.input, w.index, w.lhs, w.rhs
    (Signal([1], start=1), 2, 1, 0)
    """

    input: Signal | None
    kernels: dict[str, Any]
    factors: dict[str, int]
    index: Any
    lhs: Any
    rhs: Any
    _names: Names = field(default_factory=dict, repr=False, compare=False)
    channels: tuple[int, int] | None = None

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the two values; :meth:`Proof.plot` shows what is around them."""
        return verb("plot")(self, kind, dark=dark, **options)

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


def to_signal(sparse: Sparse, ndim: int) -> Signal:
    """Sparse samples as a Signal; exact entries where they are not ints."""
    at = list(sparse) or [(0,) * ndim]
    start = tuple(min(n[j] for n in at) for j in range(ndim))
    shape = tuple(max(n[j] for n in at) - start[j] + 1 for j in range(ndim))
    plain = all(isinstance(v, int) and abs(v) < 2**62 for v in sparse.values())
    values = np.zeros(shape, dtype=np.int64 if plain else object)
    if not plain:
        from ...scalar import to_sympy

        values[...] = to_sympy(0)
        sparse = {n: to_sympy(v) for n, v in sparse.items()}
    for n, v in sparse.items():
        values[tuple(i - s for i, s in zip(n, start, strict=True))] = v
    return Signal(values.tolist(), start)


def output(expression: LinearOperator | SignalExpr, at: Index | None, evaluator: Evaluator) -> Sparse:
    """The output for the unit impulse at an index, or the signal itself where there is no input."""
    if isinstance(expression, SignalExpr):
        return evaluator.signal(expression)
    return evaluator.act(expression, {at: 1} if at is not None else {})


def outputs(expression: LinearOperator, at: Index, into: int, inputs: int, evaluator: Evaluator) -> list[Sparse]:
    """The outputs of all channels for the unit impulse at an index of one of the inputs."""
    return evaluator.channels(expression, [{at: 1} if j == into else {} for j in range(inputs)])


def answers(
    lhs: Any, rhs: Any, at: Index | None, evaluator: Evaluator, channels: tuple[int, int] | None = None
) -> tuple[Sparse, Sparse]:
    """The samples of both sides for this input; of blocks, in these channels."""
    check_time()
    if channels is None or at is None:
        left, right = (output(side, at, evaluator) for side in (lhs, rhs))
        return left, right
    (out, into), (_, inputs) = channels, common_channels(lhs, rhs) or PLAIN
    found = [outputs(side, at, into, inputs, evaluator) for side in (lhs, rhs)]
    left, right = (y[out] if out < len(y) else {} for y in found)  # Zero() answers with fewer
    return left, right


def compare(
    lhs: Any, rhs: Any, at: Index | None, names: Names, ndim: int, channels: tuple[int, int] | None = None
) -> Witness | None:
    """The witness for this input and these kernels, if both sides differ there; of blocks, in these channels."""
    left, right = answers(lhs, rhs, at, Evaluator(ndim, names), channels)
    wrong = [n for n in left.keys() | right.keys() if differs(left.get(n, 0), right.get(n, 0))]
    if not wrong:
        return None
    index = min(wrong, key=lambda n: (sum(map(abs, n)), n))
    return Witness(
        None if at is None else to_signal({at: 1}, ndim),
        {name: to_signal(taps, ndim) if is_signal(taps, ndim) else taps for name, taps in names.items()},
        {},
        index[0] if ndim == 1 else index,
        left.get(index, 0),
        right.get(index, 0),
        names,
        channels,
    )


def is_signal(taps: Sparse, ndim: int) -> bool:
    """Whether samples are those of a signal; entries of an operator have twice as many indices."""
    return all(len(at) == ndim for at in taps)


def indices(ndim: int) -> Iterator[Index]:
    """Index tuples from the origin outwards: 0, 1, −1, 2, −2, … in each axis."""
    for radius in count():
        ring = [n for r in range(radius + 1) for n in ((r, -r) if r else (0,))]
        yield from (n for n in product(ring, repeat=ndim) if max(map(abs, n)) == radius)


def conjugates(*expressions: Any) -> bool:
    """Whether complex taps would show more than real ones."""
    wrappers = (Adjoint, Conj, ConjSignal, Corr)
    return any(isinstance(node, wrappers) for e in expressions for node in walk(e))
