"""An image pyramid, its exact adjoint, and super-resolution by least squares.

Four pictures of one scene, each moved by a pixel, blurred and reduced by 2, are one linear operator F.
``scipy.sparse.linalg.lsmr`` finds the scene whose pictures are closest to those that were taken.  It needs Fᴴ, which is
exact here, boundary included.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, lsmr

import opalgebra as oa
from opalgebra.data import load


def burt_adelson() -> oa.LinearOperator:
    """One level of the pyramid: ↓2 after (1 4 6 4 1)/16 along each axis."""
    taps = np.array([1, 4, 6, 4, 1]) / 16
    return oa.Down((2, 2)) @ oa.Conv(oa.Signal(np.outer(taps, taps), start=(-2, -2)))


def pyramid(image: np.ndarray, levels: int) -> list[np.ndarray]:
    """The image, and each level half as large as the one before."""
    images = [image]
    for _ in range(levels):
        reduce = burt_adelson().on(images[-1].shape, mode="same", boundary="reflect")
        images.append(reduce(images[-1]))
    return images


def cameras(shape: tuple[int, int]) -> list[oa.BoundOperator]:
    """Four pictures of the scene, each moved by a pixel of the scene."""
    return [
        (burt_adelson() @ oa.Shift(move)).on(shape, mode="same", boundary="reflect")
        for move in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]


def stacked(operators: list[oa.BoundOperator]) -> LinearOperator:
    """The operators one below the other, as SciPy takes them."""
    ends = np.cumsum([0, *(F.shape[0] for F in operators)])
    return LinearOperator(
        (ends[-1], operators[0].shape[1]),
        matvec=lambda x: np.concatenate([F.matvec(x) for F in operators]),
        rmatvec=lambda y: sum(F.rmatvec(y[a:b]) for F, a, b in zip(operators, ends, ends[1:], strict=False)),
        dtype=float,
    )


def main() -> None:
    scene = load("camera")[80:240, 160:320] / 255
    print("pyramid:", " → ".join("×".join(map(str, level.shape)) for level in pyramid(scene, 3)))

    operators = cameras(scene.shape)
    print("the adjoint is exact:", all(F.dottest() for F in operators))
    rng = np.random.default_rng(0)
    pictures = [F(scene) + 0.002 * rng.standard_normal(F.dimsd) for F in operators]

    def error(image: np.ndarray) -> float:
        return float(np.sqrt(np.mean((image - scene)[4:-4, 4:-4] ** 2)))

    enlarged = oa.LinearUp((2, 2)).on(pictures[0].shape, out=scene.shape, boundary="edge")(pictures[0])
    single = lsmr(stacked(operators[:1]), pictures[0].ravel(), damp=0.01, maxiter=100)[0].reshape(scene.shape)
    right = np.concatenate([picture.ravel() for picture in pictures])
    four = lsmr(stacked(operators), right, damp=0.01, maxiter=100)[0].reshape(scene.shape)
    results = {"one picture, enlarged": enlarged, "one, least squares": single, "four, least squares": four}
    for name, image in results.items():
        print(f"  {name:<24}error {255 * error(image):5.2f} grey values of 255")
    if not error(four) < error(single) < error(enlarged):
        raise SystemExit("super-resolution did not help, and it should have")


if __name__ == "__main__":
    main()
