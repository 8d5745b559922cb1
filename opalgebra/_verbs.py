"""The one door from the nodes up to the layers that act on them.

Nodes say what they are; proving, running and drawing live in the layers above.  Methods such as
``A.simplify()`` or ``A._repr_latex_()`` are conveniences that call up through this table.  A verb is
imported when it is first used, which also keeps SymPy and SciPy out of ``import opalgebra``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

VERBS = {
    "apply": "opalgebra.engine:apply",
    "apply_to_channels": "opalgebra.engine:apply_to_channels",
    "add": "opalgebra.engine:add",
    "explain": "opalgebra.engine:explain",
    "on": "opalgebra.windows.windowed:on",
    "equals": "opalgebra.algebra.prove:equals",
    "simplify": "opalgebra.algebra.simplify:simplify",
    "optimize": "opalgebra.algebra.optimize:optimize",
    "cost": "opalgebra.windows.costs:cost",
    "inverse": "opalgebra.algebra.inverse:inverse",
    "matrix": "opalgebra.algebra.matrix:matrix",
    "polyphase": "opalgebra.algebra.polyphase:polyphase",
    "to_sympy": "opalgebra.show.sympy_:to_sympy",
    "code": "opalgebra.show.code:code",
    "scalar_code": "opalgebra.show.scalars:scalar_code",
    "text": "opalgebra.show.text:text",
    "ascii": "opalgebra.show.text:ascii_text",
    "latex": "opalgebra.show.latex:latex",
    "proof_text": "opalgebra.show.derivation:proof_text",
    "proof_latex": "opalgebra.show.derivation:proof_latex",
    "proof_markdown": "opalgebra.show.derivation:proof_markdown",
    "derivation_text": "opalgebra.show.derivation:derivation_text",
    "derivation_latex": "opalgebra.show.derivation:derivation_latex",
    "derivation_markdown": "opalgebra.show.derivation:derivation_markdown",
    "moves_markdown": "opalgebra.show.derivation:moves_markdown",
    "law_text": "opalgebra.show.derivation:law_text",
    "pretty_form": "opalgebra.show.sympy_:pretty_form",
}


@cache
def verb(name: str) -> Any:
    """The function that carries out the verb ``name``."""
    module, _, function = VERBS[name].partition(":")
    return getattr(import_module(module), function)
