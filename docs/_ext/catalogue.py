"""The catalogue as pages, made from oa.laws and oa.falsehoods while the site is built.

Every law is proved, every near miss refuted, and both sides are run on numbers; whatever fails stops the build.  The
pages are written to docs/catalogue, which git ignores.  The roles ``law`` and ``falsehood`` link to the cards.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from themes import THEMES, Theme

import opalgebra as oa
from opalgebra.algebra.facts import AboutFactors, Equal

INPUT = oa.Signal([3, -1, 4, 1, -5, 9, 2, -6, 5, 3, -5, 8, 9, -7, 9, 3, 2, -3, 8, 4, 6, -2, 6, 4], start=-7)
IMAGE = oa.Signal(np.random.default_rng(1).integers(-9, 10, (7, 6)), start=(-3, -2))
KERNELS = ([1, 2, -1], [3, 0, 1, -2], [2, 5, 1, 1, -3])
OPERATORS = (oa.Up(2) @ oa.Conv([1, 3]), oa.Down(3) @ oa.Shift(1), oa.Conv([2, -1, 4]))


def check_themes(themes: Iterable[Theme] = THEMES, laws: Iterable[str] = oa.laws) -> None:
    """Every law on one page."""
    placed = [name for theme in themes for name in theme.laws]
    laws = set(laws)
    wrong = {name for name in placed if placed.count(name) > 1 or name not in laws} | (laws - set(placed))
    if wrong:
        raise ExtensionError(f"docs/_ext/themes.py: each law belongs to exactly one theme; not so: {sorted(wrong)}")


# numbers


def _value(kind: str, at: int) -> Any:
    """The ``at``-th value of a kind; factors are distinct primes, so that they are coprime where a law asks for it."""
    match kind:
        case "factor":
            return (2, 3, 5, 7)[at]
        case "shift":
            return (1, 2, 4)[at]
        case "kernel":
            return oa.Signal(KERNELS[at], start=-at)
        case "operator":
            return OPERATORS[at]
        case "frequency":
            return sympy.pi / (3 + at)
        case "scalar":
            return at + 2
    raise ExtensionError(f"the catalogue has no example of the kind {kind!r}")


def example(law: oa.Law) -> dict[str, Any]:
    """Numbers for the kernels of a law, and for the other parameters that it does not choose itself."""
    values: dict[str, Any] = {}
    used: dict[str, int] = {}
    for name, kind in law.kinds.items():
        chosen = name in law.generic and kind != "kernel"
        if not chosen and kind not in ("matrix", "sequence"):
            values[name] = _value(kind, used.setdefault(kind, 0))
            used[kind] += 1
    for fact in law.hypotheses():
        if isinstance(fact, Equal) and str(fact.a) in values:
            values[str(fact.a)] = int(fact.b.subs({s: values[str(s)] for s in fact.b.free_symbols}))
    return values


def _outputs(sides: tuple[Any, Any]) -> list[oa.Signal]:
    """What both sides answer: an image, where one of them is about two axes."""
    x = IMAGE if any(side.ndim == 2 for side in sides) else INPUT
    return [side if isinstance(side, oa.SignalExpr) else side @ x for side in sides]


def _same(left: oa.Signal, right: oa.Signal) -> bool:
    window = slice(min(left.start, right.start), max(left.stop, right.stop)) if left.ndim == 1 else None
    if window is None or left == right:
        return bool(left == right)
    numbers = [np.array(side[window], complex) for side in (left, right)]  # exact ones too, written in two ways
    return bool(np.allclose(*numbers, rtol=0, atol=1e-9))


def run_on_numbers(law: oa.Law) -> str:
    """Run both sides, and say with what; laws about kernels with a property are left to ``p.check()``."""
    if any(not isinstance(fact, AboutFactors) for fact in law.hypotheses()):
        return "by `p.check()`, on kernels that have the property"
    values = example(law)
    left, right = _outputs(law.instance(**values))
    if not (isinstance(left, oa.Signal) and isinstance(right, oa.Signal)):
        return "by `p.check()`; the statement names formal operators"
    if not _same(left, right):
        raise ExtensionError(f"law {law.name} with {values}: {left} is not {right}")
    shown = ", ".join(f"{name} = {value}" for name, value in values.items())
    samples = " × ".join(map(str, np.shape(left)))
    return f"by `p.check()`; both sides run on numbers{' with ' + shown if shown else ''}: {samples} samples agree"


# cards


def _diagrams(sides: Iterable[Any]) -> str:
    """Both sides drawn."""
    drawings = [side.diagram().svg for side in sides if hasattr(side, "diagram")]
    if not drawings:
        return ""
    inside = '<span class="law-equals">=</span>'.join(drawings)
    return f'```{{raw}} html\n<div class="law-diagram">{inside}</div>\n```\n'


def _display(formula: str) -> str:
    return f"```{{math}}\n{formula}\n```\n"


def _field(name: str, body: str) -> str:
    lines = body.strip().split("\n")
    return "\n".join([f":{name}: {lines[0]}", *(f"    {line}" if line else "" for line in lines[1:])])


def _derivation(proof: oa.Proof) -> str:
    """The lines of the proof where there are several; a law of one step is its own derivation."""
    if len(proof.steps) <= 2:
        return "one step: both sides have the same canonical form"
    return f"{len(proof.steps) - 1} steps, each decided by itself\n\n{_display(proof.latex())}"


def _decided(proof: oa.Proof, wanted: str, name: str) -> oa.Proof:
    if proof.verdict != wanted or not proof.check():
        raise ExtensionError(f"{name} is {proof.verdict}, and should be {wanted}: {proof}")
    return proof


def _equation(row: oa.Law) -> str:
    """The statement; braces keep the arrows, which TeX takes for relations, apart from the sign between them."""
    return f"{{{row.lhs:latex}}} = {{{row.rhs:latex}}}"


def _refutation(proof: oa.Proof) -> str:
    """The statement and its witness, without the table of the samples around it."""
    said = "\n\n".join(proof._repr_markdown_().split("\n\n")[:2])
    return re.sub(r"\$(.+?) \\neq (.+?)\$", r"${\1} \\neq {\2}$", said, count=1)


def _linked(name: str) -> str:
    return f"{{law}}`{name}`"


def law_card(law: oa.Law) -> str:
    """The card of one law, in MyST Markdown."""
    proof = _decided(law.prove(), "proved", law.name)
    miss = _decided(law.refute_near_miss(), "refuted", f"the near miss of {law.name}")
    fields = [
        _field("Holds when", ", ".join(f"{c}" for c in law.conditions)) if law.conditions else "",
        _field("Source", law.source),
        _field("Derivation", _derivation(proof)),
        _field("Checked", run_on_numbers(law)),
        _field("Near miss", _refutation(miss)),
    ]
    body = "\n".join(filter(None, fields))
    return (
        f"(law-{law.name})=\n### {law.name}\n\n::::{{div}} law\n\n{_display(_equation(law))}\n"
        f"{_diagrams((law.lhs, law.rhs))}\n{body}\n\n::::\n"
    )


def falsehood_card(row: oa.Falsehood) -> str:
    """The card of one falsehood."""
    proof = _decided(row.refute(), "refuted", row.name)
    body = "\n".join([_field("Tempting", row.why), _field("Refuted", _refutation(proof).replace("**refuted**: ", ""))])
    return f"(falsehood-{row.name})=\n## {row.name}\n\n::::{{div}} law falsehood\n\n{body}\n\n::::\n"


# pages


def theme_page(theme: Theme) -> str:
    rows = "\n".join(f"| {_linked(name)} | ${_equation(oa.laws[name])}$ |" for name in theme.laws)
    table = f"| law | statement |\n| --- | --- |\n{rows}\n"
    cards = "\n".join(law_card(oa.laws[name]) for name in theme.laws)
    return f"# {theme.title}\n\n{theme.about}\n\n{table}\n## The laws\n\n{cards}"


def falsehood_page() -> str:
    cards = "\n".join(falsehood_card(row) for row in oa.falsehoods.values())
    return (
        "# False, and tempting\n\nEquations that are often believed. Each is refuted by a witness, the smallest one "
        f"found, which is evaluated again before it is shown.\n\n{cards}"
    )


def index_page() -> str:
    """What the catalogue holds, by theme."""
    parts = [
        f"# Catalogue of identities\n\n{len(oa.laws)} laws in {len(THEMES)} groups. While this page was built, each "
        "was proved: for all values of the letters in its statement, and for the numbers where it shows numbers. Its "
        "proof was replayed by an evaluator that shares no code with the prover, both sides were run on numbers "
        "wherever that says something, and a near miss, false by a little, was refuted. A law "
        'is found by name: `oa.laws["noble-down"]`.\n\n'
        f"{{doc}}`falsehoods` has {len(oa.falsehoods)} equations that are often believed and do not hold.\n",
        "```{toctree}\n:hidden:\n\n" + "\n".join([*(theme.page for theme in THEMES), "falsehoods"]) + "\n```\n",
        "| group | laws |\n| --- | --- |",
        *(f"| [{t.title}]({t.page}.md) | {', '.join(map(_linked, t.laws))} |" for t in THEMES),
    ]
    return "\n".join(parts) + "\n"


def write_pages(app: Any) -> None:
    """The pages of the catalogue, before Sphinx looks for sources."""
    check_themes()
    begun, folder = time.perf_counter(), Path(app.srcdir) / "catalogue"
    folder.mkdir(exist_ok=True)
    pages = {theme.page: theme_page(theme) for theme in THEMES}
    pages |= {"falsehoods": falsehood_page(), "index": index_page()}
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    seconds = time.perf_counter() - begun
    logging.getLogger(__name__).info("catalogue: %d laws proved in %.1f s", len(oa.laws), seconds)


class CardRole(SphinxRole):
    """A link to a card; an unknown name stops the build."""

    def __init__(self, kind: str, rows: Any) -> None:
        self.kind, self.rows = kind, rows

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in self.rows:
            raise ExtensionError(f"{self.env.docname}, line {self.lineno}: there is no {self.kind} {self.text!r}")
        target = f"{self.kind}-{self.text}"
        shown = nodes.literal(self.text, self.text, classes=["law-name"])
        link = pending_xref("", shown, refdomain="std", reftype="ref", reftarget=target, refexplicit=True, refwarn=True)
        link["refdoc"] = self.env.docname
        return [link], []


def setup(app: Any) -> dict[str, bool]:
    app.add_role("law", CardRole("law", oa.laws))
    app.add_role("falsehood", CardRole("falsehood", oa.falsehoods))
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
