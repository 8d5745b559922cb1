"""How long a new process takes to its first large result: ``python -m benchmarks.starting``.

Cold processes find an empty cache of compiled code, warm ones what a cold one left.  Processor time stands beside the
time of the clock: on a busy machine it alone says what the start costs.  Bytecode is there, as it is where packages
are installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

CLOCK = """
import time
begin = time.perf_counter()
import numpy as np
numpy = time.perf_counter()
import {module}
imported = time.perf_counter()
{work}
done = time.perf_counter()
print(numpy - begin, imported - numpy, done - imported, done - begin, time.process_time())
"""
SCIPY = "scipy.signal.upfirdn(np.ones(31, 'f4'), np.ones(2**20, 'f4'), 1, 2)"
LAYER = "nn.Conv(np.ones((16, 8, 3, 3), 'f4'), padding=1)(np.ones((4, 8, 64, 64), 'f4'))"

#: What is started, and the module and the work of it.
STARTS = {
    "SciPy's upfirdn, 31 taps ↓2, 2²⁰": ("scipy.signal", SCIPY),
    "31 taps ↓2, 2²⁰": ("opalgebra", "opalgebra.StridedConv(np.ones(31, 'f4'), 2).on(2**20)(np.ones(2**20, 'f4'))"),
    "1,023 taps, 2²⁰": ("opalgebra", "opalgebra.Conv(np.ones(1023, 'f4')).on(2**20)(np.ones(2**20, 'f4'))"),
    "bilinear ×2 of 1024²": ("opalgebra", "opalgebra.LinearUp((2, 2)).on((1024, 1024))(np.ones((1024, 1024), 'f4'))"),
    "3×3, 8 → 16 channels": ("opalgebra", f"opalgebra.{LAYER}"),
}  # fmt: skip


def started(module: str, work: str, cache: str, bytecode: str) -> list[float]:
    """Seconds for NumPy, for the module, for the work, in all, and of the processor."""
    environment = os.environ | {"OPALGEBRA_CACHE": cache, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = [sys.executable, "-c", CLOCK.format(module=module, work=work)]
    run = subprocess.run(code, env=environment, capture_output=True, text=True, check=True)
    return list(map(float, run.stdout.split()))


def row(name: str, processes: int, bytecode: str) -> str:
    """A cold process for each warm one, and their medians; the first two compile the bytecode."""
    cold, warm = [], []
    for _ in range(processes + 1):
        with TemporaryDirectory() as cache:
            cold.append(started(*STARTS[name], cache, bytecode))
            warm.append(started(*STARTS[name], cache, bytecode))
    shown = [median(column) for column in zip(*warm[1:], strict=True)]
    whole = [median(column) for column in zip(*cold[1:], strict=True)][-2:]
    return f"| {name} | " + " | ".join(f"{seconds:.2f}" for seconds in (*whole, *shown)) + " |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=5, help="cold ones of each kind, and as many warm ones")
    processes = parser.parse_args().processes
    print("| seconds | cold | processor | warm: NumPy | import | first result | in all | processor |")
    print("| --- " * 8 + "|")
    with TemporaryDirectory() as bytecode:
        for name in STARTS:
            print(row(name, processes, bytecode), flush=True)


if __name__ == "__main__":
    main()
