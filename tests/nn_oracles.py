"""Layers computed sample by sample from their formulas; shares no code with the package."""

from __future__ import annotations

from itertools import product
from math import ceil, floor
from typing import Any

import numpy as np


def conv(x: Any, w: Any, stride: Any, pads: Any, dilation: Any, groups: int = 1) -> np.ndarray:
    """y[b, o, m] = Σ_{c, j} w[o, c, j] x[b, c, m s + j d − lo], over samples that exist."""
    kernel, sizes = w.shape[2:], x.shape[2:]
    out = tuple(
        max(0, floor((n + lo + hi - d * (k - 1) - 1) / s) + 1)
        for n, k, s, (lo, hi), d in zip(sizes, kernel, stride, pads, dilation, strict=True)
    )
    outs, ins = w.shape[0] // groups, w.shape[1]
    y = np.zeros((x.shape[0], w.shape[0], *out), dtype=np.result_type(x, w))
    for b, o in product(range(x.shape[0]), range(w.shape[0])):
        for m in product(*map(range, out)):
            for c, j in product(range(ins), product(*map(range, kernel))):
                i = tuple(a * s + t * d - p[0] for a, s, t, d, p in zip(m, stride, j, dilation, pads, strict=True))
                if all(0 <= a < n for a, n in zip(i, sizes, strict=True)):
                    y[(b, o, *m)] += w[(o, c, *j)] * x[(b, o // outs * ins + c, *i)]
    return y


def conv_transpose(x: Any, w: Any, stride: Any, crops: Any, dilation: Any, groups: int = 1) -> np.ndarray:
    """full[n s + j d] += w[c, o, j] x[c, n]; the crops cut the full output, negative ones append zeros."""
    kernel, sizes = w.shape[2:], x.shape[2:]
    full = [(n - 1) * s + d * (k - 1) + 1 for n, s, k, d in zip(sizes, stride, kernel, dilation, strict=True)]
    out = tuple(max(0, size - lo - hi) for size, (lo, hi) in zip(full, crops, strict=True))
    ins, outs = x.shape[1] // groups, w.shape[1]
    y = np.zeros((x.shape[0], groups * outs, *out), dtype=np.result_type(x, w))
    for b, c, o in product(range(x.shape[0]), range(x.shape[1]), range(outs)):
        for n, j in product(product(*map(range, sizes)), product(*map(range, kernel))):
            m = tuple(a * s + t * d - p[0] for a, s, t, d, p in zip(n, stride, j, dilation, crops, strict=True))
            if all(0 <= a < size for a, size in zip(m, out, strict=True)):
                y[(b, c // ins * outs + o, *m)] += w[(c, o, *j)] * x[(b, c, *n)]
    return y


def pool_size(n: int, k: int, s: int, pad: tuple[int, int], d: int, ceil_mode: bool) -> int:
    """PyTorch's rule: rounded up under ceil_mode, but no window starts behind the input."""
    steps = (n + sum(pad) - d * (k - 1) - 1) / s
    out = (ceil(steps) if ceil_mode else floor(steps)) + 1
    while ceil_mode and out > 0 and (out - 1) * s >= n + pad[0]:
        out -= 1
    return max(0, out)


def windows(sizes: Any, kernel: Any, stride: Any, pads: Any, dilation: Any, ceil_mode: bool) -> Any:
    """For every output of a pool its index and all positions of its window, also those outside."""
    out = [pool_size(*entry, ceil_mode) for entry in zip(sizes, kernel, stride, pads, dilation, strict=True)]
    for m in product(*map(range, out)):
        yield (
            m,
            [
                tuple(a * s + t * d - p[0] for a, s, t, d, p in zip(m, stride, j, dilation, pads, strict=True))
                for j in product(*map(range, kernel))
            ],
        )


def avg_pool(x: Any, kernel: Any, stride: Any, pads: Any, ceil_mode: bool, include: bool) -> np.ndarray:
    """Means of an array whose axes are all spatial."""
    ones = (1,) * x.ndim
    found = {}
    for m, window in windows(x.shape, kernel, stride, pads, ones, ceil_mode):
        real = [i for i in window if all(0 <= a < n for a, n in zip(i, x.shape, strict=True))]
        padded = [i for i in window if all(-lo <= a < n + hi for a, n, (lo, hi) in zip(i, x.shape, pads, strict=True))]
        found[m] = sum(x[i] for i in real) / len(padded if include else real)
    return _array(found, x.ndim)


def max_pool(x: Any, kernel: Any, stride: Any, pads: Any, dilation: Any, ceil_mode: bool) -> np.ndarray:
    """Maxima of an array whose axes are all spatial."""
    found = {}
    for m, window in windows(x.shape, kernel, stride, pads, dilation, ceil_mode):
        real = [x[i] for i in window if all(0 <= a < n for a, n in zip(i, x.shape, strict=True))]
        found[m] = max(real) if real else -np.inf
    return _array(found, x.ndim)


def _array(found: dict[Any, Any], ndim: int) -> np.ndarray:
    shape = [max((m[axis] for m in found), default=-1) + 1 for axis in range(ndim)]
    y = np.zeros(shape)
    for m, value in found.items():
        y[m] = value
    return y


def upsample_linear(x: Any, r: int) -> np.ndarray:
    """One axis: output m at (m + ½)/r − ½, clamped to the samples."""
    u = np.clip((np.arange(len(x) * r) + 0.5) / r - 0.5, 0, len(x) - 1)
    return np.interp(u, np.arange(len(x)), x)
