"""Docstrings are plain text with a few marks; here they become what Sphinx reads.

A formula such as x_n or y_{kn} is no reference, and a bar no substitution: the marks that reStructuredText would take
for its own are escaped outside of literals and examples.
"""

from __future__ import annotations

import re
from typing import Any

MARK = re.compile(r"(?<=[^\s`:\\])_(?=\W|$)|(?<![`\\|])\|(?!\|)|\*(?!\*)(?<!\*\*)")
LITERAL = re.compile(r"(``.+?``|:\w+:`[^`]+`|`[^`]+`_?)")


def escaped(line: str) -> str:
    """One line with the marks of formulas escaped.

    >>> escaped("y_n = |x_{kn}| of ``a_``")
    'y_n = \\\\|x_{kn}\\\\| of ``a_``'
    """
    parts = LITERAL.split(line)
    return "".join(part if at % 2 else MARK.sub(r"\\\g<0>", part) for at, part in enumerate(parts))


def escape_formulas(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Escape all lines but those of examples.

    What stands before a colon in the first line of a property is taken for its type; an empty comment goes before it.
    """
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]
    example = False
    for at, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[at] = escaped(line)


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", escape_formulas, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
