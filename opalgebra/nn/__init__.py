"""Layers of deep learning with the semantics of its frameworks, as operators of the algebra."""

from .chain import Chain
from .conv import Conv, ConvTranspose
from .identities import as_conv, as_transpose, fold_upsample, shuffled, unshuffled
from .layer import Layer, Map
from .patterns import Checkerboard, checkerboard
from .pointwise import Pointwise
from .pool import AvgPool, MaxPool
from .resize import Upsample, bilinear_kernel
from .shuffle import PixelShuffle, PixelUnshuffle
from .tracing import Trace, trace

__all__ = [
    "AvgPool",
    "Chain",
    "Checkerboard",
    "Conv",
    "ConvTranspose",
    "Layer",
    "Map",
    "MaxPool",
    "PixelShuffle",
    "PixelUnshuffle",
    "Pointwise",
    "Trace",
    "Upsample",
    "as_conv",
    "as_transpose",
    "bilinear_kernel",
    "checkerboard",
    "fold_upsample",
    "shuffled",
    "trace",
    "unshuffled",
]
