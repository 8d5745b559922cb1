"""What a table of running times leaves out: copies, plans, first calls in a fresh process, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import opalgebra as oa
from opalgebra.bench import duration, medians, power

Fact: TypeAlias = tuple[str, str]

FIRST_CALL = """
import time, sys
begin = time.perf_counter()
import numpy as np
x, h = np.ones(2**20, "f4"), np.ones(31, "f4")
{prepare}
imported = time.perf_counter()
run()
first = time.perf_counter()
run()
print(imported - begin, first - imported, time.perf_counter() - first)
"""
OURS = "import opalgebra as oa\nF = oa.StridedConv(h, 2).on(x.size)\nrun = lambda: F(x)"
SCIPY = "from scipy.signal import upfirdn\nrun = lambda: upfirdn(h, x, 1, 2)"

MEMORY = """
import re
import numpy as np
def status(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
def peak(run):
    run()  # code and constants are loaded, and what is freed goes back to the system
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    size = run()
    return size, status("VmHWM") - before
n, h = {size}, np.random.default_rng(0).standard_normal({taps}).astype("f4")
x = np.random.default_rng(1).standard_normal(n, dtype="f4")
{prepare}
size, more = peak(lambda: run().nbytes)
print((x.nbytes + more) / (x.nbytes + size))
"""


def facts(scale: int, threads: int) -> Iterator[Fact]:
    """All of them, one after the other."""
    yield from beside_a_copy(2**21 >> scale)
    yield from planning(scale)
    yield from first_calls()
    yield from memory(2**25 >> scale, threads)


def beside_a_copy(size: int) -> Iterator[Fact]:
    """The shortest filter, whose arithmetic is next to nothing."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(size).astype("f4")
    F = oa.TransposedConv(rng.standard_normal(4).astype("f4"), 2).on(size)
    out = np.empty(F.dimsd, x.dtype)
    found = medians({"new": lambda: F(x), "out": lambda: F(x, out=out), "copy": x.copy})
    yield f"4 taps ↑2, {power(size)} float32: copies of the input", f"{found['new'] / found['copy']:.2f}"
    yield "the same with out=", f"{found['out'] / found['copy']:.2f}"


def planning(scale: int) -> Iterator[Fact]:
    """Writing an expression, binding it and running it once, less the run."""
    for size in (16, 2**10, 2**14, 2**20 >> scale):
        h, x = np.random.default_rng(0).standard_normal(31 if size > 16 else 5), np.ones(size)

        def bind(h: np.ndarray = h, size: int = size) -> Any:
            return oa.StridedConv(h, 2).on(size)

        F = bind()
        found = medians({"run": lambda F=F, x=x: F(x), "all": lambda bind=bind, x=x: bind()(x)})
        plan = found["all"] - found["run"]
        text = f"{plan / found['run']:.2g} applications ({duration(plan)} and {duration(found['run'])})"
        yield f"plan of {len(h)} taps ↓2, {power(size)}", text


def first_calls() -> Iterator[Fact]:
    """Fresh processes, with an empty cache of compiled code and with a full one."""
    with tempfile.TemporaryDirectory() as cache:
        for name, code in (("nothing compiled yet", OURS), ("compiled before", OURS), ("SciPy's upfirdn", SCIPY)):
            printed = child(FIRST_CALL.format(prepare=code), OPALGEBRA_CACHE=cache)
            imported, first, second = map(float, printed.split())
            text = f"{first + imported:.2f} s, import {imported:.2f} s of it; the second call {duration(second)}"
            yield f"import and first call in a fresh process, {name}", text


def memory(size: int, threads: int) -> Iterator[Fact]:
    """The peak of resident memory in a run, as a part of input and output together."""
    if not Path("/proc/self/clear_refs").exists():
        yield "peak memory", "not measured: needs Linux"
        return
    for up, down, taps in ((2, 1, 4), (1, 1, 31), (1, 2, 31), (160, 147, 2560), (1, 1, 1023)):
        ours = (
            f"import opalgebra as oa\noa.set_threads({threads})\n"
            f"F = (oa.Down({down}) @ oa.Conv(h) @ oa.Up({up})).on(n)\nrun = lambda: F(x)"
        )
        scipy = (
            "from scipy.signal import oaconvolve\nrun = lambda: oaconvolve(x, h)"
            if taps == 1023
            else f"from scipy.signal import upfirdn\nrun = lambda: upfirdn(h, x, {up}, {down})"
        )
        found = [float(child(MEMORY.format(size=size, taps=taps, prepare=code))) for code in (ours, scipy)]
        name = f"peak memory of {taps} taps ↑{up} ↓{down}, {power(size)} float32, in units of input and output"
        yield name, f"{found[0]:.2f} ({'oaconvolve' if taps == 1023 else 'upfirdn'} {found[1]:.2f})"


def child(code: str, **environment: str) -> str:
    """What a script prints in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return run.stdout
