"""What a notebook, a page and a file show of each object: its card, as blocks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from itertools import chain
from typing import Any

from ...algebra.banks.filterbank import FilterBank, Tree
from ...algebra.certificates.certify import samples_of
from ...algebra.decide.proof import Proof, Step
from ...algebra.decide.remedies import remedy
from ...algebra.derive.derivation import Derivation, Move, Moves
from ...algebra.facts import Hypothesis
from ...algebra.judge.evaluate import Sparse
from ...algebra.judge.witness import Witness
from ...algebra.laws.falsehoods import Falsehood
from ...algebra.laws.law import Law
from ...algebra.laws.table import Table as Catalogue
from ...bound.operators.base import BoundOperator
from ...bound.proofs.proof import BoundProof
from ...bound.proofs.witness import BoundWitness
from ...bound.reports.cost import Cost
from ...bound.reports.explain import RunExplanation
from ...engine.letters.explain import Explanation
from ...errors import OperandError
from ...expr import Node, SamplingMatrix, Signal
from ...nn.analysis.checkerboard import Checkerboard
from ...nn.analysis.checkerboard import told as told_sums
from ...nn.analysis.tracing import AxisTrace, Trace
from ...nn.layer import Composable, Layer
from ...scalar import exact
from ..notation.ascii import in_ascii
from ..notation.latex import index_latex, matrix_latex, name_latex, number_latex, signal_latex
from ..notation.text import index_text, name_text, number_text
from .derivation import SIGNS, given_text, told
from .document import Block, Cell, Display, Drawing, Formula, Lines, Strong, Table, Words, equation, formula, words
from .html import html
from .markdown import markdown
from .stem import can_be_drawn, caption, stem

AROUND = 3  # samples on either side of the one that differs
TRACED = 24  # rows and columns of the largest table of taps


@singledispatch
def card(thing: Any) -> list[Block]:
    """The blocks that tell of an object.

    >>> import opalgebra as oa
    >>> card(oa.Up(2))
    [Display(formula=Formula(text='↑₂', latex='\\\\uparrow_{2}'))]
    """
    if isinstance(getattr(thing, "svg", None), str):  # a diagram
        return [Drawing(thing.svg, str(thing), f"{thing:ascii}")]
    raise OperandError(
        f"{type(thing).__name__} has no page; give an expression, a signal, a proof, a derivation, a law, the "
        "catalogue, a filter bank, a layer, a cost, a plan or a diagram"
    )


@singledispatch
def as_html(thing: Any) -> str | None:
    """The card as HTML, for ``_repr_html_``."""
    return html(card(thing))


@as_html.register
def _(signal: Signal) -> str | None:
    """The samples and their picture; None where they cannot be drawn, and LaTeX says all that there is."""
    return html(card(signal)) if can_be_drawn(signal) else None


def as_markdown(thing: Any) -> str:
    """The card in Markdown, for ``_repr_markdown_``."""
    return markdown(card(thing))


# Expressions, and what is one line ------------------------------------------------------------------------------------


@card.register(Node)
@card.register(BoundOperator)
@card.register(Step)
@card.register(Move)
def _displayed(thing: Any) -> list[Block]:
    return [Display(formula(thing))]


@card.register(Hypothesis)
@card.register(BoundWitness)
def _said(thing: Any) -> list[Block]:
    return [words(str(thing))]


@card.register
def _signal(signal: Signal) -> list[Block]:
    return [Display(formula(signal)), *([Drawing(stem(signal), *_samples(signal))] if can_be_drawn(signal) else [])]


def _samples(signal: Signal) -> tuple[str, str]:
    """What stands in place of the picture: the samples are written above it, so that only its caption is left."""
    said = caption(signal, 1)
    return said, in_ascii(said)


@card.register
def _matrix(matrix: SamplingMatrix) -> list[Block]:
    return [Display(Formula(str(matrix), matrix_latex(matrix)))]


# Proofs, laws and derivations ---------------------------------------------------------------------------------------


@card.register
def proof_card(proof: Proof) -> list[Block]:
    given = given_text(proof)
    verdict: tuple[Cell, ...] = (Strong(proof.verdict), given)
    if proof.verdict == "proved" and len(proof.steps) > 1:
        return [Lines(proof.steps), words(*verdict)]
    statement = equation(formula(proof.lhs), SIGNS[proof.verdict], formula(proof.rhs))
    blocks: list[Block] = [words(*verdict, ": ", statement)]
    if proof.witness is not None:
        blocks.append(Words(told_parts(proof.witness)))
        blocks += [sample_table(proof)] if isinstance(proof, Proof) and samples_of(proof) is not None else []
    return [*blocks, *(words(more) for more in (proof.reason, remedy(proof)) if more)]


def told_parts(witness: Any) -> tuple[Cell, ...]:
    """The sentence about a witness, words and formulas in turn."""
    return tuple(Formula(*pair) if at % 2 else pair[0] for at, pair in enumerate(told(witness)))


def sample_table(proof: Proof) -> Table:
    """Both sides around the sample that differs, which is marked."""
    found = samples_of(proof)
    assert found is not None
    assert proof.witness is not None
    index = proof.witness.index if isinstance(proof.witness.index, tuple) else (proof.witness.index,)
    places = _around(index, found)
    rows = [(_index(n), *(_number(side.get(n, 0)) for side in found)) for n in places]
    return Table(("n", "left side", "right side"), tuple(rows), (0, 1, 2), (places.index(index),))


def _around(index: tuple[int, ...], sides: tuple[Sparse, Sparse]) -> list[tuple[int, ...]]:
    """The indices next to one; on several axes those that carry samples."""
    if len(index) == 1:
        return [(index[0] + d,) for d in range(-AROUND, AROUND + 1)]
    carrying = sorted(
        {*chain(*sides)} - {index}, key=lambda n: (sum(abs(a - b) for a, b in zip(n, index, strict=True)), n)
    )
    return sorted([index, *carrying[: 2 * AROUND]])


def _index(n: tuple[int, ...]) -> Formula:
    place = n[0] if len(n) == 1 else n
    return Formula(index_text(place), index_latex(place))


def _number(value: Any) -> Formula:
    return Formula(number_text(exact(value)), number_latex(exact(value)))


@card.register
def _bound_proof(proof: BoundProof) -> list[Block]:
    statement = equation(formula(proof.lhs), SIGNS[proof.verdict], formula(proof.rhs))
    said = [words(str(part)) for part in (proof.witness, proof.scope, proof.reason) if part]
    return [words(Strong(proof.verdict), ": ", statement), *said, *(card(proof.on_lattice) if proof.on_lattice else [])]


@card.register
def _derivation(derivation: Derivation) -> list[Block]:
    return [Lines(derivation.steps)]


@card.register
def _moves(moves: Moves) -> list[Block]:
    rows = [
        (move.law, str(move.place), "←" if move.reverse else "→", formula(move.expression), move.condition)
        for move in moves
    ]
    return [Table(("law", "place", "read", "the line it gives", "condition"), tuple(rows), (1,))]


@card.register
def _law(law: Law) -> list[Block]:
    proof = law.prove()
    by_itself = len(proof.steps) == 2 and proof.steps[1].law == law.name
    notes = [words("if " + ", ".join(law.conditions))] if law.conditions else []
    return [
        words(Strong(law.name)),
        Display(equation(formula(law.lhs), ("=", "="), formula(law.rhs))),
        *notes,
        *([words("Source: ", law.source)] if law.source else []),
        *([words(Strong(proof.verdict), given_text(proof))] if by_itself else card(proof)),
        words("Near miss:"),
        *(block for block in card(law.refute_near_miss()) if not isinstance(block, Table)),
    ]


@card.register
def _falsehood(falsehood: Falsehood) -> list[Block]:
    return [
        words(Strong(falsehood.name), ", which is false"),
        words("It tempts: ", falsehood.why),
        *card(falsehood.refute()),
    ]


@card.register
def _catalogue(catalogue: Catalogue) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    for row in catalogue.values():
        sign = SIGNS["proved" if isinstance(row, Law) else "refuted"]
        notes = (", ".join(row.conditions), row.source) if isinstance(row, Law) else (row.why,)
        rows.append((row.name, equation(formula(row.lhs), sign, formula(row.rhs)), *notes))
    notes = ("condition", "source") if len(rows[0]) == 4 else ("why it tempts",)
    return [Table((catalogue.kind, "statement", *notes), tuple(rows))]


@card.register
def _witness(witness: Witness) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (Formula(name_text(name), name_latex(name)), _number(value)) for name, value in witness.factors.items()
    ]
    for name, kernel in witness.kernels.items():
        label = Formula(name_text(name), signal_latex(name))
        rows.append((label, formula(kernel) if isinstance(kernel, Node) else str(kernel)))
    into, out = (f" of channel {channel}" for channel in witness.channels[::-1]) if witness.channels else ("", "")
    if witness.input is not None:
        rows.append((f"input{into}", formula(witness.input)))
    place = index_text(witness.index)
    marked = [
        (f"left side{out} at n = {place}", _number(witness.lhs)),
        (f"right side{out} at n = {place}", _number(witness.rhs)),
    ]
    return [Table(("", ""), (*rows, *marked), (), (len(rows), len(rows) + 1))]


# Filter banks, costs, layers ----------------------------------------------------------------------------------------


@card.register
def _bank(bank: FilterBank) -> list[Block]:
    name = (Strong(bank.name), ": ") if bank.name else ()
    filters = zip(bank.analysis_filters, bank.synthesis_filters, strict=True)
    rows = [(str(at), formula(h), formula(f)) for at, (h, f) in enumerate(filters)]
    factor = Formula(index_text(bank.factor), index_latex(bank.factor))
    return [
        words(*name, f"{bank.channels} channels, k = ", factor),
        Table(("channel", "analysis filter", "synthesis filter"), tuple(rows), (0,)),
    ]


@card.register
def _tree(tree: Tree) -> list[Block]:
    return [words(f"{tree.levels} level{'s' * (tree.levels != 1)} of"), *card(tree.bank)]


@card.register
def _cost(cost: Cost) -> list[Block]:
    sides = (("as written", cost.written, cost.naive), ("as run", cost.planned, cost.multiply_adds))
    tables: list[Block] = []
    for title, stages, total in sides:
        rows = ((what, str(samples), str(count)) for what, samples, count in stages)
        tables.append(Table((title, "samples", "multiply-adds"), (*rows, (Strong("total"), "", Strong(total))), (1, 2)))
    return tables


@card.register
def _explanation(plan: Explanation) -> list[Block]:
    head, *rows = plan.rows()
    numbers = tuple(at for at, title in enumerate(head) if title in ("naive", "planned", "bytes", "multiply-adds"))
    note = [words(plan.note)] if isinstance(plan, RunExplanation) and plan.note else []
    total = tuple(Strong(cell) for cell in rows[-1])
    return [Table(head, (*rows[:-1], total), numbers), *note]


@card.register
def _layer(layer: Composable) -> list[Block]:
    if not isinstance(layer, Layer):
        return [words(repr(layer))]
    rows = [(name, _argument(value)) for name, value, _ in layer._arguments()]
    return [words(Strong(type(layer).__name__)), Table(("parameter", "value"), tuple(rows))]


def _argument(value: Any) -> str:
    if hasattr(value, "dtype"):
        return f"{' × '.join(map(str, value.shape))}, {value.dtype}"
    return str(value)


@card.register
def _checkerboard(found: Checkerboard) -> list[Block]:
    head, rows, more = told_sums(found)
    return [words(head), Table(("",) * len(rows[0]), tuple(map(tuple, rows))), *map(words, more)]


@card.register
def _trace(trace: Trace) -> list[Block]:
    return [words(str(trace.layer)), *map(_axis, trace.axes)]


def _axis(axis: AxisTrace) -> Block:
    head, *rows = axis.rows()
    if max(len(head), len(rows)) > TRACED:
        return words(f"{len(rows)} outputs by {len(head) - 1} positions; print(trace) writes the taps")
    return Table(tuple(head), tuple(map(tuple, rows)))


def cards(things: Iterable[Any]) -> list[Block]:
    """The cards of several objects, one after another."""
    return [block for thing in things for block in card(thing)]
