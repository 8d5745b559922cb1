"""Every kind of kernel compiles for three generations of devices, and keeps everything in registers.

By NVRTC as CuPy calls it, which needs no device, or else by nvcc.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from opalgebra.engine.ways.cuda.plan import Axis, Launch, Variant, launch_of, options, source

ARCHITECTURES = ("sm_80", "sm_90", "sm_100")
NVCC = shutil.which("nvcc")
FLUSH = "-ftz=true"  # which CuPy adds
Compile = Callable[[Variant, str], tuple[str, str]]
pytestmark = pytest.mark.long


def by_nvrtc(variant: Variant, architecture: str) -> tuple[str, str]:
    """The log of the compiler, and the assembly."""
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(source(), "fir.cu", (), ())
    try:
        nvrtc.compileProgram(program, (*options(variant), f"-arch={architecture}", "--ptxas-options=-v", FLUSH))
        assert len(nvrtc.getCUBIN(program)) > 0
    except nvrtc.NVRTCError:
        pytest.fail(nvrtc.getProgramLog(program))
    log: str = nvrtc.getProgramLog(program)
    assembly = nvrtc.getPTX(program)
    nvrtc.destroyProgram(program)
    return log, assembly if isinstance(assembly, str) else assembly.decode()


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    if importlib.util.find_spec("cupy") is not None:
        return by_nvrtc
    if NVCC is None:
        pytest.skip("neither CuPy with NVRTC nor nvcc is here, so no kernel can be compiled for a device")
    folder = tmp_path_factory.mktemp("cuda")

    def by_nvcc(variant: Variant, architecture: str) -> tuple[str, str]:
        """The same, from nvcc."""
        file: Path = folder / "fir.cu"
        file.write_text(source(), encoding="utf-8")
        command = [str(NVCC), *options(variant), f"-arch={architecture}", FLUSH, "-cubin", "-Xptxas=-v"]
        kept = ["-keep", f"-keep-dir={folder}", "-o", str(folder / "fir.cubin"), str(file)]
        done = subprocess.run([*command, *kept], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr, (folder / "fir.ptx").read_text(encoding="utf-8")

    return by_nvcc


def kernel(
    up: int, down: int, taps: int, dtypes: str = "f4 f4 f4", inner: int = 1, rows: int = 0, **more: bool
) -> Launch:
    """The kernel for a long signal."""
    axis = Axis(up, down, 0, taps, 2**20, 2**20, 0, inner, inner)
    before = [axis._replace(taps=3)] * rows
    return launch_of([*before, axis], 1, 0, 0, inner, 1, [np.dtype(name) for name in dtypes.split()], **more)


REAL, COMPLEX = ["f4 f4 f4", "f8 f8 f8", "i8 i8 i8"], ["c8 f4 c8", "f4 c8 c8", "c8 c8 c8", "f8 f8 c16", "c16 c16 c16"]
KERNELS = {
    **{f"↑2, 4 taps, {kind}": kernel(2, 1, 4, kind) for kind in REAL + COMPLEX},
    **{f"31 taps, {kind}": kernel(1, 1, 31, kind, zeros=False) for kind in ("f4 f4 f4", "f8 f8 f8", "c16 c16 c16")},
    **{f"one by one, {kind}": kernel(1, 1000, 5, kind) for kind in ("f4 f4 f4", "c16 c16 c16")},
    "↓2, 31 taps": kernel(1, 2, 31, add=True),
    "↓16, 48 taps, c16": kernel(1, 16, 48, "c16 c16 c16"),
    "backwards": kernel(2, -3, 61),
    "160/147": kernel(160, 147, 2560),
    "many taps": kernel(1, 1, 2048, sparse=True),
    "first of two axes": kernel(2, 1, 4, inner=1000),
    "two axes": kernel(2, 1, 4, rows=1),
    "three axes, c16": kernel(1, 1, 3, "c16 c16 c16", rows=2),
    "first of three axes, c8": kernel(3, 2, 9, "c8 c8 c8", inner=9, rows=2),
}


@pytest.mark.parametrize("name", KERNELS)
def test_it_compiles_without_spills(name: str, compiler: Compile) -> None:
    variant = KERNELS[name].variant
    for architecture in ARCHITECTURES if compiler is by_nvrtc else ARCHITECTURES[1:2]:  # nvcc takes far longer
        log, assembly = compiler(variant, architecture)
        spills = [int(count) for count in re.findall(r"(\d+) bytes spill", log)]
        assert len(spills) >= 2, log
        assert not any(spills), log
        assert variant.name == "fir_direct" or int(re.findall(r"(\d+) bytes smem", log)[0]) <= 48 * 1024
        assert ".entry" in assembly
        assert ".ftz" not in assembly, "small numbers are flushed to zero"
        registers = int(re.findall(r"Used (\d+) registers", log)[0])
        assert registers * variant.threads <= 65536


def test_spills_would_be_seen(compiler: Compile) -> None:
    """The same kernel with more sums than there are registers."""
    variant = KERNELS["31 taps, c16 c16 c16"].variant
    wide = {**dict(variant.macros), "VECTOR": 41, "GROUPS": 8}
    log, _ = compiler(variant._replace(macros=tuple(wide.items())), "sm_90")
    assert any(int(count) for count in re.findall(r"(\d+) bytes spill", log))


def test_errors_would_be_seen(compiler: Compile) -> None:
    variant = KERNELS["two axes"].variant
    with pytest.raises((AssertionError, pytest.fail.Exception), match="error"):
        compiler(variant._replace(macros=variant.macros[1:]), "sm_90")
