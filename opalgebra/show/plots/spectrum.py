"""Frequencies of operators on one axis, from their exact entries.

An operator of the periods L and M (moving the input by M moves the output by L) answers e^{2πiνn} with the frequencies
f = (Mν + m)/L, m = 0 … L−1.  So Y(f) = Σ_k A_k(f) X((Lf + k)/M), k = 0 … M−1, with

    A_k(f) = (1/M) Σ_{j<M} Â_j(f) e^{2πij(Lf + k)/M},

Â_j the spectrum of the answer to the impulse at j.  Where gcd(L, M) = 1 the operator is ↓M C_h ↑L for the one filter
h_{Mn − Lj} = A_{nj}, and A_k(f) = H(g)/M at the frequency g with Mg = f and Lg = (Lf + k)/M.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any

import numpy as np

from ...algebra.forms.polyphase import periods
from ...algebra.judge.evaluate import Evaluator, Sparse
from ...algebra.numbers.choose import ring_of
from ...errors import FormalSignalError, SizeError, WindowError
from ...expr import LinearOperator, constants, plain
from ...scalar import is_sympy
from .style import as_numbers

LIMIT = 1 << 24  # samples of all spectra together


@dataclass(frozen=True)
class Taps:
    """A filter: values at known indices."""

    at: np.ndarray
    values: np.ndarray

    def spectrum(self, points: int) -> np.ndarray:
        """H(i/points) for i = 0 … points−1: the taps folded onto so many samples, and one FFT."""
        folded = np.zeros(points, dtype=complex)
        np.add.at(folded, self.at % points, self.values)
        return np.asarray(np.fft.fft(folded))

    @property
    def is_real(self) -> bool:
        """Whether all values are real."""
        return bool(self.values.dtype.kind != "c")


@dataclass(frozen=True)
class AliasMap:
    """An operator by its periods L (``outputs``) and M (``inputs``), and its answers to the impulses at 0 … M−1."""

    outputs: int
    inputs: int
    answers: tuple[Taps, ...]

    @classmethod
    def of(cls, operator: LinearOperator) -> AliasMap:
        """Of an operator of one channel; WindowError for sums of different rates and for reversals."""
        outputs, inputs = periods(operator)
        entry, evaluator = plain(operator), Evaluator(1)
        found = []
        for j in range(inputs):
            entries = sorted(settled(entry, evaluator.act(entry, {(j,): 1})).items())
            at = np.array([n for (n,), _ in entries], dtype=np.int64)
            found.append(Taps(at, as_numbers([value for _, value in entries])))
        return cls(outputs, inputs, tuple(found))

    @property
    def is_filter(self) -> bool:
        """Whether the operator is a convolution."""
        return self.outputs == self.inputs == 1

    @property
    def is_resampler(self) -> bool:
        """Whether it is ↓M C_h ↑L for one filter h."""
        return gcd(self.outputs, self.inputs) == 1

    @cached_property
    def filter(self) -> Taps:
        """h of ↓M C_h ↑L."""
        if not self.is_resampler:
            raise WindowError(
                f"the operator repeats itself every {self.inputs} inputs and {self.outputs} outputs, and no one filter "
                "describes it; plot its alias components"
            )
        at = [self.inputs * taps.at - self.outputs * j for j, taps in enumerate(self.answers)]
        return Taps(np.concatenate(at), np.concatenate([taps.values for taps in self.answers]))

    def components(self, points: int) -> np.ndarray:
        """A_k(f) in row k, at the :func:`frequencies`; in f it has the period M, and not 1."""
        if self.inputs * points > LIMIT:
            raise SizeError(
                f"{self.inputs} alias components at {points} frequencies are more than {LIMIT} numbers; "
                "give fewer points"
            )
        f, j = frequencies(points), np.arange(self.inputs)
        spectra = np.fft.fftshift(np.stack([taps.spectrum(points) for taps in self.answers]), axes=1)
        turned = spectra * np.exp(2j * np.pi * j[:, None] * (self.outputs * f) / self.inputs)
        return np.asarray(np.fft.ifft(turned, axis=0))  # over j: the mean with e^{2πijk/M}

    def input_frequency(self, k: int, f: np.ndarray) -> np.ndarray:
        """(Lf + k)/M in [−½, ½)."""
        return np.asarray(((self.outputs * f + k) / self.inputs + 0.5) % 1 - 0.5)


def settled(operator: LinearOperator, entries: Sparse) -> Sparse:
    """Entries without those that are 0: of algebraic numbers a sum may be 0 and not look like it."""
    if not any(is_sympy(value) for value in entries.values()):
        return entries
    ring = ring_of([*constants(operator), *entries.values()])
    found = {n: ring.to_scalar(ring.convert(value)) for n, value in entries.items()}
    return {n: value for n, value in found.items() if value != 0}


def frequencies(points: int) -> np.ndarray:
    """The frequencies of an FFT in rising order, from −½ on, in cycles per sample."""
    return np.asarray(np.fft.fftshift(np.fft.fftfreq(points)))


def group_delay(taps: Taps, points: int) -> np.ndarray:
    """−d arg H/dω in samples, Re(Ĥ′/H) with h′_n = n h_n; NaN where H is 0 to rounding."""
    response = taps.spectrum(points)
    slope = Taps(taps.at, taps.values * taps.at).spectrum(points)
    known = is_known(response, taps)
    return np.where(known, np.real(slope / np.where(known, response, 1)), np.nan)


def phase(taps: Taps, points: int) -> np.ndarray:
    """arg H, continuous where it can be, in radians; NaN where H is 0 to rounding."""
    response = np.fft.fftshift(taps.spectrum(points))
    known = is_known(response, taps)
    found = np.full(points, np.nan)
    for part in np.split(np.arange(points), np.flatnonzero(~known)):
        inside = part[known[part]]
        found[inside] = np.unwrap(np.angle(response[inside]))
    middle = found[points // 2]
    return found - (2 * np.pi * round(middle / (2 * np.pi)) if np.isfinite(middle) else 0)


def is_known(response: np.ndarray, taps: Taps) -> np.ndarray:
    """Where a value of H is more than the rounding of its sum."""
    return np.asarray(np.abs(response) > 1e-12 * float(np.sum(np.abs(taps.values))))


def check_points(points: Any) -> int:
    """How many frequencies: an even int from 16 on."""
    if not isinstance(points, int) or isinstance(points, bool) or points < 16 or points % 2:
        raise WindowError(f"the number of points is {points!r}; give an even int >= 16")
    return points


def check_known(operator: Any, formal: list[str]) -> None:
    """Refuse what has no numbers to draw."""
    if formal:
        raise FormalSignalError(
            f"{operator} has the formal part {', '.join(formal)}, and a curve needs numbers: build it with taps and "
            "factors, such as Conv([1, 2, 1]) and Up(2); kind='matrix' shows the taps of a formal kernel"
        )
