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
    "quads are used before they are loaded": (
        "        __syncthreads();  // the quads are loaded\n",
        "",
        "quads",
    ),
    "rows are used before they are loaded": (
        "                __syncthreads();  // the rows are loaded\n",
        "",
        "plane",
    ),
    "the span is loaded again before it is read": (
        "if (present) __syncthreads();  // the span is read, and may be loaded again",
        "",
        "phases",
    ),
    "rows are loaded again before they are read": (
        "__syncthreads();  // the rows are read, and may be loaded again",
        ";",
        "cube",
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
    "a halo of rows too short": (
        "constexpr int LINES = REACH1 + TERMS1;",
        "constexpr int LINES = REACH1 + TERMS1 - 1;",
        "cube",
    ),
    "a halo of rows off by one": (
        "+ LOWEST1 - (TERMS1 - 1);",
        "+ LOWEST1 - TERMS1;",
        "plane",
    ),
    "no guard at the tail of staged outputs": (
        "if (e + k >= 0 && e + k < count) put",
        "if (e + k >= 0) put",
        "staged",
    ),
    "no guard before the first staged output": (
        "if (e + k >= 0 && e + k < count) put",
        "if (e + k < count) put",
        "apart",
    ),
    "a quad past the tail of staged outputs": (
        "e < 0 || e + STAGE_QUAD > count",
        "e < 0 || e >= count",
        "quads",
    ),
    "no guard at the tail of other outputs": (
        "if (n + e < axis2.outs) put(out + e * y_step + lane",
        "put(out + e * y_step + lane",
        "phases",
    ),
    "a row of outputs that is staged as another row lies": (
        "behind<STAGE_QUAD>(out + (LANES ? tall * axis1.y_stride : 0))",
        "behind<STAGE_QUAD>(out)",
        "plane",
    ),
    "no guard below the last row": (
        "line < LANES && n1 + line < axis1.outs;",
        "line < LANES;",
        "images",
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
    "a span past the end taken for one inside": (
        "low < 0 || low + count > ins",
        "low < 0 || low >= ins",
        "staged",
    ),
    "a span before the array taken for one inside": (
        "low < 0 || low + count > ins",
        "low + count > ins",
        "staged",
    ),
    "quads from an address that is not aligned": (
        "int shift = behind<QUAD>(first);",
        "int shift = 0;",
        "quads",
    ),
    "what lies before the first sample of a quad forgotten": (
        "        return shift;\n",
        "        return 0;\n",
        "quads",
    ),
    "quads of outputs to an address that is not aligned": (
        "int shift = behind<STAGE_QUAD>(out);",
        "int shift = 0;",
        "apart",
    ),
    "quads of taps at an address that is not aligned": (
        "constexpr int PITCH = (rounded_up(TERMS, TAP_QUAD) / TAP_QUAD | 1) * TAP_QUAD;",
        "constexpr int PITCH = TERMS | 1;",
        "apart",
    ),
    "a tap of a quad beyond the last": (
        "k < TAP_QUAD && t + k < COUNT",
        "k < TAP_QUAD",
        "quads",
    ),
    "outputs that quads overwrite instead of adding": (
        "if (ADD) made = *to;",
        "made = value_quad{};",
        "quads",
    ),
    "samples sorted by another rest": (
        "constexpr int REST = AHEAD % FOLD;",
        "constexpr int REST = (AHEAD + 1) % FOLD;",
        "sorted",
    ),
    "a chunk that steps by unsorted samples": (
        "window - t / FOLD * INNER",
        "window - t * INNER",
        "sorted",
    ),
    "sorted samples in too few columns": (
        "congruent((SPAN + FOLD - 1) / FOLD, APART, BANKS)",
        "congruent((SPAN + FOLD - 1) / FOLD, APART, BANKS) - BANKS",
        "sorted",
    ),
    "indices of 32 bits": (
        "typedef i64 integer;",
        "typedef int integer;",
        "large",
    ),
    "a row beyond the array that is read": (
        "m1 = 0, row.ins = 0;",
        "m1 = 0;",
        "wide plane",
    ),
    "a row of taps beyond the last": (
        "if (UP1 == 1 || i1 + UP1 * t < axis1.taps)",
        "if (true)",
        "plane",
    ),
    "eight loads that end elsewhere": (
        "            if (e < SPAN * INNER)\n                span",
        "                span",
        "wide plane",
    ),
    "rows that no threads load": (
        "line += THREADS / LOADERS",
        "line += THREADS / LOADERS + 1",
        "narrow plane",
    ),
    "rows of outputs staged in one place": (
        "sum *own = stage + tall * STAGE_ROW + behind",
        "sum *own = stage + behind",
        "plane",
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
    "a step over tiles that forgets what is carried": (
        "integer sum = a + b + carry;",
        "integer sum = a + b;",
        "images",
    ),
    "a step over tiles that carries too late": (
        "carry = sum >= size;",
        "carry = sum > size;",
        "images",
    ),
    "taps of the image before": (
        "dropped = carry;",
        "dropped = false;",
        "images",
    ),
    "a tap row left out": (
        "for (taps_of r1(axis1, n1); r1.i < axis1.taps; r1.next(axis1))\n#else",
        "for (taps_of r1(axis1, n1); r1.i < axis1.taps - 1; r1.next(axis1))\n#else",
        "tap rows",
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
        "quads": make(rng, (30,), (1,), (1,), (4001,), batch=(2,)),
        "apart": make(rng, (29,), (3,), (1,), (301,), batch=(3,)),
        "sorted": make(rng, (37,), (1,), (4,), (3000,)),
        "plane": make(rng, (3, 4), (2, 1), (1, 1), (9, 40), batch=(2,)),
        "narrow plane": make(rng, (3, 4), (2, 1), (1, 1), (9, 30), batch=(2,)),
        "wide plane": make(rng, (4, 4), (1, 1), (1, 1), (9, 300)),
        "images": make(rng, (3, 3), (1, 1), (1, 1), (40, 300), batch=(5,), groups=3),
        "cube": make(rng, (2, 3, 4), (1, 1, 1), (1, 1, 1), (5, 9, 9), "f8 f8 f8"),
        "tap rows": not_the_last_of_three(rng),
        "channels": make(rng, (3, 3), (1, 1), (1, 1), (8, 9), groups=3),
        "nan": make(rng, (7,), (2,), (1,), (30,)),
        "continued": make(rng, (9,), (1,), (1,), (20,)),
        "large": large,
    }
    found["nan"].x[12] = np.nan
    found["continued"].more["boundary"] = ["symmetric"]
    return found


def not_the_last_of_three(rng: np.random.Generator) -> Case:
    """A filter along the first two of three axes, whose tap rows are summed one after the other."""
    case = make(rng, (3, 4, 1), (1, 1, 1), (1, 1, 1), (9, 9, 5), "f8 f8 f8")
    fir = Fir(case.fir.taps, (*case.fir.start[:2], 0), case.fir.up, case.fir.down)
    read = Window((*case.read.starts[:2], 4), case.read.shape)
    written = Window((*case.written.starts[:2], 4), (*case.written.shape[:2], 5))
    return case._replace(fir=fir, read=read, written=written, y=rng.standard_normal(written.shape))


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
