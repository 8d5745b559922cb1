"""Arrays of other libraries on a CUDA device, handed to CuPy and back without a copy.

Work is queued on the stream that the other library is on, so neither waits for the other and the host for none.
"""

from __future__ import annotations

from typing import Any


def on_device(operator: Any, x: Any, device: int, stream: int, taken: Any) -> Any:
    """F x on a device and a stream, by their numbers; ``taken`` takes the result as DLPack hands it over."""
    import cupy

    with cupy.cuda.Device(device), cupy.cuda.ExternalStream(stream, device):
        return taken(operator(cupy.from_dlpack(x)))
