"""Random blocks with their dense matrices, put together independently of the package."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

import opalgebra as oa

I = oa.Identity()  # noqa: E741  # the name that it has on paper

# The indices −REACH … REACH of one axis.
REACH = 90
INDICES = range(-REACH, REACH + 1)


def letter(operator: oa.LinearOperator) -> np.ndarray:
    """The entries A[n, m] of one letter, from its definition."""

    def entry(n: int, m: int) -> int:
        match operator:
            case oa.Identity():
                return int(n == m)
            case oa.Conv():
                return int(operator.kernel[n - m])
            case oa.Up():
                return int(n == operator.factor * m)
            case oa.Down():
                return int(operator.factor * n == m)
            case oa.Shift():
                return int(n == m + operator.shift)
            case oa.Flip():
                return int(n == -m)
        raise AssertionError(operator)

    return np.array([[entry(n, m) for m in INDICES] for n in INDICES], dtype=object)


LETTERS = [oa.Conv([1, -2, 3]), oa.Up(2), oa.Down(2), oa.Shift(1), oa.Shift(-2), oa.Flip(), I]
DENSE = {op: letter(op) for op in LETTERS}
NOTHING = np.zeros((len(INDICES),) * 2, dtype=object)


def random_block(rng: Random, outs: int, ins: int, depth: int) -> tuple[oa.LinearOperator, np.ndarray]:
    """A random expression of blocks, and its dense matrix put together independently of the package."""
    kind = rng.choice(["grid", "product", "sum", "scaled", "turned"]) if depth else "grid"
    if kind == "grid":
        rows = [[rng.choice([*LETTERS, 0]) for _ in range(ins)] for _ in range(outs)]
        if all(entry == 0 or isinstance(entry, oa.Identity) for row in rows for entry in row):
            rows[0][0] = oa.Shift(1)
        return oa.Block(rows), np.block([[DENSE.get(e, NOTHING) if e != 0 else NOTHING for e in row] for row in rows])
    if kind == "product":
        middle = rng.randint(1, 2)
        (a, left), (b, right) = random_block(rng, outs, middle, depth - 1), random_block(rng, middle, ins, depth - 1)
        return a @ b, left.dot(right)
    if kind == "sum":
        (a, left), (b, right) = random_block(rng, outs, ins, depth - 1), random_block(rng, outs, ins, 0)
        return a + b, left + right
    if kind == "scaled":
        a, dense = random_block(rng, outs, ins, depth - 1)
        return -3 * a, -3 * dense
    a, dense = random_block(rng, ins, outs, depth - 1)
    return a.T, dense.T


def lifting(below: bool, kernel: Any) -> oa.Block:
    step = oa.Conv(kernel)
    return oa.Block([[I, 0], [step, I]] if below else [[I, step], [0, I]])
