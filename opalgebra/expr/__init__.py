"""Expressions: signals and operators as frozen trees.

The rooms above import from here what fits on one line of them, whichever file it stands in.
"""

from .arrays import MASKED, as_exact, check_large_integers, exact_array, has_mask
from .blocks import MAX_POWER, Block, Grid, PixelShuffle, Polyphase, fitted, grid, plain, slices, without_blocks
from .characters import ORDER_LIMIT, Character, parts_of, real_symbols, reals
from .exactly import is_exact_arithmetic
from .factors import as_sampling, axes, axis_count, factor, integers, is_one, is_symbolic, per_axis, ratio, shift
from .multirate import Conv, Down, Flip, Modulate, Shift, Up
from .named import AvgPool, Corr, DilatedConv, LinearUp, Named, Repeat, StridedConv, TransposedConv
from .node import Node, remembered
from .operators import (
    PLAIN,
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
    add,
    common_channels,
    compose,
)
from .sampling import SamplingMatrix
from .signals import (
    Applied,
    Box,
    ConjSignal,
    FormalSignal,
    Signal,
    SignalExpr,
    SignalSum,
    add_signals,
    box,
    common_ndim,
    tap_symbol,
)
from .sums import IndexedSignalSum, IndexedSum
from .traverse import (
    all_factor_symbols,
    apart,
    constants,
    depth,
    expand,
    formal_names,
    formal_parts,
    free_symbols,
    fresh_index,
    has_blocks,
    is_block,
    nameless,
    order_of,
    rebuild,
    root_of_unity,
    substitute,
    symbols_in,
    transform,
    walk,
    with_frequencies,
    written_out,
)
