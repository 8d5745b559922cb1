"""What compilers make of the CUDA kernels, without a device: ``python -m benchmarks.occupancy --out docs/gpu.md``.

For every kind of kernel and three generations of devices: registers, spills and shared memory from NVRTC, how many
threads a multiprocessor holds of those that it could, and an estimate of the time beside that of a copy.

The estimate counts what a tile inside the array executes, in the code itself (nvdisasm), and what it moves.  A tile
takes the longest of four: its bytes at the bandwidth, its instructions at one per scheduler and cycle, the wavefronts
of shared memory at one per cycle, and the way to memory and back shared by the tiles that are held at once.
Devices are as their makers print them; nothing here is measured.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from opalgebra.engine.ways.cuda.plan import Axis, Launch, Variant, launch_of, options, source

from . import nvrtc

LEAST = 0.37  # of the threads that a multiprocessor can hold
REASONS = {
    "↓16, 48 taps, c16": "a thread holds 16 samples of 16 bytes, and shared memory ends first",
    "three axes, c16": "indices of three axes take registers, and complex numbers two for each part",
    "first of three axes, c8": "the same, with entries side by side",
    "many taps": "the table of 2,048 taps; long filters are bound by arithmetic",
}


class Device(NamedTuple):
    """A multiprocessor of a generation, and the share of memory bandwidth that it has."""

    name: str
    shared: int  # bytes
    bytes_per_cycle: float  # of memory, for each multiprocessor
    single: int  # multiply-adds of float32 per cycle
    double: int


# Bandwidth / (multiprocessors × cycles per second), of which a copy reaches about nine tenths.
DEVICES = {
    "sm_80": Device("A100 80 GB", 164 * 2**10, 2039 / (108 * 1.41), 64, 32),
    "sm_90": Device("H200", 228 * 2**10, 4800 / (132 * 1.755), 128, 64),
    "sm_100": Device("B200", 228 * 2**10, 8000 / (148 * 1.85), 128, 64),
}
COPIED = 0.9
LATENCY = 800  # cycles from a load to what it loads
WARPS, BLOCKS, REGISTERS = 64, 32, 65536  # of a multiprocessor, in all three generations


def kernel(
    up: int, down: int, taps: int, dtypes: str = "f4 f4 f4", inner: int = 1, rows: int = 0, **more: bool
) -> Launch:
    """The kernel for a long signal, or one for ``rows`` more axes with three taps each."""
    axis = Axis(up, down, 0, taps, 2**20, 2**20, 0, inner, inner)
    before = [axis._replace(taps=3, outs=2**10, ins=2**10)] * rows
    return launch_of([*before, axis], 1, 0, 0, inner, 1, [np.dtype(name) for name in dtypes.split()], **more)


def plane(up: int, down: int, taps: int, side: int, count: int = 1, dtypes: str = "f4 f4 f4") -> Launch:
    """The kernel for images, each with taps of its own."""
    outs = side * up // down
    axis = Axis(up, down, 0, taps, outs, side, 0, 1, 1)
    first = axis._replace(y_stride=outs, x_stride=side)
    kinds = [np.dtype(name) for name in dtypes.split()]
    return launch_of([first, axis], count, outs**2, side**2, 1, count, kinds, zeros=False)


REAL = ["f4 f4 f4", "f8 f8 f8", "i8 i8 i8"]
COMPLEX = ["c8 f4 c8", "f4 c8 c8", "c8 c8 c8", "f8 f8 c16", "c16 c16 c16"]
KERNELS = {
    **{f"↑2, 4 taps, {kind}": kernel(2, 1, 4, kind) for kind in REAL + COMPLEX},
    **{f"{n} taps, f4": kernel(1, 1, n, zeros=False) for n in (3, 8, 16, 31)},
    **{f"{n} taps, f8": kernel(1, 1, n, "f8 f8 f8", zeros=False) for n in (3, 16, 31)},
    **{f"{n} taps, c16": kernel(1, 1, n, "c16 c16 c16", zeros=False) for n in (16, 31)},
    **{f"↑2, {n} taps, f4": kernel(2, 1, n, zeros=False) for n in (4, 16, 32)},
    "↑4, 16 taps, f4": kernel(4, 1, 16, zeros=False),
    **{f"↓{k}, 16 taps, f4": kernel(1, k, 16, zeros=False) for k in (2, 3, 4, 8, 16)},
    "↓2, 31 taps, f8": kernel(1, 2, 31, "f8 f8 f8", zeros=False),
    "↓2, 31 taps, added, some zero": kernel(1, 2, 31, add=True),
    "↓16, 48 taps, c16": kernel(1, 16, 48, "c16 c16 c16"),
    "↑3 ↓2, 16 taps, f4": kernel(3, 2, 16, zeros=False),
    "↑2 ↓3, backwards, 61 taps": kernel(2, -3, 61),
    "↑160 ↓147, 2560 taps": kernel(160, 147, 2560, zeros=False),
    "many taps": kernel(1, 1, 2048, sparse=True),
    "indices of 64 bits": kernel(1, 1, 16)._replace(
        variant=launch_of([Axis(1, 1, 0, 16, 2**31, 2**31, 0, 1, 1)], 1, 0, 0, 1, 1, [np.dtype("f4")] * 3).variant
    ),
    "first of two axes": kernel(2, 1, 4, inner=1000),
    "a short signal": launch_of([Axis(1, 1, 0, 16, 100, 100, 0, 1, 1)], 1, 0, 0, 1, 1, [np.dtype("f4")] * 3),
    "4×4 taps, ↑2, 2048²": plane(2, 1, 4, 2048),
    "3×3 taps, ↓2, 4096²": plane(1, 2, 3, 4096),
    "7×7 taps, 2048²": plane(1, 1, 7, 2048),
    "4×4 taps, f8, 2048²": plane(1, 1, 4, 2048, dtypes="f8 f8 f8"),
    "depthwise 3×3, 256×256²": plane(1, 1, 3, 256, 256),
    "depthwise 3×3, 4096×56²": plane(1, 1, 3, 56, 4096),
    "depthwise 3×3, 4096×14²": plane(1, 1, 3, 14, 4096),
    "depthwise 4×4, ↑2, 64×256²": plane(2, 1, 4, 256, 64),
    "three axes, c16": kernel(1, 1, 3, "c16 c16 c16", rows=2),
    "first of three axes, c8": kernel(3, 2, 9, "c8 c8 c8", inner=9, rows=2),
    **{f"one by one, {kind}": kernel(1, 1000, 5, kind) for kind in ("f4 f4 f4", "c16 c16 c16")},
}


def occupancy(code: nvrtc.Code, threads: int, device: Device) -> tuple[int, float]:
    """Blocks that a multiprocessor holds at once, and its threads of those that it could hold."""
    warps = threads // 32
    by_registers = REGISTERS // (-(-code.registers // 8) * 8 * 32 * warps)
    by_shared = device.shared // (-(-code.shared // 128) * 128 + 1024)
    blocks = min(BLOCKS, WARPS // warps, by_registers, by_shared)
    return blocks, blocks * warps / WARPS


# What a tile executes -----------------------------------------------------------------------------------------


@dataclass
class Counted:
    """Of one warp and one tile."""

    instructions: float = 0.0
    single: float = 0.0  # of float32
    double: float = 0.0  # of float64
    whole: float = 0.0  # of integers
    wavefronts: float = 0.0  # of shared memory


def macros_of(variant: Variant) -> dict[str, Any]:
    return dict(variant.macros)


def trips(launch: Launch) -> Iterator[tuple[str, float]]:
    """The loops of a tile in the order of the source: an instruction that tells each, and how often it runs."""
    m = macros_of(launch.variant)
    tile = shape_of(m)
    members = launch.numbers[4]
    yield "LDG", 0 if members == 1 else m["ROWS"] * tile["phases"] * m["TERMS"] / m["THREADS"]
    if m["LANES"]:
        yield "LDG", tile["lines"] * tile["loaders"] / m["THREADS"]
        if m["TERMS1"] * m["TERMS"] > 64:
            yield "FMA", m["TERMS1"]
    if m["TERMS"] >= 32:
        yield "FMA", m["TERMS"] // 16
    if m["LANES"]:
        yield "STG", m["LANES"] / (m["THREADS"] / 32)


def shape_of(m: dict[str, Any]) -> dict[str, int]:
    """What follows from the macros."""
    common = int(np.gcd(m["UP"], m["DOWN"]))
    phases = m["UP"] // common
    outputs = phases * m["GROUPS"] * m["VECTOR"]
    span = -(-abs(m["DOWN"]) * (outputs - 1) // m["UP"]) + m["TERMS"]
    lines = -(-abs(m["DOWN1"]) * (m["LANES"] - 1) // m["UP1"]) + m["TERMS1"] if m["LANES"] else 1
    loaders = next((n for n in (32, 16) if m["THREADS"] >= n * lines), 8)
    return {"loaders": loaders, "phases": phases, "outputs": outputs, "span": span, "lines": lines}


def counted(launch: Launch, architecture: str) -> Counted:
    """The instructions of the loop over tiles, those of loops within it as often as these run."""
    given = (*options(launch.variant), "-DINNER_TILES")
    text = nvrtc.instructions(nvrtc.compiled(source(), given, architecture).cubin)
    lines, places, ends = [], {}, []
    for line in text.splitlines():
        label = re.match(r"(\.L_x_\d+):", line)
        found = re.match(r"\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?(\S+)(.*);", line)
        if label:
            places[label[1]] = len(lines)
        elif found:
            lines.append((found[1], found[2]))
    for at, (name, rest) in enumerate(lines):
        to = re.search(r"`\((\.L_x_\d+)\)", rest)
        if name.startswith("BRA") and to and places.get(to[1], at + 1) <= at:
            ends.append((places[to[1]], at))
    ends = [(a, b) for a, b in ends if b > a]  # not the trap after the end
    outer = max(ends, key=lambda loop: loop[1] - loop[0])
    weights = _weights(lines, outer, sorted(loop for loop in ends if loop != outer), list(trips(launch)))
    made = Counted()
    for (name, _), weight in zip(lines[outer[0] : outer[1] + 1], weights, strict=True):
        _count(made, name, weight)
    return made


def _weights(lines: Any, outer: tuple[int, int], loops: Any, known: list[tuple[str, float]]) -> list[float]:
    weights = [1.0] * (outer[1] - outer[0] + 1)
    for first, last in loops:
        body = " ".join(name for name, _ in lines[first : last + 1])
        place = next((k for k, (mark, _) in enumerate(known) if mark in body), None)
        if place is None or not outer[0] <= first:
            raise ValueError(f"a loop that is not known, of {body}")
        times = known.pop(place)[1]
        for at in range(first, last + 1):
            weights[at - outer[0]] *= times
    return weights


def _count(made: Counted, name: str, weight: float) -> None:
    made.instructions += weight
    if re.match(r"FFMA|FADD|FMUL", name):
        made.single += weight
    elif re.match(r"DFMA|DADD|DMUL", name):
        made.double += weight
    elif re.match(r"I|LEA|LOP|SHF|SEL|PRMT|VI", name):
        made.whole += weight
    if re.match(r"(LDS|STS)", name):
        # Taps of a quad are the same for all threads of a phase: one wavefront, as for a number of four bytes.
        wide = {"128": 4, "64": 2}.get(name.rsplit(".", 1)[-1], 1)
        made.wavefronts += weight * (1 if name.startswith("LDS") and wide == 4 else wide)


def share(launch: Launch, code: nvrtc.Code, architecture: str) -> tuple[float, str]:
    """Of the speed of a copy of as many bytes, and what takes the longest beside memory, in parts of its time."""
    device, m = DEVICES[architecture], macros_of(launch.variant)
    tile, count = shape_of(m), counted(launch, architecture)
    blocks, _ = occupancy(code, launch.variant.threads, device)
    warps = launch.variant.threads / 32
    rows = max(1, m["LANES"])
    sizes = [(4 if m["REAL"] == "float" else 8) * (1 + m[f"{name}_COMPLEX"]) for name in "XY"]
    outputs = min(tile["outputs"], launch.numbers[27]) * min(rows, launch.numbers[18])
    read = outputs * abs(m["DOWN"]) / m["UP"] * (abs(m.get("DOWN1", 1)) / m.get("UP1", 1))
    moved = read * sizes[0] + outputs * sizes[1] * (1 + m["ADD"])
    if m["INNER"] == 1 and m["UP"] < 32 and not m["LANES"] and sizes[1] < 16:  # staged outputs, four at a time
        count.wavefronts += 3 * -(-(tile["outputs"] + 3) * sizes[1] // (16 * launch.variant.threads))
    loads = dict(list(trips(launch))[1:2]).get("LDG", 1) if m["LANES"] else 1
    cycles = {
        "memory": moved / (COPIED * device.bytes_per_cycle),
        "instructions": warps * count.instructions / 4,
        "arithmetic": warps
        * max(32 * count.single / device.single, 32 * count.double / device.double, count.whole / 2),
        "shared memory": warps * count.wavefronts,
    }
    cycles["latency"] = (LATENCY * -(-loads // 1) + max(cycles.values())) / blocks
    bound = max((name for name in cycles if name != "memory"), key=lambda name: cycles[name])
    return min(1.0, cycles["memory"] / cycles[bound]), f"{bound} {cycles[bound] / cycles['memory']:.0%}"


# The table ----------------------------------------------------------------------------------------------------


def has_estimate(launch: Launch) -> bool:
    """Whether a tile is one piece of code: not where rows of taps are walked one after the other."""
    m = macros_of(launch.variant)
    if launch.variant.name != "fir_tiled" or launch.blocks < 500:
        return False
    plain = m["INNER"] == 1 and not m["SPARSE"] and not m["WIDE"]
    return plain and (m["AXES"] == 1 or (m["AXES"] == 2 and bool(m["LANES"])))


SMALL = {"depthwise 3×3, 4096×14²": "an image is smaller than what a block should make"}


def short_ones() -> list[str]:
    """The kernels of float32 with at most 16 taps, on arrays large enough, that are estimated."""
    return [
        name
        for name, launch in KERNELS.items()
        if has_estimate(launch) and name not in SMALL and launch.variant.macros[0] == ("REAL", "float")
        and "c8" not in name and macros_of(launch.variant)["ROWS"] * launch.numbers[26] <= 16
    ]  # fmt: skip


def row(name: str, architecture: str) -> dict[str, Any]:
    """One kernel on one generation."""
    launch = KERNELS[name]
    code = nvrtc.compiled(source(), options(launch.variant), architecture)
    blocks, held = occupancy(code, launch.variant.threads, DEVICES[architecture])
    found = {
        "registers": code.registers, "spills": code.spills, "shared": code.shared, "threads": launch.variant.threads,
        "blocks": blocks, "occupancy": held,
    }  # fmt: skip
    if nvrtc.disassembler() is not None and has_estimate(launch):
        found["share"], found["bound"] = share(launch, code, architecture)
    return found


def table() -> Iterator[str]:
    """Lines of Markdown."""
    heads = " | ".join(f"{device.name}: registers, occupancy | of a copy" for device in DEVICES.values())
    yield f"| kernel | shared memory | {heads} |"
    yield "| --- | ---: " + "| ---: | --- " * len(DEVICES) + "|"
    for name in KERNELS:
        found = {architecture: row(name, architecture) for architecture in DEVICES}
        cells = [name, f"{next(iter(found.values()))['shared']:,}"]
        for made in found.values():
            spilled = f", {made['spills']} bytes spilled" if made["spills"] else ""
            cells.append(f"{made['registers']}{spilled}, {made['occupancy']:.0%}")
            cells.append(f"{made['share']:.0%} ({made['bound']})" if "share" in made else "–")
        yield f"| {' | '.join(cells)} |"


def between(page: str, begin: str, end: str, text: str) -> str:
    """A page with this text between two marks."""
    before, rest = page.split(begin)
    return before + begin + text + end + rest.split(end, 1)[1]


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or put it into a page between its marks."""
    parser = argparse.ArgumentParser(prog="benchmarks.occupancy", description="what compilers make of the kernels")
    parser.add_argument("--out", type=Path, help="a page whose table is written anew")
    given = parser.parse_args(arguments)
    if nvrtc.library() is None:
        print("NVRTC is not installed; pip install nvidia-cuda-nvrtc", file=sys.stderr)
        return 1
    lines = "\n".join(table())
    if given.out is None:
        print(lines)
        return 0
    page = given.out.read_text(encoding="utf-8")
    page = between(page, "<!-- occupancy -->\n", "<!-- end -->", lines + "\n")
    reasons = "".join(f"- {name}: {why}.\n" for name, why in REASONS.items())
    page = between(page, "<!-- reasons -->\n", "<!-- end of reasons -->", reasons)
    given.out.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
