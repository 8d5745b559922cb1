"""What ``import opalgebra`` adds to ``import numpy``, and its largest parts: ``python -m benchmarks.imports``.

Both are imported in fresh processes in turn, and the time of the processor counts, so that a busy machine slows both
alike; their bytecode is there, as it is where they are installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

CLOCK = "import time; begin = time.process_time(); import {}; print(1000 * (time.process_time() - begin))"
SHOWN = 12  # of the largest parts

Environment = dict[str, str]


def _milliseconds(module: str, environment: Environment) -> float:
    code = [sys.executable, "-c", CLOCK.format(module)]
    return float(subprocess.run(code, env=environment, capture_output=True, text=True, check=True).stdout)


def pairs(processes: int, environment: Environment) -> list[tuple[float, float]]:
    """The times of ``import numpy`` and of ``import opalgebra``, which imports NumPy too, in milliseconds."""
    made = [
        (_milliseconds("numpy", environment), _milliseconds("opalgebra", environment)) for _ in range(processes + 1)
    ]
    return made[1:]  # the first ones compile the bytecode


def parts(environment: Environment) -> list[tuple[float, str]]:
    """Milliseconds that each module of the package takes by itself, the largest first; the clock adds to small ones."""
    code = [sys.executable, "-X", "importtime", "-c", "import numpy; import opalgebra"]
    lines = subprocess.run(code, env=environment, capture_output=True, text=True, check=True).stderr.splitlines()
    found = [line.removeprefix("import time:").split("|") for line in lines if "opalgebra" in line]
    return sorted(((int(own) / 1000, name.strip()) for own, _, name in found), reverse=True)


def main() -> None:
    """Print the shortest and the median times, how much is added, and the largest parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=10, help="of each kind")
    arguments = parser.parse_args()
    with TemporaryDirectory() as cache:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found = pairs(arguments.processes, environment)
        largest = parts(environment)[:SHOWN]
    for name, choose in (("shortest", min), ("median", median)):
        numpy, ours = (choose(times) for times in zip(*found, strict=True))
        print(
            f"{name}: numpy {numpy:.1f} ms, opalgebra {ours:.1f} ms, which adds {(ours - numpy) / numpy:.2f} of NumPy's"
        )
    for own, module in largest:
        print(f"{own:6.2f} ms  {module}")


if __name__ == "__main__":
    main()
