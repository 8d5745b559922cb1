"""The processor that loops are compiled for, and the blocks of sums that its registers hold."""

from __future__ import annotations

from llvmlite import binding

#: Its name, and what it can do; code for one processor may be wrong on another.
PROCESSOR = binding.get_process_triple(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()

#: Whether there are 32 registers of 64 bytes, or as few as 16 of 32.
HAS_LARGE_REGISTERS = bool(binding.get_host_cpu_features().get("avx512f"))

#: Where taps mix channels: outputs by vectors of 64 bytes whose sums fit into the registers, beside the samples and a
#: tap.  The last vectors of a run are taken fewer at a time.
SHAPES = ((8, 3), (4, 6), (1, 8)) if HAS_LARGE_REGISTERS else ((6, 1), (2, 2), (1, 4))
OUTPUTS = tuple([outs for outs, _ in SHAPES])

#: For the gradient of such taps: outputs by taps whose products with each other are summed in registers.
DOTS = (4, 6) if HAS_LARGE_REGISTERS else (2, 2)
DOT_OUTPUTS, DOT_TAPS = DOTS

#: Where phases are summed together: phases by vectors, at most.
PHASES, MOST = (8, 3) if HAS_LARGE_REGISTERS else (6, 1)
