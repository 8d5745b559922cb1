"""Filter banks: reconstruction decided exactly, against brute force in NumPy; near misses refuted."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.algebra.banks.wavelets import SPLINES, biorthogonal_bank, orthonormal_bank

# Daubechies, Ten Lectures on Wavelets, table 6.1, minimum phase, times √2 / √2 (here Σ h = √2)
DB4 = [
    0.230377813308896501, 0.714846570552915647, 0.630880767929858908, -0.027983769416859854,
    -0.187034811719093084, 0.030841381835560764, 0.032883011666885199, -0.010597401785069032,
]  # fmt: skip
# Cohen, Daubechies and Feauveau (1992), table 6.2: one half of the symmetric 9- and 7-tap filters, Σ = 1
NINE = [0.602949018236360, 0.266864118442875, -0.078223266528990, -0.016864118442875, 0.026748757410810]
SEVEN = [0.557543526228500, 0.295635881557125, -0.028771763114250, -0.045635881557125]

WAVELETS = ["haar", *(f"db{n}" for n in range(2, 9)), *sorted(SPLINES), "bior4.4"]


def numbers(signal: oa.Signal) -> np.ndarray:
    return np.array([complex(v) for v in signal.values])


def brute(bank: oa.FilterBank, x: np.ndarray) -> dict[int, complex]:
    """Σ_i f_i ∗ ↑k ↓k (h_i ∗ x) by np.convolve and index arithmetic."""
    k, total = bank.factor, {}
    for h, f in zip(bank.analysis_filters, bank.synthesis_filters, strict=True):
        y = np.convolve(numbers(h), x)
        kept = np.array([v if (n + h.start) % k == 0 else 0 for n, v in enumerate(y)])
        for n, v in enumerate(np.convolve(numbers(f), kept)):
            at = n + h.start + f.start
            total[at] = total.get(at, 0) + v
    return total


def reconstructs(bank: oa.FilterBank, x: np.ndarray) -> bool:
    answer = brute(bank, x)
    wanted = dict(enumerate(x))
    return all(abs(answer.get(n, 0) - wanted.get(n, 0)) < 1e-9 for n in answer.keys() | wanted.keys())


@pytest.fixture
def x(rng) -> np.ndarray:
    return rng.normal(size=60)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.campaign(5)
@pytest.mark.parametrize("name", WAVELETS)
def test_wavelets_reconstruct_and_run(name, x):
    bank = oa.wavelet(name)
    proof = bank.perfect_reconstruction()
    assert proof.verdict == "proved", proof.reason
    assert proof.rhs == oa.Identity()
    assert reconstructs(bank, x)
    assert np.allclose(bank.on(60, out=60)(x), x, atol=1e-12)
    halves = bank.synthesis @ bank.analysis
    assert halves.equals(oa.Identity())
    assert sum(bank.synthesis_filters[0].values).evalf(20) == pytest.approx(2**0.5, abs=1e-15)


@pytest.mark.parametrize("bank", [oa.wavelet("db3"), oa.wavelet("bior2.2"), oa.wavelet("bior4.4"), oa.wavelet("db2"),
                                  oa.dft_bank(3), oa.cosine_bank(3)], ids=lambda b: b.name)  # fmt: skip
def test_a_changed_tap_and_a_forgotten_shift_are_refuted(bank, x):
    f = bank.synthesis_filters
    changed = oa.Signal([f[0].values[0] + sympy.Rational(1, 10**12), *f[0].values[1:]], f[0].start)
    for filters in ([changed, *f[1:]], [oa.Shift(1) @ f[0], *f[1:]], [-f[0], *f[1:]]):
        miss = oa.filterbank(bank.analysis_filters, filters, bank.factor)
        proof = miss.perfect_reconstruction()
        assert proof.verdict == "refuted", proof.reason
        assert proof.check()
    assert not reconstructs(miss, x)


def test_db10_in_seconds():
    bank = oa.wavelet("db10")
    proof = bank.perfect_reconstruction()
    assert proof.verdict == "proved"
    assert "db10" in proof.reason
    low = bank.synthesis_filters[0]
    moments = [sum((-1) ** n * n**j * v for n, v in enumerate(low.values)) for j in range(11)]
    assert all(oa.prove(oa.Conv([m]), oa.Zero()) for m in moments[:10])  # ten vanishing moments, exactly
    assert oa.prove(oa.Conv([moments[10]]), oa.Zero()).verdict == "refuted"


def test_the_taps_are_those_of_the_tables():
    assert np.allclose(numbers(oa.wavelet("db4").synthesis_filters[0]), DB4, atol=1e-15)
    bank = oa.wavelet("cdf9.7")
    nine, seven = numbers(bank.analysis_filters[0]) / 2**0.5, numbers(bank.synthesis_filters[0]) / 2**0.5
    assert np.allclose(nine[4:], NINE, atol=1e-14)
    assert np.allclose(seven[3:], SEVEN, atol=1e-14)


@pytest.mark.parametrize("order", [3, 6, 10])
def test_digits_are_certain(order):
    """Σ h = √2 and Σ h² = 1 to 200 digits, from the digits alone."""
    taps = [oa.algebraic(f"db{order}", n).evalf(220) for n in range(2 * order)]
    assert abs(sum(taps) - sympy.sqrt(2).evalf(220)) < sympy.Float("1e-200", 220)
    assert abs(sum(t**2 for t in taps) - 1) < sympy.Float("1e-200", 220)


def test_cosines_against_sympy():
    for n, j in ((7, 2), (16, 3), (40, 7), (31, 5)):
        assert abs(oa.algebraic(f"cos{n}", j).evalf(80) - sympy.cos(2 * sympy.pi * j / n).evalf(80)) < 1e-70
    a, b = oa.algebraic("cos16", 1), oa.algebraic("cos16", 3)
    assert oa.Conv([a**2 + b**2]).equals(oa.Identity())
    assert not oa.Conv([a**2 + a * b]).equals(oa.Identity())


@pytest.mark.campaign(3)
@pytest.mark.parametrize("M", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("make", [oa.dft_bank, oa.cosine_bank])
def test_banks_of_many_channels(make, M, x):
    bank = make(M)
    assert bank.perfect_reconstruction().verdict == "proved"
    assert reconstructs(bank, x)
    assert np.allclose(bank.on(60, out=60)(x), x, atol=1e-12)


def test_the_lapped_transform_is_the_mdct():
    M = 4
    for i, f in enumerate(oa.cosine_bank(M).synthesis_filters):
        n = np.arange(2 * M)
        wanted = np.sqrt(2 / M) * np.sin((n + 0.5) * np.pi / (2 * M))
        wanted = wanted * np.cos((n + (M + 1) / 2) * (i + 0.5) * np.pi / M)
        assert np.allclose(numbers(f).real, wanted, atol=1e-14)


def test_alias_free_does_not_mean_reconstruction():
    h0, h1 = oa.Signal([1, 2, 3, 4]), oa.Signal([1, -1, 5])
    sign = oa.Modulate([1, -1])
    bank = oa.filterbank([h0, h1], [sign @ h1, -(sign @ h0)], 2)
    assert bank.aliasing()
    proof = bank.perfect_reconstruction()
    assert proof.verdict == "refuted"
    assert proof.check()
    wrong = oa.filterbank([h0, h1], [sign @ h1, sign @ h0], 2)
    assert wrong.aliasing().verdict == "refuted"


def test_formal_filters_without_aliases():
    h0, h1 = oa.signals("h0 h1")
    sign = oa.Modulate([1, -1])
    bank = oa.filterbank([h0, h1], [sign @ h1, -(sign @ h0)], 2)
    assert bank.aliasing()
    assert bank.aliasing().check()
    assert bank.perfect_reconstruction().verdict == "refuted"


def test_lifting_always_reconstructs(x):
    p, u, v = oa.signals("p u v")
    bank = oa.lifting(("predict", p), ("update", u), ("predict", v))
    proof = bank.perfect_reconstruction()
    assert proof.verdict == "proved"
    assert proof.rhs == oa.Identity()
    c = sympy.Symbol("c", nonzero=True)
    assert oa.lifting(("predict", p), ("update", u), scale=(c, 1 / c)).perfect_reconstruction()
    numeric = oa.lifting(
        ("predict", [Fraction(1, 3), 2]), ("update", oa.Signal([5, Fraction(-1, 7)], -3)), scale=(2, 3)
    )
    assert numeric.perfect_reconstruction()
    assert reconstructs(numeric, x)
    wrong = oa.filterbank(bank.analysis_filters, bank.synthesis_filters[::-1], 2)
    assert wrong.perfect_reconstruction().verdict == "refuted"


def test_lifting_of_the_five_three_pair():
    half, quarter = sympy.Rational(-1, 2), sympy.Rational(1, 4)
    lifted = oa.lifting(("predict", oa.Signal([half, half], -1)), ("update", oa.Signal([quarter, quarter], 0)))
    low, high = oa.wavelet("legall5.3").analysis_filters
    assert oa.Conv(sympy.sqrt(2) * lifted.analysis_filters[0]).equals(oa.Conv(low))
    assert oa.Conv(sympy.sqrt(2) / 2 * lifted.analysis_filters[1]).equals(oa.Conv(high))


def test_delay_gain_and_normal_form():
    bank = oa.filterbank([[1, 1], [1, -1]], [[1, 1], [-1, 1]], 2)
    assert (bank.delay, bank.gain, bank.rate, bank.channels) == (1, 2, 2, 2)
    assert bank.normalized().perfect_reconstruction().rhs == oa.Identity()
    assert bank.perfect_reconstruction(delay=0).verdict == "refuted"
    with pytest.raises(oa.NoInverse, match="does not reconstruct"):
        oa.filterbank([[1, 1], [1, -1]], [[1, 1], [1, -1]], 2).delay  # noqa: B018


def test_two_axes():
    pairs = [[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]]
    filters = [oa.Signal(h) for h in pairs]
    bank = oa.filterbank(filters, [oa.Flip() @ h for h in filters], (2, 2))
    assert bank.perfect_reconstruction()
    assert (bank.gain, bank.delay, bank.is_paraunitary) == (4, (0, 0), True)
    with pytest.raises(oa.DimensionError, match="one axis"):
        bank.modulation_matrix  # noqa: B018


def test_matrices_in_z():
    z = sympy.Symbol("z")
    bank = oa.wavelet("db2")
    E, R = bank.analysis_polyphase, bank.synthesis_polyphase
    assert (R * E).applyfunc(lambda v: sympy.radsimp(sympy.expand(v))) == sympy.eye(2)
    H = oa.filterbank([[1, 2], [3, 4]], [[1], [1]], 2).modulation_matrix
    assert (H - sympy.Matrix([[1 + 2 / z, 3 + 4 / z], [1 - 2 / z, 3 - 4 / z]])).is_zero_matrix
    with pytest.raises(oa.FormalSignalError):
        oa.filterbank([oa.signals("h")], [[1]], 2).modulation_matrix  # noqa: B018


def test_duals(x):
    bank = oa.filterbank([[1, 2, 1], [1]], [[1], [1]], 2).dual()
    assert bank.perfect_reconstruction()
    assert reconstructs(bank, x)
    assert oa.filterbank(oa.wavelet("db3").analysis_filters, [[1], [1]], 2).dual().perfect_reconstruction()
    with pytest.raises(oa.NoInverse):
        oa.filterbank([[1, 2], [1, 3, 1]], [[1], [1]], 2).dual()


@pytest.mark.parametrize(("name", "levels"), [("haar", 4), ("db4", 3), ("legall5.3", 2), ("cdf9.7", 2)])
def test_trees(name, levels, x):
    tree = oa.wavelet(name).tree(levels)
    proof = tree.perfect_reconstruction()
    assert proof
    assert [step.expression for step in proof.steps][-1] == oa.Identity()
    assert np.allclose(tree.on(60, out=60)(x), x, atol=1e-12)
    if name in ("haar", "legall5.3"):  # by the prover alone, without the induction
        assert oa.prove(tree.operator, oa.Identity())


def test_a_tree_of_a_bank_that_does_not_reconstruct():
    with pytest.raises(oa.NoInverse):
        oa.filterbank([[1, 1], [1, -1]], [[1, 1], [1, -1]], 2).tree(2)
    with pytest.raises(oa.OperandError, match="levels"):
        oa.wavelet("haar").tree(0)


def test_checks_replay():
    for bank in (oa.wavelet("haar"), oa.wavelet("bior2.2"), oa.wavelet("db3"), oa.dft_bank(3)):
        assert bank.perfect_reconstruction().check()


def test_paraunitary_or_not():
    assert oa.wavelet("db5").is_paraunitary
    assert not oa.wavelet("bior2.2").is_paraunitary
    assert not oa.filterbank([[1]], [[1]], 2).is_paraunitary


def test_floats_are_refuted_with_the_exact_residual():
    bank = orthonormal_bank(DB4)
    floats = oa.filterbank(
        [oa.Signal([float(v) for v in f.values], f.start) for f in bank.analysis_filters],
        [oa.Signal([float(v) for v in f.values], f.start) for f in bank.synthesis_filters],
        2,
    )
    assert floats.perfect_reconstruction().verdict == "refuted"
    residual = floats.residual()
    assert isinstance(residual, Fraction)
    assert 0 < residual < 1e-11


def test_pywavelets(x):
    pywt = pytest.importorskip("pywt")
    for name in ("db2", "db4", "db10", "bior2.2", "bior4.4", "bior3.3"):
        bank, ours = oa.wavelet(pywt.Wavelet(name)), oa.wavelet(name)
        assert bank.perfect_reconstruction(gain=1).verdict == "refuted"  # rounded bior2.2 has a gain near 1
        assert 0 < bank.residual(gain=1, delay=0) < 1e-9
        wanted = np.trim_zeros(np.array(pywt.Wavelet(name).rec_lo))
        assert np.allclose(numbers(ours.synthesis_filters[0]), wanted, atol=1e-9)
    assert oa.wavelet("db2", source="pywt").name == "db2 of PyWavelets"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: oa.filterbank([[1]], [[1], [1]], 2), oa.DimensionError),
        (lambda: oa.filterbank([], [], 2), oa.DimensionError),
        (lambda: oa.filterbank(oa.Signal([1]), [[1]], 2), oa.OperandError),
        (lambda: oa.filterbank([[1]], [[1]], 0), oa.FactorError),
        (lambda: oa.filterbank([[1]], [[1]], oa.factors("k")), oa.FactorTypeError),
        (lambda: oa.filterbank([[[1]]], [[1]], 2), oa.DimensionError),
        (lambda: oa.wavelet("db99"), oa.OperandError),
        (lambda: oa.wavelet("nothing"), oa.OperandError),
        (lambda: oa.wavelet(3), oa.OperandError),
        (lambda: oa.wavelet("db2", source="web"), oa.OperandError),
        (lambda: oa.lifting(("twist", [1])), oa.OperandError),
        (lambda: oa.lifting(("predict", [1]), scale=(0, 1)), oa.OperandError),
        (lambda: oa.dft_bank(1), oa.FactorError),
        (lambda: oa.cosine_bank(2.0), oa.FactorError),
        (lambda: oa.algebraic("db3", 6), oa.OperandError),
        (lambda: oa.algebraic("xyz", 0), oa.OperandError),
        (lambda: orthonormal_bank([1, 2, 3]), oa.DimensionError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error):
        call()


def test_algebraic_numbers_are_shown_read_and_pickled():
    tap = oa.algebraic("db4", 2)
    assert pickle.loads(pickle.dumps(tap)) is tap
    operator = oa.Conv([tap, 1 + 2 * tap])
    assert eval(repr(operator), {name: getattr(oa, name) for name in oa.__all__}) == operator
    assert pickle.loads(pickle.dumps(operator)) == operator
    assert "db4" in str(operator)
    assert r"\mathrm{db4}_{2}" in f"{operator:latex}"


def test_symbolic_factors_beside_algebraic_taps():
    k, q = oa.factors("k"), oa.Signal([oa.algebraic("db4", 0), 1])
    assert oa.prove(oa.Down(k) @ oa.Conv(oa.Up(k) @ q), oa.Conv(q) @ oa.Down(k)).verdict in ("proved", "undecided")
    assert oa.prove(oa.Conv(q) @ oa.Down(k), oa.Down(k) @ oa.Conv(q)).verdict in ("refuted", "undecided")


def test_rendering():
    bank = oa.filterbank([[1, 1], [1, -1]], [[1, 1], [-1, 1]], 2)
    assert str(bank).startswith("2 channels, k = 2\n")
    assert str(oa.wavelet("haar")).startswith("haar: 2 channels")
    assert r"\downarrow_{2}" in bank.latex()
    assert bank._repr_latex_().startswith("$")
    again = eval(repr(bank), {name: getattr(oa, name) for name in oa.__all__})
    assert again.operator == bank.operator
    assert biorthogonal_bank(oa.Signal([1]), oa.Signal([1])).rate == 2


def test_linear_phase() -> None:
    haar = oa.filterbank([[1, 1], [1, -1]], [[1, 1], [-1, 1]], 2)
    turned = [sympy.exp(2 * sympy.pi * sympy.I * n / 5) for n in range(4)]
    for bank in (haar, oa.wavelet("bior2.2"), oa.dft_bank(3), oa.filterbank([turned], [[0, 0, 1]], 2)):
        assert bank.is_linear_phase
    near = [[1, 2, 3], [1, 2, 1, 0, 1], [1, sympy.Rational(10**20 + 1, 10**20)], [1, sympy.I, 2], [1, 2, sympy.I]]
    for taps in near:
        assert not oa.filterbank([taps], [[1]], 2).is_linear_phase
    assert not oa.cosine_bank(2).is_linear_phase  # each band by itself
    assert oa.filterbank([[[1, 2], [2, 1]]], [[[1]]], (2, 2)).is_linear_phase
    assert not oa.filterbank([[[1, 2], [3, 1]]], [[[1]]], (2, 2)).is_linear_phase
    with pytest.raises(oa.FormalSignalError):
        _ = oa.filterbank([oa.signals("h")], [[1]], 2).is_linear_phase


def test_symmetry_of_random_filters() -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        taps = rng.integers(-1, 2, rng.integers(1, 5))
        kept = np.trim_zeros(taps)
        symmetric = any((kept == sign * kept[::-1]).all() for sign in (1, -1))
        assert oa.filterbank([list(map(int, taps))], [[1]], 2).is_linear_phase == symmetric
