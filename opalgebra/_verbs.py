"""The one door from the nodes up to the layers that act on them.

Nodes say what they are; proving, running and drawing live in the layers above.  Methods such as
``A.simplify()`` or ``A._repr_latex_()`` are conveniences that call up through this table.  A verb is
imported when it is first used, which also keeps SymPy and SciPy out of ``import opalgebra``.

``text``, ``latex``, ``html`` and ``markdown`` find the class: a new one registers its renderer with
``notation.text.text``, ``notation.latex.latex`` or ``pages.cards.card`` and needs no row.  Expressions load their
notation alone; for anything else ``text`` and ``latex`` go through ``pages``, where the other classes are registered.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

VERBS = {
    "identity": "opalgebra.expr.operators:Identity",
    "act_on_channels": "opalgebra.expr.channels:act_on_channels",
    "apply": "opalgebra.engine:apply",
    "apply_to_channels": "opalgebra.engine:apply_to_channels",
    "add": "opalgebra.engine:add",
    "explain": "opalgebra.engine:explain",
    "chain": "opalgebra.nn.chain:chain",
    "on": "opalgebra.bound.on:on",
    "turned": "opalgebra.bound.operators.combine:turned",
    "composed": "opalgebra.bound.operators.combine:composed",
    "added": "opalgebra.bound.operators.combine:added",
    "multiplied": "opalgebra.bound.operators.combine:multiplied",
    "dottest": "opalgebra.bound.reports.dottest:dottest",
    "lstsq": "opalgebra.bound.reports.solve:lstsq",
    "explain_bound": "opalgebra.bound.reports.explain:explain",
    "prove_bound": "opalgebra.bound.proofs.prove:prove_bound",
    "equals": "opalgebra.algebra.decide.prove:equals",
    "derivation": "opalgebra.algebra.derive.search:derivation",
    "check": "opalgebra.algebra.certificates.certify:check",
    "certificate": "opalgebra.algebra.certificates.writer:certificate",
    "optimized": "opalgebra.algebra.optimize.optimize:optimized",
    "simplify": "opalgebra.algebra.derive.simplify:simplify",
    "optimize": "opalgebra.algebra.optimize.optimize:optimize",
    "cost": "opalgebra.bound.reports.cost:cost",
    "inverse": "opalgebra.algebra.derive.inverse:inverse",
    "matrix": "opalgebra.algebra.forms.matrix:matrix",
    "polyphase": "opalgebra.algebra.forms.polyphase:polyphase",
    "to_z": "opalgebra.algebra.forms.transfer:to_z",
    "response": "opalgebra.algebra.forms.transfer:response",
    "plot": "opalgebra.show.plots.plot:plot",
    "to_sympy": "opalgebra.show.notation.sympy_:to_sympy",
    "diagram": "opalgebra.show.diagrams.diagram:diagram",
    "code": "opalgebra.show.notation.code:code",
    "scalar_code": "opalgebra.show.notation.scalars:scalar_code",
    "text": "opalgebra.show.notation.text:text",
    "ascii": "opalgebra.show.notation.text:ascii_text",
    "latex": "opalgebra.show.notation.latex:latex",
    "pages": "opalgebra.show.pages.document:by_pages",
    "html": "opalgebra.show.pages.cards:as_html",
    "markdown": "opalgebra.show.pages.cards:as_markdown",
    "arithmetic": "opalgebra.show.animations.animation:arithmetic",
    "pretty_form": "opalgebra.show.notation.sympy_:pretty_form",
}


@cache
def verb(name: str) -> Any:
    """The function that carries out the verb ``name``."""
    module, _, function = VERBS[name].partition(":")
    return getattr(import_module(module), function)


class Drawn:
    """What has a block diagram."""

    def diagram(self, depth: int | None = None) -> Any:
        """The block diagram, signals from left to right: ``str(d)`` for a terminal, ``d.svg``, ``d.save("x.svg")``.

        An expression acts from right to left: its last factor is drawn first.  A transpose is the mirror image, drawn
        with ↑ and ↓, dots and adders exchanged and kernels reversed.  Operators on arrays have their sizes at the ends,
        layers summarise channels; of derivations and proofs all lines stand one below the other.

        Parameters
        ----------
        depth : int, optional
            How many names below one another are opened: 0 shows a named composition as one box.  By default all that
            there is room for.

        Returns
        -------
        Diagram

        Raises
        ------
        OperandError
            For a depth that is not an int ≥ 0.

        Examples
        --------
        >>> import opalgebra as oa
        >>> print((oa.Conv(oa.signals("q")) @ oa.Up(2)).diagram())
                   ┌───┐
        x──▶(↑2)──▶│ q │──▶y
                   └───┘
        """
        return verb("diagram")(self, depth)
