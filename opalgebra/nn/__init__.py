"""Layers of deep learning with the semantics of its frameworks, as operators of the algebra."""

from .analysis.checkerboard import Checkerboard, checkerboard
from .analysis.identities import as_conv, as_transpose, fold_upsample, shuffled, unshuffled
from .analysis.tracing import Trace, trace
from .chain import Chain
from .conv import Conv, ConvTranspose
from .layer import Layer, Map
from .pointwise import Pointwise
from .pool import AvgPool, MaxPool
from .resize import Upsample, bilinear_kernel
from .shuffle import PixelShuffle, PixelUnshuffle

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
