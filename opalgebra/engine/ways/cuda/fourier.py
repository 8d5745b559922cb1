"""Very long filters along one axis, by Fourier transforms in blocks; the array module is a parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import gcd
from typing import Any

import numpy as np

from ...arrays.window import Window
from ...filters.fir import Fir
from .passes import active_axes, terms_of
from .plan import real_of

FFT_TERMS = 2048  # taps per phase from which transforms take over


def suits_fourier(fir: Fir, dtype: Any, written: Window, read: Window) -> bool:
    """Whether a filter along one axis, of an array that is zero beyond its ends, is long enough."""
    active = active_axes(fir, written, read)
    if fir.mixes or len(active) != 1 or dtype.kind not in "fc":
        return False
    (axis,) = active
    common = gcd(fir.up[axis], fir.down[axis])
    split = fir.up[axis] * abs(fir.down[axis]) // common**2  # how many convolutions it falls into
    enough = FFT_TERMS * split
    return terms_of(fir, axis) >= enough and written.shape[axis] * common >= enough


def add_by_fourier(
    xp: Any,
    fir: Fir,
    taps: Any,
    y: Any,
    x: Any,
    written: Window,
    read: Window,
    kept: Callable[[Any, Callable[[], Any]], Any],
) -> None:
    """Σ_w Σ_u h_{r + L (D u + w)} x_{f − w + D (k − u)} for the outputs n = p + P k of each phase p.

    ``kept(name, make)`` gives the spectrum of some taps, made where it is not there yet.
    """
    (axis,) = active_axes(fir, written, read)
    y, x = (xp.moveaxis(array, axis - len(fir.shape), -1) for array in (y, x))
    up, down, outs = fir.up[axis], fir.down[axis], written.shape[axis]
    offset = down * written.starts[axis] - fir.start[axis] - up * read.starts[axis]
    if down < 0:
        y, offset, down = y[..., ::-1], offset + down * (outs - 1), -down
    wide = np.dtype(np.complex128 if x.dtype.kind == "c" else np.float64)
    taps = taps.reshape(-1)
    phases, stride = up // gcd(up, down), down // gcd(up, down)
    for p in range(min(phases, outs)):
        f, r = divmod(down * p + offset, up)
        count = -(-(outs - p) // phases)
        for w in range(stride):
            part = taps[r + up * w :: up * stride]
            if part.size:
                reads = _taken(xp, x, f - w - stride * (part.size - 1), stride, count + part.size - 1)
                is_complex = "c" in (wide.kind, part.dtype.kind)
                size = _block(part.size, count)
                name = r + up * w, up * stride, size, is_complex
                spectrum = kept(name, partial(_transformed, xp, part, size, is_complex))
                made = _overlap_save(xp, reads.astype(wide, copy=False), spectrum, part.size, size, count)
                y[..., p::phases] += made.astype(y.dtype if made.dtype.kind == "c" else real_of(y.dtype), copy=False)


def _taken(xp: Any, x: Any, start: int, step: int, count: int) -> Any:
    """x_start, x_{start+step}, …, zero outside the array."""
    before = min(count, max(0, -(start // step)))
    first = start + before * step
    inside = x[..., first : max(first, start + count * step) : step] if before < count else x[..., :0]
    after = count - before - inside.shape[-1]
    return xp.pad(inside, [(0, 0)] * (x.ndim - 1) + [(before, after)])


def _block(terms: int, count: int) -> int:
    """How long the transforms are: a power of two."""
    return 1 << (min(8 * terms, count + terms - 1) - 1).bit_length()


def _transformed(xp: Any, taps: Any, size: int, is_complex: bool) -> Any:
    return (xp.fft.fft if is_complex else xp.fft.rfft)(taps, size)


def _overlap_save(xp: Any, x: Any, spectrum: Any, terms: int, size: int, count: int) -> Any:
    """Σ_u h_u x_{k + U − 1 − u} for 0 ≤ k < count, by the spectrum of h."""
    hop = size - terms + 1
    blocks = -(-count // hop)
    x = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, blocks * hop - count)])
    frames = xp.lib.stride_tricks.as_strided(
        x, (*x.shape[:-1], blocks, size), (*x.strides[:-1], hop * x.strides[-1], x.strides[-1])
    )
    if spectrum.shape[-1] == size:
        made = xp.fft.ifft(xp.fft.fft(frames) * spectrum)
    else:
        made = xp.fft.irfft(xp.fft.rfft(frames) * spectrum, size)
    return made[..., terms - 1 :].reshape(*x.shape[:-1], blocks * hop)[..., :count]
