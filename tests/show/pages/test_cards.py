"""What a notebook shows of every object, and that KaTeX and the escapes bear it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.algebra.certificates.certify import samples_of
from opalgebra.show.notation.latex import name_latex, related, words_latex
from opalgebra.show.pages.document import Formula, Strong, Table, words
from opalgebra.show.pages.html import html
from opalgebra.show.pages.markdown import markdown
from opalgebra.show.pages.stem import MOST, stem
from tests.expr.test_every_node import EXAMPLES
from tests.objects import HARD, REFUTED, SHOWN, hard_law

VOID = {"br", "hr", "img", "meta", "line", "circle", "rect", "path"}
NAMES = [HARD, "α", "β_2", "µ", "日", "é", "a_b^c", "x%", "q#1", "\\", "{", "}", "a{b", "$x$", "_", "ß", "ℓ", "αβ", "'"]


def displayed(thing: Any) -> dict[str, str]:
    """Every display of an object, as IPython finds them."""
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    formatter = formatters.DisplayFormatter()
    for one in formatter.formatters.values():
        one.catch_exceptions = False
    return formatter.format(thing)[0]


class Balanced(HTMLParser):
    """HTML in which every element is closed, and nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(re.sub(r"(<(line|circle|rect|path)\b[^>]*)/>", r"\1>", text))
    parser.close()
    assert not parser.open
    return parser


@pytest.mark.parametrize("name", SHOWN)
def test_every_object_is_shown(name: str) -> None:
    thing, kinds = SHOWN[name]
    for kind in ("latex", "html", "markdown"):
        method = getattr(thing, f"_repr_{kind}_", None)
        found = method() if method is not None else None
        assert (found is not None) == (kind in kinds), kind
        if kind == "latex" and found is not None:
            assert found.startswith("$\\displaystyle ")
            assert found.endswith("$")
        elif kind == "html" and found is not None:
            read(found)
    assert str(thing)


@pytest.mark.parametrize("name", SHOWN)
def test_ipython_shows_the_same(name: str) -> None:
    thing, kinds = SHOWN[name]
    found = displayed(thing)
    assert found.keys() == {"text/plain", *(f"text/{kind}" for kind in kinds)}
    assert all(found.values())


def test_tables_hold_the_whole_catalogue() -> None:
    for table in (oa.laws, oa.falsehoods):
        page = read(table._repr_html_())
        assert page.seen.count("tr") == len(table) + 1
        assert all(name in page.text for name in table)
    assert "↓₂" in oa.derive(oa.Down(2) @ oa.Conv(oa.signals("q")).T).moves()._repr_html_()


def test_moves_are_still_a_list() -> None:
    moves = oa.derive(oa.Down(2) @ oa.Conv(oa.signals("q")).T).moves()
    assert isinstance(moves, list)
    assert read(moves._repr_html_()).seen.count("tr") == len(moves) + 1


def test_the_plan_and_the_cost_are_the_printed_ones() -> None:
    plan = oa.Conv(np.ones(9)).on(1000).explain()
    page = read(plan._repr_html_()).text
    assert all(cell in page for cell in (f"{plan.multiply_adds:,}", f"{plan.bytes:,}", plan.steps[0].why))
    cost = (oa.Down(2) @ oa.Conv([1, 2, 1])).cost()
    assert read(cost._repr_html_()).seen.count("table") == 2
    assert str(cost.naive) in cost._repr_markdown_()


@pytest.mark.parametrize(
    "proof",
    [REFUTED, oa.prove(oa.Up((2, 2)) @ oa.Down((2, 2)), oa.Identity()), oa.falsehoods["alias-free"].refute(),
     oa.falsehoods["conj-of-transpose"].refute(), oa.prove(oa.Conv([1, 1]) @ oa.signals("x"), oa.signals("x"))],
)  # fmt: skip
def test_samples_of_a_refutation_are_those_of_its_witness(proof: Any) -> None:
    left, right = samples_of(proof)
    index = proof.witness.index if isinstance(proof.witness.index, tuple) else (proof.witness.index,)
    assert (left.get(index, 0), right.get(index, 0)) == (proof.witness.lhs, proof.witness.rhs)
    marked = [line for line in proof._repr_markdown_().splitlines() if line.startswith("| **")]
    assert len(marked) == 1


def test_samples_are_those_that_arrays_give() -> None:
    lhs, rhs = oa.Up(2) @ oa.Conv([1, 2, 3]), oa.Conv([1, 2, 3]) @ oa.Up(2)
    proof = oa.prove(lhs, rhs)
    for side, found in zip((lhs, rhs), samples_of(proof), strict=True):
        assert {(n,): v for (n,), v in (side @ proof.witness.input).items() if v} == {
            n: v for n, v in found.items() if v
        }
    rows = [line for line in proof._repr_markdown_().splitlines() if line.startswith("| $") or line.startswith("| **")]
    assert len(rows) == 7


def test_a_law_has_a_card() -> None:
    card = oa.laws["up-down-coprime"]._repr_markdown_()
    for part in ("**up-down-coprime**", "gcd(L, M) = 1", "Vaidyanathan", "**proved**", "Near miss", "**refuted**"):
        assert part in card


def test_stems() -> None:
    root = ElementTree.fromstring(stem(oa.Signal([0, 1, 2, 3, 4], start=-2)))
    circles = [shape for shape in root if shape.tag.endswith("circle")]
    heights = [float(shape.attrib["cy"]) for shape in circles]
    assert heights == sorted(heights, reverse=True)
    assert np.allclose(np.diff(heights), heights[1] - heights[0], atol=0.02)
    labels = [shape.text for shape in root if shape.tag.endswith("text")]
    assert labels[:3] == ["−2", "0", "2"]


def test_long_signals_keep_their_extremes_and_say_what_is_left_out() -> None:
    values = np.zeros(100_000)
    values[54_321] = -7
    values[12] = 3
    drawn = stem(oa.Signal(values))
    assert drawn.count("<circle") <= MOST
    root = ElementTree.fromstring(drawn)
    heights = sorted({float(shape.attrib["cy"]) for shape in root if shape.tag.endswith("circle")})
    assert len(heights) == 3
    assert (heights[1] - heights[0]) / (heights[2] - heights[1]) == pytest.approx(3 / 7, rel=1e-2)
    assert "of every 1042 the largest" in drawn


def test_complex_signals_have_both_parts() -> None:
    drawn = stem(oa.Signal([1 + 2j, 3 - 1j]))
    assert (drawn.count("<circle"), drawn.count("<rect")) == (2, 2)


def test_words_are_escaped_everywhere() -> None:
    name = "<b>&$x$|`*"
    table = [Table(("a|b",), ((name,), (Formula(name, "|x|"),)), marked=(0,)), words(Strong(name), name)]
    page = read(html(table))
    assert "b" not in page.seen
    assert page.text.count(name) == 4
    assert "\\vert x\\vert " in markdown(table)
    assert "\\<b\\>&\\$x\\$\\|\\`\\*" in markdown(table)


@pytest.mark.parametrize(
    ("words_", "shown"),
    [("gcd(k, m) = 1", r"\text{gcd(k, m) = 1}"), ("50% of q_1", r"\text{50}\%\text{ of q}\_\text{1}"), ("", ""),
     ("a\nb", r"\text{a b}"), ("α", r"\alpha "), ("{\\}", r"\{\backslash \}"), ("x^2", r"\text{x}{}^{\wedge}\text{2}")],
)  # fmt: skip
def test_words_in_mathematics(words_: str, shown: str) -> None:
    assert words_latex(words_) == shown


def test_arrows_keep_their_distance_from_signs() -> None:
    up, down = r"\uparrow_{k}", r"\downarrow_{\left[\begin{smallmatrix} 1 & 1 \end{smallmatrix}\right]}"
    assert related(up, "=", down) == up + r"\;=\;" + down
    assert related("I", "=", "0") == "I = 0"
    assert oa.laws["up-down-coprime"].latex() == r"\uparrow_{L}\,\downarrow_{M}\;=\;\downarrow_{M}\,\uparrow_{L}"


def test_greek_signs_are_letters() -> None:
    assert name_latex("α") == r"\alpha"
    assert name_latex("ω_1") == name_latex("omega_1") == r"\omega_{1}"


# KaTeX --------------------------------------------------------------------------------------------------------------

SCRIPT = """
const katex = require(process.argv[1]);
const failed = [];
for (const [name, tex] of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
  try { katex.renderToString(tex, {throwOnError: true, displayMode: true, strict: 'ignore'}); }
  catch (error) { failed.push(name + ': ' + error.message); }
}
console.log(JSON.stringify(failed));
"""


def katex_failures(root: Path, items: list[tuple[str, str]]) -> list[str]:
    """What KaTeX refuses; skipped where node or KaTeX is missing."""
    node = shutil.which("node")
    places = [os.environ.get("KATEX", ""), str(root / "docs/_static/katex/katex.min.js")]
    library = next((place for place in places if place and Path(place).is_file()), None)
    if node is None or library is None:
        pytest.skip("node and KaTeX are needed: docs/_static/katex/katex.min.js, or its path in the variable KATEX")
    done = subprocess.run(
        [node, "-e", SCRIPT, library], input=json.dumps(items), capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def test_katex_renders_everything(root: Path) -> None:
    items = [(name, law.latex()) for name, law in oa.laws.items()]
    items += [(f"{name}: proof", law.prove().latex()) for name, law in oa.laws.items()]
    items += [(f"{name}: near miss", law.refute_near_miss().latex()) for name, law in oa.laws.items()]
    items += [(name, falsehood.latex()) for name, falsehood in oa.falsehoods.items()]
    items += [(f"{name}: refuted", falsehood.refute().latex()) for name, falsehood in oa.falsehoods.items()]
    items += [(str(node), f"{node:latex}") for node in EXAMPLES]
    for name, (thing, kinds) in SHOWN.items():
        if "latex" in kinds:
            items.append((name, thing._repr_latex_()[1:-1]))
    for name in NAMES:
        items.append((f"words {name}", words_latex(name)))
        items.append((f"symbol {name}", hard_law(name).latex()))
        items.append((f"size {name}", oa.Conv([1, 1]).on(sympy.Symbol(name, integer=True, positive=True)).latex()))
    assert katex_failures(root, items) == []


def test_katex_refuses_what_is_not_escaped(root: Path) -> None:
    assert len(katex_failures(root, [("bare", "x_{"), ("fine", "x"), ("double", "x^a^b")])) == 2


def test_a_checkerboard_of_symbols_has_a_cell_for_every_phase() -> None:
    a, b = oa.signals("a", length=3), oa.signals("b", length=2)
    found = oa.checkerboard(oa.Block([[oa.Conv(a) @ oa.Up(2)], [oa.Conv(b) @ oa.Up(2)]]))
    assert re.findall("<td[^>]*>([^<]*)</td>", found._repr_html_()) == ["a_0 + a_2", "a_1", "b_0", "b_1"]
