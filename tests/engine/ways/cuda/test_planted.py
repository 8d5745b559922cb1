"""The CUDA kernels on the CPU under sanitizers, and whether planted bugs are found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.cuda.plan import source
from tests.cuda_shim.shim import COMPILER, SANITIZERS, Programs, ShimError
from tests.engine.ways.cuda.test_shim import BOUNDARIES, Case, check, make, not_the_last

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(COMPILER is None, reason="g++ is not here, so the CUDA source cannot be run on the CPU"),
]


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with closing(Programs(tmp_path_factory.mktemp("cuda"), flags=SANITIZERS)) as made:
        yield made


# Sanitizers ---------------------------------------------------------------------------------------------------


def varied(rng: np.random.Generator) -> Iterator[Case]:
    """A few of every kind."""
    for up, down, taps in [(2, 1, 7), (3, -2, 33), (40, 3, 90), (1, 100, 5)]:
        for size in (1, 50, 55):
            yield make(rng, (taps,), (up,), (down,), (size,), batch=(2,))
    yield make(rng, (2, 3, 2), (1, 2, 1), (1, 1, 2), (6, 6, 6), "c16 c16 c16")
    for boundary in BOUNDARIES:
        case = make(rng, (9,), (2,), (1,), (5,), batch=(2,))
        case.more["boundary"] = [boundary]
        yield case
    yield from suspects().values()


def test_sanitizers(sanitized: Programs) -> None:
    for turn, case in enumerate(varied(np.random.default_rng(0))):
        check(sanitized, case, turn % 3, rounding=8)


# Planted bugs -------------------------------------------------------------------------------------------------

BUGS = {
    "the span is used before it is loaded": (
        "    __syncthreads();  // the span is loaded\n",
        "",
        "staged",
    ),
    "the span is loaded again before it is read": (
        "if (present) __syncthreads();  // the span is read, and may be loaded again",
        "",
        "phases",
    ),
    "the outputs are stored before they are staged": (
        "__syncthreads();  // the outputs are staged",
        "",
        "staged",
    ),
    "a barrier that only some threads meet": (
        "                if (present && works) {\n",
        "                if (present && works) {\n__syncthreads();\n",
        "phases",
    ),
    "a halo too short": (
        "constexpr int SPAN = REACH + TERMS;",
        "constexpr int SPAN = REACH + TERMS - 1;",
        "staged",
    ),
    "a halo off by one": (
        "+ LOWEST - (TERMS - 1);",
        "+ LOWEST - TERMS;",
        "staged",
    ),
    "no guard at the tail of staged outputs": (
        "if (n + e < outs2) put(out + e * y_stride2, stage[e]);",
        "put(out + e * y_stride2, stage[e]);",
        "staged",
    ),
    "no guard at the tail of other outputs": (
        "if (n + e < outs2) put(out + e * y_stride2 + lane",
        "put(out + e * y_stride2 + lane",
        "phases",
    ),
    "no guard of the inner axis": (
        "if (works && column + lane < inner)",
        "if (works)",
        "inner",
    ),
    "samples outside the array": (
        "if (m >= 0 && m < n) return true;",
        "if (m >= 0 && m <= n) return true;",
        "staged",
    ),
    "samples before the array": (
        "if (m >= 0 && m < n) return true;",
        "if (m < n) return true;",
        "staged",
    ),
    "indices of 32 bits": (
        "typedef long long i64;",
        "typedef int i64;",
        "large",
    ),
    "a zero tap that reads": (
        "bool used = !ZEROS || !is_zero(weight);",
        "bool used = true;",
        "nan",
    ),
    "taps of another channel": (
        "if (member != loaded) load_taps",
        "if (loaded < 0) load_taps",
        "channels",
    ),
    "a reflection off by one": (
        "2 * n - 1 - skipped - m",
        "2 * n - 2 + skipped - m",
        "continued",
    ),
    "a tile left out": (
        "tile += gridDim.x",
        "tile += gridDim.x + 1",
        "staged",
    ),
    "a tap row left out": (
        "for (taps_of r1(axis1, n1); r1.i < taps1; r1.next(axis1))\n#else",
        "for (taps_of r1(axis1, n1); r1.i < taps1 - 1; r1.next(axis1))\n#else",
        "axes",
    ),
}  # what is right, what is wrong, and where it shows


def suspects() -> dict[str, Case]:
    """Cases among which every planted bug shows."""
    rng = np.random.default_rng(0)
    fir = Fir(np.ones(3), (0,), (2**24,), (2**24 - 1,))
    large = Case(fir, np.ones(400), np.zeros(1200), Window((0,), (1200,)), Window((0,), (400,)), {})
    found = {
        "staged": make(rng, (31,), (1,), (1,), (700,)),
        "phases": make(rng, (90,), (45,), (4,), (60,), batch=(4,)),
        "inner": not_the_last(rng, 4, 2, 1, (30, 9)),
        "axes": make(rng, (3, 4), (1, 1), (1, 1), (9, 9), "f8 f8 f8"),
        "channels": make(rng, (3, 3), (1, 1), (1, 1), (8, 9), groups=3),
        "nan": make(rng, (7,), (2,), (1,), (30,)),
        "continued": make(rng, (9,), (1,), (1,), (20,)),
        "large": large,
    }
    found["nan"].x[12] = np.nan
    found["continued"].more["boundary"] = ["symmetric"]
    return found


def failure(programs: Programs, case: Case) -> str | None:
    """What is found, with the threads in some order."""
    for order in (2, 0, 1):
        try:
            check(programs, case, order, rounding=8)
        except (AssertionError, ShimError) as error:
            return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, sanitized: Programs, tmp_path: Path) -> None:
    right, wrong, suspect = BUGS[bug]
    text = source()
    assert text.count(right) == 1
    case = suspects()[suspect]
    with closing(
        Programs(tmp_path, text.replace(right, wrong), (*SANITIZERS, "-Wno-error"), sanitized.driver)
    ) as programs:
        assert failure(programs, case) is not None
    assert failure(sanitized, case) is None
