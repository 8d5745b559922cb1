"""The 5/3 wavelet of JPEG 2000: its bank proved, its lifting steps with integers, lossless on a photograph."""

from __future__ import annotations

import numpy as np

import opalgebra as oa
from opalgebra.data import load


def bank() -> oa.FilterBank:
    """The analysis and synthesis filters, exactly."""
    return oa.filterbank(
        [
            oa.Signal(oa.exact("[-1/8, 1/4, 3/4, 1/4, -1/8]"), start=-2),
            oa.Signal(oa.exact("[-1/2, 1, -1/2]"), start=-2),
        ],
        [
            oa.Signal(oa.exact("[1/2, 1, 1/2]"), start=-1),
            oa.Signal(oa.exact("[-1/8, -1/4, 3/4, -1/4, -1/8]"), start=-1),
        ],
        2,
    )


def split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One level along the last axis of an even number of ints, rounded down after each step: averages and details."""
    n = x.shape[-1] // 2
    even, odd = x[..., ::2], x[..., 1::2]
    right = oa.Conv(oa.Signal([1, 1], start=-1)).on(n, out=n, boundary="edge")  # x_n + x_{n+1}
    left = oa.Conv([1, 1]).on(n, out=n, boundary="edge")  # d_{n-1} + d_n
    detail = odd - (right(even) >> 1)
    return even + ((left(detail) + 2) >> 2), detail


def join(average: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """The same steps backwards."""
    n = average.shape[-1]
    right = oa.Conv(oa.Signal([1, 1], start=-1)).on(n, out=n, boundary="edge")
    left = oa.Conv([1, 1]).on(n, out=n, boundary="edge")
    even = average - ((left(detail) + 2) >> 2)
    x = np.empty((*average.shape[:-1], 2 * n), dtype=average.dtype)
    x[..., ::2], x[..., 1::2] = even, detail + (right(even) >> 1)
    return x


def entropy(values: np.ndarray) -> float:
    """Bits per sample that an ideal code of single samples takes."""
    _, counts = np.unique(values, return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())


def main() -> None:
    wavelet = bank()
    print("perfect reconstruction:", wavelet.perfect_reconstruction().verdict)
    predict = oa.Signal(oa.exact("[-1/2, -1/2]"), start=-1)
    update = oa.Signal(oa.exact("[1/4, 1/4]"))
    lifted = oa.lifting(("predict", predict), ("update", update))
    print("lifting steps make the same bank:", oa.prove(lifted.analysis, wavelet.analysis).verdict)

    image, bands = load("camera").astype(np.int64), []
    low = image
    for _ in range(4):
        rows = split(low)
        (low, *details) = (np.swapaxes(band, 0, 1) for row in rows for band in split(np.swapaxes(row, 0, 1)))
        bands.append(details)
    samples = np.concatenate([low.ravel(), *(band.ravel() for level in bands for band in level)])
    print(f"entropy: {entropy(image):.2f} bits per pixel → {entropy(samples):.2f} bits per coefficient")

    for details in reversed(bands):
        columns = [join(np.swapaxes(a, 0, 1), np.swapaxes(b, 0, 1)) for a, b in ((low, details[0]), details[1:])]
        low = join(*(np.swapaxes(column, 0, 1) for column in columns))
    if not np.array_equal(low, image):
        raise SystemExit("the photograph did not come back, and it should have")
    print("lossless: every pixel is as it was")


if __name__ == "__main__":
    main()
