"""NVRTC by ctypes: CUDA source to code for a device, where neither a device nor CuPy is."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Code(NamedTuple):
    """What the compiler made of a kernel."""

    log: str
    cubin: bytes
    assembly: str

    @property
    def registers(self) -> int:
        """Of a thread."""
        return int(re.findall(r"Used (\d+) registers", self.log)[0])

    @property
    def spills(self) -> int:
        """Bytes of a thread."""
        return max(int(count) for count in re.findall(r"(\d+) bytes spill", self.log))

    @property
    def shared(self) -> int:
        """Bytes of a block."""
        return int((re.findall(r"(\d+) bytes smem", self.log) or [0])[0])


def _folders() -> list[Path]:
    """Where wheels of NVIDIA put libraries."""
    found = importlib.util.find_spec("nvidia")
    roots = [] if found is None else [Path(place) for place in found.submodule_search_locations or ()]
    return [folder for root in roots for folder in (*root.glob("*/lib"), *root.glob("*/lib/x64"))]


@cache
def library() -> Any:
    """The library; None where it is not installed."""
    for folder in _folders():
        for file in sorted(folder.glob("libnvrtc.so.*[0-9]")):
            for part in folder.glob("libnvrtc-builtins.so.*[0-9]"):
                ctypes.CDLL(str(part), mode=ctypes.RTLD_GLOBAL)  # which the library looks for by name
            return ctypes.CDLL(str(file))
    name = ctypes.util.find_library("nvrtc")
    return None if name is None else ctypes.CDLL(name)


def compiled(source: str, options: tuple[str, ...], architecture: str) -> Code:
    """The code for an architecture such as "sm_90".

    Raises
    ------
    ValueError
        With what the compiler says, where it finds an error.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    # As CuPy calls it; -ftz=true is its choice.
    given = [*options, f"-arch={architecture}", "--ptxas-options=-v", "-ftz=true"]
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"fir.cu", 0, None, None)
    words = (ctypes.c_char_p * len(given))(*(word.encode() for word in given))
    failed = nvrtc.nvrtcCompileProgram(program, len(given), words)
    log = _taken(nvrtc, "ProgramLog", program).decode().strip("\0")
    if failed:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
        raise ValueError(log)
    made = Code(log, _taken(nvrtc, "CUBIN", program), _taken(nvrtc, "PTX", program).decode().strip("\0"))
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return made


def _taken(nvrtc: Any, what: str, program: Any) -> bytes:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    room = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, room)
    return room.raw


@cache
def disassembler() -> str | None:
    """The program nvdisasm: of CUDA, or of the wheel of Triton; None where it is not installed."""
    found = shutil.which("nvdisasm")
    triton = importlib.util.find_spec("triton")
    if found is None and triton is not None:
        places = [Path(p) / "backends/nvidia/bin/nvdisasm" for p in triton.submodule_search_locations or ()]
        found = next((str(place) for place in places if place.exists()), None)
    return found


def instructions(cubin: bytes) -> str:
    """What a device executes, as text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(cubin)
        command = [str(disassembler()), "-c", str(file)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
