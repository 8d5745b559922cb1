"""The kernels of ``tiles.cuh`` on the CPU: built by g++, with fibres for threads, and run by a backend of their own."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.cuda.launch import filter_into
from opalgebra.engine.ways.cuda.plan import Launch, Variant, options, source

HERE = Path(__file__).parent
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILER = shutil.which("g++")


class ShimError(Exception):
    """A program that ended early, with what it said."""


class Programs:
    """Programs by variant, built when first asked for and kept running."""

    def __init__(
        self, folder: Path, text: str | None = None, flags: tuple[str, ...] = (), driver: Path | None = None
    ) -> None:
        self.folder, self.flags = folder, flags
        self.kernel = folder / "fir.cuh"
        self.kernel.write_text(source() if text is None else text, encoding="utf-8")
        self.driver = driver or folder / "driver.o"
        if driver is None:
            self._compile(HERE / "driver.cpp", self.driver)
        self.running: dict[Variant, subprocess.Popen[bytes]] = {}

    def _compile(self, file: Path, made: Path, *extra: str) -> None:
        # -ffp-contract=off: x86 without fused multiply-adds rounds like NumPy, and the bounds hold with them too
        common = ("-std=c++17", "-O1", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-ffp-contract=off")
        command = [str(COMPILER), *common, *self.flags, *extra, "-c", str(file), "-o", str(made)]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def program(self, variant: Variant) -> subprocess.Popen[bytes]:
        if variant not in self.running:
            name = self.folder / f"variant{len(self.running)}"
            macros = (*options(variant), f"-DKERNEL={variant.name}", f'-DKERNEL_SOURCE="{self.kernel}"')
            self._compile(HERE / "kernel.cpp", name.with_suffix(".o"), *macros)
            objects = [str(self.driver), str(name.with_suffix(".o"))]
            subprocess.run([str(COMPILER), *self.flags, *objects, "-o", str(name)], check=True, capture_output=True)
            pipe = subprocess.PIPE
            self.running[variant] = subprocess.Popen([str(name)], stdin=pipe, stdout=pipe, stderr=pipe)
        return self.running[variant]

    def call(self, variant: Variant, head: list[int], *data: bytes) -> bytes:
        """One case."""
        program = self.program(variant)
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        try:
            program.stdin.write(np.array(head, np.int64).tobytes() + b"".join(data))
            program.stdin.flush()
            answer = program.stdout.read(len(data[-1]))
        except BrokenPipeError:
            answer = b""
        if len(answer) < len(data[-1]):
            message = program.stderr.read().decode()
            self.stop(variant)
            raise ShimError(message)
        return answer

    def stop(self, variant: Variant) -> None:
        """End the program of a variant; a program ends by itself where its input ends."""
        program = self.running.pop(variant)
        for stream in (program.stdin, program.stdout, program.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue  # it has ended already
        program.wait()

    def close(self) -> None:
        """End all programs."""
        for variant in list(self.running):
            self.stop(variant)


def _memory(array: np.ndarray) -> tuple[int, int]:
    return np.lib.array_utils.byte_bounds(array)


class ShimBackend:
    """Runs launches on NumPy arrays; ``order`` 0 takes threads up in order, 1 backwards, others shuffled."""

    xp = np

    def __init__(self, programs: Programs, order: int = 0, blocks: int = 2) -> None:
        self.programs, self.order, self.blocks = programs, order, blocks
        self.launched: list[Launch] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Filled with what must not be seen."""
        return np.full(shape, np.nan if np.dtype(dtype).kind in "fc" else -1, dtype)

    def constant(self, key: Fir, array: np.ndarray) -> np.ndarray:
        return array

    def kept(self, key: Fir, name: Any, make: Callable[[], Any]) -> Any:
        return make()

    def launch(self, launch: Launch, x: np.ndarray, taps: np.ndarray, y: np.ndarray) -> None:
        self.launched.append(launch)
        assert taps.flags.c_contiguous
        (x0, x1), (y0, y1) = _memory(x), _memory(y)
        lengths = [x1 - x0, taps.nbytes, y1 - y0]
        places = [x.ctypes.data - x0, y.ctypes.data - y0]
        head = [self.order, min(launch.blocks, self.blocks), launch.variant.threads, 0, 0, *lengths, *places]
        data = [ctypes.string_at(x0, x1 - x0), taps.tobytes(), ctypes.string_at(y0, y1 - y0)]
        answer = self.programs.call(launch.variant, [*head, *launch.numbers], *data)
        ctypes.memmove(y0, answer, len(answer))

    def run(self, fir: Fir, y: np.ndarray, x: np.ndarray, written: Window, read: Window, **more: Any) -> np.ndarray:
        """``filter_into`` with this backend."""
        filter_into(self, fir, y, x, written, read, **more)
        return y
