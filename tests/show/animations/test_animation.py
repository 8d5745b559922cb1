"""Convolution arithmetic: what is drawn is what layers and operators do, by oracles that work from the formulas."""

from __future__ import annotations

import re
from fractions import Fraction
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.show.animations.animation import Arithmetic, arithmetic
from opalgebra.show.animations.sliding import Stage, scene
from tests import nn_oracles

SPACE = "{http://www.w3.org/2000/svg}"


def kernel(*shape: int) -> np.ndarray:
    """Weights of which no two are equal and none is 0."""
    return np.arange(1, 1 + int(np.prod(shape))).reshape(shape) * 3 - 2


def spread(value: Any, ndim: int) -> Any:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * ndim


def matrix_of(run: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The matrix of a linear function of arrays, column by column."""
    columns = []
    for at in np.ndindex(*shape):
        x = np.zeros(shape)
        x[at] = 1
        columns.append(np.asarray(run(x)).reshape(-1))
    return np.array(columns).T


CONVS = [
    (k, n, s, p, d)
    for k, n in [((3,), (7,)), ((4,), (9,)), ((3, 2), (5, 6)), ((1, 3), (3, 4))]
    for s, p, d in product((1, 2, 3), (0, 1, 2), (1, 2))
    if all(m + 2 * p > d * (j - 1) for j, m in zip(k, n, strict=True))
]
TRANSPOSES = [
    (k, n, s, p, extra, d)
    for k, n in [((3,), (4,)), ((2, 3), (2, 3))]
    for s, p, extra, d in product((1, 2, 3), (0, 1), (0, 1), (1, 2))
    if extra < max(s, d)
]


def conv_case(k: Any, n: Any, s: int, p: int, d: int) -> tuple[Any, np.ndarray]:
    w, ndim = kernel(1, 1, *k), len(k)
    pads = [(p, p)] * ndim
    run = lambda x: nn_oracles.conv(x[None, None], w, (s,) * ndim, pads, (d,) * ndim)  # noqa: E731
    return oa.nn.Conv(w, stride=s, padding=p, dilation=d), matrix_of(run, n)


def transpose_case(k: Any, n: Any, s: int, p: int, extra: int, d: int) -> tuple[Any, np.ndarray]:
    w, ndim = kernel(1, 1, *k), len(k)
    crops = [(p, p - extra)] * ndim
    run = lambda x: nn_oracles.conv_transpose(x[None, None], w, (s,) * ndim, crops, (d,) * ndim)  # noqa: E731
    return oa.nn.ConvTranspose(w, s, p, extra, d), matrix_of(run, n)


def drawn_matrix(animation: Arithmetic, panel: int) -> np.ndarray:
    """The weights that a panel shows on the cells that it marks: rows from outputs that gather, or from stamps."""
    made, shown = animation.scene, animation.panels[panel]
    matrix = np.zeros((len(made.outs.samples()), len(made.ins.samples())), dtype=object)
    stage = made.ins if panel == 0 else made.outs
    first = 0 if panel == 0 else shown.inputs
    cells = {first + i: position for i, position in enumerate(stage.positions())}
    samples = {stage.at(sample): i for i, sample in enumerate(stage.samples())}
    wanted = {"read", "largest"} if panel == 0 else {"made"}
    for index, step in enumerate(shown.steps):
        for place, state, corner in step.now:
            if state in wanted and place in cells and (panel or place < shown.inputs):
                other = samples[cells[place]]
                at = (index, other) if panel == 0 else (other, index)
                matrix[at] = Fraction(corner.replace("−", "-")) if corner else 1
    return matrix


def assert_draws(layer: Any, n: Any, expected: np.ndarray) -> Arithmetic:
    """Rows, and both panels, are the matrix."""
    animation = arithmetic(layer, n)
    rows = np.zeros(expected.shape, dtype=object)
    for i, row in enumerate(animation.scene.rows):
        for j, weight in row.items():
            rows[i, j] = weight
    np.testing.assert_allclose(rows.astype(float), expected, atol=1e-12)
    for panel in range(2):
        np.testing.assert_allclose(drawn_matrix(animation, panel).astype(float), expected, atol=1e-12)
    assert [len(panel.steps) for panel in animation.panels] == list(expected.shape)
    return animation


@pytest.mark.parametrize(("k", "n", "s", "p", "d"), CONVS)
def test_a_convolution_draws_its_matrix_and_its_geometry(k: Any, n: Any, s: int, p: int, d: int) -> None:
    layer, expected = conv_case(k, n, s, p, d)
    made = assert_draws(layer, n, expected).scene
    for m, window in zip(made.outs.samples(), made.windows, strict=True):
        taps = {
            tuple(a * s + j * d - p for a, j in zip(m[1:], at, strict=True)): layer.weight[(0, 0, *at)]
            for at in np.ndindex(*k)
        }
        assert {position[1:]: tap for position, tap in window} == taps
    kinds = [made.ins.kind(position) for position in made.ins.positions()]
    assert kinds.count("sample") == np.prod(n)
    assert kinds.count("between") == 0
    assert kinds.count("outside") == np.prod([a + 2 * p for a in n]) - np.prod(n)


@pytest.mark.parametrize(("k", "n", "s", "p", "extra", "d"), TRANSPOSES)
def test_a_transposed_convolution_draws_inserted_zeros_and_crops(
    k: Any, n: Any, s: int, p: int, extra: int, d: int
) -> None:
    layer, expected = transpose_case(k, n, s, p, extra, d)
    made = assert_draws(layer, n, expected).scene
    for i, stamp in zip(made.ins.samples(), made.stamps, strict=True):
        taps = {
            tuple(a * s + j * d - p for a, j in zip(i[1:], at, strict=True)): layer.weight[(0, 0, *at)]
            for at in np.ndindex(*k)
        }
        assert {position[1:]: tap for position, tap in stamp} == taps
    kinds = [made.ins.kind(position) for position in made.ins.positions()]
    assert kinds.count("sample") == np.prod(n)
    assert kinds.count("between") == np.prod([(a - 1) * s + 1 for a in n]) - np.prod(n)
    full = [(a - 1) * s + d * (b - 1) + 1 for a, b in zip(n, k, strict=True)]
    cropped = sum(made.outs.kind(position) == "outside" for position in made.outs.positions())
    kept = [max(f, f - p + extra) - max(0, f - 2 * p + extra) for f in full]
    assert len(n) > 1 or cropped == p + max(0, p - extra), kept


def test_the_geometry_would_notice_another_stride() -> None:
    layer, expected = conv_case((3,), (7,), 2, 1, 1)
    other = oa.nn.Conv(layer.weight, stride=2, padding=[(2, 0)])
    with pytest.raises(AssertionError):
        assert_draws(other, 7, expected)


POOLS = [(k, s, p, ceil) for k, s, p, ceil in product((2, 3), (1, 2, 3), (0, 1), (False, True)) if 2 * p <= k]


@pytest.mark.parametrize(("k", "s", "p", "ceil"), POOLS)
@pytest.mark.parametrize("n", [(6,), (4, 5)])
def test_pools_read_their_windows(k: int, s: int, p: int, ceil: bool, n: tuple[int, ...]) -> None:
    ndim = len(n)
    pads, ones = [(p, p)] * ndim, (1,) * ndim
    found = list(nn_oracles.windows(n, (k,) * ndim, (s,) * ndim, pads, ones, ceil))
    expected = np.zeros((len(found), int(np.prod(n))))
    for i, (_, window) in enumerate(found):
        for at in window:
            if all(0 <= a < b for a, b in zip(at, n, strict=True)):
                expected[i, np.ravel_multi_index(at, n)] = 1
    made = assert_draws(oa.nn.MaxPool(k, s, p, ceil_mode=ceil), n, expected).scene
    assert [sorted(at[1:] for at, _ in window) for window in made.windows] == [sorted(w) for _, w in found]
    for include in (True, False):
        mean = matrix_of(lambda x, i=include: nn_oracles.avg_pool(x, (k,) * ndim, (s,) * ndim, pads, ceil, i), n)
        assert_draws(oa.nn.AvgPool(k, s, p, ceil_mode=ceil, count_include_pad=include), n, mean)


def test_the_largest_is_marked_and_written() -> None:
    animation = arithmetic(oa.nn.MaxPool(2), 4, values=[5, 2, 3, 3])
    assert animation.formulas() == ["y₀ = max(x₀, x₁) = max(5, 2) = 5", "y₁ = max(x₂, x₃) = max(3, 3) = 3"]
    marked = [[place for place, state, _ in step.now if state == "largest"] for step in animation.panels[0].steps]
    assert marked == [[0], [2]]  # the first of equal ones


@pytest.mark.parametrize("r", [2, 3])
def test_upsampling_is_drawn_with_its_ends(r: int) -> None:
    nearest = matrix_of(lambda x: np.repeat(x, r), (4,))
    assert_draws(oa.nn.Upsample(r), 4, nearest)
    linear = matrix_of(lambda x: nn_oracles.upsample_linear(x, r), (4,))
    animation = arithmetic(oa.nn.Upsample(r, "linear"), 4)
    rows = np.array([[row.get(j, 0) for j in range(4)] for row in animation.scene.rows], dtype=float)
    np.testing.assert_allclose(rows, linear)
    np.testing.assert_allclose(drawn_matrix(animation, 1).astype(float), linear)
    # In the gathering view an end is read from its copies as well: together they have the weight of the matrix.
    made = animation.scene
    for row, window in zip(linear, made.windows, strict=True):
        total = np.zeros(4)
        for position, tap in window:
            if position[1] % r == 0:
                total[min(max(position[1] // r, 0), 3)] += tap
        np.testing.assert_allclose(total, row)


def test_shuffles_show_all_their_channels() -> None:
    x = np.arange(16).reshape(4, 2, 2)
    animation = arithmetic(oa.nn.PixelShuffle(2), (2, 2), values=x)
    [gather, _] = animation.panels
    final = [cell.text for cell in gather.at(len(gather.steps) - 1)[gather.inputs :]]
    assert final == [str(x[2 * (a % 2) + b % 2, a // 2, b // 2]) for a, b in product(range(4), range(4))]
    back = arithmetic(oa.nn.PixelUnshuffle(2), (4, 4))
    assert [len(panel.steps) for panel in back.panels] == [16, 16]


def test_groups_and_channels_show_the_pair_that_was_asked_for() -> None:
    w = kernel(4, 3, 3)
    layer = oa.nn.Conv(w, padding=1, groups=2)
    full = layer.on(5)._exact()
    for o, i in product(range(4), range(6)):
        if o // 2 != i // 3:
            with pytest.raises(oa.OperandError, match="group"):
                arithmetic(layer, 5, channels=(o, i))
            continue
        animation = arithmetic(layer, 5, channels=(o, i))
        assert f"output channel {o} of 4" in animation.scene.note
        np.testing.assert_array_equal(drawn_matrix(animation, 0), full[5 * o : 5 * o + 5, 5 * i : 5 * i + 5])
    up = oa.nn.ConvTranspose(kernel(4, 3, 3), stride=2, groups=2)
    full = up.on(3)._exact().reshape(6, 7, 4, 3)
    np.testing.assert_array_equal(drawn_matrix(arithmetic(up, 3, channels=(4, 3)), 0), full[4, :, 3])


# Operators on ℤ ---------------------------------------------------------------------------------------------


def shifted(x: dict[int, Any], rule: Any) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for n, value in x.items():
        for m, weight in rule(n):
            found[m] = found.get(m, 0) + weight * value
    return {m: value for m, value in found.items() if value}


LETTERS: list[tuple[Any, Any]] = [
    (oa.Conv([1, 2, 5]), lambda n: [(n + d, w) for d, w in enumerate((1, 2, 5))]),
    (oa.Conv(oa.Signal([3, 0, -1], start=-2)), lambda n: [(n - 2, 3), (n, -1)]),
    (oa.Up(2), lambda n: [(2 * n, 1)]),
    (oa.Up(3), lambda n: [(3 * n, 1)]),
    (oa.Down(2), lambda n: [(n // 2, 1)] if n % 2 == 0 else []),
    (oa.Shift(2), lambda n: [(n + 2, 1)]),
    (oa.Flip(), lambda n: [(-n, 1)]),
    (oa.Modulate([1, -2]), lambda n: [(n, (1, -2)[n % 2])]),
]


@pytest.mark.campaign(57)
@pytest.mark.parametrize("word", list(product(range(len(LETTERS)), repeat=3))[::3])
def test_words_are_drawn_as_their_letters_say(word: tuple[int, ...]) -> None:
    operator = LETTERS[word[0]][0] @ LETTERS[word[1]][0] @ LETTERS[word[2]][0]
    size = 3
    try:
        animation = arithmetic(operator, size)
    except oa.WindowError:  # nothing comes out
        return
    made = animation.scene
    outputs = [n[1] for n in made.outs.samples()]
    expected = np.zeros((len(outputs), size))
    for m in range(size):
        x: dict[int, Any] = {m: 1}
        for letter in reversed(word):
            x = shifted(x, LETTERS[letter][1])
        for n, value in x.items():
            expected[outputs.index(n), m] = value
    assert_draws(operator, size, expected)


def test_sums_multiples_transposes_and_two_axes() -> None:
    q = [[1, 2], [3, 4]]
    for operator in (
        oa.Conv([1, 2]) @ oa.Up(2) + 3 * oa.Up(2),
        (oa.Down(2) @ oa.Conv([1, 2, 3])).T,
        oa.Identity() + oa.Flip(),
        oa.Repeat(3),
        (oa.Up(2) @ oa.Conv([1, 1])) ** 2,
    ):
        bound = operator.on(4)
        assert_draws(operator, 4, bound._exact().astype(float))
    flat = oa.Down((2, 1)) @ oa.Conv(q) @ oa.Up((3, 2))
    assert_draws(flat, (3, 2), flat.on((3, 2))._exact().astype(float))
    quincunx = oa.Up([[1, 1], [1, -1]])
    assert_draws(quincunx, (2, 3), quincunx.on((2, 3))._exact().astype(float))


def test_a_word_that_spreads_shows_the_zeros_that_it_inserts() -> None:
    made = scene(oa.Conv([1, 2, 1]) @ oa.Up(3), 4)
    kinds = "".join(made.ins.kind(position)[0] for position in made.ins.positions())
    assert kinds == "oo" + "sbbsbbsbbs" + "oo"
    assert not scene(oa.Up(2) @ oa.Down(2), 6).slides


# Numbers ----------------------------------------------------------------------------------------------------


def test_numbers_are_exact_and_formulas_add_up() -> None:
    x = [Fraction(1, 3), 2, Fraction(-1, 2), 4]
    animation = arithmetic(oa.Conv([1, -2]), 4, values=x)
    assert animation.formulas()[:2] == ["y₀ = 1·x₀ = 1·1/3 = 1/3", "y₁ = −2·x₀ + 1·x₁ = −2·1/3 + 1·2 = 4/3"]
    for panel in animation.panels:
        outputs = panel.at(len(panel.steps) - 1)[panel.inputs :]
        assert [cell.text for cell in outputs] == ["1/3", "4/3", "−9/2", "5", "−8"]


def test_rounded_numbers_are_marked() -> None:
    weight = np.array([[[0.5, 1 / 3]]])
    assert arithmetic(oa.nn.Conv(weight), 2).formulas() == ["y₀ ≈ 1/2·x₀ + 0.333·x₁"]
    assert arithmetic(oa.Conv([0.1]), 1, values=[3]).formulas() == ["y₀ ≈ 0.1·x₀ ≈ 0.1·3 ≈ 0.3"]  # 3 · 0.1 > 0.3
    assert arithmetic(oa.Conv([0.1]), 1, values=[2]).formulas() == ["y₀ = 0.1·x₀ = 0.1·2 = 0.2"]


def test_without_numbers_overlaps_are_counted() -> None:
    animation = arithmetic(oa.nn.ConvTranspose(np.ones((1, 1, 3)), stride=2), 4, view="scatter")
    [panel] = animation.panels
    assert [cell.text for cell in panel.at(3)[panel.inputs :]] == list("112121211")


def test_formal_taps_that_are_known_by_name_are_shown_by_name() -> None:
    animation = arithmetic(oa.Conv(oa.signals("q", length=2)), 2)
    assert animation.formulas() == ["y₀ = q₀·x₀", "y₁ = q₁·x₀ + q₀·x₁", "y₂ = q₁·x₁"]


# Refusals ---------------------------------------------------------------------------------------------------

CONV = oa.nn.Conv(np.ones((1, 1, 3, 3)))


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: arithmetic(oa.Conv(oa.signals("q")) @ oa.Up(2), 5), oa.FormalSignalError, "give taps"),
        (lambda: arithmetic(oa.Up(oa.factors("k")), 5), oa.FormalSignalError, "k"),
        (lambda: arithmetic(CONV, 0), oa.WindowError, "at least one"),
        (lambda: arithmetic(CONV, (5, -1)), oa.WindowError, "negative"),
        (lambda: arithmetic(CONV, 2), oa.WindowError, "no outputs"),
        (lambda: arithmetic(CONV, (5, 5, 5)), oa.DimensionError, "axes"),
        (lambda: arithmetic(oa.nn.Conv(np.ones((1, 1, 2, 2, 2))), 5), oa.DimensionError, "one or two"),
        (lambda: arithmetic(CONV, (64, 64)), oa.SizeError, "smaller n"),
        (lambda: arithmetic(oa.Conv(np.ones(10**6)), 3), oa.SizeError, "kernel"),
        (lambda: arithmetic(oa.Up(10**12), 3), oa.SizeError, "output"),
        (lambda: arithmetic(oa.Down(10**12) @ oa.Up(10**6), 3), oa.SizeError, "input"),
        (lambda: arithmetic(oa.nn.Conv(np.ones((1, 1, 2)), padding=10**9), 3), oa.SizeError, "output"),
        (lambda: arithmetic(CONV, 5, channels=(1, 0)), oa.DimensionError, "1 output"),
        (lambda: arithmetic(CONV, 5, channels=0), oa.DimensionError, "pair"),
        (lambda: arithmetic(CONV, 5, view="left"), oa.OperandError, "view"),
        (lambda: arithmetic(CONV, 5, values=[1, 2]), oa.DimensionError, "expected"),
        (lambda: arithmetic(CONV, 5, values=np.full((5, 5), np.nan)), oa.OperandError, "finite"),
        (lambda: arithmetic(oa.Up(2), 2, values=[True, False]), oa.OperandError, "finite numbers"),
        (lambda: arithmetic(oa.Up(2), 2, values=["a", "b"]), oa.OperandError, "finite numbers"),
        (lambda: arithmetic(oa.Up(2), 2, values=[[1], [1, 2]]), oa.OperandError, "ragged"),
        (lambda: arithmetic(oa.nn.MaxPool(2), 2, values=[1j, 2]), oa.OperandError, "real"),
        (lambda: arithmetic([1, 2, 1], 5), oa.OperandError, "give a layer"),
        (lambda: arithmetic(CONV @ CONV, 9), oa.OperandError, "single Conv"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        make()


def test_frames_beyond_the_last_are_refused() -> None:
    with pytest.raises(IndexError):
        arithmetic(CONV, 4).frame(99)


# Files and pages --------------------------------------------------------------------------------------------

SHOWN = [
    (oa.nn.Conv(kernel(1, 1, 3, 3), stride=2, padding=1), 5, np.arange(25).reshape(5, 5) % 7),
    (oa.nn.ConvTranspose(kernel(1, 1, 3, 3), 2, 1, 1), 3, None),
    (oa.nn.Conv(kernel(1, 1, 2), dilation=3), 7, np.arange(7) / 8),
    (oa.Conv([1, 2, 1]) @ oa.Up(2), 4, [5, 3, 4, 1]),
    (oa.nn.Upsample(2, "linear"), 4, None),
    (oa.nn.MaxPool(3, 2, 1), (5, 5), np.arange(25).reshape(5, 5) * 7 % 10),
    (oa.nn.PixelShuffle(2), (2, 2), None),
]


@pytest.mark.parametrize(("layer", "n", "values"), SHOWN)
def test_frames_are_well_formed_and_shows_each_step(layer: Any, n: Any, values: Any, tmp_path: Path) -> None:
    animation = layer.animate(n, values=values)
    frames = animation.frames()
    assert len(frames) == len(animation) == len(set(frames))
    for frame in [*frames, animation.filmstrip()]:
        root = ElementTree.fromstring(frame)
        width, height = (float(root.get(name, "")) for name in ("width", "height"))
        for element in root.iter():
            assert element.get("id") is None  # several drawings on one page do not collide
        assert width < 2000
        assert height < 4000
    animation.save(tmp_path / "frames")
    assert [path.read_text("utf-8") for path in sorted((tmp_path / "frames").iterdir())] == frames
    animation.save(tmp_path / "x.svg")
    ElementTree.parse(tmp_path / "x.svg")
    animation.save(tmp_path / "x.html")
    assert animation.scene.title.split("(")[0] in (tmp_path / "x.html").read_text("utf-8")
    with pytest.raises(oa.OperandError, match="html"):
        animation.save(tmp_path / "x.gif")


def test_the_text_marks_what_is_read() -> None:
    lines = str(arithmetic(oa.Down(2) @ oa.Conv([1, 2, 1]), 4)).splitlines()
    assert lines[7:11] == [
        "step 2 of 3",
        " 0   0  [x₀][x₁][x₂] x₃  0",
        "     y₀     [y₁]     ·",
        "y₁ = 1·x₀ + 2·x₁ + 1·x₂",
    ]


class Balance(HTMLParser):
    """Opens and closes; the ids that occur."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.ids += [value for name, value in attrs if name == "id"]
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_fragments_are_balanced_self_contained_and_have_ids_of_their_own() -> None:
    fragments = [arithmetic(layer, n, values=v)._repr_html_() for layer, n, v in SHOWN + SHOWN[:1] * 2]
    parser = Balance()
    parser.feed("".join(fragments))
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids)) == len(fragments)
    for fragment in fragments:
        addresses = set(re.findall(r"https?://[^\"' )]*", fragment))
        assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not a place
        assert not re.search(r"<(link|img|iframe|script[^>]*src)", fragment)
        assert len(fragment) < 200_000


def test_a_stage_knows_its_cells() -> None:
    stage = Stage.of(1, (0,), (3,), (2,)).holding((-1,), (6,))
    assert [stage.kind(position)[0] for position in stage.positions()] == list("osbsbso")
