"""Block diagrams: what they mean, where everything lies, and how large they become."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.expr.operators import LinearOperator
from opalgebra.show.diagrams.diagram import COLUMNS, HIGH, WIDE, diagram
from tests.drawn import added, check_geometry, run

q, h, x = oa.signals("q h x")
h0, h1, f0, f1 = oa.signals("h0 h1 f0 f1")
k, r = oa.factors("k"), oa.integers("r")
GOLDEN = Path(__file__).parents[2] / "golden" / "diagrams.txt"


def bank() -> Any:
    return oa.filterbank([h0, h1], [f0, f1], 2)


CLASSICS: dict[str, Any] = {
    "rational resampler": oa.Down(2) @ oa.Conv(q) @ oa.Up(3),
    "transposed convolution": oa.TransposedConv(q, 2),
    "its transpose": oa.TransposedConv(q, 2).T,
    "noble identity": oa.laws["noble-down"],
    "polyphase and back": oa.PixelShuffle(3) @ oa.Polyphase(3),
    "two-channel bank": bank(),
    "lifting step": oa.Block([[oa.Identity(), oa.Conv(q)], [0, oa.Identity()]]),
    "butterfly": oa.Block([[oa.Conv(q), oa.Up(2)], [oa.Conv(h), oa.Shift(2)]]),
    "crossing": oa.Block([[0, oa.Conv(q)], [oa.Conv(h), 0]]),
    "sum over phases": oa.Sum(oa.Shift(r) @ oa.Up(k) @ oa.Down(k) @ oa.Shift(-r), (r, 0, k)),
    "three branches": oa.Conv(q) + oa.Shift(1) @ oa.Flip() - 2 * oa.Modulate([1, -1]),
    "applied": oa.Conv(q) @ oa.Up(2) @ x,
    "quincunx": oa.Down([[1, 1], [1, -1]]) @ oa.Conv([[1, 2], [3, 4]]),
    "twenty channels": oa.Block.diagonal(*[oa.Conv(q)] * 20),
    "on an array": (oa.Down(2) @ oa.Conv([1, 2, 1])).on(8, mode="same", boundary="wrap"),
    "network": oa.nn.MaxPool(2) @ oa.Pointwise("relu") @ oa.nn.Conv(np.ones((4, 2, 3)), padding=1, groups=2),
}


def golden() -> str:
    drawn = {name: diagram(thing) for name, thing in CLASSICS.items()}
    return "".join(f"==== {name}\n{d}\n\n{d:ascii}\n\n" for name, d in drawn.items())


def letter(rng: random.Random) -> LinearOperator:
    taps = [rng.choice([-2, -1, 1, 2, 3]) for _ in range(rng.randint(1, 3))]
    periodic = oa.Signal([1, 3, rng.choice([-1, 2])], start=rng.randint(-2, 2))
    letters = [oa.Conv(oa.Signal(taps, start=rng.randint(-3, 3))), oa.Shift(rng.randint(-4, 4)), oa.Modulate(periodic)]
    letters += [oa.Up(rng.randint(2, 3)), oa.Down(rng.randint(2, 3)), oa.Flip(), oa.Identity(), oa.Zero()]
    return rng.choice([*letters, oa.StridedConv(taps, 2), oa.TransposedConv(taps, 3), oa.Corr(taps)])


def random_operator(rng: random.Random, levels: int = 3) -> LinearOperator:
    if levels == 0:
        return letter(rng)
    a, b = random_operator(rng, levels - 1), random_operator(rng, rng.randrange(levels))
    return rng.choice([a @ b, a @ b, a + b, -3 * a + b, a.T @ b, (a @ b).T, a.T.T, a**2 if levels == 1 else a, a.H + b])


def random_block(rng: random.Random) -> LinearOperator:
    rows, columns = rng.randint(1, 3), rng.randint(1, 3)
    entries = [[rng.choice([0, random_operator(rng, 1)]) for _ in range(columns)] for _ in range(rows)]
    block: LinearOperator = oa.Block(entries)
    if rng.random() < 0.4:
        block = block.T
    outs = block.channels[0]
    more = oa.Block([[rng.choice([0, letter(rng)]) for _ in range(outs)] for _ in range(rng.randint(1, 3))])
    return rng.choice([block, more @ block, (more @ block).T, 2 * block, oa.Block.diagonal(block, letter(rng))])


def as_dict(signal: Any) -> dict[int, Any]:
    return {signal.start + i: v for i, v in enumerate(signal.values.tolist()) if v}


def outputs(operator: LinearOperator, inputs: list[oa.Signal]) -> list[dict[int, Any]]:
    result = operator @ (inputs[0] if len(inputs) == 1 else tuple(inputs))
    return [as_dict(y) for y in (result if isinstance(result, tuple) else (result,))]


def summarised(drawing: Any) -> bool:
    """Whether something of an operator is written in words only."""
    laid = drawing.laid[0]
    symbols = [shape.element for shape in laid.shapes if shape.element is not None and shape.element.label != "0"]
    words = any(s.kind == "more" or "taps" in s.label or max(s.ins, s.outs) > 1 or "," in s.label for s in symbols)
    return words or any("in series" in border.title for border in laid.borders)


def random_drawn(seed: int) -> tuple[random.Random, LinearOperator]:
    rng = random.Random(seed)
    return rng, random_operator(rng) if seed % 2 else random_block(rng)


@pytest.mark.campaign(40)
@pytest.mark.parametrize("seed", range(120))
def test_the_drawing_read_back_is_the_operator(seed: int) -> None:
    rng, operator = random_drawn(seed)
    drawing = operator.diagram()
    check_geometry(drawing)
    ins = (operator.channels or (1, 1))[1]
    signals = [oa.Signal([rng.randint(-9, 9) for _ in range(30)], start=-15) for _ in range(ins)]
    if not summarised(drawing):
        assert run(drawing.laid[0], [as_dict(s) for s in signals]) == outputs(operator, signals)


def test_most_random_drawings_are_read_back() -> None:
    assert sum(not summarised(random_drawn(seed)[1].diagram()) for seed in range(120)) > 90


def test_reading_back_sees_a_wrong_drawing() -> None:
    good, other = (oa.Conv([1, 2]) + oa.Shift(1)), (oa.Conv([1, 2]) + oa.Shift(2))
    signal = oa.Signal([1, 5, 2])
    assert run(good.diagram().laid[0], [as_dict(signal)]) != outputs(other, [signal])
    assert added({0: 1}, {0: -1}) == {}


def kinds(drawing: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for laid in drawing.laid:
        for shape in laid.shapes:
            found[shape.kind] = found.get(shape.kind, 0) + 1
    return found


@pytest.mark.parametrize(("name", "expected"), [
    ("rational resampler", {"end": 2, "box": 1, "up": 1, "down": 1}),
    ("two-channel bank", {"end": 2, "box": 4, "up": 2, "down": 2, "dot": 1, "adder": 1}),
    ("polyphase and back", {"end": 2, "box": 4, "up": 3, "down": 3, "dot": 1, "adder": 1}),
    ("butterfly", {"end": 4, "box": 3, "up": 1, "dot": 2, "adder": 2}),
    ("three branches", {"end": 2, "box": 3, "times": 1, "gain": 1, "dot": 1, "adder": 1}),
    ("applied", {"source": 1, "up": 1, "box": 1, "end": 1}),
    ("sum over phases", {"end": 2, "box": 4, "up": 2, "down": 2, "dot": 1, "adder": 1}),
    ("twenty channels", {"end": 6, "box": 3}),
])  # fmt: skip
def test_symbols_are_counted(name: str, expected: dict[str, int]) -> None:
    assert kinds(diagram(CLASSICS[name])) == expected


@pytest.mark.parametrize("thing", CLASSICS.values(), ids=list(CLASSICS))
def test_geometry_and_xml(thing: Any) -> None:
    drawing = diagram(thing)
    check_geometry(drawing)
    ElementTree.fromstring(drawing.svg)
    assert drawing.svg == diagram(thing).svg
    assert f"{drawing:ascii}".isascii()


EXCHANGED = {"up": "down", "down": "up", "dot": "adder", "adder": "dot"}


def places(laid: Any, mirrored: bool) -> set[tuple[Any, ...]]:
    """Kinds and centres; of the mirror image with ↑ and ↓, dots and adders exchanged."""
    found = set()
    for shape in laid.shapes:
        if shape.kind == "end":
            continue
        x, y = shape.x + shape.width / 2, shape.y + shape.height / 2
        kind = EXCHANGED.get(shape.kind, shape.kind) if mirrored else shape.kind
        found.add((kind, round(laid.width - x if mirrored else x, 3), round(y, 3)))
    return found


@pytest.mark.parametrize("operator", [
    oa.Down(2) @ oa.Conv([1, 3, 1]) @ oa.Up(3) @ oa.Shift(1),
    oa.PixelShuffle(3) @ oa.Polyphase(3),
    oa.Polyphase(4),
    bank().operator,
    oa.Conv([1, 2, 1]) + oa.Up(2) @ oa.Down(2) @ oa.Modulate([1, -1]) + oa.Identity(),
    oa.Block([[oa.Conv([1, 1]), oa.Up(2)], [oa.Conv([2, 2]), oa.Shift(2)]]),
    oa.Block([[0, oa.Conv([1, 1])], [oa.Conv([2, 2]), 0]]),
    oa.Sum(oa.Shift(r) @ oa.Up(k) @ oa.Down(k) @ oa.Shift(-2 * r), (r, 0, k)),
], ids=str)  # fmt: skip
def test_a_transpose_is_the_mirror_image(operator: LinearOperator) -> None:
    there, back = (A.diagram().laid[0] for A in (operator, operator.T))
    widths = [[s.width for s in laid.shapes if s.kind == "box"] for laid in (there, back)]
    if sorted(widths[0]) == sorted(widths[1]):  # reversed kernels may have longer names
        assert places(there, True) == places(back, False)
        assert places(operator.T.T.diagram().laid[0], False) == places(there, False)
    exchanged = {EXCHANGED.get(kind, kind): count for kind, count in kinds(operator.diagram()).items()}
    assert exchanged == kinds(operator.T.diagram())


def test_the_mirror_image_is_another_drawing() -> None:
    there, back = (A.diagram().laid[0] for A in (oa.Polyphase(4), oa.Polyphase(4).T))
    assert places(there, False) != places(back, False)


def large(count: int, seed: int) -> LinearOperator:
    rng = random.Random(seed)
    made: LinearOperator = oa.Conv(q)
    for i in range(count // 4):
        step = rng.choice([oa.Shift(i), oa.Conv(h), oa.Flip(), oa.Conv([1, 2, 3]), oa.Up(2) @ oa.Down(2)])
        made = rng.choice([made @ step + oa.Shift(1), made @ step, 2 * made, (step @ made).T])
    return made


@pytest.mark.parametrize(("count", "seed"), [(500, 0), (500, 1), (5000, 2)])
def test_large_expressions_are_summarised(count: int, seed: int) -> None:
    operator = large(count, seed)
    begin = time.perf_counter()
    drawing = operator.diagram()
    text, plain = str(drawing), f"{drawing:ascii}"
    assert len(drawing.svg) < 100_000
    assert time.perf_counter() - begin < 20
    assert drawing.laid[0].width <= WIDE
    assert drawing.laid[0].height <= HIGH
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert max(map(len, plain.splitlines())) <= COLUMNS
    assert "operators" in text
    assert "operators" in drawing.svg
    check_geometry(drawing)


@pytest.mark.parametrize("wide", [
    oa.operators("A") ** 3 @ oa.Down(2),
    sum((oa.Shift(n) for n in range(200)), start=0),
    oa.Block([[oa.Shift(i + j) for i in range(30)] for j in range(30)]),
    oa.Polyphase(1000),
    oa.AvgPool(10**6),
    oa.Sum(oa.Shift(r), (r, 0, 50_000)),
    oa.Conv(np.ones((40, 50))) @ oa.Up((2, 3)),
    oa.Conv(list(range(1, 100))).T,
    2 * oa.Block.diagonal(*[oa.Conv(q)] * 20) + oa.Identity(),
    oa.PixelShuffle(30) @ oa.Block.diagonal(*[oa.Shift(n) for n in range(30)]).T @ oa.Polyphase(30),
    oa.Block.diagonal(*[oa.Polyphase(3)] * 4) @ oa.Block([[oa.Conv(q)]] * 4) @ oa.PixelShuffle(8),
])  # fmt: skip
def test_many_terms_channels_and_taps_stay_small(wide: LinearOperator) -> None:
    drawing = wide.diagram()
    check_geometry(drawing)
    assert len(drawing.laid[0].shapes) < 60
    assert max(map(len, str(drawing).splitlines())) <= COLUMNS


def test_towers_do_not_exhaust_the_stack() -> None:
    turned, scaled, nested = oa.Conv(q), oa.Conv(q), oa.Conv(q)
    for _ in range(3000):
        turned, scaled, nested = turned.T, -scaled, oa.Block([[nested]])
    assert kinds(turned.diagram()) == kinds(oa.Conv(q).diagram())
    for tower in (scaled, nested):
        check_geometry(tower.diagram())
        assert "operator" in str(tower.diagram())


def test_names_open_with_depth() -> None:
    pair = oa.StridedConv(q, 2) @ oa.Repeat(3)
    closed, opened = pair.diagram(0), pair.diagram(1)
    assert [len(d.laid[0].borders) for d in (closed, opened)] == [0, 2]
    assert kinds(closed) == {"end": 2, "box": 2}
    assert kinds(opened) == {"end": 2, "box": 2, "up": 1, "down": 1} == kinds(pair.expand().diagram())
    assert str(pair.diagram()) == str(opened)
    for depth in (-1, 1.0, True, "all"):
        with pytest.raises(oa.OperandError, match="int >= 0"):
            pair.diagram(depth)


def test_names_are_safe() -> None:
    odd = oa.operators("A_b") @ oa.Conv(oa.signals("ξ_1"))
    drawing = odd.diagram()
    ElementTree.fromstring(drawing.svg)
    from opalgebra.show.diagrams.diagram import Diagram
    from opalgebra.show.diagrams.parts import BOX, Element, Line

    label = '<b & "c"> $x_1$ \\ %'
    named = Diagram([Line("a < b & c", lambda symbols: Element(BOX, label, hint=label + "!"))], "<t>")
    texts = [element.text for element in ElementTree.fromstring(named.svg).iter() if element.text]
    assert {label, label + "!", "a < b & c", "<t>"} <= set(texts)


def test_input_and_output_have_names_of_their_own() -> None:
    assert str((oa.Conv(x) @ oa.Up(2)).diagram()).splitlines()[1].startswith("u──")


def test_proofs_derivations_and_banks() -> None:
    law = oa.derive(oa.Conv(q) @ oa.Up(2)).to((oa.Down(2) @ oa.Conv(q).T).T)
    assert len(law.diagram().lines) == len(law.steps)
    assert "transpose-product" in str(law.diagram())
    refuted = oa.prove(oa.Up(2) @ oa.Down(2), oa.Identity())
    assert "≠" in str(refuted.diagram())
    proof = oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())
    assert str(proof.diagram()).count("x──") == len(proof.steps)
    tree = oa.wavelet("haar").tree(2)
    assert kinds(tree.diagram())["down"] == 4
    for thing in (law, refuted, proof, tree, bank()):
        check_geometry(thing.diagram())
    long = oa.derive(oa.Shift(1))
    for n in range(20):
        long.to(oa.Shift(n) @ oa.Shift(1 - n), steps=False)
    assert len(long.diagram().lines) == 12
    assert "9 lines are not drawn" in str(long.diagram())


def test_optimized_lines_are_drawn() -> None:
    lines = oa.derive(oa.Down(6) @ oa.Conv(oa.Up(2) @ q) @ oa.Up(2)).optimize().diagram()
    before, after = lines.laid[0], lines.laid[-1]
    assert len(after.shapes) < len(before.shapes)


W = np.ones((4, 2, 3, 3))
F = (oa.Down(2) @ oa.Conv([1, 2, 1])).on(8, mode="same", boundary="wrap")
G = oa.Conv([1, 1]).on(4)
ARRAYS: list[Any] = [
    F, F.T, F.H, G @ F, 2 * F + F, (G @ F).T, (1j * F).H, G.conj(), oa.Conv([1, 1]).on(oa.factors("n")),
    oa.Block([[oa.Conv([1, 2]), oa.Up(2)], [oa.Identity(), oa.Shift(2)]]).on(8),
    oa.Block([[oa.Conv([1, 2]), oa.Up(2)], [oa.Identity(), oa.Shift(2)]]).on(8).T * 3,
    oa.PixelShuffle(9).on(3), oa.Polyphase(9).on(81) @ oa.PixelShuffle(9).on(9),
    oa.nn.Conv(W, stride=2, padding=1, groups=2), oa.nn.ConvTranspose(W, stride=(2, 3), padding=1, dilation=2),
    oa.nn.Conv(W, padding="same"), oa.nn.MaxPool(2), oa.nn.AvgPool((2, 3), stride=1, padding=1), oa.nn.Upsample(2),
    oa.nn.PixelShuffle(2), oa.nn.PixelUnshuffle(2), oa.Pointwise("relu"), oa.Pointwise("relu").on(4),
    oa.nn.Conv(W).on((8, 8)), oa.nn.Conv(W).on((8, 8)).T, oa.nn.MaxPool(2).on((3, 8)), oa.nn.PixelShuffle(2).on((4, 4)),
    oa.nn.AvgPool(2).on(8).T @ oa.nn.AvgPool(2).on(8), oa.nn.MaxPool(2).on(4).jacobian(np.arange(4.0)),
    oa.nn.Conv(W).grad_weight(np.ones((2, 8, 8))), oa.nn.Upsample(2) @ oa.Conv([1, 2]),
    (oa.nn.MaxPool(2) @ oa.Pointwise("relu") @ oa.nn.Conv([[[1, -1]]])).on(8),
    oa.prove(oa.Conv([1, 1]).on(4).T, oa.Conv([1, 1]).T.on(5, out=4)),
]  # fmt: skip


@pytest.mark.parametrize("thing", ARRAYS, ids=lambda thing: str(thing).splitlines()[0][:50])
def test_arrays_and_layers(thing: Any) -> None:
    drawing = thing.diagram()
    check_geometry(drawing)
    ElementTree.fromstring(drawing.svg)
    assert str(drawing)
    assert f"{drawing:ascii}".isascii()
    if hasattr(thing, "dims"):
        for size in (thing.dims[-1], thing.dimsd[-1]):
            assert str(size) in str(drawing)


def test_windows_are_written_at_the_ends() -> None:
    assert str(F.diagram()).split("\n")[1].startswith("x: 8, wrap")
    assert str(F.diagram()).split("\n")[1].endswith("y: 4, same")
    assert "x: 4, same" in str(F.T.diagram())
    assert "y: 8, wrap" in str(F.T.diagram())
    assert "2 → 4 channels" not in str(oa.nn.Conv(W, groups=2).diagram())
    assert "4 → 4 channels, 2 groups" in str(oa.nn.Conv(W, groups=2).diagram())


def test_drawings_are_saved(tmp_path: Path) -> None:
    drawing = oa.Conv(q).diagram()
    drawing.save(tmp_path / "d.svg")
    drawing.save(str(tmp_path / "d.html"))
    assert (
        (tmp_path / "d.svg").read_text(encoding="utf-8") == drawing.svg == drawing._repr_svg_() == drawing._repr_html_()
    )
    assert drawing.svg in (tmp_path / "d.html").read_text(encoding="utf-8")
    with pytest.raises(oa.OperandError, match=r"\.svg or \.html"):
        drawing.save(tmp_path / "d.png")
    with pytest.raises(oa.OperandError, match="no block diagram"):
        diagram(3)


def test_text_is_that_of_the_golden_file() -> None:
    assert golden() == GOLDEN.read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.write_text(golden(), encoding="utf-8")
