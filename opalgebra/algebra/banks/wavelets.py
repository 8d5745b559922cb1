"""Banks by name: wavelets with exact taps, lifting steps, DFT banks, lapped transforms."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from math import isqrt
from typing import Any

import numpy as np

from ...errors import DimensionError, FactorError, OperandError
from ...expr import Conv, Shift, Signal, SignalExpr, Up
from .filterbank import FilterBank, adjoint, exact_signal

SPLINES = {f"bior{p}.{q}" for p, q in ((1, 1), (1, 3), (1, 5), (2, 2), (2, 4), (2, 6), (2, 8), (3, 1), (3, 3), (3, 5),
                                       (3, 7), (3, 9))}  # fmt: skip
ALIASES = {"haar": "db1", "legall5.3": "bior2.2", "cdf5.3": "bior2.2", "cdf9.7": "bior4.4"}


def wavelet(name: Any, source: str = "exact") -> FilterBank:
    """The two-channel bank of a wavelet, with exact taps, normed so that T = I and Σ h_0 = √2.

    Parameters
    ----------
    name : str, or a pywt.Wavelet
        "haar", "db1" … "db24"; the splines "bior1.1" … "bior3.9"; "bior2.2" is LeGall's 5/3 pair ("legall5.3"),
        "bior4.4" the 9/7 pair of Cohen, Daubechies and Feauveau ("cdf9.7").
    source : {"exact", "pywt"}
        Where the taps come from.  PyWavelets' taps are floats, so binary fractions: reconstruction is then refuted,
        and ``bank.residual()`` says by how much it fails.  So too for a ``pywt.Wavelet``.

    Notes
    -----
    Splines are √2 times binary fractions, db1 and db2 radicals.  From db3 on the taps are algebraic numbers known by
    their spectral factorisation, H(z) H(1/z) rational: proofs reduce polynomials by these relations over ℚ and hold
    for whatever zeros are chosen; enclosures between rational ends say which are, and give the digits.  The 9/7 pair
    lives in ℚ(√2, θ), 20 θ³ + 10 θ² + 4 θ + 1 = 0.

    Raises
    ------
    OperandError
        For an unknown name.

    Examples
    --------
    >>> import opalgebra as oa
    >>> print(oa.wavelet("legall5.3").analysis_filters[0])
    (−sqrt(2)/8 sqrt(2)/4 3·sqrt(2)/4 sqrt(2)/4 −sqrt(2)/8)₋₂
    >>> p = oa.wavelet("db10").perfect_reconstruction()
    >>> p.verdict, p.reason
    ('proved', 'polynomials reduce to 0 by the relations of db10 over ℚ; nothing was rounded')
    """
    if source not in ("exact", "pywt"):
        raise OperandError(f"the source of the taps is {source!r}; give 'exact' or 'pywt'")
    if not isinstance(name, str):
        return _from_pywt(name)
    if source == "pywt":
        return _from_pywt(_pywt().Wavelet(name))
    return _exact(ALIASES.get(name, name), name)


@lru_cache(maxsize=64)
def _exact(name: str, shown: str) -> FilterBank:
    from ..numbers.algebraic import LARGEST_DB

    order = name.removeprefix("db")
    if name.startswith("db") and order.isdecimal() and 1 <= int(order) <= LARGEST_DB:
        return orthonormal_bank(_daubechies(int(order)), shown)
    if name in SPLINES:
        p, q = map(int, name.removeprefix("bior").split("."))
        return biorthogonal_bank(*_splines(p, q), shown)
    if name == "bior4.4":
        return biorthogonal_bank(*_nine_seven(), shown)
    raise OperandError(
        f"there is no exact wavelet {shown!r}; there are haar, db1 … db{LARGEST_DB}, bior4.4 = cdf9.7, and "
        f"{', '.join(sorted(SPLINES))} (bior2.2 = legall5.3); source='pywt' takes the floats of PyWavelets"
    )


def orthonormal_bank(taps: list[Any], name: str = "") -> FilterBank:
    """f_0 = g, f_1 = (−1)ⁿ g_{N−1−n}, and h_i their adjoints, for an orthonormal lowpass of an even number N of taps.

    >>> print(orthonormal_bank([Fraction(3, 5), Fraction(4, 5)]).synthesis_filters[1])
    (4/5 −3/5)
    """
    if len(taps) % 2:
        raise DimensionError(f"{len(taps)} taps were given; an orthonormal lowpass of two channels has an even number")
    low = Signal(taps)
    high = Signal([-tap if n % 2 else tap for n, tap in enumerate(reversed(taps))])
    return FilterBank([adjoint(low), adjoint(high)], [low, high], 2, name)


def biorthogonal_bank(analysis: Signal, synthesis: Signal, name: str = "") -> FilterBank:
    """The bank of both lowpass filters with H_1(z) = z F_0(−z) and F_1(z) = z⁻¹ H_0(−z), which cancel all aliases."""
    return FilterBank(
        [analysis, Shift(-1) @ _alternated(synthesis)], [synthesis, Shift(1) @ _alternated(analysis)], 2, name
    )


def _alternated(h: Signal) -> Signal:
    """(−1)ⁿ h_n."""
    return Signal([-v if (n + h.start) % 2 else v for n, v in enumerate(h.values.tolist())], h.start)


def _daubechies(order: int) -> list[Any]:
    from sympy import Integer, sqrt

    from ..numbers.algebraic import algebraic

    if order == 1:
        return [sqrt(2) / 2, sqrt(2) / 2]
    if order == 2:
        three = sqrt(3)
        return [((a + b * three) / (4 * sqrt(2))).expand() for a, b in ((1, 1), (3, 1), (3, -1), (Integer(1), -1))]
    return [algebraic(f"db{order}", n) for n in range(2 * order)]


def _splines(p: int, q: int) -> tuple[Signal, Signal]:
    """√2 cos^q P(y) and √2 cos^p of the half angle, with p and q zeros at −1; see :func:`halfband_factor`."""
    from ..numbers.algebraic import convolved, halfband_factor

    synthesis = _binomial(p)
    analysis = convolved(_binomial(q), halfband_factor((p + q) // 2))
    middle = p + q - 1  # of the product of both, which is to be symmetric about 0
    return _root_two(analysis, p // 2 - middle), _root_two(synthesis, -(p // 2))


def _binomial(n: int) -> list[Fraction]:
    from math import comb

    return [Fraction(comb(n, j), 2**n) for j in range(n + 1)]


def _root_two(taps: list[Any], start: int) -> Signal:
    from sympy import expand, sqrt

    from ...scalar import to_sympy

    return Signal([expand(sqrt(2) * to_sympy(tap)) for tap in taps], start)


def _nine_seven() -> tuple[Signal, Signal]:
    """1 + 4y + 10y² + 20y³ = (1 − y/θ)(1 + ay + by²): the first factor to the synthesis, the second to the analysis."""
    from sympy import Rational

    from ..numbers.algebraic import algebraic, convolved

    theta = algebraic("cdf")
    y = [Rational(-1, 4), Rational(1, 2), Rational(-1, 4)]
    first, a, b = 20 * theta**2 + 10 * theta + 4, -20 * theta**2 - 10 * theta, -20 * theta
    short = [first * c for c in y]
    short[1] += 1
    long = [b * c for c in convolved(y, y)]
    for i, c in enumerate(y):
        long[i + 1] += a * c
    long[2] += 1
    return _root_two(convolved(_binomial(4), long), -4), _root_two(convolved(_binomial(4), short), -3)


def _pywt() -> Any:
    try:
        return import_module("pywt")
    except ImportError:
        raise OperandError("source='pywt' needs PyWavelets: pip install PyWavelets") from None


def _from_pywt(found: Any) -> FilterBank:
    """The floats of a wavelet of PyWavelets, as the binary fractions that they are, placed so that T ≈ I."""
    try:
        low, high, back, forth = (np.asarray(taps, dtype=float) for taps in found.filter_bank)
    except (AttributeError, TypeError, ValueError):
        raise OperandError(f"{found!r} is no name and no pywt.Wavelet; give a name such as 'db4'") from None
    start = 1 - len(low)
    return FilterBank(
        [Signal(low, start), Signal(high, start)], [Signal(back), Signal(forth)], 2, f"{found.name} of PyWavelets"
    )


# -- lifting ----------------------------------------------------------------------------------------------


def lifting(*steps: tuple[str, Any], scale: tuple[Any, Any] = (1, 1)) -> FilterBank:
    """The bank of lifting steps on the phases (x_{2n}) and (x_{2n+1}); it reconstructs by construction, T = I.

    A step ("predict", p) adds C_p of the even channel to the odd one, ("update", u) adds C_u of the odd channel to
    the even one; at the end channel i is multiplied by scale[i].

    Parameters
    ----------
    steps : pairs of a word and a kernel
        The kernel may be a list, an array, a signal or a formal signal.
    scale : pair of scalars that are not 0

    Raises
    ------
    OperandError
        For an unknown step, or a scale that is 0.

    Examples
    --------
    >>> import opalgebra as oa, sympy
    >>> half, quarter = sympy.Rational(-1, 2), sympy.Rational(1, 4)
    >>> bank = oa.lifting(("predict", oa.Signal([half, half], -1)), ("update", oa.Signal([quarter, quarter], 0)))
    >>> print(bank.analysis_filters[0])
    (−1/8 1/4 3/4 1/4 −1/8)₋₂
    >>> p, u = oa.signals("p u")
    >>> bool(oa.lifting(("predict", p), ("update", u)).perfect_reconstruction())
    True
    """
    impulse = Signal([1])
    rows: list[list[Any]] = [[impulse, None], [None, impulse]]  # E, by rows
    columns: list[list[Any]] = [[impulse, None], [None, impulse]]  # its inverse, by columns
    for word, kernel in map(_step, steps):
        target = 1 if word == "predict" else 0
        rows[target] = _plus(rows[target], rows[1 - target], kernel)
        columns[1 - target] = _plus(columns[1 - target], columns[target], -kernel)
    for i, factor in enumerate(_scales(scale)):
        rows[i] = [_times(v, factor) for v in rows[i]]
        columns[i] = [_times(v, 1 / factor) for v in columns[i]]
    return FilterBank([_joined(row, -1) for row in rows], [_joined(column, 1) for column in columns], 2, "lifting")


def _step(step: Any) -> tuple[str, SignalExpr]:
    if not isinstance(step, tuple) or len(step) != 2 or step[0] not in ("predict", "update"):
        raise OperandError(f"a lifting step is {step!r}; give ('predict', kernel) or ('update', kernel)")
    return step[0], exact_signal(Conv(step[1]).kernel)


def _scales(scale: Any) -> list[Any]:
    from ...scalar import check_scalar, to_sympy

    if not isinstance(scale, tuple) or len(scale) != 2:
        raise OperandError(f"the scale is {scale!r}; give two numbers, one per channel")
    found = [to_sympy(check_scalar(value, "a scale")) for value in scale]
    if any(value.is_zero is not False for value in found):
        raise OperandError(f"the scale is {scale!r}; give two numbers that are not 0, or symbols with nonzero=True")
    return found


def _times(v: Any, factor: Any) -> Any:
    return v if v is None or factor == 1 else exact_signal(v) * factor


def _plus(target: list[Any], other: list[Any], kernel: SignalExpr) -> list[Any]:
    """target + kernel ∗ other, None being 0."""
    moved = [None if v is None else kernel if v == Signal([1]) else Conv(kernel) @ v for v in other]
    return [b if a is None else a if b is None else a + b for a, b in zip(target, moved, strict=True)]


def _joined(phases: list[Any], side: int) -> Any:
    """↑2 e_0 + S^{±1} ↑2 e_1."""
    even, odd = (None if phase is None else Up(2) @ phase for phase in phases)
    odd = None if odd is None else Shift(side) @ odd
    return odd if even is None else even if odd is None else even + odd


# -- M channels -------------------------------------------------------------------------------------------


def dft_bank(M: int) -> FilterBank:
    """The M-channel DFT bank: h_{i,n} = e^{2πi·in/M} for −M < n ≤ 0 and f_i its adjoint over M; T = I.

    A channel is one bin of the DFT of successive blocks of M samples.  Roots of unity are exact.

    Examples
    --------
    >>> import opalgebra as oa
    >>> bank = oa.dft_bank(4)
    >>> print(bank.analysis_filters[1])
    (i −1 −i 1)₋₃
    >>> bool(bank.perfect_reconstruction()), bank.is_paraunitary
    (True, True)
    """
    from sympy import Rational

    from ..numbers.algebraic import root_of_unity

    size = _count(M)
    analysis = [Signal([root_of_unity(i * n, size) for n in range(1 - size, 1)], 1 - size) for i in range(size)]
    synthesis = [Signal([root_of_unity(i * n, size) * Rational(1, size) for n in range(size)]) for i in range(size)]
    return FilterBank(analysis, synthesis, size, f"DFT bank of {size} channels")


def cosine_bank(M: int) -> FilterBank:
    """The M-channel modulated lapped transform (MLT, MDCT) with the sine window, orthonormal; T = I.

    f_{i,n} = √(2/M) sin((n + ½) π/2M) cos((n + (M+1)/2)(i + ½) π/M) for 0 ≤ n < 2M, and h_i its adjoint.

    Examples
    --------
    >>> import opalgebra as oa
    >>> bank = oa.cosine_bank(4)
    >>> bool(bank.perfect_reconstruction()), bank.is_paraunitary
    (True, True)
    """
    from sympy import Rational, expand, sqrt

    from ..numbers.algebraic import sine

    size = _count(M)
    root = Rational(isqrt(2 * size)) if isqrt(2 * size) ** 2 == 2 * size else sqrt(2 * size)
    filters = []
    for i in range(size):
        taps = []
        for n in range(2 * size):
            a, b = 2 * n + 1, (2 * n + size + 1) * (2 * i + 1)  # window and cosine, in parts π/4M
            taps.append(expand(root / (2 * size) * (sine(a + b, 8 * size) + sine(a - b, 8 * size))))
        filters.append(Signal(taps))
    return FilterBank([adjoint(f) for f in filters], filters, size, f"MLT of {size} channels")


def _count(M: object) -> int:
    if not isinstance(M, int) or isinstance(M, bool) or M < 2:
        raise FactorError(f"the number of channels is {M!r}; give an int >= 2")
    return M
