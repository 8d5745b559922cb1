"""Every kind of kernel compiles for three generations of devices, and keeps everything in registers.

By NVRTC, which needs no device: `pip install nvidia-cuda-nvrtc`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import nvrtc, occupancy
from benchmarks.occupancy import DEVICES, KERNELS, LEAST, REASONS
from opalgebra.engine.ways.cuda.plan import Variant, options, source

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(nvrtc.library() is None, reason="NVRTC is not here, so no kernel can be compiled for a device"),
]
PAGE = Path(__file__).parents[4] / "docs" / "gpu.md"


def compiled(variant: Variant, architecture: str) -> nvrtc.Code:
    return nvrtc.compiled(source(), options(variant), architecture)


@pytest.mark.parametrize("name", KERNELS)
def test_no_spills_and_threads_enough(name: str) -> None:
    """And nothing that flushes small numbers to zero."""
    variant = KERNELS[name].variant
    for architecture, device in DEVICES.items():
        code = compiled(variant, architecture)
        assert code.spills == 0, code.log
        assert code.shared <= 48 * 1024
        assert ".entry" in code.assembly
        assert ".ftz" not in code.assembly, "small numbers are flushed to zero"
        assert code.registers * variant.threads <= 65536
        _, held = occupancy.occupancy(code, variant.threads, device)
        assert held >= LEAST or name in REASONS


@pytest.mark.skipif(nvrtc.disassembler() is None, reason="nvdisasm is not here, so instructions cannot be counted")
@pytest.mark.parametrize("name", occupancy.short_ones())
def test_short_filters_of_float32_are_bound_by_memory(name: str) -> None:
    """At least four fifths of the speed of a copy, by what is counted, for up to 16 taps."""
    share, bound = occupancy.share(KERNELS[name], compiled(KERNELS[name].variant, "sm_90"), "sm_90")
    assert share >= 0.8, bound


def test_the_page_names_every_kernel_and_every_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| {name} |" in text for name in KERNELS)
    assert all(why in text for why in REASONS.values())
    assert set(REASONS) <= set(KERNELS)


def test_spills_would_be_seen() -> None:
    """The same kernel with more sums than there are registers."""
    variant = KERNELS["31 taps, c16"].variant
    wide = {**dict(variant.macros), "VECTOR": 41, "GROUPS": 8}
    assert compiled(variant._replace(macros=tuple(wide.items())), "sm_90").spills > 0


def test_few_threads_would_be_seen() -> None:
    variant = KERNELS["31 taps, f4"].variant
    wide = {**dict(variant.macros), "VECTOR": 41, "GROUPS": 8, "BLOCKS": 1}
    code = compiled(variant._replace(macros=tuple(wide.items())), "sm_90")
    assert occupancy.occupancy(code, variant.threads, DEVICES["sm_90"])[1] < LEAST


def test_more_instructions_would_be_seen() -> None:
    """Indices of 64 bits, divisions and single stores made this kernel half as fast as a copy."""
    launch = KERNELS["16 taps, f4"]
    slow = launch._replace(variant=launch.variant._replace(macros=(*launch.variant.macros[:-1], ("BLOCKS", 4))))
    macros = {**dict(slow.variant.macros), "VECTOR": 1, "GROUPS": 256}
    slow = slow._replace(variant=slow.variant._replace(macros=tuple(macros.items())))
    code = compiled(slow.variant, "sm_90")
    assert occupancy.share(slow, code, "sm_90")[0] < 0.8


def test_errors_would_be_seen() -> None:
    variant = KERNELS["16 taps, f4"].variant
    with pytest.raises(ValueError, match="error"):
        compiled(variant._replace(macros=variant.macros[1:]), "sm_90")
