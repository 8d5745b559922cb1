"""Resample a recording by a rational factor: ``python resample_recording.py in.wav out.wav --rate 48000``.

The resampler is ↓M (h∗) ↑L with L/M the ratio of the rates and h a Kaiser-windowed low-pass.  Without file names a
recording is made up, so that the script runs by itself.
"""

from __future__ import annotations

import argparse
from math import gcd

import numpy as np
from scipy.io import wavfile
from scipy.signal import firwin, resample_poly

import opalgebra as oa


def resampler(L: int, M: int, crossings: int = 24, beta: float = 8.0) -> tuple[oa.LinearOperator, np.ndarray]:
    """↓M (h∗) ↑L and the taps h: ``crossings`` zero crossings on either side of the middle."""
    half = crossings * max(L, M)
    taps = L * firwin(2 * half + 1, 1 / max(L, M), window=("kaiser", beta))
    return oa.Down(M) @ oa.Conv(oa.Signal(taps, start=-half)) @ oa.Up(L), taps


def plucked_strings(rate: int, seconds: float = 2.0) -> np.ndarray:
    """Three strings, each a series of partials that die away; two channels, int16."""
    t = np.arange(int(rate * seconds)) / rate
    strings = [
        sum(np.exp(-2 * t * n) * np.sin(2 * np.pi * f * n * t) / n for n in range(1, 9)) for f in (196.0, 246.9, 293.7)
    ]
    stereo = np.stack([strings[0] + strings[1], strings[1] + strings[2]], axis=-1)
    return np.round(stereo / np.abs(stereo).max() * 2**14).astype(np.int16)


def resample(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """int16 samples (time,) or (time, channels) at another rate, rounded and limited to int16."""
    common = gcd(rate, new_rate)
    operator, _ = resampler(new_rate // common, rate // common)
    channels = np.atleast_2d(samples.T).astype(float)  # the leading axis is a batch
    new = operator.on(channels.shape[-1], mode="same")(channels)
    limits = np.iinfo(np.int16)
    return np.clip(np.round(new), limits.min, limits.max).astype(np.int16).T.squeeze()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", help="a WAV file; without it, strings are plucked")
    parser.add_argument("target", nargs="?", help="the WAV file to write")
    parser.add_argument("--rate", type=int, default=48_000, help="samples per second of the result")
    options = parser.parse_args(arguments)
    rate, samples = wavfile.read(options.source) if options.source else (44_100, plucked_strings(44_100))
    if samples.dtype != np.int16:
        parser.error(f"{options.source} has samples of type {samples.dtype}; int16 is expected")
    new = resample(samples, rate, options.rate)
    print(f"{rate} Hz → {options.rate} Hz: {samples.shape} → {new.shape} samples")

    common = gcd(rate, options.rate)
    L, M = options.rate // common, rate // common
    operator, taps = resampler(L, M)
    cost = operator.cost()
    print(f"  {operator}")
    print(
        f"  {float(cost.multiply_adds):.1f} multiply-adds per sample; {float(cost.naive):,.0f} if zeros are multiplied"
    )
    theirs = resample_poly(samples.astype(float), L, M, axis=0, window=taps / L)[: len(new)]
    print(f"  largest difference from scipy.signal.resample_poly: {np.max(np.abs(new - theirs)):.2f} (rounding: 0.5)")
    if options.target:
        wavfile.write(options.target, options.rate, new)


if __name__ == "__main__":
    main()
