"""Samples in files: .npy, .wav and .png, read and written without a sample being changed on the way.

===== =================================== ==========================================================
file  read as                             written
===== =================================== ==========================================================
.npy  an array, one axis per axis         any numeric dtype, as it is
.wav  samples, channels; rate in hertz    uint8, int16, int32, float32, float64; the rate of the input
.png  rows, columns, channels             8 or 16 bits; greyscale, grey + alpha, RGB, RGBA
===== =================================== ==========================================================

A file whose header claims other sizes than there are is refused, and so is what would be read as other numbers than
it holds: palettes, compressed sound.  A result is written beside its target and takes its place at the end, so that
an error leaves what was there.
Files of integers take results rounded to the nearest integer; what lies outside their range is refused
and never clipped.  Channels are the last axis and an operator acts on each alone.
"""

from ..errors import MissingDependency
from .errors import FileError
from .processing import run
from .samples import Samples, kind_of, read, write

__all__ = ["FileError", "MissingDependency", "Samples", "kind_of", "read", "run", "write"]
