"""A Sphinx extension whose identities are proved while the pages are built: ``extensions = ["opalgebra.sphinx"]``.

In reStructuredText, and with the same names in MyST::

    .. identity:: Conv(q) @ Up(k) == (Down(k) @ Conv(q).T).T
       :steps:

    .. identity:: Up(k) @ Down(k) == Identity()
       :refuted:

    .. derivation::
       :let: k=3

       Conv(q) @ Up(k)
       Conv(q) @ Down(k).T
       (Down(k) @ Conv(q).T).T

    .. diagram:: Down(2) @ Conv(q) @ Up(3)

Expressions are those of the command line, read by :mod:`opalgebra.parse` and never evaluated.  Options of all three:
``:let: q=[1,2,1]; k=2`` binds names; of the first two ``:given: coprime(k, m); divides(k, n)`` are hypotheses and
``:name:`` is the label of the equation; ``:steps:`` writes the lines between.  With ``:refuted:`` the statement has to
be false, and its witness is shown.  What is not proved ends the build, with the file, the line and the witness.
"""

from __future__ import annotations

from itertools import starmap
from typing import Any, NoReturn

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.addnodes import only
from sphinx.directives.patches import MathDirective
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from . import __version__
from .algebra.decide.proof import Proof
from .algebra.decide.prove import prove
from .algebra.derive.derivation import Derivation, derive
from .errors import OpAlgebraError
from .parse import parse_expression, parse_statement
from .parse.statements import bindings, hypotheses
from .show.notation.latex import related, words_latex
from .show.pages.tex import in_ascii_latex

OURS = "opalgebra"  # the class of what the directives make
STATED = {**dict.fromkeys(("given", "let", "name"), directives.unchanged_required), "steps": directives.flag}


def _listed(text: str | None) -> list[str]:
    """The entries of an option, between semicolons or on lines of their own."""
    return [entry.strip() for entry in (text or "").replace("\n", ";").split(";") if entry.strip()]


class _Directive(SphinxDirective):  # type: ignore[misc]
    """What the three directives share."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[Any]:
        """The nodes; whatever does not hold ends the build."""
        try:
            let = bindings(_listed(self.options.get("let")), ":let:")
            return self.made(let, hypotheses(_listed(self.options.get("given")), let))
        except OpAlgebraError as error:
            self.fail(str(error))

    def made(self, let: dict[str, Any], given: tuple[Any, ...]) -> list[Any]:
        """The nodes, for what names stand for and the hypotheses."""
        raise NotImplementedError

    def fail(self, why: str, line: int | None = None) -> NoReturn:
        """End the build, with the place in the file."""
        source, first = self.get_source_info()
        raise ExtensionError(f"{source}:{line or first}: {self.name}: {why}")

    def mathematics(self, latex: str) -> list[Any]:
        """An equation, with the label that ``:name:`` gives."""
        options = {"class": [OURS]}
        if "name" in self.options:
            options["label"] = self.options["name"]
        content = StringList(latex.splitlines(), self.get_source_info()[0])
        made: list[Any] = MathDirective(
            "math", [], options, content, self.lineno, self.content_offset, latex, self.state, self.state_machine
        ).run()
        return made


class IdentityDirective(_Directive):
    """``left == right``, proved or refuted while the page is read."""

    option_spec = {**STATED, "refuted": directives.flag}  # noqa: RUF012

    def made(self, let: dict[str, Any], given: tuple[Any, ...]) -> list[Any]:
        """The statement, or its derivation, or the difference."""
        proof = prove(*parse_statement(" ".join(self.arguments[0].split()), let), given)
        expected = "refuted" if "refuted" in self.options else "proved"
        if proof.verdict != expected:
            self.fail(f"the identity was to be {expected}, and is not\n{proof}")
        return self.mathematics(proof.latex() if "steps" in self.options or not proof else _statement(proof))


def _statement(proof: Proof) -> str:
    given = ", ".join(map(str, proof.given))
    return related(f"{proof.lhs:latex}", "=", f"{proof.rhs:latex}") + (
        rf" \qquad {words_latex(f'({given})')}" if given else ""
    )


class DerivationDirective(_Directive):
    """An expression on every line, each equal to the one before."""

    required_arguments = 0
    has_content = True
    option_spec = STATED

    def made(self, let: dict[str, Any], given: tuple[Any, ...]) -> list[Any]:
        """The lines with the laws that were found."""
        lines = [(at, line.strip()) for at, line in enumerate(self.content) if line.strip()]
        if len(lines) < 2:
            self.fail(f"a derivation has two lines or more, and {len(lines)} were given; write one expression per line")
        derivation: Derivation | None = None
        for at, line in lines:
            try:
                expression = parse_expression(line, let)
                if derivation is None:
                    derivation = derive(expression, given)
                else:
                    derivation.to(expression, steps="steps" in self.options)
            except OpAlgebraError as error:
                self.fail(f"{line}: {error}", self.content.offset(at) + 1)
        assert derivation is not None
        return self.mathematics(derivation.latex())


class DiagramDirective(_Directive):
    """The block diagram of an operator: SVG in HTML, a drawing in text elsewhere."""

    option_spec = {"let": directives.unchanged_required, "depth": directives.nonnegative_int}  # noqa: RUF012

    def made(self, let: dict[str, Any], given: tuple[Any, ...]) -> list[Any]:
        """Both drawings, each for its builders."""
        expression: Any = parse_expression(" ".join(self.arguments[0].split()), let)
        drawn = expression.diagram(depth=self.options.get("depth"))
        picture = nodes.raw("", f'<div class="{OURS}-diagram">{drawn.svg}</div>', format="html")
        return [picture, *starmap(_text_for, (("latex", f"{drawn:ascii}"), ("not (html or latex)", str(drawn))))]


def _text_for(builders: str, text: str) -> Any:
    return only("", nodes.literal_block(text, text, language="none"), expr=builders)


class PlainForLaTeX(SphinxPostTransform):  # type: ignore[misc]
    """The equations that the directives made, in seven bits, since pdfLaTeX has no ≥ in its fonts."""

    default_priority = 400
    formats = ("latex",)

    def run(self, **options: Any) -> None:
        """Change the equations."""
        for node in self.document.findall(nodes.math_block):
            if OURS in node["classes"]:
                node.children = [nodes.Text(in_ascii_latex(node.astext()))]


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("identity", IdentityDirective)
    app.add_directive("derivation", DerivationDirective)
    app.add_directive("diagram", DiagramDirective)
    app.add_post_transform(PlainForLaTeX)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
