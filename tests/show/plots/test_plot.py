"""Plots: curves against SciPy and against operators run on exponentials, pictures against matrices."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
import pytest
import scipy.signal
import sympy

import opalgebra as oa
from opalgebra.show.plots.bank import magnitude_2d
from opalgebra.show.plots.matrix import beyond
from opalgebra.show.plots.proof import answers
from opalgebra.show.plots.signal import BINS, envelope
from opalgebra.show.plots.spectrum import AliasMap, Taps, frequencies, group_delay, phase
from opalgebra.show.plots.style import DARK, PAPER, PIXELS, decimated, entry_text, title

N = 256
RNG = np.random.default_rng(20261122)
LOWPASS = scipy.signal.firwin(31, 1 / 3)
RATES = [
    oa.Down(3) @ oa.Conv(LOWPASS),
    oa.Conv(LOWPASS) @ oa.Up(3),
    oa.Down(3) @ oa.Conv(LOWPASS) @ oa.Up(2),
    oa.Up(2) @ oa.Conv([1, 2, 3]) @ oa.Down(2),
    oa.Modulate([1, -1, 2]) @ oa.Conv(oa.Signal([1, 2j, 3], start=-1)),
    (oa.Down(4) @ oa.Conv([1, 2, 3, 4, 5])).T,
    oa.Down(4) @ oa.Up(6) @ oa.Shift(3),
    oa.Shift(-2) @ oa.Up(3) @ oa.Down(2) @ oa.Conv([1, 1]),
]


def drawn(figure: Any) -> bytes:
    """The figure as a PNG: what a reader of pictures gets, with every warning an error."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=50)
    return file.getvalue()


def words(figure: Any) -> str:
    """Every text of a figure, the titles among them."""
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


# Curves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [-4, 0, 7])
def test_a_filter_has_the_response_and_group_delay_of_scipy(start: int) -> None:
    taps = RNG.standard_normal(9)
    found = AliasMap.of(oa.Conv(oa.Signal(taps, start=start)))
    f = np.fft.fftfreq(N)
    _, expected = scipy.signal.freqz(taps, worN=2 * np.pi * f)
    assert found.is_filter
    assert np.allclose(found.filter.spectrum(N), expected * np.exp(-2j * np.pi * f * start))
    _, delay = scipy.signal.group_delay((taps, [1.0]), w=2 * np.pi * f)
    assert np.allclose(group_delay(found.filter, N), delay + start)
    assert np.allclose(np.exp(1j * phase(found.filter, N)), np.exp(1j * np.angle(np.fft.fftshift(
        found.filter.spectrum(N)))))  # fmt: skip


def test_the_zero_operator_says_that_it_is() -> None:
    assert "0 at every frequency" in words(oa.Zero().plot(points=64))


def test_the_delay_of_a_filter_has_a_gap_where_the_response_is_zero() -> None:
    delay = group_delay(AliasMap.of(oa.Conv([1, 1])).filter, N)
    assert np.isnan(delay[N // 2])
    assert np.allclose(np.delete(delay, N // 2), 0.5)


def test_long_filters_are_folded_onto_the_frequencies() -> None:
    taps = RNG.standard_normal(1000)
    _, expected = scipy.signal.freqz(taps, worN=2 * np.pi * np.fft.fftfreq(64))
    assert np.allclose(AliasMap.of(oa.Conv(taps)).filter.spectrum(64), expected)


@pytest.mark.parametrize("operator", RATES, ids=str)
def test_alias_components_are_what_comes_of_exponentials(operator: oa.LinearOperator) -> None:
    """A @ e^{2πiνn} on a long window, taken apart at its middle into the frequencies (Mν + m)/L."""
    found = AliasMap.of(operator)
    L, M = found.outputs, found.inputs
    components, f = found.components(N), frequencies(N)
    for at in (3, 77, 130, 201):
        for k in range(M):
            v = (L * f[at] + k) / M
            x = oa.Signal(np.exp(2j * np.pi * v * np.arange(-240, 240)), start=-240)
            y = (operator @ x)[0:L]
            # of the L outputs of a period: the part of frequency f, by a discrete Fourier transform
            own = np.mean(y * np.exp(-2j * np.pi * f[at] * np.arange(L)))
            assert np.isclose(own * L / M, components[k, at]), (at, k)


@pytest.mark.parametrize("operator", [op for op in RATES if AliasMap.of(op).is_resampler], ids=str)
def test_a_change_of_rate_is_its_one_filter_between_up_and_down(operator: oa.LinearOperator) -> None:
    found = AliasMap.of(operator)
    h = found.filter
    taps = np.zeros(h.at.max() - h.at.min() + 1, dtype=h.values.dtype)
    taps[h.at - h.at.min()] = h.values
    rebuilt = oa.Down(found.inputs) @ oa.Conv(oa.Signal(taps, start=int(h.at.min()))) @ oa.Up(found.outputs)
    assert rebuilt.equals(operator)


def test_no_one_filter_is_claimed_of_a_varying_operator() -> None:
    found = AliasMap.of(oa.Up(2) @ oa.Down(2))
    assert (found.outputs, found.inputs, found.is_resampler) == (2, 2, False)
    with pytest.raises(oa.WindowError, match="no one filter"):
        _ = found.filter


def test_the_drawn_curves_are_the_computed_ones() -> None:
    figure = oa.Conv(LOWPASS).plot(points=N)
    x, y = figure.axes[0].lines[0].get_data()
    _, expected = scipy.signal.freqz(LOWPASS, worN=2 * np.pi * x)
    assert np.allclose(y, 20 * np.log10(np.abs(expected)), atol=1e-6)
    figure = (oa.Down(3) @ oa.Conv(LOWPASS)).plot(points=N, db=False)
    x, y = figure.axes[1].lines[1].get_data()
    _, expected = scipy.signal.freqz(LOWPASS, worN=2 * np.pi * (x + 1) / 3)
    assert np.allclose(y, np.abs(expected) / 3)


def test_a_bank_shows_its_aliasing_functions() -> None:
    h, g = ([1, 1, 0.25], [1, -1]), ([1, 1], [-1, 1])
    figure = oa.filterbank(h, g, 2).plot(db=False, points=N)
    x, alias = figure.axes[2].lines[1].get_data()
    spectra = [[scipy.signal.freqz(t, worN=2 * np.pi * (x + s))[1] for t in h] for s in (0, 0.5)]
    synthesis = [scipy.signal.freqz(t, worN=2 * np.pi * x)[1] for t in g]
    for line, of in zip(figure.axes[2].lines[:2], spectra, strict=True):
        expected = np.abs(sum(a * b for a, b in zip(of, synthesis, strict=True))) / 2
        assert np.allclose(line.get_ydata(), expected)
    assert alias.max() > 0.1


@pytest.mark.parametrize(
    "bank", [oa.wavelet("db4"), oa.wavelet("haar").tree(2), oa.dft_bank(4)], ids=["db4", "tree", "dft"]
)
def test_exact_banks_are_shown_without_aliases(bank: Any) -> None:
    assert "aliasing is exactly 0" in words(bank.plot(points=64))


def test_two_axes_are_transformed_on_both() -> None:
    taps = RNG.standard_normal((3, 4))
    expected = np.fft.fftshift(np.abs(np.fft.fft2(taps, (256, 256))))
    at = np.argwhere(np.ones_like(taps))
    assert np.allclose(magnitude_2d(at - [1, 2], taps.ravel()), expected)


# Pictures of entries ----------------------------------------------------------------------------------------------


def cells(figure: Any) -> dict[tuple[int, int], str]:
    """What is written in the cells of a matrix, by (row, column)."""
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in figure.axes[0].texts}


@pytest.mark.parametrize("operator", [
    oa.Down(2) @ oa.Conv([1, 2, 3]),
    oa.Conv(oa.Signal([1, -2, 3], start=-1)) @ oa.Up(3),
    oa.Conv([1, 2]) @ oa.Up(2) @ oa.Conv([1, 1]),
    oa.Modulate([1, -1]) @ oa.Conv([1, 2]),
    oa.Down(2) + oa.Down(3),
    oa.Flip() @ oa.Conv([5, 7]),
], ids=str)  # fmt: skip
def test_the_picture_has_the_entries_of_the_matrix(operator: oa.LinearOperator) -> None:
    rows, cols = (-3, 5), (-2, 6)
    expected = operator.matrix(rows, cols)
    shown = cells(operator.plot("matrix", rows=rows, cols=cols))
    assert len(shown) == 64
    for (n, m), text in shown.items():
        assert text.replace("−", "-") == str(expected[n + 3, m + 2])


def test_one_colour_is_one_tap() -> None:
    """Of ↓2 (q∗) the entry (n, m) is the tap 2n − m."""
    figure = (oa.Down(2) @ oa.Conv([4, 5, 6])).plot("matrix", rows=4, cols=8)
    axes = figure.axes[0]
    legend = axes.get_legend()
    colours = {h.get_facecolor(): t.get_text() for h, t in zip(legend.get_patches(), legend.get_texts(), strict=True)}
    assert len(colours) == 3
    for patch in axes.patches:
        n, m = round(patch.get_y() + 0.5), round(patch.get_x() + 0.5)
        assert colours[patch.get_facecolor()] == f"$q_{{{2 * n - m}}}$"
    assert len(axes.patches) == sum(0 <= 2 * n - m < 3 for n in range(4) for m in range(8))


def test_taps_of_several_kernels_are_those_of_the_one_filter() -> None:
    figure = (oa.Conv([1, 2]) @ oa.Up(2) @ oa.Conv([1, 1])).plot("matrix", rows=6, cols=3)
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == [f"$h_{{{i}}}$" for i in range(4)]


def test_formal_kernels_are_shown_by_their_taps() -> None:
    q = oa.signals("q")
    shown = cells((oa.Conv(q) @ oa.Up(2)).plot("matrix", rows=4, cols=3))
    assert shown[0, 1] == "$q_{-2}$"
    assert shown[3, 0] == "$q_{3}$"
    assert cells((oa.Down(2) @ oa.Conv(q)).plot("matrix"))[1, 0] == "$q_{2}$"


def test_what_the_boundary_adds_is_framed() -> None:
    operator = oa.Conv(oa.Signal([1, 2, 3], start=-1))
    bound = operator.on(5, mode="same", boundary="symmetric")
    changed = beyond(bound, bound.todense())
    inside = np.array(operator.matrix(5, 5)).astype(float)
    assert np.array_equal(changed, bound.todense() != inside)
    assert int(changed.sum()) == 2
    assert "2 entries changed by the boundary" in words(bound.plot())
    assert beyond(operator.on(5), operator.on(5).todense()) is None


def test_images_keep_the_largest_entry_of_a_block() -> None:
    values = RNG.standard_normal((2 * PIXELS + 1, 7))
    shown, blocks = decimated(values)
    assert blocks == (3, 1)
    for i in range(len(shown)):
        block = values[3 * i : 3 * i + 3]
        assert np.array_equal(np.abs(shown[i]), np.abs(block).max(axis=0))
    assert decimated(values[:5]) == (pytest.approx(values[:5]), (1, 1))


@pytest.mark.parametrize("size", [BINS * 3, BINS * 3 + 1, BINS * 7 - 2])
def test_envelopes_have_the_extremes_of_the_samples(size: int) -> None:
    values = RNG.standard_normal(size)
    values[5] = np.nan
    width, low, high = envelope(values)
    bins = [values[i : i + width] for i in range(0, size, width)]
    assert np.array_equal(low, [np.nanmin(part) for part in bins])
    assert np.array_equal(high, [np.nanmax(part) for part in bins])
    figure = oa.Signal(values).plot()
    assert f"{size:,} samples: minimum and maximum of every {width}" in words(figure)
    assert "1 samples are not finite" in words(figure)


def test_stems_stand_at_absolute_indices() -> None:
    axes = oa.Signal([3, -1, 2], start=-2).plot().axes[0]
    x, y = axes.lines[0].get_data()
    assert (x.tolist(), y.tolist()) == ([-2, -1, 0], [3, -1, 2])
    axes = oa.Signal([1 + 2j, 3j]).plot().axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines[:2]] == [[1, 0], [2, 3]]


def test_answers_to_impulses_are_columns_of_the_matrix() -> None:
    operator = oa.Down(2) @ oa.Conv([1, 3, 3, 1]) @ oa.Up(3)
    figure = operator.plot("impulse", count=3)
    matrix = np.array(operator.matrix((-4, 12), 3)).astype(float)
    for j, axes in enumerate(figure.axes):
        n, values = axes.lines[0].get_data()
        assert np.array_equal(values, matrix[n.astype(int) + 4, j])
        assert values.any()


def test_polyphase_components_are_those_of_the_matrix() -> None:
    figure = (oa.Down(2) @ oa.Conv([1, 2, 3, 4, 5])).plot("polyphase")
    # P = [1 + 3/z + 5/z², 2/z + 4/z²], since y_n = Σ_j x_{2n−j} h_j
    shown = [{int(t): v for t, v in zip(*axes.lines[0].get_data(), strict=True) if v} for axes in figure.axes]
    assert shown == [{0: 1, 1: 3, 2: 5}, {1: 2, 2: 4}]
    symbolic = oa.Conv(oa.signals("q", length=2)).plot("polyphase")
    assert "q_{0}" in words(symbolic)


# Proofs and costs -------------------------------------------------------------------------------------------------


def test_a_refutation_shows_both_sides_around_the_difference() -> None:
    q = oa.signals("q")
    proof = oa.prove(oa.Down(2) @ oa.Conv(q), oa.Conv(q) @ oa.Down(2))
    left, right = answers(proof)
    at = (proof.witness.index,)
    assert (left.get(at, 0), right.get(at, 0)) == (proof.witness.lhs, proof.witness.rhs)
    figure = proof.plot(around=4)
    for axes, side, value in zip(figure.axes, (left, right), (proof.witness.lhs, proof.witness.rhs), strict=True):
        n, y = axes.lines[0].get_data()
        assert y.tolist() == [side.get((i,), 0) for i in n.tolist()]
        ring = axes.lines[1]
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (proof.witness.index, value)
    assert str(proof.witness.kernels["q"]) in words(figure)
    assert "value at index" in words(proof.witness.plot())


def test_a_refutation_under_hypotheses_is_drawn_with_its_kernels() -> None:
    q, h = oa.signals("q h")
    for lhs, rhs, given in [
        (oa.Down(2) @ oa.Conv(h) @ oa.Up(2), oa.Conv(h), oa.nyquist(h, 2)),
        (oa.Conv(q), oa.Conv(q).T @ oa.Conv(q), oa.even_symmetric(q)),
    ]:
        proof = oa.prove(lhs, rhs, given)
        rings = [axes.lines[1].get_ydata()[0] for axes in proof.plot().axes]
        assert rings == [proof.witness.lhs, proof.witness.rhs]


def test_refutations_about_arrays_factors_blocks_and_images_are_drawn() -> None:
    k, q, n = oa.factors("k"), oa.signals("q"), oa.factors("n")
    same = {"mode": "same"}
    for lhs, rhs in [
        (oa.Up(k) @ oa.Down(k), oa.Identity()),
        (oa.Conv(q).T, oa.Conv(q).H),
        (oa.Block([[oa.Up(2), oa.Up(2)]]), oa.Block([[oa.Up(2), oa.Up(3)]])),
        (oa.Up((2, 2)) @ oa.Down((2, 2)), oa.Conv([[1, 2]])),
        (oa.Conv([1, 2, 1]).on(8, **same), oa.Conv([1, 2, 2]).on(8, **same)),
        (oa.Conv([1, 2, 1]).on(n), oa.Conv([1, 2, 2]).on(n)),
    ]:
        proof = oa.prove(lhs, rhs)
        assert proof.verdict == "refuted"
        assert "differ" in words(proof.plot())
    with pytest.raises(oa.OperandError, match="nothing is known to differ"):
        oa.prove(oa.Up(2), oa.Up(2)).plot()


def test_costs_are_the_counted_ones() -> None:
    operator = oa.Conv([1, 2, 1]) @ oa.Repeat(2)
    figure = operator.plot("cost")
    costs = operator.cost(), operator.optimize().cost()
    widths = [[bar.get_width() for bar in bars] for bars in figure.axes[0].containers]
    assert widths == [[float(c.multiply_adds), float(c.naive), float(c.memory)] for c in costs]
    assert widths[1][0] < widths[0][0]
    plan = (oa.Down(2) @ oa.Conv(LOWPASS)).on(100).explain()
    naive, planned = (sum(bar.get_width() for bar in bars) for bars in plan.plot().axes[0].containers)
    assert (naive, planned) == (plan.naive, plan.multiply_adds)


# Every kind, its errors and its looks -----------------------------------------------------------------------------

WEIGHT = RNG.standard_normal((3, 2, 4))
KINDS = {
    "signal-2d": lambda dark: oa.Signal(RNG.standard_normal((4, 5))).plot(dark=dark),
    "signal-symbols": lambda dark: oa.signals("q", length=4, start=-1).plot(dark=dark),
    "signal-empty": lambda dark: oa.Signal(np.zeros(0)).plot(dark=dark),
    "response": lambda dark: oa.Conv(np.array([1, 0.5j])).plot(dark=dark, points=64),
    "response-zero": lambda dark: oa.Zero().plot(dark=dark, points=64),
    "response-rates": lambda dark: RATES[2].plot(dark=dark, points=64),
    "response-many": lambda dark: (oa.Down(30) @ oa.Conv(LOWPASS)).plot(dark=dark, points=64),
    "response-2d": lambda dark: oa.Conv(np.ones((3, 3))).plot(dark=dark),
    "response-column": lambda dark: oa.Polyphase(3).plot(dark=dark, points=64),
    "response-block": lambda dark: oa.Block([[oa.Up(2), 0], [oa.Up(2), oa.Up(2)]]).plot(dark=dark, points=64),
    "matrix-block": lambda dark: oa.Polyphase(2).plot("matrix", rows=3, cols=6, dark=dark),
    "matrix-values": lambda dark: oa.Conv(LOWPASS).plot("matrix", dark=dark),
    "impulse-2d": lambda dark: oa.Conv([[1, 2]]).plot("impulse", dark=dark),
    "bank-2d": lambda dark: oa.filterbank([[[1, 1]], [[1, -1]]], [[[1]], [[1]]], [[1, 1], [1, -1]]).plot(dark=dark),
    "bound-complex": lambda dark: oa.Conv([1, 2j]).on(6).plot(dark=dark),
    "bound-response": lambda dark: oa.Conv([1, 2]).on(6).plot("response", dark=dark, points=64),
    "bound-formal": lambda dark: oa.Conv(oa.signals("q")).on(4, out=4).plot(dark=dark),
    "layer": lambda dark: oa.nn.Conv(WEIGHT).plot(dark=dark),
    "layer-2d": lambda dark: oa.nn.Conv(RNG.standard_normal((7, 2, 3, 3))).plot(dark=dark),
    "layer-matrix": lambda dark: oa.nn.Conv(WEIGHT, stride=2).plot("matrix", channels=(2, 1), dark=dark),
    "layer-pool": lambda dark: oa.nn.AvgPool(3).plot(dark=dark),
    "derivation": lambda dark: oa.derive(oa.Down(2) @ oa.Up(2)).by("down-up").plot(dark=dark),
}


@pytest.mark.campaign(8)
@pytest.mark.parametrize(
    ("kind", "dark"), [*((kind, False) for kind in KINDS), *((k, True) for k in ("response-rates", "layer-matrix"))]
)
def test_every_kind_is_drawn_on_an_opaque_card(kind: str, dark: bool) -> None:
    before = dict(matplotlib.rcParams)
    figure = KINDS[kind](dark)
    assert matplotlib.colors.to_hex(figure.get_facecolor()) == (DARK if dark else PAPER).paper
    assert drawn(figure).startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert figure.axes


def test_no_plot_chooses_a_backend_or_opens_a_window() -> None:
    """In a fresh interpreter, since other libraries may have imported pyplot here."""
    import subprocess

    drawing = "import sys, opalgebra as oa; oa.Conv([1, 2]).plot()._repr_png_()"
    subprocess.run([sys.executable, "-c", f"{drawing}; assert 'matplotlib.pyplot' not in sys.modules"], check=True)


def test_a_notebook_gets_one_picture() -> None:
    figure = oa.Conv([1, 2]).plot(points=64)
    png, size = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 560, "height": 480}
    assert figure._repr_html_() is None
    assert isinstance(figure, matplotlib.figure.Figure)


def test_curves_differ_without_colour() -> None:
    for theme in (PAPER, DARK):
        styles = [(theme.line(i)["color"], theme.line(i)["linestyle"]) for i in range(36)]
        assert len(set(map(str, styles))) == 36
        assert len({theme.marker(i)["marker"] for i in range(6)}) == 6
        assert len({str(theme.line(i)["linestyle"]) for i in range(6)}) == 6


def test_names_are_not_read_as_mathematics() -> None:
    text, options = title("5 $ of a_b", None, r"and \x $", 80)
    assert (text, options) == (r"5 $ of a_b and \x $", {"parse_math": False})
    text, options = title("cost $", oa.Up(2), "$", 80)
    assert (text, options) == (r"cost \$ $\uparrow_{2}$ \$", {"parse_math": True})
    block = oa.Block([[oa.Up(2), oa.Up(2)]])  # mathtext has no matrices
    assert title("", block, "", 80) == ("[↑₂ ↑₂]", {"parse_math": False})
    drawn(oa.Conv(oa.signals("a_b", length=2)).plot("matrix", rows=3, cols=3))
    long = oa.Conv(list(range(100, 140)))
    assert title("of", long, "", 20) == (f"of {str(long)[:17]}…", {"parse_math": False})


def test_entries_are_short() -> None:
    assert [entry_text(v) for v in (-3, sympy.Rational(1, 3), 0.1, -2j, 1 - 1j)] == [
        "−3",
        "0.333",
        "0.1",
        "−2i",
        "1−1i",
    ]


Q, K = oa.signals("q"), oa.factors("k")
REFUSED = [
    (lambda: Q.plot(), oa.FormalSignalError, r"oa.signals\('q', length=3\)"),
    (lambda: (oa.Up(2) @ Q).plot(), oa.FormalSignalError, "no samples"),
    (lambda: oa.signals("q", length=40).plot(), oa.FormalSignalError, "give numbers"),
    (lambda: oa.Signal(np.ones((2, 2, 2))).plot(), oa.DimensionError, "3 axes"),
    (lambda: oa.Conv(Q).plot(), oa.FormalSignalError, r"Conv\(\[1, 2, 1\]\)"),
    (lambda: oa.Up(K).plot(), oa.FormalSignalError, "formal part k"),
    (lambda: oa.Up(K).plot("matrix"), oa.FormalSignalError, "symbolic factor k"),
    (lambda: oa.Conv(Q).plot("impulse"), oa.FormalSignalError, "formal part q"),
    (lambda: oa.Conv(Q).plot("polyphase"), oa.FormalSignalError, "formal part q"),
    (lambda: oa.operators("A").plot("matrix"), oa.FormalSignalError, "any operator"),
    (lambda: (oa.Conv(Q) @ oa.Conv(Q)).plot("matrix"), oa.FormalSignalError, "infinite sums"),
    (lambda: oa.Conv(sympy.symbols("a b")).plot(), oa.FormalSignalError, "symbol a"),
    (lambda: oa.Flip().plot(), oa.WindowError, "reverses time"),
    (lambda: (oa.Down(2) + oa.Down(3)).plot(), oa.WindowError, "sum of the rates"),
    (lambda: (oa.Down(2) + oa.Down(3)).plot("matrix"), oa.WindowError, "rows="),
    (lambda: oa.Down((2, 2)).plot(), oa.WindowError, "changes the rate"),
    (lambda: oa.Conv(np.ones((2, 2, 2))).plot(), oa.DimensionError, "3 axes"),
    (lambda: oa.Up(2).plot("spectrogram"), oa.OperandError, "'response', 'impulse'"),
    (lambda: oa.Up(2).plot(rows=3), oa.OperandError, "no option 'rows'"),
    (lambda: oa.Up(2).plot(points=15), oa.WindowError, "even int"),
    (lambda: oa.Up(2).plot("impulse", count=0), oa.WindowError, "from 1 to 24"),
    (lambda: (oa.Down(4096) @ oa.Conv([1])).plot(points=8192), oa.SizeError, "fewer points"),
    (lambda: oa.nn.MaxPool(2).plot(), oa.OperandError, "jacobian"),
    (lambda: oa.nn.Conv(WEIGHT).plot("matrix", channels=(3, 0)), oa.DimensionError, "below"),
    (lambda: oa.Conv([1]).on(0).plot(), oa.DimensionError, "no entries"),
    (lambda: oa.Conv([1, 2]).on(oa.factors("n")).plot(), oa.WindowError, "every size"),
    (lambda: oa.filterbank([Q], [Q], 2).plot(), oa.FormalSignalError, "formal part q"),
]


@pytest.mark.parametrize(("call", "error", "said"), REFUSED)
def test_what_cannot_be_drawn_is_refused(call: Any, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'opalgebra\[plot\]'"):
        oa.Up(2).plot()


def test_taps_may_lie_before_zero() -> None:
    taps = Taps(np.array([-3, 2]), np.array([1.0, 2.0]))
    f = np.fft.fftfreq(16)
    assert np.allclose(taps.spectrum(16), np.exp(6j * np.pi * f) + 2 * np.exp(-4j * np.pi * f))
