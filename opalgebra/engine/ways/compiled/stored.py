"""Loops that were compiled before: files of machine code that are loaded without Numba, which takes long to import.

The name of a file says all that its code depends on: the text of the loops and of what they read, the versions of the
package, Python, NumPy, Numba and LLVM, what the environment tells Numba, and the processor.  So one name never stands
for two things, whoever writes it, and code of before an edit has another name; a process whose files were edited after
it imported them keeps nothing.  A file begins with a digest of the rest and is put in its place whole; what is cut off,
damaged or under a wrong name is not loaded, and compiled anew.

Who can write such a file can have anything run.  So the folder and the file are this user's alone, or are not used.
llvmlite is imported by the first loop, Numba by the first that is compiled.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...arrays import rules
from .folder import directory

HERE = Path(__file__).parent
DIGEST = 16  # bytes
LENT = ("memcpy", "memmove", "memset")  # to code, by the process
SETTINGS = frozenset(["NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"])  # of Numba, on which code does not depend


class Code(NamedTuple):
    """Machine code: the symbol that is called, and an object file that defines it."""

    symbol: str
    content: bytes


def _texts() -> bytes | None:
    """A digest of the text of the loops and of what they read; None where they do not lie in files."""
    try:
        texts = sorted([*(HERE / "loops").glob("*.py"), HERE / "kernels.py", Path(rules.__file__)])
        return blake2b(repr([(path.name, path.read_bytes()) for path in texts]).encode()).digest()
    except OSError:
        return None


TEXTS = _texts()  # as they are imported


@cache
def version() -> str:
    """A number for what compiled code depends on."""
    import llvmlite

    from .loops.processor import PROCESSOR

    numba = find_spec("numba")
    origin = None if numba is None else numba.origin
    numbas = [] if origin is None else [path.read_bytes() for path in Path(origin).parent.glob("_version.py")]
    told = sorted((name, value) for name, value in os.environ.items() if name.startswith("NUMBA_"))
    package = sys.modules[__name__.partition(".")[0]].__version__  # which stands above this room
    versions = package, sys.version, np.__version__, llvmlite.__version__, numbas  # without importing Numba
    known = TEXTS, versions, [pair for pair in told if pair[0] not in SETTINGS], PROCESSOR
    return blake2b(repr(known).encode(), digest_size=8).hexdigest()


def _is_own(status: os.stat_result) -> bool:
    """Whether nobody but this user may write there, as far as the system tells."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _file(name: str) -> Path:
    return directory() / "code" / f"{name}-{version()}"


def kept(name: str) -> Code | None:
    """The code of a loop of this name that was compiled before, if there is any."""
    if TEXTS is None:
        return None
    with suppress(OSError, RuntimeError):  # no file, no home
        file = _file(name)
        with file.open("rb") as opened:
            if not _is_own(file.parent.stat()) or not _is_own(os.fstat(opened.fileno())):
                return None
            data = opened.read()
        rest = data[DIGEST:]
        if blake2b(rest, digest_size=DIGEST).digest() == data[:DIGEST]:
            written, symbol, content = rest.split(b"\n", 2)
            if written.decode() == file.name:
                return Code(symbol.decode(), content)
    return None


def keep(name: str, code: Code) -> None:
    """Write the code of a loop to its file; where that cannot be, it is compiled in every process."""
    from tempfile import NamedTemporaryFile

    if TEXTS is None or _texts() != TEXTS:
        return
    with suppress(OSError, RuntimeError):
        file = _file(name)
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        if not _is_own(file.parent.stat()):
            return
        rest = b"\n".join([file.name.encode(), code.symbol.encode(), code.content])
        with NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as made:  # mode 0600
            try:
                made.write(blake2b(rest, digest_size=DIGEST).digest() + rest)
                made.close()
                os.replace(made.name, file)
            except OSError:
                Path(made.name).unlink(missing_ok=True)
                raise


def _engine() -> Any:
    """What loads code; each code has one of its own, so that no two symbols meet."""
    from llvmlite import binding

    binding.check_jit_execution()
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(jit=True)
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine)


@cache
def lends_all() -> bool:
    """Whether this process lends code all that it may call; where it does not, Numba does once it is imported."""
    from llvmlite import binding

    return _engine() is not None and all(map(binding.address_of_symbol, LENT))  # known from the first engine on


def loaded(code: Code) -> tuple[Any, int]:
    """The engine that holds the code, which must live as long as it is called, and the address to call."""
    from llvmlite import binding

    engine = _engine()
    engine.add_object_file(binding.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    return engine, engine.get_function_address(code.symbol)
