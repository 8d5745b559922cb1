"""What is known of two operators on arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..._verbs import verb
from ...algebra.decide.proof import Proof, Step
from ...algebra.decide.rounded import rounding_hint
from ...algebra.facts import Hypothesis
from ...engine.arrays.window import Window
from ...expr import LinearOperator, formal_parts
from ..operators.windowed import Windowed
from .entries import agree_at_random, replayed, roots, run_alike
from .lattice_form import lattice_form


class BoundProof(Proof):
    """What is known about F = G for operators on arrays.

    ``on_lattice`` is the proof on ℤ^d where there is one: then F = G for every size.  ``scope`` says how far the
    verdict reaches.
    """

    lhs: Any
    rhs: Any

    def __init__(
        self,
        lhs: Any,
        rhs: Any,
        given: tuple[Hypothesis, ...],
        verdict: str,
        reason: str = "",
        witness: Any = None,
        on_lattice: Proof | None = None,
        scope: str = "",
    ) -> None:
        super().__init__(lhs, rhs, given, verdict, reason, witness)
        self.on_lattice, self.scope = on_lattice, scope

    @cached_property
    def steps(self) -> list[Step]:
        """F, the lines of the derivation on ℤ^d bound to the same windows, and G."""
        if self.verdict != "proved":
            return []
        if self.on_lattice is None:
            return [Step(self.lhs, "", ""), Step(self.rhs, "equal entries", self.scope)]
        form = lattice_form(self.lhs)
        lines = [Step(self.lhs, "", "")]
        for line in self.on_lattice.steps if form is not None else []:
            assert form is not None
            assert isinstance(line.expression, LinearOperator)
            window = Window((0,) * len(form.outputs), form.outputs)
            bound: Any = Windowed(line.expression, form.sizes, window, None, form.boundary)
            lines.append(Step(bound, line.law or "crop and extend", line.condition))
        return [*lines, Step(self.rhs, "crop and extend", self.scope)]

    def check(self) -> bool:
        """Replay: a proof on ℤ^d by plain evaluation, what was decided for sizes by their entries."""
        if self.verdict == "refuted":
            return self.witness is not None and self._replayed(self.witness)
        if self.verdict != "proved" or (self.on_lattice is not None and not self.on_lattice.check()):
            return False
        if self.on_lattice is not None and self.given:
            return True  # entries may be equal only where the hypotheses hold
        return self._entries_agree()

    def _replayed(self, witness: Any) -> bool:
        return replayed(self.lhs, self.rhs, witness)

    def _entries_agree(self) -> bool:
        """Of both sides on every unit vector, where they can run."""
        if any(map(formal_parts, roots(self.lhs, self.rhs))):
            return self.on_lattice is not None or agree_at_random(self.lhs, self.rhs)
        return run_alike(self.lhs, self.rhs)

    def __str__(self) -> str:
        sign = {"proved": "=", "refuted": "≠"}.get(self.verdict, "≟")
        lines = [f"{self.verdict}: {self.lhs} {sign} {self.rhs}"]
        lines += [f"  {text}" for text in (self.witness, rounding_hint(self.witness), self.scope, self.reason) if text]
        if self.on_lattice is not None:
            lines += [f"  {line}" for line in str(self.on_lattice).splitlines()]
        return "\n".join(lines)

    def latex(self) -> str:
        """Both sides, and the derivation on ℤ^d where there is one, in LaTeX for mathematics mode."""
        sign = {"proved": "=", "refuted": r"\neq"}.get(self.verdict, r"\overset{?}{=}")
        return rf"{self.lhs.latex()} {sign} {self.rhs.latex()}"

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))
