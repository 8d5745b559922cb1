"""Resamplers beside each other, with what they let pass and what they add: ``python -m benchmarks.resampling``.

Resamplers do not compute the same numbers, so each is measured: tones go through it, and of every output the tone
itself is subtracted.  The *pass band* ends where a tone first loses 0.1 dB, as a part of the lower of both Nyquist
frequencies; the *rest* is the largest sum of images, aliases and rounding errors that any tone leaves behind.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from math import gcd, log10
from typing import NamedTuple, TypeAlias

import numpy as np

import opalgebra as oa
from opalgebra.bench import OURS_AT_MOST, duration, medians, power, rounding_errors

from . import peers
from .engines import machine, say

Resample: TypeAlias = Callable[[np.ndarray], np.ndarray]

PACKAGES = ("numpy", "scipy", "numba", "torch", *peers.RESAMPLERS)
RATES = ((44_100, 48_000), (16_001, 16_000))
PASS = 0.913  # what soxr calls its pass band; the stop band begins at the lower Nyquist frequency
STOP = (120, 132)  # dB, of our filters: as is asked for, and what soxr HQ is measured to have
OURS = f"opalgebra, {STOP[-1]} dB"  # what the others are compared with
LOSS = 0.1  # dB
TONES = np.concatenate([np.linspace(0.03, 0.83, 17), np.linspace(0.84, 0.998, 80)])
ENDS = 3000  # outputs of either end that depend on what lies outside
TABLE = 2**27  # numbers in the table of torchaudio; beyond it is left out


class Engine(NamedTuple):
    """A resampler: its name, how many numbers its filter has where it tells, and how it is made for a size."""

    name: str
    taps: str
    make: Callable[[int], Resample]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 where ours is not what SciPy computes in float64."""
    parser = argparse.ArgumentParser(description="opalgebra beside soxr, libsamplerate, torchaudio and SciPy")
    parser.add_argument("--quick", action="store_true", help="16 times fewer samples, 3 rounds, few tones")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="by default 1 and 2")
    options = parser.parse_args(arguments)
    size, repeats, tones = (2**16, 3, TONES[::8]) if options.quick else (2**20, 7, TONES)
    counts = sorted(set(options.threads))
    say(f"Made {date.today()} by `python -m benchmarks.resampling`: {machine(PACKAGES)}; {power(size)}, float32.")
    for name in peers.missing(peers.RESAMPLERS):
        say(f"\n{name} is not installed, and its rows are left out.")
    head = ["rates", "engine", "taps", *(f"{n} thread{'s' * (n > 1)}" for n in counts)]
    head += [*(f"ratio, {n}" for n in counts), "pass band", "rest"]
    say(f"\n| {' | '.join(head)} |\n| --- | --- | ---: |{' ---: |' * (2 * len(counts) + 2)}")
    agree = [table(a, b, size, counts, repeats, tones) for a, b in RATES]
    if find_spec("torchaudio") is not None:
        for source, target in RATES:
            if (entries := dense(source, target)) > TABLE:
                say(f"\ntorchaudio is left out for {source:,} → {target:,}: its table would hold {entries:,} numbers.")
    say(f"\nLoad of the machine at the end, these threads included: {os.getloadavg()[0]:.1f}.")
    return 0 if all(agree) else 1


def table(source: int, target: int, size: int, counts: Sequence[int], repeats: int, tones: np.ndarray) -> bool:
    """The rows of two rates; whether ours agree with SciPy."""
    x = np.random.default_rng(0).standard_normal(size).astype("f4")
    found = list(engines(source, target))
    times: dict[str, list[float]] = {engine.name: [] for engine in found}
    for count in counts:
        with peers.threads(count):
            made = {engine.name: engine.make(size) for engine in found}
            ways = {name: (lambda run=run: run(x)) for name, run in made.items()}
            for name, taken in medians(ways, repeats).items():
                times[name].append(min([taken, *times[name]] if "opalgebra" not in name else [taken]))
    for engine in found:
        edge, rest = quality(engine.make, source, target, tones)
        ratios = [t / ours for t, ours in zip(times[engine.name], times[OURS], strict=True)]
        cells = [f"{r:.2f}" if r >= 1 else f"**{r:.2f}**" for r in ratios]
        cells = [""] * len(ratios) if engine.name.startswith("opalgebra") else cells
        ends = [*map(duration, times[engine.name]), *cells, f"{edge:.3f}", f"{rest:.0f} dB"]
        say(f"| {source:,} → {target:,} | {engine.name} | {engine.taps} | {' | '.join(ends)} |")
    return min(agrees(source, target, stop, x[: 2**16]) for stop in STOP)  # of all, each of which reports


def engines(source: int, target: int) -> Iterator[Engine]:
    """All that are installed."""
    for stop in STOP:
        h = taps(source, target, stop)
        yield Engine(f"opalgebra, {stop} dB", f"{len(h):,}", lambda n, h=h: ours(h, source, target, n))
    yield Engine(f"resample_poly, {STOP[-1]} dB", f"{len(h):,}", lambda _: polyphase(h, source, target))
    if find_spec("soxr") is not None:
        for name in ("HQ", "VHQ"):
            yield Engine(f"soxr {name}", "", lambda _, name=name: by_soxr(source, target, name))
    if find_spec("samplerate") is not None:
        for name in ("sinc_medium", "sinc_best"):
            yield Engine(f"libsamplerate {name}", "", lambda _, name=name: by_samplerate(target / source, name))
    if find_spec("torchaudio") is not None and (entries := dense(source, target)) <= TABLE:
        yield Engine("torchaudio", f"{entries:,}", lambda _: by_torchaudio(source, target))


# How each is used ---------------------------------------------------------------------------------------------------


def rates(source: int, target: int) -> tuple[int, int]:
    """L and M."""
    common = gcd(source, target)
    return target // common, source // common


def taps(source: int, target: int, stop: float) -> np.ndarray:
    """A Kaiser window's filter at the rate of both, with gain L."""
    from scipy.signal import firwin, kaiserord

    up, down = rates(source, target)
    size, beta = kaiserord(stop, (1 - PASS) / max(up, down))
    return np.asarray(up * firwin(size | 1, (1 + PASS) / 2 / max(up, down), window=("kaiser", beta))).astype("f4")


def ours(h: np.ndarray, source: int, target: int, size: int) -> Resample:
    """↓M (h∗) ↑L."""
    up, down = rates(source, target)
    operator = oa.Down(down) @ oa.Conv(oa.Signal(h, start=-(len(h) // 2))) @ oa.Up(up)
    bound = operator.on(size, out=(0, -(-size * up // down)))
    return lambda x: np.asarray(bound(x))


def polyphase(h: np.ndarray, source: int, target: int) -> Resample:
    """SciPy's, with the taps of ours."""
    from scipy.signal import resample_poly

    up, down = rates(source, target)
    window = h / h.dtype.type(up)
    return lambda x: np.asarray(resample_poly(x, up, down, window=window.astype(x.dtype)))


def by_soxr(source: int, target: int, name: str) -> Resample:
    """The SoX resampler."""
    import soxr

    return lambda x: np.asarray(soxr.resample(x, source, target, quality=name))


def by_samplerate(ratio: float, name: str) -> Resample:
    """libsamplerate, also called Secret Rabbit Code."""
    import samplerate

    return lambda x: np.asarray(samplerate.resample(x, ratio, name))


def dense(source: int, target: int) -> int:
    """How many numbers the table of torchaudio has: for each phase one period of the input and the filter."""
    up, down = rates(source, target)
    return up * (down + len(taps(source, target, STOP[-1])) // up)


def by_torchaudio(source: int, target: int) -> Resample:
    """torchaudio with the Kaiser window, the width and the cut of ours."""
    import torch
    from scipy.signal import kaiser_beta
    from torchaudio.transforms import Resample as Layer

    up, down = rates(source, target)
    cut, width = (1 + PASS) / 2, len(taps(source, target, STOP[-1])) / (2 * max(up, down))
    layer = Layer(source, target, "sinc_interp_kaiser", round(width * cut), cut, float(kaiser_beta(STOP[-1])))
    return lambda x: np.asarray(layer(torch.from_numpy(x)))


# What each does -----------------------------------------------------------------------------------------------------


def quality(make: Callable[[int], Resample], source: int, target: int, tones: np.ndarray) -> tuple[float, float]:
    """The end of the pass band, and the rest in dB."""
    n = np.arange(2**16)
    run, low = make(n.size), min(source, target) / 2
    gains, rests = [], []
    for tone in tones:
        y = run(np.cos(2 * np.pi * (tone * low / source * n % 1) + 1).astype("f4")).astype(float)
        at = np.arange(ENDS, y.size - ENDS)
        wave = np.exp(2j * np.pi * (tone * low / target * at % 1))
        amplitude = fitted(wave, y[at])
        gains.append(abs(amplitude))
        rests.append(np.sqrt(2 * np.mean((y[at] - (amplitude * wave).real) ** 2)))
    lost = np.abs(20 * np.log10(gains)) > LOSS
    return float(tones[max(0, int(np.argmax(lost)) - 1)] if lost.any() else tones[-1]), 20 * log10(max(rests))


def fitted(wave: np.ndarray, y: np.ndarray) -> complex:
    """The amplitude a for which Re(a · wave) is closest to y."""
    basis = np.stack([wave.real, -wave.imag])
    return complex(*np.linalg.solve(basis @ basis.T, basis @ y))


def agrees(source: int, target: int, stop: float, x: np.ndarray) -> bool:
    """Whether ours is what SciPy computes in float64, to rounding errors of the largest Σ|h||x|."""
    h = taps(source, target, stop)
    exact, scale = (
        polyphase(g, source, target)(v) for g, v in ((h.astype(float), x.astype(float)), map(np.abs, (h, x)))
    )
    found = rounding_errors(ours(h, source, target, x.size)(x), exact, np.full(exact.shape, scale.max()))
    if found > OURS_AT_MOST:
        print(f"opalgebra: {source} → {target}, {stop} dB: wrong by {found:.3g} rounding errors", file=sys.stderr)
    return found <= OURS_AT_MOST


if __name__ == "__main__":
    sys.exit(main())
