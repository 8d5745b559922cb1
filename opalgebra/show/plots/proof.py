"""Two sides that differ, drawn one below the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...algebra.decide.decision import dimension
from ...algebra.decide.proof import Proof
from ...algebra.judge.evaluate import Evaluator, Sparse, differs
from ...algebra.judge.witness import Witness, output, outputs
from ...bound.proofs.witness import BoundWitness
from ...errors import DimensionError, OperandError
from ...expr import PLAIN, Signal, all_factor_symbols, common_channels, formal_names, substitute
from ...expr import axes as axes_of
from .signal import all_stems, finish
from .style import Theme, as_number, as_numbers, entitle, entry_text, figure, image, name

AROUND = 10  # samples on either side of the one that differs


def refutation(proof: Proof, theme: Theme, *, around: int = AROUND) -> Any:
    """Both sides' answers near the index where they differ."""
    witness: Any = proof.witness
    if witness is None:
        raise OperandError(f"the statement is {proof.verdict}, and nothing is known to differ; print(proof) shows why")
    if isinstance(witness, BoundWitness):
        sides = _bound_sides(proof)
        return _rows(witness, sides, theme, around, (proof.lhs, proof.rhs)) if sides else pair(witness, theme)
    left, right = answers(proof)
    ndim = dimension(proof.lhs, proof.rhs)
    at = axes_of(witness.index)
    if differs(left.get(at, 0), witness.lhs) or differs(right.get(at, 0), witness.rhs):
        return pair(witness, theme)  # found under hypotheses, by kernels that the sides do not name
    if ndim == 1:
        return _rows(witness, ({n: v for (n,), v in y.items()} for y in (left, right)), theme, around,
                     (proof.lhs, proof.rhs))  # fmt: skip
    if ndim == 2:
        return _images(witness, (left, right), theme, around, (proof.lhs, proof.rhs))
    raise DimensionError(f"the sides act on {ndim} axes; answers are drawn on one and two")


def answers(proof: Proof) -> tuple[Sparse, Sparse]:
    """What both sides answer to the input of the witness, from the definitions."""
    witness, lhs, rhs = proof.witness, proof.lhs, proof.rhs
    assert witness is not None
    left: Any
    right: Any
    known = {s: witness.factors[s.name] for s in all_factor_symbols(lhs, rhs) if s.name in witness.factors}
    left, right = (substitute(side, known) if known else side for side in (lhs, rhs))
    ndim = dimension(left, right)
    kernels = {name: Evaluator(ndim).signal(k) for name, k in witness.kernels.items() if isinstance(k, Signal)}
    names = {**{name: {} for name in formal_names(left, right)}, **kernels, **witness._names}
    evaluator = Evaluator(ndim, names)
    at = None if witness.input is None else witness.input.starts
    if witness.channels is None or at is None:
        return output(left, at, evaluator), output(right, at, evaluator)
    (out, into), (_, inputs) = witness.channels, common_channels(left, right) or PLAIN
    left, right = (outputs(side, at, into, inputs, evaluator) for side in (left, right))
    return (left[out] if out < len(left) else {}), (right[out] if out < len(right) else {})


def given(witness: Any) -> str:
    """The kernels and factors of a witness, and its input."""
    words = [f"{key} = {value}" for key, value in {**getattr(witness, "factors", {}), **witness.kernels}.items()]
    words += [f"{key} = {value}" for key, value in getattr(witness, "sizes", {}).items()]
    if isinstance(witness, BoundWitness):
        words.append(f"x = 1 at {_place(witness.column)}")
    elif witness.input is not None:
        words.append(f"x = 1 at {_place(witness.input.start)}")
    if getattr(witness, "channels", None):
        words.append("output {} for input {}".format(*witness.channels))
    return ", ".join(words)


def _place(at: Any) -> str:
    return str(at[0] if isinstance(at, tuple) and len(at) == 1 else at)


def pair(witness: Witness | BoundWitness, theme: Theme) -> Any:
    """The two values at the one place where they differ, which is all that a witness by itself knows."""
    made = figure(6, 3)
    axes = made.subplots()
    for i, (value, label) in enumerate(((witness.lhs, "left side"), (witness.rhs, "right side"))):
        number = as_number(value)
        height = abs(number) if isinstance(number, complex) else number
        hatch = ("", "///")[i]
        axes.barh(i, height, color=(theme.colors[i], 0.6), edgecolor=theme.ink, hatch=hatch)
        axes.annotate(f" {entry_text(value if not hasattr(value, 'free_symbols') else number)} ", (height, i),
                      va="center", ha="left" if height >= 0 else "right")  # fmt: skip
        axes.text(0.0, i - 0.48, label, transform=axes.get_yaxis_transform(), va="bottom", fontsize=8.5)
    axes.set_yticks([])
    axes.margins(x=0.15)
    axes.axvline(0, color=theme.ink, linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(f"value at index {_place(witness.index)}")
    entitle(made, "They differ:", None, given(witness))
    return made


def _rows(witness: Any, sides: Any, theme: Theme, around: int, expressions: tuple[Any, Any]) -> Any:
    """Stems of both sides on one index axis, the differing sample ringed."""
    (center,) = axes_of(witness.index)
    start, stop = center - around, center + around + 1
    made = figure(7.2, 4.6)
    rows = made.subplots(2, 1, sharex=True, sharey=True)
    for i, (axes, side, expression) in enumerate(zip(rows, sides, expressions, strict=True)):
        values = np.array([complex(as_number(side.get(n, 0))) for n in range(start, stop)])
        all_stems(axes, start, values, theme, i, 2)  # the left side in the colours 0 and 2, the right one in 1 and 3
        at = values[around]
        for part in (at.real, at.imag) if np.any(values.imag) else (at.real,):
            axes.plot(center, part, "o", markersize=16, markerfacecolor="none", color=theme.ink)
        value = (witness.lhs, witness.rhs)[i]
        name(axes, ("Left: ", "Right: ")[i], expression, f"   at n = {center}: {_value(value)}")
        finish(axes, theme, start, stop)
        axes.set_xlim(start - 0.6, stop - 0.4)
        axes.margins(y=0.25)
        axes.label_outer()
    entitle(made, "They differ" + (" for" if given(witness) else ""), None, given(witness))
    return made


def _value(value: Any) -> str:
    return entry_text(value) if not hasattr(value, "free_symbols") else str(value)


def _images(witness: Any, sides: Any, theme: Theme, around: int, expressions: tuple[Any, Any]) -> Any:
    around = min(around, 5)
    (i, j), made = witness.index, figure(9, 4.4)
    near = [_near(side, i, j, around) for side in sides]
    most = max(float(np.abs(values).max()) for values in near)
    for k, (axes, values, expression) in enumerate(zip(made.subplots(1, 2), near, expressions, strict=True)):
        image(axes, values, (i - around, j - around), theme, "value", most)
        axes.plot(j, i, "o", markersize=16, markerfacecolor="none", color=theme.ink, markeredgewidth=1.8)
        name(axes, ("Left: ", "Right: ")[k], expression)
        axes.set(xlabel="index n₁ (samples)", ylabel="index n₀ (samples)")
    there = f"They differ at {witness.index}: {_value(witness.lhs)} and {_value(witness.rhs)},"
    entitle(made, there, None, given(witness))
    return made


def _near(side: Sparse, i: int, j: int, around: int) -> np.ndarray:
    """The samples around an index; of complex ones the magnitudes."""
    rows, columns = range(i - around, i + around + 1), range(j - around, j + around + 1)
    values = as_numbers([side.get((n, m), 0) for n in rows for m in columns]).reshape(len(rows), len(columns))
    return np.abs(values) if values.dtype.kind == "c" else values


def _bound_sides(proof: Proof) -> Any:
    """What both sides answer to the unit vector of the witness, by running them; None where they do not run."""
    witness: Any = proof.witness
    lhs: Any = proof.lhs
    rhs: Any = proof.rhs
    runs = not (lhs.is_family or rhs.is_family or witness.kernels or getattr(witness, "sizes", None))
    if not runs or len(lhs.dimsd) != 1:
        return None
    x = np.zeros(lhs.dims)
    x[witness.column] = 1
    return [dict(enumerate(side(x).tolist())) for side in (lhs, rhs)]
